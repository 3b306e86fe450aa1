"""What happens next: the offer procedure as five pure functions over one state machine.

    handle(state, command, *, agreement, at) -> events      all the judgement; pure
    apply(state, event) -> state                            no judgement; the only writer (`effects`)
    replay(events) -> state                                 the only way a state is ever made
    due(state) -> instant | None                            "wake me then": how pure code waits
    outstanding(state) -> intents                           what somebody still has to do in the world (`intents`)

A command is heard in three steps.  First everything that was due by itself before it happens, at its own instant and
in the order of one instant (`timers`).  Then the command is judged, by the module that knows its subject: `needs`,
`notices`, `answers`, `placing`, `capacity`, `watching`, `versions`.  Each of them says event after event on a supposed
state.  The events are the answer; whoever asked applies them.

**One instant has an order**: reservations that end, answers, lapses, amendments, arrivals, placing.  An answer at the
very deadline is late.  A clock that goes back is refused.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never

from dibs.procedure import answers, capacity, needs, notices, placing, versions, watching
from dibs.procedure.commands import (
    AcceptCounter,
    AdoptAgreement,
    AnnounceLaunch,
    AnyCommand,
    AssignRight,
    CancelRequest,
    ChangeTerms,
    ConfirmDelivery,
    DeclareAbility,
    DeclareCapacity,
    DeclareTrigger,
    GrantAccess,
    ProposeGrant,
    ReadNotice,
    RecordSignal,
    ReleaseGrant,
    ReportUsage,
    Respond,
    Rule,
    ServeNotice,
    SubmitRequest,
    TollOffer,
    VerifyTrigger,
    WaiveRight,
    Wake,
    WithdrawOffer,
)
from dibs.procedure.effects import apply
from dibs.procedure.events import RequestUnfilled, RightRevived
from dibs.procedure.hearing import Hearing
from dibs.procedure.intents import outstanding
from dibs.procedure.refusals import Refusal
from dibs.procedure.state import State
from dibs.procedure.timers import ANSWERS, ARRIVALS, LAST, PLACING
from dibs.quantities import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dibs.decisions.compile import Compiled
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.timers import Timer
    from dibs.quantities import Instant

__all__ = ["ORDER", "apply", "due", "handle", "outstanding", "replay"]

ORDER: Mapping[type, int] = MappingProxyType({Respond: ANSWERS, ProposeGrant: PLACING, Wake: LAST})
"""Where in the order of its instant a command is heard; every other one is an arrival."""


def handle(state: State, command: AnyCommand, *, agreement: Compiled, at: Instant) -> tuple[AnyEvent, ...]:
    """Judge a command: the events that follow from it, and from what was due before it.  Nothing is changed."""
    hearing = Hearing(state, agreement, command, max(at, state.now))
    adopting = isinstance(command, AdoptAgreement)
    if at < state.now:
        hearing.refuse(_subject(command), Refusal.CLOCK_WENT_BACK, need=iso(state.now), have=iso(at))
    elif not state.digest and not adopting:
        hearing.refuse(_subject(command), Refusal.NO_AGREEMENT)
    elif state.digest != agreement.agreement.digest and not adopting:
        hearing.refuse(_subject(command), Refusal.OTHER_AGREEMENT, need=state.digest, have=agreement.agreement.digest)
    else:
        _let_pass(hearing, at, ORDER.get(type(command), ARRIVALS))
        hearing.at = at
        _hear(hearing, command)
    return tuple(hearing.events)


def replay(events: Iterable[AnyEvent]) -> State:
    """The state that a history leads to."""
    state = State()
    for event in events:
        apply(state, event)
    return state


def due(state: State) -> Instant | None:
    """When something happens next without anybody saying anything; nothing, if nothing will."""
    first = state.timers.first()
    return first[0] if first else None


def _let_pass(hearing: Hearing, at: Instant, rank: int) -> None:
    """Let happen what is due before a command of this rank at this instant: each at its own instant, however late this comes."""
    while (timer := hearing.state.timers.first()) is not None and (timer[0], timer[1]) < (at, rank):
        hearing.at = max(timer[0], hearing.state.now)
        _happen(hearing, timer)
        assert hearing.state.timers.first() != timer, f"{timer} was due and did not happen"  # noqa: S101 - a bug, loud


def _happen(hearing: Hearing, timer: Timer) -> None:
    """One thing that was due."""
    _, _, kind, name = timer
    match kind:
        case "end":
            capacity.end(hearing, name)
        case "lapse":
            answers.lapse(hearing, name)
        case "round":
            answers.end_round(hearing, name)
        case "market":
            quantity = hearing.state.requests[name].market.quantity
            hearing.say(RightRevived(at=hearing.at, request=name, quantity=quantity))
        case "cover":
            quantity = hearing.state.requests[name].cover.quantity
            hearing.say(RequestUnfilled(at=hearing.at, request=name, quantity=quantity, of_cover=True))
        case "default":
            capacity.default(hearing, name)
        case "delay":
            capacity.delay(hearing, name)
        case "expiry":
            needs.expire(hearing, name)
        case "boundary":
            versions.begin(hearing)
        case "suspension":
            versions.resume(hearing, name)
        case _:
            assert_never(kind)


def _hear(hearing: Hearing, command: AnyCommand) -> None:
    """Give the command to who knows its subject."""
    match command:
        case SubmitRequest():
            needs.submit(hearing, command)
        case CancelRequest():
            needs.cancel(hearing, command)
        case Rule():
            needs.rule(hearing, command)
        case ServeNotice():
            notices.serve(hearing, command)
        case WithdrawOffer():
            notices.withdraw(hearing, command)
        case ChangeTerms():
            notices.change_terms(hearing, command)
        case TollOffer():
            notices.toll(hearing, command)
        case GrantAccess():
            notices.grant_access(hearing, command)
        case ReadNotice():
            notices.read(hearing, command)
        case Respond():
            answers.respond(hearing, command)
        case AcceptCounter():
            answers.accept_counter(hearing, command)
        case WaiveRight():
            answers.waive(hearing, command)
        case AssignRight():
            answers.assign(hearing, command)
        case ProposeGrant():
            placing.propose(hearing, command)
        case DeclareCapacity():
            capacity.declare(hearing, command)
        case ConfirmDelivery():
            capacity.confirm(hearing, command)
        case ReleaseGrant():
            capacity.release(hearing, command)
        case ReportUsage():
            watching.report(hearing, command)
        case RecordSignal():
            watching.record(hearing, command)
        case DeclareTrigger():
            watching.declare(hearing, command)
        case VerifyTrigger():
            watching.verify(hearing, command)
        case AnnounceLaunch():
            watching.launch(hearing, command)
        case DeclareAbility():
            watching.state_ability(hearing, command)
        case AdoptAgreement():
            versions.adopt(hearing, command)
        case Wake():
            pass
        case _:
            assert_never(command)


def _subject(command: AnyCommand) -> str:
    """What a command is about: the id it names first."""
    match command:
        case SubmitRequest():
            return command.request.id
        case AdoptAgreement():
            return command.digest
        case Wake():
            return ""
        case _:
            named: object = getattr(command, command.__struct_fields__[1], "")
            return str(named)
