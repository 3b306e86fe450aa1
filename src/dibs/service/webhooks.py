"""Events pushed to where a party wants them, as Standard Webhooks says: signed, tried again, safe to get twice.

An endpoint has a place of its own in its party's stream.  Moving that place on and writing down what is to be sent are
one transaction, so nothing is lost and nothing is sent that is not on record.  The bytes are read from the stream when
they are sent: the same event is the same bytes at every try, under the same `webhook-id`.

Secrets are not stored: they grow from the service's own secret, the endpoint's name and a number that a rotation moves
on, so the table alone signs nothing.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dibs.errors import DibsError
from dibs.service.clocks import MachineClock
from dibs.service.feed import CloudEvent, encode
from dibs.service.logs import say
from dibs.service.outbox import KEEP, LASTING, METADATA, PAUSES, Outbox, make_tables, waiting_columns
from dibs.service.outward import PATIENCE, NotSent, Outward, unfit
from dibs.service.problems import Problem, not_found
from dibs.service.shapes import EventView, when

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dibs.contract.model import PartyId
    from dibs.quantities import Instant
    from dibs.service.office import Office

ENDPOINTS = 20
"""So many endpoints a party may have (bound is in)."""
OVERLAP = 86_400
"""Seconds for which the secret before a rotation still signs, beside the new one."""
BACKLOG = 500
"""So many messages of one endpoint are written down ahead; the rest stays in the stream."""
BATCH = 10
TOGETHER = 16
"""So many endpoints are served at once."""
PAUSE_MAX = 300
"""An endpoint that fails is left alone for so many seconds at most before the next message is tried there."""
NOTE_EVERY = 60
"""Seconds by which the note of when an endpoint last took something may be behind: it is not worth a write each time."""
BREATH = 0.1
"""Seconds between two rounds at least: what comes in meanwhile goes out together."""
LOOK_EVERY = 5.0
"""Seconds after which it is looked whether another replica has made the first endpoint."""
PING = "dibs.Ping"

ENDPOINT = sa.Table(
    "service_webhook",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("party", sa.String(200), nullable=False, index=True),
    sa.Column("url", sa.String(2000), nullable=False),
    sa.Column("types", sa.Text, nullable=False),
    sa.Column("description", sa.String(500), nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.String(200), nullable=False),
    sa.Column("turn", sa.Integer, nullable=False, default=1),
    sa.Column("turned_at", sa.BigInteger),
    sa.Column("place", sa.BigInteger, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("paused_until", sa.BigInteger, nullable=False, default=0),
    sa.Column("delivered_at", sa.BigInteger),
    sa.Column("off_at", sa.BigInteger),
    sa.Column("off_because", sa.String(200), nullable=False, default=""),
    sa.Column("done", sa.String(100), nullable=False, default=""),
)
DELIVERY = sa.Table(
    "service_delivery",
    METADATA,
    *waiting_columns(),
    sa.Column("endpoint", sa.String(40), nullable=False, index=True),
    sa.Column("place", sa.BigInteger, nullable=False),
    sa.Column("answered", sa.Integer, nullable=False, default=0),
)
LEASE = int(BATCH * PATIENCE) + 30


class Webhooks:
    """The endpoints of one service, and what is on the way to them."""

    def __init__(self, office: Office, engine: sa.Engine, *, secret: bytes, private: bool = False) -> None:
        """`private`: endpoints may be on this machine or in networks behind it."""
        make_tables(engine)
        self._office = office
        self._engine = engine
        self._secret = secret
        self._private = private
        self._outbox = Outbox(engine, DELIVERY)
        self._outward: Outward | None = None
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._machine = MachineClock()
        self._none_until = 0.0
        self.on_off: list[Callable[[sa.Row[Any]], None]] = []
        """Told of every endpoint that is switched off because it failed for too long."""
        self.on_sent: list[Callable[[str, str], None]] = []
        """Told of every try: `webhook`, and what came of it."""

    # --- what its party does with an endpoint

    def add(
        self, party: PartyId, url: str, types: Sequence[str], *, by: str, name: str = "", description: str = "", keep: bool = True
    ) -> sa.Row[Any]:
        """A new endpoint, which hears what comes from now on.  Under a `name` that is there already with the same words, that one."""
        if why := unfit(url, private=self._private):
            raise Problem("DIB371", 422, "no address for a webhook", f"events cannot be sent to this address: {why}")
        known = self._find(name) if name else None
        if known is not None:
            if (known.party, known.url, known.types, known.description) != (party, url, ",".join(types), description):
                raise Problem("DIB308", 409, "the key was used before", "give every endpoint an idempotency key of its own")
            return known
        if len(self.of(party)) >= ENDPOINTS:
            raise Problem("DIB372", 409, "too many endpoints", f"a party has at most {ENDPOINTS} endpoints: delete one that is not used")
        values = {
            "id": name or f"hook-{secrets.token_hex(8)}",
            "party": party,
            "url": url,
            "types": ",".join(types),
            "description": description,
            "made_at": self._office.now(),
            "made_by": by,
            "place": self._office.feed.size(party),
        }
        with self._engine.connect() as db:
            db.execute(sa.insert(ENDPOINT).values(**values))
            row = db.execute(sa.select(ENDPOINT).where(ENDPOINT.c.id == values["id"])).one()
            if keep:
                db.commit()
        self._none_until = 0.0
        return row

    def of(self, party: PartyId) -> list[sa.Row[Any]]:
        """A party's endpoints, the oldest first."""
        with self._engine.connect() as db:
            return [*db.execute(sa.select(ENDPOINT).where(ENDPOINT.c.party == party).order_by(ENDPOINT.c.made_at, ENDPOINT.c.id))]

    def get(self, party: PartyId, name: str) -> sa.Row[Any]:
        """An endpoint of a party.  Raises `Problem` 404."""
        row = self._find(name)
        if row is None or row.party != party:
            raise not_found("webhook endpoint", name)
        return row

    def delete(self, party: PartyId, name: str) -> sa.Row[Any]:
        """Take an endpoint away, with what was on the way to it."""
        row = self.get(party, name)
        with self._engine.begin() as db:
            db.execute(sa.delete(DELIVERY).where(DELIVERY.c.endpoint == name))
            db.execute(sa.delete(ENDPOINT).where(ENDPOINT.c.id == name))
        return row

    def turn(self, party: PartyId, name: str, *, key: str = "") -> sa.Row[Any]:
        """A new secret; the one before it still signs for a day, beside it.  Once under a key, if nothing else came between."""
        row = self.get(party, name)
        done = f"turn {key}" if key else ""
        if not done or row.done != done:
            self._set(name, turn=ENDPOINT.c.turn + 1, turned_at=self._office.now(), done=done)
        return self.get(party, name)

    def replay(self, party: PartyId, name: str, place: int, *, key: str = "") -> sa.Row[Any]:
        """Send again what came after the first `place` events of the stream.  Raises `Problem` 409 for an endpoint that is off."""
        row = self.on(party, name)
        done = f"replay {key}" if key else ""
        if not done or row.done != done:
            self._set(name, place=min(place, row.place), paused_until=0, done=done)
        return self.get(party, name)

    def resume(self, party: PartyId, name: str) -> sa.Row[Any]:
        """Switch an endpoint on again: it goes on with what it failed for, and then where it stopped."""
        row = self.get(party, name)
        now = self._office.now()
        t = DELIVERY
        failed = sa.and_(t.c.status == "failed", t.c.done_at >= row.off_at) if row.off_at is not None else sa.false()
        again = {"status": "waiting", "due_at": now, "attempts": 0, "first_at": None, "done_at": None}
        with self._engine.begin() as db:
            db.execute(sa.update(t).where(t.c.endpoint == name, sa.or_(t.c.status == "waiting", failed)).values(**again))
        self._set(name, off_at=None, off_because="", failures=0, paused_until=0)
        return self.get(party, name)

    def ping(self, party: PartyId, name: str, *, message: str = "", keep: bool = True) -> sa.Row[Any]:
        """Send something that is no event, to see whether it arrives.  Raises `Problem` 409 for an endpoint that is off."""
        self.on(party, name)
        now = self._office.now()
        row = _fresh(f"msg_{name}_{message or secrets.token_hex(8)}", name, PING, -1, now)
        with self._engine.connect() as db:
            if known := db.execute(sa.select(DELIVERY).where(DELIVERY.c.id == row["id"])).one_or_none():
                return known
            db.execute(sa.insert(DELIVERY).values(**row))
            db.execute(sa.update(ENDPOINT).where(ENDPOINT.c.id == name).values(paused_until=0))
            made = db.execute(sa.select(DELIVERY).where(DELIVERY.c.id == row["id"])).one()
            if keep:
                db.commit()
        return made

    def deliveries(self, name: str, status: str = "", *, after: str = "", limit: int) -> list[sa.Row[Any]]:
        """At most so many of what was sent to an endpoint or is to be, the latest first.  Raises `KeyError` if it knows nothing of `after`."""
        t = DELIVERY
        rows = sa.select(t).where(t.c.endpoint == name).order_by(t.c.made_at.desc(), t.c.place.desc(), t.c.id).limit(limit)
        if status:
            rows = rows.where(t.c.status == status)
        with self._engine.connect() as db:
            if after:
                last = db.execute(sa.select(t.c.made_at, t.c.place).where(t.c.endpoint == name, t.c.id == after)).one_or_none()
                if last is None:
                    raise KeyError(after)
                beside = sa.or_(t.c.place < last.place, sa.and_(t.c.place == last.place, t.c.id > after))
                rows = rows.where(sa.or_(t.c.made_at < last.made_at, sa.and_(t.c.made_at == last.made_at, beside)))
            return [*db.execute(rows)]

    def secret(self, endpoint: sa.Row[Any], turn: int = 0) -> str:
        """An endpoint's secret, as it is shown once."""
        grown = hmac.digest(self._secret, f"webhook {endpoint.id} {turn or endpoint.turn}".encode(), "sha256")
        return f"whsec_{base64.b64encode(grown).decode()}"

    def old_until(self, endpoint: sa.Row[Any]) -> Instant | None:
        """Until when the secret before the present one signs as well; nothing if it does not."""
        until = None if endpoint.turned_at is None else int(endpoint.turned_at) + OVERLAP
        return until if until is not None and self._office.now() < until else None

    def waiting(self) -> int:
        """How many messages wait."""
        return self._outbox.waiting()

    # --- sending

    async def run(self) -> None:
        """Send what there is to send, for as long as the service runs."""
        if not self._office.store.shared:
            await asyncio.to_thread(self._outbox.release_all)
        heard, swept = 0, 0
        while not self._office.feed.ended:
            try:
                await self._start(wait=False)
                if self._office.now() - swept > 3600:
                    swept = self._office.now()
                    await asyncio.to_thread(self._outbox.forget, swept - KEEP)
            except (DibsError, sa.exc.SQLAlchemyError) as error:  # the next round tries again
                say("webhooks could not be looked after", level=logging.WARNING, error=error)
            heard = await self._office.feed.beyond(heard, within=1.0)
            await asyncio.sleep(BREATH)

    async def round(self) -> None:
        """Send everything that is due now, and wait until that is done."""
        while await self._start(wait=True):
            pass

    async def close(self) -> None:
        """Break off what is on the way; it is tried again after the next start."""
        tasks = [*self._busy.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._outward is not None:
            await self._outward.close()

    async def _start(self, *, wait: bool) -> bool:
        """Write down what the streams have for endpoints, and begin to serve those that have something due; whether any had."""
        _ = self._office.state  # takes in what other replicas have written
        now = self._office.now()
        if not wait and time.monotonic() < self._none_until:
            return False
        endpoints = await asyncio.to_thread(self._endpoints)
        if not endpoints:
            self._none_until = time.monotonic() + LOOK_EVERY
            return False
        for endpoint in endpoints:
            await self._enrol(endpoint, now)
        room = TOGETHER - len(self._busy)
        due = [name for name in await asyncio.to_thread(self._due, now) if name not in self._busy][:room]
        for name in due:
            task = asyncio.create_task(self._serve(name), name=f"webhook {name}")
            self._busy[name] = task
            task.add_done_callback(partial(self._done, name))
        if wait:
            await asyncio.gather(*self._busy.values())
        return bool(due)

    def _done(self, name: str, task: asyncio.Task[None]) -> None:
        self._busy.pop(name, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            say("an endpoint could not be served", level=logging.WARNING, error=error)

    def _endpoints(self) -> list[sa.Row[Any]]:
        """The endpoints that are on."""
        with self._engine.connect() as db:
            return [*db.execute(sa.select(ENDPOINT).where(ENDPOINT.c.off_at.is_(None)))]

    def _due(self, now: Instant) -> list[str]:
        on = sa.and_(ENDPOINT.c.id == DELIVERY.c.endpoint, ENDPOINT.c.off_at.is_(None), ENDPOINT.c.paused_until <= now)
        rows = sa.select(DELIVERY.c.endpoint).join(ENDPOINT, on).where(*_free(now)).group_by(DELIVERY.c.endpoint)
        with self._engine.connect() as db:
            return [*db.execute(rows.order_by(sa.func.min(DELIVERY.c.due_at))).scalars()]

    async def _enrol(self, endpoint: sa.Row[Any], now: Instant) -> None:
        """Write down what is to be sent next, and move the endpoint's place on, in one transaction."""
        if endpoint.place >= self._office.feed.size(endpoint.party):
            return
        types = frozenset(endpoint.types.split(",")) - {""}
        place = endpoint.place
        found: list[dict[str, Any]] = []
        room = BACKLOG - await asyncio.to_thread(self._ahead, endpoint.id)
        while len(found) < room and (events := self._office.feed.kinds(endpoint.party, place, BACKLOG)):
            for kind in events[: room - len(found)]:
                place += 1
                if not types or kind in types:
                    found.append(_fresh(_message(endpoint.id, place), endpoint.id, kind, place, now))
        if place > endpoint.place:
            await asyncio.to_thread(self._write_down, endpoint, place, found)

    def _ahead(self, name: str) -> int:
        with self._engine.connect() as db:
            query = sa.select(sa.func.count()).where(DELIVERY.c.endpoint == name, DELIVERY.c.status == "waiting")
            return db.execute(query).scalar_one()

    def _write_down(self, endpoint: sa.Row[Any], place: int, found: list[dict[str, Any]]) -> None:
        t = ENDPOINT
        with self._engine.begin() as db:
            moved = db.execute(sa.update(t).where(t.c.id == endpoint.id, t.c.place == endpoint.place).values(place=place))
            if moved.rowcount != 1 or not found:
                return  # another replica was faster
            names = [row["id"] for row in found]
            db.execute(sa.delete(DELIVERY).where(DELIVERY.c.id.in_(names)))  # of a replay: they are sent once more
            db.execute(sa.insert(DELIVERY), found)

    async def _serve(self, name: str) -> None:
        """Send an endpoint what is due for it, in order, until something goes wrong."""
        if self._outward is None:
            self._outward = Outward(private=self._private)
        while True:
            now = self._office.now()
            endpoint = await asyncio.to_thread(self._find, name)
            if endpoint is None or endpoint.off_at is not None or endpoint.paused_until > now:
                return
            rows = await asyncio.to_thread(self._outbox.claim, now, BATCH, LEASE, DELIVERY.c.endpoint == name)
            if not rows:
                return
            left = rows[:]
            try:
                while left:
                    if not await self._try(endpoint, left[0]):
                        left.pop(0)
                        return
                    left.pop(0)
            finally:
                self._outbox.release(left)

    async def _try(self, endpoint: sa.Row[Any], row: sa.Row[Any]) -> bool:
        """Send one message; whether the endpoint took it."""
        content = self._content(endpoint, row)
        if content is None:  # this replica has not heard of it yet
            await asyncio.to_thread(self._outbox.release, [row])
            return False
        assert self._outward is not None  # noqa: S101 - `_serve` made it
        status, again, why = 0, 0, ""
        try:
            status, again = await self._outward.post(endpoint.url, content, self.headers(endpoint, row.id, content))
        except NotSent as error:
            why = str(error)
        now = self._office.now()
        sent = 200 <= status < 300
        if status and not sent:
            why = f"it answered {status}"
        settle = partial(self._outbox.settle, row, now, sent=sent, error=why, last=status == 410, answered=status)
        result = await asyncio.to_thread(settle)
        await asyncio.to_thread(self._judge, endpoint, row, now, sent=sent, gone=status == 410, failed=result == "failed", again=again, why=why)
        for told in self.on_sent:
            told("webhook", "sent" if sent else result)
        return sent

    def _judge(self, endpoint: sa.Row[Any], row: sa.Row[Any], now: Instant, *, sent: bool, gone: bool, failed: bool, again: int, why: str) -> None:
        """What a try says about the endpoint itself."""
        if sent:
            if endpoint.failures or endpoint.paused_until or endpoint.delivered_at is None or now - endpoint.delivered_at >= NOTE_EVERY:
                self._set(endpoint.id, failures=0, paused_until=0, delivered_at=now)
            return
        first = row.first_at if row.first_at is not None else now
        fresh = self._find(endpoint.id)
        if fresh is None or fresh.off_at is not None:
            return
        silent = fresh.delivered_at is None or fresh.delivered_at < first
        if gone or (failed and silent):
            because = "it answered 410: gone" if gone else f"it failed for {LASTING // 86_400} days: {why}"
            self._set(endpoint.id, off_at=now, off_because=because[:200])
            say("an endpoint was switched off", {"endpoint": endpoint.id})
            for told in self.on_off:
                told(self._find(endpoint.id) or fresh)
            return
        pause = max(min(PAUSES[min(fresh.failures, len(PAUSES) - 1)], PAUSE_MAX), min(again, PAUSE_MAX))
        self._set(endpoint.id, failures=fresh.failures + 1, paused_until=now + pause)

    def _content(self, endpoint: sa.Row[Any], row: sa.Row[Any]) -> bytes | None:
        if row.place < 0:
            data = EventView(type="Ping", at=when(row.made_at), data={})
            source = f"/books/{self._office.house}/parties/{endpoint.party}"
            return encode(
                CloudEvent(specversion="1.0", id=row.id, source=source, type=PING, time=data.at, datacontenttype="application/json", data=data)
            )
        events = self._office.feed.events(endpoint.party, row.place - 1, 1)
        return encode(events[0]) if events else None

    def headers(self, endpoint: sa.Row[Any], message: str, content: bytes) -> dict[str, str]:
        """What Standard Webhooks asks for; every secret that is good signs.  The time is the machine's: receivers compare it with theirs."""
        now = self._machine.now()
        turns = [endpoint.turn]
        if self.old_until(endpoint) is not None:
            turns.append(endpoint.turn - 1)
        signed = f"{message}.{now}.".encode() + content
        keys = [base64.b64decode(self.secret(endpoint, turn).removeprefix("whsec_")) for turn in turns]
        signatures = [f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys]
        return {
            "content-type": "application/cloudevents+json",
            "user-agent": "dibs",
            "webhook-id": message,
            "webhook-timestamp": str(now),
            "webhook-signature": " ".join(signatures),
        }

    # --- rows

    def _find(self, name: str) -> sa.Row[Any] | None:
        with self._engine.connect() as db:
            return db.execute(sa.select(ENDPOINT).where(ENDPOINT.c.id == name)).one_or_none()

    def _set(self, name: str, **values: Any) -> None:
        with self._engine.begin() as db:
            db.execute(sa.update(ENDPOINT).where(ENDPOINT.c.id == name).values(**values))

    def on(self, party: PartyId, name: str) -> sa.Row[Any]:
        """An endpoint that is not switched off.  Raises `Problem` 404 or 409."""
        row = self.get(party, name)
        if row.off_at is not None:
            detail = f"`{name}` was switched off ({row.off_because}): mend it, and resume it first"
            raise Problem("DIB377", 409, "the endpoint is off", detail)
        return row


def _free(now: Instant) -> tuple[sa.ColumnElement[bool], ...]:
    return (DELIVERY.c.status == "waiting", DELIVERY.c.due_at <= now, DELIVERY.c.claimed_until <= now)


def _message(endpoint: str, place: int) -> str:
    """The `webhook-id` of an event for an endpoint: the same at every try and in every replay."""
    return f"msg_{endpoint}_{place}"


def _fresh(name: str, endpoint: str, kind: str, place: int, now: Instant) -> dict[str, Any]:
    return {"id": name, "endpoint": endpoint, "kind": kind, "place": place, "status": "waiting", "made_at": now, "due_at": now}
