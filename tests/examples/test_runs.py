"""The shipped examples, played: what each was made to show happens, and no law is broken."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from dibs.quantities import instant_of
from dibs.simulate.run import run
from dibs.simulate.tables import write

FIRST = "2025-01-21"
OVER = "2025-10-28"


def played_out(scenario, folder, variant=None):
    result = run(scenario, variant=variant)
    write(result, folder)
    tables = {}
    for path in (folder / "tables").glob("*.csv"):
        with path.open(newline="") as file:
            tables[path.stem] = list(csv.DictReader(file))
    return SimpleNamespace(run=result, **tables)


@pytest.fixture(scope="module")
def harbour_run(harbour, tmp_path_factory):
    return played_out(harbour, tmp_path_factory.mktemp("harbour"))


@pytest.fixture(scope="module")
def stargate_run(played, tmp_path_factory):
    return played_out(played, tmp_path_factory.mktemp("stargate"))


def need(outcome, name):
    return next(row for row in outcome.requests if row["request"] == name)


def offers(outcome, name):
    return [row for row in outcome.offers if row["request"] == name]


# --- Harbour


def test_no_law_is_broken_at_the_harbour(harbour_run):
    assert len(harbour_run.run.laws) == 7
    assert all(law.checked and not law.violations for law in harbour_run.run.laws)
    assert harbour_run.run.unused == []


@pytest.mark.statement("S01", "S36")
def test_before_the_amendment_what_borealis_lacks_goes_unfilled(harbour_run):
    row = need(harbour_run, "h-05")
    assert row["status"] == "partially_granted"
    assert set(row["hosts"].split()) <= {"borealis-east", "borealis-cinder"}
    assert int(row["unmet"]) > 0
    assert "exclusive-cloud" in row["why"]


@pytest.mark.parametrize(
    ("name", "outcomes", "got"),
    [
        ("h-11", ["exercised"], "borealis"),
        ("h-14", ["partially_exercised"], "borealis delta"),
        ("h-17", ["lapsed"], "cinder"),
        ("h-21", ["declined"], "cinder"),
        ("h-34", ["countered"], None),
    ],
)
def test_a_need_meets_the_answer_that_its_line_in_the_readme_says(harbour_run, name, outcomes, got):
    rows = offers(harbour_run, name)
    assert [row["outcome"] for row in rows][: len(outcomes)] == outcomes
    if got:
        assert rows[0]["got_by"] == got


@pytest.mark.statement("S06", "R12")
def test_what_borealis_takes_in_part_leaves_exactly_the_rest(harbour_run):
    assert [row["exercised"] for row in offers(harbour_run, "h-14")] == ["3000"]
    granted = {row["host"]: int(row["quantity"]) for row in harbour_run.grants if row["request"] == "h-14"}
    assert granted["borealis-east"] == 3000
    assert sum(granted.values()) == 8000


def test_small_needs_of_one_purpose_open_a_case_together_and_alone_they_do_not(harbour_run):
    assert offers(harbour_run, "h-12") == []
    assert offers(harbour_run, "h-16") == []
    assert len(offers(harbour_run, "h-18")) == 1


@pytest.mark.statement("S20", "R28")
def test_the_api_is_denied_where_only_another_cloud_is(harbour_run):
    row = need(harbour_run, "h-13")
    assert (row["status"], row["granted"]) == ("denied", "0")
    assert "api-hosting" in row["why"]
    assert offers(harbour_run, "h-13") == []


@pytest.mark.statement("R9", "R11")
def test_a_later_delivery_elsewhere_goes_back_to_borealis_first(harbour_run):
    first, second = offers(harbour_run, "h-25")
    assert (first["outcome"], first["reoffer"]) == ("declined", "false")
    assert (second["reoffer"], second["got_by"]) == ("true", "delta")


@pytest.mark.statement("R18")
def test_a_waiver_frees_one_need(harbour_run):
    assert offers(harbour_run, "h-30")[0]["outcome"] == "waived"


@pytest.mark.statement("R2", "S13")
def test_own_building_and_emergencies_ask_nobody(harbour_run):
    for name in ("h-19", "h-22", "h-23", "h-29", "h-37"):
        assert offers(harbour_run, name) == [], name
        assert need(harbour_run, name)["status"] == "granted", name


@pytest.mark.statement("S37")
def test_launches_slip_where_accelerators_come_late(harbour_run):
    slipped = {row["launch"] for row in harbour_run.launches if int(row["slip_days"] or 0) > 0}
    assert {"harbour-voice", "harbour-chat-3"} <= slipped
    assert all(row["why"] for row in harbour_run.launches if row["launch"] in slipped)


@pytest.mark.parametrize("variant", ["first_offer", "matching", "exclusive", "short_window"])
def test_every_variant_of_the_harbour_plays_without_breaking_a_law(harbour, variant):
    result = run(harbour, variant=variant)
    assert not [law for law in result.laws if law.violations]


# --- Stargate


def test_no_law_is_broken_in_twelve_years(stargate_run):
    assert all(law.checked and not law.violations for law in stargate_run.run.laws)
    assert stargate_run.run.unused == []


@pytest.mark.statement("S03", "S04")
def test_microsoft_is_asked_while_first_refusal_stands_and_at_no_other_time(stargate_run):
    served = [row["served_on"][:10] for row in stargate_run.offers]
    assert len(served) >= 25
    assert min(served) >= FIRST
    assert max(served) < OVER
    assert {row["holder"] for row in stargate_run.offers} == {"microsoft"}


@pytest.mark.statement("S06", "S38")
def test_microsoft_takes_some_in_whole_some_in_part_and_leaves_the_rest(stargate_run):
    assert {"exercised", "partially_exercised", "declined", "lapsed"} <= {row["outcome"] for row in stargate_run.offers}
    assert {row["reoffer"] for row in stargate_run.offers} == {"true", "false"}


@pytest.mark.parametrize(
    ("name", "on", "reason", "host"),
    [
        ("k01-coreweave", "2025-03-07", "discipline", "coreweave"),
        ("k05-google", "2025-05-02", "wrong_hardware", "google"),
        ("k03-coreweave", "2025-05-09", "no_capacity", "coreweave"),
    ],
)
def test_what_is_on_record_happens_on_its_day(stargate_run, name, on, reason, host):
    first = offers(stargate_run, name)[0]
    assert (first["outcome"], first["answered_on"][:10], first["reason"]) == ("declined", on, reason)
    signed = [row for row in stargate_run.grants if row["request"] == name]
    assert {row["host"] for row in signed} == {host}


@pytest.mark.statement("S51", "C20")
def test_of_oracles_four_and_a_half_gigawatts_only_what_is_for_products_is_offered(stargate_run):
    asked = {row["request"] for row in stargate_run.offers if row["request"].startswith("k07")}
    assert asked == {"k07-oracle-2", "k07-oracle-5"}
    for number in range(1, 7):
        assert int(need(stargate_run, f"k07-oracle-{number}")["granted"]) == 300_000


@pytest.mark.statement("S19", "S20")
def test_no_api_request_is_offered_or_leaves_azure_before_april_2026(stargate_run):
    api = {row["request"] for row in stargate_run.requests if row["class"] == "api"}
    assert not [row for row in stargate_run.offers if row["request"] in api]
    early = [row for row in stargate_run.grants if row["class"] == "api" and row["starts"] < "2026-04-27"]
    assert early
    assert {row["platform"] for row in early} == {"microsoft"}


@pytest.mark.statement("S01", "S18", "S42", "S47")
def test_all_runs_on_microsofts_platform_until_2025_and_less_than_half_in_the_end(stargate_run):
    assert {row["platform"] for row in stargate_run.grants if row["starts"] < FIRST} == {"microsoft"}
    assert {"coreweave", "oracle"} <= {row["operator"] for row in stargate_run.grants if row["starts"] < FIRST}
    last = [row for row in stargate_run.capacity if row["month"].startswith("2030-12")]
    by_platform = {p: sum(int(r["active"]) for r in last if r["platform"] == p) for p in {r["platform"] for r in last}}
    assert 0 < by_platform["microsoft"] * 2 < sum(by_platform.values())


@pytest.mark.parametrize(("month", "gigawatts"), [("2024-01-01", "0.2"), ("2025-01-01", "0.6"), ("2026-01-01", "1.9")])
def test_what_is_served_comes_close_to_what_was_published_and_does_not_pass_it(stargate_run, month, gigawatts):
    served = sum(int(row["served"]) for row in stargate_run.demand if row["month"] == month) * Decimal("2.5e-6")
    assert Decimal(gigawatts) * Decimal("0.8") < served <= Decimal(gigawatts)


@pytest.mark.statement("S36", "S37")
def test_there_was_too_little_and_launches_slipped_before_2025(stargate_run):
    unmet = [int(row["unmet"]) for row in stargate_run.demand if row["month"] == "2024-07-01"]
    assert sum(unmet) > 0
    slipped = [row for row in stargate_run.launches if row["wanted_by"] < FIRST and int(row["slip_days"] or 0) > 0]
    assert len(slipped) >= 4


def test_the_stateful_runtime_is_not_placed_elsewhere_while_it_is_disputed(stargate_run):
    asked = need(stargate_run, "2026q2-agent-runtime-1")
    assert asked["asked_on"] < "2026-04-27"
    for row in stargate_run.grants:
        if row["class"] == "agent_runtime":
            assert row["starts"] >= "2026-04-27" or row["platform"] == "microsoft"


def test_letters_of_intent_deliver_nothing(stargate_run):
    assert not [row for row in stargate_run.grants if row["host"] in {"own-chip-sites", "narvik", "abilene-expansion", "azure-abilene-lease"}]


def test_the_exclusive_variant_asks_nobody_and_leaves_more_unmet(played, stargate_run, tmp_path):
    other = played_out(played, tmp_path, variant="exclusive")
    assert not other.offers
    assert {row["platform"] for row in other.grants} == {"microsoft"}

    def granted(outcome):
        return sum(int(row["granted"]) for row in outcome.requests)

    assert granted(other) < granted(stargate_run)
    assert all(not law.violations for law in other.run.laws)


def test_every_answer_of_the_script_lies_in_the_window_of_its_notice(stargate_run):
    desk = stargate_run.run.scenario.suppliers.answers["microsoft"]
    for entry in desk.script:
        row = offers(stargate_run, entry.request)[0]
        noon = instant_of(entry.on) + 12 * 3600
        assert date.fromisoformat(row["served_on"][:10]) <= entry.on
        assert noon < instant_of(date.fromisoformat(row["respond_by"][:10]) + timedelta(days=1))
