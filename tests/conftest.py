"""What every test may be told on the command line."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("thorough", max_examples=2000, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="play only this world of the simulation (a failing test names it)")
    parser.addoption("--worlds", type=int, default=1000, help="how many worlds of the simulation to play (default: 1000)")
    parser.addoption("--fuzz", type=int, default=2, help="how often each operation of the service is asked in each way (default: 2)")
    parser.addoption("--golden", action="store_true", help="write the golden files anew instead of comparing with them; review the difference")


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int | None:
    """The one world to play, if one is named."""
    return request.config.getoption("--seed")


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return request.config.getoption("--golden")
