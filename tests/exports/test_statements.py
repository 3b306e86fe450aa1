"""Statements: what stands on them, that their totals are the ledger's, and that a closed one stays as it is."""

from __future__ import annotations

import csv
import io
import itertools
import re
from datetime import date

import msgspec

from dibs.settle.statement import LINES_ON_A_PAGE, flow, owes, statements, to_csv, to_html
from dibs.store.ledger import Dispute, Ledger


def by_id(book, books, **more):
    return {made.id: made for made in statements(book, zone=books.UTC, **more)}


def test_each_pair_has_a_statement_for_each_month_with_something_on_it(book, books):
    assert list(by_id(book, books, first="aster")) == [
        "aster--borealis/2025-03",
        "aster--borealis/2025-04",
        "aster--borealis/2025-05",
        "aster--borealis/2025-06",
        "aster--delta/2025-06",
    ]


def test_opening_and_lines_make_the_closing_balance_and_the_next_month_opens_with_it(book, books):
    months = [made for made in statements(book, zone=books.UTC, first="aster") if made.counterparty == "borealis"]
    assert [dict(made.closing) for made in months] == [
        {"USD": 18_625_000},
        {"USD": 18_625_000 + 18_000_125 + 250_000 - 12_345 + 1_999_999 - 333_333 - 18_600_000},
        {"USD": 19_929_446 + 500_000 - 25_000},
        {"USD": 20_404_446 + 200_000 - 150_000},
    ]
    for before, after in itertools.pairwise(months):
        assert after.opening == before.closing


def test_the_last_balance_is_what_the_ledger_has_on_the_accounts_of_the_two(book, books, tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'money.db'}")
    ledger.write(book)
    balances = ledger.balances()
    ledger.close()
    last = by_id(book, books, first="aster")["aster--borealis/2025-06"]
    ours = balances["borealis:receivable:aster", "USD"] + balances.get(("borealis:payable:aster", "USD"), 0)
    assert last.closing == {"USD": ours}


def test_what_is_learnt_later_leaves_a_closed_statement_as_it_was(book, books):
    before = by_id([made for made in book if made.recorded <= books.first_of(5)], books, first="aster")
    after = by_id(book, books, first="aster")
    for month in ("2025-03", "2025-04"):
        assert before[f"aster--borealis/{month}"] == after[f"aster--borealis/{month}"]
    later = [line.entry.id for line in after["aster--borealis/2025-05"].lines]
    assert later == ["short", "wrong-undone"]


def test_a_line_unfolds_to_clause_decision_act_and_entry(book, books, contract):
    shown = by_id(book, books, first="aster", behind=contract.behind)
    page = to_html(shown["aster--borealis/2025-06"], contract.behind, books.UTC)
    assert "agreement.yaml:99:9" in page, "the text in force in June"
    assert "agreement.yaml:80:9" in to_html(shown["aster--borealis/2025-05"], contract.behind, books.UTC)
    assert "2025-03-01: granted" in to_html(shown["aster--borealis/2025-03"], contract.behind, books.UTC)
    assert "borealis:receivable:aster" in page
    assert page.count("<details>") == 2


def test_names_and_sentences_are_text_and_never_markup(book, books, contract):
    shown = by_id(book, books, first="aster")["aster--delta/2025-06"]
    page = to_html(shown, contract.behind, books.UTC)
    assert "Delta &lt;Systems&gt;" in page
    assert "<Systems>" not in page


def test_the_csv_has_a_row_for_each_line_and_sums_to_the_closing_balance(book, books):
    for shown in statements(book, zone=books.UTC, first="aster"):
        rows = list(csv.DictReader(io.StringIO(to_csv(shown))))
        assert len(rows) == len(shown.lines)
        cents = sum(round(float(row["amount"]) * 100) for row in rows)
        assert shown.opening.get("USD", 0) + cents == shown.closing["USD"]


def test_page_totals_sum_to_the_statement(books):
    many = [books.charge(f"c{n:03}", 3, str(n + 1)) for n in range(2 * LINES_ON_A_PAGE + 1)]
    (shown,) = statements(many, zone=books.UTC)
    assert [len(page) for page in shown.pages] == [LINES_ON_A_PAGE, LINES_ON_A_PAGE, 1]
    page = to_html(shown, zone=books.UTC)
    stated = [
        int(amount.replace(",", "").replace(".", "")) for amount in re.findall(r"Total of this page</td>\s*<td class=\"n\">([\d,.]+) USD", page)
    ]
    assert len(stated) == 3
    assert sum(stated) == shown.totals["USD"] == sum(250 * (n + 1) for n in range(81))


def test_a_contested_line_says_so_and_counts_until_it_is_reversed(book, books, tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'money.db'}")
    ledger.write(book)
    ledger.contest(Dispute(id="d1", entry="march", by="aster", says="two days were down", recorded=books.first_of(5)))
    contested = {dispute.entry: f"{dispute.by}: {dispute.says}" for dispute in ledger.disputes()}
    shown = by_id(ledger.entries(), books, first="aster", disputes=contested)["aster--borealis/2025-03"]
    ledger.close()
    assert [line.dispute for line in shown.lines] == ["aster: two days were down", ""]
    assert "(contested)" in to_html(shown, zone=books.UTC)
    assert shown.totals == by_id(book, books, first="aster")["aster--borealis/2025-03"].totals


def test_a_month_is_one_of_the_agreements_zone(books):
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    late = msgspec.structs.replace(books.charge("c", 3, "8"), valid_to=books.first_of(4) + 3 * 3600, recorded=books.first_of(4) + 3 * 3600)
    (utc,) = statements([late], zone=books.UTC)
    (coast,) = statements([late], zone=ZoneInfo("America/Los_Angeles"))
    assert (utc.month, coast.month) == (date(2025, 4, 1), date(2025, 3, 1))


def test_what_moves_and_what_is_owed(book):
    seen = {made.id: (flow(made).get("USD", 0), owes(made, *made.counterparties).get("USD", 0)) for made in book}
    assert seen["march"] == (18_600_000, 18_600_000)
    assert seen["wrong-undone"] == (-25_000, -25_000)
    assert seen["paid"] == (18_600_000, -18_600_000)
    assert seen["short"] == (500_000, 500_000)
    assert seen["use"] == (-150_000, -150_000)
    assert seen["late"] == (-12_345, -12_345)


def test_money_of_which_nobody_knows_who_put_it_in_stands_on_no_statement(books):
    built = books.lines(("yard:construction", 500), ("yard:funding:undivided", -500))
    assert list(statements([books.entry("d", "draw_down", 3, built, between=("", "yard"))], zone=books.UTC)) == []
    put_in = books.lines(("yard:construction", 500), ("yard:invested_by:aster", -500), ("aster:investment:yard", 500), ("aster:cash", -500))
    made = books.entry("d", "draw_down", 3, put_in, between=("aster", "yard"))
    (shown,) = statements([made], zone=books.UTC)
    assert (shown.id, shown.totals, flow(made)) == ("aster--yard/2025-03", {"USD": 0}, {"USD": 500})
