"""What goes over the wire.

`tools/client.py` writes this from the service's operations: change those, then `make docs`.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec


class ReasonView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why: a code, the clause that decided with its words and its place, and the numbers compared."""

    code: str
    clause: str = ""
    text: str = ""
    where: str = ""
    need: str = ""
    have: str = ""


class EventView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened. `data` has the journal's own names; instants in it are whole seconds since 1970 (UTC)."""

    type: str
    at: datetime
    data: dict[str, Any]
    because: tuple[ReasonView, ...] = ()


class OutcomeView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of an act. `refused` is an answer, not an error: it is on record, with its reasons, and nothing else changed."""

    outcome: Literal["done", "refused", "repeated"]
    subject: str
    link: str = ""
    dry_run: bool = False
    reasons: tuple[ReasonView, ...] = ()
    again: bool = False
    events: tuple[EventView, ...] = ()


class NewRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"workload_class": "class"}):
    """A need for capacity, before anybody is asked. Without an `id` the service makes one; without a `party` it is the asker's."""

    id: str | None = None
    party: str | None = None
    workload_class: str
    sku: str
    quantity: int
    minimum_quantity: int = 1
    regions: tuple[str, ...] = ()
    start_earliest: datetime
    start_latest: datetime
    months: int
    hours: int = 0
    price_max: Decimal | None = None
    priority: int = 0
    launch: str = ""
    purpose: str = ""
    own_build: bool = False
    renewal_of: str = ""
    burst: bool = False
    front_door: Literal["", "holder_service", "direct"] = ""


class TermsShape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bundle of terms; what is left out is not stated."""

    sku: str | None = None
    quantity: int | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    regions: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    price: Decimal | None = None
    payment: str | None = None
    prepayment: Decimal | None = None
    take_or_pay: Decimal | None = None
    service_level: Decimal | None = None
    delivery_tolerance: int | None = None
    warrants: Decimal | None = None
    address: str | None = None
    offeror: str | None = None
    open_until: datetime | None = None
    signed: bool | None = None
    unusual: tuple[str, ...] | None = None
    package: str | None = None


class MarketView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of a need may go elsewhere, until when (excluded), and how rich at most."""

    status: str
    quantity: int = 0
    until: datetime | None = None
    ceiling: TermsShape | None = None
    only_with: str = ""


class IntentView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody has to do next: `do` names it, `by` says who, `until` by when."""

    do: str
    by: str
    about: str
    quantity: int = 0
    until: datetime | None = None
    says: str = ""
    lacking: tuple[str, ...] = ()


class RequestView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"workload_class": "class"}):
    """A need and what became of it."""

    id: str
    party: str
    status: str
    workload_class: str
    sku: str
    quantity: int
    minimum_quantity: int
    regions: tuple[str, ...]
    start_earliest: datetime
    start_latest: datetime
    months: int
    hours: int = 0
    price_max: Decimal | None = None
    priority: int = 0
    purpose: str = ""
    submitted_at: datetime
    clause: str = ""
    holder: str = ""
    granted: int = 0
    offered: int = 0
    loose: int = 0
    given_up: int = 0
    market: MarketView | None = None
    cover: MarketView | None = None
    undetermined: bool = False
    offers: tuple[str, ...] = ()
    next: tuple[IntentView, ...] = ()


class RequestList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[RequestView, ...]
    next: str | None = None


class Timeline(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that happened about one thing, the oldest first."""

    items: tuple[EventView, ...]


class Ruling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person decides where the agreement leaves the answer open, and why."""

    answer: Literal["permitted", "offer_first", "refused"]
    because: str


class Waiver(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who signed it, by name."""

    signed_by: str


class NewOffer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A notice to the holder of the right. Terms that are left out are taken from the need where it says them."""

    id: str | None = None
    request: str
    terms: TermsShape = TermsShape()
    respond_within: int | None = None


class OfferView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A notice and its outcome. Behind a barrier the terms are shown to named staff only (R24)."""

    id: str
    request: str
    clause: str
    right: str
    holder: str
    status: str
    terms: TermsShape | None = None
    served_at: datetime
    respond_by: datetime | None = None
    minimum_accept: int = 0
    reoffer: bool = False
    barrier: bool = False
    missing: tuple[str, ...] = ()
    counter: TermsShape | None = None
    counter_quantity: int = 0
    taken: int = 0
    reason: str = ""
    if_silent: str = ""


class OfferList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[OfferView, ...]
    next: str | None = None


class NewResponse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The holder's answer: how much it takes (0 declines), why not, on which terms of its own, and where it will deliver."""

    quantity: int
    reason: Literal["no_capacity", "wrong_hardware", "late", "price", "discipline", "policy", "counter", "none"] = "none"
    terms: TermsShape | None = None
    hosts: dict[str, int] = {}


class NewTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The terms from now on; what is left out stays as it was offered."""

    terms: TermsShape


class Tolling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why the clock stands still, and for how many seconds."""

    cause: Literal["due_diligence", "regulator", "force_majeure"]
    seconds: int


class NewGrant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Capacity on a host, for a need that is free to go there. Terms that are left out are those of its last notice."""

    id: str | None = None
    request: str
    host: str
    quantity: int
    terms: TermsShape = TermsShape()


class GrantView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"workload_class": "class"}):
    """A reservation: so much of a host, half-open from `starts` to `ends`."""

    id: str
    request: str = ""
    status: str
    host: str
    platform: str
    operator: str
    sku: str
    workload_class: str
    buyer: str
    quantity: int
    starts: datetime
    ends: datetime
    price: Decimal | None = None
    to_holder: bool = False
    offer: str = ""
    delivered: int = 0
    deliver_by: datetime | None = None


class GrantList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[GrantView, ...]
    next: str | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of a grant is there, in all, whatever was confirmed before."""

    quantity: int


class ReservedStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"from_": "from"}):
    """From this instant on, so much is promised, and so much of it is there."""

    from_: datetime
    promised: int
    delivered: int


class ReservationView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"workload_class": "class"}):
    """A grant as capacity over time: `steps` hold until the next one; half-open."""

    id: str
    status: str
    host: str
    sku: str
    workload_class: str
    quantity: int
    deliver_by: datetime | None
    steps: tuple[ReservedStep, ...]


class ReservationList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[ReservationView, ...]
    next: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"from_": "from"}):
    """So many accelerators from this instant on, until the next step."""

    from_: datetime
    quantity: int


class NewCapacity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a host can deliver of one sku, in order of time. It replaces what was declared before; promises stay promised."""

    host: str
    sku: str
    steps: tuple[Step, ...]
    price: Decimal | None = None


class DeclaredStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"from_": "from"}):
    """So many accelerators from this instant on, until the next step."""

    from_: datetime
    quantity: int


class CapacityView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was declared last for a host and sku, and when."""

    host: str
    sku: str
    steps: tuple[DeclaredStep, ...]
    price: Decimal | None
    declared_at: datetime


class CapacityList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[CapacityView, ...]
    next: str | None = None


class AvailableStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"from_": "from"}):
    """From this instant on, until the next step. More may be promised than is declared, if less was declared later: then nothing is free."""

    from_: datetime
    declared: int
    promised: int
    free: int


class AvailabilityView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sku on one host over the period; `least_free` can be promised over all of it, `age` is how many seconds ago it was declared."""

    host: str
    sku: str
    steps: tuple[AvailableStep, ...]
    least_free: int
    declared_at: datetime
    age: int


class AvailabilityList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[AvailabilityView, ...]
    next: str | None = None


class DecidedBy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A clause that mattered: its words and place, and the numbers compared."""

    code: str
    clause: str
    text: str
    where: str
    need: str
    have: str


class WouldChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The smallest change of one kind that would give another answer."""

    kind: str
    to: str
    answer: Literal["permitted", "offer_first", "refused", "undetermined"]
    text: str


class DecisionView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"workload_class": "class"}):
    """The answer with everything that decided it; `says` is the same in sentences."""

    answer: Literal["permitted", "offer_first", "refused", "undetermined"]
    on: date
    known: date | None
    version: str
    workload_class: str
    host: str
    reasons: tuple[DecidedBy, ...]
    flips_on: date | None
    would_change_if: tuple[WouldChange, ...]
    says: tuple[str, ...]


class MatrixView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every class on every host, in the order of the agreement."""

    on: date
    known: date | None
    version: str
    classes: tuple[str, ...]
    hosts: tuple[str, ...]
    cells: tuple[DecisionView, ...]


class NewUsage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"workload_class": "class"}):
    """Accelerator-hours that ran on a host for a class in a period (half-open). One `report` counts once."""

    report: str
    host: str
    workload_class: str
    accelerator_hours: int
    starts: datetime
    ends: datetime


class UsageView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"workload_class": "class"}):
    """What ran."""

    host: str
    workload_class: str
    accelerator_hours: int
    starts: datetime
    ends: datetime


class UsageList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[UsageView, ...]
    next: str | None = None


class NewLaunch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"workload_class": "class"}):
    """A product of a class that ships on a host's platform."""

    launch: str
    workload_class: str
    host: str


class LaunchView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a product first shipped on a platform."""

    launch: str
    platform: str
    at: datetime


class LaunchList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every launch that is yours to see."""

    items: tuple[LaunchView, ...]


class Ability(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether you can and want to support the product."""

    able: bool
    willing: bool


class TextView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A text on record: since when it counts, and whether it still does."""

    id: str
    adopted_at: datetime
    current: bool


class TextList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The texts on record, the oldest first."""

    items: tuple[TextView, ...]


class ClauseView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A clause in force: its words, what they mean in plain English, its days (half-open), and its terms as the text writes them."""

    id: str
    kind: str
    says: str
    means: str
    starts: date | None
    ends: date | None
    terms: dict[str, Any]
    by: str = ""
    where: str = ""
    confidence: str = ""


class VersionView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The agreement between two amendments: half-open in days."""

    id: str
    starts: date | None
    ends: date | None


class AmendmentView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An amendment that binds, in plain English."""

    id: str
    says: str
    means: str
    signed: date
    effective: date


class AgreementView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The agreement on a day. The party that keeps the book sees all of it and its text; others see the clauses that name them."""

    id: str
    adopted_at: datetime
    on: date
    known: date | None = None
    currency: str
    time_zone: str
    clauses: tuple[ClauseView, ...]
    title: str = ""
    version: str = ""
    versions: tuple[VersionView, ...] = ()
    amendments: tuple[AmendmentView, ...] = ()
    text: str = ""


class FindingView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing wrong with what was sent, its place and its fix."""

    code: str
    where: str
    message: str
    fix: str


class FieldDifference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A term that reads otherwise, as the two texts write it."""

    field: str
    before: Any
    after: Any


class ClauseDifference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A clause of the first text or of an amendment (`by`) that only one text has, or that they write otherwise."""

    clause: str
    by: str
    change: Literal["added", "left_out", "changed"]
    fields: tuple[FieldDifference, ...]


class AnswerDifference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"workload_class": "class", "from_": "from"}):
    """Questions that the two texts answer otherwise: of a class on a host, in half-open days and quantities."""

    workload_class: str
    host: str
    from_: date | None
    until: date | None
    least: int
    below: int | None
    before: str
    after: str


class AdoptionView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of a new text, what differs from the one before, and which answers do; `more_answers` counts those that are not listed."""

    outcome: Literal["done", "refused", "repeated"]
    subject: str
    link: str = ""
    dry_run: bool = False
    reasons: tuple[ReasonView, ...] = ()
    again: bool = False
    events: tuple[EventView, ...] = ()
    warnings: tuple[FindingView, ...] = ()
    clauses: tuple[ClauseDifference, ...] = ()
    answers: tuple[AnswerDifference, ...] = ()
    more_answers: int = 0


class NewAgreement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole text of the agreement with its amendments, as YAML; `name` is what findings call it."""

    text: str
    name: str = "agreement.yaml"


class PartyView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A party. `house` is the one that keeps the book."""

    id: str
    name: str
    house: bool = False
    role: str = ""
    competitor_of: dict[str, date] = {}
    controlled_by: str = ""


class PartyList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every party that is yours to see."""

    items: tuple[PartyView, ...]


class HostView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place where work runs: under whose contract (`platform`), on whose machines (`operator`)."""

    id: str
    platform: str
    operator: str
    regions: tuple[str, ...]
    skus: tuple[str, ...]
    own_build: bool
    jurisdiction: str


class HostList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every host that is yours to see."""

    items: tuple[HostView, ...]


class NewSignal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An observed figure of a party for a period (half-open). Of one period there is one figure."""

    party: str
    signal: str
    value: Decimal
    unit: str
    since: datetime
    until: datetime
    source: str = ""


class SignalView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A figure."""

    party: str
    signal: str
    value: Decimal
    unit: str
    since: datetime
    until: datetime


class SignalList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[SignalView, ...]
    next: str | None = None


class TriggerView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A trigger that binds today: `waiting` until somebody declares it or the figures reach it, `declared` until it is verified, then `fired`."""

    id: str
    says: str
    status: Literal["waiting", "declared", "fired"]
    at: datetime | None
    declared_by: str
    verified_by: str
    ends: tuple[str, ...]


class TriggerList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every trigger that is yours to see."""

    items: tuple[TriggerView, ...]


class Verification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether what was declared is so."""

    confirmed: bool


class RightView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A right of pre-emption that is in force today: who promised it to whom, and until when it sleeps, if it does."""

    clause: str
    right: str
    says: str
    grantor: str
    holder: str
    awake: bool
    sleeps_until: datetime | None


class RightList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every right that is yours to see."""

    items: tuple[RightView, ...]


class Assignment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """To whom the right passes."""

    to: str


class NewReader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody of your capacity staff, by the name that their token says."""

    person: str


class ReaderView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who may read offers behind the barrier for a party."""

    party: str
    person: str


class ReaderList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everybody whom your party has named."""

    items: tuple[ReaderView, ...]


class ActView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was said, and by whom. `data` has the journal's own names; instants in it are whole seconds since 1970 (UTC)."""

    type: str
    by: str
    data: dict[str, Any]


class EntryDecision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the book: the act, its events with their reasons, and the same in sentences; under the text that counted then."""

    id: str
    at: datetime
    agreement: str
    act: ActView
    outcome: str
    events: tuple[EventView, ...]
    says: tuple[str, ...]
    clauses: dict[str, str]
    left_out: int


class AmountView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An exact amount in one currency; positive: the party owes the counterparty."""

    amount: Decimal
    currency: str


class StatementItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A statement by its totals. `lines` counts them."""

    id: str
    party: str
    counterparty: str
    month: str
    lines: int
    opening: tuple[AmountView, ...]
    total: tuple[AmountView, ...]
    closing: tuple[AmountView, ...]


class StatementList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[StatementItem, ...]
    next: str | None = None


class LineView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line: what it is for, the clause under which it is owed with its words and its place, and the act behind it."""

    entry: str
    kind: str
    says: str
    starts: datetime
    ends: datetime
    recorded: datetime
    clause: str
    clause_says: str = ""
    where: str = ""
    decision: str = ""
    act: str = ""
    reverses: str = ""
    dispute: str = ""
    amount: Decimal
    currency: str


class StatementView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A statement with its lines, in order."""

    id: str
    party: str
    counterparty: str
    month: str
    lines: int
    opening: tuple[AmountView, ...]
    total: tuple[AmountView, ...]
    closing: tuple[AmountView, ...]
    items: tuple[LineView, ...]


class DisputeView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dispute on record. It changes no amount; if it is upheld, the correction is a reversal."""

    id: str
    entry: str
    by: str
    says: str
    recorded: datetime


class NewDispute(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which line is contested, by the entry that it shows, and why."""

    entry: str
    says: str


class PostingView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an entry; positive debits, negative credits."""

    account: str
    amount: Decimal
    currency: str


class LedgerEntryView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact about money: the period it is about (valid), when it was known (recorded), the clause and the act behind it, its postings."""

    id: str
    kind: str
    says: str
    valid_from: datetime
    valid_to: datetime
    recorded: datetime
    clause: str
    decision: str = ""
    payer: str
    payee: str
    reverses: str = ""
    settles: str = ""
    postings: tuple[PostingView, ...]


class LedgerEntryList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[LedgerEntryView, ...]
    next: str | None = None


class CommitmentItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A commitment and where it stands: `on_track`, `at_risk`, `shortfall`, `met`, `planned`, or `unknown` where no amount was published."""

    clause: str
    payer: str
    payee: str
    amount: Decimal | None
    currency: str
    counted: Decimal
    status: str
    short_on: date | None


class CommitmentList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every commitment that is yours to see."""

    items: tuple[CommitmentItem, ...]


class BurndownView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A commitment month by month, under each of its texts; amounts are exact, as texts."""

    clause: str
    texts: tuple[dict[str, Any], ...]


class HeadView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A signed head (C2SP checkpoint): whose book, how many entries, their root; `note` is what is signed, `keys` check it."""

    origin: str
    size: int
    root: str
    note: str
    keys: tuple[str, ...]


class EntryView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry: when it was heard, what was said, by whom, and what came of it."""

    number: int
    at: datetime
    command: str
    by: str
    agreement: str
    events: tuple[EventView, ...]
    left_out: int


class EntryList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Entries in order; `size` is how many the book has."""

    items: tuple[EntryView, ...]
    size: int


class InclusionView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 6962: the leaf's hash and the path to the root, in base64."""

    number: int
    size: int
    leaf: str
    path: tuple[str, ...]
    root: str


class ConsistencyView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 6962: that the book of `first` entries is the beginning of that of `second`; hashes in base64."""

    first: int
    second: int
    path: tuple[str, ...]


class RunView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far it is: `progress` from 0 to 1, and `says` in words; `result` when it is done."""

    id: str
    kind: str
    about: str
    person: str
    status: Literal["running", "done", "failed", "cancelled"]
    says: str
    progress: float
    result: dict[str, Any]
    made_at: datetime
    ended_at: datetime | None
    link: str


class NewRun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An `audit` of this book, or the play of a `scenario` that the server has."""

    kind: Literal["audit", "scenario"]
    scenario: str = ""
    seed: int | None = None
    until: date | None = None
    variant: str = ""


class RunList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The latest runs, newest first."""

    items: tuple[RunView, ...]


class ScenarioList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The scenarios that the server can play."""

    items: tuple[str, ...]


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event as CloudEvents 1.0 says it in JSON. `id` counts the events of your own stream; with `source` it is unique."""

    specversion: str
    id: str
    source: str
    type: str
    time: datetime
    datacontenttype: str
    data: EventView
    subject: str = ""


class EventList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Events in order. `next` goes on after them, also when nothing has come yet: keep it."""

    items: tuple[CloudEvent, ...]
    next: str


class EventKinds(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The types of events there are."""

    items: tuple[str, ...]


class EndpointView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An endpoint. `secret` is shown when it is made or turned, and never again. One that failed for two days is off until it is resumed."""

    id: str
    url: str
    types: tuple[str, ...]
    description: str = ""
    made_at: datetime
    made_by: str
    status: Literal["on", "off"]
    off_at: datetime | None = None
    off_because: str = ""
    delivered_at: datetime | None = None
    old_secret_until: datetime | None = None
    secret: str = ""


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where to send events: an `https://` address on the internet. `types` keeps some types of events; none keeps all."""

    url: str
    types: tuple[str, ...] = ()
    description: str = ""


class EndpointList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[EndpointView, ...]
    next: str | None = None


class Replay(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From where to send again: after a `cursor` of your events, or all that was put on record `since` an instant. One of the two."""

    cursor: str = ""
    since: datetime | None = None


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message to an endpoint: `id` is its `webhook-id`, `event` the id of the event in your stream."""

    id: str
    type: str
    event: str = ""
    status: Literal["waiting", "sent", "failed"]
    made_at: datetime
    attempts: int
    next_at: datetime | None = None
    done_at: datetime | None = None
    answered: int = 0
    error: str = ""


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[DeliveryView, ...]
    next: str | None = None


class MailWishView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which mail you get; `works` says whether this service has a mail server. Without an address you get none."""

    address: str
    time_zone: str
    about: tuple[str, ...]
    works: bool


class NewMailWish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where to, in whose time (an IANA name; default: the agreement's), and about what (default: everything)."""

    address: str
    time_zone: str = ""
    about: tuple[Literal["served", "near", "answered", "lapsed", "granted", "switched_off"], ...] = ()


class ClockView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What time it is; `steered` says that this is a rehearsal, whose clock can be moved on."""

    now: datetime
    steered: bool


class NewTime(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """To when the clock is moved on; what falls due until then happens, each thing at its own instant."""

    to: datetime


class MeView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who the token says you are."""

    party: str
    name: str
    role: str
    person: str
    house: bool


class TokenView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A token: whose, for what, and whether it is good. `secret` is there once, when it is made."""

    id: str
    party: str
    role: Literal["admin", "operator", "desk", "finance", "auditor"]
    person: str
    status: Literal["good", "invitation", "expired", "revoked"]
    made_by: str
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None
    secret: str = ""


class NewToken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A token for a person. Without a `party` it is for your own; without `expires_at` it is good until it is revoked."""

    role: Literal["admin", "operator", "desk", "finance", "auditor"]
    person: str
    party: str | None = None
    expires_at: datetime | None = None


class TokenList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens, the oldest first."""

    items: tuple[TokenView, ...]
    next: str | None


class Rotation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For how many seconds the old token stays good beside the new one."""

    overlap: int = 86400


class LoginView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A login: what the provider says of somebody, and what they may do here."""

    id: str
    claim: Literal["email", "sub"]
    value: str
    party: str
    role: Literal["admin", "operator", "desk", "finance", "auditor"]
    person: str
    made_by: str
    made_at: datetime


class NewLogin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who comes in by the company's own sign-in: a verified e-mail address, or the subject as the provider calls it."""

    claim: Literal["email", "sub"]
    value: str
    role: Literal["admin", "operator", "desk", "finance", "auditor"]
    person: str
    party: str | None = None


class LoginList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Logins, the oldest first."""

    items: tuple[LoginView, ...]
    next: str | None


class DeedView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something done about people: `person` of `party` did it to `about` of the party `of`."""

    at: datetime
    party: str
    person: str
    did: str
    about: str
    of: str


class DeedList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done, the latest first."""

    items: tuple[DeedView, ...]
    next: str | None
