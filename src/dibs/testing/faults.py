"""Connections that break off at the worst moment: after the server has done what it was asked, and before it could say so."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import httpx2

if TYPE_CHECKING:
    from collections.abc import Iterable


class LosesAnswers(httpx2.AsyncBaseTransport):
    """Carries everything to the server, and loses some of the answers."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, lose: Iterable[bool] = ()) -> None:
        """`lose` says of one call after the other whether its answer is lost; when it ends, none is."""
        self._inner = inner
        self._lose = iter(lose)
        self._next = 0
        self.lost: Counter[str] = Counter()
        """How many answers were lost, by method and path."""

    def lose_next(self, count: int = 1) -> None:
        """Lose the answers of the next calls."""
        self._next += count

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry a request.  Raises `httpx2.ReadError` where the answer is lost."""
        response = await self._inner.handle_async_request(request)
        lose = next(self._lose, False)
        if self._next:
            self._next -= 1
            lose = True
        if lose:
            await response.aread()
            await response.aclose()
            self.lost[f"{request.method} {request.url.path}"] += 1
            message = "the connection broke off before the answer came"
            raise httpx2.ReadError(message)
        return response

    async def aclose(self) -> None:
        """Close the connection beneath."""
        await self._inner.aclose()
