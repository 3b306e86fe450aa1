"""What a picture of months is drawn on: the months, a round top, steps, gridlines, and labels that keep apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from dibs.report.folder import number, parse_day
from dibs.report.wording import month, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dibs.report.folder import Row
    from dibs.report.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Gridline:
    """A horizontal line at a share of the height, in per cent from below."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Canvas:
    """Months by their place on the axis, and the value at the upper edge.  Heights are thousandths from above."""

    axis: Timeline
    months: tuple[str, ...]
    xs: tuple[int, ...]
    top: int
    lines: int

    @classmethod
    def of(cls, axis: Timeline, months: Iterable[str], highest: int, *, lines: int = 5) -> Self:
        """For the months of some rows; `top` is a little above the highest value and makes at most so many round gridlines."""
        days = tuple(sorted(set(months)))
        step = _step(max(1, highest), lines)
        return cls(axis, days, tuple(max(0, axis.x(parse_day(text) or axis.first)) for text in days), -(-max(1, highest) // step) * step, lines)

    @property
    def grid(self) -> tuple[Gridline, ...]:
        """Zero and the round values above it."""
        return tuple(Gridline(round(100 * line / self.top, 2), short(line)) for line in range(0, self.top + 1, _step(self.top, self.lines)))

    def name(self, n: int) -> str:
        """The n-th month as people say it; its axis place may be the run's first day."""
        return month(self.axis.day(self.xs[n]))

    def series(self, rows: Iterable[Row], column: str) -> tuple[int, ...]:
        """A column added up by month."""
        return series(rows, column, self.months)

    def line(self, values: Sequence[int]) -> str:
        """A stepped line: a month's value holds until the next month."""
        ends = [*self.xs[1:], self.axis.days]
        return f"M{self.xs[0]} {self._y(values[0])}" + "".join(f"V{self._y(value)}H{end}" for value, end in zip(values, ends, strict=True))

    def area(self, lower: Sequence[int], upper: Sequence[int]) -> str:
        """A stepped band.  Months in which it is empty are left out, so a band that comes and goes is several pieces."""
        ends = [*self.xs[1:], self.axis.days]
        out: list[str] = []
        piece: list[tuple[int, int, int, int]] = []
        for step in (*zip(self.xs, ends, lower, upper, strict=True), (0, 0, 0, 0)):
            if step[3] > step[2]:
                piece.append(step)
            elif piece:
                there = "".join(f"V{self._y(high)}H{end}" for _, end, _, high in piece)
                back = "".join(f"V{self._y(low)}H{start}" for start, _, low, _ in reversed(piece))
                out.append(f"M{piece[0][0]} {self._y(piece[0][2])}{there}{back}Z")
                piece = []
        return "".join(out)

    def _y(self, value: int) -> int:
        return round(1000 * (1 - value / self.top))


def series(rows: Iterable[Row], column: str, months: Sequence[str]) -> tuple[int, ...]:
    """A column added up by month, in the order of `months`."""
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row["month"]] += number(row[column])
    return tuple(sums[text] for text in months)


def _step(highest: int, lines: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 25, 50, 100 ... that makes no more lines than that."""
    size = 1
    while True:
        for tenths in (10, 20, 25, 50):
            step = tenths * size // 10
            if highest <= lines * step:
                return step
        size *= 10


def spread(wanted: Sequence[float], gap: float, height: float) -> list[float]:
    """Push labels, given from below, apart until none is nearer than `gap` to the next and none leaves `0..height`.

    Where they cannot all stand the list is empty.
    """
    if len(wanted) * gap > height:
        return []
    levels: list[float] = []
    for at in wanted:
        levels.append(max(at, levels[-1] + gap if levels else gap / 2))
    limit = height - gap / 2
    for n in range(len(levels) - 1, -1, -1):
        levels[n] = min(levels[n], limit)
        limit = levels[n] - gap
    return levels
