"""Settling from the command line: what it leaves, what it refuses, and that a refusal leaves nothing."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from dibs.cli.main import cli

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
