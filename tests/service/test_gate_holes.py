"""Ways past the gate that were found once, and stay closed."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime

import httpx2
import msgspec
import pytest
import sqlalchemy as sa
from starlette.requests import Request

from dibs.service import people as people_module
from dibs.service import sessions as sessions_module
from dibs.service.access import Actor, Role
from dibs.service.app import make_app
from dibs.service.limits import Limits
from dibs.service.people import People
from dibs.service.problems import Problem
from dibs.service.sessions import Sessions
from dibs.testing.service import running
from dibs.web.routes import routes

from .test_limits import at_the_gate
from .test_sign_in import Browser, come_in, login, provider

__all__ = ["provider"]  # a fixture

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:authlib")  # the provider's own parts


def bearer(secret):
    return {"authorization": f"Bearer {secret}"}


VARIANTS = ("Bearer {}", "bearer {}", "BEARER {}", "bEaReR {}", "Bearer  {}", "Bearer   {}", "beaRer    {}")


def test_a_token_has_one_share_however_it_is_written(harbour, go):
    async def share():
        async with running(harbour) as service:
            client, token = at_the_gate(service, rate=5), service.token("borealis")
            codes = [(await client.get("/v1/me", headers={"authorization": form.format(token)})).status_code for form in VARIANTS]
            assert codes == [200] * 5 + [429] * 2

    go(share())


@pytest.mark.parametrize("path", ["/v1/nope", "/v1/scenarios/nope", "/v1/me/"])
def test_a_token_that_nobody_looked_at_is_still_a_guess(harbour, go, path):
    async def guess():
        async with running(harbour) as service:
            client = at_the_gate(service, guesses=5)
            guesses = [{"authorization": f"Bearer guess{number}"} for number in range(20)]
            for shown in guesses:
                await client.get(path, headers=shown)
            codes = Counter([(await client.get("/v1/me", headers=shown)).status_code for shown in guesses])
            assert codes == {401: 5, 429: 15}

    go(guess())


def test_a_token_that_may_not_do_something_passes_where_others_guess(harbour, go):
    """Known is who was recognised, not who was permitted."""

    async def known():
        async with running(harbour) as service:
            client = at_the_gate(service, guesses=2)
            shown = {"authorization": f"Bearer {service.token('borealis', Role.AUDITOR)}"}
            assert (await client.post("/v1/tokens", headers=shown, json={})).status_code == 403
            for number in range(4):
                await client.get("/v1/me", headers={"authorization": f"Bearer guess{number}"})
            assert (await client.get("/v1/me", headers=shown)).status_code == 200

    go(known())


def test_a_form_from_nowhere_is_not_ours(harbour, go):
    """A page in a sandbox says `Origin: null`."""

    async def null():
        async with running(harbour) as service:
            sessions = Sessions(service.front)
            for origin, ours in ((b"null", False), (b"", True), (b"http://dibs.test", True), (b"http://evil.test", False)):
                headers = [(b"host", b"dibs.test"), (b"origin", origin)]
                asked = Request({"type": "http", "method": "POST", "path": "/sign-in", "headers": headers, "query_string": b""})
                assert sessions.check_csrf(asked, "") is ours, origin

    go(null())


# --- tokens


async def invite(house, party="borealis", **fields):
    """An invitation, and a client that shows it."""
    answer = await house.post("/v1/tokens", json={"role": "admin", "person": "Bo", "party": party, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def accept(service, invitation):
    """What somebody gets who accepts it."""
    return await service.bare(bearer(invitation["secret"])).post(f"/v1/tokens/{invitation['id']}/rotation", json={})


def test_what_replaces_a_token_is_good_as_long_as_that(harbour, go):
    async def rotate():
        async with running(harbour) as service:
            admin = service.client("aster", Role.ADMIN)
            until = "2025-03-02T00:00:00Z"
            made = (await admin.post("/v1/tokens", json={"role": "auditor", "person": "Ida", "expires_at": until})).json()
            for _ in range(3):
                made = (await service.bare(bearer(made["secret"])).post(f"/v1/tokens/{made['id']}/rotation", json={"overlap": 0})).json()
                assert made["expires_at"] == until
            await service.move_to(int(datetime.fromisoformat(until).timestamp()))
            assert (await service.bare(bearer(made["secret"])).get("/v1/me")).status_code == 401

    go(rotate())


def test_an_invitation_opens_nothing_but_its_own_replacement(harbour, go):
    async def nothing():
        async with running(harbour) as service:
            house = service.client("aster", Role.ADMIN, "Ada")
            desk = service.front.people.token("borealis", Role.DESK, "Bea", at=service.clock.now(), name="tok-bea")
            made = await invite(house)
            assert made["status"] == "invitation"
            bo = service.bare(bearer(made["secret"]))
            for method, path in (
                ("GET", "/v1/me"),
                ("POST", "/v1/tokens"),
                ("POST", "/v1/tokens/tok-bea/rotation"),
                ("DELETE", f"/v1/tokens/{made['id']}"),
            ):
                answer = await bo.request(method, path, json={} if method == "POST" else None)
                assert (answer.status_code, answer.json()["code"]) == (403, "DIB364"), path
            assert (await service.bare(bearer(desk)).get("/v1/me")).status_code == 200

    go(nothing())


def test_the_house_never_holds_a_token_that_opens_a_counterparty(harbour, go):
    async def never():
        async with running(harbour) as service:
            house = service.client("aster", Role.ADMIN, "Ada")
            made = await invite(house)
            replaced = await house.post(f"/v1/tokens/{made['id']}/rotation", json={})
            assert (replaced.status_code, replaced.json()["code"]) == (403, "DIB350")
            own = (await accept(service, made)).json()
            assert (own["party"], own["role"], own["status"], own["made_by"]) == ("borealis", "admin", "good", "borealis: Bo")
            bo = service.bare(bearer(own["secret"]))
            assert (await bo.get("/v1/me")).json()["party"] == "borealis"
            assert (await accept(service, made)).status_code == 401
            assert (await service.bare(bearer(made["secret"])).get("/v1/me")).status_code == 401
            seen = {token["id"]: token["status"] for token in (await house.get("/v1/tokens")).json()["items"]}
            assert seen[made["id"]] == "revoked"
            assert own["id"] not in seen
            for method, path in (("POST", f"/v1/tokens/{own['id']}/rotation"), ("DELETE", f"/v1/tokens/{own['id']}")):
                assert (await house.request(method, path, json={} if method == "POST" else None)).status_code == 404
            await house.delete(f"/v1/tokens/{made['id']}")
            again = await house.post("/v1/tokens", json={"role": "admin", "person": "Zoe", "party": "borealis"})
            assert (again.status_code, again.json()["code"]) == (403, "DIB350")
            login = {"claim": "email", "value": "ada@aster.example", "role": "admin", "person": "Ada"}
            assert (await house.post("/v1/logins", json=login | {"party": "cinder"})).json()["code"] == "DIB350"
            assert (await bo.get("/v1/me")).status_code == 200

    go(never())


def test_an_invitation_is_accepted_once_also_by_two_at_a_time(harbour, go):
    """Two replicas that looked before either wrote."""

    async def twice():
        async with running(harbour) as service:
            made = await invite(service.client("aster", Role.ADMIN))
            here = service.front.people
            there = People(here.engine, house="aster")
            now = service.clock.now()
            both = [(people, people.shown(made["secret"], at=now)) for people in (here, there)]
            got = []
            for people, old in both:
                by = people.actor(old)
                new = people.successor(old, by=by, at=now)
                try:
                    got.append(people.replace(old, new, by=by, overlap=0))
                except Problem as problem:
                    assert problem.code == "DIB356"  # noqa: PT017 - one of the two
            assert len(got) == 1
            assert [token.id for token in here.admins("borealis", at=now)] == [token.id for token in here.tokens("borealis") if token.good(now)]

    go(twice())


def test_who_accepted_and_lost_the_answer_is_invited_again(harbour, go):
    async def lost():
        async with running(harbour) as service:
            house = service.client("aster", Role.ADMIN)
            first = (await accept(service, await invite(house))).json()
            second = (await accept(service, await invite(house))).json()
            assert (await service.bare(bearer(first["secret"])).get("/v1/me")).status_code == 401, "nobody else comes by what was lost"
            assert (await service.bare(bearer(second["secret"])).get("/v1/me")).status_code == 200
            assert (await house.post("/v1/tokens", json={"role": "admin", "person": "Bo", "party": "borealis"})).status_code == 403

    go(lost())


def test_whether_an_invitation_expires_says_nothing_of_what_takes_its_place(harbour, go):
    """Else the house could make a counterparty's last administrator end, and invite another."""

    async def expires():
        async with running(harbour) as service:
            made = await invite(service.client("aster", Role.ADMIN), expires_at="2025-03-02T00:00:00Z")
            own = (await accept(service, made)).json()
            assert "expires_at" not in own
            late = await invite(service.client("aster", Role.ADMIN), "cinder", expires_at="2025-03-02T00:00:00Z")
            await service.move_to(int(datetime.fromisoformat("2025-03-02T00:00:00Z").timestamp()))
            assert (await service.bare(bearer(own["secret"])).get("/v1/me")).status_code == 200
            assert (await accept(service, late)).status_code == 401

    go(expires())


def test_an_invitation_is_accepted_on_the_page(harbour, go):
    async def page():
        async with running(harbour) as service:
            house = service.client("aster", Role.ADMIN)
            made = await invite(house)
            browser = service.bare()
            answer = await browser.post("/sign-in", data={"token": made["secret"]})
            own = re.search(r"dibs_[\w-]+", answer.text)[0]
            assert (answer.status_code, own == made["secret"]) == (200, False)
            assert (await service.bare().post("/sign-in", data={"token": made["secret"]})).status_code == 401
            (mine,) = service.front.people.admins("borealis", at=service.clock.now())
            assert mine.used_at is None, "if this page was lost, Bo may be invited again"
            assert "Borealis" in (await browser.get("/people")).text
            assert (await house.post("/v1/tokens", json={"role": "admin", "person": "Bo", "party": "borealis"})).status_code == 403
            assert (await service.bare(bearer(own)).get("/v1/me")).json()["person"] == "Bo"

    go(page())


def test_a_house_sees_what_it_made_and_not_what_parties_of_a_like_name_did(harbour, go):
    async def like():
        async with running(harbour) as service:
            people = service.front.people
            theirs = Actor(party="X-Y", role=Role.ADMIN, person="own", token="", house=False)
            people.token("x-y", Role.ADMIN, "own", at=service.clock.now(), by=theirs, name="tok-theirs")
            assert [token.id for token in People(people.engine, house="x_y").tokens("x_y")] == []
            assert [token.id for token in People(people.engine, house="X-Y").tokens("X-Y")] == ["tok-theirs"]

    go(like())


def test_a_person_with_a_long_name_makes_tokens(harbour, go):
    """The database takes 200 signs for who made something, and PostgreSQL means it."""

    async def long():
        async with running(harbour) as service:
            admin = service.client("aster", Role.ADMIN, "A" * 200)
            made = (await admin.post("/v1/tokens", json={"role": "desk", "person": "Ida"})).json()
            assert (len(made["made_by"]), made["made_by"][:8]) == (200, "aster: A")
            assert (await admin.post("/v1/logins", json={"claim": "sub", "value": "ida", "role": "desk", "person": "Ida"})).status_code == 201

    go(long())


@pytest.mark.parametrize("act", ["token", "rotation", "login"])
def test_what_cannot_be_written_down_is_not_done(harbour, go, act):
    async def whole():
        async with running(harbour) as service:
            admin, people = service.client("aster", Role.ADMIN), service.front.people
            (mine,) = people.tokens("aster")
            people_module.DEEDS.drop(people.engine)
            path, body = {
                "token": ("/v1/tokens", {"role": "desk", "person": "Ida"}),
                "rotation": (f"/v1/tokens/{mine.id}/rotation", {"overlap": 0}),
                "login": ("/v1/logins", {"claim": "sub", "value": "ida", "role": "desk", "person": "Ida"}),
            }[act]
            with pytest.raises(sa.exc.OperationalError):
                await admin.post(path, json=body)
            (same,) = people.tokens("aster")
            assert same.expires_at is None
            assert people.logins("aster") == ()

    go(whole())


def test_a_login_that_is_repeated_under_its_key_is_answered_as_it_was(harbour, go):
    async def repeat():
        async with running(harbour) as service:
            admin, key = service.client("aster", Role.ADMIN), {"Idempotency-Key": "ida"}
            body = {"claim": "email", "value": "Ida@aster.example", "role": "desk", "person": "Ida"}
            first = await admin.post("/v1/logins", json=body, headers=key)
            await service.move_to(service.clock.now() + 60)
            again = await admin.post("/v1/logins", json=body, headers=key)
            assert (again.status_code, again.json()) == (201, first.json())
            other = await admin.post("/v1/logins", json=body | {"role": "admin"}, headers=key)
            assert (other.status_code, other.json()["code"]) == (409, "DIB308")
            assert (await admin.post("/v1/logins", json=body)).json()["code"] == "DIB355"
            assert len([deed for deed in (await admin.get("/v1/access-log")).json()["items"] if deed["did"] == "made a login"]) == 1

    go(repeat())


# --- the company's sign-in


def test_whoever_asks_for_the_companys_sign_in_writes_nothing_and_not_too_often(harbour, go, provider):
    async def ask():
        async with running(harbour) as service:
            sessions = Sessions(service.front, oidc=provider)
            tables = (sessions_module.ANSWERED, sessions_module.SESSIONS, people_module.DEEDS)
            app = make_app(service.front, more=routes(service.front, sessions), limits=Limits(company=3))
            client = at_the_gate(service, app=app)
            codes = [(await client.get("/sign-in/company")).status_code for _ in range(3)]
            late = await client.get("/sign-in/company/back?state=any&code=any")
            assert (codes, late.status_code, late.json()["code"], "retry-after" in late.headers) == ([303] * 3, 429, "DIB361", True)
            assert (await at_the_gate(service, app=app, address="192.0.2.2").get("/sign-in/company")).status_code == 303
            with service.front.people.engine.connect() as db:
                assert [db.execute(sa.select(sa.func.count()).select_from(table)).scalar() for table in tables] == [0, 0, 0]

    go(ask())


def test_what_came_back_once_does_not_come_back_again(harbour, go, provider):
    async def replay():
        async with running(harbour) as service:
            await login(service, "sub", "bo")
            browser = Browser(service, oidc=provider)
            there = await browser.client.get("/sign-in/company")
            async with httpx2.AsyncClient() as company:
                back = (await company.post(there.headers["location"], data={"sub": "bo"})).headers["location"].removeprefix("http://dibs.test")
            thief = browser.another()
            thief.cookies.update(dict(browser.client.cookies))
            assert (await browser.client.get(back)).status_code == 303
            answer = await thief.get(back)
            assert (answer.status_code, "has been used" in answer.text) == (403, True)
            assert not await browser.inside(thief)

    go(replay())


def test_what_we_asked_cannot_be_made_up(harbour, go, provider):
    async def forge():
        async with running(harbour) as service:
            browser = Browser(service, oidc=provider)
            await browser.client.get("/sign-in/company?party=borealis")
            (kept,) = browser.client.cookies.values()
            question = browser.sessions._unseal(kept)
            assert question.party == "borealis"
            text, _, seal = kept.partition(".")
            forged = browser.sessions._seal(msgspec.structs.replace(question, party="aster")).partition(".")[0]
            for wrong in (f"{forged}.{seal}", f"{text}.", text, "", ".", "é.é", f"{text}.{seal[:-1]}"):
                assert browser.sessions._unseal(wrong) is None, wrong

    go(forge())


def test_a_counterparty_that_writes_down_an_address_of_ours_shuts_nobody_out_and_catches_nobody(harbour, go, provider):
    async def catch():
        async with running(harbour) as service:
            await login(service, "email", "ida@aster.example", party="borealis")
            alone = Browser(service, oidc=provider)
            choice = await come_in(alone, "ida")
            assert (choice.status_code, "Borealis" in choice.text) == (200, True)
            assert not await alone.inside(), "nobody lands with a party that they did not name"
            await login(service, "email", "ida@aster.example")
            both = Browser(service, oidc=provider)
            assert (await come_in(both, "ida")).status_code == 303
            assert "Aster" in (await both.client.get("/people")).text
            log = (await service.client("aster", Role.AUDITOR).get("/v1/access-log")).json()["items"]
            assert log[0]["did"] == "signed in"

    go(catch())
