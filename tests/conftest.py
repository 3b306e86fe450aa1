"""What every test may be told on the command line."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from dibs.testing.databases import PostgresServer, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile("thorough", max_examples=2000, deadline=None)
_NUMBERS = itertools.count()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="play only this world of the simulation (a failing test names it)")
    parser.addoption("--worlds", type=int, default=1000, help="how many worlds of the simulation to play (default: 1000)")
    parser.addoption("--offers", type=int, default=400, help="how many offers the replicas race for (default: 400)")
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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of our own for the whole session, or a skip that says why there is none."""
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL is installed")
    if reason := why_not():
        pytest.skip(reason)
    with PostgresServer(fsync="off") as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The address of an empty database."""
    return postgres_server.database(f"test_{next(_NUMBERS)}")
