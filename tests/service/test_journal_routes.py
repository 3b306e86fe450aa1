"""The journal through the service: its head, its proofs, and the verifiers that strangers use."""

from __future__ import annotations

import base64

from dibs.journal.checkpoint import SigningKey, VerifyingKey
from dibs.journal.merkle import verify_consistency, verify_inclusion
from dibs.journal.proof import verify_bundle
from dibs.store.sqlite import SqliteStore
from dibs.testing.service import need, notice, running


async def signed_for(service):
    """A grant of 5,000 to the holder."""
    aster, borealis = service.client("aster"), service.client("borealis")
    request = (await aster.post("/v1/capacity-requests", json=need())).json()["subject"]
    offer = (await aster.post("/v1/offers", json=notice(request))).json()["subject"]
    await borealis.post(f"/v1/offers/{offer}/responses", json={"quantity": 5000})
    return aster, borealis, (await aster.get("/v1/grants")).json()["items"][0]["id"]


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
