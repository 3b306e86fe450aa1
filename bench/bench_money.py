"""The ledger: postings written and checked beside beancount loading the same, a month's statement over many, and what one costs as it grows.

How many postings it grows to comes from the environment, since ten million take a minute and half a gigabyte:
`DIBS_BENCH_POSTINGS=10000000 python -m bench money` (default: one million).  With `DIBS_BENCH_LEDGER`, the address of an
empty database as SQLAlchemy writes it, a ledger grows there too, for instance on PostgreSQL.
"""

from __future__ import annotations

import os
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bench.measure import Row, milliseconds

from dibs.settle.beancount import to_beancount
from dibs.settle.postings import Entry, owed, paid
from dibs.settle.rounding import from_minor
from dibs.settle.statement import Behind, bounds, statement, to_csv
from dibs.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

UTC = ZoneInfo("UTC")
SIZE = int(os.environ.get("DIBS_BENCH_POSTINGS", "1_000_000"))
ELSEWHERE = os.environ.get("DIBS_BENCH_LEDGER", "")
COMPARED = 100_000
ROUNDS = 5
MONTHS = [date(2019 + n // 12, n % 12 + 1, 1) for n in range(144)]
PAYEES = ("borealis", "cinder", "delta", "ember", "fjord", "glacier", "harbour", "isle")
MEASURED = MONTHS[70]


def entries(postings: int) -> Iterator[Entry]:
    """Entries of four postings each over twelve years, in the order in which they come to be known; one in eight is a payment."""
    count = postings // 4
    for n in range(count):
        starts, ends = bounds(MONTHS[n * len(MONTHS) // count], UTC)
        payee = PAYEES[n % 8]
        pays = n // 8 % 8 == 7
        amount = 100_000 + n * 7919 % 9_000_000
        yield Entry(
            id=f"entry-{n}",
            kind="payment" if pays else "charge",
            says=f"{n % 5000} accelerators at {payee}",
            valid_from=starts,
            valid_to=ends,
            recorded=ends,
            clause=f"supply-{payee}",
            decision=str(n // 3),
            postings=paid("aster", payee, amount, "USD") if pays else owed("aster", payee, "charge", amount, "USD"),
            counterparties=("aster", payee),
        )


def measure() -> Iterable[Row]:
    """All figures about money."""
    with tempfile.TemporaryDirectory(prefix="dibs-bench-") as name:
        folder = Path(name)
        yield beside_beancount(folder)
        yield from growing(f"sqlite:///{folder / 'growing.sqlite'}")
        if ELSEWHERE:
            yield from growing(ELSEWHERE)


def beside_beancount(folder: Path) -> Row:
    """The same postings into a file with full sync, every entry checked in Python and by SQL, and read by beancount from its text."""
    from beancount import loader

    made = list(entries(COMPARED))
    text = "".join(to_beancount(made, title="bench", zone=UTC))
    ours, theirs = [], []
    for turn in range(ROUNDS):
        ledger = Ledger(f"sqlite:///{folder / f'compared-{turn}.sqlite'}")
        started = time.perf_counter()
        ledger.write(made)
        assert ledger.check() == ()
        balances = ledger.balances()
        ours.append(time.perf_counter() - started)
        ledger.close()
        started = time.perf_counter()
        loaded, errors, _ = loader.load_string(text)
        theirs.append(time.perf_counter() - started)
        assert errors == []
    paths = {directive.account: directive.meta["path"] for directive in loaded if type(directive).__name__ == "Open"}
    sums: dict[tuple[str, str], object] = {}
    for directive in loaded:
        if type(directive).__name__ == "Transaction":
            for line in directive.postings:
                key = paths[line.account], line.units.currency
                sums[key] = sums.get(key, 0) + line.units.number
    assert {key: value for key, value in sums.items() if value} == {key: from_minor(value, key[1]) for key, value in balances.items()}
    said = (
        "written durably, added up again by SQL, balances read; beancount parses its text and checks it; balances equal; "
        f"medians of {ROUNDS} rounds in turn, the best of each {min(ours):.3f} and {min(theirs):.3f} s"
    )
    return Row(f"write and check {COMPARED:,} postings", median(ours), "s", median(theirs), "beancount", 8, said)


def growing(address: str) -> Iterable[Row]:
    """One ledger that grows: what a posting costs at the beginning and at the end, and then one month's statement."""
    ledger = Ledger(address)
    where = address.partition(":")[0].partition("+")[0]
    following = entries(SIZE)
    part = min(COMPARED, SIZE) // 4
    costs = []
    while batch := [made for _, made in zip(range(part), following, strict=False)]:
        started = time.perf_counter()
        ledger.write(batch)
        costs.append((time.perf_counter() - started) * 1e6 / (4 * len(batch)))
    few = max(1, len(costs) // 10)
    first, last = median(costs[:few]), median(costs[-few:])
    said = f"medians of the last tenth and the first of {len(costs)} writes, from {min(costs):.2f} to {max(costs):.2f} us; a ratio of one is flat"
    yield Row(f"cost of a posting on the way to {SIZE:,}, {where}", last, "us", first, "the first of them", None, said)

    def shown() -> str:
        start, end = bounds(MEASURED, UTC)
        accounts = ("borealis:receivable:aster", "borealis:payable:aster")
        opening = ledger.balances(accounts=accounts, booked=start)
        made = statement(
            ledger.between("aster", "borealis", start, end),
            "aster",
            "borealis",
            MEASURED,
            zone=UTC,
            opening={currency: amount for (_, currency), amount in opening.items()},
            behind=Behind(),
            kind={},
            disputes={},
        )
        after = ledger.balances(accounts=accounts, booked=end)
        assert dict(made.closing) == {currency: amount for (_, currency), amount in after.items()}
        lines.append(len(made.lines))
        return to_csv(made)

    lines: list[int] = []
    took = milliseconds(shown, rounds=5) / 1000
    said = f"{lines[-1]:,} lines as CSV, opening and closing balance read from the ledger and compared"
    yield Row(f"a month's statement over {SIZE:,} postings, {where}", took, "s", None, "", 1, said)
    ledger.close()
