"""What can be delivered, and what happens when it is late."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dibs.contract.model import MostFavouredCustomer
from dibs.procedure.commands import CancelRequest, ConfirmDelivery, DeclareCapacity, ReleaseGrant
from dibs.procedure.events import EqualTermsOwed, HolderDefaulted
from dibs.quantities import DAY, HOUR
from dibs.testing.builders import PARTIES, at, clause, compiled, party, pre_emption, request
from dibs.testing.desk import Desk

SMALL = {"quantity": 500, "purpose": ""}


def desk(*others, on="2025-03-01", room=10_000, parties=PARTIES, **fields):
    made = Desk(compiled(*others, pre_emption(**fields), parties=parties), on)
    for host in ("borealis-east", "cinder-west", "delta-south"):
        made.capacity(host, room)
    return made


@pytest.mark.statement("S36")
def test_nothing_is_promised_twice():
    d = desk(room=600)
    d.submit(request("r1", quantity=500, purpose="a"))
    d.submit(request("r2", quantity=500, purpose="b"))
    d.propose("g1", "cinder-west", 500, "r1")
    d.propose("g2", "cinder-west", 101, "r2")
    assert d.refused == ["no_room"]
    d.propose("g3", "cinder-west", 100, "r2")
    assert d.kinds == ["Granted"]


def test_room_is_needed_over_the_whole_period():
    d = desk()
    d.capacity("cinder-west", 0, steps=((at("2025-01-01"), 900), (at("2025-08-01"), 400), (at("2025-09-01"), 900)))
    d.submit(request(quantity=500))
    d.propose("g1", "cinder-west", 500)
    assert d.refused == ["no_room"]
    d.propose("g2", "cinder-west", 500, starts=at("2025-09-01"), ends=at("2026-09-01"))
    assert d.kinds == ["Granted"]


def test_one_reservation_may_begin_where_another_ends():
    d = desk(room=500)
    d.submit(request("r1", quantity=500, purpose="a", months=1))
    d.submit(request("r2", quantity=500, purpose="b", months=1))
    d.propose("g1", "cinder-west", 500, "r1")
    ends = d.grant("g1").ends
    d.propose("g2", "cinder-west", 500, "r2", starts=ends - 1, ends=ends + DAY)
    assert d.refused == ["no_room"]
    d.propose("g3", "cinder-west", 500, "r2", starts=ends, ends=ends + DAY)
    assert d.kinds == ["Granted"]


def test_capacity_that_is_declared_anew_keeps_what_was_promised():
    d = desk()
    d.submit(request(quantity=500))
    d.propose("g1", "cinder-west", 400)
    d.capacity("cinder-west", 300)
    d.propose("g2", "cinder-west", 1)
    assert d.refused == ["no_room"]
    d.capacity("cinder-west", 500)
    d.propose("g3", "cinder-west", 100)
    assert d.kinds == ["Granted"]


def test_a_host_of_which_nothing_was_declared_has_nothing():
    d = Desk(compiled())
    d.submit(request(quantity=1))
    d.propose("g1", "cinder-west", 1)
    assert d.refused == ["no_room"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"host": "nowhere"}, "unknown_host"),
        ({"by": "aster"}, "not_entitled"),
        ({"steps": ((5, 1), (5, 2))}, "steps_out_of_order"),
        ({"steps": ((5, 1), (4, 2))}, "steps_out_of_order"),
        ({"steps": ((5, -1),)}, "steps_out_of_order"),
        ({"price": Decimal(-1)}, "not_positive"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(fields, code):
    d = desk()
    d.say(DeclareCapacity(**{"by": "cinder", "host": "cinder-west", "sku": "h100", "steps": ((5, 1),), **fields}))
    assert d.refused == [code]


def test_the_operator_may_declare_too_and_the_same_again_is_harmless():
    d = desk()
    said = DeclareCapacity(by="cinder", host="borealis-cinder", sku="h100", steps=((5, 1),))
    d.say(said)
    assert d.kinds == ["CapacityDeclared"]
    d.say(said)
    assert d.kinds == ["CommandRepeated"]


def exercised(quantity=5000, **fields):
    made = desk(**fields)
    made.submit(request())
    made.serve("o1")
    made.respond("o1", quantity)
    return made


LOT = "o1@borealis-east"


@pytest.mark.statement("R22", "S40")
def test_delivery_in_parts_and_on_time():
    d = exercised()
    d.say(ConfirmDelivery(by="borealis", grant=LOT, quantity=3000), on="2025-05-20")
    assert (d.grant(LOT).status, d.said[0].on_time) == ("partially_active", True)
    d.say(ConfirmDelivery(by="borealis", grant=LOT, quantity=5000), on="2025-06-01")
    assert (d.grant(LOT).status, d.said[0].on_time) == ("active", True)
    d.wait("2026-01-01")
    assert not d.happened(HolderDefaulted)


@pytest.mark.statement("R22")
def test_a_lot_within_cure_is_late_and_no_default():
    d = exercised()
    d.wait("2025-06-30T23:59:59Z")
    assert d.kinds == ["GrantDelayed"]
    assert d.grant(LOT).status == "delayed"
    d.say(ConfirmDelivery(by="aster", grant=LOT, quantity=5000))
    assert not d.said[0].on_time
    d.wait("2025-08-01")
    assert not d.happened(HolderDefaulted)


@pytest.mark.statement("R22")
def test_a_lot_late_beyond_cure_frees_the_grantor_without_ceiling():
    d = exercised()
    d.wait("2025-07-15")
    assert d.kinds == ["GrantDelayed", "HolderDefaulted", "GrantEnded"]
    assert d.happened(HolderDefaulted)[0].at == at("2025-07-01")
    assert (d.grant(LOT).status, d.request().status, d.request().cover.status) == ("failed", "offering", "holder_default")
    d.propose("g1", "cinder-west", 5000, price=Decimal(100), starts=d.now)
    assert d.kinds == ["Granted"]
    assert (d.request().status, d.request().cover.status) == ("granted", "placed_alternate")


@pytest.mark.statement("R22")
def test_only_what_was_not_delivered_is_in_default():
    d = exercised()
    d.say(ConfirmDelivery(by="borealis", grant=LOT, quantity=4000), on="2025-06-01")
    d.wait("2025-07-15")
    assert d.happened(HolderDefaulted)[0].quantity == 1000
    assert (d.grant(LOT).status, d.grant(LOT).quantity, d.request().status) == ("active", 4000, "partially_granted")
    d.propose("g1", "cinder-west", 1000, price=Decimal(100), starts=d.now)
    assert d.request().status == "granted"


@pytest.mark.statement("R22")
def test_a_remainder_that_is_covered_does_not_use_up_the_market():
    d = exercised(quantity=3000)
    d.wait("2025-07-01")
    assert d.request().market.status == "expired"
    d.propose("g1", "delta-south", 3000, price=Decimal(100), starts=d.now)
    assert (d.request().granted, d.request().loose) == (3000, 2000)
    d.propose("g2", "delta-south", 1000, starts=d.now)
    assert d.refused == ["window_closed"]


@pytest.mark.statement("R22")
def test_what_is_owed_is_covered_at_once_even_while_the_rest_is_being_asked_for():
    d = exercised(quantity=3000)
    d.wait("2025-07-01")
    d.serve("o2", on="2025-07-02", starts=at("2025-08-01"))
    d.propose("g1", "delta-south", 3000, price=Decimal(100), starts=d.now)
    assert d.kinds == ["Granted"]
    assert (d.request().offered, d.request().granted) == (2000, 3000)


@pytest.mark.statement("R22")
def test_the_tolerance_that_the_notice_grants_is_no_lateness():
    d = desk()
    d.submit(request())
    d.serve("o1", delivery_tolerance=14 * DAY)
    d.respond("o1", 5000)
    d.wait("2025-06-15")
    assert d.kinds == []
    d.wait("2025-06-15T00:00:01Z")
    assert d.kinds == ["GrantDelayed"]
    d.wait("2025-07-14T23:59:59Z")
    assert d.kinds == []
    d.wait("2025-07-15")
    assert "HolderDefaulted" in d.kinds


@pytest.mark.statement("R22")
def test_what_nobody_covers_goes_unfilled_when_its_time_is_over():
    d = exercised()
    d.wait("2026-07-01")
    assert d.kinds[-1] == "RequestUnfilled"
    assert (d.request().status, d.request().cover.status, d.state.owing) == ("unfilled", "expired", {})


def test_a_default_on_a_need_that_was_given_up_leaves_nothing_to_cover():
    d = exercised(quantity=3000)
    d.say(CancelRequest(by="aster", request="r1"))
    d.wait("2025-07-01")
    assert d.happened(HolderDefaulted)[0].until == 0
    assert d.request().cover.quantity == 0


@pytest.mark.statement("R22")
def test_a_lot_whose_time_ends_before_its_cure_does_is_in_default_at_its_end():
    d = desk(exempt_bursts_under=timedelta(0))
    d.submit(request(months=0, hours=48))
    d.serve("o1")
    d.respond("o1", 5000)
    d.wait("2025-06-10")
    assert d.kinds == ["GrantDelayed", "HolderDefaulted", "GrantEnded"]
    assert d.happened(HolderDefaulted)[0].at == at("2025-06-03")


def struck(times, **fields):
    """A holder that has defaulted so often, a month apart; everything it owes is covered at once."""
    d = desk(cure=timedelta(days=1), **fields)
    for number in range(times):
        name, start = f"r{number}", at("2025-03-10") + number * 30 * DAY
        d.submit(request(name, purpose=name, start_earliest=start, start_latest=start + DAY, months=1))
        d.serve(f"o{number}", name)
        d.respond(f"o{number}", 5000)
        d.wait(start + DAY)
        d.propose(f"g{number}", "delta-south", 5000, name, starts=d.now, ends=d.now + HOUR)
        d.wait(start + 2 * DAY)
    return d


@pytest.mark.statement("R22")
def test_too_many_defaults_suspend_the_right_for_every_need():
    d = struck(2, strikes=3)
    assert not d.state.suspended
    d = struck(3, strikes=3)
    assert [e.strikes for e in d.happened(HolderDefaulted)] == [1, 2, 3]
    d.submit(request("free", purpose="free"))
    assert d.request("free").status == "submitted"
    d.propose("g9", "cinder-west", 5000, "free")
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R22")
def test_a_suspension_ends_when_the_oldest_strike_is_old_enough_and_holds_what_is_still_loose():
    d = struck(2, strikes=2, strikes_within=timedelta(days=100))
    assert d.state.suspended == {"first-refusal": at("2025-06-20")}
    d.submit(request("free", purpose="free", start_earliest=at("2025-06-15"), start_latest=at("2025-12-01")))
    assert d.request("free").status == "submitted"
    d.wait("2025-06-19T23:59:59Z")
    d.wait("2025-06-20")
    assert d.kinds == ["RightResumed", "RequestHeld"]
    assert d.request("free").status == "held"


@pytest.mark.statement("R22")
def test_strikes_that_are_old_enough_do_not_count():
    d = struck(3, strikes=2, strikes_within=timedelta(days=29))
    assert [e.strikes for e in d.happened(HolderDefaulted)] == [1, 1, 1]
    assert not d.state.suspended


@pytest.mark.parametrize(
    ("by", "quantity", "code"),
    [("delta", 1000, "not_entitled"), ("cinder", 501, "no_promise"), ("cinder", 99, "not_less"), ("cinder", 0, "not_less")],
)
def test_a_delivery_that_cannot_be_is_refused(by, quantity, code):
    d = desk()
    d.submit(request(quantity=500))
    d.propose("g1", "cinder-west", 500)
    d.say(ConfirmDelivery(by="cinder", grant="g1", quantity=100))
    d.say(ConfirmDelivery(by=by, grant="g1", quantity=quantity))
    assert d.refused == [code]
    d.say(ConfirmDelivery(by="cinder", grant="g1", quantity=100))
    assert d.kinds == ["CommandRepeated"]


def test_a_released_reservation_gives_its_capacity_back_and_releasing_again_is_harmless():
    d = desk(room=500)
    d.submit(request("r1", quantity=500, purpose="a"))
    d.submit(request("r2", quantity=500, purpose="b"))
    d.propose("g1", "cinder-west", 500, "r1")
    d.say(ReleaseGrant(by="cinder", grant="g1"))
    assert d.refused == ["not_entitled"]
    d.say(ReleaseGrant(by="aster", grant="g1"))
    assert d.grant("g1").status == "cancelled"
    d.say(ReleaseGrant(by="aster", grant="g1"))
    assert d.kinds == ["CommandRepeated"]
    d.propose("g2", "cinder-west", 500, "r2")
    assert d.kinds == ["Granted"]


def test_an_active_reservation_ends_with_its_time():
    d = desk()
    d.submit(request(quantity=500, months=1))
    d.propose("g1", "cinder-west", 500)
    d.say(ConfirmDelivery(by="cinder", grant="g1", quantity=500), on="2025-06-01")
    d.wait("2025-08-01")
    assert d.kinds == ["GrantEnded"]
    assert (d.grant("g1").status, d.said[0].at) == ("ended", at("2025-06-01") + 730 * HOUR)


# Most favoured customer.


def favoured(remedy="notify", **fields):
    favour = clause(MostFavouredCustomer, "favour", beneficiary="aster", obliged="borealis", remedy=remedy, **fields)
    d = desk(favour, parties=(*PARTIES, party("stranger")))
    d.submit(request("own", quantity=900, purpose="own"))
    d.propose("g-own", "borealis-east", 900, "own", price=Decimal("2.50"))
    return d


@pytest.mark.statement("R33")
@pytest.mark.parametrize(("remedy", "price"), [("notify", "2.50"), ("adjust", "2.00")])
def test_a_cheaper_comparable_contract_is_noted_or_adjusts_the_price(remedy, price):
    d = favoured(remedy)
    d.submit(request("r2", quantity=900, purpose="b"))
    d.propose("g2", "cinder-west", 900, "r2", price=Decimal("2.00"))
    owed = d.happened(EqualTermsOwed)
    assert [(e.grant, e.price, e.beneficiary, e.obliged) for e in owed] == [("g-own", Decimal("2.00"), "aster", "borealis")]
    assert d.grant("g-own").price == Decimal(price)


@pytest.mark.statement("R33")
def test_the_supplier_selling_cheaper_to_somebody_else_counts_too():
    d = favoured()
    d.submit(request("r2", quantity=900, party="stranger"))
    d.propose("g2", "borealis-east", 900, "r2", price=Decimal("2.00"))
    assert d.kinds == ["Granted", "EqualTermsOwed"]


@pytest.mark.statement("R33")
@pytest.mark.parametrize(
    ("clause_fields", "asked", "offered"),
    [
        ({}, {}, {"price": Decimal("2.50")}),
        ({}, {"workload_class": "product"}, {"price": Decimal(2)}),
        ({}, {"sku": "gb200"}, {"price": Decimal(2), "sku": None}),
        ({}, {"quantity": 901}, {"price": Decimal(2)}),
        ({"quantity_at_most": 500}, {}, {"price": Decimal(2)}),
        ({"classes": ("product",)}, {}, {"price": Decimal(2)}),
        ({}, {"start_latest": at("2027-01-01")}, {"price": Decimal(2), "starts": at("2026-12-01"), "ends": at("2027-01-01")}),
    ],
)
def test_what_is_not_comparable_or_not_cheaper_is_owed_nothing(clause_fields, asked, offered):
    d = favoured(**clause_fields)
    d.capacity("cinder-west", 5000, sku="gb200")
    d.submit(request("r2", **{"quantity": 900, "purpose": "b", **asked}))
    d.propose("g2", "cinder-west", d.request("r2").asked.quantity, "r2", **offered)
    assert d.kinds == ["Granted"]
