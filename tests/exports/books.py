"""A small book with every kind of entry that statements and exports have to tell, made by hand so that sums can be checked by eye."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from dibs.quantities import instant_of
from dibs.settle.focus import Commitment, Contract
from dibs.settle.postings import Detail, Entry, Posting, owed, paid
from dibs.settle.statement import Behind
from dibs.store.ledger import reversal_of

UTC = ZoneInfo("UTC")


def first_of(month, year=2025):
    return instant_of(date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1))


def lines(*pairs, currency="USD"):
    return tuple(Posting(account=account, amount=amount, currency=currency) for account, amount in pairs)


def entry(name, kind, month, postings, *, between=("aster", "borealis"), says="", clause="supply", known=None, **more):
    return Entry(
        id=name,
        kind=kind,
        says=says or f"{kind} in month {month}",
        valid_from=first_of(month),
        valid_to=first_of(month + 1),
        recorded=first_of(month + 1) if known is None else known,
        clause=clause,
        decision=str(10 + month),
        postings=postings,
        counterparties=between,
        **more,
    )


def charge(name, month, hours, *, price="2.50", used=None, operator="borealis", host="east", payee="borealis", workload_class="training"):
    """Accelerator-hours at a frozen price; the amount is exact."""
    hours, price = Decimal(hours), Decimal(price)
    detail = Detail(
        grant=f"{name}-grant",
        request=f"{name}-request",
        host=host,
        platform=payee,
        operator=operator,
        sku="h100",
        workload_class=workload_class,
        region="us-east",
        quantity=100,
        reserved_hours=hours,
        used_hours=None if used is None else Decimal(used),
        billed_hours=hours,
        price=price,
        list_price=price,
    )
    amount = int(hours * price * 100)
    return entry(name, "charge", month, owed("aster", payee, "charge", amount, "USD"), between=("aster", payee), detail=detail)


def book():
    """Half a year of 2025 between four parties."""
    march = charge("march", 3, "74400")
    idle = charge("idle", 4, "72000.5", used="50000.25", operator="cinder", host="sub")
    api = charge("api", 4, "1000", workload_class="api")
    wrong = charge("wrong", 3, "100")
    short = entry(
        "short",
        "commitment_shortfall",
        5,
        lines(("aster:prepaid:borealis:spend", 500_000), ("aster:payable:borealis", -500_000), ("borealis:receivable:aster", 500_000))
        + lines(("borealis:prepayments_from:aster:spend", -500_000)),
        clause="spend",
    )
    june = charge("june", 6, "800")
    use = entry(
        "use",
        "prepayment_use",
        6,
        lines(("aster:payable:borealis", 150_000), ("aster:prepaid:borealis:spend", -150_000))
        + lines(("borealis:prepayments_from:aster:spend", 150_000), ("borealis:receivable:aster", -150_000)),
        clause="spend",
        settles="june",
    )
    lost = entry("lost", "commitment_shortfall", 6, owed("aster", "delta", "commitment_shortfall", 70_001, "USD"), between=("aster", "delta"))
    return [
        march,
        idle,
        api,
        wrong,
        reversal_of(wrong, name="wrong-undone", recorded=first_of(6), says="the lot had been withdrawn", decision="44"),
        entry("late", "late_credit", 4, owed("aster", "borealis", "late_credit", -12_345, "USD"), says="ten days late"),
        short,
        june,
        use,
        lost,
        entry("share", "revenue_share", 4, owed("aster", "borealis", "revenue_share", 1_999_999, "USD"), clause="share"),
        entry("back", "revenue_share", 4, owed("borealis", "aster", "revenue_share", 333_333, "USD"), between=("borealis", "aster"), clause="share"),
        entry("paid", "payment", 4, paid("aster", "borealis", 18_600_000, "USD"), settles="march", clause=""),
        entry("hold", "charge", 6, owed("aster", "borealis", "charge", 999, "USD"), status="pending"),
    ]


def contract():
    """The agreement that the book is kept under."""
    spend = Commitment(
        clause="spend",
        says="Aster spends at least a million dollars on Borealis in a year.",
        payer="aster",
        payee="borealis",
        amount=100_000_000,
        currency="USD",
        starts=date(2025, 3, 1),
        ends=date(2026, 3, 1),
        signed=date(2025, 2, 20),
        by_milestones=True,
        status="Active",
        classes=("training",),
    )
    return Contract(
        id="harbour",
        starts=date(2023, 1, 1),
        ends=date(2031, 1, 1),
        zone=UTC,
        behind=Behind(
            names={"aster": "Aster Labs", "borealis": "Borealis Cloud", "cinder": "Cinder Compute", "delta": "Delta <Systems>"},
            clauses={"spend": ((None, "agreement.yaml:80:9", "Aster spends."), (date(2025, 6, 1), "agreement.yaml:99:9", "Aster spends more."))},
            acts={"13": "2025-03-01: granted"},
        ),
        commitments=(spend,),
    )
