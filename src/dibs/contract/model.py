"""What was agreed: parties, hosts, clauses and amendments, as frozen values.

One dataclass a clause kind, and each field says in its metadata what a person must know: what it means, in which unit,
where the rule comes from.  The loader, the JSON Schema, the YAML renderer and the reference page all read these same
fields, so a parameter is added in one place.

Field types are the whole language a file can use: `str`, `bool`, `int`, `Decimal` (a plain number), `Share`, `Money`,
`timedelta`, `date`, `Literal[...]`, tuples of those, mappings of names or days to those, and the small records below.
Optional means "not agreed".  Every period is half-open: `until` is the first day out.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NewType, TypeAlias

from dibs.errors import Mark
from dibs.quantities import Money  # noqa: TC001 - the loader reads the field types at run time

if TYPE_CHECKING:
    from collections.abc import Mapping

Share = NewType("Share", Decimal)
"""A ratio from 0 to 1, exact; a file writes it as `20 %`."""

PartyId: TypeAlias = str
HostId: TypeAlias = str
ClauseId: TypeAlias = str
WorkloadClass: TypeAlias = str
Sku: TypeAlias = str
Confidence: TypeAlias = Literal["O", "F", "P", "E", "D", "W", "R"]
"""Official, filing, press, estimate, derived, weak, recalled: how sure a stated fact is."""

Stage: TypeAlias = Literal[
    "announced",
    "intent",
    "contracted",
    "financed",
    "under_construction",
    "energised",
    "in_service",
    "paused",
    "dropped",
    "reassigned",
]
"""How far a piece of supply has come.  The first seven are ordered; the last three are ways of leaving that order."""

NOWHERE = Mark("(not from a file)")
NO_PLACES: Mapping[tuple[str | int, ...], Mark] = MappingProxyType({})


def term(says: str, *, default: Any = dataclasses.MISSING, unit: str = "", source: str = "", refers: str = "") -> Any:
    """Declare a field that a person writes.

    `says` is one sentence for the reference page and the editor; `unit` names what the type does not; `source` is the
    rule (R1-R34) or fact it comes from; `refers` says which names are allowed: `party`, `host`, `class`, `clause`, `sku`.
    A field without default has to be written.
    """
    metadata = MappingProxyType({"says": says, "unit": unit, "source": source, "refers": refers})
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata)
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: MappingProxyType(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody who can hold or owe a promise."""

    id: PartyId
    name: str = term("The name people use.")
    role: str = term("What it is to the partnership, in one word or two.", default="")
    competitor_of: Mapping[PartyId, date] = term(
        "Since when it competes with another party: from then on the information barrier stands.", default={}, refers="party", source="R24"
    )
    controlled_by: PartyId | None = term(
        "Whose purchases its purchases count as: an affiliate, or a programme entity.", default=None, refers="party", source="R17"
    )
    facts: tuple[str, ...] = term("Ids of the facts behind this entry.", default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A place where work runs: under whose contract (`platform`), on whose machines (`operator`)."""

    id: HostId
    platform: PartyId = term("Whose contract the work runs under.", refers="party")
    operator: PartyId = term("Whose machines they are.", refers="party")
    regions: tuple[str, ...] = term("Where it is.", default=())
    skus: tuple[Sku, ...] = term("Which accelerators it has.", default=())
    own_build: bool = term("Built for the platform's own use, outside any cloud.", default=False)
    jurisdiction: str = term("Whose law the site is under (ISO 3166 code).", default="")
    facts: tuple[str, ...] = term("Ids of the facts behind this entry.", default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way of reading an ambiguous clause: the fields it changes.  `applies: false` reads the clause as silent."""

    name: str
    says: str = term("The reading in one sentence.")
    applies: bool = term("Whether the clause decides anything under this reading.", default=True)
    sets: Mapping[str, Any] = term("The clause's fields under this reading (already of the field's type).", default={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What all clauses have.  A clause says one thing, in words and in numbers, for a half-open period of days."""

    kind: ClassVar[str] = ""
    id: ClauseId
    says: str = term("The clause in one sentence that both sides would sign.")
    from_: date | None = term("First day in force (default: the amendment's effective day; else always).", default=None)
    until: date | None = term("First day no longer in force (default: no end).", default=None)
    overrides: tuple[ClauseId, ...] = term("Clauses that this one outranks where both speak: an edge with a name.", default=(), refers="clause")
    readings: Mapping[str, Reading] = term("Other ways to read it, by name.", default={})
    reading: str | None = term("The reading taken by default; without one, differing readings leave the answer undetermined.", default=None)
    confidence: Confidence | None = term("How sure the encoded fact is.", default=None)
    facts: tuple[str, ...] = term("Ids of the facts behind this clause.", default=())
    note: str = term("What a reader should know and no rule needs.", default="")
    mark: Mark = dataclasses.field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusiveHosting(Clause):
    """Some classes of work run on one platform only.  Never stands against that platform itself."""

    kind: ClassVar[str] = "exclusive_hosting"
    platform: PartyId = term("Who hosts.", refers="party")
    classes: tuple[WorkloadClass, ...] = term("Which work is bound.", refers="class")
    tests: Literal["platform", "operator"] = term(
        "Which of a host's two coordinates the clause looks at; of `operator`, only named sub-supply counts.", default="platform", source="S45"
    )
    sub_supply: Literal["counts", "named", "refused"] = term(
        "Whether others' machines under the platform's contract count as the platform's: always, only with a `sub_supply` clause or consent, never.",
        default="counts",
        source="C01, K26",
    )
    except_hosts: tuple[HostId, ...] = term("Hosts that the clause leaves alone.", default=(), refers="host")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreEmption(Clause):
    """Before the grantor takes new capacity elsewhere, the holder is asked.  `right` says in which way; the title never does."""

    kind: ClassVar[str] = "pre_emption"
    right: Literal["first_offer", "matching", "last_look", "first_negotiation"] = term("Which right it is.", source="fact table, semantics 2; C04")
    grantor: PartyId = term("Who promised to ask first (the buyer).", refers="party")
    holder: PartyId = term("Who is asked first (the supplier).", refers="party")
    classes: tuple[WorkloadClass, ...] = term("Which work's capacity is covered.", refers="class", source="R1")
    quoted_by: Literal["grantor", "holder"] = term("Who names the terms of a first offer.", default="grantor", source="semantics 2")
    minimum_lot: int = term("Smaller needs open no case.", default=1000, unit="accelerators", source="R1")
    minimum_power: Decimal | None = term("The same in power, whichever is reached first.", default=None, unit="MW", source="R1")
    exempt_renewals: bool = term("Renewing a placement at equal or smaller size opens no case.", default=True, source="R2")
    exempt_bursts_under: timedelta = term("Emergency needs shorter than this open no case, and are logged.", default=timedelta(hours=72), source="R2")
    exempt_hosts: tuple[HostId, ...] = term("Hosts outside the right.", default=(), refers="host", source="R2")
    notice_requires: tuple[str, ...] = term(
        "What a notice has to state before its clock starts; by default every term of R3 that the right needs.",
        default=(
            "sku",
            "quantity",
            "starts",
            "ends",
            "regions",
            "classes",
            "price",
            "payment",
            "take_or_pay",
            "service_level",
            "delivery_tolerance",
            "address",
        ),
        source="R3, R4",
    )
    respond_within: timedelta = term("How long the holder may take, from service of a complete notice.", default=timedelta(days=30), source="R5")
    respond_within_below: Mapping[int, timedelta] = term(
        "Shorter windows for smaller lots: below so many accelerators, so long.", default={}, unit="accelerators", source="R5"
    )
    holidays: tuple[date, ...] = term("Days on which the clock stands still.", default=(), source="R6")
    silence: Literal["lapse", "accept"] = term("What no valid answer by the deadline means.", default="lapse", source="R7")
    counter: Literal["refusal", "keeps_open"] = term("What an answer on other terms is.", default="refusal", source="R8")
    immaterial_terms: tuple[str, ...] = term("Terms that an answer may change and still be an exercise.", default=(), source="R8")
    tolerance: Share = term("By how much a term may be richer and count as equal.", default=Share(Decimal(0)), source="R9")
    incomparable: Literal["reoffer", "allow", "refuse"] = term(
        "What follows when some terms are richer and some poorer.", default="reoffer", source="R9"
    )
    free_market_for: timedelta = term("How long the grantor may sign elsewhere after a refusal or a lapse.", default=timedelta(days=90), source="R10")
    reoffer_if_richer: bool = term("Whether a richer bundle for somebody else goes back to the holder first.", default=True, source="R9")
    reoffer_divisor: int = term("The window of a re-offer is the first one divided by this.", default=3, source="R11")
    reoffer_at_least: timedelta = term("And never shorter than this.", default=timedelta(days=3), source="R11")
    partial: Literal["lots", "none"] = term("Whether the holder may take a part.", default="lots", source="R12")
    minimum_accept: Share = term("The smallest part the holder may take.", default=Share(Decimal("0.1")), source="R12")
    decline_requires_inability: bool = term(
        "Whether only inability (no capacity, wrong hardware, late) frees the grantor.", default=False, source="R13, C05"
    )
    unusual_terms: Literal["disregard", "match", "refuse"] = term(
        "What becomes of terms that only one firm can meet.", default="disregard", source="R14"
    )
    packages: Literal["allocate", "whole"] = term(
        "Whether the holder may take the burdened part of a package at its allocated price.", default="allocate", source="R15"
    )
    look_back: timedelta = term(
        "Needs of one purpose this close together are added up against the minimum lot.", default=timedelta(days=30), source="R16"
    )
    look_through: bool = term("Whether purchases through affiliates count as the grantor's.", default=True, source="R17")
    waiver: Literal["express", "conduct"] = term("Whether silence with full knowledge waives.", default="express", source="R18")
    lasts: Literal["evergreen", "one_shot"] = term("Whether the right survives a refusal.", default="evergreen", source="R19")
    assignable: Literal["personal", "with_business"] = term(
        "Whether the right passes to a purchaser of the holder's business.", default="personal", source="R20"
    )
    sub_contracting: bool = term("Whether the holder may fulfil through others, staying liable.", default=True, source="R21")
    cure: timedelta = term("How late an accepted lot may be before the holder is in default.", default=timedelta(days=30), source="R22")
    strikes: int = term("So many defaults within the period suspend the right.", default=3, source="R22")
    strikes_within: timedelta = term("The period in which defaults are counted.", default=timedelta(days=365), source="R22")
    default_bars_exercise: bool = term("Whether a holder in uncured default may exercise.", default=True, source="R23")
    barrier: bool = term("Whether a notice is shown only to named staff once holder and grantor compete.", default=True, source="R24")
    good_faith: bool = term("Whether a notice designed to be refused is void.", default=True, source="R25")
    tolling: tuple[Literal["due_diligence", "regulator", "force_majeure"], ...] = term("What stops the clock.", default=(), source="R26")
    after_match: Literal["ends", "another_round"] = term("Whether a match ends the contest.", default="ends", source="R31")
    outside_offer_stays_open: bool = term("Whether a matched offer must outlive the holder's window.", default=True, source="R32")
    match_margin: Share = term(
        "By how much a rival must beat the holder to win (0: any difference).", default=Share(Decimal(0)), source="Chandel 2023"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a consent is mainly for, measured over a rolling window of accelerator-hours."""

    classes: tuple[WorkloadClass, ...] = term("The intended classes.", refers="class")
    at_least: Share = term("Their least share of accelerator-hours.", source="R29")
    over: timedelta = term("The rolling window.", default=timedelta(days=90), source="R29")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Clause):
    """The grantor allows what a wider clause would forbid: own building, a platform on another's machines, one supplier, one order."""

    kind: ClassVar[str] = "consent"
    grantor: PartyId = term("Who consents.", refers="party")
    grantee: PartyId = term("Who is allowed.", refers="party")
    permits: Literal["own_build", "platform_extension", "supplier", "order"] = term("What is allowed.")
    classes: tuple[WorkloadClass, ...] = term("For which work.", refers="class")
    hosts: tuple[HostId, ...] = term("On which hosts (default: every host of that description).", default=(), refers="host")
    suppliers: tuple[PartyId, ...] = term("Of which suppliers.", default=(), refers="party")
    orders: tuple[str, ...] = term("Which orders, by their ids.", default=(), source="S46")
    quantity_max: int | None = term("Up to how much.", default=None, unit="accelerators")
    purpose: Purpose | None = term("What it is mainly for.", default=None, source="R29, S14")
    because: str = term("Why it was given.", default="", source="S39")


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence(Clause):
    """One party may use another's subjects for named purposes."""

    kind: ClassVar[str] = "licence"
    licensor: PartyId = term("Whose it is.", refers="party")
    licensee: PartyId = term("Who may use it.", refers="party")
    subjects: tuple[str, ...] = term("What may be used: models, products, research ...")
    uses: tuple[str, ...] = term("For what; empty means for anything.", default=())
    excluded_subjects: tuple[str, ...] = term("What is not licensed.", default=())
    excluded_uses: tuple[str, ...] = term("What it may not be used for.", default=())
    exclusive: bool = term("Whether nobody else may be licensed.", default=False, source="C12")
    developed_before: date | None = term("Only what existed before this day is licensed.", default=None, source="C14")
    after_trigger: Literal["ends", "keeps_earlier", "continues"] = term(
        "What a trigger that names this licence does to it.", default="ends", source="C14"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment(Clause):
    """Take or pay: a least spend, with milestones, and what a shortfall becomes."""

    kind: ClassVar[str] = "commitment"
    payer: PartyId = term("Who commits.", refers="party")
    payee: PartyId = term("To whom.", refers="party")
    amount: Money | None = term("The least spend over the period; unknown is allowed and then nothing is asserted.", default=None, source="C09")
    milestones: Mapping[date, Money] = term("Cumulative least spend by the beginning of a day.", default={}, source="T20")
    eligible_classes: tuple[WorkloadClass, ...] = term("Which work's charges count (default: all).", default=(), refers="class", source="S16, S17")
    eligible_hosts: tuple[HostId, ...] = term("Which hosts' charges count (default: all of the payee's platform).", default=(), refers="host")
    shortfall: Literal["prepayment", "deficiency"] = term(
        "What a shortfall becomes: credit for later use, or a payment gone.", default="deficiency", source="T20, T21"
    )
    make_up_within: timedelta | None = term("How long paid but untaken quantity may still be taken.", default=None, source="T21")
    incremental_to: tuple[ClauseId, ...] = term("Commitments whose spend does not count here.", default=(), refers="clause")
    rounding: Literal["half_even", "half_up", "down"] = term(
        "How amounts under it become whole minor units: to the even one, halves up, or always down.", default="half_even"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueShare(Clause):
    """One party pays another a share of a measured base."""

    kind: ClassVar[str] = "revenue_share"
    payer: PartyId = term("Who pays.", refers="party")
    payee: PartyId = term("Who is paid.", refers="party")
    base: str = term("The signal that is shared, as `signals.csv` names it.")
    channels: tuple[str, ...] = term("Which channels of the base count (default: all).", default=(), source="S22")
    rate: Share | None = term("The share; unknown is allowed and then nothing is charged.", default=None, source="C13")
    cap: Money | None = term("The most that is ever paid.", default=None, source="T08")
    cap_counts_from: date | None = term("From when payments count against the cap (default: the clause's first day).", default=None, source="T08")
    cash_share: Share = term("How much of an accrued share is paid at once; the rest is deferred.", default=Share(Decimal(1)), source="M5, T09b")
    deferred_until: date | None = term("When deferred cash falls due (default: when the clause ends).", default=None)
    rounding: Literal["half_even", "half_up", "down"] = term(
        "How amounts under it become whole minor units: to the even one, halves up, or always down.", default="half_even"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number that can be watched: a signal of a party, added up or not."""

    party: PartyId = term("Whose figure.", refers="party")
    signal: str = term("Which figure, as `signals.csv` names it.")
    aggregate: Literal["cumulative", "annual", "latest"] = term(
        "Summed since a day, summed over a calendar year, or as last reported.", default="latest"
    )
    since: date | None = term("From when a cumulative measure counts.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(Clause):
    """When something has come true, other clauses end.  It is measured, or declared, or declared and verified."""

    kind: ClassVar[str] = "trigger"
    measure: Measure | None = term("What is watched (a trigger without measure is declared).", default=None, source="C15")
    at_least: Money | None = term("It fires when the measure is this or more.", default=None)
    more_than: Money | None = term("It fires when the measure is more than this.", default=None, source="C15")
    declared_by: PartyId | None = term("Who has to declare it.", default=None, refers="party")
    verified_by: str | None = term("Who has to verify the declaration, if anybody.", default=None, source="T15")
    ends: tuple[ClauseId, ...] = term("Which clauses end.", refers="clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class MostFavouredCustomer(Clause):
    """No comparable contract may be better for the counterparty than the beneficiary's."""

    kind: ClassVar[str] = "most_favoured_customer"
    beneficiary: PartyId = term("Who is owed equal terms.", refers="party")
    obliged: PartyId = term("Who owes them.", refers="party")
    classes: tuple[WorkloadClass, ...] = term("Which work's contracts are compared.", default=(), refers="class")
    skus: tuple[Sku, ...] = term("Which hardware is comparable (default: the same).", default=(), refers="sku")
    quantity_at_most: int | None = term("Contracts above this volume are not comparable.", default=None, unit="accelerators", source="R33")
    remedy: Literal["adjust", "notify"] = term("What follows.", default="notify", source="R33")
    audit: bool = term("Whether the beneficiary may have it checked.", default=False, source="R33")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstShipment(Clause):
    """A product ships on the holder first, unless the release condition is met."""

    kind: ClassVar[str] = "first_shipment"
    developer: PartyId = term("Who ships.", refers="party")
    holder: PartyId = term("Whose platform comes first.", refers="party")
    classes: tuple[WorkloadClass, ...] = term("Which products.", refers="class")
    release: Literal["all", "any"] = term(
        "Whether the holder must be both unable and unwilling, or one of the two, before others may ship.", default="all", source="R34"
    )
    head_start: timedelta = term("How long the holder ships alone.", default=timedelta(0), source="R34")


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply(Clause):
    """A supplier delivers capacity to a buyer: how much, when, at what price, and what lateness costs."""

    kind: ClassVar[str] = "supply"
    supplier: PartyId = term("Who delivers.", refers="party")
    buyer: PartyId = term("Who takes.", refers="party")
    host: HostId | None = term("Where.", default=None, refers="host")
    sku: Sku | None = term("Which accelerator.", default=None, refers="sku")
    steps: Mapping[date, int] = term("Deliverable quantity from each day on.", default={}, unit="accelerators")
    power: Decimal | None = term("The same as power, where only that was published.", default=None, unit="MW")
    price: Money | None = term("Per accelerator-hour.", default=None, unit="per accelerator-hour")
    tiers: Mapping[int, Money] = term("Price from each quantity on.", default={}, unit="per accelerator-hour")
    value: Money | None = term("Contract value, where only that was published.", default=None)
    take_or_pay: Share = term("The part that is paid whether taken or not.", default=Share(Decimal(0)))
    delivery_tolerance: timedelta = term("How late a step may be at no cost.", default=timedelta(0))
    cure: timedelta = term("How much later still before it is a default.", default=timedelta(days=30))
    late_credit: Share = term("Credit per day late, as a part of the day's charge.", default=Share(Decimal(0)))
    stage: Stage = term("How firm it is; only `contracted` and later count as capacity.", default="contracted")
    through: PartyId | None = term("Who stands between: a lessor, or the platform it is resold on.", default=None, refers="party", source="G22")
    rounding: Literal["half_even", "half_up", "down"] = term(
        "How amounts under it become whole minor units: to the even one, halves up, or always down.", default="half_even"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubSupply(Clause):
    """A holder's own supplier: its machines under the holder's contract count as the holder's."""

    kind: ClassVar[str] = "sub_supply"
    holder: PartyId = term("Whose platform.", refers="party")
    supplier: PartyId = term("Whose machines.", refers="party")
    hosts: tuple[HostId, ...] = term("Where (default: every host with that platform and operator).", default=(), refers="host")
    classes: tuple[WorkloadClass, ...] = term("For which work (default: all).", default=(), refers="class")
    counts_as_holder: bool = term("Whether it counts as the holder's for every rule.", default=True, source="R21, C01")
    value: Money | None = term("Contract value as reported.", default=None)
    quantity: int | None = term("Accelerators as reported.", default=None, unit="accelerators")


@dataclass(frozen=True, slots=True, kw_only=True)
class Investment(Clause):
    """Money put into a party, by tranche."""

    kind: ClassVar[str] = "investment"
    investor: PartyId = term("Who invests.", refers="party")
    recipient: PartyId = term("In whom.", refers="party")
    amount: Money | None = term("Committed in all.", default=None)
    tranches: Mapping[date, Money] = term("What was paid when.", default={})
    instrument: str = term("Equity, warrant, loan, profit share ...", default="equity")
    stake: Share | None = term("The holding that results, as converted and diluted.", default=None)
    conditions: str = term("What has to happen first.", default="")
    stage: Stage = term("How firm it is.", default="contracted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """One building of a phase."""

    id: str
    area: Decimal | None = term("Floor area.", default=None, unit="square feet", source="S60")
    power: Decimal | None = term("Power.", default=None, unit="MW")
    accelerators: int | None = term("Accelerators when full.", default=None)
    sku: Sku | None = term("Which.", default=None, refers="sku")
    stages: Mapping[date, Stage] = term("The stage from each day on, as planned or observed.", default={})
    facts: tuple[str, ...] = term("Ids of the facts behind this entry.", default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of a site that is decided and financed together."""

    id: str
    planned_finish: date | None = term("When it was said to be finished.", default=None)
    expected_finish: date | None = term("When it is now expected.", default=None)
    power: Decimal | None = term("Power of the phase.", default=None, unit="MW")
    accelerators: int | None = term("Accelerators when full.", default=None)
    sku: Sku | None = term("Which.", default=None, refers="sku")
    cost: Money | None = term("What it costs.", default=None)
    restated: Mapping[date, Money] = term("What it was said to cost instead, from each day on.", default={})
    final_cost: Money | None = term(
        "What it came to, once it is finished; what is above the cost last stated is an overrun, and what is below it is not drawn.",
        default=None,
        source="G13",
    )
    stages: Mapping[date, Stage] = term("The stage from each day on.", default={})
    buildings: tuple[Building, ...] = term("Its buildings.", default=())
    host: HostId | None = term("The host it becomes.", default=None, refers="host")
    facts: tuple[str, ...] = term("Ids of the facts behind this entry.", default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place of a programme."""

    id: str
    name: str = term("The name people use.")
    region: str = term("Where.", default="")
    jurisdiction: str = term("ISO 3166 code.", default="US", source="S52")
    operator: PartyId | None = term("Whose machines.", default=None, refers="party")
    phases: tuple[Phase, ...] = term("Its phases, in order.", default=())
    facts: tuple[str, ...] = term("Ids of the facts behind this entry.", default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme(Clause):
    """A building programme: who takes part as what, what is funded, which sites."""

    kind: ClassVar[str] = "programme"
    entity: PartyId | None = term("The legal person, if separate.", default=None, refers="party", source="S51")
    participants: Mapping[str, tuple[PartyId, ...]] = term(
        "Parties by role: equity_funder, operator, technology_partner ...", default={}, refers="party", source="S50, S56"
    )
    funded: Money | None = term("Committed at once.", default=None, source="S53")
    potential: Money | None = term("Intended in all.", default=None, source="S54")
    over_years: int | None = term("Over how long.", default=None, unit="years", source="S55")
    funding: Mapping[PartyId, Money] = term("Who puts in how much of it as equity, where known.", default={}, refers="party")
    loans: Mapping[PartyId, Money] = term("Who lends how much of it, where known.", default={}, refers="party")
    overruns: Mapping[PartyId, Share] = term("Who bears cost overruns.", default={}, refers="party", source="G13")
    draw_at: Mapping[str, Share] = term(
        "How much of a building's cost has been drawn once it has reached each stage.",
        default={"under_construction": Share(Decimal("0.5")), "in_service": Share(Decimal(1))},
        source="G10, S53",
    )
    counts_as: Literal["own_build", "alternate", "by_purpose"] = term(
        "What its capacity is under the other clauses.", default="by_purpose", source="C20"
    )
    sites: tuple[Site, ...] = term("Its sites.", default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A signed change: what it ends, replaces and adds, and what becomes of offers that are running.

    In force from the beginning of `effective`; known from the beginning of `signed`.  `binding: false` changes nothing.
    """

    id: str
    says: str = term("The change in one sentence.")
    signed: date = term("When it was signed: known from this day on.")
    effective: date = term("When it takes effect: in force from this day on.")
    binding: bool = term("Whether it has legal effect.", default=True, source="A14, M4n")
    ends: tuple[ClauseId, ...] = term("Clauses that end.", default=(), refers="clause")
    replaces: tuple[Clause, ...] = term("Clauses restated under their old ids: until the effective day the old text stands.", default=())
    adds: tuple[Clause, ...] = term("New clauses.", default=())
    running: Literal["continue", "void"] = term("What becomes of offers in flight whose clause ends.", default="continue", source="R27")
    confidence: Confidence | None = term("How sure the encoded fact is.", default=None)
    facts: tuple[str, ...] = term("Ids of the facts behind it.", default=())
    note: str = term("What a reader should know and no rule needs.", default="")
    mark: Mark = dataclasses.field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A whole agreement with its history.  `text` is what was loaded, byte for byte; its SHA-256 is the digest."""

    id: str
    title: str = term("What people call it.")
    currency: str = term("The currency of its money unless said otherwise (ISO 4217).")
    time_zone: str = term("The zone its days begin in (IANA name).", default="UTC", source="R6")
    parties: Mapping[PartyId, Party] = term("Who takes part.")
    hosts: Mapping[HostId, Host] = term("Where work can run.")
    workload_classes: Mapping[WorkloadClass, str] = term("Kinds of work, each with a sentence (a plain list is allowed).")
    clauses: tuple[Clause, ...] = term("What was agreed at first.")
    amendments: tuple[Amendment, ...] = term("What was changed, in the order of effect.", default=())
    note: str = term("What a reader should know and no rule needs.", default="")
    text: str = dataclasses.field(default="", compare=False, repr=False)
    digest: str = dataclasses.field(default="", compare=False)
    places: Mapping[tuple[str | int, ...], Mark] = dataclasses.field(default_factory=lambda: NO_PLACES, compare=False, repr=False)
    """Where each value stands in `text`, by its path: `("amendments", 0, "adds", 2, "until")`."""


CLAUSE_KINDS: Mapping[str, type[Clause]] = MappingProxyType(
    {
        kind.kind: kind
        for kind in (
            ExclusiveHosting,
            PreEmption,
            Consent,
            Licence,
            Commitment,
            RevenueShare,
            Trigger,
            MostFavouredCustomer,
            FirstShipment,
            Supply,
            SubSupply,
            Investment,
            Programme,
        )
    }
)
"""Every clause kind by its name in a file; closed."""
