"""Settle a run: every entry and every row, from what was agreed and what happened.

A month is settled at its end, with what is known then; a share as soon as its figure is known.  On one instant the order
is: charges, commitments, investments, programmes, shares.  Nothing that was posted changes afterwards: late knowledge is a
reversal and a new entry, recorded when it was learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.errors import Findings, Mark
from dibs.procedure.events import AgreementAdopted
from dibs.quantities import iso
from dibs.settle import investments, triggers
from dibs.settle.book import Book
from dibs.settle.charges import Charges
from dibs.settle.commitments import Commitments
from dibs.settle.funding import Funding
from dibs.settle.materials import check
from dibs.settle.rounding import minor, whole
from dibs.settle.rows import Settlement
from dibs.settle.shares import Shares, nets, parts, texts

if TYPE_CHECKING:
    from datetime import date

    from dibs.quantities import Instant
    from dibs.settle.materials import Materials
    from dibs.settle.postings import Entry

__all__ = ["Settlement", "settle"]

_DRAWS = frozenset({"charge", "take_or_pay", "late_credit"})


def settle(materials: Materials, recorded: Instant | None = None) -> Settlement:
    """All that was owed and paid, as known at `recorded` (in; default: the end of the materials).

    Raises `BadInput` with every finding, and then nothing was settled.  Settling to an earlier instant gives exactly the
    entries that were recorded by then.
    """
    findings = Findings()
    check(materials, findings)
    known = materials.until if recorded is None else recorded
    if known > materials.until:
        findings.add(
            "DIB212",
            f"it cannot be settled as known at {iso(known)}: what happened is on record until {iso(materials.until)}",
            Mark("--recorded"),
            fix="settle to a day that is over",
        )
    findings.raise_if_any()
    _check_caps(materials, known, findings)
    findings.raise_if_any()

    adopted = materials.of(AgreementAdopted)
    decision = str(adopted[0][0].seq) if adopted else "0"
    book = Book()
    charges = Charges(materials)
    commitments = Commitments(materials, charges, decision)
    funding = Funding(materials, decision)
    shares = Shares(materials)
    months = {ends: (month, starts) for month, starts, ends in materials.months(materials.starts, materials.until) if ends <= materials.until}
    late: dict[Instant, list[tuple[Instant, Instant]]] = {}
    for at, period in charges.late_reports():
        late.setdefault(at, []).append(period)
    for dispute in materials.disputes:
        if dispute.struck_at is not None:
            late.setdefault(dispute.struck_at, []).append((dispute.contested.starts, dispute.contested.ends))
    share_instants = set(shares.instants())
    drawn: list[str] = []
    """Ids of what commitments hold in the book."""

    for at in sorted({*months, *late, *share_instants}):
        if at > known:
            break
        book.struck = materials.struck(at)
        if at in late:
            commitments.hear(_hear_late(book, materials, charges, at, late[at]))
        if at in months:
            month, starts = months[at]
            commitments.hear(book.hold(charges.month(month, starts, at, at), at))
        if at in months or at in late:
            month = materials.month(at - 1)
            wanted = commitments.month(month, at, row=at in months)
            book.hold(wanted, at, instead_of=drawn)
            drawn = [entry.id for entry in wanted]
        if at in months:
            month, starts = months[at]
            book.hold(investments.entries(materials, at, decision), at)
            draws, instead_of = funding.month(month, starts, at)
            book.hold(draws, at, instead_of=instead_of)
        if at in share_instants:
            wanted, instead_of = shares.at(at)
            book.hold(wanted, at, instead_of=instead_of)
    rows = shares.rows(known)
    return Settlement(
        agreement=materials.agreement.id,
        digest=materials.agreement.digest,
        currency=materials.agreement.currency,
        recorded=known,
        entries=tuple(book.entries),
        burndowns=commitments.burndowns(),
        shares=rows,
        nets=nets(rows),
        investments=investments.rows(materials, known),
        funding=funding.rows(),
        triggers=triggers.rows(materials, known),
    )


def _hear_late(book: Book, materials: Materials, charges: Charges, at: Instant, periods: list[tuple[Instant, Instant]]) -> list[Entry]:
    """A report about months that were settled before: charge them again as now known.  Gives what that wrote."""
    written: list[Entry] = []
    again: dict[date, tuple[Instant, Instant]] = {}
    for starts, ends in periods:
        for month, lo, hi in materials.months(starts, ends):
            if hi < at:
                again[month] = (lo, hi)
    for month, (lo, hi) in sorted(again.items()):
        wanted = charges.month(month, lo, hi, at)
        keys = {entry.id for entry in wanted}
        stale = [key for key, entry in book.standing.items() if entry.kind in _DRAWS and lo <= entry.valid_from < hi and key not in keys]
        written += book.hold(wanted, at, instead_of=stale)
    return written


def _check_caps(materials: Materials, known: Instant, findings: Findings) -> None:
    """A cap that had been passed before it was agreed: somebody wrote the wrong sum or the wrong day."""
    for written in texts(materials, known).values():
        for text in written:
            cap = text.clause.cap
            if cap is None or text.clause.cap_counts_from is None:
                continue
            since = materials.instant(text.clause.cap_counts_from)
            before = [part for part in parts(materials, written, known) if since <= part.starts < text.starts]
            paid: int = sum(part.accrued for part in before)
            if paid > whole(minor(cap.amount, materials.agreement.currency)):
                findings.add(
                    "DIB204",
                    f"`{text.clause.id}` caps at {cap} what is paid from {text.clause.cap_counts_from.isoformat()} on, and more had been owed "
                    f"before this text began",
                    text.clause.mark,
                    fix="raise the cap, or let it count from a later day",
                )
