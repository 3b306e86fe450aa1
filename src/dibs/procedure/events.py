"""What happened: past tense, typed, complete, forever.

`apply` needs nothing but these to make the state, so an event carries every value that follows from it; it says at
which instant it took effect (`at`, which for a lapse is the deadline and not the moment somebody looked), and which
clauses decided (`because`).
"""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - msgspec reads these at run time

import msgspec

from dibs.contract.terms import CapacityRequest, DeclineReason, Terms  # noqa: TC001 - msgspec reads these at run time


class Because(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A reason as the journal keeps it: code, clause, and the numbers compared."""

    code: str
    clause: str = ""
    need: str = ""
    have: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True, gc=False):
    """What every event has."""

    at: int
    because: tuple[Because, ...] = ()


class AgreementAdopted(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """This text counts from now on.  `boundaries` are the instants at which clauses begin or end: wake then."""

    digest: str
    boundaries: tuple[int, ...]


class VersionBegan(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A boundary was crossed; `version` is in force from here."""

    version: str


class CommandRefused(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A command that the agreement or the state of things does not allow.  Nothing else changed."""

    command: str
    subject: str
    by: str


class CommandRepeated(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Something already on record was said once more, in the same words: nothing changed."""

    command: str
    subject: str
    by: str


class CapacityDeclared(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """What a host can deliver of a sku, from each instant on."""

    host: str
    sku: str
    steps: tuple[tuple[int, int], ...]
    price: Decimal | None = None


class RequestSubmitted(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A need is on record.  `clause` is the pre-emption right that covers it, empty if none; `case` groups needs added up (R16)."""

    request: CapacityRequest
    clause: str = ""
    holder: str = ""
    case: str = ""
    buyers: tuple[str, ...] = ()
    """The party, and everybody whose purchases its purchases count as, upwards (R17)."""


class RequestHeld(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The need has to be offered first: alternates are locked until the holder has answered or lapsed."""

    request: str
    clause: str
    holder: str
    together: bool = False
    """Too small by itself, but not together with later needs of its case (R16)."""


class RequestUndetermined(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The agreement does not say; a person has to rule."""

    request: str


class DoubtEnded(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The clauses changed, and now say what becomes of a need that was undetermined: nobody has to rule any more."""

    request: str


class Ruled(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A person ruled."""

    request: str
    answer: str
    by: str
    why: str


class RequestDenied(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """No host may take it."""

    request: str


class RequestUnfilled(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """`quantity` of the need found no capacity in time.  `of_cover`: it is what a defaulted holder owed."""

    request: str
    quantity: int
    of_cover: bool = False


class RequestCancelled(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The grantor gave the need up."""

    request: str


class RequestExpired(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The latest start passed with nothing granted."""

    request: str
    quantity: int


class NoticeDefective(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A notice lacks something: no clock runs."""

    offer: str
    request: str
    clause: str
    holder: str
    terms: Terms
    missing: tuple[str, ...]


class OfferServed(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The holder was asked.  Until answered or lapsed nobody else hears of it; an answer at `respond_by` is late."""

    offer: str
    request: str
    clause: str
    holder: str
    terms: Terms
    respond_by: int
    minimum_accept: int
    reoffer: bool = False
    right: str = "first_offer"
    barrier: bool = False
    outside_price: Decimal | None = None
    """What the outside offer itself asks, where the holder may match within a margin and `terms` state the price to be met."""


class OfferTolled(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The clock stood still; the new deadline is `respond_by`."""

    offer: str
    cause: str
    respond_by: int


class AnswerLate(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An answer came at or after the deadline and binds nobody."""

    offer: str
    by: str


class RightExercised(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The holder took `quantity` (all of it, or a lot): a binding order.  `remainder` falls through."""

    offer: str
    request: str
    quantity: int
    remainder: int
    deliver_by: int


class RightDeclined(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The holder said no (`reason`); `frees` says whether that opens the market (R13)."""

    offer: str
    request: str
    reason: DeclineReason
    frees: bool = True


class RightCountered(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The holder answered on terms of its own: a refusal, which the grantor may accept as a new bargain.

    `stands`: the clause lets the window run on, so this is talk and not yet an outcome.
    """

    offer: str
    request: str
    terms: Terms
    quantity: int
    stands: bool = False


class CounterAccepted(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The grantor took `quantity` on the holder's own terms, after the notice had been refused by them: a new bargain."""

    offer: str
    request: str
    quantity: int
    from_market: int = 0
    """How much of it a refusal had set free."""


class RoundOpened(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The holder matched `quantity`; until `until` an outsider may beat that, else the match binds then (R31)."""

    offer: str
    request: str
    quantity: int
    until: int


class RightLapsed(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """No valid answer came in time; took effect at the deadline."""

    offer: str
    request: str


class RightWaived(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The holder waived, for this need only."""

    request: str
    offer: str = ""
    signed_by: str


class OfferWithdrawn(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The grantor took it back; until `watch_until` the same need elsewhere is evasion."""

    offer: str
    request: str
    watch_until: int


class OfferVoided(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The notice lost its effect: terms changed, or its clause ended with `running: void`."""

    offer: str
    request: str
    why: str


class MarketOpened(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """`quantity` of the need may go elsewhere until `until`, on terms no richer than `ceiling` (none: no ceiling)."""

    request: str
    quantity: int
    until: int
    ceiling: Terms | None = None
    only_with: str = ""
    """In a matching right: the third party whose offer was not matched, and nobody else."""
    offer: str = ""


class ReofferDue(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A richer or incomparable bundle, or changed terms: the holder has to be asked again before it is signed."""

    request: str
    terms: Terms
    quantity: int


class RightRevived(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The free-market window ended unsigned: a new notice is needed."""

    request: str
    quantity: int


class RightEnded(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The right over a need ended (its clause ended, or it was one-shot): the need is free, with no ceiling."""

    request: str
    quantity: int


class RightSpent(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A right for one occasion was refused: it binds nobody any more (R19)."""

    clause: str


class RightAssigned(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The holder's business, and the right with it, passed to another party (R20)."""

    clause: str
    holder: str
    to: str
    barrier: bool = False
    """The new holder competes with the grantor: notices that wait for its answer stand behind the barrier from now on (R24)."""


class Granted(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Capacity is promised: the reservation is approved and its price frozen.  Half-open from `starts` to `ends`."""

    grant: str
    request: str
    host: str
    platform: str
    operator: str
    sku: str
    workload_class: str
    quantity: int
    starts: int
    ends: int
    price: Decimal
    to_holder: bool = False
    offer: str = ""
    richer_than: tuple[Because, ...] = ()
    """The comparison with the ceiling, term by term, when there was one (R9)."""
    from_market: int = 0
    """How much of it a refusal had set free."""
    from_cover: int = 0
    """How much of it a holder in default owed."""
    consent: str = ""
    """The consent whose quantity it draws on."""
    deliver_by: int = 0
    """Later than this is late."""
    default_at: int = 0
    """From this instant a holder that has not delivered is in default; 0 where no right is at stake."""


class DeliveryConfirmed(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """`quantity` of a grant is there; the reservation is (partially) active."""

    grant: str
    quantity: int
    on_time: bool


class GrantDelayed(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The start has passed undelivered."""

    grant: str


class HolderDefaulted(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An accepted lot is late beyond cure: the grantor may cover `quantity` elsewhere at once, without ceiling (R22).

    `until` is when the need for it ends; 0 if the need was given up and there is nothing to cover.
    """

    grant: str
    request: str
    quantity: int
    strikes: int
    clause: str = ""
    holder: str = ""
    until: int = 0


class RightSuspended(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Too many defaults: the clause binds nobody until `until`."""

    clause: str
    until: int


class RightResumed(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The suspension is over: the clause binds again."""

    clause: str


class GrantEnded(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A reservation ended: its time was up, it was released, or its supplier failed."""

    grant: str
    why: str


class UsageReported(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Accelerator-hours that ran."""

    report: str
    host: str
    workload_class: str
    accelerator_hours: int
    starts: int
    ends: int
    watched_from: int = 0
    """Where a purpose test watches the host: usage that ended by this instant no longer counts.  0 where none does."""


class PurposeDrifted(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Own-build capacity is used for its purpose less than agreed: flagged, and expansions open cases (R29)."""

    clause: str
    host: str
    share: Decimal
    at_least: Decimal


class PurposeRestored(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The purpose share is back where it was agreed."""

    clause: str
    host: str
    share: Decimal


class SignalRecorded(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A figure of a party for a period (half-open)."""

    party: str
    signal: str
    value: Decimal
    unit: str
    since: int
    until: int
    source: str = ""


class TriggerDeclared(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Somebody entitled declared it; it has no effect until verified, where the clause asks for that."""

    trigger: str
    by: str = ""


class TriggerRejected(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The verifier did not confirm."""

    trigger: str


class TriggerFired(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The condition is true: `ends` end here."""

    trigger: str
    ends: tuple[str, ...]


class ProductLaunched(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A product shipped on a platform."""

    launch: str
    workload_class: str
    host: str
    platform: str


class AbilityDeclared(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A first-shipment holder said whether it can and wants to."""

    launch: str
    holder: str
    able: bool
    willing: bool


class BreachNoted(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Somebody tried or did what a clause forbids; it is on record."""

    request: str
    clause: str
    by: str
    what: str


class EqualTermsOwed(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A comparable contract is cheaper than the beneficiary's `grant` (R33).  `adjusted`: its price is `price` from now on."""

    clause: str
    beneficiary: str
    obliged: str
    grant: str
    price: Decimal
    adjusted: bool


class AccessGranted(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A named person may read notices behind the barrier."""

    holder: str
    person: str


class NoticeRead(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Somebody asked to read a notice behind the barrier."""

    offer: str
    person: str
    allowed: bool


AnyEvent = (
    AgreementAdopted
    | VersionBegan
    | CommandRefused
    | CommandRepeated
    | CapacityDeclared
    | RequestSubmitted
    | RequestHeld
    | RequestUndetermined
    | DoubtEnded
    | Ruled
    | RequestDenied
    | RequestUnfilled
    | RequestCancelled
    | RequestExpired
    | NoticeDefective
    | OfferServed
    | OfferTolled
    | AnswerLate
    | RightExercised
    | RightDeclined
    | RightCountered
    | CounterAccepted
    | RoundOpened
    | RightLapsed
    | RightWaived
    | OfferWithdrawn
    | OfferVoided
    | MarketOpened
    | ReofferDue
    | RightRevived
    | RightEnded
    | RightSpent
    | RightAssigned
    | Granted
    | DeliveryConfirmed
    | GrantDelayed
    | HolderDefaulted
    | RightSuspended
    | RightResumed
    | GrantEnded
    | UsageReported
    | PurposeDrifted
    | PurposeRestored
    | SignalRecorded
    | TriggerDeclared
    | TriggerRejected
    | TriggerFired
    | ProductLaunched
    | AbilityDeclared
    | BreachNoted
    | EqualTermsOwed
    | AccessGranted
    | NoticeRead
)
