"""Step functions of time, against the obvious way to keep them."""

from hypothesis import given
from hypothesis import strategies as st

from dibs.procedure.schedule import EVER, Schedule

SPAN = 60
INTERVAL = st.tuples(st.integers(0, SPAN - 1), st.integers(1, SPAN)).filter(lambda i: i[0] < i[1])
CHANGE = st.tuples(INTERVAL, st.integers(-5, 5))


def naive(changes):
    level = [0] * SPAN
    for (starts, ends), quantity in changes:
        for instant in range(starts, ends):
            level[instant] += quantity
    return level


def changed(changes):
    schedule = Schedule()
    for (starts, ends), quantity in changes:
        schedule = schedule.plus(starts, ends, quantity)
    return schedule


@given(st.lists(CHANGE, max_size=30), INTERVAL)
def test_the_least_level_is_the_least_of_every_instant(changes, interval):
    starts, ends = interval
    assert changed(changes).least(starts, ends) == min(naive(changes)[starts:ends])


@given(st.lists(CHANGE, max_size=20), st.integers(0, SPAN - 1), INTERVAL)
def test_forgetting_the_past_changes_nothing_later(changes, instant, interval):
    schedule, (starts, ends) = changed(changes), interval
    if starts >= instant:
        assert schedule.after(instant).least(starts, ends) == schedule.least(starts, ends)


def test_steps_hold_until_the_next_one():
    schedule = Schedule.of([(10, 5), (20, 0)])
    assert [schedule.least(at, at + 1) for at in (9, 10, 19, 20, EVER - 1)] == [0, 5, 5, 0, 0]
    assert schedule.steps()[1:] == [(10, 5), (20, 0)]


def test_a_schedule_is_a_value():
    before = Schedule.of([(10, 5)])
    after = before.plus(0, 100, 1)
    assert before.least(0, 100) == 0
    assert after.least(0, 100) == 1
    assert before == Schedule.of([(10, 5)])
