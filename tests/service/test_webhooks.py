"""Events pushed to a real receiver: signed, tried again, switched off, resumed, never lost, and never where they should not go."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
import standardwebhooks

from dibs.service import outward, webhooks
from dibs.service.access import Role
from dibs.service.feed import encode
from dibs.service.outbox import LASTING, METADATA, Outbox, next_try
from dibs.service.outlets import OutletSettings
from dibs.service.outward import NotSent, Outward, public, unfit
from dibs.store.sqlite import SqliteStore
from dibs.testing.acts import BEGIN
from dibs.testing.receiver import Receiver
from dibs.testing.service import need, notice, running

OPEN = OutletSettings(webhooks_private=True)


async def add(client, url, *, key="", **body):
    answer = await client.post("/v1/webhook-endpoints", json={"url": url, **body}, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def offer(service, name, **terms):
    """Asks for something and offers it to Borealis: one event for Borealis."""
    aster = service.client("aster")
    assert (await aster.post("/v1/capacity-requests", json=need(id=f"need-{name}", purpose=name))).json()["outcome"] == "done"
    assert (await aster.post("/v1/offers", json=notice(f"need-{name}", **terms) | {"id": name})).json()["outcome"] == "done"


async def log(client, endpoint, **query):
    return (await client.get(f"/v1/webhook-endpoints/{endpoint}/deliveries", params=query)).json()["items"]


def subjects(receiver):
    return [json.loads(got.body)["subject"] for got in receiver.got]


def test_an_event_arrives_signed_as_the_standard_says_and_is_the_same_bytes_as_in_the_stream(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            made = await add(borealis, receiver.url)
            await offer(service, "one")
            await service.front.outlets.webhooks.round()
            (got,) = receiver.got
            verified = standardwebhooks.Webhook(made["secret"]).verify(got.body, dict(got.headers))
            assert (verified["type"], verified["subject"]) == ("dibs.OfferServed", "one")
            feed = service.office.feed
            assert got.body == encode(feed.events("borealis", feed.size("borealis") - 1, 1)[0])
            with pytest.raises(standardwebhooks.WebhookVerificationError):
                standardwebhooks.Webhook(made["secret"]).verify(got.body.replace(b"one", b"two"), dict(got.headers))
            (sent,) = await log(borealis, made["id"])
            assert (sent["status"], sent["attempts"], sent["answered"], sent["event"]) == ("sent", 1, 204, verified["id"])
            assert "secret" not in (await borealis.get(f"/v1/webhook-endpoints/{made['id']}")).json()

    with Receiver() as receiver:
        go(walk())


def test_what_was_sent_is_read_in_parts_and_no_more_of_it_than_is_asked_for(harbour, go, monkeypatch):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis, hooks = service.client("borealis"), service.front.outlets.webhooks
            made = await add(borealis, receiver.url)
            other = await add(borealis, receiver.url)
            for nth in range(2):
                await offer(service, f"offer-{nth}")
                for _ in range(2):
                    await borealis.post(f"/v1/webhook-endpoints/{made['id']}/ping")
                await hooks.round()
                await service.move_to(service.clock.now() + 1)
            whole = [sent["id"] for sent in await log(borealis, made["id"])]
            assert len(whole) == 6
            read, loaded, cursor = [], [], ""
            deliveries = hooks.deliveries
            monkeypatch.setattr(hooks, "deliveries", lambda *a, **k: loaded.append(rows := deliveries(*a, **k)) or rows)
            for _ in range(3):
                path = f"/v1/webhook-endpoints/{made['id']}/deliveries"
                part = (await borealis.get(path, params={"limit": 2, "cursor": cursor})).json()
                read += [sent["id"] for sent in part["items"]]
                cursor = part["next"] or ""
            assert (read, cursor) == (whole, "")
            assert max(len(rows) for rows in loaded) == 3
            place = service.front.cursor(whole[0])
            answer = await borealis.get(f"/v1/webhook-endpoints/{other['id']}/deliveries", params={"cursor": place})
            assert (answer.status_code, answer.json()["code"]) == (422, "DIB305")

    with Receiver() as receiver:
        go(walk())


def test_only_the_types_asked_for_are_sent_and_only_to_whom_they_belong(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis, cinder = service.client("borealis"), service.client("cinder")
            made = await add(borealis, receiver.url, types=["RightExercised"])
            await add(cinder, other.url)
            await offer(service, "one")
            await borealis.post("/v1/offers/one/responses", json={"quantity": 5000})
            await service.front.outlets.webhooks.round()
            assert [json.loads(got.body)["type"] for got in receiver.got] == ["dibs.RightExercised"]
            assert other.got == []
            for method, path in (("get", ""), ("delete", ""), ("post", "/ping"), ("get", "/deliveries"), ("post", "/secrets")):
                answer = await cinder.request(method, f"/v1/webhook-endpoints/{made['id']}{path}")
                assert (answer.status_code, answer.json()["code"]) == (404, "DIB302")
            assert len((await cinder.get("/v1/webhook-endpoints")).json()["items"]) == 1

    with Receiver() as receiver, Receiver() as other:
        go(walk())


def test_a_receiver_that_is_down_is_tried_again_after_growing_pauses_and_then_gets_everything_once(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            with Receiver() as before:
                port, url = before.port, before.url
            made = await add(borealis, url)
            await offer(service, "one")
            await offer(service, "two")
            hooks = service.front.outlets.webhooks
            tries = []
            for _ in range(6):
                await hooks.round()
                waiting = await log(borealis, made["id"], status="waiting")
                assert len(waiting) == 2
                tries.append(sum(item["attempts"] for item in waiting))
                await service.move_to(service.clock.now() + 400)
            assert tries == sorted(set(tries)), "each round tries once more"
            assert "nobody answers" in (await log(borealis, made["id"]))[1]["error"]
            with Receiver(port) as receiver:
                await service.move_to(service.clock.now() + 3600)
                await hooks.round()
                assert sorted(subjects(receiver)) == ["one", "two"]
            assert {item["status"] for item in await log(borealis, made["id"])} == {"sent"}

    go(walk())


def test_pauses_grow_and_end_after_two_days():
    now, first, pauses = BEGIN, BEGIN, []
    for attempts in range(1, 100):
        again = next_try(attempts, first, now)
        if again is None:
            break
        pauses.append(again - now)
        now = again
    assert now == first + LASTING
    assert pauses[:-1] == sorted(pauses[:-1])
    assert 8 < len(pauses) < 20


def test_after_two_days_of_failing_an_endpoint_is_off_and_resumed_it_loses_nothing(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            made = await add(borealis, receiver.url)
            receiver.answers = [500] * 200
            await offer(service, "one")
            hooks = service.front.outlets.webhooks
            for _ in range(60):
                await hooks.round()
                if (await borealis.get(f"/v1/webhook-endpoints/{made['id']}")).json()["status"] == "off":
                    break
                await service.move_to(service.clock.now() + 3600)
            state = (await borealis.get(f"/v1/webhook-endpoints/{made['id']}")).json()
            assert (state["status"], state["off_because"]) == ("off", "it failed for 2 days: it answered 500")
            assert service.clock.now() - BEGIN >= LASTING
            await offer(service, "two")
            tried = len(receiver.got)
            await hooks.round()
            assert len(receiver.got) == tried, "nothing is sent to an endpoint that is off"
            for path, body in (("ping", None), ("replay", {"since": "2025-01-01T00:00:00Z"})):
                answer = await borealis.post(f"/v1/webhook-endpoints/{made['id']}/{path}", json=body)
                assert (answer.status_code, answer.json()["code"]) == (409, "DIB377")
            receiver.answers = []
            receiver.got.clear()
            assert (await borealis.post(f"/v1/webhook-endpoints/{made['id']}/resume")).json()["status"] == "on"
            await hooks.round()
            assert subjects(receiver) == ["one", "two"]

    with Receiver() as receiver:
        go(walk())


def test_one_message_that_is_never_taken_does_not_keep_the_others_back(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            made = await add(borealis, receiver.url)
            hooks = service.front.outlets.webhooks
            await offer(service, "poison")
            receiver.answers = [500]
            await hooks.round()
            await offer(service, "good")
            await service.move_to(service.clock.now() + 6)
            receiver.answers = [500]
            await hooks.round()
            await service.move_to(service.clock.now() + 60)
            receiver.answers = []
            await hooks.round()
            assert subjects(receiver)[-2:] in (["good", "poison"], ["poison", "good"])
            for hours in range(49):
                receiver.answers = [500]
                if not hours % 4:
                    await offer(service, f"later-{hours}")
                await hooks.round()
                await service.move_to(service.clock.now() + 3600)
            assert (await borealis.get(f"/v1/webhook-endpoints/{made['id']}")).json()["status"] == "on"

    with Receiver() as receiver:
        go(walk())


def test_a_receiver_that_says_gone_is_left_alone_at_once(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            made = await add(borealis, receiver.url)
            receiver.answers = [410]
            await offer(service, "one")
            await service.front.outlets.webhooks.round()
            state = (await borealis.get(f"/v1/webhook-endpoints/{made['id']}")).json()
            assert (state["status"], state["off_because"]) == ("off", "it answered 410: gone")

    with Receiver() as receiver:
        go(walk())


def test_a_slow_receiver_is_not_waited_for_and_keeps_nobody_else_waiting(harbour, go, monkeypatch):
    monkeypatch.setattr(outward, "PATIENCE", 1.5)

    async def walk():
        async with running(harbour, outlets=OPEN, sending=True) as service:
            borealis, cinder = service.client("borealis"), service.client("cinder")
            made = await add(borealis, slow.url)
            await add(cinder, quick.url)
            slow.wait = 5.0
            await offer(service, "one")
            await borealis.post("/v1/offers/one/responses", json={"quantity": 3000})
            grant = {"request": "need-one", "host": "cinder-west", "quantity": 2000}
            assert (await service.client("aster").post("/v1/grants", json=grant)).json()["outcome"] == "done"
            async with asyncio.timeout(20):
                while not quick.got:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            async with asyncio.timeout(20):
                while not any(item.get("error") for item in await log(borealis, made["id"])):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert "no answer within" in next(item["error"] for item in await log(borealis, made["id"]) if item.get("error"))

    with Receiver() as slow, Receiver() as quick:
        go(walk())


def test_while_a_secret_is_turned_both_sign_and_a_day_later_only_the_new_one(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            made = await add(borealis, receiver.url)
            turned = (await borealis.post(f"/v1/webhook-endpoints/{made['id']}/secrets")).json()
            assert turned["secret"] != made["secret"]
            assert turned["old_secret_until"].startswith("2025-03-02T")
            hooks = service.front.outlets.webhooks
            await offer(service, "one")
            await hooks.round()
            for secret in (made["secret"], turned["secret"]):
                standardwebhooks.Webhook(secret).verify(receiver.got[0].body, dict(receiver.got[0].headers))
            await service.move_to(BEGIN + webhooks.OVERLAP)
            await offer(service, "two")
            await hooks.round()
            standardwebhooks.Webhook(turned["secret"]).verify(receiver.got[1].body, dict(receiver.got[1].headers))
            with pytest.raises(standardwebhooks.WebhookVerificationError):
                standardwebhooks.Webhook(made["secret"]).verify(receiver.got[1].body, dict(receiver.got[1].headers))

    with Receiver() as receiver:
        go(walk())


def test_events_are_sent_again_from_a_cursor_or_an_instant_under_the_same_ids(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            made = await add(borealis, receiver.url)
            path = f"/v1/webhook-endpoints/{made['id']}/replay"
            hooks = service.front.outlets.webhooks
            await offer(service, "one")
            cursor = (await borealis.get("/v1/events")).json()["next"]
            await service.move_to(BEGIN + 3600)
            await offer(service, "two")
            await hooks.round()
            first = [(got.headers["webhook-id"], got.body) for got in receiver.got]
            for since, expected in ((BEGIN + 1, 1), (BEGIN, service.office.feed.size("borealis"))):
                receiver.got.clear()
                instant = f"2025-03-01T00:00:{since - BEGIN:02}Z"
                assert (await borealis.post(path, json={"since": instant})).status_code == 200
                await hooks.round()
                again = [(got.headers["webhook-id"], got.body) for got in receiver.got]
                assert again[-1] == first[-1]
                assert len(again) == expected, "those from before the endpoint was made, too"
            receiver.got.clear()
            assert (await borealis.post(path, json={"cursor": cursor})).status_code == 200
            await hooks.round()
            assert [(got.headers["webhook-id"], got.body) for got in receiver.got] == first[1:]
            for body in ({}, {"cursor": cursor, "since": "2025-03-01T00:00:00Z"}):
                answer = await borealis.post(path, json=body)
                assert (answer.status_code, answer.json()["code"]) == (422, "DIB374")

    with Receiver() as receiver:
        go(walk())


def test_a_ping_arrives_signed_and_is_no_event(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            made = await add(borealis, receiver.url)
            assert (await borealis.post(f"/v1/webhook-endpoints/{made['id']}/ping?dry_run=true")).status_code == 200
            await service.front.outlets.webhooks.round()
            assert receiver.got == []
            pinged = (await borealis.post(f"/v1/webhook-endpoints/{made['id']}/ping")).json()
            await service.front.outlets.webhooks.round()
            (got,) = receiver.got
            assert standardwebhooks.Webhook(made["secret"]).verify(got.body, dict(got.headers))["type"] == "dibs.Ping"
            assert got.headers["webhook-id"] == pinged["id"]

    with Receiver() as receiver:
        go(walk())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]:8080/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://169.254.169.254/latest",
        "http://10.1.2.3/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user:pass@example.com/",
        "https://example.com/#part",
        "https://exa mple.com/",
        "https://example.com:99999/",
        "https:///nowhere",
        "nonsense",
    ],
)
def test_an_address_that_is_not_on_the_internet_is_refused(harbour, go, url):
    async def walk():
        async with running(harbour) as service:
            answer = await service.client("borealis").post("/v1/webhook-endpoints", json={"url": url})
            assert (answer.status_code, answer.json()["code"]) == (422, "DIB371")

    go(walk())


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001"])
def test_a_name_that_leads_to_this_machine_is_found_out_when_it_is_called(harbour, go, host):
    async def walk():
        async with running(harbour) as service:
            borealis = service.client("borealis")
            made = await add(borealis, f"http://{host}:{receiver.port}/hook")
            await offer(service, "one")
            await service.front.outlets.webhooks.round()
            (tried,) = await log(borealis, made["id"])
            assert (tried["status"], tried["error"]) == ("waiting", "the address is not one on the internet")
            assert receiver.got == []

    with Receiver() as receiver:
        go(walk())


def test_addresses_are_judged_whatever_they_are_wrapped_in():
    assert public("93.184.216.34")
    assert public("2606:2800:220:1:248:1893:25c8:1946")
    assert public("64:ff9b::5db8:d822")
    inner = ("127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255")
    for address in (
        *inner,
        *(f"::ffff:{each}" for each in inner),
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
    ):
        assert not public(address), address
    assert unfit("https://example.com/hook?x=1", private=False) == ""
    assert unfit("http://127.0.0.1/", private=True) == ""


def test_a_redirect_is_not_followed(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            made = await add(borealis, receiver.url)
            receiver.answers, receiver.headers = [302], {"location": other.url}
            await offer(service, "one")
            await service.front.outlets.webhooks.round()
            assert other.got == []
            assert (await log(borealis, made["id"]))[0]["error"] == "it answered 302"

    with Receiver() as receiver, Receiver() as other:
        go(walk())


def test_a_flood_for_an_answer_is_not_read_to_its_end(go):
    async def walk():
        caller = Outward(private=True)
        try:
            async with asyncio.timeout(5):
                assert (await caller.post(receiver.url, b"{}", {}))[0] == 200
        finally:
            await caller.close()

    with Receiver() as receiver:
        receiver.flood = 4_000_000_000
        go(walk())


def test_names_that_are_slow_to_look_up_hold_up_nothing_else(go, monkeypatch):
    slow, look_up = threading.Event(), socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        if str(host).startswith("slow"):
            slow.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return look_up(host, *args, **kwargs)

    async def walk():
        caller = Outward(private=True)
        calls = [asyncio.ensure_future(caller.post(f"http://slow{nth}.test/", b"{}", {})) for nth in range(40)]  # the common threads are 32 at most
        await asyncio.sleep(0.2)
        try:
            async with asyncio.timeout(5):
                await asyncio.to_thread(bool)
                assert (await caller.post(receiver.url.replace("127.0.0.1", "localhost"), b"{}", {}))[0] == 204
        finally:
            slow.set()
            assert {type(said) for said in await asyncio.gather(*calls, return_exceptions=True)} == {NotSent}
            await caller.close()

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with Receiver() as receiver:
        go(walk())


def test_a_receiver_without_a_good_certificate_gets_nothing(go):
    async def walk():
        caller = Outward(private=True)
        try:
            with pytest.raises(NotSent):
                await caller.post(receiver.url.replace("http:", "https:"), b"{}", {})
        finally:
            await caller.close()

    with Receiver() as receiver:
        go(walk())
        assert receiver.got == []


def test_the_same_key_makes_one_endpoint_and_shows_the_same_secret(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            first = await add(borealis, receiver.url, key="one")
            assert await add(borealis, receiver.url, key="one") == first
            other = await borealis.post("/v1/webhook-endpoints", json={"url": f"{receiver.url}2"}, headers={"Idempotency-Key": "one"})
            assert (other.status_code, other.json()["code"]) == (409, "DIB308")
            dry = await borealis.post("/v1/webhook-endpoints?dry_run=true", json={"url": receiver.url})
            assert "secret" not in dry.json()
            assert len((await borealis.get("/v1/webhook-endpoints")).json()["items"]) == 1

    with Receiver() as receiver:
        go(walk())


def test_turning_pinging_and_replaying_under_one_key_are_done_once(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            made = await add(borealis, receiver.url)
            await offer(service, "one")
            hooks = service.front.outlets.webhooks
            await hooks.round()
            for path, body in (("secrets", None), ("ping", None), ("replay", {"since": "2025-01-01T00:00:00Z"})):
                answers = []
                for _ in range(2):
                    answer = await borealis.post(f"/v1/webhook-endpoints/{made['id']}/{path}", json=body, headers={"Idempotency-Key": f"{path}-1"})
                    assert answer.is_success, (path, answer.text)
                    answers.append(answer.json().get("secret") or answer.json()["id"])
                    await hooks.round()
                assert answers[0] == answers[1]
                assert made["secret"] not in answers
            got = [json.loads(each.body)["type"] for each in receiver.got]
            assert got.count("dibs.Ping") == 1
            assert len(got) == 2 + service.office.feed.size("borealis")

    with Receiver() as receiver:
        go(walk())


def test_a_party_has_so_many_endpoints_and_no_more(harbour, go):
    async def walk():
        async with running(harbour) as service:
            borealis = service.client("borealis")
            for nth in range(webhooks.ENDPOINTS):
                last = await add(borealis, f"https://example.com/{nth}")
            answer = await borealis.post("/v1/webhook-endpoints", json={"url": "https://example.com/more"})
            assert (answer.status_code, answer.json()["code"]) == (409, "DIB372")
            assert (await borealis.delete(f"/v1/webhook-endpoints/{last['id']}")).json()["id"] == last["id"]
            await add(borealis, "https://example.com/more")

    go(walk())


def test_who_only_looks_makes_no_endpoint(harbour, go):
    async def walk():
        async with running(harbour) as service:
            answer = await service.client("borealis", Role.AUDITOR).post("/v1/webhook-endpoints", json={"url": "https://example.com/"})
            assert (answer.status_code, answer.json()["code"]) == (403, "DIB301")

    go(walk())


def test_after_a_restart_it_goes_on_where_it_was(harbour, go, tmp_path):
    async def before():
        async with running(harbour, SqliteStore(tmp_path / "book.db"), outlets=OPEN, folder=tmp_path) as service:
            made = await add(service.client("borealis"), receiver.url)
            receiver.answers = [204, 500]
            await offer(service, "one")
            await offer(service, "two")
            await service.front.outlets.webhooks.round()
            await offer(service, "three")
            return made

    async def after(made):
        async with running(harbour, SqliteStore(tmp_path / "book.db"), at=BEGIN + 60, outlets=OPEN, folder=tmp_path) as service:
            await service.front.outlets.webhooks.round()
            assert sorted(subjects(receiver)[2:]) == ["three", "two"]
            assert receiver.got[1].headers["webhook-id"] in {got.headers["webhook-id"] for got in receiver.got[2:]}
            standardwebhooks.Webhook(made["secret"]).verify(receiver.got[-1].body, dict(receiver.got[-1].headers))

    with Receiver() as receiver:
        go(after(go(before())))


def test_a_message_is_claimed_by_one_and_free_again_when_the_claim_runs_out(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'box.db'}")
    METADATA.create_all(engine)
    ours, theirs = Outbox(engine, webhooks.DELIVERY), Outbox(engine, webhooks.DELIVERY)
    row = {"endpoint": "hook", "kind": "dibs.Ping", "place": -1, "status": "waiting", "made_at": 0, "due_at": 0}
    with engine.begin() as db:
        db.execute(sa.insert(webhooks.DELIVERY), [row | {"id": f"m{nth}"} for nth in range(5)])
    first = ours.claim(10, 3, 60)
    second = theirs.claim(10, 10, 60)
    assert sorted(r.id for r in (*first, *second)) == [f"m{nth}" for nth in range(5)]
    assert theirs.claim(69, 10, 60) == []
    late = theirs.claim(70, 10, 60)
    assert len(late) == 5
    assert ours.settle(first[0], 71, sent=True) == "sent"
    with engine.connect() as db:
        status = db.execute(sa.select(webhooks.DELIVERY.c.status).where(webhooks.DELIVERY.c.id == first[0].id)).scalar_one()
    assert status == "waiting", "whoever lost the claim settles nothing"
    engine.dispose()


def test_the_lines_that_the_docs_show_check_a_message(harbour, go):
    page = (Path(__file__).resolve().parents[2] / "docs/how-to/webhooks.md").read_text()
    shown = {}
    exec(page.partition("```python\n")[2].partition("```")[0], shown)  # noqa: S102 - our own page

    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            made = await add(service.client("borealis"), receiver.url)
            await offer(service, "one")
            await service.front.outlets.webhooks.round()
            (got,) = receiver.got
            assert shown["is_ours"](made["secret"], got.headers, got.body)
            assert not shown["is_ours"](made["secret"], got.headers, got.body + b" ")
            assert not shown["is_ours"](made["secret"], got.headers | {"webhook-timestamp": "1"}, got.body)

    with Receiver() as receiver:
        go(walk())


def test_of_two_replicas_that_read_the_same_stretch_only_one_writes_it_down(harbour, go):
    async def walk():
        async with running(harbour, outlets=OPEN) as service:
            borealis = service.client("borealis")
            made = await add(borealis, receiver.url)
            hooks = service.front.outlets.webhooks
            stale = hooks.get("borealis", made["id"])
            await offer(service, "one")
            await hooks.round()
            assert len(receiver.got) == 1
            await hooks._enrol(stale, service.clock.now())
            await hooks.round()
            assert len(receiver.got) == 1

    with Receiver() as receiver:
        go(walk())
