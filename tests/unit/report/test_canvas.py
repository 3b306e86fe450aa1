from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from dibs.report.canvas import Canvas, spread
from dibs.report.timeline import LEFTWARD, LETTER, WIDE, Mark, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator


def axis(days: int = 90, marks: tuple[tuple[str, int], ...] = ()) -> Timeline:
    return Timeline(date(2025, 1, 1), days, days, tuple(Mark(x, id_, "", binding=True) for id_, x in marks), ())


MONTHS = ("2025-01-01", "2025-02-01", "2025-03-01")


def corners(path: str) -> Iterator[list[tuple[float, float]]]:
    """The pieces of a path made of M, H, V and Z, as points."""
    for piece in path.strip("Z").split("Z"):
        x = y = 0.0
        points = []
        for letter, numbers in re.findall(r"([MHV])([^MHVZ]+)", piece):
            values = [float(number) for number in numbers.split()]
            x, y = (values[0], values[1]) if letter == "M" else (values[0], y) if letter == "H" else (x, values[0])
            points.append((x, y))
        yield points


def area(points: list[tuple[float, float]]) -> float:
    """Shoelace."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, [*points[1:], points[0]], strict=True))) / 2


def test_a_band_covers_exactly_what_it_stands_for() -> None:
    canvas = Canvas.of(axis(), MONTHS, 10)
    (points,) = corners(canvas.area([0, 1, 2], [4, 5, 10]))
    assert area(points) == pytest.approx((31 * 4 + 28 * 4 + 31 * 8) * 1000 / canvas.top)
    assert {x for x, _ in points} == {0, 31, 59, 90}


def test_a_band_that_comes_and_goes_is_drawn_in_pieces() -> None:
    pieces = list(corners(Canvas.of(axis(), MONTHS, 10).area([0, 0, 0], [4, 0, 6])))
    assert [(min(x for x, _ in piece), max(x for x, _ in piece)) for piece in pieces] == [(0, 31), (59, 90)]


def test_a_band_of_nothing_has_no_path() -> None:
    assert not Canvas.of(axis(), MONTHS, 0).area([0, 0, 0], [0, 0, 0])


def test_a_month_before_the_run_begins_at_its_first_day() -> None:
    early = Timeline(date(2025, 1, 22), 60, 60, (), ())
    assert Canvas.of(early, MONTHS, 1).xs == (0, 10, 38)


@pytest.mark.parametrize("highest", [0, 1, 3, 7, 12, 99, 101, 2_499, 760_000, 11_300_000, 999_999_999_999])
@pytest.mark.parametrize("lines", [3, 5])
def test_gridlines_are_round_few_and_enclose_the_highest_value(highest: int, lines: int) -> None:
    canvas = Canvas.of(axis(), MONTHS, highest, lines=lines)
    assert canvas.top >= highest
    assert 2 <= len(canvas.grid) <= lines + 1
    assert canvas.grid[0].at == 0
    assert canvas.grid[-1].at == 100
    assert highest == 0 or canvas.top <= 2 * highest or highest < lines


def test_labels_keep_their_distance_their_order_and_inside() -> None:
    levels = spread([1, 2, 3, 95, 99], 10, 100)
    assert all(b - a >= 10 for a, b in pairwise(levels))
    assert levels[0] >= 5
    assert levels[-1] <= 95


def test_labels_that_cannot_all_stand_are_left_to_the_legend() -> None:
    assert spread([1, 2, 3], 40, 100) == []


def test_a_label_with_room_stands_where_its_band_is() -> None:
    assert spread([20, 60], 10, 100) == [20, 60]


def test_no_boundary_is_drawn_through_the_name_of_another_version() -> None:
    crowded = axis(4_000, (("M3", 1_788), ("M4", 2_010), ("M5", 2_290), ("M6c", 2_412), ("M7", 2_471), ("last", 3_900)))
    flags = crowded.flags()
    for flag in flags:
        at, size = flag.mark.x / 4_000 * WIDE, len(flag.mark.id) * LETTER + 10
        left = at - size if flag.mark.x / 4_000 > LEFTWARD else at
        for other in flags:
            line = other.mark.x / 4_000 * WIDE
            if other is not flag and left < line < left + size:
                assert other.row > flag.row, (flag, other)


def test_a_stretch_that_is_blown_up_needs_fewer_lines_for_its_names() -> None:
    crowded = axis(4_000, (("M5", 2_290), ("M6c", 2_412), ("M7", 2_471)))
    assert max(flag.row for flag in crowded.flags()) > max(flag.row for flag in crowded.flags(2_200, 2_600)) == 0


def test_ticks_are_years_quarters_or_months_as_there_is_room() -> None:
    assert [tick.text for tick in axis(3 * 365).ticks()] == ["2025", "Apr", "Jul", "Oct", "2026", "Apr", "Jul", "Oct", "2027", "Apr", "Jul", "Oct"]
    assert [tick.text for tick in axis(1_096 * 4).ticks()][:2] == ["2025", "2026"]
    assert [tick.text for tick in axis(3 * 365).ticks(31, 121)] == ["Feb", "Mar", "Apr", "May"]
