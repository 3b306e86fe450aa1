"""Long work: begun at once, told how far it is, broken off, and remembered."""

from __future__ import annotations

import asyncio
from pathlib import Path

from dibs.journal.checkpoint import SigningKey
from dibs.store.sqlite import SqliteStore
from dibs.testing.service import running

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


async def ended(client, link):
    """The run once it is over, and every part of it that was seen on the way."""
    seen = []
    for _ in range(600):
        run = (await client.get(link)).json()
        seen.append(run["progress"])
        if run["status"] != "running":
            return run, seen
        await asyncio.sleep(0.1)
    raise AssertionError(run)


def test_an_audit_of_the_book_says_that_nothing_was_altered(harbour, go, tmp_path):
    async def audit():
        async with running(harbour, SqliteStore(tmp_path / "book.db", signer=SigningKey("dibs.test/book", bytes(32)))) as service:
            aster = service.client("aster")
            begun = await aster.post("/v1/runs", json={"kind": "audit"}, headers={"Idempotency-Key": "one"})
            assert begun.status_code == 202
            run, _ = await ended(aster, begun.json()["link"])
            assert (run["status"], run["result"]["findings"]) == ("done", [])
            again = await aster.post("/v1/runs", json={"kind": "audit"}, headers={"Idempotency-Key": "one"})
            assert again.json()["id"] == run["id"]
            assert (await service.client("borealis").get(begun.json()["link"])).status_code == 403

    go(audit())


def test_a_scenario_is_played_with_progress_and_leaves_its_report(harbour, go):
    async def play():
        async with running(harbour, scenarios=EXAMPLES) as service:
            aster = service.client("aster")
            assert "harbour" in (await aster.get("/v1/scenarios")).json()["items"]
            wrong = await aster.post("/v1/runs", json={"kind": "scenario", "scenario": "atlantis"})
            assert wrong.status_code == 422
            begun = await aster.post("/v1/runs", json={"kind": "scenario", "scenario": "harbour", "until": "2026-01-01"})
            run, _ = await ended(aster, begun.json()["link"])
            assert run["status"] == "done", run
            report = await aster.get(f"{run['link']}/files/report.html")
            assert "<html" in report.text
            assert (await aster.get(f"{run['link']}/files/../../service.db")).status_code == 404

    go(play())


def test_a_run_is_broken_off(harbour, go):
    async def cancel():
        async with running(harbour, scenarios=EXAMPLES) as service:
            aster = service.client("aster")
            begun = (await aster.post("/v1/runs", json={"kind": "scenario", "scenario": "stargate"})).json()
            await asyncio.sleep(0.5)
            await aster.post(f"{begun['link']}/cancellation")
            run, _ = await ended(aster, begun["link"])
            assert run["status"] == "cancelled"

    go(cancel())
