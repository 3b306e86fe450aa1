"""One run, five books: the tables of the report, the ledger, the statements, FOCUS and beancount come to the same, to the cent."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from dibs.cli.main import cli
from dibs.settle.focus import TOLD
from dibs.store.ledger import Ledger

ROOT = Path(__file__).parents[2]


def dibs(*words):
    result = CliRunner().invoke(cli, [*words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module", params=["harbour", pytest.param("stargate", marks=pytest.mark.slow)])
def settled(request, tmp_path_factory):
    """A shipped example, run, settled and handed to every other program."""
    folder = tmp_path_factory.mktemp("money") / "run"
    dibs("run", str(ROOT / "examples" / request.param), "--out", str(folder))
    document = dibs("settle", str(folder))
    dibs("export", "focus", str(folder), "--version", "1.2", "--to", str(folder / "focus-1.2"))
    dibs("export", "focus", str(folder), "--version", "1.4", "--to", str(folder / "focus-1.4"))
    dibs("export", "beancount", str(folder), "--to", str(folder / "money.beancount"))
    return folder, document


def rows(file):
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_report_tables_ledger_statements_focus_and_beancount_agree(settled):
    loader = pytest.importorskip("beancount.loader", reason="beancount is not installed")
    folder, document = settled

    report = defaultdict(Decimal)
    for row in rows(folder / "tables" / "money_flows.csv"):
        report[row["payer"], row["payee"], row["kind"]] += Decimal(row["amount"])
    report = {key: amount for key, amount in report.items() if amount}
    assert report == {(f["payer"], f["payee"], f["kind"]): Decimal(f["amount"]) for f in document["flows"]}

    ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
    assert ledger.check() == ()
    balances = {key: Decimal(amount) / 100 for key, amount in ledger.balances().items()}
    ledger.close()
    spends = {"charge", "late_credit", "take_or_pay", "revenue_share", "deferral_due"}
    for payer in {payer for payer, _, _ in report}:
        spent = sum((amount for (who, _, kind), amount in report.items() if who == payer and kind in spends), Decimal(0))
        accounts = (f"{payer}:expense:charges", f"{payer}:expense:revenue_share", f"{payer}:expense:late_credit", f"{payer}:expense:take_or_pay")
        booked = sum((balances.get((account, "USD"), Decimal(0)) for account in accounts), Decimal(0))
        not_due = -sum(amount for (path, _), amount in balances.items() if path.startswith(f"{payer}:deferred_payable:"))
        assert spent + not_due == booked

    stated = defaultdict(Decimal)
    closing = {}
    for file in sorted((folder / "statements").glob("*/*.csv")):
        party, _, counterparty = file.parent.name.partition("--")
        for row in rows(file):
            stated[party, counterparty, row["kind"]] += Decimal(row["amount"])
    for row in rows(folder / "statements" / "statements.csv"):
        closing[row["party"], row["counterparty"]] = Decimal(row["closing"])
    for (party, counterparty), amount in closing.items():
        claim = balances.get((f"{counterparty}:receivable:{party}", "USD"), Decimal(0)) + balances.get(
            (f"{counterparty}:payable:{party}", "USD"), Decimal(0)
        )
        assert amount == claim == sum(value for key, value in stated.items() if key[:2] == (party, counterparty))

    billed = sum((amount for (_, _, kind), amount in report.items() if kind in TOLD), Decimal(0))
    assert billed > 0
    for version in ("1.2", "1.4"):
        usage = rows(folder / f"focus-{version}" / "cost-and-usage.csv")
        assert sum(Decimal(row["BilledCost"]) for row in usage) == billed
    assert billed == sum((amount for (_, _, kind), amount in stated.items() if kind in TOLD), Decimal(0))

    loaded, errors, _ = loader.load_file(str(folder / "money.beancount"))
    assert errors == []
    paths = {directive.account: directive.meta["path"] for directive in loaded if type(directive).__name__ == "Open"}
    theirs = defaultdict(Decimal)
    for directive in loaded:
        if type(directive).__name__ == "Transaction":
            for line in directive.postings:
                theirs[paths[line.account], line.units.currency] += line.units.number
    assert {key: amount for key, amount in theirs.items() if amount} == balances


def test_the_judges_of_others_find_nothing_in_what_a_run_exports(settled, focus_validator, focus_toolkit, misfires):
    folder, _ = settled
    assert focus_validator(folder / "focus-1.2" / "cost-and-usage.csv") <= set(misfires)
    for dataset in ("cost-and-usage", "contract-commitment"):
        found = focus_toolkit(folder / "focus-1.4" / f"{dataset}.csv", dataset)
        assert found.returncode == 0, found.stdout + found.stderr
        assert "lint OK" in found.stdout


def test_settling_again_changes_nothing(settled):
    folder, document = settled
    kept = {file.name: file.read_bytes() for file in sorted((folder / "tables").glob("*.csv"))}
    pages = {file: file.read_bytes() for file in sorted((folder / "statements").rglob("*.html"))}
    assert dibs("settle", str(folder)) == document
    assert {file.name: file.read_bytes() for file in sorted((folder / "tables").glob("*.csv"))} == kept
    assert {file: file.read_bytes() for file in sorted((folder / "statements").rglob("*.html"))} == pages


def test_a_ledger_that_is_kept_takes_the_same_settlement_once(settled, tmp_path):
    folder, document = settled
    url = f"sqlite:///{tmp_path / 'kept.sqlite'}"
    for _ in range(2):
        assert dibs("settle", str(folder), "--out", str(tmp_path / "out"), "--ledger", url)["entries"] == document["entries"]
    ledger = Ledger(url)
    assert sum(1 for _ in ledger.entries()) == document["entries"]
    ledger.close()
    assert not (tmp_path / "out" / "ledger.sqlite").exists()
