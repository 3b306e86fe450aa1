"""The web server, which sends home whoever waits for events before it waits for their requests to end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import uvicorn

if TYPE_CHECKING:
    import socket


class Ends(Protocol):
    """What people wait on: the feed, or what stands before it."""

    def end(self) -> None:
        """Send them home."""


class Server(uvicorn.Server):
    """Uvicorn, which on its own would wait for streams that never end."""

    def __init__(self, config: uvicorn.Config, feed: Ends) -> None:
        """`feed` is what streams and long polls wait on."""
        super().__init__(config)
        self._feed = feed
        self.ready = asyncio.Event()
        """Set once it takes requests."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port."""
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking requests, end the streams, and wait for the rest."""
        self._feed.end()
        await super().shutdown(sockets)
