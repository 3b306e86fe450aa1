"""What the service can be asked to do.

There is one value an operation, from which the routes, the OpenAPI document, the permissions and their table in the
docs are made:

    @operation("POST", "/v1/offers/{id}/responses", "Answer an offer", roles=ACTS, side="any", status=201)
    async def respond(call: Call[NewResponse, NoQuery]) -> OutcomeView: ...

The types of the body, of the query and of the answer are read from the function's signature.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args, get_type_hints

import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dibs.service.access import Actor, Role
    from dibs.service.front import Front

B = TypeVar("B")
Q = TypeVar("Q")

Side = Literal["house", "any", "nobody"]
"""Whose tokens may call it: only those of the party that keeps the book, those of every party, or no token is needed."""


class NoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing is sent."""


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address takes no parameters."""


class Page(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a list: at most `limit` items after `cursor`, which an answer before gave."""

    limit: typing.Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    cursor: typing.Annotated[str, msgspec.Meta(max_length=200)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[B, Q]):
    """One request, read and checked: who asks, for what."""

    front: Front
    actor: Actor
    body: B
    query: Q
    path: dict[str, str]
    key: str
    """What tells this act from others: made of the party and its `Idempotency-Key`."""
    dry_run: bool
    last_seen: str = ""
    """The `Last-Event-ID` of a stream that is taken up again."""

    @property
    def id(self) -> str:
        """The `{id}` in the path."""
        return self.path["id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing the service can be asked to do."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    name: str
    summary: str
    description: str
    roles: frozenset[Role]
    side: Side
    status: int
    body: type[Any]
    query: type[Any]
    answer: Any
    acts: bool
    """Whether it becomes an entry of the book, whose key makes a repeat harmless."""
    media: tuple[str, ...]
    """What else than JSON it may answer with."""
    run: Callable[[Call[Any, Any]], Awaitable[Any]]

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"


def operation(
    method: Literal["GET", "POST", "DELETE"],
    path: str,
    summary: str,
    *,
    roles: frozenset[Role],
    side: Side,
    status: int = 200,
    acts: bool = False,
    media: tuple[str, ...] = (),
) -> Callable[[Callable[[Call[Any, Any]], Awaitable[Any]]], Operation]:
    """Make a function an operation."""

    def decorate(function: Callable[[Call[Any, Any]], Awaitable[Any]]) -> Operation:
        hints = get_type_hints(function)
        body, query = get_args(hints["call"])
        return Operation(
            method=method,
            path=path,
            name=function.__name__,
            summary=summary,
            description=(function.__doc__ or "").strip(),
            roles=roles,
            side=side,
            status=status,
            body=body,
            query=query,
            answer=hints["return"],
            acts=acts,
            media=media,
            run=function,
        )

    return decorate
