"""Commands about the text of an agreement."""

import json

import jsonschema
import pytest

import dibs as public
from dibs.contract.load import load

HARBOUR = "examples/harbour/agreement.yaml"


def test_a_good_agreement_has_no_finding(document, dibs):
    assert document("check", HARBOUR) == {"findings": []}
    assert "nothing found" in dibs("check", HARBOUR).stdout


def test_every_file_is_checked_and_every_finding_told_with_its_line(desk, dibs, document):
    (desk / "one.yaml").write_text("dibs: agreement/1\nid: one\n")
    (desk / "two.yaml").write_text("dibs: agreement/1\nid: two\nid: two\n")
    found = document("check", "one.yaml", HARBOUR, "two.yaml", exit_code=2)["findings"]
    assert {finding["where"].split(":")[0] for finding in found} == {"one.yaml", "two.yaml"}
    assert len(found) > 2
    told = dibs("check", "one.yaml", "two.yaml")
    assert told.exit_code == 2
    assert "     3 | id: two" in told.stdout
    assert "     " + "  | ^" in told.stdout
    assert "fix:" in told.stdout


def test_an_agreement_is_shown_as_it_stands_on_a_day(dibs):
    before = dibs("show", HARBOUR, "--on", "2024-06-01").stdout
    after = dibs("show", HARBOUR, "--on", "2025-03-01").stdout
    assert "exclusive-cloud" in before.split("Amendments")[0]
    assert "first-refusal" in after.split("Amendments")[0]
    assert "first-refusal" not in before.split("Amendments")[0]


def test_shown_as_data_each_clause_has_its_days_and_its_author(document):
    shown = document("show", HARBOUR, "--on", "2025-03-01")
    clauses = {clause["id"]: clause for clause in shown["clauses"]}
    assert list(clauses) == ["licence", "share-to-borealis", "profit-trigger", "api-hosting", "first-refusal", "own-build", "cloud-commitment"]
    assert (clauses["api-hosting"]["starts"], clauses["api-hosting"]["ends"], clauses["api-hosting"]["by"]) == (
        "2025-01-21",
        "2031-01-01",
        "first-call",
    )
    assert clauses["own-build"]["ends"] is None
    assert clauses["licence"]["by"] is None


def test_shown_as_yaml_the_whole_agreement_loads_to_the_same(dibs):
    text = dibs("show", HARBOUR, "--yaml").stdout
    assert load(text, "again.yaml") == public.load(HARBOUR)


@pytest.mark.parametrize("day", ["2024-06-01", "2025-03-01", "2032-01-01"])
def test_shown_as_yaml_on_a_day_it_is_one_text_that_answers_alike_on_that_day(day, dibs, document, desk):
    (desk / "then.yaml").write_text(dibs("show", HARBOUR, "--on", day, "--yaml").stdout)
    before, after = (document("matrix", name, "--on", day)["cells"] for name in (HARBOUR, "then.yaml"))
    assert [cell["answer"] for cell in before] == [cell["answer"] for cell in after]
    assert not public.load("then.yaml").amendments


def test_a_difference_names_what_came_what_went_and_what_stayed(document, dibs):
    found = document("diff", HARBOUR, "--from", "2025-01-20", "--to", "2025-01-21")
    assert [clause["id"] for clause in found["ended"]] == ["exclusive-cloud"]
    assert [clause["id"] for clause in found["added"]] == ["api-hosting", "first-refusal", "own-build"]
    assert [clause["id"] for clause in found["unchanged"]] == ["licence", "share-to-borealis", "profit-trigger"]
    assert found["versions"] == ["harbour", "first-call"]
    told = dibs("diff", HARBOUR, "--from", "2025-01-20", "--to", "2025-01-21").stdout
    assert "- exclusive-cloud" in told
    assert "unchanged: licence, share-to-borealis, profit-trigger" in told


def test_a_clause_that_reads_otherwise_is_shown_field_by_field_as_the_file_writes_it(desk, document):
    text = (desk / HARBOUR).read_text()
    (desk / "more.yaml").write_text(
        text
        + """  - id: second
    says: More time, and dearer.
    signed: 2026-01-01
    effective: 2026-01-01
    replaces:
      - id: share-to-borealis
        kind: revenue_share
        says: Aster pays Borealis a quarter of its revenue.
        payer: aster
        payee: borealis
        base: revenue
        rate: 25 %
        cap: 38e9 USD
        until: 2031-01-01
"""
    )
    [changed] = document("diff", "more.yaml", "--from", "2025-06-01", "--to", "2026-06-01")["changed"]
    fields = {field["field"]: (field["before"], field["after"]) for field in changed["fields"]}
    assert fields["rate"] == ("20 %", "25 %")
    assert fields["cap"] == (None, "38e9 USD")
    assert fields["from"] == ("2023-01-01", None)


@pytest.mark.parametrize("name", ["agreement", "scenario", "suppliers", "programme", "supplier"])
def test_a_schema_is_a_json_schema_with_and_without_json(name, dibs, document):
    schema = document("schema", name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(dibs("schema", name).stdout) == schema
