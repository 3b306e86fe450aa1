"""The client speaks to a real server: what it asks, how it asks again, and what it makes of the answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import httpx2
import pytest

import dibs
from dibs.client import File
from dibs.client.wire import TermsShape
from dibs.service.access import Role
from dibs.testing.faults import LosesAnswers

JUNE, SEPTEMBER = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 9, 1, tzinfo=UTC)
NEED = {"workload_class": "training", "sku": "h100", "quantity": 5000, "start_earliest": JUNE, "start_latest": SEPTEMBER, "months": 12}
TERMS = TermsShape(
    price=Decimal("2.10"),
    payment="monthly in arrears",
    take_or_pay=Decimal("0.8"),
    service_level=Decimal("0.999"),
    delivery_tolerance=14 * 86_400,
    address="capacity desk",
    regions=("us-east", "us-west"),
)


def test_from_the_need_to_the_grant_with_the_client_that_blocks(server):
    with dibs.Client(server.url, server.token("aster")) as aster, dibs.Client(server.url, server.token("borealis")) as borealis:
        assert aster.me().house
        asked = aster.submit_request(**NEED)
        assert (asked.outcome, asked.dry_run) == ("done", False)
        request = aster.get_request(asked.subject)
        assert (request.status, request.holder, [n.do for n in request.next]) == ("held", "borealis", ["AskHolder"])
        early = aster.propose_grant(request=request.id, host="cinder-west", quantity=5000)
        assert (early.outcome, early.reasons[0].code) == ("refused", "must_offer")
        offered = aster.serve_notice(request=request.id, terms=TERMS)
        (offer,) = borealis.each(borealis.list_offers, status="open")
        assert (offer.id, offer.terms.price, offer.respond_by.tzinfo) == (offered.subject, Decimal("2.10"), UTC)
        assert borealis.respond(offer.id, quantity=3000).outcome == "done"
        signed = aster.propose_grant(request=request.id, host="cinder-west", quantity=2000)
        assert signed.outcome == "done"
        assert aster.confirm_delivery(signed.subject, quantity=2000).outcome == "done"
        assert aster.get_request(request.id).status == "granted"
        assert {grant.quantity for grant in aster.each(aster.list_grants)} == {2000, 3000}


def test_what_a_write_would_do_is_told_without_doing_it(spoken, go):
    async def dry():
        async with spoken() as service:
            aster = await service.speaker("aster")
            supposed = await aster.submit_request(**NEED, dry_run=True)
            assert (supposed.outcome, supposed.dry_run) == ("done", True)
            assert (await aster.list_requests()).items == ()

    go(dry())


def test_a_list_is_read_part_after_part(spoken, go):
    async def read():
        async with spoken() as service:
            aster = await service.speaker("aster")
            names = [(await aster.submit_request(**NEED)).subject for _ in range(7)]
            assert [one.id async for one in aster.each(aster.list_requests, limit=3)] == names

    go(read())


def test_a_write_whose_answer_was_lost_is_done_once(spoken, go):
    async def lost():
        async with spoken() as service:
            aster = await service.speaker("aster", lose=[True, True, False])
            asked = await aster.submit_request(**NEED)
            assert sum(aster.transport.lost.values()) == 2
            assert [one.id async for one in aster.each(aster.list_requests)] == [asked.subject]

    go(lost())


def test_two_writes_in_the_same_words_are_two(spoken, go):
    async def twice():
        async with spoken() as service:
            aster = await service.speaker("aster")
            assert (await aster.submit_request(**NEED)).subject != (await aster.submit_request(**NEED)).subject
            assert await aster.submit_request(**NEED, key="mine") == await aster.submit_request(**NEED, key="mine")

    go(twice())


def test_who_is_never_answered_is_told_so_in_the_end(spoken, go):
    async def never():
        async with spoken() as service:
            aster = await service.speaker("aster", lose=[True] * 100)
            with pytest.raises(dibs.Unavailable) as raised:
                await aster.me()
            assert (raised.value.code, raised.value.retry) == ("DIB400", True)
            assert aster.transport.lost == {"GET /v1/me": 4}

    go(never())


class Busy(httpx2.AsyncBaseTransport):
    """Says a few times that it is busy, then answers."""

    def __init__(self, inner, answers):
        self.inner, self.answers, self.keys = inner, list(answers), []

    async def handle_async_request(self, request):
        self.keys.append(request.headers.get("idempotency-key"))
        if self.answers:
            return self.answers.pop(0)
        return await self.inner.handle_async_request(request)


def test_a_server_that_is_busy_is_asked_again_when_it_says_and_under_the_same_key(spoken, go):
    async def busy():
        async with spoken() as service:
            problem = {"type": "/explain/DIB162", "title": "t", "status": 503, "code": "DIB162", "detail": "not now", "retry": True}
            answers = [httpx2.Response(503, json=problem, headers={"retry-after": "1"}), httpx2.Response(429), httpx2.Response(502, text="<html>")]
            transport = Busy(httpx2.ASGITransport(app=service.app), answers)
            loop = asyncio.get_running_loop()
            began = loop.time()
            aster = await service.speaker("aster")
            aster._http._transport = transport
            assert (await aster.submit_request(**NEED)).outcome == "done"
            assert 1.0 <= loop.time() - began < 5
            assert len(transport.keys) == 4
            assert len(set(transport.keys)) == 1
            assert len(transport.keys[0]) == 32

    go(busy())


@pytest.mark.parametrize(("status", "code"), [(503, "DIB401"), (200, "DIB401"), (302, "DIB401"), (404, "DIB401")])
def test_what_no_dibs_says_is_not_taken_for_an_answer(spoken, go, status, code):
    async def other():
        async with spoken() as service:
            aster = await service.speaker("aster")
            aster._http._transport = Busy(None, [httpx2.Response(status, text="<html>welcome</html>") for _ in range(9)])
            with pytest.raises(dibs.Unavailable) as raised:
                await aster.me()
            assert raised.value.code == code

    go(other())


def test_a_problem_says_what_was_wrong_and_where(spoken, go):
    async def wrong():
        async with spoken() as service:
            aster = await service.speaker("aster")
            with pytest.raises(dibs.Problem) as raised:
                await aster.submit_request(**{**NEED, "quantity": 0})
            assert (raised.value.status, raised.value.code) == (422, "DIB303")
            assert [(found.code, found.where.file) for found in raised.value.findings] == [("DIB303", "$.quantity")]
            with pytest.raises(dibs.Problem) as raised:
                await aster.get_offer("no/such offer?")
            assert (raised.value.status, raised.value.code) == (404, "DIB302")
            auditor = await service.speaker("aster", role=Role.AUDITOR)
            with pytest.raises(dibs.Problem) as raised:
                await auditor.submit_request(**NEED)
            assert (raised.value.status, raised.value.retry) == (403, False)

    go(wrong())


def test_a_file_comes_as_a_file(spoken, go):
    async def take():
        async with spoken() as service:
            aster = await service.speaker("aster")
            file = await aster.export_beancount()
            assert isinstance(file, File)
            assert (file.name, file.media_type) == ("book.beancount", "text/plain")

    go(take())


def test_events_are_watched_as_they_happen_and_from_a_cursor_on(server):
    with dibs.Client(server.url, server.token("aster")) as aster:
        first = aster.submit_request(**NEED).subject
        seen = {}
        for cursor, event in aster.watch(types="RequestSubmitted"):
            seen[event.subject] = cursor
            if len(seen) == 1:
                second = aster.submit_request(**NEED).subject
            else:
                break
        assert list(seen) == [first, second]
        assert next(iter(aster.watch(seen[first], types="RequestSubmitted")))[1].subject == second


def test_a_watch_that_breaks_off_goes_on_where_it_was(spoken, go):
    async def watch():
        async with spoken() as service:
            aster = await service.speaker("aster")
            for _ in range(3):
                await aster.submit_request(**NEED)
            events = await aster.list_events(types="RequestSubmitted")
            streams = [_sse(events.items[0:1], ["c1"], broken=True), httpx2.Response(503), _sse(events.items[1:3], ["c2", "c3"])]
            asked = []

            class Streams(httpx2.AsyncBaseTransport):
                async def handle_async_request(self, request):
                    asked.append(request.headers.get("last-event-id", ""))
                    return streams.pop(0)

            aster._http._transport = Streams()
            watched = []
            async for cursor, event in aster.watch():
                watched.append((cursor, event.id))
                if len(watched) == 3:
                    break
            assert watched == [(f"c{n}", event.id) for n, event in enumerate(events.items, start=1)]
            assert asked == ["", "c1", "c1"]

    go(watch())


class _Cut(httpx2.AsyncByteStream):
    def __init__(self, text, *, broken):
        self.text, self.broken = text, broken

    async def __aiter__(self):
        yield self.text
        if self.broken:
            raise httpx2.ReadError("cut")


def _sse(events, ids, *, broken=False):
    import msgspec  # noqa: PLC0415

    text = b"".join(b"id: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(event)) for name, event in zip(ids, events, strict=True))
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=_Cut(text, broken=broken))


def test_the_address_and_the_token_come_from_the_environment_and_are_needed(monkeypatch):
    monkeypatch.delenv("DIBS_SERVER", raising=False)
    monkeypatch.delenv("DIBS_TOKEN", raising=False)
    with pytest.raises(dibs.BadInput) as raised:
        dibs.Client()
    assert [(found.code, found.where.file) for found in raised.value.findings] == [("DIB402", "server"), ("DIB402", "token")]
    monkeypatch.setenv("DIBS_SERVER", "http://dibs.test/")
    monkeypatch.setenv("DIBS_TOKEN", "dibs_a_secret")
    with dibs.Client() as client:
        assert client.server == "http://dibs.test"
        assert "secret" not in repr(client)


def test_a_transport_that_loses_answers_carries_the_request_first():
    async def lost():
        heard = []

        async def app(scope, receive, send):  # noqa: ARG001
            heard.append(scope["path"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})

        async with httpx2.AsyncClient(transport=LosesAnswers(httpx2.ASGITransport(app=app), lose=[True])) as http:
            with pytest.raises(httpx2.ReadError):
                await http.get("http://dibs.test/one")
            assert (await http.get("http://dibs.test/two")).status_code == 200
        assert heard == ["/one", "/two"]

    asyncio.run(lost())
