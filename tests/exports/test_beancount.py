"""The export to beancount: the same balances as ours, accepted by beancount itself, which finds a single cent."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dibs.settle.beancount import account_names, to_beancount
from dibs.settle.rounding import from_minor
from dibs.store.ledger import Ledger


def text_of(book, books):
    return "".join(to_beancount(book, title='Aster "and" others', zone=books.UTC))


@pytest.fixture
def loaded(book, books):
    """(entries, errors) as beancount reads our text."""
    loader = pytest.importorskip("beancount.loader", reason="beancount is not installed")
    entries, errors, _ = loader.load_string(text_of(book, books))
    return entries, errors


def test_beancount_accepts_it_and_its_balances_are_those_of_the_ledger(book, loaded, tmp_path):
    entries, errors = loaded
    assert errors == []
    paths = {directive.account: directive.meta["path"] for directive in entries if type(directive).__name__ == "Open"}
    theirs = {}
    for directive in entries:
        if type(directive).__name__ == "Transaction":
            for posting in directive.postings:
                key = (paths[posting.account], posting.units.currency)
                theirs[key] = theirs.get(key, 0) + posting.units.number
    ledger = Ledger(f"sqlite:///{tmp_path / 'money.db'}")
    ledger.write(book)
    ours = {(path, currency): from_minor(amount, currency) for (path, currency), amount in ledger.balances().items()}
    ledger.close()
    assert {key: amount for key, amount in theirs.items() if amount} == ours


def test_bean_check_accepts_the_file(book, books, tmp_path):
    pytest.importorskip("beancount", reason="beancount is not installed")
    file = tmp_path / "money.beancount"
    file.write_text(text_of(book, books))
    script = "from beancount.scripts.check import main; main()"
    done = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_one_cent_more_is_found(book, books):
    loader = pytest.importorskip("beancount.loader", reason="beancount is not installed")
    text = text_of(book, books)
    assert " 20001.25 USD" not in text
    changed = text.replace(" 180001.25 USD", " 180001.26 USD").replace(" -180001.25 USD", " -180001.26 USD")
    assert changed != text
    assert len(loader.load_string(changed)[1]) >= 4


def test_every_transaction_carries_clause_and_decision(loaded):
    entries, _ = loaded
    transactions = [directive for directive in entries if type(directive).__name__ == "Transaction"]
    assert len(transactions) == 13, "the hold is none"
    assert all(directive.meta["entry"] and directive.meta["decision"] for directive in transactions)
    assert next(d for d in transactions if d.meta["entry"] == "wrong-undone").meta["reverses"] == "wrong"


def test_accounts_that_would_be_called_the_same_are_told_apart():
    names = account_names(["a:payable:x_y", "a:payable:x-y", "a:cash", "ä:cash", "a:funding:undivided"])
    assert names["a:cash"] == "Assets:A:Cash"
    assert names["a:funding:undivided"] == "Equity:A:Funding:Undivided"
    assert len(set(names.values())) == 5


def test_an_empty_book_is_accepted_too(books):
    loader = pytest.importorskip("beancount.loader", reason="beancount is not installed")
    assert loader.load_string(text_of([], books))[1] == []
