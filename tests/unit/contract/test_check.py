"""What the whole-document checks let through: near misses of the faults that `tests/agreements/bad` shows."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

import pytest

from dibs.contract import check, load

TOP = """dibs: agreement/1
id: quay
title: Compute agreement
currency: USD
parties:
  aster: {name: Aster Labs}
  borealis: {name: Borealis Cloud}
  cinder: {name: Cinder Compute}
  delta: {name: Delta Systems}
hosts:
  borealis-east: {platform: borealis, operator: borealis, skus: [h100]}
  borealis-cinder: {platform: borealis, operator: cinder, skus: [h100]}
  cinder-west: {platform: cinder, operator: cinder, skus: [h100]}
  delta-south: {platform: delta, operator: delta, skus: [h100]}
workload_classes: [training, api]
clauses:
"""
EXCLUSIVE = "{kind: exclusive_hosting, says: It runs there only., "
RIGHT = "{kind: pre_emption, right: first_offer, says: It is offered first., grantor: aster, "
LICENCE = "{kind: licence, says: It may be used., licensor: aster, subjects: [models], "
TRIGGER = "{kind: trigger, says: It ends., declared_by: aster, "


def codes(*clauses, amendments=""):
    text = TOP + "".join(f"  - {c}}}\n" for c in clauses) + amendments
    return [f.code for f in load.parse(text, "quay.yaml")[1].items]


def on(platform, rest):
    return f"{EXCLUSIVE}platform: {platform}, classes: [api], {rest}"


def test_exclusivities_that_follow_each_other_do_not_conflict():
    assert codes(on("borealis", "id: a, until: 2025-01-21"), on("cinder", "id: b, from: 2025-01-21")) == []
    assert codes(on("borealis", "id: a, until: 2025-01-22"), on("cinder", "id: b, from: 2025-01-21")) == ["DIB050"]


@pytest.mark.parametrize("above", ["a", "b"])
def test_an_exclusivity_that_outranks_the_other_does_not_conflict(above):
    edges = {"a": "overrides: [b]", "b": "overrides: [a]"}
    first, second = (edges[i] if i == above else "note: none" for i in "ab")
    assert codes(on("borealis", f"id: a, {first}"), on("cinder", f"id: b, {second}")) == []


def test_a_platform_and_an_operator_conflict_only_if_no_host_satisfies_both():
    assert codes(on("borealis", "id: a"), on("cinder", "id: b, tests: operator")) == []
    assert codes(on("cinder", "id: a"), on("borealis", "id: b, tests: operator")) == ["DIB050"]


def test_a_host_that_both_leave_alone_settles_the_matter():
    assert codes(on("borealis", "id: a, except_hosts: [cinder-west]"), on("cinder", "id: b")) == []


def test_a_stricter_clause_for_the_same_platform_is_not_said_already():
    assert codes(on("borealis", "id: wide"), on("borealis", "id: strict, sub_supply: refused")) == ["DIB044"]
    findings = load.parse(TOP + f"  - {on('borealis', 'id: wide')}}}\n  - {on('borealis', 'id: strict, sub_supply: refused')}}}\n", "q")[1].items
    assert "`wide` never decides: `strict` already says all of it" in findings[0].message


def test_a_wider_exception_makes_a_narrower_clause_worth_saying():
    assert codes(on("borealis", "id: a, except_hosts: [cinder-west], until: 2026-01-01"), on("borealis", "id: b, sub_supply: named")) == ["DIB044"]
    assert codes(on("borealis", "id: a, sub_supply: refused"), on("borealis", "id: b, until: 2026-01-01, sub_supply: counts")) == ["DIB044"]
    assert codes(on("borealis", "id: a, from: 2024-01-01"), on("borealis", "id: b, until: 2026-01-01")) == []


def test_two_rights_over_different_work_do_not_clash():
    assert codes(f"{RIGHT}id: a, holder: borealis, classes: [training]", f"{RIGHT}id: b, holder: cinder, classes: [api]") == []
    assert codes(f"{RIGHT}id: a, holder: borealis, classes: [training]", f"{RIGHT}id: b, holder: cinder, classes: [api, training]") == ["DIB053"]


def test_a_right_that_outlives_the_exclusivity_in_front_of_it_is_needed():
    exclusive = f"{EXCLUSIVE}id: e, platform: borealis, classes: [training], until: 2026-01-01"
    assert codes(exclusive, f"{RIGHT}id: r, holder: borealis, classes: [training], until: 2026-06-01") == []
    assert codes(exclusive, f"{RIGHT}id: r, holder: borealis, classes: [training], until: 2025-06-01") == ["DIB054"]
    assert codes(exclusive, f"{RIGHT}id: r, holder: borealis, classes: [training, api], until: 2025-06-01") == []


def test_licences_to_two_clash_only_if_one_is_exclusive_and_the_use_is_the_same():
    assert codes(f"{LICENCE}id: a, licensee: borealis", f"{LICENCE}id: b, licensee: cinder") == []
    assert codes(f"{LICENCE}id: a, licensee: borealis, exclusive: true, uses: [search]", f"{LICENCE}id: b, licensee: cinder, uses: [office]") == []
    assert codes(f"{LICENCE}id: a, licensee: borealis, exclusive: true, uses: [search]", f"{LICENCE}id: b, licensee: cinder") == ["DIB078"]


def test_a_trigger_may_end_a_clause_that_an_amendment_adds_later():
    amendments = f"""amendments:
  - id: m
    says: It adds a licence.
    signed: 2025-01-20
    effective: 2025-01-21
    adds: [{LICENCE}id: later, licensee: borealis}}]
"""
    assert codes(f"{TRIGGER}id: t, ends: [later]", amendments=amendments) == []
    assert codes(f"{TRIGGER}id: t, ends: [later], until: 2025-01-21", amendments=amendments) == ["DIB069"]


def test_a_clause_may_be_ended_and_its_successor_restated():
    amendments = f"""amendments:
  - id: m1
    says: It restates the licence.
    signed: 2025-01-20
    effective: 2025-01-21
    replaces: [{LICENCE}id: a, licensee: borealis, until: 2026-01-01}}]
  - id: m2
    says: It ends it.
    signed: 2025-05-20
    effective: 2025-05-21
    ends: [a]
"""
    assert codes(f"{LICENCE}id: a, licensee: borealis", amendments=amendments) == []
    assert codes(f"{LICENCE}id: a, licensee: borealis", amendments=amendments.replace("2025-05-21", "2026-01-01")) == ["DIB079"]


def test_a_milestone_may_fall_on_the_day_the_commitment_ends_and_may_ask_for_all_of_it():
    commitment = (
        "{kind: commitment, says: Aster spends., payer: aster, payee: borealis, from: 2025-02-01, until: 2028-02-01, amount: 12e9 USD, id: c, "
    )
    assert codes(f"{commitment}milestones: {{2028-02-01: 12e9 USD}}") == []
    assert codes(f"{commitment}milestones: {{2028-02-02: 12e9 USD}}") == ["DIB065"]
    assert codes(f"{commitment}milestones: {{2028-02-01: 12000000001 USD}}") == ["DIB066"]
    assert codes(f"{commitment}milestones: {{2025-02-01: 1e9 USD}}") == ["DIB065"]


def test_a_restated_clause_may_repeat_its_first_day():
    amendments = f"""amendments:
  - id: m
    says: It restates the licence.
    signed: 2025-01-20
    effective: 2025-01-21
    replaces: [{LICENCE}id: a, licensee: borealis, uses: [search], from: 2023-01-01}}]
"""
    assert codes(f"{LICENCE}id: a, licensee: borealis, from: 2023-01-01", amendments=amendments) == []
    short = amendments.replace("from: 2023-01-01", "until: 2025-01-21")
    assert codes(f"{LICENCE}id: a, licensee: borealis, from: 2023-01-01", amendments=short) == ["DIB042"]


def test_windows_have_their_edges():
    right = f"{RIGHT}id: r, holder: borealis, classes: [training], "
    assert codes(f"{right}from: 2025-01-01, until: 2025-01-31, respond_within: 30 days") == []
    assert codes(f"{right}from: 2025-01-01, until: 2025-01-30, respond_within: 30 days") == ["DIB057"]
    assert codes(f"{right}free_market_for: 30 days") == []
    assert codes(f"{right}free_market_for: 29 days") == ["DIB058"]
    assert codes(f"{right}respond_within: 3 days") == []
    assert codes(f"{right}respond_within: 71 hours") == ["DIB059"]
    assert codes(f"{right}respond_within_below: {{1001: 30 days}}") == []
    assert codes(f"{right}respond_within_below: {{1000: 30 days}}") == ["DIB060"]


def test_the_window_of_an_added_right_is_held_against_the_period_that_its_amendment_begins():
    def added(until):
        right = f"{RIGHT}id: r, holder: borealis, classes: [training], until: {until}}}"
        return codes(
            amendments=f"""  []
amendments:
  - id: m
    says: It adds a right.
    signed: 2025-01-20
    effective: 2025-01-21
    adds: [{right}]
"""
        )

    assert added("2025-02-20") == []
    assert added("2025-02-19") == ["DIB057"]


def test_pausing_is_not_going_back():
    site = "sites: [{id: s, name: S, phases: [{id: p, stages: {%s}}]}]"
    programme = "{kind: programme, says: It builds., id: p, "
    assert codes(programme + site % "2025-01-01: energised, 2025-02-01: paused, 2025-03-01: contracted") == []
    assert codes(programme + site % "2025-01-01: energised, 2025-02-01: financed") == ["DIB086"]


def test_a_consent_is_checked_against_the_clauses_of_its_own_time():
    consent = "{kind: consent, says: It is allowed., grantor: borealis, grantee: aster, permits: own_build, classes: [api], id: c, "
    exclusive = on("borealis", "id: e, until: 2025-01-21")
    assert codes(exclusive, f"{consent}from: 2025-01-20") == []
    assert codes(exclusive, f"{consent}from: 2025-01-21") == ["DIB089"]


def test_an_agreement_that_was_made_by_a_program_is_checked_too(harbour):
    assert check.check(harbour) == []
    nobody = dataclasses.replace(harbour, parties=MappingProxyType({k: v for k, v in harbour.parties.items() if k != "borealis"}), places={})
    findings = check.check(nobody)
    assert {f.code for f in findings} == {"DIB031"}
    assert {f.where.file for f in findings} == {"(not from a file)"}


def test_findings_come_in_the_order_of_their_places():
    text = TOP + f"  - {on('boreals', 'id: a')}}}\n  - {on('cindr', 'id: b')}}}\n"
    places = [f.where for f in load.parse(text, "quay.yaml")[1].items]
    assert places == sorted(places)
    assert len(places) == 2


def test_a_trigger_may_name_a_clause_that_is_silent_under_the_reading_taken():
    silent = f"{LICENCE}id: use, licensee: borealis, reading: never-said, readings: {{never-said: {{says: It was never said., applies: false}}}}"
    assert codes(silent, f"{TRIGGER}id: end, ends: [use]") == []
