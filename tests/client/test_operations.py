"""Every operation of the service is a method of the client, and the other way round."""

from __future__ import annotations

import subprocess
import sys
import types
import typing
from pathlib import Path

import msgspec
import pytest

from dibs.client import wire
from dibs.client.ask import Method
from dibs.client.client import STREAM, AsyncClient, Client
from dibs.client.operations import Operations
from dibs.service.operation import NoBody
from dibs.service.routes import OPERATIONS
from dibs.service.stream import EventStream

ROOT = Path(__file__).resolve().parents[2]
STREAMS = {operation.path for operation in OPERATIONS if operation.answer is EventStream}
ASKED = [operation for operation in OPERATIONS if operation.path not in STREAMS]


def methods():
    return {name: method for name, method in vars(Operations).items() if isinstance(method, Method)}


def test_every_operation_has_a_method_and_every_method_an_operation():
    assert sorted(methods()) == sorted(operation.name for operation in ASKED), "run `make docs`"


def test_what_streams_is_watched():
    assert {STREAM} == STREAMS


def test_the_client_is_what_the_operations_make_of_it():
    check = subprocess.run([sys.executable, ROOT / "tools/client.py", "--check"], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr + "run `make docs`"


@pytest.mark.parametrize("operation", ASKED, ids=lambda operation: operation.name)
def test_a_method_asks_what_its_operation_takes(operation):
    method = methods()[operation.name]
    assert operation.summary in method.__doc__
    for client in (Client, AsyncClient):
        assert getattr(client, operation.name) is method


def plain(kind):
    """What a type takes on the wire: its members and their types, without limits and descriptions."""
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="{name}")

    def stripped(found):
        if isinstance(found, dict):
            if "enum" in parts.get(found.get("$ref"), ()):
                return {"enum": parts[found["$ref"]]["enum"]}
            if found.get("format") == "date-time":
                return {"type": "string"}
            left = {name: stripped(value) for name, value in found.items() if name in SHAPE}
            return {name: value for name, value in left.items() if value != {}} if "$ref" not in left else {"$ref": left["$ref"]}
        return [stripped(one) for one in found] if isinstance(found, list) else found

    def properties(part):
        return {name: stripped(value) for name, value in part.get("properties", {}).items()}

    return stripped(schema), {name: properties(part) for name, part in parts.items()}


SHAPE = {"$ref", "type", "items", "anyOf", "additionalProperties", "format", "enum"}


def named(hint):
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return [one for one in parts if issubclass(one, msgspec.Struct)]


WIRE = {kind.__name__: kind for operation in ASKED for kind in (*named(operation.answer), *named(operation.body)) if kind is not NoBody}


@pytest.mark.parametrize("name", sorted(WIRE))
def test_what_goes_over_the_wire_has_the_same_shape_on_both_sides(name):
    ours, theirs = plain(getattr(wire, name)), plain(WIRE[name])
    assert set(ours[1]) <= set(theirs[1])
    for part, properties in ours[1].items():
        assert properties == theirs[1][part], part


def test_both_clients_offer_the_same():
    def public(kind):
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(Client) == public(AsyncClient)
