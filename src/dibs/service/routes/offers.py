"""Offers: notices to the holder of a right, and its answers."""

from __future__ import annotations

import msgspec

from dibs.procedure.commands import Respond, ServeNotice
from dibs.service.access import ACTS, EVERYBODY
from dibs.service.operation import Call, NoBody, NoQuery, Page, operation
from dibs.service.shapes import NewOffer, NewResponse, OfferList, OfferView, OutcomeView


class Offers(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the offers, the oldest first; `status` keeps those that stand so."""

    status: str = ""


@operation("POST", "/v1/offers", "Offer a need to the holder", roles=ACTS, side="house", status=201, acts=True)
async def serve_notice(call: Call[NewOffer, NoQuery]) -> OutcomeView:
    """Serves a notice.  One that lacks something is defective and starts no clock; serving again cures it."""
    body = call.body
    request = call.front.request(call.actor, body.request)
    asked = request.asked
    terms = body.terms.terms()
    stated = {
        "sku": asked.sku,
        "quantity": request.loose or None,
        "starts": asked.start_earliest,
        "ends": asked.start_earliest + (asked.months * 730 + asked.hours) * 3600,
        "classes": (asked.workload_class,),
        "regions": asked.regions or None,
    }
    terms = msgspec.structs.replace(terms, **{name: value for name, value in stated.items() if getattr(terms, name) is None})
    name = body.id or call.front.name(call, "off")
    command = ServeNotice(by=call.actor.party, offer=name, request=body.request, terms=terms, respond_within=body.respond_within)
    return await call.front.act(call, command, subject=name, link=f"/v1/offers/{name}")


@operation("GET", "/v1/offers", "List offers", roles=EVERYBODY, side="any")
async def list_offers(call: Call[NoBody, Offers]) -> OfferList:
    """The offers you made, or those that were made to you, the oldest first."""
    front, actor = call.front, call.actor
    state = front.state
    chosen = ((o.offer, o) for o in state.offers.values() if front.sight.offer(actor, o) and call.query.status in ("", o.status))
    items, following = front.page(chosen, call.query, lambda offer: front.views.offer(actor, offer, reader=front.reads(actor, offer)))
    return OfferList(items=items, next=following)


@operation("GET", "/v1/offers/{id}", "One offer", roles=EVERYBODY, side="any")
async def get_offer(call: Call[NoBody, NoQuery]) -> OfferView:
    """How it stands, by when it has to be answered, and what happens if it is not."""
    offer = call.front.offer(call.actor, call.id)
    return call.front.views.offer(call.actor, offer, reader=call.front.reads(call.actor, offer))


@operation("POST", "/v1/offers/{id}/responses", "Answer an offer", roles=ACTS, side="any", status=201, acts=True)
async def respond(call: Call[NewResponse, NoQuery]) -> OutcomeView:
    """Takes all of it, a part, or nothing with a reason; other terms than offered make a counter.

    An answer at the deadline or after it is late, and binds nobody.
    """
    offer = call.front.offer(call.actor, call.id)
    body = call.body
    command = Respond(
        by=call.actor.party,
        offer=offer.offer,
        quantity=body.quantity,
        reason=body.reason,
        terms=body.terms.terms() if body.terms else None,
        hosts=tuple(body.hosts.items()),
    )
    return await call.front.act(call, command, subject=call.id, link=f"/v1/offers/{call.id}")


OPERATIONS = (serve_notice, list_offers, get_offer, respond)
