"""The published schemas say what the reader reads."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from dibs.simulate.schemas import FILES, schema

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = [ROOT / "tests/scenarios/good/small", ROOT / "examples/harbour", ROOT / "examples/stargate"]
YAMLS = [folder / f"{name}.yaml" for folder in FOLDERS for name in FILES if (folder / f"{name}.yaml").exists()]


def plain(path):
    """A file as JSON would have it: days as words."""

    def words(value):
        if isinstance(value, dict):
            return {words(k): words(v) for k, v in value.items()}
        if isinstance(value, list):
            return [words(v) for v in value]
        return value.isoformat() if isinstance(value, date) else value

    return words(YAML(typ="safe", pure=True).load(path.read_text()))


@pytest.mark.parametrize("path", YAMLS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_a_file_that_loads_fits_its_schema(path):
    Draft202012Validator(schema(path.stem)).validate(plain(path))


@pytest.mark.parametrize("name", list(FILES))
def test_a_schema_is_a_schema_and_describes_every_field(name):
    found = schema(name)
    Draft202012Validator.check_schema(found)
    assert all(p.get("description") or "$ref" in p for d in (found, *found["$defs"].values()) for p in d["properties"].values())


def test_a_slip_of_the_pen_does_not_fit():
    text = plain(FOLDERS[0] / "suppliers.yaml")
    text["hosts"]["delta-south"]["price"] = "2.80"
    assert not Draft202012Validator(schema("suppliers")).is_valid(text)
    text = plain(FOLDERS[0] / "scenario.yaml")
    text["sed"] = 7
    assert not Draft202012Validator(schema("scenario")).is_valid(text)
