"""The procedure against the naive one, on whatever chance invents: commands in any order, at awkward instants, twice."""

from __future__ import annotations

import importlib.util
import sys
from decimal import Decimal
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from ruamel.yaml import YAML

from dibs import laws
from dibs.contract.load import load
from dibs.contract.terms import CapacityRequest
from dibs.decisions.compile import compile_agreement
from dibs.procedure.commands import (
    AdoptAgreement,
    CancelRequest,
    ChangeTerms,
    ConfirmDelivery,
    DeclareCapacity,
    ProposeGrant,
    ReleaseGrant,
    Respond,
    ServeNotice,
    SubmitRequest,
    WaiveRight,
    Wake,
    WithdrawOffer,
)
from dibs.procedure.events import AnyEvent, CommandRefused
from dibs.procedure.procedure import apply, due, handle, replay
from dibs.procedure.state import State
from dibs.quantities import DAY, HOUR, iso, parse_instant
from dibs.testing.builders import terms


def _beside(name):
    """A module of this folder: the tests are no package."""
    full = f"procedure_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


naive = _beside("naive")

TEXT = """
dibs: agreement/1
id: first
title: One right
currency: USD
parties: {aster: {name: Aster}, borealis: {name: Borealis}, cinder: {name: Cinder}, delta: {name: Delta}}
hosts:
  borealis-east: {platform: borealis, operator: borealis, skus: [h100]}
  cinder-west: {platform: cinder, operator: cinder, skus: [h100]}
  delta-south: {platform: delta, operator: delta, skus: [h100]}
workload_classes: [training]
clauses:
  - id: first-refusal
    kind: pre_emption
    right: first_offer
    says: Before Aster takes new capacity elsewhere it offers it to Borealis.
    grantor: aster
    holder: borealis
    classes: [training]
    strikes: 1000
"""
AGREEMENT = compile_agreement(load(TEXT, "agreement.yaml"))
PLAIN = YAML(typ="safe", pure=True).load(TEXT)
BEGIN = parse_instant("2025-03-01")
ROOM = {"borealis-east": 4000, "cinder-west": 3000, "delta-south": 1500}
JUMPS = st.sampled_from([1, HOUR, DAY, 2 * DAY, 10 * DAY, 29 * DAY, 30 * DAY, 90 * DAY])
STARTS = ["earliest", "now", "latest"]
WHICH = st.integers(0, 60)
PRICES = st.sampled_from([190, 200, 210])


class Procedure(RuleBasedStateMachine):
    """Says the same to both and compares how things stand."""

    def __init__(self):
        super().__init__()
        self.state = State()
        self.model = naive.Naive(room=dict(ROOM), now=BEGIN)
        self.rows = []
        self.now = BEGIN

    @initialize()
    def open(self):
        self.say(AdoptAgreement(by="aster", digest=AGREEMENT.agreement.digest), None)
        for host, quantity in ROOM.items():
            platform = AGREEMENT.agreement.hosts[host].platform
            self.say(DeclareCapacity(by=platform, host=host, sku="h100", steps=((0, quantity),)), None)

    def say(self, command, accepted, *, at=None):
        """Hear it twice, to see that nothing was changed by hearing; then let it be true."""
        at = self.now if at is None else at
        events = handle(self.state, command, agreement=AGREEMENT, at=at)
        assert handle(self.state, command, agreement=AGREEMENT, at=at) == events
        for event in events:
            apply(self.state, event)
        self.rows.append(
            {
                "seq": len(self.rows),
                "at": iso(at),
                "command": msgspec.json.decode(msgspec.json.encode(command)),
                "events": msgspec.json.decode(msgspec.json.encode(events)),
                "previous": self.rows[-1]["leaf"] if self.rows else "0" * 64,
                "leaf": f"leaf {len(self.rows)}",
            }
        )
        kinds = [type(e).__name__ for e in events]
        if accepted is not None:
            said_no = bool({"CommandRefused", "AnswerLate", "CommandRepeated"} & set(kinds)) or (
                isinstance(command, ProposeGrant) and kinds[-1] == "ReofferDue"
            )
            assert said_no is not accepted, f"{command} came to {kinds}"
        return events

    def pick(self, things, number, likely):
        """One of the things, three times out of four one to which this can happen."""
        names = [n for n, thing in things.items() if likely(thing)] if number % 4 else []
        names = names or list(things)
        if not names:
            raise IndexError
        return things[names[number // 4 % len(names)]]

    @rule(jump=JUMPS)
    def time_passes(self, jump):
        self.now += jump

    @rule(jump=JUMPS)
    def somebody_looks(self, jump):
        self.now += jump
        self.model.pass_to(self.now, 6)
        self.say(Wake(by="clock"), None)

    @rule(
        quantity=st.sampled_from([1, 300, 500, 999, 1000, 1500, 3000]),
        smallest=st.sampled_from([1, 1, 1, 200, 600]),
        purpose=st.sampled_from("ab"),
        starts=st.sampled_from([-5, 0, 20, 40, 80, 120]),
        slack=st.sampled_from([0, 10, 60, 200]),
        days=st.sampled_from([1, 20, 60, 200]),
    )
    def a_need_comes_up(self, *, quantity, smallest, purpose, starts, slack, days):
        earliest = self.now + starts * DAY
        name, length = f"r{len(self.model.needs) + 1}", days * DAY
        need = naive.Need(name, quantity, min(smallest, quantity), purpose, earliest, earliest + slack * DAY, length, self.now)
        asked = CapacityRequest(
            id=name,
            party="aster",
            workload_class="training",
            sku="h100",
            quantity=quantity,
            minimum_quantity=need.minimum,
            start_earliest=earliest,
            start_latest=need.latest,
            months=0,
            hours=length // HOUR,
            purpose=purpose,
        )
        self.model.pass_to(self.now, naive.REST)
        self.say(SubmitRequest(by="aster", request=asked), self.model.submit(need))

    @precondition(lambda self: self.model.needs)
    @rule(which=WHICH, price=PRICES)
    def a_notice_is_served(self, which, price):
        need = self.pick(self.model.needs, which, lambda n: n.wanted)
        self.model.pass_to(self.now, naive.REST)
        name = f"o{len(self.model.offers) + 1}"
        bundle = self.bundle(need, need.loose, price=price, starts=need.earliest)
        self.say(ServeNotice(by="aster", offer=name, request=need.name, terms=bundle), self.model.serve(name, need, price))

    def bundle(self, need, quantity, *, price, starts):
        return terms(quantity=quantity, price=Decimal(price) / 100, starts=starts, ends=starts + need.length, classes=("training",))

    @precondition(lambda self: self.model.offers)
    @rule(which=WHICH, takes=st.sampled_from([0, 1, 300, 4000, "all", "all", "half"]), late=st.booleans())
    def the_holder_answers(self, which, takes, late):
        offer = self.pick(self.model.offers, which, lambda o: o.status == "open")
        if late and offer.status == "open":
            self.now = max(self.now, offer.until - 1)
        quantity = {"all": offer.quantity, "half": offer.quantity // 2}.get(takes, takes)
        self.model.pass_to(self.now, naive.ANSWERS)
        self.say(Respond(by="borealis", offer=offer.name, quantity=quantity, reason="price"), self.model.respond(offer, quantity))

    @precondition(lambda self: self.model.needs)
    @rule(
        which=WHICH,
        host=st.sampled_from(list(ROOM)),
        part=st.sampled_from([1, 100, 500, 1000, "market", "cover", "loose"]),
        price=PRICES,
        starts=st.sampled_from(STARTS),
    )
    def somebody_is_to_have_it(self, which, host, part, price, starts):
        need = self.pick(self.model.needs, which, lambda n: n.wanted)
        self.model.pass_to(self.now, naive.REST)
        quantity = {"market": need.market, "cover": need.cover, "loose": need.loose}.get(part, part) or 1
        start = {"earliest": need.earliest, "now": self.now, "latest": need.latest}[starts]
        name = f"g{len(self.rows)}"
        command = ProposeGrant(
            by="aster", grant=name, request=need.name, host=host, quantity=quantity, terms=self.bundle(need, None, price=price, starts=start)
        )
        self.say(command, self.model.propose(name, need, host, quantity, price=price, starts=start))

    @precondition(lambda self: self.model.offers)
    @rule(which=WHICH)
    def the_notice_is_withdrawn(self, which):
        offer = self.pick(self.model.offers, which, lambda o: o.status == "open")
        self.model.pass_to(self.now, naive.REST)
        self.say(WithdrawOffer(by="aster", offer=offer.name), self.model.withdraw(offer))

    @precondition(lambda self: self.model.offers)
    @rule(which=WHICH)
    def the_terms_change(self, which):
        offer = self.pick(self.model.offers, which, lambda o: o.status == "open")
        self.model.pass_to(self.now, naive.REST)
        bundle = self.bundle(offer.need, offer.quantity, price=offer.price + 1, starts=offer.starts)
        self.say(ChangeTerms(by="aster", offer=offer.name, terms=bundle), self.model.change(offer))

    @precondition(lambda self: self.model.needs)
    @rule(which=WHICH)
    def the_need_is_given_up(self, which):
        need = self.pick(self.model.needs, which, lambda n: n.wanted)
        self.model.pass_to(self.now, naive.REST)
        self.say(CancelRequest(by="aster", request=need.name), self.model.cancel(need))

    @precondition(lambda self: self.model.needs)
    @rule(which=WHICH)
    def the_holder_waives(self, which):
        need = self.pick(self.model.needs, which, lambda n: n.wanted)
        self.model.pass_to(self.now, naive.REST)
        self.say(WaiveRight(by="borealis", request=need.name, signed_by="counsel"), self.model.waive(need))

    @precondition(lambda self: self.model.grants)
    @rule(which=WHICH, part=st.sampled_from([1, 2, 2, 2]))
    def it_is_delivered(self, which, part):
        grant = self.pick(self.model.grants, which, lambda g: not g.over)
        self.model.pass_to(self.now, naive.REST)
        quantity = grant.quantity * part // 2
        self.say(ConfirmDelivery(by="aster", grant=grant.name, quantity=quantity), self.model.deliver(grant, quantity))

    @precondition(lambda self: self.model.grants)
    @rule(which=WHICH)
    def it_is_released(self, which):
        grant = self.pick(self.model.grants, which, lambda g: not g.over)
        self.model.pass_to(self.now, naive.REST)
        self.say(ReleaseGrant(by="aster", grant=grant.name), self.model.give_back(grant))

    @rule(back=st.sampled_from([1, DAY]))
    def the_clock_goes_back(self, back):
        if self.state.now - back < BEGIN:
            return
        before = len(self.state.requests)
        events = handle(self.state, Wake(by="clock"), agreement=AGREEMENT, at=self.state.now - back)
        assert [type(e) for e in events] == [CommandRefused]
        assert len(self.state.requests) == before

    @invariant()
    def both_say_the_same(self):
        needs = {
            n: (r.status, r.granted, r.offered, r.market.quantity, r.cover.quantity, r.loose, r.reoffer and bool(r.wanted))
            for n, r in self.state.requests.items()
        }
        assert needs == {
            n.name: (n.status, n.granted, n.offered, n.market, n.cover, n.loose, n.again and bool(n.wanted)) for n in self.model.needs.values()
        }
        assert {n: o.status for n, o in self.state.offers.items()} == {o.name: o.status for o in self.model.offers.values()}
        over = {"ended", "failed", "cancelled"}
        assert {n: (g.delivered, g.status in over) for n, g in self.state.grants.items()} == {
            g.name: (g.delivered, g.over) for g in self.model.grants.values()
        }
        assert due(self.state) == self.model.due()

    @invariant()
    def everything_is_somewhere_and_nothing_is_there_twice(self):
        for request in self.state.requests.values():
            assert min(request.loose, request.granted, request.offered, request.market.quantity, request.cover.quantity, request.given_up) >= 0
            assert (request.asked.id in self.state.live) == bool(request.wanted)

    def teardown(self):
        events = [e for row in self.rows for e in row["events"]]
        recorded = msgspec.convert(events, list[AnyEvent], strict=False)
        assert replay(recorded) == self.state
        for report in laws.judge(self.rows, PLAIN):
            assert not report.violations, report.violations[0]


TestProcedure = Procedure.TestCase
TestProcedure.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def a_long_life(seed, steps):
    """Hundreds of acts, the likely ones more often: chance goes deeper where Hypothesis goes wider."""
    rng, life = Random(seed), Procedure()
    life.open()
    acts = {
        5: lambda: life.a_need_comes_up(
            quantity=rng.choice([300, 999, 1000, 1500, 2500]),
            smallest=rng.choice([1, 1, 200]),
            purpose=rng.choice("abcd"),
            starts=rng.choice([20, 40, 80, 120]),
            slack=rng.choice([10, 60, 200]),
            days=rng.choice([1, 20, 60, 200]),
        ),
        10: lambda: life.a_notice_is_served(rng.randrange(400), rng.choice([190, 200, 210])),
        12: lambda: life.the_holder_answers(rng.randrange(400), rng.choice([0, 300, "all", "all", "half"]), rng.random() < 0.2),
        20: lambda: life.somebody_is_to_have_it(
            rng.randrange(400), rng.choice(list(ROOM)), rng.choice(["market", "cover", "loose", 300]), rng.choice([190, 200, 210]), rng.choice(STARTS)
        ),
        3: lambda: life.it_is_delivered(rng.randrange(400), rng.choice([1, 2])),
        8: lambda: life.somebody_looks(rng.choice([HOUR, DAY, 2 * DAY, 10 * DAY])),
        7: lambda: life.time_passes(rng.choice([1, DAY, 5 * DAY])),
        2: lambda: life.the_terms_change(rng.randrange(400)),
        1: lambda: rng.choice([life.the_notice_is_withdrawn, life.the_need_is_given_up, life.the_holder_waives, life.it_is_released])(
            rng.randrange(400)
        ),
    }
    for _ in range(steps):
        act = rng.choices(list(acts.values()), list(acts))[0]
        try:
            act()
        except IndexError:
            continue  # there is nothing yet that this could happen to
        life.both_say_the_same()
        life.everything_is_somewhere_and_nothing_is_there_twice()
    life.teardown()
    return life


@pytest.mark.parametrize("seed", range(10))
def test_a_long_life_is_the_same_in_both(seed):
    a_long_life(seed, 300)


def test_long_lives_come_to_everything_that_can_happen():
    seen = {e["type"] for seed in range(10) for row in a_long_life(seed, 300).rows for e in row["events"]}
    assert seen >= {
        "RightExercised",
        "RightDeclined",
        "RightLapsed",
        "RightWaived",
        "RightRevived",
        "OfferWithdrawn",
        "OfferVoided",
        "AnswerLate",
        "ReofferDue",
        "MarketOpened",
        "Granted",
        "GrantDelayed",
        "GrantEnded",
        "DeliveryConfirmed",
        "HolderDefaulted",
        "RequestUnfilled",
        "RequestExpired",
        "RequestCancelled",
        "BreachNoted",
    }
