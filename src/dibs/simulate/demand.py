"""What is needed and what is observed: `demand.csv` and `signals.csv`, row by row, with every bad cell in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args
from zoneinfo import ZoneInfo

from dibs.contract import readings
from dibs.contract.model import Confidence, RevenueShare, Trigger
from dibs.contract.terms import CapacityRequest
from dibs.quantities import AMOUNT_MAX, instant_of, parse_day
from dibs.simulate.rows import Column, Rows, Trouble, decode, read_table, split_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dibs.contract.model import Agreement
    from dibs.errors import Findings
    from dibs.simulate.formats import ScenarioFile

MONTH = 730 * 3_600
"""Seconds of a month of capacity: 730 hours."""
MONTHS_MAX = 240
QUANTITY_MAX = 10**9

_WHOLE = re.compile(r"^[+-]?\d{1,12}$")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:+/-]{0,99}$")
_TRUTH = {"yes": True, "no": False, "true": True, "false": False}


def _text(cell: str) -> str:
    return cell


def _name(cell: str) -> str:
    if not _NAME.match(cell):
        raise ValueError(f"`{cell[:40]}` is not a name: write letters, digits and `._:+/-`, at most 100 of them")
    return cell


def _whole(cell: str, low: int, high: int) -> int:
    if not _WHOLE.match(cell):
        raise ValueError(f"`{cell[:40]}` is not a whole number")
    number = int(cell)
    if not low <= number <= high:
        raise ValueError(f"`{number}` is not from {low} to {high}")
    return number


def _quantity(cell: str) -> int:
    return _whole(cell, 1, QUANTITY_MAX)


def _months(cell: str) -> int:
    return _whole(cell, 1, MONTHS_MAX)


def _priority(cell: str) -> int:
    return _whole(cell, -1_000_000, 1_000_000)


def _number(cell: str) -> Decimal:
    try:
        number = Decimal(cell.replace("_", ""))
    except InvalidOperation as error:
        raise ValueError(f"`{cell[:40]}` is not a number") from error
    if not number.is_finite() or abs(number) > AMOUNT_MAX:
        raise ValueError(f"`{cell[:40]}` is not a number up to {AMOUNT_MAX:.0e}")
    return number


def _price(cell: str) -> Decimal:
    price = _number(cell)
    if price <= 0:
        raise ValueError(f"`{cell}` is not a price: it has to be above zero")
    return price


def _regions(cell: str) -> tuple[str, ...]:
    regions = tuple(part.strip() for part in re.split(r"[;|\s]+", cell) if part.strip())
    if len(set(regions)) < len(regions):
        raise ValueError(f"`{cell[:40]}` names a region twice")
    return regions


def _truth(cell: str) -> bool:
    if cell.lower() not in _TRUTH:
        raise ValueError(f"`{cell[:40]}` is not `yes` or `no`")
    return _TRUTH[cell.lower()]


def _one_of(words: tuple[str, ...]) -> Any:
    def read(cell: str) -> str:
        if cell not in words:
            raise ValueError(f"`{cell[:40]}` is none of {', '.join(words)}")
        return cell

    return read


DEMAND: tuple[Column, ...] = (
    Column(name="id", says="The need's own name.", read=_name),
    Column(name="asked_on", says="The day on which the need is known and asked for.", read=parse_day),
    Column(name="class", says="The workload class, as the agreement names it.", read=_text),
    Column(name="sku", says="Which accelerator.", read=_text),
    Column(name="quantity", says="How many accelerators.", read=_quantity),
    Column(name="minimum_quantity", says="Fewer are no use (empty: 1).", read=_quantity, required=False, default=1),
    Column(name="regions", says="Where it may be, separated by `;` (empty: anywhere).", read=_regions, required=False, default=()),
    Column(name="start_earliest", says="The first day on which it is of use.", read=parse_day),
    Column(name="start_latest", says="The last day on which it may start.", read=parse_day),
    Column(name="months", says="For how long, in months of 730 hours.", read=_months),
    Column(name="price_max", says="The most it may cost per accelerator-hour (empty: no limit).", read=_price, required=False),
    Column(name="priority", says="Larger goes first when capacity is short (empty: 0).", read=_priority, required=False, default=0),
    Column(name="launch", says="The product whose launch waits for it.", read=_name, required=False, default=""),
    Column(
        name="purpose", says="Needs of one purpose are added up against the minimum lot (empty: the class).", read=_text, required=False, default=""
    ),
    Column(
        name="front_door",
        says="Which of the two front doors of an API it serves.",
        read=_one_of(("holder_service", "direct")),
        required=False,
        default="",
    ),
    Column(name="own_build", says="Whether it is for the buyer's own sites (`yes` or `no`).", read=_truth, required=False, default=False),
    Column(name="burst", says="Whether it is an emergency (`yes` or `no`).", read=_truth, required=False, default=False),
    Column(name="party", says="Who needs it (empty: the scenario's buyer).", read=_text, required=False, default=""),
)
"""The columns of `demand.csv`."""

SIGNALS: tuple[Column, ...] = (
    Column(name="date", says="When the figure is known; it is for the time since the one before it.", read=parse_day),
    Column(name="party", says="Whose figure.", read=_text),
    Column(name="signal", says="Which figure: revenue, profit ...", read=_name),
    Column(name="value", says="The figure.", read=_number),
    Column(name="unit", says="Its unit; a currency for money.", read=_text),
    Column(name="confidence", says="How sure it is: O, F, P, E, D, W or R.", read=_one_of(get_args(Confidence)), required=False, default=""),
    Column(name="source", says="Where it comes from.", read=_text, required=False, default=""),
)
"""The columns of `signals.csv`."""


@dataclass(frozen=True, slots=True)
class Need:
    """One row of the demand: when it is asked, what for, and from which day on it counts as late."""

    asked_at: int
    request: CapacityRequest
    asked_on: date
    start_earliest: date
    start_latest: date
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One observed figure of a party for a half-open period."""

    at: int
    on: date
    party: str
    signal: str
    value: Decimal
    unit: str
    since: int
    confidence: str = ""
    source: str = ""


def read_demand(raw: bytes, name: str, file: ScenarioFile, agreement: Agreement, findings: Findings, *, skip_bad: bool = False) -> Rows[Need]:
    """The needs of a scenario, in the order of the file."""
    needs: Rows[Need] = Rows()
    text = decode(raw, name, findings)
    if text is None:
        return needs
    lines = split_lines(text)
    trouble = Trouble(name, findings, skip_bad=skip_bad, lines=lines)
    place = _Places(lines)
    zone = _Days(agreement)
    ids: dict[str, int] = {}
    begins, ends = file.horizon.from_, file.horizon.until
    waits = int(file.launch_waits.total_seconds())
    hosts = tuple(agreement.hosts.values())
    skus = {sku for host in hosts for sku in host.skus}
    sites = {region for host in hosts for region in host.regions}
    possible: dict[tuple[str, tuple[str, ...]], bool] = {}
    for row in read_table(lines, DEMAND, trouble):
        values: Mapping[str, Any] = row.values
        before = trouble.faults

        def bad(column: str, code: str, message: str, fix: str, line: int = row.line) -> None:
            trouble.note(code, message, line=line, cell=place.of(column), fix=fix)

        if values["class"] not in agreement.workload_classes:
            bad(
                "class", "DIB124", f"the agreement knows no workload class `{values['class']}`", f"use one of {', '.join(agreement.workload_classes)}"
            )
        if values["sku"] not in skus:
            bad("sku", "DIB124", f"no host of the agreement has `{values['sku']}`", f"use one of {', '.join(sorted(skus))}")
        for region in values["regions"]:
            if region not in sites:
                bad("regions", "DIB124", f"no host of the agreement is in `{region}`", f"use some of {', '.join(sorted(sites))}")
        if values["party"] and values["party"] not in agreement.parties:
            bad("party", "DIB124", f"the agreement knows no party `{values['party']}`", f"use one of {', '.join(agreement.parties)}")
        if values["minimum_quantity"] > values["quantity"]:
            bad(
                "minimum_quantity",
                "DIB125",
                f"the least useful quantity {values['minimum_quantity']} is more than the {values['quantity']} asked for",
                "lower it",
            )
        if values["start_latest"] < values["start_earliest"]:
            bad("start_latest", "DIB125", f"the latest start {values['start_latest']} is before the earliest {values['start_earliest']}", "swap them")
        elif values["start_latest"] < values["asked_on"]:
            bad(
                "start_latest",
                "DIB125",
                f"the latest start {values['start_latest']} is before the day of asking {values['asked_on']}",
                "ask earlier or start later",
            )
        if values["id"] in ids:
            bad("id", "DIB126", f"the need `{values['id']}` is already in line {ids[values['id']]}", "give each need a name of its own")
        if trouble.faults > before:
            continue
        ids[values["id"]] = row.line
        if not begins <= values["asked_on"] < ends and begins < ends:
            trouble.remark(
                "DIB128",
                f"`{values['id']}` is asked on {values['asked_on']}, outside the days played",
                line=row.line,
                cell=place.of("asked_on"),
                fix="widen the horizon, or leave the row out",
            )
        kind = (values["sku"], values["regions"])
        if kind not in possible:
            possible[kind] = any(values["sku"] in h.skus and (not values["regions"] or set(values["regions"]) & set(h.regions)) for h in hosts)
        if not possible[kind]:
            trouble.remark(
                "DIB132",
                f"no host has `{values['sku']}` in {' or '.join(f'`{r}`' for r in values['regions'])}",
                line=row.line,
                cell=place.of("regions"),
                fix="widen the regions; as it stands the need is never met",
            )
        request = CapacityRequest(
            id=values["id"],
            party=values["party"] or file.buyer,
            workload_class=values["class"],
            sku=values["sku"],
            quantity=values["quantity"],
            minimum_quantity=values["minimum_quantity"],
            regions=values["regions"],
            start_earliest=zone.begins(max(values["start_earliest"], values["asked_on"])),
            start_latest=zone.begins(values["start_latest"]) + (waits if values["launch"] else 0),
            months=values["months"],
            price_max=values["price_max"],
            priority=values["priority"],
            launch=values["launch"],
            purpose=values["purpose"],
            own_build=values["own_build"],
            burst=values["burst"],
            front_door=values["front_door"],
        )
        needs.items.append(
            Need(zone.begins(values["asked_on"]), request, values["asked_on"], values["start_earliest"], values["start_latest"], row.line)
        )
    needs.skipped = trouble.bad_rows
    trouble.close()
    return needs


def read_signals(raw: bytes, name: str, agreement: Agreement, findings: Findings, *, skip_bad: bool = False) -> Rows[Signal]:
    """The figures of a scenario, in the order of their days; each is for the time since the one before it."""
    signals: Rows[Signal] = Rows()
    text = decode(raw, name, findings)
    if text is None:
        return signals
    lines = split_lines(text)
    trouble = Trouble(name, findings, skip_bad=skip_bad, lines=lines)
    place = _Places(lines)
    zone = _Days(agreement)
    rows = []
    seen: dict[tuple[str, str, date], int] = {}
    units: dict[tuple[str, str], tuple[str, int]] = {}
    money = _measured(agreement)
    for row in read_table(lines, SIGNALS, trouble):
        values: Mapping[str, Any] = row.values
        before = trouble.faults
        series = (values["party"], values["signal"])
        if values["party"] not in agreement.parties:
            trouble.note(
                "DIB124",
                f"the agreement knows no party `{values['party']}`",
                line=row.line,
                cell=place.of("party"),
                fix=f"use one of {', '.join(agreement.parties)}",
            )
        unit, line = units.setdefault(series, (values["unit"], row.line))
        if unit != values["unit"]:
            trouble.note(
                "DIB127",
                f"`{values['signal']}` of `{values['party']}` is in `{values['unit']}` here and in `{unit}` in line {line}",
                line=row.line,
                cell=place.of("unit"),
                fix="use one unit for one figure",
            )
        elif series in money and values["unit"] != agreement.currency:
            trouble.note(
                "DIB131",
                f"`{money[series]}` measures `{values['signal']}` in {agreement.currency}, and this is `{values['unit']}`",
                line=row.line,
                cell=place.of("unit"),
                fix=f"write the figure in {agreement.currency}",
            )
        if (*series, values["date"]) in seen:
            trouble.note(
                "DIB126",
                f"`{values['signal']}` of `{values['party']}` on {values['date']} is already in line {seen[*series, values['date']]}",
                line=row.line,
                cell=place.of("date"),
                fix="keep one figure for one day",
            )
        if trouble.faults == before:
            seen[*series, values["date"]] = row.line
            rows.append(values)
    since: dict[tuple[str, str], int] = {}
    for values in sorted(rows, key=lambda v: (v["date"], v["party"], v["signal"])):
        series, at = (values["party"], values["signal"]), zone.begins(values["date"])
        year = date(values["date"].year - (values["date"].month == 1 and values["date"].day == 1), 1, 1)
        signals.items.append(
            Signal(
                at=at,
                on=values["date"],
                party=values["party"],
                signal=values["signal"],
                value=values["value"],
                unit=values["unit"],
                since=since.get(series, zone.begins(year)),
                confidence=values["confidence"],
                source=values["source"],
            )
        )
        since[series] = at
    signals.skipped = trouble.bad_rows
    trouble.close()
    return signals


def _measured(agreement: Agreement) -> dict[tuple[str, str], str]:
    """Which clause measures which figure in the agreement's money."""
    out: dict[tuple[str, str], str] = {}
    for clause in readings.all_clauses(agreement):
        if isinstance(clause, Trigger) and clause.measure is not None:
            out.setdefault((clause.measure.party, clause.measure.signal), clause.id)
        elif isinstance(clause, RevenueShare):
            out.setdefault((clause.payer, clause.base), clause.id)
    return out


class _Days:
    """The instants at which days begin, each worked out once."""

    def __init__(self, agreement: Agreement) -> None:
        self._zone = ZoneInfo(agreement.time_zone)
        self._known: dict[date, int] = {}

    def begins(self, day: date) -> int:
        """When `day` begins in the agreement's zone."""
        at = self._known.get(day)
        if at is None:
            at = self._known[day] = instant_of(day, self._zone)
        return at


class _Places:
    """Which cell of a row a column is."""

    def __init__(self, lines: list[str]) -> None:
        names = [cell.strip().strip('"') for cell in lines[0].split(",")] if lines else []
        self._cells: Mapping[str, int] = MappingProxyType({name: index for index, name in reversed(list(enumerate(names)))})

    def of(self, column: str) -> int | None:
        """The index of a column, if the file has it."""
        return self._cells.get(column)
