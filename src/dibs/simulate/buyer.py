"""The buyer's desk: what to do next about one need, read off the state and nothing else.

Legal first, then by price, then in the order of the agreement.  Whoever has to be asked first is asked, with complete
terms that the buyer would really accept: the price of the dearest host that could serve the need, or the most that the
need may cost if that is less, so that no bundle for somebody else is ever richer in price than what the holder saw.
After a restart the same questions give the same answers, because nothing is remembered here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from dibs.contract.terms import Terms
from dibs.decisions.decision import Answer
from dibs.procedure.agreed import length
from dibs.procedure.commands import AcceptCounter, ProposeGrant, Rule, ServeNotice
from dibs.procedure.notices import MATCHED, window_of
from dibs.quantities import DAY, day_of, instant_of
from dibs.simulate.room import earliest, least

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dibs.contract.model import PreEmption
    from dibs.contract.terms import CapacityRequest
    from dibs.procedure.agreed import Agreed
    from dibs.procedure.commands import AnyCommand
    from dibs.procedure.state import Book, Request, State
    from dibs.quantities import Instant
    from dibs.simulate.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Seat:
    """A place that may take a need: where, at what price, and what is free there."""

    host: str
    platform: str
    price: Decimal
    book: Book


@dataclass(frozen=True, slots=True)
class Bundle:
    """What could be signed now: so many on a host, from when, at what price."""

    seat: Seat
    quantity: int
    starts: Instant


class Buyer:
    """The buyer of a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        """Keep what never changes: who buys, and what notices say."""
        self._scenario = scenario
        self._party = scenario.file.buyer
        self._notice = scenario.file.notice
        self._zone = ZoneInfo(scenario.agreement.time_zone)
        self._barred: frozenset[str] = frozenset()

    def next(self, name: str, state: State, agreed: Agreed, *, grants: int, barred: frozenset[str] = frozenset()) -> AnyCommand | None:
        """The next thing to say about a need; nothing if there is nothing to do but wait.

        `grants` is how many it has had; `barred` are hosts on which it has just been refused.
        """
        self._barred = barred
        request = state.requests.get(name)
        if request is None or name not in state.live:
            return None
        if request.undetermined:
            return self._rule(request)
        offer = state.offers.get(request.offer)
        if offer is not None and offer.status == "open" and offer.counter is None:
            return None
        accepted = self._accept(request, state, agreed)
        if accepted is not None or (offer is not None and offer.status == "open"):
            return accepted
        grant = f"{name}.g{grants + 1}"
        covered = self._cover(grant, request, state, agreed) if request.cover.quantity else None
        if covered is not None:
            return covered
        if request.market.quantity:
            return self._place(grant, request, request.market.quantity, state, agreed, elsewhere=True)
        if not request.loose:
            return None
        if not request.clause:
            return self._place(grant, request, request.loose, state, agreed, elsewhere=False)
        right = agreed.right(request.clause)
        own = self._place_own(grant, request, right, state, agreed)
        return own or self._ask(request, right, state, agreed)

    # --- what a person decides

    def _rule(self, request: Request) -> AnyCommand | None:
        answer = self._scenario.file.undetermined
        if answer == "leave":
            return None
        because = "the scenario says how such needs are ruled on"
        return Rule(by=self._party, request=request.asked.id, answer=answer, because=because)

    def _accept(self, request: Request, state: State, agreed: Agreed) -> AnyCommand | None:
        """Take the holder's own terms, if they were the last word, are within the need's limit, and nobody has room for less."""
        offer = state.offers.get(request.offers[-1]) if request.offers else None
        if offer is None or offer.status not in {"open", "countered"} or offer.counter is None or offer.matched or offer.taken:
            return None
        if offer.status == "countered" and request.market.quantity < offer.counter_quantity:
            return None
        price = offer.counter.price
        if price is None or (request.asked.price_max is not None and price > request.asked.price_max):
            return None
        other = self._best(request.asked, offer.counter_quantity, self._seats(request, state, agreed, elsewhere=True), agreed)
        if other is not None and other.seat.price <= price:
            return None
        return AcceptCounter(by=self._party, offer=offer.offer)

    # --- placing

    def _place(self, grant: str, request: Request, quantity: int, state: State, agreed: Agreed, *, elsewhere: bool) -> AnyCommand | None:
        """Sign for the best of what there is, on terms that the need and the clauses allow."""
        seats = self._seats(request, state, agreed, elsewhere=elsewhere)
        ceiling = request.market.ceiling if request.market.quantity and not request.cover.quantity else None
        soon = ceiling.starts if ceiling is not None and ceiling.starts is not None else None
        bundle = self._best(request.asked, quantity, seats, agreed, soon=soon)
        return self._sign(grant, request.asked, bundle, agreed.at) if bundle is not None else None

    def _cover(self, grant: str, request: Request, state: State, agreed: Agreed) -> AnyCommand | None:
        """Buy at once, for the rest of the time, what a holder in default owes."""
        asked, starts, ends = request.asked, max(agreed.at, request.asked.start_earliest), request.cover.until
        if starts >= ends:
            return None
        for seat in self._seats(request, state, agreed, elsewhere=True):
            room = min(least(seat.book.free, starts, ends - starts), request.cover.quantity)
            if room >= min(asked.minimum_quantity, request.cover.quantity):
                return self._sign(grant, asked, Bundle(seat, room, starts), agreed.at, ends=ends)
        return None

    def _sign(self, grant: str, asked: CapacityRequest, bundle: Bundle, at: Instant, *, ends: Instant | None = None) -> AnyCommand:
        terms = self._terms(asked, bundle.quantity, bundle.starts, bundle.seat.price, regions=self._regions(bundle.seat.host))
        if ends is not None:
            terms = replace(terms, ends=ends)
        elif bundle.starts == at:
            terms = replace(terms, starts=None, ends=None)  # at once, whenever this is heard
        return ProposeGrant(by=asked.party, grant=grant, request=asked.id, host=bundle.seat.host, quantity=bundle.quantity, terms=terms)

    def _place_own(self, grant: str, request: Request, right: PreEmption, state: State, agreed: Agreed) -> AnyCommand | None:
        """What the right leaves alone, where it is the cheapest: own sites, and the holder's list where an outsider has to bid first."""
        holder, asked = agreed.holder(right), request.asked
        seats = self._seats(request, state, agreed, elsewhere=False)
        mine = [seat for seat in seats if right.right in MATCHED or seat.platform != holder]
        bundle = self._best(asked, request.loose, mine, agreed)
        if bundle is None:
            return None
        others = self._best(asked, request.loose, self._seats(request, state, agreed, elsewhere=True), agreed)
        alone = right.right in MATCHED and others is None
        if (bundle.quantity < request.loose and not alone) or (others is not None and others.seat.price < bundle.seat.price):
            return None
        return self._sign(grant, asked, bundle, agreed.at)

    def _seats(self, request: Request, state: State, agreed: Agreed, *, elsewhere: bool) -> list[Seat]:
        """The places that may take a need now, cheapest first; `elsewhere`: a refusal has set it free, so not with the holder."""
        asked = request.asked
        allowed = {Answer.PERMITTED, Answer.OFFER_FIRST} if elsewhere else {Answer.PERMITTED}
        if request.ruling == "permitted":
            allowed.add(Answer.UNDETERMINED)
        holder = request.holder if elsewhere else ""
        stays = state.grants[asked.renewal_of].host if agreed.renews(asked) else ""
        lot = max(asked.quantity, agreed.right(request.clause).minimum_lot) if request.clause else asked.quantity
        seats = []
        for order, host in enumerate(agreed.candidates(asked)):
            name = host.id
            book = state.books.get((name, asked.sku))
            if book is None or book.price is None or name in self._barred or (asked.own_build and not host.own_build) or (stays and name != stays):
                continue
            if asked.price_max is not None and book.price > asked.price_max:
                continue
            if holder and not agreed.is_alternate(host, holder):
                continue
            if request.market.only_with and elsewhere and host.platform != request.market.only_with:
                continue
            if agreed.verdict(asked, name, lot).answer in allowed:
                seats.append((book.price, order, Seat(name, host.platform, book.price, book)))
        return [seat for _, _, seat in sorted(seats, key=lambda s: s[:2])]

    def _best(self, asked: CapacityRequest, quantity: int, seats: Sequence[Seat], agreed: Agreed, *, soon: Instant | None = None) -> Bundle | None:
        """What to sign: all of it by `soon` where it is cheapest; else what there is at once; else all of it later; else what there is last."""
        first = max(agreed.at, asked.start_earliest)
        lasts, latest = length(asked), asked.start_latest
        if first > latest:
            return None
        soon = min(max(first, soon or first), latest)
        for seat in seats:
            starts = earliest(seat.book.free, quantity, lasts=lasts, first=first, last=soon)
            if starts is not None and self._may_start(asked, seat, starts, agreed):
                return Bundle(seat, quantity, starts)
        part = self._part(asked, quantity, seats, first, agreed)
        if part is not None:
            return part
        later = []
        for order, seat in enumerate(seats):
            starts = earliest(seat.book.free, quantity, lasts=lasts, first=soon, last=latest)
            if starts is not None and self._may_start(asked, seat, starts, agreed):
                later.append((starts, order, seat))
        if later:
            starts, _, seat = min(later, key=lambda found: found[:2])
            return Bundle(seat, quantity, starts)
        return self._part(asked, quantity, seats, latest, agreed) if latest > first else None

    def _may_start(self, asked: CapacityRequest, seat: Seat, starts: Instant, agreed: Agreed) -> bool:
        """Whether, as far as is known now, the work may still run there on the day it starts."""
        return agreed.verdict(asked, seat.host, asked.quantity, day_of(starts, self._zone)).answer is not Answer.REFUSED

    def _part(self, asked: CapacityRequest, quantity: int, seats: Sequence[Seat], starts: Instant, agreed: Agreed) -> Bundle | None:
        """As much as the cheapest place with a useful lot can hold from an instant on, and never so much that a useless rest is left."""
        lot = min(asked.minimum_quantity, quantity)
        for seat in seats:
            room = min(least(seat.book.free, starts, length(asked)), quantity)
            if 0 < quantity - room < lot:
                room = quantity - lot
            if room >= lot and self._may_start(asked, seat, starts, agreed):
                return Bundle(seat, room, starts)
        return None

    # --- asking

    def _ask(self, request: Request, right: PreEmption, state: State, agreed: Agreed) -> AnyCommand | None:
        """A complete notice of all that is loose, on terms that the buyer would really accept."""
        asked, quantity = request.asked, request.loose
        window = window_of(right, quantity, reoffer=request.reoffer)
        answered = agreed.at + window
        if right.holidays:
            answered += len(right.holidays) * DAY
        others = self._seats(request, state, agreed, elsewhere=True)
        bundle = self._best(asked, quantity, others, agreed)
        # Nobody can deliver before the holder has answered, so the notice starts on the day after that.
        starts = instant_of(day_of(answered + DAY, self._zone), self._zone)
        starts = max(starts, asked.start_earliest)
        if bundle is not None and request.reoffer:
            starts = max(starts, bundle.starts)
        starts = min(starts, asked.start_latest)
        matched = right.right in MATCHED
        if matched and bundle is None:
            return None
        prices = [seat.price for seat in (*others, *self._seats(request, state, agreed, elsewhere=False))]
        price = bundle.seat.price if matched and bundle is not None else max(prices, default=asked.price_max)
        if price is None:
            return None
        quoted = right.right == "first_negotiation" or (right.right == "first_offer" and right.quoted_by == "holder")
        regions = asked.regions or tuple(sorted({r for host in agreed.candidates(asked) for r in host.regions}))
        terms = self._terms(asked, quantity, starts, price, regions=regions)
        if quoted:
            terms = replace(terms, price=None)
        if matched and bundle is not None:
            terms = _as_bid(terms, bundle.seat.platform, answered + DAY)
        return ServeNotice(by=asked.party, offer=f"{asked.id}.n{len(request.offers) + 1}", request=asked.id, terms=terms)

    def _terms(self, asked: CapacityRequest, quantity: int, starts: Instant, price: Decimal, *, regions: tuple[str, ...]) -> Terms:
        return Terms(
            sku=asked.sku,
            quantity=quantity,
            starts=starts,
            ends=starts + length(asked),
            regions=regions,
            classes=(asked.workload_class,),
            price=price,
            payment=self._notice.payment,
            prepayment=Decimal(self._notice.prepayment),
            take_or_pay=Decimal(self._notice.take_or_pay),
            service_level=Decimal(self._notice.service_level),
            delivery_tolerance=int(self._notice.delivery_tolerance.total_seconds()),
            address=self._notice.address,
        )

    def _regions(self, host: str) -> tuple[str, ...]:
        return self._scenario.agreement.hosts[host].regions


def _as_bid(terms: Terms, offeror: str, open_until: Instant) -> Terms:
    """The terms as an outsider's signed offer, which outlives the holder's window (R3, R32)."""
    return replace(terms, offeror=offeror, open_until=open_until, signed=True)


def by_urgency(names: Mapping[str, None], state: State) -> list[str]:
    """Needs in the order in which they are served: priority, then who asked first, then by name."""
    known = [state.requests[name] for name in names if name in state.requests]
    known.sort(key=lambda request: (-request.asked.priority, request.submitted_at, request.asked.id))
    return [request.asked.id for request in known]
