"""Grants: capacity that is promised, and whether it came."""

from __future__ import annotations

from datetime import datetime

import msgspec

from dibs.procedure.commands import ConfirmDelivery, ProposeGrant, ReleaseGrant
from dibs.procedure.state import Grant
from dibs.service.access import ACTS, EVERYBODY
from dibs.service.operation import Call, NoBody, NoQuery, Page, operation
from dibs.service.shapes import GrantList, GrantView, Id, OutcomeView, Positive, TermsShape, when


class Grants(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the grants, the oldest first."""

    status: str = ""
    request: str = ""


class NewGrant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Capacity on a host, for a need that is free to go there.  Terms that are left out are those of its last notice."""

    id: Id | None = None
    request: Id
    host: Id
    quantity: Positive
    terms: TermsShape = TermsShape()


class Delivery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of a grant is there, in all, whatever was confirmed before."""

    quantity: Positive


class Reservations(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the reservations, the oldest first."""

    status: str = ""
    host: str = ""


class ReservedStep(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """From this instant on, so much is promised, and so much of it is there."""

    from_: datetime
    promised: int
    delivered: int


class ReservationView(msgspec.Struct, frozen=True, kw_only=True, rename={"workload_class": "class"}):
    """A grant as capacity over time: `steps` hold until the next one; half-open."""

    id: str
    status: str
    host: str
    sku: str
    workload_class: str
    quantity: int
    deliver_by: datetime | None
    steps: tuple[ReservedStep, ...]


class ReservationList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[ReservationView, ...]
    next: str | None = None


@operation("POST", "/v1/grants", "Sign for capacity", roles=ACTS, side="house", status=201, acts=True)
async def propose_grant(call: Call[NewGrant, NoQuery]) -> OutcomeView:
    """Promised if the clauses allow it here and now: own platform, no right, or a market that is open, and on no richer terms."""
    body = call.body
    request = call.front.request(call.actor, body.request)
    asked = request.asked
    offers = call.front.state.offers
    before = call.front.said(call, ProposeGrant)  # a repeat means what it meant at first, whatever was offered since
    base = offers[request.offers[-1]].terms if request.offers else None
    if before is not None and before.request == body.request:
        base = before.terms
    stated = {} if base is None else {field: getattr(base, field) for field in base.__struct_fields__}
    stated |= {"quantity": None, "address": None, "offeror": None, "open_until": None, "signed": None}
    if base is None:
        ends = asked.start_earliest + (asked.months * 730 + asked.hours) * 3600
        stated |= {"sku": asked.sku, "starts": asked.start_earliest, "ends": ends, "classes": (asked.workload_class,)}
    terms = body.terms.terms()
    terms = msgspec.structs.replace(terms, **{name: value for name, value in stated.items() if getattr(terms, name) is None})
    name = body.id or call.front.name(call, "grant")
    command = ProposeGrant(by=call.actor.party, grant=name, request=body.request, host=body.host, quantity=body.quantity, terms=terms)
    return await call.front.act(call, command, subject=name, link=f"/v1/grants/{name}")


@operation("GET", "/v1/grants", "List grants", roles=EVERYBODY, side="any")
async def list_grants(call: Call[NoBody, Grants]) -> GrantList:
    """The capacity promised to you, or by you, the oldest first."""
    front, actor, query = call.front, call.actor, call.query
    items, following = front.part(
        front.grants(actor, query.cursor),
        query,
        lambda grant: front.views.grant(actor, grant),
        keep=lambda g: query.status in ("", g.status) and (not query.request or (actor.house and g.request == query.request)),
    )
    return GrantList(items=items, next=following)


@operation("GET", "/v1/grants/{id}", "One grant", roles=EVERYBODY, side="any")
async def get_grant(call: Call[NoBody, NoQuery]) -> GrantView:
    """What is promised, from when until when, and how much of it is there."""
    return call.front.views.grant(call.actor, call.front.grant(call.actor, call.id))


@operation("POST", "/v1/grants/{id}/deliveries", "Confirm a delivery", roles=ACTS, side="any", status=201, acts=True)
async def confirm_delivery(call: Call[Delivery, NoQuery]) -> OutcomeView:
    """So much of it is there, in all."""
    call.front.grant(call.actor, call.id)
    command = ConfirmDelivery(by=call.actor.party, grant=call.id, quantity=call.body.quantity)
    return await call.front.act(call, command, subject=call.id, link=f"/v1/grants/{call.id}")


@operation("POST", "/v1/grants/{id}/release", "End a reservation early", roles=ACTS, side="house", status=201, acts=True)
async def release_grant(call: Call[NoBody, NoQuery]) -> OutcomeView:
    """Ends it wholly, before its time."""
    call.front.grant(call.actor, call.id)
    return await call.front.act(call, ReleaseGrant(by=call.actor.party, grant=call.id), subject=call.id, link=f"/v1/grants/{call.id}")


OVER = frozenset({"ended", "failed", "cancelled"})
"""How a grant stands of which nothing is promised any more."""


def _reservation(grant: Grant) -> ReservationView:
    over = grant.status in OVER
    begins = ReservedStep(from_=when(grant.starts), promised=0 if over else grant.quantity, delivered=0 if over else grant.delivered)
    ends = ReservedStep(from_=when(grant.ends), promised=0, delivered=0)
    return ReservationView(
        id=grant.grant,
        status=grant.status,
        host=grant.host,
        sku=grant.sku,
        workload_class=grant.workload_class,
        quantity=grant.quantity,
        deliver_by=when(grant.deliver_by) if grant.deliver_by else None,
        steps=(begins, ends),
    )


@operation("GET", "/v1/reservations", "List reservations", roles=EVERYBODY, side="any")
async def list_reservations(call: Call[NoBody, Reservations]) -> ReservationList:
    """Your grants as capacity over time, the oldest first."""
    front, actor, query = call.front, call.actor, call.query
    grants = front.grants(actor, query.cursor)
    items, following = front.part(grants, query, _reservation, keep=lambda g: query.status in ("", g.status) and query.host in ("", g.host))
    return ReservationList(items=items, next=following)


@operation("GET", "/v1/reservations/{id}", "One reservation", roles=EVERYBODY, side="any")
async def get_reservation(call: Call[NoBody, NoQuery]) -> ReservationView:
    """How much is promised and how much is there, from when until when."""
    return _reservation(call.front.grant(call.actor, call.id))


OPERATIONS = (
    propose_grant,
    list_grants,
    get_grant,
    confirm_delivery,
    release_grant,
    list_reservations,
    get_reservation,
)
