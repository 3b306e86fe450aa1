"""The shipped examples as they load."""

from __future__ import annotations

from pathlib import Path

import pytest

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.simulate import scenario

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="session")
def stargate():
    return load((EXAMPLES / "stargate/agreement.yaml").read_text(), "examples/stargate/agreement.yaml")


@pytest.fixture(scope="session")
def compiled(stargate):
    return compile_agreement(stargate)


@pytest.fixture(scope="session")
def played():
    return scenario.load(EXAMPLES / "stargate")


@pytest.fixture(scope="session")
def harbour():
    return scenario.load(EXAMPLES / "harbour")
