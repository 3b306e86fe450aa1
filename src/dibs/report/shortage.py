"""What was missing, and what did that delay?  Unmet demand by month, and launches with the days they slipped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dibs.report.canvas import Canvas, series
from dibs.report.folder import number, parse_day
from dibs.report.tables import Table
from dibs.report.wording import amount, capital, count, day, listed, plain, readable, share, short

if TYPE_CHECKING:
    from dibs.report.folder import Row, RunFolder
    from dibs.report.timeline import Timeline

LANES_MAX = 20
"""Launches drawn one by one: the latest; the others are counted."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A product that had to wait: from the day it was wanted to the day it could ship (None: never in this run).

    Whatever is `early` on the axis has its reason written after it, the others before it.
    """

    launch: str
    work: str
    wanted: float
    ready: float | None
    slip: str
    why: str
    title: str
    early: bool


@dataclass(frozen=True, slots=True)
class ShortageView:
    """Everything the template draws.  `path` is empty when nothing was missing."""

    caption: str
    text_alternative: str
    path: str
    worst: str
    canvas: Canvas
    unmet: tuple[int, ...]
    launches: tuple[Launch, ...]
    on_time: int
    left_out: int
    hours: int
    demand: Table
    table: Table


def view(run: RunFolder, axis: Timeline) -> ShortageView | None:
    """None when the run wanted nothing and launched nothing."""
    demanded, launched = run.table("demand"), run.table("launches")
    if not demanded and not launched:
        return None
    months = sorted({row["month"] for row in demanded})
    unmet = series(demanded, "unmet", months)
    worst = max(range(len(unmet)), key=unmet.__getitem__, default=0)
    canvas = Canvas.of(axis, months, max(unmet, default=0), lines=3)
    slipped = [row for row in launched if number(row["slip_days"]) > 0 or not row["ready_on"]]
    kept = sorted(slipped, key=lambda row: -(number(row["slip_days"]) if row["ready_on"] else 10**6))[:LANES_MAX]
    lanes = tuple(_launch(axis, row) for row in sorted(kept, key=lambda row: row["wanted_by"]))
    hours = unmet_hours(run)
    return ShortageView(
        caption=f"{_missing(canvas, demanded, unmet, hours)}{_slipping(run, launched, slipped)}.",
        text_alternative=_alternative(canvas, unmet, lanes),
        path=canvas.area([0] * len(unmet), unmet) if any(unmet) else "",
        worst=f"{short(unmet[worst])} in {canvas.name(worst)}" if any(unmet) else "",
        canvas=canvas,
        unmet=unmet,
        launches=lanes,
        on_time=len(launched) - len(slipped),
        left_out=len(slipped) - len(kept),
        hours=hours,
        demand=Table.of("demand", demanded),
        table=Table.of("launches", launched, anchor="launch", first=[row["launch"] for row in kept]),
    )


def unmet_hours(run: RunFolder) -> int:
    """Accelerator-hours that were wanted and not there: what the run says, else months of 730 hours."""
    said = run.of("totals", "unmet_accelerator_hours", default=None)
    return int(said) if said is not None else 730 * sum(number(row["unmet"]) for row in run.table("demand"))


def _launch(axis: Timeline, row: Row) -> Launch:
    wanted, ready = parse_day(row["wanted_by"]) or axis.first, parse_day(row["ready_on"])
    days = number(row["slip_days"])
    slip = f"+{count(days, 'day')}" if ready else "never"
    told = f"{row['launch']} ({plain(row['class'])}): wanted by {day(wanted)}, " + (
        f"ready on {day(ready)}, {count(days, 'day')} late" if ready else "not ready in this run"
    )
    why = readable(row["why"])
    return Launch(
        row["launch"],
        plain(row["class"]),
        axis.x(wanted),
        axis.x(ready) if ready else None,
        slip,
        why,
        f"{told}: {why}" if why else told,
        axis.x(wanted) + axis.x(ready or wanted) < axis.days,
    )


def _missing(canvas: Canvas, demanded: tuple[Row, ...], unmet: tuple[int, ...], hours: int) -> str:
    if not any(unmet):
        return "Nothing that was wanted was missing in any month"
    worst = max(range(len(unmet)), key=unmet.__getitem__)
    by_class: Counter[str] = Counter()
    for row in demanded:
        by_class[row["class"]] += number(row["unmet"])
    kind, most = by_class.most_common(1)[0]
    return (
        f"{capital(amount(hours))} accelerator-hours were wanted and not there, most of all in {canvas.name(worst)} "
        f"({amount(unmet[worst])} accelerators); {share(most, by_class.total())} of it was {plain(kind)}"
    )


def _slipping(run: RunFolder, launched: tuple[Row, ...], slipped: list[Row]) -> str:
    launches = count(len(launched), "launch", "launches")
    if not slipped:
        return f". {capital(launches)}, all on time" if launched else ""
    text = f". {len(slipped)} of {launches} slipped"
    late = [row for row in slipped if row["ready_on"]]
    if late:
        worst = max(late, key=lambda row: number(row["slip_days"]))
        text += f", {worst['launch']} by {count(number(worst['slip_days']), 'day')}"
    never = [row["launch"] for row in slipped if not row["ready_on"]]
    if never:
        names = listed(never[:3]) if len(never) <= 3 else f"{', '.join(never[:3])} and {len(never) - 3} more"
        text += f"; {names} never got the capacity before {day(run.until)}"
    return text


def _alternative(canvas: Canvas, unmet: tuple[int, ...], lanes: tuple[Launch, ...]) -> str:
    years: Counter[str] = Counter()
    for text, value in zip(canvas.months, unmet, strict=True):
        years[text[:4]] = max(years[text[:4]], value)
    worst = listed([f"{year}: {amount(value)}" for year, value in sorted(years.items()) if value]) or "none"
    late = "; ".join(f"{lane.launch}: {lane.slip}" for lane in lanes) or "none"
    return f"Accelerators missing at the most, by year: {worst}. Launches that slipped: {late}."
