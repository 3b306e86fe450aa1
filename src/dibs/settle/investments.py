"""Investments: what was put in, tranche by tranche.  What is promised and has no day is open, and never posted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.contract.amend import dated_clauses
from dibs.contract.model import Investment
from dibs.settle.postings import Entry, Posting
from dibs.settle.rounding import minor, whole
from dibs.settle.rows import InvestmentRow

if TYPE_CHECKING:
    from dibs.quantities import Instant
    from dibs.settle.materials import Materials


def entries(materials: Materials, known: Instant, decision: str) -> list[Entry]:
    """Every tranche that was paid by an instant, of clauses known by then; `decision` is the entry that adopted the agreement."""
    out = []
    currency = materials.agreement.currency
    for row in dated_clauses(materials.agreement, materials.day(known)):
        clause = row.clause
        if not isinstance(clause, Investment):
            continue
        for number, (day, money) in enumerate(sorted(clause.tranches.items()), 1):
            at, amount = materials.instant(day), whole(minor(money.amount, currency))
            if at > known or not row.covers(day):
                continue
            investor, recipient = clause.investor, clause.recipient
            out.append(
                Entry(
                    id=f"investment/{clause.id}/{day.isoformat()}",
                    kind="investment",
                    says=f"Tranche {number} of {clause.id}: {clause.instrument}",
                    valid_from=at,
                    valid_to=at + 1,
                    recorded=0,
                    clause=clause.id,
                    decision=decision,
                    postings=(
                        Posting(account=f"{investor}:investment:{recipient}", amount=amount, currency=currency),
                        Posting(account=f"{investor}:cash", amount=-amount, currency=currency),
                        Posting(account=f"{recipient}:cash", amount=amount, currency=currency),
                        Posting(account=f"{recipient}:invested_by:{investor}", amount=-amount, currency=currency),
                    ),
                    counterparties=(investor, recipient),
                )
            )
    return out


def rows(materials: Materials, known: Instant) -> tuple[InvestmentRow, ...]:
    """Every investment: promised, paid, open."""
    currency = materials.agreement.currency
    out: dict[str, InvestmentRow] = {}
    for row in dated_clauses(materials.agreement, materials.day(known)):
        clause = row.clause
        if isinstance(clause, Investment):
            paid = sum(whole(minor(m.amount, currency)) for day, m in clause.tranches.items() if materials.instant(day) <= known and row.covers(day))
            out[clause.id] = InvestmentRow(
                clause=clause.id,
                investor=clause.investor,
                recipient=clause.recipient,
                currency=currency,
                instrument=clause.instrument,
                committed=None if clause.amount is None else whole(minor(clause.amount.amount, currency)),
                paid=paid,
            )
    return tuple(out.values())
