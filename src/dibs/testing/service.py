"""A service in the test's own process, spoken to as a client does: through HTTP, with tokens, without a socket.

    async with running(agreement) as service:
        aster = service.client("aster")
        answer = await aster.post("/v1/capacity-requests", json=need())

Its clock stands still until it is moved; everything else is the service that people run.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import sqlalchemy as sa
import uvicorn

from dibs.broker import Act
from dibs.journal.checkpoint import SigningKey
from dibs.procedure.commands import AdoptAgreement, DeclareCapacity
from dibs.service.access import Role
from dibs.service.accounts import Accounts
from dibs.service.app import make_app
from dibs.service.clocks import SteeredClock
from dibs.service.front import Front
from dibs.service.office import Office, house_of
from dibs.service.outlets import Outlets
from dibs.service.people import People
from dibs.service.runs import Runs
from dibs.service.server import Server
from dibs.store.ledger import Ledger
from dibs.store.memory import MemoryStore
from dibs.testing.acts import BEGIN
from dibs.web.routes import routes as pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.applications import Starlette

    from dibs.broker import Store
    from dibs.decisions.compile import Compiled
    from dibs.quantities import Instant
    from dibs.service.outlets import OutletSettings
    from dibs.service.traces import Traces


class Service:
    """A running service, and clients of it."""

    def __init__(self, app: Starlette, front: Front, clock: SteeredClock) -> None:
        """Takes what `running` made."""
        self.app = app
        self.front = front
        self.office = front.office
        self.clock = clock
        self._clients: list[httpx2.AsyncClient] = []

    def token(self, party: str, role: Role = Role.OPERATOR, person: str = "") -> str:
        """A token for somebody of a party."""
        return self.front.people.token(party, role, person or f"{role} of {party}", at=self.clock.now())

    def client(self, party: str, role: Role = Role.OPERATOR, person: str = "") -> httpx2.AsyncClient:
        """A client that shows a token of its own."""
        return self.bare({"authorization": f"Bearer {self.token(party, role, person)}"})

    def bare(self, headers: dict[str, str] | None = None) -> httpx2.AsyncClient:
        """A client that shows nothing but these headers."""
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=True)
        client = httpx2.AsyncClient(transport=transport, base_url="http://dibs.test", headers=headers)
        self._clients.append(client)
        return client

    async def move_to(self, instant: Instant) -> None:
        """Move the clock on, and let happen what is due."""
        self.clock.move_to(instant)
        self.office.wake()

    async def close(self) -> None:
        """Let the clients go."""
        for client in self._clients:
            await client.aclose()


@contextlib.asynccontextmanager
async def running(
    agreement: Compiled,
    store: Store | None = None,
    *,
    at: Instant = BEGIN,
    house: str = "",
    room: int = 100_000,
    scenarios: Path | None = None,
    outlets: OutletSettings | None = None,
    traces: Traces | None = None,
    folder: Path | None = None,
    sending: bool = False,
) -> AsyncIterator[Service]:
    """A service on a book (default: an empty one in memory) with the agreement adopted and `room` accelerators declared on every host.

    `folder` keeps what the service keeps beside the book, for one that is started again; `sending` has webhooks and
    mail go out by themselves, else a test says `service.front.outlets.webhooks.round()` when they should.
    """
    clock = SteeredClock(at, runs=False)
    kept = MemoryStore(signer=SigningKey("dibs.test/book", bytes(32))) if store is None else store
    office = Office(kept, agreement, clock=clock, house=house_of(agreement, house))
    if not kept.size:
        terms = agreement.agreement
        office.broker.submit(AdoptAgreement(by=office.house, digest=terms.digest))
        acts = [
            Act(command=DeclareCapacity(by=host.operator, host=host.id, sku=sku, steps=((at, room),)), at=at)
            for host in terms.hosts.values()
            for sku in host.skus
        ]
        office.broker.submit_each(acts)
    with tempfile.TemporaryDirectory() as passing:
        place = folder or Path(passing)
        engine = sa.create_engine(f"sqlite:///{place / 'service.db'}")
        accounts = Accounts(office, Ledger(f"sqlite:///{place / 'ledger.db'}"))
        runs = Runs(engine, folder=place / "runs", scenarios=scenarios, now=clock.now)
        people = People(engine, house=office.house)
        leaving = Outlets(office, engine, outlets, people=people, secret=bytes(32), traces=traces)
        front = Front(office, people, secret=bytes(32), accounts=accounts, runs=runs, outlets=leaving)
        service = Service(make_app(front, more=[*leaving.routes(), *pages(front)], middleware=leaving.middleware), front, clock)
        await office.open()
        if sending:
            await leaving.open()
        try:
            yield service
        finally:
            await service.close()
            await leaving.close()
            await runs.close()
            await office.close()
            accounts.close()
            engine.dispose()


@contextlib.asynccontextmanager
async def on_a_socket(service: Service) -> AsyncIterator[str]:
    """The same service behind a real web server, for what only shows on a socket.  Yields its address."""
    config = uvicorn.Config(service.app, host="127.0.0.1", port=0, lifespan="off", log_config=None, access_log=False)
    server = Server(config, service.office.feed)
    serving = asyncio.create_task(server.serve())
    await server.ready.wait()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def need(**fields: Any) -> dict[str, Any]:
    """A capacity request as a client sends it; what is named replaces its values."""
    return {
        "class": "training",
        "sku": "h100",
        "quantity": 5000,
        "start_earliest": "2025-06-01T00:00:00Z",
        "start_latest": "2025-09-01T00:00:00Z",
        "months": 12,
        **fields,
    }


def notice(request: str, **fields: Any) -> dict[str, Any]:
    """A complete notice about a request, as a client sends it."""
    terms = {
        "price": "2.10",
        "payment": "monthly in arrears",
        "take_or_pay": "0.8",
        "service_level": "0.999",
        "delivery_tolerance": 14 * 86_400,
        "address": "capacity desk",
        "regions": ["us-east", "us-west"],
        **fields,
    }
    return {"request": request, "terms": terms}
