"""What a programme has built, and whose money it drew.

A phase's cost belongs to its buildings in proportion to their power (in equal parts where that is not known), and is
drawn as each building comes along: `draw_at` says how much of it by each stage.  A stage that a building or phase is
expected to reach on its `expected_finish` counts from that day.  What is drawn never exceeds what is funded; what is
built beyond it is shown as unfunded and posted to nobody.  Funders bear a draw in proportion to what each put in; where
nobody published that, the money comes from one undivided fund.  Cost above plan, once it is known, is an overrun, borne by
those who agreed to and drawn from no fund.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from dibs.contract.amend import dated_clauses
from dibs.contract.model import Programme
from dibs.settle.postings import Entry, Posting
from dibs.settle.rounding import allocate, minor, whole
from dibs.settle.rows import FundingRow

if TYPE_CHECKING:
    from datetime import date

    from dibs.contract.amend import Dated
    from dibs.contract.model import Phase, Site
    from dibs.quantities import Instant
    from dibs.settle.materials import Materials

_LEFT = frozenset({"paused", "dropped", "reassigned"})


def progress(programme: Programme, stages: dict[date, str], on: date) -> Fraction:
    """How much of a building's cost is drawn by a day: what its furthest stage asks for; leaving the order takes nothing back."""
    reached = [Fraction(programme.draw_at.get(stage, 0)) for day, stage in stages.items() if day <= on and stage not in _LEFT]
    return max(reached, default=Fraction(0))


def built(materials: Materials, row: Dated, on: date) -> list[tuple[str, str, int, int]]:
    """(site, piece, what is drawn for it by a day, its overrun by then) for every building with a known cost."""
    programme = row.clause
    assert isinstance(programme, Programme)  # noqa: S101 - callers pass programmes only
    named = {site.id for site in programme.sites}
    out = []
    for site in materials.sites:
        if site.id in named:
            for phase in site.phases:
                out += _phase(materials, programme, site, phase, on)
    return out


def _phase(materials: Materials, programme: Programme, site: Site, phase: Phase, on: date) -> list[tuple[str, str, int, int]]:
    if phase.cost is None:
        return []
    currency = materials.agreement.currency
    cost = whole(minor(phase.cost.amount, currency))
    final = cost if phase.final_cost is None else whole(minor(phase.final_cost.amount, currency))
    pieces: list[tuple[str, dict[date, str], int]] = [
        (f"{phase.id}/{building.id}", {**phase.stages, **building.stages}, int((building.power or 0) * 1000)) for building in phase.buildings
    ]
    if not pieces:
        stages: dict[date, str] = dict(phase.stages)
        if phase.expected_finish is not None and not any(stage in {"in_service", *_LEFT} for stage in stages.values()):
            stages[phase.expected_finish] = "in_service"
        pieces = [(phase.id, stages, 1)]
    weights = [weight for _, _, weight in pieces]
    costs = allocate(cost, weights if all(weights) else [1] * len(pieces))
    over = allocate(max(0, final - cost), weights if all(weights) else [1] * len(pieces))
    out = []
    for (name, piece_stages, _), share, extra in zip(pieces, costs, over, strict=True):
        done = progress(programme, piece_stages, on)
        out.append((site.id, name, whole(done * share), extra if done == 1 else 0))
    return out


class Funding:
    """Every programme of a run, drawn month by month."""

    def __init__(self, materials: Materials, decision: str) -> None:
        """`decision` is the journal entry by which the agreement was adopted."""
        self._materials = materials
        self._decision = decision
        self._before: dict[tuple[str, str], tuple[int, int]] = {}
        self._drawn: dict[str, int] = {}
        self._drawn_by: dict[str, list[int]] = {}
        self._rows: list[FundingRow] = []

    def month(self, month: date, starts: Instant, ends: Instant) -> list[Entry]:
        """What a month's progress draws, a draw and an overrun for each building at most; and the month's row."""
        out: list[Entry] = []
        currency = self._materials.agreement.currency
        for row in dated_clauses(self._materials.agreement, self._materials.day(ends)):
            programme = row.clause
            if not isinstance(programme, Programme) or programme.funded is None:
                continue
            if row.starts is not None and self._materials.instant(row.starts) >= ends:
                continue
            funded = whole(minor(programme.funded.amount, currency))
            total = overruns = 0
            for site, piece, drawn_for, over in built(self._materials, row, self._materials.day(ends - 1)):
                key = (programme.id, f"{site}/{piece}")
                was, was_over = self._before.get(key, (0, 0))
                self._before[key] = (drawn_for, over)
                total += drawn_for
                overruns += over
                room = funded - self._drawn.get(programme.id, 0)
                amount = max(0, min(drawn_for - was, room))
                if amount:
                    self._drawn[programme.id] = self._drawn.get(programme.id, 0) + amount
                    out.append(self._draw(programme, key[1], month=month, starts=starts, ends=ends, amount=amount))
                if over > was_over:
                    out.append(self._overrun(programme, key[1], month=month, starts=starts, ends=ends, amount=over - was_over))
            drawn = self._drawn.get(programme.id, 0)
            potential = funded if programme.potential is None else whole(minor(programme.potential.amount, currency))
            self._rows.append(
                FundingRow(
                    programme=programme.id,
                    currency=currency,
                    month=month,
                    built=total,
                    drawn=drawn,
                    unfunded=max(0, total - drawn),
                    overruns=overruns,
                    funded=funded,
                    potential=potential,
                )
            )
        return [entry for entry in out if entry.postings]

    def _draw(self, programme: Programme, piece: str, *, month: date, starts: Instant, ends: Instant, amount: int) -> Entry:
        currency = self._materials.agreement.currency
        entity = programme.entity or programme.id
        lines = [
            Posting(account=f"{entity}:construction", amount=amount, currency=currency),
            Posting(account=f"{entity}:cash", amount=-amount, currency=currency),
        ]
        funders = sorted(programme.funding.items())
        if funders:
            # Each funder's part is told from the total drawn so far, so that odd cents never favour one of them for ever.
            weights = [whole(minor(money.amount, currency)) for _, money in funders]
            drawn = self._drawn[programme.id]
            now = allocate(drawn, weights)
            before = self._drawn_by.get(programme.id, [0] * len(funders))
            self._drawn_by[programme.id] = now
            for (funder, _), after, earlier in zip(funders, now, before, strict=True):
                if after != earlier and funder != entity:
                    lines += _put_in(funder, entity, after - earlier, currency)
        else:
            lines += (
                Posting(account=f"{entity}:cash", amount=amount, currency=currency),
                Posting(account=f"{entity}:funding:undivided", amount=-amount, currency=currency),
            )
        return Entry(
            id=f"draw_down/{programme.id}/{piece}/{month:%Y-%m}",
            kind="draw_down",
            says=f"Drawn for {piece}, {month:%B %Y}",
            valid_from=starts,
            valid_to=ends,
            recorded=0,
            clause=programme.id,
            decision=self._decision,
            postings=tuple(lines),
            counterparties=(funders[0][0] if len(funders) == 1 else "", entity),
        )

    def _overrun(self, programme: Programme, piece: str, *, month: date, starts: Instant, ends: Instant, amount: int) -> Entry:
        currency = self._materials.agreement.currency
        entity = programme.entity or programme.id
        bearers = sorted(programme.overruns.items())
        lines = [
            Posting(account=f"{entity}:construction", amount=amount, currency=currency),
            Posting(account=f"{entity}:cash", amount=-amount, currency=currency),
        ]
        if bearers:
            weights = [int(share * 10**9) for _, share in bearers]
            for (party, _), part in zip(bearers, allocate(amount, weights), strict=True):
                if part and party != entity:
                    lines += _put_in(party, entity, part, currency)
        return Entry(
            id=f"overrun/{programme.id}/{piece}/{month:%Y-%m}",
            kind="overrun",
            says=f"Cost of {piece} above plan, known {month:%B %Y}",
            valid_from=starts,
            valid_to=ends,
            recorded=0,
            clause=programme.id,
            decision=self._decision,
            postings=tuple(lines),
            counterparties=("", entity),
        )

    def rows(self) -> tuple[FundingRow, ...]:
        """Every programme's months, in order."""
        return tuple(self._rows)


def _put_in(funder: str, entity: str, amount: int, currency: str) -> tuple[Posting, ...]:
    return (
        Posting(account=f"{funder}:investment:{entity}", amount=amount, currency=currency),
        Posting(account=f"{funder}:cash", amount=-amount, currency=currency),
        Posting(account=f"{entity}:cash", amount=amount, currency=currency),
        Posting(account=f"{entity}:invested_by:{funder}", amount=-amount, currency=currency),
    )
