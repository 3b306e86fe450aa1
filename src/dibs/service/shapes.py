"""What goes over the wire: requests and answers, as JSON Schema says them.

Instants are RFC 3339 with a time zone on the way in and in UTC (`Z`) on the way out, whole seconds; days are
`YYYY-MM-DD` in the agreement's time zone; money and prices are decimal numbers as texts; quantities are accelerators.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal  # noqa: TC003 - msgspec reads it at run time
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from dibs.contract.terms import CapacityRequest, DeclineReason, Terms
from dibs.errors import Finding, Mark
from dibs.service.problems import bad_body

Id = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
"""A name that somebody gave a thing: letters, digits, and `._:-` inside."""
Word = Annotated[str, Meta(max_length=500)]
Words = Annotated[str, Meta(max_length=4000)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Positive = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Seconds = Annotated[int, Meta(ge=0, le=10 * 366 * 86_400)]
When = Annotated[datetime, Meta(tz=True)]


def moment(when: datetime) -> int:
    """The whole second that an instant falls in."""
    return int(when.timestamp() // 1)


def when(instant: int) -> datetime:
    """An instant as it is shown."""
    return datetime.fromtimestamp(instant, UTC)


class TermsShape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A bundle of terms; what is left out is not stated."""

    sku: Word | None = None
    quantity: Positive | None = None
    starts: When | None = None
    ends: When | None = None
    regions: Annotated[tuple[Word, ...], Meta(max_length=100)] | None = None
    classes: Annotated[tuple[Word, ...], Meta(max_length=100)] | None = None
    price: Decimal | None = None
    payment: Word | None = None
    prepayment: Decimal | None = None
    take_or_pay: Decimal | None = None
    service_level: Decimal | None = None
    delivery_tolerance: Seconds | None = None
    warrants: Decimal | None = None
    address: Word | None = None
    offeror: Word | None = None
    open_until: When | None = None
    signed: bool | None = None
    unusual: Annotated[tuple[Word, ...], Meta(max_length=100)] | None = None
    package: Word | None = None

    def terms(self) -> Terms:
        """As the procedure takes them.  Raises `Problem` 422 for a price below nothing, or a part that is none."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        for name, most in _BOUNDS.items():
            if values[name] is not None and not 0 <= values[name] <= most:
                what = f"`{values[name]}`: it is at least 0 and at most {most}"
                raise bad_body(f"{what}, at `$.terms.{name}`", (Finding("DIB303", what, Mark(f"$.terms.{name}"), "name what is meant"),))
        for name in _INSTANTS:
            if values[name] is not None:
                values[name] = moment(values[name])
        return Terms(**values)


_INSTANTS = ("starts", "ends", "open_until")
_BOUNDS = {"price": 10**15, "prepayment": 1, "take_or_pay": 1, "service_level": 1, "warrants": 10**15}


def shape_of(terms: Terms | None) -> TermsShape | None:
    """Terms as they are shown."""
    if terms is None:
        return None
    values: dict[str, Any] = {name: getattr(terms, name) for name in terms.__struct_fields__}
    for name in _INSTANTS:
        if values[name] is not None:
            values[name] = when(values[name])
    return TermsShape(**values)


# --- what is sent


class NewRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, rename={"workload_class": "class"}):
    """A need for capacity, before anybody is asked.  Without an `id` the service makes one; without a `party` it is the asker's."""

    id: Id | None = None
    party: Id | None = None
    workload_class: Word
    sku: Word
    quantity: Positive
    minimum_quantity: Positive = 1
    regions: Annotated[tuple[Word, ...], Meta(max_length=100)] = ()
    start_earliest: When
    start_latest: When
    months: Annotated[int, Meta(ge=0, le=240)]
    hours: Annotated[int, Meta(ge=0, le=729)] = 0
    price_max: Decimal | None = None
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    launch: Word = ""
    purpose: Word = ""
    own_build: bool = False
    renewal_of: Word = ""
    burst: bool = False
    front_door: Literal["", "holder_service", "direct"] = ""

    def request(self, name: str, party: str) -> CapacityRequest:
        """As the procedure takes it."""
        values = {field: getattr(self, field) for field in self.__struct_fields__}
        values |= {"id": name, "party": party, "start_earliest": moment(self.start_earliest), "start_latest": moment(self.start_latest)}
        return CapacityRequest(**values)


class NewOffer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A notice to the holder of the right.  Terms that are left out are taken from the need where it says them."""

    id: Id | None = None
    request: Id
    terms: TermsShape = TermsShape()
    respond_within: Seconds | None = None


class NewResponse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The holder's answer: how much it takes (0 declines), why not, on which terms of its own, and where it will deliver."""

    quantity: Count
    reason: DeclineReason = "none"
    terms: TermsShape | None = None
    hosts: Annotated[dict[str, Positive], Meta(max_length=100)] = {}


# --- what is answered


class ReasonView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why: a code, the clause that decided with its words and its place, and the numbers compared."""

    code: str
    clause: str = ""
    text: str = ""
    where: str = ""
    need: str = ""
    have: str = ""


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened.  `data` has the journal's own names; instants in it are whole seconds since 1970 (UTC)."""

    type: str
    at: datetime
    data: dict[str, Any]
    because: tuple[ReasonView, ...] = ()


class OutcomeView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of an act.  `refused` is an answer, not an error: it is on record, with its reasons, and nothing else changed."""

    outcome: Literal["done", "refused", "repeated"]
    subject: str
    """The id of what the act was about."""
    link: str = ""
    """Where to look at it now."""
    dry_run: bool = False
    """Nothing was kept: this is what would have come of it."""
    reasons: tuple[ReasonView, ...] = ()
    again: bool = False
    """Whether the same words may be accepted later, when things stand otherwise."""
    events: tuple[EventView, ...] = ()


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


class OfferView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A notice and its outcome.  Behind a barrier the terms are shown to named staff only (R24)."""

    id: str
    request: str
    clause: str
    right: str
    holder: str
    status: str
    terms: TermsShape | None = None
    served_at: datetime
    respond_by: datetime | None = None
    """An answer at this instant is late."""
    minimum_accept: int = 0
    reoffer: bool = False
    barrier: bool = False
    missing: tuple[str, ...] = ()
    counter: TermsShape | None = None
    counter_quantity: int = 0
    taken: int = 0
    reason: str = ""
    if_silent: str = ""
    """What happens if nobody answers."""


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


class RequestList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[RequestView, ...]
    next: str | None = None


class OfferList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[OfferView, ...]
    next: str | None = None


class GrantList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[GrantView, ...]
    next: str | None = None


class MeView(msgspec.Struct, frozen=True, kw_only=True):
    """Who the token says you are."""

    party: str
    name: str
    role: str
    person: str
    house: bool
