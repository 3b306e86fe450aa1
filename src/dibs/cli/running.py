"""The main job: play a scenario from its first day to its last, and leave a report that a stranger understands."""

from __future__ import annotations

import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dibs.cli.frame import DONE, FAILED, bad, cannot_write, like, say, typed_words
from dibs.cli.words import DAY, Whole, reading_option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from rich.console import Console

    from dibs.cli.frame import Output
    from dibs.errors import Finding
    from dibs.simulate.run import Progress, Run
    from dibs.simulate.scenario import Scenario

SEED_MAX = 2**63 - 1
MARK = "run.json"
"""The file that says that a folder was left by a run."""


@click.argument("scenario", type=click.Path(), metavar="SCENARIO")
@click.option("--out", "target", type=click.Path(), help="The folder for report, journal and tables (default: out/ and the scenario's name).")
@click.option("--seed", type=Whole(0, SEED_MAX), help="The seed of all chance (default: the scenario's).")
@click.option("--until", type=DAY, help="Play up to this day, which is no longer played (default: the scenario's horizon).")
@click.option("--variant", help="Play under this variant of the agreement.")
@reading_option
@click.option("--skip-bad", is_flag=True, help="Leave out the rows of tables that cannot be used, and count them.")
@click.option("--progress", "lines", is_flag=True, help="Say how far it is on standard error, a line a month: for programs that start it.")
def run(
    out: Output,
    *,
    scenario: str,
    target: str | None,
    seed: int | None,
    until: date | None,
    variant: str | None,
    readings: tuple[tuple[str, str], ...],
    skip_bad: bool,
    lines: bool,
) -> int:
    """Play a scenario over its years and leave a report.

    Everybody is asked, answered, granted and delivered by the same procedure as in earnest, and every act is on record.

    The same scenario, seed and variant give the same journal, byte for byte, on any machine.
    """
    from dibs.contract.readings import take
    from dibs.journal.checkpoint import SigningKey
    from dibs.simulate.run import run as play
    from dibs.simulate.scenario import load

    folder = _folder(scenario)
    leaves = Path(target) if target else Path("out") / folder.resolve().name
    _refuse_foreign(leaves)
    loaded = load(folder, skip_bad=skip_bad)
    if variant:
        loaded = loaded.variant(variant)
    if readings:
        loaded = loaded.under(take(loaded.agreement, dict(readings)))
    with _lines() if lines else _progress(out, loaded) as progress:
        # A key for this run alone, kept nowhere: what it has signed can be checked with the public key that is left, and nobody can sign again.
        signer = SigningKey(f"run/{loaded.file.id}", secrets.token_bytes(32))
        result = play(loaded, seed, until=until, progress=progress, signer=signer)
    unsettled = _write(result, leaves)
    _tell(out, loaded, result, leaves, unsettled)
    return FAILED if any(report.violations for report in result.laws) else DONE


def scenario_at(path: str) -> Scenario:
    """The scenario in a folder, named by itself or by its `scenario.yaml`.  Raises `BadInput` with everything that is wrong with it."""
    from dibs.simulate.scenario import load

    return load(_folder(path))


def _folder(path: str) -> Path:
    """The folder of a scenario, named by itself or by its `scenario.yaml`."""
    place = Path(path)
    if place.name == "scenario.yaml" and place.is_file():
        return place.parent
    if place.is_dir():
        return place
    if place.exists():
        raise bad("DIB182", f"`{path}` is a file, and a scenario is a folder", f"name its folder: `{place.parent}`", path)
    beside = [str(other) for other in place.parent.iterdir()] if place.parent.is_dir() else []
    raise bad("DIB180", f"there is no folder `{path}`{like(path, beside)}", "check the name, and the folder you are in", path)


def _refuse_foreign(leaves: Path) -> None:
    """A folder with other things in it is left alone: what a run writes would mix with them."""
    try:
        foreign = leaves.is_file() or (leaves.is_dir() and any(leaves.iterdir()) and not (leaves / MARK).is_file())
    except OSError as error:
        raise cannot_write(leaves, error) from error
    if foreign:
        fix = "name a new folder with `--out`, or one that a run left"
        raise bad("DIB192", f"`{leaves}` holds something that no run has left there", fix, str(leaves))


@contextmanager
def _lines() -> Iterator[Progress]:
    """A line a month on standard error: the part that is played, from 0 to 1, and the month."""
    said = ""

    def reached(day: date, first: date, until: date, entries: int) -> None:
        nonlocal said
        month = f"{day:%B %Y}"
        if month != said:
            said = month
            click.echo(f"{(day - first).days / max(1, (until - first).days):.3f} {month}, {entries:,} entries", err=True)

    yield reached


@contextmanager
def _progress(out: Output, scenario: Scenario) -> Iterator[Progress | None]:
    """A bar on standard error, if somebody looks."""
    if not out.notes.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[entries]:,} entries"), TimeElapsedColumn())
    with Bar(*columns, console=out.notes, transient=True) as bar:
        task = bar.add_task(scenario.file.title, entries=0)

        def reached(day: date, first: date, until: date, entries: int) -> None:
            bar.update(task, description=f"{day:%B %Y}", completed=(day - first).days, total=(until - first).days, entries=entries)

        yield reached


def _write(result: Run, leaves: Path) -> tuple[Finding, ...]:
    """Everything a run leaves.  It is made beside its place and moved there when it is whole.  Gives why it could not be settled, if so."""
    from dibs.report import build
    from dibs.simulate.tables import write

    partial = leaves.with_name(f"{leaves.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        write(result, partial)
        unsettled = _settle_tables(partial)
        build(partial)
        leaves.mkdir(exist_ok=True)
        for made in sorted(partial.iterdir(), key=lambda path: path.name == MARK):
            if (leaves / made.name).is_dir():
                shutil.rmtree(leaves / made.name)
            made.replace(leaves / made.name)
    except OSError as error:
        raise cannot_write(leaves, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return unsettled


def _settle_tables(folder: Path) -> tuple[Finding, ...]:
    """The tables of money, for the report; ledger and statements are made by `dibs settle`, as they take longer than the run.

    A run that cannot be settled is a run all the same: it keeps everything but its tables of money.
    """
    from dibs.cli.money import settled_run
    from dibs.errors import BadInput
    from dibs.settle.tables import tables

    try:
        settled = settled_run(str(folder))
    except BadInput as error:
        return tuple(error.findings)
    for name, text in tables(settled.settlement, settled.zone).items():
        (folder / "tables" / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return ()


def _tell(out: Output, scenario: Scenario, result: Run, leaves: Path, unsettled: tuple[Finding, ...]) -> None:
    """The headline figures, the laws, and where the report is."""
    from dibs.report.folder import RunFolder
    from dibs.report.headline import view
    from dibs.report.palette import Palette

    left = RunFolder.read(leaves)
    headline = view(left, Palette.of(left))
    report = leaves / "report.html"
    document: dict[str, Any] = {
        "scenario": scenario.file.id,
        "variant": result.variant or None,
        "seed": result.seed,
        "from": scenario.file.horizon.from_.isoformat(),
        "until": result.until.isoformat(),
        "out": str(leaves),
        "report": str(report),
        "entries": result.store.size,
        "skipped": scenario.skipped,
        "unused": [{"party": party, "on": answer.on.isoformat(), "answer": answer.answer} for party, answer in result.unused],
        "warnings": [finding.as_dict() for finding in (*scenario.warnings, *unsettled)],
        "figures": [{"what": figure.what, "figure": f"{figure.number} {figure.unit}".strip(), "note": figure.note} for figure in headline.figures],
        "laws": [
            {
                "law": law.law,
                "says": law.says,
                "checked": law.checked,
                "violations": [{"entry": violation.entry, "words": violation.words} for violation in law.violations],
            }
            for law in result.laws
        ],
    }
    if not out.as_json and (scenario.warnings or unsettled):
        from dibs.cli.findings import show_findings

        show_findings(out.notes, (*scenario.warnings, *unsettled), typed_words())
    if not out.as_json and scenario.skipped:
        say(out.notes, (f"{scenario.skipped:,} rows were left out", "yellow"))
    if not out.as_json and result.unused:
        told = ", ".join(f"{party} on {answer.on}" for party, answer in result.unused[:5])
        say(out.notes, (f"{len(result.unused):,} scripted answers met no question: {told}", "yellow"))

    def show(console: Console) -> None:
        from rich.table import Table
        from rich.text import Text

        say(console, (headline.title, "bold"), f"  {headline.subtitle}")
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
        table.add_column(justify="right")
        for figure in headline.figures:
            style = {"bad": "bold red", "gap": "bold yellow"}.get(figure.tone, "bold")
            table.add_row(Text(f"{figure.number} {figure.unit}".strip(), style), figure.what, Text(figure.note, "dim"))
        console.print(table)
        for law in result.laws:
            for violation in law.violations[:5]:
                say(console, (f"law {law.law} is broken", "bold red"), f" by entry {violation.entry}: {violation.words}")
        say(console, "report: ", (str(report), "bold"))

    out.answer(document, show)
