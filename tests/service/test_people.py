"""Tokens: who may make them for whom, how they end, and what is on record of it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from dibs.service import people as people_module
from dibs.service.access import Role
from dibs.service.people import People
from dibs.testing.acts import BEGIN
from dibs.testing.service import running

DAY = 86_400


def bearer(secret):
    return {"authorization": f"Bearer {secret}"}


async def status(service, secret):
    return (await service.bare(bearer(secret)).get("/v1/me")).status_code


def test_a_token_is_shown_once_and_kept_as_a_hash(harbour, go):
    async def once():
        async with running(harbour) as service:
            admin = service.client("aster", Role.ADMIN)
            made = await admin.post("/v1/tokens", json={"role": "desk", "person": "Ida"}, headers={"Idempotency-Key": "ida"})
            assert made.status_code == 201
            secret = made.json()["secret"]
            assert await status(service, secret) == 200
            listed = (await admin.get("/v1/tokens")).text
            assert made.json()["id"] in listed
            assert secret not in listed
            with service.front.people.engine.connect() as db:
                rows = str(db.execute(sa.select(people_module.TOKENS)).all())
            assert secret.removeprefix("dibs_") not in rows
            again = await admin.post("/v1/tokens", json={"role": "desk", "person": "Ida"}, headers={"Idempotency-Key": "ida"})
            assert (again.status_code, again.json()["code"]) == (409, "DIB354")

    go(once())


def test_a_token_that_expires_is_good_until_that_instant(harbour, go):
    async def until():
        async with running(harbour) as service:
            admin = service.client("aster", Role.ADMIN)
            until = "2025-03-02T00:00:00Z"
            now = service.clock.now()
            made = (await admin.post("/v1/tokens", json={"role": "desk", "person": "Ida", "expires_at": until})).json()
            ends = int(datetime.fromisoformat(until).timestamp())
            assert now < ends
            await service.move_to(ends - 1)
            assert await status(service, made["secret"]) == 200
            await service.move_to(ends)
            assert await status(service, made["secret"]) == 401

    go(until())


def test_a_revoked_token_opens_nothing_from_that_moment(harbour, go):
    async def revoke():
        async with running(harbour) as service:
            admin = service.client("aster", Role.ADMIN)
            made = (await admin.post("/v1/tokens", json={"role": "desk", "person": "Ida"})).json()
            assert await status(service, made["secret"]) == 200
            supposed = (await admin.delete(f"/v1/tokens/{made['id']}?dry_run=true")).json()
            assert supposed["status"] == "good"
            assert await status(service, made["secret"]) == 200
            gone = (await admin.delete(f"/v1/tokens/{made['id']}")).json()
            assert gone["status"] == "revoked"
            assert await status(service, made["secret"]) == 401

    go(revoke())


def test_another_replica_learns_of_a_revocation_within_two_seconds(harbour, go, monkeypatch):
    async def replicas():
        async with running(harbour) as service:
            here = service.front.people
            there = People(here.engine, house="aster")
            secret = here.token("aster", Role.DESK, "Ida", at=BEGIN)
            assert there.recognise(secret, at=BEGIN) is not None
            (token,) = [token for token in here.tokens("aster") if token.person == "Ida"]
            here.revoke(token.id, at=BEGIN)
            assert here.recognise(secret, at=BEGIN) is None
            elapsed = people_module.time.monotonic() + 2
            monkeypatch.setattr(people_module.time, "monotonic", lambda: elapsed)
            assert there.recognise(secret, at=BEGIN) is None

    go(replicas())


def test_a_replaced_token_stays_good_for_the_overlap(harbour, go):
    async def rotate():
        async with running(harbour) as service:
            old = service.token("aster", Role.DESK, "Ida")
            ida = service.bare(bearer(old))
            (mine,) = [token for token in service.front.people.tokens("aster") if token.person == "Ida"]
            new = (await ida.post(f"/v1/tokens/{mine.id}/rotation", json={"overlap": 600})).json()
            assert (new["role"], new["person"]) == ("desk", "Ida")
            assert [await status(service, one) for one in (old, new["secret"])] == [200, 200]
            await service.move_to(service.clock.now() + 600)
            assert [await status(service, one) for one in (old, new["secret"])] == [401, 200]
            assert (await ida.post(f"/v1/tokens/{mine.id}/rotation", json={})).status_code == 401

    go(rotate())


def test_a_counterparty_manages_its_own_people_only(harbour, go):
    async def own():
        async with running(harbour) as service:
            aster, borealis = service.client("aster", Role.ADMIN), service.client("borealis", Role.ADMIN)
            made = await borealis.post("/v1/tokens", json={"role": "desk", "person": "Bo"})
            assert (made.status_code, made.json()["party"]) == (201, "borealis")
            other = await borealis.post("/v1/tokens", json={"role": "desk", "person": "Spy", "party": "aster"})
            assert (other.status_code, other.json()["code"]) == (403, "DIB350")
            unknown = await borealis.post("/v1/tokens", json={"role": "desk", "person": "Spy", "party": "nobody"})
            assert unknown.json() == other.json(), "whether a party exists is not told"
            (house,) = [token for token in service.front.people.tokens("aster") if token.role is Role.ADMIN]
            theirs = await borealis.delete(f"/v1/tokens/{house.id}")
            nothing = await borealis.delete("/v1/tokens/tok-0")
            assert [answer.status_code for answer in (theirs, nothing)] == [404, 404]
            assert theirs.json()["detail"].replace(house.id, "tok-0") == nothing.json()["detail"]
            assert {token["party"] for token in (await borealis.get("/v1/tokens")).json()["items"]} == {"borealis"}
            assert (await aster.delete(f"/v1/tokens/{made.json()['id']}")).status_code == 404

    go(own())


def test_the_house_invites_the_first_administrator_of_a_party_and_nobody_after(harbour, go):
    async def invite():
        async with running(harbour) as service:
            aster = service.client("aster", Role.ADMIN)
            desk = await aster.post("/v1/tokens", json={"role": "desk", "person": "Bo", "party": "borealis"})
            assert (desk.status_code, desk.json()["code"]) == (403, "DIB350")
            first = await aster.post("/v1/tokens", json={"role": "admin", "person": "Bo", "party": "borealis"})
            assert first.status_code == 201
            second = await aster.post("/v1/tokens", json={"role": "admin", "person": "Bob", "party": "borealis"})
            assert (second.status_code, second.json()["code"]) == (403, "DIB350")
            assert first.json()["id"] in (await aster.get("/v1/tokens")).text
            assert (await aster.delete(f"/v1/tokens/{first.json()['id']}")).status_code == 200
            assert (await aster.post("/v1/tokens", json={"role": "admin", "person": "Bea", "party": "borealis"})).status_code == 201
            assert (await aster.post("/v1/tokens", json={"role": "admin", "person": "Zoe", "party": "zork"})).json()["code"] == "DIB352"

    go(invite())


def test_the_last_administrator_stays(harbour, go):
    async def last():
        async with running(harbour) as service:
            admin = service.client("aster", Role.ADMIN)
            (mine,) = service.front.people.admins("aster", at=BEGIN)
            assert (await admin.delete(f"/v1/tokens/{mine.id}")).json()["code"] == "DIB353"
            await admin.post("/v1/tokens", json={"role": "admin", "person": "Ada"})
            assert (await admin.delete(f"/v1/tokens/{mine.id}")).status_code == 200

    go(last())


def test_everybody_may_end_their_own_token_and_nobody_elses(harbour, go):
    async def ends():
        async with running(harbour) as service:
            ida, eve = service.client("aster", Role.DESK, "Ida"), service.client("aster", Role.DESK, "Eve")
            tokens = {token.person: token.id for token in service.front.people.tokens("aster")}
            assert (await eve.delete(f"/v1/tokens/{tokens['Ida']}")).status_code == 404
            assert (await ida.delete(f"/v1/tokens/{tokens['Ida']}")).status_code == 200
            assert (await ida.get("/v1/me")).status_code == 401

    go(ends())


def test_who_let_whom_in_is_on_record_for_both_parties(harbour, go):
    async def log():
        async with running(harbour) as service:
            aster = service.client("aster", Role.ADMIN, "Ada")
            made = (await aster.post("/v1/tokens", json={"role": "admin", "person": "Bo", "party": "borealis"})).json()
            own = (await service.bare(bearer(made["secret"])).post(f"/v1/tokens/{made['id']}/rotation", json={})).json()
            bo = service.bare(bearer(own["secret"]))
            await bo.post("/v1/tokens", json={"role": "desk", "person": "Bea"})
            assert [deed["person"] for deed in (await aster.get("/v1/access-log")).json()["items"]] == ["Ada"]
            theirs = (await bo.get("/v1/access-log")).json()["items"]
            did = [("Bo", "made a token"), ("Bo", "accepted an invitation"), ("Ada", "invited an administrator")]
            assert [(deed["person"], deed["did"]) for deed in theirs] == did
            assert (await service.client("cinder", Role.AUDITOR).get("/v1/access-log")).json()["items"] == []

    go(log())


def test_the_last_use_of_a_token_is_noted_to_the_minute(harbour, go):
    async def use():
        async with running(harbour) as service:
            admin = service.client("aster", Role.ADMIN)
            made = (await admin.post("/v1/tokens", json={"role": "desk", "person": "Ida"})).json()
            assert "used_at" not in made
            assert await status(service, made["secret"]) == 200
            (seen,) = [token for token in (await admin.get("/v1/tokens")).json()["items"] if token["id"] == made["id"]]
            assert seen["used_at"].endswith(":00Z")

    go(use())
