"""What is settled: an agreement, the book of what happened under it, and how far its buildings have come.

Texts come in, and paths stay outside; every line that cannot be used is a finding, and with a finding nothing is settled.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from dibs.contract.model import Agreement, Building, Phase, RevenueShare, Site, Supply, Trigger
from dibs.errors import Findings, Mark
from dibs.procedure.events import AnyEvent, EqualTermsOwed, Event, Granted, SignalRecorded, UsageReported
from dibs.quantities import AMOUNT_MAX, Money, day_of, instant_of, iso, parse_day
from dibs.settle.disputes import read as read_disputes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dibs.quantities import Instant
    from dibs.settle.disputes import Dispute

E = TypeVar("E", bound=Event)

HOURS_MAX = 10**12
"""More accelerator-hours than this in one report (a hundred million accelerators for a year) are a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An event with the journal entry it stands in: the decision behind whatever is posted because of it."""

    seq: int
    event: Event
    where: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """All that a settlement looks at.  `starts` is in, `until` is out; nothing that happened at or after `until` counts."""

    agreement: Agreement
    seen: tuple[Seen, ...]
    sites: tuple[Site, ...]
    """The programme's sites with their phases, buildings, costs and stages."""
    starts: Instant
    until: Instant
    disputes: tuple[Dispute, ...] = ()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    def of(self, kind: type[E]) -> list[tuple[Seen, E]]:
        """Every event of one kind with its entry, in the order of the book."""
        return [(seen, seen.event) for seen in self.seen if isinstance(seen.event, kind)]

    def struck(self, known: Instant) -> Mapping[str, str]:
        """What an entry is about -> the upheld dispute because of which nothing is owed for it, as known at an instant."""
        return {d.key: d.decision for d in self.disputes if d.struck_at is not None and d.struck_at <= known}

    def day(self, instant: Instant) -> date:
        """The day that an instant falls in."""
        return day_of(instant, self.zone)

    def instant(self, day: date) -> Instant:
        """The instant at which a day begins."""
        return instant_of(day, self.zone)

    def month(self, instant: Instant) -> date:
        """The first day of the calendar month that an instant falls in."""
        return self.day(instant).replace(day=1)

    def next_month(self, month: date) -> date:
        """The first day of the month after."""
        return (month.replace(day=28) + timedelta(days=4)).replace(day=1)

    def months(self, starts: Instant, until: Instant) -> list[tuple[date, Instant, Instant]]:
        """(month, first second in, first second out) of every calendar month that touches the half-open period."""
        out = []
        month = self.month(starts)
        while self.instant(month) < until:
            after = self.next_month(month)
            out.append((month, self.instant(month), self.instant(after)))
            month = after
        return out


class _Row(msgspec.Struct):
    seq: int
    events: tuple[AnyEvent, ...]


def read(
    *, agreement: Agreement, journal: str, starts: date, until: date, build: str = "", disputes: str = "", name: str = "journal.jsonl"
) -> tuple[Materials, Findings]:
    """Materials from the texts of a run folder, and everything that is wrong with them.

    `journal` is `journal.jsonl`, `build` is `tables/build.csv`, `disputes` is `disputes.jsonl`, `starts` and `until` are the run's horizon.
    """
    findings = Findings()
    decoder = msgspec.json.Decoder(_Row)
    seen: list[Seen] = []
    for number, line in enumerate(journal.splitlines(), 1):
        if not line.strip():
            continue
        where = Mark(name, number)
        try:
            row = decoder.decode(line.encode())
        except msgspec.DecodeError as error:
            findings.add("DIB200", f"the entry cannot be read: {error}", where, fix="give the journal as `dibs run` wrote it")
            continue
        seen += (Seen(row.seq, event, where) for event in row.events)
    sites = _sites(build, findings) if build else ()
    zone = ZoneInfo(agreement.time_zone)
    materials = Materials(
        agreement=agreement,
        seen=tuple(seen),
        sites=sites,
        starts=instant_of(starts, zone),
        until=instant_of(until, zone),
        disputes=read_disputes(disputes, findings),
        zone=zone,
    )
    check(materials, findings)
    return materials, findings


def check(materials: Materials, findings: Findings) -> None:
    """Whatever no honest settlement can be made of."""
    agreement = materials.agreement
    _check_clauses(materials, findings)
    _check_usage(materials, findings)
    _check_figures(materials, findings)
    granted = {event.grant for _, event in materials.of(Granted)}
    for seen, grant in materials.of(Granted):
        if grant.price < 0 or grant.price > AMOUNT_MAX or grant.quantity < 0:
            findings.add(
                "DIB207",
                f"grant `{grant.grant}` of {grant.quantity} at {grant.price} {agreement.currency}: no such price or quantity can be settled",
                seen.where,
                fix="correct the price per accelerator-hour and the quantity",
            )
    for seen, owed in materials.of(EqualTermsOwed):
        if owed.grant not in granted:
            findings.add("DIB213", f"`{owed.grant}` was never granted", seen.where, fix="give the whole journal, from its first entry")


def _clauses(agreement: Agreement) -> Iterable[Any]:
    return (*agreement.clauses, *(c for a in agreement.amendments if a.binding for c in (*a.replaces, *a.adds)))


def _check_clauses(materials: Materials, findings: Findings) -> None:
    supplies = [c for c in _clauses(materials.agreement) if isinstance(c, Supply) and c.host and (c.price or c.tiers)]
    for index, first in enumerate(supplies):
        for second in supplies[index + 1 :]:
            same = (first.host, first.buyer, first.sku) == (second.host, second.buyer, second.sku)
            if same and first.id != second.id and (first.price, first.tiers) != (second.price, second.tiers) and _meet(first, second):
                findings.add(
                    "DIB203",
                    f"`{first.id}` and `{second.id}` give two prices for `{first.host}` at the same time",
                    second.mark,
                    also=first.mark,
                    fix="end one where the other begins, or name different hardware",
                )


def _meet(first: Supply, second: Supply) -> bool:
    return (first.from_ or date.min) < (second.until or date.max) and (second.from_ or date.min) < (first.until or date.max)


def _check_usage(materials: Materials, findings: Findings) -> None:
    reports: dict[str, tuple[UsageReported, Mark]] = {}
    for seen, report in materials.of(UsageReported):
        if not 0 <= report.accelerator_hours <= HOURS_MAX:
            code = "DIB201" if report.accelerator_hours < 0 else "DIB207"
            findings.add(
                code,
                f"report `{report.report}` says {report.accelerator_hours} accelerator-hours",
                seen.where,
                fix="report what ran, nought or more; take an earlier report back by reporting the period again",
            )
        if report.ends > report.at:
            findings.add(
                "DIB205",
                f"report `{report.report}` is about usage until {iso(report.ends)}, and was made at {iso(report.at)}",
                seen.where,
                fix="report a period once it is over",
            )
        if report.starts >= report.ends:
            findings.add("DIB206", f"report `{report.report}` ends before it begins", seen.where, fix="give the first second in and the first out")
        earlier = reports.setdefault(report.report, (report, seen.where))
        if (earlier[0].host, earlier[0].accelerator_hours, earlier[0].starts, earlier[0].ends, earlier[0].workload_class) != (
            report.host,
            report.accelerator_hours,
            report.starts,
            report.ends,
            report.workload_class,
        ):
            findings.add(
                "DIB208",
                f"report `{report.report}` was made twice, with different contents",
                seen.where,
                also=earlier[1],
                fix="give each report its own name; a repeat in the same words is charged once",
            )


def settled_figures(agreement: Agreement) -> dict[tuple[str, str], str]:
    """(party, signal) -> a clause that is settled by such figures: in the agreement's currency, of periods that do not overlap."""
    bases: dict[tuple[str, str], str] = {}
    for clause in _clauses(agreement):
        if isinstance(clause, RevenueShare):
            bases[clause.payer, clause.base] = clause.id
        elif isinstance(clause, Trigger) and clause.measure is not None and clause.measure.aggregate != "latest":
            bases.setdefault((clause.measure.party, clause.measure.signal), clause.id)
    return bases


def _check_figures(materials: Materials, findings: Findings) -> None:
    bases = settled_figures(materials.agreement)
    periods: dict[tuple[str, str], list[tuple[int, int, Mark]]] = {}
    for seen, figure in materials.of(SignalRecorded):
        key = (figure.party, figure.signal.partition("/")[0])
        if key not in bases:
            continue
        says = f"`{figure.signal}` of `{figure.party}`"
        if figure.unit != materials.agreement.currency:
            findings.add(
                "DIB202",
                f"{says} is in `{figure.unit}`, and `{bases[key]}` is settled in {materials.agreement.currency}",
                seen.where,
                fix=f"give the figure in {materials.agreement.currency}",
            )
        if abs(figure.value) > AMOUNT_MAX:
            findings.add("DIB207", f"{says} is {figure.value:e}: no sum on earth is that large", seen.where, fix="check the exponent")
        if figure.until > figure.at:
            findings.add(
                "DIB205",
                f"{says} is about a time until {iso(figure.until)}, and was given at {iso(figure.at)}",
                seen.where,
                fix="give it once it is over",
            )
        if figure.since >= figure.until:
            findings.add("DIB206", f"{says} ends before it begins", seen.where, fix="give the first second in and the first out")
            continue
        named = periods.setdefault((figure.party, figure.signal), [])
        for since, until, where in named:
            if (since, until) != (figure.since, figure.until) and since < figure.until and figure.since < until:
                findings.add(
                    "DIB209",
                    f"{says} was given for two periods that overlap, so some of it would be shared twice",
                    seen.where,
                    also=where,
                    fix="give each period once, or the very same period again to restate it",
                )
                break
        named.append((figure.since, figure.until, seen.where))


def _sites(text: str, findings: Findings) -> tuple[Site, ...]:
    """Sites from `tables/build.csv`: a row for every stage of every phase and building."""
    phases: dict[tuple[str, str], dict[str, Any]] = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        where = Mark("build.csv", number)
        try:
            phase = phases.setdefault((row["site"], row["phase"]), {"buildings": {}, "stages": {}, "costs": {}, "final": None, "finish": None})
            if row["cost"]:
                phase["costs"][parse_day(row["from"])] = Money.parse(row["cost"])
            phase["final"] = Money.parse(row["final_cost"]) if row.get("final_cost") else phase["final"]
            finish = row["expected_finish"] or row["planned_finish"]
            into = phase
            if row["building"]:
                into = phase["buildings"].setdefault(row["building"], {"stages": {}, "power": None})
                into["power"] = Decimal(row["power_mw"]) if row["power_mw"] else None
            else:
                phase["finish"] = parse_day(finish) if finish else None
            into["stages"][parse_day(row["from"])] = row["stage"]
        except (KeyError, ValueError, ArithmeticError) as error:
            findings.add("DIB210", f"the row cannot be read: {error}", where, fix="give the table as `dibs run` wrote it")
    sites: dict[str, list[Phase]] = {}
    for (site, name), phase in phases.items():
        buildings = tuple(Building(id=b, power=data["power"], stages=data["stages"]) for b, data in phase["buildings"].items())
        costs = sorted(phase["costs"].items())
        made = Phase(
            id=name,
            cost=costs[0][1] if costs else None,
            restated={day: cost for (_, before), (day, cost) in pairwise(costs) if cost != before},
            final_cost=phase["final"],
            expected_finish=phase["finish"],
            stages=phase["stages"],
            buildings=buildings,
        )
        sites.setdefault(site, []).append(made)
    return tuple(Site(id=site, name=site, phases=tuple(made)) for site, made in sites.items())
