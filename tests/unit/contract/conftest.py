"""The files that the tests of the contract layer share."""

from __future__ import annotations

from pathlib import Path

import pytest

from dibs.contract.load import load

ROOT = Path(__file__).resolve().parents[3]
HARBOUR = ROOT / "examples/harbour/agreement.yaml"
GOOD = sorted((ROOT / "tests/agreements/good").glob("*.yaml"))


@pytest.fixture(scope="session")
def harbour():
    return load(HARBOUR.read_text(encoding="utf-8"), "harbour.yaml")


@pytest.fixture(scope="session")
def history():
    return load((ROOT / "tests/agreements/good/history.yaml").read_text(encoding="utf-8"), "history.yaml")


@pytest.fixture(scope="session")
def every_kind():
    return load((ROOT / "tests/agreements/good/every-kind.yaml").read_text(encoding="utf-8"), "every-kind.yaml")
