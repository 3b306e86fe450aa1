"""Every party has a stream of its own, which is the same whatever becomes of the book and whatever others do."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.procedure.commands import DeclareCapacity
from dibs.service.feed import SEATS, encode
from dibs.store.sqlite import SqliteStore
from dibs.testing.service import need, notice, running


async def bargain(service, *, ours="3000", price="2.10", extra=0):
    """A need that Borealis takes a part of, and Cinder the rest; `extra` needs beside it that are none of Cinder's business."""
    aster, borealis = service.client("aster"), service.client("borealis")
    for nth in range(extra):
        await aster.post("/v1/capacity-requests", json=need(id=f"other-{nth}", purpose=f"other {nth}"))
        await aster.post("/v1/offers", json=notice(f"other-{nth}", price="1.50") | {"id": f"other-offer-{nth}"})
    await aster.post("/v1/capacity-requests", json=need(id="need"))
    assert (await aster.post("/v1/offers", json=notice("need", price=price) | {"id": "offer"})).json()["outcome"] == "done"
    assert (await borealis.post("/v1/offers/offer/responses", json={"quantity": int(ours)})).json()["outcome"] == "done"
    signed = {"id": "grant", "request": "need", "host": "cinder-west", "quantity": 2000, "terms": {"price": "1.20"}}
    assert (await aster.post("/v1/grants", json=signed)).json()["outcome"] == "done"
    for nth in range(extra):
        await borealis.post(f"/v1/offers/other-offer-{nth}/responses", json={"quantity": 5000})


async def stream(client, **query):
    answer = await client.get("/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_party_hears_what_was_said_to_it_and_the_house_hears_everything(harbour, go):
    async def walk():
        async with running(harbour) as service:
            await bargain(service)
            aster, borealis, cinder, delta = [(await stream(service.client(p)))["items"] for p in ("aster", "borealis", "cinder", "delta")]
            assert [e["type"] for e in borealis][-3:] == ["dibs.OfferServed", "dibs.RightExercised", "dibs.Granted"]
            assert [(e["type"], e["subject"]) for e in cinder][-1] == ("dibs.Granted", "grant")
            assert {e["type"] for e in delta} == {"dibs.CapacityDeclared"}
            every = [event for entry in service.office.store.entries() for event in entry.events]
            assert [e["type"] for e in aster] == [f"dibs.{type(event).__name__}" for event in every]
            served = next(e for e in borealis if e["type"] == "dibs.OfferServed")
            assert served["specversion"] == "1.0"
            assert served["data"]["because"] or served["data"]["data"]["offer"] == "offer"
            assert [int(e["id"]) for e in borealis] == list(range(1, len(borealis) + 1))

    go(walk())


def test_what_third_parties_do_changes_no_byte_of_a_stream(harbour, go):
    async def world(**differences):
        async with running(harbour) as service:
            await bargain(service, **differences)
            answer = await service.client("cinder").get("/v1/events")
            feed = service.office.feed
            return answer.content, [encode(event) for event in feed.events("cinder", 0, 1000)]

    async def worlds():
        one = await world()
        assert one == await world(price="1.90", ours="2500", extra=3)
        assert len(one[1]) > 2

    go(worlds())


def test_a_grant_does_not_tell_its_supplier_whose_need_it_serves_or_who_was_asked_before(harbour, go):
    async def walk():
        async with running(harbour) as service:
            await bargain(service)
            answer = await service.client("cinder").get("/v1/events", params={"types": "Granted"})
            (granted,) = answer.json()["items"]
            assert granted["data"]["data"]["grant"] == "grant"
            for secret in ('"need"', '"offer"', "borealis", "refus", "first-refusal", "market"):
                assert secret not in answer.text, secret

    go(walk())


def test_a_cursor_goes_on_where_the_last_answer_ended(harbour, go):
    async def walk():
        async with running(harbour) as service:
            borealis = service.client("borealis")
            whole = (await stream(borealis))["items"]
            pages, cursor = [], ""
            while page := (answer := await stream(borealis, limit=1, cursor=cursor))["items"]:
                pages += page
                cursor = answer["next"]
            assert pages == whole
            assert (await stream(borealis, cursor=cursor))["next"] == cursor
            await bargain(service)
            fresh = await stream(borealis, cursor=cursor)
            assert next(e["type"] for e in fresh["items"]) == "dibs.OfferServed"
            assert (await stream(borealis, types="dibs.RightExercised"))["items"] == [fresh["items"][1]]
            assert (await stream(borealis, start="now"))["items"] == []

    go(walk())


def test_the_cursor_of_another_party_is_no_cursor(harbour, go):
    async def walk():
        async with running(harbour) as service:
            cursor = (await stream(service.client("borealis")))["next"]
            for wrong in (cursor, "nonsense", cursor[:-2] + "AA"):
                answer = await service.client("cinder").get("/v1/events", params={"cursor": wrong})
                assert (answer.status_code, answer.json()["code"]) == (422, "DIB305")

    go(walk())


def test_waiting_ends_with_the_next_event_of_ones_own_and_with_no_other(harbour, go):
    async def walk():
        async with running(harbour) as service:
            aster, cinder, borealis = (service.client(p) for p in ("aster", "cinder", "borealis"))
            at = (await stream(cinder))["next"]
            theirs = (await stream(borealis))["next"]
            begun = time.monotonic()
            waits = asyncio.create_task(stream(cinder, cursor=at, wait=3))
            sees = asyncio.create_task(stream(borealis, cursor=theirs, wait=20))
            await asyncio.sleep(0.05)
            await aster.post("/v1/capacity-requests", json=need(id="need"))
            await aster.post("/v1/offers", json=notice("need") | {"id": "offer"})
            assert [e["type"] for e in (await sees)["items"]] == ["dibs.OfferServed"]
            assert time.monotonic() - begun < 3
            assert (await waits)["items"] == []
            assert time.monotonic() - begun >= 3

    go(walk())


def test_a_token_waits_in_so_many_places_and_no_more(harbour, go):
    async def walk():
        async with running(harbour) as service:
            cinder = service.client("cinder")
            at = (await stream(cinder))["next"]
            waits = [asyncio.create_task(cinder.get("/v1/events", params={"cursor": at, "wait": 1})) for _ in range(SEATS)]
            await asyncio.sleep(0.05)
            refused = await cinder.get("/v1/events", params={"cursor": at, "wait": 1})
            assert (refused.status_code, refused.json()["code"]) == (429, "DIB370")
            assert (await service.client("cinder").get("/v1/events", params={"cursor": at})).status_code == 200
            assert {(await wait).status_code for wait in waits} == {200}
            assert (await cinder.get("/v1/events", params={"cursor": at, "wait": 0})).status_code == 200

    go(walk())


def test_an_unknown_type_is_named(harbour, go):
    async def walk():
        async with running(harbour) as service:
            answer = await service.client("cinder").get("/v1/events", params={"types": "dibs.Granted,Grant"})
            assert (answer.status_code, answer.json()["code"]) == (422, "DIB373")
            assert "dibs.Granted" in (await service.client("cinder").get("/v1/events/types")).json()["items"]

    go(walk())


def test_a_stream_is_the_same_after_a_restart_whatever_became_of_the_book(harbour, go, tmp_path):
    async def before():
        async with running(harbour, SqliteStore(tmp_path / "book.db")) as service:
            await bargain(service, extra=2)
            await service.move_to(service.clock.now() + 40 * 86_400)
            return {party: [encode(e) for e in service.office.feed.events(party, 0, 1000)] for party in ("aster", "borealis", "cinder", "delta")}

    async def after(known):
        async with running(harbour, SqliteStore(tmp_path / "book.db")) as service:
            for party, events in known.items():
                assert [encode(e) for e in service.office.feed.events(party, 0, 1000)] == events

    go(after(go(before())))


@pytest.mark.parametrize("after", [0, 1, 2])
def test_an_instant_leads_to_a_place_in_the_stream(harbour, go, after):
    async def walk():
        async with running(harbour) as service:
            begin = service.clock.now()
            await service.move_to(begin + 86_400)
            count = service.office.feed.size("cinder")
            await bargain(service)
            feed = service.office.feed
            assert feed.before("cinder", begin) == 0
            assert feed.before("cinder", begin + 1) == count
            assert feed.before("cinder", begin + 86_400 + 1) == feed.size("cinder")
            assert msgspec.json.decode(encode(feed.events("cinder", after, 1)[0]))["id"] == str(after + 1)

    go(walk())


def test_what_a_party_saw_it_saw_whatever_is_agreed_later(harbour, go, tmp_path):
    text = harbour.agreement.text
    changed = text.replace("borealis-cinder: {platform: borealis, operator: cinder", "borealis-cinder: {platform: borealis, operator: delta")
    assert changed != text
    later = compile_agreement(load(changed, "later.yaml"))

    def seen(service):
        return {party: [encode(e) for e in service.office.feed.events(party, 0, 1000)] for party in ("aster", "borealis", "cinder", "delta")}

    async def before():
        async with running(harbour, SqliteStore(tmp_path / "book.db")) as service:
            await bargain(service)
            first = seen(service)
            service.office.broker.adopt(later, by="aster")
            declared = {"host": "borealis-cinder", "sku": "h100", "steps": ((service.clock.now(), 7_777),)}
            await service.office.act(DeclareCapacity(by="delta", **declared))
            then = seen(service)
            assert {party: events[: len(first[party])] for party, events in then.items()} == first
            assert [b"7777" in event for event in then["delta"][len(first["delta"]) :]] == [True]
            assert then["cinder"] == first["cinder"]
            return then

    async def after(known):
        async with running(later, SqliteStore(tmp_path / "book.db")) as service:
            assert seen(service) == known

    go(after(go(before())))
