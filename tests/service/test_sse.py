"""Events as they happen, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket

import httpx2

from dibs.broker import Act
from dibs.contract.terms import CapacityRequest
from dibs.procedure.commands import SubmitRequest
from dibs.service import stream as sse
from dibs.service.feed import SEATS
from dibs.testing.acts import BEGIN
from dibs.testing.service import need, notice, on_a_socket, running


@contextlib.asynccontextmanager
async def reading(address, token, **query):
    """A reader of a stream: gives its events, then its heartbeats, as they come."""
    headers = {"authorization": f"Bearer {token}"} | ({"last-event-id": query.pop("last")} if "last" in query else {})
    async with (
        httpx2.AsyncClient(base_url=address, timeout=10) as client,
        client.stream("GET", "/v1/events/stream", params=query, headers=headers) as answer,
    ):
        yield answer, answer.aiter_lines()


async def following(lines):
    """The next event (id, type, data), or `None` at a heartbeat, or `"end"`."""
    event = {}
    async for line in lines:
        if line.startswith(":"):
            return None
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif "data" in event:
            return event["id"], event["event"], json.loads(event["data"])
        else:
            event = {}
    return "end"


def test_a_stream_tells_of_what_happens_and_goes_on_where_it_was_cut_off(harbour, go):
    async def walk():
        async with running(harbour) as service, on_a_socket(service) as address:
            aster, token = service.client("aster"), service.token("borealis")
            async with reading(address, token, start="now") as (answer, lines):
                assert answer.headers["content-type"].startswith("text/event-stream")
                await asyncio.sleep(0.1)
                await aster.post("/v1/capacity-requests", json=need(id="need"))
                await aster.post("/v1/offers", json=notice("need") | {"id": "offer"})
                name, kind, event = await asyncio.wait_for(following(lines), 5)
                assert (kind, event["type"], event["subject"]) == ("dibs.OfferServed", "dibs.OfferServed", "offer")
            await service.client("borealis").post("/v1/offers/offer/responses", json={"quantity": 5000})
            async with reading(address, token, last=name) as (_, lines):
                _, kind, _ = await asyncio.wait_for(following(lines), 5)
                assert kind == "dibs.RightExercised"
            polled = (await service.client("borealis").get("/v1/events", params={"cursor": name})).json()["items"]
            assert next(e["type"] for e in polled) == "dibs.RightExercised"

    go(walk())


def test_a_silent_stream_says_that_it_is_still_there(harbour, go, monkeypatch):
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)

    async def walk():
        async with running(harbour) as service, on_a_socket(service) as address, reading(address, service.token("delta"), start="now") as (_, lines):
            assert await asyncio.wait_for(following(lines), 5) is None

    go(walk())


def test_streams_end_cleanly_when_the_service_stops(harbour, go):
    async def walk():
        async with running(harbour) as service, contextlib.AsyncExitStack() as stack:
            server = await stack.enter_async_context(contextlib.AsyncExitStack())
            address = await server.enter_async_context(on_a_socket(service))
            _, lines = await stack.enter_async_context(reading(address, service.token("delta"), start="now"))
            ends = asyncio.create_task(following(lines))
            await asyncio.sleep(0.1)
            await asyncio.wait_for(server.aclose(), 5)
            assert await asyncio.wait_for(ends, 5) == "end"

    go(walk())


def test_a_stream_lives_so_long_and_its_reader_comes_back(harbour, go, monkeypatch):
    monkeypatch.setattr(sse, "LIFE", 0.2)
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)

    async def walk():
        async with running(harbour) as service, on_a_socket(service) as address, reading(address, service.token("delta"), start="now") as (_, lines):
            while (said := await asyncio.wait_for(following(lines), 5)) is None:
                pass
            assert said == "end"

    go(walk())


def test_a_stream_ends_when_its_token_is_revoked_and_tells_nothing_more(harbour, go, monkeypatch):
    monkeypatch.setattr(sse, "LOOK_EVERY", 0.0)

    async def walk():
        async with running(harbour) as service, on_a_socket(service) as address:
            token = service.token("borealis")
            async with reading(address, token, start="now") as (_, lines):
                polls = asyncio.create_task(service.bare({"authorization": f"Bearer {token}"}).get("/v1/events?start=now&wait=10"))
                await asyncio.sleep(0.1)
                (known,) = (each for each in service.front.people.tokens("borealis"))
                service.front.people.revoke(known.id, at=service.clock.now())
                aster = service.client("aster")
                await aster.post("/v1/capacity-requests", json=need(id="need"))
                await aster.post("/v1/offers", json=notice("need") | {"id": "offer"})
                assert await asyncio.wait_for(following(lines), 5) == "end"
                assert (await polls).status_code == 401

    go(walk())


def test_a_token_reads_so_many_streams_and_no_more_and_places_come_free(harbour, go):
    async def walk():
        async with running(harbour) as service, on_a_socket(service) as address:
            token = service.token("delta")
            async with contextlib.AsyncExitStack() as stack:
                for _ in range(SEATS):
                    answer, _ = await stack.enter_async_context(reading(address, token))
                    assert answer.status_code == 200
                async with reading(address, token) as (answer, _):
                    assert answer.status_code == 429
            async with asyncio.timeout(5):
                while True:
                    async with reading(address, token) as (answer, _):
                        if answer.status_code == 200:
                            break
                    await asyncio.sleep(0.05)

    go(walk())


def test_a_reader_that_takes_nothing_is_dropped(harbour, go, monkeypatch):
    monkeypatch.setattr(sse, "PATIENCE", 0.3)

    async def walk():
        async with running(harbour) as service, on_a_socket(service) as address:
            token = service.token("aster")
            asked = need(start_earliest=BEGIN, start_latest=BEGIN + 86_400, party="aster", workload_class="training")
            del asked["class"]
            needs = [CapacityRequest(**asked, id=f"need-{nth}", purpose=f"{nth} {'for a reason ' * 200}") for nth in range(3000)]
            service.office.broker.submit_each([Act(command=SubmitRequest(by="aster", request=request)) for request in needs])
            small = socket.create_connection((httpx2.URL(address).host, httpx2.URL(address).port))
            small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            _, writer = await asyncio.open_connection(sock=small, limit=1024)
            writer.write(f"GET /v1/events/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n".encode())
            await writer.drain()
            seats = service.office.feed._seats
            async with asyncio.timeout(10):
                while not seats:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                while seats:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            writer.close()
            await writer.wait_closed()

    go(walk())


def test_who_asks_only_for_the_head_of_a_stream_gets_it_and_no_stream(harbour, go):
    async def walk():
        async with running(harbour) as service:
            async with asyncio.timeout(5):
                answer = await service.client("delta").head("/v1/events/stream")
            assert (answer.status_code, answer.content) == (200, b"")
            assert not service.office.feed._seats

    go(walk())
