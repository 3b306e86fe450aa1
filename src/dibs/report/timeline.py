"""The one time axis of a page: every picture with days on it shares this domain, these ticks and these version lines.

A place on the axis is a number of days since the first day of the run.  The page turns it into a place on the screen
(`left: calc((x - from) / (to - from))`), so that zooming moves two numbers and redraws nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Self

from dibs.report.wording import day as say_day
from dibs.report.wording import month as say_month

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dibs.report.folder import RunFolder, Version

WIDE, NARROW = 560, 300
"""Pixels of the plot on a desk and on a telephone, at the least: labels are kept apart for these."""
LETTER = 7.6
"""Pixels a letter of a label takes, at the most."""
LEFTWARD = 0.85
"""Past this share of the axis a label stands to the left of its line."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on the axis."""

    x: float
    text: str
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A day on which something was signed into force, or (`binding` false) was signed and changes nothing."""

    x: int
    id: str
    title: str
    binding: bool


@dataclass(frozen=True, slots=True)
class Flag:
    """A mark in a picture: a line, and its id in the `row`-th line above (`narrow_row` on a telephone)."""

    mark: Mark
    row: int
    narrow_row: int
    leftward: bool


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the axis that can be looked at alone."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The axis of a run."""

    first: date
    days: int
    known: float
    marks: tuple[Mark, ...]
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, run: RunFolder) -> Self:
        """From the run's first day to its last, with its versions."""
        first, days = run.first, max(1, (run.until - run.first).days)
        binding = [version for version in run.versions if version.binding and version.starts < run.until]
        spans = []
        for version, following in zip_longest(binding, binding[1:]):
            start, end = max(0, (version.starts - first).days), (following.starts - first).days if following else days
            if end > start:
                room = max(7, (end - start) * 0.08)
                spans.append(Span(version.id, max(0, start - room), min(days, end + room)))
        marks = tuple(
            Mark((version.starts - first).days, version.id, _title(version), version.binding)
            for version in run.versions
            if first <= version.starts < run.until
        )
        return cls(first, days, min(days, max(0, (run.known_until - first).days)), marks, tuple(spans))

    def x(self, day: date) -> int:
        """Days since the first day; the axis is not cut here, pictures are."""
        return (day - self.first).days

    def day(self, x: float) -> date:
        """The day at a place of the axis."""
        return self.first + timedelta(days=int(x))

    @property
    def forecasts(self) -> bool:
        """Whether any of it lies in the future of what is known."""
        return self.known < self.days

    def ticks(self, start: float = 0, end: float | None = None) -> tuple[Tick, ...]:
        """Years, or quarters, or months: whatever gives between four and fourteen labels."""
        end = self.days if end is None else end
        low, high = self.day(start), self.day(end)
        months = (high.year - low.year) * 12 + high.month - low.month
        step = next((s for s in (1, 3, 12, 24, 60) if months / s <= 14), 120)
        out = []
        for year in range(low.year, high.year + 1):
            for month in range(1, 13, step) if step < 12 else (1,):
                at = date(year, month, 1)
                if low <= at < high and (step <= 12 or year % (step // 12) == 0):
                    text = str(year) if month == 1 else say_month(at)[:3]
                    out.append(Tick(self.x(at), text, minor=month != 1))
        return tuple(out)

    def flags(self, start: float = 0, end: float | None = None, *, idle: bool = False) -> tuple[Flag, ...]:
        """The version boundaries inside a stretch, their names kept apart as far as that stretch is blown up.

        With `idle` also what was signed and changes nothing.
        """
        end = self.days if end is None else end
        inside = [mark for mark in self.marks if start <= mark.x < end and (mark.binding or idle)]
        places = [(mark.id, (mark.x - start) / (end - start)) for mark in inside]
        rows = zip(inside, places, _rows(places, WIDE), _rows(places, NARROW), strict=True)
        return tuple(Flag(mark, row, narrow_row, at > LEFTWARD) for mark, (_, at), row, narrow_row in rows)


def _title(version: Version) -> str:
    effect = f"in force from {say_day(version.starts)}" if version.binding else f"signed {say_day(version.signed)}, without legal effect"
    return f"{version.id}, {effect}: {version.says}"


def _rows(labels: Sequence[tuple[str, float]], width: int) -> list[int]:
    """A line for each label: below every earlier one it would run into, so that no boundary is drawn through a name."""
    placed: list[tuple[float, float, int]] = []
    for text, at in labels:
        size = len(text) * LETTER + 10
        left = at * width - (size if at > LEFTWARD else 0)
        row = max((row + 1 for start, end, row in placed if start < left + size and left < end), default=0)
        placed.append((left, left + size, row))
    return [row for _, _, row in placed]
