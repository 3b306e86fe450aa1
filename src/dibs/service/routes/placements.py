"""Placements: where work may run, what ran where, and what was shipped."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from dibs.decisions.decision import Decision, Facts
from dibs.decisions.explain import sentences
from dibs.errors import BadInput, Finding, Mark
from dibs.procedure.agreed import Agreed
from dibs.procedure.commands import AnnounceLaunch, DeclareAbility, ReportUsage
from dibs.procedure.events import UsageReported
from dibs.quantities import day_of
from dibs.service.access import ACTS, EVERYBODY
from dibs.service.front import Front
from dibs.service.operation import Call, NoBody, NoQuery, Page, operation
from dibs.service.problems import check_period, not_found
from dibs.service.shapes import Id, OutcomeView, Positive, When, Word, moment, when
from dibs.settle.materials import HOURS_MAX

Named = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Hours = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
AnswerWord = Literal["permitted", "offer_first", "refused", "undetermined"]


class Placement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"workload_class": "class"}):
    """The question.  `on` is today if left out; `known` leaves out what was signed after it; without `quantity` it is a lot of the least size."""

    workload_class: Named
    host: Named
    on: date | None = None
    known: date | None = None
    quantity: Positive | None = None


class MatrixDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The day, today if it is left out; `known` leaves out what was signed after that day; without `quantity` it is a lot of the least size."""

    on: date | None = None
    known: date | None = None
    quantity: Positive | None = None


class DecidedBy(msgspec.Struct, frozen=True, kw_only=True):
    """A clause that mattered: its words and place, and the numbers compared."""

    code: str
    clause: str
    text: str
    where: str
    need: str
    have: str


class WouldChange(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest change of one kind that would give another answer."""

    kind: str
    to: str
    answer: AnswerWord
    text: str


class DecisionView(msgspec.Struct, frozen=True, kw_only=True, rename={"workload_class": "class"}):
    """The answer with everything that decided it; `says` is the same in sentences."""

    answer: AnswerWord
    on: date
    known: date | None
    version: str
    workload_class: str
    host: str
    reasons: tuple[DecidedBy, ...]
    flips_on: date | None
    would_change_if: tuple[WouldChange, ...]
    says: tuple[str, ...]


class MatrixView(msgspec.Struct, frozen=True, kw_only=True):
    """Every class on every host, in the order of the agreement."""

    on: date
    known: date | None
    version: str
    classes: tuple[str, ...]
    hosts: tuple[str, ...]
    cells: tuple[DecisionView, ...]


class NewUsage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"workload_class": "class"}):
    """Accelerator-hours that ran on a host for a class in a period (half-open).  One `report` counts once."""

    report: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    host: Id
    workload_class: Named
    accelerator_hours: Hours
    starts: When
    ends: When


class UsageQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the usage, of one `host` if it is named."""

    host: str = ""


class UsageView(msgspec.Struct, frozen=True, kw_only=True, rename={"workload_class": "class"}):
    """What ran."""

    host: str
    workload_class: str
    accelerator_hours: int
    starts: datetime
    ends: datetime


class UsageList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[UsageView, ...]
    next: str | None = None


class NewLaunch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"workload_class": "class"}):
    """A product of a class that ships on a host's platform."""

    launch: Id
    workload_class: Named
    host: Id


class Ability(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether you can and want to support the product."""

    able: bool
    willing: bool


class LaunchView(msgspec.Struct, frozen=True, kw_only=True):
    """When a product first shipped on a platform."""

    launch: Word
    platform: str
    at: datetime


class LaunchList(msgspec.Struct, frozen=True, kw_only=True):
    """Every launch that is yours to see."""

    items: tuple[LaunchView, ...]


def _facts(front: Front) -> Facts:
    """What has happened, as far as answers turn on it."""
    return Agreed(front.office.agreement, front.state, front.office.now()).facts


def _view(decision: Decision) -> DecisionView:
    return DecisionView(
        answer=decision.answer.value,
        on=decision.on,
        known=decision.known,
        version=decision.version,
        workload_class=decision.workload_class,
        host=decision.host,
        reasons=tuple(DecidedBy(**reason.as_dict()) for reason in decision.reasons),
        flips_on=decision.flips_on,
        would_change_if=tuple(WouldChange(kind=c.kind, to=c.to, answer=c.answer.value, text=c.text) for c in decision.would_change_if),
        says=tuple(sentences(decision)),
    )


@operation("GET", "/v1/placements:check", "May this work run there?", roles=EVERYBODY, side="house")
async def check_placement(call: Call[NoBody, Placement]) -> DecisionView:
    """The answer, every clause that mattered, the numbers compared, when it changes, and what would change it.  Nothing is put on record."""
    front, query = call.front, call.query
    compiled, facts = front.office.agreement, _facts(front)
    drifted = frozenset(consent for consent, where in front.state.drifted if where == query.host)
    decision = compiled.decide(
        workload_class=query.workload_class,
        host=query.host,
        on=query.on or day_of(front.office.now(), compiled.zone),
        known=query.known,
        quantity=query.quantity,
        facts=dataclasses.replace(facts, drifted=drifted),
    )
    return _view(decision)


@operation("GET", "/v1/placements:matrix", "Where may what run?", roles=EVERYBODY, side="house")
async def placement_matrix(call: Call[NoBody, MatrixDay]) -> MatrixView:
    """Every class of work on every host, on one day."""
    front, query = call.front, call.query
    compiled = front.office.agreement
    on = query.on or day_of(front.office.now(), compiled.zone)
    cells = compiled.matrix(on, query.known, quantity=query.quantity, facts=_facts(front))
    return MatrixView(
        on=on,
        known=query.known,
        version=compiled.version(on, query.known),
        classes=tuple(compiled.agreement.workload_classes),
        hosts=tuple(compiled.agreement.hosts),
        cells=tuple(_view(cell) for row in cells.values() for cell in row.values()),
    )


@operation("POST", "/v1/placements", "Report what ran", roles=ACTS, side="any", status=201, acts=True)
async def report_usage(call: Call[NewUsage, NoQuery]) -> OutcomeView:
    """Usage of a class on a host; own-building is measured by it."""
    body, actor = call.body, call.actor
    if not call.front.sight.host(actor, body.host):
        raise not_found("host", body.host)
    starts, ends = moment(body.starts), moment(body.ends)
    check_period(starts, ends, call.front.office.now())
    if body.accelerator_hours > HOURS_MAX:
        raise BadInput([Finding("DIB207", f"{body.accelerator_hours} accelerator-hours", Mark("$.accelerator_hours"), "report what ran")])
    command = ReportUsage(
        by=actor.party,
        report=f"{actor.party}:{body.report}",  # of the party: that another one uses the same name is nobody's business
        host=body.host,
        workload_class=body.workload_class,
        accelerator_hours=body.accelerator_hours,
        starts=starts,
        ends=ends,
    )
    return await call.front.act(call, command, subject=body.report, link=f"/v1/placements?host={body.host}")


@operation("GET", "/v1/placements", "What ran", roles=EVERYBODY, side="any")
async def list_usage(call: Call[NoBody, UsageQuery]) -> UsageList:
    """What was reported, in the order in which it was."""
    front, actor, query = call.front, call.actor, call.query
    hosts = [host for host in front.office.agreement.agreement.hosts if front.sight.host(actor, host) and query.host in ("", host)]
    numbers = sorted(number for host in hosts for number in front.office.index.about("usage", host))

    def show(number: int) -> UsageView:
        (entry,) = front.office.store.read((number,))
        event = next(event for event in entry.events if isinstance(event, UsageReported))
        return UsageView(
            host=event.host,
            workload_class=event.workload_class,
            accelerator_hours=event.accelerator_hours,
            starts=when(event.starts),
            ends=when(event.ends),
        )

    items, following = front.page(((str(nth), number) for nth, number in enumerate(numbers)), query, show)
    return UsageList(items=items, next=following)


@operation("POST", "/v1/launches", "Ship a product", roles=ACTS, side="house", status=201, acts=True)
async def announce_launch(call: Call[NewLaunch, NoQuery]) -> OutcomeView:
    """If hosting and first shipment allow it there and now."""
    body = call.body
    command = AnnounceLaunch(by=call.actor.party, launch=body.launch, workload_class=body.workload_class, host=body.host)
    return await call.front.act(call, command, subject=body.launch, link="/v1/launches")


@operation("GET", "/v1/launches", "List launches", roles=EVERYBODY, side="any")
async def list_launches(call: Call[NoBody, NoQuery]) -> LaunchList:
    """What shipped on which platform, and when first; a counterparty sees its own platform."""
    actor = call.actor
    shipped = call.front.state.launches.items()
    return LaunchList(
        items=tuple(
            LaunchView(launch=name, platform=platform, at=when(at)) for (name, platform), at in shipped if actor.house or actor.party == platform
        )
    )


@operation("POST", "/v1/launches/{id}/abilities", "Say whether you can support a product", roles=ACTS, side="any", status=201, acts=True)
async def declare_ability(call: Call[Ability, NoQuery]) -> OutcomeView:
    """The holder of a first shipment says whether it can and wants to."""
    command = DeclareAbility(by=call.actor.party, launch=call.id, able=call.body.able, willing=call.body.willing)
    return await call.front.act(call, command, subject=call.id)


OPERATIONS = (
    check_placement,
    placement_matrix,
    report_usage,
    list_usage,
    announce_launch,
    list_launches,
    declare_ability,
)
