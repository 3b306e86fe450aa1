"""Events: what a party may hear of, by cursor, by waiting, or as a stream."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import msgspec

from dibs.procedure import events as e
from dibs.service.access import EVERYBODY, Actor
from dibs.service.feed import CloudEvent
from dibs.service.front import Front
from dibs.service.operation import Call, NoBody, NoQuery, Page, operation
from dibs.service.problems import Problem, unauthenticated
from dibs.service.stream import EventStream

KINDS = tuple(sorted(f"dibs.{kind.__name__}" for kind in e.AnyEvent.__args__))
"""Every type of event there is."""

LOOK = 10_000
"""So many events are looked through for those of the types asked for, before the answer says where to go on."""


class Events(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of your stream.  `types` keeps some types (names with commas between); `wait` seconds for the next if there is none yet."""

    wait: Annotated[int, msgspec.Meta(ge=0, le=30)] = 0
    types: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    start: Literal["first", "now"] = "first"


class Stream(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the stream begins: after a `cursor` or the `Last-Event-ID`; without one with the `first` event there is, or with what comes `now`."""

    cursor: Annotated[str, msgspec.Meta(max_length=200)] = ""
    types: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    start: Literal["first", "now"] = "first"


class EventList(msgspec.Struct, frozen=True, kw_only=True):
    """Events in order.  `next` goes on after them, also when nothing has come yet: keep it."""

    items: tuple[CloudEvent, ...]
    next: str


class EventKinds(msgspec.Struct, frozen=True, kw_only=True):
    """The types of events there are."""

    items: tuple[str, ...]


def place_of(front: Front, actor: Actor, cursor: str, start: str = "first") -> int:
    """How many events of the actor's stream a cursor has behind it.  Raises `Problem` 422 for one that is none, or another party's."""
    if not cursor:
        return front.office.feed.size(actor.party) if start == "now" else 0
    party, _, place = front.read_cursor(cursor).rpartition(" ")
    if party != actor.party or not place.isdecimal():
        raise Problem("DIB305", 422, "no cursor", f"`{cursor}` is no cursor of your events: take the `next` of an answer as it is")
    return int(place)


def cursor_of(front: Front, party: str, place: int) -> str:
    """The cursor that has so many events of a party's stream behind it."""
    return front.cursor(f"{party} {place}")


def kinds_of(types: str) -> frozenset[str]:
    """The types that are named, with commas between; none means all.  Raises `Problem` 422 if one is no type of event."""
    named = frozenset(kind if kind.startswith("dibs.") else f"dibs.{kind}" for kind in (part.strip() for part in types.split(",")) if kind)
    unknown = sorted(named.difference(KINDS))
    if unknown:
        raise Problem("DIB373", 422, "no such event", f"there is no type of event `{unknown[0][:100]}`: /v1/events/types lists them")
    return named


def still_good(front: Front, actor: Actor) -> bool:
    """Whether what somebody showed when they began to wait still opens the door."""
    token = front.people.find(actor.token)
    if token is not None:
        return token.good(front.office.now())
    return front.people.find_login(actor.token) is not None


@operation("GET", "/v1/events", "What happened", roles=EVERYBODY, side="any")
async def list_events(call: Call[NoBody, Events]) -> EventList:
    """Your own stream of events (CloudEvents 1.0), the oldest first; `wait` holds the answer back until there is something new."""
    front, party, query = call.front, call.actor.party, call.query
    feed = front.office.feed
    _ = front.state  # takes in what other replicas have written
    place = place_of(front, call.actor, query.cursor, query.start)
    wanted = kinds_of(query.types)
    until = asyncio.get_running_loop().time() + query.wait
    found: list[CloudEvent] = []
    while True:
        last = place + LOOK
        while len(found) < query.limit and place < last and (events := feed.events(party, place, query.limit - len(found))):
            place += len(events)
            found += (event for event in events if not wanted or event.type in wanted)
        left = until - asyncio.get_running_loop().time()
        if found or left <= 0 or feed.ended or feed.size(party) > place:
            return EventList(items=tuple(found), next=cursor_of(front, party, place))
        feed.sit(call.actor.token)
        try:
            await feed.more(party, place, within=left)
        finally:
            feed.rise(call.actor.token)
        if not still_good(front, call.actor):
            raise unauthenticated()


@operation("GET", "/v1/events/stream", "What happens, as it happens", roles=EVERYBODY, side="any", media=("text/event-stream",))
async def stream_events(call: Call[NoBody, Stream]) -> EventStream:
    """The same events as a stream (`text/event-stream`); each has a cursor as its id, so a reader that was cut off goes on where it was."""
    front, party = call.front, call.actor.party
    feed = front.office.feed
    wanted = kinds_of(call.query.types)
    place = place_of(front, call.actor, call.last_seen or call.query.cursor, call.query.start)
    feed.sit(call.actor.token)
    return EventStream(
        feed,
        party,
        place,
        cursor=lambda reached: cursor_of(front, party, reached),
        wanted=lambda kind: not wanted or kind in wanted,
        good=lambda: still_good(front, call.actor),
        leave=lambda: feed.rise(call.actor.token),
    )


@operation("GET", "/v1/events/types", "The types of events", roles=EVERYBODY, side="any")
async def list_event_types(call: Call[NoBody, NoQuery]) -> EventKinds:  # noqa: ARG001 - it is the same for everybody
    """What `types` may name, here and in webhooks."""
    return EventKinds(items=KINDS)


OPERATIONS = (list_events, stream_events, list_event_types)
