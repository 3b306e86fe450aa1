"""Findings as a person reads them: the place, the sentence, the line with a pointer under it, and the way to mend it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from dibs.cli.frame import LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from dibs.errors import Finding, Mark

SHOWN_MAX = 200
"""Findings shown in full (bound is in); the number of the rest is said."""
EXCERPT_MAX = 160
"""Characters of a line that are shown."""


def show_findings(console: Console, findings: Sequence[Finding], words: Sequence[str]) -> None:
    """Print findings one under the other; `words` are those typed after `dibs`, for findings that are about them."""
    texts: dict[str, list[str]] = {LINE: [shlex.join(["dibs", *words])]}
    for finding in findings[:SHOWN_MAX]:
        _show(console, finding, texts)
    if len(findings) > SHOWN_MAX:
        console.print(f"... and {len(findings) - SHOWN_MAX} more (`--json` shows all)")
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    counts = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in ((errors, "error"), (warnings, "warning")) if count]
    if len(findings) > 1:
        console.print(Text(" and ".join(counts), "bold"))


def _show(console: Console, finding: Finding, texts: dict[str, list[str]]) -> None:
    colour = "red" if finding.severity == "error" else "yellow"
    head = Text.assemble((f"{finding.where}: ", "bold"), (f"{finding.code}: ", f"bold {colour}"), finding.message)
    if finding.also:
        head.append(f" (see also {finding.also})", "dim")
    console.print(head, soft_wrap=True)
    excerpt = _excerpt(finding.where, texts)
    if excerpt:
        written, column = excerpt
        number = "" if finding.where.file == LINE else str(finding.where.line)
        console.print(Text.assemble((f"{number:>6} | ", "dim"), written), soft_wrap=True)
        console.print(Text.assemble((f"{'':>6} | ", "dim"), " " * (column - 1), ("^", f"bold {colour}")), soft_wrap=True)
    console.print(Text.assemble(("  fix: ", "green"), finding.fix), soft_wrap=True)


def _excerpt(where: Mark, texts: dict[str, list[str]]) -> tuple[str, int] | None:
    """The line that a mark points into, and the column; nothing if the text cannot be read again."""
    if where.file not in texts:
        try:
            texts[where.file] = Path(where.file).read_text("utf-8").split("\n")
        except (OSError, UnicodeDecodeError, ValueError):
            texts[where.file] = []
    lines = texts[where.file]
    if not 1 <= where.line <= len(lines) or not lines[where.line - 1].strip() or where.column > len(lines[where.line - 1]) + 1:
        return None
    written = lines[where.line - 1].replace("\t", " ")
    start = max(0, where.column - EXCERPT_MAX // 2) if len(written) > EXCERPT_MAX else 0
    return written[start : start + EXCERPT_MAX], where.column - start
