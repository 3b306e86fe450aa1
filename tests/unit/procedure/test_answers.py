"""What the holder says, what its silence means, and what follows a refusal."""

from dataclasses import replace as changed
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest
from msgspec.structs import replace

from dibs.contract.model import Share
from dibs.procedure.commands import AcceptCounter, AssignRight, CancelRequest, GrantAccess, ReadNotice, WaiveRight, WithdrawOffer
from dibs.procedure.events import Granted, MarketOpened, NoticeRead, RightExercised
from dibs.procedure.intents import AnswerOffer, AskHolder
from dibs.procedure.procedure import outstanding, replay
from dibs.quantities import DAY
from dibs.testing.builders import PARTIES, at, compiled, pre_emption, request, terms
from dibs.testing.desk import Desk


def desk(on="2025-03-01", room=100_000, **fields):
    made = Desk(compiled(pre_emption(**fields)), on)
    made.capacity("borealis-east", room)
    made.capacity("borealis-cinder", 100_000)
    made.capacity("cinder-west", 100_000)
    made.capacity("delta-south", 100_000)
    made.submit(request())
    return made


def asked(**fields):
    made = desk(**fields)
    made.serve("o1")
    return made


@pytest.mark.statement("R6", "R8", "S03")
def test_an_answer_in_the_last_second_binds():
    d = asked()
    d.respond("o1", 5000, on="2025-03-30T23:59:59Z")
    assert d.kinds == ["RightExercised", "Granted"]
    assert (d.offer().status, d.request().status) == ("exercised", "granted")
    grant = d.happened(Granted)[0]
    assert (grant.host, grant.quantity, grant.price, grant.to_holder) == ("borealis-east", 5000, Decimal("2.50"), True)


@pytest.mark.statement("R6", "R7")
def test_an_answer_at_the_deadline_is_late():
    d = asked()
    d.respond("o1", 5000, on="2025-03-31")
    assert d.kinds == ["AnswerLate"]
    d.wait("2025-03-31")
    assert d.kinds == ["RightLapsed", "MarketOpened"]
    d.respond("o1", 5000)
    assert d.kinds == ["AnswerLate"]


@pytest.mark.statement("R7")
def test_silence_lapses_at_the_deadline_however_late_somebody_looks():
    d = asked()
    d.wait("2025-05-15")
    assert [event.at for event in d.said] == [at("2025-03-31"), at("2025-03-31")]
    assert d.happened(MarketOpened)[0].until == at("2025-03-31") + 90 * DAY


@pytest.mark.statement("R7")
def test_silence_accepts_where_that_is_agreed_and_there_is_room():
    d = asked(silence="accept")
    d.wait("2025-04-15")
    assert d.kinds == ["RightExercised", "Granted"]
    assert d.offer().status == "exercised"
    d = asked(silence="accept", room=10)
    d.wait("2025-04-15")
    assert d.kinds == ["RightLapsed", "MarketOpened"]


@pytest.mark.statement("R12", "S06")
def test_a_part_binds_and_exactly_the_remainder_falls_through():
    d = asked()
    d.respond("o1", 3000)
    assert d.kinds == ["RightExercised", "Granted", "MarketOpened"]
    assert d.happened(RightExercised)[0].remainder == 2000
    assert (d.offer().status, d.request().status, d.request().market.quantity) == ("partially_exercised", "partially_granted", 2000)
    d.propose("g1", "cinder-west", 2001)
    assert d.refused == ["more_than_needed"]
    d.propose("g1", "cinder-west", 2000)
    assert (d.request().status, d.request().market.status) == ("granted", "placed_alternate")


@pytest.mark.statement("R12")
@pytest.mark.parametrize(("quantity", "refused"), [(499, ["less_than_acceptable"]), (500, [])])
def test_the_smallest_part_is_a_tenth(quantity, refused):
    d = asked()
    d.respond("o1", quantity)
    assert d.refused == refused
    assert d.offer().status == ("open" if refused else "partially_exercised")


@pytest.mark.statement("R12")
def test_all_or_nothing_where_that_is_agreed():
    d = asked(partial="none")
    d.respond("o1", 4999)
    assert d.refused == ["less_than_acceptable"]
    d.respond("o1", 5000)
    assert d.offer().status == "exercised"


@pytest.mark.statement("R12")
def test_the_smallest_part_is_rounded_up_and_never_less_than_what_is_of_use():
    d = desk(minimum_accept=Share(Decimal("0.3")))
    d.submit(request("r2", quantity=1001, purpose="odd"))
    d.serve("o2", "r2")
    assert d.offer("o2").minimum_accept == 301
    d.submit(request("r3", quantity=2000, minimum_quantity=900, purpose="big"))
    d.serve("o3", "r3")
    assert d.offer("o3").minimum_accept == 900


@pytest.mark.statement("R12", "S36")
def test_a_remainder_that_is_of_no_use_goes_unfilled():
    d = desk()
    d.submit(request("r2", quantity=2000, minimum_quantity=900, purpose="big"))
    d.serve("o2", "r2")
    d.respond("o2", 1200)
    assert d.kinds == ["RightExercised", "Granted", "RequestUnfilled"]
    assert (d.request("r2").status, d.request("r2").given_up) == ("partially_granted", 800)


def test_nobody_takes_more_than_was_offered():
    d = asked()
    d.respond("o1", 5001)
    assert d.refused == ["more_than_offered"]


@pytest.mark.statement("R8")
def test_other_terms_are_a_refusal_that_the_grantor_may_take_as_a_new_bargain():
    d = asked()
    d.respond("o1", 4000, terms=terms(price=Decimal("2.70")))
    assert d.kinds == ["RightCountered", "MarketOpened"]
    assert (d.offer().status, d.request().market.ceiling.price) == ("countered", Decimal("2.50"))
    d.say(AcceptCounter(by="aster", offer="o1"), on="2025-03-10")
    assert d.kinds == ["CounterAccepted", "Granted"]
    assert d.happened(Granted)[0].price == Decimal("2.70")
    assert (d.request().granted, d.request().market.quantity) == (4000, 1000)
    d.say(AcceptCounter(by="aster", offer="o1"))
    assert d.kinds == ["CommandRepeated"]


@pytest.mark.statement("R8")
def test_immaterial_differences_do_not_defeat_an_exercise():
    d = asked(immaterial_terms=("address", "payment"))
    d.respond("o1", 5000, terms=terms(address="another desk", payment="quarterly"))
    assert d.kinds == ["RightExercised", "Granted"]
    d = asked()
    d.respond("o1", 5000, terms=terms(quantity=None))
    assert d.kinds == ["RightExercised", "Granted"], "repeating the terms is no counter"


@pytest.mark.statement("R8")
def test_talks_go_on_where_a_counter_keeps_the_window_open():
    d = asked(counter="keeps_open")
    d.respond("o1", 5000, terms=terms(price=Decimal("2.70")))
    assert d.kinds == ["RightCountered"]
    assert d.offer().status == "open"
    d.respond("o1", 5000, terms=terms(price=Decimal("2.60")))
    d.say(AcceptCounter(by="aster", offer="o1"))
    assert d.kinds == ["RightExercised", "Granted"]
    assert d.happened(Granted)[0].price == Decimal("2.60")


@pytest.mark.statement("R8")
def test_a_counter_is_gone_once_the_need_is_met_elsewhere():
    d = asked()
    d.respond("o1", 5000, terms=terms(price=Decimal("2.70")))
    d.propose("g1", "cinder-west", 5000)
    d.say(AcceptCounter(by="aster", offer="o1"))
    assert d.refused == ["no_counter"]


@pytest.mark.statement("R13", "C05", "S73")
@pytest.mark.parametrize("reason", ["no_capacity", "wrong_hardware", "late", "price", "discipline", "policy", "none"])
def test_any_reason_frees_the_grantor_by_default_and_is_on_record(reason):
    d = asked()
    d.respond("o1", reason=reason)
    assert d.kinds == ["RightDeclined", "MarketOpened"]
    assert d.offer().reason == reason


@pytest.mark.statement("R13", "C05", "S06")
@pytest.mark.parametrize(("reason", "frees"), [("no_capacity", True), ("late", True), ("price", False), ("discipline", False), ("none", False)])
def test_where_only_inability_frees_a_choice_does_not(reason, frees):
    d = asked(decline_requires_inability=True, room=100)
    d.respond("o1", reason=reason)
    assert d.said[0].frees is frees
    assert d.request().status == ("offering" if frees else "held")
    d.propose("g1", "cinder-west", 5000)
    assert d.refused == ([] if frees else ["must_offer"])


@pytest.mark.statement("R13")
def test_a_claim_of_inability_is_tested_against_what_the_holder_declared():
    d = asked(decline_requires_inability=True, room=8000)
    d.respond("o1", reason="no_capacity")
    assert not d.said[0].frees
    assert [b.code for b in d.said[0].because] == ["declined", "claim_contradicted"]
    d = asked(decline_requires_inability=True)
    d.respond("o1", reason="wrong_hardware")
    assert not d.said[0].frees


@pytest.mark.statement("R13")
def test_a_contradicted_claim_is_noted_even_where_it_changes_nothing():
    d = asked()
    d.respond("o1", reason="no_capacity")
    assert d.said[0].frees
    assert d.said[0].because[1].code == "claim_contradicted"


@pytest.mark.statement("R8", "R13")
def test_a_counter_is_no_inability():
    d = asked(decline_requires_inability=True)
    d.respond("o1", 5000, terms=terms(price=Decimal("2.70")))
    assert d.kinds == ["RightCountered", "ReofferDue"]
    assert (d.request().status, d.request().reoffer) == ("held", True)
    d.say(AcceptCounter(by="aster", offer="o1"))
    assert d.kinds == ["CounterAccepted", "Granted"]


@pytest.mark.statement("R18")
def test_a_waiver_before_any_notice_opens_the_market_without_ceiling():
    d = desk()
    d.say(WaiveRight(by="borealis", request="r1", signed_by="general counsel"))
    assert d.kinds == ["RightWaived", "MarketOpened"]
    assert d.request().market.ceiling is None
    d.propose("g1", "cinder-west", 5000, price=Decimal(100))
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R18")
def test_a_waiver_of_a_running_notice_leaves_its_terms_as_ceiling():
    d = asked()
    d.say(WaiveRight(by="borealis", request="r1", signed_by="general counsel"))
    assert (d.offer().status, d.request().market.ceiling.price) == ("waived", Decimal("2.50"))


@pytest.mark.statement("R18")
def test_a_waiver_is_for_this_need_only_signed_and_the_holders_own():
    d = desk()
    d.submit(request("r2", purpose="other"))
    d.say(WaiveRight(by="borealis", request="r1", signed_by=" "))
    assert d.refused == ["unsigned"]
    d.say(WaiveRight(by="cinder", request="r1", signed_by="me"))
    assert d.refused == ["not_entitled"]
    d.say(WaiveRight(by="borealis", request="r1", signed_by="counsel"))
    assert d.request("r2").status == "held"
    d.say(WaiveRight(by="borealis", request="r1", signed_by="counsel"))
    assert d.refused == ["nothing_to_waive"]


@pytest.mark.statement("R18")
@pytest.mark.parametrize(("waiver", "read", "status"), [("express", True, "lapsed"), ("conduct", False, "lapsed"), ("conduct", True, "waived")])
def test_conduct_waives_only_where_agreed_and_the_holder_knew(waiver, read, status):
    d = asked(waiver=waiver)
    if read:
        d.say(GrantAccess(by="borealis", holder="borealis", person="dan"))
        d.say(ReadNotice(by="borealis", offer="o1", person="dan"))
    d.wait("2025-04-01")
    assert d.offer().status == status
    assert d.request().market.quantity == 5000


@pytest.mark.statement("R19")
def test_a_right_for_one_occasion_ends_with_the_first_refusal_for_every_need():
    d = desk(lasts="one_shot")
    d.submit(request("r2", purpose="other"))
    d.serve("o1")
    d.respond("o1", reason="price")
    assert d.kinds == ["RightDeclined", "RightSpent", "RightEnded", "RightEnded"]
    assert [d.request(n).status for n in ("r1", "r2")] == ["submitted", "submitted"]
    d.propose("g1", "cinder-west", 5000, price=Decimal(100))
    d.submit(request("r3", purpose="third"))
    assert d.request("r3").status == "submitted"


@pytest.mark.statement("R19")
def test_an_evergreen_right_applies_to_each_need():
    d = asked()
    d.respond("o1", reason="price")
    d.submit(request("r2", purpose="other"))
    assert d.request("r2").status == "held"


@pytest.mark.statement("R20")
def test_a_personal_right_does_not_pass():
    d = asked()
    d.say(AssignRight(by="borealis", clause="first-refusal", to="delta"))
    assert d.refused == ["not_assignable"]


@pytest.mark.statement("R20")
def test_a_right_passes_with_the_business_where_that_is_agreed():
    d = desk(assignable="with_business")
    d.say(AssignRight(by="cinder", clause="first-refusal", to="cinder"))
    assert d.refused == ["not_entitled"]
    d.say(AssignRight(by="borealis", clause="first-refusal", to="delta"))
    assert d.kinds == ["RightAssigned"]
    d.serve("o1")
    assert d.offer().holder == "delta"
    d.respond("o1", 5000, by="borealis")
    assert d.refused == ["not_entitled"]
    d.respond("o1", 5000, by="delta")
    assert d.happened(Granted)[0].host == "delta-south"


@pytest.mark.statement("R20")
def test_a_notice_that_waits_for_an_answer_passes_with_the_right():
    d = asked(assignable="with_business")
    d.say(ReadNotice(by="borealis", offer="o1", person="ann"))
    d.submit(request("r2", purpose="other"))
    d.submit(request("r3", purpose="yet another"))
    d.serve("o3", "r3", respond_within=0)
    assert d.offer("o3").status == "defective"
    d.say(AssignRight(by="borealis", clause="first-refusal", to="delta"), "2025-03-10")
    assert (d.offer().holder, d.offer().read, d.offer("o3").holder) == ("delta", False, "delta")
    assert [d.request(name).holder for name in ("r1", "r2", "r3")] == ["delta"] * 3
    assert {intent.holder for intent in outstanding(d.state) if isinstance(intent, AskHolder)} == {"delta"}
    assert [intent.by for intent in outstanding(d.state) if isinstance(intent, AnswerOffer)] == ["delta"]
    d.respond("o1", 5000, by="borealis")
    assert d.refused == ["not_entitled"]
    d.respond("o1", 5000, by="delta")
    assert d.happened(Granted)[0].host == "delta-south"
    assert replay(d.history) == d.state


@pytest.mark.statement("R20")
def test_what_the_holder_had_answered_before_stays_its_own():
    d = asked(assignable="with_business")
    d.respond("o1", reason="price")
    d.submit(request("r2", purpose="other"))
    d.serve("o2", "r2")
    d.respond("o2", 5000)
    d.say(AssignRight(by="borealis", clause="first-refusal", to="delta"))
    assert (d.offer("o1").holder, d.offer("o2").holder) == ("borealis", "borealis")
    assert d.request("r1").holder == "delta", "it comes back to whom the right has passed to"
    assert d.request("r2").holder == "borealis", "nothing is sought any more"


@pytest.mark.statement("R20", "R24")
def test_a_notice_that_passes_to_a_competitor_passes_behind_the_barrier():
    rivals = (*PARTIES[:3], changed(PARTIES[3], competitor_of=MappingProxyType({"aster": date(2025, 3, 1)})))
    d = Desk(compiled(pre_emption(assignable="with_business"), parties=rivals), "2025-03-01")
    d.submit(request())
    d.serve("o1")
    assert not d.offer().barrier
    d.say(AssignRight(by="borealis", clause="first-refusal", to="delta"))
    assert d.offer().barrier
    d.say(ReadNotice(by="delta", offer="o1", person="dan"))
    assert not d.happened(NoticeRead)[0].allowed
    d.submit(request("r2", purpose="other"))
    d.serve("o2", "r2")
    assert d.offer("o2").barrier, "and so does a notice that is served on it"


@pytest.mark.statement("R31")
def test_a_match_ends_the_contest_by_default():
    d = desk(right="matching")
    d.serve("o1", offeror="cinder", signed=True, open_until=at("2025-06-01"))
    d.respond("o1", 5000)
    assert d.kinds == ["RightExercised", "Granted"]


def in_another_round():
    d = desk(right="matching", after_match="another_round")
    d.serve("o1", offeror="cinder", signed=True, open_until=at("2025-06-01"))
    d.respond("o1", 5000, on="2025-03-10")
    assert d.kinds == ["RoundOpened", "OfferTolled"]
    return d


@pytest.mark.statement("R31")
def test_an_unbeaten_match_binds_when_its_round_is_over():
    d = in_another_round()
    d.wait("2025-05-01")
    assert d.kinds == ["RightExercised", "Granted"]
    assert d.said[0].at == at("2025-03-20")
    assert d.offer().status == "exercised"


@pytest.mark.statement("R31")
def test_a_beaten_match_is_void_and_the_holder_is_asked_again():
    d = in_another_round()
    outside = {"offeror": "cinder", "signed": True, "open_until": at("2025-06-01"), "quantity": 5000}
    d.serve("o2", **outside)
    assert d.refused == ["offer_running"], "an equal offer beats nothing"
    d.serve("o2", price=Decimal("2.40"), **{**outside, "signed": None})
    assert d.refused == ["notice_incomplete"], "a draft does not undo a match"
    d.serve("o2", on="2025-03-15", price=Decimal("2.40"), **outside)
    assert d.kinds == ["OfferVoided", "OfferServed"]
    assert d.offer("o2").respond_by == at("2025-03-25")
    d.respond("o2", reason="price", on="2025-03-16")
    d.propose("g1", "cinder-west", 5000)
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R31")
def test_a_match_is_not_undone_by_giving_the_need_up():
    d = in_another_round()
    for command in (CancelRequest(by="aster", request="r1"), WithdrawOffer(by="aster", offer="o1")):
        d.say(command)
        assert d.refused == ["offer_over"]


@pytest.mark.statement("R31")
def test_a_match_that_can_no_longer_be_delivered_is_as_good_as_no_answer():
    d = in_another_round()
    d.capacity("borealis-east", 10, on="2025-03-12")
    d.wait("2025-03-20")
    assert d.kinds == ["RightDeclined", "MarketOpened"]


@pytest.mark.statement("R23")
def test_a_holder_in_default_may_not_exercise_until_the_lot_is_covered():
    d = asked()
    d.respond("o1", 5000)
    d.wait("2025-07-01")
    assert "HolderDefaulted" in d.kinds
    d.submit(request("r2", purpose="next", start_earliest=at("2025-09-01")), on="2025-07-02")
    d.serve("o2", "r2")
    d.respond("o2", 5000)
    assert d.refused == ["holder_in_default"]
    d.propose("g1", "cinder-west", 5000, starts=at("2025-07-02"))
    assert d.kinds == ["Granted"]
    d.respond("o2", 5000)
    assert d.kinds == ["RightExercised", "Granted"]


@pytest.mark.statement("R23")
def test_default_bars_nothing_where_that_is_agreed():
    d = asked(default_bars_exercise=False)
    d.respond("o1", 5000)
    d.submit(request("r2", purpose="next", start_earliest=at("2025-09-01")), on="2025-07-02")
    d.serve("o2", "r2")
    d.respond("o2", 5000)
    assert d.kinds == ["RightExercised", "Granted"]


@pytest.mark.statement("R21")
def test_exercise_beyond_free_capacity_is_no_answer_and_the_holder_may_answer_again():
    d = asked(room=4999)
    d.respond("o1", 5000)
    assert d.refused == ["no_room"]
    assert d.offer().status == "open"
    d.respond("o1", 4999)
    assert d.offer().status == "partially_exercised"


@pytest.mark.statement("R21", "S42", "K26")
def test_machines_of_others_have_to_be_named():
    d = asked(room=4000)
    d.respond("o1", 5000)
    assert d.refused == ["no_room"]
    d.respond("o1", 5000, hosts=(("borealis-east", 4000), ("borealis-cinder", 1000)))
    assert [(g.host, g.operator, g.quantity) for g in d.happened(Granted)] == [
        ("borealis-east", "borealis", 4000),
        ("borealis-cinder", "cinder", 1000),
    ]


@pytest.mark.statement("R21")
@pytest.mark.parametrize(
    ("hosts", "code"),
    [
        ((("cinder-west", 5000),), "not_the_holders"),
        ((("nowhere", 5000),), "unknown_host"),
        ((("borealis-east", 4000),), "not_named"),
        ((("borealis-east", 6000), ("borealis-cinder", -1000)), "not_named"),
        ((("borealis-east", 100_001),), "not_named"),
    ],
)
def test_what_the_holder_names_has_to_be_its_own_and_add_up(hosts, code):
    d = asked()
    d.respond("o1", 5000, hosts=hosts)
    assert d.refused == [code]


@pytest.mark.statement("R21")
def test_sub_contracting_may_be_excluded():
    d = asked(sub_contracting=False)
    d.respond("o1", 5000, hosts=(("borealis-cinder", 5000),))
    assert d.refused == ["sub_contracting_refused"]


@pytest.mark.statement("R21")
def test_named_places_meet_the_limits_of_hardware_and_region():
    hosts = [changed(h, regions=("us-east",), skus=("h100",)) for h in compiled().agreement.hosts.values()]
    d = Desk(compiled(pre_emption(), hosts=hosts))
    d.capacity("borealis-east", 9000)
    d.submit(request())
    d.serve("o1", regions=("eu-north",))
    d.respond("o1", 5000, hosts=(("borealis-east", 5000),))
    assert d.refused == ["wrong_region"]


def test_the_same_answer_again_is_harmless_and_another_is_refused():
    d = asked()
    d.respond("o1", 3000)
    d.respond("o1", 3000)
    assert d.kinds == ["CommandRepeated"]
    d.respond("o1", 4000)
    assert d.refused == ["offer_over"]
    d.respond("o1", reason="price")
    assert d.refused == ["offer_over"]


def test_only_the_holder_answers():
    d = asked()
    d.respond("o1", 5000, by="cinder")
    assert d.refused == ["not_entitled"]


@pytest.mark.statement("R10")
def test_the_market_stays_open_for_the_agreed_time_from_the_refusal():
    d = asked(free_market_for=timedelta(days=60))
    d.respond("o1", reason="policy", on="2025-03-11")
    assert d.request().market.until == at("2025-03-11") + 60 * DAY


# First offer in which the holder quotes, and first negotiation.


@pytest.mark.statement("R9")
def test_where_the_holder_quotes_its_quote_is_the_ceiling_and_may_be_taken():
    required = ("sku", "quantity", "starts", "ends", "classes", "regions", "address")
    d = desk(quoted_by="holder", notice_requires=required)
    bare = {"price": None, "payment": None, "take_or_pay": None, "service_level": None, "delivery_tolerance": None}
    d.serve("o1", **bare)
    quote = terms(price=Decimal("3.00"))
    d.respond("o1", 5000, terms=quote)
    assert d.kinds == ["RightCountered", "MarketOpened"]
    assert d.said[0].because[0].code == "quoted"
    assert d.request().market.ceiling.price == Decimal("3.00")
    d.propose("g1", "cinder-west", 1000, **{k: getattr(quote, k) for k in bare if k != "price"}, price=Decimal("2.90"))
    assert d.kinds == ["Granted"]
    d.say(AcceptCounter(by="aster", offer="o1"))
    assert d.happened(Granted)[-1].price == Decimal("3.00")
    assert d.request().status == "granted"


def test_where_the_holder_does_not_quote_there_is_no_ceiling():
    d = desk(quoted_by="holder", notice_requires=("sku", "quantity"))
    d.serve("o1", price=None)
    d.wait("2025-04-01")
    assert d.request().market.ceiling is None


def test_in_a_first_negotiation_the_grantor_may_take_what_came_out_of_the_talks_or_go():
    d = desk(right="first_negotiation", counter="keeps_open", notice_requires=("sku", "quantity"))
    d.serve("o1", price=None)
    d.respond("o1", 5000, terms=terms(price=Decimal("3.10"), quantity=None))
    assert d.offer().status == "open"
    d.propose("g1", "cinder-west", 5000, price=Decimal("2.00"))
    assert d.refused == ["must_offer"], "the talks are exclusive while they last"
    d.say(AcceptCounter(by="aster", offer="o1"))
    assert d.request().status == "granted"
    assert replace(d.grant("o1@borealis-east")).price == Decimal("3.10")


def test_the_cast_is_that_of_the_tutorial():
    assert [p.id for p in PARTIES] == ["aster", "borealis", "cinder", "delta"]
