"""The JSON Schema: what the loader reads, the schema lets through, and most of what it refuses, it refuses too."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from dibs.contract import model, render
from dibs.contract.fields import FIELDS
from dibs.contract.load import load
from dibs.contract.schema import schema

ROOT = Path(__file__).resolve().parents[3]
GOOD = [*sorted((ROOT / "tests/agreements/good").glob("*.yaml")), *sorted((ROOT / "examples").glob("*/agreement.yaml"))]
BAD = sorted(p for p in (ROOT / "tests/agreements/bad").glob("*.yaml") if not p.name.endswith(".expected.yaml"))
STRUCTURAL = [p for p in BAD if re.match(r"DIB0(1[1-9]|2\d)", p.name) and p.name != "DIB028-impossible-day.yaml"]
"""A pattern knows how a day is written, not which days there are."""


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


def plain(text):
    """A document as an editor sees it: YAML 1.2, in which days are words and keys are strings."""

    def words(value):
        if isinstance(value, dict):
            return {str(k): words(v) for k, v in value.items()}
        if isinstance(value, list):
            return [words(v) for v in value]
        return value.isoformat() if hasattr(value, "isoformat") else value

    yaml = YAML(typ="safe", pure=True)
    return words(yaml.load(text))


def by_name(path):
    return path.parent.name if path.name == "agreement.yaml" else path.stem


@pytest.mark.parametrize("path", GOOD, ids=by_name)
def test_a_good_file_is_valid(path, validator):
    errors = [e.message for e in validator.iter_errors(plain(path.read_text(encoding="utf-8")))]
    assert errors == []


@pytest.mark.parametrize("path", GOOD, ids=by_name)
def test_what_is_written_back_is_valid(path, validator):
    text = render.to_yaml(load(path.read_text(encoding="utf-8"), path.name))
    assert [e.message for e in validator.iter_errors(plain(text))] == []


@pytest.mark.parametrize("path", STRUCTURAL, ids=by_name)
def test_a_file_with_a_fault_of_form_is_not_valid(path, validator):
    assert not validator.is_valid(plain(path.read_text(encoding="utf-8")))


def test_most_of_the_faults_of_form_are_covered():
    assert len(STRUCTURAL) >= 20


def test_every_field_has_its_description_from_the_model():
    made = schema()["$defs"]
    for kind, cls in model.CLAUSE_KINDS.items():
        for field in FIELDS[cls]:
            said = made[kind]["properties"][field.key]["description"]
            assert said.startswith(field.says)
            assert not field.unit or field.unit in said
    assert "Default: 30 days." in made["pre_emption"]["properties"]["respond_within"]["description"]


def test_required_keys_are_those_without_a_default():
    made = schema()["$defs"]
    assert made["revenue_share"]["required"] == ["kind", "id", "says", "payer", "payee", "base"]


def test_a_clause_of_one_kind_may_not_have_the_keys_of_another(validator):
    document = plain((ROOT / "examples/harbour/agreement.yaml").read_text(encoding="utf-8"))
    assert validator.is_valid(document)
    wrong = copy.deepcopy(document)
    wrong["clauses"][0]["rate"] = "20 %"
    assert not validator.is_valid(wrong)


def test_a_reading_sets_only_what_its_clause_has(validator):
    document = plain((ROOT / "examples/harbour/agreement.yaml").read_text(encoding="utf-8"))
    document["clauses"][2]["readings"] = {"less": {"says": "A tenth.", "sets": {"rate": "10 %"}}}
    assert validator.is_valid(document)
    document["clauses"][2]["readings"]["less"]["sets"] = {"platform": "aster"}
    assert not validator.is_valid(document)


def test_there_is_no_schema_of_what_this_layer_does_not_know():
    with pytest.raises(KeyError):
        schema("menu")
