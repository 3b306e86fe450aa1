"""The service measures itself, and tells no names in doing so."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import time
from pathlib import Path

import httpx2
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route

from dibs.errors import Unavailable
from dibs.service import logs
from dibs.service.outlets import VARIABLES, OutletSettings
from dibs.service.traces import Traces, traces_to
from dibs.store.memory import MemoryStore
from dibs.testing.acts import BEGIN
from dibs.testing.receiver import Receiver
from dibs.testing.service import need, notice, running


async def measured(service, token=None):
    client = service.bare({"authorization": f"Bearer {token}"}) if token else service.client("aster")
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            samples[sample.name, *(value for _, value in sorted(sample.labels.items()))] = sample.value
    return samples, answer.text


async def walk(service):
    aster = service.client("aster")
    await aster.post("/v1/capacity-requests", json=need(id="secret-need"))
    await aster.post("/v1/offers", json=notice("secret-need", price="2.1357") | {"id": "secret-offer"})
    await aster.post("/v1/grants", json={"request": "secret-need", "host": "cinder-west", "quantity": 5000})
    await aster.get("/v1/offers/secret-offer")
    await aster.get("/v1/offers/not-there")
    await aster.get("/nowhere/at/all")


def test_acts_requests_and_the_book_are_counted_by_kind_and_outcome_and_no_name_is_told(harbour, go):
    async def run():
        async with running(harbour) as service:
            await walk(service)
            found, text = await measured(service)
            assert found["dibs_acts_total", "SubmitRequest", "done"] == 1
            assert found["dibs_acts_total", "ProposeGrant", "refused"] == 1
            assert found["dibs_commit_acts_count",] == 3
            assert found["dibs_commit_seconds_count",] == 3
            assert found["dibs_offers_open",] == 1
            assert found["dibs_journal_entries",] == service.office.store.size
            assert found["dibs_acts_waiting",] == 0
            assert found["dibs_book_writable",] == 1
            assert found["dibs_http_requests_total", "GET", "/v1/offers/{id}", "200"] == 1
            assert found["dibs_http_requests_total", "GET", "/v1/offers/{id}", "404"] == 1
            assert found["dibs_http_requests_total", "GET", "(no route)", "404"] == 1
            for name in ("secret", "aster", "borealis", "cinder", "nowhere"):
                assert name not in text, name

    go(run())


def test_lateness_is_measured_from_the_instant_at_which_something_was_due(harbour, go):
    async def run():
        async with running(harbour) as service:
            await walk(service)
            await service.move_to(BEGIN + 30 * 86_400 + 7)
            found, _ = await measured(service)
            assert (found["dibs_wake_late_seconds_count",], found["dibs_wake_late_seconds_sum",]) == (1, 7)
            assert found["dibs_offers_open",] == 0

    go(run())


def test_messages_are_counted_by_kind_and_outcome(harbour, go):
    async def run():
        async with running(harbour, outlets=OutletSettings(webhooks_private=True)) as service:
            await service.client("borealis").post("/v1/webhook-endpoints", json={"url": receiver.url})
            receiver.answers = [500]
            await walk(service)
            await service.front.outlets.webhooks.round()
            found, _ = await measured(service)
            assert found["dibs_messages_waiting", "webhook"] == 1
            assert found["dibs_messages_total", "webhook", "waiting"] == 1
            await service.move_to(BEGIN + 60)
            await service.front.outlets.webhooks.round()
            found, _ = await measured(service)
            assert found["dibs_messages_total", "webhook", "sent"] == 1
            assert found["dibs_messages_waiting", "webhook"] == 0

    with Receiver() as receiver:
        go(run())


def test_metrics_are_for_the_house_or_for_who_has_their_own_token(harbour, go):
    async def run():
        async with running(harbour, outlets=OutletSettings(metrics_token="for-prometheus-only")) as service:  # noqa: S106
            assert (await service.bare().get("/metrics")).status_code == 401
            assert (await service.client("borealis").get("/metrics")).status_code == 401
            wrong = service.bare({"authorization": "Bearer for-prometheus-onl"})
            assert (await wrong.get("/metrics")).status_code == 401
            await measured(service, "for-prometheus-only")
            asks = service.bare({"authorization": "Bearer for-prometheus-only"})
            assert (await asks.get("/v1/me")).status_code == 401

    go(run())


def test_without_a_token_of_their_own_an_empty_one_opens_nothing(harbour, go):
    async def run():
        async with running(harbour) as service:
            for header in ("Bearer ", "Bearer", ""):
                assert (await service.bare({"authorization": header}).get("/metrics")).status_code == 401

    go(run())


# --- logs


@pytest.fixture
def lines():
    """What the service logs, as it would go to a file."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    handler = logs.begin(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = before[0], before[1]
    handler.close()


def test_every_request_is_a_line_with_its_id_and_route_and_without_names_tokens_or_terms(harbour, go, lines):
    async def run():
        async with running(harbour) as service:
            aster = service.client("aster")
            await walk(service)
            given = await aster.get("/v1/offers/secret-offer?cursor=secret", headers={"x-request-id": "mine-1"})
            assert given.headers["x-request-id"] == "mine-1"
            odd = await aster.get("/v1/me", headers={"x-request-id": 'x" injected: {}'})
            assert len(odd.headers["x-request-id"]) == 16
            return aster.headers["authorization"].removeprefix("Bearer dibs_")

    token = go(run())
    said = [line for line in lines() if line["logger"] == "dibs" and line["message"] == "request"]
    assert {(line["method"], line["route"], line["status"]) for line in said} >= {
        ("POST", "/v1/offers", 201),
        ("GET", "/v1/offers/{id}", 200),
        ("GET", "/v1/offers/{id}", 404),
        ("GET", "(no route)", 404),
    }
    assert "mine-1" in {line["request"] for line in said}
    assert len({line["request"] for line in said}) == len(said)
    whole = json.dumps(lines())
    for secret in ("secret", "2.1357", "capacity desk", token, "injected"):
        assert secret not in whole, secret


def test_an_error_is_logged_by_its_kind_and_place_and_not_by_its_words(harbour, go, lines):
    async def broken(_):
        message = "the price is 2.1357"
        raise RuntimeError(message)

    async def run():
        async with running(harbour) as service:
            service.app.router.routes.append(Route("/v1/broken", broken))
            transport = httpx2.ASGITransport(app=service.app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://dibs.test") as client:
                assert (await client.get("/v1/broken", headers={"x-request-id": "mine-2"})).status_code == 500
            found, _ = await measured(service)
            assert found["dibs_http_requests_total", "GET", "/v1/broken", "500"] == 1

    go(run())
    (line,) = (line for line in lines() if line.get("error") and line["logger"] == "dibs")
    assert (line["error"], line["level"], line["request"]) == ("RuntimeError", "error", "mine-2")
    assert any("broken" in place for place in line["at"])
    assert "2.1357" not in json.dumps(lines())


# --- traces


def test_a_request_and_a_commit_are_spans_and_a_senders_trace_goes_on(harbour, go):
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))

    async def run():
        async with running(harbour, traces=Traces(provider)) as service:
            aster = service.client("aster")
            trace = "0af7651916cd43dd8448eb211c80319c"
            sent = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
            await aster.post("/v1/capacity-requests", json=need(id="secret-need"), headers=sent)
            await aster.get("/v1/offers/secret-offer")
            finished = spans.get_finished_spans()
            commit, first, second = finished
            assert (commit.name, commit.attributes) == ("commit", {"dibs.acts": 1, "dibs.done": 1})
            assert commit.end_time > commit.start_time
            assert (first.name, first.kind, f"{first.context.trace_id:032x}") == ("POST /v1/capacity-requests", SpanKind.SERVER, trace)
            assert first.attributes["http.response.status_code"] == 201
            assert (second.name, second.attributes["http.route"]) == ("GET /v1/offers/{id}", "/v1/offers/{id}")
            assert "secret" not in "".join(span.to_json() for span in finished)

    go(run())


def test_traces_are_off_unless_asked_for_and_say_what_they_lack():
    assert traces_to("") is None
    with pytest.raises(Unavailable) as caught:
        traces_to("otlp")
    assert caught.value.code == "DIB378"
    console = traces_to("console")
    assert console is not None
    console.close()


# --- health


class Failing(MemoryStore):
    """A store whose disk is full from some moment on."""

    full = False

    def append(self, entries, *, due=None):
        """Keep all of them, while there is room."""
        if self.full:
            message = "the disk is full"
            raise Unavailable(message, code="DIB152", retry=True)
        super().append(entries, due=due)


async def watched(service):
    """The clock was looked at once."""
    async with asyncio.timeout(5):
        while not service.office.looked_at:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def test_a_service_that_lives_and_can_write_says_so_to_anybody_and_nothing_else(harbour, go):
    async def run():
        async with running(harbour) as service:
            nobody = service.bare()
            assert (await nobody.get("/healthz")).json() == {"status": "alive", "checks": []}
            await watched(service)
            ready = await nobody.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (200, "ready")
            assert "aster" not in ready.text

    go(run())


def test_a_book_that_cannot_be_written_is_not_ready_until_it_can_again(harbour, go):
    async def run():
        store = Failing()
        async with running(harbour, store) as service:
            await watched(service)
            aster = service.client("aster")
            store.full = True
            assert (await aster.post("/v1/capacity-requests", json=need())).status_code == 503
            ready = await aster.get("/readyz")
            assert (ready.status_code, ready.json()["checks"][0]) == (503, {"name": "book", "status": "not writable"})
            found, _ = await measured(service)
            assert found["dibs_book_writable",] == 0
            assert found["dibs_acts_total", "SubmitRequest", "not_heard"] == 1
            assert (await aster.get("/healthz")).status_code == 200
            store.full = False
            assert (await aster.post("/v1/capacity-requests", json=need())).status_code == 201
            assert (await aster.get("/readyz")).status_code == 200

    go(run())


def test_a_service_that_is_behind_or_whose_database_is_gone_is_not_ready(harbour, go):
    async def run():
        async with running(harbour) as service:
            await watched(service)
            await walk(service)
            nobody = service.bare()
            service.clock.move_to(BEGIN + 30 * 86_400 + 60)
            ready = (await nobody.get("/readyz")).json()
            assert {"name": "clock", "status": "behind"} in ready["checks"]
            service.office.wake()
            assert (await nobody.get("/readyz")).status_code == 200
            service.office.looked_at = time.monotonic() - 60
            ready = (await nobody.get("/readyz")).json()
            assert {"name": "clock", "status": "stands still"} in ready["checks"]

    go(run())


@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_every_setting_of_what_leaves_the_service_is_in_the_docs(variable):
    pages = (Path(__file__).resolve().parents[2] / "docs/how-to").glob("*.md")
    assert any(f"`{variable}" in page.read_text() for page in pages)
