"""Around every request: an id, a line in the log, a count, and a span where traces are wanted."""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Route

from dibs.service.logs import REQUEST, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dibs.service.metrics import Metrics
    from dibs.service.traces import Traces

_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KNOWN = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ELSEWHERE = "(no route)"
"""What a path counts as that nothing answers to: whoever tries addresses makes no new labels."""


class Attendance:
    """Middleware that attends to every request and changes none."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, traces: Traces | None = None) -> None:
        """Attend to an application."""
        self._app = app
        self._metrics = metrics
        self._traces = traces
        self._routes: dict[int, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on and see how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        name = given if _GIVEN.fullmatch(given) else secrets.token_hex(8)
        method = scope["method"] if scope["method"] in _KNOWN else "OTHER"
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = name
            await send(message)

        token = REQUEST.set(name)
        began = time.perf_counter()
        with self._traces.request(method, headers) if self._traces else contextlib.nullcontext() as span:
            try:
                await self._app(scope, receive, sending)
            except Exception as error:
                status = status or 500
                say("a request failed", {"route": self._route(scope)}, level=logging.ERROR, error=error)
                raise
            finally:
                seconds = time.perf_counter() - began
                route = self._route(scope)
                if span is not None:
                    span.end(route, status)
                self._metrics.answered(method, route, status, seconds)
                say("request", {"method": method, "route": route, "status": status, "milliseconds": round(seconds * 1000, 2)})
                REQUEST.reset(token)

    def _route(self, scope: Scope) -> str:
        """The route with its gaps, as `/v1/offers/{id}`."""
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return ELSEWHERE
        if not self._routes:
            self._routes = dict(_paths(scope["app"].routes))
        return self._routes.get(id(endpoint), ELSEWHERE)


def _paths(routes: Iterable[object], before: str = "") -> Iterable[tuple[int, str]]:
    for route in routes:
        if isinstance(route, Route):
            yield id(route.endpoint), before + route.path
        else:
            path = before + getattr(route, "path", "")
            yield id(getattr(route, "app", None)), f"{path}/…"
            yield from _paths(getattr(route, "routes", None) or (), path)
