"""Whose the needs, offers and grants are: their names in the order in which they came, for the house and for each party.

A list that somebody asks for is read from here, so that it costs them what is theirs, however much others have: how long
an answer takes then tells nothing of those either.  What is on a party's roll is still shown only as far as it may see it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

import msgspec

from dibs.procedure import events as e

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dibs.contract.model import PartyId
    from dibs.journal.entry import Entry
    from dibs.procedure.state import State


class Roll:
    """The names of one kind of thing, the oldest first; eight bytes more for each party that has it."""

    def __init__(self, names: Iterable[str] = (), of: dict[PartyId, array[int]] | None = None) -> None:
        """As it was frozen; nothing is known otherwise."""
        self._names = [*names]
        self._places = {name: place for place, name in enumerate(self._names)}
        self._of = of or {}

    def note(self, name: str, parties: Iterable[PartyId] = ()) -> None:
        """It is there, and is these parties' too."""
        place = self._places.setdefault(name, len(self._names))
        if place == len(self._names):
            self._names.append(name)
        for party in parties:
            places = self._of.setdefault(party, array("q"))
            at = bisect_left(places, place)
            if at == len(places) or places[at] != place:
                places.insert(at, place)

    def all(self, after: str = "") -> Iterator[str]:
        """Every name, or those that came after one.  Raises `KeyError` if that is none of them."""
        first = self._places[after] + 1 if after else 0
        return (self._names[place] for place in range(first, len(self._names)))

    def of(self, party: PartyId, after: str = "") -> Iterator[str]:
        """A party's names, or those that came after one of them.  Raises `KeyError` if that is none of them."""
        places = self._of.get(party, array("q"))
        first = 0
        if after:
            place = self._places[after]
            first = bisect_right(places, place)
            if not first or places[first - 1] != place:
                raise KeyError(after)
        return (self._names[places[number]] for number in range(first, len(places)))

    def freeze(self) -> tuple[list[str], dict[PartyId, bytes]]:
        """All of it."""
        return self._names, {party: places.tobytes() for party, places in self._of.items()}

    @classmethod
    def thaw(cls, names: list[str], of: dict[PartyId, bytes]) -> Roll:
        """All of it again.  Raises `ValueError` if it is not what `freeze` gives."""
        return cls(names, {party: array("q", places) for party, places in of.items()})


class Rolls:
    """The needs, offers and grants of one book."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.requests, self.offers, self.grants = Roll(), Roll(), Roll()

    def hear(self, entry: Entry, state: State) -> None:
        """Note whose the things are that an entry tells of; `state` is what the entry led to."""
        for event in entry.events:
            match event:
                case e.RequestSubmitted():
                    self.requests.note(event.request.id)
                case e.OfferServed() | e.NoticeDefective():
                    self.offers.note(event.offer, (event.holder,))
                case e.Granted():
                    grant = state.grants[event.grant]
                    self.grants.note(event.grant, {grant.platform, grant.operator, grant.buyer})
                case e.RightAssigned():
                    for name in [*self.offers.of(event.holder)]:
                        if (offer := state.offers.get(name)) is not None and offer.holder == event.to:
                            self.offers.note(name, (event.to,))
                case _:
                    pass

    def forget(self) -> None:
        """Nothing is known any more."""
        self.requests, self.offers, self.grants = Roll(), Roll(), Roll()

    def freeze(self) -> bytes:
        """All of them."""
        return msgspec.msgpack.encode([roll.freeze() for roll in (self.requests, self.offers, self.grants)])

    def thaw(self, frozen: bytes) -> None:
        """All of them again.  Raises `ValueError` if it is not what `freeze` gives."""
        kept = msgspec.msgpack.decode(frozen, type=list[tuple[list[str], dict[str, bytes]]])
        self.requests, self.offers, self.grants = (Roll.thaw(names, of) for names, of in kept)
