"""Ambiguous clauses: which readings there are, and what taking one does."""

from __future__ import annotations

import dataclasses
from datetime import date
from types import MappingProxyType

import pytest

from dibs.contract import amend, readings
from dibs.contract.model import Reading
from dibs.errors import BadInput


def hosting(agreement):
    return next((c for c in amend.in_force(agreement, date(2026, 1, 1)) if c.id == "api-hosting"), None)


def test_a_reading_changes_the_fields_that_it_sets_and_no_others(every_kind):
    as_written, wide = hosting(readings.take(every_kind, {"api-hosting": "as-written"})), hosting(readings.take(every_kind, {"api-hosting": "wide"}))
    assert (as_written.tests, as_written.sub_supply) == ("operator", "refused")
    assert (wide.tests, wide.sub_supply, wide.classes, wide.except_hosts) == ("platform", "counts", as_written.classes, as_written.except_hosts)


def test_a_clause_that_is_read_as_silent_is_not_in_force(every_kind):
    assert hosting(readings.take(every_kind, {"api-hosting": "silent"})) is None


def test_the_default_reading_is_taken_when_nobody_says_another(every_kind):
    assert hosting(every_kind).tests == "platform"


def test_taking_a_reading_leaves_the_agreement_as_it_was(every_kind):
    readings.take(every_kind, {"api-hosting": "silent"})
    assert hosting(every_kind) is not None
    assert readings.take(every_kind, {}) == every_kind


def test_a_clause_without_a_taken_reading_is_open_to_all_of_them(every_kind):
    clause = every_kind.clauses[0]
    assert [name for name, _ in readings.open_readings(clause)] == ["wide"]
    undecided = dataclasses.replace(clause, reading=None)
    ways = readings.open_readings(undecided)
    assert [name for name, _ in ways] == ["as-written", "wide", "silent"]
    assert ways[0][1] is undecided
    assert ways[2][1] is None


def test_unknown_clauses_and_readings_are_all_named_at_once(every_kind):
    with pytest.raises(BadInput) as caught:
        readings.take(every_kind, {"api-hostin": "wide", "api-hosting": "wider", "licence": "wide"})
    assert [(f.code, "did you mean" in f.message) for f in caught.value.findings] == [("DIB034", True), ("DIB047", True), ("DIB047", False)]


def test_a_reading_reaches_the_clauses_of_amendments_too(history):
    amendment = history.amendments[0]
    silent = MappingProxyType({"none": Reading(name="none", says="It was never meant.", applies=False)})
    right = dataclasses.replace(amendment.adds[1], readings=silent)
    open_ = dataclasses.replace(history, amendments=(dataclasses.replace(amendment, adds=(amendment.adds[0], right)), *history.amendments[1:]))
    assert "first-refusal" in [c.id for c in amend.in_force(open_, date(2025, 3, 1))]
    assert "first-refusal" not in [c.id for c in amend.in_force(readings.take(open_, {"first-refusal": "none"}), date(2025, 3, 1))]
