"""What cannot be settled is said, all of it, with its place; and nothing is settled then."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dibs.contract.load import load
from dibs.errors import BadInput
from dibs.quantities import instant_of
from dibs.settle.materials import read
from dibs.settle.settlement import settle

BAD = Path(__file__).resolve().parents[2] / "money" / "bad"
CASES = sorted(
    path for path in BAD.glob("*.yaml") if not path.name.endswith(".expected.yaml") and "journal" in path.read_text(encoding="utf-8")[:4000]
)


def findings_of(path):
    case = YAML(typ="safe").load(path)
    agreement = load(case["agreement"], "agreement.yaml")
    materials, findings = read(
        agreement=agreement,
        journal=case["journal"],
        build=case.get("build", ""),
        disputes=case.get("disputes", ""),
        starts=date(2025, 1, 1),
        until=date(2025, 7, 1),
    )
    if findings.errors:
        return sorted(findings.errors, key=lambda f: (f.where, f.code))
    with pytest.raises(BadInput) as caught:
        settle(materials, instant_of(date.fromisoformat(str(case["recorded"]))) if "recorded" in case else None)
    return list(caught.value.findings)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_each_is_found_with_its_place(path):
    expected = YAML(typ="safe").load(path.with_suffix(".expected.yaml"))
    found = [{"code": f.code, "line": f.where.line, "column": f.where.column} for f in findings_of(path)]
    assert found == expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_each_says_how_to_mend_it(path):
    for finding in findings_of(path):
        assert finding.fix
        assert "\n" not in finding.message
