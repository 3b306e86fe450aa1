"""A book of real acts under the agreement of the example, signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from dibs.broker import Broker
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.journal.checkpoint import SigningKey
from dibs.store.memory import MemoryStore
from dibs.testing.acts import BEGIN, life

HARBOUR = Path(__file__).resolve().parents[3] / "examples/harbour/agreement.yaml"


@pytest.fixture(scope="session")
def agreement():
    return compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))


@pytest.fixture(scope="session")
def key():
    return SigningKey("example.com/harbour", bytes(range(32)))


@pytest.fixture(scope="session")
def book(agreement, key):
    """Ten needs, answered in all five ways; do not change it."""
    store = MemoryStore(signer=key)
    broker = Broker(store, agreement)
    broker.adopt(agreement, by="aster", at=BEGIN)
    for act in life(10):
        broker.submit(act.command, at=act.at, key=act.key)
    broker.close()
    return store
