"""The world of the Stargate example: what can be delivered, what is built, what changed hands, and the variants."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from dibs.contract import amend
from dibs.contract.model import ExclusiveHosting, Investment, PreEmption, Programme, SubSupply, Supply, Trigger
from dibs.contract.readings import all_clauses
from dibs.quantities import Money
from dibs.simulate import scenario

STARGATE = Path(__file__).resolve().parents[2] / "examples/stargate"
COUNTS = {"contracted", "financed", "under_construction", "energised", "in_service"}


def deliverable(played, on):
    """Accelerators by platform on a day, counted from the two files and with nothing late."""
    out = Counter()
    for host, supply in played.suppliers.hosts.items():
        latest = {}
        for step in supply.capacity:
            if step.from_ <= on and step.stage in COUNTS:
                latest[step.sku or supply.sku or ""] = step.quantity
        out[played.agreement.hosts[host].platform] += sum(latest.values())
    for site in played.programme.sites:
        for phase in site.phases:
            for unit in phase.buildings or (phase,):
                ready = [day for day, stage in unit.stages.items() if stage == "in_service"]
                due = ready[0] if ready else phase.expected_finish or phase.planned_finish
                if phase.host and due and due <= on and COUNTS & set(unit.stages.values()) and "dropped" not in unit.stages.values():
                    out[played.agreement.hosts[phase.host].platform] += unit.accelerators or int(unit.power * 400)
    return out


@pytest.mark.parametrize(("on", "gigawatts"), [(date(2024, 1, 1), "0.2"), (date(2025, 1, 1), "0.6"), (date(2026, 1, 1), "1.9")])
def test_what_can_be_delivered_adds_up_to_what_was_published(played, on, gigawatts):
    total = sum(deliverable(played, on).values()) * Decimal("2.5e-6")
    assert abs(total - Decimal(gigawatts)) <= Decimal(gigawatts) * Decimal("0.02")


@pytest.mark.statement("S42", "S47")
def test_until_2025_all_of_it_is_microsofts_platform_and_then_no_longer(played):
    assert set(+deliverable(played, date(2025, 1, 1))) == {"microsoft"}
    later = +deliverable(played, date(2027, 1, 1))
    assert {"microsoft", "oracle", "coreweave", "google", "amazon", "stargate", "cerebras"} == set(later)
    assert later["microsoft"] * 2 < sum(later.values())


def test_letters_of_intent_count_for_nothing_unless_the_scenario_says_so(played):
    stages = {step.stage for supply in played.suppliers.hosts.values() for step in supply.capacity}
    assert {"intent", "announced"} <= stages
    assert played.file.counts_as_capacity == {"announced": 0, "intent": 0}


def test_prices_lie_where_long_contracts_lay(played):
    prices = [money for supply in played.suppliers.hosts.values() for money in supply.price.values()]
    assert all(Money.parse("1.50 USD").amount <= p.amount <= Money.parse("5.00 USD").amount for p in prices)
    assert played.suppliers.hosts["shackelford"].price[min(played.suppliers.hosts["shackelford"].price)].amount == Decimal("3.80")


def test_the_oracle_sites_make_up_four_and_a_half_gigawatts(played):
    sites = {"shackelford", "dona-ana", "port-washington", "saline"}
    assert sum(p.power for s in played.programme.sites if s.id in sites for p in s.phases) == 4500


@pytest.mark.statement("S57", "S58")
def test_abilene_was_being_built_when_stargate_was_announced(played):
    abilene = played.programme.sites[0]
    assert abilene.id == "abilene"
    first = abilene.phases[0]
    begun = next(day for day, stage in first.stages.items() if stage == "under_construction")
    assert begun < date(2025, 1, 21)


@pytest.mark.statement("S59", "S60", "C22")
def test_abilene_has_eight_buildings_of_four_million_square_feet_and_400_000_accelerators(played):
    buildings = [b for phase in played.programme.sites[0].phases for b in phase.buildings]
    assert len(buildings) == 8
    assert sum(b.area for b in buildings) == 4_000_000
    assert sum(b.accelerators for b in buildings) == 400_000
    assert sum(b.power for b in buildings) == 1200


@pytest.mark.statement("S59", "S60", "S61", "C22")
def test_the_ten_buildings_that_were_spoken_of_grow_to_twenty_elsewhere():
    def read(name):
        if name == "scenario.yaml":
            return (STARGATE / name).read_bytes().replace(b"variants:", b"programme: programme-ten-buildings.yaml\nvariants:")
        path = STARGATE / name
        return path.read_bytes() if path.is_file() else None

    spoken, findings = scenario.parse_files(read, "stargate")
    assert not findings.items
    here, elsewhere = spoken.programme.sites
    first = [b for phase in here.phases for b in phase.buildings]
    more = [b for phase in elsewhere.phases for b in phase.buildings]
    assert (here.id, len(first), len(more)) == ("abilene", 10, 10)
    assert {b.area for b in (*first, *more)} == {Decimal(500_000)}
    assert sum(b.area for b in first) == 5_000_000
    assert not any(phase.host for phase in elsewhere.phases)


@pytest.mark.statement("S49", "S50", "S51", "S52", "S53", "S54", "S55", "S56", "C19", "C21")
def test_stargate_is_a_programme_with_roles_a_budget_and_sites(stargate):
    programme = next(c for c in stargate.clauses if isinstance(c, Programme))
    assert programme.entity == "stargate"
    assert stargate.parties["stargate"].controlled_by == "openai"
    assert programme.participants["equity_funder"] == ("softbank", "openai", "oracle", "mgx")
    assert set(programme.participants["technology_partner"]) == {"arm", "microsoft", "nvidia", "oracle", "openai"}
    assert "microsoft" not in programme.participants["equity_funder"]
    assert (programme.funded, programme.potential, programme.over_years) == (Money.parse("100e9 USD"), Money.parse("500e9 USD"), 4)
    abroad = {site.id for site in programme.sites if site.jurisdiction != "US"}
    assert abroad == {"abu-dhabi", "narvik", "united-kingdom"}


def test_the_sites_of_the_agreement_are_those_of_the_programme(played):
    programme = next(c for c in played.agreement.clauses if isinstance(c, Programme))
    assert [s.id for s in programme.sites] == [s.id for s in played.programme.sites]
    for agreed, built in zip(programme.sites, played.programme.sites, strict=True):
        assert (agreed.name, agreed.jurisdiction, agreed.operator) == (built.name, built.jurisdiction, built.operator)
        hosts = {p.host for p in built.phases if p.host}
        assert hosts <= {p.host for p in agreed.phases}


@pytest.mark.parametrize(
    ("fact", "what", "giving", "taking"),
    [
        ("G22", "abilene first", "azure-abilene-lease", "abilene"),
        ("G24", "abilene expansion", "abilene-expansion", "azure-abilene-campus"),
        ("G32", "narvik first", "narvik", "azure-narvik"),
    ],
)
def test_what_changes_hands_is_on_both_hosts_and_counts_on_one(played, fact, what, giving, taking):
    change = next(c for c in played.programme.changes_hands if fact in c.facts)
    assert change.what == what
    platforms = [played.agreement.hosts[host].platform for host in (giving, taking)]
    assert platforms == [change.from_, change.to]

    def counted(host):
        supply = played.suppliers.hosts[host]
        phases = [p for s in played.programme.sites for p in s.phases if p.host == host]
        left = [set(p.stages.values()) & {"dropped", "reassigned"} for p in phases]
        return sum(s.quantity for s in supply.capacity if s.stage in COUNTS) + sum(
            int(p.power * 400) for p, gone in zip(phases, left, strict=True) if not gone
        )

    assert counted(giving) == 0
    assert counted(taking) > 0


@pytest.mark.statement("S38", "S73", "C05")
def test_what_microsoft_is_known_not_to_have_taken_is_scripted(played):
    script = {entry.request: entry for entry in played.suppliers.answers["microsoft"].script}
    asked = {need.request.id: need.asked_on for need in played.needs}
    right = next(c for c in amend.in_force(played.agreement, date(2025, 3, 1)) if isinstance(c, PreEmption))
    for request, entry in script.items():
        assert entry.answer == "decline"
        assert entry.facts
        assert asked[request] < entry.on < asked[request] + right.respond_within, request
    assert script["k01-coreweave"].reason == "discipline"
    assert "K02" in script["k01-coreweave"].facts
    assert right.decline_requires_inability is False


def test_every_supplier_of_the_record_has_its_contract_with_a_stage(stargate):
    supplies = {c.id: c for c in stargate.clauses if isinstance(c, Supply)}
    facts = {f for c in supplies.values() for f in c.facts}
    assert {f"K{n:02}" for n in range(1, 17)} <= facts | {"K10"}
    assert {c.id for c in supplies.values() if c.stage == "intent"} == {"nvidia-letter", "amd-further", "broadcom-own-chip", "cerebras-option"}
    assert supplies["oracle-4500"].power == 4500
    assert sum(supplies[name].value.amount for name in ("coreweave-first", "coreweave-second", "coreweave-third")) == Decimal("22.4e9")
    assert sum(supplies[name].value.amount for name in ("aws-first", "aws-second")) == Decimal("138e9")


@pytest.mark.statement("S42")
def test_microsofts_own_suppliers_each_have_a_clause(stargate):
    suppliers = {c.supplier for c in stargate.clauses if isinstance(c, SubSupply) and c.holder == "microsoft"}
    operators = {h.operator for h in stargate.hosts.values() if h.platform == "microsoft"} - {"microsoft"}
    assert operators <= suppliers


def test_money_put_in_is_what_was_announced(stargate):
    into_openai = [c for c in all_clauses(stargate) if isinstance(c, Investment) and c.recipient == "openai"]
    amounts = {c.id: c.amount.amount for c in into_openai if c.amount}
    assert amounts == {"investment-2019": 10**9, "investment-2023": 10**10, "nvidia-equity": 30 * 10**9, "amazon-equity": 50 * 10**9}
    assert next(c for c in into_openai if c.id == "microsoft-stake").stake == Decimal("0.27")


def test_the_figures_pass_through_what_the_script_derives(played):
    """Compute after 2025 comes from the script: one place, two files."""
    import importlib.util  # noqa: PLC0415 - a script, not a package
    import sys  # noqa: PLC0415

    spec = importlib.util.spec_from_file_location("derive_demand_figures", STARGATE / "derive_demand.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    del sys.modules[spec.name]
    path = module.year_end_gigawatts()
    stated = {s.on: s.value for s in played.signals if s.signal == "compute_gigawatts"}
    assert len(stated) == 8
    for on, value in stated.items():
        year = on.year if on == date(2030, 12, 31) else on.year - 1
        assert abs(float(path[year]) - float(value)) < 0.001, year


def figures(played, signal):
    return {s.on: s.value for s in played.signals if s.signal == signal}


def test_revenue_adds_up_to_what_the_cap_was_said_to_save(played):
    """T09: 135 bn uncapped at 20 percent is 675 bn of revenue from 2026 to 2030."""
    revenue = figures(played, "revenue")
    assert sum(value for on, value in revenue.items() if on > date(2026, 1, 1)) == Decimal("675e9")
    assert sum(value for on, value in revenue.items() if date(2025, 1, 1) < on <= date(2026, 1, 1)) == Decimal("13.1e9")


@pytest.mark.statement("S32", "C15")
def test_the_four_readings_of_the_trigger_come_out_far_apart(played):
    """On the example's own figures: by when each measure reaches 100 billion dollars."""
    hundred = Decimal("100e9")

    def first(signal):
        return next((on for on, value in sorted(figures(played, signal).items()) if value >= hundred), None)

    profit = sorted(figures(played, "profit").items())
    assert sum(value for _, value in profit) < 0
    assert max(value for _, value in profit) == Decimal("39e9")
    assert first("profit_capability") == date(2030, 12, 31)
    assert first("investor_returns") == date(2025, 10, 28)


VARIANTS = {
    # variant: (rights, exclusive on the whole cloud after 2025, triggers)
    "first_offer": ({"first_offer"}, False, 2),
    "matching": ({"matching"}, False, 2),
    "exclusive": (set(), True, 1),
    "no_trigger": ({"first_offer"}, False, 0),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_changes_what_it_says_and_holds_together(played, name):
    rights, exclusive, triggers = VARIANTS[name]
    agreement = played.variant(name).agreement
    rows = amend.dated_clauses(agreement)
    assert {d.clause.right for d in rows if isinstance(d.clause, PreEmption)} == rights
    assert sum(isinstance(d.clause, Trigger) for d in rows) == triggers
    bound = {k for c in amend.in_force(agreement, date(2030, 12, 31)) if isinstance(c, ExclusiveHosting) for k in c.classes}
    assert ("research" in bound) == exclusive


def test_the_variants_are_the_four_that_are_compared_and_a_free_api(played):
    assert list(played.file.variants) == [*VARIANTS, "open_api"]


def test_the_horizon_is_the_whole_of_the_partnership(played):
    assert (played.file.horizon.from_, played.file.horizon.until) == (date(2019, 7, 22), date(2031, 1, 1))
    assert not played.warnings
