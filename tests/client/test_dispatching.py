"""What is outstanding towards suppliers is done by program, once, whatever breaks off in between."""

from __future__ import annotations

import asyncio
import contextlib
import random
from decimal import Decimal
from zoneinfo import ZoneInfo

import httpx2
import pytest

import dibs
from dibs.client import Retries
from dibs.client.wire import TermsShape
from dibs.connect.dispatcher import Dispatching, Pace
from dibs.connect.scripted import ScriptedSupplier, read_script
from dibs.connect.server import DibsSupplier
from dibs.contract.load import load
from dibs.contract.terms import Terms
from dibs.decisions.compile import compile_agreement
from dibs.errors import Unavailable
from dibs.procedure.commands import ConfirmDelivery, Respond, SubmitRequest
from dibs.testing.acts import BEGIN
from dibs.testing.faults import LosesAnswers
from dibs.testing.service import need, notice, running

UTC = ZoneInfo("UTC")
PACE = Pace(every=0.0001, slowest=0.0001, timeout=5.0, rest=0.0001)
TERMS = Terms(
    price=Decimal("2.10"),
    payment="monthly in arrears",
    take_or_pay=Decimal("0.8"),
    service_level=Decimal("0.999"),
    delivery_tolerance=14 * 86_400,
    address="capacity desk",
    regions=("us-east", "us-west"),
)
SCRIPT = """
dibs: supplier/1
party: borealis
within: 0 hours
hosts:
  borealis-east:
    capacity:
      - {from: 2025-01-01, sku: h100, quantity: 100000}
rules:
"""
PART = "  - {answer: part, share: 60 %}\n"
SILENT = "  - {answer: silence}\n"
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


def scripted(service, rules=PART, kind=ScriptedSupplier):
    return kind(read_script(SCRIPT + rules, "supplier.yaml"), zone=UTC, now=service.clock.now)


async def rounds(dispatching, times=6):
    for _ in range(times):
        await dispatching.round()
        await asyncio.sleep(0.001)


async def asked(service, **fields):
    aster = service.client("aster")
    return (await aster.post("/v1/capacity-requests", json=need(**fields))).json()["subject"]


def said(service, kind):
    """The commands of a kind that are on record."""
    return [entry.command for entry in service.office.store.entries() if isinstance(entry.command, kind)]


def test_a_need_is_offered_answered_granted_and_delivered_without_a_person(harbour, go):
    async def walk():
        async with running(harbour) as service:
            dispatching = Dispatching(service.office, {"borealis": scripted(service)}, standing_terms={"borealis": TERMS}, pace=PACE)
            name = await asked(service)
            await rounds(dispatching)
            request = service.office.state.requests[name]
            assert (request.status, request.granted, request.market.quantity) == ("partially_granted", 3000, 2000)
            (grant,) = service.office.state.grants.values()
            assert (grant.platform, grant.delivered) == ("borealis", 3000)
            assert len(said(service, Respond)) == len(said(service, ConfirmDelivery)) == 1
            size = service.office.store.size
            await rounds(dispatching)
            assert service.office.store.size == size
            assert dispatching.troubles == {}

    go(walk())


def test_without_standing_terms_the_notice_is_left_to_the_desk(harbour, go):
    async def walk():
        async with running(harbour) as service:
            dispatching = Dispatching(service.office, {"borealis": scripted(service)}, pace=PACE)
            name = await asked(service)
            await rounds(dispatching)
            assert service.office.state.requests[name].status == "held"
            assert (await service.client("aster").post("/v1/offers", json=notice(name))).json()["outcome"] == "done"
            await rounds(dispatching)
            assert service.office.state.requests[name].granted == 3000

    go(walk())


@contextlib.asynccontextmanager
async def northern(lose=()):
    """A second dibs, its desk, and a maker of connectors to it."""
    async with running(compile_agreement(load(NORTHERN, "northern.yaml")), house="borealis") as service, contextlib.AsyncExitStack() as stack:
        desk = await stack.enter_async_context(
            dibs.AsyncClient("http://borealis.test", service.token("borealis"), transport=httpx2.ASGITransport(app=service.app))
        )
        token = service.token("borealis")
        transport = LosesAnswers(httpx2.ASGITransport(app=service.app), lose=lose)

        def connector():
            client = dibs.AsyncClient("http://borealis.test", token, retries=Retries(attempts=4, pause=0.001), transport=transport)
            return DibsSupplier(client, party="borealis", hosts={"hall-1": "borealis-east"})

        service.desk, service.connector = desk, connector
        yield service


@pytest.mark.parametrize("lose", [(), (True, False) * 200, (True, True, False) * 200], ids=["none", "every other", "two of three"])
def test_a_second_dibs_is_the_supplier_and_its_desk_answers(harbour, go, lose):
    async def walk():
        async with running(harbour) as service, northern(lose) as second:
            dispatching = Dispatching(service.office, {"borealis": second.connector()}, standing_terms={"borealis": TERMS}, pace=PACE)
            name = await asked(service)
            await rounds(dispatching)
            (there,) = (await second.desk.list_requests()).items
            assert (there.quantity, there.sku, there.workload_class, there.id) == (5000, "h100", "training", f"offer.{name}.1")
            assert there.start_earliest.isoformat() == "2025-06-01T00:00:00+00:00"
            signed = await second.desk.propose_grant(request=there.id, host="hall-1", quantity=3000, terms=TermsShape(price=Decimal("2.10")))
            assert signed.outcome == "done", signed
            await rounds(dispatching)
            assert service.office.state.requests[name].status == "offering"
            assert (await second.desk.cancel_request(there.id)).outcome == "done"
            await rounds(dispatching)
            assert service.office.state.requests[name].granted == 3000
            await second.desk.confirm_delivery(signed.subject, quantity=1000)
            await rounds(dispatching)
            await second.desk.confirm_delivery(signed.subject, quantity=3000)
            await rounds(dispatching)
            (grant,) = service.office.state.grants.values()
            assert (grant.host, grant.delivered) == ("borealis-east", 3000)
            assert [command.quantity for command in said(service, ConfirmDelivery)] == [1000, 3000]
            assert len(said(second, SubmitRequest)) == len(said(service, Respond)) == 1
            await dispatching.close()

    go(walk())


def test_an_offer_that_was_withdrawn_is_recalled(harbour, go):
    async def walk():
        async with running(harbour) as service, northern() as second:
            dispatching = Dispatching(service.office, {"borealis": second.connector()}, standing_terms={"borealis": TERMS}, pace=PACE)
            name = await asked(service)
            await rounds(dispatching)
            assert (await service.client("aster").post(f"/v1/capacity-requests/{name}/cancellation")).json()["outcome"] == "done"
            await rounds(dispatching)
            (there,) = (await second.desk.list_requests()).items
            assert there.status == "cancelled"
            await dispatching.close()

    go(walk())


def test_an_offer_that_lapsed_while_nobody_looked_is_recalled_after_a_restart(harbour, go):
    async def walk():
        async with running(harbour) as service, northern() as second:
            first = Dispatching(service.office, {"borealis": second.connector()}, standing_terms={"borealis": TERMS}, pace=PACE)
            name = await asked(service)
            await rounds(first)
            await first.close()
            await service.move_to(BEGIN + 40 * 86_400)
            assert service.office.state.offers[f"{name}.1"].status == "lapsed"
            again = Dispatching(service.office, {"borealis": second.connector()}, pace=PACE)
            await rounds(again)
            (there,) = (await second.desk.list_requests()).items
            assert there.status == "cancelled"
            await again.close()

    go(walk())


def test_an_answer_that_comes_after_the_deadline_binds_nobody(harbour, go):
    async def walk():
        async with running(harbour) as service, northern() as second:
            dispatching = Dispatching(service.office, {"borealis": second.connector()}, standing_terms={"borealis": TERMS}, pace=PACE)
            name = await asked(service)
            await rounds(dispatching)
            await service.move_to(BEGIN + 40 * 86_400)
            await second.desk.propose_grant(request=f"offer.{name}.1", host="hall-1", quantity=5000, terms=TermsShape(price=Decimal("2.10")))
            await rounds(dispatching)
            assert service.office.state.offers[f"{name}.1"].status == "lapsed"
            assert service.office.state.requests[name].granted == 0
            assert said(service, Respond) == []
            trouble = dispatching.troubles["borealis", f"offer {name}.1"]
            assert (trouble.code, "over already" in trouble.says) == ("DIB409", True)  # people see that its desk holds something for nobody
            await dispatching.close()

    go(walk())


def test_a_grant_that_was_ended_is_recalled_at_its_operator(harbour, go):
    async def walk():
        async with running(harbour) as service, northern() as second:
            dispatching = Dispatching(service.office, {"borealis": second.connector()}, standing_terms={"borealis": TERMS}, pace=PACE)
            name = await asked(service)
            await rounds(dispatching)
            await second.desk.propose_grant(request=f"offer.{name}.1", host="hall-1", quantity=5000, terms=TermsShape(price=Decimal("2.10")))
            await rounds(dispatching)
            (grant,) = service.office.state.grants
            released = (await service.client("aster").post(f"/v1/grants/{grant}/release")).json()
            assert released["outcome"] == "done", released
            await rounds(dispatching)
            (there,) = (await second.desk.list_grants()).items
            assert there.status in {"ended", "cancelled"}
            await dispatching.close()

    go(walk())


def test_a_notice_behind_the_barrier_is_told_to_no_program(harbour, go):
    async def walk():
        async with running(harbour, at=BEGIN + 200 * 86_400) as service, northern() as second:
            dispatching = Dispatching(service.office, {"borealis": second.connector()}, standing_terms={"borealis": TERMS}, pace=PACE)
            name = await asked(service, start_earliest="2026-01-01T00:00:00Z", start_latest="2026-06-01T00:00:00Z")
            await rounds(dispatching)
            offer = service.office.state.offers[f"{name}.1"]
            assert (offer.status, offer.barrier) == ("open", True)
            assert (await second.desk.list_requests()).items == ()
            await dispatching.close()

    go(walk())


class Crash(BaseException):
    """The process is gone."""


class Crashes:
    """Counts what is said, to a supplier or to the book, and goes away before or after the nth."""

    def __init__(self, nth, *, after):
        self.nth, self.after, self.count = nth, after, 0

    async def carry(self, work):
        self.count += 1
        if self.count == self.nth and not self.after:
            work.close()
            raise Crash
        outcome = await work
        if self.count == self.nth:
            raise Crash
        return outcome


class Fragile:
    """Something whose every call may be the last one."""

    def __init__(self, inner, crashes, *names):
        self._inner, self._crashes, self._names = inner, crashes, names

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if name not in self._names:
            return found
        return lambda *given, **named: self._crashes.carry(found(*given, **named))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 8))
def test_a_crash_anywhere_leaves_nothing_undone_and_nothing_done_twice(harbour, go, nth, after):
    async def walk():
        async with running(harbour) as service, northern() as second:
            name = await asked(service)
            crashes = Crashes(nth, after=after)

            def fresh():
                supplier = Fragile(second.connector(), crashes, "offer", "status", "accept", "recall")
                return Dispatching(Fragile(service.office, crashes, "act"), {"borealis": supplier}, standing_terms={"borealis": TERMS}, pace=PACE)

            dispatching = fresh()
            signed = None
            for _ in range(30):
                try:
                    await dispatching.round()
                except Crash:
                    dispatching = fresh()
                await asyncio.sleep(0.001)
                found = (await second.desk.list_requests()).items
                if found and signed is None:
                    signed = await second.desk.propose_grant(
                        request=found[0].id, host="hall-1", quantity=5000, terms=TermsShape(price=Decimal("2.10"))
                    )
                    await second.desk.confirm_delivery(signed.subject, quantity=5000)
            assert crashes.count >= nth
            (grant,) = service.office.state.grants.values()
            assert (service.office.state.requests[name].status, grant.delivered) == ("granted", 5000)
            counts = [len(said(service, Respond)), len(said(service, ConfirmDelivery)), len(said(second, SubmitRequest))]
            assert counts == [1, 1, 1]

    go(walk())


class Storm:
    """A few weeks of two desks, a clock, a line that loses answers and a dispatcher that dies, as one seed tells them."""

    def __init__(self, seed, service, second):
        self.chance = random.Random(seed)
        self.service, self.second = service, second
        self.aster = service.client("aster")
        self.dispatching = self.fresh()

    def fresh(self):
        crashes = Crashes(self.chance.randint(1, 40), after=self.chance.random() < 0.5)
        supplier = Fragile(self.second.connector(), crashes, "offer", "status", "accept", "recall")
        return Dispatching(Fragile(self.service.office, crashes, "act"), {"borealis": supplier}, standing_terms={"borealis": TERMS}, pace=PACE)

    async def round(self):
        try:
            await self.dispatching.round()
        except Crash:
            self.dispatching = self.fresh()
        await asyncio.sleep(0.0005)

    async def step(self):
        match self.chance.choice(["need", "take", "part", "some", "decline", "cancel", "later", "deliver", "release", *["round"] * 6]):
            case "need":
                await asked(self.service, quantity=self.chance.randint(1000, 4000))
            case "take" | "part" | "some" | "decline" as how:
                live = [need async for need in self.second.desk.each(self.second.desk.list_requests, live=True)]
                if live:
                    await self.desk(self.chance.choice(live), how)
            case "cancel":
                live = [*self.service.office.state.live]
                if live:
                    await self.aster.post(f"/v1/capacity-requests/{self.chance.choice(live)}/cancellation")
            case "later":
                await self.service.move_to(self.service.clock.now() + self.chance.randint(1, 12) * 86_400)
            case "deliver":
                grants = [grant async for grant in self.second.desk.each(self.second.desk.list_grants) if grant.status not in {"ended", "cancelled"}]
                if grants:
                    grant = self.chance.choice(grants)
                    await self.second.desk.confirm_delivery(grant.id, quantity=grant.quantity)
            case "release":
                grants = [grant.grant for grant in self.service.office.state.grants.values() if grant.status not in {"ended", "cancelled"}]
                if grants and self.chance.random() < 0.3:
                    await self.aster.post(f"/v1/grants/{self.chance.choice(grants)}/release")
            case _:
                await self.round()

    async def desk(self, need, how):
        if how != "decline":
            quantity = need.loose if how == "take" else max(1, need.loose // 2)
            await self.second.desk.propose_grant(request=need.id, host="hall-1", quantity=quantity, terms=TermsShape(price=Decimal("2.10")))
        if how in {"part", "decline"}:
            await self.second.desk.cancel_request(need.id)


@pytest.mark.parametrize("seed", [*range(6), 40])  # 40: a recall of two grants that broke off after the first
def test_whatever_two_desks_do_and_whatever_is_lost_both_books_agree_in_the_end(harbour, go, seed):
    async def walk():
        lost = random.Random(seed)
        lose = [lost.random() < 0.3 for _ in range(20_000)]
        async with running(harbour) as service, northern(lose) as second:
            storm = Storm(seed, service, second)
            for _ in range(150):
                await storm.step()
            storm.dispatching = Dispatching(service.office, {"borealis": second.connector()}, standing_terms={"borealis": TERMS}, pace=PACE)
            for _ in range(10):
                await storm.round()
            state = service.office.state
            assert state.offers
            theirs = {need.id: need async for need in second.desk.each(second.desk.list_requests)}
            grants = [grant async for grant in second.desk.each(second.desk.list_grants)]
            assert set(theirs) <= {f"offer.{name}" for name in state.offers}
            for offer in state.offers.values():
                there = theirs.get(f"offer.{offer.offer}")
                live = [grant for grant in grants if there and grant.request == there.id and grant.status not in {"ended", "cancelled"}]
                ours = [grant for grant in state.grants.values() if grant.offer == offer.offer]
                if offer.status == "open":
                    assert there is None or there.granted + there.given_up < there.quantity
                elif ours:
                    assert there.granted == offer.taken == sum(grant.quantity for grant in ours)
                    if any(grant.status in {"ended", "cancelled"} for grant in ours):
                        assert live == []
                    else:
                        assert sum(grant.delivered for grant in ours) == sum(grant.delivered for grant in live)
                elif there is not None:
                    assert there.granted + there.given_up == there.quantity, (offer.status, there)
                    assert not live or storm.dispatching.troubles["borealis", f"offer {offer.offer}"].code == "DIB409"
            answered = [command.offer for command in said(service, Respond)]
            assert len(answered) == len(set(answered))

    go(walk())


class Broken(ScriptedSupplier):
    """A connector with a bug."""

    async def status(self, about):
        raise KeyError(about.id)


class Slow(ScriptedSupplier):
    """A supplier that never comes back."""

    async def status(self, about):  # noqa: ARG002
        await asyncio.sleep(3600)


class Away(ScriptedSupplier):
    """A supplier that cannot be reached."""

    async def status(self, about):  # noqa: ARG002
        message = "the line is dead: wait"
        raise Unavailable(message, code="DIB400", retry=True)


@pytest.mark.parametrize(("kind", "code"), [(Broken, "DIB408"), (Slow, "DIB405"), (Away, "DIB400")])
def test_a_supplier_that_fails_is_noted_and_holds_up_nobody_else(harbour, go, kind, code):
    async def walk():
        async with running(harbour) as service:
            pace = Pace(every=0.0001, slowest=0.0001, timeout=0.05, rest=0.0001)
            suppliers = {"cinder": scripted(service), "borealis": scripted(service, kind=kind)}
            dispatching = Dispatching(service.office, suppliers, standing_terms={"borealis": TERMS}, pace=pace)
            other = await asked(service, quantity=200)
            signed = (await service.client("aster").post("/v1/grants", json={"request": other, "host": "cinder-west", "quantity": 200})).json()
            assert signed["outcome"] == "done", signed
            name = await asked(service)
            await rounds(dispatching)
            trouble = dispatching.troubles["borealis", f"offer {name}.1"]
            assert trouble.code == code
            assert ("cinder", f"order {signed['subject']}") in dispatching.troubles  # the script of another host's supplier refuses it
            dispatching._lines["borealis"].supplier = scripted(service)
            await rounds(dispatching)
            assert service.office.state.requests[name].granted == 3000
            assert ("borealis", f"offer {name}.1") not in dispatching.troubles

    go(walk())


def test_what_the_book_refuses_of_an_answer_is_shown_to_people(harbour, go):
    async def walk():
        async with running(harbour, room=1000) as service:
            dispatching = Dispatching(service.office, {"borealis": scripted(service)}, standing_terms={"borealis": TERMS}, pace=PACE)
            name = await asked(service)
            await rounds(dispatching)
            trouble = dispatching.troubles["borealis", f"offer {name}.1"]
            assert (trouble.code, "no_room" in trouble.says) == ("DIB409", True)
            assert len(said(service, Respond)) == 1

    go(walk())


def test_the_dispatcher_runs_as_a_task_and_hears_of_news(harbour, go):
    async def walk():
        async with running(harbour) as service, northern() as second:
            pace = Pace(every=0.02, slowest=30.0, timeout=5.0, rest=0.1)
            dispatching = Dispatching(service.office, {"borealis": second.connector()}, standing_terms={"borealis": TERMS}, pace=pace)
            await dispatching.open()
            name = await asked(service)
            for _ in range(200):
                await asyncio.sleep(0.02)
                found = (await second.desk.list_requests()).items
                if found:
                    break
            await asyncio.sleep(0.5)  # by now it would be asked about again only after seconds, but for the news
            await second.desk.propose_grant(request=found[0].id, host="hall-1", quantity=5000, terms=TermsShape(price=Decimal("2.10")))
            for _ in range(100):
                await asyncio.sleep(0.02)
                if service.office.state.requests[name].granted:
                    break
            assert service.office.state.requests[name].granted == 5000
            await dispatching.close()

    go(walk())
