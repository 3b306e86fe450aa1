"""How the holder is asked, and what the grantor may do while it thinks."""

from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest

from dibs.contract.model import Share
from dibs.procedure.commands import ChangeTerms, GrantAccess, ReadNotice, ServeNotice, TollOffer, WithdrawOffer
from dibs.quantities import DAY, HOUR
from dibs.testing.builders import PARTIES, at, compiled, party, pre_emption, request, terms
from dibs.testing.desk import Desk


def desk(on="2025-03-01", parties=PARTIES, time_zone="UTC", **fields):
    made = Desk(compiled(pre_emption(**fields), parties=parties, time_zone=time_zone), on)
    made.capacity("borealis-east", 100_000)
    made.capacity("cinder-west", 100_000)
    made.submit(request())
    return made


@pytest.mark.statement("R4", "R5", "S03")
def test_a_complete_notice_starts_the_window():
    d = desk()
    d.serve("o1", on="2025-03-02")
    assert d.kinds == ["OfferServed"]
    assert d.offer().respond_by == at("2025-04-01")
    assert (d.offer().status, d.request().status, d.request().offered) == ("open", "offering", 5000)


@pytest.mark.statement("R3", "R4")
@pytest.mark.parametrize("name", pre_emption().notice_requires)
def test_a_notice_without_one_of_the_terms_starts_no_clock(name):
    d = desk()
    d.serve("o1", **{name: None})
    assert d.kinds == ["NoticeDefective"]
    assert name in d.said[0].missing
    assert d.offer().status == "defective"
    d.wait("2025-11-01")
    assert d.kinds == [], "no window ran, so none ended"
    assert d.request().status == "held"


@pytest.mark.statement("R3", "R4")
def test_a_cured_notice_has_a_whole_new_window():
    d = desk()
    d.serve("o1", regions=None)
    d.serve("o1", on="2025-03-20")
    assert d.offer().status == "open"
    assert d.offer().respond_by == at("2025-03-20") + 30 * DAY


@pytest.mark.statement("R3", "R12")
@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"quantity": 4000}, "quantity"),
        ({"quantity": 6000}, "quantity"),
        ({"sku": "gb200"}, "sku"),
        ({"classes": ("product",)}, "classes"),
        ({"starts": at("2025-05-31")}, "starts"),
        ({"starts": at("2025-12-02")}, "starts"),
        ({"ends": at("2025-06-01")}, "ends"),
    ],
)
def test_a_notice_of_something_else_than_what_is_needed_is_defective(fields, wrong):
    d = desk()
    d.serve("o1", **fields)
    assert d.said[0].missing == (wrong,)


@pytest.mark.statement("R5")
@pytest.mark.parametrize(("quantity", "days"), [(1999, 1), (2000, 5), (4999, 5), (5000, 30)])
def test_smaller_lots_have_shorter_windows(quantity, days):
    below = MappingProxyType({5000: timedelta(days=5), 2000: timedelta(days=1)})
    d = desk(respond_within_below=below)
    d.submit(request("r2", quantity=quantity, purpose="other"))
    d.serve("o2", "r2")
    assert d.offer("o2").respond_by == d.now + days * DAY


@pytest.mark.statement("R5")
def test_a_longer_window_is_a_courtesy_and_a_shorter_one_a_defect():
    d = desk()
    d.serve("o1", respond_within=29 * DAY)
    assert d.said[0].missing == ("respond_within",)
    d.serve("o1", respond_within=45 * DAY)
    assert d.offer().respond_by == d.now + 45 * DAY


@pytest.mark.statement("R6")
def test_the_clock_runs_in_calendar_days_of_the_agreements_zone():
    d = desk(on="2025-03-08T12:00:00Z", time_zone="America/New_York", holidays=(date(2025, 3, 20),))
    d.serve("o1")
    # A listed day is a whole day of that zone; between the two runs a change of the clock, which moves nothing else.
    assert d.offer().respond_by == d.now + 31 * DAY


@pytest.mark.statement("R6")
def test_holidays_that_are_listed_are_skipped_one_after_the_other_and_others_are_not():
    d = desk(on="2025-12-01", holidays=(date(2025, 12, 30), date(2025, 12, 31), date(2026, 6, 1)))
    d.submit(request("r2", start_latest=at("2026-12-01")))
    d.serve("o1", "r2")
    # With the first listed day the window would end after the second, which then is skipped too; the third is too late to matter.
    assert d.offer("o1").respond_by == at("2025-12-31") + 2 * DAY


@pytest.mark.statement("R6")
def test_a_notice_served_on_a_holiday_starts_when_the_day_is_over():
    d = desk(on="2025-03-01T18:00:00Z", holidays=(date(2025, 3, 1),))
    d.serve("o1")
    assert d.offer().respond_by == at("2025-03-02") + 30 * DAY


@pytest.mark.statement("R11")
@pytest.mark.parametrize(("window", "again"), [(30, 10), (6, 3), (2, 2)])
def test_a_reoffer_has_a_third_of_the_window_but_three_days_at_least(window, again):
    d = desk(respond_within=timedelta(days=window))
    d.serve("o1")
    d.say(ChangeTerms(by="aster", offer="o1", terms=terms(price=Decimal("2.60"))))
    assert d.kinds == ["OfferVoided", "ReofferDue"]
    assert (d.offer().status, d.request().market.status, d.request().status) == ("void", "reoffer_due", "held")
    d.serve("o2", price=Decimal("2.60"))
    assert d.offer("o2").reoffer
    assert d.offer("o2").respond_by == d.now + again * DAY


@pytest.mark.statement("R8")
def test_changing_only_what_is_immaterial_changes_nothing():
    d = desk(immaterial_terms=("address",))
    d.serve("o1")
    d.say(ChangeTerms(by="aster", offer="o1", terms=d.notice("r1", quantity=5000, address="another desk")))
    assert d.refused == ["nothing_changed"]


@pytest.mark.statement("R14")
def test_unusual_terms_are_disregarded_matched_or_refused_as_agreed():
    for says, expected in (("disregard", None), ("match", ("warrants of a start-up",))):
        d = desk(unusual_terms=says)
        d.serve("o1", unusual=("warrants of a start-up",))
        assert d.offer().terms.unusual == expected
    d = desk(unusual_terms="refuse")
    d.serve("o1", unusual=("warrants of a start-up",))
    assert d.said[0].missing == ("unusual",)


@pytest.mark.statement("R14")
def test_disregarding_an_unusual_term_is_on_record():
    d = desk()
    d.serve("o1", unusual=("cash only",))
    assert [b.code for b in d.said[0].because] == ["unusual_disregarded"]
    d.serve("o1", unusual=("cash only",))
    assert d.kinds == ["CommandRefused"], "by now nothing is loose, so this is another notice"


@pytest.mark.statement("R15")
def test_a_package_may_be_taken_in_part_at_its_allocated_price_or_only_whole():
    d = desk()
    d.serve("o1", package="land and power")
    d.respond("o1", 600)
    assert "RightExercised" in d.kinds
    d = desk(packages="whole")
    d.serve("o1", package="land and power")
    d.respond("o1", 600)
    assert d.refused == ["less_than_acceptable"]


@pytest.mark.statement("R24", "S70", "S71")
def test_a_notice_to_a_competitor_stands_behind_the_barrier():
    parties = (party("aster"), party("borealis", competitor_of=MappingProxyType({"aster": date(2025, 3, 1)})), party("cinder"), party("delta"))
    d = desk(parties=parties)
    d.serve("o1")
    assert d.offer().barrier
    d.say(ReadNotice(by="borealis", offer="o1", person="eve"))
    assert (d.said[0].allowed, d.said[0].because[0].code) == (False, "not_a_reader")
    d.say(GrantAccess(by="borealis", holder="borealis", person="dan"))
    d.say(ReadNotice(by="borealis", offer="o1", person="dan"))
    assert d.said[0].allowed
    assert d.offer().read


@pytest.mark.statement("R24")
@pytest.mark.parametrize(("since", "barrier"), [(None, True), (date(2025, 3, 2), False)])
def test_the_barrier_stands_from_the_day_of_competition_and_only_if_agreed(since, barrier):
    parties = (party("aster"), party("borealis", competitor_of=MappingProxyType({"aster": since or date(2025, 3, 1)})))
    d = desk(parties=(*parties, party("cinder"), party("delta")), barrier=barrier)
    d.serve("o1")
    assert d.offer().barrier is (since is None)


@pytest.mark.statement("R24")
def test_nobody_but_the_holder_reads_a_notice_or_names_its_readers():
    d = desk()
    d.serve("o1")
    d.say(ReadNotice(by="cinder", offer="o1", person="eve"))
    assert d.refused == ["not_entitled"]
    d.say(GrantAccess(by="cinder", holder="borealis", person="eve"))
    assert d.refused == ["not_entitled"]
    d.say(ReadNotice(by="borealis", offer="o1", person="anybody"))
    assert d.said[0].allowed, "without competition there is no barrier"


@pytest.mark.statement("R26")
def test_the_clock_stops_for_agreed_causes_only():
    d = desk(tolling=("regulator",))
    d.serve("o1")
    d.say(TollOffer(by="borealis", offer="o1", cause="due_diligence", seconds=DAY))
    assert d.refused == ["tolling_not_agreed"]
    d.say(TollOffer(by="borealis", offer="o1", cause="regulator", seconds=10 * DAY))
    assert d.offer().respond_by == at("2025-03-31") + 10 * DAY
    d.wait("2025-04-09T23:59:59Z")
    assert d.offer().status == "open"
    d.wait("2025-04-10")
    assert d.offer().status == "lapsed"


@pytest.mark.statement("R26")
def test_an_order_that_comes_after_the_deadline_stops_nothing():
    d = desk(tolling=("regulator",))
    d.serve("o1")
    d.say(TollOffer(by="borealis", offer="o1", cause="regulator", seconds=DAY), on="2025-03-31")
    assert d.kinds == ["RightLapsed", "MarketOpened", "CommandRefused"]


@pytest.mark.statement("R32")
def test_an_outside_offer_has_to_stand_at_least_as_long_as_the_holders_window():
    d = desk(right="matching")
    outside = {"offeror": "cinder", "signed": True}
    d.serve("o1", **outside, open_until=d.now + 30 * DAY - 1)
    assert d.said[0].missing == ("open_until",)
    d.serve("o1", **outside, open_until=d.now + 30 * DAY)
    assert d.kinds == ["OfferServed"]
    d = desk(right="matching", outside_offer_stays_open=False)
    d.serve("o1", **outside, open_until=d.now + HOUR)
    assert d.kinds == ["OfferServed"]


@pytest.mark.statement("R3")
@pytest.mark.parametrize("name", ["offeror", "signed", "open_until"])
def test_a_matching_right_needs_a_signed_offer_by_somebody(name):
    d = desk(right="matching")
    d.serve("o1", **{"offeror": "cinder", "signed": True, "open_until": d.now + 60 * DAY, name: None})
    assert d.said[0].missing == (name,)


def test_only_one_notice_runs_at_a_time():
    d = desk()
    d.serve("o1")
    d.serve("o2", quantity=5000)
    assert d.refused == ["offer_running"]


def test_the_same_notice_again_is_harmless_and_another_under_its_id_is_refused():
    d = desk()
    d.serve("o1")
    served = d.offer().terms
    d.say(ServeNotice(by="aster", offer="o1", request="r1", terms=served))
    assert d.kinds == ["CommandRepeated"]
    d.say(ServeNotice(by="aster", offer="o1", request="r1", terms=terms(price=Decimal(9))))
    assert d.refused == ["id_taken"]


def test_nobody_has_to_be_asked_where_no_right_binds():
    d = desk()
    d.submit(request("r2", quantity=10, purpose="small"))
    d.serve("o2", "r2")
    assert d.refused == ["not_covered"]


def test_a_need_that_is_free_to_go_elsewhere_is_not_offered_again():
    d = desk()
    d.serve("o1")
    d.respond("o1", reason="price")
    d.serve("o2", quantity=5000)
    assert d.refused == ["market_open"]


def test_a_second_draft_takes_the_place_of_a_defective_one():
    d = desk()
    d.serve("o1", price=None)
    d.serve("o2")
    assert d.kinds == ["OfferVoided", "OfferServed"]
    assert (d.offer("o1").status, d.request().offer) == ("void", "o2")


@pytest.mark.statement("R16")
def test_a_notice_taken_back_leaves_the_need_held_and_watched():
    d = desk()
    d.serve("o1")
    d.say(WithdrawOffer(by="aster", offer="o1"), on="2025-03-05")
    assert (d.offer().status, d.request().status) == ("withdrawn", "held")
    assert d.said[0].watch_until == at("2025-04-04")
    d.propose("g1", "cinder-west", 5000)
    assert d.refused == ["must_offer"]
    d.say(WithdrawOffer(by="aster", offer="o1"))
    assert d.kinds == ["CommandRepeated"]
    d.serve("o2")
    assert d.offer("o2").respond_by == at("2025-03-05") + 30 * DAY, "a new notice, and not a re-offer"


@pytest.mark.parametrize(
    "command",
    [
        ServeNotice(by="borealis", offer="o9", request="r1", terms=terms()),
        WithdrawOffer(by="borealis", offer="o1"),
        ChangeTerms(by="cinder", offer="o1", terms=terms(price=Decimal(3))),
        TollOffer(by="cinder", offer="o1", cause="regulator", seconds=5),
    ],
)
def test_only_the_grantor_speaks_for_its_notices(command):
    d = desk(tolling=("regulator",))
    d.serve("o1")
    d.say(command)
    assert d.refused == ["not_entitled"]


@pytest.mark.statement("R32")
def test_the_margin_of_a_matching_right_is_put_on_what_the_outsider_asks():
    d = desk(right="matching", match_margin=Share(Decimal("0.05")))
    d.serve("o1", price=Decimal("2.00"), offeror="cinder", signed=True, open_until=d.now + 60 * DAY)
    assert d.offer().terms.price == Decimal("2.10")
    assert d.offer().outside_price == Decimal("2.00")
    d.respond("o1", reason="price")
    assert d.request().market.ceiling.price == Decimal("2.00")
