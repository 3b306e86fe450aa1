"""Messages that wait to be sent, as rows: of webhooks and of mail alike.

What is to be sent is written down before it is sent, together with how far the stream was read, so nothing is lost when
the process ends between two steps; it may be sent twice, and bears the same id then.  A row is claimed for a while by
one process; on PostgreSQL replicas pass over each other's rows (`SKIP LOCKED`), and when one dies its claim runs out.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dibs.quantities import Instant

PAUSES = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200)
"""Seconds before the second try, the third, and so on; the last one is repeated."""
LASTING = 2 * 86_400
"""Seconds after the first try in which it is tried again; the last try is at their end."""
KEEP = 30 * 86_400
"""Seconds for which it is kept what was sent and how."""

METADATA = sa.MetaData()
TABLES_LOCK = 0x64696273
"""The lock that whoever makes tables holds on PostgreSQL: `dibs` in ASCII."""


def make_tables(engine: sa.Engine, metadata: sa.MetaData = METADATA) -> None:
    """Make the tables that are not there; replicas that start together do it one after the other."""
    with engine.begin() as db:
        if db.dialect.name == "postgresql":
            db.execute(sa.select(sa.func.pg_advisory_xact_lock(TABLES_LOCK)))
        metadata.create_all(db)


def waiting_columns() -> tuple[sa.Column[Any], ...]:
    """What every message has: `status` is waiting, sent or failed."""
    return (
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("status", sa.String(10), nullable=False, index=True),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False, index=True),
        sa.Column("first_at", sa.BigInteger),
        sa.Column("done_at", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False, default=0),
        sa.Column("error", sa.String(200), nullable=False, default=""),
        sa.Column("claimed_by", sa.String(20), nullable=False, default=""),
        sa.Column("claimed_until", sa.BigInteger, nullable=False, default=0),
    )


def next_try(attempts: int, first: Instant, now: Instant) -> Instant | None:
    """When to try again after so many tries, the `first` of them then, the last of them now; nothing when it was the last."""
    if now >= first + LASTING:
        return None
    return min(now + PAUSES[min(attempts, len(PAUSES)) - 1], first + LASTING)


class Outbox:
    """The rows of one table of messages."""

    def __init__(self, engine: sa.Engine, table: sa.Table) -> None:
        """`table` has `waiting_columns`."""
        self._engine = engine
        self._table = table
        self._me = secrets.token_hex(8)

    def claim(self, at: Instant, limit: int, lease: int, *where: sa.ColumnElement[bool]) -> list[sa.Row[Any]]:
        """At most so many messages that are due, the longest due first, for this process alone until the `lease` (seconds) runs out."""
        t = self._table
        free = (
            sa.select(t.c.id)
            .where(t.c.status == "waiting", t.c.due_at <= at, t.c.claimed_until <= at, *where)
            .order_by(t.c.due_at, t.c.made_at, t.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._engine.begin() as db:
            rows = db.execute(
                sa.update(t).where(t.c.id.in_(free.scalar_subquery())).values(claimed_by=self._me, claimed_until=at + lease).returning(*t.c)
            ).all()
        return sorted(rows, key=lambda row: (row.due_at, row.made_at, row.id))

    def settle(self, row: sa.Row[Any], at: Instant, *, sent: bool, error: str = "", last: bool = False, **more: Any) -> str:
        """Write down how it went; another try follows a failure unless it was the `last`.  Returns the new status."""
        t = self._table
        first = row.first_at if row.first_at is not None else at
        attempts = row.attempts + 1
        again = None if sent or last else next_try(attempts, first, at)
        status = "sent" if sent else "failed" if again is None else "waiting"
        values = {"status": status, "attempts": attempts, "first_at": first, "error": error[:200], "claimed_until": 0, "claimed_by": "", **more}
        values["due_at" if again is not None else "done_at"] = again if again is not None else at
        with self._engine.begin() as db:
            db.execute(sa.update(t).where(t.c.id == row.id, t.c.claimed_by == self._me).values(**values))
        return status

    def release(self, rows: Sequence[sa.Row[Any]]) -> None:
        """Give back what was claimed and not tried."""
        if rows:
            t = self._table
            with self._engine.begin() as db:
                names = [row.id for row in rows]
                db.execute(sa.update(t).where(t.c.id.in_(names), t.c.claimed_by == self._me).values(claimed_by="", claimed_until=0))

    def release_all(self) -> None:
        """Give back what a process before this one had claimed: only where there is no other process."""
        with self._engine.begin() as db:
            db.execute(sa.update(self._table).where(self._table.c.claimed_until > 0).values(claimed_by="", claimed_until=0))

    def waiting(self) -> int:
        """How many messages wait."""
        with self._engine.connect() as db:
            return db.execute(sa.select(sa.func.count()).where(self._table.c.status == "waiting")).scalar_one()

    def forget(self, before: Instant) -> None:
        """Drop what was done with before an instant."""
        t = self._table
        with self._engine.begin() as db:
            db.execute(sa.delete(t).where(t.c.status != "waiting", t.c.done_at < before))
