"""Capacity: what hosts can deliver, what of it is promised, and what is free."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from dibs.procedure.commands import DeclareCapacity
from dibs.procedure.state import Book
from dibs.quantities import Instant
from dibs.service.access import ACTS, EVERYBODY, Actor
from dibs.service.front import Front
from dibs.service.operation import Call, NoBody, NoQuery, Page, operation
from dibs.service.problems import bad_query, not_found
from dibs.service.shapes import Count, Id, OutcomeView, When, Word, moment, when

YEAR = 366 * 86_400
STEPS_MAX = 1000
"""Steps of one declaration (bound is in)."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """So many accelerators from this instant on, until the next step."""

    from_: When
    quantity: Count


class NewCapacity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a host can deliver of one sku, in order of time.  It replaces what was declared before; promises stay promised."""

    host: Id
    sku: Word
    steps: Annotated[tuple[Step, ...], msgspec.Meta(max_length=STEPS_MAX)]
    price: Decimal | None = None


class DeclaredStep(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """So many accelerators from this instant on, until the next step."""

    from_: datetime
    quantity: int


class CapacityView(msgspec.Struct, frozen=True, kw_only=True):
    """What was declared last for a host and sku, and when."""

    host: str
    sku: str
    steps: tuple[DeclaredStep, ...]
    price: Decimal | None
    declared_at: datetime


class CapacityList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[CapacityView, ...]
    next: str | None = None


class Declarations(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of what was declared, by host and sku."""

    host: str = ""
    sku: str = ""


class Span(Page, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A part of the hosts, and the period to look at: from now on at the earliest, a year long if its end is not said."""

    host: str = ""
    sku: str = ""
    from_: When | None = None
    until: When | None = None


class AvailableStep(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """From this instant on, until the next step.  More may be promised than is declared, if less was declared later: then nothing is free."""

    from_: datetime
    declared: int
    promised: int
    free: int


class AvailabilityView(msgspec.Struct, frozen=True, kw_only=True):
    """One sku on one host over the period; `least_free` can be promised over all of it, `age` is how many seconds ago it was declared."""

    host: str
    sku: str
    steps: tuple[AvailableStep, ...]
    least_free: int
    declared_at: datetime
    age: int


class AvailabilityList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[AvailabilityView, ...]
    next: str | None = None


def _books(front: Front, actor: Actor, host: str, sku: str) -> list[tuple[str, tuple[str, str, Book]]]:
    """What was declared and is the actor's to see, in the order of host and sku."""
    return [
        (f"{at} {of}", (at, of, book))
        for (at, of), book in sorted(front.state.books.items())
        if front.sight.host(actor, at) and host in ("", at) and sku in ("", of)
    ]


def _declared_at(front: Front, host: str, sku: str) -> Instant:
    last = front.office.index.about("capacity", f"{host} {sku}")[-1]
    return front.office.store.read((last,))[0].at


@operation("POST", "/v1/capacity", "Declare capacity", roles=ACTS, side="any", status=201, acts=True)
async def declare_capacity(call: Call[NewCapacity, NoQuery]) -> OutcomeView:
    """States what a host can deliver, from each instant on."""
    body, actor = call.body, call.actor
    if not call.front.sight.host(actor, body.host):
        raise not_found("host", body.host)
    steps = tuple((moment(step.from_), step.quantity) for step in body.steps)
    command = DeclareCapacity(by=actor.party, host=body.host, sku=body.sku, steps=steps, price=body.price)
    return await call.front.act(call, command, subject=f"{body.host} {body.sku}", link=f"/v1/capacity?host={body.host}")


@operation("GET", "/v1/capacity", "List declared capacity", roles=EVERYBODY, side="any")
async def list_capacity(call: Call[NoBody, Declarations]) -> CapacityList:
    """What was declared last, by host and sku."""
    front, actor, query = call.front, call.actor, call.query

    def show(item: tuple[str, str, Book]) -> CapacityView:
        host, sku, book = item
        platform = front.office.agreement.agreement.hosts[host].platform
        return CapacityView(
            host=host,
            sku=sku,
            steps=tuple(DeclaredStep(from_=when(at), quantity=quantity) for at, quantity in book.steps),
            price=book.price if actor.house or actor.party == platform else None,
            declared_at=when(_declared_at(front, host, sku)),
        )

    items, following = front.page(_books(front, actor, query.host, query.sku), query, show)
    return CapacityList(items=items, next=following)


@operation("GET", "/v1/availability", "What is free", roles=EVERYBODY, side="any")
async def list_availability(call: Call[NoBody, Span]) -> AvailabilityList:
    """By host and sku: what is declared, what of it is promised and what is free, as steps over the period, and how old the declaration is."""
    front, actor, query = call.front, call.actor, call.query
    now = front.office.now()
    starts = max(moment(query.from_), now) if query.from_ else now
    ends = moment(query.until) if query.until else starts + YEAR
    if ends <= starts:
        raise bad_query("the period is over before it begins: `until` lies after `from`, and after now")

    def show(item: tuple[str, str, Book]) -> AvailabilityView:
        host, sku, book = item
        declared_at = _declared_at(front, host, sku)
        steps = _steps(book, starts, ends)
        return AvailabilityView(
            host=host, sku=sku, steps=steps, least_free=min(step.free for step in steps), declared_at=when(declared_at), age=now - declared_at
        )

    items, following = front.page(_books(front, actor, query.host, query.sku), query, show)
    return AvailabilityList(items=items, next=following)


def _steps(book: Book, starts: Instant, ends: Instant) -> tuple[AvailableStep, ...]:
    """Every change within the period, and how things stand when it begins."""
    declared, free = list(book.steps), book.free.steps()
    declared_at, free_at = [at for at, _ in declared], [at for at, _ in free]
    out: list[AvailableStep] = []
    for at in sorted({starts, *(at for at in (*declared_at, *free_at) if starts < at < ends)}):
        stated = declared[nth - 1][1] if (nth := bisect_right(declared_at, at)) else 0
        left = free[bisect_right(free_at, at) - 1][1]
        step = AvailableStep(from_=when(at), declared=stated, promised=stated - left, free=max(0, left))
        if not out or (out[-1].declared, out[-1].promised) != (step.declared, step.promised):
            out.append(step)
    return tuple(out)


OPERATIONS = (declare_capacity, list_capacity, list_availability)
