"""An act that is repeated word for word under its key is the act that was heard, whatever happened since."""

from __future__ import annotations

from dibs.testing.acts import BEGIN
from dibs.testing.service import need, notice, running


def test_an_offer_that_is_sent_again_is_the_offer_that_was_heard(harbour, go):
    async def repeat():
        async with running(harbour) as service:
            aster, borealis = service.client("aster"), service.client("borealis")
            request = (await aster.post("/v1/capacity-requests", json=need())).json()["subject"]
            key = {"Idempotency-Key": "serve"}
            first = await aster.post("/v1/offers", json=notice(request), headers=key)
            assert (await aster.post("/v1/offers", json=notice(request), headers=key)).json() == first.json()
            await borealis.post(f"/v1/offers/{first.json()['subject']}/responses", json={"quantity": 3000})
            assert (await aster.post("/v1/offers", json=notice(request), headers=key)).json() == first.json()
            other = await aster.post("/v1/offers", json=notice(request, price="9.99"), headers=key)
            assert (other.status_code, other.json()["code"]) == (409, "DIB308")

    go(repeat())


def test_a_grant_that_is_sent_again_is_the_grant_that_was_heard_though_the_need_was_offered_anew(harbour, go):
    async def repeat():
        async with running(harbour) as service:
            aster, borealis = service.client("aster"), service.client("borealis")
            request = (await aster.post("/v1/capacity-requests", json=need())).json()["subject"]
            offer = (await aster.post("/v1/offers", json=notice(request))).json()["subject"]
            await borealis.post(f"/v1/offers/{offer}/responses", json={"quantity": 0, "reason": "price"})
            body, key = {"request": request, "host": "cinder-west", "quantity": 1000}, {"Idempotency-Key": "sign"}
            first = await aster.post("/v1/grants", json=body, headers=key)
            assert first.json()["outcome"] == "done", first.text
            await service.move_to(BEGIN + 91 * 86_400)  # the market is closed again
            richer = await aster.post("/v1/offers", json=notice(request, price="2.00"))
            assert richer.json()["outcome"] == "done", richer.text
            assert (await aster.post("/v1/grants", json=body, headers=key)).json() == first.json()
            other = await aster.post("/v1/grants", json={**body, "quantity": 1001}, headers=key)
            assert (other.status_code, other.json()["code"]) == (409, "DIB308")

    go(repeat())
