"""The journal through the service: its head, its proofs, and the verifiers that strangers use."""

from __future__ import annotations

import base64

from dibs.journal.checkpoint import SigningKey, VerifyingKey
from dibs.journal.merkle import verify_consistency, verify_inclusion
from dibs.journal.proof import verify_bundle
from dibs.service.routes import decisions, journal
from dibs.store.sqlite import SqliteStore
from dibs.testing.service import need, notice, running


async def signed_for(service):
    """A grant of 5,000 to the holder."""
    aster, borealis = service.client("aster"), service.client("borealis")
    request = (await aster.post("/v1/capacity-requests", json=need())).json()["subject"]
    offer = (await aster.post("/v1/offers", json=notice(request))).json()["subject"]
    await borealis.post(f"/v1/offers/{offer}/responses", json={"quantity": 5000})
    return aster, borealis, (await aster.get("/v1/grants")).json()["items"][0]["id"]


def test_an_answer_shows_so_many_events_and_counts_what_it_leaves_out(harbour, go, monkeypatch):
    monkeypatch.setattr(journal, "EVENTS_MAX", 4)
    monkeypatch.setattr(decisions, "EVENTS_MAX", 1)

    async def read():
        async with running(harbour) as service:
            aster = service.client("aster")
            for nth in range(3):
                await aster.post("/v1/capacity-requests", json=need(id=f"need-{nth}"))
                await aster.post("/v1/offers", json={**notice(f"need-{nth}"), "id": f"offer-{nth}"})
            await service.move_to(service.office.state.offers["offer-0"].respond_by)
            (woken,) = service.office.store.read((service.office.store.size - 1,))
            assert len(woken.events) > 4
            (seen,) = (await aster.get(f"/v1/journal/entries?first={woken.seq}")).json()["items"]
            assert (len(seen["events"]), seen["left_out"]) == (4, len(woken.events) - 4)
            every = (await aster.get("/v1/journal/entries?limit=1000")).json()["items"]
            assert (len(every), sum(len(entry["events"]) for entry in every)) == (service.office.store.size, 4)
            assert every[-1]["left_out"] == len(woken.events)
            decided = (await aster.get(f"/v1/decisions/{woken.seq}")).json()
            assert (len(decided["events"]), decided["left_out"]) == (1, len(woken.events) - 1)

    go(read())


def test_a_proof_taken_from_the_service_holds_with_the_public_key_alone(harbour, go, tmp_path):
    async def take():
        store = SqliteStore(tmp_path / "book.db", signer=SigningKey("dibs.test/book", bytes(32)))
        async with running(harbour, store) as service:
            aster, borealis, grant = await signed_for(service)
            head = (await aster.get("/v1/journal/head")).json()
            proof = await aster.get(f"/v1/journal/proof?grant={grant}&disclose=price")
            shown = verify_bundle(proof.content, VerifyingKey.parse(head["keys"][0]))
            assert (shown.grant, shown.size) == (grant, head["size"])
            assert (await borealis.get(f"/v1/journal/proof?grant={grant}")).status_code == 403
            assert (await aster.get("/v1/journal/proof?grant=nothing")).status_code == 404

    go(take())


def test_inclusion_and_consistency_hold_by_the_rules_of_rfc_6962(harbour, go):
    async def take():
        async with running(harbour) as service:
            aster, _, _ = await signed_for(service)
            old = (await aster.get("/v1/journal/head")).json()
            await aster.post("/v1/capacity-requests", json=need())
            new = (await aster.get("/v1/journal/head")).json()
            assert new["size"] == old["size"] + 1
            seen = (await aster.get(f"/v1/journal/entries/3/inclusion?size={new['size']}")).json()
            path = [base64.b64decode(node) for node in seen["path"]]
            root = base64.b64decode(new["root"])
            assert verify_inclusion(base64.b64decode(seen["leaf"]), 3, new["size"], path, root)
            joined = (await aster.get(f"/v1/journal/consistency?first={old['size']}&second={new['size']}")).json()
            nodes = [base64.b64decode(node) for node in joined["path"]]
            assert verify_consistency(old["size"], new["size"], base64.b64decode(old["root"]), root, nodes)
            entries = (await aster.get("/v1/journal/entries?first=0&limit=1000")).json()
            assert [entry["number"] for entry in entries["items"]] == list(range(entries["size"]))

    go(take())
