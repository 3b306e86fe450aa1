"""What an event makes true: the only place where the state is written.

`apply` has no judgement.  It asks neither the clock nor the agreement: every value that follows from an event stands in
the event, and all that is left to do here is to put it where it belongs and to count.  Whatever an event does to the
status of a thing is looked up in the table of `transitions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec.structs import replace

from dibs.procedure.events import (
    AbilityDeclared,
    AccessGranted,
    AgreementAdopted,
    AnswerLate,
    AnyEvent,
    BreachNoted,
    CapacityDeclared,
    CommandRefused,
    CommandRepeated,
    CounterAccepted,
    DeliveryConfirmed,
    DoubtEnded,
    EqualTermsOwed,
    GrantDelayed,
    Granted,
    GrantEnded,
    HolderDefaulted,
    MarketOpened,
    NoticeDefective,
    NoticeRead,
    OfferServed,
    OfferTolled,
    OfferVoided,
    OfferWithdrawn,
    ProductLaunched,
    PurposeDrifted,
    PurposeRestored,
    ReofferDue,
    RequestCancelled,
    RequestDenied,
    RequestExpired,
    RequestHeld,
    RequestSubmitted,
    RequestUndetermined,
    RequestUnfilled,
    RightAssigned,
    RightCountered,
    RightDeclined,
    RightEnded,
    RightExercised,
    RightLapsed,
    RightResumed,
    RightRevived,
    RightSpent,
    RightSuspended,
    RightWaived,
    RoundOpened,
    Ruled,
    SignalRecorded,
    TriggerDeclared,
    TriggerFired,
    TriggerRejected,
    UsageReported,
    VersionBegan,
)
from dibs.procedure.schedule import EVER, Schedule
from dibs.procedure.state import Book, Cover, Declared, Figure, Grant, Market, Offer, Request, State, Usage, case_of
from dibs.procedure.transitions import BACK, START, move

if TYPE_CHECKING:
    from dibs.quantities import Instant


def apply(state: State, event: AnyEvent) -> State:
    """Make an event true.  Changes `state` and returns it."""
    state.now = max(state.now, event.at)
    match event:
        # What happens a hundred thousand times a year stands first: cases are tried in order.
        case RequestSubmitted():
            _submit(state, event)
        case RequestHeld():
            request = state.requests[event.request]
            _keep(state, _moved(request, "RequestHeld"), clause=event.clause, holder=event.holder, together=event.together)
        case OfferServed():
            _serve(state, event)
        case RightExercised():
            happened = "RightExercised in part" if event.remainder else "RightExercised in full"
            _close(state, event.offer, happened, "RightExercised", taken=event.quantity)
        case RightDeclined():
            happened = "RightDeclined" if event.frees else "RightDeclined without effect"
            _close(state, event.offer, happened, happened, reason=event.reason)
        case RightLapsed():
            _close(state, event.offer, "RightLapsed", "RightLapsed")
        case MarketOpened():
            _open_market(state, event)
        case RightRevived():
            _close_market(state, event.request, "RightRevived")
        case Granted():
            _grant(state, event)
        case DeliveryConfirmed():
            _deliver(state, event)
        case GrantDelayed():
            _change(state, event.grant, "GrantDelayed")
            state.timers.stop("delay", event.grant)
        case GrantEnded():
            _end(state, event)
        case RequestUnfilled():
            _give_up(state, event)
        case RequestExpired():
            _give_up_all(state, event.request, "RequestExpired")

        # Needs.
        case RequestUndetermined():
            _keep(state, _moved(state.requests[event.request], "RequestUndetermined"), undetermined=True)
        case DoubtEnded():
            _keep(state, _moved(state.requests[event.request], "DoubtEnded"), undetermined=False)
        case Ruled():
            _keep(state, _moved(state.requests[event.request], "Ruled"), undetermined=False, ruling=event.answer)
        case RequestDenied():
            _give_up_all(state, event.request, "RequestDenied")
        case RequestCancelled():
            _give_up_all(state, event.request, "RequestCancelled")

        # Notices and answers.
        case NoticeDefective():
            _note_defect(state, event)
        case OfferTolled():
            _write(state, event.offer, "OfferTolled", respond_by=event.respond_by)
            state.timers.start("lapse", event.offer, event.respond_by)
        case AnswerLate():
            _write(state, event.offer, "AnswerLate")
        case RightCountered() if event.stands:
            _write(state, event.offer, "RightCountered, and the window runs on", counter=event.terms, counter_quantity=event.quantity)
        case RightCountered():
            _close(state, event.offer, "RightCountered", "RightCountered", counter=event.terms, counter_quantity=event.quantity)
        case CounterAccepted():
            _write(state, event.offer, "CounterAccepted", taken=event.quantity)
            if event.from_market:
                _take_from_market(state, state.requests[event.request], event.from_market, "CounterAccepted")
        case RoundOpened():
            _write(state, event.offer, "RoundOpened", matched=event.quantity)
            state.timers.start("round", event.offer, event.until)
        case RightWaived():
            if event.offer:
                _close(state, event.offer, "RightWaived", "RightWaived")
            else:
                _keep(state, _moved(state.requests[event.request], "RightWaived"))
        case OfferWithdrawn():
            _close(state, event.offer, "OfferWithdrawn", "OfferWithdrawn")
            case_ = state.requests[event.request].case
            state.watches = {**state.watches, case_: max(event.watch_until, state.watches.get(case_, 0))}
        case OfferVoided():
            _close(state, event.offer, "OfferVoided", "OfferVoided")

        # Rights.
        case ReofferDue():
            _close_market(state, event.request, "ReofferDue", reoffer=True)
        case RightEnded():
            _close_market(state, event.request, "RightEnded", clause="", holder="", reoffer=False)
        case RightSpent():
            state.suspended = {**state.suspended, event.clause: EVER}
        case RightSuspended():
            state.suspended = {**state.suspended, event.clause: event.until}
            state.timers.start("suspension", event.clause, event.until)
        case RightResumed():
            state.suspended = {clause: until for clause, until in state.suspended.items() if clause != event.clause}
            state.timers.stop("suspension", event.clause)
        case RightAssigned():
            _pass_on(state, event)

        # Capacity and reservations.
        case CapacityDeclared():
            _declare(state, event)
        case HolderDefaulted():
            _default(state, event)
        case EqualTermsOwed():
            if event.adjusted:
                state.grants[event.grant] = replace(state.grants[event.grant], price=event.price)

        # The agreement and what its clauses watch.
        case AgreementAdopted():
            state.digest = event.digest
            _await_boundary(state, event.boundaries, event.at)
        case VersionBegan():
            state.version = event.version
            _await_boundary(state, state.boundaries, event.at)
        case UsageReported():
            usage = Usage(event.starts, event.ends, event.workload_class, event.accelerator_hours)
            state.reports[event.report] = usage
            if event.watched_from:
                kept = [u for u in state.usage.get(event.host, ()) if u.ends > event.watched_from]
                state.usage = {**state.usage, event.host: (*kept, usage)}
        case PurposeDrifted():
            state.drifted = {**state.drifted, (event.clause, event.host): event.share}
        case PurposeRestored():
            state.drifted = {key: share for key, share in state.drifted.items() if key != (event.clause, event.host)}
        case SignalRecorded():
            key = (event.party, event.signal)
            figure = Figure(event.since, event.until, event.value, event.unit)
            state.signals = {**state.signals, key: (*state.signals.get(key, ()), figure)}
        case TriggerDeclared():
            state.declared = {**state.declared, event.trigger: Declared(event.at, event.by)}
        case TriggerRejected():
            state.declared = {trigger: d for trigger, d in state.declared.items() if trigger != event.trigger}
        case TriggerFired():
            state.fired = {**state.fired, event.trigger: event.at}
            state.declared = {trigger: d for trigger, d in state.declared.items() if trigger != event.trigger}
        case ProductLaunched():
            state.launches = {(event.launch, event.platform): event.at, **state.launches}
        case AbilityDeclared():
            state.abilities = {**state.abilities, (event.launch, event.holder): (event.able, event.willing)}
        case AccessGranted():
            state.readers |= {(event.holder, event.person)}
        case NoticeRead():
            if event.allowed:
                _write(state, event.offer, "NoticeRead", read=True)
        case CommandRefused() | CommandRepeated() | BreachNoted():
            pass
        case _:
            assert_never(event)
    return state


# Requests.


def _submit(state: State, event: RequestSubmitted) -> None:
    asked = event.request
    status = move("request", START["request"], "RequestSubmitted")
    previous = state.cases.get(event.case, "")
    state.cases[event.case] = asked.id
    request = Request(asked=asked, status=status, submitted_at=event.at, case=event.case, buyers=event.buyers, previous=previous)
    _keep(state, request)
    _count(state, request, asked.quantity)
    state.timers.start("expiry", asked.id, asked.start_latest + 1)


def _count(state: State, request: Request, quantity: int) -> None:
    """So much more, or less, was asked for in the cases of everybody who buys."""
    for buyer in request.buyers:
        case = case_of(buyer, request.asked)
        state.volumes[case] = state.volumes.get(case, Schedule()).plus(request.submitted_at, EVER, quantity)


def _moved(request: Request, happened: str) -> Request:
    """The request after something happened to it as a whole."""
    if request.cover.quantity and happened in BACK:
        happened = f"{happened}, and cover is due"
    status = move("request", request.status, happened)
    return request if status == request.status else replace(request, status=status)


def _keep(state: State, request: Request, **changes: object) -> None:
    """Write a request down; a need of which nothing is sought any more is no longer live."""
    if changes:
        request = replace(request, **changes)
    name = request.asked.id
    state.requests[name] = request
    if request.wanted == request.cover.quantity:
        state.timers.stop("expiry", name)
    if not request.wanted:
        state.live.pop(name, None)
    elif name not in state.live:
        state.live[name] = None


def _give_up_all(state: State, name: str, happened: str) -> None:
    """Nothing of the need is sought any more."""
    request = state.requests[name]
    market, cover = request.market, request.cover
    if cover.quantity:
        _owe(state, cover.holder, -cover.quantity)
    if happened != "RequestExpired":
        _count(state, request, -request.asked.quantity)
    _stop(state, name)
    _keep(
        state,
        _moved(request, happened),
        given_up=request.given_up + request.wanted,
        offered=0,
        undetermined=False,
        market=Market(status=_over(market.status, happened)),
        cover=Cover(status=_over(cover.status, happened)),
    )


def _over(aftermath: str, happened: str) -> str:
    """What follows a refusal is over when the need is."""
    if aftermath in {"none", "placed_alternate"}:
        return aftermath
    return move("aftermath", aftermath, "RequestUnfilled" if happened == "RequestDenied" else happened)


def _give_up(state: State, event: RequestUnfilled) -> None:
    """So much of the need is not sought any more."""
    name, request = event.request, state.requests[event.request]
    if event.of_cover:
        _owe(state, request.cover.holder, -event.quantity)
        state.timers.stop("cover", name)
        request = replace(request, cover=Cover(status=_over(request.cover.status, "RequestUnfilled")))
    elif request.market.quantity:
        state.timers.stop("market", name)
        request = replace(request, market=Market(status=_over(request.market.status, "RequestUnfilled")))
    request = replace(request, given_up=request.given_up + event.quantity)
    _keep(state, _moved(request, f"RequestUnfilled: {_left(request)}"))


def _left(request: Request) -> str:
    """What is left of a need of which some was lost, in the words of the table."""
    if request.granted:
        return "part granted"
    if not request.wanted:
        return "nothing left"
    if request.offered or request.market.quantity or request.cover.quantity:
        return "rest offered"
    return "rest held" if request.clause else "rest free"


def _stop(state: State, name: str) -> None:
    state.timers.stop("market", name)
    state.timers.stop("cover", name)


# Offers.


def _write(state: State, name: str, happened: str, **changes: object) -> Offer:
    """Write down what happened to an offer."""
    offer = state.offers[name]
    offer = replace(offer, status=move("offer", offer.status, happened), **changes)
    state.offers[name] = offer
    return offer


def _note_defect(state: State, event: NoticeDefective) -> None:
    before = state.offers.get(event.offer)
    state.offers[event.offer] = Offer(
        offer=event.offer,
        request=event.request,
        clause=event.clause,
        holder=event.holder,
        status=move("offer", before.status if before else START["offer"], "NoticeDefective"),
        terms=event.terms,
        served_at=event.at,
        missing=event.missing,
    )
    _keep(state, _with_offer(state.requests[event.request], event.offer, "NoticeDefective"))


def _serve(state: State, event: OfferServed) -> None:
    before = state.offers.get(event.offer)
    state.offers[event.offer] = Offer(
        offer=event.offer,
        request=event.request,
        clause=event.clause,
        holder=event.holder,
        status=move("offer", before.status if before else START["offer"], "OfferServed"),
        terms=event.terms,
        served_at=event.at,
        respond_by=event.respond_by,
        minimum_accept=event.minimum_accept,
        right=event.right,
        reoffer=event.reoffer,
        barrier=event.barrier,
        outside_price=event.outside_price,
    )
    request = _with_offer(state.requests[event.request], event.offer, "OfferServed")
    if request.market.status != "none":
        request = replace(request, market=Market(status=move("aftermath", request.market.status, "OfferServed")))
    _keep(state, request, offered=request.offered + (event.terms.quantity or 0), reoffer=False)
    state.timers.start("lapse", event.offer, event.respond_by)


def _with_offer(request: Request, offer: str, happened: str) -> Request:
    offers = request.offers if offer in request.offers else (*request.offers, offer)
    return replace(_moved(request, happened), offer=offer, offers=offers)


def _close(state: State, name: str, happened: str, to_request: str, **changes: object) -> None:
    """An offer has its outcome: its window is over, and what it offered belongs to the need again."""
    window = state.offers[name].status == "open"
    offer = _write(state, name, happened, **changes)
    state.timers.stop("lapse", name)
    state.timers.stop("round", name)
    request = state.requests[offer.request]
    if request.status in {"cancelled", "expired", "unfilled", "granted"}:
        return
    offered = request.offered - (offer.terms.quantity or 0) if window else request.offered
    _keep(state, _moved(request, to_request), offered=offered, offer="" if request.offer == name else request.offer)


def _pass_on(state: State, event: RightAssigned) -> None:
    """Who holds a right now holds what is live under it: the needs that it binds, and the notice that waits for an answer."""
    state.assigned = {**state.assigned, event.clause: event.to}
    for name in tuple(state.live):
        request = state.requests[name]
        if request.clause == event.clause:
            _keep(state, request, holder=event.to)
        offer = state.offers.get(request.offer)
        if offer is not None and offer.clause == event.clause:
            # Nobody of the new holder's has read it, whoever read it before.
            state.offers[offer.offer] = replace(offer, holder=event.to, read=False, barrier=offer.barrier or event.barrier)


# What follows a refusal.


def _open_market(state: State, event: MarketOpened) -> None:
    request = _moved(state.requests[event.request], "MarketOpened")
    market = Market(
        status=move("aftermath", request.market.status, "MarketOpened"),
        quantity=event.quantity,
        until=event.until,
        ceiling=event.ceiling,
        only_with=event.only_with,
    )
    _keep(state, request, market=market)
    state.timers.start("market", event.request, event.until)


def _close_market(state: State, name: str, happened: str, **changes: object) -> None:
    """What was free to go elsewhere belongs to the need again."""
    request = _moved(state.requests[name], happened)
    status = request.market.status
    if status != "none" or happened == "ReofferDue":
        status = move("aftermath", status, happened) if status != "placed_alternate" or happened != "RightEnded" else status
    state.timers.stop("market", name)
    _keep(state, request, market=Market(status=status), **changes)


def _take_from_market(state: State, request: Request, quantity: int, happened: str) -> None:
    """So much of what was free to go elsewhere is used."""
    market, left = request.market, request.market.quantity - quantity
    status = move("aftermath", market.status, f"{happened} {'in part' if left else 'in full'}")
    if not left:
        state.timers.stop("market", request.asked.id)
    _keep(state, request, market=replace(market, status=status, quantity=left) if left else Market(status=status))


# Capacity and reservations.


def _declare(state: State, event: CapacityDeclared) -> None:
    """The new steps replace the old ones; what is promised stays promised, whether it can be kept or not."""
    key = (event.host, event.sku)
    book = state.books.get(key, Book())
    free = book.free
    for steps, sign in ((book.steps, -1), (event.steps, 1)):
        for index, (starts, quantity) in enumerate(steps):
            ends = steps[index + 1][0] if index + 1 < len(steps) else EVER
            free = free.plus(starts, ends, sign * quantity)
    state.books[key] = Book(steps=event.steps, free=free, price=event.price)


def _grant(state: State, event: Granted) -> None:
    name, request = event.grant, state.requests[event.request]
    key = (event.platform, event.workload_class, event.sku)
    state.grants[name] = Grant(
        grant=name,
        request=event.request,
        status=move("reservation", START["reservation"], "Granted"),
        host=event.host,
        platform=event.platform,
        operator=event.operator,
        sku=event.sku,
        workload_class=event.workload_class,
        buyer=request.asked.party,
        quantity=event.quantity,
        starts=event.starts,
        ends=event.ends,
        price=event.price,
        to_holder=event.to_holder,
        offer=event.offer,
        consent=event.consent,
        promised_at=event.at,
        deliver_by=event.deliver_by,
        before=state.sold.get(key, ""),
    )
    state.sold[key] = name
    state.awaited[name] = None
    book = state.books[event.host, event.sku]
    state.books[event.host, event.sku] = replace(book, free=book.free.plus(event.starts, event.ends, -event.quantity))
    if event.consent:
        used = state.consented.get(event.consent, Schedule())
        state.consented = {**state.consented, event.consent: used.plus(event.starts, event.ends, -event.quantity)}
    if event.deliver_by:
        state.timers.start("delay", name, event.deliver_by + 1)
    if event.default_at:
        state.timers.start("default", name, event.default_at)
    state.timers.start("end", name, event.ends)

    granted = request.granted + event.quantity
    request = replace(_moved(request, "Granted in full" if granted == request.asked.quantity else "Granted in part"), granted=granted)
    if event.from_cover:
        cover, left = request.cover, request.cover.quantity - event.from_cover
        _owe(state, cover.holder, -event.from_cover)
        happened = "Granted in part" if left else "Granted in full"
        request = replace(request, cover=replace(cover, status=move("aftermath", cover.status, happened), quantity=left))
        if not left:
            state.timers.stop("cover", event.request)
    if request.market.status == "reoffer_due" and not request.wanted:
        request = replace(request, market=Market(status=move("aftermath", "reoffer_due", "Granted in full")), reoffer=False)
    if event.from_market:
        _take_from_market(state, request, event.from_market, "Granted")
    else:
        _keep(state, request)


def _change(state: State, name: str, happened: str, **changes: object) -> Grant:
    """Write down what happened to a reservation."""
    grant = state.grants[name]
    grant = replace(grant, status=move("reservation", grant.status, happened), **changes)
    state.grants[name] = grant
    return grant


def _deliver(state: State, event: DeliveryConfirmed) -> None:
    whole = event.quantity == state.grants[event.grant].quantity
    _change(state, event.grant, "DeliveryConfirmed in full" if whole else "DeliveryConfirmed in part", delivered=event.quantity)
    if whole:
        _stop_awaiting(state, event.grant)


def _stop_awaiting(state: State, name: str) -> None:
    state.awaited.pop(name, None)
    state.timers.stop("delay", name)
    state.timers.stop("default", name)


def _default(state: State, event: HolderDefaulted) -> None:
    """What was not delivered is taken out of the reservation and may be covered; the strike is counted."""
    grant = state.grants[event.grant]
    left = grant.quantity - event.quantity
    _change(state, event.grant, "HolderDefaulted", quantity=left or grant.quantity)
    _stop_awaiting(state, event.grant)
    state.strikes = {**state.strikes, event.clause: (*state.strikes.get(event.clause, ())[1 - event.strikes :], event.at)[-event.strikes :]}
    request = state.requests[event.request]
    request = replace(request, granted=request.granted - event.quantity)
    if event.until:
        _owe(state, event.holder, event.quantity)
        cover = Cover(
            status=move("aftermath", request.cover.status, "HolderDefaulted"),
            quantity=request.cover.quantity + event.quantity,
            until=max(event.until, request.cover.until),
            holder=event.holder,
        )
        request = replace(request, cover=cover)
        state.timers.start("cover", event.request, cover.until)
    else:
        request = replace(request, given_up=request.given_up + event.quantity)
    _keep(state, _moved(request, f"HolderDefaulted: {_left(request)}"))


def _owe(state: State, holder: str, quantity: int) -> None:
    """A holder owes so much more, or less."""
    owing = {**state.owing, holder: state.owing.get(holder, 0) + quantity}
    state.owing = {party: owed for party, owed in owing.items() if owed}


def _end(state: State, event: GrantEnded) -> None:
    grant = _change(state, event.grant, f"GrantEnded: {event.why}")
    _stop_awaiting(state, event.grant)
    state.timers.stop("end", event.grant)
    key, rest = (grant.host, grant.sku), max(event.at, grant.starts)
    book = state.books[key]
    # The past is never asked for again, so that it is forgotten here keeps a book of many years small.
    state.books[key] = replace(book, free=book.free.plus(rest, grant.ends, grant.quantity).after(event.at))
    if grant.consent:
        used = state.consented[grant.consent].plus(rest, grant.ends, grant.quantity).after(event.at)
        state.consented = {**state.consented, grant.consent: used}


# The agreement.


def _await_boundary(state: State, boundaries: tuple[Instant, ...], at: Instant) -> None:
    state.boundaries = tuple(b for b in boundaries if b > at)
    if state.boundaries:
        state.timers.start("boundary", "agreement", state.boundaries[0])
    else:
        state.timers.stop("boundary", "agreement")
