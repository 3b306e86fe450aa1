"""Sizes, patience, how often, from where, and what every answer says to browsers."""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
from pathlib import Path

import httpx2
import pytest
import uvicorn

from dibs.service.access import Role
from dibs.service.app import make_app
from dibs.service.limits import Limits, _address
from dibs.service.opening import limits_of
from dibs.service.server import Server
from dibs.service.wiring import read_settings
from dibs.testing.service import need, on_a_socket, running
from dibs.web.routes import routes


def at_the_gate(service, *, host="http://dibs.test", address="192.0.2.1", headers=None, app=None, **limits):
    """A client of the same service under limits of its own; several share them by sharing the app."""
    app = app or make_app(service.front, more=routes(service.front), limits=Limits(**limits))
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app, client=(address, 1)), base_url=host, headers=headers)
    client.app = app
    return client


async def in_pieces(size):
    for _ in range(size // 1000):
        yield b"x" * 1000


@pytest.mark.parametrize("sent", [b"x" * 20_000, in_pieces(20_000)], ids=["with its length", "in pieces"])
def test_a_request_that_is_too_large_is_refused(harbour, go, sent):
    async def large():
        async with running(harbour) as service:
            headers = {"authorization": f"Bearer {service.token('aster')}", "content-type": "application/json"}
            client = at_the_gate(service, body=10_000, headers=headers)
            size = service.office.store.size
            answer = await client.post("/v1/capacity-requests", content=sent)
            assert (answer.status_code, answer.json()["code"]) == (413, "DIB360")
            assert service.office.store.size == size
            assert (await client.post("/v1/capacity-requests", json=need())).status_code == 201

    go(large())


def test_a_request_of_exactly_the_limit_is_read(harbour, go):
    async def exact():
        async with running(harbour) as service:
            headers = {"authorization": f"Bearer {service.token('aster')}", "content-type": "application/json"}
            client = at_the_gate(service, body=1000, headers=headers)
            codes = [(await client.post("/v1/capacity-requests", content=b" " * size)).status_code for size in (1000, 1001)]
            assert codes == [422, 413]

    go(exact())


def test_a_form_that_is_too_large_is_refused(harbour, go):
    async def form():
        async with running(harbour) as service:
            client = at_the_gate(service, body=1000)
            assert (await client.post("/sign-in", data={"token": "x" * 2000})).status_code == 413

    go(form())


def test_a_request_that_does_not_arrive_is_given_up(harbour, go):
    async def slow():
        async with running(harbour) as service:
            app = make_app(service.front, limits=Limits(patience=0.3))
            config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_config=None, access_log=False)
            server = Server(config, service.office.feed)
            serving = asyncio.create_task(server.serve())
            await server.ready.wait()
            reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
            head = f"POST /v1/capacity-requests HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {service.token('aster')}\r\n"
            writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
            answer = (await reader.read(-1)).decode()
            assert answer.startswith("HTTP/1.1 408 ")
            assert "DIB363" in answer
            writer.close()
            server.should_exit = True
            await serving

    go(slow())


def test_a_token_has_its_share_of_requests_and_is_told_what_is_left(harbour, go):
    async def share():
        async with running(harbour) as service:
            first = at_the_gate(service, rate=3, headers={"authorization": f"Bearer {service.token('aster')}"})
            second = at_the_gate(service, app=first.app, headers={"authorization": f"Bearer {service.token('aster')}"})
            answers = [await first.get("/v1/me") for _ in range(4)]
            assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
            assert [re.match(r'"token";r=(\d+);t=\d+', answer.headers["ratelimit"])[1] for answer in answers] == ["2", "1", "0", "0"]
            assert answers[0].headers["ratelimit-policy"] == '"token";q=3;w=60'
            assert answers[3].json()["code"] == "DIB361"
            assert 1 <= int(answers[3].headers["retry-after"]) <= 60
            assert (await second.get("/v1/me")).status_code == 200

    go(share())


def test_whoever_guesses_tokens_has_to_wait_and_others_do_not(harbour, go):
    async def guess():
        async with running(harbour) as service:
            good = {"authorization": f"Bearer {service.token('aster')}"}
            client = at_the_gate(service, guesses=5)
            app = client.app
            assert (await client.get("/v1/me", headers=good)).status_code == 200
            codes = [(await client.get("/v1/me", headers={"authorization": f"Bearer dibs_{n}"})).status_code for n in range(7)]
            assert codes == [401] * 5 + [429] * 2
            form = await client.post("/sign-in", data={"token": "dibs_8"})
            assert (form.status_code, form.json()["code"], "retry-after" in form.headers) == (429, "DIB361", True)
            assert (await client.get("/v1/me", headers=good)).status_code == 200, "who was good before is not shut out"
            assert (await client.get("/v1/me")).status_code == 401, "no token is no guess"
            elsewhere = at_the_gate(service, app=app, address="192.0.2.2")
            assert (await elsewhere.get("/v1/me", headers={"authorization": f"Bearer {service.token('aster')}"})).status_code == 200
            late = await client.get("/v1/me", headers={"authorization": f"Bearer {service.token('aster')}"})
            assert late.status_code == 429, "nor are those let in who were never seen"

    go(guess())


def test_guesses_at_the_page_count_as_well(harbour, go):
    async def guess():
        async with running(harbour) as service:
            client = at_the_gate(service, guesses=3)
            codes = [(await client.post("/sign-in", data={"token": f"dibs_{n}"})).status_code for n in range(4)]
            assert codes == [401, 401, 401, 429]

    go(guess())


def test_a_network_of_addresses_is_one_guesser():
    assert _address({"client": ("2001:db8:0:1::1", 1)}) == _address({"client": ("2001:db8:0:1:ffff::2", 1)})
    assert _address({"client": ("2001:db8:0:1::1", 1)}) != _address({"client": ("2001:db8:0:2::1", 1)})
    assert _address({"client": ("192.0.2.1", 1)}) != _address({"client": ("192.0.2.2", 1)})
    assert _address({}) == "nowhere"


def test_a_name_that_is_not_ours_is_not_answered(harbour, go):
    limits = limits_of(read_settings({"--public-url": "https://Dibs.Example.com"}, {}))

    async def names():
        async with running(harbour) as service:
            client = at_the_gate(service, hosts=limits.hosts)
            for host, status in {
                "dibs.example.com": 200,
                "DIBS.example.com:443": 200,
                "127.0.0.1:8484": 200,
                "[::1]:8484": 200,
                "localhost:8484": 200,
                socket.gethostname(): 200,
                "evil.example": 421,
                "dibs.example.com.evil.example": 421,
                "": 421,
            }.items():
                answer = await client.get("/openapi.json", headers={"host": host})
                assert answer.status_code == status, host

    go(names())


def test_every_answer_says_how_it_is_to_be_handled(harbour, go):
    async def headers():
        async with running(harbour) as service:
            plain = at_the_gate(service, headers={"authorization": f"Bearer {service.token('aster')}"})
            paths = ("/v1/me", "/v1/offers/none", "/nowhere", "/sign-in", "/openapi.json", "/explain/DIB300", "/static/web.css")
            for path, answer in [(path, await plain.get(path)) for path in paths]:
                assert answer.headers["x-content-type-options"] == "nosniff", path
                assert answer.headers["referrer-policy"] == "same-origin"
                assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
                assert "strict-transport-security" not in answer.headers
                assert "server" not in answer.headers
                if path.startswith("/v1"):
                    assert answer.headers["cache-control"] == "no-store"
            secure = at_the_gate(service, secure=True)
            assert "max-age=31536000" in (await secure.get("/sign-in")).headers["strict-transport-security"]

    go(headers())


def test_no_page_needs_a_script_that_the_policy_forbids():
    """Scripts come from files; what stands in a page is data.  No attribute of an element runs anything."""
    folder = Path(__file__).resolve().parents[2] / "src/dibs/web/templates"
    texts = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.html"))}
    assert texts
    for name, text in texts.items():
        for tag in re.findall(r"<script[^>]*>", text):
            assert 'src="/static/' in tag or 'type="application/json"' in tag, (name, tag)
        assert not re.search(r"\son[a-z]+=", text), name
        assert not re.search(r"(src|href|action)=[\"']https?:", text), name


def test_events_flow_longer_than_a_request_may_take(harbour, go):
    """The limit on how slowly a request comes does not end a stream that goes out."""

    async def stream():
        async with running(harbour) as service:
            service.app = make_app(service.front, limits=Limits(patience=0.2))
            async with on_a_socket(service) as url, httpx2.AsyncClient(base_url=url) as client:
                headers = {"authorization": f"Bearer {service.token('aster', Role.DESK)}"}
                async with client.stream("GET", "/v1/events/stream?start=now", headers=headers) as events:
                    await asyncio.sleep(0.6)
                    poster = httpx2.AsyncClient(base_url=url, headers={"authorization": f"Bearer {service.token('aster')}"})
                    await poster.post("/v1/capacity-requests", json=need())
                    await poster.aclose()
                    lines = events.aiter_lines()
                    seen = [await anext(lines) for _ in itertools.repeat(None, 4)]
                    assert any("RequestSubmitted" in line for line in seen), seen

    go(stream())
