"""The suppliers that ship with dibs pass the suite that their authors are asked to run."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import httpx2
import pytest

import dibs
from dibs.client import Retries
from dibs.client.wire import TermsShape
from dibs.connect.scripted import Rule, ScriptedSupplier, read_script
from dibs.connect.server import DibsSupplier
from dibs.contract.load import load
from dibs.contract.model import Share
from dibs.decisions.compile import compile_agreement
from dibs.service.access import Role
from dibs.testing.acts import BEGIN
from dibs.testing.faults import LosesAnswers
from dibs.testing.service import running
from dibs.testing.suppliers import SupplierConformance

UTC = ZoneInfo("UTC")
SCRIPT = """
dibs: supplier/1
party: borealis
within: 1 hours
hosts:
  borealis-east:
    price: 2.00 USD
    capacity:
      - {from: 2025-01-01, sku: h100, quantity: 12000}
"""
NORTHERN = """
dibs: agreement/1
id: northern
title: What Borealis runs, for whom
workload_classes: [training, api]
time_zone: UTC
currency: USD
parties:
  borealis: {name: Borealis Cloud}
hosts:
  hall-1: {platform: borealis, operator: borealis, regions: [us-east], skus: [h100]}
clauses: []
"""


class ScriptedStage:
    """Its desk is a rule that says nothing until somebody writes one for the notice."""

    party, host, sku, loses = "borealis", "borealis-east", "h100", False

    def __init__(self, text):
        self.script = read_script(text, "supplier.yaml")
        self.time = BEGIN
        self.rules = {}
        self.supplier = self.made()

    def made(self):
        stage = self

        class Ruled(ScriptedSupplier):
            def _rule(self, notice):
                return stage.rules.get(notice.id, Rule(answer="silence"))

        return Ruled(self.script, zone=UTC, now=lambda: self.time)

    async def answer(self, notice, quantity):
        share = Decimal(quantity) / Decimal(notice.terms.quantity)
        self.rules[notice.id] = Rule(answer="part" if quantity else "decline", share=Share(share), within=timedelta(0))
        await self.supplier.status(notice)

    async def deliver(self, order, quantity):  # noqa: ARG002 - it delivers all of it when its time has come
        self.time += 14 * 86_400

    def lose_next(self):
        raise AssertionError

    async def again(self):
        self.supplier = self.made()
        return self.supplier


class TestScripted(SupplierConformance):
    @contextlib.asynccontextmanager
    async def stage(self):
        yield ScriptedStage(SCRIPT + "delivers_after: 10 days\n")


class TestScriptedThatGivesBack(SupplierConformance):
    @contextlib.asynccontextmanager
    async def stage(self):
        yield ScriptedStage(SCRIPT + "gives_back: true\ndelivers_after: 10 days\n")


class DibsStage:
    """Its desk is a person with a client of her own; the way to it loses answers."""

    party, host, sku, loses = "borealis", "borealis-east", "h100", True

    def __init__(self, service, desk, token):
        self.service, self.desk, self.token = service, desk, token
        self.opened = []
        self.supplier = self.made()

    def made(self):
        self.transport = LosesAnswers(httpx2.ASGITransport(app=self.service.app))
        client = dibs.AsyncClient("http://borealis.test", self.token, retries=Retries(attempts=4, pause=0.001), transport=self.transport)
        supplier = DibsSupplier(client, party="borealis", hosts={"hall-1": "borealis-east"})
        self.opened.append(supplier)
        return supplier

    async def answer(self, notice, quantity):
        name = f"offer.{notice.id}"
        need = await self.desk.get_request(name)
        if need.status == "cancelled":
            return
        if quantity:
            terms = TermsShape(price=notice.terms.price)
            signed = await self.desk.propose_grant(request=name, host="hall-1", quantity=quantity, terms=terms)
            assert signed.outcome == "done", signed
        if quantity < need.quantity:
            assert (await self.desk.cancel_request(name)).outcome == "done"

    async def deliver(self, order, quantity):
        (grant,) = (await self.desk.list_grants(request=f"offer.{order.offer}")).items
        assert (await self.desk.confirm_delivery(grant.id, quantity=quantity)).outcome == "done"

    def lose_next(self):
        self.transport.lose_next()

    async def again(self):
        self.supplier = self.made()
        return self.supplier


class TestSecondDibs(SupplierConformance):
    @contextlib.asynccontextmanager
    async def stage(self):
        agreement = compile_agreement(load(NORTHERN, "northern.yaml"))
        async with running(agreement, house="borealis", room=12_000) as service:
            desk = dibs.AsyncClient("http://borealis.test", service.token("borealis"), transport=httpx2.ASGITransport(app=service.app))
            stage = DibsStage(service, desk, service.token("borealis", Role.DESK, "connector of aster"))
            try:
                yield stage
            finally:
                await desk.close()
                for supplier in stage.opened:
                    await supplier.close()


class TestSecondDibsThatLosesMostAnswers(TestSecondDibs):
    @contextlib.asynccontextmanager
    async def stage(self):
        async with super().stage() as stage:
            made = stage.made

            def losing():
                supplier = made()
                stage.transport._lose = iter([True, True, False] * 1000)
                return supplier

            stage.made = losing
            await stage.again()
            yield stage


def test_the_suite_finds_a_supplier_that_forgets_its_keys():
    class Forgets(DibsSupplier):
        async def offer(self, notice, *, key):  # noqa: ARG002
            return await super().offer(notice, key="")

    class Suite(TestSecondDibs):
        @contextlib.asynccontextmanager
        async def stage(self):
            async with super().stage() as stage:
                stage.supplier.__class__ = Forgets
                yield stage

    with pytest.raises(AssertionError, match="two acts"):
        Suite().test_a_key_is_for_one_act()


def test_the_suite_finds_a_supplier_that_takes_back_an_answer():
    class Stage(ScriptedStage):
        def made(self):
            supplier = super().made()
            recall = supplier.recall

            async def forgetful(about, *, key):
                supplier._answers.pop(about.id, None)
                supplier._notices.pop(about.id, None)
                return await recall(about, key=key)

            supplier.recall = forgetful
            return supplier

    class Suite(SupplierConformance):
        @contextlib.asynccontextmanager
        async def stage(self):
            yield Stage(SCRIPT)

    with pytest.raises(AssertionError):
        Suite().test_an_answer_is_final()


def test_the_time_that_a_script_takes_is_its_own():
    assert read_script(SCRIPT, "supplier.yaml").within == timedelta(hours=1)
