"""What went wrong, as RFC 9457 says it: a document with a stable code, in the words of the agreement.

A refusal by a clause is no problem: it is an answer like any other.  A problem means that nothing was done.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from dibs import explanations
from dibs.errors import BadInput, DibsError, Finding, Mark, Unavailable
from dibs.quantities import iso
from dibs.service.soundness import shown

if TYPE_CHECKING:
    from dibs.quantities import Instant

MEDIA_TYPE = "application/problem+json"
LOG = logging.getLogger("dibs.service")
BROKEN_BOOK = frozenset(f"DIB{number}" for number in (150, 151, 152, 153, 155, 156, 157, 158, 159, 160, 161, 163, 164, 168))
"""What is found in a book, never in what somebody sends."""


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


def to_be_accepted(name: str) -> Problem:
    """An invitation opens nothing: whoever made it knows it, too."""
    detail = f"this is an invitation, which whoever sent it knows, too: put a token of your own in its place first, `POST /v1/tokens/{name}/rotation`"
    return Problem("DIB364", 403, "an invitation is accepted first", detail)


def not_permitted(role: str, needs: str) -> Problem:
    """The role does not go that far."""
    return Problem("DIB301", 403, "not in this role", f"a token with the role `{role}` may not do this: it takes {needs}")


def not_found(what: str, name: str) -> Problem:
    """It is not there, or not the asker's to see: both read alike."""
    return no_such(f"{what} `{shown(name)}` of yours")


def no_such(what: str) -> Problem:
    """There is no such thing."""
    return Problem("DIB302", 404, "not found", f"there is no {what}: check the id, or list what there is")


def unread(offer: str) -> Problem:
    """Whoever was not named behind the barrier answers nothing there: what an answer tells is what the notice says (R24)."""
    detail = f"`{shown(offer)}` is behind the information barrier: have a person who was named read it, or decline it without a claim of inability"
    return Problem("DIB313", 403, "behind the barrier", detail)


def broken() -> Problem:
    """An error of ours: nothing of it is told."""
    detail = "this should not happen and is not your doing: it is on our log; repeat the call under the same idempotency key, or tell us when it was"
    return Problem("DIB306", 500, "an error of ours", detail, retry=True)


def bad_body(detail: str, findings: tuple[Finding, ...] = ()) -> Problem:
    """What was sent is not what this path takes."""
    return Problem("DIB303", 422, "not what this path takes", detail, findings=findings)


def check_period(starts: Instant, ends: Instant, now: Instant) -> None:
    """What is reported of a period is taken once that is over: else nothing could be settled any more.  Raises `BadInput` (DIB205, DIB206)."""
    if ends <= starts:
        raise BadInput([Finding("DIB206", "the period ends before it begins", Mark("$"), "give the first second in and the first out")])
    if ends > now:
        raise BadInput([Finding("DIB205", f"the period ends at {iso(ends)}, and it is {iso(now)}", Mark("$"), "give it once the period is over")])


def bad_query(detail: str) -> Problem:
    """A parameter of the address cannot be used."""
    return Problem("DIB304", 422, "a parameter cannot be used", detail)


def key_reused() -> Problem:
    """The key has another act behind it."""
    detail = "this idempotency key was used for another act: give every act a key of its own, and repeat an act word for word"
    return Problem("DIB308", 409, "the key was used before", detail)


def _inner(code: str, says: str, *, retry: bool) -> Problem:
    """Something of ours does not answer: which file or database, and what it said, is for the log."""
    LOG.warning("not available: %s: %s", code, says)
    about = explanations.title(code) if code in explanations.codes() else "the service cannot do this now"
    headers = {"retry-after": "1"} if retry else {}
    return Problem(code, 503, "not available now", f"{about}: nothing was done", retry=retry, headers=headers)


def problem_of(error: DibsError) -> Problem:
    """Any error that dibs raises on purpose, as a problem."""
    match error:
        case Problem():
            return error
        case BadInput(findings=findings):
            first = findings[0]
            if first.code == "DIB154":  # what it says of the entry counts what others did, and is not repeated
                return key_reused()
            if first.code in BROKEN_BOOK:
                return _inner(first.code, str(error), retry=False)
            return Problem(first.code, 422, "cannot be used", f"{first.message}; {first.fix}", findings=tuple(findings))
        case Unavailable(code=code, retry=retry):
            return _inner(code, str(error), retry=retry)
        case _:
            raise error


def respond_to(problem: Problem) -> Response:
    """A problem as it is sent."""
    return Response(msgspec.json.encode(problem.view()), status_code=problem.status, media_type=MEDIA_TYPE, headers={**problem.headers})
