"""A service on a port of this machine, in a thread of its own: for the client that blocks, and for the command line.

with listening(agreement) as server:
    client = dibs.Client(server.url, server.token("aster"))
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, TypeVar

import uvicorn

from dibs.service.access import Role
from dibs.testing.service import running

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from starlette.types import ASGIApp

    from dibs.decisions.compile import Compiled
    from dibs.testing.service import Service

T = TypeVar("T")

PATIENCE = 60
"""Seconds for anything that a test asks the service's thread to do."""


class Listening:
    """A service that listens."""

    def __init__(self, service: Service, loop: asyncio.AbstractEventLoop, url: str) -> None:
        """Takes what `listening` made."""
        self.service = service
        self.url = url
        self._loop = loop

    def token(self, party: str, role: Role = Role.OPERATOR, person: str = "") -> str:
        """A token for somebody of a party."""
        return self.service.token(party, role, person)

    def do(self, work: Coroutine[object, object, T]) -> T:
        """Have the service's own thread do something."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def move_to(self, instant: int) -> None:
        """Move its clock on, and let happen what is due."""
        self.do(self.service.move_to(instant))


@contextlib.contextmanager
def listening(agreement: Compiled, *, room: int = 100_000, around: type | None = None) -> Iterator[Listening]:
    """A service as `running` makes it, on a free port; `around` wraps the application, to lose answers or to refuse."""
    ready: list[Listening] = []
    failed: list[BaseException] = []
    known = threading.Event()

    async def serve() -> None:
        async with running(agreement, room=room) as service:
            app: ASGIApp = around(service.app) if around else service.app
            server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
            serving = asyncio.create_task(server.serve())
            while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            ready.append(Listening(service, asyncio.get_running_loop(), f"http://127.0.0.1:{port}"))
            known.set()
            await asyncio.to_thread(over.wait)
            server.should_exit = True
            await serving

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - it is raised where the test sees it
            failed.append(error)
        finally:
            known.set()

    over = threading.Event()
    thread = threading.Thread(target=work, name="listening")
    thread.start()
    try:
        known.wait(PATIENCE)
        if failed:
            raise failed[0]
        yield ready[0]
    finally:
        over.set()
        thread.join(PATIENCE)
    if failed:
        raise failed[0]
