"""Which clauses are in force, and what was known of them when."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from dibs.contract import amend


def ids(clauses):
    return [c.id for c in clauses]


def test_before_any_amendment_the_version_is_the_agreement(harbour):
    assert amend.version_at(harbour, date(2025, 1, 20)) == "harbour"
    assert ids(amend.in_force(harbour, date(2025, 1, 20))) == ["exclusive-cloud", "licence", "share-to-borealis", "profit-trigger"]


@pytest.mark.statement("S02")
def test_an_amendment_is_in_force_from_the_beginning_of_its_day(harbour):
    assert amend.version_at(harbour, date(2025, 1, 21)) == "first-call"
    assert "exclusive-cloud" in ids(amend.in_force(harbour, date(2025, 1, 20)))
    assert "exclusive-cloud" not in ids(amend.in_force(harbour, date(2025, 1, 21)))


def test_a_clause_that_an_amendment_adds_begins_with_it_unless_it_says_from(harbour):
    dated = {d.clause.id: d for d in amend.dated_clauses(harbour)}
    assert (dated["first-refusal"].starts, dated["first-refusal"].by) == (date(2025, 1, 21), "first-call")
    assert (dated["cloud-commitment"].starts, dated["cloud-commitment"].ends) == (date(2025, 2, 1), date(2028, 2, 1))
    assert (dated["exclusive-cloud"].ends, dated["exclusive-cloud"].ended_by) == (date(2025, 1, 21), "first-call")
    assert (dated["profit-trigger"].starts, dated["own-build"].ends) == (None, None)


@pytest.mark.statement("S28")
def test_until_is_the_first_day_out(harbour):
    assert "api-hosting" in ids(amend.in_force(harbour, date(2030, 12, 31)))
    assert "api-hosting" not in ids(amend.in_force(harbour, date(2031, 1, 1)))


def test_what_was_not_signed_yet_was_not_known(harbour):
    assert amend.version_at(harbour, date(2025, 1, 21), date(2025, 1, 19)) == "harbour"
    assert amend.version_at(harbour, date(2025, 1, 21), date(2025, 1, 20)) == "first-call"
    assert "exclusive-cloud" in ids(amend.in_force(harbour, date(2025, 3, 1), date(2025, 1, 19)))


def test_a_memorandum_that_does_not_bind_changes_nothing(history):
    assert amend.version_at(history, date(2025, 9, 12)) == "first-call"
    assert "first-refusal" in ids(amend.in_force(history, date(2025, 9, 12)))
    without = dataclasses.replace(history, amendments=tuple(a for a in history.amendments if a.binding))
    assert amend.dated_clauses(without) == amend.dated_clauses(history)
    assert amend.versions(without) == amend.versions(history)


def test_a_retroactive_amendment_changes_the_past_only_for_those_who_know_it(history):
    on = date(2025, 10, 15)

    def rate(known):
        return next(str(c.rate) for c in amend.in_force(history, on, known) if c.id == "share")

    assert rate(date(2025, 11, 30)) == "0.2"
    assert rate(date(2025, 12, 1)) == "0.1"
    assert rate(None) == "0.1"


def test_a_clause_that_is_restated_keeps_its_id_and_is_never_in_force_twice(history):
    rows = [d for d in amend.dated_clauses(history) if d.clause.id == "share"]
    assert [(d.starts, d.ends, d.by) for d in rows] == [
        (date(2023, 1, 1), date(2025, 10, 1), ""),
        (date(2025, 10, 1), date(2031, 1, 1), "side-letter"),
    ]


def test_of_two_amendments_with_one_effective_day_the_later_names_the_version(history):
    assert amend.version_at(history, date(2025, 10, 28)) == "evening"
    assert [(v.id, v.starts) for v in amend.versions(history)] == [
        ("quay", None),
        ("first-call", date(2025, 1, 21)),
        ("side-letter", date(2025, 10, 1)),
        ("evening", date(2025, 10, 28)),
    ]
    assert "first-refusal" not in ids(amend.in_force(history, date(2025, 10, 28)))


def test_a_restated_clause_that_repeats_its_first_day_does_not_reach_back(history):
    amendment = history.amendments[2]
    again = dataclasses.replace(amendment, replaces=(dataclasses.replace(amendment.replaces[0], from_=date(2023, 1, 1)),))
    repeated = dataclasses.replace(history, amendments=(*history.amendments[:2], again, *history.amendments[3:]))
    rows = [d for d in amend.dated_clauses(repeated) if d.clause.id == "share"]
    assert [(d.starts, d.ends) for d in rows] == [(date(2023, 1, 1), date(2025, 10, 1)), (date(2025, 10, 1), date(2031, 1, 1))]


def test_an_added_clause_reaches_back_if_it_says_so(harbour):
    amendment = harbour.amendments[0]
    early = dataclasses.replace(amendment, adds=(dataclasses.replace(amendment.adds[2], from_=date(2024, 1, 1)),))
    reaching = dataclasses.replace(harbour, amendments=(early,))
    assert "own-build" in ids(amend.in_force(reaching, date(2024, 6, 1)))
    assert "own-build" not in ids(amend.in_force(reaching, date(2024, 6, 1), date(2025, 1, 19)))


def test_versions_follow_each_other_without_a_gap(history):
    versions = amend.versions(history)
    assert [v.ends for v in versions[:-1]] == [v.starts for v in versions[1:]]
    assert versions[-1].ends is None


def test_versions_as_known_before_the_side_letter_do_not_hold_it(history):
    assert [v.id for v in amend.versions(history, date(2025, 11, 1))] == ["quay", "first-call", "evening"]


@pytest.mark.statement("S12")
def test_a_difference_names_what_was_added_ended_and_left_alone(harbour):
    found = amend.difference(harbour, date(2025, 1, 20), date(2025, 3, 1))
    assert ids(found.added) == ["api-hosting", "first-refusal", "own-build", "cloud-commitment"]
    assert ids(found.ended) == ["exclusive-cloud"]
    assert found.changed == ()
    assert ids(found.unchanged) == ["licence", "share-to-borealis", "profit-trigger"]


def test_a_clause_that_reads_otherwise_differs_field_by_field(history):
    found = amend.difference(history, date(2025, 9, 30), date(2025, 10, 1))
    (changed,) = found.changed
    assert changed.id == "share"
    assert [(f.key, str(f.before), str(f.after)) for f in changed.fields] == [
        ("says", "Aster pays Borealis a fifth of its revenue.", "Aster pays Borealis a tenth of its revenue."),
        ("from", "2023-01-01", "None"),
        ("rate", "0.2", "0.1"),
    ]


def test_between_two_days_of_one_version_nothing_differs(harbour):
    assert not amend.difference(harbour, date(2025, 3, 1), date(2026, 3, 1))


def test_a_difference_between_what_two_days_knew_is_asked_with_known(history):
    day = date(2025, 10, 15)
    assert not amend.difference(history, day, day, date(2025, 11, 1))
    assert amend.difference(history, date(2025, 9, 30), day, date(2025, 12, 1)).changed
    assert not amend.difference(history, date(2025, 9, 30), day, date(2025, 11, 1)).changed


def test_a_clause_that_never_has_a_day_is_not_among_the_dated(harbour):
    exclusive = dataclasses.replace(harbour.clauses[0], from_=date(2025, 6, 1))
    later = dataclasses.replace(harbour, clauses=(exclusive, *harbour.clauses[1:]))
    assert "exclusive-cloud" not in {d.clause.id for d in amend.dated_clauses(later)}
    assert next(d for d in amend.timeline(later) if d.clause.id == "exclusive-cloud").never


def test_a_clause_comes_out_as_its_taken_reading_has_it(every_kind):
    wide = next(c for c in amend.in_force(every_kind, date(2026, 1, 1)) if c.id == "api-hosting")
    assert (wide.tests, wide.sub_supply) == ("platform", "counts")
