"""Every operation as every role of every party, compared with the written table of who may see what."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from dibs.procedure.commands import ConfirmDelivery, DeclareCapacity, Respond, WaiveRight
from dibs.procedure.events import RightSpent, RightSuspended
from dibs.procedure.state import State
from dibs.service.access import Actor, Role
from dibs.service.examples import EXAMPLES
from dibs.service.routes import OPERATIONS
from dibs.service.sight import Sight
from dibs.testing.acts import BEGIN
from dibs.testing.partnership import PARTIES, live, partnership
from dibs.testing.service import running

ROOT = Path(__file__).resolve().parents[2]
DOC = (ROOT / "docs/reference/who-may-see-what.md").read_text("utf-8")
HARBOUR = (ROOT / "examples/harbour/agreement.yaml").read_text("utf-8")
LETTERS = {"a": Role.ADMIN, "o": Role.OPERATOR, "d": Role.DESK, "f": Role.FINANCE, "u": Role.AUDITOR}
REAL = {
    "/v1/capacity-requests/{id}": "need-open-1-0",
    "/v1/offers/{id}": "offer-open-1-0",
    "/v1/grants/{id}": "grant-free",
    "/v1/reservations/{id}": "grant-free",
    "/v1/hosts/{id}": "delta-south",
    "/v1/agreements/{id}": "harbour",
    "/v1/rights/{id}": "first-refusal",
    "/v1/triggers/{id}": "profit-trigger",
    "/v1/statements/{pair}/{month}": "aster--borealis",
    "/v1/commitments/{id}": "cloud-commitment",
    "/v1/decisions/{id}": "need-open-1-0",
}
"""What is there in the world of these tests, by where its address begins."""


def table(heading):
    part = DOC.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]
    return rows[0], rows[2:]


def operations():
    return {name: (side, frozenset(LETTERS[letter] for letter in roles.split())) for name, side, roles in table("Operations")[1]}


def address(operation, name=""):
    """Its path with the id of something real in it, or another name."""
    real = next((value for prefix, value in REAL.items() if operation.path.startswith(prefix)), "tok-none")
    path = re.sub(r"\{(id|pair)\}", name or real, operation.path, count=1)
    return re.sub(r"\{[^}]+\}", lambda found: {"{month}": "2025-05", "{number}": "0"}.get(found[0], "none"), path)


async def ask(client, operation, path, party="aster"):
    """Send what the operation takes, without changing anything."""
    params = {"dry_run": "true"} if operation.writes else {}
    if operation.name == "stream_events":
        params["types"] = "nothing"  # ends at once where it would be let in
    body = EXAMPLES.get(operation.name, {})
    if "party" in body:
        body = {**body, "party": party}  # figures are stated by their own party
    if operation.method == "POST":
        return await client.post(path, params=params, json=body)
    return await client.request(operation.method, path, params=params)


def test_the_table_has_every_operation_and_no_other():
    assert sorted(operations()) == sorted(f"{one.method} {one.path}" for one in OPERATIONS)


def test_every_operation_answers_every_role_of_every_party_as_the_table_says(go):
    written = operations()

    async def walk():
        wrong = []
        async with running(partnership(HARBOUR)) as service:
            await live(service)
            size = service.office.store.size
            clients = {(party, role): service.client(party, role) for party in PARTIES.values() for role in Role}
            nobody = service.bare()
            for operation in OPERATIONS:
                side, roles = written[f"{operation.method} {operation.path}"]
                path = address(operation)
                if (await ask(nobody, operation, path)).status_code != 401:
                    wrong.append((operation.name, "nobody"))
                for (party, role), client in clients.items():
                    answer = await ask(client, operation, path, party)
                    allowed = role in roles and (side == "any" or party == PARTIES["house"])
                    denied = answer.status_code == 403 and answer.json()["code"] == "DIB301"
                    if denied == allowed or answer.status_code in {401, 500}:
                        wrong.append((operation.name, party, role, answer.status_code, answer.text[:200]))
            assert service.office.store.size == size, "nothing was done"
        assert wrong == []

    go(walk())


def test_what_is_anothers_reads_like_what_is_not_there(go):
    """The same status, the same words, for an id that exists and one that does not."""

    async def alike():
        async with running(partnership(HARBOUR)) as service:
            await live(service)
            blind = {
                "/v1/offers/{id}": ("delta", "cinder", "ember"),
                "/v1/capacity-requests/{id}": ("borealis", "delta", "cinder", "ember"),
                "/v1/grants/{id}": ("borealis", "cinder", "ember"),
                "/v1/reservations/{id}": ("borealis", "cinder", "ember"),
                "/v1/hosts/{id}": ("borealis", "cinder", "ember"),
                "/v1/rights/{id}": ("delta", "cinder", "ember"),
                "/v1/triggers/{id}": ("delta", "cinder", "ember"),
                "/v1/commitments/{id}": ("delta", "cinder", "ember"),
                "/v1/statements/{pair}/{month}": ("delta", "cinder", "ember"),
            }
            asked = 0
            for operation in OPERATIONS:
                prefix = next((prefix for prefix in blind if operation.path.startswith(prefix)), None)
                if prefix is None or (operation.name == "waive_right"):
                    continue
                absent = REAL[prefix][:-1] + "x"
                for party in blind[prefix]:
                    client = service.client(party, Role.ADMIN)
                    real, none = [await ask(client, operation, address(operation, name)) for name in ("", absent)]
                    assert real.status_code == none.status_code, (operation.name, party, real.text, none.text)
                    assert real.text.replace(REAL[prefix], absent) == none.text, (operation.name, party)
                    assert real.status_code >= 400, (operation.name, party, real.text)
                    asked += 1
            assert asked > 60

    go(alike())


async def _listed(client, path, name):
    items = (await client.get(path)).json().get("items", [])
    one = await client.get(f"{path}/{name}")
    assert (one.status_code == 200) == any(item["id"] == name for item in items), (path, name)
    return one.status_code == 200


async def _has(client, path, field):
    answer = await client.get(path)
    return answer.status_code == 200 and answer.json().get(field) is not None


async def _mentions(client, path, word):
    return word in (await client.get(path)).text


async def _read(client):
    """The terms, once somebody was named and has read: for parties that are asked at all."""
    party = (await client.get("/v1/me")).json()["party"]
    if party == PARTIES["holder"]:
        person = (await client.get("/v1/me")).json()["person"]
        await client.post("/v1/readers", json={"person": person})
        await client.post("/v1/offers/offer-open-1-0/readings", json={})
    return await _has(client, "/v1/offers/offer-open-1-0", "terms")


async def _declined(client):
    events = (await client.get("/v1/events?limit=1000")).json()["items"]
    return any(event["type"] == "dibs.RightDeclined" for event in events)


PROBES = {
    "a need": lambda c: _listed(c, "/v1/capacity-requests", "need-open-1-0"),
    "an offer that is open": lambda c: _listed(c, "/v1/offers", "offer-open-1-0"),
    "an offer that was taken": lambda c: _listed(c, "/v1/offers", "offer-held-1-0"),
    "an offer that was declined": lambda c: _listed(c, "/v1/offers", "offer-free-1"),
    "the terms of an offer behind the barrier": lambda c: _has(c, "/v1/offers/offer-open-1-0", "terms"),
    "the same, to a named reader whose reading is on record": _read,
    "a grant on the holder's machines": lambda c: _listed(c, "/v1/grants", "offer-held-1-0@borealis-east"),
    "a grant on the alternate's machines": lambda c: _listed(c, "/v1/grants", "grant-free"),
    "the price of a grant on the alternate's machines": lambda c: _has(c, "/v1/grants/grant-free", "price"),
    "a grant on the sub-supplier's machines": lambda c: _listed(c, "/v1/grants", "offer-sub@borealis-cinder"),
    "the price of a grant on the sub-supplier's machines": lambda c: _has(c, "/v1/grants/offer-sub@borealis-cinder", "price"),
    "the need behind a grant on the alternate's machines": lambda c: _has(c, "/v1/grants/grant-free", "request"),
    "the clause of the first refusal": lambda c: _mentions(c, "/v1/agreements/current", "first-refusal"),
    "the holder's host": lambda c: _listed(c, "/v1/hosts", "borealis-east"),
    "the sub-supplier's host under the holder's contract": lambda c: _listed(c, "/v1/hosts", "borealis-cinder"),
    "the alternate's host": lambda c: _listed(c, "/v1/hosts", "delta-south"),
    "the journal": lambda c: _has(c, "/v1/journal/entries", "items"),
    "that a need was declined by the holder": _declined,
    "an administrator of the holder that the house invited": lambda c: _mentions(c, "/v1/tokens", "Invited"),
    "any other token of the holder": lambda c: _mentions(c, "/v1/tokens", "Of their own"),
}


def test_every_thing_in_the_table_is_asked_for():
    assert [row[0] for row in table("Things")[1]] == list(PROBES)


@pytest.mark.parametrize("who", PARTIES)
def test_every_party_sees_what_the_table_says_and_nothing_else(go, who):
    party = PARTIES[who]
    head, rows = table("Things")
    written = {row[0]: row[head.index(who)] for row in rows}

    async def look():
        async with running(partnership(HARBOUR)) as service:
            await live(service)
            house = service.client("aster", Role.ADMIN)
            made = await house.post("/v1/tokens", json={"role": "admin", "person": "Invited", "party": "borealis"})
            invitation = service.bare({"authorization": f"Bearer {made.json()['secret']}"})
            own = (await invitation.post(f"/v1/tokens/{made.json()['id']}/rotation", json={})).raise_for_status().json()
            invited = service.bare({"authorization": f"Bearer {own['secret']}"})
            (await invited.post("/v1/tokens", json={"role": "desk", "person": "Of their own"})).raise_for_status()
            client = service.client(party, Role.ADMIN, "the reader")
            seen = {name: "yes" if await probe(client) else "no" for name, probe in PROBES.items()}
        assert seen == written

    go(look())


def test_a_refusal_names_nobody_who_is_entitled_instead(go):
    """Law 7: who would have had the right is nobody's business, in the answer and in the stream of events."""
    commands = (
        DeclareCapacity(by="delta", host="borealis-east", sku="h100", steps=((BEGIN, 1),)),
        Respond(by="delta", offer="offer-open-1-0", quantity=0),
        WaiveRight(by="delta", request="need-open-1-0", signed_by="D"),
        ConfirmDelivery(by="delta", grant="offer-sub@borealis-cinder", quantity=1),
    )

    async def refused():
        async with running(partnership(HARBOUR)) as service:
            await live(service)
            front = service.front
            delta = Actor(party="delta", role=Role.DESK, person="D", token="", house=False)
            house = Actor(party="aster", role=Role.DESK, person="A", token="", house=True)
            told = b""
            for command in commands:
                events = await front.office.act(command)
                outcome = front.outcome(delta, events, subject="x")
                assert outcome.outcome == "refused"
                told += msgspec.json.encode(outcome)
                assert b"borealis" in msgspec.json.encode(front.outcome(house, events, subject="x"))
            told += (await service.client("delta").get("/v1/events?types=CommandRefused")).content
            assert told.count(b"not_entitled") >= len(commands)
            assert told.replace(b"borealis-east", b"").replace(b"offer-sub@borealis-cinder", b"").count(b"borealis") == 0

    go(refused())


def test_whom_a_right_has_passed_to_hears_of_it_though_the_clause_does_not_name_it(harbour):
    sight = Sight(harbour.agreement, "aster")
    for event in (RightSpent(at=BEGIN, clause="first-refusal"), RightSuspended(at=BEGIN, clause="first-refusal", until=BEGIN + 1)):
        assert "delta" not in sight.audience(event, State())
        assert "delta" in sight.audience(event, State(assigned={"first-refusal": "delta"}))
