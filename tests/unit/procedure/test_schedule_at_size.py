"""A schedule says the same as a plain list of levels, however many changes there are."""

from __future__ import annotations

import random

import pytest

from dibs.procedure.schedule import Schedule

LONG = 5_000


@pytest.mark.parametrize("seed", range(12))
def test_a_schedule_of_many_reservations_is_the_sum_of_them(seed):
    rng = random.Random(seed)
    schedule, levels = Schedule.of([(0, 100)]), [100] * LONG
    for _ in range(rng.choice([50, 500, 1_500])):
        starts = rng.randrange(LONG - 1)
        ends = min(LONG, starts + rng.randint(1, 800))
        quantity = rng.randint(-3, 3)
        schedule = schedule.plus(starts, ends, quantity)
        levels[starts:ends] = [level + quantity for level in levels[starts:ends]]
        if rng.random() < 0.01:
            now = rng.randrange(50)
            schedule = schedule.after(now)
            levels[:now] = [levels[now]] * now
    instants = [at for at, _ in schedule.steps()]
    assert instants == sorted(set(instants)), "every change stands once, in order"
    for _ in range(200):
        starts = rng.randrange(LONG - 1)
        ends = rng.randint(starts + 1, LONG)
        assert schedule.least(starts, ends) == min(levels[starts:ends])
