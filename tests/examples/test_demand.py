"""The demand of the Stargate example is what its script derives, and the script does what its page says."""

from __future__ import annotations

import csv
import importlib.util
import subprocess
import sys
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

STARGATE = Path(__file__).resolve().parents[2] / "examples/stargate"
SCRIPT = STARGATE / "derive_demand.py"


@pytest.fixture(scope="module")
def derivation():
    spec = importlib.util.spec_from_file_location("derive_demand", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["derive_demand"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["derive_demand"]


@pytest.fixture(scope="module")
def rows():
    with (STARGATE / "demand.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def run(*arguments):
    return subprocess.run([sys.executable, "-I", "-S", str(SCRIPT), *arguments], capture_output=True, check=True).stdout


def test_the_committed_table_is_what_the_script_derives():
    assert run() == (STARGATE / "demand.csv").read_bytes()


def test_the_script_writes_what_it_prints(tmp_path):
    run("--out", str(tmp_path / "again.csv"))
    assert (tmp_path / "again.csv").read_bytes() == (STARGATE / "demand.csv").read_bytes()


def test_the_other_of_two_contradicting_figures_gives_more_inference(derivation):
    def inference(choice):
        return sum(r.quantity for r in derivation.derive(choice) if r.start.year == 2024 and r.workload_class in {"product", "api"})

    assert inference("D10") > inference("D11")


def test_capacity_passes_through_what_was_published(derivation):
    gigawatts = derivation.year_end_gigawatts()
    assert {year: gigawatts[year] for year in (2023, 2024, 2025)} == {2023: Fraction(1, 5), 2024: Fraction(3, 5), 2025: Fraction(19, 10)}
    assert gigawatts[2022] * 3 == gigawatts[2023]
    assert all(gigawatts[year] < gigawatts[year + 1] for year in range(2018, 2030))


@pytest.mark.statement("S41")
def test_the_years_to_2030_cost_what_the_target_says_and_pass_ten_gigawatts_before_2029(derivation):
    gigawatts = derivation.year_end_gigawatts()
    assert 600e9 <= derivation.spend(gigawatts) < 603e9
    assert gigawatts[2028] > 10
    assert gigawatts[2030] < 30


def test_training_is_two_thirds_from_2026_and_less_before_by_what_inference_cost(derivation):
    shares = derivation.training_shares("D11")
    assert shares[2024] == Fraction(5, 7)
    assert round(float(shares[2025]), 2) == 0.64
    assert round(float(shares[2030]), 2) == 0.66


@pytest.mark.statement("S36", "S41")
def test_what_is_asked_for_follows_the_path(derivation, rows):
    """At each year's end what was asked for and still runs is what is wanted, to a twentieth; early years are too small to round."""
    del rows
    requests = derivation.derive()
    gigawatts, shares = derivation.year_end_gigawatts(), derivation.training_shares("D11")
    for year in range(2021, 2030):
        day = date(year, 1, 1)
        running = sum(r.quantity for r in requests if r.start <= day < r.ends)
        wanted = sum(derivation.wanted(day, gigawatts, shares).values())
        assert abs(running - wanted) <= wanted // 5, (year, running, wanted)


def test_there_are_some_hundreds_of_requests_of_every_class_that_asks(rows, stargate):
    assert 300 <= len(rows) <= 1000
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["class"] for row in rows} == set(stargate.workload_classes) - {"open_weight"}
    assert {row["asked_on"][:4] for row in rows} == {str(year) for year in range(2019, 2031)}


@pytest.mark.statement("S37")
def test_every_half_year_has_one_launch(rows):
    launches = [row["launch"] for row in rows if row["launch"]]
    assert sorted(launches) == [f"launch-{year}h{half}" for year in range(2019, 2031) for half in (1, 2)][1:]


def test_prices_are_within_what_an_accelerator_hour_has_cost(rows):
    assert all(Decimal(4) <= Decimal(row["price_max"]) <= Decimal(8) for row in rows)


@pytest.mark.statement("S22")
def test_api_requests_come_through_both_front_doors(rows):
    doors = {row["front_door"] for row in rows if row["class"] == "api"}
    assert doors == {"direct", "holder_service"}
    assert not any(row["front_door"] for row in rows if row["class"] != "api")


def test_there_is_enough_to_ask_microsoft_about_while_first_refusal_stands(rows):
    covered = {"frontier_training", "research", "product", "joint_product"}
    asked = [r for r in rows if "2025-01-21" <= r["asked_on"] < "2025-10-28" and r["class"] in covered and int(r["quantity"]) >= 1000]
    assert len([r for r in asked if not r["own_build"]]) >= 25
    assert {"k01-coreweave", "k05-google", "k07-oracle-1"} <= {r["id"] for r in asked}
