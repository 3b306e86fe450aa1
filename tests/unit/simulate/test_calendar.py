"""The calendar: in order of time, then of what happens, then as it came."""

from __future__ import annotations

from dibs.simulate.calendar import Calendar


def test_answers_come_before_arrivals_of_the_same_instant_whoever_was_written_down_first():
    calendar = Calendar()
    calendar.add(10, "need", "n1")
    calendar.add(10, "answer", "a1")
    calendar.add(5, "supply", "s1")
    assert calendar.first() == 5
    assert [*calendar.at(5, answers=True)] == []
    assert [*calendar.at(5, answers=False)] == [("supply", "s1")]
    assert [*calendar.at(10, answers=True)] == [("answer", "a1")]
    assert [*calendar.at(10, answers=False)] == [("need", "n1")]
    assert calendar.first() is None


def test_what_is_added_while_an_instant_is_being_lived_belongs_to_it():
    calendar = Calendar()
    calendar.add(10, "need", "n1")
    seen = []
    for what, about in calendar.at(10, answers=False):
        seen.append((what, about))
        if about == "n1":
            calendar.add(10, "need", "n2")
            calendar.add(11, "need", "n3")
    assert seen == [("need", "n1"), ("need", "n2")]
    assert calendar.first() == 11


def test_of_one_kind_the_first_comes_first():
    calendar = Calendar()
    for n in range(5):
        calendar.add(1, "need", n)
    assert [about for _, about in calendar.at(1, answers=False)] == [0, 1, 2, 3, 4]
