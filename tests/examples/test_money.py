"""What the shipped facts come to in money: the cap, the commitment, net against gross, and the clause on a hundred billion."""

from __future__ import annotations

import dataclasses
import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from dibs.contract import readings
from dibs.contract.load import load
from dibs.quantities import instant_of
from dibs.settle.materials import read
from dibs.settle.settlement import settle
from dibs.simulate import run as simulate
from dibs.simulate import scenario, tables

STARGATE = Path(__file__).resolve().parents[2] / "examples" / "stargate"
CENT = 1
BILLION = 100 * 10**9


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("money")
    tables.write(simulate.run(scenario.load(STARGATE)), out)
    return out


@pytest.fixture(scope="module")
def materials(folder):
    horizon = json.loads((folder / "run.json").read_text(encoding="utf-8"))["horizon"]
    found, findings = read(
        agreement=load((folder / "agreement.yaml").read_text(encoding="utf-8"), "agreement.yaml"),
        journal=(folder / "journal.jsonl").read_text(encoding="utf-8"),
        build=(folder / "tables" / "build.csv").read_text(encoding="utf-8"),
        starts=date.fromisoformat(horizon["from"]),
        until=date.fromisoformat(horizon["until"]),
    )
    assert not findings.items
    return found


@pytest.fixture(scope="module")
def settlement(materials):
    return settle(materials)


def test_every_entry_balances_for_each_party(settlement):
    assert len(settlement.entries) > 10_000
    assert [entry.id for entry in settlement.entries if entry.imbalance()] == []


def test_every_entry_has_its_own_id_a_clause_and_a_decision(settlement):
    assert len({entry.id for entry in settlement.entries}) == len(settlement.entries)
    assert [entry.id for entry in settlement.entries if not entry.clause or not entry.decision] == []


def test_nothing_is_recorded_before_it_is_over(settlement):
    assert [e.id for e in settlement.entries if e.kind in {"charge", "revenue_share"} and e.recorded < e.valid_to] == []


@pytest.mark.statement("S29")
def test_the_cap_bites_in_december_2028_and_the_last_share_is_the_remainder(settlement):
    rows = [r for r in settlement.shares if r.clause == "share-to-microsoft" and r.by == "M7"]
    assert sum(r.accrued for r in rows) == 38 * BILLION
    last = max(r.month for r in rows if r.accrued)
    assert last == date(2028, 12, 1)
    before = sum(r.accrued for r in rows if r.month < last)
    # By hand: 65 of the 91 days of the second quarter of 2026 (7 bn), 8 bn, 9 bn, 62 bn, and 335 of the 366 days of 113 bn, a fifth of it all.
    by_hand = (7e9 * 65 / 91 + 8e9 + 9e9 + 62e9 + 113e9 * 335 / 366) / 5
    assert before == pytest.approx(100 * by_hand, abs=10 * CENT)
    assert next(r.accrued for r in rows if r.month == last) == 38 * BILLION - before
    assert [r for r in rows if r.month > last and r.accrued] == []


def test_the_amendment_inside_april_2026_is_exact(settlement):
    april = {r.by: r for r in settlement.shares if r.clause == "share-to-microsoft" and r.month == date(2026, 4, 1)}
    # 26 days under the old text, of which a part is paid later; 4 under the new, paid at once.  7 bn came in over 91 days.
    assert april["M5"].accrued == pytest.approx(100 * 7e9 * 26 / 91 / 5, abs=CENT)
    assert april["M7"].accrued == pytest.approx(100 * 7e9 * 4 / 91 / 5, abs=CENT)
    assert april["M5"].paid == pytest.approx(0.66 * april["M5"].accrued, abs=CENT)
    assert april["M7"].deferred == 0


def test_what_was_stretched_falls_due_when_it_was_agreed_to(settlement):
    late = [e for e in settlement.entries if e.kind == "deferral_due"]
    stretched = [r for r in settlement.shares if r.clause == "share-to-microsoft" and r.by == "M5"]
    assert {e.recorded for e in late} == {instant_of(date(2031, 1, 1))}
    assert sum(r.deferred for r in stretched) == 0
    assert sum(line.amount for e in late for line in e.postings if line.account == "microsoft:cash") == sum(max(0, r.deferred) for r in stretched)


@pytest.mark.parametrize(
    ("starts", "until", "received"),
    [
        (date(2024, 1, 1), date(2025, 1, 1), 493_800_000),
        (date(2025, 1, 1), date(2025, 7, 1), 454_700_000),
        (date(2025, 7, 1), date(2025, 10, 1), 411_100_000),
    ],
)
def test_the_leaked_receipts_are_the_net_of_two_gross_flows(settlement, starts, until, received):
    """T06 and T07: a fifth of what was earned one way, less a fifth of what was earned the other way."""
    rows = [r for r in settlement.nets if starts <= r.month < until]
    assert -sum(r.net for r in rows) == pytest.approx(100 * received, abs=12 * CENT)
    assert sum(r.second_pays for r in rows) > 1.4 * sum(-r.net for r in rows)


def test_a_shortfall_of_the_250_billion_becomes_prepayment(materials):
    agreement = readings.take(materials.agreement, {"azure-commitment-250": "ends-with-2030"})
    settled = settle(dataclasses.replace(materials, agreement=agreement))
    burndown = next(b for b in settled.burndowns if b.clause == "azure-commitment-250")
    short = [e for e in settled.entries if e.kind == "commitment_shortfall"]
    assert [e.clause for e in short] == ["azure-commitment-250"]
    assert burndown.shortfalls == 250 * BILLION - burndown.rows[-2].cumulative - burndown.rows[-1].eligible
    assert 0 < burndown.shortfalls == burndown.credit < 250 * BILLION
    accounts = {line.account: line.amount for line in short[0].postings}
    assert accounts["openai:prepaid:microsoft:azure-commitment-250"] == burndown.shortfalls
    assert not any(account.startswith("openai:expense") for account in accounts)


def test_a_sixth_due_each_year_is_prepaid_at_first_and_taken_later(materials):
    agreement = readings.take(materials.agreement, {"azure-commitment-250": "a-sixth-a-year"})
    settled = settle(dataclasses.replace(materials, agreement=agreement))
    burndown = next(b for b in settled.burndowns if b.clause == "azure-commitment-250")
    short = [e for e in settled.entries if e.kind == "commitment_shortfall"]
    assert [e.id.rpartition("/")[2] for e in short] == [f"{year}-10-28" for year in range(2026, 2031)]
    # By October 2030 five sixths have been paid for, and all but 2.4 billion of what was prepaid has been taken.
    assert burndown.rows[-1].cumulative == pytest.approx(250 * BILLION * 5 / 6, abs=CENT)
    assert burndown.shortfalls == burndown.used + burndown.credit
    assert 0 < burndown.credit < 0.02 * burndown.shortfalls


def test_the_250_billion_come_on_top_of_what_the_first_commitment_is_known_to_ask(materials, settlement):
    """T18: 281 billion on order at the end of 2025, so at least 31 beyond the 250."""
    agreement = readings.take(materials.agreement, {"azure-commitment-2025": "at-least-the-backlog", "azure-commitment-250": "ends-with-2030"})
    settled = settle(dataclasses.replace(materials, agreement=agreement))
    first, later = (next(b for b in settled.burndowns if b.clause == clause) for clause in ("azure-commitment-2025", "azure-commitment-250"))
    plain = next(b for b in settlement.burndowns if b.clause == "azure-commitment-250").rows[-1].cumulative
    before = sum(row.eligible for row in first.rows if row.month < date(2025, 10, 1))
    october = next(row.eligible for row in first.rows if row.month == date(2025, 10, 1)) - next(
        row.eligible for row in settlement.burndowns[1].rows if row.month == date(2025, 10, 1)
    )
    # What the first took until 28 October 2025 is its own; the rest of its 31 billion is left out of what counts for the second.
    assert later.shortfalls == 250 * BILLION - plain + (31 * BILLION - before - october)
    assert first.rows[-1].status == "met"


def test_whether_the_250_billion_will_be_spent_is_said_years_before(settlement):
    burndown = next(b for b in settlement.burndowns if b.clause == "azure-commitment-250")
    assert (burndown.rows[0].status, burndown.rows[0].short_on) == ("shortfall", date(2031, 10, 28))
    assert burndown.rows[-1].status == "on_track"
    assert burndown.rows[-1].forecast >= 250 * BILLION > burndown.rows[-1].cumulative


def test_an_amount_that_was_never_published_is_not_asserted(settlement):
    burndown = next(b for b in settlement.burndowns if b.clause == "azure-commitment-2025")
    assert burndown.amount is None
    assert {row.status for row in burndown.rows} == {"unknown"}
    assert burndown.shortfalls == 0


@pytest.mark.statement("S32")
def test_four_readings_of_the_clause_on_a_hundred_billion_on_one_path(settlement):
    first = {r.reading: r.reached_on for r in settlement.triggers if r.by == "M1"}
    assert first == {
        "as-written": None,
        "annual-profit": None,
        "capability": date(2030, 12, 31),
        "investor-returns": date(2025, 10, 28),
        "no-trigger": None,
    }
    assert all(r.fired_on is None for r in settlement.triggers)


def test_the_programme_draws_no_more_than_is_funded(settlement):
    last = settlement.funding[-1]
    assert (last.funded, last.potential) == (100 * BILLION, 500 * BILLION)
    assert all(row.drawn <= row.funded for row in settlement.funding)
    drawn = sum(line.amount for e in settlement.entries if e.kind == "draw_down" for line in e.postings if line.account == "stargate:construction")
    assert drawn == last.drawn > 0


def test_what_is_built_passes_what_is_funded_in_2027(settlement):
    """On 30 September 2027 Milam's first half is finished; 97.725 bn had been drawn until then, and 2.275 bn were left of its 7.375."""
    unfunded = [row.month for row in settlement.funding if row.unfunded]
    assert unfunded[0] == date(2027, 9, 1)
    assert all(row.drawn == row.funded for row in settlement.funding if row.month in unfunded)
    assert settlement.funding[-1].built == 262_991_000_000_00


def test_an_overrun_of_the_shipped_programme_is_shared_as_agreed(tmp_path):
    """G13: Oracle and OpenAI share what Abilene costs above plan, half each; nobody draws it from the fund."""
    shutil.copytree(STARGATE, tmp_path / "stargate")
    programme = tmp_path / "stargate" / "programme.yaml"
    text = programme.read_text(encoding="utf-8")
    assert text.count("cost: 15e9 USD\n        facts: [G21]") == 1
    programme.write_text(text.replace("cost: 15e9 USD\n        facts: [G21]", "cost: 15e9 USD\n        final_cost: 16.2e9 USD\n        facts: [G21]"))
    out = tmp_path / "run"
    out.mkdir()
    until = date(2027, 1, 1)
    tables.write(simulate.run(scenario.load(tmp_path / "stargate"), until=until), out)
    found, findings = read(
        agreement=load((out / "agreement.yaml").read_text(encoding="utf-8"), "agreement.yaml"),
        journal=(out / "journal.jsonl").read_text(encoding="utf-8"),
        build=(out / "tables" / "build.csv").read_text(encoding="utf-8"),
        starts=date(2019, 7, 22),
        until=until,
    )
    assert not findings.items
    settled = settle(found)
    borne = {}
    for entry in settled.entries:
        if entry.kind == "overrun":
            for line in entry.postings:
                if line.account.startswith("stargate:invested_by:"):
                    borne[line.account] = borne.get(line.account, 0) - line.amount
    assert borne == {"stargate:invested_by:oracle": 6 * BILLION // 10, "stargate:invested_by:openai": 6 * BILLION // 10}
    assert settled.funding[-1].overruns == 12 * BILLION // 10
    abilene = [e for e in settled.entries if e.kind == "draw_down" and "/abilene/second/" in e.id]
    assert sum(line.amount for e in abilene for line in e.postings if line.account == "stargate:construction") == 15 * BILLION


def test_settling_earlier_gives_the_beginning_of_the_same_book(materials, settlement):
    for day in (date(2024, 6, 15), date(2026, 5, 1), date(2029, 1, 1)):
        earlier = settle(materials, instant_of(day))
        assert earlier.entries == settlement.entries[: len(earlier.entries)]
        assert all(entry.recorded > instant_of(day) for entry in settlement.entries[len(earlier.entries) :])
