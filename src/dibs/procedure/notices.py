"""Notices: how the holder is asked, and what the grantor may do while it thinks.

The clock starts only with a complete notice (R3, R4).  A defective one is recorded with what it lacks; serving it again
under its id cures it, with a whole new window.
"""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING

from msgspec.structs import asdict, replace

from dibs.decisions.completeness import missing
from dibs.decisions.decision import ReasonCode
from dibs.procedure.events import (
    AccessGranted,
    Because,
    NoticeDefective,
    NoticeRead,
    OfferServed,
    OfferTolled,
    OfferVoided,
    OfferWithdrawn,
    ReofferDue,
)
from dibs.procedure.refusals import Refusal
from dibs.quantities import instant_of

if TYPE_CHECKING:
    from decimal import Decimal

    from dibs.contract.model import PreEmption
    from dibs.contract.terms import Terms
    from dibs.procedure.commands import ChangeTerms, GrantAccess, ReadNotice, ServeNotice, TollOffer, WithdrawOffer
    from dibs.procedure.hearing import Hearing
    from dibs.procedure.state import Offer, Request
    from dibs.quantities import Instant

MATCHED = frozenset({"matching", "last_look"})
"""The rights in which an outsider has made an offer before the holder is asked."""


def serve(hearing: Hearing, command: ServeNotice) -> None:
    """Ask the holder."""
    state, agreed = hearing.state, hearing.agreed
    request = state.requests.get(command.request)
    before = state.offers.get(command.offer)
    if request is None:
        hearing.refuse(command.offer, Refusal.UNKNOWN_REQUEST, have=command.request)
        return
    if before is not None and before.status != "defective":
        # The same notice again is harmless.  What was served may state more than what was said (R14), so that is compared after the same dressing.
        same = before.request == command.request and before.terms == _dress(agreed.right(before.clause), command.terms)[0]
        if same:
            hearing.repeat(command.offer)
        else:
            hearing.refuse(command.offer, Refusal.ID_TAKEN)
        return
    if not agreed.acts_for(command.by, request.asked.party):
        hearing.refuse(command.offer, Refusal.NOT_ENTITLED, need=request.asked.party, have=command.by)
    elif command.request not in state.live:
        hearing.refuse(command.offer, Refusal.REQUEST_OVER, have=request.status)
    elif before is not None and (before.request != command.request or request.offer != command.offer):
        hearing.refuse(command.offer, Refusal.ID_TAKEN)
    elif not request.clause:
        hearing.refuse(command.offer, Refusal.NOT_COVERED)
    elif request.offered and not _may_rebid(hearing, request, command.terms):
        hearing.refuse(command.offer, Refusal.OFFER_RUNNING, have=request.offer, clause=request.clause)
    elif not request.loose + request.offered and not request.market.quantity:
        hearing.refuse(command.offer, Refusal.NOTHING_LOOSE, have=request.status)
    elif request.market.quantity:
        hearing.refuse(command.offer, Refusal.MARKET_OPEN, have=request.market.quantity, clause=request.clause)
    elif request.reoffer and agreed.right(request.clause).right == "last_look":
        hearing.refuse(command.offer, Refusal.NO_REBIDS, clause=request.clause)
    else:
        _ask(hearing, command, request)


def _may_rebid(hearing: Hearing, request: Request, terms: Terms) -> bool:
    """While another round is open, an outside offer that beats the match by its price may be brought (R31)."""
    running = hearing.state.offers[request.offer]
    beaten = terms.price is not None and running.outside_price is not None and terms.price < running.outside_price
    return bool(running.matched) and beaten


def _ask(hearing: Hearing, command: ServeNotice, request: Request) -> None:
    """Serve it, or note what it lacks.  An earlier draft gives way; a match that is running gives way only to a notice that is whole."""
    right = hearing.agreed.right(request.clause)
    before = hearing.state.offers.get(request.offer)
    beaten = before is not None and before.status == "open"
    again = request.reoffer or beaten
    whole = request.loose + request.offered
    terms, outside_price, notes = _dress(right, command.terms)
    window = window_of(right, terms.quantity or whole, reoffer=again)
    respond_by = _deadline(hearing, right, max(window, command.respond_within or 0))
    lacking = [*missing(right, terms, deadline=respond_by), *_mismatches(right, request, terms, whole)]
    if command.respond_within is not None and command.respond_within < window:
        lacking.append("respond_within")
    defects = tuple(dict.fromkeys(lacking))
    if defects and beaten:
        reason = Because(code=str(ReasonCode.NOTICE_INCOMPLETE), clause=right.id, have=", ".join(defects))
        hearing.refuse(command.offer, reason)
        return
    if before is not None and before.offer != command.offer:
        why = "beaten in another round" if beaten else "served anew"
        hearing.say(OfferVoided(at=hearing.at, offer=before.offer, request=command.request, why=why))
    holder = hearing.agreed.holder(right)
    if defects:
        hearing.say(
            NoticeDefective(
                at=hearing.at,
                because=notes,
                offer=command.offer,
                request=command.request,
                clause=right.id,
                holder=holder,
                terms=terms,
                missing=defects,
            )
        )
        return
    hearing.say(
        OfferServed(
            at=hearing.at,
            because=notes,
            offer=command.offer,
            request=command.request,
            clause=right.id,
            holder=holder,
            terms=terms,
            respond_by=respond_by,
            minimum_accept=_least(right, request, terms),
            reoffer=again,
            right=right.right,
            barrier=hearing.agreed.compiled.barrier(right, hearing.agreed.day, holder),
            outside_price=outside_price,
        )
    )


def _dress(right: PreEmption, terms: Terms) -> tuple[Terms, Decimal | None, tuple[Because, ...]]:
    """The terms as the holder has to meet them: unusual ones disregarded (R14), and a margin on what an outsider asks.

    Returns the outside price too, where somebody else's offer is to be matched.
    """
    notes: tuple[Because, ...] = ()
    if terms.unusual and right.unusual_terms == "disregard":
        notes = (Because(code="unusual_disregarded", clause=right.id, have=", ".join(terms.unusual)),)
        terms = replace(terms, unusual=None)
    outside = terms.price if right.right in MATCHED else None
    if outside is not None and right.match_margin:
        terms = replace(terms, price=outside * (1 + right.match_margin))
    return terms, outside, notes


def _mismatches(right: PreEmption, request: Request, terms: Terms, whole: int) -> list[str]:
    """The terms of a notice that are not those of the need: a notice has to offer what is needed, and the whole of it."""
    asked = request.asked
    wrong = []
    if terms.sku is not None and terms.sku != asked.sku:
        wrong.append("sku")
    if terms.quantity is None or terms.quantity != whole:
        wrong.append("quantity")
    if terms.classes is not None and asked.workload_class not in terms.classes:
        wrong.append("classes")
    if terms.starts is None or not asked.start_earliest <= terms.starts <= asked.start_latest:
        wrong.append("starts")
    if terms.ends is None or (terms.starts is not None and terms.ends <= terms.starts):
        wrong.append("ends")
    if terms.unusual and right.unusual_terms == "refuse":
        wrong.append("unusual")
    return wrong


def _least(right: PreEmption, request: Request, terms: Terms) -> int:
    """The smallest part the holder may take: by the clause (R12), by what is of use, and all of a package that stays whole (R15)."""
    quantity = terms.quantity or 0
    if right.partial == "none" or (terms.package is not None and right.packages == "whole"):
        return quantity
    return min(quantity, max(1, ceil(quantity * right.minimum_accept), request.asked.minimum_quantity))


def window_of(right: PreEmption, quantity: int, *, reoffer: bool) -> int:
    """How long the holder may take, in seconds: by the size of the lot (R5), and shorter for a re-offer (R11)."""
    smaller = [most for most in sorted(right.respond_within_below) if quantity < most]
    window = int((right.respond_within_below[smaller[0]] if smaller else right.respond_within).total_seconds())
    if not reoffer:
        return window
    return min(window, max(window // right.reoffer_divisor, int(right.reoffer_at_least.total_seconds())))


def _deadline(hearing: Hearing, right: PreEmption, window: int) -> Instant:
    """The end of a window that begins now: calendar time in the agreement's zone, standing still on the days listed (R6)."""
    begins, zone = hearing.at, hearing.compiled.zone
    ends = begins + window
    for holiday in sorted(right.holidays):
        first, last = instant_of(holiday, zone), instant_of(_next(holiday), zone)
        if last > begins and first < ends:
            ends += last - max(first, begins)
    return ends


def _next(day: date) -> date:
    return day + timedelta(days=1)


def window_for_round(offer: Offer, right: PreEmption) -> int:
    """How long an outsider may take to beat a match: as long as the holder gets for a re-offer."""
    return window_of(right, offer.terms.quantity or 0, reoffer=True)


def _own_offer(hearing: Hearing, offer_id: str, statuses: tuple[str, ...]) -> Offer | None:
    """An offer that the grantor speaks of, if it may and the offer is in one of the statuses."""
    offer = hearing.state.offers.get(offer_id)
    if offer is None:
        hearing.refuse(offer_id, Refusal.UNKNOWN_OFFER)
        return None
    party = hearing.state.requests[offer.request].asked.party
    if not hearing.agreed.acts_for(hearing.command.by, party):
        hearing.refuse(offer_id, Refusal.NOT_ENTITLED, need=party, have=hearing.command.by)
        return None
    if offer.status not in statuses:
        hearing.refuse(offer_id, Refusal.OFFER_OVER, have=offer.status)
        return None
    return offer


def withdraw(hearing: Hearing, command: WithdrawOffer) -> None:
    """Take a notice back before it is accepted; the need is watched from then on."""
    known = hearing.state.offers.get(command.offer)
    if known is not None and known.status == "withdrawn":
        hearing.repeat(command.offer)
        return
    offer = _own_offer(hearing, command.offer, ("open", "defective"))
    if offer is None:
        return
    if offer.matched:
        hearing.refuse(command.offer, Refusal.OFFER_OVER, have="matched")
        return
    look_back = hearing.agreed.right(offer.clause).look_back
    watch = hearing.at + int(look_back.total_seconds())
    hearing.say(OfferWithdrawn(at=hearing.at, offer=offer.offer, request=offer.request, watch_until=watch))


def change_terms(hearing: Hearing, command: ChangeTerms) -> None:
    """Change the need or the terms: the window is void, and the holder has to be asked again."""
    offer = _own_offer(hearing, command.offer, ("open",))
    if offer is None:
        return
    right = hearing.agreed.right(offer.clause)
    if offer.matched or not material(offer.terms, command.terms, right):
        hearing.refuse(command.offer, Refusal.OFFER_OVER if offer.matched else Refusal.NOTHING_CHANGED)
        return
    reasons = (Because(code="terms_changed", clause=right.id),)
    hearing.say(OfferVoided(at=hearing.at, because=reasons, offer=offer.offer, request=offer.request, why="the terms changed"))
    quantity = offer.terms.quantity or 0
    hearing.say(ReofferDue(at=hearing.at, because=reasons, request=offer.request, terms=command.terms, quantity=quantity))


def material(offered: Terms, answered: Terms, right: PreEmption) -> tuple[str, ...]:
    """The terms in which an answer differs from the notice and that the clause does not call immaterial (R8).

    What an answer does not state it takes over; the quantity is a matter of its own (R12).
    """
    was, says = asdict(offered), asdict(answered)
    return tuple(
        name for name, value in says.items() if value is not None and value != was[name] and name != "quantity" and name not in right.immaterial_terms
    )


def toll(hearing: Hearing, command: TollOffer) -> None:
    """Stop the clock for a cause that the clause names (R26): never for the holder's own approval."""
    offer = hearing.state.offers.get(command.offer)
    if offer is None:
        hearing.refuse(command.offer, Refusal.UNKNOWN_OFFER)
        return
    right = hearing.agreed.right(offer.clause)
    party = hearing.state.requests[offer.request].asked.party
    if command.by != offer.holder and not hearing.agreed.acts_for(command.by, party):
        hearing.refuse(command.offer, Refusal.NOT_ENTITLED, have=command.by)
    elif offer.status != "open" or offer.matched:
        hearing.refuse(command.offer, Refusal.OFFER_OVER, have=offer.status)
    elif command.cause not in right.tolling:
        hearing.refuse(command.offer, Refusal.TOLLING_NOT_AGREED, need=", ".join(right.tolling), have=command.cause, clause=right.id)
    elif command.seconds < 1:
        hearing.refuse(command.offer, Refusal.NOT_POSITIVE, have=command.seconds)
    else:
        respond_by = offer.respond_by + command.seconds
        hearing.say(OfferTolled(at=hearing.at, offer=offer.offer, cause=command.cause, respond_by=respond_by))


def grant_access(hearing: Hearing, command: GrantAccess) -> None:
    """Name a person who may read notices behind the barrier (R24)."""
    if command.by != command.holder:
        hearing.refuse(command.person, Refusal.NOT_ENTITLED, need=command.holder, have=command.by)
    elif (command.holder, command.person) in hearing.state.readers:
        hearing.repeat(command.person)
    else:
        hearing.say(AccessGranted(at=hearing.at, holder=command.holder, person=command.person))


def read(hearing: Hearing, command: ReadNotice) -> None:
    """Read a notice; behind the barrier only named people may, and every attempt is logged (R24)."""
    offer = hearing.state.offers.get(command.offer)
    if offer is None or offer.status == "defective":
        hearing.refuse(command.offer, Refusal.UNKNOWN_OFFER)
    elif command.by != offer.holder:
        hearing.refuse(command.offer, Refusal.NOT_ENTITLED, have=command.by)
    else:
        allowed = not offer.barrier or (offer.holder, command.person) in hearing.state.readers
        reasons = () if allowed else (Because(code=str(Refusal.NOT_A_READER), clause=offer.clause),)
        hearing.say(NoticeRead(at=hearing.at, because=reasons, offer=offer.offer, person=command.person, allowed=allowed))
