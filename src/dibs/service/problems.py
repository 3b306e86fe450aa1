"""What went wrong, as RFC 9457 says it: a document with a stable code, in the words of the agreement.

A refusal by a clause is no problem: it is an answer like any other.  A problem means that nothing was done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from dibs.errors import BadInput, DibsError, Unavailable
from dibs.service.soundness import shown

if TYPE_CHECKING:
    from dibs.errors import Finding

MEDIA_TYPE = "application/problem+json"


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with what was sent, its place and its fix."""

    code: str
    where: str
    message: str
    fix: str


class ProblemView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457.  `type` is the address of the page that explains the code; `retry` says whether the same call may go through later."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    findings: tuple[FindingView, ...] = ()
    retry: bool = False


@dataclass(eq=False)  # not frozen: whoever hands an exception on writes to it
class Problem(DibsError):
    """To be raised by whoever cannot do what was asked; nothing was done."""

    code: str
    status: int
    title: str
    detail: str
    retry: bool = False
    findings: tuple[Finding, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def view(self) -> ProblemView:
        """As it is sent."""
        return ProblemView(
            type=f"/explain/{self.code}",
            title=self.title,
            status=self.status,
            code=self.code,
            detail=self.detail,
            retry=self.retry,
            findings=tuple(FindingView(code=f.code, where=str(f.where), message=f.message, fix=f.fix) for f in self.findings),
        )


def unauthenticated() -> Problem:
    """No token, or one that is not good, or not any more: which of these is nobody's business."""
    detail = "say who you are: `Authorization: Bearer TOKEN`, with a token that an administrator of your party made and that is still good"
    return Problem("DIB300", 401, "who is asking?", detail, headers={"www-authenticate": 'Bearer realm="dibs"'})


def not_permitted(role: str, needs: str) -> Problem:
    """The role does not go that far."""
    return Problem("DIB301", 403, "not in this role", f"a token with the role `{role}` may not do this: it takes {needs}")


def not_found(what: str, name: str) -> Problem:
    """It is not there, or not the asker's to see: both read alike."""
    return no_such(f"{what} `{shown(name)}` of yours")


def no_such(what: str) -> Problem:
    """There is no such thing."""
    return Problem("DIB302", 404, "not found", f"there is no {what}: check the id, or list what there is")


def broken() -> Problem:
    """An error of ours: nothing of it is told."""
    detail = "this should not happen and is not your doing: it is on our log; repeat the call under the same idempotency key, or tell us when it was"
    return Problem("DIB306", 500, "an error of ours", detail, retry=True)


def bad_body(detail: str, findings: tuple[Finding, ...] = ()) -> Problem:
    """What was sent is not what this path takes."""
    return Problem("DIB303", 422, "not what this path takes", detail, findings=findings)


def bad_query(detail: str) -> Problem:
    """A parameter of the address cannot be used."""
    return Problem("DIB304", 422, "a parameter cannot be used", detail)


def key_reused(key: str) -> Problem:
    """The key has another act behind it."""
    detail = f"the idempotency key `{key}` was used for another act: give every act a key of its own, and repeat an act word for word"
    return Problem("DIB308", 409, "the key was used before", detail)


def problem_of(error: DibsError) -> Problem:
    """Any error that dibs raises on purpose, as a problem."""
    match error:
        case Problem():
            return error
        case BadInput(findings=findings):
            first = findings[0]
            if first.code == "DIB154":
                return Problem("DIB308", 409, "the key was used before", f"{first.message}; {first.fix}")
            return Problem(first.code, 422, "cannot be used", f"{first.message}; {first.fix}", findings=tuple(findings))
        case Unavailable(code=code, retry=retry):
            headers = {"retry-after": "1"} if retry else {}
            return Problem(code, 503, "not available now", str(error), retry=retry, headers=headers)
        case _:
            raise error
