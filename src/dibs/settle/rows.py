"""What a settlement shows beside its entries: one row of a table each, in whole minor units.

Months are the first days of calendar months in the agreement's zone.  Every row can be made again from the entries and
the agreement; a row never holds money that no entry holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import date

    from dibs.contract.model import ClauseId, PartyId
    from dibs.settle.postings import Entry

CommitmentStatus: TypeAlias = Literal["planned", "on_track", "at_risk", "shortfall", "met", "unknown"]
"""planned: not begun · on_track: what is reserved reaches the target · at_risk: only spending on as in the last three months does ·
shortfall: neither does, or the day has passed · met: spent · unknown: the agreement names no amount, and nothing is asserted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurndownRow:
    """One month of a commitment, as it was known at the month's end."""

    month: date
    eligible: int
    """Charges of the month that count, those paid by earlier prepayment left out."""
    cumulative: int
    """All that counts so far: eligible charges and shortfalls paid."""
    milestone: int
    """The cumulative target that is due next, or was due last."""
    due: date | None
    """Its day (first day on which it is late)."""
    forecast: int
    """What will count on that day if all that is reserved runs, as known then."""
    run_rate: int
    """What will count on that day if spending goes on as in the last three months."""
    status: CommitmentStatus
    short_on: date | None
    """The first milestone or end that the forecast does not reach."""
    shortfalls: int = 0
    """Paid so far because too little was spent."""
    credit: int = 0
    """What is left of it as prepayment or make-up credit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burndown:
    """How a commitment is drawn down, month by month."""

    clause: ClauseId
    payer: PartyId
    payee: PartyId
    currency: str
    amount: int | None
    """The least spend; None where the agreement does not name it."""
    starts: date | None
    ends: date | None
    milestones: tuple[tuple[date, int], ...]
    """Cumulative least spend by the beginning of each day; the end with the whole amount is the last."""
    rows: tuple[BurndownRow, ...]
    shortfalls: int = 0
    """Paid because too little was spent."""
    credit: int = 0
    """Prepayment or make-up credit that is left at the end of what was settled."""
    used: int = 0
    """Credit that paid later charges."""
    expired: int = 0
    """Credit whose time was over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRow:
    """One month of one revenue share, by channel, under one text of the clause."""

    clause: ClauseId
    by: str
    """The amendment whose text it is; empty for the first text."""
    payer: PartyId
    payee: PartyId
    currency: str
    month: date
    channel: str
    """Empty where the base was reported as a whole."""
    base: int
    accrued: int
    """Rate times base, as far as the cap leaves room."""
    paid: int
    """Cash for this month's accrual; in the month in which deferred cash falls due, that cash too."""
    deferred: int
    """Accrued and not due yet; negative in the month in which it falls due."""
    cut: int
    """What the rate would give beyond the cap: never owed."""
    cap_left: int | None
    """What the cap still leaves after this row; None without a cap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetRow:
    """What two parties share with each other in a month: both gross flows, and their net (positive: `first` pays)."""

    month: date
    first: PartyId
    second: PartyId
    currency: str
    first_pays: int
    second_pays: int

    @property
    def net(self) -> int:
        """What `first` owes `second` when both are set off."""
        return self.first_pays - self.second_pays


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestmentRow:
    """One investment: what was promised, what was paid in by the end of what was settled, what is open."""

    clause: ClauseId
    investor: PartyId
    recipient: PartyId
    currency: str
    instrument: str
    committed: int | None
    paid: int

    @property
    def open(self) -> int | None:
        """Promised and not paid; None where the whole was never published."""
        return None if self.committed is None else self.committed - self.paid


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRow:
    """One month of a programme, cumulative."""

    programme: ClauseId
    currency: str
    month: date
    built: int
    """What progress on the sites has cost."""
    drawn: int
    """What was drawn for it: never more than is funded."""
    unfunded: int
    """Built beyond what is funded: somebody still has to find it."""
    overruns: int
    """Cost above what was planned, borne by those who agreed to."""
    funded: int
    """Committed at once."""
    potential: int
    """Intended in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRow:
    """One reading of a trigger on money, on the figures as they were reported."""

    clause: ClauseId
    by: str
    reading: str
    """The reading's name; `as-written` for the text itself."""
    says: str
    measured: str
    """What is watched, in words: `profit of openai, cumulative since 2019-07-22`."""
    reached_on: date | None
    """The day on which the measure is known to be reached; None: never within the figures."""
    reached_in_force: bool
    """Whether the clause is in force on that day."""
    waits_for: str
    """What else it needs before it fires: a declaration, a verification; empty if nothing."""
    fired_on: date | None
    """The day on which it did fire, by the journal and under the reading taken."""
    highest: int | None
    """The highest the measure came to, in minor units."""
    ends: tuple[ClauseId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """All that the agreement says about money, settled as known at `recorded`.

    `entries` stand in the order in which they were recorded, and settling later only adds to their end.  What was learnt late is a
    reversal of the earlier entry followed by a new one, both recorded at the instant it was learnt.
    """

    agreement: str
    digest: str
    currency: str
    recorded: int
    """As known at this instant (in)."""
    entries: tuple[Entry, ...]
    burndowns: tuple[Burndown, ...]
    shares: tuple[ShareRow, ...]
    nets: tuple[NetRow, ...]
    investments: tuple[InvestmentRow, ...]
    funding: tuple[FundingRow, ...]
    triggers: tuple[TriggerRow, ...]
