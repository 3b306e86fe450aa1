"""Where work may run in the Stargate example: every cell of the matrix, every licence question, every other reading."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dibs.contract import readings
from dibs.decisions.compile import compile_agreement
from dibs.decisions.licence import may_use

TABLES = Path(__file__).resolve().parents[1] / "tables/examples"
MATRIX = YAML(typ="safe", pure=True).load((TABLES / "placement_matrix.yaml").read_text())
LICENCES = YAML(typ="safe", pure=True).load((TABLES / "licences.yaml").read_text())
READINGS = YAML(typ="safe", pure=True).load((TABLES / "readings.yaml").read_text())
SUB_SUPPLY_FROM = date(2023, 1, 1)


def marked(statements):
    return [pytest.mark.statement(*statements)] if statements else []


CELLS = [
    pytest.param(row["class"], version, cell, id=f"{row['row']}, {version}", marks=marked(cell.get("statements")))
    for row in MATRIX["rows"]
    for version, cell in row["cells"].items()
]


@pytest.mark.parametrize(("workload_class", "version", "cell"), CELLS)
def test_a_cell_of_the_placement_matrix(compiled, workload_class, version, cell):
    wrong = []
    for place, expected in cell.items():
        if place in {"name", "statements"}:
            continue
        for host in MATRIX["places"][place]:
            for on in MATRIX["versions"][version]:
                if place == "sub_supply" and on < SUB_SUPPLY_FROM:
                    continue
                answer = compiled.decide(workload_class=workload_class, host=host, on=on).answer
                if answer != expected:
                    wrong.append(f"{host} on {on}: {answer}, not {expected}")
    assert not wrong


def test_the_matrix_has_every_class_in_every_column(stargate):
    assert {row["class"] for row in MATRIX["rows"]} == set(stargate.workload_classes)
    assert all(list(row["cells"]) == list(MATRIX["versions"]) for row in MATRIX["rows"])
    assert len(CELLS) == len(stargate.workload_classes) * 5


@pytest.mark.statement("S01", "S42", "C01")
def test_before_microsoft_rented_from_others_only_its_own_machines_counted(compiled):
    for name in compiled.agreement.workload_classes:
        if name != "open_weight":
            assert compiled.decide(workload_class=name, host="azure-coreweave", on=date(2022, 12, 31)).answer == "refused"


@pytest.mark.parametrize(
    ("question", "version", "expected"),
    [
        pytest.param(q["ask"], version, expected, id=f"{q['name']}, {version}", marks=marked(q.get("statements")))
        for q in LICENCES["questions"]
        for version, expected in q["answers"].items()
    ],
)
def test_a_licence_question(compiled, question, version, expected):
    answers = {on: str(may_use(compiled, on=on, **question).answer) for on in LICENCES["versions"][version]}
    assert answers == dict.fromkeys(LICENCES["versions"][version], expected)


@pytest.mark.statement("S26")
def test_copilot_uses_the_licence_and_no_capacity_of_openai(compiled, stargate):
    permission = may_use(compiled, "microsoft", "models", "copilot", date(2025, 3, 1))
    assert [r.clause for r in permission.reasons] == ["ip-licence"]
    assert "copilot" not in stargate.workload_classes
    assert may_use(compiled, "microsoft", "models", "resale-to-rivals", date(2025, 3, 1)).answer == "refused"


@pytest.mark.statement("S27", "S28")
def test_the_licence_of_january_2025_runs_to_the_end_of_2030(stargate):
    left = without(stargate, ["M5", "M7"])
    assert may_use(left, "microsoft", "models", "copilot", date(2030, 12, 31)).answer == "permitted"
    assert may_use(left, "microsoft", "models", "copilot", date(2031, 1, 1)).answer == "refused"


def test_the_licence_of_october_2025_runs_through_2032(compiled):
    assert may_use(compiled, "microsoft", "models", "copilot", date(2032, 12, 31)).answer == "permitted"
    assert may_use(compiled, "microsoft", "models", "copilot", date(2033, 1, 1)).answer == "refused"


def test_until_april_2026_the_licence_keeps_others_out(compiled):
    def codes(on):
        return {str(r.code) for r in may_use(compiled, "amazon", "models", "own-products", on).reasons}

    assert "licence_exclusive" in codes(date(2025, 3, 1))
    assert "licence_exclusive" in codes(date(2026, 4, 26))
    assert codes(date(2026, 4, 27)) == {"licence_absent"}


@pytest.mark.statement("C12")
def test_read_as_not_exclusive_the_licence_of_january_2025_keeps_nobody_out(stargate):
    read = readings.take(stargate, {"ip-licence": "not-exclusive"})
    codes = {str(r.code) for r in may_use(read, "amazon", "models", "own-products", date(2025, 3, 1)).reasons}
    assert codes == {"licence_absent"}


@pytest.mark.parametrize("case", [pytest.param(c, id=c["name"], marks=marked(c.get("statements"))) for c in READINGS])
def test_another_reading(stargate, case):
    ask = {"workload_class": case["ask"]["class"], **{k: v for k, v in case["ask"].items() if k != "class"}}
    base = without(stargate, case.get("without", []))
    read = readings.take(base, case["readings"])
    assert compile_agreement(base).decide(**ask).answer == case["as_written"]
    assert compile_agreement(read).decide(**ask).answer == case["expect"]


@pytest.mark.statement("S19")
def test_the_dispute_names_both_readings_and_ends_with_m7(compiled):
    decision = compiled.decide(workload_class="agent_runtime", host="aws", on=date(2026, 3, 18))
    assert decision.answer == "undetermined"
    assert {r.clause for r in decision.reasons} == {"agent-runtime-hosting"}
    assert decision.flips_on == date(2026, 4, 27)


def without(agreement, gone):
    """The agreement as if its last amendments had not been made."""
    return dataclasses.replace(agreement, amendments=tuple(a for a in agreement.amendments if a.id not in gone))
