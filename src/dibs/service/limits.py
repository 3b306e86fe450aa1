"""What comes in is held to limits before anybody looks at it, and what goes out says how it is to be handled.

Sizes, patience, how often a token may ask and an address may guess, which host names are ours; and the headers that
tell browsers what a page of ours may load and who may show it.  Counts are kept in memory, by each replica for itself.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers, MutableHeaders

from dibs.service.access import bearer
from dibs.service.problems import Problem, respond_to

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_MAX: Final = 6_000_000
"""Bytes of a request (bound is in): an agreement of a million characters fits, however it is written."""
PATIENCE: Final = 30.0
"""Seconds in which a request has to be here as a whole."""
GUESSES: Final = 20
"""So many tokens that are not good may be shown from one address in a minute (bound is in)."""
COMPANY_CALLS: Final = 120
"""So often somebody at one address may go to their company's sign-in or come back in a minute (bound is in): each asks the provider."""
REMEMBERED: Final = 1_000
"""So many tokens that were good are remembered, to let them pass where others guess (bound is in)."""
SIGN_IN: Final = "/sign-in"
RECOGNISED: Final = "dibs.recognised"
"""What a request's state has once its token was found to be good: whatever else was answered tells nothing of that."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page of ours may load: nothing from elsewhere, no script but from files.  Pictures place their marks with style attributes."""
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""On every answer that does not say otherwise itself."""
HSTS: Final = "max-age=31536000; includeSubDomains"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one service allows."""

    rate: int = 0
    """Requests a minute for each token; 0 for no limit."""
    body: int = BODY_MAX
    guesses: int = GUESSES
    company: int = COMPANY_CALLS
    patience: float = PATIENCE
    hosts: frozenset[str] | None = None
    """Our names, without ports; numbers and `localhost` are let in besides.  None: whatever is called is ours."""
    secure: bool = False
    """Whether people come by https."""


class Gate:
    """Middleware around everything."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        """Nobody has come yet."""
        self._app = app
        self._limits = limits
        self._counts = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._rate = RateLimitItemPerMinute(limits.rate) if limits.rate else None
        self._guesses = RateLimitItemPerMinute(limits.guesses)
        self._company = RateLimitItemPerMinute(limits.company)
        self._good: dict[bytes, None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or say why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, started, status = Headers(scope=scope), False, 0
        shown = bearer(headers.get("authorization", ""))
        token = sha256(shown.encode()).digest() if shown else b""
        tries = "authorization" in headers or (scope["path"] == SIGN_IN and scope["method"] == "POST")
        state = scope.setdefault("state", {})
        address = _address(scope)
        told: dict[str, str] = {}

        async def sending(message: Message) -> None:
            nonlocal started, status
            if message["type"] == "http.response.start":
                started, status = True, message["status"]
                out = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    out.setdefault(name, value)
                if self._limits.secure:
                    out.setdefault("strict-transport-security", HSTS)
                for name, value in told.items():
                    out[name] = value
            await send(message)

        try:
            self._check_host(headers)
            if tries and token not in self._good:
                self._check_guesses(address)
            if scope["path"].startswith(f"{SIGN_IN}/"):
                self._check_company(address)
            if token and self._rate:
                told = self._check_rate(self._rate, token)
            await self._app(scope, self._bounded(headers, receive), sending)
        except Problem as problem:
            if started:
                raise
            await respond_to(problem)(scope, receive, sending)
            return
        if tries and status == 401:
            self._counts.hit(self._guesses, address)
            self._good.pop(token, None)
        elif token and state.get(RECOGNISED) and token not in self._good:
            if len(self._good) >= REMEMBERED:
                self._good.pop(next(iter(self._good)))
            self._good[token] = None

    def _check_host(self, headers: Headers) -> None:
        """Raise `Problem` 421 (DIB362) for a name that is not ours: a page elsewhere may have its own name lead here."""
        if self._limits.hosts is None:
            return
        host = headers.get("host", "")
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        try:
            ipaddress.ip_address(name)
        except ValueError:
            if name.lower() not in self._limits.hosts | {"localhost"}:
                detail = "the service does not go by that name: call it by its own, which `dibs serve --public-url` says"
                raise Problem("DIB362", 421, "not our name", detail) from None

    def _check_guesses(self, address: str) -> None:
        """Raise `Problem` 429 (DIB361) if tokens were guessed from there."""
        if not self._counts.test(self._guesses, address):
            wait = self._wait(self._guesses, address)
            detail = f"too many tokens that are not good were shown from your address: wait {wait} s"
            raise Problem("DIB361", 429, "too many tries", detail, retry=True, headers={"retry-after": str(wait)})

    def _check_company(self, address: str) -> None:
        """Raise `Problem` 429 (DIB361) if somebody there has gone to a company's sign-in too often."""
        key = f"company {address}"
        if not self._counts.hit(self._company, key):
            wait = self._wait(self._company, key)
            detail = f"the company's sign-in was asked for too often from your address: wait {wait} s"
            raise Problem("DIB361", 429, "too many tries", detail, retry=True, headers={"retry-after": str(wait)})

    def _check_rate(self, rate: RateLimitItemPerMinute, token: bytes) -> dict[str, str]:
        """How much of its share a token has left, as the headers tell it.  Raises `Problem` 429 (DIB361) if that is nothing."""
        allowed = self._counts.hit(rate, token.hex())
        seen, wait = self._counts.get_window_stats(rate, token.hex()), self._wait(rate, token.hex())
        told = {"ratelimit-policy": f'"token";q={rate.amount};w=60', "ratelimit": f'"token";r={seen.remaining};t={wait}'}
        if not allowed:
            detail = f"this token asks more than {rate.amount} times a minute: wait {wait} s, or ask for more at once"
            raise Problem("DIB361", 429, "too many requests", detail, retry=True, headers={"retry-after": str(wait), **told})
        return told

    def _wait(self, rate: RateLimitItemPerMinute, key: str) -> int:
        return max(1, round(self._counts.get_window_stats(rate, key).reset_time - time.time()))

    def _bounded(self, headers: Headers, receive: Receive) -> Receive:
        """The request as it comes in, up to what is allowed.  Raises `Problem` 413 (DIB360) and 408 (DIB363)."""
        limits = self._limits
        said = headers.get("content-length", "")
        if said.isdecimal() and int(said) > limits.body:
            raise _too_large(limits.body)
        size, whole = 0, False
        until = asyncio.get_running_loop().time() + limits.patience

        async def bounded() -> Message:
            nonlocal size, whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError as error:
                detail = f"a request has to be here within {limits.patience:g} s: send it faster, or less at once"
                raise Problem("DIB363", 408, "too slow", detail, retry=True, headers={"connection": "close"}) from error
            size += len(message.get("body", b""))
            if size > limits.body:
                raise _too_large(limits.body)
            whole = not message.get("more_body", False)
            return message

        return bounded


def _too_large(most: int) -> Problem:
    detail = f"a request has at most {most:_} bytes: send less at once"
    return Problem("DIB360", 413, "too large", detail, headers={"connection": "close"})


def _address(scope: Scope) -> str:
    """Where somebody calls from: of IPv6 the network, since a house has many addresses of it."""
    host = (scope.get("client") or ("nowhere", 0))[0]
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
