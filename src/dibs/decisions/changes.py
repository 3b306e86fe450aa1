"""What would have to be different for another answer: the smallest change in each direction.

Short of a permission, a change counts if it brings the answer closer to one; of a permission, if it takes it away.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from dibs.contract.model import Consent
from dibs.decisions.decision import Answer, Change, ReasonCode
from dibs.decisions.judge import accelerators

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from dibs.contract.model import Host, HostId, PartyId, WorkloadClass
    from dibs.decisions.compile import Table

FAVOUR = {Answer.REFUSED: 0, Answer.UNDETERMINED: 1, Answer.OFFER_FIRST: 2, Answer.PERMITTED: 3}
"""How close each answer is to a permission."""


def smallest_changes(table: Table, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None) -> tuple[Change, ...]:
    """The smallest changes of a question, by kind: quantity, consent, waiver, order, reading, host, class, day."""
    now = table.answer(workload_class, host, on, quantity).answer
    if host not in table.agreement.hosts or workload_class not in table.agreement.workload_classes:
        return ()
    if now is Answer.PERMITTED:
        return tuple(chain(_other_quantity(table, workload_class, host, on, quantity), _other_day(table, workload_class, host, on, quantity)))
    return tuple(
        chain(
            _other_quantity(table, workload_class, host, on, quantity),
            _leave_given(table, workload_class, host, on, quantity),
            _named_order(table, workload_class, host, on, quantity),
            _taken_reading(table, workload_class, host, on, quantity),
            _other_host(table, workload_class, host, on, quantity),
            _other_class(table, workload_class, host, on, quantity),
            _other_day(table, workload_class, host, on, quantity),
        )
    )


def _counts(now: Answer, then: Answer) -> bool:
    return then is not now if now is Answer.PERMITTED else FAVOUR[then] > FAVOUR[now]


def _other_quantity(table: Table, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None) -> Iterator[Change]:
    """The nearest smaller quantity and the nearest larger one."""
    now = table.answer(workload_class, host, on, quantity).answer
    meant = quantity if quantity is not None else table.lot(workload_class, host, on)
    for least in reversed(table.thresholds):
        if 1 < least <= meant and _counts(now, then := table.answer(workload_class, host, on, least - 1).answer):
            yield Change(kind="quantity", to=str(least - 1), answer=then, text=f"the need is for {accelerators(least - 1)} or fewer")
            break
    for least in table.thresholds:
        if least > meant and _counts(now, then := table.answer(workload_class, host, on, least).answer):
            yield Change(kind="quantity", to=str(least), answer=then, text=f"the need is for {accelerators(least)} or more")
            break


def _leave_given(table: Table, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None) -> Iterator[Change]:
    """The fewest parties whose consent (against exclusivity) or waiver (of a right) would help."""
    verdict = table.answer(workload_class, host, on, quantity)
    kind = "waiver" if verdict.answer is Answer.OFFER_FIRST else "consent"
    parties = table.beneficiaries(on, verdict.denying)
    found = False
    for party in parties:
        then = table.if_granted(workload_class, host, on, quantity, frozenset({party}))
        if _counts(verdict.answer, then):
            found = True
            yield Change(kind=kind, to=party, answer=then, text=_leave(kind, (party,)))
    if not found and len(parties) > 1:
        then = table.if_granted(workload_class, host, on, quantity, frozenset(parties))
        if _counts(verdict.answer, then):
            yield Change(kind=kind, to=", ".join(parties), answer=then, text=_leave(kind, parties))


def _leave(kind: str, parties: tuple[PartyId, ...]) -> str:
    who = " and ".join(f"`{p}`" for p in parties)
    if kind == "waiver":
        return f"{who} waives its right for this need" if len(parties) == 1 else f"{who} waive their rights for this need"
    return f"{who} consents" if len(parties) == 1 else f"{who} consent"


def _named_order(table: Table, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None) -> Iterator[Change]:
    """An order that a consent names."""
    now = table.answer(workload_class, host, on, quantity).answer
    orders = dict.fromkeys(
        order for c in table.clauses_on(on) if isinstance(c, Consent) and c.permits == "order" and workload_class in c.classes for order in c.orders
    )
    for order in orders:
        then = table.if_ordered(order).answer(workload_class, host, on, quantity).answer
        if _counts(now, then):
            yield Change(kind="order", to=order, answer=then, text=f"it is under the order `{order}`")
            break


def _taken_reading(table: Table, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None) -> Iterator[Change]:
    """Each reading of each open clause that would settle the answer."""
    verdict = table.answer(workload_class, host, on, quantity)
    if not any(r.code is ReasonCode.READING_OPEN for r in verdict.reasons):
        return
    for clause_id, answers in table.by_reading(workload_class, host, on, quantity).items():
        for name, found in answers.items():
            if len(found) == 1 and (then := next(iter(found))) is not verdict.answer:
                yield Change(kind="reading", to=f"{clause_id}={name}", answer=then, text=f"`{clause_id}` is read as `{name}`")


def _other_host(table: Table, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None) -> Iterator[Change]:
    """The host with the best answer that is most like this one: same platform, same operator, its hardware, its region."""
    hosts = table.agreement.hosts
    now = table.answer(workload_class, host, on, quantity).answer
    better = [
        (-FAVOUR[then], _distance(hosts[host], other), other.id, then)
        for other in hosts.values()
        if _counts(now, then := table.answer(workload_class, other.id, on, quantity).answer)
    ]
    if better:
        _, _, to, then = min(better, key=lambda b: b[:2])  # of equals the first in the agreement
        yield Change(kind="host", to=to, answer=then, text=f"it runs on `{to}`")


def _distance(one: Host, other: Host) -> tuple[int, bool, bool]:
    apart = (one.platform != other.platform) + (one.operator != other.operator)
    return apart, bool(one.skus) and set(one.skus).isdisjoint(other.skus), bool(one.regions) and set(one.regions).isdisjoint(other.regions)


def _other_class(table: Table, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None) -> Iterator[Change]:
    """The first class with the best answer on this host."""
    now = table.answer(workload_class, host, on, quantity).answer
    better = [(c, then) for c in table.agreement.workload_classes if _counts(now, then := table.answer(c, host, on, quantity).answer)]
    if better:
        to, then = max(better, key=lambda b: FAVOUR[b[1]])  # of equals the first in the agreement
        yield Change(kind="class", to=to, answer=then, text=f"the work is `{to}`")


def _other_day(table: Table, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None) -> Iterator[Change]:
    """The first later day that counts."""
    now = table.answer(workload_class, host, on, quantity).answer
    for day, then in table.later(workload_class, host, on, quantity):
        if _counts(now, then):
            yield Change(kind="day", to=day.isoformat(), answer=then, text=f"the day is {day.isoformat()}")
            break
