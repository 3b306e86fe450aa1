"""Money through the service: what each side sees of it, and that what is sent is what is settled."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from dibs.quantities import parse_instant
from dibs.store.ledger import Dispute, Ledger
from dibs.testing.service import need, notice, running


async def granted(service):
    """A need that is granted in two parts: 3,000 to the holder and 2,000 to Cinder, delivered and run for two months."""
    aster, borealis, cinder = (service.client(party) for party in ("aster", "borealis", "cinder"))
    request = (await aster.post("/v1/capacity-requests", json=need())).json()["subject"]
    offer = (await aster.post("/v1/offers", json=notice(request))).json()["subject"]
    await borealis.post(f"/v1/offers/{offer}/responses", json={"quantity": 3000})
    await aster.post("/v1/grants", json={"request": request, "host": "cinder-west", "quantity": 2000})
    await service.move_to(parse_instant("2025-06-01T00:00:00Z"))
    for client in (borealis, cinder):
        for grant in (await client.get("/v1/grants")).json()["items"]:
            await client.post(f"/v1/grants/{grant['id']}/deliveries", json={"quantity": grant["quantity"]})
    await service.move_to(parse_instant("2025-08-02T00:00:00Z"))
    return aster, borealis, cinder


def test_both_sides_see_the_same_statement_and_nobody_else_sees_it(harbour, go):
    async def look():
        async with running(harbour) as service:
            aster, borealis, cinder = await granted(service)
            mine = (await aster.get("/v1/statements")).json()["items"]
            assert {made["counterparty"] for made in mine} == {"borealis", "cinder"}
            theirs = (await borealis.get("/v1/statements")).json()["items"]
            assert [made["id"] for made in theirs] == [made["id"] for made in mine if made["counterparty"] == "borealis"]
            july = next(made for made in theirs if made["month"] == "2025-07")
            full = (await borealis.get(f"/v1/statements/{july['id']}")).json()
            assert sum(Decimal(line["amount"]) for line in full["items"]) == Decimal(full["total"][0]["amount"])
            assert Decimal(full["total"][0]["amount"]) == Decimal("2.10") * 3000 * 24 * 31
            assert full["items"][0]["clause_says"] or full["items"][0]["kind"] == "charge"
            assert "decision" not in full["items"][0]
            assert (await cinder.get(f"/v1/statements/{july['id']}")).status_code == 404
            text = (await aster.get(f"/v1/statements/{july['id']}?format=csv")).text
            rows = list(csv.DictReader(io.StringIO(text)))
            assert sum(Decimal(row["amount"]) for row in rows) == Decimal(full["total"][0]["amount"])
            assert "<html" in (await aster.get(f"/v1/statements/{july['id']}?format=html")).text

    go(look())


def test_a_dispute_is_on_record_and_shown_on_the_line(harbour, go):
    async def contest():
        async with running(harbour) as service:
            _, borealis, cinder = await granted(service)
            made = (await borealis.get("/v1/statements?month=2025-07")).json()["items"][0]
            line = (await borealis.get(f"/v1/statements/{made['id']}")).json()["items"][0]
            said = {"entry": line["entry"], "says": "we delivered less"}
            first = await borealis.post(f"/v1/statements/{made['id']}/disputes", json=said)
            assert first.status_code == 201
            again = await borealis.post(f"/v1/statements/{made['id']}/disputes", json=said)
            assert again.json()["id"] == first.json()["id"]
            shown = (await borealis.get(f"/v1/statements/{made['id']}")).json()["items"][0]
            assert shown["dispute"] == "Borealis Cloud: we delivered less"
            assert (await cinder.post(f"/v1/statements/{made['id']}/disputes", json=said)).status_code == 404

    go(contest())


def test_a_book_is_settled_again_when_a_month_ends_or_a_line_is_contested_and_not_for_acts_of_this_month(harbour, go):
    async def settle():
        async with running(harbour) as service:
            aster, borealis, _ = await granted(service)
            accounts = service.front.accounts
            await accounts.settled()
            await aster.post("/v1/capacity-requests", json=need())  # the first of August: from now on July is closed
            known = await accounts.settled()
            for _ in range(3):
                await aster.post("/v1/capacity-requests", json=need())
                assert await accounts.settled() is known
            made = (await borealis.get("/v1/statements?month=2025-07")).json()["items"][0]
            line = (await borealis.get(f"/v1/statements/{made['id']}")).json()["items"][0]
            replica = Ledger(accounts._ledger._engine.url.render_as_string())
            replica.contest(Dispute(id="elsewhere", entry=line["entry"], by="borealis", says="not so much", recorded=service.clock.now()))
            replica.close()
            assert (await borealis.get(f"/v1/statements/{made['id']}")).json()["items"][0]["dispute"] == "Borealis Cloud: not so much"
            contested = await accounts.settled()
            await service.move_to(parse_instant("2025-09-02T00:00:00Z"))
            later = await accounts.settled()
            assert later is not contested
            assert max(made.month for made in later.statements) > max(made.month for made in contested.statements)

    go(settle())


def test_commitments_and_exports_come_from_the_same_entries(harbour, go):
    async def look():
        async with running(harbour) as service:
            aster, borealis, cinder = await granted(service)
            (commitment,) = (await borealis.get("/v1/commitments")).json()["items"]
            assert commitment["clause"] == "cloud-commitment"
            assert (await cinder.get("/v1/commitments")).json()["items"] == []
            assert (await cinder.get("/v1/commitments/cloud-commitment/burndown")).status_code == 404
            months = (await aster.get("/v1/commitments/cloud-commitment/burndown")).json()["texts"][0]["months"]
            assert Decimal(months[-1]["cumulative"]) == Decimal(commitment["counted"])
            rows = list(csv.DictReader(io.StringIO((await aster.get("/v1/exports/focus?version=1.2")).text)))
            billed = sum(Decimal(row["BilledCost"]) for row in rows if row["ServiceProviderName" if "ServiceProviderName" in row else "ProviderName"])
            entries = (await aster.get("/v1/ledger-entries?limit=1000")).json()["items"]
            charged = sum(
                Decimal(p["amount"]) for e in entries if e["kind"] == "charge" for p in e["postings"] if p["account"].startswith("aster:expense")
            )
            assert billed == charged > 0
            assert (await borealis.get("/v1/exports/focus")).status_code == 403
            assert 'option "title"' in (await aster.get("/v1/exports/beancount")).text

    go(look())
