"""Scenario folders: every fault of every file, each at its place; and what a good one holds."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dibs.contract import readings
from dibs.errors import BadInput
from dibs.simulate import scenario

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
SMALL = SCENARIOS / "good/small"
BAD = sorted(p for p in (SCENARIOS / "bad").iterdir() if p.is_dir())


def overlaid(folder):
    """The good scenario with the files of one bad folder in place of its own."""

    def read(name):
        path = folder / name if (folder / name).exists() else SMALL / name
        return path.read_bytes() if path.exists() else None

    return read


@pytest.mark.parametrize("folder", BAD, ids=lambda p: p.name)
def test_every_fault_of_a_bad_scenario_is_found_at_its_place(folder):
    found, findings = scenario.parse_files(overlaid(folder), "")
    expected = YAML(typ="safe", pure=True).load((folder.parent / f"{folder.name}.expected.yaml").read_text())
    listed = [
        {"code": f.code, "file": f.where.file, "line": f.where.line, "column": f.where.column}
        | ({"severity": "warning"} if f.severity == "warning" else {})
        for f in findings.items
    ]
    assert listed == expected
    assert (found is None) == any("severity" not in f for f in expected)
    for finding in findings.items:
        assert finding.fix
        assert "\n" not in finding.message


def test_a_good_scenario_has_no_finding():
    found, findings = scenario.parse(SMALL)
    assert findings.items == []
    assert [need.request.id for need in found.needs] == ["r1", "r2", "r3", "r4", "r5", "r6"]
    assert [(s.party, s.signal, s.unit) for s in found.signals] == [("aster", "profit", "USD")] * 2
    assert found.signals[1].since == found.signals[0].at


def test_a_folder_that_is_not_there_is_a_finding(tmp_path):
    with pytest.raises(BadInput, match="DIB100"):
        scenario.load(tmp_path / "nowhere")
    with pytest.raises(BadInput, match=r"scenario\.yaml"):
        scenario.load(tmp_path)


def test_a_product_waits_longer_than_an_ordinary_need():
    found = scenario.load(SMALL)
    ordinary, product = found.needs[0], found.needs[1]
    assert product.request.launch == "voice"
    waits = int(found.file.launch_waits.total_seconds())
    assert product.request.start_latest - int(timedelta(days=40).total_seconds()) == product.request.start_earliest + waits
    assert ordinary.request.start_latest == ordinary.request.start_earliest + int(timedelta(days=45).total_seconds())


def test_a_variant_is_the_agreement_with_its_changes():
    found = scenario.load(SMALL)
    exclusive = found.variant("exclusive")
    clauses = {c.id: c for c in readings.all_clauses(exclusive.agreement)}
    assert set(clauses) == {"api-hosting", "licence", "profit-trigger"}
    assert clauses["api-hosting"].classes == ("training", "research", "product", "api")
    assert exclusive.variant_name == "exclusive"
    assert exclusive.agreement.digest != found.agreement.digest
    assert exclusive.needs is found.needs
    short = {c.id: c for c in readings.all_clauses(found.variant("short").agreement)}
    assert short["first-refusal"].respond_within == timedelta(days=10)


def test_an_unknown_variant_is_refused_with_the_names_of_those_there_are():
    with pytest.raises(BadInput, match=r"DIB103.*did you mean `short`"):
        scenario.load(SMALL).variant("shrt")


def test_leaving_out_a_clause_leaves_out_every_mention_of_it():
    found = scenario.load(SMALL)
    text = SMALL.joinpath("scenario.yaml").read_text().replace("without: [first-refusal, own-build]", "without: [profit-trigger, licence]")
    changed, findings = scenario.parse_files(lambda name: text.encode() if name == "scenario.yaml" else overlaid(SMALL)(name), "")
    assert findings.items == []
    assert {c.id for c in readings.all_clauses(changed.variant("exclusive").agreement)} == {"api-hosting", "first-refusal", "own-build"}
    assert found.agreement == changed.agreement


def test_bad_rows_can_be_left_out_and_are_counted():
    lines = SMALL.joinpath("demand.csv").read_text().splitlines()
    lines[2] = lines[2].replace("800", "many")
    lines[4] = lines[4].replace("2000,1000", "2000")

    def read(name):
        return "\n".join(lines).encode() if name == "demand.csv" else overlaid(SMALL)(name)

    assert scenario.parse_files(read, "")[0] is None
    found, findings = scenario.parse_files(read, "", skip_bad=True)
    assert [need.request.id for need in found.needs] == ["r1", "r3", "r5", "r6"]
    assert found.skipped == 2
    assert {(f.code, f.severity) for f in findings.items} == {("DIB123", "warning"), ("DIB122", "warning")}


def test_what_a_scenario_holds_cannot_be_changed():
    found = scenario.load(SMALL)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.skipped = 3
