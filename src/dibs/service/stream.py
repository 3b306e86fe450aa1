"""A party's events as they happen, as server-sent events (WHATWG HTML, section 9.2).

Nothing is queued for a reader: it stands at a position of its stream, and the next events are read from the book when
the ones before them have gone out.  So a slow reader costs nothing but its place, and one that takes nothing at all for
a while loses that; it comes back with its `Last-Event-ID` and misses nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import Response

from dibs.service.feed import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

    from dibs.contract.model import PartyId
    from dibs.service.feed import Feed

HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it is still there."""
PATIENCE = 30.0
"""Seconds in which a reader has to take what it was sent, or it is dropped."""
LIFE = 120.0
"""Seconds after which a stream ends, so that its reader shows again who it is; it misses nothing by that."""
LOOK_EVERY = 1.0
"""Seconds for which a token that was good counts as good."""
RETRY = 1_000
"""Milliseconds after which a reader that was cut off should come back."""
_CHUNK = 100


class EventStream(Response):
    """One reader of one stream."""

    media_type = "text/event-stream"

    def __init__(
        self,
        feed: Feed,
        party: PartyId,
        after: int,
        *,
        cursor: Callable[[int], str],
        wanted: Callable[[str], bool],
        good: Callable[[], bool],
        leave: Callable[[], None],
    ) -> None:
        """Begin after the first `after` events.

        `wanted` says which types the reader asked for, `good` whether its token still is; `leave` is called in the end.
        """
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._party = party
        self._at = after
        self._cursor = cursor
        self._wanted = wanted
        self._good = good
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the reader goes, takes nothing any more, its time is up, or the service stops."""
        going = asyncio.create_task(self._send(send, only_head=scope["method"] == "HEAD"))
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait((going, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._leave()
            gone.cancel()
            going.cancel()
            await asyncio.wait((going, gone))
        if not going.cancelled() and (error := going.exception()) is not None and not isinstance(error, TimeoutError | OSError):
            raise error

    async def _send(self, send: Send, *, only_head: bool) -> None:
        async with asyncio.timeout(PATIENCE):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if not only_head:
            await self._follow(send)
        await self._write(send, b"", more=False)

    async def _follow(self, send: Send) -> None:
        await self._write(send, f"retry: {RETRY}\n\n".encode())
        loop = asyncio.get_running_loop()
        until = loop.time() + LIFE
        looked = loop.time()
        while not self._feed.ended and loop.time() < until:
            if loop.time() - looked >= LOOK_EVERY:
                looked = loop.time()
                if not self._good():
                    return
            events = self._feed.events(self._party, self._at, _CHUNK)
            lines = [
                b"id: %b\nevent: %b\ndata: %b\n\n" % (self._cursor(self._at + nth).encode(), event.type.encode(), encode(event))
                for nth, event in enumerate(events, start=1)
                if self._wanted(event.type)
            ]
            self._at += len(events)
            if lines:
                await self._write(send, b"".join(lines))
            if not events and not await self._feed.more(self._party, self._at, within=HEARTBEAT) and not self._feed.ended:
                await self._write(send, b": still here\n\n")

    async def _write(self, send: Send, body: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(PATIENCE):
            await send({"type": "http.response.body", "body": body, "more_body": more})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
