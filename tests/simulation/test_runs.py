"""Whole runs of scenario folders: what comes out, that it comes out again, and that every figure is in the journal."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from dibs.errors import BadInput
from dibs.journal.audit import re_decide, replay, state_digest, verify
from dibs.journal.entry import to_row
from dibs.quantities import day_of
from dibs.simulate import run, scenario, tables, year
from dibs.store.folder import Folder

ROOT = Path(__file__).resolve().parents[2]
SMALL = ROOT / "tests/scenarios/good/small"
HARBOUR = ROOT / "examples/harbour"
STARGATE = ROOT / "examples/stargate"


def files(**changes):
    """The small scenario with some of its files changed."""
    texts = {p.name: p.read_text() for p in SMALL.iterdir()}
    for name, edits in changes.items():
        key = name.replace("_csv", ".csv").replace("_yaml", ".yaml")
        for old, new in edits:
            assert old in texts[key], old
            texts[key] = texts[key].replace(old, new)
    return texts


def small(**changes):
    texts = files(**changes)
    found, findings = scenario.parse_files(lambda name: texts[name].encode() if name in texts else None, "small")
    findings.raise_if_any()
    return found


def events(result, *names):
    return [event for entry in result.entries for event in entry.events if type(event).__name__ in names]


def of(result, request, *names):
    return [event for event in events(result, *names) if getattr(event, "request", "") == request]


def rows(folder, table):
    with (folder / "tables" / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def harbour():
    return run.run(scenario.load(HARBOUR))


@pytest.fixture(scope="module")
def harbour_folder(harbour, tmp_path_factory):
    return tables.write(harbour, tmp_path_factory.mktemp("harbour"))


@pytest.mark.parametrize("folder", [SMALL, HARBOUR, STARGATE], ids=lambda p: p.name)
def test_a_shipped_scenario_breaks_no_law_under_any_variant(folder):
    found = scenario.load(folder)
    for variant in (None, *found.file.variants):
        result = run.run(found, variant=variant)
        assert [(variant, law.law, law.violations) for law in result.laws if not law.holds] == []
        assert all(law.checked for law in result.laws)
        assert events(result, "Granted")


def test_everything_that_is_asked_is_answered_or_waits_for_a_reason(harbour):
    """Nothing is forgotten: at the end each need is over, or the state still says what is to be done about it."""
    state = harbour.state
    assert len(state.requests) == len(harbour.scenario.needs)
    for name, request in state.requests.items():
        assert (name in state.live) == bool(request.wanted)
        if name in state.live:
            assert request.loose + request.offered + request.market.quantity + request.cover.quantity == request.wanted


# The same again.


PRINT = "import sys,hashlib; from dibs.simulate import scenario, run; from dibs.journal.entry import to_row;"
DIGEST = (
    PRINT + "r=run.run(scenario.load(sys.argv[1]),judged=False); print(hashlib.sha256(b''.join(to_row(s) for s,_ in r.store.sealed())).hexdigest())"
)


def digest(result):
    return hashlib.sha256(b"".join(to_row(sealed) for sealed, _ in result.store.sealed())).hexdigest()


@pytest.mark.parametrize("hashes", ["0", "1", "random"])
def test_one_seed_gives_one_journal_in_any_process(harbour, hashes):
    environment = {**os.environ, "PYTHONHASHSEED": hashes}
    other = subprocess.run([sys.executable, "-c", DIGEST, HARBOUR], capture_output=True, text=True, check=True, env=environment)
    assert other.stdout.strip() == digest(harbour)


def test_another_seed_gives_another_journal(harbour):
    assert digest(run.run(harbour.scenario, 8, judged=False)) != digest(harbour)


def test_a_shorter_run_is_the_beginning_of_a_longer_one(harbour):
    until = date(2025, 9, 1)
    shorter = run.run(harbour.scenario, until=until, judged=False)
    begun = [entry for entry in harbour.entries if day_of(entry.at) < date(2025, 8, 31)]
    told = [(entry.at, entry.command, entry.events) for entry in shorter.entries]
    assert told[: len(begun)] == [(entry.at, entry.command, entry.events) for entry in begun]


@pytest.mark.parametrize("until", [date(2024, 7, 1), date(2030, 1, 1)])
def test_a_run_ends_within_its_horizon(harbour, until):
    with pytest.raises(BadInput, match="DIB102"):
        run.run(harbour.scenario, until=until)


def test_variants_share_their_chance(harbour):
    """A holder that is asked about the same need under another window takes as long to answer, and late steps come as late."""
    other = run.run(harbour.scenario, variant="short_window", judged=False)
    assert [e.steps for e in events(other, "CapacityDeclared")] == [e.steps for e in events(harbour, "CapacityDeclared")]

    def delays(result):
        served = {e.offer: e.at for e in events(result, "OfferServed")}
        return {e.offer: e.at - served[e.offer] for e in events(result, "RightDeclined", "RightExercised") if e.offer.endswith(".n1")}

    scripted = {f"{entry.request}.n1" for entry in harbour.scenario.suppliers.answers["borealis"].script}
    both = (delays(harbour).keys() & delays(other).keys()) - scripted
    assert len(both) >= 3
    assert [delays(harbour)[o] for o in sorted(both)] == [delays(other)[o] for o in sorted(both)]


def test_progress_is_told_once_a_day_and_goes_forward():
    told = []
    run.run(small(), progress=lambda *args: told.append(args), judged=False)
    assert [d for d, *_ in told] == sorted({d for d, *_ in told})
    assert {(first, last) for _, first, last, _ in told} == {(date(2025, 1, 1), date(2025, 7, 1))}


# What happens in the world.


@pytest.mark.statement("S03", "S04", "S06")
def test_the_holder_is_asked_before_anybody_else_and_what_it_declines_goes_elsewhere():
    result = run.run(small())
    served, declined = of(result, "r1", "OfferServed")[0], of(result, "r1", "RightDeclined")[0]
    assert (served.holder, declined.reason) == ("borealis", "discipline")
    assert day_of(declined.at) == date(2025, 1, 20), "as the script has it"
    grants = of(result, "r1", "Granted")
    assert [(g.platform, g.quantity) for g in grants] == [("cinder", 3000)]
    assert grants[0].at >= declined.at
    assert grants[0].price <= served.terms.price


def test_a_small_need_opens_no_case():
    result = run.run(small())
    assert not of(result, "r3", "OfferServed")
    assert of(result, "r3", "Granted")


@pytest.mark.statement("S13", "S14")
def test_what_is_consented_goes_to_the_own_site_where_that_is_cheapest():
    result = run.run(small())
    assert [g.host for g in of(result, "r4", "Granted")] == ["aster-yard"]
    assert not of(result, "r4", "OfferServed")


@pytest.mark.statement("S19", "S20", "S36")
def test_a_bound_class_stays_on_its_platform_even_if_it_stays_short():
    result = run.run(small())
    assert {g.platform for g in events(result, "Granted") if g.workload_class == "api"} == {"borealis"}
    assert result.state.requests["r6"].granted == 0
    assert not of(result, "r6", "OfferServed")


def test_what_the_holder_gives_is_a_part_of_its_room():
    result = run.run(small(suppliers_yaml=[("    script:\n      - {on: 2025-01-20, answer: decline, reason: discipline}\n", "")]))
    exercised = of(result, "r1", "RightExercised")[0]
    assert exercised.quantity == 1600, "half of 4,000 less the 800 that the API has by then"
    assert sum(g.quantity for g in of(result, "r1", "Granted")) == 3000


@pytest.mark.parametrize(
    ("entry", "event"),
    [
        ("{on: 2025-01-20, answer: exercise}", "RightExercised"),
        ("{on: 2025-01-20, answer: part, quantity: 700}", "RightExercised"),
        ("{on: 2025-01-20, answer: decline, reason: price}", "RightDeclined"),
        ("{on: 2025-01-20, answer: counter, quantity: 3000}", "RightCountered"),
        ("{on: 2025-01-20, answer: waive}", "RightWaived"),
        ("{on: 2025-01-20, answer: silence}", "RightLapsed"),
    ],
)
def test_a_scripted_answer_is_what_happens(entry, event):
    result = run.run(small(suppliers_yaml=[("{on: 2025-01-20, answer: decline, reason: discipline}", entry)]))
    happened = of(result, "r1", event)
    assert happened
    if event != "RightLapsed":
        assert day_of(happened[0].at) == date(2025, 1, 20)
    assert result.unused == []


def test_a_script_about_a_day_without_a_notice_is_reported():
    result = run.run(small(suppliers_yaml=[("on: 2025-01-20", "on: 2025-01-05")]))
    assert [(party, entry.on) for party, entry in result.unused] == [("borealis", date(2025, 1, 5))]


@pytest.mark.statement("S40")
def test_a_step_that_slips_is_delivered_late_and_nobody_knows_before():
    result = run.run(
        small(
            suppliers_yaml=[("slip: {chance: 50 %, days: [10, 30]}", "slip: {chance: 100 %, days: [30]}"), ("quantity: 4000", "quantity: 0")],
            demand_csv=[("2025-01-20,2025-03-01,3,,9,voice", "2025-03-01,2025-03-01,3,,9,voice")],
        )
    )
    declared = [
        (day_of(e.at), [(day_of(at), q) for at, q in e.steps][-1])
        for e in events(result, "CapacityDeclared")
        if (e.host, e.sku) == ("borealis-east", "h100")
    ]
    assert (date(2025, 1, 1), (date(2025, 3, 1), 6000)) in declared
    assert (date(2025, 3, 1), (date(2025, 3, 31), 6000)) in declared, "the slip shows on the day it was promised for"
    delivered = [e for e in events(result, "DeliveryConfirmed") if e.grant.startswith("r2")]
    assert [(day_of(e.at), e.on_time) for e in delivered] == [(date(2025, 3, 31), False)]
    assert [e.grant for e in events(result, "GrantDelayed")]


def test_a_stage_counts_as_probably_as_the_scenario_says():
    def declared(counts):
        result = run.run(small(scenario_yaml=[("intent: 0 %", f"intent: {counts}")]), judged=False)
        return max(q for e in events(result, "CapacityDeclared") if e.host == "delta-south" for _, q in e.steps)

    assert declared("0 %") == 3000
    assert declared("100 %") == 20000


@pytest.mark.statement("S49", "S57")
def test_a_phase_becomes_supply_when_it_is_there():
    result = run.run(small())
    yard = [(day_of(e.at), [(day_of(at), q) for at, q in e.steps]) for e in events(result, "CapacityDeclared") if e.host == "aster-yard"]
    assert yard[0] == (date(2025, 1, 1), [(date(2025, 2, 1), 2000), (date(2025, 5, 1), 5500)]), "5 MW at 2.5 kW are 2,000"
    assert (date(2025, 2, 1), [(date(2025, 3, 1), 2000), (date(2025, 5, 1), 5500)]) in yard, "late, and known on the planned day"


@pytest.mark.statement("S14", "R29")
def test_own_building_used_for_something_else_is_flagged():
    mix = "usage:\n  - {host: aster-yard, from: 2025-04-01, classes: {research: 30 %, product: 70 %}}\nvariants:"
    result = run.run(small(scenario_yaml=[("variants:", mix)]))
    drifted = events(result, "PurposeDrifted")
    assert [(e.clause, e.host) for e in drifted] == [("own-build", "aster-yard")]
    assert not events(run.run(small()), "PurposeDrifted")


@pytest.mark.statement("S31", "S32")
def test_figures_fire_a_trigger():
    result = run.run(small(signals_csv=[("20e9", "100e9")]))
    assert [(day_of(e.at), e.trigger, e.ends) for e in events(result, "TriggerFired")] == [(date(2025, 4, 1), "profit-trigger", ("licence",))]
    assert not events(run.run(small()), "TriggerFired")


def test_a_dearer_market_sends_the_need_back_to_the_holder():
    """The alternate's price rises between notice and signature: what it asks now is richer, so the holder is asked again."""
    result = run.run(
        small(
            suppliers_yaml=[
                ("price: {2024-01-01: 2.10 USD, 2025-04-01: 2.00 USD}", "price: {2024-01-01: 2.10 USD, 2025-01-20: 2.55 USD}"),
                ("2.40 USD", "2.00 USD"),
            ]
        )
    )
    assert of(result, "r1", "ReofferDue")
    served = of(result, "r1", "OfferServed")
    assert [s.reoffer for s in served] == [False, True]
    assert served[1].terms.price > served[0].terms.price


@pytest.mark.statement("S37")
def test_a_launch_slips_by_the_days_its_capacity_is_late(tmp_path):
    result = run.run(
        small(suppliers_yaml=[("slip: {chance: 50 %, days: [10, 30]}", "slip: {chance: 100 %, days: [30]}"), ("quantity: 4000", "quantity: 0")])
    )
    folder = tables.write(result, tmp_path)
    voice = next(row for row in rows(folder, "launches") if row["launch"] == "voice")
    assert (voice["wanted_by"], voice["ready_on"], voice["slip_days"]) == ("2025-03-01", "2025-03-31", "30")
    assert "borealis-east delivered 30 days after" in voice["why"]
    shipped = {e.launch: day_of(e.at) for e in events(result, "ProductLaunched")}
    assert shipped["voice"] == date(2025, 3, 31)


@pytest.mark.statement("R34")
def test_a_product_that_ships_first_elsewhere_ships_there_first():
    clause = """  - id: ships-first
    kind: first_shipment
    says: Products ship on Borealis first, five days before anybody else.
    developer: aster
    holder: borealis
    classes: [product]
    head_start: 5 days
  - id: licence
"""
    home = "r0,2025-01-02,product,h100,300,,us-east,2025-01-02,2025-02-01,6,,9,\nr1,"
    result = run.run(
        small(
            agreement_yaml=[("  - id: licence\n", clause)],
            demand_csv=[("2,2.50,3,", "2,2.50,3,app"), (",us-west;us-east,", ",us-west,"), ("r1,", home)],
        )
    )
    shipped = [(e.platform, day_of(e.at)) for e in events(result, "ProductLaunched") if e.launch == "app"]
    assert shipped == [("borealis", date(2025, 2, 5)), ("cinder", date(2025, 2, 10))]


@pytest.mark.statement("R34")
def test_a_holder_that_cannot_support_a_product_says_so_and_frees_it():
    clause = """  - id: ships-first
    kind: first_shipment
    says: Products ship on Borealis first.
    developer: aster
    holder: borealis
    classes: [product]
  - id: licence
"""
    nothing = [("quantity: 4000", "quantity: 0"), ("quantity: 6000", "quantity: 0")]
    result = run.run(
        small(
            agreement_yaml=[("  - id: licence\n", clause)],
            suppliers_yaml=nothing,
            demand_csv=[("2,2.50,3,", "2,2.50,3,app"), (",us-west;us-east,", ",us-west,")],
        )
    )
    assert [(e.holder, e.able, e.willing) for e in events(result, "AbilityDeclared")] == [("borealis", False, False)]
    assert [e.platform for e in events(result, "ProductLaunched") if e.launch == "app"] == ["cinder"]


def test_the_most_urgent_need_is_served_first_when_there_is_not_enough():
    line = "{},2025-02-10,api,h100,4000,4000,,2025-02-12,2025-02-20,3,,{},"
    added = "\n".join(line.format(*pair) for pair in (("late", 1), ("urgent", 8)))
    result = run.run(small(demand_csv=[("r2,2025-01-12,api,h100,800,,us-east,2025-01-20,2025-03-01,3,,9,voice", added)]))
    assert result.state.requests["urgent"].status == "granted"
    assert result.state.requests["late"].status == "expired"


def test_a_need_that_found_no_room_is_served_when_room_comes():
    result = run.run(
        small(
            suppliers_yaml=[
                (
                    "{from: 2025-01-15, quantity: 9000}",
                    "{from: 2025-01-15, quantity: 100}\n      - {from: 2025-03-20, quantity: 9000, known: 2025-03-10}",
                )
            ]
        )
    )
    grants = of(result, "r1", "Granted")
    assert [(g.host, day_of(g.at), day_of(g.starts)) for g in grants] == [("cinder-west", date(2025, 3, 10), date(2025, 3, 20))] or of(
        result, "r1", "ReofferDue"
    )
    assert result.state.requests["r1"].status == "granted"


# The tables.


def test_every_table_has_the_columns_that_are_documented(harbour_folder):
    found = {p.stem for p in (harbour_folder / "tables").iterdir()}
    assert found == set(tables.COLUMNS)
    for name, columns in tables.COLUMNS.items():
        with (harbour_folder / "tables" / f"{name}.csv").open(newline="") as file:
            assert next(csv.reader(file)) == list(columns)
        assert all(says.endswith(".") for says in columns.values())


def test_the_tables_agree_with_each_other(harbour, harbour_folder):
    requests, offers, grants = (rows(harbour_folder, t) for t in ("requests", "offers", "grants"))
    assert [row["request"] for row in requests] == [need.request.id for need in harbour.scenario.needs]
    promised = Counter()
    for row in grants:
        promised[row["request"]] += int(row["quantity"])
    for row in requests:
        assert int(row["granted"]) == promised[row["request"]]
        assert int(row["granted"]) + int(row["unmet"]) <= int(row["quantity"])
        assert bool(row["why"]) == (int(row["unmet"]) > 0), row
        assert (row["status"] == "granted") == (row["granted"] == row["quantity"])
    assert Counter(row["request"] for row in offers).keys() <= {row["request"] for row in requests}
    taken = Counter({row["offer"]: int(row["exercised"]) for row in offers})
    for row in grants:
        if row["offer"]:
            taken[row["offer"]] -= int(row["quantity"])
    assert not +taken
    assert not -taken


def test_every_entry_named_in_a_table_says_that(harbour_folder):
    journal = [json.loads(line) for line in (harbour_folder / "journal.jsonl").read_text().splitlines()]
    for table, event, key in (("offers", "OfferServed", "offer"), ("grants", "Granted", "grant")):
        for row in rows(harbour_folder, table):
            told = journal[int(row["entry"])]
            assert told["seq"] == int(row["entry"])
            assert any(e["type"] == event and e[key] == row[key] for e in told["events"])


def test_capacity_demand_and_grants_tell_the_same_story(harbour_folder):
    active, served = Counter(), Counter()
    for row in rows(harbour_folder, "capacity"):
        active[row["month"], row["class"]] += int(row["active"])
    for row in rows(harbour_folder, "demand"):
        served[row["month"], row["class"]] += int(row["served"])
        assert int(row["wanted"]) == int(row["served"]) + int(row["unmet"])
    assert {k: v for k, v in served.items() if v} == dict(active)
    summary = json.loads((harbour_folder / "run.json").read_text())
    assert summary["totals"]["unmet_accelerator_hours"] > 0
    assert summary["totals"]["violations"] == 0
    assert summary["agreement"]["digest"] == hashlib.sha256((harbour_folder / "agreement.yaml").read_bytes()).hexdigest()


def test_the_matrix_has_a_cell_for_each_version_class_and_host(harbour, harbour_folder):
    agreement = harbour.scenario.agreement
    cells = rows(harbour_folder, "matrix")
    assert len(cells) == 2 * len(agreement.workload_classes) * len(agreement.hosts)
    cell = next(c for c in cells if (c["version"], c["class"], c["host"]) == ("first-call", "api", "cinder-west"))
    assert (cell["answer"], cell["clause"]) == ("refused", "api-hosting")


@pytest.mark.statement("S38")
def test_answers_count_every_notice_once(harbour_folder):
    (row,) = rows(harbour_folder, "answers")
    outcomes = ("exercised", "partly", "declined", "lapsed", "waived", "withdrawn")
    open_ones = sum(1 for offer in rows(harbour_folder, "offers") if offer["outcome"] == "open")
    assert sum(int(row[o]) for o in outcomes) + open_ones == int(row["asked"]) == len(rows(harbour_folder, "offers"))


def test_the_folder_can_be_audited(harbour, harbour_folder):
    verified, replayed, decided = (audit(Folder(harbour_folder)) for audit in (verify, replay, re_decide))
    assert (verified.findings, replayed.findings, decided.findings) == ((), (), ())
    assert verified.entries == replayed.entries == decided.entries > 100
    assert replayed.digest == state_digest(harbour.state)
    assert verified.root.hex() == json.loads((harbour_folder / "run.json").read_text())["head"]["root"]


def test_tables_are_made_from_the_journal_alone(harbour_folder, tmp_path):
    """Another process with the same journal and scenario writes the same tables."""
    again = tables.write(run.run(scenario.load(HARBOUR)), tmp_path)
    for name in tables.COLUMNS:
        assert (again / "tables" / f"{name}.csv").read_bytes() == (harbour_folder / "tables" / f"{name}.csv").read_bytes()


def test_bad_rows_left_out_are_counted(tmp_path):
    texts = files(demand_csv=[("r3,", "r3 ,"), ("400,,us-west", "four,,us-west")])
    found, _ = scenario.parse_files(lambda name: texts[name].encode() if name in texts else None, "small", skip_bad=True)
    folder = tables.write(run.run(found), tmp_path)
    assert json.loads((folder / "run.json").read_text())["totals"]["rows_skipped"] == 1


# Size.


def test_a_generated_year_is_the_same_each_time():
    assert year.generate(300).files == year.generate(300).files
    assert year.generate(300, seed=8).files != year.generate(300).files


def test_a_generated_year_breaks_no_law(tmp_path):
    found = scenario.load(year.generate(1_500).write(tmp_path / "year"))
    assert found.warnings == ()
    result = run.run(found)
    assert [law.violations for law in result.laws if not law.holds] == []
    statuses = Counter(request.status for request in result.state.requests.values())
    assert statuses["granted"] > 1_000
    assert len(events(result, "OfferServed")) > 100
    tables.write(result, tmp_path / "out")
