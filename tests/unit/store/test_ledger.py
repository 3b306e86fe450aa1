"""The ledger, on both databases: what is written stays, balances, and is corrected only by its reversal."""

from __future__ import annotations

import collections
import random
from decimal import Decimal

import msgspec
import pytest
import sqlalchemy as sa

from dibs.errors import BadInput, Unavailable
from dibs.quantities import parse_instant
from dibs.settle.postings import Detail, Entry, Posting, owed, paid
from dibs.store.ledger import AMOUNT_MAX, BATCH, Dispute, Ledger, reversal_of

MARCH, APRIL, MAY, JUNE = (parse_instant(f"2025-{month:02}-01") for month in (3, 4, 5, 6))


def a_charge(name="c1", amount=12_345, **changes):
    """March's charge, known on the first of April."""
    entry = Entry(
        id=name,
        kind="charge",
        says="2,500 accelerators in March",
        valid_from=MARCH,
        valid_to=APRIL,
        recorded=APRIL,
        clause="cloud-commitment",
        decision="12",
        postings=owed("aster", "borealis", "charges", amount, "USD"),
        counterparties=("aster", "borealis"),
    )
    return msgspec.structs.replace(entry, **changes)


def codes(raised):
    """The codes of what was found wrong, in order."""
    return [finding.code for finding in raised.value.findings]


@pytest.fixture
def ledger(url):
    """An empty ledger, which the database itself finds in order at the end of each test."""
    made = Ledger(url)
    yield made
    assert made.check() == ()
    made.close()


def raw(url, *statements):
    """What another program would do to the database."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as db:
            for statement in statements:
                db.exec_driver_sql(statement)
    finally:
        engine.dispose()


def test_what_was_written_is_read_back_word_for_word(ledger, url):
    held = Detail(
        grant="g", request="r", host="east", platform="borealis", operator="cinder", sku="h100", workload_class="api", price=Decimal("2.10")
    )
    entries = [a_charge(detail=held), a_charge("c2", 5, valid_from=APRIL, valid_to=MAY, recorded=MAY, settles="c1")]
    assert (ledger.write(entries).new, ledger.write([]).new) == (2, 0)
    assert list(ledger.entries()) == entries
    again = Ledger(url)
    assert list(again.entries()) == entries
    assert again.find("c2") == entries[1]
    assert again.find("c3") is None
    again.close()


def test_writing_the_same_twice_writes_once(ledger):
    ledger.write([a_charge()])
    written = ledger.write([a_charge(), a_charge(), a_charge("c2")])
    assert (written.new, written.known) == (1, 2)
    assert ledger.balances(accounts=["aster:payable:borealis"]) == {("aster:payable:borealis", "USD"): -24_690}


def test_another_entry_under_a_known_id_is_refused_and_nothing_is_kept(ledger):
    ledger.write([a_charge()])
    with pytest.raises(BadInput) as raised:
        ledger.write([a_charge("c0"), a_charge(amount=1)])
    assert codes(raised) == ["DIB221"]
    with pytest.raises(BadInput) as raised:
        ledger.write([a_charge("c9"), a_charge("c9", amount=1)])
    assert codes(raised) == ["DIB221"]
    assert [entry.id for entry in ledger.entries()] == ["c1"]


def test_an_entry_that_does_not_balance_for_each_party_is_refused(ledger):
    """The whole sums to zero, but one party owes what the other does not expect."""
    lines = owed("aster", "borealis", "charges", 100, "USD")
    skewed = (lines[0], *lines[2:], Posting(account="borealis:cash", amount=-100, currency="USD"))
    assert sum(line.amount for line in skewed) == 0
    with pytest.raises(BadInput) as raised:
        ledger.write([a_charge(postings=skewed)])
    assert codes(raised) == ["DIB220"]


def test_currencies_balance_one_by_one(ledger):
    mixed = (Posting(account="aster:cash", amount=-5, currency="USD"), Posting(account="aster:expense:fees", amount=5, currency="EUR"))
    with pytest.raises(BadInput) as raised:
        ledger.write([a_charge(postings=mixed)])
    assert codes(raised) == ["DIB220"]


@pytest.mark.parametrize("amount", [1.5, 10.0, AMOUNT_MAX + 1, True], ids=["half-a-cent", "a-float", "too-much", "a-truth"])
def test_an_amount_is_a_whole_number_within_bounds(ledger, amount):
    with pytest.raises(BadInput) as raised:
        ledger.write([a_charge(postings=owed("aster", "borealis", "charges", amount, "USD"))])
    assert set(codes(raised)) == {"DIB223"}


def test_more_than_64_bits_in_one_account_is_refused(ledger):
    many = 2**63 // AMOUNT_MAX + 1
    with pytest.raises(BadInput if ledger.name.startswith("sqlite") else Unavailable):
        ledger.write([a_charge(f"c{n}", AMOUNT_MAX) for n in range(many)])
    assert ledger.balances() == {}
    ledger.write([a_charge(f"c{n}", AMOUNT_MAX) for n in range(many - 1)])
    with pytest.raises((BadInput, Unavailable)):
        ledger.write([a_charge("too-much", AMOUNT_MAX)])
    assert ledger.balances(accounts=["aster:expense:charges"]) == {("aster:expense:charges", "USD"): (many - 1) * AMOUNT_MAX}


def test_the_largest_amount_is_kept_exactly(ledger):
    ledger.write([a_charge(amount=AMOUNT_MAX), a_charge("c2", AMOUNT_MAX)])
    assert ledger.balances(accounts=["aster:expense:charges"]) == {("aster:expense:charges", "USD"): 2 * AMOUNT_MAX}


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_to": MARCH},
        {"recorded": 1.5},
        {"postings": owed("aster", "borealis", "charges", 5, "usd")},
        {"postings": owed("aster", "borealis", "", 5, "USD")},
        {"status": "voided"},
        {"expires": JUNE},
        {"status": "pending", "expires": APRIL},
        {"id": ""},
    ],
    ids=["no-period", "half-a-second", "currency", "account", "status", "posted-that-expires", "expired-at-birth", "no-id"],
)
def test_what_is_no_entry_is_refused(ledger, changes):
    with pytest.raises(BadInput) as raised:
        ledger.write([a_charge(**changes)])
    assert set(codes(raised)) == {"DIB224"}
    assert list(ledger.entries()) == []


def test_everything_wrong_is_said_at_once(ledger):
    with pytest.raises(BadInput) as raised:
        ledger.write([a_charge("a", 0.5), a_charge("b", valid_to=MARCH), a_charge("c", postings=owed("x", "y", "z", 1, "USD")[:3])])
    assert set(codes(raised)) == {"DIB223", "DIB224", "DIB220"}


def test_a_correction_is_a_reversal_and_the_right_entry(ledger):
    wrong, right = a_charge(), a_charge("c1-right", 12_000, recorded=MAY)
    undo = reversal_of(wrong, name="c1-undone", recorded=MAY, says="counted twice", decision="40")
    ledger.write([wrong])
    ledger.write([undo, right])
    payable = [("aster:payable:borealis")]
    assert ledger.balances(accounts=payable) == {("aster:payable:borealis", "USD"): -12_000}
    assert ledger.balances(accounts=payable, known=APRIL) == {("aster:payable:borealis", "USD"): -12_345}
    assert ledger.find("c1") == wrong


def test_a_reversal_in_the_same_write_is_fine(ledger):
    wrong = a_charge()
    ledger.write([wrong, reversal_of(wrong, name="undo", recorded=MAY, says="", decision="")])
    assert ledger.balances() == {}


def test_a_reversal_undoes_line_by_line_and_once(ledger):
    wrong = a_charge()
    undo = reversal_of(wrong, name="undo", recorded=MAY, says="", decision="")
    ledger.write([wrong])
    for changes in ({"reverses": "c7"}, {"postings": owed("borealis", "aster", "charges", 12_345, "USD")}, {"postings": wrong.postings}):
        with pytest.raises(BadInput) as raised:
            ledger.write([msgspec.structs.replace(undo, **changes)])
        assert codes(raised) == ["DIB222"]
    with pytest.raises(BadInput) as raised:
        ledger.write([undo, msgspec.structs.replace(undo, id="undo-again")])
    assert codes(raised) == ["DIB222"]
    ledger.write([undo])
    with pytest.raises(BadInput) as raised:
        ledger.write([msgspec.structs.replace(undo, id="undo-again")])
    assert codes(raised) == ["DIB222"]


def test_balances_are_as_of_both_times(ledger):
    ledger.write([a_charge(), a_charge("late", 55, recorded=JUNE), a_charge("april", 1_000, valid_from=APRIL, valid_to=MAY, recorded=MAY)])
    account = "aster:expense:charges"

    def stands(**times):
        return ledger.balances(accounts=[account], **times).get((account, "USD"), 0)

    assert stands() == 13_400
    assert stands(valid=APRIL) == 12_400
    assert stands(valid=APRIL - 1) == 0
    assert stands(known=MAY) == 13_345
    assert stands(valid=APRIL, known=MAY) == 12_345
    assert stands(known=APRIL - 1) == 0


def test_balances_are_what_adding_up_every_entry_comes_to(ledger):
    """At any instants, on the quarter of an hour or beside it, with holds that were posted, voided or left."""
    chance = random.Random(7)
    instants = [APRIL + 900 * n + extra for n in range(-4, 5) for extra in (-1, 0, 1, 450)]
    for part in range(4):
        made = []
        for n in range(60):
            recorded, ends = chance.choice(instants), chance.choice(instants)
            lines = owed("aster", chance.choice(["borealis", "cinder"]), "charges", chance.randrange(1, 10**6), chance.choice(["USD", "EUR"]))
            hold = {"status": "pending", "expires": chance.choice([None, JUNE])} if chance.random() < 0.3 else {}
            made.append(a_charge(f"e{part}-{n}", valid_to=ends, recorded=recorded, postings=lines, **hold))
        ledger.write(made)
        for entry in made:
            if entry.status == "pending" and (act := chance.choice([ledger.post, ledger.void, None])):
                act(entry.id, max(entry.recorded, chance.choice(instants)))
    for _ in range(200):
        valid, known, before = (chance.choice([*instants, 2**62]) for _ in range(3))
        sums = collections.Counter()
        for entry in ledger.entries(known):
            if entry.status == "posted" and entry.valid_to <= valid and max(entry.valid_to, entry.recorded) <= before:
                sums.update({(line.account, line.currency): line.amount for line in entry.postings})
        expected = {key: amount for key, amount in sums.items() if amount}
        assert ledger.balances(valid=valid, known=known, booked=before) == expected
        asked = chance.choice(sorted(expected))[0] if expected else "aster:cash"
        assert ledger.balances(valid=valid, known=known, booked=before, accounts=[asked]) == {k: v for k, v in expected.items() if k[0] == asked}


def test_what_becomes_known_later_stands_on_a_later_statement(ledger):
    ledger.write([a_charge()])
    march = ledger.between("borealis", "aster", MARCH, APRIL)
    undo = reversal_of(a_charge(), name="undo", recorded=MAY, says="", decision="")
    ledger.write([undo])
    assert ledger.between("aster", "borealis", MARCH, APRIL) == march == (a_charge(),)
    assert ledger.between("aster", "borealis", APRIL, MAY) == (undo,)
    assert ledger.between("aster", "cinder", MARCH, MAY) == ()


def test_a_hold_counts_when_it_is_posted_and_from_then_on(ledger):
    ledger.write([a_charge("h", status="pending", expires=JUNE)])
    assert ledger.balances() == {}
    assert ledger.held(MAY)["aster:payable:borealis", "USD"] == -12_345
    ledger.post("h", MAY)
    ledger.post("h", MAY)
    assert ledger.find("h").status == "posted"
    assert ledger.find("h", APRIL).status == "pending"
    assert ledger.held(MAY) == {}
    assert ledger.held(MAY - 1)["aster:payable:borealis", "USD"] == -12_345
    assert ledger.balances()["aster:payable:borealis", "USD"] == -12_345
    assert ledger.balances(known=MAY - 1) == {}


def test_a_hold_that_was_posted_is_still_the_entry_that_was_written(ledger):
    hold = a_charge("h", status="pending", expires=JUNE)
    ledger.write([hold])
    ledger.post("h", MAY)
    assert ledger.write([hold]).known == 1
    with pytest.raises(BadInput) as raised:
        ledger.write([a_charge("h")])
    assert codes(raised) == ["DIB221"]


def test_a_voided_hold_never_counts(ledger):
    ledger.write([a_charge("h", status="pending")])
    ledger.void("h", MAY)
    assert (ledger.balances(), ledger.held(MAY), ledger.find("h").status) == ({}, {}, "voided")
    with pytest.raises(BadInput) as raised:
        ledger.post("h", JUNE)
    assert codes(raised) == ["DIB225"]


def test_a_hold_expires_at_its_instant_whoever_wakes_late(ledger):
    ledger.write([a_charge("h", status="pending", expires=JUNE), a_charge("posted")])
    assert ledger.held(JUNE - 1)
    assert ledger.held(JUNE) == {}
    assert (ledger.find("h", JUNE - 1).status, ledger.find("h", JUNE).status) == ("pending", "expired")
    for hold, at in (("h", JUNE), ("h", APRIL - 1), ("posted", MAY), ("none", MAY)):
        with pytest.raises(BadInput) as raised:
            ledger.post(hold, at)
        assert codes(raised) == ["DIB225"]
    ledger.post("h", JUNE - 1)


def test_a_hold_is_not_reversed(ledger):
    hold = a_charge("h", status="pending")
    ledger.write([hold])
    with pytest.raises(BadInput) as raised:
        ledger.write([reversal_of(hold, name="undo", recorded=MAY, says="", decision="")])
    assert codes(raised) == ["DIB222"]


def test_a_dispute_is_a_record_and_changes_no_amount(ledger):
    ledger.write([a_charge()])
    contested = Dispute(id="d1", entry="c1", by="aster", says="the hosts were down for two days", recorded=MAY)
    before = ledger.balances()
    ledger.contest(contested)
    ledger.contest(contested)
    assert (ledger.disputes(), ledger.disputes(MAY - 1), ledger.balances()) == ((contested,), (), before)
    for changes, code in (({"id": "d2", "entry": "c9"}, "DIB226"), ({"id": "d2", "by": "cinder"}, "DIB226"), ({"says": "no"}, "DIB221")):
        with pytest.raises(BadInput) as raised:
            ledger.contest(msgspec.structs.replace(contested, **changes))
        assert codes(raised) == [code]


@pytest.mark.parametrize("table", ["pair", "book", "account", "entry", "posting", "outcome", "dispute"])
def test_no_program_changes_or_removes_what_is_there(ledger, url, table):
    ledger.write([a_charge(), a_charge("h", status="pending")])
    ledger.void("h", MAY)
    ledger.contest(Dispute(id="d", entry="c1", by="aster", says="", recorded=MAY))
    column = {
        "posting": "amount = 1",
        "pair": "payer = 'x'",
        "book": "party = 'x'",
        "account": "path = 'x'",
        "outcome": "recorded = 1",
        "dispute": "says = 'x'",
    }.get(table, "says = 'x'")
    for statement in (f"UPDATE {table} SET {column}", f"DELETE FROM {table}"):  # noqa: S608
        with pytest.raises(sa.exc.DBAPIError, match="never"):
            raw(url, statement)
    assert ledger.find("c1") == a_charge()


def test_no_program_adds_a_line_to_an_entry(ledger, url):
    ledger.write([a_charge()])
    for line, amount in ((4, 5), (5, -5)):
        with pytest.raises(sa.exc.DBAPIError, match="no further lines"):
            raw(url, f"INSERT INTO posting (entry, line, account, amount) VALUES (0, {line}, 1, {amount})")  # noqa: S608


def foreign(*amounts, account=90, lines=2, entry=True):
    """The statements by which another program enters lines of Eve's, booked in April, and the entry that binds them."""
    return (
        "INSERT INTO pair (id, payer, payee) VALUES (90, 'eve', 'eve')",
        "INSERT INTO book (id, party, currency) VALUES (90, 'eve', 'USD')",
        "INSERT INTO account (id, path, book) VALUES (90, 'eve:cash', 90), (91, 'eve:expense:x', 90)",
        *(
            f"INSERT INTO posting (entry, line, account, amount) VALUES (9, {line}, {account + line}, {amount})"  # noqa: S608
            for line, amount in enumerate(amounts)
        ),
        *(
            [
                f"""INSERT INTO entry (seq, id, kind, says, valid_from, valid_to, recorded, clause, decision, pair, held, lines)
                VALUES (9, 'x', 'charge', '', {MARCH}, {APRIL}, {MAY}, '', '', 90, '0', {lines})"""  # noqa: S608
            ]
            if entry
            else []
        ),
    )


def unguarded(url):
    """The statements by which another program rids itself of what it is held to."""
    if url.startswith("sqlite"):
        return ("DROP TRIGGER entry_binds", "DROP TRIGGER posting_sealed")
    return ("ALTER TABLE entry DISABLE TRIGGER USER", "ALTER TABLE posting DISABLE TRIGGER USER")


@pytest.mark.parametrize(
    "entered",
    [foreign(5, -4), foreign(5, -5, lines=3), foreign(5, -5, 0), foreign(5, -5, account=91)],
    ids=["unbalanced", "a-line-short", "a-line-too-many", "no-such-account"],
)
def test_what_another_program_writes_is_held_to_the_same_rule(ledger, url, entered):
    """Also after a write of ours, and after one that failed: on SQLite they put the rule aside while they last."""
    ledger.write([a_charge()])
    with pytest.raises(BadInput):
        ledger.write([a_charge("c2", valid_to=MARCH)])
    with pytest.raises(sa.exc.DBAPIError, match="sum to zero for each party"):
        raw(url, *entered)


def test_what_another_program_writes_by_the_rule_counts(ledger, url):
    ledger.write([a_charge()])
    raw(url, *foreign(5, -5))
    assert ledger.balances(accounts=["eve:cash"]) == {("eve:cash", "USD"): 5}
    assert ledger.balances(accounts=["eve:cash"], booked=MAY - 1) == {}
    assert ledger.find("x").postings[1] == Posting(account="eve:expense:x", amount=-5, currency="USD")
    charge = a_charge("c2", postings=owed("eve", "borealis", "charges", 7, "USD"), counterparties=("eve", "borealis"))
    assert ledger.write([charge]).new == 1
    assert ledger.find("c2") == charge


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (foreign(5, -4), {"DIB220", "DIB227"}),
        (foreign(5, -5, lines=3), {"DIB220", "DIB227"}),
        (foreign(5, -5, account=91), {"DIB220", "DIB227"}),
        (foreign(5, -5), {"DIB227"}),
        (foreign(5, -5, entry=False), {"DIB227"}),
        (("UPDATE turnover SET amount = amount + 1 WHERE account = 1",), {"DIB227"}),
        (("DELETE FROM turnover WHERE account = 1",), {"DIB227"}),
    ],
    ids=["unbalanced", "a-line-short", "no-such-account", "not-in-the-totals", "lines-without-an-entry", "a-total-changed", "a-total-removed"],
)
def test_whoever_goes_around_the_rule_is_found(url, statements, found):
    ledger = Ledger(url)
    ledger.write([a_charge()])
    raw(url, *unguarded(url), *statements)
    assert {finding.code for finding in ledger.check()} == found
    ledger.close()


def test_lines_without_an_entry_are_not_taken_into_the_next_one(url):
    ledger = Ledger(url)
    raw(url, *foreign(5, -5, entry=False))
    ledger.write([a_charge()])
    assert ledger.find("c1") == a_charge()
    ledger.close()


def test_a_write_that_breaks_off_leaves_nothing(ledger):
    def breaking():
        yield from (a_charge(f"e{n}") for n in range(BATCH + 1))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.write(breaking())
    assert list(ledger.entries()) == []
    ledger.write([a_charge()])
    assert ledger.balances(accounts=["aster:expense:charges"]) == {("aster:expense:charges", "USD"): 12_345}


def test_many_entries_come_back_in_order_with_their_lines(ledger):
    """Also where some fill columns that others leave empty, which are written apart."""
    entries = [
        a_charge(
            f"e{n}",
            n + 1,
            postings=owed("aster", "borealis", f"kind-{n % 7}", n + 1, "USD") if n % 3 else paid("aster", "borealis", n + 1, "USD"),
            settles="" if n % 5 else f"e{n - 1}",
        )
        for n in range(BATCH + 10)
    ]
    assert ledger.write(entries).new == BATCH + 10
    assert list(ledger.entries()) == entries


def test_nobody_sees_the_ledger_without_the_rule_that_a_write_puts_aside(tmp_path):
    address = f"sqlite:///{tmp_path / 'money.db'}"
    ledger = Ledger(address)
    engine = sa.create_engine(address)
    seen = []

    def look():
        with engine.connect() as db:
            seen.append(db.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name").scalars().all())

    def slowly():
        yield from (a_charge(f"e{n}") for n in range(BATCH))
        look()
        yield a_charge("last")

    look()
    ledger.write(slowly())
    look()
    assert seen[0] == seen[1] == seen[2]
    assert {"entry_binds", "posting_sealed"} <= set(seen[0])
    engine.dispose()
    ledger.close()


def test_two_who_write_to_one_ledger_do_not_get_in_each_others_way(url):
    one, other = Ledger(url), Ledger(url)
    one.write([a_charge("a")])
    other.write([a_charge("b", postings=owed("aster", "cinder", "charges", 5, "USD"))])
    one.write([a_charge("c", postings=owed("aster", "delta", "charges", 5, "USD"))])
    assert list(one.entries()) == list(other.entries())
    assert one.check() == ()
    assert one.pairs() == (("aster", "borealis"),)
    assert one.span() == (APRIL - 1, APRIL - 1)
    one.close()
    other.close()


def test_a_database_with_other_things_in_it_is_left_alone(url):
    raw(url, "CREATE TABLE other (n integer)")
    with pytest.raises(Unavailable) as raised:
        Ledger(url)
    assert raised.value.code == "DIB231"


def test_a_ledger_of_another_version_is_left_alone(url):
    Ledger(url).close()
    raw(url, "UPDATE meta SET value = '99'")
    with pytest.raises(Unavailable) as raised:
        Ledger(url)
    assert raised.value.code == "DIB231"


@pytest.mark.parametrize("address", ["nonsense", "mysql://x/y", "sqlite:////no/such/folder/money.db", "postgresql+psycopg://x:hush@127.0.0.1:1/none"])
def test_a_database_that_is_not_there_is_said_plainly(address):
    with pytest.raises(Unavailable) as raised:
        Ledger(address)
    assert raised.value.code == "DIB230"
    assert "hush" not in str(raised.value)
