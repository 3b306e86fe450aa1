"""What will happen in the world, and in which order what falls on one instant happens.

A heap of entries; nothing ticks.  The order within an instant is the procedure's own (`dibs.procedure.timers`): what
ends, answers, lapses, amendments, arrivals; placing comes last and is not an entry, because it is asked of the state.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dibs.quantities import Instant

What: TypeAlias = Literal["answer", "again", "supply", "deliver", "month", "signal", "declare", "verify", "adopt", "need", "usage"]
"""What an entry of the calendar is about."""

_ORDER: dict[What, int] = {
    "answer": 1,
    "again": 2,
    "adopt": 3,
    "supply": 4,
    "month": 5,
    "usage": 6,
    "deliver": 7,
    "signal": 8,
    "declare": 9,
    "verify": 10,
    "need": 11,
}
ANSWERS = _ORDER["again"]
"""Entries up to this come before what is due by itself at the same instant."""


class Calendar:
    """Entries in order of time, then of kind, then as they came."""

    def __init__(self) -> None:
        """An empty calendar."""
        self._heap: list[tuple[int, int, int, What, Any]] = []
        self._count = 0

    def add(self, at: Instant, what: What, about: object = None) -> None:
        """Let something happen at an instant."""
        self._count += 1
        heappush(self._heap, (at, _ORDER[what], self._count, what, about))

    def first(self) -> Instant | None:
        """When the next entry is, if there is one."""
        return self._heap[0][0] if self._heap else None

    def at(self, instant: Instant, *, answers: bool) -> Iterator[tuple[What, Any]]:
        """The entries up to an instant, one after the other, new ones included; `answers`: only those that come before what is due."""
        while self._heap and self._heap[0][0] <= instant and (not answers or self._heap[0][1] <= ANSWERS):
            _, _, _, what, about = heappop(self._heap)
            yield what, about
