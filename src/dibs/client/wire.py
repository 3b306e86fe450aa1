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


class MeView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who the token says you are."""

    party: str
    name: str
    role: str
    person: str
    house: bool
