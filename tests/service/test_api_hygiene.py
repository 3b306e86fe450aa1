"""Bytes that no client library would send: an answer of 4xx in the same words as ever, and never an error of ours."""

from __future__ import annotations

import asyncio
import json

import pytest

from dibs.testing.service import running


async def raw(service, *, method="GET", path="/v1/me", raw_path=None, query=b"", headers=(), body=b""):
    """One request as the server hands it to the application."""
    token = service.token("aster").encode()
    sent = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": raw_path or path.encode("utf-8", "replace"),
        "root_path": "",
        "query_string": query,
        "headers": [(b"host", b"dibs.test"), (b"authorization", b"Bearer " + token), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("dibs.test", 80),
    }
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        if parts:
            return parts.pop()
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await service.app(scope, receive, send)
    status = sent[0]["status"]
    found = dict(sent[0]["headers"])
    return status, found, b"".join(message.get("body", b"") for message in sent[1:])


JSON = (b"content-type", b"application/json")
ODD = [
    {"path": "/v1/offers/\ud800"},
    {"path": "/v1/offers/\x00\x01\x7f"},
    {"path": "/v1/offers/" + "ä" * 5000},
    {"path": "/v1/offers/../../etc/passwd"},
    {"path": "//v1//offers"},
    {"query": b"\xff\xfe=\x00", "path": "/v1/offers"},
    {"query": b"limit=\xff", "path": "/v1/offers"},
    {"query": b"cursor=" + b"A" * 10_000, "path": "/v1/offers"},
    {"query": b"status=%00%ff&&&==&%", "path": "/v1/offers"},
    {"query": b"&".join(b"a%d=1" % n for n in range(5000)), "path": "/v1/offers"},
    {"query": b"limit=999999999999999999999999999999999999", "path": "/v1/offers"},
    {"query": b"limit=1.5", "path": "/v1/offers"},
    {"query": b"on=0001-01-01", "path": "/v1/agreements/current"},
    {"query": b"until=9999-12-31T23:59:59Z", "path": "/v1/availability"},
    {"method": "FOO", "path": "/v1/offers"},
    {"method": "TRACE", "path": "/v1/offers"},
    {"method": "POST", "path": "/v1/readers", "headers": [JSON, (b"idempotency-key", b"\xff\xfe")], "body": b'{"person": "a"}'},
    {"method": "POST", "path": "/v1/readers", "headers": [JSON, (b"idempotency-key", b"a"), (b"idempotency-key", b"b")], "body": b'{"person": "a"}'},
    {"method": "POST", "path": "/v1/readers", "headers": [(b"content-type", b"\xff/\xfe")], "body": b'{"person": "a"}'},
    {"method": "POST", "path": "/v1/readers", "headers": [(b"content-type", b"application/json"), (b"x", b"")], "body": b"\x00"},
    {"method": "POST", "path": "/v1/readers", "headers": [JSON], "body": b"\xef\xbb\xbf{}"},
    {"method": "POST", "path": "/v1/readers", "headers": [JSON], "body": b'{"person": "\xed\xa0\x80"}'},
    {"method": "POST", "path": "/v1/readers", "headers": [JSON], "body": '{"person": "a"}'.encode("utf-16")},
    {"method": "POST", "path": "/v1/readers", "headers": [JSON], "body": b'{"person": ' * 50_000},
    {"method": "POST", "path": "/v1/readers", "headers": [JSON], "body": b'{"person": 1' + b"0" * 100_000 + b"}"},
    {"method": "POST", "path": "/v1/runs/x/cancellation", "headers": [], "body": b"[]"},
]


@pytest.mark.parametrize("odd", ODD, ids=[f"{o.get('method', 'GET')} {str(o)[:60]!r}" for o in ODD])
def test_odd_bytes_are_refused_like_anything_else(harbour, go, odd):
    async def ask():
        async with running(harbour) as service:
            size = service.office.store.size
            status, headers, body = await raw(service, **odd)
            assert 400 <= status < 500, (status, body)
            assert headers[b"content-type"] == b"application/problem+json"
            problem = json.loads(body)
            assert problem["status"] == status
            assert len(body) < 3000
            assert service.office.store.size == size

    go(ask())


def test_a_token_may_be_any_bytes_and_is_not_good_then(harbour, go):
    async def ask():
        async with running(harbour) as service:
            for token in (b"", b"Bearer", b"Bearer \xff\x00", b"Bearer dibs_\x00_\x00", b"Bearer dibs_" + b"a" * 10_000 + b"_x", b"Basic YTpi"):
                client = service.bare()
                answer = await client.get("/v1/me", headers=[(b"authorization", token)])
                assert (answer.status_code, answer.json()["code"]) == (401, "DIB300"), token

    go(ask())
