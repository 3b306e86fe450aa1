"""Supply as it is planned and as it comes: pieces of capacity, each with the day it was promised for and the day it is there.

A supplier's steps are totals; what a step adds to the one before is a piece, and each piece slips on its own.  A phase
of a programme is a piece too.  A slip shows on the planned day and not before: until then everybody plans with it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from dibs.quantities import DAY, instant_of
from dibs.simulate.checks import COUNTS_FROM, LEAVING, STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from dibs.contract.model import Building, HostId, Phase, Sku
    from dibs.simulate.chance import Chance
    from dibs.simulate.scenario import Scenario

HostSku = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """So many accelerators of one kind that a host gains (or loses, below zero) at an instant."""

    host: HostId
    sku: Sku
    quantity: int
    known: int
    """From when the buyer plans with it."""
    planned: int
    """When it was promised."""
    actual: int
    """When it is there."""
    leaves: int | None = None
    """From when it is gone again, or will never come."""
    stage: str = "contracted"
    facts: tuple[str, ...] = ()
    label: str = ""
    """Which step or phase it is, for people."""


@dataclass(slots=True)
class HostPlan:
    """All pieces of one host and sku."""

    pieces: list[Piece] = field(default_factory=list)

    def changes(self) -> list[int]:
        """The instants at which what is planned or there changes, in order."""
        out: set[int] = set()
        for piece in self.pieces:
            out.add(piece.known)
            if piece.actual > piece.planned:
                out.add(piece.planned)
                out.add(piece.actual)
            if piece.leaves is not None:
                out.add(piece.leaves)
        return sorted(out)

    def declared(self, at: int) -> tuple[tuple[int, int], ...]:
        """What is planned as seen at an instant: (from when, quantity), in order of time; the past is as it was."""
        changes: dict[int, int] = {}
        for piece in self.pieces:
            if piece.known > at:
                continue
            if piece.leaves is not None and piece.leaves <= at:
                if piece.leaves <= piece.actual:
                    continue
                changes[piece.leaves] = changes.get(piece.leaves, 0) - piece.quantity
            starts = piece.planned if at < piece.planned else piece.actual
            changes[starts] = changes.get(starts, 0) + piece.quantity
        steps: list[tuple[int, int]] = []
        total = 0
        for instant in sorted(changes):
            total += changes[instant]
            level = max(total, 0)
            if not steps or steps[-1][1] != level:
                steps.append((instant, level))
        return tuple(steps)

    def there(self, at: int) -> int:
        """How much has really come by an instant and has not left."""
        total = sum(p.quantity for p in self.pieces if p.actual <= at and (p.leaves is None or p.leaves > at) and p.known <= at)
        return max(total, 0)


def plan(scenario: Scenario, chance: Chance) -> dict[HostSku, HostPlan]:
    """What every host will deliver, with its slips drawn; hosts in the agreement's order, then skus by name."""
    plans: dict[HostSku, HostPlan] = {}
    for piece in sorted(_pieces(scenario, chance), key=lambda p: (_order(scenario, p.host), p.sku, p.known, p.planned, p.label)):
        plans.setdefault((piece.host, piece.sku), HostPlan()).pieces.append(piece)
    return plans


def _order(scenario: Scenario, host: str) -> int:
    return list(scenario.agreement.hosts).index(host)


def _pieces(scenario: Scenario, chance: Chance) -> Iterator[Piece]:
    for host in scenario.suppliers.hosts:
        yield from _supplier_pieces(scenario, host, chance)
    yield from programme_pieces(scenario, chance)


def counted(scenario: Scenario, stage: str) -> Decimal:
    """How probable it is that supply of a stage is there when it says."""
    if stage in LEAVING:
        return Decimal(1)
    stated = scenario.file.counts_as_capacity.get(stage)
    if stated is not None:
        return stated
    return Decimal(1) if STAGES.index(stage) >= COUNTS_FROM else Decimal(0)


def sku_of(scenario: Scenario, host: str, *stated: str | None) -> str:
    """Which accelerator a step means: the first that is stated, else the host's only one."""
    skus = scenario.agreement.hosts[host].skus
    return next((sku for sku in stated if sku), skus[0] if len(skus) == 1 else "")


def _supplier_pieces(scenario: Scenario, host: str, chance: Chance) -> Iterator[Piece]:
    zone = ZoneInfo(scenario.agreement.time_zone)
    supply = scenario.suppliers.hosts[host]
    begins = instant_of(scenario.file.horizon.from_, zone)
    totals: dict[str, int] = {}
    for index, step in enumerate(supply.capacity):
        if not chance.happens(counted(scenario, step.stage), "stage", host, index):
            continue
        sku = sku_of(scenario, host, step.sku, supply.sku)
        gained = step.quantity - totals.get(sku, 0)
        totals[sku] = step.quantity
        if not gained:
            continue
        planned = instant_of(step.from_, zone)
        leaving = step.stage in LEAVING or gained < 0
        late = 0
        if supply.slip is not None and not leaving and planned > begins and chance.happens(supply.slip.chance, "slip", host, index):
            late = chance.one_of(supply.slip.days, "slip-days", host, index) * DAY
        known = instant_of(step.known, zone) if step.known else planned if step.stage in LEAVING else min(begins, planned)
        yield Piece(
            host=host,
            sku=sku,
            quantity=gained,
            known=known,
            planned=planned,
            actual=planned + late,
            stage=step.stage,
            facts=step.facts,
            label=f"{step.from_.isoformat()} {step.stage}",
        )


def programme_pieces(scenario: Scenario, chance: Chance) -> Iterator[Piece]:
    """The phases of the programme that become a host's supply, building by building where buildings have sizes."""
    if scenario.programme is None:
        return
    for site in scenario.programme.sites:
        for phase in site.phases:
            if phase.host is None:
                continue
            sized = tuple(b for b in phase.buildings if b.accelerators or b.power)
            for unit in sized or [phase]:
                piece = _built(scenario, phase, unit, f"{site.id} {phase.id}" + (f" {unit.id}" if sized else ""), chance)
                if piece is not None:
                    yield piece


def accelerators_of(scenario: Scenario, unit: Phase | Building) -> int:
    """How many accelerators a phase or a building holds when full: as stated, else what its power feeds."""
    if unit.accelerators is not None:
        return unit.accelerators
    return int((unit.power or Decimal(0)) * 1000 / scenario.file.kilowatts_per_accelerator)


def _built(scenario: Scenario, phase: Phase, unit: Phase | Building, label: str, chance: Chance) -> Piece | None:
    """A phase or a building as a piece of supply: known once it counts, there once it is energised."""
    assert phase.host is not None, label  # noqa: S101 - the caller has seen it
    zone = ZoneInfo(scenario.agreement.time_zone)
    stages: Mapping[date, str] = unit.stages or phase.stages
    ready = next((day for day, stage in stages.items() if stage in {"energised", "in_service"}), None)
    planned = phase.planned_finish or ready or phase.expected_finish
    if planned is None:
        return None
    firm = next(
        (day for day, stage in stages.items() if stage not in LEAVING and chance.happens(counted(scenario, stage), "stage", label, stage)), None
    )
    if firm is None:
        return None
    left = next((day for day, stage in stages.items() if stage in LEAVING and day > firm), None)
    back = next((day for day, stage in stages.items() if left and day > left and stage not in LEAVING), None)
    actual = ready or phase.expected_finish or planned
    quantity = accelerators_of(scenario, unit)
    if not quantity:
        return None
    return Piece(
        host=phase.host,
        sku=sku_of(scenario, phase.host, getattr(unit, "sku", None), phase.sku),
        quantity=quantity,
        known=instant_of(firm, zone),
        planned=instant_of(min(planned, actual), zone),
        actual=instant_of(actual, zone),
        leaves=instant_of(left, zone) if left and not back else None,
        stage=list(stages.values())[-1],
        facts=unit.facts or phase.facts,
        label=label,
    )


def price_on(scenario: Scenario, host: str, day: date) -> Decimal | None:
    """What an accelerator-hour on a host costs on a day; nothing if it has no price yet."""
    supply = scenario.suppliers.hosts.get(host)
    if supply is None or not supply.price:
        return None
    days: Sequence[date] = sorted(supply.price)
    index = bisect_right(days, day) - 1
    return supply.price[days[index]].amount if index >= 0 else None
