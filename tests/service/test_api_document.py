"""The OpenAPI document is whole, says what the code says, and is there for everybody."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import msgspec
import pytest
from jsonschema import Draft202012Validator

from dibs.service.examples import EXAMPLES
from dibs.service.openapi import document, path_of
from dibs.service.operation import NoBody
from dibs.service.routes import OPERATIONS
from dibs.service.soundness import unsound
from dibs.testing.service import running

DOCUMENT = json.loads(msgspec.json.encode(document(OPERATIONS)))
BY_NAME = {operation.name: operation for operation in OPERATIONS}


def references(part):
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_operation_is_in_it_once():
    found = [(path, method.upper(), said["operationId"]) for path, methods in DOCUMENT["paths"].items() for method, said in methods.items()]
    assert sorted(found) == sorted((path_of(o), o.method, o.name) for o in OPERATIONS)
    assert len({name for _, _, name in found}) == len(found)


def test_every_reference_leads_somewhere_and_every_schema_is_one():
    for reference in set(references(DOCUMENT)):
        part = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_everything_in_it_is_said_in_words():
    for methods in DOCUMENT["paths"].values():
        for said in methods.values():
            assert said["summary"]
            assert len(said["description"].splitlines()[0]) > 10, said["operationId"]
            assert said["tags"]
            for parameter in said["parameters"]:
                assert "$ref" in parameter or parameter["description"], (said["operationId"], parameter)
    assert all(tag["description"] for tag in DOCUMENT["tags"])


def test_a_write_can_be_repeated_and_supposed_and_every_error_is_a_problem():
    for path, methods in DOCUMENT["paths"].items():
        for method, said in methods.items():
            shared = {parameter.get("$ref", "").rpartition("/")[2] for parameter in said["parameters"]}
            assert (method != "get") == ({"DryRun", "IdempotencyKey"} <= shared), (method, path)
            errors = [answer for status, answer in said["responses"].items() if status >= "4"]
            assert errors
            assert all(answer["$ref"].startswith("#/components/responses/") for answer in errors)
    for problem in DOCUMENT["components"]["responses"].values():
        assert list(problem["content"]) == ["application/problem+json"]


def test_an_answer_says_what_it_never_leaves_out():
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["GrantList"]["required"] == ["items", "next"]
    assert "price" not in schemas["GrantView"]["required"]
    assert schemas["GrantView"]["properties"]["starts"]["format"] == "date-time"
    assert schemas["TermsShape"].get("required", []) == []


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_is_what_its_operation_takes(name):
    body = msgspec.convert(EXAMPLES[name], BY_NAME[name].body, strict=True)
    assert not list(unsound(body))


def test_what_takes_a_body_shows_one():
    assert sorted(o.name for o in OPERATIONS if o.body is not NoBody and o.name not in EXAMPLES) == []


def test_it_is_served_without_a_token_and_printed_by_the_command_line(harbour, go):
    async def look():
        async with running(harbour) as service:
            client = service.bare()
            served = await client.get("/openapi.json")
            assert (served.status_code, served.json()) == (200, DOCUMENT)
            page = (await client.get("/docs")).text
            assert all(f"id='{operation.name}'" in page for operation in OPERATIONS)
            assert not re.search(r"(?:src|href)=['\"](?!/openapi\.json)", page)

    go(look())
    printed = subprocess.run([sys.executable, "-m", "dibs", "schema", "openapi"], capture_output=True, text=True, check=True)
    assert json.loads(printed.stdout) == DOCUMENT
