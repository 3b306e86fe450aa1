"""Offers: notices to the holder of a right, and its answers."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from dibs.procedure.answers import INABILITY
from dibs.procedure.commands import AcceptCounter, ChangeTerms, ReadNotice, Respond, ServeNotice, TollOffer, WithdrawOffer
from dibs.service.access import ACTS, EVERYBODY
from dibs.service.operation import Call, NoBody, NoQuery, Page, operation
from dibs.service.problems import not_found, unread
from dibs.service.shapes import NewOffer, NewResponse, OfferList, OfferView, OutcomeView, TermsShape


class Offers(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the offers, the oldest first; `status` keeps those that stand so."""

    status: str = ""


class NewTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms from now on; what is left out stays as it was offered."""

    terms: TermsShape


class Tolling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the clock stands still, and for how many seconds."""

    cause: Literal["due_diligence", "regulator", "force_majeure"]
    seconds: Annotated[int, msgspec.Meta(ge=1, le=366 * 86_400)]


@operation("POST", "/v1/offers", "Offer a need to the holder", roles=ACTS, side="house", status=201, acts=True)
async def serve_notice(call: Call[NewOffer, NoQuery]) -> OutcomeView:
    """Serves a notice.  One that lacks something is defective and starts no clock; serving again cures it."""
    body = call.body
    request = call.front.request(call.actor, body.request)
    asked = request.asked
    terms = body.terms.terms()
    before = call.front.said(call, ServeNotice)  # a repeat means what it meant at first, however much of the need is loose now
    stated = {
        "sku": asked.sku,
        "quantity": before.terms.quantity if before is not None and before.request == body.request else request.loose or None,
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
    items, following = front.part(
        front.offers(actor, call.query.cursor),
        call.query,
        lambda offer: front.views.offer(actor, offer, reader=front.reads(actor, offer)),
        keep=lambda offer: call.query.status in ("", offer.status),
    )
    return OfferList(items=items, next=following)


@operation("GET", "/v1/offers/{id}", "One offer", roles=EVERYBODY, side="any")
async def get_offer(call: Call[NoBody, NoQuery]) -> OfferView:
    """How it stands, by when it has to be answered, and what happens if it is not."""
    offer = call.front.offer(call.actor, call.id)
    return call.front.views.offer(call.actor, offer, reader=call.front.reads(call.actor, offer))


@operation("POST", "/v1/offers/{id}/responses", "Answer an offer", roles=ACTS, side="any", status=201, acts=True)
async def respond(call: Call[NewResponse, NoQuery]) -> OutcomeView:
    """Takes all of it, a part, or nothing with a reason; other terms than offered make a counter.

    An answer at the deadline or after it is late, and binds nobody.  Behind the barrier only a named reader takes or
    counters, once a reading is on record; anybody else may decline, without a claim of inability.
    """
    offer = call.front.offer(call.actor, call.id)
    body = call.body
    blind = offer.barrier and not call.actor.house and not call.front.reads(call.actor, offer)
    if blind and (body.quantity or body.terms is not None or body.reason in INABILITY):  # the outcome, and what is lacking, tell the terms
        raise unread(offer.offer)
    for host in body.hosts:  # that one of others exists is not told by the way in which it is refused
        if not call.front.sight.host(call.actor, host):
            raise not_found("host", host)
    command = Respond(
        by=call.actor.party,
        offer=offer.offer,
        quantity=body.quantity,
        reason=body.reason,
        terms=body.terms.terms() if body.terms else None,
        hosts=tuple(body.hosts.items()),
    )
    return await call.front.act(call, command, subject=call.id, link=f"/v1/offers/{call.id}")


@operation("POST", "/v1/offers/{id}/withdrawals", "Take an offer back", roles=ACTS, side="house", status=201, acts=True)
async def withdraw_offer(call: Call[NoBody, NoQuery]) -> OutcomeView:
    """Before it is accepted; the same need elsewhere counts as evasion for a while."""
    call.front.offer(call.actor, call.id)
    return await call.front.act(call, WithdrawOffer(by=call.actor.party, offer=call.id), subject=call.id, link=f"/v1/offers/{call.id}")


@operation("POST", "/v1/offers/{id}/terms", "Change what is offered", roles=ACTS, side="house", status=201, acts=True)
async def change_terms(call: Call[NewTerms, NoQuery]) -> OutcomeView:
    """A material change makes the running window void, and the holder is asked again."""
    call.front.offer(call.actor, call.id)
    command = ChangeTerms(by=call.actor.party, offer=call.id, terms=call.body.terms.terms())
    return await call.front.act(call, command, subject=call.id, link=f"/v1/offers/{call.id}")


@operation("POST", "/v1/offers/{id}/tolling", "Stop the clock of an offer", roles=ACTS, side="any", status=201, acts=True)
async def toll_offer(call: Call[Tolling, NoQuery]) -> OutcomeView:
    """For a cause that the clause names, and so many seconds."""
    call.front.offer(call.actor, call.id)
    command = TollOffer(by=call.actor.party, offer=call.id, cause=call.body.cause, seconds=call.body.seconds)
    return await call.front.act(call, command, subject=call.id, link=f"/v1/offers/{call.id}")


@operation("POST", "/v1/offers/{id}/counter-acceptance", "Accept the holder's own terms", roles=ACTS, side="house", status=201, acts=True)
async def accept_counter(call: Call[NoBody, NoQuery]) -> OutcomeView:
    """Takes its counter as a new bargain."""
    call.front.offer(call.actor, call.id)
    return await call.front.act(call, AcceptCounter(by=call.actor.party, offer=call.id), subject=call.id, link=f"/v1/offers/{call.id}")


@operation("POST", "/v1/offers/{id}/readings", "Read an offer behind the barrier", roles=ACTS, side="any", status=201, acts=True)
async def read_notice(call: Call[NoBody, NoQuery]) -> OutcomeView:
    """Puts on record that you, by name, read it; behind the barrier its terms are shown from then on, if you were named as a reader."""
    call.front.offer(call.actor, call.id)
    command = ReadNotice(by=call.actor.party, offer=call.id, person=call.actor.person)
    return await call.front.act(call, command, subject=call.id, link=f"/v1/offers/{call.id}")


OPERATIONS = (
    serve_notice,
    list_offers,
    get_offer,
    respond,
    withdraw_offer,
    change_terms,
    toll_offer,
    accept_counter,
    read_notice,
)
