"""Every operation of the service is a method of the client, and the other way round."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dibs.client.ask import Method
from dibs.client.client import STREAM, AsyncClient, Client
from dibs.client.operations import Operations
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


def test_both_clients_offer_the_same():
    def public(kind):
        return {name for name in dir(kind) if not name.startswith("_")}

    assert public(Client) == public(AsyncClient)
