"""What is due when, and in which order what is due in one instant happens.

A heap with lazy deletion: `at` says what is true, the heap only finds it fast, and an entry of the heap that `at` does
not confirm is thrown away when it comes to the top.

**One instant has an order**, and it is written here: reservations that end; answers; lapses and everything else that a
deadline brings; amendments; arrivals (needs, capacity, figures, notices); placing.  What is due happens by `RANK`, and
what somebody says at the same instant by `dibs.procedure.procedure.ORDER`, in the same numbers.
"""

from __future__ import annotations

from heapq import heappop, heappush
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from dibs.procedure.supposing import Layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dibs.quantities import Instant

ENDS, ANSWERS, LAPSES, AMENDMENTS, ARRIVALS, PLACING, LAST = range(7)
"""The order of one instant."""

Kind: TypeAlias = Literal["end", "lapse", "round", "market", "cover", "default", "delay", "expiry", "boundary", "suspension"]
Key: TypeAlias = tuple[Kind, str]
Timer: TypeAlias = "tuple[Instant, int, Kind, str]"
"""(instant, rank, kind, whose): sorts by when it happens."""

RANK: Mapping[Kind, int] = MappingProxyType(
    {
        "end": ENDS,
        "lapse": LAPSES,
        "round": LAPSES,
        "market": LAPSES,
        "cover": LAPSES,
        "default": LAPSES,
        "delay": LAPSES,
        "expiry": LAPSES,
        "boundary": AMENDMENTS,
        "suspension": AMENDMENTS,
    }
)


class Timers:
    """Everything that will happen by itself.  Two of them are equal if the same things are due at the same instants."""

    __slots__ = ("_heap", "at")

    def __init__(self) -> None:
        """Nothing is due."""
        self.at: dict[Key, Instant] = {}
        self._heap: list[Timer] = []

    def __eq__(self, other: object) -> bool:
        """Whether the same is due."""
        return isinstance(other, Timers) and self.at == other.at

    __hash__ = None  # type: ignore[assignment]

    def start(self, kind: Kind, name: str, instant: Instant) -> None:
        """Let it happen at `instant`; what was set for the same thing before is forgotten."""
        self.at[kind, name] = instant
        heappush(self._heap, (instant, RANK[kind], kind, name))
        self._tidy()

    def stop(self, kind: Kind, name: str) -> None:
        """Let it not happen; a timer that is not set is none."""
        if self.at.pop((kind, name), None) is not None:
            self._tidy()

    def first(self) -> Timer | None:
        """What happens next, if anything."""
        return self._heap[0] if self._heap else None

    def _tidy(self) -> None:
        """Throw away what is on top and no longer true."""
        heap, at = self._heap, self.at
        while heap and at.get((heap[0][2], heap[0][3])) != heap[0][0]:
            heappop(heap)


class SupposedTimers(Timers):
    """Timers on top of others that are left as they are: what would be due if something happened.

    Those others may be supposed themselves, as when several acts are judged before any of them is kept.
    """

    __slots__ = ("_beneath", "_walk")

    def __init__(self, beneath: Timers) -> None:
        """As things are."""
        self.at = Layer(beneath.at)
        self._heap = []
        self._beneath: tuple[list[Timer], ...] = (*beneath._beneath, beneath._heap) if isinstance(beneath, SupposedTimers) else (beneath._heap,)  # noqa: SLF001 - the same thing, one layer down
        # The smallest entries of a heap are found without changing it by walking down from its top.
        self._walk: list[tuple[Timer, int, int]] = sorted([(heap[0], nth, 0) for nth, heap in enumerate(self._beneath) if heap])

    def first(self) -> Timer | None:
        """What would happen next, if anything."""
        walk, at = self._walk, self.at
        while walk and at.get((walk[0][0][2], walk[0][0][3])) != walk[0][0][0]:
            _, nth, index = heappop(walk)
            heap = self._beneath[nth]
            for child in (2 * index + 1, 2 * index + 2):
                if child < len(heap):
                    heappush(walk, (heap[child], nth, child))
        supposed = self._heap[0] if self._heap else None
        if not walk:
            return supposed
        return walk[0][0] if supposed is None else min(supposed, walk[0][0])
