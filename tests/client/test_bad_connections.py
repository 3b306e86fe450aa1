"""What goes wrong between dibs and a server or a supplier is said with a code that has a page: the cases under `tests/service/bad/client`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

import dibs
from dibs import explanations
from dibs.cli.main import cli
from dibs.client import Retries
from dibs.connect.dispatcher import Dispatching, Pace
from dibs.connect.loading import read_suppliers
from dibs.connect.scripted import ScriptedSupplier, read_script
from dibs.connect.supplier import Notice, Order
from dibs.contract.terms import Terms
from dibs.testing.acts import BEGIN
from dibs.testing.service import need, running

FOLDER = Path(__file__).resolve().parents[1] / "service/bad/client"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
]
UTC = ZoneInfo("UTC")
PARTIES = ("aster", "borealis", "cinder", "delta")
RULES = "dibs: supplier/1\nparty: {party}\nhosts: {{}}\n"


def typed(words, monkeypatch):
    monkeypatch.setenv("DIBS_SERVER", "http://127.0.0.1:1")
    monkeypatch.setenv("DIBS_TOKEN", "dibs_0123_secret")
    result = CliRunner().invoke(cli, words if "--json" in words else [*words, "--json"])
    said = json.loads(result.stdout)
    found = said.get("findings") or [said["failed"]]
    assert result.exit_code == (2 if "findings" in said else 1)
    return [one["code"] for one in found], result.stdout


async def answered(answers):
    async def app(scope, receive, send):  # noqa: ARG001
        await send({"type": "http.response.start", "status": answers["status"], "headers": []})
        await send({"type": "http.response.body", "body": answers["text"].encode()})

    transport = httpx2.ASGITransport(app=app)
    async with dibs.AsyncClient("http://other.test", "dibs_0123_secret", retries=Retries(attempts=2, pause=0.001), transport=transport) as client:
        try:
            await client.me()
        except dibs.Unavailable as error:
            return [error.code], str(error)
    return [], ""


class Slow(ScriptedSupplier):
    async def status(self, about):  # noqa: ARG002
        await asyncio.sleep(60)


class Broken(ScriptedSupplier):
    async def status(self, about):
        raise KeyError(about.id)


async def supplied(what, harbour):
    kind = {"slow": Slow, "broken": Broken}.get(what, ScriptedSupplier)
    async with running(harbour) as service:
        party = "cinder"
        supplier = kind(read_script(RULES.format(party=party), "rules.yaml"), zone=UTC, now=service.clock.now)
        if what == "reuses a key":
            notice = Notice(id="one", holder=party, terms=Terms(), served_at=BEGIN, respond_by=BEGIN)
            await supplier.offer(notice, key="one")
            order = Order(
                id="one", operator=party, host="h", sku="s", workload_class="c", quantity=1, starts=0, ends=1, price=1, promised_at=0, deliver_by=1
            )
            try:
                await supplier.accept(order, key="one")
            except dibs.BadInput as error:
                return [found.code for found in error.findings], str(error)
        aster = service.client("aster")
        name = (await aster.post("/v1/capacity-requests", json=need(quantity=200))).json()["subject"]
        await aster.post("/v1/grants", json={"request": name, "host": "cinder-west", "quantity": 200})
        dispatching = Dispatching(service.office, {party: supplier}, pace=Pace(every=0.001, timeout=0.05))
        await dispatching.round()
        troubles = list(dispatching.troubles.values())
        return [trouble.code for trouble in troubles], "".join(trouble.says for trouble in troubles)


def read(make):
    try:
        make()
    except dibs.BadInput as error:
        return [found.code for found in error.findings], str(error)
    return [], ""


@pytest.mark.parametrize("case", CASES)
def test_a_bad_connection_is_said_with_its_code(case, monkeypatch, tmp_path, harbour):
    if "types" in case:
        codes, said = typed(case["types"], monkeypatch)
    elif "answers" in case:
        codes, said = asyncio.run(answered(case["answers"]))
    elif "supplier" in case:
        codes, said = asyncio.run(supplied(case["supplier"], harbour))
    elif "connections" in case:
        if "rules" in case:
            (tmp_path / "rules.yaml").write_text(case["rules"])
        codes, said = read(
            lambda: read_suppliers(case["connections"], "suppliers.yaml", parties=PARTIES, folder=tmp_path, zone=UTC, now=lambda: BEGIN)
        )
    else:
        codes, said = read(lambda: read_script(case["rules"], "rules.yaml"))
    assert codes == case["expect"]
    assert case["says"] in said
    for code in codes:
        assert explanations.page(code)


def test_what_is_named_is_made(tmp_path):
    (tmp_path / "rules.yaml").write_text(RULES.format(party="borealis"))
    text = "dibs: connections/1\nsuppliers:\n  borealis: {by: scripted, file: rules.yaml}\n"
    made = read_suppliers(text, "suppliers.yaml", parties=PARTIES, folder=tmp_path, zone=UTC, now=lambda: BEGIN)
    assert asyncio.run(made["borealis"].describe()).party == "borealis"


def test_a_second_dibs_is_made_with_its_hosts(tmp_path, monkeypatch):
    monkeypatch.setenv("BOREALIS_TOKEN", "dibs_0123_secret")
    text = (
        "dibs: connections/1\nsuppliers:\n  borealis:\n    by: dibs\n    server: https://dibs.example.com\n    token: BOREALIS_TOKEN\n"
        "    hosts: {hall-1: borealis-east}\n"
    )
    made = read_suppliers(text, "suppliers.yaml", parties=PARTIES, folder=tmp_path, zone=UTC, now=lambda: BEGIN)
    assert made["borealis"]._ours == {"hall-1": "borealis-east"}
    asyncio.run(made["borealis"].close())
