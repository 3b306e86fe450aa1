"""What the clauses on money come to, as far as grants and figures show it: exact amounts, before any ledger.

Only what is recorded is counted, and nothing is rounded.  A grant counts with what was delivered of it, from its start
on, used or not; a figure counts wholly for the clause that is in force on its last day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from dibs.contract.amend import dated_clauses
from dibs.contract.model import Commitment, RevenueShare, Trigger
from dibs.procedure.agreed import Agreed
from dibs.quantities import HOUR, day_of, instant_of

if TYPE_CHECKING:
    from dibs.contract.amend import Dated
    from dibs.decisions.compile import Compiled
    from dibs.procedure.state import Grant, State
    from dibs.quantities import Instant

_NOUGHT = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """How a commitment stood at one of its days, all since its beginning."""

    day: date
    due: Decimal
    spent: Decimal
    """The price of what was taken."""
    shortfall: Decimal
    """What has to be paid on this day although it was not taken."""
    credit: Decimal
    """What has been paid and may still be taken, this day's shortfall included where the clause makes it prepayment."""


def burn_down(state: State, compiled: Compiled, clause_id: str, at: Instant) -> tuple[Milestone, ...]:
    """A commitment at each of its milestones up to an instant; its last day is one for the whole amount.

    A shortfall becomes prepayment, which later use draws down before anything else is paid; or it is gone, unless the
    clause lets it be made up within a time (T20, T21).  Without an amount nothing is due, and nothing is said.
    """
    dated = _dated(compiled, clause_id, Commitment, at)
    if dated is None:
        return ()
    clause = dated.clause
    assert isinstance(clause, Commitment)  # noqa: S101 - asked for by kind
    dues = {day: money.amount for day, money in clause.milestones.items()}
    if clause.amount is not None and dated.ends is not None:
        dues[dated.ends] = clause.amount.amount
    zone, agreed = compiled.zone, Agreed(compiled, state, at)
    grants = [g for g in state.grants.values() if _counts(agreed, clause, g)]
    found: list[Milestone] = []
    begins = _first(grants) if dated.starts is None else instant_of(dated.starts, zone)
    since, spent, paid = begins, _NOUGHT, _NOUGHT
    prepaid: list[tuple[date | None, Decimal]] = []
    for day in sorted(dues):
        until = instant_of(day, zone)
        if until > at:
            break
        taken = sum((_price(g, since, until) for g in grants), _NOUGHT)
        prepaid, drawn = _draw([c for c in prepaid if c[0] is None or c[0] >= day], taken)
        spent, paid = spent + taken, paid + taken - drawn
        shortfall = max(_NOUGHT, dues[day] - paid)
        paid += shortfall
        if clause.shortfall == "prepayment":
            prepaid.append((None, shortfall))
        elif clause.make_up_within is not None:
            prepaid.append((day + clause.make_up_within, shortfall))
        left = sum((amount for _, amount in prepaid), _NOUGHT)
        found.append(Milestone(day=day, due=dues[day], spent=spent, shortfall=shortfall, credit=left))
        since = until
    return tuple(found)


def _draw(prepaid: list[tuple[date | None, Decimal]], taken: Decimal) -> tuple[list[tuple[date | None, Decimal]], Decimal]:
    """What is taken is drawn from the oldest credit first.  Returns what is left of the prepaid, and how much was drawn."""
    left, drawn = [], _NOUGHT
    for expires, amount in prepaid:
        part = min(amount, taken - drawn)
        drawn += part
        if amount > part:
            left.append((expires, amount - part))
    return left, drawn


def _counts(agreed: Agreed, clause: Commitment, grant: Grant) -> bool:
    """Whether what is paid for a grant counts against a commitment: by who pays whom, for which work, where."""
    if clause.payer not in agreed.buyers(grant.buyer):
        return False
    if clause.eligible_classes and grant.workload_class not in clause.eligible_classes:
        return False
    return grant.host in clause.eligible_hosts if clause.eligible_hosts else grant.platform == clause.payee


def _price(grant: Grant, since: Instant, until: Instant) -> Decimal:
    """What was delivered of a grant costs so much in a period."""
    seconds = max(0, min(grant.ends, until) - max(grant.starts, since))
    return grant.price * grant.delivered * seconds / HOUR


def _first(grants: list[Grant]) -> Instant:
    return min((g.starts for g in grants), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What a figure comes to under a revenue share."""

    since: date
    until: date
    base: Decimal
    accrued: Decimal
    paid: Decimal
    """At once: the rest is deferred, or beyond the cap."""
    left: Decimal | None
    """Of the cap, afterwards; nothing where there is none."""


def shares(state: State, compiled: Compiled, clause_id: str, at: Instant) -> tuple[Shared, ...]:
    """A revenue share figure by figure, in order of time; the cap counts what is paid, and the last payment is what is left of it."""
    dated = _dated(compiled, clause_id, RevenueShare, at)
    if dated is None:
        return ()
    clause, zone = dated.clause, compiled.zone
    assert isinstance(clause, RevenueShare)  # noqa: S101 - asked for by kind
    if clause.rate is None:
        return ()
    counts_from = clause.cap_counts_from or dated.starts
    over = _fired_on(state, compiled, clause_id, at)
    found, counted = [], _NOUGHT
    for figure in sorted(state.signals.get((clause.payer, clause.base), ()), key=lambda f: (f.until, f.since)):
        last = day_of(figure.until - 1, zone)
        if not dated.covers(last) or last >= over or figure.until > at:
            continue
        accrued = clause.rate * figure.value
        paid = accrued * clause.cash_share
        if clause.cap is not None and (counts_from is None or last >= counts_from):
            paid = min(paid, clause.cap.amount - counted)
            counted += paid
        left = None if clause.cap is None else clause.cap.amount - counted
        since, until = day_of(figure.since, zone), last + timedelta(days=1)
        found.append(Shared(since=since, until=until, base=figure.value, accrued=accrued, paid=paid, left=left))
    return tuple(found)


def _fired_on(state: State, compiled: Compiled, clause_id: str, at: Instant) -> date:
    """The day on which a trigger that has come true ended a clause; the end of time if none did."""
    rows = dated_clauses(compiled.agreement, day_of(at, compiled.zone))
    triggers = {d.clause.id for d in rows if isinstance(d.clause, Trigger) and clause_id in d.clause.ends}
    return min((day_of(fired, compiled.zone) for trigger, fired in state.fired.items() if trigger in triggers), default=date.max)


def _dated(compiled: Compiled, clause_id: str, kind: type[Commitment | RevenueShare], at: Instant) -> Dated | None:
    """A clause with its days, as it reads at an instant or as it read last."""
    day = day_of(at, compiled.zone)
    rows = [d for d in dated_clauses(compiled.agreement, day) if d.clause.id == clause_id and isinstance(d.clause, kind)]
    begun = [d for d in rows if d.starts is None or d.starts <= day]
    return begun[-1] if begun else None
