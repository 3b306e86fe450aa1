"""Calls to addresses that somebody else named: to the internet only, not followed anywhere else, not for long.

A name is looked up once, every address it has is judged, and the connection is made to an address that was judged; so a
name that means the internet when it is checked and this machine when it is called gets nowhere.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpcore2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PATIENCE = 15.0
"""Seconds from the first look-up to the end of the answer."""
CONNECT = 5.0
"""Seconds to connect in."""
READ_MAX = 65_536
"""Bytes of an answer that are read, and dropped."""
CALLS = 64
"""So many connections are open at most, and so many names looked up at once (bound is in)."""
URL_MAX = 2_000
_ADDRESSES = 4
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NOWHERE = "the address is not one on the internet"


class NotSent(Exception):
    """It did not go through: why, in words that tell nothing about the network behind."""


def public(address: str) -> bool:
    """Whether an IP address is one on the internet, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def unfit(url: str, *, private: bool) -> str:
    """Why an address cannot be called; nothing if it can, as far as that is known before its name is looked up."""
    if len(url) > URL_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return f"it has more than {URL_MAX} characters, or some that an address does not have"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "it cannot be read"
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        return "it does not begin with `https://` or `http://` and a host"
    if parts.username is not None or parts.fragment:
        return "it holds a user, a password or a fragment, which are not sent"
    try:
        literal = public(parts.hostname)
    except ValueError:
        return ""
    return "" if literal or private else "it is not an address on the internet"


class _Judged(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were judged."""

    def __init__(self, *, private: bool, names: ThreadPoolExecutor) -> None:
        self._inner = httpcore2.AnyIOBackend()
        self._private = private
        self._names = names

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore2's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            found = await asyncio.get_running_loop().run_in_executor(self._names, look_up)
        except (OSError, UnicodeError) as error:
            raise NotSent("the name of the host is not known") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._private and not all(public(address) for address in addresses):
            raise NotSent(_NOWHERE)
        for address in addresses[:_ADDRESSES]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        raise NotSent("nobody answers there")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class Outward:
    """A caller.  Every call stands for itself: no cookies, no proxies, no redirects."""

    def __init__(self, *, private: bool = False) -> None:
        """`private`: addresses of this machine and of networks behind it may be called as well."""
        # Threads of its own: a name that answers slowly holds one for as long, and the service's own work needs the common ones.
        self._names = ThreadPoolExecutor(CALLS, thread_name_prefix="names")
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=CALLS,
            max_keepalive_connections=16,
            keepalive_expiry=5.0,
            network_backend=_Judged(private=private, names=self._names),
        )

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, int]:
        """Send something: the status of the answer, and in how many seconds to come again if it says so (else 0).  Raises `NotSent`."""
        timeouts = {"connect": CONNECT, "read": PATIENCE, "write": PATIENCE, "pool": PATIENCE}
        host = urlsplit(url).netloc
        sent = [(b"host", host.encode()), *((name.encode(), value.encode()) for name, value in headers.items())]
        try:
            async with (
                asyncio.timeout(PATIENCE),
                self._pool.stream("POST", url, headers=sent, content=content, extensions={"timeout": timeouts}) as answer,
            ):
                read = 0
                async for chunk in answer.aiter_stream():
                    read += len(chunk)
                    if read > READ_MAX:
                        break
                after = next((value for name, value in answer.headers if name.lower() == b"retry-after"), b"")
                return answer.status, int(after) if after.isdigit() and len(after) < 6 else 0
        except NotSent:
            raise
        except (TimeoutError, httpcore2.TimeoutException) as error:
            raise NotSent(f"no answer within {PATIENCE:.0f} seconds") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, ssl.SSLError, OSError, ValueError) as error:
            wrong = "the certificate is not good" if isinstance(error.__cause__ or error, ssl.SSLCertVerificationError) else "the connection broke"
            raise NotSent(wrong) from error

    async def close(self) -> None:
        """Hang up."""
        await self._pool.aclose()
        self._names.shutdown(wait=False, cancel_futures=True)
