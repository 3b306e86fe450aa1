"""Were the seven laws kept?  Each with how much was looked at and what broke it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dibs.report.folder import number
from dibs.report.tables import Table
from dibs.report.wording import amount, count, listed

if TYPE_CHECKING:
    from dibs.report.folder import RunFolder


@dataclass(frozen=True, slots=True)
class Verdict:
    """One law.  `state` is `kept`, `broken`, or `idle` when the run gave it nothing to look at."""

    law: str
    says: str
    checked: str
    state: str
    violations: str
    first: str


@dataclass(frozen=True, slots=True)
class VerdictsView:
    """Everything the template draws."""

    caption: str
    text_alternative: str
    verdicts: tuple[Verdict, ...]
    table: Table


def view(run: RunFolder) -> VerdictsView | None:
    """None when nobody judged the run."""
    rows = run.table("laws")
    if not rows:
        return None
    verdicts = tuple(
        Verdict(
            row["law"],
            row["says"],
            amount(number(row["checked"])),
            "broken" if number(row["violations"]) else "kept" if number(row["checked"]) else "idle",
            count(number(row["violations"]), "time"),
            row["first"],
        )
        for row in rows
    )
    checked = sum(number(row["checked"]) for row in rows)
    broken = [verdict for verdict in verdicts if verdict.state == "broken"]
    if broken:
        caption = f"{count(len(broken), 'law was', 'laws were')} broken: {listed([f'{verdict.law} ({verdict.violations})' for verdict in broken])}"
    else:
        caption = "None was broken"
    idle = [verdict.law for verdict in verdicts if verdict.state == "idle"]
    caption += f" in {amount(checked)} checks, counted from the journal by code that shares nothing with what it judges"
    if idle:
        caption += f". {'Law' if len(idle) == 1 else 'Laws'} {listed(idle)} had nothing to look at"
    spoken = " ".join(f"{v.law}. {v.says} {v.checked} checked, {v.state}." for v in verdicts)
    return VerdictsView(f"{caption}.", spoken, verdicts, Table.of("laws", rows))
