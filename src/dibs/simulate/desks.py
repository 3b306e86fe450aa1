"""The suppliers' desks: how each party answers a notice, and how long it takes.

A desk knows what a supplier knows: the notice, and its own machines.  When a notice comes it settles when it will
answer; what it answers it settles then, from the room it has at that instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from dibs.decisions.decision import Answer
from dibs.procedure.commands import Respond, WaiveRight
from dibs.quantities import DAY, HOUR, day_of, instant_of
from dibs.simulate.formats import Desk
from dibs.simulate.room import least
from dibs.simulate.supply import price_on

if TYPE_CHECKING:
    from dibs.contract.terms import DeclineReason, Terms
    from dibs.procedure.agreed import Agreed
    from dibs.procedure.commands import AnyCommand
    from dibs.procedure.state import Offer, State
    from dibs.quantities import Instant
    from dibs.simulate.chance import Chance
    from dibs.simulate.formats import ScriptedAnswer
    from dibs.simulate.scenario import Scenario

NOON = 12 * HOUR
SCARCE_LATER = 180 * DAY
"""A holder that has room again within this time calls its refusal `late` and not `no_capacity`."""
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Appointment:
    """When a party will answer a notice; by script, it is settled what too."""

    offer: str
    at: Instant
    scripted: ScriptedAnswer | None = None


class Desks:
    """Every party that can be asked."""

    def __init__(self, scenario: Scenario, chance: Chance) -> None:
        """Desks that the scenario does not describe answer by room, in the format's default time."""
        self._scenario = scenario
        self._chance = chance
        self._zone = ZoneInfo(scenario.agreement.time_zone)
        self._used: dict[tuple[str, int], str] = {}

    def unused(self) -> list[tuple[str, ScriptedAnswer]]:
        """What the script says and nobody was asked about: no notice was open on that day."""
        return [
            (party, entry)
            for party, desk in self._scenario.suppliers.answers.items()
            for index, entry in enumerate(desk.script)
            if (party, index) not in self._used
        ]

    def receive(self, offer: Offer) -> Appointment | None:
        """When the holder will answer this notice; nothing if it keeps silent."""
        desk = self._desk(offer.holder)
        scripted = self._scripted(offer, desk)
        if scripted is not None:
            entry, at = scripted
            return None if entry.answer == "silence" else Appointment(offer.offer, at, entry)
        if desk.by == "chance" and self._verb(offer, desk) == "silence":
            return None
        low, high = (int(span.total_seconds()) for span in (desk.within[0], desk.within[-1]))
        return Appointment(offer.offer, offer.served_at + max(self._chance.whole(low, high, "delay", offer.holder, offer.offer), 1))

    def answer(self, appointment: Appointment, offer: Offer, state: State, agreed: Agreed) -> AnyCommand:
        """What the holder says when its time has come."""
        desk = self._desk(offer.holder)
        asked = state.requests[offer.request].asked
        wanted = offer.terms.quantity or 0
        rooms = self._rooms(offer, state, agreed)
        room = int(sum(quantity for _, quantity in rooms) * desk.take)
        right = agreed.right(offer.clause)
        if right.default_bars_exercise and state.owing.get(offer.holder):
            return self._decline(offer, "no_capacity")
        script = appointment.scripted
        verb = script.answer if script is not None else self._verb(offer, desk) if desk.by == "chance" else "exercise"
        if verb == "waive":
            return WaiveRight(by=offer.holder, request=asked.id, signed_by=f"{offer.holder} capacity desk")
        # A counter on record was made, whatever there is room for: it binds nobody yet.
        countered = min(script.quantity or wanted, wanted) if script is not None else min(wanted, room)
        if verb == "counter" and countered >= max(offer.minimum_accept, 1):
            return Respond(by=offer.holder, offer=offer.offer, quantity=countered, terms=self._counter(offer))
        if verb == "decline":
            return self._decline(offer, script.reason if script is not None else self._reason(offer, desk, state, agreed))
        if script is not None:
            # What is on record was done, whatever the world of this scenario has room for; only more than there is cannot be promised.
            room = sum(quantity for _, quantity in rooms)
            quantity = min(script.quantity or wanted, wanted, room)
        elif verb == "part":
            part = self._chance.stream("part", offer.holder, offer.offer).uniform(0.1, 0.9)
            quantity = min(max(int(wanted * part), offer.minimum_accept), room)
        else:
            quantity = min(wanted, room)
        if quantity < max(offer.minimum_accept, 1):
            return self._decline(offer, self._reason(offer, desk, state, agreed))
        if offer.terms.price is None:
            return self._offer_at_list(offer, quantity)
        if script is None and self._below_list(offer) and desk.below_list != "take":
            return self._decline(offer, "price") if desk.below_list == "decline" else self._offer_at_list(offer, quantity)
        return Respond(by=offer.holder, offer=offer.offer, quantity=quantity, hosts=_spread(quantity, rooms))

    def has_room(self, party: str, sku: str, state: State, at: Instant) -> bool:
        """Whether a party has any machines of a kind free at an instant: whether it could support a product."""
        hosts = self._scenario.agreement.hosts
        return any(
            hosts[host].platform == party and book_sku == sku and least(book.free, at, 1) > 0 for (host, book_sku), book in state.books.items()
        )

    def _desk(self, party: str) -> Desk:
        return self._scenario.suppliers.answers.get(party) or Desk(party=party)

    def _scripted(self, offer: Offer, desk: Desk) -> tuple[ScriptedAnswer, Instant] | None:
        """The entry of the script that is about this notice: the first not yet used whose day falls into its window."""
        for index, entry in enumerate(desk.script):
            key = (offer.holder, index)
            if self._used.get(key, offer.offer) != offer.offer or (entry.request and entry.request != offer.request):
                continue
            at = max(instant_of(entry.on, self._zone) + NOON, offer.served_at + 1)
            if at < offer.respond_by and day_of(at, self._zone) == entry.on:
                self._used[key] = offer.offer
                return entry, at
        return None

    def _verb(self, offer: Offer, desk: Desk) -> str:
        shares = {
            "exercise": desk.exercise.full,
            "part": desk.exercise.part,
            "decline": desk.exercise.decline,
            "counter": desk.exercise.counter,
            "silence": desk.exercise.silence,
        }
        return self._chance.weighted(shares, "answer", offer.holder, offer.offer)

    def _rooms(self, offer: Offer, state: State, agreed: Agreed) -> list[tuple[str, int]]:
        """Where the holder could deliver what is offered: its own machines first, then those of its sub-suppliers, cheapest first."""
        terms, asked = offer.terms, state.requests[offer.request].asked
        assert terms.starts is not None, offer.offer  # noqa: S101 - a notice without a start is defective
        assert terms.ends is not None, offer.offer  # noqa: S101
        starts, sub_contracting = max(terms.starts, agreed.at), agreed.right(offer.clause).sub_contracting
        if starts >= terms.ends:
            return []
        out = []
        for place in agreed.candidates(asked):
            book = state.books.get((place.id, asked.sku))
            if book is None or place.platform != offer.holder or agreed.is_alternate(place, offer.holder):
                continue
            if place.operator != offer.holder and not sub_contracting:
                continue
            if agreed.verdict(asked, place.id, terms.quantity or 1).answer in {Answer.REFUSED, Answer.UNDETERMINED}:
                continue
            free = least(book.free, starts, terms.ends - starts)
            if free:
                out.append((place.operator != offer.holder, book.price or Decimal(0), place.id, free))
        return [(host, free) for _, _, host, free in sorted(out)]

    def _reason(self, offer: Offer, desk: Desk, state: State, agreed: Agreed) -> DeclineReason:
        """Why it declines: what it likes to say, or what is true."""
        if desk.reasons:
            return cast("DeclineReason", self._chance.weighted(desk.reasons, "reason", offer.holder, offer.offer))
        asked = state.requests[offer.request].asked
        mine = [host.id for host in agreed.candidates(asked) if host.platform == offer.holder]
        books = [state.books[host, asked.sku] for host in mine if (host, asked.sku) in state.books]
        if not books:
            return "wrong_hardware"
        assert offer.terms.starts is not None, offer.offer  # noqa: S101 - a notice without a start is defective
        later = offer.terms.starts + SCARCE_LATER
        return "late" if sum(least(book.free, later, 1) for book in books) >= offer.minimum_accept else "no_capacity"

    def _decline(self, offer: Offer, reason: DeclineReason) -> Respond:
        return Respond(by=offer.holder, offer=offer.offer, quantity=0, reason=reason)

    def _list_price(self, offer: Offer) -> Decimal | None:
        """The least that the holder asks anybody for such machines, on the day they start."""
        hosts = self._scenario.agreement.hosts
        day = day_of(offer.terms.starts or offer.served_at, self._zone)
        prices = [price_on(self._scenario, h, day) for h, host in hosts.items() if host.platform == offer.holder and offer.terms.sku in host.skus]
        return min((price for price in prices if price is not None), default=None)

    def _below_list(self, offer: Offer) -> bool:
        price = self._list_price(offer)
        return price is not None and offer.terms.price is not None and offer.terms.price < price

    def _offer_at_list(self, offer: Offer, quantity: int) -> Respond:
        terms = replace(offer.terms, price=self._list_price(offer), quantity=quantity)
        return Respond(by=offer.holder, offer=offer.offer, quantity=quantity, terms=terms)

    def _counter(self, offer: Offer) -> Terms:
        """The notice on the holder's own terms: dearer by something between a twentieth and a quarter."""
        more = Decimal(self._chance.whole(5, 25, "counter", offer.holder, offer.offer)) / 100
        price = ((offer.terms.price or Decimal(1)) * (1 + more)).quantize(CENT, ROUND_HALF_UP)
        return replace(offer.terms, price=price)


def _spread(quantity: int, rooms: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """How a quantity falls on hosts, filling one after the other."""
    out = []
    for host, room in rooms:
        part = min(quantity, room)
        if part:
            out.append((host, part))
        quantity -= part
    return tuple(out)
