"""Long work: begun at once, told how far it is, broken off, and remembered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import sqlalchemy as sa

from dibs.journal.checkpoint import SigningKey
from dibs.service import runs as runs_
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


def test_a_key_that_stands_for_one_run_stands_for_no_other(harbour, go):
    async def reuse():
        async with running(harbour, scenarios=EXAMPLES) as service:
            aster = service.client("aster")
            key = {"Idempotency-Key": "one"}
            play = {"kind": "scenario", "scenario": "stargate", "seed": 7}
            begun = await aster.post("/v1/runs", json=play, headers=key)
            assert begun.status_code == 202
            others = [{"kind": "audit"}, {**play, "scenario": "harbour"}, {**play, "seed": 8}, {"kind": "scenario", "scenario": "stargate"}]
            answers = [await aster.post("/v1/runs", json=other, headers=key) for other in others]
            assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(409, "DIB308")}
            assert (await aster.post("/v1/runs", json=play, headers=key)).json()["id"] == begun.json()["id"]
            await aster.post(f"{begun.json()['link']}/cancellation")
            await ended(aster, begun.json()["link"])
            assert (await aster.post("/v1/runs", json={"kind": "audit"}, headers=key)).status_code == 409, "also once it is over"

    go(reuse())


def test_no_name_of_a_file_breaks_the_service(harbour, go):
    async def ask():
        async with running(harbour) as service:
            aster = service.client("aster")
            begun = (await aster.post("/v1/runs", json={"kind": "audit"})).json()
            for name in ("%00", "a" * 5000, "report.html"):
                assert (await aster.get(f"{begun['link']}/files/{name}")).status_code == 404
            await ended(aster, begun["link"])

    go(ask())


def test_so_many_runs_may_wait_and_no_more(harbour, go):
    async def crowd():
        async with running(harbour) as service:
            aster, runs = service.client("aster"), service.front.runs
            for _ in range(runs_.AT_ONCE):
                await runs._slots.acquire()
            begun = [await aster.post("/v1/runs", json={"kind": "audit"}, headers={"Idempotency-Key": f"key-{nth}"}) for nth in range(runs_.LIVE_MAX)]
            assert {answer.status_code for answer in begun} == {202}
            more = await aster.post("/v1/runs", json={"kind": "audit"})
            assert (more.status_code, more.json()["code"], more.json()["retry"]) == (429, "DIB361", True)
            again = await aster.post("/v1/runs", json={"kind": "audit"}, headers={"Idempotency-Key": "key-0"})
            assert again.json()["id"] == begun[0].json()["id"]
            await aster.post(f"{begun[0].json()['link']}/cancellation")
            await ended(aster, begun[0].json()["link"])
            assert (await aster.post("/v1/runs", json={"kind": "audit"})).status_code == 202

    go(crowd())


def test_only_the_latest_runs_and_what_they_left_are_kept(harbour, go, tmp_path, monkeypatch):
    monkeypatch.setattr(runs_, "KEPT", 2)

    async def forget():
        async with running(harbour, scenarios=EXAMPLES, folder=tmp_path) as service:
            aster = service.client("aster")
            first = (await aster.post("/v1/runs", json={"kind": "scenario", "scenario": "harbour", "until": "2025-04-01"})).json()
            await ended(aster, first["link"])
            assert (tmp_path / "runs" / first["id"]).is_dir()
            (tmp_path / "runs" / "run-of-a-replica-that-is-gone").mkdir()
            for _ in range(2):
                await service.move_to(service.clock.now() + 1)
                later = (await aster.post("/v1/runs", json={"kind": "audit"})).json()
                await ended(aster, later["link"])
            assert (await aster.get(first["link"])).status_code == 404
            assert [run["kind"] for run in (await aster.get("/v1/runs")).json()["items"]] == ["audit", "audit"]
            assert list((tmp_path / "runs").iterdir()) == []

    go(forget())


def test_what_another_replica_works_on_is_let_be_until_nobody_has_said_so_for_a_while(harbour, go, tmp_path):
    async def share():
        async with running(harbour, folder=tmp_path) as service:
            aster, runs, now = service.client("aster"), service.front.runs, service.clock.now()
            row = {"id": "run-there", "kind": "audit", "about": "book", "person": "P", "status": "running", "says": "", "result": "{}"}
            with runs._engine.begin() as db:
                db.execute(sa.insert(runs_.RUNS).values(**row, made_at=now))
                db.execute(sa.insert(runs_.WORKED).values(id="run-there", asked="", until=now + runs_.LEASE))
            assert runs._mend() is False, "as a replica does that starts"
            assert (await aster.get("/v1/runs/run-there")).json()["status"] == "running"
            await service.move_to(now + runs_.LEASE)
            runs._hold(("run-there",))
            await service.move_to(now + 2 * runs_.LEASE)
            assert (await aster.get("/v1/runs/run-there")).json()["status"] == "running"
            await service.move_to(now + 2 * runs_.LEASE + 1)
            (seen,) = (await aster.get("/v1/runs")).json()["items"]
            assert (seen["status"], seen["says"]) == ("failed", "the service was stopped while it ran: start it again")

    go(share())


def test_what_ran_when_a_service_of_its_own_was_stopped_is_over_when_it_starts_again(harbour, go, tmp_path):
    async def restart():
        async with running(harbour, folder=tmp_path) as service:
            now = service.clock.now()
            row = {"id": "run-here", "kind": "audit", "about": "book", "person": "P", "status": "running", "says": "", "result": "{}"}
            with service.front.runs._engine.begin() as db:
                db.execute(sa.insert(runs_.RUNS).values(**row, made_at=now))
                db.execute(sa.insert(runs_.WORKED).values(id="run-here", asked="", until=now + runs_.LEASE))
        async with running(harbour, folder=tmp_path) as service:
            assert (await service.client("aster").get("/v1/runs/run-here")).json()["status"] == "failed"

    go(restart())
