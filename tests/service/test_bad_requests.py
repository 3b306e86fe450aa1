"""What cannot be used is refused with a code that has a page, and nothing is done: the cases under `bad/`."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import httpx2
import pytest
from ruamel.yaml import YAML
from starlette.routing import Route

from dibs import explanations
from dibs.errors import BadInput, Unavailable
from dibs.service.access import Actor, Role
from dibs.service.clocks import MachineClock
from dibs.service.outlets import OutletSettings
from dibs.testing.receiver import Receiver
from dibs.testing.service import running

FOLDER = Path(__file__).parent / "bad"
LONG = "x" * 10_000
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
]


async def send(service, case, receiver="", number=0):
    """One request, as it goes over the wire."""
    method, _, path = case["request"].partition(" ")
    party, _, role = case.get("as", "aster").partition(" ")
    person = case.get("person", "").replace("{n}", str(number))
    headers = {} if party == "nobody" else {"authorization": f"Bearer {service.token(party, Role(role or 'operator'), person)}"}
    if case.get("invited"):
        house = Actor(party=service.office.house, role=Role.ADMIN, person="Ada", token="", house=True)
        text = service.front.people.token(party, Role.ADMIN, "Bo", at=service.clock.now(), by=house)
        headers = {"authorization": f"Bearer {text}"}
    if "{token}" in path:
        (shown,) = service.front.people.admins(party, at=service.clock.now())
        path = path.replace("{token}", shown.id)
    content = None
    if "json" in case:
        content = httpx2.Request("POST", "http://dibs.test", json=case["json"]).content.replace(b"{receiver}", receiver.encode())
        headers["content-type"] = "application/json"
    elif "text" in case or "hex" in case:
        content = bytes.fromhex(case["hex"]) if "hex" in case else (case["text"] * case.get("times", 1)).encode()
        headers["content-type"] = "application/json"
    headers |= {name.lower(): value.replace("{long}", LONG) for name, value in case.get("headers", {}).items()}
    transport = httpx2.ASGITransport(app=service.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dibs.test") as client:
        return await client.request(method, path.replace("{long}", LONG), headers=headers, content=content)


def agrees(problem, expect):
    assert problem["code"] == expect.get("code", problem["code"]), problem
    assert expect.get("says", "") in problem["detail"] + "".join(f["message"] for f in problem.get("findings", ())), problem
    assert [f["code"] for f in problem.get("findings", ())] == expect.get("findings", [f["code"] for f in problem.get("findings", ())]), problem


async def together(service, case):
    """A request that comes while others on the same token are not answered yet."""
    meanwhile = case["meanwhile"]
    headers = {"authorization": f"Bearer {service.token(case['as'])}"}
    transport = httpx2.ASGITransport(app=service.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://dibs.test", headers=headers) as client:
        waiting = [asyncio.create_task(client.request(*meanwhile["request"].split())) for _ in range(meanwhile["times"])]
        await asyncio.sleep(0.1)
        answer = await client.request(*case["request"].split())
        service.office.feed.end()
        await asyncio.gather(*waiting)
        return answer


async def defective(_):
    message = "a pearl in the oyster"
    raise RuntimeError(message)


@pytest.mark.parametrize("case", CASES)
def test_a_bad_request_is_refused_with_a_code_and_changes_nothing(harbour, go, case):
    expect = case["expect"]

    async def refuse():
        given = case.get("environment", {"DIBS_WEBHOOKS_PRIVATE": "1"} if "receiver" in case else {})
        async with contextlib.AsyncExitStack() as stack:
            service = await stack.enter_async_context(running(harbour, house=case.get("house", ""), outlets=OutletSettings.read(given)))
            url = ""
            if "receiver" in case:
                receiver = stack.enter_context(Receiver())
                receiver.answers = [case["receiver"]] * 100
                url = receiver.url
            if case.get("clock") == "machine":
                service.office.clock = MachineClock()
            if case.get("defect"):
                service.app.router.routes.append(Route("/v1/defect", defective))
            for before in case.get("before", ()):
                for number in range(before.get("repeat", 1)):
                    assert (await send(service, before, url, number)).is_success
            if url:
                await service.front.outlets.webhooks.round()
            size = service.office.store.size
            answer = await together(service, case) if "meanwhile" in case else await send(service, case, url)
            assert answer.status_code == expect["status"], answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert problem["status"] == expect["status"]
            assert problem["type"] == f"/explain/{problem['code']}"
            assert problem["code"] in explanations.codes()
            assert "pearl" not in answer.text
            assert len(answer.text) < 5000
            assert service.office.store.size == size
            agrees(problem, expect)

    if "house" in case or "environment" in case:
        with pytest.raises((BadInput, Unavailable)) as caught:
            go(refuse())
        assert [f.code for f in getattr(caught.value, "findings", (caught.value,))] == [expect["code"]]
        assert expect["says"] in str(caught.value)
    else:
        go(refuse())


def test_what_a_code_means_is_told_to_everybody(harbour, go):
    async def look():
        async with running(harbour) as service:
            client = service.bare()
            plain = await client.get("/explain/DIB303")
            assert plain.headers["content-type"].startswith("text/markdown")
            assert plain.text == explanations.page("DIB303")
            assert "<pre" in (await client.get("/explain/DIB303", headers={"accept": "text/html"})).text

    go(look())


def test_an_error_of_ours_is_on_the_log_with_its_place(harbour, go, caplog):
    async def fail():
        async with running(harbour) as service:
            service.app.router.routes.append(Route("/v1/defect", defective))
            assert (await send(service, {"request": "GET /v1/defect"})).status_code == 500

    go(fail())
    (record,) = [record for record in caplog.records if record.name == "dibs.service"]
    assert "pearl" in str(record.exc_info[1])
    assert record.getMessage().startswith("unforeseen error")
