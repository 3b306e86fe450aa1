"""The live book as the report reads a run: the same tables, made from the journal and the state, so that the same pictures show it.

What has happened up to now is fact; what is promised and wanted after that is forecast.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from dibs.contract import amend
from dibs.decisions.compile import Compiled  # noqa: TC001 - a field of a dataclass
from dibs.procedure.events import AgreementAdopted
from dibs.quantities import DAY, HOUR, day_of, instant_of, iso
from dibs.report import offers as offer_pictures
from dibs.report.folder import RunFolder, parse_day
from dibs.report.timeline import Timeline
from dibs.simulate import history as histories
from dibs.simulate.history import History

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from dibs.contract.model import Agreement
    from dibs.report.folder import Row
    from dibs.report.offers import Bar
    from dibs.report.palette import Palette
    from dibs.service.front import Front

__all__ = ["parse_day"]

AHEAD = 24
"""Months ahead that pictures show at the most."""
LARGE = 5_000
"""Needs from which on a book is large."""
CHUNK = 500
"""Entries that are read between two looks at who else waits."""


@dataclass(slots=True)
class Told:
    """What the journal of a front has told so far."""

    history: History = field(default_factory=History)
    compiled: dict[str, Compiled] = field(default_factory=dict)
    one: asyncio.Lock = field(default_factory=asyncio.Lock)
    months: Months | None = None
    months_of: tuple[int, date] | None = None
    """For how many entries and which day the months were made."""
    months_at: float = 0.0


KEPT: WeakKeyDictionary[Front, Told] = WeakKeyDictionary()
"""What was read is kept, and read on from there."""


async def told(front: Front) -> History:
    """What the journal tells about every need, notice and grant, up to now."""
    known = KEPT.setdefault(front, Told())
    store, history = front.office.store, known.history
    async with known.one:
        while (first := history.entries) < store.size:
            entries = store.read(range(first, min(first + CHUNK, store.size)))
            digests = {event.digest for entry in entries for event in entry.events if isinstance(event, AgreementAdopted)}
            histories.go_on(history, entries, {digest: front.agreement(digest) for digest in digests - set(known.compiled)}, known.compiled)
            await asyncio.sleep(0)
    return history


# --- the tables


@dataclass(frozen=True, slots=True)
class Month:
    """A month ahead: what is wanted, what is promised or there, and what is missing."""

    first: date
    wanted: int
    unmet: int


@dataclass(frozen=True, slots=True)
class Months:
    """Month by month, by host and class what runs or is promised, and by class what is wanted."""

    days: tuple[date, ...]
    running: Mapping[tuple[str, str], tuple[int, ...]]
    wanted: Mapping[str, tuple[int, ...]]
    served: Mapping[str, tuple[int, ...]]
    unmet: Mapping[str, tuple[int, ...]]

    def shortage(self, today: date, ahead: int) -> list[Month]:
        """The months after this one in which something is wanted."""
        first = today.replace(day=1)
        coming = [n for n, day in enumerate(self.days) if day > first][:ahead]
        rows = [Month(self.days[n], sum(row[n] for row in self.wanted.values()), sum(row[n] for row in self.unmet.values())) for n in coming]
        return [row for row in rows if row.wanted]


async def months(front: Front) -> Months:
    """Supply against demand, from the first need on to where the last one ends, two years ahead at the most.

    Of a large book they may be a minute old.
    """
    history = await told(front)
    known, now, zone = KEPT[front], front.office.now(), front.office.agreement.zone
    stands_for = (history.entries, day_of(now, zone))
    young = len(history.needs) > LARGE and time.monotonic() - known.months_at < 60
    if known.months is None or (known.months_of != stands_for and not young):
        known.months, known.months_of, known.months_at = months_of(history, now, zone), stands_for, time.monotonic()
    return known.months


def months_of(history: History, now: int, zone: ZoneInfo) -> Months:
    """The same of a history, as it stands at an instant."""
    needs = history.needs.values()
    if not needs:
        return Months((), {}, {}, {}, {})
    today = day_of(now, zone)
    first = min(today, *(day_of(need.asked_at, zone) for need in needs)).replace(day=1)
    last = min(max(day_of(need.asked.start_latest + _length(need.asked), zone) for need in needs), later(today, AHEAD))
    days = tuple(_months(first, max(last, later(today, 1))))
    instants = [instant_of(day, zone) for day in days]
    size = len(days)
    running: dict[tuple[str, str], list[int]] = {}
    wanted: dict[str, list[int]] = {}
    served: dict[str, list[int]] = {}
    unmet: dict[str, list[int]] = {}
    for name, need in history.needs.items():
        request = history.state.requests.get(name)
        kind = need.asked.workload_class
        rows = [table.setdefault(kind, [0] * size) for table in (wanted, served, unmet)]
        grants = [history.grants[grant] for grant in need.grants]
        starts = min((grant.granted.starts for grant in grants), default=need.asked.start_latest)
        starts = min(starts, need.asked.start_latest)
        ends = starts + _length(need.asked)
        sought = 0 if request is None or request.status == "cancelled" else need.asked.quantity
        for n in range(bisect_left(instants, starts), size):
            there = 0
            for grant in grants:
                granted = grant.granted
                held = grant.ended_at is None or instants[n] < grant.ended_at
                promised = granted.quantity if held and granted.starts <= instants[n] < granted.ends else 0
                here = grant.running(instants[n]) if instants[n] <= now else promised
                there += here
                if here:
                    running.setdefault((granted.host, kind), [0] * size)[n] += here
            want = max(sought if instants[n] < ends else 0, there)
            rows[0][n] += want
            rows[1][n] += there
            rows[2][n] += want - there
    return Months(days, _frozen(running), _frozen(wanted), _frozen(served), _frozen(unmet))


def _length(asked: Any) -> int:
    return int((asked.months * 730 + asked.hours) * HOUR)


def _frozen(table: Mapping[Any, list[int]]) -> dict[Any, tuple[int, ...]]:
    return {key: tuple(row) for key, row in table.items()}


def _months(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = later(first, 1)


def later(day: date, months: int) -> date:
    """The first day of the month so many months later."""
    return date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)


async def folder(front: Front, *, extra: Mapping[str, tuple[Row, ...]] | None = None) -> RunFolder:
    """The live book as a run: everything that the report's pictures read.  `extra` are tables made elsewhere."""
    history = await told(front)
    agreement, zone, now = front.office.agreement.agreement, front.office.agreement.zone, front.office.now()
    shown = await months(front)
    today = day_of(now, zone)
    tables: dict[str, tuple[Row, ...]] = {
        "versions": tuple(_versions(agreement)),
        "clauses": tuple(_clauses(agreement)),
        "requests": tuple(_requests(history, zone, history.needs)),
        "offers": tuple(_offers(history, history.offers)),
        "grants": tuple(_grants(history, zone)),
        "capacity": tuple(_capacity(shown, agreement)),
        "demand": tuple(_demand(shown)),
        **(extra or {}),
    }
    first = shown.days[0] if shown.days else today.replace(day=1)
    until = later(shown.days[-1], 1) if shown.days else later(today, 1)
    return RunFolder(Path(), _summary(agreement, first, until, today), tables)


def _summary(agreement: Agreement, first: date, until: date, today: date) -> dict[str, Any]:
    return {
        "agreement": {"id": agreement.id, "title": agreement.title, "currency": agreement.currency, "digest": agreement.digest},
        "horizon": {"from": first.isoformat(), "until": until.isoformat()},
        "known_until": min(max(today, first), until).isoformat(),
        "parties": [{"id": party.id, "name": party.name, "role": party.role} for party in agreement.parties.values()],
        "hosts": [{"id": host.id, "platform": host.platform, "operator": host.operator} for host in agreement.hosts.values()],
    }


def of_agreement(agreement: Agreement, today: date) -> RunFolder:
    """The agreement alone, without anything that was done under it."""
    tables = {"versions": tuple(_versions(agreement)), "clauses": tuple(_clauses(agreement))}
    return RunFolder(Path(), _summary(agreement, today, later(today, 1), today), tables)


def with_tables(run: RunFolder, tables: Mapping[str, tuple[Row, ...]]) -> RunFolder:
    """The same with other tables."""
    return replace(run, tables=tables)


def stretched(run: RunFolder, first: date, until: date, *, known: date | None = None) -> RunFolder:
    """The same over other days; `known` is the first day of the forecast."""
    known = min(max(known or run.known_until, first), until)
    return replace(run, run={**run.run, "horizon": {"from": first.isoformat(), "until": until.isoformat()}, "known_until": known.isoformat()})


def _versions(agreement: Agreement) -> Iterator[Row]:
    for made in sorted(agreement.amendments, key=lambda amendment: amendment.effective):
        yield {
            "version": made.id,
            "signed": made.signed.isoformat(),
            "effective": made.effective.isoformat(),
            "binding": "true" if made.binding else "false",
            "says": made.says,
        }


def _clauses(agreement: Agreement) -> Iterator[Row]:
    for dated in amend.dated_clauses(agreement):
        clause = dated.clause
        yield {
            "clause": clause.id,
            "kind": clause.kind,
            "says": clause.says,
            "starts": dated.starts.isoformat() if dated.starts else "",
            "ends": dated.ends.isoformat() if dated.ends else "",
            "by": dated.by,
            "where": str(clause.mark),
            "confidence": clause.confidence or "",
        }


def _requests(history: History, zone: ZoneInfo, names: Iterable[str]) -> Iterator[Row]:
    for name in names:
        need = history.needs[name]
        request = history.state.requests.get(name)
        if request is None:
            continue
        yield {
            "request": name,
            "asked_on": day_of(need.asked_at, zone).isoformat(),
            "class": need.asked.workload_class,
            "sku": need.asked.sku,
            "quantity": str(need.asked.quantity),
            "status": request.status,
            "granted": str(request.granted),
            "clause": need.clause,
            "hosts": " ".join(dict.fromkeys(history.grants[grant].granted.host for grant in need.grants)),
            "why": need.why,
        }


def _offers(history: History, names: Iterable[str]) -> Iterator[Row]:
    for name in names:
        story = history.offers[name]
        served, offer = story.served, history.state.offers[name]
        yield {
            "offer": name,
            "request": served.request,
            "clause": served.clause,
            "right": served.right,
            "holder": served.holder,
            "quantity": str(served.terms.quantity or 0),
            "served_on": iso(served.at),
            "respond_by": iso(offer.respond_by),
            "answered_on": iso(story.answered_at) if story.answered_at is not None else "",
            "outcome": offer.status,
            "exercised": str(offer.taken),
            "reason": offer.reason or "none",
            "market_until": iso(story.market_until) if story.market_until is not None else "",
            "reoffer": "true" if served.reoffer else "false",
            "got_by": " ".join(dict.fromkeys(history.grants[grant].granted.platform for grant in story.grants)),
            "entry": str(story.entry),
        }


def _grants(history: History, zone: ZoneInfo) -> Iterator[Row]:
    for name, story in history.grants.items():
        made = story.granted
        yield {
            "grant": name,
            "request": made.request,
            "offer": made.offer,
            "host": made.host,
            "platform": made.platform,
            "operator": made.operator,
            "class": made.workload_class,
            "sku": made.sku,
            "quantity": str(made.quantity),
            "starts": day_of(made.starts, zone).isoformat(),
            "ends": day_of(made.ends, zone).isoformat(),
            "price": f"{made.price:f}",
            "delivered_on": day_of(story.full_at, zone).isoformat() if story.full_at is not None else "",
            "on_time": "" if story.on_time is None else "true" if story.on_time else "false",
            "entry": str(story.entry),
        }


def _capacity(shown: Months, agreement: Agreement) -> Iterator[Row]:
    for n, day in enumerate(shown.days):
        for (host, kind), row in shown.running.items():
            place = agreement.hosts.get(host)
            if row[n] and place is not None:
                yield {
                    "month": day.isoformat(),
                    "platform": place.platform,
                    "operator": place.operator,
                    "host": host,
                    "class": kind,
                    "active": str(row[n]),
                }


def _demand(shown: Months) -> Iterator[Row]:
    for n, day in enumerate(shown.days):
        for kind, row in shown.wanted.items():
            if row[n]:
                numbers = {"wanted": str(row[n]), "served": str(shown.served[kind][n]), "unmet": str(shown.unmet[kind][n])}
                yield {"month": day.isoformat(), "class": kind, **numbers}


# --- one need as a lane


@dataclass(frozen=True, slots=True)
class Lane:
    """One need over time: an axis of its own, its notices as bars, what became of it, and where now is."""

    axis: Timeline
    bars: tuple[Bar, ...]
    verdict: str
    starts: float
    latest: float
    asked: float
    now: float
    alternative: str
    grants: tuple[tuple[float, str, str, bool], ...]
    """Where on the axis something was granted, to whom, in which fill, and whether text on it is white."""


async def lane(front: Front, name: str, palette: Palette) -> Lane | None:
    """The lane of one need; none where it is not on record."""
    history = await told(front)
    need = history.needs.get(name)
    if need is None:
        return None
    zone, now = front.office.agreement.zone, front.office.now()
    rows = tuple(_offers(history, need.offers))
    ends = [need.asked.start_latest, need.asked_at + 30 * DAY, now]
    ends += [at for offer in need.offers for at in (history.state.offers[offer].respond_by, history.offers[offer].market_until) if at]
    granted = [history.grants[grant] for grant in need.grants]
    first = day_of(need.asked_at, zone) - timedelta(days=2)
    last = day_of(max(ends), zone) + timedelta(days=5)
    run = stretched(of_agreement(front.office.agreement.agreement, day_of(now, zone)), first, last)
    run = with_tables(run, {**run.tables, "offers": rows, "requests": tuple(_requests(history, zone, (name,)))})
    axis = Timeline.of(run)
    shown = offer_pictures.view(run, axis, palette)
    bars = shown.lanes[0].bars if shown else ()
    verdict = shown.lanes[0].verdict if shown else ""
    marks = []
    for story in granted:
        ink = palette.platform(story.granted.platform)
        marks.append(
            (
                _x(axis, history.state.grants[story.granted.grant].promised_at),
                f"{story.granted.quantity:,} promised by {ink.name}",
                ink.fill,
                ink.white,
            )
        )
    return Lane(
        axis=axis,
        bars=bars,
        verdict=verdict,
        starts=_x(axis, need.asked.start_earliest),
        latest=_x(axis, need.asked.start_latest),
        asked=_x(axis, need.asked_at),
        now=_x(axis, now),
        alternative="; ".join(bar.title for bar in bars) or "Nobody was asked yet.",
        grants=tuple(marks),
    )


def _x(axis: Timeline, at: int) -> float:
    """Where an instant stands on the axis, to a hundredth of a day."""
    return offer_pictures.place(axis, datetime.fromtimestamp(at, UTC).isoformat()) or 0.0
