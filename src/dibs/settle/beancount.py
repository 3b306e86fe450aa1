"""The ledger as beancount text: every entry a transaction, and every balance asserted, so that `bean-check` re-adds it all.

Account `aster:payable:borealis` becomes `Liabilities:Aster:Payable:Borealis`; the path as we write it stands beside the
account's opening.  Amounts are exact; balances are asserted to the last minor unit at each year's end and at the end.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

from dibs.quantities import day_of
from dibs.settle.rounding import exponent, from_minor
from dibs.settle.statement import booked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from dibs.settle.postings import Entry

ROOTS: Mapping[str, str] = {
    "cash": "Assets",
    "receivable": "Assets",
    "deferred_receivable": "Assets",
    "prepaid": "Assets",
    "investment": "Assets",
    "loan": "Assets",
    "construction": "Assets",
    "payable": "Liabilities",
    "deferred_payable": "Liabilities",
    "prepayments_from": "Liabilities",
    "loan_from": "Liabilities",
    "expense": "Expenses",
    "revenue": "Income",
}
"""Where a kind of account belongs; what is not listed is equity."""


def account_names(paths: Iterable[str]) -> dict[str, str]:
    """Path -> beancount account: one each, whatever the paths are."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for path in sorted(set(paths)):
        party, kind, *rest = [*path.split(":"), ""]
        parts = [_component(part) for part in (party, kind, *rest) if part]
        plain = name = ":".join([ROOTS.get(kind, "Equity"), *parts])
        number = 1
        while name in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name)
        names[path] = name
    return names


def to_beancount(entries: Iterable[Entry], *, title: str, zone: ZoneInfo) -> Iterator[str]:
    """The text, line by line.  Only what is final is told: holds that were not posted are no transactions."""
    ordered = sorted(
        (made for made in entries if made.status == "posted"), key=lambda made: (booked(made), made.recorded, bool(made.reverses), made.id)
    )
    names = account_names(line.account for made in ordered for line in made.postings)
    yield f'option "title" {_text(title)}\n'
    for currency in sorted({line.currency for made in ordered for line in made.postings}):
        yield f'option "operating_currency" "{currency}"\n'
    if not ordered:
        return
    first = day_of(booked(ordered[0]), zone)
    yield "\n"
    for path, name in names.items():
        yield f"{first} open {name}\n  path: {_text(path)}\n"
    sums: dict[tuple[str, str], int] = defaultdict(int)
    year = first.year
    day = first
    for made in ordered:
        day = day_of(booked(made), zone)
        while year < day.year:
            year += 1
            yield from _assertions(date(year, 1, 1), names, sums)
        yield f"\n{day} * {_text(made.counterparties[1])} {_text(made.says)}\n"
        told = {"entry": made.id, "kind": made.kind, "clause": made.clause, "decision": made.decision, "reverses": made.reverses}
        for key, value in told.items():
            if value:
                yield f"  {key}: {_text(value)}\n"
        for line in made.postings:
            sums[line.account, line.currency] += line.amount
            yield f"  {names[line.account]}  {_amount(line.amount, line.currency)} {line.currency}\n"
    yield from _assertions(day + timedelta(days=1), names, sums)


def _assertions(day: date, names: Mapping[str, str], sums: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """What every account comes to at the beginning of a day.  Without the tolerance, beancount lets a minor unit pass."""
    yield "\n"
    for (path, currency), amount in sorted(sums.items()):
        yield f"{day} balance {names[path]}  {_amount(amount, currency)} ~ 0 {currency}\n"


def _amount(minor: int, currency: str) -> str:
    return f"{from_minor(minor, currency):.{exponent(currency)}f}"


def _component(word: str) -> str:
    """A part of an account's name: it begins with a capital or a digit, and holds letters, digits and dashes."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", word).strip("-") or "X"
    return plain[:1].upper() + plain[1:]


def _text(value: str) -> str:
    """A text in double quotes, as beancount reads it: it knows only the escapes for quotes, backslashes and line breaks."""
    return json.dumps(" ".join(value.split()), ensure_ascii=False)
