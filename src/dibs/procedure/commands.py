"""What somebody wants to happen: imperative, typed, complete.

A command is heard by `handle`, which answers with events: acceptance or refusal, never silence.  Who says it is `by`.
Instants are whole seconds (UTC); quantities are accelerators; prices are exact decimals per accelerator-hour.
"""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - msgspec reads these at run time
from typing import Literal

import msgspec

from dibs.contract.terms import CapacityRequest, DeclineReason, Terms  # noqa: TC001 - msgspec reads these at run time


class Command(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """What every command has."""

    by: str
    """The party that says it; the broker's own clock is `clock`."""


class AdoptAgreement(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Take this text of the agreement as the one that counts from now on: first of all, and at every amendment signed later."""

    digest: str


class DeclareCapacity(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """State how many accelerators of one sku a host can deliver, from each instant on.  Replaces what was declared before."""

    host: str
    sku: str
    steps: tuple[tuple[int, int], ...]
    """(instant, quantity) in order of time; the quantity holds until the next step."""
    price: Decimal | None = None


class SubmitRequest(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Record a need (R1).  The answer says whether a holder has to be asked."""

    request: CapacityRequest


class CancelRequest(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Give a need up.  An open offer for it is withdrawn (and the anti-evasion watch starts)."""

    request: str


class ServeNotice(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Offer the need to the holder.  An incomplete notice is defective and starts no clock (R3, R4); serving again cures it."""

    offer: str
    request: str
    terms: Terms
    respond_within: int | None = None
    """Seconds; longer than the clause's window is allowed, shorter is a defect."""


class Respond(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The holder answers.  `quantity` is what it takes (0 declines); other `terms` than offered make a counter (R8)."""

    offer: str
    quantity: int
    reason: DeclineReason = "none"
    terms: Terms | None = None
    hosts: tuple[tuple[str, int], ...] = ()
    """Where it will deliver: (host, quantity); a sub-supplier's host has to be named (R21).  Empty: wherever it has room."""


class AcceptCounter(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The grantor takes the holder's counter as a new bargain."""

    offer: str


class WaiveRight(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The holder waives the right for one need, in writing (R18)."""

    request: str
    signed_by: str


class WithdrawOffer(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The grantor takes the notice back before it is accepted."""

    offer: str


class ChangeTerms(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The grantor changes need or terms materially: the running window is void and a re-offer is due."""

    offer: str
    terms: Terms


class TollOffer(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Stop the clock for a cause the clause allows (R26); `seconds` is how long."""

    offer: str
    cause: Literal["due_diligence", "regulator", "force_majeure"]
    seconds: int


class ProposeGrant(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Sign for capacity on a host, for a need that is free to go there: own platform, no right, or a market that is open."""

    grant: str
    request: str
    host: str
    quantity: int
    terms: Terms


class ConfirmDelivery(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The capacity of a grant is there: `quantity` of it in all, whatever was confirmed before."""

    grant: str
    quantity: int


class ReleaseGrant(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """End a reservation before its time, wholly."""

    grant: str


class ReportUsage(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Accelerator-hours that ran on a host for a class in a period (half-open).  One `report` id counts once."""

    report: str
    host: str
    workload_class: str
    accelerator_hours: int
    starts: int
    ends: int


class RecordSignal(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An observed figure of a party: revenue, profit ...; for the period that ends at `until` (exclusive)."""

    party: str
    signal: str
    value: Decimal
    unit: str
    since: int
    until: int
    source: str = ""


class DeclareTrigger(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Declare that a trigger's condition has come true."""

    trigger: str


class VerifyTrigger(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The named verifier confirms or rejects a declaration."""

    trigger: str
    confirmed: bool


class AnnounceLaunch(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Ship a product of a class on a host's platform (R34)."""

    launch: str
    workload_class: str
    host: str


class DeclareAbility(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A first-shipment holder says whether it can and wants to support a product."""

    launch: str
    able: bool
    willing: bool


class AssignRight(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The holder passes its right to the purchaser of its business, where the clause lets it (R20)."""

    clause: str
    to: str


class Rule(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A person decides what the agreement leaves undetermined, for one request."""

    request: str
    answer: Literal["permitted", "offer_first", "refused"]
    because: str


class GrantAccess(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Name a member of the holder's capacity staff who may read notices behind the barrier (R24)."""

    holder: str
    person: str


class ReadNotice(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Read a notice behind the barrier; allowed or not, it is logged (R24)."""

    offer: str
    person: str


class Wake(Command, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The clock has reached something that was due; what is due happens at its own instant, however late this comes."""


AnyCommand = (
    AdoptAgreement
    | DeclareCapacity
    | SubmitRequest
    | CancelRequest
    | ServeNotice
    | Respond
    | AcceptCounter
    | WaiveRight
    | WithdrawOffer
    | ChangeTerms
    | TollOffer
    | ProposeGrant
    | ConfirmDelivery
    | ReleaseGrant
    | ReportUsage
    | RecordSignal
    | DeclareTrigger
    | VerifyTrigger
    | AnnounceLaunch
    | DeclareAbility
    | AssignRight
    | Rule
    | GrantAccess
    | ReadNotice
    | Wake
)
