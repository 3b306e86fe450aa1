"""Take or pay over a whole agreement: what counts, what is missing on a day, and what becomes of it.

What counts is the eligible spend that was not paid with credit of the same commitment, and every shortfall that was paid.
So a unit of money counts once: the payer pays, all in all, the greater of what it committed and what it took, and no more.

A shortfall is a deficiency (gone) or a prepayment (credit for later charges).  A deficiency with a make-up right is credit
too, but only for what is taken beyond the target that is due next; a prepayment pays the very next charge.  Credit is used
oldest first, and expires `make_up_within` after the day on which it was paid for.  On one instant: what ran before it
counts, then the milestone is measured, then credit expires, then what runs after it is charged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from dibs.contract.amend import dated_clauses
from dibs.contract.model import Commitment
from dibs.quantities import DAY
from dibs.settle.postings import Entry, Posting, owed
from dibs.settle.rounding import minor, whole
from dibs.settle.rows import Burndown, BurndownRow, CommitmentStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from dibs.contract.amend import Dated
    from dibs.quantities import Instant
    from dibs.settle.charges import Charges, Reservation
    from dibs.settle.materials import Materials


@dataclass(frozen=True, slots=True)
class Spend:
    """Charges of one stretch of time between the same parties: no milestone lies inside it."""

    starts: Instant
    ends: Instant
    amount: int
    decision: str
    """The latest journal entry among them."""


@dataclass(slots=True)
class _Credit:
    left: int
    expires: Instant | None
    entry: str


@dataclass(slots=True)
class Drawn:
    """A commitment as known at an instant: what ought to stand in the book, and the figures of its rows."""

    entries: list[Entry] = field(default_factory=list)
    counted: int = 0
    absorbed: dict[Instant, int] = field(default_factory=dict)
    """start of a stretch -> how much of its spend counted here: what an incremental commitment leaves out."""
    by_month: dict[date, tuple[int, int]] = field(default_factory=dict)
    """month -> (eligible, cumulative)."""
    spent_in: dict[date, int] = field(default_factory=dict)
    """month -> eligible charges, those paid with credit included: what a run rate goes by."""
    shortfalls: int = 0
    used: int = 0
    expired: int = 0
    credit: int = 0


def eligible(commitment: Commitment, entry: Entry) -> bool:
    """Whether a charge, or one taken back, draws this commitment down: same parties, and class and host if it names any (S16, S17)."""
    about = entry.reverses or entry.id
    if entry.counterparties != (commitment.payer, commitment.payee) or not about.startswith(("charge/", "take_or_pay/", "late_credit/")):
        return False
    if entry.detail is None:
        return not commitment.eligible_classes and not commitment.eligible_hosts
    by_class = not commitment.eligible_classes or entry.detail.workload_class in commitment.eligible_classes
    return by_class and (not commitment.eligible_hosts or entry.detail.host in commitment.eligible_hosts)


def targets(materials: Materials, row: Dated) -> list[tuple[date, int]]:
    """(day, cumulative least spend in minor units by its beginning), the end with the whole amount last."""
    commitment = row.clause
    assert isinstance(commitment, Commitment)  # noqa: S101 - callers pass commitments only
    currency = materials.agreement.currency
    out = {day: whole(minor(money.amount, currency), commitment.rounding) for day, money in commitment.milestones.items()}
    if commitment.amount is not None and row.ends is not None:
        out[row.ends] = whole(minor(commitment.amount.amount, currency), commitment.rounding)
    return sorted(out.items())


class Spent:
    """The eligible charges of a commitment, put together by month and by the days on which something is measured."""

    def __init__(self, materials: Materials, commitment: Commitment, cuts: Sequence[Instant]) -> None:
        """`cuts` are the instants across which nothing is put together."""
        self._materials = materials
        self._commitment = commitment
        self._cuts = cuts
        self._sums: dict[tuple[Instant, Instant], tuple[int, str]] = {}

    def hear(self, entry: Entry) -> None:
        """Add a charge, or take one back, if it counts."""
        if not eligible(self._commitment, entry):
            return
        month = self._materials.month(entry.valid_from)
        starts, ends = self._materials.instant(month), self._materials.instant(self._materials.next_month(month))
        starts = max([starts, *(cut for cut in self._cuts if cut <= entry.valid_from)])
        ends = min([ends, *(cut for cut in self._cuts if cut >= entry.valid_to)])
        amount, decision = self._sums.get((starts, ends), (0, entry.decision))
        owes = f"{self._commitment.payee}:receivable:{self._commitment.payer}"
        amount += sum(line.amount for line in entry.postings if line.account == owes)
        self._sums[starts, ends] = (amount, max(decision, entry.decision, key=lambda d: (len(d), d)))

    def stretches(self) -> list[Spend]:
        """What was spent, in order of time."""
        return [Spend(starts, ends, amount, decision) for (starts, ends), (amount, decision) in sorted(self._sums.items())]


def draw(materials: Materials, row: Dated, spent: Sequence[Spend], *, known: Instant, elsewhere: Mapping[Instant, int], decision: str) -> Drawn:
    """A commitment drawn down by what was spent, as known at an instant.

    `elsewhere` is what commitments that this one is incremental to have taken of each stretch; `decision` stands behind a
    shortfall before which nothing was spent.
    """
    commitment = row.clause
    assert isinstance(commitment, Commitment)  # noqa: S101 - callers pass commitments only
    out = Drawn()
    held: list[_Credit] = []
    starts = materials.instant(row.starts) if row.starts is not None else materials.starts
    ends = materials.instant(row.ends) if row.ends is not None else None
    due = [(materials.instant(day), day, target) for day, target in targets(materials, row)]
    left = list(due)
    currency = materials.agreement.currency

    def measure(until: Instant, behind: str) -> None:
        """Measure every target that falls due by an instant, and let credit expire."""
        while left and left[0][0] <= until and left[0][0] <= known:
            at, day, target = left.pop(0)
            _expire(out, held, commitment, at=at, currency=currency, behind=behind)
            short = target - out.counted
            if short > 0:
                entry = _shortfall(commitment, day=day, at=at, short=short, currency=currency, behind=behind)
                out.entries.append(entry)
                out.counted += short
                out.shortfalls += short
                if commitment.shortfall == "prepayment" or commitment.make_up_within is not None:
                    within = commitment.make_up_within
                    held.append(_Credit(short, None if within is None else at + int(within.total_seconds()), entry.id))
        _expire(out, held, commitment, at=min(until, known), currency=currency, behind=behind)

    behind = decision
    for stretch in spent:
        if stretch.ends > known or stretch.starts < starts:
            continue
        measure(stretch.starts, behind)
        behind = stretch.decision
        amount = stretch.amount - elsewhere.get(stretch.starts, 0)
        over = ends is not None and stretch.starts >= ends
        next_target = left[0][2] if left else 0
        open_to_credit = amount if commitment.shortfall == "prepayment" or over else out.counted + amount - next_target
        used = _use(out, held, commitment, stretch=stretch, amount=max(0, min(amount, open_to_credit)), currency=currency)
        counts = 0 if over else amount - used
        out.counted += counts
        out.absorbed[stretch.starts] = counts + used
        month = materials.month(stretch.starts)
        out.spent_in[month] = out.spent_in.get(month, 0) + amount
        out.by_month[month] = (out.by_month.get(month, (0, 0))[0] + counts, out.counted)
    measure(known, behind)
    out.credit = sum(credit.left for credit in held)
    return out


def _use(out: Drawn, held: list[_Credit], commitment: Commitment, *, stretch: Spend, amount: int, currency: str) -> int:
    """Pay a stretch's charges with credit, oldest first."""
    used = 0
    for credit in held:
        part = min(credit.left, amount - used)
        if part <= 0:
            continue
        credit.left -= part
        used += part
        payer, payee = commitment.payer, commitment.payee
        out.entries.append(
            Entry(
                id=f"prepayment_use/{commitment.id}/{stretch.starts}/{credit.entry.rpartition('/')[2]}",
                kind="prepayment_use",
                says=f"Paid with the credit of {credit.entry.rpartition('/')[2]}",
                valid_from=stretch.starts,
                valid_to=stretch.ends,
                recorded=0,
                clause=commitment.id,
                decision=stretch.decision,
                postings=(
                    Posting(account=f"{payer}:payable:{payee}", amount=part, currency=currency),
                    Posting(account=f"{payer}:prepaid:{payee}:{commitment.id}", amount=-part, currency=currency),
                    Posting(account=f"{payee}:prepayments_from:{payer}:{commitment.id}", amount=part, currency=currency),
                    Posting(account=f"{payee}:receivable:{payer}", amount=-part, currency=currency),
                ),
                counterparties=(payer, payee),
                settles=credit.entry,
            )
        )
    out.used += used
    return used


def _expire(out: Drawn, held: list[_Credit], commitment: Commitment, *, at: Instant, currency: str, behind: str) -> None:
    for credit in held:
        if credit.expires is None or credit.expires > at or not credit.left:
            continue
        payer, payee = commitment.payer, commitment.payee
        out.expired += credit.left
        out.entries.append(
            Entry(
                id=f"prepayment_expiry/{commitment.id}/{credit.entry.rpartition('/')[2]}",
                kind="prepayment_expiry",
                says=f"Credit of {credit.entry.rpartition('/')[2]} not used in time",
                valid_from=credit.expires,
                valid_to=credit.expires + 1,
                recorded=0,
                clause=commitment.id,
                decision=behind,
                postings=(
                    Posting(account=f"{payer}:expense:prepayment_expiry", amount=credit.left, currency=currency),
                    Posting(account=f"{payer}:prepaid:{payee}:{commitment.id}", amount=-credit.left, currency=currency),
                    Posting(account=f"{payee}:prepayments_from:{payer}:{commitment.id}", amount=credit.left, currency=currency),
                    Posting(account=f"{payee}:revenue:prepayment_expiry", amount=-credit.left, currency=currency),
                ),
                counterparties=(payer, payee),
                settles=credit.entry,
            )
        )
        credit.left = 0


def _shortfall(commitment: Commitment, *, day: date, at: Instant, short: int, currency: str, behind: str) -> Entry:
    payer, payee = commitment.payer, commitment.payee
    becomes_credit = commitment.shortfall == "prepayment" or commitment.make_up_within is not None
    postings = (
        (
            Posting(account=f"{payer}:prepaid:{payee}:{commitment.id}", amount=short, currency=currency),
            Posting(account=f"{payer}:payable:{payee}", amount=-short, currency=currency),
            Posting(account=f"{payee}:receivable:{payer}", amount=short, currency=currency),
            Posting(account=f"{payee}:prepayments_from:{payer}:{commitment.id}", amount=-short, currency=currency),
        )
        if becomes_credit
        else owed(payer, payee, "commitment_shortfall", short, currency)
    )
    becomes = "prepayment" if commitment.shortfall == "prepayment" else "a deficiency that may be made up" if becomes_credit else "a deficiency"
    return Entry(
        id=f"commitment_shortfall/{commitment.id}/{day.isoformat()}",
        kind="commitment_shortfall",
        says=f"Shortfall on {day.isoformat()} becomes {becomes}",
        valid_from=at,
        valid_to=at + 1,
        recorded=0,
        clause=commitment.id,
        decision=behind,
        postings=postings,
        counterparties=(payer, payee),
    )


class Commitments:
    """Every commitment of a run, drawn down month by month from the charges that stand in the book."""

    def __init__(self, materials: Materials, charges: Charges, decision: str) -> None:
        """`decision` is the journal entry by which the agreement was adopted."""
        self._materials = materials
        self._charges = charges
        self._decision = decision
        self._rows = self._ordered([row for row in dated_clauses(materials.agreement) if isinstance(row.clause, Commitment)])
        self._lines: dict[int, list[BurndownRow]] = {index: [] for index in range(len(self._rows))}
        self._drawn: dict[int, Drawn] = {}
        self._eligible: dict[int, list[Reservation]] = {}
        # All are cut alike: what one commitment took of a stretch is left out of the same stretch of another.
        cuts = sorted({cut for row in self._rows for cut in self._cuts(row)})
        self._spent = [Spent(materials, row.clause, cuts) for row in self._rows if isinstance(row.clause, Commitment)]
        self._signed = {amendment.id: materials.instant(amendment.signed) for amendment in materials.agreement.amendments}

    @staticmethod
    def _ordered(rows: list[Dated]) -> list[Dated]:
        """Those that others are incremental to come first."""
        out: list[Dated] = []
        while rows:
            ids = {row.clause.id for row in rows}
            ready = [r for r in rows if isinstance(r.clause, Commitment) and not (set(r.clause.incremental_to) & (ids - {r.clause.id}))] or rows
            out += ready
            rows = [row for row in rows if row not in ready]
        return out

    def hear(self, entries: Iterable[Entry]) -> None:
        """Take in what was charged or taken back."""
        for entry in entries:
            for spent in self._spent:
                spent.hear(entry)

    def month(self, month: date, known: Instant, *, row: bool = True) -> list[Entry]:
        """What ought to stand as known at an instant; with `row`, the month's row of each burn-down is added too."""
        out: list[Entry] = []
        absorbed: dict[str, dict[Instant, int]] = {}
        for index, dated in enumerate(self._rows):
            commitment = dated.clause
            assert isinstance(commitment, Commitment)  # noqa: S101 - chosen so
            begins = self._materials.instant(dated.starts) if dated.starts is not None else self._materials.starts
            if begins >= known or known < self._signed.get(dated.by, known):
                continue
            elsewhere: dict[Instant, int] = {}
            for other in commitment.incremental_to:
                for at, amount in absorbed.get(other, {}).items():
                    elsewhere[at] = elsewhere.get(at, 0) + amount
            drawn = draw(self._materials, dated, self._spent[index].stretches(), known=known, elsewhere=elsewhere, decision=self._decision)
            # An incremental commitment leaves out what the other took to reach its amount; an unknown amount takes nothing.
            if commitment.amount is not None:
                absorbed[commitment.id] = _up_to(drawn.absorbed, whole(minor(commitment.amount.amount, commitment.amount.currency)))
            self._drawn[index] = drawn
            out += drawn.entries
            if row and (dated.ends is None or self._materials.instant(dated.ends) > self._materials.instant(month)):
                self._lines[index].append(self._line(index, dated, month, known, drawn))
        return out

    def _cuts(self, row: Dated) -> list[Instant]:
        commitment = row.clause
        assert isinstance(commitment, Commitment)  # noqa: S101 - chosen so
        days = [day for day in (row.starts, row.ends) if day is not None]
        days += commitment.milestones
        cuts = [self._materials.instant(day) for day in days]
        if commitment.make_up_within is not None:
            cuts += [cut + int(commitment.make_up_within.total_seconds()) for cut in cuts]
        return cuts

    def _line(self, index: int, row: Dated, month: date, known: Instant, drawn: Drawn) -> BurndownRow:
        months = sorted(drawn.by_month)[-3:]
        a_month = Fraction(sum(drawn.spent_in[m] for m in months), len(months)) if months else Fraction(0)
        eligible_now = drawn.by_month.get(month, (0, 0))[0]
        ahead = self._reserved(index, row)
        all_targets = targets(self._materials, row)
        status: CommitmentStatus = "unknown"
        short_on, shown, forecast, run_rate = None, None, drawn.counted, drawn.counted
        for day, target in all_targets:
            at = self._materials.instant(day)
            if at <= known:
                continue
            # Credit that is left pays the first of what comes, and what it pays does not count again.
            will = drawn.counted + max(0, whole(sum((self._charges.ahead(r, known, at) for r in ahead), Fraction(0))) - drawn.credit)
            rate = drawn.counted + max(0, whole(a_month * 12 * (at - known) / (365 * DAY)) - drawn.credit)
            if shown is None:
                shown, forecast, run_rate = (day, target), will, rate
                status = "met" if drawn.counted >= target else "on_track"
            if will < target:
                short_on, shown, forecast, run_rate = day, (day, target), will, rate
                status = "at_risk" if rate >= target else "shortfall"
                break
        if shown is None and all_targets:
            shown = all_targets[-1]
            status = "shortfall" if any(e.kind == "commitment_shortfall" and e.id.endswith(shown[0].isoformat()) for e in drawn.entries) else "met"
            short_on = shown[0] if status == "shortfall" else None
        return BurndownRow(
            month=month,
            eligible=eligible_now,
            cumulative=drawn.counted,
            milestone=shown[1] if shown else 0,
            due=shown[0] if shown else None,
            forecast=forecast,
            run_rate=run_rate,
            status=status,
            short_on=short_on,
            shortfalls=drawn.shortfalls,
            credit=drawn.credit,
        )

    def _reserved(self, index: int, row: Dated) -> list[Reservation]:
        if index not in self._eligible:
            commitment = row.clause
            assert isinstance(commitment, Commitment)  # noqa: S101 - chosen so
            self._eligible[index] = [
                r
                for r in self._charges.reservations
                if (r.payer, r.grant.platform) == (commitment.payer, commitment.payee)
                and (not commitment.eligible_classes or r.grant.workload_class in commitment.eligible_classes)
                and (not commitment.eligible_hosts or r.grant.host in commitment.eligible_hosts)
            ]
        return self._eligible[index]

    def burndowns(self) -> tuple[Burndown, ...]:
        """Every commitment with its rows, in the order in which they were written."""
        out = []
        for index, row in enumerate(self._rows):
            commitment = row.clause
            assert isinstance(commitment, Commitment)  # noqa: S101 - chosen so
            drawn = self._drawn.get(index, Drawn())
            currency = self._materials.agreement.currency
            out.append(
                Burndown(
                    clause=commitment.id,
                    payer=commitment.payer,
                    payee=commitment.payee,
                    currency=currency,
                    amount=None if commitment.amount is None else whole(minor(commitment.amount.amount, currency), commitment.rounding),
                    starts=row.starts,
                    ends=row.ends,
                    milestones=tuple(targets(self._materials, row)),
                    rows=tuple(self._lines[index]),
                    shortfalls=drawn.shortfalls,
                    credit=drawn.credit,
                    used=drawn.used,
                    expired=drawn.expired,
                )
            )
        return tuple(out)


def _up_to(absorbed: Mapping[Instant, int], amount: int) -> dict[Instant, int]:
    """The first so much of what counted, stretch by stretch."""
    out, left = {}, amount
    for at, part in sorted(absorbed.items()):
        out[at] = min(part, left)
        left -= out[at]
    return out
