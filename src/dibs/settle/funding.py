"""What a programme has built, and whose money it drew.

A phase's cost belongs to its buildings in proportion to their power (in equal parts where that is not known), and is
drawn as each building comes along: `draw_at` says how much of it by each stage.  A stage that a building or phase is
expected to reach on its `expected_finish` counts from that day.  What is drawn never exceeds what is funded; what is
built beyond it is shown as unfunded and posted to nobody.  Funders bear a draw in proportion to what each puts in as equity
or lends; where nobody published that, the money comes from one undivided fund.

A cost that is restated changes what ought to have been drawn before: the draws of the programme are reckoned again with
what is known then, and where one differs it is reversed and posted anew.  Cost above the one last stated, once it is known,
is an overrun, borne by those who agreed to and drawn from no fund; what a finished building cost less is not drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from dibs.contract.amend import dated_clauses
from dibs.contract.model import Programme
from dibs.settle.postings import Entry, Posting
from dibs.settle.rounding import allocate, minor, whole
from dibs.settle.rows import FundingRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from dibs.contract.model import Phase, Site
    from dibs.quantities import Instant, Money
    from dibs.settle.materials import Materials
    from dibs.settle.postings import EntryKind

Month: TypeAlias = "tuple[date, Instant, Instant]"
"""Its first day, its first second, the first second after it."""

_LEFT = frozenset({"paused", "dropped", "reassigned"})


def progress(programme: Programme, stages: dict[date, str], on: date) -> Fraction:
    """How much of a building's cost is drawn by a day: what its furthest stage asks for; leaving the order takes nothing back."""
    reached = [Fraction(programme.draw_at.get(stage, 0)) for day, stage in stages.items() if day <= on and stage not in _LEFT]
    return max(reached, default=Fraction(0))


@dataclass(frozen=True, slots=True)
class Piece:
    """A building, or a phase without any, on a day."""

    name: str
    """`site/phase/building`."""
    cost: int
    """What it is known to cost."""
    drawn: int
    """What of that is drawn by its progress."""
    overrun: int


def built(materials: Materials, programme: Programme, on: date, known: date) -> list[Piece]:
    """Every building with a known cost as far as it had come on a day, at the cost known on a later one."""
    named = {site.id for site in programme.sites}
    return [
        piece
        for site in materials.sites
        if site.id in named
        for phase in site.phases
        if phase.cost is not None
        for piece in _phase(materials, programme, site, phase, on=on, known=known, first=phase.cost)
    ]


def _phase(materials: Materials, programme: Programme, site: Site, phase: Phase, *, on: date, known: date, first: Money) -> Iterable[Piece]:
    currency = materials.agreement.currency
    stated = next((money for day, money in sorted(phase.restated.items(), reverse=True) if day <= known), first)
    cost = whole(minor(stated.amount, currency))
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
    weights = weights if all(weights) else [1] * len(pieces)
    for (name, piece_stages, _), plan, came_to in zip(pieces, allocate(cost, weights), allocate(final, weights), strict=True):
        finished = progress(programme, piece_stages, known) == 1
        costs = min(plan, came_to) if finished else plan
        done = progress(programme, piece_stages, on)
        yield Piece(f"{site.id}/{name}", costs, whole(done * costs), max(0, came_to - plan) if done == 1 else 0)


@dataclass(slots=True)
class _Draws:
    """What a programme has drawn, as known at an instant."""

    costs: dict[str, int] = field(default_factory=dict)
    before: dict[str, Piece] = field(default_factory=dict)
    drawn: int = 0
    by_funder: list[int] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    """Ids of its entries."""


class Funding:
    """Every programme of a run, drawn month by month."""

    def __init__(self, materials: Materials, decision: str) -> None:
        """`decision` is the journal entry by which the agreement was adopted."""
        self._materials = materials
        self._decision = decision
        self._months: list[Month] = []
        self._draws: dict[str, _Draws] = {}
        self._rows: list[FundingRow] = []

    def month(self, month: date, starts: Instant, ends: Instant) -> tuple[list[Entry], list[str]]:
        """(what a month's progress draws, and what it draws anew because a cost was restated; the ids all that stands in place of)."""
        self._months.append((month, starts, ends))
        out: list[Entry] = []
        instead_of: list[str] = []
        known = self._materials.day(ends - 1)
        for programme in self._in_force(known, known):
            draws = self._draws.setdefault(programme.id, _Draws())
            pieces = built(self._materials, programme, known, known)
            if any(draws.costs.get(piece.name, piece.cost) != piece.cost for piece in pieces):
                instead_of += draws.live
                draws = self._draws[programme.id] = _Draws()
                for past in self._months[:-1]:
                    on = self._materials.day(past[2] - 1)
                    for then in self._in_force(on, known):
                        if then.id == programme.id:
                            out += self._advance(draws, then, past, built(self._materials, then, on, known))
            out += self._advance(draws, programme, (month, starts, ends), pieces)
            self._rows.append(self._row(draws, programme, month, pieces))
        return out, instead_of

    def _in_force(self, on: date, known: date) -> list[Programme]:
        """The programmes with money behind them that are in force on a day, as known on another."""
        rows = dated_clauses(self._materials.agreement, known)
        return [row.clause for row in rows if isinstance(row.clause, Programme) and row.clause.funded is not None and row.covers(on)]

    def _advance(self, draws: _Draws, programme: Programme, month: Month, pieces: Iterable[Piece]) -> list[Entry]:
        """A draw and an overrun for each building and party at most."""
        out: list[Entry] = []
        funded = self._funded(programme)
        for piece in pieces:
            was = draws.before.get(piece.name)
            draws.before[piece.name], draws.costs[piece.name] = piece, piece.cost
            amount = max(0, min(piece.drawn - (was.drawn if was else 0), funded - draws.drawn))
            if amount:
                draws.drawn += amount
                out += self._draw(draws, programme, piece.name, month=month, amount=amount)
            over = piece.overrun - (was.overrun if was else 0)
            if over > 0:
                out += self._overrun(programme, piece.name, month=month, amount=over)
        draws.live += [entry.id for entry in out]
        return out

    def _row(self, draws: _Draws, programme: Programme, month: date, pieces: Iterable[Piece]) -> FundingRow:
        total, overruns = sum(piece.drawn for piece in pieces), sum(piece.overrun for piece in pieces)
        currency, funded = self._materials.agreement.currency, self._funded(programme)
        return FundingRow(
            programme=programme.id,
            currency=currency,
            month=month,
            built=total,
            drawn=draws.drawn,
            unfunded=max(0, total - draws.drawn),
            overruns=overruns,
            funded=funded,
            potential=funded if programme.potential is None else whole(minor(programme.potential.amount, currency)),
        )

    def _funded(self, programme: Programme) -> int:
        return 0 if programme.funded is None else whole(minor(programme.funded.amount, self._materials.agreement.currency))

    def _draw(self, draws: _Draws, programme: Programme, piece: str, *, month: Month, amount: int) -> Iterable[Entry]:
        currency = self._materials.agreement.currency
        says = f"Drawn for {piece}, {month[0]:%B %Y}"
        funders = [(party, money, False) for party, money in sorted(programme.funding.items())]
        funders += [(party, money, True) for party, money in sorted(programme.loans.items())]
        if not funders:
            return [self._entry("draw_down", programme, piece, says, month=month, party="", amount=amount)]
        # Each funder's part is told from the total drawn so far, so that odd cents never favour one of them for ever.
        now = allocate(draws.drawn, [whole(minor(money.amount, currency)) for _, money, _ in funders])
        before = draws.by_funder or [0] * len(funders)
        draws.by_funder = now
        return [
            self._entry("draw_down", programme, piece, says, month=month, party=party, amount=after - earlier, lent=lent)
            for (party, _, lent), after, earlier in zip(funders, now, before, strict=True)
            if after != earlier
        ]

    def _overrun(self, programme: Programme, piece: str, *, month: Month, amount: int) -> Iterable[Entry]:
        entity = programme.entity or programme.id
        # What nobody agreed to bear stays with the entity.
        weights = {**dict.fromkeys(programme.overruns, 0), entity: 10**9}
        for party, share in programme.overruns.items():
            weights[party] += int(share * 10**9)
            weights[entity] -= int(share * 10**9)
        parts = list(zip(sorted(weights), allocate(amount, [weights[party] for party in sorted(weights)]), strict=True))
        says = f"Cost of {piece} above plan, known {month[0]:%B %Y}"
        return (self._entry("overrun", programme, piece, says, month=month, party=party, amount=part) for party, part in parts if part)

    def _entry(
        self, kind: EntryKind, programme: Programme, piece: str, says: str, *, month: Month, party: str, amount: int, lent: bool = False
    ) -> Entry:
        """Money of one party built with: put in or lent by it, from the undivided fund where nobody is named, or the entity's own."""
        first, starts, ends = month
        currency = self._materials.agreement.currency
        entity = programme.entity or programme.id
        lines = [
            Posting(account=f"{entity}:construction", amount=amount, currency=currency),
            Posting(account=f"{entity}:cash", amount=-amount, currency=currency),
        ]
        if not party:
            lines += (
                Posting(account=f"{entity}:cash", amount=amount, currency=currency),
                Posting(account=f"{entity}:funding:undivided", amount=-amount, currency=currency),
            )
        elif party != entity:
            lines += (
                Posting(account=f"{party}:{'loan' if lent else 'investment'}:{entity}", amount=amount, currency=currency),
                Posting(account=f"{party}:cash", amount=-amount, currency=currency),
                Posting(account=f"{entity}:cash", amount=amount, currency=currency),
                Posting(account=f"{entity}:{'loan_from' if lent else 'invested_by'}:{party}", amount=-amount, currency=currency),
            )
        return Entry(
            id=f"{kind}/{programme.id}/{piece}/{first:%Y-%m}" + (f"/{party}" if party else "") + ("/loan" if lent else ""),
            kind=kind,
            says=says,
            valid_from=starts,
            valid_to=ends,
            recorded=0,
            clause=programme.id,
            decision=self._decision,
            postings=tuple(lines),
            counterparties=("" if party == entity else party, entity),
        )

    def rows(self) -> tuple[FundingRow, ...]:
        """Every programme's months, in order."""
        return tuple(self._rows)
