"""A supplier that answers by rules: for examples, for trials, and for suppliers who have written down what they take.

    dibs: supplier/1
    party: borealis
    within: 2 hours
    hosts:
      borealis-east:
        price: 3.20 USD
        capacity:
          - {from: 2025-01-01, sku: h100, quantity: 6000}
    rules:
      - {class: [api], answer: decline, reason: policy}
      - {price_least: 2 USD, answer: take}
      - {answer: decline, reason: price}

The first rule that fits a notice answers it.  Without a rule that fits it takes what it has room for.  What it answers
follows from the file, the notice and the hour alone, so it says the same after a restart; what it has promised already
is known to it once the dispatcher has asked about it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from dibs.connect.supplier import Answer, Available, Description, Notice, Order, Standing
from dibs.contract.model import NOWHERE, HostId, PartyId, Share, Sku, WorkloadClass, term
from dibs.contract.terms import DeclineReason  # noqa: TC001 - the reader asks fields for their types
from dibs.errors import BadInput, Finding, Findings, Mark
from dibs.quantities import Money, instant_of
from dibs.simulate.files import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from dibs.connect.supplier import About
    from dibs.quantities import Instant

FORMAT = "supplier/1"
Verb: TypeAlias = Literal["take", "part", "decline", "counter", "silence"]
"""Takes what it has room for, takes a fixed part, takes nothing, answers on its own price, or says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How much a host has from a day on."""

    from_: date = term("From this day on.")
    sku: Sku = term("Of which accelerator.")
    quantity: int = term("So many in all.", unit="accelerators")
    mark: Mark = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRoom:
    """What one host has to give."""

    host: HostId
    price: Money | None = term("Its price per accelerator-hour (default: a matter of talks).", default=None)
    capacity: tuple[Step, ...] = term("What it has, from each day on.")
    mark: Mark = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What it answers to notices of a kind; what is left out fits every notice."""

    answer: Verb = term("What it answers.")
    class_: tuple[WorkloadClass, ...] = term("Only for these classes.", default=())
    sku: tuple[Sku, ...] = term("Only for these accelerators.", default=())
    quantity_least: int | None = term("Only for so many or more.", default=None, unit="accelerators")
    quantity_most: int | None = term("Only for so many or fewer.", default=None, unit="accelerators")
    price_least: Money | None = term("Only at this price per accelerator-hour or a higher one.", default=None)
    share: Share = term("The part that it takes, where it takes a part.", default=Share(Decimal("0.5")))
    price: Money | None = term("The price on which it counters.", default=None)
    reason: DeclineReason = term("Why, if it declines.", default="policy")
    within: timedelta | None = term("How long it takes to answer (default: as for all).", default=None)
    note: str = term("What a reader should know.", default="")
    mark: Mark = field(default=NOWHERE, compare=False)

    def fits(self, notice: Notice) -> bool:
        """Whether it is about such a notice."""
        terms = notice.terms
        quantity, price = terms.quantity or 0, terms.price
        return (
            (not self.class_ or bool(set(self.class_) & set(terms.classes or ())))
            and (not self.sku or terms.sku in self.sku)
            and (self.quantity_least is None or quantity >= self.quantity_least)
            and (self.quantity_most is None or quantity <= self.quantity_most)
            and (self.price_least is None or (price is not None and price >= self.price_least.amount))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A supplier's rules."""

    party: PartyId = term("For whom it speaks.")
    within: timedelta = term("How long it takes to answer.", default=timedelta(hours=1))
    hosts: Mapping[HostId, HostRoom] = term("What it has.")
    rules: tuple[Rule, ...] = term("What it answers; the first that fits counts.", default=())
    delivers_after: timedelta = term("How long after a grant it has delivered.", default=timedelta(0))
    gives_back: bool = term("Whether an order may be recalled after it was accepted.", default=False)
    note: str = term("What a reader should know.", default="")


def parse_script(text: str, name: str) -> tuple[Script | None, Findings]:
    """Read a supplier's rules.  Without a script, or with `findings.errors`, they are not to be used."""
    findings = Findings()
    path = Path(name)
    script = Reading(lambda _: text.encode(), str(path.parent), findings).record(path.name, FORMAT, Script)
    if script is None or findings.errors:
        return None, findings
    for rule in script.rules:
        if rule.answer == "counter" and rule.price is None:
            findings.add("DIB406", "a rule that counters does not say on which price", rule.mark, fix="add `price`")
        if rule.quantity_least is not None and rule.quantity_most is not None and rule.quantity_least > rule.quantity_most:
            findings.add("DIB406", "a rule fits no quantity: the least is more than the most", rule.mark, fix="swap them, or leave one out")
    for nth, rule in enumerate(script.rules[:-1]):
        if rule == Rule(answer=rule.answer, share=rule.share, price=rule.price, reason=rule.reason, within=rule.within, note=rule.note):
            after = script.rules[nth + 1]
            findings.add(
                "DIB406", "a rule is never reached: the one before fits every notice", after.mark, fix="put it before that one", also=rule.mark
            )
            break
    return (None if findings.errors else script), findings


def read_script(text: str, name: str) -> Script:
    """Read a supplier's rules.  Raises `BadInput` with every finding at once."""
    script, findings = parse_script(text, name)
    findings.raise_if_any()
    if script is None:  # pragma: no cover - a text without script has a finding
        raise BadInput(findings.items)
    return script


class ScriptedSupplier:
    """Answers by rules."""

    def __init__(self, script: Script, *, zone: ZoneInfo, now: Callable[[], Instant]) -> None:
        """Days of the script are in `zone`."""
        self.script = script
        self._zone = zone
        self._now = now
        self._notices: dict[str, Notice] = {}
        self._orders: dict[str, Order] = {}
        self._recalled: set[str] = set()
        self._answers: dict[str, Answer] = {}
        self._keys: dict[str, tuple[str, About]] = {}

    async def describe(self) -> Description:
        """Who answers, and how."""
        return Description(
            name=f"{self.script.party}, by rules",
            party=self.script.party,
            says=self.script.note or f"Answers by {len(self.script.rules)} rules, within {self.script.within}.",
            gives_back=self.script.gives_back,
        )

    async def availability(self, sku: str, *, starts: Instant, ends: Instant) -> tuple[Available, ...]:
        """What its hosts have in a period, less what is promised of it."""
        found = []
        for host in self.script.hosts.values():
            steps = sorted((self._begins(step), step.quantity) for step in host.capacity if step.sku == sku)
            before = [quantity for begins, quantity in steps if begins <= starts]
            inside = [(begins, quantity) for begins, quantity in steps if starts < begins < ends]
            promised = self._promised(host.host, sku)
            shown = tuple((at, max(0, quantity - promised)) for at, quantity in [(starts, before[-1] if before else 0), *inside])
            if any(quantity for _, quantity in shown):
                found.append(Available(host=host.host, sku=sku, steps=shown, price=host.price.amount if host.price else None))
        return tuple(found)

    async def offer(self, notice: Notice, *, key: str) -> Standing:
        """Hear a notice."""
        self._once("offer", notice, key)
        if notice.id not in self._recalled:
            self._notices.setdefault(notice.id, notice)
        return await self.status(notice)

    async def status(self, about: About) -> Standing:
        """How it stands by now."""
        if isinstance(about, Order):
            return self._order(about)
        answer = self._answer(about.id)
        if answer is not None:
            return Standing(state="answered", answer=answer)
        if about.id in self._recalled:
            return Standing(state="recalled")
        return Standing(state="open" if about.id in self._notices else "unknown")

    async def accept(self, order: Order, *, key: str) -> Standing:
        """Take an order on if it is for a host of this supplier, and not more than was answered."""
        self._once("accept", order, key)
        answer = self._answer(order.offer)
        if order.host not in self.script.hosts:
            return Standing(state="refused", says=f"`{order.host}` is no host of `{self.script.party}`")
        if answer is not None and order.quantity > answer.quantity:
            return Standing(state="refused", says=f"{answer.quantity} were taken, not {order.quantity}")
        if order.id not in self._recalled:
            self._orders.setdefault(order.id, order)
        return self._order(order)

    async def recall(self, about: About, *, key: str) -> Standing:
        """Take it back: a notice while it is open, an order if the script lets it."""
        self._once("recall", about, key)
        before = await self.status(about)
        if before.state in {"open", "unknown"} or (before.state == "accepted" and self.script.gives_back):
            self._recalled.add(about.id)
            self._notices.pop(about.id, None)
            self._orders.pop(about.id, None)
        return await self.status(about)

    async def close(self) -> None:
        """There is nothing to let go."""

    def _once(self, verb: str, about: About, key: str) -> None:
        """Refuse a key that was used for another act."""
        if self._keys.setdefault(key, (verb, about)) != (verb, about):
            what = f"the key `{key}` was used for another act"
            raise BadInput([Finding("DIB407", what, Mark("key"), "give every act a key of its own, and repeat an act word for word")])

    def _answer(self, name: str) -> Answer | None:
        """The answer to a notice, once its time has come; it is then final."""
        notice = self._notices.get(name)
        if notice is None or name in self._answers:
            return self._answers.get(name)
        rule = self._rule(notice)
        within = self.script.within if rule.within is None else rule.within
        if rule.answer == "silence" or self._now() < notice.served_at + int(within.total_seconds()):
            return None
        answer = self._answers[name] = self._by(rule, notice)
        return answer

    def _rule(self, notice: Notice) -> Rule:
        """What answers a notice."""
        return next((rule for rule in self.script.rules if rule.fits(notice)), Rule(answer="take"))

    def _by(self, rule: Rule, notice: Notice) -> Answer:
        """What a rule answers to a notice."""
        asked = notice.terms.quantity or 0
        if rule.answer == "decline":
            return Answer(quantity=0, reason=rule.reason)
        if rule.answer == "counter":
            assert rule.price is not None  # noqa: S101 - reading has seen to it
            return Answer(quantity=asked, reason="counter", terms=msgspec.structs.replace(notice.terms, price=rule.price.amount))
        wanted = int(asked * rule.share) if rule.answer == "part" else asked
        taken = min(wanted, self._room(notice))
        if taken < max(1, notice.minimum):
            return Answer(quantity=0, reason="no_capacity")
        return Answer(quantity=taken)

    def _room(self, notice: Notice) -> int:
        """What is free on all hosts when the need begins."""
        starts = notice.terms.starts or 0
        sku = notice.terms.sku or ""
        taken = sum(answer.quantity for name, answer in self._answers.items() if (self._notices[name].terms.sku or "") == sku)
        have = 0
        for host in self.script.hosts.values():
            steps = sorted((self._begins(step), step.quantity) for step in host.capacity if step.sku == sku)
            have += next((quantity for begins, quantity in reversed(steps) if begins <= starts), 0)
        return max(0, have - taken)

    def _promised(self, host: str, sku: str) -> int:
        return sum(order.quantity for order in self._orders.values() if (order.host, order.sku) == (host, sku))

    def _begins(self, step: Step) -> Instant:
        return instant_of(step.from_, self._zone)

    def _order(self, order: Order) -> Standing:
        if order.id in self._orders:
            there = self._now() >= order.promised_at + int(self.script.delivers_after.total_seconds())
            return Standing(state="accepted", delivered=order.quantity if there else 0)
        return Standing(state="recalled" if order.id in self._recalled else "unknown")
