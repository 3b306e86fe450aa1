"""Needs: what a buyer asks for, whom it has to ask first, and when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.contract.model import PreEmption
from dibs.decisions.decision import Answer
from dibs.procedure.agreed import because, length
from dibs.procedure.events import (
    Because,
    DoubtEnded,
    OfferVoided,
    OfferWithdrawn,
    RequestCancelled,
    RequestDenied,
    RequestExpired,
    RequestHeld,
    RequestSubmitted,
    RequestUndetermined,
    RequestUnfilled,
    RightEnded,
    Ruled,
)
from dibs.procedure.refusals import Refusal
from dibs.procedure.state import case_of
from dibs.quantities import iso

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dibs.contract.terms import CapacityRequest
    from dibs.procedure.commands import CancelRequest, Rule, SubmitRequest
    from dibs.procedure.hearing import Hearing
    from dibs.procedure.state import Request
    from dibs.quantities import Instant

AT_HOME = frozenset({"on_holder_platform", "sub_supply_counts"})
"""Reasons of a permitted verdict that only say that the host is the holder's."""


def submit(hearing: Hearing, command: SubmitRequest) -> None:
    """Record a need, and say whether somebody has to be asked first."""
    asked, state, agreed = command.request, hearing.state, hearing.agreed
    before = state.requests.get(asked.id)
    if before is not None:
        if before.asked == asked:
            hearing.repeat(asked.id)
        else:
            hearing.refuse(asked.id, Refusal.ID_TAKEN)
        return
    parties, classes = agreed.compiled.agreement.parties, agreed.compiled.agreement.workload_classes
    if asked.party not in parties:
        hearing.refuse(asked.id, Refusal.UNKNOWN_PARTY, have=asked.party)
    elif not agreed.acts_for(command.by, asked.party):
        hearing.refuse(asked.id, Refusal.NOT_ENTITLED, need=asked.party, have=command.by)
    elif asked.workload_class not in classes:
        hearing.refuse(asked.id, Refusal.UNKNOWN_CLASS, have=asked.workload_class)
    elif asked.quantity < 1 or not 1 <= asked.minimum_quantity <= asked.quantity or length(asked) <= 0:
        hearing.refuse(asked.id, Refusal.NOT_POSITIVE)
    elif asked.start_latest < max(asked.start_earliest, hearing.at):
        hearing.refuse(asked.id, Refusal.TOO_LATE, need=iso(max(asked.start_earliest, hearing.at)), have=iso(asked.start_latest))
    else:
        _record(hearing, asked)


def _record(hearing: Hearing, asked: CapacityRequest) -> None:
    agreed = hearing.agreed
    buyers = tuple(agreed.buyers(asked.party))
    case = case_of(buyers[-1], asked)
    answer, right, reasons = _find_right(hearing, asked, hearing.at)
    clause, holder = (right.id, agreed.holder(right)) if right else ("", "")
    joined = [*_joined(hearing, right, hearing.state.cases.get(case, ""))] if right else []
    hearing.say(RequestSubmitted(at=hearing.at, because=reasons, request=asked, clause=clause, holder=holder, case=case, buyers=buyers))
    if answer is Answer.UNDETERMINED:
        hearing.say(RequestUndetermined(at=hearing.at, because=reasons, request=asked.id))
    elif answer is Answer.REFUSED:
        hearing.say(RequestDenied(at=hearing.at, because=reasons, request=asked.id))
    elif answer is Answer.OFFER_FIRST:
        hearing.say(RequestHeld(at=hearing.at, because=reasons, request=asked.id, clause=clause, holder=holder))
    for name, why in joined:
        hearing.say(RequestHeld(at=hearing.at, because=why, request=name, clause=clause, holder=holder, together=True))


def _find_right(
    hearing: Hearing, asked: CapacityRequest, submitted_at: Instant, *, together: bool = False
) -> tuple[Answer, PreEmption | None, tuple[Because, ...]]:
    """What has to happen to a need before it goes anywhere, under which right, and why.

    A right binds if it covers the need and there is a host on which it bites; otherwise the need is free, or nobody may
    take it (refused), or the clauses do not say (undetermined).
    """
    agreed = hearing.agreed
    rights = agreed.rights_over(asked, submitted_at, together=together)
    right = rights[0] if rights else None
    lot = max(agreed.lot(asked, submitted_at, right), right.minimum_lot) if right else asked.quantity
    hosts = agreed.candidates(asked)
    if asked.own_build:
        built = (agreed.verdict(asked, h.id, asked.quantity) for h in hosts if h.own_build)
        consented = next((v for v in built if v.answer is Answer.PERMITTED), None)
        if consented:
            return Answer.PERMITTED, None, because(consented, asked.quantity)
    elsewhere = [h for h in hosts if right is None or agreed.is_alternate(h, agreed.holder(right))]
    verdicts = [agreed.verdict(asked, h.id, lot) for h in elsewhere]
    answers = {v.answer for v in verdicts}
    if right and (not verdicts or Answer.OFFER_FIRST in answers):
        covering = next((v for v in verdicts if v.answer is Answer.OFFER_FIRST), None)
        return Answer.OFFER_FIRST, right, because(covering, lot) if covering else (Because(code="must_offer", clause=right.id),)
    if verdicts and answers <= {Answer.UNDETERMINED, Answer.REFUSED}:
        # A host on which it is refused does not make it free; one where nobody can say has to be ruled on.
        doubtful = next((v for v in verdicts if v.answer is Answer.UNDETERMINED), None)
        if doubtful:
            return Answer.UNDETERMINED, None, because(doubtful, lot)
        if len(elsewhere) == len(hosts):
            return Answer.REFUSED, None, because(verdicts[0], lot)
    allowed = [v for v in verdicts if v.answer is Answer.PERMITTED]
    # Why it is free elsewhere says more than that the holder's own platform is always free.
    telling = [v for v in allowed if v.reasons and str(v.reasons[0].code) not in AT_HOME] or allowed
    return Answer.PERMITTED, None, because(telling[0], lot) if telling else ()


def _joined(hearing: Hearing, right: PreEmption, previous: str) -> Iterator[tuple[str, tuple[Because, ...]]]:
    """The earlier needs of a case that has grown to the minimum lot, as far as they are still loose: they are held too (R16).

    One that is bound by itself has held those before it when it came, so there is no need to look further.
    """
    state, since = hearing.state, hearing.at - int(right.look_back.total_seconds())
    while previous:
        request = state.requests[previous]
        if request.submitted_at <= since or (request.clause == right.id and not request.together):
            break
        if previous in state.live and not request.clause and not request.undetermined and request.ruling != "permitted" and request.loose:
            answer, found, reasons = _find_right(hearing, request.asked, request.submitted_at, together=True)
            if answer is Answer.OFFER_FIRST and found and found.id == right.id:
                yield previous, reasons
        previous = request.previous


def hold(hearing: Hearing, request: str, right: PreEmption, reasons: tuple[Because, ...] = ()) -> None:
    """Lock the need: its holder has to be asked first."""
    holder = hearing.agreed.holder(right)
    hearing.say(RequestHeld(at=hearing.at, because=reasons, request=request, clause=right.id, holder=holder))


def reconsider(hearing: Hearing, void: frozenset[str] = frozenset()) -> None:
    """Clauses have begun or ended: release what is no longer bound, hold what is bound now.

    Running windows continue (R27), except under the clauses of `void`; a draft, which is a need that is held or a
    notice that is defective, is released with its right.
    """
    for name in [*hearing.state.live]:
        request = hearing.state.requests[name]
        if request.undetermined:
            answer, right, reasons = _find_right(hearing, request.asked, request.submitted_at, together=request.together)
            if answer is Answer.UNDETERMINED:
                continue
            hearing.say(DoubtEnded(at=hearing.at, because=reasons, request=name))
            if answer is Answer.REFUSED and not request.clause:
                hearing.say(RequestDenied(at=hearing.at, because=reasons, request=name))
                continue
            request = hearing.state.requests[name]
        offer = hearing.state.offers.get(request.offer)
        if offer and offer.status == "open" and request.clause not in void:
            continue
        if request.clause and not bound(hearing, request):
            if offer:
                hearing.say(OfferVoided(at=hearing.at, offer=offer.offer, request=name, why="the right ended"))
            end_right(hearing, name)
            request = hearing.state.requests[name]
        if not request.clause and request.ruling != "permitted" and request.loose:
            answer, right, reasons = _find_right(hearing, request.asked, request.submitted_at, together=request.together)
            if answer is Answer.OFFER_FIRST and right:
                hold(hearing, name, right, reasons)


def bound(hearing: Hearing, request: Request) -> bool:
    """Whether the right that holds a need still does: by what the clauses say, or by what a person ruled about a clause in force."""
    agreed = hearing.agreed
    right = agreed.clause(request.clause, PreEmption)
    if right is None or not agreed.binds(right):
        return False
    if request.ruling == "offer_first":
        return True
    rights = agreed.rights_over(request.asked, request.submitted_at, together=request.together)
    return any(r.id == request.clause for r in rights)


def end_right(hearing: Hearing, name: str) -> None:
    """The right over a need ended: what is loose or on the market is free, with no ceiling."""
    request = hearing.state.requests[name]
    reasons = (Because(code="right_ended", clause=request.clause),)
    hearing.say(RightEnded(at=hearing.at, because=reasons, request=name, quantity=request.loose + request.market.quantity))


def give_up_remainder(hearing: Hearing, name: str) -> bool:
    """A remainder that is too small to be of use goes unfilled.  Says whether that happened."""
    request = hearing.state.requests[name]
    rest = request.loose + request.market.quantity
    if not rest or request.offered or rest >= request.asked.minimum_quantity:
        return False
    reasons = (Because(code=str(Refusal.LESS_THAN_USEFUL), need=str(request.asked.minimum_quantity), have=str(rest)),)
    hearing.say(RequestUnfilled(at=hearing.at, because=reasons, request=name, quantity=rest))
    return True


def cancel(hearing: Hearing, command: CancelRequest) -> None:
    """Give a need up; what has been granted stays granted."""
    request = hearing.state.requests.get(command.request)
    if request is None:
        hearing.refuse(command.request, Refusal.UNKNOWN_REQUEST)
    elif not hearing.agreed.acts_for(command.by, request.asked.party):
        hearing.refuse(command.request, Refusal.NOT_ENTITLED, need=request.asked.party, have=command.by)
    elif request.status == "cancelled":
        hearing.repeat(command.request)
    elif command.request not in hearing.state.live:
        hearing.refuse(command.request, Refusal.REQUEST_OVER, have=request.status)
    elif request.offer and hearing.state.offers[request.offer].matched:
        hearing.refuse(command.request, Refusal.OFFER_OVER, have="matched")
    else:
        if request.offer:
            watch = hearing.at + int(hearing.agreed.right(request.clause).look_back.total_seconds())
            hearing.say(OfferWithdrawn(at=hearing.at, offer=request.offer, request=command.request, watch_until=watch))
        hearing.say(RequestCancelled(at=hearing.at, request=command.request))


def expire(hearing: Hearing, name: str) -> None:
    """The latest start has passed."""
    request = hearing.state.requests[name]
    if request.offer:
        hearing.say(OfferVoided(at=hearing.at, offer=request.offer, request=name, why="the need's latest start has passed"))
        request = hearing.state.requests[name]
    rest = request.wanted - request.cover.quantity
    if request.granted or request.cover.quantity:
        hearing.say(RequestUnfilled(at=hearing.at, request=name, quantity=rest))
    else:
        hearing.say(RequestExpired(at=hearing.at, request=name, quantity=rest))


def rule(hearing: Hearing, command: Rule) -> None:
    """A person decides what the agreement leaves open, for one need."""
    request = hearing.state.requests.get(command.request)
    if request is None:
        hearing.refuse(command.request, Refusal.UNKNOWN_REQUEST)
        return
    if not request.undetermined:
        if request.ruling == command.answer:
            hearing.repeat(command.request)
        else:
            hearing.refuse(command.request, Refusal.NOT_UNDETERMINED, have=request.ruling)
        return
    right = _right_for_ruling(hearing, request) if command.answer == "offer_first" else None
    if command.answer == "offer_first" and right is None:
        hearing.refuse(command.request, Refusal.NOT_COVERED)
        return
    hearing.say(Ruled(at=hearing.at, request=command.request, answer=command.answer, by=command.by, why=command.because))
    request = hearing.state.requests[command.request]
    if right and not request.clause:
        hold(hearing, command.request, right, (Because(code="ruled", clause=right.id),))
    if command.answer == "refused" and not request.clause and not _has_a_home(hearing, request.asked):
        hearing.say(RequestDenied(at=hearing.at, because=(Because(code="ruled"),), request=command.request))


def _has_a_home(hearing: Hearing, asked: CapacityRequest) -> bool:
    """Whether there is a host on which nothing is in doubt."""
    agreed = hearing.agreed
    answers = {agreed.verdict(asked, host.id, asked.quantity).answer for host in agreed.candidates(asked)}
    return not answers.isdisjoint({Answer.PERMITTED, Answer.OFFER_FIRST})


def _right_for_ruling(hearing: Hearing, request: Request) -> PreEmption | None:
    """The right that a ruling can say binds a need: the first for its class and buyer, whatever else is doubtful."""
    buyers = [*hearing.agreed.buyers(request.asked.party)]
    rights = hearing.agreed.of_kind(PreEmption)
    return next((r for r in rights if request.asked.workload_class in r.classes and r.grantor in buyers), None)
