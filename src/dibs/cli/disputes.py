"""Commands about disputes: contest a line of a statement, say what came of it, and see what is contested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dibs.cli.frame import Family, bad, command, like, say
from dibs.cli.money import DISPUTES, leave, month_statements, run_argument, settled_run, write_whole
from dibs.cli.words import DAY, Whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from rich.console import Console

    from dibs.cli.frame import Output
    from dibs.cli.money import Settled
    from dibs.quantities import Instant
    from dibs.settle.disputes import Dispute
    from dibs.settle.statement import Line


@click.group(cls=Family, short_help="Contest a line of a statement.")
def dispute() -> None:
    """Disputes: who contests which line of a statement, and what came of it.

    A dispute changes no amount.  If it is upheld the line is reversed, on the statement of the day on which that was said,
    and what follows from it is reckoned anew.  RUN is a folder that `dibs run` left.
    """


def _because(function: Any) -> Any:
    return click.option("--because", required=True, metavar="TEXT", help="Why, in a sentence.")(function)


def _on(function: Any) -> Any:
    return click.option("--on", type=DAY, help="The day on which it is said (default: the end of the run).")(function)


@command(dispute, "open")
@run_argument
@click.option("--statement", required=True, metavar="ID", help="The statement, as it heads its page: aster--borealis/2025-03.")
@click.option("--line", type=Whole(), required=True, help="The number of the line.")
@_because
@click.option("--by", "party", metavar="PARTY", help="Who contests it (default: the statement's first party).")
@_on
def open_(out: Output, run: str, *, statement: str, line: int, because: str, party: str | None, on: date | None) -> None:
    """Contest a line.  It stays as it is, and says so."""
    from dibs.settle.disputes import Contested
    from dibs.settle.disputes import Dispute as Made

    settled = settled_run(run)
    found = _line(settled, statement, line)
    sides = found.entry.counterparties
    by = party or statement.partition("--")[0]
    if by not in sides:
        raise bad("DIB226", f"line {line} of `{statement}` is none of `{by}`'s{like(by, sides)}", f"--by takes {' or '.join(sides)}", by)
    earlier = next((d for d in settled.disputes if d.contested.entry == found.entry.id and d.contested.by == by), None)
    if earlier is not None:
        raise bad("DIB244", f"`{by}` contests that line already: `{earlier.contested.id}`", "wait for what comes of it", str(line))
    made = Contested(
        id=f"d-{len(settled.disputes) + 1}",
        entry=found.entry.id,
        by=by,
        says=because,
        at=_instant(settled, on, found.entry.recorded, f"line {line} was written"),
        starts=found.entry.valid_from,
        ends=found.entry.valid_to,
    )
    _keep(settled, [*settled.disputes, Made(made, None)])
    document = {
        "dispute": made.id,
        "statement": statement,
        "line": line,
        "entry": made.entry,
        "by": by,
        "amount": f"{found.exact:f} {found.currency}",
    }
    out.answer(
        document,
        lambda console: say(console, (made.id, "bold"), f": {by} contests line {line} of {statement}, {found.exact:,} {found.currency}: {because}"),
    )


@command(dispute, "resolve")
@run_argument
@click.argument("name", metavar="DISPUTE")
@click.option("--upheld/--rejected", required=True, default=None, help="Whether the line is taken back.")
@_because
@_on
def resolve(out: Output, run: str, name: str, *, upheld: bool, because: str, on: date | None) -> None:
    """Say what came of a dispute.  If it is upheld, the line is reversed."""
    from dibs.settle.disputes import STRIKES, Resolved
    from dibs.settle.disputes import Dispute as Made

    settled = settled_run(run)
    names = [d.contested.id for d in settled.disputes]
    if name not in names:
        raise bad("DIB244", f"there is no dispute `{name}`{like(name, names)}", "see them with `dibs dispute list RUN`", name)
    found = settled.disputes[names.index(name)]
    if found.resolved is not None:
        raise bad(
            "DIB244", f"`{name}` was {found.outcome} on {_day(settled, found.resolved.at)}", "contest the line again, if there is a new reason", name
        )
    contested = found.contested.entry
    kind = next((entry.kind for entry in settled.settlement.entries if entry.id == contested), None)
    taken_back = any(entry.reverses == contested for entry in settled.settlement.entries)
    if upheld and (taken_back or kind not in STRIKES):
        follows = f"is a {kind.replace('_', ' ')}, which follows from other entries" if kind else "is no longer in the books"
        why = "was taken back already" if taken_back else follows
        raise bad("DIB245", f"`{contested}` {why}, so it cannot be reversed by itself", "reject it, and contest what it follows from", name)
    said = Resolved(dispute=name, upheld=upheld, says=because, at=_instant(settled, on, found.contested.at - 1, f"`{name}` was opened"))
    _keep(settled, [Made(d.contested, said) if d is found else d for d in settled.disputes])
    after = settled_run(run)
    reversal = next((entry.id for entry in after.settlement.entries if upheld and entry.reverses == found.contested.entry), None)
    document = {"dispute": name, "outcome": "upheld" if upheld else "rejected", "entry": found.contested.entry, "reversal": reversal}

    def show(console: Console) -> None:
        became = f": {reversal} takes {found.contested.entry} back" if reversal else f": {found.contested.entry} stands"
        say(console, (name, "bold"), f" {document['outcome']}{became}")

    out.answer(document, show)


@command(dispute, "list")
@run_argument
def list_(out: Output, run: str) -> None:
    """Every dispute of a run, and how it stands."""
    settled = settled_run(run)
    rows = [
        {
            "dispute": d.contested.id,
            "on": _day(settled, d.contested.at),
            "by": d.contested.by,
            "entry": d.contested.entry,
            "because": d.contested.says,
            "outcome": d.outcome,
            "resolved_on": None if d.resolved is None else _day(settled, d.resolved.at),
            "resolved_because": None if d.resolved is None else d.resolved.says,
        }
        for d in settled.disputes
    ]

    def show(console: Console) -> None:
        if not rows:
            say(console, "nothing is contested")
        for row in rows:
            say(console, (str(row["dispute"]), "bold"), f" {row['outcome']}: {row['by']} contests {row['entry']} on {row['on']}: {row['because']}")

    out.answer({"disputes": rows}, show)


def _line(settled: Settled, statement: str, number: int) -> Line:
    """The line that a page shows under a number."""
    known = []
    for made in month_statements(settled, settled.settlement.entries, {}):
        known.append(made.id)
        if made.id == statement:
            if number > len(made.lines):
                raise bad(
                    "DIB243", f"`{statement}` has {len(made.lines)} lines, and no line {number}", "name a line that its page shows", str(number)
                )
            return made.lines[number - 1]
    fix = "name it as it heads its page; `statements/statements.csv` lists them, once the run is settled"
    raise bad("DIB243", f"this run has no statement `{statement}`{like(statement, known)}", fix, statement)


def _instant(settled: Settled, on: date | None, after: Instant, what: str) -> Instant:
    """The instant of a day on which something is said: after something else, and within the run."""
    from dibs.quantities import iso

    last = settled.settlement.recorded
    at = last if on is None else settled.instant(on)
    if not after < at <= last:
        said = f"{on} does not lie between {iso(after)}, when {what}, and the end of the run, {iso(last)}"
        raise bad("DIB246", said, "name a day between them, or none for the end of the run", "--on")
    return at


def _keep(settled: Settled, disputes: Sequence[Dispute]) -> None:
    """Record them, and make ledger, statements, tables and report anew."""
    from dibs.report import build
    from dibs.settle.disputes import to_text

    write_whole(settled.folder / DISPUTES, [to_text(disputes)])
    leave(settled_run(str(settled.folder)), settled.folder, None)
    if (settled.folder / "report.html").is_file():
        build(settled.folder)


def _day(settled: Settled, instant: Instant) -> str:
    from dibs.quantities import day_of

    return day_of(instant, settled.zone).isoformat()
