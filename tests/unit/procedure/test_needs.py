"""Whom a need has to be offered to, and when that is over."""

from datetime import timedelta

import pytest

from dibs.procedure.commands import CancelRequest, Rule, WithdrawOffer
from dibs.testing.builders import (
    PARTIES,
    ambiguous,
    at,
    compiled,
    consent,
    exclusive,
    host,
    party,
    pre_emption,
    purpose,
    reading,
    request,
    sub_supply,
)
from dibs.testing.desk import Desk


def desk(*clauses, on="2025-03-01", **fields):
    made = Desk(compiled(*(clauses or (pre_emption(),)), **fields), on)
    for name in ("borealis-east", "cinder-west", "delta-south", "aster-yard"):
        made.capacity(name, 100_000)
    return made


@pytest.mark.statement("R1", "S03", "S04", "S05")
def test_a_need_of_the_minimum_lot_is_held_for_the_holder():
    d = desk()
    d.submit(request(quantity=1000))
    assert d.kinds == ["RequestSubmitted", "RequestHeld"]
    assert (d.request().status, d.request().clause, d.request().holder) == ("held", "first-refusal", "borealis")


@pytest.mark.statement("R1")
def test_a_need_under_the_minimum_lot_opens_no_case():
    d = desk()
    d.submit(request(quantity=999))
    assert d.kinds == ["RequestSubmitted"]
    assert d.said[0].because[0].code == "under_minimum_lot"
    d.propose("g1", "cinder-west", 999)
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R2", "S13", "S14")
def test_own_building_inside_its_consent_opens_no_case():
    d = desk(pre_emption(), consent(classes=("training", "research"), purpose=purpose()))
    d.submit(request(own_build=True))
    assert d.request().status == "submitted"
    d.propose("g1", "aster-yard", 5000)
    assert d.request().status == "granted"


@pytest.mark.statement("R2", "C20")
def test_own_building_for_another_class_is_offered_first():
    d = desk(pre_emption(), consent(classes=("training", "research"), purpose=purpose()))
    d.submit(request(own_build=True, workload_class="product"))
    assert d.request().status == "held"


@pytest.mark.statement("R2", "S13")
def test_a_held_need_may_still_go_to_own_building():
    d = desk(pre_emption(), consent(classes=("training",)))
    d.submit(request())
    d.propose("g1", "aster-yard", 2000)
    assert d.kinds == ["Granted"]
    assert (d.request().status, d.request().loose) == ("partially_granted", 3000)


@pytest.mark.statement("R2")
def test_what_a_consent_allows_in_all_is_not_exceeded_lot_by_lot():
    d = desk(pre_emption(), consent(classes=("training",), quantity_max=3000))
    d.submit(request())
    d.propose("g1", "aster-yard", 2000)
    d.propose("g2", "aster-yard", 1001)
    assert d.refused == ["consent_exceeded"]
    d.propose("g3", "aster-yard", 1000)
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R2")
def test_a_renewal_of_equal_size_on_its_host_opens_no_case_and_a_larger_one_does():
    d = desk()
    d.submit(request(quantity=2000))
    d.serve("o1")
    d.respond("o1", reason="price")
    d.propose("g1", "cinder-west", 2000)
    d.submit(request("r2", quantity=2000, renewal_of="g1", purpose="renewal", start_earliest=at("2026-06-01"), start_latest=at("2026-07-01")))
    assert d.request("r2").status == "submitted"
    d.propose("g2", "cinder-west", 2000, request="r2")
    assert d.kinds == ["Granted"]
    d.submit(request("r3", quantity=2001, renewal_of="g1", purpose="larger"))
    assert d.request("r3").status == "held"


@pytest.mark.statement("R2", "R17")
def test_a_renewal_that_moves_elsewhere_is_no_renewal():
    d = desk()
    d.submit(request(quantity=2000))
    d.serve("o1")
    d.respond("o1", reason="price")
    d.propose("g1", "cinder-west", 2000)
    d.submit(request("r2", quantity=2000, renewal_of="g1"))
    d.propose("g2", "delta-south", 2000, request="r2")
    assert d.kinds == ["BreachNoted", "CommandRefused"]
    assert d.refused == ["renewal_elsewhere"]


@pytest.mark.statement("R2")
@pytest.mark.parametrize(("hours", "status"), [(71, "submitted"), (72, "held")])
def test_an_emergency_shorter_than_three_days_opens_no_case(hours, status):
    d = desk()
    d.submit(request(burst=True, months=0, hours=hours))
    assert d.request().status == status


@pytest.mark.statement("R2")
def test_a_host_outside_the_right_is_free():
    d = desk(pre_emption(exempt_hosts=("delta-south",)))
    d.submit(request())
    assert d.request().status == "held"
    d.propose("g1", "delta-south", 5000)
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R28", "S19", "S20", "S22")
@pytest.mark.parametrize("front_door", ["holder_service", "direct"])
def test_a_class_that_is_bound_never_reaches_a_case_through_either_front_door(front_door):
    d = desk(exclusive(classes=("api",)), pre_emption(classes=("training", "api")))
    d.submit(request(workload_class="api", front_door=front_door))
    assert d.kinds == ["RequestSubmitted"]
    d.propose("g1", "cinder-west", 5000)
    assert d.refused[0] == "exclusive_elsewhere"
    assert "BreachNoted" not in d.kinds
    d.propose("g2", "borealis-east", 5000)
    assert d.request().status == "granted"


@pytest.mark.statement("R28", "S36")
def test_a_bound_class_with_no_hardware_at_home_is_denied():
    hosts = (host("borealis-east", "borealis", skus=("h100",)), host("cinder-west", "cinder", skus=("gb200",)))
    d = Desk(compiled(exclusive(classes=("api",)), hosts=hosts))
    d.submit(request(workload_class="api", sku="gb200"))
    assert d.kinds == ["RequestSubmitted", "RequestDenied"]
    assert d.said[1].because[0].clause == "exclusive"


@pytest.mark.statement("R16")
def test_needs_of_one_purpose_are_added_up_and_the_earlier_ones_are_held_too():
    d = desk()
    for number in (1, 2):
        d.submit(request(f"r{number}", quantity=400, purpose="tuning"))
        assert d.request(f"r{number}").status == "submitted"
    d.submit(request("r3", quantity=400, purpose="tuning"), on="2025-03-20")
    assert d.kinds == ["RequestSubmitted", "RequestHeld", "RequestHeld", "RequestHeld"]
    assert [d.request(f"r{n}").status for n in (1, 2, 3)] == ["held"] * 3
    d.propose("g1", "cinder-west", 400, request="r1")
    assert d.refused == ["must_offer"]


@pytest.mark.statement("R16")
@pytest.mark.parametrize(("second", "status"), [("2025-03-30T23:59:59Z", "held"), ("2025-03-31", "submitted")])
def test_needs_further_apart_than_the_look_back_are_not_added_up(second, status):
    d = desk()
    d.submit(request(quantity=600), on="2025-03-01")
    d.submit(request("r2", quantity=600), on=second)
    assert d.request("r2").status == status


@pytest.mark.statement("R16")
def test_needs_of_different_purposes_are_not_added_up():
    d = desk()
    d.submit(request(quantity=600, purpose="tuning"))
    d.submit(request("r2", quantity=600, purpose="evaluation"))
    assert d.request("r2").status == "submitted"


@pytest.mark.statement("R16")
def test_a_small_need_that_was_given_up_does_not_count():
    d = desk()
    d.submit(request(quantity=600))
    d.say(CancelRequest(by="aster", request="r1"))
    d.submit(request("r2", quantity=600))
    assert d.request("r2").status == "submitted"


@pytest.mark.statement("R16")
def test_what_was_granted_before_the_lot_was_full_stays_granted():
    d = desk()
    d.submit(request(quantity=600))
    d.propose("g1", "cinder-west", 600)
    d.submit(request("r2", quantity=600))
    assert d.request("r1").status == "granted"
    assert d.request("r2").status == "held"


def with_affiliate(**fields):
    parties = (*PARTIES, party("aster-two", controlled_by="aster"), party("stranger"))
    return desk(pre_emption(**fields), parties=parties)


@pytest.mark.statement("R17", "S51")
def test_an_affiliate_is_looked_through():
    d = with_affiliate()
    d.submit(request(party="aster-two"))
    assert d.request().status == "held"
    d.submit(request("r2", quantity=600, purpose="p"))
    d.submit(request("r3", quantity=600, purpose="p", party="aster-two"))
    assert d.request("r2").status == "held"


@pytest.mark.statement("R17")
def test_an_affiliate_is_its_own_where_the_clause_does_not_look_through():
    d = with_affiliate(look_through=False)
    d.submit(request(party="aster-two"))
    assert d.request().status == "submitted"


@pytest.mark.statement("R17")
def test_nobody_elses_purchases_are_bound():
    d = with_affiliate()
    d.submit(request(party="stranger"))
    assert d.request().status == "submitted"
    d.propose("g1", "cinder-west", 5000)
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R17")
def test_the_controller_may_speak_for_its_affiliate_and_not_the_other_way_round():
    d = with_affiliate()
    d.submit(request(party="aster-two"), by="aster")
    assert d.request().asked.party == "aster-two"
    d.submit(request("r2"), by="aster-two")
    assert d.refused == ["not_entitled"]


@pytest.mark.statement("R16", "R25")
def test_after_a_withdrawn_notice_the_same_need_in_small_pieces_is_evasion():
    d = desk()
    d.submit(request())
    d.serve("o1")
    d.say(CancelRequest(by="aster", request="r1"))
    assert d.kinds == ["OfferWithdrawn", "RequestCancelled"]
    d.submit(request("r2", quantity=500))
    assert d.request("r2").status == "held", "nothing of a watched need is too small"


@pytest.mark.statement("R2", "R16", "R25")
def test_after_a_withdrawn_notice_a_sudden_emergency_or_a_renewal_is_evasion_too():
    d = desk()
    d.submit(request("old", quantity=900, purpose="old"))
    d.propose("g0", "cinder-west", 900, "old")
    d.submit(request())
    d.serve("o1")
    d.say(CancelRequest(by="aster", request="r1"))
    d.submit(request("burst", burst=True, months=0, hours=48))
    assert d.request("burst").status == "held"
    d.propose("g1", "cinder-west", 5000, "burst")
    assert d.refused == ["must_offer"]
    d.submit(request("renewal", quantity=900, renewal_of="g0"))
    assert d.request("renewal").status == "held"


@pytest.mark.statement("R16", "R25")
def test_a_small_need_that_was_free_is_caught_by_a_later_withdrawal():
    d = desk(on="2025-01-01")
    d.submit(request("small", quantity=500))
    d.submit(request(), on="2025-03-01")
    d.serve("o1")
    d.say(WithdrawOffer(by="aster", offer="o1"))
    d.propose("g1", "cinder-west", 500, request="small")
    assert d.kinds == ["RequestHeld", "BreachNoted", "CommandRefused"]
    assert d.refused == ["evasion"]
    d.propose("g2", "cinder-west", 500, request="small", on="2025-04-01")
    assert d.kinds[-1] == "CommandRefused", "once it is held it has to be offered"


@pytest.mark.statement("S36", "S37")
def test_a_need_whose_latest_start_passes_expires():
    d = desk()
    d.submit(request())
    d.wait("2026-01-01")
    assert d.kinds == ["RequestExpired"]
    assert d.said[0].at == at("2025-12-01") + 1
    assert d.said[0].quantity == 5000


def test_a_running_offer_is_void_when_the_need_expires():
    d = desk(pre_emption(respond_within=timedelta(days=300)))
    d.submit(request())
    d.serve("o1")
    d.wait("2026-01-01")
    assert d.kinds == ["OfferVoided", "RequestExpired"]


def test_the_rest_of_a_partly_granted_need_goes_unfilled():
    d = desk()
    d.submit(request())
    d.propose("g1", "borealis-east", 2000)
    d.wait("2025-12-02")
    assert "RequestUnfilled" in d.kinds
    assert (d.request().status, d.request().given_up) == ("partially_granted", 3000)


def test_a_cancelled_need_is_over_and_cancelling_again_is_harmless():
    d = desk()
    d.submit(request())
    d.say(CancelRequest(by="aster", request="r1"))
    d.say(CancelRequest(by="aster", request="r1"))
    assert d.kinds == ["CommandRepeated"]
    d.propose("g1", "borealis-east", 1000)
    assert d.refused == ["request_over"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"party": "nobody"}, "unknown_party"),
        ({"workload_class": "poetry"}, "unknown_class"),
        ({"quantity": 0}, "not_positive"),
        ({"minimum_quantity": 5001}, "not_positive"),
        ({"months": 0}, "not_positive"),
        ({"start_latest": at("2025-05-31")}, "too_late"),
        ({"start_earliest": at("2025-01-01"), "start_latest": at("2025-02-28")}, "too_late"),
    ],
)
def test_a_need_that_makes_no_sense_is_refused(fields, code):
    d = desk()
    d.submit(request(**fields))
    assert d.refused == [code]
    assert not d.state.requests


def test_the_same_need_again_is_harmless_and_another_under_its_id_is_refused():
    d = desk()
    d.submit(request())
    d.submit(request())
    assert d.kinds == ["CommandRepeated"]
    d.submit(request(quantity=4000))
    assert d.refused == ["id_taken"]


# Where the agreement does not say.


def doubtful(**fields):
    """A right that under one reading says nothing, with no reading taken."""
    right = ambiguous(pre_emption(**fields), reading("sleeping", applies=False))
    return desk(right)


def test_where_the_readings_differ_a_person_has_to_rule():
    d = doubtful()
    d.submit(request())
    assert d.kinds == ["RequestSubmitted", "RequestUndetermined"]
    d.propose("g1", "cinder-west", 5000)
    assert d.refused[0] == "reading_open"


def test_a_doubt_that_ends_with_its_clause_needs_no_ruling():
    d = doubtful(until="2025-04-01")
    d.submit(request())
    d.wait("2025-04-02")
    assert "DoubtEnded" in d.kinds
    assert not d.request().undetermined
    d.propose("g1", "cinder-west", 5000)
    assert d.kinds == ["Granted"]


def test_a_ruling_frees_the_need():
    d = doubtful()
    d.submit(request())
    d.say(Rule(by="aster", request="r1", answer="permitted", because="counsel"))
    d.propose("g1", "cinder-west", 5000)
    assert d.kinds == ["Granted"]


def test_a_ruling_sends_the_need_to_the_holder():
    d = doubtful()
    d.submit(request())
    d.say(Rule(by="aster", request="r1", answer="offer_first", because="counsel"))
    assert d.kinds == ["Ruled", "RequestHeld"]
    d.propose("g1", "cinder-west", 5000)
    assert d.refused == ["must_offer"]
    d.serve("o1")
    d.respond("o1", reason="price")
    d.propose("g2", "cinder-west", 5000)
    assert d.kinds == ["Granted"]


def test_a_ruling_that_refuses_leaves_what_is_beyond_doubt():
    d = doubtful()
    d.submit(request())
    d.say(Rule(by="aster", request="r1", answer="refused", because="counsel"))
    assert d.kinds == ["Ruled"]
    d.propose("g1", "cinder-west", 5000)
    assert d.refused[0] == "ruled"
    d.propose("g2", "borealis-east", 5000)
    assert d.kinds == ["Granted"]


def test_nothing_is_ruled_where_nothing_is_in_doubt():
    d = desk()
    d.submit(request())
    d.say(Rule(by="aster", request="r1", answer="permitted", because="I want to"))
    assert d.refused == ["not_undetermined"]


def test_two_exclusivities_that_contradict_each_other_have_to_be_ruled_on():
    d = desk(exclusive("one", "borealis"), exclusive("two", "cinder"))
    d.submit(request())
    assert d.request().undetermined
    d.say(Rule(by="aster", request="r1", answer="permitted", because="both sides agreed on the phone"))
    d.propose("g1", "borealis-east", 5000)
    assert d.kinds == ["Granted"]


def test_sub_supply_that_is_agreed_not_to_count_is_somebody_elses():
    d = desk(pre_emption(), sub_supply(counts_as_holder=False))
    d.capacity("borealis-cinder", 9000)
    d.submit(request())
    d.propose("g1", "borealis-cinder", 5000)
    assert d.refused == ["must_offer"]
