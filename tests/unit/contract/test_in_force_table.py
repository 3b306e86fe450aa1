"""The cases of `tests/tables/contract/in_force.yaml`, one by one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dibs.contract import amend

TABLE = Path(__file__).resolve().parents[2] / "tables/contract/in_force.yaml"
CASES = [
    pytest.param(case, id=case["name"], marks=pytest.mark.statement(*case.get("statements", [])))
    for case in YAML(typ="safe", pure=True).load(TABLE.read_text(encoding="utf-8"))
]


def day(value):
    return value if value is None or isinstance(value, date) else date.fromisoformat(value)


@pytest.mark.parametrize("case", CASES)
def test_what_is_in_force(case, history):
    on, known = day(case["on"]), day(case.get("known"))
    assert amend.version_at(history, on, known) == case["version"]
    assert [c.id for c in amend.in_force(history, on, known)] == case["in_force"]
