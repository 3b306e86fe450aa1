"""Signing elsewhere: when, for how much, and on which terms."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dibs.contract.model import Share
from dibs.procedure.commands import ProposeGrant
from dibs.procedure.events import BreachNoted, Granted
from dibs.quantities import DAY
from dibs.testing.builders import at, compiled, exclusive, pre_emption, request, terms
from dibs.testing.desk import Desk


def desk(*others, on="2025-03-01", room=100_000, asked=None, **fields):
    made = Desk(compiled(*others, pre_emption(**fields)), on)
    for host in ("borealis-east", "cinder-west", "delta-south"):
        made.capacity(host, room)
    made.submit(asked or request())
    return made


def refused(*, asked=None, notice=None, **fields):
    """A need that the holder declined on the day it was asked."""
    made = desk(asked=asked, **fields)
    made.serve("o1", **(notice or {}))
    made.respond("o1", reason="price")
    return made


@pytest.mark.statement("S04", "S06")
def test_signing_before_the_holder_was_asked_is_a_breach_and_is_refused():
    d = desk()
    d.propose("g1", "cinder-west", 5000)
    assert d.kinds == ["BreachNoted", "CommandRefused"]
    assert (d.said[0].clause, d.refused) == ("first-refusal", ["must_offer"])


@pytest.mark.statement("S04")
def test_signing_while_the_holder_thinks_is_a_breach_and_is_refused():
    d = desk()
    d.serve("o1")
    d.propose("g1", "cinder-west", 5000)
    assert d.kinds == ["BreachNoted", "CommandRefused"]


@pytest.mark.statement("S11", "S22")
def test_the_holders_own_platform_is_always_free():
    d = desk()
    d.propose("g1", "borealis-east", 5000, price=Decimal(100))
    assert d.request().status == "granted"
    assert not d.grant("g1").to_holder, "it was no exercise"


@pytest.mark.statement("R9")
@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({}, ["Granted"]),
        ({"price": Decimal("2.49")}, ["Granted"]),
        ({"price": Decimal("2.51")}, ["ReofferDue"]),
        ({"take_or_pay": Decimal("0.7")}, ["ReofferDue"]),
        ({"prepayment": Decimal("0.1")}, ["ReofferDue"]),
        ({"warrants": Decimal(1000)}, ["ReofferDue"]),
        ({"service_level": Decimal("0.98")}, ["ReofferDue"]),
        ({"delivery_tolerance": DAY}, ["ReofferDue"]),
        ({"starts": at("2025-06-02"), "ends": at("2026-06-01")}, ["ReofferDue"]),
        ({"price": Decimal("2.40"), "take_or_pay": Decimal("0.7")}, ["ReofferDue"]),
    ],
)
def test_after_a_refusal_nobody_gets_more_than_the_holder_turned_down(fields, kinds):
    d = refused()
    d.propose("g1", "cinder-west", 5000, **fields)
    assert d.kinds == kinds


@pytest.mark.statement("R9")
def test_the_comparison_is_kept_with_the_grant():
    d = refused()
    d.propose("g1", "cinder-west", 5000, price=Decimal("2.40"))
    compared = {b.need.split()[0]: (b.need, b.have) for b in d.happened(Granted)[0].richer_than}
    assert compared["price"] == ("price 2.50 per accelerator-hour", "price 2.40 per accelerator-hour")


@pytest.mark.statement("R9")
def test_within_the_tolerance_counts_as_equal():
    d = refused(tolerance=Share(Decimal("0.02")))
    d.propose("g1", "cinder-west", 5000, price=Decimal("2.55"))
    assert d.kinds == ["Granted"]
    d = refused(tolerance=Share(Decimal("0.02")))
    d.propose("g1", "cinder-west", 5000, price=Decimal("2.56"))
    assert d.kinds == ["ReofferDue"]


@pytest.mark.statement("R9")
@pytest.mark.parametrize(("incomparable", "kinds"), [("reoffer", ["ReofferDue"]), ("allow", ["Granted"]), ("refuse", ["CommandRefused"])])
def test_richer_in_one_term_and_poorer_in_another_goes_as_agreed(incomparable, kinds):
    d = refused(incomparable=incomparable)
    d.propose("g1", "cinder-west", 5000, price=Decimal("2.40"), take_or_pay=Decimal("0.7"))
    assert d.kinds == kinds


@pytest.mark.statement("R9", "R11")
def test_a_richer_bundle_goes_back_to_the_holder_and_becomes_the_new_ceiling():
    d = refused()
    d.propose("g1", "cinder-west", 5000, price=Decimal("2.80"))
    assert (d.request().status, d.request().market.status, d.request().loose) == ("held", "reoffer_due", 5000)
    d.propose("g2", "cinder-west", 5000, price=Decimal("2.40"))
    assert d.refused == ["must_offer"], "the market closed with the richer proposal"
    d.serve("o2", price=Decimal("2.80"))
    assert d.offer("o2").respond_by == d.now + 10 * DAY
    d.respond("o2", reason="price")
    d.propose("g3", "cinder-west", 5000, price=Decimal("2.80"))
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R9", "R25")
def test_without_a_tail_good_faith_still_forbids_to_pay_others_more():
    d = refused(reoffer_if_richer=False)
    d.propose("g1", "cinder-west", 5000, price=Decimal("2.80"))
    assert d.kinds == ["BreachNoted", "ReofferDue"]
    assert d.happened(BreachNoted)[0].what == "bad_faith"
    d = refused(reoffer_if_richer=False)
    d.propose("g1", "cinder-west", 5000, price=Decimal("2.40"))
    assert d.kinds == ["Granted"], "poorer is fine"


@pytest.mark.statement("R9", "R25")
def test_without_a_tail_and_without_good_faith_there_is_no_ceiling():
    d = refused(reoffer_if_richer=False, good_faith=False)
    assert d.request().market.ceiling is None
    d.propose("g1", "cinder-west", 5000, price=Decimal(100))
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R14")
def test_a_new_unusual_term_bars_a_bundle_where_the_clause_refuses_them():
    d = refused(unusual_terms="refuse")
    d.propose("g1", "cinder-west", 5000, unusual=("equity only",))
    assert d.refused[0] == "not_comparable"


@pytest.mark.statement("R10")
def test_signing_on_the_last_day_of_the_window_counts_and_one_second_later_is_a_breach():
    d = refused()
    d.propose("g1", "cinder-west", 1000, on="2025-05-29T23:59:59Z")
    assert d.kinds == ["Granted"]
    d.propose("g2", "cinder-west", 1000, on="2025-05-30")
    assert d.kinds == ["RightRevived", "BreachNoted", "CommandRefused"]
    assert d.refused == ["window_closed"]


@pytest.mark.statement("R10")
def test_when_the_window_ends_the_right_revives_and_a_new_notice_has_the_whole_window():
    d = refused(asked=request(start_latest=at("2026-06-01")))
    d.wait("2025-07-01")
    assert d.kinds == ["RightRevived"]
    assert (d.said[0].at, d.said[0].quantity) == (at("2025-05-30"), 5000)
    assert (d.request().status, d.request().market.status) == ("held", "expired")
    d.serve("o2")
    assert d.offer("o2").respond_by == d.now + 30 * DAY
    assert d.request().market.status == "none"


@pytest.mark.statement("R10")
def test_a_shorter_window_ends_sooner():
    d = refused(free_market_for=timedelta(days=30))
    d.propose("g1", "cinder-west", 5000, on="2025-03-31")
    assert d.refused == ["window_closed"]


@pytest.mark.statement("R31")
def test_in_a_matching_right_only_the_offeror_may_have_it():
    outside = {"offeror": "cinder", "signed": True, "open_until": at("2025-06-01")}
    d = refused(right="matching", notice=outside)
    d.propose("g1", "delta-south", 5000, price=Decimal("1.00"))
    assert d.kinds == ["ReofferDue"]
    assert d.said[0].because[0].code == "other_offeror"
    d = refused(right="matching", notice=outside)
    d.propose("g1", "cinder-west", 5000)
    assert d.kinds == ["Granted"]


def test_after_a_last_look_there_is_no_second_one():
    outside = {"offeror": "cinder", "signed": True, "open_until": at("2025-06-01")}
    d = refused(right="last_look", notice=outside)
    d.propose("g1", "cinder-west", 5000, price=Decimal("2.60"))
    assert d.refused[0] == "no_rebids"
    d.propose("g2", "delta-south", 5000)
    assert d.refused[0] == "no_rebids"
    d.propose("g3", "cinder-west", 5000)
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R28")
def test_where_a_class_is_bound_on_the_day_it_starts_signing_before_is_refused():
    bound = exclusive("later", classes=("training",), from_="2025-05-01")
    d = desk(bound, classes=("product",))
    d.propose("g1", "cinder-west", 5000)
    assert d.refused[0] == "exclusive_elsewhere"


def test_what_is_not_stated_comes_from_the_need_and_from_what_the_host_declared():
    d = desk(asked=request(quantity=500))
    d.capacity("cinder-west", 900, price=Decimal("1.90"))
    d.say(ProposeGrant(by="aster", grant="g1", request="r1", host="cinder-west", quantity=500, terms=terms(price=None, starts=None)))
    grant = d.grant("g1")
    assert (grant.price, grant.starts, grant.ends) == (Decimal("1.90"), at("2025-06-01"), at("2025-06-01") + 12 * 730 * 3600)


@pytest.mark.parametrize(
    ("fields", "host", "quantity", "code"),
    [
        ({}, "nowhere", 100, "unknown_host"),
        ({}, "cinder-west", 0, "not_positive"),
        ({"sku": "gb200"}, "cinder-west", 100, "wrong_hardware"),
        ({"starts": at("2025-05-31")}, "cinder-west", 100, "outside_the_need"),
        ({"starts": at("2025-12-02")}, "cinder-west", 100, "outside_the_need"),
        ({"ends": at("2025-06-01")}, "cinder-west", 100, "outside_the_need"),
        ({"price": Decimal("3.01")}, "cinder-west", 100, "above_price_maximum"),
        ({}, "cinder-west", 99, "less_than_useful"),
        ({}, "cinder-west", 501, "more_than_needed"),
    ],
)
def test_a_proposal_that_does_not_fit_the_need_is_refused(fields, host, quantity, code):
    d = desk(asked=request(quantity=500, minimum_quantity=100, price_max=Decimal(3)))
    d.propose("g1", host, quantity, **fields)
    assert d.refused == [code]


def test_the_same_signature_again_is_harmless_and_another_under_its_id_is_refused():
    d = desk(asked=request(quantity=500))
    d.propose("g1", "cinder-west", 500)
    d.propose("g1", "cinder-west", 500)
    assert d.kinds == ["CommandRepeated"]
    d.propose("g1", "cinder-west", 400)
    assert d.refused == ["id_taken"]


def test_only_the_buyer_signs():
    d = desk(asked=request(quantity=500))
    d.say(ProposeGrant(by="cinder", grant="g1", request="r1", host="cinder-west", quantity=500, terms=terms()))
    assert d.refused == ["not_entitled"]


@pytest.mark.statement("R1", "S06")
def test_a_rest_that_is_of_no_use_is_given_up_with_the_last_lot():
    d = desk(asked=request(quantity=500, minimum_quantity=100))
    d.propose("g1", "cinder-west", 450)
    assert d.kinds == ["Granted", "RequestUnfilled"]
    assert (d.request().status, d.request().wanted) == ("partially_granted", 0)


@pytest.mark.statement("R12", "S06")
def test_a_need_may_be_met_by_several_until_nothing_is_left():
    d = refused()
    for name, host, quantity in (("g1", "cinder-west", 2000), ("g2", "delta-south", 1500), ("g3", "borealis-east", 1500)):
        d.propose(name, host, quantity)
    assert (d.request().status, d.request().granted, d.request().market.status) == ("granted", 5000, "placed_alternate")
