"""Where there is room: the earliest start from which a host can hold a need for its whole time.

Asked of the schedule of what is free, block by block: a block whose lowest level is enough is passed over as a whole.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dibs.procedure.schedule import Schedule
    from dibs.quantities import Instant


def earliest(free: Schedule, quantity: int, *, lasts: int, first: Instant, last: Instant) -> Instant | None:
    """The first start from `first` to `last` (both in) from which `quantity` is free for `lasts` seconds; nothing if there is none.

    One walk through the schedule: a stretch with too little room moves the start to its end.
    """
    start = first
    blocks = free.blocks
    index = bisect_right(blocks, first, key=_begin) - 1
    while index < len(blocks):
        block = blocks[index]
        if block.at[0] >= start + lasts:
            return start
        index += 1
        if block.low + block.plus >= quantity:
            continue
        ends = blocks[index].at[0] if index < len(blocks) else None
        for position, level in enumerate(block.level):
            if level + block.plus >= quantity:
                continue
            begins = block.at[position]
            over = block.at[position + 1] if position + 1 < len(block.at) else ends
            if over is not None and over <= start:
                continue
            if begins >= start + lasts:
                return start
            if over is None or over > last:
                return None
            start = over
    return start


def least(free: Schedule, starts: Instant, lasts: int) -> int:
    """How much is free for the whole time, never below zero."""
    return max(free.least(starts, starts + lasts), 0)


def _begin(block: object) -> Instant:
    at: tuple[Instant, ...] = block.at  # type: ignore[attr-defined]
    return at[0]
