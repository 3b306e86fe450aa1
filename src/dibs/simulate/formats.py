"""What a person writes into a scenario folder, as frozen values.

Declared with the same `term` fields as the agreement, so that the reader, the JSON Schemas and the reference page of
these files come from the same place as theirs.  Days are in the agreement's time zone, every period is half-open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from dibs.contract.model import NOWHERE, HostId, PartyId, Share, Site, Sku, Stage, WorkloadClass, term
from dibs.contract.terms import DeclineReason
from dibs.errors import Mark
from dibs.quantities import Money

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL: Share = Share(Decimal(1))
NONE: Share = Share(Decimal(0))

ScriptedVerb: TypeAlias = Literal["exercise", "part", "decline", "counter", "waive", "silence"]
"""What a party did about a notice on a day that the script names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """The days that are played."""

    from_: date = term("First day played.")
    until: date = term("First day no longer played.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The same world under a changed agreement: what if this clause were not there, or said something else?"""

    id: str
    says: str = term("The question this variant asks, in one sentence.")
    without: tuple[str, ...] = term("Clauses and amendments that are left out, with what depends on them.", default=())
    set_: Mapping[str, Any] = term("Fields that say something else: clause, then field, then value as the agreement writes it.", default={})
    readings: Mapping[str, str] = term("How ambiguous clauses are read: clause, then the reading's name.", default={})
    mark: Mark = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTerms:
    """What the buyer's notices say besides the need itself."""

    payment: str = term("How it pays, in words.", default="monthly in arrears")
    prepayment: Share = term("The part it pays in advance.", default=NONE)
    take_or_pay: Share = term("The part it pays whether taken or not.", default=NONE)
    service_level: Share = term("The availability it asks for.", default=Share(Decimal("0.99")))
    delivery_tolerance: timedelta = term("How late a delivery may be at no cost.", default=timedelta(0))
    address: str = term("Where the answer goes.", default="capacity desk")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageMix:
    """What really ran on a host from a day on, where that differs from what it was asked for."""

    host: HostId = term("Where.", refers="host")
    from_: date = term("From which day on.")
    classes: Mapping[WorkloadClass, Share] = term("Each class's part of the accelerator-hours; they add up to 100 %.", refers="class")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """On a day, somebody declares that a trigger has come true, and perhaps somebody else verifies it."""

    trigger: str = term("Which trigger clause.", refers="clause")
    on: date = term("When it is declared.")
    by: PartyId = term("Who declares it.", refers="party")
    verified_on: date | None = term("When the verifier answers (default: never).", default=None)
    verified_by: str = term("Who verifies, as the clause names it.", default="")
    confirmed: bool = term("Whether the verifier confirms.", default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFile:
    """`scenario.yaml`: which agreement, which world, over which days."""

    id: str
    title: str = term("What people call it.")
    agreement: str = term("File of the agreement, in the same folder.", default="agreement.yaml")
    suppliers: str = term("File of the suppliers.", default="suppliers.yaml")
    demand: str = term("File of the capacity requests.", default="demand.csv")
    signals: str = term("File of the observed figures; left out when there is none.", default="signals.csv")
    programme: str = term("File of the building programme; left out when there is none.", default="programme.yaml")
    buyer: PartyId = term("Whose needs these are.", refers="party")
    horizon: Horizon = term("The days that are played.")
    known_until: date | None = term("From this day on everything is plan or forecast (default: the horizon's end).", default=None)
    seed: int = term("The seed of chance, unless the command names another.", default=0)
    kilowatts_per_accelerator: Decimal = term("Turns power into accelerators where only power is known.", default=Decimal("2.5"), unit="kW")
    counts_as_capacity: Mapping[str, Share] = term(
        "How probable it is that supply of a stage is there when it says (default: `contracted` and later 100 %, earlier 0 %).", default={}
    )
    undetermined: Literal["leave", "permitted", "offer_first", "refused"] = term(
        "What a person rules when the agreement leaves the answer open; `leave` lets the need wait.", default="leave"
    )
    notice: NoticeTerms = term("What the buyer's notices say besides the need.", default=NoticeTerms())
    launch_waits: timedelta = term("How long a product waits for late capacity before it is given up.", default=timedelta(days=180), source="S37")
    usage: tuple[UsageMix, ...] = term("What really ran on which host (default: what it was asked for).", default=(), source="R29")
    declarations: tuple[Declaration, ...] = term("Triggers that somebody declares.", default=(), source="T15")
    variants: Mapping[str, Variant] = term("Other agreements to play the same world under.", default={})
    note: str = term("What a reader should know.", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityStep:
    """From a day on, a host can deliver so much in all; `stage` says how firm that is."""

    from_: date = term("The first day on which it can be delivered.")
    quantity: int = term("Accelerators in all from that day on (not the increase).", unit="accelerators")
    stage: Stage = term("How firm it is.", default="contracted")
    sku: Sku | None = term("Which accelerator (default: the host's).", default=None, refers="sku")
    known: date | None = term("From when the buyer can plan with it (default: from the start).", default=None)
    facts: tuple[str, ...] = term("Ids of the facts behind this entry.", default=())
    note: str = term("What a reader should know.", default="")
    mark: Mark = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """How often a step comes late, and by how much."""

    chance: Share = term("How probable it is that a step comes late.")
    days: tuple[int, ...] = term("By how many days then: one of these, each as likely.", unit="days")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSupply:
    """What one host can deliver, when and at what price."""

    host: HostId
    sku: Sku | None = term("Which accelerator, unless a step says otherwise (default: the host's only one).", default=None, refers="sku")
    capacity: tuple[CapacityStep, ...] = term("What it can deliver, step by step.", default=())
    price: Mapping[date, Money] = term(
        "Per accelerator-hour, from each day on (one price alone holds always).", default={}, unit="per accelerator-hour"
    )
    slip: Slip | None = term("How late steps come (default: never).", default=None)
    facts: tuple[str, ...] = term("Ids of the facts behind this entry.", default=())
    note: str = term("What a reader should know.", default="")
    mark: Mark = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """How probable each kind of answer is, for a party that answers by chance; they add up to 100 %."""

    full: Share = term("It takes all of it, as far as it has room.", default=ALL)
    part: Share = term("It takes a part.", default=NONE)
    decline: Share = term("It declines.", default=NONE)
    counter: Share = term("It answers on other terms.", default=NONE)
    silence: Share = term("It does not answer.", default=NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedAnswer:
    """What a party did on a day, about the notice that was open then."""

    on: date = term("The day of the answer.")
    answer: ScriptedVerb = term("What it did.")
    reason: DeclineReason = term("Why, if it declined.", default="none")
    quantity: int | None = term("How much it took, if a part.", default=None, unit="accelerators")
    request: str = term("About which need (default: the one that has waited longest).", default="")
    facts: tuple[str, ...] = term("Ids of the facts behind this entry.", default=())
    note: str = term("What a reader should know.", default="")
    mark: Mark = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """How a party answers notices."""

    party: PartyId
    within: tuple[timedelta, ...] = term("How long it takes: between the first and the second.", default=(timedelta(days=1), timedelta(days=10)))
    by: Literal["room", "chance"] = term("Whether it takes what it has room for, or answers by chance.", default="room")
    take: Share = term("The part of its room that it gives.", default=ALL)
    exercise: Exercise = term("How probable each answer is, by chance.", default=Exercise())
    reasons: Mapping[str, Share] = term("Why it declines, by chance; they add up to 100 %.", default={})
    below_list: Literal["take", "decline", "counter"] = term("What it does about a price below its own.", default="decline")
    script: tuple[ScriptedAnswer, ...] = term("What it is known to have done.", default=())
    mark: Mark = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliersFile:
    """`suppliers.yaml`: what each host can deliver, and how each party answers."""

    hosts: Mapping[HostId, HostSupply] = term("What each host can deliver.", refers="host")
    answers: Mapping[PartyId, Desk] = term("How parties answer notices (default: by room, in one to ten days).", default={}, refers="party")
    note: str = term("What a reader should know.", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOfHands:
    """A piece of supply that went to somebody else."""

    on: date = term("When.")
    what: str = term("Which site, phase or host.")
    from_: PartyId | None = term("Who had it.", default=None, refers="party")
    to: PartyId | None = term("Who has it now.", default=None, refers="party")
    says: str = term("What happened, in one sentence.", default="")
    facts: tuple[str, ...] = term("Ids of the facts behind this entry.", default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeFile:
    """`programme.yaml`: the sites that are being built, phase by phase."""

    sites: tuple[Site, ...] = term("The sites.")
    changes_hands: tuple[ChangeOfHands, ...] = term("What went to somebody else.", default=())
    note: str = term("What a reader should know.", default="")
