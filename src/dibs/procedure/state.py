"""How things stand: everything the events so far have made true, and nothing else.

`State` is one owned object.  What there are many of (requests, offers, grants ...) stands in plain dictionaries of
frozen values that `apply` writes to; what there are few of is replaced as a whole.  `suppose` puts a layer over the
dictionaries, so that a command can be thought through to its end while the state stays as it is.
"""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - msgspec reads these at run time
from typing import TypeAlias

import msgspec

from dibs.contract.terms import CapacityRequest, Terms  # noqa: TC001 - msgspec reads these at run time
from dibs.procedure.schedule import Schedule
from dibs.procedure.supposing import Layer
from dibs.procedure.timers import SupposedTimers, Timers
from dibs.quantities import Instant  # noqa: TC001 - msgspec reads these at run time


class Market(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What followed the latest refusal: how much of the need may go elsewhere, until when, and how rich at most."""

    status: str = "none"
    quantity: int = 0
    until: Instant = 0
    ceiling: Terms | None = None
    only_with: str = ""
    """In a matching right: the third party whose offer was not matched."""


class Cover(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a holder in default owes: so much may be bought elsewhere at once, without ceiling."""

    status: str = "none"
    quantity: int = 0
    until: Instant = 0
    holder: str = ""


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A need and what became of it.  Every accelerator of it is in exactly one place (`loose` is the rest)."""

    asked: CapacityRequest
    status: str
    submitted_at: Instant
    clause: str = ""
    """The pre-emption right that binds it now; empty if it is free."""
    holder: str = ""
    case: str = ""
    buyers: tuple[str, ...] = ()
    """The party, and everybody whose purchases its purchases count as, upwards."""
    previous: str = ""
    """The need of the same case before this one, if any."""
    together: bool = False
    """It is held because of later needs of its case."""
    granted: int = 0
    offered: int = 0
    """In the window of the running offer."""
    given_up: int = 0
    offer: str = ""
    """The offer that is open or defective now."""
    offers: tuple[str, ...] = ()
    """Every offer there ever was for it, in order."""
    market: Market = Market()
    cover: Cover = Cover()
    reoffer: bool = False
    """The next notice is a re-offer."""
    undetermined: bool = False
    """A person has to rule."""
    ruling: str = ""
    """What a person ruled, if one did."""

    @property
    def loose(self) -> int:
        """How much is neither granted nor offered nor free to go elsewhere nor given up."""
        return self.asked.quantity - self.granted - self.offered - self.market.quantity - self.cover.quantity - self.given_up

    @property
    def wanted(self) -> int:
        """How much is still sought, in whatever way."""
        return self.asked.quantity - self.granted - self.given_up


class Offer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A notice, as it was served or tried to be, and its outcome."""

    offer: str
    request: str
    clause: str
    holder: str
    status: str
    terms: Terms
    served_at: Instant
    respond_by: Instant = 0
    """An answer at this instant is late."""
    minimum_accept: int = 0
    right: str = "first_offer"
    reoffer: bool = False
    barrier: bool = False
    outside_price: Decimal | None = None
    """What the outside offer itself asks, where the holder may match within a margin."""
    missing: tuple[str, ...] = ()
    """Why it is defective."""
    read: bool = False
    """Somebody on the holder's side who may read it has."""
    counter: Terms | None = None
    """The holder's own terms, if it answered on such."""
    counter_quantity: int = 0
    matched: int = 0
    """How much the holder matched, while another round is open."""
    taken: int = 0
    reason: str = ""
    """Why the holder declined, or empty."""


class Grant(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A reservation: so much of a host, half-open from `starts` to `ends`, at a price that no longer changes by itself."""

    grant: str
    request: str
    status: str
    host: str
    platform: str
    operator: str
    sku: str
    workload_class: str
    buyer: str
    quantity: int
    starts: Instant
    ends: Instant
    price: Decimal
    to_holder: bool
    offer: str
    consent: str = ""
    """The consent it draws on, if its quantity counts against one."""
    promised_at: Instant = 0
    deliver_by: Instant = 0
    delivered: int = 0
    before: str = ""
    """The grant before it with the same platform, class and sku."""


class Book(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a host can deliver of one sku, and what of it is still free."""

    steps: tuple[tuple[Instant, int], ...] = ()
    free: Schedule = Schedule()
    price: Decimal | None = None


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Accelerator-hours that ran in a period (half-open)."""

    starts: Instant
    ends: Instant
    workload_class: str
    accelerator_hours: int


class Figure(msgspec.Struct, frozen=True, gc=False):
    """A figure of a party for a period (half-open)."""

    since: Instant
    until: Instant
    value: Decimal
    unit: str


class Declared(msgspec.Struct, frozen=True, gc=False):
    """A trigger that was declared and waits for its verifier."""

    at: Instant
    by: str


Sold: TypeAlias = tuple[str, str, str]
"""(platform, class, sku)."""


class State(msgspec.Struct, kw_only=True):
    """Everything.  Only `apply` writes to it."""

    now: Instant = -(1 << 60)
    """The instant of the last event: nothing happens before it any more."""
    digest: str = ""
    """Of the agreement's text that counts."""
    version: str = ""
    boundaries: tuple[Instant, ...] = ()
    """When clauses begin or end, from now on."""
    timers: Timers = msgspec.field(default_factory=Timers)

    # Many, and written to one by one.
    requests: dict[str, Request] = msgspec.field(default_factory=dict)
    live: dict[str, None] = msgspec.field(default_factory=dict)
    """The requests of which something is still sought, in the order in which they came."""
    offers: dict[str, Offer] = msgspec.field(default_factory=dict)
    grants: dict[str, Grant] = msgspec.field(default_factory=dict)
    awaited: dict[str, None] = msgspec.field(default_factory=dict)
    """The grants of which something is still to be delivered."""
    books: dict[tuple[str, str], Book] = msgspec.field(default_factory=dict)
    """By host and sku."""
    cases: dict[str, str] = msgspec.field(default_factory=dict)
    """Case -> the latest request of it (R16)."""
    volumes: dict[str, Schedule] = msgspec.field(default_factory=dict)
    """Case -> how much was asked for by each instant, as far as it was not denied or given up."""
    sold: dict[Sold, str] = msgspec.field(default_factory=dict)
    """The latest grant of each platform, class and sku."""
    reports: dict[str, Usage] = msgspec.field(default_factory=dict)
    """Usage that was counted, by report."""

    # Few, and replaced as a whole.
    watches: dict[str, Instant] = msgspec.field(default_factory=dict)
    """Case -> until when the same need elsewhere is evasion."""
    consented: dict[str, Schedule] = msgspec.field(default_factory=dict)
    """Consent -> how much is granted under it."""
    strikes: dict[str, tuple[Instant, ...]] = msgspec.field(default_factory=dict)
    """Pre-emption clause -> when its holder came into default."""
    suspended: dict[str, Instant] = msgspec.field(default_factory=dict)
    """Pre-emption clause -> until when it binds nobody."""
    assigned: dict[str, str] = msgspec.field(default_factory=dict)
    """Pre-emption clause -> to whom its holder passed it."""
    owing: dict[str, int] = msgspec.field(default_factory=dict)
    """Holder -> how much it defaulted on that is not covered yet."""
    fired: dict[str, Instant] = msgspec.field(default_factory=dict)
    declared: dict[str, Declared] = msgspec.field(default_factory=dict)
    signals: dict[tuple[str, str], tuple[Figure, ...]] = msgspec.field(default_factory=dict)
    """(party, signal) -> its figures."""
    usage: dict[str, tuple[Usage, ...]] = msgspec.field(default_factory=dict)
    """Host -> what ran there lately, oldest first."""
    drifted: dict[tuple[str, str], Decimal] = msgspec.field(default_factory=dict)
    """(consent, host) -> the share that is too small."""
    launches: dict[tuple[str, str], Instant] = msgspec.field(default_factory=dict)
    """(launch, platform) -> when it first shipped there."""
    abilities: dict[tuple[str, str], tuple[bool, bool]] = msgspec.field(default_factory=dict)
    """(launch, holder) -> (able, willing)."""
    readers: frozenset[tuple[str, str]] = frozenset()
    """(holder, person) who may read behind the barrier."""


_LAYERED = ("requests", "live", "offers", "grants", "awaited", "books", "cases", "volumes", "sold", "reports")


def case_of(buyer: str, asked: CapacityRequest) -> str:
    """The name of the case that a need belongs to: needs of one buyer and one purpose are one case (R16)."""
    return f"{buyer}/{asked.purpose or asked.workload_class}"


def suppose(state: State) -> State:
    """A state that begins as this one and can be written to without touching it."""
    supposed = msgspec.structs.replace(state)
    for name in _LAYERED:
        setattr(supposed, name, Layer(getattr(state, name)))
    supposed.timers = SupposedTimers(state.timers)
    return supposed
