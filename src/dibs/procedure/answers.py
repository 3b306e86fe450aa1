"""Answers: what the holder says, what its silence means, and what follows a refusal.

An answer counts if it is received before the deadline; at the deadline it is late.  Whatever is not taken falls
through: exactly so much, and no more, may go elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dibs.procedure.agreed import has_hardware
from dibs.procedure.capacity import deliver_by, grant_to_holder, holders_room
from dibs.procedure.events import (
    AnswerLate,
    Because,
    CounterAccepted,
    MarketOpened,
    OfferTolled,
    ReofferDue,
    RightAssigned,
    RightCountered,
    RightDeclined,
    RightExercised,
    RightLapsed,
    RightSpent,
    RightWaived,
    RoundOpened,
)
from dibs.procedure.needs import bound, end_right, give_up_remainder, reconsider
from dibs.procedure.notices import MATCHED, material, window_for_round
from dibs.procedure.refusals import Refusal
from dibs.quantities import iso

if TYPE_CHECKING:
    from dibs.contract.model import PreEmption
    from dibs.contract.terms import Terms
    from dibs.procedure.commands import AcceptCounter, AssignRight, Respond, WaiveRight
    from dibs.procedure.hearing import Hearing
    from dibs.procedure.state import Offer

INABILITY = frozenset({"no_capacity", "wrong_hardware", "late"})
"""The reasons to decline that say that the holder cannot, not that it will not (R13)."""


def respond(hearing: Hearing, command: Respond) -> None:
    """The holder answers: takes all or a part, names terms of its own, or declines."""
    offer = hearing.state.offers.get(command.offer)
    if offer is None or offer.status == "defective":
        hearing.refuse(command.offer, Refusal.UNKNOWN_OFFER)
        return
    right, offered = hearing.agreed.right(offer.clause), offer.terms.quantity or 0
    if command.by != hearing.agreed.holder(right):
        hearing.refuse(command.offer, Refusal.NOT_ENTITLED, need=hearing.agreed.holder(right), have=command.by)
    elif _said_before(offer, command):
        hearing.repeat(command.offer)
    elif offer.status != "open" and (offer.status != "lapsed" or hearing.at < offer.respond_by):
        hearing.refuse(command.offer, Refusal.OFFER_OVER, have=offer.status)
    elif hearing.at >= offer.respond_by:
        late = Because(code="late", clause=right.id, need=f"before {iso(offer.respond_by)}", have=iso(hearing.at))
        hearing.say(AnswerLate(at=hearing.at, because=(late,), offer=offer.offer, by=command.by))
    elif offer.matched:
        hearing.refuse(command.offer, Refusal.OFFER_OVER, have="matched")
    elif command.quantity == 0 and command.terms is None:
        decline(hearing, offer, right, command)
    elif command.quantity > offered:
        hearing.refuse(command.offer, Refusal.MORE_THAN_OFFERED, need=offered, have=command.quantity, clause=right.id)
    elif command.quantity < 1:
        hearing.refuse(command.offer, Refusal.NOT_POSITIVE, have=command.quantity)
    elif right.default_bars_exercise and hearing.state.owing.get(offer.holder):
        hearing.refuse(command.offer, Refusal.HOLDER_IN_DEFAULT, have=hearing.state.owing[offer.holder], clause=right.id)
    elif command.terms is not None and (changed := material(offer.terms, command.terms, right)):
        counter(hearing, offer, right, command, changed)
    elif command.quantity < offer.minimum_accept:
        hearing.refuse(command.offer, Refusal.LESS_THAN_ACCEPTABLE, need=offer.minimum_accept, have=command.quantity, clause=right.id)
    else:
        accept(hearing, offer, right, command)


def _said_before(offer: Offer, command: Respond) -> bool:
    """Whether an offer that is over ended with this very answer."""
    match offer.status:
        case "exercised" | "partially_exercised":
            return command.quantity == offer.taken
        case "declined":
            return command.quantity == 0 and command.reason == offer.reason
        case "countered":
            return command.quantity == offer.counter_quantity and command.terms == offer.counter
        case _:
            return bool(offer.matched) and command.quantity == offer.matched


def accept(hearing: Hearing, offer: Offer, right: PreEmption, command: Respond) -> None:
    """The holder takes the notice as it stands, wholly or in part, if it has the room for it."""
    room = holders_room(hearing, offer, offer.terms, command.quantity, command.hosts)
    if isinstance(room, Because):
        hearing.refuse(offer.offer, room)
    elif right.right == "matching" and right.after_match == "another_round":
        until = hearing.at + window_for_round(offer, right)
        hearing.say(RoundOpened(at=hearing.at, offer=offer.offer, request=offer.request, quantity=command.quantity, until=until))
        # The match binds at `until`, which has to lie before the deadline like any exercise.
        hearing.say(OfferTolled(at=hearing.at, offer=offer.offer, cause="another_round", respond_by=max(until + 1, offer.respond_by)))
    else:
        exercise(hearing, offer, offer.terms, command.quantity, room)


def exercise(hearing: Hearing, offer: Offer, terms: Terms, quantity: int, room: list[tuple[str, int]], *, reasons: tuple[Because, ...] = ()) -> None:
    """A binding order for `quantity`; the remainder falls through."""
    remainder = (offer.terms.quantity or 0) - quantity
    hearing.say(
        RightExercised(
            at=hearing.at,
            because=reasons or (Because(code="exercised", clause=offer.clause),),
            offer=offer.offer,
            request=offer.request,
            quantity=quantity,
            remainder=remainder,
            deliver_by=deliver_by(hearing, terms),
        )
    )
    grant_to_holder(hearing, offer, terms, room)
    if remainder:
        release(hearing, offer, remainder)


def decline(hearing: Hearing, offer: Offer, right: PreEmption, command: Respond) -> None:
    """The holder says no.  Where only inability frees the grantor, the reason counts, and is tested (R13)."""
    reasons = [Because(code="declined", clause=right.id, have=command.reason)]
    contradicted = _contradicted(hearing, offer, command)
    if contradicted:
        reasons.append(contradicted)
    frees = not right.decline_requires_inability or (command.reason in INABILITY and contradicted is None)
    hearing.say(RightDeclined(at=hearing.at, because=tuple(reasons), offer=offer.offer, request=offer.request, reason=command.reason, frees=frees))
    if frees:
        release(hearing, offer, offer.terms.quantity or 0, refused=True)
    elif not bound(hearing, hearing.state.requests[offer.request]):
        end_right(hearing, offer.request)


def _contradicted(hearing: Hearing, offer: Offer, command: Respond) -> Because | None:
    """What the holder itself has declared against the inability it claims, if anything."""
    if command.reason not in INABILITY:
        return None
    terms, agreed = offer.terms, hearing.agreed
    own = [h for h in agreed.compiled.agreement.hosts.values() if h.platform == offer.holder and h.operator == offer.holder]
    if command.reason == "wrong_hardware":
        having = [h.id for h in own if has_hardware(h, terms.sku or "") and (h.id, terms.sku) in hearing.state.books]
        return Because(code="claim_contradicted", clause=offer.clause, need=f"no {terms.sku}", have=", ".join(having)) if having else None
    room = holders_room(hearing, offer, terms, offer.minimum_accept, ())
    if isinstance(room, Because):
        return None
    return Because(code="claim_contradicted", clause=offer.clause, need=f"less than {offer.minimum_accept} free", have=", ".join(h for h, _ in room))


def counter(hearing: Hearing, offer: Offer, right: PreEmption, command: Respond, changed: tuple[str, ...]) -> None:
    """The holder answers on terms of its own: no exercise (R8), but a bargain that the grantor may take.

    Where the holder is the one who quotes, this is its quote, and the ceiling for everybody else.
    """
    assert command.terms is not None  # noqa: S101 - that is what makes it a counter
    terms = _on_top_of(offer.terms, command.terms)
    stands = right.counter == "keeps_open"
    quoted = right.quoted_by == "holder"
    reasons = (Because(code="quoted" if quoted else "counter", clause=right.id, have=", ".join(changed)),)
    hearing.say(
        RightCountered(
            at=hearing.at, because=reasons, offer=offer.offer, request=offer.request, terms=terms, quantity=command.quantity, stands=stands
        )
    )
    if stands:
        return
    if right.decline_requires_inability and not quoted:
        # A counter is no inability, so it frees nobody: the holder has to be asked again.
        if bound(hearing, hearing.state.requests[offer.request]):
            hearing.say(ReofferDue(at=hearing.at, because=reasons, request=offer.request, terms=terms, quantity=offer.terms.quantity or 0))
        else:
            end_right(hearing, offer.request)
        return
    release(hearing, hearing.state.offers[offer.offer], offer.terms.quantity or 0, refused=True)


def _on_top_of(offered: Terms, answered: Terms) -> Terms:
    """What was offered, with what the answer states put over it; the quantity stays that of the notice."""
    says = {name: value for name in answered.__struct_fields__ if (value := getattr(answered, name)) is not None and name != "quantity"}
    return replace(offered, **says)


def accept_counter(hearing: Hearing, command: AcceptCounter) -> None:
    """The grantor takes the holder's own terms as a new bargain."""
    offer = hearing.state.offers.get(command.offer)
    if offer is None:
        hearing.refuse(command.offer, Refusal.UNKNOWN_OFFER)
        return
    request = hearing.state.requests[offer.request]
    if not hearing.agreed.acts_for(command.by, request.asked.party):
        hearing.refuse(command.offer, Refusal.NOT_ENTITLED, need=request.asked.party, have=command.by)
        return
    if offer.counter is not None and offer.taken:
        hearing.repeat(command.offer)
        return
    running = offer.status == "open"
    quantity = min(offer.counter_quantity, request.offered if running else max(request.market.quantity, request.loose))
    over = not running and (request.offered or offer.status != "countered" or offer.request not in hearing.state.live)
    if offer.counter is None or quantity < 1 or over:
        hearing.refuse(command.offer, Refusal.NO_COUNTER, have=offer.status)
        return
    room = holders_room(hearing, offer, offer.counter, quantity, ())
    if isinstance(room, Because):
        hearing.refuse(command.offer, room)
    elif running:
        exercise(hearing, offer, offer.counter, quantity, room, reasons=(Because(code="counter_accepted", clause=offer.clause),))
    else:
        reasons = (Because(code="counter_accepted", clause=offer.clause),)
        hearing.say(
            CounterAccepted(
                at=hearing.at,
                because=reasons,
                offer=offer.offer,
                request=offer.request,
                quantity=quantity,
                from_market=min(quantity, request.market.quantity),
            )
        )
        grant_to_holder(hearing, offer, offer.counter, room)
        give_up_remainder(hearing, offer.request)


def waive(hearing: Hearing, command: WaiveRight) -> None:
    """The holder waives its right for this need only, in a signed writing (R18)."""
    request = hearing.state.requests.get(command.request)
    if request is None:
        hearing.refuse(command.request, Refusal.UNKNOWN_REQUEST)
        return
    offer = hearing.state.offers.get(request.offer)
    if not request.clause or command.request not in hearing.state.live or not request.loose + request.offered or (offer and offer.matched):
        hearing.refuse(command.request, Refusal.NOTHING_TO_WAIVE, have=request.status)
        return
    right = hearing.agreed.right(request.clause)
    if command.by != hearing.agreed.holder(right):
        hearing.refuse(command.request, Refusal.NOT_ENTITLED, need=hearing.agreed.holder(right), have=command.by)
        return
    if not command.signed_by.strip():
        hearing.refuse(command.request, Refusal.UNSIGNED, clause=right.id)
        return
    reasons = (Because(code="waived", clause=right.id, have=command.signed_by),)
    hearing.say(RightWaived(at=hearing.at, because=reasons, request=command.request, offer=request.offer, signed_by=command.signed_by))
    _open_market(hearing, command.request, right, offer if offer and offer.status == "open" else None)


def lapse(hearing: Hearing, offer_id: str) -> None:
    """The deadline has passed without a valid answer: the case lapses, or silence accepts where the clause says so (R7)."""
    offer = hearing.state.offers[offer_id]
    right, quantity = hearing.agreed.right(offer.clause), offer.terms.quantity or 0
    reasons: tuple[Because, ...] = (Because(code="silence", clause=right.id),)
    if right.silence == "accept":
        room = holders_room(hearing, offer, offer.terms, quantity, ())
        if not isinstance(room, Because):
            exercise(hearing, offer, offer.terms, quantity, room, reasons=reasons)
            return
        reasons = (*reasons, room)
    if right.waiver == "conduct" and offer.read:
        # The holder knew the true terms and did nothing for the whole window.
        hearing.say(RightWaived(at=hearing.at, because=reasons, request=offer.request, offer=offer_id, signed_by=""))
    else:
        hearing.say(RightLapsed(at=hearing.at, because=reasons, offer=offer_id, request=offer.request))
    release(hearing, offer, quantity, refused=True)


def end_round(hearing: Hearing, offer_id: str) -> None:
    """Nobody has beaten the match: it binds (R31)."""
    offer = hearing.state.offers[offer_id]
    room = holders_room(hearing, offer, offer.terms, offer.matched, ())
    if isinstance(room, Because):
        # What the holder matched it can no longer deliver: as if it had not answered.
        hearing.say(RightDeclined(at=hearing.at, because=(room,), offer=offer_id, request=offer.request, reason="no_capacity"))
        release(hearing, offer, offer.terms.quantity or 0, refused=True)
    else:
        exercise(hearing, offer, offer.terms, offer.matched, room)


def release(hearing: Hearing, offer: Offer, quantity: int, *, refused: bool = False) -> None:
    """What the holder did not take falls through: to the market, or out of the right if that is over or was for one occasion."""
    right = hearing.agreed.right(offer.clause)
    if refused and right.lasts == "one_shot" and hearing.agreed.binds(right):
        hearing.say(RightSpent(at=hearing.at, because=(Because(code="one_shot", clause=right.id),), clause=right.id))
        reconsider(hearing)
        return
    if give_up_remainder(hearing, offer.request):
        return
    request = hearing.state.requests[offer.request]
    assert request.loose >= quantity, "what was offered is what is free now"  # noqa: S101 - a bug, loud
    if bound(hearing, request):
        _open_market(hearing, offer.request, right, offer)
    else:
        end_right(hearing, offer.request)


def _open_market(hearing: Hearing, name: str, right: PreEmption, offer: Offer | None) -> None:
    """All of the need that is loose may go elsewhere for a while, on terms no richer than those that were refused (R9, R10)."""
    request = hearing.state.requests[name]
    until = hearing.at + int(right.free_market_for.total_seconds())
    hearing.say(
        MarketOpened(
            at=hearing.at,
            because=(Because(code="free_market", clause=right.id),),
            request=name,
            quantity=request.loose,
            until=until,
            ceiling=_ceiling(right, offer) if offer else None,
            only_with=offer.terms.offeror or "" if offer and right.right in MATCHED else "",
            offer=offer.offer if offer else "",
        )
    )


def _ceiling(right: PreEmption, offer: Offer) -> Terms | None:
    """What the holder turned down; where it was to quote, what it quoted, and nothing if it did not."""
    if not right.reoffer_if_richer and not right.good_faith:
        return None
    if right.quoted_by == "holder" and right.right == "first_offer":
        return offer.counter
    return replace(offer.terms, price=offer.outside_price) if offer.outside_price is not None else offer.terms


def assign(hearing: Hearing, command: AssignRight) -> None:
    """The right passes with the holder's business, where the clause lets it (R20)."""
    right = next((c for c in hearing.agreed.clauses if c.id == command.clause), None)
    if right is None or right.kind != "pre_emption":
        hearing.refuse(command.clause, Refusal.UNKNOWN_CLAUSE)
        return
    right = hearing.agreed.right(command.clause)
    holder = hearing.agreed.holder(right)
    if hearing.state.assigned.get(command.clause) == command.to:
        hearing.repeat(command.clause)
    elif command.by != holder:
        hearing.refuse(command.clause, Refusal.NOT_ENTITLED, need=holder, have=command.by)
    elif right.assignable == "personal":
        hearing.refuse(command.clause, Refusal.NOT_ASSIGNABLE, clause=right.id)
    elif command.to not in hearing.compiled.agreement.parties:  # last: whether a party exists is not for everybody to find out
        hearing.refuse(command.clause, Refusal.UNKNOWN_PARTY, have=command.to)
    else:
        barrier = hearing.compiled.barrier(right, hearing.agreed.day, command.to)
        hearing.say(RightAssigned(at=hearing.at, clause=right.id, holder=holder, to=command.to, barrier=barrier))
