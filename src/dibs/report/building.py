"""What is being built?  A lane for every site and phase: its stages, and where it finishes against where it was planned to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from dibs.report.folder import parse_day
from dibs.report.tables import Table
from dibs.report.wording import amount, capital, count, day, listed, month, plain, short

if TYPE_CHECKING:
    from dibs.report.folder import Row, RunFolder
    from dibs.report.palette import Ink, Palette
    from dibs.report.timeline import Timeline

STAGES = ("announced", "intent", "contracted", "financed", "under_construction", "energised", "in_service")
LEFT = {"paused": "‖", "dropped": "✕", "reassigned": "⇄"}


@dataclass(frozen=True, slots=True)
class Fill:
    """One stage from a day on."""

    start: float
    end: float
    stage: str
    title: str


@dataclass(frozen=True, slots=True)
class BuildLane:
    """One phase, or one building of it."""

    anchor: str
    site: str
    phase: str
    size: str
    building: bool
    name: str
    fills: tuple[Fill, ...]
    planned: float | None
    expected: float | None
    slip: int
    end: str
    sign: str
    title: str


@dataclass(frozen=True, slots=True)
class Handover:
    """A piece of building that went from one platform to another."""

    on: str
    what: str
    giver: Ink
    taker: Ink
    says: str


@dataclass(frozen=True, slots=True)
class BuildView:
    """Everything the template draws."""

    caption: str
    text_alternative: str
    lanes: tuple[BuildLane, ...]
    hands: tuple[Handover, ...]
    stages: tuple[str, ...]
    table: Table


def view(run: RunFolder, axis: Timeline, palette: Palette) -> BuildView | None:
    """None when the scenario has no building programme."""
    rows = run.table("build")
    if not rows:
        return None
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["site"], row["phase"], row["building"]), []).append(row)
    for (site, phase, building), group in groups.items():
        if not building:
            groups[site, phase, ""] = _with_buildings(group, [rows for key, rows in groups.items() if key[:2] == (site, phase) and key[2]])
    lanes = tuple(_lane(axis, group) for group in groups.values())
    used = {row["stage"] for row in rows}
    marked = [{"phase_of": _anchor(row), **row} for row in rows]
    return BuildView(
        caption=_caption(axis, groups),
        text_alternative="; ".join(f"{lane.site} {lane.phase}: {lane.end}" for lane in lanes if not lane.building) + ".",
        lanes=lanes,
        hands=tuple(
            Handover(day(date.fromisoformat(row["on"])), row["what"], palette.platform(row["from"]), palette.platform(row["to"]), row["says"])
            for row in run.of("changes_hands", default=[])
        ),
        stages=tuple(stage for stage in (*STAGES, *LEFT) if stage in used),
        table=Table.of("build", marked, anchor="phase_of"),
    )


def _anchor(row: Row) -> str:
    return "-".join(part for part in (row["site"], row["phase"], row["building"]) if part).replace(" ", "-")


def _lane(axis: Timeline, rows: list[Row]) -> BuildLane:
    rows = sorted(rows, key=lambda row: row["from"])
    last = rows[-1]
    planned, expected = parse_day(last["planned_finish"]), parse_day(last["expected_finish"])
    slip = (expected - planned).days if planned and expected else 0
    power = (
        f"{short(float(last['power_mw']))} MW"
        if last["power_mw"] and float(last["power_mw"]) < 1000
        else f"{float(last['power_mw']) / 1000:.1f} GW"
        if last["power_mw"]
        else ""
    )
    size = power or (f"{short(float(last['accelerators']))} accelerators" if last["accelerators"] else "")
    return BuildLane(
        anchor=_anchor(last),
        site=last["site"],
        phase=last["phase"],
        size=size,
        building=bool(last["building"]),
        name=last["building"],
        fills=_fills(axis, rows, expected or planned),
        planned=axis.x(planned) if planned else None,
        expected=axis.x(expected) if expected else None,
        slip=slip,
        end=_end(last, expected, slip),
        sign=LEFT.get(last["stage"], ""),
        title=_title(last, planned, expected, slip),
    )


def _fills(axis: Timeline, rows: list[Row], finish: date | None) -> tuple[Fill, ...]:
    """Each stage until the next; the last one before service until the finish, or until what is known where that is later."""
    out = []
    for n, row in enumerate(rows):
        start = parse_day(row["from"])
        if start is None or row["stage"] in LEFT:
            continue
        following = parse_day(rows[n + 1]["from"]) if n + 1 < len(rows) else None
        end = axis.x(following) if following else axis.days
        if not following and row["stage"] != "in_service":
            end = max(axis.x(finish), int(axis.known)) if finish else int(axis.known)
        left, right = max(0, axis.x(start)), min(axis.days, end)
        if right > left:
            facts = f" (facts {row['facts']})" if row["facts"] else ""
            name = " ".join(part for part in (row["site"], row["phase"], row["building"]) if part)
            out.append(Fill(left, right, row["stage"], f"{name}: {plain(row['stage'])} from {day(start)}{facts}"))
    return tuple(out)


def _with_buildings(phase: list[Row], buildings: list[list[Row]]) -> list[Row]:
    """A phase whose every building has come into service has come into service with the last of them."""
    days = [next((row["from"] for row in rows if row["stage"] == "in_service"), "") for rows in buildings]
    if not days or not all(days) or any(row["stage"] == "in_service" for row in phase):
        return phase
    return [*phase, {**phase[-1], "stage": "in_service", "from": max(days)}]


def _end(last: Row, expected: date | None, slip: int) -> str:
    if last["stage"] in LEFT:
        since = parse_day(last["from"])
        return f"{last['stage']} {month(since) if since else ''}".strip()
    late = f", {slip:+} days" if slip else ""
    if expected:
        return f"{month(expected)}{late}"
    since, planned = parse_day(last["from"]), parse_day(last["planned_finish"])
    if last["stage"] == "in_service" and since:
        return f"in service {month(since)}"
    return f"due {month(planned)}" if planned else plain(last["stage"])


def _title(last: Row, planned: date | None, expected: date | None, slip: int) -> str:
    told = f"{last['site']} {last['phase']}"
    if planned:
        told += f": planned to finish {day(planned)}"
    if expected:
        told += f", expected {day(expected)}" + (f", {count(abs(slip), 'day')} {'late' if slip > 0 else 'early'}" if slip else "")
    if last["cost"]:
        told += f"; costs {last['cost']}"
    return told


def _caption(axis: Timeline, groups: dict[tuple[str, str, str], list[Row]]) -> str:
    ends = [max(rows, key=lambda row: row["from"]) for (_, _, building), rows in groups.items() if not building] or [
        rows[-1] for rows in groups.values()
    ]
    now = axis.day(axis.known).isoformat()
    running = sum(1 for rows in groups.values() if any(row["stage"] == "in_service" and row["from"] <= now for row in rows))
    sites = len({row["site"] for row in ends})
    text = f"{count(len(ends), 'phase')} at {count(sites, 'site')}; {running or 'none'} in service on {day(axis.day(axis.known))}"
    slips = [
        (row, (expected - planned).days)
        for row in ends
        if (planned := parse_day(row["planned_finish"])) and (expected := parse_day(row["expected_finish"])) and expected > planned
    ]
    if slips:
        worst, days = max(slips, key=lambda pair: pair[1])
        later = count(len(slips), "phase finishes", "phases finish")
        text += f". {capital(later)} later than planned, {worst['site']} {worst['phase']} by {count(days, 'day')}"
    gone = [f"{row['site']} {row['phase']} was {row['stage']}" for row in ends if row["stage"] in LEFT]
    if gone:
        text += f". {capital(listed(gone[:4]))}" + (f", and {count(len(gone) - 4, 'more', 'more')} left the plan" if len(gone) > 4 else "")
    chips = sum(int(row["accelerators"] or 0) for row in ends if row["stage"] not in LEFT)
    if chips:
        text += f". When all of it runs it holds {amount(chips)} accelerators"
    return text + "."
