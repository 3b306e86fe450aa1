"""Commands about money: settle a run, hand its books to other programs, and see how a commitment is drawn down."""

from __future__ import annotations

import functools
import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dibs.cli.frame import DONE, FAILED, Family, bad, cannot_write, command, like, say
from dibs.cli.words import reading_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from rich.console import Console

    from dibs.cli.frame import Output
    from dibs.contract.model import Agreement
    from dibs.quantities import Instant
    from dibs.settle.disputes import Dispute
    from dibs.settle.postings import Entry
    from dibs.settle.rows import Settlement
    from dibs.settle.statement import Behind, Statement
    from dibs.store.ledger import Ledger

DISPUTES = "disputes.jsonl"
"""The file in a run's folder that keeps what is contested."""
LEDGER = "ledger.sqlite"
MARK = "settlement.json"
"""The file that says that a folder was left by a settlement."""


@click.group(cls=Family, short_help="Hand the books to other programs.")
def export() -> None:
    """Hand the books of a run to other programs: FOCUS for cost tools, beancount for accountants.

    RUN is a folder that `dibs run` left; with `--server` the books are those of a server.
    """


@click.group(cls=Family, short_help="How commitments are drawn down.")
def commitment() -> None:
    """Commitments: what was promised to be spent, what was, and the day on which it will fall short.

    RUN is a folder that `dibs run` left.
    """


def run_argument(function: Any) -> Any:
    """The argument that names a run's folder."""
    return click.argument("run", type=click.Path(), metavar="RUN")(function)


def run_or_server(function: Any) -> Any:
    """The argument that names a run's folder, or the options that name a server."""

    @functools.wraps(function)
    def either(out: Output, run: str | None, *, server: str | None, token_file: str | None, **arguments: Any) -> Any:
        if (run is None) == (server is None):
            what = "a run and a server are two books" if run else "neither a run nor a server is named"
            raise bad("DIB185", what, "name one: the folder that `dibs run` left, or `--server URL`", server or "")
        return function(out, run, **arguments, **({} if run else {"server": server, "token_file": token_file}))

    either = click.option("--token-file", metavar="FILE", help="A file with your token for the server (default: DIBS_TOKEN).")(either)
    either = click.option("--server", metavar="URL", help="The book of a server instead of a run's.")(either)
    return click.argument("run", type=click.Path(), metavar="[RUN]", required=False)(either)


@run_or_server
@click.option("--out", "target", type=click.Path(), help="The folder for ledger, tables and statements (default: the run's own).")
@click.option(
    "--ledger", "url", metavar="URL", help="Write to this ledger, e.g. postgresql+psycopg://..., and keep what is there (default: a new file)."
)
@reading_option
def settle(out: Output, run: str | None, *, target: str | None, url: str | None, readings: tuple[tuple[str, str], ...], **remote: Any) -> int:
    """Settle a run: the ledger, every statement, and the tables of money.

    Every posting says which clause and which decision it comes from.  Settling again changes nothing.  With `--reading` the
    money is reckoned as that reading has it, and who got what stays as it was run; it needs a folder of its own.  With
    `--server` it is the book of a server, as it stands: its statements are listed, and left in the folder of `--out`.
    """
    if run is None:
        from dibs.cli.remote import settle_on_server

        code: int = settle_on_server(out, target=target, url=url, **remote)
        return code
    settled = settled_run(run, readings)
    leaves = Path(target) if target else settled.folder
    if readings and leaves.resolve() == settled.folder.resolve():
        fix = "name another folder with `--out`, or run the scenario under that reading: `dibs run SCENARIO --reading ...`"
        raise bad("DIB242", f"`{run}` was run under other readings, and its books would no longer be those of its report", fix, "--reading")
    _refuse_foreign(leaves, settled.folder)
    count, checked = leave(settled, leaves, url)
    rows = _totals(settled)
    document = {
        "run": run,
        "out": str(leaves),
        "recorded_until": _iso(settled.settlement.recorded),
        "entries": len(settled.settlement.entries),
        "statements": count,
        "flows": [
            {"payer": payer, "payee": payee, "kind": kind, "amount": str(amount), "currency": currency}
            for payer, payee, kind, amount, currency in rows
        ],
        "findings": [finding.as_dict() for finding in checked],
    }

    def show(console: Console) -> None:
        from rich.table import Table

        say(console, (f"{len(settled.settlement.entries):,} entries", "bold"), f", {count:,} statements, in {leaves}")
        table = Table(box=None, pad_edge=False, padding=(0, 1))
        for title in ("payer", "payee", "what"):
            table.add_column(title)
        table.add_column("amount", justify="right")
        for payer, payee, kind, amount, currency in rows:
            table.add_row(payer, payee, kind.replace("_", " "), f"{amount:,} {currency}")
        console.print(table)
        for finding in checked:
            say(console, (str(finding), "red"))

    out.answer(document, show)
    return FAILED if checked else DONE


@command(export)
@run_or_server
@click.option("--version", type=click.Choice(["1.2", "1.4"]), default="1.4", show_default=True, help="Which FOCUS.")
@click.option("--to", "target", type=click.Path(), required=True, metavar="DIR", help="The folder to write to.")
def focus(out: Output, run: str | None, *, version: Any, target: str, **remote: Any) -> None:
    """Write FOCUS: Cost and Usage, and from 1.4 on Contract Commitment."""
    if run is None:
        from dibs.cli.remote import focus_of_server

        focus_of_server(out, version=version, target=target, **remote)
        return
    from dibs.settle.focus import COLUMNS, COMMITMENT_COLUMNS, contract_commitments, cost_and_usage, to_csv
    from dibs.settle.named import contract_of

    settled = settled_run(run)
    contract = contract_of(settled.agreement, settled.settlement, zone=settled.zone, behind=settled.behind)
    rows = list(cost_and_usage(settled.settlement.entries, contract, version))
    made = {"cost-and-usage.csv": to_csv(rows, COLUMNS[version])}
    if version == "1.4":
        made["contract-commitment.csv"] = to_csv(contract_commitments(contract), COMMITMENT_COLUMNS)
    folder = Path(target)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            write_whole(folder / name, [text])
    except OSError as error:
        raise cannot_write(folder, error) from error
    document = {"version": version, "files": [str(folder / name) for name in made], "rows": len(rows)}
    out.answer(document, lambda console: say(console, f"{', '.join(made)} in {target}: FOCUS {version}, {len(rows):,} rows"))


@command(export)
@run_or_server
@click.option("--to", "target", type=click.Path(), required=True, metavar="FILE", help="The file to write to.")
def beancount(out: Output, run: str | None, *, target: str, **remote: Any) -> None:
    """Write beancount: every entry a transaction, every balance asserted."""
    if run is None:
        from dibs.cli.remote import beancount_of_server

        beancount_of_server(out, target=target, **remote)
        return
    from dibs.settle.beancount import to_beancount

    settled = settled_run(run)
    file = Path(target)
    try:
        write_whole(file, to_beancount(settled.settlement.entries, title=settled.agreement.title, zone=settled.zone))
    except OSError as error:
        raise cannot_write(file, error) from error
    document = {"file": target, "entries": len(settled.settlement.entries)}
    out.answer(document, lambda console: say(console, f"{target}: {len(settled.settlement.entries):,} entries; check it with `bean-check {target}`"))


@command(commitment)
@run_argument
@click.argument("clause")
@reading_option
def burndown(out: Output, run: str, clause: str, readings: tuple[tuple[str, str], ...]) -> None:
    """Month by month: what counted, what was due, and whether it will be enough."""
    from dibs.settle.named import drawn

    settled = settled_run(run, readings)
    found = [burndown for burndown in settled.settlement.burndowns if burndown.clause == clause]
    if not found:
        known = sorted({burndown.clause for burndown in settled.settlement.burndowns})
        fix = f"name one of {', '.join(f'`{name}`' for name in known)}" if known else "this agreement has none"
        raise bad("DIB240", f"`{clause}` is no commitment of this run{like(clause, known)}", fix, clause)
    document = {"clause": clause, "texts": [drawn(burndown) for burndown in found]}

    def show(console: Console) -> None:
        from rich.table import Table

        for burndown in found:
            amount = "an amount that was never published" if burndown.amount is None else _money(burndown.amount, burndown.currency)
            period = f"{burndown.starts or 'the beginning'} to {burndown.ends or 'open'}"
            say(console, (clause, "bold"), f": {burndown.payer} spends {amount} with {burndown.payee}, {period}")
            table = Table(box=None, pad_edge=False, padding=(0, 1))
            for title in ("month", "counted", "so far", "due", "by", "forecast"):
                table.add_column(title, justify="right")
            table.add_column("status")
            for row in burndown.rows:
                amounts = [_money(value, burndown.currency) for value in (row.eligible, row.cumulative, row.milestone)]
                state = row.status.replace("_", " ") + (f", short on {row.short_on}" if row.short_on else "")
                table.add_row(f"{row.month:%Y-%m}", *amounts, str(row.due or ""), _money(row.forecast, burndown.currency), state)
            console.print(table)
            if burndown.shortfalls:
                become = _money(burndown.credit, burndown.currency)
                say(console, f"shortfalls of {_money(burndown.shortfalls, burndown.currency)} were paid for; {become} of credit is left of them")

    out.answer(document, show)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A run's folder and what was settled from it."""

    folder: Path
    agreement: Agreement
    settlement: Settlement
    disputes: tuple[Dispute, ...]
    zone: ZoneInfo
    behind: Behind
    buyer: str

    def instant(self, day: date) -> Instant:
        """The instant at which a day begins."""
        from dibs.quantities import instant_of

        return instant_of(day, self.zone)


def settled_run(run: str, readings: Iterable[tuple[str, str]] = ()) -> Settled:
    """Read a run's folder and settle it.  Raises `BadInput` with everything that is wrong with it."""
    from dibs.contract.load import load
    from dibs.contract.readings import take
    from dibs.settle.materials import read
    from dibs.settle.named import behind_of
    from dibs.settle.settlement import settle as work_out

    folder = Path(run)
    if not (folder / "run.json").is_file():
        if folder.exists():
            raise bad("DIB241", f"`{run}` is not a folder that a run left", f"make one: `dibs run SCENARIO --out {run}`", run)
        beside = [str(other) for other in folder.parent.iterdir()] if folder.parent.is_dir() else []
        raise bad("DIB180", f"there is no folder `{run}`{like(run, beside)}", "check the name, and the folder you are in", run)
    try:
        about = json.loads((folder / "run.json").read_text("utf-8"))
        horizon = [date.fromisoformat(about["horizon"][end]) for end in ("from", "until")]
        text = (folder / "agreement.yaml").read_text("utf-8")
        journal = (folder / "journal.jsonl").read_text("utf-8")
        build = folder / "tables" / "build.csv"
        built = build.read_text("utf-8") if build.is_file() else ""
        kept = folder / DISPUTES
        contested = kept.read_text("utf-8") if kept.is_file() else ""
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise bad(
            "DIB241",
            f"`{run}` lacks what a run leaves, or it cannot be read: {error}",
            f"run the scenario again: `dibs run SCENARIO --out {run}`",
            run,
        ) from error
    agreement = take(load(text, str(folder / "agreement.yaml")), dict(readings))
    materials, findings = read(
        agreement=agreement,
        journal=journal,
        starts=horizon[0],
        until=horizon[1],
        build=built,
        disputes=contested,
        name=str(folder / "journal.jsonl"),
    )
    findings.raise_if_any()
    acts = {**_acts(journal), **{dispute.decision: _told(dispute, materials.zone) for dispute in materials.disputes}}
    behind = behind_of(agreement, acts)
    return Settled(
        folder=folder,
        agreement=agreement,
        settlement=work_out(materials),
        disputes=materials.disputes,
        zone=materials.zone,
        behind=behind,
        buyer=about.get("buyer", ""),
    )


def _acts(journal: str) -> Mapping[str, str]:
    """Sequence number -> when, and what was done."""
    rows = (json.loads(line) for line in journal.splitlines() if line.strip())
    return {str(row["seq"]): f"{row['at']} {row['command'].get('type', '')} by {row['command'].get('by', 'the clock')}" for row in rows}


def _told(dispute: Dispute, zone: ZoneInfo) -> str:
    """A dispute in words: who contests, why, and what came of it."""
    told = f"{dispute.contested.by}: {dispute.contested.says}"
    if dispute.resolved is None:
        return told
    return f"{told}; {dispute.outcome} on {_day(dispute.resolved.at, zone)}: {dispute.resolved.says}"


def leave(settled: Settled, leaves: Path, url: str | None) -> tuple[int, Any]:
    """Write ledger, tables and statements: made beside their place and moved there whole.  Says how many statements, and what the ledger finds."""
    from dibs.settle.tables import tables
    from dibs.store.ledger import Dispute as LedgerDispute
    from dibs.store.ledger import Ledger

    partial = leaves / ".settling"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        ledger = Ledger(url or f"sqlite:///{partial / LEDGER}")
        try:
            ledger.write(settled.settlement.entries)
            for made in settled.disputes:
                said = made.contested
                ledger.contest(LedgerDispute(id=said.id, entry=said.entry, by=said.by, says=said.says, recorded=said.at))
            checked = ledger.check()
            count = _write_statements(ledger, settled, partial / "statements")
        finally:
            ledger.close()
        (leaves / "tables").mkdir(exist_ok=True)
        for name, text in tables(settled.settlement, settled.zone).items():
            write_whole(leaves / "tables" / f"{name}.csv", [text])
        for made in ("statements", *(() if url else (LEDGER,))):
            if (leaves / made).is_dir():
                shutil.rmtree(leaves / made)
            (partial / made).replace(leaves / made)
        about = {
            "agreement": settled.agreement.id,
            "digest": settled.agreement.digest,
            "entries": len(settled.settlement.entries),
            "statements": count,
        }
        write_whole(leaves / MARK, [json.dumps(about, indent=1) + "\n"])
    except OSError as error:
        raise cannot_write(leaves, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return count, checked


def month_statements(settled: Settled, entries: Iterable[Entry], disputes: Mapping[str, str]) -> Iterable[Statement]:
    """Every statement of a run, its buyer's from its own side."""
    from dibs.settle.statement import statements

    return statements(entries, zone=settled.zone, behind=settled.behind, disputes=disputes, first=settled.buyer)


def _write_statements(ledger: Ledger, settled: Settled, folder: Path) -> int:
    """Every statement as HTML and CSV, and a list of them; what the ledger holds is what they say."""
    from dibs.settle.rounding import from_minor
    from dibs.settle.statement import to_csv, to_html

    names = settled.behind.name
    contested = {dispute.entry: f"{names(dispute.by)}: {dispute.says}" for dispute in ledger.disputes()}
    contested |= {dispute.contested.entry: _told(dispute, settled.zone) for dispute in settled.disputes if dispute.resolved is not None}
    folder.mkdir()
    listed = ["statement,party,counterparty,month,lines,currency,opening,total,closing\n"]
    count = 0
    for made in month_statements(settled, ledger.entries(), contested):
        count += 1
        file = folder / f"{made.id}.html"
        file.parent.mkdir(exist_ok=True)
        write_whole(file, [to_html(made, settled.behind, settled.zone)])
        write_whole(file.with_suffix(".csv"), [to_csv(made)])
        for currency in sorted(made.closing):
            sums = [f"{from_minor(part.get(currency, 0), currency):f}" for part in (made.opening, made.totals, made.closing)]
            listed.append(f"{made.id},{made.party},{made.counterparty},{made.month:%Y-%m},{len(made.lines)},{currency},{','.join(sums)}\n")
    write_whole(folder / "statements.csv", listed)
    return count


def _refuse_foreign(leaves: Path, run: Path) -> None:
    """A folder with other things in it is left alone."""
    try:
        foreign = leaves != run and (leaves.is_file() or (leaves.is_dir() and any(leaves.iterdir()) and not (leaves / MARK).is_file()))
    except OSError as error:
        raise cannot_write(leaves, error) from error
    if foreign:
        fix = "name a new folder with `--out`, or one that a settlement left"
        raise bad("DIB192", f"`{leaves}` holds something that no settlement has left there", fix, str(leaves))


def _totals(settled: Settled) -> list[tuple[str, str, str, Any, str]]:
    """Who paid whom for what, over all years."""
    from dibs.settle.rounding import from_minor
    from dibs.settle.tables import flows

    sums: dict[tuple[str, str, str, str], int] = {}
    for (_, payer, payee, kind, currency), amount in flows(settled.settlement.entries, settled.zone).items():
        key = (payer, payee, kind, currency)
        sums[key] = sums.get(key, 0) + amount
    return [(payer, payee, kind, from_minor(amount, currency), currency) for (payer, payee, kind, currency), amount in sorted(sums.items())]


def write_whole(file: Path, parts: Iterable[str]) -> None:
    """Write a file beside its place and move it there when it is whole."""
    partial = file.with_name(f"{file.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(parts)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _money(minor: int, currency: str) -> str:
    from dibs.settle.statement import money

    return money(minor, currency)


def _iso(instant: int) -> str:
    from dibs.quantities import iso

    return iso(instant)


def _day(instant: int, zone: ZoneInfo) -> date:
    from dibs.quantities import day_of

    return day_of(instant, zone)
