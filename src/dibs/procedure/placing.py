"""Placing: signing for capacity, wherever the need may go.

The order of the tests: what is asked for makes sense; the clauses on hosting; the right, if one binds the need; the
terms, against what the holder refused; and last whether there is room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dibs.decisions.decision import Answer
from dibs.decisions.richer import Comparison, Outcome, compare
from dibs.procedure.agreed import because, has_hardware, in_regions, length
from dibs.procedure.capacity import consent_drawn_on, free, reserve
from dibs.procedure.events import Because, ReofferDue, RequestUndetermined
from dibs.procedure.needs import give_up_remainder, hold
from dibs.procedure.refusals import Refusal
from dibs.procedure.schedule import Schedule
from dibs.quantities import day_of, iso

if TYPE_CHECKING:
    from dibs.contract.model import Host, PreEmption
    from dibs.contract.terms import CapacityRequest, Terms
    from dibs.procedure.commands import ProposeGrant
    from dibs.procedure.hearing import Hearing
    from dibs.procedure.state import Request
    from dibs.quantities import Instant

_FREE_OF_THE_RIGHT = frozenset({"on_holder_platform", "sub_supply_counts", "consented", "exempt", "overridden"})
"""Reasons of a permitted verdict that say that no right is at stake on this host, whatever binds the need."""


@dataclass(frozen=True, slots=True)
class _Proposal:
    """What is to be signed, with everything filled in."""

    grant: str
    request: Request
    host: Host
    quantity: int
    terms: Terms
    starts: Instant
    ends: Instant


def propose(hearing: Hearing, command: ProposeGrant) -> None:
    """Sign for capacity on a host."""
    state, agreed = hearing.state, hearing.agreed
    before, request = state.grants.get(command.grant), state.requests.get(command.request)
    if before is not None:
        same = (before.request, before.host, before.offer) == (command.request, command.host, "") and before.quantity == command.quantity
        if same:
            hearing.repeat(command.grant)
        else:
            hearing.refuse(command.grant, Refusal.ID_TAKEN)
        return
    if request is None:
        hearing.refuse(command.grant, Refusal.UNKNOWN_REQUEST, have=command.request)
        return
    asked, host = request.asked, agreed.host(command.host)
    if host is None:
        hearing.refuse(command.grant, Refusal.UNKNOWN_HOST, have=command.host)
    elif not agreed.acts_for(command.by, asked.party):
        hearing.refuse(command.grant, Refusal.NOT_ENTITLED, need=asked.party, have=command.by)
    elif command.request not in state.live:
        hearing.refuse(command.grant, Refusal.REQUEST_OVER, have=request.status)
    elif command.quantity < 1:
        hearing.refuse(command.grant, Refusal.NOT_POSITIVE, have=command.quantity)
    elif not has_hardware(host, asked.sku) or command.terms.sku not in {None, asked.sku}:
        hearing.refuse(command.grant, Refusal.WRONG_HARDWARE, need=asked.sku, have=", ".join(host.skus))
    elif not in_regions(host, asked.regions):
        hearing.refuse(command.grant, Refusal.WRONG_REGION, need=", ".join(asked.regions), have=", ".join(host.regions))
    else:
        proposal = _fill(hearing, command, request, host)
        if _fits(hearing, proposal) and _is_allowed(hearing, proposal):
            _place(hearing, proposal)


def _fill(hearing: Hearing, command: ProposeGrant, request: Request, host: Host) -> _Proposal:
    """What the bundle does not state is taken from the need, and the price from what the host declared."""
    asked, terms = request.asked, command.terms
    starts = terms.starts if terms.starts is not None else max(asked.start_earliest, hearing.at)
    ends = terms.ends if terms.ends is not None else starts + length(asked)
    book = hearing.state.books.get((command.host, asked.sku))
    price = terms.price if terms.price is not None else book.price if book else None
    terms = replace(terms, sku=asked.sku, quantity=command.quantity, starts=starts, ends=ends, price=price)
    return _Proposal(command.grant, request, host, command.quantity, terms, starts, ends)


def _fits(hearing: Hearing, proposal: _Proposal) -> bool:
    """Whether the bundle is one for this need at all; says so if not."""
    request, price = proposal.request, proposal.terms.price
    earliest, latest = request.asked.start_earliest, request.asked.start_latest
    if request.cover.quantity:
        # What a holder in default owes is covered later than the need wanted to start: that is what makes it a default.
        latest = max(latest, request.cover.until)
    if not max(earliest, hearing.at) <= proposal.starts <= latest or proposal.ends <= proposal.starts:
        hearing.refuse(proposal.grant, Refusal.OUTSIDE_THE_NEED, need=f"{iso(earliest)} to {iso(latest)}", have=iso(proposal.starts))
        return False
    if price is not None and (price < 0 or (request.asked.price_max is not None and price > request.asked.price_max)):
        hearing.refuse(proposal.grant, Refusal.ABOVE_PRICE_MAXIMUM, need=request.asked.price_max, have=price)
        return False
    return True


# By the clauses on hosting.


def _is_allowed(hearing: Hearing, proposal: _Proposal) -> bool:
    """Whether the work may run there, on the day of signature and on the day it starts; says so if not.

    Where the clauses do not say, a person has to rule; the ruling then stands for every host that is in doubt.
    """
    agreed, request, quantity = hearing.agreed, proposal.request, proposal.quantity
    verdict = agreed.verdict(request.asked, proposal.host.id, quantity)
    later = agreed.verdict(request.asked, proposal.host.id, quantity, on=day_of(proposal.starts, hearing.compiled.zone))
    for found in (verdict, later):
        if found.answer is Answer.REFUSED:
            hearing.refuse(proposal.grant, *because(found, quantity))
            return False
    if verdict.answer is not Answer.UNDETERMINED or request.ruling in {"permitted", "offer_first"}:
        return True
    reasons = because(verdict, quantity)
    if request.ruling == "refused":
        hearing.refuse(proposal.grant, Because(code="ruled"), *reasons)
        return False
    if not request.undetermined:
        hearing.say(RequestUndetermined(at=hearing.at, because=reasons, request=request.asked.id))
    hearing.refuse(proposal.grant, *reasons)
    return False


# By the right.


def _place(hearing: Hearing, proposal: _Proposal) -> None:
    """Which way the need may go there: directly, freely, or only as far as the holder let it."""
    agreed, request, host = hearing.agreed, proposal.request, proposal.host
    if _renews_elsewhere(hearing, proposal):
        hearing.breach(request.asked.id, request.clause, Refusal.RENEWAL_ELSEWHERE)
        hearing.refuse(proposal.grant, Refusal.RENEWAL_ELSEWHERE, need=hearing.state.grants[request.asked.renewal_of].host, have=host.id)
        return
    verdict = agreed.verdict(request.asked, host.id, proposal.quantity)
    right = agreed.right(request.clause) if request.clause else None
    spared = verdict.answer is Answer.PERMITTED and not {str(r.code) for r in verdict.reasons}.isdisjoint(_FREE_OF_THE_RIGHT)
    uncounted = right is not None and host.platform == agreed.holder(right) and agreed.is_alternate(host, host.platform)
    if spared and not uncounted:
        _directly(hearing, proposal, because(verdict, proposal.quantity))
    elif right is None:
        _freely(hearing, proposal, because(verdict, proposal.quantity))
    else:
        _elsewhere(hearing, proposal, right)


def _renews_elsewhere(hearing: Hearing, proposal: _Proposal) -> bool:
    """Whether a need that is spared as a renewal goes to another host, where it would have to be offered (R2)."""
    request = proposal.request
    renewed = hearing.state.grants.get(request.asked.renewal_of)
    if renewed is None or renewed.host == proposal.host.id or not hearing.agreed.renews(request.asked):
        return False
    return _has_to_be_offered(hearing, request, replace(request.asked, renewal_of=""), proposal.host)


def _has_to_be_offered(hearing: Hearing, request: Request, asked: CapacityRequest, host: Host) -> bool:
    """Whether a right binds a need on a host, the need taken together with its case."""
    agreed = hearing.agreed
    rights = agreed.rights_over(asked, request.submitted_at, together=request.together)
    lot = max([asked.quantity, *(r.minimum_lot for r in rights)])
    return bool(rights) and agreed.verdict(asked, host.id, lot).answer is Answer.OFFER_FIRST


def _directly(hearing: Hearing, proposal: _Proposal, reasons: tuple[Because, ...]) -> None:
    """Where no right is at stake: on the holder's own platform, by consent, or where the clause leaves the host alone."""
    request = proposal.request
    running = hearing.state.offers.get(request.offer)
    if running and running.status == "open" and running.holder != proposal.host.platform:
        hearing.refuse(proposal.grant, Refusal.OFFER_RUNNING, have=running.offer, clause=running.clause)
        return
    consent = consent_drawn_on(hearing, request, proposal.host, proposal.quantity)
    if consent and consent.quantity_max is not None:
        used = -hearing.state.consented.get(consent.id, Schedule()).least(proposal.starts, proposal.ends)
        if used + proposal.quantity > consent.quantity_max:
            reason = Because(code="consent_exceeded", clause=consent.id, need=str(consent.quantity_max), have=str(used + proposal.quantity))
            hearing.refuse(proposal.grant, reason)
            return
    # What is loose goes first, then what a holder owes, then what a refusal set free: so the market keeps the most room.
    _sign(hearing, proposal, reasons, loose=request.loose, cover=request.cover.quantity, market=request.market.quantity)


def _freely(hearing: Hearing, proposal: _Proposal, reasons: tuple[Because, ...]) -> None:
    """Where no right binds the need: unless one has come to bind it since, by a notice withdrawn or by other needs of its case."""
    request, name = proposal.request, proposal.request.asked.id
    if request.ruling != "permitted" and _has_to_be_offered(hearing, request, request.asked, proposal.host):
        rights = hearing.agreed.rights_over(request.asked, request.submitted_at, together=request.together)
        what = Refusal.EVASION if hearing.agreed.watched(request.asked) else Refusal.MUST_OFFER
        hold(hearing, name, rights[0])
        hearing.breach(name, rights[0].id, what)
        hearing.refuse(proposal.grant, what, clause=rights[0].id)
        return
    _sign(hearing, proposal, reasons, loose=request.loose, cover=request.cover.quantity)


def _elsewhere(hearing: Hearing, proposal: _Proposal, right: PreEmption) -> None:
    """With somebody else, while a right binds the need: only what a default or a refusal set free, and no richer."""
    request, market = proposal.request, proposal.request.market
    if proposal.quantity <= request.cover.quantity:
        _sign(hearing, proposal, (Because(code="cover", clause=right.id),), cover=request.cover.quantity)
    elif not market.quantity:
        what = Refusal.WINDOW_CLOSED if market.status == "expired" else Refusal.MUST_OFFER
        hearing.breach(request.asked.id, right.id, what)
        hearing.refuse(proposal.grant, what, clause=right.id, have=request.status)
    elif proposal.quantity > market.quantity:
        hearing.refuse(proposal.grant, Refusal.MORE_THAN_NEEDED, need=market.quantity, have=proposal.quantity)
    elif market.only_with and market.only_with not in {proposal.host.platform, proposal.host.operator}:
        _ask_again(hearing, proposal, right, (Because(code=str(Refusal.OTHER_OFFEROR), clause=right.id, have=proposal.host.platform),))
    elif market.ceiling is None:
        _sign(hearing, proposal, (Because(code="free_market", clause=right.id),), market=market.quantity)
    else:
        _under_ceiling(hearing, proposal, right, compare(market.ceiling, proposal.terms, right))


# By the terms.


def _under_ceiling(hearing: Hearing, proposal: _Proposal, right: PreEmption, comparison: Comparison) -> None:
    """No richer for the supplier than what the holder turned down; else the holder is asked again (R9)."""
    reasons = tuple(Because(code=str(r.code), clause=r.clause, need=r.need, have=r.have) for r in comparison.reasons(right))
    apart = comparison.outcome is Outcome.NOT_COMPARABLE
    if comparison.allowed or (apart and right.incomparable == "allow" and not comparison.barred):
        said = (Because(code="free_market", clause=right.id),)
        _sign(hearing, proposal, said, market=proposal.request.market.quantity, richer_than=reasons)
    elif comparison.barred or (apart and right.incomparable == "refuse"):
        hearing.refuse(proposal.grant, Because(code=str(Refusal.NOT_COMPARABLE), clause=right.id), *reasons)
    elif apart or right.reoffer_if_richer:
        _ask_again(hearing, proposal, right, reasons)
    else:
        # The clause has no tail, but it asks for good faith: who now pays more did not mean the notice (R25).
        hearing.breach(proposal.request.asked.id, right.id, Refusal.BAD_FAITH)
        _ask_again(hearing, proposal, right, (Because(code=str(Refusal.BAD_FAITH), clause=right.id), *reasons))


def _ask_again(hearing: Hearing, proposal: _Proposal, right: PreEmption, reasons: tuple[Because, ...]) -> None:
    """The holder has to be asked again before this is signed; after a last look there is no second one."""
    if right.right == "last_look":
        hearing.refuse(proposal.grant, Because(code=str(Refusal.NO_REBIDS), clause=right.id), *reasons)
        return
    name, quantity = proposal.request.asked.id, proposal.request.market.quantity
    hearing.say(ReofferDue(at=hearing.at, because=reasons, request=name, terms=proposal.terms, quantity=quantity))


# By what there is.


def _sign(
    hearing: Hearing,
    proposal: _Proposal,
    reasons: tuple[Because, ...],
    *,
    loose: int = 0,
    cover: int = 0,
    market: int = 0,
    richer_than: tuple[Because, ...] = (),
) -> None:
    """Promise it, if so much is sought, of use, and free on the host over the whole period."""
    request, quantity, at_hand = proposal.request, proposal.quantity, loose + cover + market
    least = min(request.asked.minimum_quantity, at_hand)
    room = free(hearing, proposal.host.id, request.asked.sku, proposal.starts, proposal.ends)
    if quantity > at_hand:
        hearing.refuse(proposal.grant, Refusal.MORE_THAN_NEEDED, need=at_hand, have=quantity)
    elif quantity < least:
        hearing.refuse(proposal.grant, Refusal.LESS_THAN_USEFUL, need=least, have=quantity)
    elif quantity > room:
        hearing.refuse(proposal.grant, Refusal.NO_ROOM, need=quantity, have=room)
    else:
        from_loose = min(quantity, loose)
        from_cover = min(quantity - from_loose, cover)
        reserve(
            hearing,
            grant=proposal.grant,
            request=proposal.request,
            host=proposal.host.id,
            sku=proposal.request.asked.sku,
            quantity=quantity,
            starts=proposal.starts,
            ends=proposal.ends,
            price=proposal.terms.price,
            late_after=proposal.starts + (proposal.terms.delivery_tolerance or 0),
            reasons=reasons,
            richer_than=richer_than,
            from_market=quantity - from_loose - from_cover,
            from_cover=from_cover,
        )
        rest = request.loose + request.market.quantity - (quantity - from_cover)
        if 0 < rest < request.asked.minimum_quantity:
            give_up_remainder(hearing, request.asked.id)
