"""The whole way through the service: request, offer, partial answer, fall-through, grant, delivery."""

from __future__ import annotations

from pathlib import Path

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.service.access import Role
from dibs.testing.service import need, notice, running

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"


def test_from_the_need_to_the_grant_through_http(harbour, go):
    async def walk():
        async with running(harbour) as service:
            aster, borealis, cinder = (service.client(party) for party in ("aster", "borealis", "cinder"))
            asked = (await aster.post("/v1/capacity-requests", json=need(), headers={"Idempotency-Key": "one"})).json()
            assert asked["outcome"] == "done"
            request = asked["subject"]
            seen = (await aster.get(asked["link"])).json()
            assert (seen["status"], seen["clause"], seen["holder"]) == ("held", "first-refusal", "borealis")
            assert [n["do"] for n in seen["next"]] == ["AskHolder"]

            early = await aster.post("/v1/grants", json={"request": request, "host": "cinder-west", "quantity": 5000})
            assert early.json()["outcome"] == "refused"
            assert early.json()["reasons"][0]["code"] == "must_offer"

            offered = (await aster.post("/v1/offers", json=notice(request))).json()
            assert offered["outcome"] == "done", offered
            offer = offered["subject"]
            assert (await cinder.get(f"/v1/offers/{offer}")).status_code == 404
            assert (await cinder.get("/v1/offers")).json() == {"items": [], "next": None}
            assert (await borealis.get(f"/v1/offers/{offer}")).json()["status"] == "open"

            answered = (await borealis.post(f"/v1/offers/{offer}/responses", json={"quantity": 3000})).json()
            assert answered["outcome"] == "done", answered
            rest = (await aster.get(f"/v1/capacity-requests/{request}")).json()
            assert rest["market"]["quantity"] == 2000
            signed = (await aster.post("/v1/grants", json={"request": request, "host": "cinder-west", "quantity": 2000})).json()
            assert signed["outcome"] == "done", signed
            (mine,) = (await cinder.get("/v1/grants")).json()["items"]
            assert (mine["quantity"], "request" in mine, "offer" in mine) == (2000, False, False)
            assert (await aster.get(f"/v1/capacity-requests/{request}")).json()["status"] == "granted"

    go(walk())


def test_an_act_repeated_under_its_key_is_done_once(harbour, go):
    async def twice():
        async with running(harbour) as service:
            aster = service.client("aster")
            first = await aster.post("/v1/capacity-requests", json=need(), headers={"Idempotency-Key": "one"})
            second = await aster.post("/v1/capacity-requests", json=need(), headers={"Idempotency-Key": "one"})
            assert first.json() == second.json()
            other = await aster.post("/v1/capacity-requests", json=need(quantity=6000), headers={"Idempotency-Key": "one"})
            assert (other.status_code, other.json()["code"]) == (409, "DIB308")
            assert len((await aster.get("/v1/capacity-requests")).json()["items"]) == 1

    go(twice())


def test_a_dry_run_tells_what_would_come_of_an_act_and_keeps_nothing(harbour, go):
    async def dry():
        async with running(harbour) as service:
            aster = service.client("aster")
            supposed = await aster.post("/v1/capacity-requests?dry_run=true", json=need())
            assert (supposed.status_code, supposed.json()["dry_run"]) == (200, True)
            assert (await aster.get("/v1/capacity-requests")).json()["items"] == []

    go(dry())


def test_the_timeline_of_a_need_tells_of_it_and_its_grants_and_of_nothing_else(harbour, go):
    async def tell():
        async with running(harbour) as service:
            aster = service.client("aster")
            for name in ("one", "two"):
                await aster.post("/v1/capacity-requests", json=need(id=name))
                await aster.post("/v1/offers", json=notice(name) | {"id": f"offer-{name}"})
            await service.move_to(service.clock.now() + 40 * 86_400)  # both lapse in one entry
            await aster.post("/v1/grants", json={"id": "promise", "request": "one", "host": "cinder-west", "quantity": 5000})
            events = (await aster.get("/v1/capacity-requests/one/events")).json()["items"]
            assert [event["type"] for event in events].count("RightLapsed") == 1
            assert not [event for event in events if event["data"].get("request") == "two" or event["data"].get("offer") == "offer-two"]
            assert events[-1]["type"] == "Granted"

            await service.move_to(service.office.state.grants["promise"].starts)
            await aster.post("/v1/grants/promise/deliveries", json={"quantity": 5000})
            events = (await aster.get("/v1/capacity-requests/one/events")).json()["items"]
            assert events[-1]["type"] == "DeliveryConfirmed"

    go(tell())


def test_whom_a_right_passes_to_is_asked_what_its_holder_was_asked(go):
    line = "        reoffer_if_richer: true\n"
    text = HARBOUR.read_text("utf-8").replace(line, f"{line}        assignable: with_business\n", 1)

    async def passed_on():
        async with running(compile_agreement(load(text, "agreement.yaml"))) as service:
            aster, borealis, delta = (service.client(party, Role.ADMIN) for party in ("aster", "borealis", "delta"))
            request = (await aster.post("/v1/capacity-requests", json=need())).json()["subject"]
            offer = (await aster.post("/v1/offers", json=notice(request))).json()["subject"]
            passed = (await borealis.post("/v1/rights/first-refusal/assignments", json={"to": "delta"})).json()
            assert passed["outcome"] == "done", passed
            assert (await borealis.get(f"/v1/offers/{offer}")).status_code == 404
            assert (await borealis.post(f"/v1/offers/{offer}/responses", json={"quantity": 0, "reason": "price"})).status_code == 404
            seen = (await delta.get(f"/v1/offers/{offer}")).json()
            assert (seen["status"], seen["holder"], seen["terms"]["quantity"]) == ("open", "delta", 5000)
            answered = (await delta.post(f"/v1/offers/{offer}/responses", json={"quantity": 0, "reason": "price"})).json()
            assert answered["outcome"] == "done", answered
            assert (await aster.get(f"/v1/offers/{offer}")).json()["status"] == "declined"
            heard = [event["type"] for event in (await delta.get("/v1/events")).json()["items"]]
            assert heard[-2:] == ["dibs.RightAssigned", "dibs.RightDeclined"]

    go(passed_on())


def test_a_notice_that_starts_no_clock_tells_its_holder_what_it_lacks_and_no_terms(harbour, go):
    async def lack():
        async with running(harbour) as service:
            aster, borealis = service.client("aster"), service.client("borealis")
            request = (await aster.post("/v1/capacity-requests", json=need())).json()["subject"]
            offered = (await aster.post("/v1/offers", json={"request": request, "terms": {"price": "2.10"}})).json()
            seen = (await borealis.get(f"/v1/offers/{offered['subject']}")).json()
            assert (seen["status"], "terms" in seen) == ("defective", False)
            assert seen["missing"]
            (event,) = (await borealis.get("/v1/events?types=dibs.NoticeDefective")).json()["items"]
            assert "terms" not in event["data"]["data"]
            assert (await aster.get(f"/v1/offers/{offered['subject']}")).json()["terms"]["price"] == "2.10"

    go(lack())
