"""A service on the harbour agreement, in this process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"


@pytest.fixture(scope="session")
def harbour():
    return compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))


@pytest.fixture
def go():
    """Run a coroutine to its end."""
    return asyncio.run
