"""The one table: closed, complete, and what everything else is made from."""

import re

import pytest

from dibs.procedure import events
from dibs.procedure.transitions import START, STATUSES, TRANSITIONS, diagram, final, move, reachable

NOT_THE_PROCEDURES = {"committed", "provisioning", "reclaiming", "declined"}
"""Statuses of a reservation that only an engine brings it to."""


@pytest.mark.parametrize("thing", list(STATUSES))
def test_every_status_can_be_reached(thing):
    missing = set(STATUSES[thing]) - set(reachable(thing))
    assert missing == (NOT_THE_PROCEDURES if thing == "reservation" else set())


def test_the_table_knows_only_statuses_that_exist():
    for (thing, status, _), then in TRANSITIONS.items():
        assert status in STATUSES[thing]
        assert then in STATUSES[thing]


def test_the_table_knows_only_events_that_exist():
    for _, _, happened in TRANSITIONS:
        name = re.split(r"[ ,:]", happened)[0]
        assert issubclass(getattr(events, name), events.Event), happened


def test_what_the_table_does_not_know_is_a_bug():
    with pytest.raises(AssertionError, match="`RightLapsed` happened to a offer that was exercised"):
        move("offer", "exercised", "RightLapsed")


@pytest.mark.statement("R7", "R8")
def test_an_offer_has_one_outcome_and_keeps_it():
    outcomes = {"exercised", "partially_exercised", "declined", "lapsed", "waived", "withdrawn", "countered", "void"}
    assert set(final("offer")) == outcomes


def test_a_need_that_is_over_stays_over():
    assert set(final("request")) == {"denied", "unfilled", "cancelled", "expired"}


@pytest.mark.parametrize("thing", list(STATUSES))
def test_the_diagram_draws_exactly_the_table(thing):
    drawn = set()
    for line in diagram(thing).splitlines()[2:]:
        before, after, *words = re.split(r" --> |: ", line.strip(), maxsplit=2)
        if after != "[*]":
            drawn |= {(before, word, after) for word in words[0].split(" / ")}
    table = {(s, happened.replace(":", ","), then) for (t, s, happened), then in TRANSITIONS.items() if t == thing and s != then}
    assert drawn == table
    assert diagram(thing).splitlines()[1] == f"    [*] --> {START[thing]}"
