"""Settling from the command line: what it leaves, what it refuses, and that a refusal leaves nothing."""

import csv
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from dibs.cli.main import cli
from dibs.store.ledger import Ledger

HARBOUR = Path(__file__).parents[3] / "examples" / "harbour"


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A run of the tutorial's example."""
    folder = tmp_path_factory.mktemp("run") / "left"
    assert CliRunner().invoke(cli, ["run", str(HARBOUR), "--out", str(folder), "--json"]).exit_code == 0
    return folder


@pytest.fixture
def left(once, desk):
    """A copy of it that a test may spoil."""
    shutil.copytree(once, desk / "left")
    return desk / "left"


def test_settling_leaves_ledger_tables_and_statements(left, document):
    told = document("settle", "left")
    assert {"ledger.sqlite", "statements", "settlement.json", "run.json", "report.html"} <= {path.name for path in left.iterdir()}
    assert {"money_flows.csv", "burndown.csv", "share.csv", "funding.csv", "grants.csv"} <= {path.name for path in (left / "tables").iterdir()}
    pages = list((left / "statements").glob("*/*.html"))
    assert len(pages) == told["statements"] == len(list((left / "statements").glob("*/*.csv")))
    assert not (left / ".settling").exists()
    assert told["findings"] == []


def test_another_folder_leaves_the_runs_own_as_it_was(left, document, desk):
    before = sorted(path.name for path in left.rglob("*"))
    document("settle", "left", "--out", "elsewhere")
    assert sorted(path.name for path in left.rglob("*")) == before
    assert (desk / "elsewhere" / "ledger.sqlite").is_file()
    document("settle", "left", "--out", "elsewhere")


def test_a_folder_with_other_things_in_it_is_left_alone(left, document, desk):  # noqa: ARG001
    (desk / "mine").mkdir()
    (desk / "mine" / "diary.txt").write_text("keep")
    found = document("settle", "left", "--out", "mine", exit_code=2)
    assert [finding["code"] for finding in found["findings"]] == ["DIB192"]
    assert [path.name for path in (desk / "mine").iterdir()] == ["diary.txt"]


def test_what_is_no_run_is_refused(document, desk):
    (desk / "empty").mkdir()
    for folder, code in (("empty", "DIB241"), ("nowhere", "DIB180")):
        for words in (["settle", folder], ["export", "beancount", folder, "--to", "x"], ["commitment", "burndown", folder, "c"]):
            assert [finding["code"] for finding in document(*words, exit_code=2)["findings"]] == [code]


def test_a_run_that_lacks_its_journal_is_refused_and_nothing_is_written(left, document):
    (left / "journal.jsonl").unlink()
    assert [finding["code"] for finding in document("settle", "left", exit_code=2)["findings"]] == ["DIB241"]
    assert not (left / "ledger.sqlite").exists()


def test_a_commitment_is_told_month_by_month(left, document, dibs):  # noqa: ARG001
    told = document("commitment", "burndown", "left", "cloud-commitment")
    (text,) = told["texts"]
    assert (text["payer"], text["payee"], text["amount"]) == ("aster", "borealis", "12000000000.00")
    months = text["months"]
    assert months[0]["month"] == "2025-02-01"
    assert months[0]["due"] == "2026-02-01"
    assert "short on 2026-02-01" in dibs("commitment", "burndown", "left", "cloud-commitment").stdout


def test_an_unknown_commitment_is_refused_with_the_near_one(left, document):  # noqa: ARG001
    (finding,) = document("commitment", "burndown", "left", "cloud-comitment", exit_code=2)["findings"]
    assert finding["code"] == "DIB240"
    assert "did you mean `cloud-commitment`" in finding["message"]


def test_an_unreachable_ledger_fails_and_leaves_the_folder_as_it_was(left, document):
    before = sorted(path.name for path in left.rglob("*"))
    failed = document("settle", "left", "--ledger", "postgresql+psycopg://x:hush@127.0.0.1:1/none", exit_code=1)["failed"]
    assert failed["code"] == "DIB230"
    assert "hush" not in json.dumps(failed)
    assert sorted(path.name for path in left.rglob("*")) == before


def test_focus_and_beancount_are_written_where_they_were_asked_for(left, document, desk):  # noqa: ARG001
    newer = document("export", "focus", "left", "--to", "focus")
    assert newer["version"] == "1.4"
    assert {Path(file).name for file in newer["files"]} == {"cost-and-usage.csv", "contract-commitment.csv"}
    older = document("export", "focus", "left", "--version", "1.2", "--to", "focus-1.2")
    assert [Path(file).name for file in older["files"]] == ["cost-and-usage.csv"]
    with (desk / "focus-1.2" / "cost-and-usage.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == older["rows"] == newer["rows"]
    assert document("export", "beancount", "left", "--to", "money.beancount")["entries"] > 0
    assert (desk / "money.beancount").read_text().startswith('option "title"')


def test_a_version_of_focus_that_is_not_written_is_refused(left, document):  # noqa: ARG001
    (finding,) = document("export", "focus", "left", "--version", "1.3", "--to", "x", exit_code=2)["findings"]
    assert finding["code"] == "DIB186"


def test_a_reading_is_settled_into_a_folder_of_its_own(left, document):
    words = ("--reading", "profit-trigger=as-written")
    (finding,) = document("settle", "left", *words, exit_code=2)["findings"]
    assert finding["code"] == "DIB242"
    assert not (left / "ledger.sqlite").exists()
    assert document("settle", "left", "--out", "elsewhere", *words)["entries"] == document("settle", "left")["entries"]


def test_a_reading_that_nobody_wrote_is_refused(left, document):  # noqa: ARG001
    for words in (["settle", "left", "--out", "x"], ["commitment", "burndown", "left", "cloud-commitment"]):
        assert [f["code"] for f in document(*words, "--reading", "cloud-commitment=generous", exit_code=2)["findings"]] == ["DIB047"]


BECAUSE = ("--because", "two days were down")
JULY = ("--statement", "aster--borealis/2025-07", "--line", "1")


def rows(file):
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def owed(left):
    return {row["statement"]: Decimal(row["total"]) for row in rows(left / "statements" / "statements.csv")}


def charged(left):
    return sum(Decimal(r["amount"]) for r in rows(left / "tables" / "money_flows.csv") if (r["payee"], r["kind"]) == ("borealis", "charge"))


def test_a_contested_line_says_so_and_changes_no_amount(left, document):
    document("settle", "left")
    before = owed(left)
    told = document("dispute", "open", "left", *JULY, *BECAUSE)
    assert (told["dispute"], told["by"], told["entry"]) == ("d-1", "aster", "charge/h-01.g1/2025-07")
    assert owed(left) == before
    (line,) = [row for row in rows(left / "statements" / "aster--borealis" / "2025-07.csv") if row["line"] == "1"]
    assert line["dispute"] == "Aster Labs: two days were down"
    assert "(contested)" in (left / "statements" / "aster--borealis" / "2025-07.html").read_text()
    assert [(d["dispute"], d["outcome"]) for d in document("dispute", "list", "left")["disputes"]] == [("d-1", "open")]


def test_an_upheld_dispute_reverses_the_line_on_a_later_statement_and_all_books_follow(left, document, desk):
    document("settle", "left")
    before, was = owed(left), charged(left)
    amount = Decimal(document("dispute", "open", "left", *JULY, *BECAUSE, "--on", "2025-09-10")["amount"].split()[0])
    told = document("dispute", "resolve", "left", "d-1", "--upheld", "--because", "the log says so", "--on", "2025-10-15")
    assert told["reversal"] == "charge/h-01.g1/2025-07~reversed"
    after = owed(left)
    assert after["aster--borealis/2025-07"] == before["aster--borealis/2025-07"], "a closed statement stays"
    (line,) = [row for row in rows(left / "statements" / "aster--borealis" / "2025-10.csv") if row["entry"] == told["reversal"]]
    assert (Decimal(line["amount"]), line["decision"], line["recorded"]) == (-amount, "dispute:d-1", "2025-10-15T00:00:00Z")
    assert "upheld on 2025-10-15: the log says so" in line["act"]
    assert charged(left) == was - amount
    ledger = Ledger(f"sqlite:///{left / 'ledger.sqlite'}")
    assert ledger.check() == ()
    assert [(d.id, d.by) for d in ledger.disputes()] == [("d-1", "aster")]
    ledger.close()
    document("export", "focus", "left", "--to", "focus")
    (row,) = [row for row in rows(desk / "focus" / "cost-and-usage.csv") if row["x_EntryId"] == told["reversal"]]
    assert (row["ChargeClass"], Decimal(row["BilledCost"])) == ("Correction", -amount)


def test_what_was_taken_back_no_longer_counts_for_a_commitment(left, document):  # noqa: ARG001
    """The shortfall of February 2026 had counted the charge; what is missing now is reckoned anew, and said late."""

    def shortfall():
        return Decimal(document("commitment", "burndown", "left", "cloud-commitment")["texts"][0]["shortfalls"])

    before = shortfall()
    amount = Decimal(document("dispute", "open", "left", *JULY, *BECAUSE)["amount"].split()[0])
    document("dispute", "resolve", "left", "d-1", "--upheld", "--because", "agreed", "--on", "2027-01-01")
    assert shortfall() == before + amount


def test_a_share_that_was_taken_back_is_not_paid(left, document):
    document("settle", "left")
    files = sorted((left / "statements" / "aster--borealis").glob("*.csv"))
    month, share = next((file.stem, row) for file in files for row in rows(file) if row["kind"] == "revenue_share")
    document("dispute", "open", "left", "--statement", f"aster--borealis/{month}", "--line", share["line"], "--because", "counted twice")
    told = document("dispute", "resolve", "left", "d-1", "--upheld", "--because", "so it was")
    assert told["reversal"] == f"{share['entry']}~reversed"
    shared = [r for r in rows(left / "tables" / "share.csv") if r["clause"] == share["clause"] and r["month"] == share["from"][:10]]
    assert [Decimal(r["accrued"]) for r in shared] == [0]
    paid = [r for file in (left / "statements" / "aster--borealis").glob("*.csv") for r in rows(file) if r["kind"] == "payment"]
    assert f"payment/{share['entry'].partition('/')[2]}~reversed" in {r["entry"] for r in paid}


def test_a_rejected_dispute_leaves_the_line_and_cannot_be_resolved_again(left, document):
    document("settle", "left")
    before = owed(left)
    document("dispute", "open", "left", *JULY, *BECAUSE)
    assert document("dispute", "resolve", "left", "d-1", "--rejected", "--because", "the log says no")["reversal"] is None
    assert owed(left) == before
    again = document("dispute", "resolve", "left", "d-1", "--upheld", "--because", "after all", exit_code=2)
    assert [finding["code"] for finding in again["findings"]] == ["DIB244"]


def test_settling_again_keeps_what_is_contested(left, document):
    document("dispute", "open", "left", *JULY, *BECAUSE, "--by", "borealis")
    twice = document("dispute", "open", "left", *JULY, *BECAUSE, "--by", "borealis", exit_code=2)
    assert [finding["code"] for finding in twice["findings"]] == ["DIB244"]
    document("settle", "left")
    (line,) = [row for row in rows(left / "statements" / "aster--borealis" / "2025-07.csv") if row["line"] == "1"]
    assert line["dispute"] == "Borealis Cloud: two days were down"
