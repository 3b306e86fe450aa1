"""The versions of the Stargate example: their days, what each changes, and what each leaves alone."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from pathlib import Path

import pytest

from dibs.contract import amend, readings, render
from dibs.contract.load import load, parse
from dibs.contract.model import Commitment, Consent, ExclusiveHosting, FirstShipment, Investment, PreEmption, RevenueShare, Trigger
from dibs.decisions.compile import compile_agreement
from dibs.quantities import Money

AGREEMENT = Path(__file__).resolve().parents[2] / "examples/stargate/agreement.yaml"
FIRST = date(2025, 1, 21)
OVER = date(2025, 10, 28)
DAY = timedelta(days=1)

VERSIONS = {
    "M0": None,
    "M1": date(2021, 3, 1),
    "M2": date(2023, 1, 23),
    "M3": date(2024, 6, 11),
    "M4": date(2025, 1, 21),
    "M5": date(2025, 10, 28),
    "M7": date(2026, 4, 27),
}
"""What binds, and from when; M0 is the text before any amendment."""


def clause(agreement, clause_id, on):
    return next(c for c in amend.in_force(agreement, on) if c.id == clause_id)


def test_the_versions_begin_on_their_days(stargate):
    assert {v.id: v.starts for v in amend.versions(stargate)} == VERSIONS


@pytest.mark.parametrize("version", [v for v, starts in VERSIONS.items() if starts])
def test_a_version_begins_on_its_day_and_not_the_day_before(stargate, version):
    starts = VERSIONS[version]
    before = list(VERSIONS)[list(VERSIONS).index(version) - 1]
    assert amend.version_at(stargate, starts) == version
    assert amend.version_at(stargate, starts - DAY) == before


@pytest.mark.parametrize("version", ["M4n", "M6c"])
def test_what_does_not_bind_changes_nothing(stargate, compiled, version):
    amendment = next(a for a in stargate.amendments if a.id == version)
    assert not amendment.binding
    change = amend.difference(stargate, amendment.effective - DAY, amendment.effective)
    contracts_of_their_own = {c.id for c in stargate.clauses}
    assert not change.changed
    assert {c.id for c in (*change.added, *change.ended)} <= contracts_of_their_own
    without = dataclasses.replace(stargate, amendments=tuple(a for a in stargate.amendments if a.id != version))
    assert amend.dated_clauses(without) == amend.dated_clauses(stargate)
    for on in (amendment.effective, amendment.effective + 7 * DAY):
        assert version != compiled.version(on)
        for host in stargate.hosts:
            for name in stargate.workload_classes:
                same = {compiled.decide(workload_class=name, host=host, on=day).answer for day in (amendment.effective - DAY, on)}
                assert len(same) == 1


@pytest.mark.statement("S03")
def test_first_refusal_exists_from_21_january_to_27_october_2025_and_on_no_other_day(stargate, compiled):
    on = date(2019, 7, 22)
    while on < date(2031, 1, 2):
        rights = [c for c in amend.in_force(stargate, on) if isinstance(c, PreEmption)]
        assert bool(rights) == (FIRST <= on < OVER), on
        asked = compiled.decide(workload_class="research", host="coreweave", on=on, quantity=5000).answer == "offer_first"
        assert asked == (FIRST <= on < OVER), on
        on += DAY if date(2024, 12, 1) < on < date(2025, 12, 1) else 20 * DAY


@pytest.mark.statement("S04", "C04")
def test_first_refusal_is_read_as_a_first_offer_by_the_buyer(stargate):
    right = clause(stargate, "first-refusal", FIRST)
    assert (right.right, right.quoted_by, right.grantor, right.holder) == ("first_offer", "grantor", "openai", "microsoft")


@pytest.mark.statement("S01", "S02")
def test_the_exclusive_cloud_ends_where_first_refusal_begins(stargate):
    for on, exclusive in ((date(2019, 7, 22), True), (FIRST - DAY, True), (FIRST, False)):
        assert ("exclusive-cloud" in {c.id for c in amend.in_force(stargate, on)}) == exclusive


@pytest.mark.statement("S02")
def test_who_did_not_know_of_the_amendment_still_saw_exclusivity(compiled):
    ask = {"workload_class": "research", "host": "coreweave", "on": date(2025, 3, 1), "quantity": 5000}
    assert compiled.decide(**ask).answer == "offer_first"
    assert compiled.decide(**ask, known=date(2025, 1, 20)).answer == "refused"


@pytest.mark.statement("S12", "S30", "S34")
def test_january_2025_leaves_licence_shares_trigger_and_the_api_as_they_were(stargate, compiled):
    change = amend.difference(stargate, FIRST - DAY, FIRST)
    assert {c.id for c in change.ended} == {"exclusive-cloud", "sub-supply-abilene-lease", "abilene-original-chain"}
    assert {c.id for c in change.added} == {"first-refusal", "own-build", "api-hosting", "azure-commitment-2025", "stargate-programme"}
    assert not change.changed
    assert {"ip-licence", "share-to-microsoft", "share-to-openai", "agi-trigger", "oci-extension"} <= {c.id for c in change.unchanged}
    for host in set(stargate.hosts) - {"azure-abilene-lease"}:
        assert len({compiled.decide(workload_class="api", host=host, on=day).answer for day in (FIRST - DAY, FIRST)}) == 1


@pytest.mark.statement("S08")
def test_the_change_and_stargate_are_two_events_of_one_day(stargate):
    assert next(a for a in stargate.amendments if a.id == "M4").effective == FIRST
    programme = next(c for c in stargate.clauses if c.id == "stargate-programme")
    assert programme.from_ == FIRST


@pytest.mark.statement("S10", "C02")
def test_exclusivity_is_per_scope(stargate):
    exclusive = [c for c in amend.in_force(stargate, FIRST) if isinstance(c, ExclusiveHosting)]
    assert [(c.id, c.classes) for c in exclusive] == [("api-hosting", ("api", "api_national_security", "agent_runtime"))]


@pytest.mark.statement("S11", "S69", "S70", "S71")
def test_microsoft_is_partner_investor_and_since_july_2024_a_competitor(stargate, compiled):
    microsoft = stargate.parties["microsoft"]
    assert microsoft.role == "primary cloud"
    assert microsoft.competitor_of == {"openai": date(2024, 7, 30)}
    right = clause(stargate, "first-refusal", FIRST)
    assert compiled.barrier(right, FIRST)
    invested = [c for c in amend.in_force(stargate, date(2025, 1, 1)) if isinstance(c, Investment) and c.recipient == "openai"]
    assert [c.investor for c in invested] == ["microsoft"] * 3


@pytest.mark.statement("S67", "S68")
def test_it_begins_with_a_billion_dollars_and_azure(stargate):
    begun = amend.in_force(stargate, date(2019, 7, 22))
    investment = next(c for c in begun if isinstance(c, Investment))
    assert investment.tranches == {date(2019, 7, 22): Money.parse("1e9 USD")}
    assert next(c for c in begun if isinstance(c, ExclusiveHosting)).platform == "microsoft"
    assert not amend.in_force(stargate, date(2019, 7, 21))


@pytest.mark.statement("S13", "S14", "C08")
def test_own_building_is_for_research_and_training_by_more_than_half(stargate):
    consent = clause(stargate, "own-build", FIRST)
    assert isinstance(consent, Consent)
    assert (consent.grantor, consent.grantee, consent.permits) == ("microsoft", "openai", "own_build")
    assert consent.purpose.classes == ("frontier_training", "research")
    assert consent.purpose.at_least * 2 == 1


@pytest.mark.statement("S39", "S43", "S46", "C17", "C18")
def test_the_consent_for_oracle_is_dated_limited_and_has_a_reason(stargate):
    assert "oci-extension" not in {c.id for c in amend.in_force(stargate, date(2024, 6, 10))}
    consent = clause(stargate, "oci-extension", date(2024, 6, 11))
    assert consent.permits == "platform_extension"
    assert consent.hosts == ("azure-oci",)
    assert consent.suppliers == ("oracle",)
    assert "frontier_training" not in consent.classes
    assert "shareholders" in consent.because


@pytest.mark.statement("S15", "S16", "S17", "C09")
def test_the_commitment_of_january_2025_has_no_amount_and_counts_products_and_training(stargate):
    commitment = clause(stargate, "azure-commitment-2025", FIRST)
    assert isinstance(commitment, Commitment)
    assert commitment.amount is None
    assert {"product", "frontier_training"} <= set(commitment.eligible_classes)


@pytest.mark.statement("S15")
def test_the_commitment_of_october_2025_comes_on_top_and_outlives_m7(stargate):
    commitment = clause(stargate, "azure-commitment-250", date(2026, 5, 1))
    assert commitment.amount == Money.parse("250e9 USD")
    assert commitment.incremental_to == ("azure-commitment-2025",)
    assert commitment.shortfall == "prepayment"
    assert "assumption" in commitment.note


@pytest.mark.statement("S29", "C13")
def test_revenue_is_shared_both_ways_until_m7_and_one_way_after(stargate):
    def shares(on):
        return {c.id: str(c.rate) for c in amend.in_force(stargate, on) if isinstance(c, RevenueShare)}

    assert shares(date(2022, 1, 1)) == {"share-to-microsoft": "None"}
    assert shares(date(2025, 3, 1)) == {"share-to-microsoft": "0.2", "share-to-openai": "0.2"}
    assert shares(date(2030, 12, 31)) == {"share-to-microsoft": "0.2"}
    assert shares(date(2031, 1, 1)) == {}


def test_the_share_is_capped_by_m7_alone_and_counts_from_then(stargate):
    assert clause(stargate, "share-to-microsoft", date(2026, 4, 26)).cap is None
    share = clause(stargate, "share-to-microsoft", date(2026, 4, 27))
    assert (share.cap, share.cap_counts_from) == (Money.parse("38e9 USD"), date(2026, 4, 27))
    assert share.cash_share == 1
    assert clause(stargate, "share-to-microsoft", date(2026, 4, 26)).cash_share < 1
    read = readings.take(stargate, {"share-to-microsoft": "cap-counts-from-2023"})
    assert clause(read, "share-to-microsoft", date(2026, 4, 27)).cap_counts_from == date(2023, 1, 23)


@pytest.mark.statement("S31", "S32", "S33", "C14", "C15")
def test_the_trigger_has_four_measures_and_a_panel_from_m5_and_is_gone_with_m7(stargate):
    names = {"as-written", "capability", "investor-returns", "annual-profit"}
    before, after = clause(stargate, "agi-trigger", FIRST), clause(stargate, "agi-trigger", OVER)
    for trigger in (before, after):
        assert isinstance(trigger, Trigger)
        assert names - {"as-written"} < set(trigger.readings)
        assert (trigger.measure.signal, trigger.measure.aggregate, trigger.at_least) == ("profit", "cumulative", Money.parse("100e9 USD"))
        assert trigger.until == date(2031, 1, 1)
    measures = set()
    for name in names:
        read = clause(readings.take(stargate, {"agi-trigger": name}), "agi-trigger", FIRST)
        measures.add((read.measure.signal, read.measure.aggregate))
        assert read.at_least == Money.parse("100e9 USD")
    assert len(measures) == 4
    assert (before.declared_by, before.verified_by) == (None, None)
    assert (after.declared_by, after.verified_by) == ("openai", "expert panel")
    declared = clause(readings.take(stargate, {"agi-trigger": "capability"}), "agi-trigger", FIRST)
    assert (declared.declared_by, declared.verified_by) == ("openai", None)
    assert before.ends == ("ip-licence",)
    assert "ip-licence" not in after.ends
    assert not [c for c in amend.in_force(stargate, date(2026, 4, 27)) if isinstance(c, Trigger)]


@pytest.mark.statement("R34")
def test_first_shipment_comes_with_m7_needs_both_conditions_and_has_no_head_start(stargate):
    shipments = [d for d in amend.dated_clauses(stargate) if isinstance(d.clause, FirstShipment)]
    assert [(d.clause.id, d.starts) for d in shipments] == [("ship-first", date(2026, 4, 27))]
    ship = shipments[0].clause
    assert (ship.release, ship.head_start) == ("all", timedelta(0))
    assert clause(readings.take(stargate, {"ship-first": "either-releases"}), "ship-first", date(2026, 5, 1)).release == "any"
    assert clause(readings.take(stargate, {"ship-first": "four-months"}), "ship-first", date(2026, 5, 1)).head_start == timedelta(days=120)


READINGS = sorted(
    {(c.id, name) for c in readings.all_clauses(load(AGREEMENT.read_text(), "agreement.yaml")) for name in c.readings},
)


@pytest.mark.parametrize(("clause_id", "name"), READINGS)
def test_every_reading_changes_something(stargate, clause_id, name):
    read = readings.take(stargate, {clause_id: name})
    assert amend.dated_clauses(read) != amend.dated_clauses(readings.take(stargate, {clause_id: "as-written"}))
    assert compile_agreement(read).decide(workload_class="research", host="azure", on=FIRST).answer == "permitted"


def test_the_file_loads_without_a_finding_and_back_from_its_own_rendering(stargate):
    again, findings = parse(render.to_yaml(stargate), "again.yaml")
    assert not findings.items
    assert again == stargate
