"""Capacity requests: what somebody needs, before anybody is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeGuard

import msgspec

from dibs.procedure.commands import CancelRequest, Rule, SubmitRequest, WaiveRight
from dibs.procedure.events import Granted
from dibs.procedure.intents import outstanding_of
from dibs.service.access import ACTS, EVERYBODY
from dibs.service.index import subjects_of
from dibs.service.operation import Call, NoBody, NoQuery, Page, operation
from dibs.service.problems import not_found
from dibs.service.shapes import EventView, NewRequest, OutcomeView, RequestList, RequestView, Word, Words

if TYPE_CHECKING:
    from dibs.procedure.events import AnyEvent


class Requests(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the requests, the oldest first; `live` leaves out those of which nothing is sought any more."""

    status: str = ""
    live: bool = False


class Ruling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person decides where the agreement leaves the answer open, and why."""

    answer: Literal["permitted", "offer_first", "refused"]
    because: Words


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signed it, by name."""

    signed_by: Word


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that happened about one thing, the oldest first."""

    items: tuple[EventView, ...]


@operation("POST", "/v1/capacity-requests", "Ask for capacity", roles=ACTS, side="house", status=201, acts=True)
async def submit_request(call: Call[NewRequest, NoQuery]) -> OutcomeView:
    """Records a need.  The answer says whether a holder has to be asked first."""
    name = call.body.id or call.front.name(call, "req")
    party = call.body.party or call.actor.party
    command = SubmitRequest(by=call.actor.party, request=call.body.request(name, party))
    return await call.front.act(call, command, subject=name, link=f"/v1/capacity-requests/{name}")


@operation("GET", "/v1/capacity-requests", "List requests", roles=EVERYBODY, side="house")
async def list_requests(call: Call[NoBody, Requests]) -> RequestList:
    """Your requests, the oldest first."""
    state = call.front.state
    status, live = call.query.status, call.query.live
    views = call.front.views
    items, following = call.front.part(
        call.front.requests(call.query.cursor),
        call.query,
        lambda request: views.request(request, outstanding_of(state, request.asked.id)),
        keep=lambda request: status in ("", request.status) and (not live or request.asked.id in state.live),
    )
    return RequestList(items=items, next=following)


@operation("GET", "/v1/capacity-requests/{id}", "One request", roles=EVERYBODY, side="house")
async def get_request(call: Call[NoBody, NoQuery]) -> RequestView:
    """How it stands, and what has to be done next, by whom."""
    request = call.front.request(call.actor, call.id)
    return call.front.views.request(request, outstanding_of(call.front.state, call.id))


@operation("GET", "/v1/capacity-requests/{id}/events", "What happened about a request", roles=EVERYBODY, side="house")
async def request_events(call: Call[NoBody, NoQuery]) -> Timeline:
    """Every event about it, its offers and its grants, the oldest first, each with its reasons."""
    request = call.front.request(call.actor, call.id)
    store, index, views = call.front.office.store, call.front.office.index, call.front.views
    about = {("request", call.id), *(("offer", offer) for offer in request.offers)}
    numbers = {number for kind, name in about for number in index.about(kind, name)}
    promised = {("grant", event.grant) for entry in store.read(sorted(numbers)) for event in entry.events if _is_granted(event, call.id)}
    numbers |= {number for kind, name in promised for number in index.about(kind, name)}
    events = (event for entry in store.read(sorted(numbers)) for event in entry.events)
    return Timeline(items=tuple(views.event(call.actor, event) for event in events if not subjects_of(event).isdisjoint(about | promised)))


def _is_granted(event: AnyEvent, request: str) -> TypeGuard[Granted]:
    return isinstance(event, Granted) and event.request == request


@operation("POST", "/v1/capacity-requests/{id}/cancellation", "Give a need up", roles=ACTS, side="house", status=201, acts=True)
async def cancel_request(call: Call[NoBody, NoQuery]) -> OutcomeView:
    """An open offer for it is withdrawn, and the same need elsewhere counts as evasion for a while."""
    call.front.request(call.actor, call.id)
    command = CancelRequest(by=call.actor.party, request=call.id)
    return await call.front.act(call, command, subject=call.id, link=f"/v1/capacity-requests/{call.id}")


@operation("POST", "/v1/capacity-requests/{id}/ruling", "Decide what the agreement leaves open", roles=ACTS, side="house", status=201, acts=True)
async def rule(call: Call[Ruling, NoQuery]) -> OutcomeView:
    """A person rules, for this need only; the ruling and its reason are on record."""
    call.front.request(call.actor, call.id)
    command = Rule(by=call.actor.party, request=call.id, answer=call.body.answer, because=call.body.because)
    return await call.front.act(call, command, subject=call.id, link=f"/v1/capacity-requests/{call.id}")


@operation("POST", "/v1/capacity-requests/{id}/waiver", "Waive the right for one need", roles=ACTS, side="any", status=201, acts=True)
async def waive_right(call: Call[Waiver, NoQuery]) -> OutcomeView:
    """The holder gives its right up for this need only, in a signed writing.  It knows of the need by the offer."""
    front, actor = call.front, call.actor
    request = front.state.requests.get(call.id)
    if request is None or not (actor.house or any(front.sight.offer(actor, front.state.offers[name]) for name in request.offers)):
        raise not_found("request", call.id)
    command = WaiveRight(by=actor.party, request=call.id, signed_by=call.body.signed_by)
    link = f"/v1/capacity-requests/{call.id}" if actor.house else "/v1/offers"
    return await front.act(call, command, subject=call.id, link=link)


OPERATIONS = (submit_request, list_requests, get_request, request_events, cancel_request, rule, waive_right)
