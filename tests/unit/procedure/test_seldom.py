"""What happens seldom: one thing on top of another, and acts on things that are over."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dibs.procedure.commands import CancelRequest, ConfirmDelivery, GrantAccess, ReadNotice, ReleaseGrant, Rule, WaiveRight, WithdrawOffer
from dibs.procedure.events import HolderDefaulted
from dibs.testing.builders import ambiguous, amendment, at, compiled, pre_emption, reading, request, terms
from dibs.testing.desk import Desk


def desk(*amendments, right=None, **fields):
    made = Desk(compiled(right or pre_emption(**fields), amendments=amendments))
    for host in ("borealis-east", "cinder-west", "delta-south"):
        made.capacity(host, 20_000)
    return made


def owing(quantity=3000, **fields):
    """A need of which the holder took a part, and then did not deliver it; what it left on the market went unsigned."""
    d = desk(**fields)
    d.submit(request(start_latest=at("2026-03-01")))
    d.serve("o1")
    d.respond("o1", quantity)
    d.wait("2025-07-01")
    assert (d.request().status, d.request().cover.status, d.request().market.status) == ("offering", "holder_default", "expired")
    return d


@pytest.mark.statement("R10", "R22")
def test_what_is_owed_stays_out_when_the_rest_comes_back():
    d = owing()
    assert (d.request().loose, d.request().cover.quantity) == (2000, 3000)
    d.wait("2026-03-02")
    assert d.kinds == ["RequestUnfilled"]
    assert (d.request().status, d.request().wanted) == ("offering", 3000), "the rest is given up with the latest start, the cover is not"
    d.wait("2026-07-01")
    assert d.request().status == "unfilled"


@pytest.mark.statement("R22")
def test_when_the_time_for_cover_is_over_the_rest_is_held_as_before():
    d = owing()
    d.serve("o2", starts=at("2025-08-01"), ends=at("2025-12-01"))
    d.respond("o2", reason="price")
    d.propose("g1", "delta-south", 1000)
    d.wait("2025-07-02")
    assert d.request().status == "partially_granted"
    d = desk(free_market_for=timedelta(days=400))
    d.submit(request(start_latest=at("2027-03-01")))
    d.serve("o1")
    d.respond("o1", 3000)
    d.wait("2026-05-01")
    assert d.request().market.status == "expired"
    d.wait("2026-06-01")
    assert (d.request().status, d.request().loose) == ("held", 2000)


@pytest.mark.statement("R22", "R27")
def test_when_the_right_ends_what_is_owed_stays_owed():
    d = desk(amendment("end", "2025-08-01", ends=("first-refusal",)))
    d.submit(request(start_latest=at("2026-09-01")))
    d.serve("o1")
    d.respond("o1", 3000)
    d.wait("2025-08-01")
    assert d.kinds[-1] == "RightEnded"
    assert (d.request().status, d.request().clause, d.request().cover.quantity) == ("offering", "", 3000)
    d.wait("2026-06-02")
    assert (d.request().status, d.request().loose) == ("submitted", 2000)


@pytest.mark.statement("R22")
def test_two_defaults_on_one_need_are_one_debt():
    d = desk()
    d.capacity("borealis-cinder", 20_000)
    d.submit(request())
    d.serve("o1")
    d.respond("o1", 5000, hosts=(("borealis-east", 2000), ("borealis-cinder", 3000)))
    d.wait("2025-07-01")
    assert [e.quantity for e in d.happened(HolderDefaulted)] == [3000, 2000]
    assert (d.request().cover.quantity, d.state.owing) == (5000, {"borealis": 5000})
    d.say(CancelRequest(by="aster", request="r1"))
    assert (d.request().cover.status, d.state.owing) == ("expired", {})


@pytest.mark.statement("R22")
def test_what_was_covered_may_be_followed_by_another_default():
    d = desk(cure=timedelta(days=5))
    d.submit(request())
    d.serve("o1")
    d.respond("o1", 3000)
    d.wait("2025-06-06")
    d.propose("g1", "delta-south", 3000, starts=d.now)
    assert d.request().cover.status == "placed_alternate"
    d.wait("2025-06-20")
    d.serve("o2", starts=at("2025-07-10"))
    d.respond("o2", 2000)
    d.wait("2025-07-20")
    assert (d.request().cover.quantity, d.request().cover.status) == (2000, "holder_default")


@pytest.mark.statement("R8", "R18")
def test_a_need_of_which_a_part_is_granted_may_be_countered_waived_and_declined():
    for act, kinds in (
        (lambda d: d.respond("o1", 3000, terms=terms(price=Decimal(9))), ["RightCountered", "MarketOpened"]),
        (lambda d: d.say(WaiveRight(by="borealis", request="r1", signed_by="counsel")), ["RightWaived", "MarketOpened"]),
    ):
        d = desk()
        d.submit(request())
        d.propose("g1", "borealis-east", 2000)
        d.serve("o1")
        act(d)
        assert d.kinds == kinds
        assert d.request().status == "partially_granted"
    d = desk(decline_requires_inability=True)
    d.submit(request())
    d.propose("g1", "borealis-east", 2000)
    d.serve("o1", price=None)
    d.serve("o1")
    d.respond("o1", reason="price")
    assert (d.request().status, d.request().loose) == ("partially_granted", 3000)
    d.propose("g2", "cinder-west", 100)
    assert d.refused == ["must_offer"]


@pytest.mark.statement("R16")
def test_a_need_of_which_a_part_is_granted_is_held_when_its_case_grows():
    d = desk()
    d.submit(request(quantity=600))
    d.propose("g1", "cinder-west", 200)
    d.submit(request("r2", quantity=600))
    assert d.kinds == ["RequestSubmitted", "RequestHeld", "RequestHeld"]
    assert (d.request().status, d.request().clause) == ("partially_granted", "first-refusal")
    d.propose("g2", "cinder-west", 400)
    assert d.refused == ["must_offer"]


@pytest.mark.statement("R4")
def test_a_draft_may_be_taken_back_or_waived():
    d = desk()
    d.submit(request())
    d.serve("o1", price=None)
    d.say(WithdrawOffer(by="aster", offer="o1"))
    assert (d.offer().status, d.request().status) == ("withdrawn", "held")
    d.serve("o2", price=None)
    d.say(WaiveRight(by="borealis", request="r1", signed_by="counsel"))
    assert d.offer("o2").status == "waived"
    assert d.request().market.ceiling is None, "nothing whole was ever turned down"


@pytest.mark.statement("R24")
def test_a_notice_can_be_read_when_it_is_over():
    acts = {
        "exercised": lambda d: d.respond("o1", 5000),
        "partially_exercised": lambda d: d.respond("o1", 2000),
        "declined": lambda d: d.respond("o1"),
        "countered": lambda d: d.respond("o1", 5000, terms=terms(price=Decimal(9))),
        "lapsed": lambda d: d.wait("2025-04-01"),
        "waived": lambda d: d.say(WaiveRight(by="borealis", request="r1", signed_by="counsel")),
        "withdrawn": lambda d: d.say(WithdrawOffer(by="aster", offer="o1")),
        "void": lambda d: d.wait("2026-01-01"),
    }
    for status, act in acts.items():
        d = desk(respond_within=timedelta(days=300)) if status == "void" else desk()
        d.submit(request())
        d.serve("o1")
        act(d)
        assert d.offer().status == status
        d.say(GrantAccess(by="borealis", holder="borealis", person="dan"))
        d.say(ReadNotice(by="borealis", offer="o1", person="dan"))
        assert d.kinds == ["NoticeRead"]


def test_a_doubt_about_one_host_leaves_a_need_held_and_a_ruling_settles_it():
    doubtful = ambiguous(pre_emption(), reading("cinder-is-exempt", exempt_hosts=("cinder-west",)))
    d = desk(right=doubtful)
    d.submit(request())
    assert d.request().status == "held"
    d.propose("g1", "cinder-west", 5000)
    assert d.kinds == ["RequestUndetermined", "CommandRefused"]
    d.propose("g2", "delta-south", 5000)
    assert d.refused == ["must_offer"], "what is beyond doubt needs no ruling"
    d.say(Rule(by="aster", request="r1", answer="permitted", because="counsel"))
    assert d.request().status == "held"


def test_a_doubt_ends_with_the_clause_it_is_about():
    doubtful = ambiguous(pre_emption(), reading("asleep", applies=False))
    d = desk(amendment("end", "2025-04-01", ends=("first-refusal",)), right=doubtful)
    d.submit(request())
    assert d.request().undetermined
    d.wait("2025-04-01")
    assert d.kinds == ["VersionBegan", "DoubtEnded"]
    d.propose("g1", "cinder-west", 5000)
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R9", "R27")
def test_a_reoffer_that_is_due_is_off_when_the_right_ends_or_the_need_does():
    for until, status in (("2025-04-01", "none"), ("2025-12-02", "expired")):
        d = desk(amendment("end", "2025-04-01", ends=("first-refusal",))) if status == "none" else desk()
        d.submit(request())
        d.serve("o1")
        d.respond("o1", reason="price")
        d.propose("g1", "cinder-west", 5000, price=Decimal(9))
        d.wait(until)
        assert d.request().market.status == status
    d = desk()
    d.submit(request())
    d.serve("o1")
    d.respond("o1", reason="price")
    d.propose("g1", "cinder-west", 5000, price=Decimal(9))
    d.say(CancelRequest(by="aster", request="r1"))
    assert d.request().market.status == "expired"


def test_reservations_may_be_released_late_ended_undelivered_and_delivered_in_many_parts():
    d = desk()
    d.submit(request(quantity=900, months=1))
    d.propose("late", "cinder-west", 300)
    d.propose("never", "cinder-west", 300, delivery_tolerance=60 * 86_400)
    d.propose("slow", "cinder-west", 300)
    d.say(ConfirmDelivery(by="cinder", grant="slow", quantity=100), on="2025-06-01")
    d.say(ConfirmDelivery(by="cinder", grant="slow", quantity=200), on="2025-06-02")
    assert d.grant("slow").status == "partially_active"
    d.say(ReleaseGrant(by="aster", grant="slow"))
    assert d.grant("slow").status == "ended"
    assert d.grant("late").status == "delayed"
    d.say(ReleaseGrant(by="aster", grant="late"))
    assert d.grant("late").status == "cancelled"
    d.wait("2025-08-01")
    assert d.grant("never").status == "failed"


@pytest.mark.statement("R22")
def test_a_need_that_was_given_up_in_part_keeps_what_it_has_when_the_holder_fails():
    d = desk()
    d.submit(request())
    d.propose("g1", "borealis-east", 1000)
    d.serve("o1")
    d.respond("o1", 2000)
    d.say(CancelRequest(by="aster", request="r1"))
    d.wait("2025-07-01")
    assert (d.request().status, d.request().granted, d.request().given_up) == ("cancelled", 1000, 4000)


@pytest.mark.statement("R22")
def test_a_short_lot_that_fails_leaves_the_rest_of_its_need_as_it_was():
    for keep, status in ((0, "held"), (500, "partially_granted")):
        d = desk(exempt_bursts_under=timedelta(0), free_market_for=timedelta(days=10))
        d.submit(request(months=0, hours=48))
        if keep:
            d.propose("g1", "borealis-east", keep)
        d.serve("o1")
        d.respond("o1", 2000)
        d.wait("2025-06-10")
        assert (d.request().status, d.request().given_up) == (status, 2000)
