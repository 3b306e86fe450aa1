"""Variants of the agreement, side by side on the same chance: the future is uncertain, so it is played in several ways."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest

from dibs.contract.amend import in_force
from dibs.contract.load import parse
from dibs.contract.model import Programme
from dibs.contract.readings import all_clauses, take
from dibs.contract.render import to_yaml
from dibs.procedure.events import Granted, OfferServed, RequestSubmitted
from dibs.simulate.run import run

UNTIL = date(2026, 1, 1)


def events(result):
    return [event for entry in result.entries for event in entry.events]


def granted(result):
    """(class, platform) -> accelerators granted."""
    totals = defaultdict(int)
    for event in events(result):
        if isinstance(event, Granted):
            totals[event.workload_class, event.platform] += event.quantity
    return totals


@pytest.fixture(scope="module")
def outcomes(played):
    return {name: run(played, variant=name, until=UNTIL) for name in ("first_offer", "matching", "exclusive", "open_api")}


@pytest.mark.statement("S77")
def test_variants_share_their_demand_and_differ_in_what_comes_of_it(outcomes):
    asked = {name: [e.request for e in events(result) if isinstance(e, RequestSubmitted)] for name, result in outcomes.items()}
    assert all(requests == asked["first_offer"] for requests in asked.values())
    assert len({tuple(sorted(granted(result).items())) for result in outcomes.values()}) == len(outcomes)


@pytest.mark.statement("S01", "S77", "C04")
def test_nobody_is_asked_first_where_the_cloud_stayed_exclusive(outcomes):
    def asked_first(result):
        return sum(isinstance(event, OfferServed) for event in events(result))

    assert asked_first(outcomes["exclusive"]) == 0
    assert asked_first(outcomes["first_offer"]) > 0
    assert asked_first(outcomes["matching"]) > 0


@pytest.mark.statement("S24", "S19")
def test_what_the_tie_of_the_api_costs_is_the_difference_that_untying_it_makes(outcomes):
    tied, free = granted(outcomes["first_offer"]), granted(outcomes["open_api"])
    assert {platform for (kind, platform) in tied if kind == "api"} == {"microsoft"}
    assert {platform for (kind, platform) in free if kind == "api"} > {"microsoft"}


@pytest.mark.statement("S66", "S50", "A11")
def test_microsoft_takes_part_in_stargate_as_technology_partner_only(stargate):
    programme = next(c for c in in_force(stargate, date(2025, 1, 21)) if isinstance(c, Programme))
    assert [role for role, parties in programme.participants.items() if "microsoft" in parties] == ["technology_partner"]


def test_every_reading_of_the_example_can_be_taken_and_still_loads(stargate):
    for clause in all_clauses(stargate):
        for name in clause.readings:
            _, findings = parse(to_yaml(take(stargate, {clause.id: name})), "stargate.yaml")
            assert not findings.errors, f"{clause.id}={name}: {findings.errors[0]}"
