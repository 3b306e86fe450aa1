"""Where may what run?  Class by host for every version, as a letter and a shade; a cell opens its reasons."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dibs.report.folder import parse_day
from dibs.report.tables import Table
from dibs.report.wording import capital, count, day, listed, plain, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dibs.report.folder import Row, RunFolder
    from dibs.report.palette import Ink, Palette

LETTERS = {"permitted": "P", "offer_first": "O", "refused": "R", "undetermined": "U"}
WORDS = {
    "permitted": "may run",
    "offer_first": "only after it was offered first",
    "refused": "may not run",
    "undetermined": "the agreement does not say",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer; `why` is the number of its reasons, `changed` whether the version before answered otherwise."""

    letter: str
    answer: str
    why: int
    changed: bool


@dataclass(frozen=True, slots=True)
class HostRow:
    """One host with its answers by class."""

    host: str
    ink: Ink
    operator: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The matrix of one version."""

    version: str
    since: str
    summary: str
    rows: tuple[HostRow, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Reasons that a group of cells shares."""

    number: int
    answer: str
    reasons: tuple[Mapping[str, str], ...]
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixView:
    """Everything the template draws."""

    caption: str
    text_alternative: str
    classes: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    whys: tuple[Why, ...]
    opening: int
    table: Table


def view(run: RunFolder, palette: Palette) -> MatrixView | None:
    """None when the run has no matrix."""
    rows = run.table("matrix")
    if not rows:
        return None
    cells: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        cells[row["version"], row["class"], row["host"]].append(row)
    versions = list(dict.fromkeys(row["version"] for row in rows))
    classes = list(dict.fromkeys(row["class"] for row in rows))
    hosts = list(dict.fromkeys(row["host"] for row in rows))
    whys = _whys(cells)
    known = {host["id"]: host for host in run.of("hosts", default=[])}
    order = list(palette.platforms)
    hosts.sort(key=lambda host: order.index(known[host]["platform"]) if host in known else len(order))
    starts = {row["version"]: parse_day(row["on"]) for row in rows}
    sheets = []
    before: str | None = None
    for version in versions:
        host_rows = []
        for host in hosts:
            entry = known.get(host, {"platform": "", "operator": ""})
            answers = []
            for kind in classes:
                reasons = cells.get((version, kind, host))
                was = cells.get((before, kind, host)) if before else None
                changed = bool(before and reasons and (not was or was[0]["answer"] != reasons[0]["answer"]))
                answers.append(Cell(LETTERS[reasons[0]["answer"]], reasons[0]["answer"], whys[_key(reasons)].number, changed) if reasons else None)
            operator = "" if entry["operator"] == entry["platform"] else run.names.get(entry["operator"], entry["operator"])
            host_rows.append(HostRow(host, palette.platform(entry["platform"]), operator, tuple(answers)))
        start = starts[version]
        sheets.append(Sheet(version, day(start) if start else "", _summary(host_rows, before), tuple(host_rows)))
        before = version
    return MatrixView(
        caption=_caption(sheets),
        text_alternative=" ".join(f"{sheet.version}, from {sheet.since}: {sheet.summary}" for sheet in sheets),
        classes=tuple(classes),
        sheets=tuple(sheets),
        whys=tuple(whys.values()),
        opening=_opening(sheets),
        table=Table.of("matrix", rows),
    )


def _key(rows: list[Row]) -> tuple[tuple[str, ...], ...]:
    return tuple((row["version"], row["answer"], row["code"], row["clause"], row["text"], row["where"]) for row in rows)


def _whys(cells: dict[tuple[str, str, str], list[Row]]) -> dict[tuple[tuple[str, ...], ...], Why]:
    """Cells of one version with the same reasons share one entry, numbered in order of appearance."""
    where: defaultdict[tuple[tuple[str, ...], ...], list[str]] = defaultdict(list)
    first: dict[tuple[tuple[str, ...], ...], list[Row]] = {}
    for (_, kind, host), rows in cells.items():
        where[_key(rows)].append(f"{kind} on {host}")
        first.setdefault(_key(rows), rows)
    return {
        key: Why(n, rows[0]["answer"], tuple({**row, "code_words": plain(row["code"])} for row in rows), tuple(where[key]))
        for n, (key, rows) in enumerate(first.items())
    }


def _tally(rows: list[HostRow]) -> Counter[str]:
    return Counter(cell.answer for row in rows for cell in row.cells if cell)


def _summary(rows: list[HostRow], before: str | None) -> str:
    tally = _tally(rows)
    said = listed([f"{tally[answer]} {plain(answer)}" for answer in LETTERS if tally[answer]])
    if not before:
        return f"{said}."
    changed = sum(1 for row in rows for cell in row.cells if cell and cell.changed)
    return f"{said}; {count(changed, 'cell')} changed from {before}."


def _opening(sheets: list[Sheet]) -> int:
    """The version to open with: the one whose answers are of most kinds, and of those the one with most to offer first."""
    tallies = [_tally(list(sheet.rows)) for sheet in sheets]
    return max(range(len(sheets)), key=lambda n: (len(tallies[n]), tallies[n]["offer_first"], n))


def _caption(sheets: list[Sheet]) -> str:
    first, last = _tally(list(sheets[0].rows)), _tally(list(sheets[-1].rows))
    free, now = share(first["permitted"], first.total()), share(last["permitted"], last.total())
    text = f"Under {sheets[0].version}, {free} of the combinations of work and place are open at once"
    if len(sheets) > 1:
        text += f"; under {sheets[-1].version}, {now}"
        most = max(sheets[1:], key=lambda sheet: sum(1 for row in sheet.rows for cell in row.cells if cell and cell.changed))
        changed = sum(1 for row in most.rows for cell in row.cells if cell and cell.changed)
        if changed:
            text += (
                f". The largest change is {most.version} on {most.since}: {changed} of {_tally(list(most.rows)).total()} answer otherwise than before"
            )
    asked = max(sheets, key=lambda sheet: _tally(list(sheet.rows))["offer_first"])
    offered = _tally(list(asked.rows))["offer_first"]
    if offered:
        text += f". {capital(count(offered, 'combination'))} must be offered first under {asked.version}"
    return text + "."
