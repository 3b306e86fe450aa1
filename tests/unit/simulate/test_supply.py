"""Supply: totals become pieces, slips show on the planned day, and what is dropped is gone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from dibs.quantities import instant_of
from dibs.simulate import scenario
from dibs.simulate.chance import Chance
from dibs.simulate.supply import HostPlan, Piece, plan, price_on

SMALL = Path(__file__).resolve().parents[2] / "scenarios/good/small"
HOST = {"host": "h", "sku": "s"}


def world(suppliers=(), programme=(), scenario_yaml=()):
    texts = {p.name: p.read_text() for p in SMALL.iterdir()}
    for name, edits in (("suppliers.yaml", suppliers), ("programme.yaml", programme), ("scenario.yaml", scenario_yaml)):
        for old, new in edits:
            assert old in texts[name], old
            texts[name] = texts[name].replace(old, new)
    found, findings = scenario.parse_files(lambda name: texts[name].encode() if name in texts else None, "")
    findings.raise_if_any()
    return found


def at(*day):
    return instant_of(date(*day))


def test_steps_are_totals_and_pieces_are_what_they_add():
    plans = plan(world(suppliers=[("slip: {chance: 50 %, days: [10, 30]}", "note: prompt")]), Chance(1))
    pieces = plans["borealis-east", "h100"].pieces
    assert [(p.quantity, p.planned) for p in pieces] == [(4000, at(2024, 1, 1)), (2000, at(2025, 3, 1))]
    assert plans["borealis-east", "gb200"].declared(at(2025, 1, 1)) == ((at(2024, 6, 1), 1000),)


def test_a_slip_shows_on_the_planned_day_and_not_before():
    late = HostPlan([Piece(**HOST, quantity=10, known=0, planned=100, actual=150)])
    assert late.declared(99) == ((100, 10),)
    assert late.declared(100) == ((150, 10),)
    assert [late.there(t) for t in (99, 100, 149, 150)] == [0, 0, 0, 10]
    assert late.changes() == [0, 100, 150]


def test_what_is_not_known_yet_is_not_planned_with():
    later = HostPlan([Piece(**HOST, quantity=10, known=50, planned=100, actual=100)])
    assert later.declared(49) == ()
    assert later.declared(50) == ((100, 10),)


def test_what_leaves_is_gone_and_what_leaves_before_it_comes_never_comes():
    gone = HostPlan([Piece(**HOST, quantity=10, known=0, planned=100, actual=100, leaves=200)])
    assert gone.declared(150) == ((100, 10),)
    assert gone.declared(200) == ((100, 10), (200, 0))
    assert [gone.there(t) for t in (150, 200)] == [10, 0]
    never = HostPlan([Piece(**HOST, quantity=10, known=0, planned=100, actual=100, leaves=90)])
    assert never.declared(89) == ((100, 10),)
    assert never.declared(90) == ()
    assert never.there(150) == 0


def test_a_reduction_comes_on_its_day_however_late_the_rest_is():
    shrinking = HostPlan([Piece(**HOST, quantity=100, known=0, planned=10, actual=50), Piece(**HOST, quantity=-60, known=0, planned=20, actual=20)])
    assert shrinking.declared(5) == ((10, 100), (20, 40))
    assert shrinking.declared(10) == ((20, 0), (50, 40)), "never less than none"


def test_a_dropped_step_says_what_is_left_and_is_known_on_its_day():
    found = world(suppliers=[("{from: 2025-06-01, quantity: 20000, stage: intent}", "{from: 2025-05-01, quantity: 500, stage: dropped}")])
    south = plan(found, Chance(1))["delta-south", "gb200"]
    assert south.declared(at(2025, 4, 30)) == ((at(2025, 1, 1), 3000),)
    assert south.declared(at(2025, 5, 1)) == ((at(2025, 1, 1), 3000), (at(2025, 5, 1), 500))


@pytest.mark.parametrize(("chance", "late"), [("0 %", 0), ("100 %", 2)])
def test_a_step_slips_as_probably_as_it_says_and_what_is_there_already_does_not(chance, late):
    found = world(
        suppliers=[
            ("slip: {chance: 50 %, days: [10, 30]}", f"slip: {{chance: {chance}, days: [10]}}"),
            ("{from: 2024-06-01, quantity: 1000, stage: in_service, sku: gb200}", "{from: 2025-02-01, quantity: 1000, sku: gb200}"),
        ]
    )
    pieces = [p for key, host in plan(found, Chance(3)).items() if key[0] == "borealis-east" for p in host.pieces]
    assert sum(p.actual > p.planned for p in pieces) == late


def test_a_phase_that_is_dropped_never_comes():
    stages = "{2024-06-01: contracted, 2025-01-15: under_construction}"
    found = world(programme=[(stages, "{2024-06-01: contracted, 2025-04-01: dropped}")])
    yard = plan(found, Chance(1))["aster-yard", "gb200"]
    assert yard.declared(at(2025, 3, 31))[-1] == (at(2025, 5, 1), 5500)
    assert yard.declared(at(2025, 4, 1))[-1] == (at(2025, 3, 1), 2000)


def test_a_phase_that_is_only_announced_is_no_supply():
    stages = "{2024-06-01: contracted, 2025-01-15: under_construction}"
    assert sum(p.quantity for p in plan(world(programme=[(stages, "{2024-06-01: announced}")]), Chance(1))["aster-yard", "gb200"].pieces) == 2000


def test_a_price_holds_from_its_day():
    found = world()
    assert price_on(found, "cinder-west", date(2025, 3, 31)) == Decimal("2.10")
    assert price_on(found, "cinder-west", date(2025, 4, 1)) == Decimal("2.00")
    assert price_on(found, "delta-south", date(1990, 1, 1)) == Decimal("2.80")
    assert price_on(found, "cinder-west", date(2023, 1, 1)) is None
