"""The earliest start with room, against asking for every start one after the other."""

from __future__ import annotations

import random

import pytest

from dibs.procedure.schedule import Schedule
from dibs.simulate.room import earliest, least


def slowly(free, quantity, *, lasts, first, last):
    return next((t for t in range(first, last + 1) if free.least(t, t + lasts) >= quantity), None)


@pytest.mark.parametrize("seed", range(60))
def test_the_earliest_start_is_the_first_of_all_starts_that_fit(seed):
    rng = random.Random(seed)
    free = Schedule.of([(0, rng.randint(0, 20)), (rng.randint(1, 300), rng.randint(10, 40))])
    for _ in range(rng.choice([3, 40, 400])):
        begins = rng.randint(0, 600)
        free = free.plus(begins, begins + rng.randint(1, 80), -rng.randint(1, 4))
    for _ in range(40):
        asked = {"lasts": rng.randint(1, 120), "first": rng.randint(0, 500)}
        asked["last"] = asked["first"] + rng.randint(0, 200)
        quantity = rng.randint(1, 40)
        assert earliest(free, quantity, **asked) == slowly(free, quantity, **asked), (quantity, asked)


def test_room_is_never_less_than_none():
    free = Schedule.of([(0, 5)]).plus(10, 20, -8)
    assert least(free, 0, 15) == 0
    assert least(free, 0, 10) == 5
