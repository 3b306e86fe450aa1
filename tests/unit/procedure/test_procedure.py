"""The five functions: purity, order, the clock, and that the events are all there is."""

import inspect
import typing
from dataclasses import fields

import msgspec
import pytest

from dibs.contract.model import PreEmption
from dibs.decisions import completeness, judge, richer
from dibs.procedure import agreed, answers, capacity, commands, events, needs, notices, placing, procedure, versions, watching
from dibs.procedure.commands import AnyCommand, ConfirmDelivery, ProposeGrant, RecordSignal, Respond, SubmitRequest, Wake
from dibs.procedure.intents import AnswerOffer, AskHolder, CoverDefault, Deliver, PlaceElsewhere, RuleOn, Verify
from dibs.procedure.procedure import ORDER, apply, due, handle, outstanding, replay
from dibs.procedure.refusals import Refusal
from dibs.procedure.state import State
from dibs.procedure.timers import RANK
from dibs.testing.builders import ambiguous, amendment, at, compiled, pre_emption, reading, request, terms, trigger
from dibs.testing.desk import Desk


def desk(*clauses, **fields):
    made = Desk(compiled(*(clauses or (pre_emption(),)), **fields))
    for host in ("borealis-east", "cinder-west"):
        made.capacity(host, 10_000)
    return made


def busy():
    d = desk()
    d.submit(request())
    d.serve("o1")
    d.respond("o1", 3000)
    d.propose("g1", "cinder-west", 1000)
    d.submit(request("r2", purpose="b"))
    d.serve("o2", "r2")
    return d


@pytest.mark.statement("R30")
def test_replaying_the_events_gives_the_same_state():
    d = busy()
    d.wait("2026-09-01")
    assert replay(d.history) == d.state


def test_handle_changes_nothing_and_says_the_same_again():
    d = busy()
    before = msgspec.json.encode(
        {name: repr(getattr(d.state, name)) for name in d.state.__struct_fields__ if name != "timers"} | {"timers": sorted(d.state.timers.at.items())}
    )
    said = [handle(d.state, Wake(by="clock"), agreement=d.agreement, at=at("2026-09-01")) for _ in range(2)]
    after = msgspec.json.encode(
        {name: repr(getattr(d.state, name)) for name in d.state.__struct_fields__ if name != "timers"} | {"timers": sorted(d.state.timers.at.items())}
    )
    assert before == after
    assert said[0] == said[1]
    assert len(said[0]) > 3


def test_apply_changes_its_state_and_returns_it():
    d = busy()
    event = handle(d.state, Wake(by="clock"), agreement=d.agreement, at=at("2025-04-01"))[0]
    assert apply(d.state, event) is d.state
    assert d.state.now == event.at


def test_a_clock_that_goes_back_is_refused():
    d = desk()
    d.submit(request(), on="2025-03-05")
    d.submit(request("r2"), on="2025-03-04")
    assert d.refused == ["clock_went_back"]
    assert d.state.now == at("2025-03-05")
    assert "r2" not in d.state.requests


def test_the_state_waits_for_what_is_due_next():
    d = desk()
    assert due(d.state) is None
    d.submit(request())
    assert due(d.state) == at("2025-12-01") + 1
    d.serve("o1")
    assert due(d.state) == at("2025-03-31")
    d.wait("2025-03-31")
    assert due(d.state) == at("2025-06-29")


def test_a_late_wake_lets_everything_happen_at_its_own_instant_in_its_order():
    d = desk(amendments=(amendment("end", "2025-05-01", ends=("first-refusal",)),))
    d.submit(request())
    d.serve("o1")
    d.wait("2026-03-01")
    assert [(type(e).__name__, e.at) for e in d.said] == [
        ("RightLapsed", at("2025-03-31")),
        ("MarketOpened", at("2025-03-31")),
        ("VersionBegan", at("2025-05-01")),
        ("RightEnded", at("2025-05-01")),
        ("RequestExpired", at("2025-12-01") + 1),
    ]


def test_any_command_lets_happen_first_what_was_due_before_it():
    d = desk()
    d.submit(request())
    d.serve("o1")
    d.submit(request("r2", purpose="b"), on="2025-03-31")
    assert d.kinds == ["RightLapsed", "MarketOpened", "RequestSubmitted", "RequestHeld"]


@pytest.mark.statement("R6", "R27")
def test_one_instant_has_an_order():
    """Ends, answers, lapses, amendments, arrivals, placing: all in the second in which the right ends."""
    d = desk(amendments=(amendment("end", "2025-03-31", ends=("first-refusal",), running="void"),))
    d.submit(request("r1", purpose="a"))
    d.submit(request("r2", purpose="b"))
    d.serve("o1", "r1")
    d.serve("o2", "r2", respond_within=60 * 86_400)
    d.respond("o2", 5000, on="2025-03-31")
    assert d.kinds == ["RightExercised", "Granted"], "the answer comes before the amendment that would void the window"
    d.submit(request("r3", purpose="c"))
    assert d.kinds == ["RightLapsed", "MarketOpened", "VersionBegan", "RightEnded", "RequestSubmitted"]


def test_what_ends_in_an_instant_is_free_in_it():
    d = desk()
    d.submit(request("r1", quantity=900, purpose="a", months=1))
    d.propose("g1", "cinder-west", 900, "r1")
    d.capacity("cinder-west", 900)
    ends = d.grant("g1").ends
    d.submit(request("r2", quantity=900, purpose="b", months=1))
    d.say(ProposeGrant(by="aster", grant="g2", request="r2", host="cinder-west", quantity=900, terms=terms(starts=ends, ends=ends + 60)), ends)
    assert d.kinds == ["GrantDelayed", "GrantEnded", "Granted"]


def test_the_order_of_commands_is_that_of_the_timers():
    assert ORDER[Respond] < RANK["lapse"]
    assert RANK["end"] < ORDER[Respond]
    assert RANK["lapse"] < RANK["boundary"] < ORDER[ProposeGrant] < ORDER[Wake]


def test_who_has_to_do_what_is_asked_of_the_state():
    d = desk()
    d.submit(request(quantity=10, purpose="small"))
    assert [type(i) for i in outstanding(d.state)] == [PlaceElsewhere]
    d.submit(request("r2", purpose="b"))
    d.serve("o2", "r2", price=None)
    todo = outstanding(d.state)[1]
    assert isinstance(todo, AskHolder)
    assert (todo.request, todo.quantity, todo.lacking) == ("r2", 5000, ("price",))
    d.serve("o2", "r2")
    assert outstanding(d.state)[1] == AnswerOffer(by="borealis", offer="o2", request="r2", respond_by=at("2025-03-31"))
    d.respond("o2", 3000)
    market, lot = outstanding(d.state)[1:]
    assert isinstance(market, PlaceElsewhere)
    assert (market.quantity, market.until) == (2000, at("2025-05-30"))
    assert isinstance(lot, Deliver)
    d.say(ConfirmDelivery(by="borealis", grant="o2@borealis-east", quantity=1000))
    assert [i.quantity for i in outstanding(d.state) if isinstance(i, Deliver)] == [2000]
    d.wait("2025-07-01")
    assert [i.quantity for i in outstanding(d.state) if isinstance(i, CoverDefault)] == [2000]


def test_open_questions_are_outstanding():
    d = desk(ambiguous(pre_emption(), reading("asleep", applies=False)), trigger("agi", ends=(), verified_by="panel"))
    d.submit(request())
    d.say(commands.DeclareTrigger(by="aster", trigger="agi"))
    assert [type(i) for i in outstanding(d.state)] == [RuleOn, Verify]
    assert [i.key for i in outstanding(d.state)] == ["RuleOn r1", "Verify agi"]


def test_every_command_is_answered():
    d = desk()
    d.submit(request())
    d.serve("o1")
    for kind in typing.get_args(AnyCommand):
        if kind is Wake:
            continue
        command = msgspec.convert({"type": kind.__name__, **_anything(kind)}, kind)
        assert handle(d.state, command, agreement=d.agreement, at=d.now), kind


def _anything(kind):
    """A command of a kind with something in each of its fields."""
    values = {
        "request": {"r1": "unknown"},
        "terms": {},
        "quantity": 1,
        "seconds": 1,
        "accelerator_hours": 1,
        "starts": 1,
        "ends": 2,
        "since": 1,
        "until": 2,
        "steps": [],
        "value": "1",
        "confirmed": True,
        "able": True,
        "willing": True,
        "cause": "regulator",
        "answer": "permitted",
    }
    out = {f.name: values.get(f.name, "unknown") for f in msgspec.structs.fields(kind) if f.required}
    if "request" in out:
        out["request"] = msgspec.to_builtins(request(party="nobody")) if kind is SubmitRequest else "unknown"
    return out


def test_every_event_survives_its_journal():
    d = busy()
    d.wait("2026-09-01")
    encoded = msgspec.json.encode(d.history)
    decoded = msgspec.json.decode(encoded, type=list[events.AnyEvent])
    assert decoded == d.history
    assert replay(decoded) == d.state


def test_every_parameter_of_a_right_is_used_somewhere():
    source = "".join(inspect.getsource(m) for m in (agreed, answers, capacity, needs, notices, placing, judge, richer, completeness))
    own = {f.name for f in fields(PreEmption)} - {f.name for f in fields(PreEmption.__mro__[1])}
    barrier = {"barrier"}  # read by `Compiled.barrier`
    assert [name for name in sorted(own - barrier) if f".{name}" not in source] == []


def test_a_refusal_says_whether_asking_again_can_help():
    assert Refusal.NO_ROOM.again
    assert not Refusal.NOT_ENTITLED.again
    assert all(isinstance(code.again, bool) for code in Refusal)


def test_every_refusal_is_used():
    source = "".join(inspect.getsource(m) for m in (answers, capacity, needs, notices, placing, procedure, versions, watching))
    assert [code.name for code in Refusal if f"Refusal.{code.name}" not in source] == []


def test_figures_of_nobody_are_refused():
    d = desk()
    d.say(RecordSignal(by="aster", party="nobody", signal="profit", value=1, unit="USD", since=1, until=2))
    assert d.refused == ["unknown_party"]


def test_two_states_are_equal_if_the_same_is_true_in_them():
    assert State() == State()
    assert busy().state == busy().state
    assert busy().state != desk().state
