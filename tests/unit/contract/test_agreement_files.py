"""Whole files: the good ones load as they stand, each bad one gives exactly the findings that stand beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dibs.contract import load, render

ROOT = Path(__file__).resolve().parents[3]
BAD = sorted(p for p in (ROOT / "tests/agreements/bad").glob("*.yaml") if not p.name.endswith(".expected.yaml"))
GOOD = [
    ROOT / "examples/harbour/agreement.yaml",
    *sorted((ROOT / "tests/agreements/good").glob("*.yaml")),
    *sorted((ROOT / "examples").glob("*/agreement.yaml")),
]


def by_name(path):
    return path.parent.name if path.name == "agreement.yaml" else path.stem


@pytest.mark.parametrize("path", dict.fromkeys(GOOD), ids=by_name)
def test_a_good_file_loads_without_an_error_and_comes_back_the_same(path):
    agreement, findings = load.parse(path.read_text(encoding="utf-8"), path.name)
    assert not findings.errors, [str(f) for f in findings.errors]
    assert load.load(render.to_yaml(agreement), "again.yaml") == agreement


def test_the_harbour_file_gives_no_finding_at_all():
    path = ROOT / "examples/harbour/agreement.yaml"
    assert load.parse(path.read_text(encoding="utf-8"), path.name)[1].items == []


def test_there_are_at_least_65_bad_agreements():
    assert len(BAD) >= 65


@pytest.mark.parametrize("path", BAD, ids=by_name)
def test_a_bad_file_gives_exactly_the_findings_beside_it(path):
    expected = YAML(typ="safe", pure=True).load(path.with_suffix(".expected.yaml"))
    agreement, findings = load.parse(path.read_text(encoding="utf-8"), path.name)
    found = [{"code": f.code, "line": f.where.line, "column": f.where.column, "severity": f.severity} for f in findings.items]
    assert found == expected
    assert (agreement is None) == any(f["severity"] == "error" for f in expected)


@pytest.mark.parametrize("path", BAD, ids=by_name)
def test_every_finding_is_said_so_that_a_person_can_mend_it(path):
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    for finding in load.parse(text, path.name)[1].items:
        for said in (finding.message, finding.fix):
            assert said, finding
            assert "\n" not in said, "one line"
            assert not said.endswith("."), "no full stop: the place and the fix follow"
            assert said[0] == "`" or not said[0].isupper() or said.startswith(("YAML",)), f"lower case: {said}"
        assert 1 <= finding.where.line <= len(lines)
        assert 1 <= finding.where.column <= len(lines[finding.where.line - 1]) + 1
        assert finding.where.file == path.name
