"""What would have to be different for another answer: the smallest change in each direction.

Short of a permission, a change counts if it brings the answer closer to one; of a permission, if it takes it away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.contract.model import Consent
from dibs.decisions.decision import Answer, Change, ReasonCode
from dibs.decisions.judge import accelerators

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from dibs.contract.model import Host, HostId, PartyId, WorkloadClass
    from dibs.decisions.compile import Table, Verdict

FAVOUR = {Answer.REFUSED: 0, Answer.UNDETERMINED: 1, Answer.OFFER_FIRST: 2, Answer.PERMITTED: 3}
"""How close each answer is to a permission."""


class Question:
    """A question as it was asked of a table, with its answer; `instead` asks it with something changed."""

    def __init__(self, table: Table, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None) -> None:
        """Asks it."""
        self.table = table
        self.workload_class = workload_class
        self.host = host
        self.on = on
        self.quantity = quantity
        self.verdict: Verdict = table.answer(workload_class, host, on, quantity)

    def instead(self, *, table: Table | None = None, workload_class: WorkloadClass = "", host: HostId = "", quantity: int | None = None) -> Answer:
        """The answer with something changed."""
        answer = (table or self.table).answer
        return answer(workload_class or self.workload_class, host or self.host, self.on, quantity or self.quantity).answer

    def counts(self, then: Answer) -> bool:
        """Whether that answer is worth naming."""
        now = self.verdict.answer
        return then is not now if now is Answer.PERMITTED else FAVOUR[then] > FAVOUR[now]


def smallest_changes(question: Question) -> tuple[Change, ...]:
    """The smallest changes, by kind: quantity, consent or waiver, order, reading, host, class, day.  Of a permission: quantity and day."""
    agreement = question.table.agreement
    if question.host not in agreement.hosts or question.workload_class not in agreement.workload_classes:
        return ()
    if question.verdict.answer is Answer.PERMITTED:
        return (*_quantity(question), *_day(question))
    kinds = (_quantity, _leave, _order, _reading, _host, _class, _day)
    return tuple(change for kind in kinds for change in kind(question))


def _quantity(question: Question) -> Iterator[Change]:
    """The nearest smaller quantity and the nearest larger one."""
    table = question.table
    meant = question.quantity if question.quantity is not None else table.lot(question.workload_class, question.host, question.on)
    for least in reversed(table.thresholds):
        if 1 < least <= meant and question.counts(then := question.instead(quantity=least - 1)):
            yield Change(kind="quantity", to=str(least - 1), answer=then, text=f"the need is for {accelerators(least - 1)} or fewer")
            break
    for least in table.thresholds:
        if least > meant and question.counts(then := question.instead(quantity=least)):
            yield Change(kind="quantity", to=str(least), answer=then, text=f"the need is for {accelerators(least)} or more")
            break


def _leave(question: Question) -> Iterator[Change]:
    """The fewest parties whose consent (against exclusivity) or waiver (of a right) would help."""
    verdict = question.verdict
    kind = "waiver" if verdict.answer is Answer.OFFER_FIRST else "consent"
    parties = question.table.beneficiaries(question.on, verdict.denying)
    alone = [change for party in parties for change in _given(question, kind, (party,))]
    yield from alone or _given(question, kind, parties)


def _given(question: Question, kind: str, parties: tuple[PartyId, ...]) -> Iterator[Change]:
    then = question.table.if_granted(question.workload_class, question.host, question.on, question.quantity, frozenset(parties))
    if question.counts(then):
        who, one = " and ".join(f"`{p}`" for p in parties), len(parties) == 1
        consents, waives = ("consents", "waives its right") if one else ("consent", "waive their rights")
        yield Change(kind=kind, to=", ".join(parties), answer=then, text=f"{who} {consents if kind == 'consent' else f'{waives} for this need'}")


def _order(question: Question) -> Iterator[Change]:
    """An order that a consent names."""
    consents = [c for c in question.table.clauses_on(question.on) if isinstance(c, Consent) and question.workload_class in c.classes]
    for order in dict.fromkeys(order for c in consents for order in c.orders):
        then = question.instead(table=question.table.if_ordered(order))
        if question.counts(then):
            yield Change(kind="order", to=order, answer=then, text=f"it is under the order `{order}`")
            break


def _reading(question: Question) -> Iterator[Change]:
    """Each reading of each open clause that would settle the answer."""
    verdict = question.verdict
    if not any(r.code is ReasonCode.READING_OPEN for r in verdict.reasons):
        return
    for clause_id, answers in question.table.by_reading(question.workload_class, question.host, question.on, question.quantity).items():
        for name, found in answers.items():
            if len(found) == 1 and (then := next(iter(found))) is not verdict.answer:
                yield Change(kind="reading", to=f"{clause_id}={name}", answer=then, text=f"`{clause_id}` is read as `{name}`")


def _host(question: Question) -> Iterator[Change]:
    """The host with the best answer that is most like this one: same platform, same operator, its hardware, its region."""
    hosts = question.table.agreement.hosts
    better = [(other, then) for other in hosts.values() if question.counts(then := question.instead(host=other.id))]
    if better:  # of equals the first in the agreement
        to, then = min(better, key=lambda found: (-FAVOUR[found[1]], _distance(hosts[question.host], found[0])))
        yield Change(kind="host", to=to.id, answer=then, text=f"it runs on `{to.id}`")


def _distance(one: Host, other: Host) -> tuple[int, bool, bool]:
    apart = (one.platform != other.platform) + (one.operator != other.operator)
    return apart, bool(one.skus) and set(one.skus).isdisjoint(other.skus), bool(one.regions) and set(one.regions).isdisjoint(other.regions)


def _class(question: Question) -> Iterator[Change]:
    """The first class with the best answer on this host."""
    classes = question.table.agreement.workload_classes
    better = [(other, then) for other in classes if question.counts(then := question.instead(workload_class=other))]
    if better:  # of equals the first in the agreement
        to, then = max(better, key=lambda found: FAVOUR[found[1]])
        yield Change(kind="class", to=to, answer=then, text=f"the work is `{to}`")


def _day(question: Question) -> Iterator[Change]:
    """The first later day that counts."""
    for day, then in question.table.later(question.workload_class, question.host, question.on, question.quantity):
        if question.counts(then):
            yield Change(kind="day", to=day.isoformat(), answer=then, text=f"the day is {day.isoformat()}")
            break
