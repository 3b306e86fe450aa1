"""Capacity: what can be delivered, where the holder has room, and what happens when it is late.

Nothing is promised twice: a grant is made only if, over its whole period, so much is declared deliverable and free.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from dibs.contract.model import Consent, MostFavouredCustomer, PreEmption
from dibs.decisions.decision import Answer
from dibs.procedure.agreed import has_hardware, in_regions
from dibs.procedure.events import (
    Because,
    CapacityDeclared,
    DeliveryConfirmed,
    EqualTermsOwed,
    GrantDelayed,
    Granted,
    GrantEnded,
    HolderDefaulted,
    RightSuspended,
)
from dibs.procedure.needs import reconsider
from dibs.procedure.refusals import Refusal
from dibs.procedure.state import Book
from dibs.quantities import DAY, day_of, instant_of, iso

if TYPE_CHECKING:
    from dibs.contract.model import Host
    from dibs.contract.terms import Terms
    from dibs.procedure.commands import ConfirmDelivery, DeclareCapacity, ReleaseGrant
    from dibs.procedure.hearing import Hearing
    from dibs.procedure.state import Grant, Offer, Request
    from dibs.quantities import Instant


def declare(hearing: Hearing, command: DeclareCapacity) -> None:
    """State what a host can deliver, from each instant on."""
    host, subject = hearing.agreed.host(command.host), f"{command.host} {command.sku}"
    if host is None:
        hearing.refuse(subject, Refusal.UNKNOWN_HOST)
        return
    days = [at for at, _ in command.steps]
    book = hearing.state.books.get((command.host, command.sku))
    if not (hearing.agreed.acts_for(command.by, host.platform) or hearing.agreed.acts_for(command.by, host.operator)):
        hearing.refuse(subject, Refusal.NOT_ENTITLED, need=f"{host.platform} or {host.operator}", have=command.by)
    elif not has_hardware(host, command.sku):
        hearing.refuse(subject, Refusal.WRONG_HARDWARE, need=", ".join(host.skus), have=command.sku)
    elif any(later <= earlier for earlier, later in pairwise(days)) or any(quantity < 0 for _, quantity in command.steps):
        hearing.refuse(subject, Refusal.STEPS_OUT_OF_ORDER)
    elif command.price is not None and command.price < 0:
        hearing.refuse(subject, Refusal.NOT_POSITIVE, have=command.price)
    elif book is not None and (book.steps, book.price) == (command.steps, command.price):
        hearing.repeat(subject)
    else:
        hearing.say(CapacityDeclared(at=hearing.at, host=command.host, sku=command.sku, steps=command.steps, price=command.price))


def free(hearing: Hearing, host: str, sku: str, starts: Instant, ends: Instant) -> int:
    """How much of a host can be promised over a whole period."""
    book = hearing.state.books.get((host, sku))
    return max(0, book.free.least(starts, ends)) if book else 0


def period(hearing: Hearing, terms: Terms) -> tuple[Instant, Instant]:
    """From when to when a bundle runs, as far as that still lies ahead."""
    assert terms.starts is not None  # noqa: S101 - a notice without them is defective, and a proposal is filled in
    assert terms.ends is not None  # noqa: S101 - the same
    return max(terms.starts, hearing.at), terms.ends


def deliver_by(hearing: Hearing, terms: Terms) -> Instant:
    """The last instant that is not late: the start, or now if that has passed, and the tolerance."""
    return period(hearing, terms)[0] + (terms.delivery_tolerance or 0)


def holders_room(hearing: Hearing, offer: Offer, terms: Terms, quantity: int, named: tuple[tuple[str, int], ...]) -> list[tuple[str, int]] | Because:
    """Where the holder will deliver: on the hosts it names, else on its own machines in the order of the agreement.

    Machines of others have to be named (R21), have to be on the holder's platform, and have to be allowed.
    """
    agreed, asked = hearing.agreed, hearing.state.requests[offer.request].asked
    right, holder = agreed.right(offer.clause), agreed.holder(agreed.right(offer.clause))
    starts, ends = period(hearing, terms)
    if starts >= ends:
        return Because(code=str(Refusal.TOO_LATE), clause=offer.clause, need=f"before {iso(ends)}", have=iso(starts))
    sku, regions = terms.sku or asked.sku, terms.regions or asked.regions

    def unfit(host: Host | None) -> Because | None:
        """Why the holder may not deliver this need there."""
        if host is None:
            return Because(code=str(Refusal.UNKNOWN_HOST))
        if agreed.is_alternate(host, holder):
            return Because(code=str(Refusal.NOT_THE_HOLDERS), clause=offer.clause, need=holder, have=host.platform)
        if host.operator != holder and not right.sub_contracting:
            return Because(code=str(Refusal.SUB_CONTRACTING_REFUSED), clause=offer.clause, have=host.operator)
        if not has_hardware(host, sku):
            return Because(code=str(Refusal.WRONG_HARDWARE), need=sku, have=", ".join(host.skus))
        if not in_regions(host, regions):
            return Because(code=str(Refusal.WRONG_REGION), need=", ".join(regions), have=", ".join(host.regions))
        verdict = agreed.verdict(asked, host.id, quantity)
        if verdict.answer in {Answer.REFUSED, Answer.UNDETERMINED}:
            reason = verdict.reasons_at(quantity)[0]
            return Because(code=str(reason.code), clause=reason.clause, need=reason.need, have=reason.have)
        return None

    if named:
        wanted: dict[str, int] = {}
        for host_id, part in named:
            wanted[host_id] = wanted.get(host_id, 0) + part
        if sum(wanted.values()) != quantity or min(wanted.values()) < 1:
            return Because(code=str(Refusal.NOT_NAMED), need=str(quantity), have=str(sum(wanted.values())))
        for host_id, part in wanted.items():
            if reason := unfit(agreed.host(host_id)):
                return reason
            if (room := free(hearing, host_id, sku, starts, ends)) < part:
                return Because(code=str(Refusal.NO_ROOM), need=str(part), have=str(room))
        return [*wanted.items()]

    found, left = [], quantity
    for host in agreed.compiled.agreement.hosts.values():
        if left and host.operator == holder and unfit(host) is None and (room := free(hearing, host.id, sku, starts, ends)):
            found.append((host.id, min(room, left)))
            left -= found[-1][1]
    return found if not left else Because(code=str(Refusal.NO_ROOM), need=str(quantity), have=str(quantity - left))


def grant_to_holder(hearing: Hearing, offer: Offer, terms: Terms, room: list[tuple[str, int]]) -> None:
    """Reserve what the holder took, a grant for each place."""
    starts, ends = period(hearing, terms)
    cure = int(hearing.agreed.right(offer.clause).cure.total_seconds())
    for host, quantity in room:
        reserve(
            hearing,
            grant=_name(hearing, f"{offer.offer}@{host}"),
            request=hearing.state.requests[offer.request],
            host=host,
            sku=terms.sku or "",
            quantity=quantity,
            starts=starts,
            ends=ends,
            price=terms.price,
            late_after=deliver_by(hearing, terms),
            offer=offer.offer,
            cure=cure,
            reasons=(Because(code="exercised", clause=offer.clause),),
        )


def _name(hearing: Hearing, wish: str) -> str:
    """An id that no grant has yet."""
    while wish in hearing.state.grants:
        wish += "+"
    return wish


def reserve(
    hearing: Hearing,
    *,
    grant: str,
    request: Request,
    host: str,
    sku: str,
    quantity: int,
    starts: Instant,
    ends: Instant,
    price: Decimal | None,
    late_after: Instant,
    offer: str = "",
    cure: int | None = None,
    reasons: tuple[Because, ...] = (),
    richer_than: tuple[Because, ...] = (),
    from_market: int = 0,
    from_cover: int = 0,
) -> None:
    """Promise capacity.  Everything has been judged; what follows for others is said here."""
    agreed, where = hearing.agreed, hearing.compiled.agreement.hosts[host]
    book = hearing.state.books.get((host, sku), Book())
    if price is None:
        price = book.price if book.price is not None else Decimal(0)
    consent = consent_drawn_on(hearing, request, where, quantity)
    hearing.say(
        Granted(
            at=hearing.at,
            because=reasons,
            grant=grant,
            request=request.asked.id,
            host=host,
            platform=where.platform,
            operator=where.operator,
            sku=sku,
            workload_class=request.asked.workload_class,
            quantity=quantity,
            starts=starts,
            ends=ends,
            price=price,
            to_holder=bool(offer),
            offer=offer,
            richer_than=richer_than,
            from_market=from_market,
            from_cover=from_cover,
            consent=consent.id if consent and consent.quantity_max is not None else "",
            deliver_by=late_after,
            default_at=late_after + cure if cure is not None else 0,
        )
    )
    for favour in agreed.of_kind(MostFavouredCustomer):
        _equal_terms(hearing, favour, hearing.state.grants[grant])


def consent_drawn_on(hearing: Hearing, request: Request, host: Host, quantity: int) -> Consent | None:
    """The consent that lets so much of a need run on a host, if one does."""
    verdict = hearing.agreed.verdict(request.asked, host.id, quantity)
    named = {reason.clause for reason in verdict.reasons if reason.code == "consented"}
    return next((c for c in hearing.agreed.of_kind(Consent) if c.id in named), None)


def _equal_terms(hearing: Hearing, clause: MostFavouredCustomer, new: Grant) -> None:
    """Most favoured customer (R33): a cheaper comparable contract, of either side with somebody else, is noted or adjusts the price.

    Comparable is: the same class and sku (or those the clause lists), no larger than the clause says, or else than the
    beneficiary's own contract, and an overlapping term.
    """
    agreed = hearing.agreed
    bought, sold = clause.beneficiary in agreed.buyers(new.buyer), new.platform == clause.obliged
    if bought == sold:
        return  # their own contract, or one that concerns neither
    if (clause.classes and new.workload_class not in clause.classes) or (clause.skus and new.sku not in clause.skus):
        return
    for sku in clause.skus or (new.sku,):
        name = hearing.state.sold.get((clause.obliged, new.workload_class, sku), "")
        while name:
            old = hearing.state.grants[name]
            name = old.before
            size = clause.quantity_at_most if clause.quantity_at_most is not None else old.quantity
            comparable = old.ends > max(new.starts, hearing.at) and old.starts < new.ends and new.quantity <= size
            standing = old.grant != new.grant and old.status in {"approved", "delayed", "partially_active", "active"}
            if standing and comparable and new.price < old.price and clause.beneficiary in agreed.buyers(old.buyer):
                hearing.say(
                    EqualTermsOwed(
                        at=hearing.at,
                        because=(Because(code="cheaper_elsewhere", clause=clause.id, need=str(old.price), have=str(new.price)),),
                        clause=clause.id,
                        beneficiary=clause.beneficiary,
                        obliged=clause.obliged,
                        grant=old.grant,
                        price=new.price,
                        adjusted=clause.remedy == "adjust",
                    )
                )


def confirm(hearing: Hearing, command: ConfirmDelivery) -> None:
    """So much of a grant is there."""
    grant = hearing.state.grants.get(command.grant)
    if grant is None:
        hearing.refuse(command.grant, Refusal.UNKNOWN_GRANT)
        return
    agreed = hearing.agreed
    if not any(agreed.acts_for(command.by, party) for party in (grant.buyer, grant.platform, grant.operator)):
        hearing.refuse(command.grant, Refusal.NOT_ENTITLED, have=command.by)
    elif command.quantity == grant.delivered and grant.delivered:
        hearing.repeat(command.grant)
    elif grant.status not in {"approved", "delayed", "partially_active"} or command.quantity > grant.quantity:
        hearing.refuse(command.grant, Refusal.NO_PROMISE, need=grant.quantity, have=command.quantity)
    elif command.quantity < max(1, grant.delivered):
        hearing.refuse(command.grant, Refusal.NOT_LESS, need=grant.delivered, have=command.quantity)
    else:
        on_time = hearing.at <= grant.deliver_by
        hearing.say(DeliveryConfirmed(at=hearing.at, grant=command.grant, quantity=command.quantity, on_time=on_time))


def release(hearing: Hearing, command: ReleaseGrant) -> None:
    """End a reservation before its time."""
    grant = hearing.state.grants.get(command.grant)
    if grant is None:
        hearing.refuse(command.grant, Refusal.UNKNOWN_GRANT)
    elif not hearing.agreed.acts_for(command.by, grant.buyer):
        hearing.refuse(command.grant, Refusal.NOT_ENTITLED, need=grant.buyer, have=command.by)
    elif grant.status in {"ended", "failed", "cancelled"}:
        hearing.repeat(command.grant)
    else:
        hearing.say(GrantEnded(at=hearing.at, grant=command.grant, why="released"))


def delay(hearing: Hearing, name: str) -> None:
    """The last instant that was not late has passed."""
    hearing.say(GrantDelayed(at=hearing.at, grant=name))


def end(hearing: Hearing, name: str) -> None:
    """The reservation's time is up.  A holder that never delivered all of it is in default even if cure would have run on."""
    grant = hearing.state.grants[name]
    if grant.to_holder and name in hearing.state.awaited and grant.status in {"delayed", "partially_active"}:
        _default(hearing, grant, covered=False)
    hearing.say(GrantEnded(at=hearing.at, grant=name, why="ended"))


def default(hearing: Hearing, name: str) -> None:
    """An accepted lot is late beyond cure: the grantor may cover at once, without ceiling (R22)."""
    grant = hearing.state.grants[name]
    _default(hearing, grant, covered=hearing.state.requests[grant.request].status != "cancelled")
    if not grant.delivered:
        hearing.say(GrantEnded(at=hearing.at, grant=name, why="default"))


def _default(hearing: Hearing, grant: Grant, *, covered: bool) -> None:
    offer = hearing.state.offers[grant.offer]
    right = hearing.agreed.right(offer.clause)
    since = hearing.at - int(right.strikes_within.total_seconds())
    strikes = 1 + sum(1 for strike in hearing.state.strikes.get(right.id, ()) if strike > since)
    hearing.say(
        HolderDefaulted(
            at=hearing.at,
            because=(Because(code="late_beyond_cure", clause=right.id, need=str(grant.quantity), have=str(grant.delivered)),),
            grant=grant.grant,
            request=grant.request,
            quantity=grant.quantity - grant.delivered,
            strikes=strikes,
            clause=right.id,
            holder=offer.holder,
            until=grant.ends if covered else 0,
        )
    )
    if strikes >= right.strikes and hearing.agreed.clause(right.id, PreEmption) and hearing.agreed.binds(right):
        _suspend(hearing, right, strikes)


def _suspend(hearing: Hearing, right: PreEmption, strikes: int) -> None:
    """Until so many of the strikes have grown old that they are fewer than the clause allows; from the next day's beginning the right binds again."""
    oldest = hearing.state.strikes[right.id][-right.strikes :][0]
    zone = hearing.compiled.zone
    until = instant_of(day_of(oldest + int(right.strikes_within.total_seconds()) + DAY, zone), zone)
    reasons = (Because(code="strikes", clause=right.id, need=str(right.strikes), have=str(strikes)),)
    hearing.say(RightSuspended(at=hearing.at, because=reasons, clause=right.id, until=until))
    reconsider(hearing)
