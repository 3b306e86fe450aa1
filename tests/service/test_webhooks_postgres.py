"""On PostgreSQL several replicas send, and no message goes out twice while all of them live."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
import sqlalchemy as sa

from dibs.service.outbox import METADATA, Outbox
from dibs.service.outlets import Outlets, OutletSettings
from dibs.service.webhooks import DELIVERY
from dibs.testing.receiver import Receiver
from dibs.testing.service import need, notice, running

databases = pytest.importorskip("dibs.testing.databases", reason="no throw-away PostgreSQL")


@pytest.fixture(scope="module")
def address():
    """An empty database."""
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL is installed")
    if reason := databases.why_not():
        pytest.skip(reason)
    with databases.PostgresServer(fsync="off") as server:
        yield server.database("outbox").replace("postgresql://", "postgresql+psycopg://", 1)


def test_replicas_claim_different_messages_and_do_not_wait_for_each_other(address):
    engine = sa.create_engine(address)
    METADATA.create_all(engine)
    row = {"endpoint": "hook", "kind": "dibs.Ping", "place": -1, "status": "waiting", "made_at": 0, "due_at": 0}
    with engine.begin() as db:
        db.execute(sa.insert(DELIVERY), [row | {"id": f"m{nth:04}"} for nth in range(400)])
    claimed, wrong = [], []

    def claims():
        box = Outbox(engine, DELIVERY)
        try:
            while rows := box.claim(10, 7, 60):
                claimed.extend(r.id for r in rows)
                for r in rows[:3]:
                    box.settle(r, 11, sent=True)
        except sa.exc.SQLAlchemyError as error:
            wrong.append(error)

    threads = [threading.Thread(target=claims) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert sorted(claimed) == [f"m{nth:04}" for nth in range(400)]

    with engine.connect() as busy:  # another replica is in the middle of claiming the oldest ones
        oldest = sa.select(DELIVERY.c.id).where(DELIVERY.c.status == "waiting").order_by(DELIVERY.c.id).limit(5).with_for_update()
        locked = set(busy.execute(oldest).scalars())
        rows = Outbox(engine, DELIVERY).claim(1000, 10, 60)
        assert len(rows) == 10
        assert not locked.intersection(r.id for r in rows)
    engine.dispose()


def test_two_replicas_send_every_event_once(harbour, go, address):
    async def walk():
        async with running(harbour) as service:
            engines = [sa.create_engine(address) for _ in range(2)]
            replicas = [
                Outlets(service.office, engine, OutletSettings(webhooks_private=True), people=service.front.people, secret=bytes(32))
                for engine in engines
            ]
            hooks = [replica.webhooks for replica in replicas]
            made = hooks[0].add("borealis", receiver.url, (), by="a test")
            aster = service.client("aster")
            for nth in range(25):
                await aster.post("/v1/capacity-requests", json=need(id=f"need-{nth}", purpose=f"{nth}"))
                await aster.post("/v1/offers", json=notice(f"need-{nth}") | {"id": f"offer-{nth}"})
                if not nth % 5:
                    await asyncio.gather(*(hook.round() for hook in hooks))
            for _ in range(3):
                await asyncio.gather(*(hook.round() for hook in hooks))
            names = [json.loads(got.body)["subject"] for got in receiver.got]
            assert sorted(names) == sorted(f"offer-{nth}" for nth in range(25))
            assert {row.status for row in hooks[1].deliveries(made.id, limit=100)} == {"sent"}
            for replica, engine in zip(replicas, engines, strict=True):
                await replica.close()
                engine.dispose()

    with Receiver() as receiver:
        receiver.wait = 0.005
        go(walk())
