"""What capacity costs: every reservation, month by month, at the price that its grant froze.

A reservation is paid for from its delivery to its end, by the second.  Where the bargain states a take-or-pay share, the
greater of what ran and that share of what was held is paid for; where it states none, all that was held.  Nobody pays
itself: capacity on a buyer's own platform has no charge.  Machines that somebody else operates under a platform's
contract are billed by the platform; the entry names their operator.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from dibs.contract.amend import dated_clauses
from dibs.contract.model import Commitment, Supply
from dibs.procedure.events import (
    AgreementAdopted,
    DeliveryConfirmed,
    EqualTermsOwed,
    Granted,
    GrantEnded,
    OfferServed,
    RequestSubmitted,
    UsageReported,
)
from dibs.quantities import HOUR
from dibs.settle.postings import Detail, Entry, owed
from dibs.settle.rounding import minor, telescope, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from dibs.contract.amend import Dated
    from dibs.quantities import Instant
    from dibs.settle.materials import Materials
    from dibs.settle.rounding import RoundingRule


@dataclass(slots=True)
class Reservation:
    """A grant and what became of it."""

    seq: int
    grant: Granted
    payer: str
    clause: str
    """The supply clause it stands under; else the clause that decided where it may go; else `order:` and the grant, the parties' own bargain."""
    supply: Supply | None
    take_or_pay: Fraction
    """The part that is paid whether taken or not."""
    rounding: RoundingRule
    delivered: list[tuple[Instant, int]] = field(default_factory=list)
    """(from, accelerators that are there)."""
    ends: Instant = 0
    prices: list[tuple[Instant, Decimal]] = field(default_factory=list)

    def quantity(self, at: Instant) -> int:
        """Accelerators held at an instant."""
        index = bisect_right(self.delivered, at, key=lambda step: step[0])
        return self.delivered[index - 1][1] if index and at < self.ends else 0

    def price(self, at: Instant) -> Decimal:
        """The price at an instant, per accelerator-hour."""
        return self.prices[max(0, bisect_right(self.prices, at, key=lambda step: step[0]) - 1)][1]

    def turns(self) -> Iterator[Instant]:
        """Every instant at which what it costs an hour may change."""
        yield from (at for at, _ in self.delivered)
        yield from (at for at, _ in self.prices)
        yield self.ends


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A reservation between two turns: so many accelerators, at so much for all of them in an hour."""

    starts: Instant
    ends: Instant
    quantity: int
    an_hour: Fraction

    @property
    def hours(self) -> Fraction:
        return Fraction(self.quantity * (self.ends - self.starts), HOUR)

    @property
    def cost(self) -> Fraction:
        """In minor units, exact."""
        return self.an_hour * (self.ends - self.starts) / HOUR


class Charges:
    """The charges of a run, a month at a time, as known at an instant."""

    def __init__(self, materials: Materials) -> None:
        """Gather the reservations and the usage once."""
        self._materials = materials
        self._currency = materials.agreement.currency
        self._dated = dated_clauses(materials.agreement)
        self.reservations = _reservations(materials, self._dated)
        self._grouped: dict[str, list[Reservation]] = {}
        for reservation in self.reservations:
            if reservation.supply is not None and reservation.supply.tiers:
                self._grouped.setdefault(reservation.supply.id, []).append(reservation)
        self._usage: dict[str, list[UsageReported]] = {}
        heard: set[str] = set()
        for _, report in materials.of(UsageReported):
            if report.report not in heard:  # a repeat in the same words is the same report
                heard.add(report.report)
                self._usage.setdefault(report.host, []).append(report)
        self._cuts = sorted(set(_cuts(materials, self._dated)))
        adopted = materials.of(AgreementAdopted)
        self._adopted = str(adopted[0][0].seq) if adopted else "agreement"

    def late_reports(self) -> list[tuple[Instant, tuple[Instant, Instant]]]:
        """(made at, the period it is about) of each report made after the month that it is about had been settled."""
        out = []
        for reports in self._usage.values():
            for report in reports:
                month = self._materials.month(report.starts)
                if report.at > self._materials.instant(self._materials.next_month(month)):
                    out.append((report.at, (report.starts, report.ends)))
        return sorted(out)

    def month(self, month: date, starts: Instant, ends: Instant, known: Instant) -> list[Entry]:
        """Every charge and credit of a month, as known at an instant; ids are made from grant and month."""
        stretches: dict[str, list[_Stretch]] = {}
        busy = [r for r in self.reservations if r.delivered and r.delivered[0][0] < ends and r.ends > starts]
        for reservation in busy:
            stretches[reservation.grant.grant] = self._stretches(reservation, starts, ends)
        held: dict[str, Fraction] = {}
        for reservation in busy:
            host = reservation.grant.host
            held[host] = held.get(host, Fraction(0)) + sum((s.hours for s in stretches[reservation.grant.grant]), Fraction(0))
        used = {host: self._used(host, starts, ends, known) for host in held}
        out: list[Entry] = []
        taken: dict[str, Fraction] = {}
        for reservation in busy:
            mine = stretches[reservation.grant.grant]
            hours = sum((s.hours for s in mine), Fraction(0))
            if not hours or reservation.payer == reservation.grant.platform:
                continue
            host_used = used[reservation.grant.host]
            ran = None if host_used is None else min(hours, host_used * hours / held[reservation.grant.host])
            billed = hours if ran is None else max(ran, reservation.take_or_pay * hours)
            if reservation.supply is not None:
                taken[reservation.supply.id] = taken.get(reservation.supply.id, Fraction(0)) + billed
            out += self._entries(reservation, month, mine, billed / hours, ran)
        out += (credit for r in self.reservations for credit in self._late_credit(r, month, starts, ends))
        out += self._untaken(month, starts, ends, taken)
        struck = self._materials.struck(known)
        return [entry for entry in out if entry.id not in struck]

    def ahead(self, reservation: Reservation, known: Instant, until: Instant) -> Fraction:
        """What a reservation will cost from `known` to `until`, in minor units, if all of it is there: for forecasts."""
        grant = reservation.grant
        if grant.at > known or reservation.ends <= known:
            return Fraction(0)
        ends = min(grant.ends, until)
        starts = max(known, grant.starts)
        if ends <= starts:
            return Fraction(0)
        return minor(reservation.price(known), self._currency) * grant.quantity * (ends - starts) / HOUR

    def _stretches(self, reservation: Reservation, starts: Instant, ends: Instant) -> list[_Stretch]:
        group = self._grouped.get(reservation.supply.id, []) if reservation.supply is not None else []
        turns = {t for r in (group or [reservation]) for t in r.turns()} | set(self._cuts)
        points = [starts, *sorted(t for t in turns if starts < t < ends), ends]
        out = []
        for lo, hi in pairwise(points):
            quantity = reservation.quantity(lo)
            if not quantity:
                continue
            if group and reservation.supply is not None:
                before = sum(r.quantity(lo) for r in group[: group.index(reservation)])
                price = _tiered(reservation.supply, before, quantity, reservation.price(lo), self._currency)
            else:
                price = minor(reservation.price(lo), self._currency) * quantity
            out.append(_Stretch(lo, hi, quantity, price))
        return out

    def _used(self, host: str, starts: Instant, ends: Instant, known: Instant) -> Fraction | None:
        """Accelerator-hours that ran on a host, as far as reported; None where nothing was."""
        hours, any_ = Fraction(0), False
        for report in self._usage.get(host, ()):
            overlap = min(ends, report.ends) - max(starts, report.starts)
            if report.at <= known and overlap > 0:
                any_ = True
                hours += Fraction(report.accelerator_hours * overlap, report.ends - report.starts)
        return hours if any_ else None

    def _entries(self, reservation: Reservation, month: date, stretches: list[_Stretch], factor: Fraction, ran: Fraction | None) -> Iterator[Entry]:
        """One entry for each part of the month between two days on which a commitment begins, is measured or ends."""
        grant = reservation.grant
        parts: dict[int, list[_Stretch]] = {}
        for stretch in stretches:
            parts.setdefault(bisect_right(self._cuts, stretch.starts), []).append(stretch)
        exact = [sum((s.cost for s in part), Fraction(0)) * factor for part in parts.values()]
        whole_month = sum((s.hours for s in stretches), Fraction(0))
        for part, cost, amount in zip(parts.values(), exact, telescope(exact, reservation.rounding), strict=True):
            hours = sum((s.hours for s in part), Fraction(0))
            billed = hours * factor
            day = self._materials.day(part[0].starts)
            first = self._materials.month(part[0].starts) == day or part is next(iter(parts.values()))
            behalf = "" if grant.operator == grant.platform else f" on machines of {grant.operator}"
            yield Entry(
                id=f"charge/{grant.grant}/{month:%Y-%m}" + ("" if first else f"/{day.day:02}"),
                kind="charge",
                says=f"{grant.workload_class} on {grant.host}{behalf}, {grant.grant}, {month:%B %Y}",
                valid_from=part[0].starts,
                valid_to=part[-1].ends,
                recorded=0,
                clause=reservation.clause,
                decision=str(reservation.seq),
                postings=owed(reservation.payer, grant.platform, "charges", amount, self._currency),
                counterparties=(reservation.payer, grant.platform),
                detail=Detail(
                    grant=grant.grant,
                    request=grant.request,
                    host=grant.host,
                    platform=grant.platform,
                    operator=grant.operator,
                    sku=grant.sku,
                    workload_class=grant.workload_class,
                    region=next(iter(self._materials.agreement.hosts[grant.host].regions), "")
                    if grant.host in self._materials.agreement.hosts
                    else "",
                    quantity=part[-1].quantity,
                    reserved_hours=decimal(hours, 6),
                    used_hours=None if ran is None else decimal(ran * hours / whole_month, 6),
                    billed_hours=decimal(billed, 6),
                    price=decimal(cost / billed / minor(Decimal(1), self._currency), 10) if billed else Decimal(0),
                    list_price=grant.price,
                ),
            )

    def _late_credit(self, reservation: Reservation, month: date, starts: Instant, ends: Instant) -> Iterator[Entry]:
        """What a supply clause takes off for each day that part of a grant is late."""
        supply, grant = reservation.supply, reservation.grant
        if supply is None or not supply.late_credit or reservation.payer == grant.platform:
            return
        since = max(starts, grant.deliver_by + int(supply.delivery_tolerance.total_seconds()))
        until = min(ends, reservation.ends)
        points = [since, *sorted({at for at, _ in reservation.delivered if since < at < until}), until]
        cost = Fraction(0)
        for lo, hi in pairwise(points):
            if lo < hi:
                missing = max(0, grant.quantity - reservation.quantity(lo))
                cost += minor(reservation.price(lo), self._currency) * missing * (hi - lo) / HOUR * Fraction(supply.late_credit)
        amount = whole(cost, reservation.rounding)
        if amount:
            yield Entry(
                id=f"late_credit/{grant.grant}/{month:%Y-%m}",
                kind="late_credit",
                says=f"Credit for late delivery of {grant.grant}, {month:%B %Y}",
                valid_from=since,
                valid_to=until,
                recorded=0,
                clause=supply.id,
                decision=str(reservation.seq),
                postings=owed(reservation.payer, grant.platform, "late_credit", -amount, self._currency),
                counterparties=(reservation.payer, grant.platform),
            )

    def _untaken(self, month: date, starts: Instant, ends: Instant, taken: dict[str, Fraction]) -> Iterator[Entry]:
        """Take or pay under a supply clause with its own steps: (the share of what is held ready, less what was paid for) at its price (T21).

        What was promised and is not there yet is not held ready: nobody pays for a delivery that is late.
        """
        for row in self._dated:
            supply = row.clause
            if not isinstance(supply, Supply) or not supply.steps or not supply.take_or_pay or supply.price is None:
                continue
            lo = starts if row.starts is None else max(starts, self._materials.instant(row.starts))
            hi = ends if row.ends is None else min(ends, self._materials.instant(row.ends))
            steps = sorted((self._materials.instant(day), quantity) for day, quantity in supply.steps.items())
            deliverable = Fraction(0)
            for index, (at, quantity) in enumerate(steps):
                after = steps[index + 1][0] if index + 1 < len(steps) else hi
                deliverable += Fraction(quantity * max(0, min(hi, after) - max(lo, at)), HOUR)
            late = sum((self._not_there(r, lo, hi) for r in self.reservations if r.supply is not None and r.supply.id == supply.id), Fraction(0))
            missing = max(Fraction(0), deliverable - late) * Fraction(supply.take_or_pay) - taken.get(supply.id, Fraction(0))
            amount = whole(missing * minor(supply.price.amount, self._currency), supply.rounding)
            if amount > 0:
                yield Entry(
                    id=f"take_or_pay/{supply.id}/{month:%Y-%m}",
                    kind="take_or_pay",
                    says=f"Payable though not taken: {decimal(missing, 2):f} accelerator-hours, {month:%B %Y}",
                    valid_from=lo,
                    valid_to=hi,
                    recorded=0,
                    clause=supply.id,
                    decision=self._adopted,
                    postings=owed(supply.buyer, supply.supplier, "take_or_pay", amount, self._currency),
                    counterparties=(supply.buyer, supply.supplier),
                )

    @staticmethod
    def _not_there(reservation: Reservation, starts: Instant, ends: Instant) -> Fraction:
        """Accelerator-hours of a period that were promised by its grant and not delivered."""
        lo, hi = max(starts, reservation.grant.starts), min(ends, reservation.ends)
        points = [lo, *sorted({at for at, _ in reservation.delivered if lo < at < hi}), hi]
        missing = Fraction(0)
        for since, until in pairwise(points):
            if since < until:
                missing += Fraction(max(0, reservation.grant.quantity - reservation.quantity(since)) * (until - since), HOUR)
        return missing


def decimal(exact: Fraction, digits: int) -> Decimal:
    """An exact number to so many digits after the point: for rows and exports, never for money."""
    return Decimal(whole(exact * 10**digits)).scaleb(-digits)


def _tiered(supply: Supply, before: int, quantity: int, base: Decimal, currency: str) -> Fraction:
    """What accelerators number `before` to `before + quantity` cost in an hour: each at the price of the tier that it falls in."""
    tiers = sorted(supply.tiers.items())
    bounds = [0, *(start for start, _ in tiers if start > 0)]
    cost = Fraction(0)
    for index, lo in enumerate(bounds):
        hi = bounds[index + 1] if index + 1 < len(bounds) else before + quantity
        count = max(0, min(hi, before + quantity) - max(lo, before))
        under = [money.amount for start, money in tiers if start <= lo]
        cost += minor(under[-1] if under else base, currency) * count
    return cost


def _cuts(materials: Materials, dated: Sequence[Dated]) -> Iterable[Instant]:
    """The instants at which a commitment begins, is measured, loses credit or ends: no charge lies across one."""
    for row in dated:
        if isinstance(row.clause, Commitment):
            days = [day for day in (row.starts, row.ends) if day is not None]
            days += row.clause.milestones
            yield from (materials.instant(day) for day in days)
            if row.clause.make_up_within is not None:
                later = int(row.clause.make_up_within.total_seconds())
                yield from (materials.instant(day) + later for day in days)


def _reservations(materials: Materials, dated: Sequence[Dated]) -> list[Reservation]:
    buyers = {event.request.id: event.request.party for _, event in materials.of(RequestSubmitted)}
    shares = {event.offer: event.terms.take_or_pay for _, event in materials.of(OfferServed)}
    supplies = [row for row in dated if isinstance(row.clause, Supply)]
    out: dict[str, Reservation] = {}
    for seen, grant in materials.of(Granted):
        payer = buyers.get(grant.request, "")
        supply = _supply_of(materials, supplies, grant, payer)
        share = shares.get(grant.offer) if grant.offer else None
        if share is None and supply is not None and (supply.price or supply.tiers or supply.steps or supply.take_or_pay):
            share = supply.take_or_pay
        decided = next((because.clause for because in grant.because if because.clause), "")
        out[grant.grant] = Reservation(
            seq=seen.seq,
            grant=grant,
            payer=payer,
            clause=supply.id if supply is not None else decided or f"order:{grant.grant}",
            supply=supply,
            take_or_pay=Fraction(1) if share is None else Fraction(share),
            rounding=supply.rounding if supply is not None else "half_even",
            ends=grant.ends,
            prices=[(grant.at, grant.price)],
        )
    for seen in materials.seen:
        match seen.event:
            case DeliveryConfirmed() as event if event.grant in out:
                held = out[event.grant]
                held.delivered.append((max(event.at, held.grant.starts), event.quantity))
            case GrantEnded() as event if event.grant in out:
                out[event.grant].ends = min(out[event.grant].ends, event.at)
            case EqualTermsOwed() as event if event.adjusted and event.grant in out:
                out[event.grant].prices.append((event.at, event.price))
            case _:
                pass
    return list(out.values())


def _supply_of(materials: Materials, supplies: Sequence[Dated], grant: Granted, payer: str) -> Supply | None:
    """The supply clause that a grant stands under: same buyer, host and hardware, in force when it was granted or begins."""
    for row in supplies:
        supply = row.clause
        if not isinstance(supply, Supply) or supply.host != grant.host or supply.buyer != payer or supply.sku not in {None, grant.sku}:
            continue
        if row.covers(materials.day(grant.at)) or row.covers(materials.day(grant.starts)):
            return supply
    return None
