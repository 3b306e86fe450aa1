"""Double entry: what a ledger holds.

An entry is one fact about money: what it says, the period it is about (valid time), the instant at which it was known
(recorded time), the clause and the decision behind it, and postings that sum to zero in each currency for each party.
A correction is a reversal with a reference, never a change.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["pending", "posted", "voided", "expired"]


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One line: `amount` in whole minor units of `currency`; positive debits, negative credits.

    The account is a path owned by a party: `aster:payable:borealis:charges`.
    """

    account: str
    amount: int
    currency: str

    @property
    def party(self) -> str:
        """Whose book the line stands in."""
        return self.account.partition(":")[0]


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact about money.  `id` is made from what it is about, so that settling twice writes once."""

    id: str
    kind: str
    """charge, commitment_shortfall, prepayment_use, revenue_share, investment, draw_down, credit, payment, reversal ..."""
    says: str
    valid_from: int
    """First second that it is about (instant, in)."""
    valid_to: int
    """First second that it is no longer about (instant, out)."""
    recorded: int
    """When it was known (instant)."""
    clause: str
    decision: str
    """The journal entry behind it: its sequence number, or the row of a signal."""
    postings: tuple[Posting, ...]
    reverses: str = ""
    status: Status = "posted"
    expires: int | None = None
    """When a pending hold gives up (instant)."""
    counterparties: tuple[str, str] = ("", "")
    """Who owes whom: (payer, payee)."""

    def imbalance(self) -> dict[tuple[str, str], int]:
        """(party, currency) -> what does not sum to zero; empty when it balances."""
        sums: dict[tuple[str, str], int] = {}
        for line in self.postings:
            key = (line.party, line.currency)
            sums[key] = sums.get(key, 0) + line.amount
        return {key: value for key, value in sums.items() if value}


def owed(payer: str, payee: str, what: str, amount: int, currency: str) -> tuple[Posting, ...]:
    """The four lines by which `payer` comes to owe `payee` an amount for `what`: each party's own book balances."""
    return (
        Posting(account=f"{payer}:expense:{what}", amount=amount, currency=currency),
        Posting(account=f"{payer}:payable:{payee}", amount=-amount, currency=currency),
        Posting(account=f"{payee}:receivable:{payer}", amount=amount, currency=currency),
        Posting(account=f"{payee}:revenue:{what}", amount=-amount, currency=currency),
    )


def paid(payer: str, payee: str, amount: int, currency: str) -> tuple[Posting, ...]:
    """The four lines by which `payer` pays what it owes."""
    return (
        Posting(account=f"{payer}:payable:{payee}", amount=amount, currency=currency),
        Posting(account=f"{payer}:cash", amount=-amount, currency=currency),
        Posting(account=f"{payee}:cash", amount=amount, currency=currency),
        Posting(account=f"{payee}:receivable:{payer}", amount=-amount, currency=currency),
    )
