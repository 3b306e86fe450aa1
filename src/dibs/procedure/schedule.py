"""A whole number that changes at instants: how much of a host is free, from when to when.

A `Schedule` is a value: `plus` makes another one that shares what did not change.  The instants are kept in blocks, each
of which knows its lowest level and what was added to it as a whole, so that asking for the least level over years and
adding to it cost about the square root of the number of changes, however many reservations there are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Self

import msgspec

from dibs.quantities import Instant  # noqa: TC001 - msgspec reads these at run time

if TYPE_CHECKING:
    from collections.abc import Iterable

EVER = 1 << 60
"""Later than any instant; its negative is earlier."""

_BLOCK = 128


class Block(msgspec.Struct, frozen=True, gc=False):
    """A run of neighbouring changes: from `at[i]` on the level is `level[i] + plus`."""

    at: tuple[Instant, ...]
    level: tuple[int, ...]
    low: int
    """The least of `level`."""
    plus: int = 0


class Schedule(msgspec.Struct, frozen=True, gc=False):
    """A step function of time, 0 at first."""

    blocks: tuple[Block, ...] = (Block((-EVER,), (0,), 0),)

    @classmethod
    def of(cls, steps: Iterable[tuple[Instant, int]]) -> Self:
        """The function that is 0 before the first step and holds each step's quantity until the next; steps in order of time."""
        at, level = [-EVER], [0]
        for instant, quantity in steps:
            at.append(instant)
            level.append(quantity)
        return cls(tuple(_block(at[i : i + _BLOCK], level[i : i + _BLOCK]) for i in range(0, len(at), _BLOCK)))

    def least(self, starts: Instant, ends: Instant) -> int:
        """The lowest level in the half-open interval, which must not be empty."""
        blocks = self.blocks
        first, last = self._index(starts), self._index(ends - 1)
        lowest = EVER
        for index in range(first, last + 1):
            block = blocks[index]
            if first < index < last:
                low = block.low
            else:
                begin = bisect_right(block.at, starts) - 1 if index == first else 0
                low = min(block.level[begin : bisect_left(block.at, ends)])
            lowest = min(lowest, low + block.plus)
        return lowest

    def plus(self, starts: Instant, ends: Instant, quantity: int) -> Self:
        """The function with `quantity` added (or taken, if negative) over the half-open interval."""
        if starts >= ends or not quantity:
            return self
        first, last = self._index(starts), self._index(ends - 1)
        changed: list[Block] = []
        for index in range(first, last + 1):
            block = self.blocks[index]
            if first < index < last:
                changed.append(Block(block.at, block.level, block.low, block.plus + quantity))
            else:
                until = self.blocks[index + 1].at[0] if index + 1 < len(self.blocks) else EVER + 1
                changed += _cut_and_add(block, starts, min(ends, until), quantity, until=until)
        return type(self)(self.blocks[:first] + tuple(changed) + self.blocks[last + 1 :])

    def after(self, instant: Instant) -> Self:
        """The same from `instant` on, with everything before forgotten: the level there counts for all the past."""
        index = self._index(instant)
        block = self.blocks[index]
        begin = bisect_right(block.at, instant) - 1
        if index == 0 and begin == 0:
            return self
        level = block.level[begin:]
        return type(self)((Block((-EVER, *block.at[begin + 1 :]), level, min(level), block.plus), *self.blocks[index + 1 :]))

    def steps(self) -> list[tuple[Instant, int]]:
        """Every change as (instant, level from there on); the first stands for all the past."""
        return [(at, level + block.plus) for block in self.blocks for at, level in zip(block.at, block.level, strict=True)]

    def _index(self, instant: Instant) -> int:
        """Which block an instant falls in."""
        return bisect_right(self.blocks, instant, key=_begin) - 1


def _begin(block: Block) -> Instant:
    return block.at[0]


def _block(at: list[Instant], level: list[int]) -> Block:
    return Block(tuple(at), tuple(level), min(level))


def _cut_and_add(block: Block, starts: Instant, ends: Instant, quantity: int, *, until: Instant) -> list[Block]:
    """A block, which reaches to `until`, with `quantity` added where it overlaps the interval, as one block or two."""
    at, level = list(block.at), [low + block.plus for low in block.level] if block.plus else list(block.level)
    begin = bisect_left(at, starts)
    # With nothing before it, the interval starts before this block, which then belongs to it from its first change on.
    if begin and (begin == len(at) or at[begin] != starts):
        at.insert(begin, starts)
        level.insert(begin, level[begin - 1])
    end = bisect_left(at, ends)
    if ends < until and (end == len(at) or at[end] != ends):
        at.insert(end, ends)
        level.insert(end, level[end - 1])
    level[begin:end] = [low + quantity for low in level[begin:end]]
    half = len(at) // 2
    if len(at) > 2 * _BLOCK:
        return [_block(at[:half], level[:half]), _block(at[half:], level[half:])]
    return [_block(at, level)]
