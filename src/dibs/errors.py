"""What can be wrong, and how it is said.

Four kinds, kept apart.  A *refusal* is a value (`dibs.decisions.Decision`), never an exception.  A *finding* is
something wrong in a text that somebody wrote: all of them are collected and reported at once, each with its place and
its fix.  `Unavailable` is a part of the world that does not answer, and says whether a retry can help.  A bug is an
assertion: loud, and never caught.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a text: file name as the user gave it, line and column counted from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        """`file:line:column`, which editors open."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in a text.  `code` has a page: `dibs explain CODE`.

    `message` is one lower-case sentence in the words of the agreement, user text in backticks; `fix` completes
    "to mend it, ...".  `also` is the second place when two passages clash.  `severity` is `error` (nothing is run)
    or `warning` (said, and the work goes on).
    """

    code: str
    message: str
    where: Mark
    fix: str
    also: Mark | None = None
    severity: str = "error"

    def __str__(self) -> str:
        """The two lines that a person reads."""
        also = f" (see also {self.also})" if self.also else ""
        return f"{self.where}: {self.code}: {self.message}{also}\n  fix: {self.fix}"

    def as_dict(self) -> dict[str, object]:
        """The same for `--json`; places are `file:line:column`."""
        out: dict[str, object] = {
            "code": self.code,
            "severity": self.severity,
            "where": str(self.where),
            "message": self.message,
            "fix": self.fix,
        }
        if self.also:
            out["also"] = str(self.also)
        return out


class DibsError(Exception):
    """Everything that dibs raises on purpose."""


class BadInput(DibsError):
    """A text or a command cannot be used.  Holds every finding, in the order of their places; nothing was written."""

    def __init__(self, findings: list[Finding] | tuple[Finding, ...]) -> None:
        """Keep the findings sorted by place, then code."""
        self.findings = tuple(sorted(findings, key=lambda f: (f.where, f.code)))
        super().__init__("\n".join(str(f) for f in self.findings))


class Unavailable(DibsError):
    """A store or a scheduler does not answer.  `retry` says whether the same call may go through later."""

    def __init__(self, message: str, *, code: str, retry: bool) -> None:
        """`message` says what, where and how to mend, like a finding."""
        self.code = code
        self.retry = retry
        super().__init__(message)


@dataclass(slots=True)
class Findings:
    """A collector that loaders pass down: note what is wrong and go on, so that everything is reported at once."""

    items: list[Finding] = field(default_factory=list)

    def add(self, code: str, message: str, where: Mark, *, fix: str, also: Mark | None = None, severity: str = "error") -> None:
        """Note one finding."""
        self.items.append(Finding(code, message, where, fix, also, severity))

    @property
    def errors(self) -> list[Finding]:
        """Those that keep the text from being used."""
        return [f for f in self.items if f.severity == "error"]

    def raise_if_any(self) -> None:
        """Raise `BadInput` with all findings if one of them is an error."""
        if self.errors:
            raise BadInput(self.items)
