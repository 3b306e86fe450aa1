"""What the server says when it could not do what was asked, as an exception."""

from __future__ import annotations

import msgspec

from dibs.errors import DibsError, Finding, Mark


class Problem(DibsError):
    """Nothing was done, and why.  A refusal by a clause is none of these: it is an answer, with `outcome` `refused`."""

    def __init__(self, *, status: int, code: str, title: str, detail: str, findings: tuple[Finding, ...] = (), retry: bool = False) -> None:
        """`retry`: the same call may go through later.  `dibs explain CODE` tells more."""
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.findings = findings
        self.retry = retry
        super().__init__(f"{code}: {detail}")


class _Finding(msgspec.Struct, frozen=True):
    code: str
    where: str
    message: str
    fix: str


class _Document(msgspec.Struct, frozen=True):
    """RFC 9457, as the server sends it."""

    status: int
    code: str
    detail: str
    title: str = ""
    findings: tuple[_Finding, ...] = ()
    retry: bool = False


_DECODER = msgspec.json.Decoder(_Document)


def read_problem(body: bytes) -> Problem | None:
    """The problem that a body tells of; nothing if it tells of none of ours."""
    try:
        document = _DECODER.decode(body)
    except msgspec.DecodeError:
        return None
    findings = tuple(Finding(found.code, found.message, _mark(found.where), found.fix) for found in document.findings)
    return Problem(status=document.status, code=document.code, title=document.title, detail=document.detail, findings=findings, retry=document.retry)


def _mark(where: str) -> Mark:
    """A place as it was written."""
    file, line, column = (*where.rsplit(":", 2), "", "")[:3]
    return Mark(file, int(line), int(column)) if line.isdecimal() and column.isdecimal() else Mark(where)
