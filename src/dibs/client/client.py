"""The two clients.  Every operation is a method of both (`dibs.client.operations`); here is how each carries its questions."""

from __future__ import annotations

import asyncio
import os
import random
import time
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import httpx2

from dibs.client.operations import Operations
from dibs.client.talk import Following, Lost, Pause, Reply, Retries, Send, talk
from dibs.errors import BadInput, Finding, Mark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from dibs.client.ask import Ask
    from dibs.client.wire import CloudEvent

T = TypeVar("T")
I_co = TypeVar("I_co", covariant=True)

TIMEOUT = httpx2.Timeout(30.0, read=60.0)
"""Seconds to connect and to send; longer to read, because a list of events may be waited for."""
STREAM_TIMEOUT = httpx2.Timeout(30.0, read=60.0)
"""The server says at least every 15 seconds that it is still there."""
STREAM = "/v1/events/stream"


class Part(Protocol[I_co]):
    """A part of a list, and where the next one begins."""

    @property
    def items(self) -> tuple[I_co, ...]:
        """What is in it."""

    @property
    def next(self) -> str | None:
        """The cursor of the following part; nothing if this is the last."""


class Speaker(Operations):
    """What both clients are made with."""

    def __init__(self, server: str = "", token: str = "", *, retries: Retries | None = None, chance: random.Random | None = None) -> None:
        """What is left out is taken from `DIBS_SERVER` and `DIBS_TOKEN`.  Raises `BadInput` (DIB402) without an address or a token."""
        self.server = (server or os.environ.get("DIBS_SERVER", "")).rstrip("/")
        self._retries = retries or Retries()
        self._chance = chance or random.Random()  # noqa: S311 - it only spreads pauses
        token = token or os.environ.get("DIBS_TOKEN", "")
        findings = []
        if not self.server.startswith(("http://", "https://")):
            what = f"`{self.server}` is no address of a server" if self.server else "no server is named"
            findings.append(Finding("DIB402", what, Mark("server"), "name one: `https://dibs.example.com`, or put it into DIBS_SERVER"))
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            what = "what is given as token cannot be one" if token else "no token is given"
            findings.append(Finding("DIB402", what, Mark("token"), "put the token that an administrator of your party made into DIBS_TOKEN"))
        if findings:
            raise BadInput(findings)
        self._headers = {"authorization": f"Bearer {token}", "user-agent": "dibs-client"}

    def __repr__(self) -> str:
        """Whom it speaks to; never the token."""
        return f"<{type(self).__name__} of {self.server}>"

    def _request(self, http: httpx2.Client | httpx2.AsyncClient, send: Send) -> httpx2.Request:
        parameters = dict(send.parameters) or None
        return http.build_request(send.method, self.server + send.path, params=parameters, headers=dict(send.headers), content=send.content)

    def _following(self, cursor: str, types: str, start: str) -> Following:
        return Following(server=self.server, cursor=cursor, types=types, start=start, retries=self._retries, chance=self._chance)


class Client(Speaker):
    """A client that blocks.  Close it, or use it with `with`; it may be shared between threads.

    with dibs.Client("https://dibs.example.com", token) as client:
        offer = client.get_offer("off-1")
    """

    def __init__(
        self,
        server: str = "",
        token: str = "",
        *,
        retries: Retries | None = None,
        timeout: httpx2.Timeout | float = TIMEOUT,
        transport: httpx2.BaseTransport | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """As `Speaker`; `timeout` is in seconds, `transport` is for tests."""
        super().__init__(server, token, retries=retries, chance=chance)
        self._http = httpx2.Client(headers=self._headers, timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let its connections go."""
        self._http.close()

    def perform(self, ask: Ask[T]) -> T:
        """Ask one question.  Raises `Problem` if the server cannot do it, and `Unavailable` if it does not answer."""
        steps = talk(ask, server=self.server, retries=self._retries, chance=self._chance)
        heard: Reply | Lost | None = None
        while True:
            try:
                step = steps.send(heard)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            match step:
                case Pause(seconds=seconds):
                    time.sleep(seconds)
                    heard = None
                case Send():
                    try:
                        got = self._http.send(self._request(self._http, step))
                        heard = Reply(status=got.status_code, headers=got.headers, body=got.content)
                    except httpx2.TransportError as error:
                        heard = Lost(says=_says(error))

    def each(self, method: Callable[..., Part[T]], /, **parameters: Any) -> Iterator[T]:
        """Every item of a list, part after part: `client.each(client.list_offers, status="open")`."""
        cursor: str | None = None
        while True:
            part = method(**parameters, **({"cursor": cursor} if cursor else {}))
            yield from part.items
            if not part.next or part.next == cursor:
                return
            cursor = part.next

    def watch(self, cursor: str = "", *, types: str = "", start: str = "") -> Iterator[tuple[str, CloudEvent]]:
        """Every event as it happens, for ever, each with the cursor behind it.

        A stream that breaks off is opened again where it was; keep the cursor to go on there yourself another day.
        `start="now"` leaves out what has happened already.  Raises as `perform`.
        """
        following = self._following(cursor, types, start)
        while True:
            try:
                where, asked = self.server + STREAM, following.parameters
                opened = self._http.stream("GET", where, params=asked, headers=following.headers, timeout=STREAM_TIMEOUT)
                with opened as got:
                    if got.status_code == 200:
                        for line in got.iter_lines():
                            if (found := following.hear(line)) is not None:
                                yield found
                        pause = following.ended()
                    else:
                        pause = following.broken(Reply(status=got.status_code, headers=got.headers, body=got.read()))
            except httpx2.TransportError as error:
                pause = following.broken(Lost(says=_says(error)))
            time.sleep(pause)


class AsyncClient(Speaker):
    """A client that waits without blocking.  Close it, or use it with `async with`.

    async with dibs.AsyncClient("https://dibs.example.com", token) as client:
        offer = await client.get_offer("off-1")
    """

    def __init__(
        self,
        server: str = "",
        token: str = "",
        *,
        retries: Retries | None = None,
        timeout: httpx2.Timeout | float = TIMEOUT,
        transport: httpx2.AsyncBaseTransport | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """As `Speaker`; `timeout` is in seconds, `transport` is for tests."""
        super().__init__(server, token, retries=retries, chance=chance)
        self._http = httpx2.AsyncClient(headers=self._headers, timeout=timeout, transport=transport)

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Let its connections go."""
        await self._http.aclose()

    async def perform(self, ask: Ask[T]) -> T:
        """Ask one question.  Raises `Problem` if the server cannot do it, and `Unavailable` if it does not answer."""
        steps = talk(ask, server=self.server, retries=self._retries, chance=self._chance)
        heard: Reply | Lost | None = None
        while True:
            try:
                step = steps.send(heard)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            match step:
                case Pause(seconds=seconds):
                    await asyncio.sleep(seconds)
                    heard = None
                case Send():
                    try:
                        got = await self._http.send(self._request(self._http, step))
                        heard = Reply(status=got.status_code, headers=got.headers, body=got.content)
                    except httpx2.TransportError as error:
                        heard = Lost(says=_says(error))

    async def each(self, method: Callable[..., Awaitable[Part[T]]], /, **parameters: Any) -> AsyncIterator[T]:
        """Every item of a list, part after part: `client.each(client.list_offers, status="open")`."""
        cursor: str | None = None
        while True:
            part = await method(**parameters, **({"cursor": cursor} if cursor else {}))
            for item in part.items:
                yield item
            if not part.next or part.next == cursor:
                return
            cursor = part.next

    async def watch(self, cursor: str = "", *, types: str = "", start: str = "") -> AsyncIterator[tuple[str, CloudEvent]]:
        """Every event as it happens, for ever, each with the cursor behind it.

        A stream that breaks off is opened again where it was; keep the cursor to go on there yourself another day.
        `start="now"` leaves out what has happened already.  Raises as `perform`.
        """
        following = self._following(cursor, types, start)
        while True:
            try:
                where, asked = self.server + STREAM, following.parameters
                opened = self._http.stream("GET", where, params=asked, headers=following.headers, timeout=STREAM_TIMEOUT)
                async with opened as got:
                    if got.status_code == 200:
                        async for line in got.aiter_lines():
                            if (found := following.hear(line)) is not None:
                                yield found
                        pause = following.ended()
                    else:
                        pause = following.broken(Reply(status=got.status_code, headers=got.headers, body=await got.aread()))
            except httpx2.TransportError as error:
                pause = following.broken(Lost(says=_says(error)))
            await asyncio.sleep(pause)


def _says(error: httpx2.TransportError) -> str:
    """What became of a connection, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
