"""The state as the wire shows it, to one who may see it.  Whether they may is `sight`'s business, asked before."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dibs.contract.readings import all_clauses
from dibs.procedure import intents as i
from dibs.service.shapes import EventView, GrantView, IntentView, MarketView, OfferView, ReasonView, RequestView, shape_of, when

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dibs.contract.model import Agreement, Clause
    from dibs.procedure.events import AnyEvent, Because
    from dibs.procedure.intents import AnyIntent
    from dibs.procedure.state import Cover, Grant, Market, Offer, Request
    from dibs.service.access import Actor
    from dibs.service.sight import Sight

_SAYS = {
    "AskHolder": "serve a notice on the holder",
    "AnswerOffer": "answer the offer",
    "PlaceElsewhere": "sign for capacity that the clauses allow",
    "CoverDefault": "buy what the holder in default owes",
    "RuleOn": "decide what the agreement leaves open",
    "Deliver": "deliver, and confirm it",
    "Verify": "confirm or reject what was declared",
}


class Views:
    """Makes what is shown of a book under one agreement."""

    def __init__(self, agreement: Agreement, sight: Sight, *, name: str = "") -> None:
        """Look up clauses in every version of the agreement: the latest text of each is quoted, and its place under `name`, if given."""
        self._clauses: dict[str, Clause] = {clause.id: clause for clause in all_clauses(agreement)}
        self._sight = sight
        self._name = name

    def clause(self, name: str) -> Clause | None:
        """A clause in its latest text."""
        return self._clauses.get(name)

    def request(self, request: Request, following: Iterable[AnyIntent]) -> RequestView:
        """A need, for the house or its own party."""
        asked = request.asked
        return RequestView(
            id=asked.id,
            party=asked.party,
            status=request.status,
            workload_class=asked.workload_class,
            sku=asked.sku,
            quantity=asked.quantity,
            minimum_quantity=asked.minimum_quantity,
            regions=asked.regions,
            start_earliest=when(asked.start_earliest),
            start_latest=when(asked.start_latest),
            months=asked.months,
            hours=asked.hours,
            price_max=asked.price_max,
            priority=asked.priority,
            purpose=asked.purpose,
            submitted_at=when(request.submitted_at),
            clause=request.clause,
            holder=request.holder,
            granted=request.granted,
            offered=request.offered,
            loose=request.loose,
            given_up=request.given_up,
            market=_market(request.market),
            cover=_market(request.cover),
            undetermined=request.undetermined,
            offers=request.offers,
            next=tuple(self.intent(intent) for intent in following),
        )

    def offer(self, actor: Actor, offer: Offer, *, reader: bool) -> OfferView:
        """A notice.  `reader`: the actor was named behind the barrier, and its reading is on record."""
        served = offer.status != "defective"  # what starts no clock is not served yet: the holder hears what it lacks, and no terms
        open_to = actor.house or (served and (not offer.barrier or reader))
        clause = self._clauses.get(offer.clause)
        silence = getattr(clause, "silence", "lapse")
        return OfferView(
            id=offer.offer,
            request=offer.request,
            clause=offer.clause,
            right=offer.right,
            holder=offer.holder,
            status=offer.status,
            terms=shape_of(offer.terms) if open_to else None,
            served_at=when(offer.served_at),
            respond_by=when(offer.respond_by) if offer.respond_by else None,
            minimum_accept=offer.minimum_accept,
            reoffer=offer.reoffer,
            barrier=offer.barrier,
            missing=offer.missing,
            counter=shape_of(offer.counter) if open_to else None,
            counter_quantity=offer.counter_quantity,
            taken=offer.taken,
            reason=offer.reason,
            if_silent="it counts as accepted in full" if silence == "accept" else "the right lapses for this need",
        )

    def grant(self, actor: Actor, grant: Grant) -> GrantView:
        """A reservation.  Its need and its offer are shown to the two sides of the bargain."""
        inner = actor.house or (grant.to_holder and actor.party == grant.platform)
        return GrantView(
            id=grant.grant,
            request=grant.request if inner else "",
            status=grant.status,
            host=grant.host,
            platform=grant.platform,
            operator=grant.operator,
            sku=grant.sku,
            workload_class=grant.workload_class,
            buyer=grant.buyer,
            quantity=grant.quantity,
            starts=when(grant.starts),
            ends=when(grant.ends),
            price=grant.price if self._sight.price(actor, grant) else None,
            to_holder=grant.to_holder,
            offer=grant.offer if inner else "",
            delivered=grant.delivered,
            deliver_by=when(grant.deliver_by) if grant.deliver_by else None,
        )

    def intent(self, intent: AnyIntent) -> IntentView:
        """What is to be done, by whom, by when."""
        kind = type(intent).__name__
        about = intent.key.removeprefix(f"{kind} ")
        quantity = getattr(intent, "quantity", 0)
        until = getattr(intent, "until", 0) or getattr(intent, "respond_by", 0) or getattr(intent, "deliver_by", 0)
        lacking = intent.lacking if isinstance(intent, i.AskHolder) else ()
        return IntentView(
            do=kind, by=intent.by, about=about, quantity=quantity, until=when(until) if until else None, says=_SAYS[kind], lacking=lacking
        )

    def event(self, actor: Actor, event: AnyEvent) -> EventView:
        """Something that happened."""
        return EventView(
            type=type(event).__name__,
            at=when(event.at),
            data=self._sight.data(actor, event),
            because=self.reasons(actor, self._sight.because(actor, event)),
        )

    def reasons(self, actor: Actor, because: Iterable[Because]) -> tuple[ReasonView, ...]:
        """Reasons with the words of their clauses, where the actor may read the clause.

        Its place is the house's to know: a line's number counts what stands before it.
        """
        return tuple(self._reason(actor, reason) for reason in because)

    def _reason(self, actor: Actor, reason: Because) -> ReasonView:
        clause = self._clauses.get(reason.clause)
        if clause is None or not (actor.house or actor.party in self._sight.of_clause(clause.id)):
            inner = clause is not None or self._sight.names_others(actor, (reason.need, reason.have))
            return ReasonView(
                code=reason.code,
                clause="" if clause is not None else reason.clause,
                need="" if inner else reason.need,
                have="" if inner else reason.have,
            )
        where = str(dataclasses.replace(clause.mark, file=self._name or clause.mark.file)) if actor.house else ""
        return ReasonView(code=reason.code, clause=clause.id, text=clause.says, where=where, need=reason.need, have=reason.have)


def _market(market: Market | Cover) -> MarketView | None:
    if market.status == "none":
        return None
    return MarketView(
        status=market.status,
        quantity=market.quantity,
        until=when(market.until) if market.until else None,
        ceiling=shape_of(getattr(market, "ceiling", None)),
        only_with=getattr(market, "only_with", ""),
    )
