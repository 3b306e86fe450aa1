"""A real server for the client to speak to: in this process without a socket, or on a port."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import httpx2
import pytest

import dibs
from dibs.client import Retries
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.testing.faults import LosesAnswers
from dibs.testing.listening import listening
from dibs.testing.service import running

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"
QUICK = Retries(attempts=4, pause=0.001, pause_max=0.002)


@pytest.fixture(scope="session")
def harbour():
    return compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))


@pytest.fixture
def go():
    """Run a coroutine to its end."""
    return asyncio.run


@pytest.fixture
def spoken(harbour):
    """A service, and a maker of clients of it whose answers can be lost."""

    @contextlib.asynccontextmanager
    async def open_service(**options):
        async with running(harbour, **options) as service, contextlib.AsyncExitStack() as stack:

            async def client(party, *, lose=(), **kind):
                transport = LosesAnswers(httpx2.ASGITransport(app=service.app), lose=lose)
                made = dibs.AsyncClient("http://dibs.test", service.token(party, **kind), retries=QUICK, transport=transport)
                made.transport = transport
                return await stack.enter_async_context(made)

            service.speaker = client
            yield service

    return open_service


@pytest.fixture
def server(harbour):
    with listening(harbour) as server:
        yield server
