"""Signals and rights: figures, what comes true because of them, and who holds a right."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from dibs.contract.model import PreEmption, Trigger
from dibs.errors import BadInput, Finding, Mark
from dibs.procedure.agreed import Agreed
from dibs.procedure.commands import AssignRight, DeclareTrigger, GrantAccess, RecordSignal, VerifyTrigger
from dibs.procedure.schedule import EVER
from dibs.quantities import Instant, iso
from dibs.service.access import ACTS, EVERYBODY, MONEY, RUNS, Actor
from dibs.service.front import Front
from dibs.service.operation import Call, NoBody, NoQuery, Page, operation
from dibs.service.problems import bad_query, check_period, not_found, not_permitted
from dibs.service.shapes import Id, OutcomeView, When, Word, moment, when
from dibs.settle.materials import settled_figures

Person = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class NewSignal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An observed figure of a party for a period (half-open).  Of one period there is one figure."""

    party: Id
    signal: Id
    value: Decimal
    unit: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    since: When
    until: When
    source: Word = ""


class Signals(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the figures, of one `party` and `signal` if they are named."""

    party: str = ""
    signal: str = ""


class SignalView(msgspec.Struct, frozen=True, kw_only=True):
    """A figure."""

    party: str
    signal: str
    value: Decimal
    unit: str
    since: datetime
    until: datetime


class SignalList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[SignalView, ...]
    next: str | None = None


class TriggerView(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger that binds today: `waiting` until somebody declares it or the figures reach it, `declared` until it is verified, then `fired`."""

    id: str
    says: str
    status: Literal["waiting", "declared", "fired"]
    at: datetime | None
    declared_by: str
    verified_by: str
    ends: tuple[str, ...]


class TriggerList(msgspec.Struct, frozen=True, kw_only=True):
    """Every trigger that is yours to see."""

    items: tuple[TriggerView, ...]


class Verification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether what was declared is so."""

    confirmed: bool


class RightView(msgspec.Struct, frozen=True, kw_only=True):
    """A right of pre-emption that is in force today: who promised it to whom, and until when it sleeps, if it does."""

    clause: str
    right: str
    says: str
    grantor: str
    holder: str
    awake: bool
    sleeps_until: datetime | None


class RightList(msgspec.Struct, frozen=True, kw_only=True):
    """Every right that is yours to see."""

    items: tuple[RightView, ...]


class Assignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom the right passes."""

    to: Id


class NewReader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody of your capacity staff, by the name that their token says."""

    person: Person


class ReaderView(msgspec.Struct, frozen=True, kw_only=True):
    """Who may read offers behind the barrier for a party."""

    party: str
    person: str


class ReaderList(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody whom your party has named."""

    items: tuple[ReaderView, ...]


def _named(front: Front, actor: Actor, clause: str, kind: str) -> str:
    """A clause that names the actor's party, in any version.  Raises `Problem` 404."""
    if not front.sight.clause(actor, clause):
        raise not_found(kind, clause)
    return clause


def _agreed(front: Front) -> Agreed:
    return Agreed(front.office.agreement, front.state, front.office.now())


@operation("POST", "/v1/signals", "Record a figure", roles=MONEY, side="any", status=201, acts=True)
async def record_signal(call: Call[NewSignal, NoQuery]) -> OutcomeView:
    """Revenue, profit and the like, for a period; a counterparty states its own.  A trigger that watches it may fire."""
    body, actor = call.body, call.actor
    if not actor.house and body.party != actor.party:
        raise not_permitted(actor.role, "a token of the party whose figure it is, or of the one that keeps the book")
    since, until = moment(body.since), moment(body.until)
    check_period(since, until, call.front.office.now())
    _check_figure(call.front, body, since, until)
    command = RecordSignal(
        by=actor.party,
        party=body.party,
        signal=body.signal,
        value=body.value,
        unit=body.unit,
        since=since,
        until=until,
        source=body.source,
    )
    return await call.front.act(call, command, subject=f"{body.party} {body.signal}", link="/v1/signals")


def _check_figure(front: Front, body: NewSignal, since: Instant, until: Instant) -> None:
    """A figure by which money is reckoned has to be one that can be.  Raises `BadInput` (DIB202, DIB209)."""
    agreement = front.office.agreement.agreement
    clause = settled_figures(agreement).get((body.party, body.signal.partition("/")[0]))
    if clause is None:
        return
    if body.unit != agreement.currency:
        fix = f"give the figure in {agreement.currency}"
        raise BadInput([Finding("DIB202", f"the figure is in `{body.unit}`, and `{clause}` is settled in {agreement.currency}", Mark("$.unit"), fix)])
    for figure in front.state.signals.get((body.party, body.signal), ()):
        if (figure.since, figure.until) != (since, until) and figure.since < until and since < figure.until:
            what = f"a figure of {iso(figure.since)} to {iso(figure.until)} is on record, and this period overlaps it"
            raise BadInput([Finding("DIB209", what, Mark("$.since"), "give each period once")])


@operation("GET", "/v1/signals", "List figures", roles=EVERYBODY, side="any")
async def list_signals(call: Call[NoBody, Signals]) -> SignalList:
    """By party, signal and period; a counterparty sees its own."""
    actor, query = call.actor, call.query
    rows = [
        (
            f"{party} {signal} {nth}",
            SignalView(party=party, signal=signal, value=f.value, unit=f.unit, since=when(f.since), until=when(f.until)),
        )
        for (party, signal), figures in sorted(call.front.state.signals.items())
        if (actor.house or actor.party == party) and query.party in ("", party) and query.signal in ("", signal)
        for nth, f in enumerate(figures)
    ]
    items, following = call.front.page(rows, query, lambda row: row)
    return SignalList(items=items, next=following)


@operation("GET", "/v1/triggers", "List triggers", roles=EVERYBODY, side="any")
async def list_triggers(call: Call[NoBody, NoQuery]) -> TriggerList:
    """What ends clauses once it has come true, and whether it has; a counterparty sees those that name it."""
    front, state = call.front, call.front.state
    found = [clause for clause in _agreed(front).of_kind(Trigger) if front.sight.clause(call.actor, clause.id)]
    return TriggerList(items=tuple(_trigger(clause, state.fired.get(clause.id), state.declared.get(clause.id)) for clause in found))


def _trigger(clause: Trigger, fired: int | None, declared: msgspec.Struct | None) -> TriggerView:
    since = fired if fired is not None else getattr(declared, "at", None)
    return TriggerView(
        id=clause.id,
        says=clause.says,
        status="fired" if fired is not None else "declared" if declared is not None else "waiting",
        at=when(since) if since is not None else None,
        declared_by=clause.declared_by or "",
        verified_by=clause.verified_by or "",
        ends=clause.ends,
    )


@operation("POST", "/v1/triggers/{id}/declarations", "Declare that a trigger has come true", roles=ACTS, side="any", status=201, acts=True)
async def declare_trigger(call: Call[NoBody, NoQuery]) -> OutcomeView:
    """By whom the clause names for it; where it is measured too, the figures have to bear it out."""
    clause = _named(call.front, call.actor, call.id, "trigger")
    return await call.front.act(call, DeclareTrigger(by=call.actor.party, trigger=clause), subject=clause, link="/v1/triggers")


@operation("POST", "/v1/triggers/{id}/verifications", "Confirm or reject a declaration", roles=ACTS, side="any", status=201, acts=True)
async def verify_trigger(call: Call[Verification, NoQuery]) -> OutcomeView:
    """By the verifier that the clause names."""
    clause = _named(call.front, call.actor, call.id, "trigger")
    command = VerifyTrigger(by=call.actor.party, trigger=clause, confirmed=call.body.confirmed)
    return await call.front.act(call, command, subject=clause, link="/v1/triggers")


@operation("GET", "/v1/rights", "List rights", roles=EVERYBODY, side="any")
async def list_rights(call: Call[NoBody, NoQuery]) -> RightList:
    """The rights to be asked first that are in force today; a counterparty sees those that name it, or that have passed to it."""
    front, actor = call.front, call.actor
    agreed = _agreed(front)
    found = [right for right in agreed.of_kind(PreEmption) if front.sight.clause(actor, right.id) or agreed.holder(right) == actor.party]
    return RightList(items=tuple(_right(right, agreed) for right in found))


def _right(right: PreEmption, agreed: Agreed) -> RightView:
    until = agreed.state.suspended.get(right.id, -EVER)
    awake = agreed.binds(right)
    return RightView(
        clause=right.id,
        right=right.right,
        says=right.says,
        grantor=right.grantor,
        holder=agreed.holder(right),
        awake=awake,
        sleeps_until=None if awake or until >= EVER else when(until),
    )


@operation("POST", "/v1/rights/{id}/assignments", "Pass a right on", roles=RUNS, side="any", status=201, acts=True)
async def assign_right(call: Call[Assignment, NoQuery]) -> OutcomeView:
    """The holder passes it to the purchaser of its business, where the clause lets it.  A right that passes takes no dry run."""
    front, actor = call.front, call.actor
    agreed = _agreed(front)
    held = any(right.id == call.id and agreed.holder(right) == actor.party for right in agreed.of_kind(PreEmption))
    if not (actor.house or held):
        raise not_found("right", call.id)
    if call.dry_run and not actor.house and agreed.right(call.id).assignable != "personal":
        raise bad_query("`dry_run` does not go with this: asked for one name after the other it would tell which parties there are")
    command = AssignRight(by=actor.party, clause=call.id, to=call.body.to)
    return await front.act(call, command, subject=call.id, link="/v1/rights")


@operation("POST", "/v1/readers", "Name a reader", roles=RUNS, side="any", status=201, acts=True)
async def name_reader(call: Call[NewReader, NoQuery]) -> OutcomeView:
    """Names a person of your own capacity staff who may read offers behind the barrier; each reading is on record."""
    party = call.actor.party
    return await call.front.act(call, GrantAccess(by=party, holder=party, person=call.body.person), subject=call.body.person, link="/v1/readers")


@operation("GET", "/v1/readers", "List readers", roles=EVERYBODY, side="any")
async def list_readers(call: Call[NoBody, NoQuery]) -> ReaderList:
    """Who may read offers behind the barrier for your party."""
    actor = call.actor
    named = sorted(call.front.state.readers)
    return ReaderList(items=tuple(ReaderView(party=party, person=person) for party, person in named if actor.house or party == actor.party))


OPERATIONS = (
    record_signal,
    list_signals,
    list_triggers,
    declare_trigger,
    verify_trigger,
    list_rights,
    assign_right,
    name_reader,
    list_readers,
)
