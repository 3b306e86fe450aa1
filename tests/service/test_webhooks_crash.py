"""The service is killed in the middle of sending: after the next start everything arrives, and nothing that is not on record."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from dibs.testing.receiver import Receiver
from dibs.testing.service import need, notice

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"
TOKEN = "dibs_crash_0123456789abcdef0123456789"  # noqa: S105 - of this test's own server


@contextlib.contextmanager
def served(folder):
    """`dibs serve` in a process of its own; killed in the end, without a chance to tidy up."""
    environment = {**os.environ, "DIBS_ADMIN_TOKEN": TOKEN, "DIBS_WEBHOOKS_PRIVATE": "1", "DIBS_METRICS_TOKEN": "measure"}
    words = [sys.executable, "-m", "dibs", "serve", str(HARBOUR), "--db", str(folder / "book.db"), "--listen", "127.0.0.1:0", "--json"]
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line == "}\n":
                    break
            address = json.loads("".join(lines))["address"]
            with httpx2.Client(base_url=address, headers={"authorization": f"Bearer {TOKEN}"}, timeout=20) as client:
                yield client
        finally:
            process.kill()
            process.communicate()


def until(what):
    """Wait for something to come true."""
    latest = time.monotonic() + 20
    while not what():
        assert time.monotonic() < latest
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_while_it_sends_it_sends_the_rest_after_the_next_start(tmp_path):
    with Receiver() as receiver:
        receiver.wait = 0.05
        with served(tmp_path) as client:
            before = len(client.get("/v1/events").json()["items"])
            made = client.post("/v1/webhook-endpoints", json={"url": receiver.url}).json()
            for nth in range(15):
                start = {"start_earliest": "2027-06-01T00:00:00Z", "start_latest": "2027-09-01T00:00:00Z"}
                assert client.post("/v1/capacity-requests", json=need(id=f"need-{nth}", purpose=f"{nth}", **start)).json()["outcome"] == "done"
                assert client.post("/v1/offers", json=notice(f"need-{nth}") | {"id": f"offer-{nth}"}).status_code == 201
            until(lambda: len(receiver.got) >= 10)
        seen = len(receiver.got)
        with served(tmp_path) as client:
            events = client.get("/v1/events", params={"limit": 1000}).json()["items"]
            expected = {str(number) for number in range(before + 1, len(events) + 1)}
            until(lambda: {json.loads(got.body)["id"] for got in receiver.got} == expected)
            until(lambda: not client.get(f"/v1/webhook-endpoints/{made['id']}/deliveries", params={"status": "waiting"}).json()["items"])
            by_id = {event["id"]: event for event in events}
            for got in receiver.got:
                event = json.loads(got.body)
                assert event == by_id[event["id"]], "what is sent is on record, and the same at every try"
                assert got.headers["webhook-id"] == f"msg_{made['id']}_{event['id']}"
            assert len(receiver.got) > seen
            text = client.get("/metrics", headers={"authorization": "Bearer measure"}).text
            assert 'dibs_messages_waiting{kind="webhook"} 0.0' in text
            assert client.get("/readyz").status_code == 200
    logged = (tmp_path / "log").read_text()
    assert json.loads(logged.splitlines()[0])
    assert TOKEN not in logged
    assert "offer-1" not in logged
