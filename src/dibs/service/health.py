"""Whether the service lives, and whether it should get work: for load balancers, with no word about the book itself."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa
from starlette.responses import Response

from dibs.errors import DibsError
from dibs.procedure.procedure import due

if TYPE_CHECKING:
    from dibs.service.office import Office

LATE = 30
"""Seconds by which something may be overdue before the service counts as behind."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at: `ok`, or what is wrong in two words."""

    name: str
    status: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the service is."""

    status: str
    checks: tuple[Check, ...] = ()


def alive() -> Response:
    """The process answers."""
    return _respond(Health(status="alive"), 200)


async def ready(office: Office, engine: sa.Engine) -> Response:
    """The book can be written, nothing is overdue, and the service's own database answers."""
    checks = (
        Check(name="book", status=_book(office)),
        Check(name="clock", status=_clock(office)),
        Check(name="database", status=await asyncio.to_thread(_database, engine)),
    )
    good = all(check.status == "ok" for check in checks)
    return _respond(Health(status="ready" if good else "not ready", checks=checks), 200 if good else 503)


def _book(office: Office) -> str:
    if not office.at_work:
        return "not heard"
    return "ok" if office.failing is None else "not writable"


def _clock(office: Office) -> str:
    try:
        following = due(office.state)
    except DibsError:
        return "cannot be read"
    if following is not None and office.clock.now() - following > LATE:
        return "behind"
    return "ok" if time.monotonic() - office.looked_at < LATE else "stands still"


def _database(engine: sa.Engine) -> str:
    try:
        with engine.connect() as connection:
            connection.execute(sa.select(sa.literal(1)))
    except sa.exc.SQLAlchemyError:
        return "does not answer"
    return "ok"


def _respond(health: Health, status: int) -> Response:
    return Response(msgspec.json.encode(health), status_code=status, media_type="application/json", headers={"cache-control": "no-store"})
