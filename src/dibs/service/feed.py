"""What each party may hear of: its own stream of events, in order, counted from 1.

A stream is a pure function of the book, so it is the same after a restart, on every replica, and whatever becomes of
the book later: whether an event is a party's to see is judged once, when its entry is heard, on the state and under the
agreement of that moment.  Of an event only its place in the book is kept (eight bytes for each party that sees it);
the event itself is read from the book when somebody asks.  An id is the position in the stream of one party: what third
parties do leaves no gap in it and moves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from array import array
from collections import Counter
from datetime import datetime  # noqa: TC003 - msgspec reads it at run time
from typing import TYPE_CHECKING

import msgspec

from dibs.contract.load import load
from dibs.service.access import Actor, Role
from dibs.service.problems import Problem
from dibs.service.shapes import EventView, when
from dibs.service.sight import Sight
from dibs.service.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dibs.contract.model import Agreement, PartyId
    from dibs.journal.entry import Entry
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.state import State
    from dibs.quantities import Instant

SEATS = 8
"""So many streams and long polls may wait on one token at once (bound is in)."""
_SHIFT = 24
"""An entry has fewer than 2 ** 24 events; its number stands before theirs."""
_ANYBODY = ""
"""Who waits for anything at all, for the service itself."""
_SUBJECTS = ("offer", "grant", "request", "trigger", "clause", "launch", "report", "host", "subject")
"""What an event is about: the first of these that it names and the party may see."""

encode = msgspec.json.Encoder(decimal_format="string").encode
"""What goes over the wire is the same bytes whether it is asked for, streamed or pushed."""


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event as CloudEvents 1.0 says it in JSON.  `id` counts the events of your own stream; with `source` it is unique."""

    specversion: str
    id: str
    source: str
    type: str
    time: datetime
    datacontenttype: str
    data: EventView
    subject: str = ""


class Feed:
    """The streams of one book."""

    def __init__(self, house: PartyId, *, text: Callable[[str], str | None], read: Callable[[Sequence[int]], tuple[Entry, ...]]) -> None:
        """`text` gives an agreement by its digest, `read` the entries with these numbers."""
        self._house = house
        self._text = text
        self._read = read
        self._streams: dict[PartyId, array[int]] = {}
        self._under: dict[str, tuple[Sight, Views]] = {}
        self._learned: dict[str, Agreement] = {}
        self._bells: dict[PartyId, asyncio.Event] = {}
        self._heard = 0
        self._last: Entry | None = None
        self._seats: Counter[str] = Counter()
        self._ended = False

    # --- hearing

    def learn(self, agreement: Agreement) -> None:
        """Have an agreement at hand: to read its text takes a moment, in which nothing else would be heard."""
        self._learned[agreement.digest] = agreement

    def hear(self, entry: Entry, state: State) -> None:
        """Note who may see the events of an entry; `state` is what the entry led to."""
        if not entry.events:
            return
        sight, _ = self._views(entry.agreement)
        place = entry.seq << _SHIFT
        seen = [(number, sight.audience(event, state)) for number, event in enumerate(entry.events, start=place)]
        # From here on nothing can fail: all of an entry is noted, or nothing.
        heard = {self._house, _ANYBODY}
        self._stream(self._house).extend(range(place, place + len(entry.events)))
        for number, parties in seen:
            for party in parties:
                heard.add(party)
                self._stream(party).append(number)
        if self._bells:
            for party in heard.intersection(self._bells):
                self._bells.pop(party).set()
        self._heard = entry.seq + 1

    def freeze(self) -> bytes:
        """Every stream, as places in the book."""
        return msgspec.msgpack.encode({party: places.tobytes() for party, places in self._streams.items()})

    def thaw(self, frozen: bytes) -> None:
        """The same streams again.  Raises `ValueError` if it is not what `freeze` gives."""
        self._streams = {party: array("q", places) for party, places in msgspec.msgpack.decode(frozen, type=dict[str, bytes]).items()}

    def forget(self) -> None:
        """Every stream is empty; whoever waits goes on waiting."""
        self._streams.clear()

    # --- reading

    def size(self, party: PartyId) -> int:
        """How many events a party's stream has."""
        return len(self._streams.get(party, ()))

    def events(self, party: PartyId, after: int, limit: int) -> tuple[CloudEvent, ...]:
        """At most `limit` events of a party's stream after the first `after` of them."""
        places = self._streams.get(party, array("q"))[after : after + limit]
        entries = self._entries(places)
        return tuple(
            self._shown(party, after + nth, entries[place >> _SHIFT], place & ((1 << _SHIFT) - 1)) for nth, place in enumerate(places, start=1)
        )

    def kinds(self, party: PartyId, after: int, limit: int) -> tuple[str, ...]:
        """The types of the same events."""
        return tuple(f"dibs.{type(event).__name__}" for event in self.raw(party, after, limit))

    def raw(self, party: PartyId, after: int, limit: int) -> tuple[AnyEvent, ...]:
        """The same events as the book has them.  Not to be shown: nothing is left out of them."""
        places = self._streams.get(party, array("q"))[after : after + limit]
        entries = self._entries(places)
        return tuple(entries[place >> _SHIFT].events[place & ((1 << _SHIFT) - 1)] for place in places)

    def before(self, party: PartyId, instant: Instant) -> int:
        """How many events of a party's stream were put on record before an instant."""
        places = self._streams.get(party, array("q"))
        low, high = 0, len(places)
        while low < high:
            middle = (low + high) // 2
            if self._entries(places[middle : middle + 1])[places[middle] >> _SHIFT].at < instant:
                low = middle + 1
            else:
                high = middle
        return low

    # --- waiting

    async def more(self, party: PartyId, seen: int, *, within: float) -> bool:
        """Wait until a party's stream has more than `seen` events, at most `within` seconds; whether it has."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.size(party) <= seen and not self._ended:
                    await self._bells.setdefault(party, asyncio.Event()).wait()
        return self.size(party) > seen

    async def beyond(self, number: int, *, within: float) -> int:
        """Wait until an entry with this number or a later one was heard, at most `within` seconds; the number to wait for next."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self._heard <= number and not self._ended:
                    await self._bells.setdefault(_ANYBODY, asyncio.Event()).wait()
        return self._heard

    def sit(self, token: str) -> None:
        """Take one of the places that a token has to wait in.  Raises `Problem` 429 if all of them are taken."""
        if self._seats[token] >= SEATS:
            detail = f"this token waits for events {SEATS} times already: let one of them go first, or read by cursor without `wait`"
            raise Problem("DIB370", 429, "too many at once", detail, retry=True, headers={"retry-after": "5"})
        self._seats[token] += 1

    def rise(self, token: str) -> None:
        """Leave the place again."""
        self._seats[token] -= 1
        if not self._seats[token]:
            del self._seats[token]

    @property
    def ended(self) -> bool:
        """Whether the service is about to stop: who waits is sent home."""
        return self._ended

    def end(self) -> None:
        """Send home whoever waits: the service is about to stop."""
        self._ended = True
        for bell in self._bells.values():
            bell.set()
        self._bells.clear()

    # --- inside

    def _stream(self, party: PartyId) -> array[int]:
        stream = self._streams.get(party)
        if stream is None:
            stream = self._streams[party] = array("q")
        return stream

    def _views(self, digest: str) -> tuple[Sight, Views]:
        """How things were seen under an agreement: what was shown once is shown in the same words for ever."""
        found = self._under.get(digest)
        if found is None:
            name = f"agreement {digest[:12]}"
            agreement = self._learned.pop(digest, None)
            if agreement is None:
                text = self._text(digest)
                assert text is not None  # noqa: S101 - a text is kept before the first entry under it
                agreement = load(text, name)
            sight = Sight(agreement, self._house)
            found = self._under[digest] = (sight, Views(agreement, sight, name=name))
        return found

    def _entries(self, places: Sequence[int]) -> dict[int, Entry]:
        """The entries of some places.  The last one is kept at hand: one entry may hold the lapses of a hundred thousand offers."""
        numbers = list(dict.fromkeys(place >> _SHIFT for place in places))
        known = {self._last.seq: self._last} if self._last is not None else {}
        for entry in self._read([number for number in numbers if number not in known]):
            known[entry.seq] = entry
        if numbers:
            self._last = known[numbers[-1]]
        return known

    def _shown(self, party: PartyId, position: int, entry: Entry, number: int) -> CloudEvent:
        event = entry.events[number]
        _, views = self._views(entry.agreement)
        view = views.event(Actor(party=party, role=Role.AUDITOR, person="", token="", house=party == self._house), event)
        named = (view.data.get(name) for name in _SUBJECTS)
        return CloudEvent(
            specversion="1.0",
            id=str(position),
            source=f"/books/{self._house}/parties/{party}",
            type=f"dibs.{view.type}",
            time=when(event.at),
            subject=next((name if isinstance(name, str) else name.get("id", "") for name in named if name), ""),
            datacontenttype="application/json",
            data=view,
        )
