"""FOCUS exports: sums to the cent, who is named as what, and the judgement of other people's validators."""

from __future__ import annotations

import csv
import io
import json
import shutil
from decimal import Decimal

import pytest

from dibs.settle import focus
from dibs.settle.statement import owes

TEXTS = {
    "InvoiceId-C-005-C": lambda row: bool(row["InvoiceId"]),  # every row of ours stands on a statement, so -004-C is about none
    "CapacityReservationStatus-C-003-C": lambda row: bool(row["CapacityReservationId"]) or not row["CapacityReservationStatus"],
    "CapacityReservationStatus-C-004-C": lambda row: (
        not (row["CapacityReservationId"] and row["ChargeCategory"] == "Usage") or bool(row["CapacityReservationStatus"])
    ),
    "CommitmentDiscountStatus-C-004-C": lambda row: not row["CommitmentDiscountId"] or bool(row["CommitmentDiscountStatus"]),
}
"""The rules that the validator misreads (`misfires`) by their own words, row by row."""


def exported(book, contract, version):
    return list(focus.cost_and_usage(book, contract, version))


def total(rows, column="BilledCost", **where):
    return sum((Decimal(row[column]) for row in rows if all(row[k] == v for k, v in where.items())), Decimal(0))


@pytest.mark.parametrize("version", ["1.2", "1.4"])
def test_what_is_billed_is_what_the_ledger_says_is_owed_for_capacity(book, contract, version):
    rows = exported(book, contract, version)
    kinds = {entry.id: entry.kind for entry in book}
    told = [e for e in book if e.status == "posted" and kinds.get(e.reverses, e.kind) in focus.TOLD]
    assert total(rows) == Decimal(sum(owes(e, *e.counterparties).get("USD", 0) for e in told)) / 100
    assert total(rows) == Decimal("186000.00") + Decimal("180001.25") + 2500 + 2000 - Decimal("123.45") + 5000 - 1500 + Decimal("700.01")
    assert {row["x_EntryId"] for row in rows} == {e.id for e in told}


def test_what_stood_idle_is_a_row_of_its_own_and_the_two_sum_to_the_charge(book, contract):
    rows = [row for row in exported(book, contract, "1.4") if row["x_EntryId"] == "idle"]
    assert [(row["CapacityReservationStatus"], row["PricingQuantity"], row["ConsumedQuantity"]) for row in rows] == [
        ("Used", "50000.25", "50000.25"),
        ("Unused", "22000.25", "0"),
    ]
    assert total(rows) == Decimal("180001.25")
    assert all(Decimal(r["ContractedUnitPrice"]) * Decimal(r["PricingQuantity"]) == Decimal(r["ContractedCost"]) for r in rows)


def test_the_platform_bills_and_the_operator_is_named(book, contract):
    newer = next(row for row in exported(book, contract, "1.4") if row["x_EntryId"] == "idle")
    older = next(row for row in exported(book, contract, "1.2") if row["x_EntryId"] == "idle")
    assert (newer["InvoiceIssuerName"], newer["ServiceProviderName"], newer["HostProviderName"]) == (
        "Borealis Cloud",
        "Borealis Cloud",
        "Cinder Compute",
    )
    assert (older["ProviderName"], older["PublisherName"]) == ("Borealis Cloud", "Cinder Compute")


def test_a_reversal_in_a_later_month_is_a_correction_with_everything_negated(book, contract):
    rows = {row["x_EntryId"]: row for row in exported(book, contract, "1.4") if row["x_EntryId"].startswith("wrong")}
    wrong, undone = rows["wrong"], rows["wrong-undone"]
    assert (wrong["ChargeClass"], undone["ChargeClass"]) == ("", "Correction")
    assert (wrong["InvoiceId"], undone["InvoiceId"]) == ("aster--borealis/2025-03", "aster--borealis/2025-05")
    for column in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity", "ConsumedQuantity"):
        assert Decimal(wrong[column]) == -Decimal(undone[column]) != 0
    assert undone["ContractedUnitPrice"] == wrong["ContractedUnitPrice"] == "2.50"


def test_a_prepayment_is_a_cost_when_it_is_used_and_not_when_it_is_bought(book, contract):
    rows = {row["x_EntryId"]: row for row in exported(book, contract, "1.4")}
    seen = {
        name: (rows[name]["ChargeCategory"], rows[name]["BilledCost"], rows[name]["EffectiveCost"])
        for name in ("short", "june", "use", "lost", "late")
    }
    assert seen == {
        "short": ("Purchase", "5000.00", "0"),
        "june": ("Usage", "2000.00", "2000.00"),
        "use": ("Adjustment", "-1500.00", "0"),
        "lost": ("Adjustment", "700.01", "700.01"),
        "late": ("Credit", "-123.45", "-123.45"),
    }


def test_a_charge_says_which_commitment_it_draws_down(book, contract):
    rows = {row["x_EntryId"]: row["ContractApplied"] for row in exported(book, contract, "1.4")}
    element = {"ContractId": "harbour", "ContractCommitmentId": "spend", "ContractCommitmentAppliedCost": 186000.0}
    assert json.loads(rows["march"]) == {"Elements": [element]}
    assert not rows["api"], "only training counts"
    assert not rows["late"]


def test_a_price_that_the_amount_does_not_follow_is_worked_back(books, contract):
    charge = books.charge("march", 3, "3000")
    odd = books.entry("odd", "charge", 3, books.owed("aster", "borealis", "charge", 700_000, "USD"), detail=charge.detail)
    (row,) = exported([odd], contract, "1.2")
    assert (row["BilledCost"], row["ContractedUnitPrice"], row["ListUnitPrice"]) == ("7000.00", "2.333333333333", "2.50")
    assert abs(Decimal(row["ContractedCost"]) - 7000) < Decimal("0.01")


def test_numbers_have_no_exponent_and_nothing_stands_for_null(book, contract):
    text = focus.to_csv(exported(book, contract, "1.2"), focus.COLUMNS["1.2"])
    rows = list(csv.DictReader(io.StringIO(text)))
    numbers = [row[c] for row in rows for c in ("BilledCost", "ListCost", "EffectiveCost", "PricingQuantity", "ContractedUnitPrice") if row[c]]
    assert numbers
    assert not any(set(number) - set("0123456789.-") for number in numbers)
    assert not any(row["CommitmentDiscountId"] for row in rows)


def test_the_contract_commitment_carries_amount_period_and_what_counts(contract):
    (row,) = focus.contract_commitments(contract)
    assert (row["ContractCommitmentCost"], row["ContractCommitmentDurationType"]) == ("1000000.00", "12 Months")
    assert (row["ContractCommitmentPeriodStart"], row["ContractCommitmentPeriodEnd"]) == ("2025-03-01T00:00:00Z", "2026-03-01T00:00:00Z")
    dimensions = [rule["Dimension"] for rule in json.loads(row["ContractCommitmentApplicability"])["Inclusions"]]
    assert dimensions == ["ServiceProviderName", "x_WorkloadClass"]


@pytest.mark.slow
def test_the_foundations_validator_finds_nothing_in_cost_and_usage_1_2(book, contract, focus_validator, misfires, tmp_path):
    file = tmp_path / "cost-and-usage.csv"
    file.write_text(focus.to_csv(exported(book, contract, "1.2"), focus.COLUMNS["1.2"]))
    assert focus_validator(file) <= set(misfires)


@pytest.mark.parametrize("rule", TEXTS)
def test_a_rule_that_the_validator_misreads_is_kept_by_its_words(rule, book, contract):
    assert [row["x_EntryId"] for row in exported(book, contract, "1.2") if not TEXTS[rule](row)] == []


@pytest.mark.slow
def test_a_rule_about_rows_without_a_reservation_misfires_where_every_row_has_one(book, contract, focus_validator, tmp_path):
    rows = [row for row in exported(book, contract, "1.2") if row["CapacityReservationId"] and row["CapacityReservationStatus"]]
    file = tmp_path / "cost-and-usage.csv"
    file.write_text(focus.to_csv(rows, focus.COLUMNS["1.2"]))
    broken = focus_validator(file)
    assert "CapacityReservationStatus-C-003-C" in broken, "no row is without a reservation, so by its words it has nothing to find"
    assert "CapacityReservationStatus-C-004-C" not in broken


@pytest.mark.slow
def test_the_foundations_validator_would_have_found_something(book, contract, focus_validator, misfires, tmp_path):
    rows = exported(book, contract, "1.2")
    rows[1]["BillingCurrency"] = "dollars"
    file = tmp_path / "cost-and-usage.csv"
    file.write_text(focus.to_csv(rows, focus.COLUMNS["1.2"]))
    broken = focus_validator(file) - set(misfires)
    assert "BillingCurrency" in {rule.split("-")[0] for rule in broken}


@pytest.mark.slow
def test_the_lint_for_1_4_is_clean_on_both_data_sets(book, contract, focus_toolkit, tmp_path):
    usage, commitments = tmp_path / "usage.csv", tmp_path / "commitments.csv"
    usage.write_text(focus.to_csv(exported(book, contract, "1.4"), focus.COLUMNS["1.4"]))
    commitments.write_text(focus.to_csv(focus.contract_commitments(contract), focus.COMMITMENT_COLUMNS))
    for file, dataset in ((usage, "cost-and-usage"), (commitments, "contract-commitment")):
        found = focus_toolkit(file, dataset)
        assert found.returncode == 0, found.stdout + found.stderr
        assert "lint OK" in found.stdout
    shutil.copy(commitments, usage)
    assert focus_toolkit(usage, "cost-and-usage").returncode != 0
