"""The tables of money that a settled run leaves beside the others, as CSV.  Amounts are in major units, exact."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from typing import TYPE_CHECKING

from dibs.quantities import day_of
from dibs.settle.rounding import from_minor
from dibs.settle.statement import booked, flow, kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from dibs.settle.postings import Entry
    from dibs.settle.rows import Burndown, FundingRow, Settlement, ShareRow

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "money_flows": {
        "year": "The year in which it was booked.",
        "payer": "Who owes or pays.",
        "payee": "Whom.",
        "kind": "What for; what was reversed is taken off its own kind.",
        "amount": "How much.",
        "currency": "In which currency.",
    },
    "burndown": {
        "clause": "The commitment.",
        "month": "The month's first day.",
        "eligible": "Charges of the month that count.",
        "cumulative": "All that counts so far.",
        "milestone": "The cumulative spend that is due next, or was due last.",
        "forecast": "What will count on that day, as far as is reserved.",
        "status": "planned, on_track, at_risk, shortfall, met or unknown.",
        "due": "The day of the milestone.",
        "short_on": "The first milestone or end that the forecast does not reach.",
        "shortfalls": "Paid so far because too little was spent.",
        "credit": "What is left of it as credit for later charges.",
    },
    "share": {
        "clause": "The revenue share.",
        "month": "The month's first day.",
        "base": "What is shared.",
        "accrued": "What is owed for it.",
        "paid": "Of it, what was paid at once, and what fell due.",
        "deferred": "Of it, what is not due yet.",
        "cap_left": "What the cap still leaves; empty without a cap.",
        "channel": "The channel of the base; empty for the whole.",
        "cut": "What the rate would give beyond the cap.",
    },
    "funding": {
        "programme": "The programme.",
        "month": "The month's first day.",
        "drawn": "What was drawn for what was built.",
        "funded": "Committed.",
        "potential": "Intended in all.",
        "built": "What progress has cost.",
        "unfunded": "Built beyond what is funded.",
    },
}


def tables(settled: Settlement, zone: ZoneInfo) -> dict[str, str]:
    """Name -> CSV of every table of money."""
    rows = {
        "money_flows": _flows(settled.entries, zone),
        "burndown": (row for burndown in settled.burndowns for row in _burndown(burndown)),
        "share": (_share(row) for row in settled.shares),
        "funding": (_funding(row) for row in settled.funding),
    }
    return {name: _csv(COLUMNS[name], rows[name]) for name in COLUMNS}


def flows(entries: Iterable[Entry], zone: ZoneInfo) -> dict[tuple[int, str, str, str, str], int]:
    """(year, payer, payee, kind, currency) -> minor units moved, reversals taken off."""
    final = [made for made in entries if made.status == "posted"]
    kind = kinds(final)
    sums: dict[tuple[int, str, str, str, str], int] = defaultdict(int)
    for made in final:
        for currency, amount in flow(made).items():
            sums[day_of(booked(made), zone).year, *made.counterparties, kind[made.id], currency] += amount
    return {key: amount for key, amount in sorted(sums.items()) if amount}


def _flows(entries: Iterable[Entry], zone: ZoneInfo) -> Iterable[tuple[object, ...]]:
    for (year, payer, payee, kind, currency), amount in flows(entries, zone).items():
        yield year, payer, payee, kind, _money(amount, currency), currency


def _burndown(burndown: Burndown) -> Iterable[tuple[object, ...]]:
    for row in burndown.rows:
        amounts = [_money(amount, burndown.currency) for amount in (row.eligible, row.cumulative, row.milestone, row.forecast)]
        credit = (_money(amount, burndown.currency) for amount in (row.shortfalls, row.credit))
        yield burndown.clause, row.month, *amounts, row.status, _day(row.due), _day(row.short_on), *credit


def _share(row: ShareRow) -> tuple[object, ...]:
    left = "" if row.cap_left is None else _money(row.cap_left, row.currency)
    amounts = [_money(amount, row.currency) for amount in (row.base, row.accrued, row.paid, row.deferred)]
    return row.clause, row.month, *amounts, left, row.channel, _money(row.cut, row.currency)


def _funding(row: FundingRow) -> tuple[object, ...]:
    amounts = [_money(amount, row.currency) for amount in (row.drawn, row.funded, row.potential, row.built, row.unfunded)]
    return row.programme, row.month, *amounts


def _csv(columns: Iterable[str], rows: Iterable[tuple[object, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def _money(minor: int, currency: str) -> str:
    return f"{from_minor(minor, currency):f}"


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
