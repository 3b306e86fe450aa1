"""What happens to needs and offers when clauses begin and end."""

from datetime import date

import pytest

from dibs.procedure.commands import AdoptAgreement, DeclareTrigger, SubmitRequest
from dibs.procedure.events import VersionBegan
from dibs.procedure.procedure import handle
from dibs.procedure.state import State
from dibs.testing.builders import amendment, at, compiled, exclusive, pre_emption, request, trigger
from dibs.testing.desk import Desk


def desk(*clauses, amendments=(), on="2025-03-01", **fields):
    made = Desk(compiled(*clauses, amendments=amendments, **fields), on)
    made.capacity("borealis-east", 50_000)
    made.capacity("cinder-west", 50_000)
    return made


def ending(running="continue", on="2025-04-01"):
    return desk(pre_emption(), amendments=(amendment("end", on, ends=("first-refusal",), running=running),))


@pytest.mark.statement("S02", "A10")
def test_every_boundary_says_which_version_is_in_force():
    d = desk(pre_emption(until="2025-06-01"), amendments=(amendment("one", "2025-04-01"), amendment("two", "2025-05-01", signed="2025-04-15")))
    d.wait("2025-07-01")
    assert [(e.at, e.version) for e in d.happened(VersionBegan)] == [
        (at("2025-03-01"), "deal"),
        (at("2025-04-01"), "one"),
        (at("2025-04-15"), "one"),
        (at("2025-05-01"), "two"),
        (at("2025-06-01"), "two"),
    ]


@pytest.mark.statement("R27")
def test_a_need_that_is_only_held_is_released_with_its_right():
    d = ending()
    d.submit(request())
    d.wait("2025-04-01")
    assert d.kinds == ["VersionBegan", "RightEnded"]
    assert (d.request().status, d.request().clause) == ("submitted", "")
    d.propose("g1", "cinder-west", 5000)
    assert d.kinds == ["Granted"]


@pytest.mark.statement("R27")
def test_a_notice_that_was_served_keeps_its_window():
    d = ending()
    d.submit(request())
    d.serve("o1", on="2025-03-20")
    d.propose("g1", "cinder-west", 5000, on="2025-04-02")
    assert d.refused == ["must_offer"]
    d.respond("o1", 3000, on="2025-04-18")
    assert d.kinds == ["RightExercised", "Granted", "RightEnded"]
    assert (d.request().granted, d.request().clause) == (3000, "")
    d.propose("g2", "cinder-west", 2000, price=d.offer().terms.price * 2)
    assert d.kinds == ["Granted"], "the right is gone, and its ceiling with it"


@pytest.mark.statement("R27")
def test_a_running_window_lapses_at_its_own_deadline_after_the_right_has_ended():
    d = ending()
    d.submit(request())
    d.serve("o1", on="2025-03-20")
    d.wait("2025-06-01")
    assert d.kinds == ["VersionBegan", "RightLapsed", "RightEnded"]
    assert d.said[1].at == at("2025-04-19")


@pytest.mark.statement("R27")
def test_a_running_window_is_void_where_the_amendment_says_so():
    d = ending("void")
    d.submit(request())
    d.serve("o1", on="2025-03-20")
    d.wait("2025-04-01")
    assert d.kinds == ["VersionBegan", "OfferVoided", "RightEnded"]
    d.respond("o1", 5000)
    assert d.refused == ["offer_over"]


@pytest.mark.statement("R27")
def test_a_defective_notice_is_a_draft_and_goes_with_its_right():
    d = ending()
    d.submit(request())
    d.serve("o1", price=None)
    d.wait("2025-04-01")
    assert d.kinds == ["VersionBegan", "OfferVoided", "RightEnded"]


@pytest.mark.statement("R27")
def test_a_market_that_was_open_stays_open_without_ceiling():
    d = ending()
    d.submit(request())
    d.serve("o1")
    d.respond("o1", reason="price", on="2025-03-10")
    d.wait("2025-04-01")
    assert d.request().market.quantity == 0
    assert d.request().loose == 5000
    d.propose("g1", "cinder-west", 5000, price=d.offer().terms.price * 2)
    assert d.kinds == ["Granted"]


@pytest.mark.statement("S01", "S02", "S03")
def test_a_need_from_before_the_right_is_bound_once_it_begins():
    right = pre_emption()
    d = desk(exclusive(), amendments=(amendment("m4", "2025-04-01", ends=("exclusive",), adds=(right,)),))
    d.submit(request())
    assert d.request().status == "submitted"
    d.propose("g1", "cinder-west", 5000)
    assert d.refused[0] == "exclusive_elsewhere"
    d.wait("2025-04-01")
    assert d.kinds == ["VersionBegan", "RequestHeld"]
    d.propose("g2", "cinder-west", 5000)
    assert d.refused == ["must_offer"]


@pytest.mark.statement("S12", "S30")
def test_a_clause_restated_under_its_id_goes_on():
    d = desk(pre_emption(), amendments=(amendment("longer", "2025-04-01", replaces=(pre_emption(minimum_lot=6000),)),))
    d.submit(request("r1", quantity=7000, start_latest=at("2026-01-01")))
    d.submit(request("r2", quantity=5000, purpose="small"))
    d.wait("2025-04-01")
    assert d.request("r1").status == "held"
    assert d.request("r2").status == "submitted", "under the new minimum lot"


@pytest.mark.statement("A14")
def test_a_document_that_does_not_bind_changes_nothing():
    memo = amendment("memo", "2025-04-01", ends=("first-refusal",), binding=False)
    d = desk(pre_emption(), amendments=(memo,))
    d.submit(request())
    d.wait("2025-05-01")
    assert d.request().status == "held"
    assert {e.version for e in d.happened(VersionBegan)} == {"deal"}


@pytest.mark.statement("S02")
def test_an_amendment_is_unknown_before_it_is_signed_even_for_days_it_reaches_back_to():
    d = desk(exclusive(), amendments=(amendment("late", "2025-04-01", signed="2025-05-01", ends=("exclusive",)),))
    d.submit(request())
    d.propose("g1", "cinder-west", 5000, on="2025-04-15")
    assert d.refused[0] == "exclusive_elsewhere"
    d.propose("g2", "cinder-west", 5000, on="2025-05-01")
    assert d.kinds[-1] == "Granted"


def test_a_right_that_a_trigger_ends_releases_what_it_held():
    d = desk(pre_emption(), trigger("agi", ends=("first-refusal",)))
    d.submit(request())
    d.say(DeclareTrigger(by="aster", trigger="agi"))
    assert d.kinds == ["TriggerDeclared", "TriggerFired", "RightEnded"]
    d.propose("g1", "cinder-west", 5000)
    assert d.kinds == ["Granted"]


def test_a_later_text_takes_the_place_of_the_first():
    before, after = compiled(pre_emption()), compiled(pre_emption(minimum_lot=6000))
    d = Desk(before)
    d.submit(request())
    d.agreement = after
    d.submit(request("r2"))
    assert d.refused == ["other_agreement"]
    d.say(AdoptAgreement(by="aster", digest=after.agreement.digest))
    assert d.kinds == ["AgreementAdopted", "VersionBegan", "RightEnded"]
    d.say(AdoptAgreement(by="aster", digest=after.agreement.digest))
    assert d.kinds == ["CommandRepeated"]
    d.say(AdoptAgreement(by="aster", digest="something else"))
    assert d.refused == ["other_agreement"]


def test_nothing_is_heard_before_an_agreement_is_adopted():
    events = handle(State(), SubmitRequest(by="aster", request=request()), agreement=compiled(), at=at("2025-03-01"))
    assert [b.code for e in events for b in e.because] == ["no_agreement"]


def test_days_begin_in_the_agreements_zone():
    amended = (amendment("end", date(2025, 4, 1), ends=("first-refusal",)),)
    d = desk(pre_emption(), amendments=amended, time_zone="America/New_York")
    d.submit(request())
    d.wait("2025-04-01T03:59:59Z")
    assert d.request().status == "held"
    d.wait("2025-04-01T04:00:00Z")
    assert d.request().status == "submitted"
