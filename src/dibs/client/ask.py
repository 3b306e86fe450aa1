"""One question to the server, and how a method that is written once serves both clients.

    class Operations:
        @operation
        def get_offer(self, id: str, /) -> Ask[OfferView]:
            return Ask(...)

On a `Client` the method gives an `OfferView`, on an `AsyncClient` something to wait for that gives one.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dibs.client.client import AsyncClient, Client

P = ParamSpec("P")
T = TypeVar("T")
Plain = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Generic[T]):
    """One question: what to send where, and how to read what comes back."""

    method: str
    path: str
    answer: Any
    """The type of the JSON that comes back; nothing if it is always a file."""
    file: bool = False
    """Whether a file may come back."""
    body: Any = None
    query: Mapping[str, Plain] | None = None
    key: str = ""
    """Tells this act from others; the client makes one where it is empty."""
    dry_run: bool = False

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the address, without those that are not given."""
        found = {name: _word(value) for name, value in (self.query or {}).items() if value is not None}
        return {**found, "dry_run": "true"} if self.dry_run else found


class Method(Generic[P, T]):
    """A method that asks one question."""

    def __init__(self, function: Callable[Concatenate[Any, P], Ask[T]]) -> None:
        """`function` makes the question."""
        self.asks = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Client, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AsyncClient, owner: type) -> Callable[P, Awaitable[T]]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        """The method of a client: the answer, or something to wait for."""
        if client is None:
            return self
        asks = self.asks

        @functools.wraps(asks)
        def method(*args: Any, **kwargs: Any) -> Any:
            return client.perform(asks(client, *args, **kwargs))

        return method


def operation(function: Callable[Concatenate[Any, P], Ask[T]]) -> Method[P, T]:
    """Make a function that makes a question a method of both clients."""
    return Method(function)


def part(value: str | int, *, slashes: bool = False) -> str:
    """A value as a part of a path."""
    return quote(str(value), safe="/" if slashes else "")


def _word(value: Plain) -> str:
    """A value as a parameter of an address."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
