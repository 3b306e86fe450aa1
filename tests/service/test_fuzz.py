"""Every operation, asked by the OpenAPI document's own rules and against them: never an error of ours, never another answer than the document says.

`pytest tests/service/test_fuzz.py --fuzz 200` asks each operation so many times in each way; `--seed` begins elsewhere.
"""

from __future__ import annotations

import asyncio
import threading
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as begin_at
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from dibs.journal.audit import re_decide, replay, verify
from dibs.journal.entry import plain_row
from dibs.laws import judge
from dibs.service.access import Role
from dibs.service.examples import EXAMPLES
from dibs.service.openapi import document, path_of
from dibs.service.routes import OPERATIONS
from dibs.simulate.run import plain_agreement
from dibs.testing.service import need, notice, running

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own, while it is loaded
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.transport import Response
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        negative_data_rejection,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance]
ONLY_SUPPOSED = {"start_run", "cancel_run", "move_clock"}
"""Asked with `dry_run` alone: they start programs, or move the time for everybody else."""
NAMES = {
    "class": ["training", "research", "product", "api"],
    "sku": ["h100", "gb200"],
    "host": ["borealis-east", "borealis-cinder", "cinder-west", "delta-south", "aster-yard"],
    "party": ["aster", "borealis", "cinder", "delta"],
    "to": ["cinder", "delta"],
    "unit": ["USD"],
    "signal": ["profit", "revenue"],
}


class World:
    """A service that runs in a thread of its own, and two who ask it."""

    def __init__(self, agreement: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._running = running(agreement)
        self.service = self.run(self._running.__aenter__())
        self.clients = {party: self.service.client(party, Role.ADMIN) for party in ("aster", "borealis")}
        text = HARBOUR.read_text()
        texts = [text, text.replace("the", "a"), text.replace("minimum_lot: 1000", "minimum_lot: 100")]
        self.names: dict[str, list[str]] = {**NAMES, "text": texts, "request": [], "offer": [], "grant": []}
        self.schema = asked_by()
        self.run(self._begin())

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    async def _begin(self) -> None:
        """Needs in several states, so that most operations find something to work on."""
        aster, borealis = self.clients["aster"], self.clients["borealis"]
        for nth in range(4):
            asked = (await aster.post("/v1/capacity-requests", json=need(purpose=f"purpose {nth}"))).json()["subject"]
            self.names["request"].append(asked)
            if nth:
                offer = (await aster.post("/v1/offers", json=notice(asked))).json()["subject"]
                self.names["offer"].append(offer)
                if nth > 1:
                    taken = {"quantity": 3000} if nth == 2 else {"quantity": 5000, "reason": "counter", "terms": {"price": "2.50"}}
                    await borealis.post(f"/v1/offers/{offer}/responses", json=taken)
        small = (await aster.post("/v1/capacity-requests", json=need(quantity=100, purpose="small"))).json()["subject"]
        await aster.post("/v1/grants", json={"request": small, "host": "cinder-west", "quantity": 50})
        self.names["grant"] += list(self.service.office.state.grants)

    def ids(self, path: str) -> list[str]:
        """What `{id}` in a path may name."""
        kind = {"capacity-requests": "request", "offers": "offer", "grants": "grant", "reservations": "grant", "hosts": "host"}.get(
            path.split("/")[2]
        )
        if kind:
            return self.names[kind]
        return {"agreements": ["current"], "triggers": ["profit-trigger"], "rights": ["first-refusal"], "commitments": ["cloud-commitment"]}.get(
            path.split("/")[2], ["0", "1", "10"]
        )

    def send(self, party: str, case: Any) -> tuple[Response, requests.PreparedRequest]:
        """What was asked, as it goes over the wire, and the answer."""
        kwargs = case.as_transport_kwargs(base_url="http://dibs.test")
        prepared = requests.Request(
            **{k: v for k, v in kwargs.items() if k in {"method", "url", "headers", "params", "cookies", "json", "data"}}
        ).prepare()
        headers = {**dict(prepared.headers), "authorization": self.clients[party].headers["authorization"]}
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
        request = httpx2.Request(prepared.method, prepared.url, headers=[(_raw(name), _raw(value)) for name, value in headers.items()], content=body)
        answer: httpx2.Response = self.run(self.clients[party].send(request))
        self._learn(answer)
        found: dict[str, list[str]] = {}
        for name, value in answer.headers.multi_items():
            found.setdefault(name, []).append(value)
        return Response(answer.status_code, found, answer.content, prepared, 0.0, verify=True), prepared

    def _learn(self, answer: httpx2.Response) -> None:
        """What came to be can be named from now on."""
        kind = {"/v1/capacity-requests": "request", "/v1/offers": "offer", "/v1/grants": "grant"}.get(answer.request.url.path)
        if kind and answer.status_code == 201 and answer.json()["outcome"] == "done":
            self.names[kind].append(answer.json()["subject"])

    def close(self) -> None:
        self.run(self._running.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def world(harbour):
    made = World(harbour)
    yield made
    made.close()


@cache
def asked_by() -> Any:
    """The document, but for the tokens, which are shown in every request here: who shows none is tested elsewhere."""
    said = msgspec.json.decode(msgspec.json.encode(document(OPERATIONS)))
    del said["security"], said["components"]["securitySchemes"]
    return schemathesis.openapi.from_dict(said)


def _raw(text: Any) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode("latin-1", "replace")


def endless(operation: Any) -> bool:
    return "text/event-stream" in operation.media or "event-stream" in str(getattr(operation.answer, "__name__", "")).lower()


def fill(world, operation, case, data):
    """Words that mean something, most of the time: an example with some of its members otherwise, and names of what is there."""
    if "id" in (case.path_parameters or {}) and data.draw(st.integers(0, 3)):
        case.path_parameters["id"] = data.draw(st.sampled_from(world.ids(operation.path)))
    if isinstance(case.body, dict) and operation.name in EXAMPLES and data.draw(st.integers(0, 3)):
        kept = data.draw(st.sets(st.sampled_from(sorted(case.body)), max_size=3)) if case.body else set()
        case.body = {**EXAMPLES[operation.name], **{name: case.body[name] for name in kept}}
    for part in (case.body, case.query):
        if isinstance(part, dict):
            for name in sorted(set(part) & set(world.names)):
                if data.draw(st.integers(0, 3)):
                    part[name] = data.draw(st.sampled_from(world.names[name]))
    if case.headers and data.draw(st.booleans()):
        case.headers.pop("Idempotency-Key", None)


@pytest.mark.filterwarnings("ignore")  # what it is made of warns of itself; our own warnings fail every other test
@pytest.mark.parametrize("mode", ["as it says", "as it does not say"])
@pytest.mark.parametrize("party", ["aster", "borealis"])
@pytest.mark.parametrize("operation", [pytest.param(o, id=o.name) for o in OPERATIONS if not endless(o) and not o.name.startswith("stream")])
def test_an_operation_answers_as_the_document_says_whatever_it_is_asked(world, operation, party, mode, request):
    good = mode == "as it says"
    asked = world.schema[path_of(operation)][operation.method]
    strategy = asked.as_strategy(generation_mode=GenerationMode.POSITIVE if good else GenerationMode.NEGATIVE)

    @begin_at(request.config.getoption("--seed") or 0)
    @settings(
        max_examples=request.config.getoption("--fuzz"),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(case=strategy, data=st.data())
    def ask(case, data):
        if operation.name in ONLY_SUPPOSED or "webhook" in operation.path or "scenario" in operation.path:
            case.query = {**(case.query or {}), **({"dry_run": "true"} if operation.writes else {})}
        if operation.path == "/v1/events" and case.query:
            case.query = {k: v for k, v in case.query.items() if k != "wait"}
        if good:
            fill(world, operation, case, data)
        answer, prepared = world.send(party, case)
        too_much = answer.status_code in {413, 429}  # refused as well, though the check knows only other ways of doing so
        try:
            case.validate_response(answer, checks=CHECKS if good or too_much else [*CHECKS, negative_data_rejection])
        except BaseException:
            print(prepared.method, prepared.url, dict(prepared.headers), prepared.body, "->", answer.status_code, answer.content[:2000])
            raise

    try:
        ask()
    except Unsatisfiable:
        assert not good, "nothing can be asked of it"


WALKED = [o for o in OPERATIONS if o.acts and o.name != "adopt_agreement"]
LOOKED_AT = [
    o for o in OPERATIONS if o.method == "GET" and o.path.startswith(("/v1/capacity-requests", "/v1/offers", "/v1/grants", "/v1/availability"))
]


@pytest.mark.filterwarnings("ignore")
def test_whatever_is_said_in_whatever_order_the_book_holds_and_no_law_is_broken(harbour, request):
    """Acts of both sides in any order while time passes; then the book is verified, replayed, decided again, and judged by the seven laws."""

    @begin_at(request.config.getoption("--seed") or 0)
    @settings(
        max_examples=request.config.getoption("--fuzz"),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(data=st.data())
    def walk(data):
        world = World(harbour)
        try:
            for _ in range(25):
                step(world, data)
            look_at_everything(world)
            with world.service.office.store.reader() as book:
                assert not verify(book).findings
                assert replay(book).state == world.service.office.state
                assert not re_decide(book).findings
                rows = [plain_row(sealed) for sealed, _ in book.sealed()]
            for law in judge(rows, plain_agreement(harbour.agreement)):
                assert law.holds, (law.says, law.violations)
        finally:
            world.close()

    def look_at_everything(world):
        """Every list and every item of it, as both see them."""
        for party in sorted(world.clients):
            for operation in OPERATIONS:
                if operation.method == "GET" and "{" not in operation.path and "stream" not in operation.name and "journal/" not in operation.path:
                    path = operation.path + ("?class=training&host=cinder-west" if operation.name == "check_placement" else "")
                    answer = world.run(world.clients[party].get(path))
                    assert answer.status_code in {200, 403}, (path, answer.text)
                    if "json" in answer.headers["content-type"]:
                        items = answer.json().get("items", ())
                        for item in items if operation.path + "/{id}" in {o.path for o in OPERATIONS if o.method == "GET"} else ():
                            one = world.run(world.clients[party].get(f"{operation.path}/{item['id']}"))
                            assert one.status_code == 200, (operation.path, item, one.text)

    def step(world, data):
        if not data.draw(st.integers(0, 7)):
            later = world.service.clock.now() + data.draw(st.integers(1, 45 * 86_400))
            world.run(world.service.move_to(later))
            return
        operation = data.draw(st.sampled_from([*WALKED, *LOOKED_AT]), label="operation")
        case = data.draw(world.schema[path_of(operation)][operation.method].as_strategy(generation_mode=GenerationMode.POSITIVE))
        fill(world, operation, case, data)
        party = data.draw(st.sampled_from(sorted(world.clients)))
        answer, prepared = world.send(party, case)
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseException:
            print(prepared.method, prepared.url, prepared.body, "->", answer.status_code, answer.content[:2000])
            raise

    walk()
