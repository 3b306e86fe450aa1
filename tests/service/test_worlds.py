"""Two worlds that differ only in what a party is not to know of give it the same bytes.

Law 7.  Status, headers (but for `Date`) and bodies of every operation are compared, of reads and of the party's own
writes, of what is there, of what is another's, of what is nowhere and of nonsense.  How long an answer takes is out of
scope here: both worlds run in one process, and their times would say more about it than about them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dibs.service.access import Role
from dibs.service.examples import EXAMPLES
from dibs.service.routes import OPERATIONS
from dibs.testing.acts import BEGIN
from dibs.testing.partnership import PARTIES, Secrets, live, otherwise_for, partnership
from dibs.testing.service import on_a_socket, running
from dibs.web.routes import PAGES

HARBOUR = (Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml").read_text("utf-8")
COUNTERPARTIES = [party for party in PARTIES.values() if party != "aster"]
IDS = {
    "/v1/capacity-requests/": ("need-open-1-0", "need-open-2-1", "need-sub", "need-free-1", "none"),
    "/v1/offers/": ("offer-held-1-0", "offer-held-2-1", "offer-open-1-0", "offer-open-2-1", "offer-free-1", "offer-free-2", "offer-sub", "none"),
    "/v1/grants/": ("grant-free", "offer-sub@borealis-cinder", "offer-held-1-0@borealis-east", "offer-held-2-1@borealis-east", "none"),
    "/v1/reservations/": ("grant-free", "offer-sub@borealis-cinder", "offer-held-2-1@borealis-east", "none"),
    "/v1/hosts/": ("borealis-east", "borealis-cinder", "cinder-west", "delta-south", "aster-yard", "none"),
    "/v1/agreements/": ("harbour", "current", "none"),
    "/v1/rights/": ("first-refusal", "none"),
    "/v1/triggers/": ("profit-trigger", "none"),
    "/v1/commitments/": ("cloud-commitment", "none"),
    "/v1/statements/": ("aster--borealis", "borealis--aster", "aster--delta", "delta--aster", "borealis--cinder", "none"),
}
"""Names of what is there in one world or the other, and of nothing."""
PAGE_IDS = {
    "/requests/": IDS["/v1/capacity-requests/"],
    "/offers/": IDS["/v1/offers/"],
    "/grants/": IDS["/v1/grants/"],
    "/money/": IDS["/v1/statements/"],
    "/journal/": IDS["/v1/grants/"],
}
QUERIES = ({}, {"limit": "1"}, {"limit": "0"}, {"cursor": "nonsense"}, {"status": "open"}, {"surprise": "1"})


def paths(operation):
    found = next((names for prefix, names in IDS.items() if operation.path.startswith(prefix)), ("none",))
    for name in found if "{" in operation.path else ("",):
        path = operation.path.replace("{pair}", name).replace("{id}", name).replace("{month}", "2025-04").replace("{number}", "0")
        yield path.replace("{name:path}", "none")


async def answers(service, party):
    """Everything that a party is told, question by question."""
    told = {}
    for role in Role:
        # One named token for each role, so that a list of tokens has the same ids in both worlds.
        name = f"tok-{party}-{role}"
        secret = service.front.people.token(party, role, f"{role} of {party}", at=BEGIN, name=name, secret=f"dibs_{name}_{'x' * 30}")
        client = service.bare({"authorization": f"Bearer {secret}", "x-request-id": "the-same"})

        async def ask(method, path, role=role, client=client, **said):
            answer = await client.request(method, path, **said)
            headers = {name: value for name, value in answer.headers.items() if name != "date"}
            told[f"{role} {method} {path} {said}"] = (answer.status_code, headers, answer.content)

        for operation in OPERATIONS:
            for path in paths(operation):
                if operation.name == "stream_events":
                    continue  # read on a socket, below
                if operation.method == "GET":
                    for params in QUERIES:
                        await ask("GET", path, params=params)
                elif operation.method == "POST" and role in {Role.ADMIN, Role.AUDITOR}:
                    body = EXAMPLES.get(operation.name, {})
                    for sent in (body, {**body, "surprise": 1}, {"quantity": -1}):
                        key = {"idempotency-key": f"{operation.name} {path}"}  # names of new things grow from it, and are random without one
                        await ask("POST", path, json=sent, params={"dry_run": "true"}, headers=key)
        await ask("GET", "/v1/nowhere")
        await ask("PUT", "/v1/offers")
        await ask("GET", "/v1/capacity-requests/need-open-1-0", headers={"accept": "text/html"})
    return told


async def acts(service, party):
    """What a party is told of its own writes, which are kept."""
    secret = service.front.people.token(party, Role.ADMIN, "writer", at=BEGIN, name=f"tok-{party}-w", secret=f"dibs_w_{'y' * 30}")
    client = service.bare({"authorization": f"Bearer {secret}", "x-request-id": "the-same"})
    told = []
    keyed = 0
    for operation in OPERATIONS:
        if operation.method != "POST" or not operation.acts or operation.side != "any":
            continue
        for path in paths(operation):
            for _ in range(2):  # and the same again, under its key
                headers = {"idempotency-key": f"key-{keyed}"}
                answer = await client.post(path, json={**EXAMPLES.get(operation.name, {}), **_own(operation, party)}, headers=headers)
                told.append((operation.name, path, answer.status_code, dict(answer.headers), answer.content))
            keyed += 1
    page = (await client.get("/v1/events", params={"limit": 1000})).content
    return told, page


def _own(operation, party):
    """What makes an example the party's own."""
    return {"party": party} if operation.name == "record_signal" else {}


async def stream(service, party):
    """The party's stream of events as it comes over a socket."""
    secret = service.front.people.token(party, Role.AUDITOR, "listener", at=BEGIN, name=f"tok-{party}-s", secret=f"dibs_s_{'z' * 30}")
    many = service.office.feed.size(party)
    out = b""
    async with on_a_socket(service) as url, service.bare({"authorization": f"Bearer {secret}"}) as unused:
        del unused
        import httpx2  # noqa: PLC0415

        async with (
            httpx2.AsyncClient(base_url=url, headers={"authorization": f"Bearer {secret}"}) as client,
            client.stream("GET", "/v1/events/stream") as events,
        ):
            async for chunk in events.aiter_bytes():
                out += chunk
                if out.count(b"\nid: ") + out.startswith(b"id: ") >= many:
                    break
    return out


async def pages(service, party):
    """Every page, as the party's browser gets it: but for the marks that are random in any session."""
    told = {}
    for role in Role:
        name = f"tok-{party}-{role}-p"
        secret = service.front.people.token(party, role, f"{role} of {party}", at=BEGIN, name=name, secret=f"dibs_{name}_{'x' * 30}")
        browser = service.bare({"x-request-id": "the-same"})
        assert (await browser.post("/sign-in", data={"token": secret})).status_code == 303
        for method, address, _ in PAGES:
            if method != "GET":
                continue
            names = next((found for prefix, found in PAGE_IDS.items() if address.startswith(prefix)), ("none",))
            for one in names if "{" in address else ("",):
                path = re.sub(r"\{[^}]+\}", "2025-04", re.sub(r"\{(id|pair|form)\}", one, address, count=1))
                answer = await browser.get(path)
                text = re.sub(rb'name="(csrf|key)" value="[^"]*"', b"", answer.content)
                headers = {name: value for name, value in answer.headers.items() if name not in {"date", "content-length"}}
                told[f"{role} {path}"] = (answer.status_code, headers, text)
    return told


async def world(party, secrets, look):
    async with running(partnership(HARBOUR)) as service:
        await live(service, secrets)
        return await look(service, party)


@pytest.mark.parametrize("party", COUNTERPARTIES)
def test_no_question_tells_the_worlds_apart(go, party):
    one = go(world(party, Secrets(), answers))
    other = go(world(party, otherwise_for(party), answers))
    assert one.keys() == other.keys()
    assert len(one) > 1000
    assert [(question, one[question], other[question]) for question in one if one[question] != other[question]] == []


@pytest.mark.parametrize("party", COUNTERPARTIES)
def test_no_act_of_ones_own_tells_the_worlds_apart(go, party):
    one, other = (go(world(party, secrets, acts)) for secrets in (Secrets(), otherwise_for(party)))
    assert [pair for pair in zip(one[0], other[0], strict=True) if pair[0] != pair[1]] == []
    assert one[1] == other[1]
    assert any(status == 201 for _, _, status, _, _ in one[0]), "something was done"


@pytest.mark.parametrize("party", COUNTERPARTIES)
def test_no_event_tells_the_worlds_apart(go, party):
    one, other = (go(world(party, secrets, stream)) for secrets in (Secrets(), otherwise_for(party)))
    assert one == other


@pytest.mark.parametrize("party", COUNTERPARTIES)
def test_no_page_tells_the_worlds_apart(go, party):
    one, other = (go(world(party, secrets, pages)) for secrets in (Secrets(), otherwise_for(party)))
    assert [(page, one[page], other[page]) for page in one if one[page] != other[page]] == []
    assert sum(status == 200 for status, _, _ in one.values()) > 20


def test_the_house_tells_the_worlds_apart(go):
    """The comparison would see a difference if there were one."""
    one, other = (go(world("aster", secrets, answers)) for secrets in (Secrets(), otherwise_for("ember")))
    assert sum(one[question] != other[question] for question in one) > 100
