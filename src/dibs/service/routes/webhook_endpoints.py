"""Webhooks and mail: where a party wants to be told, instead of asking."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import sqlalchemy as sa

from dibs.service.access import EVERYBODY, RUNS
from dibs.service.front import Front, no_place
from dibs.service.mail import ABOUT, WISHES
from dibs.service.operation import Call, NoBody, NoQuery, Page, operation
from dibs.service.problems import Problem
from dibs.service.routes.events import kinds_of, place_of
from dibs.service.shapes import When, Word, moment, when

Kind = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
About = Literal["served", "near", "answered", "lapsed", "granted", "switched_off"]


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where to send events: an `https://` address on the internet.  `types` keeps some types of events; none keeps all."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    types: Annotated[tuple[Kind, ...], msgspec.Meta(max_length=60)] = ()
    description: Word = ""


class EndpointView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An endpoint.  `secret` is shown when it is made or turned, and never again.  One that failed for two days is off until it is resumed."""

    id: str
    url: str
    types: tuple[str, ...]
    description: str = ""
    made_at: datetime
    made_by: str
    status: Literal["on", "off"]
    off_at: datetime | None = None
    off_because: str = ""
    delivered_at: datetime | None = None
    """When it last took something."""
    old_secret_until: datetime | None = None
    """Until when the secret before this one signs as well."""
    secret: str = ""


class EndpointList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[EndpointView, ...]
    next: str | None = None


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message to an endpoint: `id` is its `webhook-id`, `event` the id of the event in your stream."""

    id: str
    type: str
    event: str = ""
    status: Literal["waiting", "sent", "failed"]
    made_at: datetime
    attempts: int
    next_at: datetime | None = None
    done_at: datetime | None = None
    answered: int = 0
    """The HTTP status of the last answer, if there was one."""
    error: str = ""


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[DeliveryView, ...]
    next: str | None = None


class Deliveries(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the messages, the latest first; `status` keeps those that stand so."""

    status: Literal["", "waiting", "sent", "failed"] = ""


class Replay(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """From where to send again: after a `cursor` of your events, or all that was put on record `since` an instant.  One of the two."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] = ""
    since: When | None = None


class NewMailWish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where to, in whose time (an IANA name; default: the agreement's), and about what (default: everything)."""

    address: Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$")]
    time_zone: Annotated[str, msgspec.Meta(max_length=60)] = ""
    about: Annotated[tuple[About, ...], msgspec.Meta(max_length=6)] = ()


class MailWishView(msgspec.Struct, frozen=True, kw_only=True):
    """Which mail you get; `works` says whether this service has a mail server.  Without an address you get none."""

    address: str
    time_zone: str
    about: tuple[str, ...]
    works: bool


def _shown(front: Front, row: sa.Row[Any], *, secret: bool = False) -> EndpointView:
    hooks = front.outlets.webhooks
    until = hooks.old_until(row)
    return EndpointView(
        id=row.id,
        url=row.url,
        types=tuple(kind for kind in row.types.split(",") if kind),
        description=row.description,
        made_at=when(row.made_at),
        made_by=row.made_by,
        status="on" if row.off_at is None else "off",
        off_at=when(row.off_at) if row.off_at is not None else None,
        off_because=row.off_because,
        delivered_at=when(row.delivered_at) if row.delivered_at is not None else None,
        old_secret_until=when(until) if until is not None else None,
        secret=hooks.secret(row) if secret else "",
    )


def _delivery(row: sa.Row[Any]) -> DeliveryView:
    return DeliveryView(
        id=row.id,
        type=row.kind,
        event=str(row.place) if row.place > 0 else "",
        status=row.status,
        made_at=when(row.made_at),
        attempts=row.attempts,
        next_at=when(row.due_at) if row.status == "waiting" else None,
        done_at=when(row.done_at) if row.done_at is not None else None,
        answered=row.answered,
        error=row.error,
    )


@operation("POST", "/v1/webhook-endpoints", "Have events sent to you", roles=RUNS, side="any", status=201)
async def add_webhook_endpoint(call: Call[NewEndpoint, NoQuery]) -> EndpointView:
    """Sends your events from now on to an address of yours, as Standard Webhooks says.  The secret is in this answer only: keep it."""
    front, actor, body = call.front, call.actor, call.body
    types = sorted(kinds_of(",".join(body.types)))
    name = front.name(call, "hook") if call.key else ""
    row = front.outlets.webhooks.add(actor.party, body.url, types, by=actor.person, name=name, description=body.description, keep=not call.dry_run)
    return _shown(front, row, secret=not call.dry_run)


@operation("GET", "/v1/webhook-endpoints", "List your webhooks", roles=EVERYBODY, side="any")
async def list_webhook_endpoints(call: Call[NoBody, Page]) -> EndpointList:
    """Where your events are sent, the oldest first."""
    rows = ((row.id, row) for row in call.front.outlets.webhooks.of(call.actor.party))
    items, following = call.front.page(rows, call.query, lambda row: _shown(call.front, row))
    return EndpointList(items=items, next=following)


@operation("GET", "/v1/webhook-endpoints/{id}", "One webhook", roles=EVERYBODY, side="any")
async def get_webhook_endpoint(call: Call[NoBody, NoQuery]) -> EndpointView:
    """Whether it is on, and when it last took something."""
    return _shown(call.front, call.front.outlets.webhooks.get(call.actor.party, call.id))


@operation("DELETE", "/v1/webhook-endpoints/{id}", "Take a webhook away", roles=RUNS, side="any")
async def delete_webhook_endpoint(call: Call[NoBody, NoQuery]) -> EndpointView:
    """Nothing is sent there any more, and what was on the way is dropped.  Answers with what was taken away."""
    hooks = call.front.outlets.webhooks
    row = hooks.get(call.actor.party, call.id) if call.dry_run else hooks.delete(call.actor.party, call.id)
    return _shown(call.front, row)


@operation("POST", "/v1/webhook-endpoints/{id}/secrets", "Turn a webhook's secret", roles=RUNS, side="any", status=201)
async def turn_webhook_secret(call: Call[NoBody, NoQuery]) -> EndpointView:
    """A new secret, shown in this answer only; the one before it signs as well for a day, so that nothing is lost while you change it."""
    hooks = call.front.outlets.webhooks
    row = hooks.get(call.actor.party, call.id) if call.dry_run else hooks.turn(call.actor.party, call.id, key=call.key)
    return _shown(call.front, row, secret=not call.dry_run)


@operation("POST", "/v1/webhook-endpoints/{id}/replay", "Send events again", roles=RUNS, side="any")
async def replay_webhook(call: Call[Replay, NoQuery]) -> EndpointView:
    """Sends what came after a cursor or since an instant once more, under the same `webhook-id` as the first time."""
    front, party, body = call.front, call.actor.party, call.body
    if bool(body.cursor) == (body.since is not None):
        raise Problem("DIB374", 422, "from where?", "say from where to send again: after a `cursor`, or `since` an instant; one of the two")
    place = place_of(front, call.actor, body.cursor) if body.since is None else front.office.feed.before(party, moment(body.since))
    hooks = front.outlets.webhooks
    return _shown(front, hooks.on(party, call.id) if call.dry_run else hooks.replay(party, call.id, place, key=call.key))


@operation("POST", "/v1/webhook-endpoints/{id}/resume", "Switch a webhook on again", roles=RUNS, side="any")
async def resume_webhook(call: Call[NoBody, NoQuery]) -> EndpointView:
    """It goes on with what it failed for, and then where it stopped: nothing is lost by having been off."""
    hooks = call.front.outlets.webhooks
    return _shown(call.front, (hooks.get if call.dry_run else hooks.resume)(call.actor.party, call.id))


@operation("POST", "/v1/webhook-endpoints/{id}/ping", "Try a webhook", roles=RUNS, side="any", status=201)
async def ping_webhook(call: Call[NoBody, NoQuery]) -> DeliveryView:
    """Sends a `dibs.Ping`, signed like everything else; see in its deliveries whether it arrived."""
    hooks = call.front.outlets.webhooks
    return _delivery(hooks.ping(call.actor.party, call.id, message=call.front.name(call, "ping") if call.key else "", keep=not call.dry_run))


@operation("GET", "/v1/webhook-endpoints/{id}/deliveries", "What was sent to a webhook", roles=EVERYBODY, side="any")
async def list_deliveries(call: Call[NoBody, Deliveries]) -> DeliveryList:
    """Every message of the last thirty days, and those that wait: how often it was tried, and what was answered."""
    hooks, page = call.front.outlets.webhooks, call.query
    hooks.get(call.actor.party, call.id)
    after = call.front.read_cursor(page.cursor) if page.cursor else ""
    try:
        rows = hooks.deliveries(call.id, page.status, after=after, limit=page.limit + 1)
    except KeyError as error:
        raise no_place() from error
    items, following = call.front.part(((row.id, row) for row in rows), page, _delivery)
    return DeliveryList(items=items, next=following)


@operation("POST", "/v1/me/mail", "Ask for mail", roles=EVERYBODY, side="any")
async def want_mail(call: Call[NewMailWish, NoQuery]) -> MailWishView:
    """Mail for yourself, from now on: when your party is made an offer, when its deadline is near, and what came of it."""
    front, actor, body = call.front, call.actor, call.body
    mail = front.outlets.mail
    zone = body.time_zone or front.office.agreement.agreement.time_zone
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Problem("DIB375", 422, "no such time zone", f"there is no time zone `{zone}`: write an IANA name, like `Europe/Berlin`") from error
    about = tuple(kind for kind in ABOUT if not body.about or kind in body.about)
    if mail.wish(actor.party, actor.person) is None and mail.count(actor.party) >= WISHES:
        raise Problem("DIB379", 409, "too many ask for mail", f"at most {WISHES} people of a party get mail: have one of them end it")
    if not call.dry_run:
        mail.want(actor.party, actor.person, address=body.address, time_zone=zone, about=about)
    return MailWishView(address=body.address, time_zone=zone, about=about, works=mail.works)


@operation("GET", "/v1/me/mail", "Which mail you get", roles=EVERYBODY, side="any")
async def get_mail(call: Call[NoBody, NoQuery]) -> MailWishView:
    """Where to and about what."""
    mail = call.front.outlets.mail
    row = mail.wish(call.actor.party, call.actor.person)
    if row is None:
        return MailWishView(address="", time_zone="", about=(), works=mail.works)
    return MailWishView(address=row.address, time_zone=row.time_zone, about=tuple(row.about.split(",")), works=mail.works)


@operation("DELETE", "/v1/me/mail", "Get no more mail", roles=EVERYBODY, side="any")
async def stop_mail(call: Call[NoBody, NoQuery]) -> MailWishView:
    """Nothing is sent to you any more."""
    mail = call.front.outlets.mail
    if not call.dry_run:
        mail.stop(call.actor.party, call.actor.person)
    return MailWishView(address="", time_zone="", about=(), works=mail.works)


OPERATIONS = (
    add_webhook_endpoint,
    list_webhook_endpoints,
    get_webhook_endpoint,
    delete_webhook_endpoint,
    turn_webhook_secret,
    replay_webhook,
    resume_webhook,
    ping_webhook,
    list_deliveries,
    want_mail,
    get_mail,
    stop_mail,
)
