"""Revenue shares: a rate of a reported base, up to a cap, some of it paid later.

A figure is spread over its period by the second and cut wherever a month begins and wherever another text of the clause
takes over, so a change inside a month is exact; what the parts of a figure come to is rounded so that they sum to the
whole however it is cut.  A base is reported as a whole (`revenue`) or by channel (`revenue/own_api`); a clause that names
channels shares those only.  In a period that was reported as a whole and by channel, a clause without channels takes the
whole.

A cap counts what is owed for periods from `cap_counts_from` on, in the order of the periods, stretched payments included
(they will be cash); so it can never be passed by a payment that falls due later.  The last share is exactly what is left.
Cash is paid when the share is settled, which is as soon as the figure is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from dibs.contract.amend import dated_clauses
from dibs.contract.model import RevenueShare
from dibs.procedure.events import SignalRecorded, TriggerFired
from dibs.quantities import iso
from dibs.settle.postings import Entry, Posting, paid
from dibs.settle.rounding import minor, telescope, whole
from dibs.settle.rows import NetRow, ShareRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from dibs.quantities import Instant
    from dibs.settle.materials import Materials, Seen
    from dibs.settle.rounding import RoundingRule


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a share clause and the half-open period in which it is in force."""

    clause: RevenueShare
    by: str
    starts: Instant
    ends: Instant


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a figure inside one month and under one text: what it comes to."""

    text: Text
    month: date
    channel: str
    starts: Instant
    ends: Instant
    base: int
    owed: int
    """Rate times base, the cap aside."""
    cut: int
    """What the cap leaves out of it."""
    cap_left: int | None
    seen: Seen

    @property
    def accrued(self) -> int:
        """What is owed for it."""
        return self.owed - self.cut

    @property
    def cash(self) -> int:
        """What is paid at once."""
        return whole(Fraction(self.accrued) * Fraction(self.text.clause.cash_share), self.text.clause.rounding)


def texts(materials: Materials, known: Instant) -> dict[str, list[Text]]:
    """The texts of every share clause as known at an instant, ended early where a trigger had fired by then."""
    fired: dict[str, Instant] = {}
    for _, event in materials.of(TriggerFired):
        if event.at <= known:
            for clause in event.ends:
                fired.setdefault(clause, event.at)
    out: dict[str, list[Text]] = {}
    for row in dated_clauses(materials.agreement, materials.day(known)):
        if not isinstance(row.clause, RevenueShare):
            continue
        starts = materials.instant(row.starts) if row.starts is not None else 0
        ends = materials.instant(row.ends) if row.ends is not None else 2**62
        if row.clause.id in fired and starts < fired[row.clause.id]:
            ends = min(ends, fired[row.clause.id])
        out.setdefault(row.clause.id, []).append(Text(row.clause, row.by, starts, ends))
    return out


def figures(materials: Materials, party: str, base: str, known: Instant) -> list[tuple[Seen, SignalRecorded, str]]:
    """(entry, figure, channel) of a base as known at an instant, in the order of periods; a restated period as last stated."""
    latest: dict[tuple[str, Instant, Instant], tuple[Seen, SignalRecorded, str]] = {}
    for seen, figure in materials.of(SignalRecorded):
        name, _, channel = figure.signal.partition("/")
        if figure.party == party and name == base and figure.at <= known:
            latest[channel, figure.since, figure.until] = (seen, figure, channel)
    return sorted(latest.values(), key=lambda row: (row[1].since, row[1].until, row[2]))


def parts(materials: Materials, written: list[Text], known: Instant) -> list[Part]:
    """Every part of a share clause as known at an instant, in the order of time, with the cap applied in that order."""
    loose: list[tuple[Text, date, str, Instant, Instant, int, int, Seen]] = []
    for payer, base in dict.fromkeys((text.clause.payer, text.clause.base) for text in written):
        mine = [text for text in written if (text.clause.payer, text.clause.base) == (payer, base)]
        stated = figures(materials, payer, base, known)
        wholes = [(figure.since, figure.until) for _, figure, channel in stated if not channel]
        for seen, figure, channel in stated:
            in_whole = any(since < figure.until and figure.since < until for since, until in wholes)
            loose += _parts_of(materials, mine, seen, figure, channel, in_whole=bool(channel) and in_whole)
    loose.sort(key=lambda part: (part[3], part[2], part[4]))
    out: list[Part] = []
    struck = materials.struck(known)
    for text, month, channel, starts, ends, base_part, by_rate, seen in loose:
        owed_part = 0 if f"revenue_share/{_name(materials, text.clause.id, month, channel, starts)}" in struck else by_rate
        cut, left = 0, None
        if text.clause.cap is not None:
            cap = whole(minor(text.clause.cap.amount, materials.agreement.currency), text.clause.rounding)
            since = text.starts if text.clause.cap_counts_from is None else materials.instant(text.clause.cap_counts_from)
            room = max(0, cap - sum(part.accrued for part in out if part.starts >= since)) if starts >= since else owed_part
            cut = max(0, owed_part - room)
            left = cap - sum(part.accrued for part in out if part.starts >= since) - (owed_part - cut if starts >= since else 0)
        out.append(Part(text, month, channel, starts, ends, base_part, owed_part, cut, left, seen))
    return out


def _name(materials: Materials, clause: str, month: date, channel: str, starts: Instant) -> str:
    """What a part is called in the ids of its entries."""
    name = f"{clause}/{month:%Y-%m}" + (f"/{channel}" if channel else "")
    return name if starts == materials.instant(month) else f"{name}/{materials.day(starts).day:02}"


def _parts_of(
    materials: Materials, written: list[Text], seen: Seen, figure: SignalRecorded, channel: str, *, in_whole: bool
) -> Iterable[tuple[Text, date, str, Instant, Instant, int, int, Seen]]:
    """A figure cut by months and by texts; stretches under no text, or in no shared channel, are left out after rounding."""
    total = minor(figure.value, materials.agreement.currency)
    cuts = {t for text in written for t in (text.starts, text.ends)}
    cuts |= {starts for _, starts, _ in materials.months(figure.since, figure.until)}
    cuts |= {materials.instant(t.clause.cap_counts_from) for t in written if t.clause.cap_counts_from is not None}
    points = [figure.since, *sorted(c for c in cuts if figure.since < c < figure.until), figure.until]
    stretches = list(pairwise(points))
    bases = [total * (hi - lo) / (figure.until - figure.since) for lo, hi in stretches]
    under: list[Text | None] = []
    for lo, _ in stretches:
        text = next((t for t in reversed(written) if t.starts <= lo < t.ends), None)
        if text is not None and (channel not in text.clause.channels if text.clause.channels else in_whole):
            text = None
        under.append(text)
    owed_exact = [
        Fraction(0) if text is None or text.clause.rate is None else base * Fraction(text.clause.rate)
        for text, base in zip(under, bases, strict=True)
    ]
    rule: RoundingRule = next((text.clause.rounding for text in under if text is not None), "half_even")
    rows = zip(stretches, under, telescope(bases), telescope(owed_exact, rule), strict=True)
    for (lo, hi), text, base, owed_part in rows:
        if text is not None and text.clause.rate is not None:
            yield text, materials.month(lo), channel, lo, hi, base, owed_part, seen


class Shares:
    """Every revenue share of a run, settled whenever something about it becomes known."""

    def __init__(self, materials: Materials) -> None:
        """Find out when there is anything to settle."""
        self._materials = materials
        self._live: dict[str, list[str]] = {}
        self._parts: dict[str, list[Part]] = {}

    def instants(self) -> list[Instant]:
        """When a figure, an amendment, a trigger or a due day may change what is owed."""
        out = {event.at for _, event in self._materials.of(SignalRecorded)} | {event.at for _, event in self._materials.of(TriggerFired)}
        out |= {dispute.struck_at for dispute in self._materials.disputes if dispute.struck_at is not None}
        for amendment in self._materials.agreement.amendments:
            out.add(self._materials.instant(amendment.signed))
        for row in dated_clauses(self._materials.agreement):
            if isinstance(row.clause, RevenueShare):
                due = row.clause.deferred_until or row.ends
                if due is not None:
                    out.add(self._materials.instant(due))
        return sorted(at for at in out if at <= self._materials.until)

    def at(self, known: Instant) -> tuple[list[Entry], list[str]]:
        """(what ought to stand at an instant, the ids it stands in place of)."""
        wanted: list[Entry] = []
        before = [key for keys in self._live.values() for key in keys]
        self._live, self._parts = {}, {}
        for clause, written in texts(self._materials, known).items():
            self._parts[clause] = parts(self._materials, written, known)
            for part in self._parts[clause]:
                wanted += self._entries(part, known)
            self._live[clause] = []
        for entry in wanted:
            self._live.setdefault(entry.clause, []).append(entry.id)
        return wanted, [key for key in before if key not in {entry.id for entry in wanted}]

    def _due(self, part: Part) -> Instant:
        day = part.text.clause.deferred_until
        return part.text.ends if day is None else self._materials.instant(day)

    def _entries(self, part: Part, known: Instant) -> Iterable[Entry]:
        clause, currency = part.text.clause, self._materials.agreement.currency
        payer, payee = clause.payer, clause.payee
        name = _name(self._materials, clause.id, part.month, part.channel, part.starts)
        later = part.accrued - part.cash
        of = f" ({part.channel})" if part.channel else ""
        limit = ", as far as the cap leaves room" if part.cut else ""
        common = {"valid_from": part.starts, "valid_to": part.ends, "recorded": 0, "clause": clause.id, "decision": str(part.seen.seq)}
        lines = [
            Posting(account=f"{payer}:expense:revenue_share", amount=part.accrued, currency=currency),
            Posting(account=f"{payer}:payable:{payee}", amount=-part.cash, currency=currency),
            Posting(account=f"{payee}:receivable:{payer}", amount=part.cash, currency=currency),
            Posting(account=f"{payee}:revenue:revenue_share", amount=-part.accrued, currency=currency),
        ]
        if later:
            lines += (
                Posting(account=f"{payer}:deferred_payable:{payee}", amount=-later, currency=currency),
                Posting(account=f"{payee}:deferred_receivable:{payer}", amount=later, currency=currency),
            )
        percent = f"{(clause.rate or 0) * 100:f}".rstrip("0").rstrip(".")
        yield Entry(
            id=f"revenue_share/{name}",
            kind="revenue_share",
            says=f"{percent} % of {clause.base}{of}, {part.month:%B %Y}{limit}",
            postings=tuple(lines),
            counterparties=(payer, payee),
            **common,  # type: ignore[arg-type]
        )
        yield Entry(
            id=f"payment/{name}",
            kind="payment",
            says=f"Share of {part.month:%B %Y} paid",
            postings=paid(payer, payee, part.cash, currency),
            counterparties=(payer, payee),
            settles=f"revenue_share/{name}",
            **common,  # type: ignore[arg-type]
        )
        due = self._due(part)
        if later and due <= known:
            postings = (
                Posting(account=f"{payer}:deferred_payable:{payee}", amount=later, currency=currency),
                Posting(account=f"{payer}:cash", amount=-later, currency=currency),
                Posting(account=f"{payee}:cash", amount=later, currency=currency),
                Posting(account=f"{payee}:deferred_receivable:{payer}", amount=-later, currency=currency),
            )
            yield Entry(
                id=f"deferral_due/{name}",
                kind="deferral_due",
                says=f"Stretched part of the share of {part.month:%B %Y} falls due on {iso(due)[:10]} and is paid",
                postings=postings,
                counterparties=(payer, payee),
                settles=f"revenue_share/{name}",
                **common,  # type: ignore[arg-type]
            )

    def rows(self, known: Instant) -> tuple[ShareRow, ...]:
        """Every row as known at an instant, by clause and in the order of time."""
        out: list[ShareRow] = []
        for clause, written in texts(self._materials, known).items():
            falls_due: dict[tuple[date, str], tuple[Text, int]] = {}
            mine = parts(self._materials, written, known)
            merged: dict[tuple[date, str, str], list[Part]] = {}
            for part in mine:
                merged.setdefault((part.month, part.channel, part.text.by), []).append(part)
                if self._due(part) <= known and part.accrued != part.cash:
                    key = (self._materials.month(self._due(part)), part.text.by)
                    falls_due[key] = (part.text, falls_due.get(key, (part.text, 0))[1] + part.accrued - part.cash)
            for (month, channel, by), group in merged.items():
                text = group[0].text.clause
                accrued, cash = sum(p.accrued for p in group), sum(p.cash for p in group)
                out.append(
                    ShareRow(
                        clause=clause,
                        by=by,
                        payer=text.payer,
                        payee=text.payee,
                        currency=self._materials.agreement.currency,
                        month=month,
                        channel=channel,
                        base=sum(p.base for p in group),
                        accrued=accrued,
                        paid=cash,
                        deferred=accrued - cash,
                        cut=sum(p.cut for p in group),
                        cap_left=group[-1].cap_left,
                    )
                )
            for (month, _), (under, amount) in falls_due.items():
                out.append(
                    ShareRow(
                        clause=clause,
                        by=under.by,
                        payer=under.clause.payer,
                        payee=under.clause.payee,
                        currency=self._materials.agreement.currency,
                        month=month,
                        channel="",
                        base=0,
                        accrued=0,
                        paid=amount,
                        deferred=-amount,
                        cut=0,
                        cap_left=None,
                    )
                )
        return tuple(out)


def nets(rows: Iterable[ShareRow]) -> tuple[NetRow, ...]:
    """What each two parties share with each other, by month: gross both ways, as it accrues."""
    flows: dict[tuple[date, str, str, str], list[int]] = {}
    for row in rows:
        first, second = sorted((row.payer, row.payee))
        both = flows.setdefault((row.month, first, second, row.currency), [0, 0])
        both[row.payer != first] += row.accrued
    return tuple(
        NetRow(month=month, first=first, second=second, currency=currency, first_pays=pays[0], second_pays=pays[1])
        for (month, first, second, currency), pays in sorted(flows.items())
        if any(pays)
    )
