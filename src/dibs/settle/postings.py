"""Double entry: what a ledger holds.

An entry is one fact about money: what it says, the period it is about (valid time), the instant at which it was known
(recorded time), the clause and the decision behind it, and postings that sum to zero in each currency for each party.
A correction is a reversal with a reference, never a change.

Accounts are paths `party:type:...`, and these are all there are (`what` is one of the kinds below):

    P:expense:what            P:revenue:what             what a period cost a party, and what it earned by it
    P:payable:Q               P:receivable:Q             what P owes Q and has to pay; what Q owes P
    P:deferred_payable:Q      P:deferred_receivable:Q    the same, not due yet (the part of a share whose payment is stretched)
    P:prepaid:Q:clause        P:prepayments_from:Q:clause   credit that P holds with Q under a commitment; what Q still has to deliver for it
    P:cash                                               money
    P:investment:Q            P:invested_by:Q            what P put into Q; where Q keeps it
    P:loan:Q                  P:loan_from:Q              what P lent Q; what P has to give back to Q
    P:construction                                       what a programme has built, at cost
    P:funding:undivided                                  programme money of which nobody published who put it in
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

Status = Literal["pending", "posted", "voided", "expired"]

EntryKind: TypeAlias = Literal[
    "charge",
    "take_or_pay",
    "late_credit",
    "commitment_shortfall",
    "prepayment_use",
    "prepayment_expiry",
    "revenue_share",
    "deferral_due",
    "investment",
    "draw_down",
    "overrun",
    "payment",
    "reversal",
]
"""charge: reserved or used capacity of a month at its frozen price · take_or_pay: what a supply clause makes payable though it was not taken ·
late_credit: what a late delivery takes off · commitment_shortfall: a missed milestone or end, as deficiency or as prepayment ·
prepayment_use: credit spent on a charge · prepayment_expiry: credit whose time is over · revenue_share: a month's share as it accrues ·
deferral_due: a stretched part that has fallen due · investment: a tranche · draw_down: programme money spent on what was built ·
overrun: cost above what was planned, by who bears it · payment: cash for what is owed · reversal: an earlier entry taken back."""


class Detail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was charged for: one reservation in one period.  Statements unfold to it, and the usage exports are made from it."""

    grant: str
    request: str
    host: str
    platform: str
    """Whose contract: the one who bills."""
    operator: str
    """Whose machines: named, not billed by, when it supplies the platform."""
    sku: str
    workload_class: str
    region: str = ""
    quantity: int = 0
    """Accelerators held at the end of the period."""
    reserved_hours: Decimal = Decimal(0)
    """Accelerator-hours that were held."""
    used_hours: Decimal | None = None
    """Accelerator-hours that ran, where usage was reported."""
    billed_hours: Decimal = Decimal(0)
    """Accelerator-hours that are paid for: the greater of the used and the take-or-pay part of the reserved."""
    price: Decimal = Decimal(0)
    """Per accelerator-hour, frozen at the grant; over a period with several prices, the average."""
    list_price: Decimal = Decimal(0)
    """As the grant first froze it."""


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
    kind: EntryKind
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
    settles: str = ""
    """For a payment, the use of a prepayment and a deferral that falls due: the entry that it is about."""
    detail: Detail | None = None
    """What a charge is for."""

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
