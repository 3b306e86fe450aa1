"""Sessions of the pages: by token and by a company's own sign-in, against a real provider on a real socket."""

from __future__ import annotations

import re
import time
import warnings
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import sqlalchemy as sa
from ruamel.yaml import YAML
from starlette.applications import Starlette

from dibs.service import sessions as sessions_module
from dibs.service.access import Role
from dibs.service.oidc import OidcSettings
from dibs.service.sessions import IDLE, LASTS, SESSIONS, Sessions
from dibs.testing.service import running
from dibs.web.routes import routes

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:authlib")  # the provider's own parts


class Browser:
    """A browser at the pages of a service, with cookies and without following anything by itself."""

    def __init__(self, service, *, oidc=None, public_url=""):
        self.now = int(time.time())
        self.sessions = Sessions(service.front, public_url=public_url, oidc=oidc, now=lambda: self.now)
        self.app = Starlette(routes=routes(service.front, self.sessions))
        self.base = public_url or "http://dibs.test"
        self.client = self.another()

    def another(self):
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url=self.base)

    async def sign_in(self, token, client=None, **headers):
        return await (client or self.client).post("/sign-in", data={"token": token}, headers=headers)

    async def inside(self, client=None):
        return (await (client or self.client).get("/offers")).status_code == 200


def test_a_token_begins_a_session_that_knows_no_token(harbour, go):
    async def begin():
        async with running(harbour) as service:
            browser = Browser(service)
            assert not await browser.inside()
            assert (await browser.sign_in("dibs_guessed")).status_code == 401
            token = service.token("aster", Role.DESK)
            answer = await browser.sign_in(token)
            assert answer.status_code == 303
            cookie = answer.headers["set-cookie"]
            assert {"HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))
            assert token.removeprefix("dibs_") not in cookie
            assert await browser.inside()
            value = next(iter(browser.client.cookies.values()))
            with service.front.people.engine.connect() as db:
                assert value not in str(db.execute(sa.select(SESSIONS)).all())

    go(begin())


def test_over_https_the_cookie_goes_nowhere_else(harbour, go):
    async def secure():
        async with running(harbour) as service:
            browser = Browser(service, public_url="https://dibs.test")
            cookie = (await browser.sign_in(service.token("aster", Role.DESK))).headers["set-cookie"]
            assert cookie.startswith("__Host-dibs=")
            assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))

    go(secure())


def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(harbour, go):
    async def out():
        async with running(harbour) as service:
            browser = Browser(service)
            await browser.sign_in(service.token("aster", Role.DESK))
            copy = browser.another()
            copy.cookies.update(dict(browser.client.cookies))
            assert await browser.inside(copy)
            page = (await browser.client.get("/offers")).text
            mark = re.search(r'name="csrf" value="([^"]+)"', page)[1]
            await browser.client.post("/sign-out", data={"csrf": "wrong"})
            assert await browser.inside(copy)
            await browser.client.post("/sign-out", data={"csrf": mark})
            assert not await browser.inside(copy)

    go(out())


@pytest.mark.parametrize("passes", [IDLE, LASTS])
def test_a_session_ends_when_it_is_idle_and_after_half_a_day(harbour, go, passes, monkeypatch):
    async def ends():
        async with running(harbour) as service:
            monkeypatch.setattr(sessions_module, "REMEMBERED", -1.0)
            browser = Browser(service)
            await browser.sign_in(service.token("aster", Role.DESK))
            begun = browser.now
            while browser.now < begun + passes - 1:
                browser.now = min(browser.now + (IDLE - 1 if passes == LASTS else passes), begun + passes - 1)
                assert await browser.inside()
            browser.now = begun + LASTS if passes == LASTS else browser.now + IDLE
            assert not await browser.inside()

    go(ends())


def test_a_session_ends_with_the_token_behind_it(harbour, go):
    async def revoked():
        async with running(harbour) as service:
            browser = Browser(service)
            await browser.sign_in(service.token("aster", Role.DESK, "Ida"))
            (ida,) = [token for token in service.front.people.tokens("aster") if token.person == "Ida"]
            service.front.people.revoke(ida.id, at=service.clock.now())
            assert not await browser.inside()

    go(revoked())


def test_a_form_needs_the_mark_of_its_session_and_comes_from_here(harbour, go):
    async def forms():
        async with running(harbour) as service:
            browser = Browser(service)
            token = service.token("aster", Role.OPERATOR)
            assert (await browser.sign_in(token, **{"sec-fetch-site": "cross-site"})).status_code == 403
            assert (await browser.sign_in(token, origin="https://evil.test")).status_code == 403
            await browser.sign_in(token, origin="http://dibs.test")
            mark = re.search(r'name="csrf" value="([^"]+)"', (await browser.client.get("/offers")).text)[1]
            other = browser.another()
            await browser.sign_in(token, other)
            strange = re.search(r'name="csrf" value="([^"]+)"', (await other.get("/offers")).text)[1]
            size = service.office.store.size
            for form, headers in (
                ({}, {}),
                ({"csrf": ""}, {}),
                ({"csrf": strange}, {}),
                ({"csrf": mark}, {"origin": "https://evil.test"}),
                ({"csrf": mark}, {"sec-fetch-site": "same-site"}),
            ):
                answer = await browser.client.post("/requests/new", data=form, headers=headers)
                assert (answer.status_code, "DIB357" in answer.text) == (403, True), form
            assert (await browser.client.post("/requests/new", data={"csrf": mark})).status_code != 403
            assert service.office.store.size == size

    go(forms())


def test_coming_and_going_is_on_record(harbour, go):
    async def record():
        async with running(harbour) as service:
            browser = Browser(service)
            await browser.sign_in(service.token("borealis", Role.DESK, "Bo"))
            log = (await service.client("borealis", Role.AUDITOR).get("/v1/access-log")).json()["items"]
            assert [(deed["person"], deed["did"]) for deed in log] == [("Bo", "signed in")]

    go(record())


# --- by the company's own sign-in


@pytest.fixture(scope="module")
def provider():
    """A real provider, on a port of this machine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of its own parts
        import oidc_provider_mock  # noqa: PLC0415
    users = [
        oidc_provider_mock.User(sub="ida", claims={"email": "Ida@aster.example", "email_verified": True}),
        oidc_provider_mock.User(sub="eve", claims={"email": "ida@aster.example", "email_verified": False}),
        oidc_provider_mock.User(sub="bo", claims={}),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with oidc_provider_mock.run_server_in_thread(user_claims=users, require_nonce=True) as server:
            yield OidcSettings(issuer=f"http://localhost:{server.server_port}", client="dibs", secret="known-to-both")  # noqa: S106


async def come_in(browser, user, *, party="", client=None, change=None):
    """To the company's sign-in, in as a user, and back."""
    client = client or browser.client
    there = await client.get("/sign-in/company", params={"party": party} if party else {})
    if there.status_code != 303:
        return there
    async with httpx2.AsyncClient() as company:
        back = await company.post(there.headers["location"], data={"sub": user})
    assert back.status_code == 302, back.text
    address = urlsplit(back.headers["location"])
    said = {name: values[0] for name, values in parse_qs(address.query).items()}
    return await client.get(address.path, params={**said, **(change or {})})


def login(service, claim, value, party="aster", role=Role.DESK):
    body = {"claim": claim, "value": value, "role": role, "person": value}
    return service.client(party, Role.ADMIN).post("/v1/logins", json=body)


def test_a_verified_address_and_a_subject_come_in_as_the_administrator_says(harbour, go, provider):
    async def come():
        async with running(harbour) as service:
            await login(service, "email", "ida@ASTER.example")
            await login(service, "sub", "bo", party="borealis", role=Role.FINANCE)
            browser = Browser(service, oidc=provider)
            assert (await come_in(browser, "ida")).status_code == 303
            assert await browser.inside()
            other = browser.another()
            assert (await come_in(browser, "bo", client=other, party="borealis")).status_code == 303
            assert await browser.inside(other)
            log = (await service.client("borealis", Role.AUDITOR).get("/v1/access-log")).json()["items"]
            assert (log[0]["did"], log[0]["about"].split()[1]) == ("signed in", "login")

    go(come())


def test_an_address_that_the_provider_has_not_verified_is_nobodys(harbour, go, provider):
    async def eve():
        async with running(harbour) as service:
            await login(service, "email", "ida@aster.example")
            browser = Browser(service, oidc=provider)
            answer = await come_in(browser, "eve")
            assert (answer.status_code, "no administrator has let that account in" in answer.text) == (403, True)
            assert not await browser.inside()

    go(eve())


def test_somebody_known_to_two_parties_says_for_which_they_come(harbour, go, provider):
    async def two():
        async with running(harbour) as service:
            for party in ("borealis", "cinder"):
                await login(service, "sub", "bo", party=party)
            browser = Browser(service, oidc=provider)
            choice = await come_in(browser, "bo")
            assert re.findall(r'href="(/sign-in/company\?party=[^"]+)"', choice.text) == [
                f"/sign-in/company?party={party}" for party in ("borealis", "cinder")
            ]
            assert not await browser.inside()
            assert (await come_in(browser, "bo", party="borealis")).status_code == 303
            assert await browser.inside()

    go(two())


def test_a_session_ends_with_the_login_behind_it(harbour, go, provider):
    async def gone():
        async with running(harbour) as service:
            made = (await login(service, "sub", "bo")).json()
            browser = Browser(service, oidc=provider)
            await come_in(browser, "bo")
            assert await browser.inside()
            await service.client("aster", Role.ADMIN).delete(f"/v1/logins/{made['id']}")
            assert not await browser.inside()

    go(gone())


def test_what_comes_back_counts_once_for_the_browser_that_asked_and_not_for_long(harbour, go, provider):
    async def replay():
        async with running(harbour) as service:
            await login(service, "sub", "bo")
            browser = Browser(service, oidc=provider)
            assert (await come_in(browser, "bo", change={"state": "made up"})).status_code == 403
            assert (await come_in(browser, "bo", change={"code": "made up"})).status_code == 403
            there = await browser.client.get("/sign-in/company")
            async with httpx2.AsyncClient() as company:
                back = (await company.post(there.headers["location"], data={"sub": "bo"})).headers["location"]
            stranger = browser.another()
            assert (await stranger.get(back.removeprefix("http://dibs.test"))).status_code == 403
            browser.now += 600
            assert (await browser.client.get(back.removeprefix("http://dibs.test"))).status_code == 403
            assert not await browser.inside()

    go(replay())


def test_the_answer_to_another_question_does_not_count(harbour, go, provider):
    async def nonce():
        async with running(harbour) as service:
            await login(service, "sub", "bo")
            browser = Browser(service, oidc=provider)
            there = await browser.client.get("/sign-in/company")
            async with httpx2.AsyncClient() as company:
                asked = re.sub(r"nonce=[^&]+", "nonce=another", there.headers["location"])
                back = (await company.post(asked, data={"sub": "bo"})).headers["location"]
            answer = await browser.client.get(back.removeprefix("http://dibs.test"))
            assert (answer.status_code, "another question" in answer.text) == (403, True)

    go(nonce())


def test_the_question_carries_the_digest_of_a_verifier_that_never_leaves_before_the_code_is_redeemed(harbour, go, provider):
    """The provider of these tests does not ask for the verifier, so what is compared is what we send."""

    async def pkce():
        async with running(harbour) as service:
            browser = Browser(service, oidc=provider)
            there = (await browser.client.get("/sign-in/company")).headers["location"]
            asked = parse_qs(urlsplit(there).query)
            verifier = browser.sessions._grown("verifier", asked["state"][0])
            digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
            assert (asked["code_challenge_method"], asked["code_challenge"]) == (["S256"], [digest])
            assert verifier not in there

    go(pkce())


def test_a_provider_that_does_not_answer_is_said(harbour, go):
    async def dead():
        async with running(harbour) as service:
            browser = Browser(service, oidc=OidcSettings(issuer="http://127.0.0.1:9", client="dibs"))
            answer = await browser.client.get("/sign-in/company")
            assert (answer.status_code, "does not answer" in answer.text) == (403, True)
            none = Browser(service)
            assert (await none.client.get("/sign-in/company")).status_code == 404

    go(dead())


PAGES = Path(__file__).parent / "bad/pages/sign-in.yaml"


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in YAML(typ="safe").load(PAGES.read_text("utf-8"))])
def test_what_goes_wrong_at_the_door_is_said_on_a_page(harbour, go, provider, case):
    async def wrong():
        async with running(harbour) as service:
            browser = Browser(service, oidc=provider)
            if "as" in case:
                await browser.sign_in(service.token(case["as"]))
            if "company" in case:
                answer = await come_in(browser, case["company"])
            else:
                method, _, path = case["request"].partition(" ")
                answer = await browser.client.request(method, path, data=case.get("form"))
            expect = case["expect"]
            assert (answer.status_code, expect["code"] in answer.text, expect["says"] in answer.text) == (expect["status"], True, True)

    go(wrong())
