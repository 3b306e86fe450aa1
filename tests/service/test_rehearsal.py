"""A scenario served as if it were live: the same book as a run's, and a clock that somebody moves on."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import httpx2

from dibs.journal.audit import replay, verify
from dibs.journal.checkpoint import SigningKey
from dibs.quantities import parse_instant
from dibs.service.rehearsal import rehearse
from dibs.simulate.run import run
from dibs.simulate.scenario import load
from dibs.store.sqlite import SqliteBook, SqliteStore
from dibs.testing.service import running

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour"
KEY = SigningKey("dibs.test/rehearsal", bytes(32))


def test_a_rehearsal_is_the_book_that_a_run_would_leave(tmp_path):
    scenario = load(HARBOUR)
    store = SqliteStore(tmp_path / "book.db", signer=KEY)
    clock = rehearse(store, scenario, on=date(2025, 6, 1))
    played = run(scenario, until=date(2025, 6, 1))
    assert list(store.entries()) == list(played.entries)
    assert clock.now() >= parse_instant("2025-06-01T00:00:00Z")
    store.close()
    book = SqliteBook(tmp_path / "book.db")
    assert not verify(book).findings
    assert replay(book).state == played.state
    book.close()


def test_a_rehearsal_that_was_begun_goes_on_where_it_stood(tmp_path):
    scenario = load(HARBOUR)
    store = SqliteStore(tmp_path / "book.db", signer=KEY)
    rehearse(store, scenario, on=date(2025, 6, 1))
    size = store.size
    again = rehearse(store, scenario, on=None)
    assert store.size == size
    assert again.now() >= store.read((size - 1,))[0].at
    store.close()


def test_the_clock_is_moved_on_and_what_is_due_happens(harbour, go):
    async def move():
        async with running(harbour) as service:
            aster, borealis = service.client("aster"), service.client("borealis")
            now = (await borealis.get("/v1/clock")).json()
            assert now["steered"]
            moved = await aster.post("/v1/clock", json={"to": "2025-07-01T00:00:00Z"})
            assert (moved.status_code, moved.json()["now"]) == (200, "2025-07-01T00:00:00Z")
            back = await aster.post("/v1/clock", json={"to": "2025-06-01T00:00:00Z"})
            assert (back.status_code, back.json()["code"]) == (409, "DIB312")
            assert (await borealis.post("/v1/clock", json={"to": "2026-01-01T00:00:00Z"})).status_code == 403

    go(move())


def test_a_rehearsal_is_served_and_its_clock_is_moved_on(tmp_path):
    words = [sys.executable, "-m", "dibs", "serve", "--scenario", str(HARBOUR), "--on", "2025-06-01", "--listen", "127.0.0.1:0", "--json"]
    for start in range(2):  # the second time from the book that the first one left
        with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                lines = []
                while not lines or lines[-1] != "}\n":
                    lines.append(process.stdout.readline())
                    assert lines[-1], process.stderr.read()
                said = json.loads("".join(lines))
                assert said["house"] == "aster"
                if not start:
                    token = said["token"]
                with httpx2.Client(base_url=said["address"], headers={"authorization": f"Bearer {token}"}) as aster:
                    assert aster.get("/v1/capacity-requests").json()["items"]
                    now = aster.get("/v1/clock").json()["now"]
                    assert now >= ("2025-06-01" if not start else "2025-09-01")
                    if not start:
                        assert aster.post("/v1/clock", json={"to": "2025-09-01T00:00:00Z"}).status_code == 200
            finally:
                process.terminate()
                process.wait(30)
