"""What can go wrong with a database goes wrong loudly, loses nothing acknowledged, and is found afterwards."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from dibs.broker import Behind, Snapshot
from dibs.errors import BadInput, DibsError, Unavailable
from dibs.journal.audit import verify
from dibs.journal.checkpoint import SigningKey
from dibs.store.memory import MemoryStore
from dibs.testing.books import BEGIN, entries
from dibs.testing.databases import PostgresServer, Wire, why_not

psycopg = pytest.importorskip("psycopg", reason="no driver for PostgreSQL is installed")

from dibs.store import postgres  # noqa: E402 - needs its driver
from dibs.store.postgres import PARTS, Address, PostgresBook, PostgresStore  # noqa: E402

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
TEXT = "test"
KEY = SigningKey("example.com/postgres", bytes(32))


def book(count):
    return list(entries(count, agreement=DIGEST, keyed=True))


@pytest.fixture
def url(postgres_url):
    return postgres_url


@pytest.fixture
def open_store(url):
    stores = []

    def make(address=url, name="", **kwargs):
        stores.append(PostgresStore(address, name, **kwargs))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def filled(url):
    """A book of twelve entries, signed twice, closed."""
    store = PostgresStore(url, secret=bytes(32), signer=KEY)
    store.keep_text(DIGEST, TEXT)
    store.append(book(7))
    store.sign()
    store.append(book(12)[7:], due=BEGIN + 5000)
    store.sign(sha256(b"state").digest())
    store.keep_snapshot(Snapshot(size=12, state=b"state", beside=b"beside"))
    store.close()
    return url


@pytest.fixture(scope="module")
def own_server():
    """A server that may be stopped and that flushes."""
    if reason := why_not():
        pytest.skip(reason)
    with PostgresServer() as server:
        yield server


@pytest.fixture
def wire(url):
    with Wire(psycopg.conninfo.conninfo_to_dict(url)["port"]) as between:
        between.url = url.replace(f":{psycopg.conninfo.conninfo_to_dict(url)['port']}/", f":{between.port}/")
        yield between


def say(url, *statements, triggers=True):
    """What an administrator can do; without the triggers if need be."""
    with psycopg.connect(url, autocommit=True) as db:
        if not triggers:
            db.execute("SET session_replication_role = replica")
        for statement in statements:
            db.execute(statement)


def ask(url, question):
    with psycopg.connect(url, autocommit=True) as db:
        return db.execute(question).fetchall()


def codes(url, key=None, name=""):
    """The codes that an audit of the book ends with."""
    try:
        reader = PostgresBook(url, name)
    except Unavailable as error:
        return {error.code}
    try:
        return {finding.code for finding in verify(reader, key).findings}
    finally:
        reader.close()


# One writer.


def test_a_book_is_taken_up_where_it_was_left(filled, open_store):
    store = open_store(signer=KEY)
    assert list(store.entries()) == book(12)
    assert store.due_at() == BEGIN + 5000
    store.append(book(15)[12:])
    assert list(store.entries()) == book(15)
    assert store.due_at() is None
    assert codes(filled, KEY.public) == set()


def test_a_salt_secret_is_drawn_and_never_the_same(open_store):
    leaves = set()
    for name in ("a", "b"):
        store = open_store(name=name)
        store.keep_text(DIGEST, TEXT)
        store.append(book(1))
        leaves |= {sealed.leaf for sealed, _ in store.sealed()}
    assert len(leaves) == 2


def test_an_act_takes_one_round_trip_and_so_does_a_group(wire, open_store):
    store = open_store(wire.url, signer=KEY, sign_every=10_000)
    store.keep_text(DIGEST, TEXT)
    for entry in book(20):
        store.append([entry])
    store.append(book(30)[20:])
    trips = []
    for group in (book(31)[30:], book(32)[31:], book(40)[32:], book(41)[40:]):
        assert store.find(f"act-{group[0].seq} \N{GREEK SMALL LETTER ALPHA}") is None
        before = wire.trips
        store.append(group, due=BEGIN)
        trips.append(wire.trips - before)
    assert trips == [1, 1, 1, 1]
    before = wire.trips
    assert not store.changed()
    assert list(store.refresh()) == []
    assert wire.trips - before == 2


def test_a_signed_size_costs_no_round_trip_more(wire, open_store):
    store = open_store(wire.url, signer=KEY, sign_every=5)
    store.keep_text(DIGEST, TEXT)
    for entry in book(14):
        store.append([entry])
    before = wire.trips
    store.append(book(15)[14:])
    assert wire.trips - before == 1
    assert [head.size for head in store.heads()] == [5, 10, 15]
    store.append(book(23)[15:])
    assert [head.size for head in store.heads()] == [5, 10, 15, 23]
    assert verify(store, KEY.public).findings == ()
    assert verify(store, KEY.public).signed == 23


def test_signing_without_the_state_keeps_a_state_that_was_signed(open_store):
    store = open_store(signer=KEY)
    store.keep_text(DIGEST, TEXT)
    store.append(book(3))
    with_state = store.sign(bytes(32))
    other = open_store(signer=KEY)
    other._signed = 0
    assert other.sign() == with_state
    assert other.heads() == (with_state,)


def test_what_is_acknowledged_is_on_the_disk_whatever_the_database_says(url, open_store):
    say(url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$")
    store = open_store()
    assert store._line.ask("SHOW synchronous_commit") == [("on",)]
    say(url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = remote_apply', current_database()); END $$")
    assert open_store()._line.ask("SHOW synchronous_commit") == [("remote_apply",)]


@pytest.mark.usefixtures("filled")
def test_a_snapshot_is_kept_in_place_of_the_one_before_and_never_of_a_later_one(open_store):
    store = open_store(signer=KEY)
    kept = Snapshot(size=12, state=b"state", beside=b"beside")
    assert store.snapshot() == kept
    store.sign(sha256(b"another").digest())
    assert store.snapshot() is None, "no head vouches for it"
    store.keep_snapshot(Snapshot(size=12, state=b"another", beside=b""))
    assert store.snapshot() == Snapshot(size=12, state=b"another", beside=b"")
    behind = open_store(signer=KEY)
    store.append(book(14)[12:])
    store.sign(sha256(b"later").digest())
    later = Snapshot(size=14, state=b"later", beside=b"")
    store.keep_snapshot(later)
    behind.keep_snapshot(kept)
    assert store.snapshot() == later
    assert behind.snapshot() is None, "it has not taken in as much"
    list(behind.refresh())
    assert behind.snapshot() == later
    with store.reader() as reader:
        assert reader.snapshot() == later
        assert list(reader.damage()) == []


@pytest.mark.usefixtures("filled")
def test_a_part_of_a_book_is_read_from_a_number_on(open_store, monkeypatch):
    monkeypatch.setattr(postgres, "PAGE", 3)
    store = open_store()
    everything = [sealed for sealed, _ in store.sealed()]
    for first in (0, 1, 5, 11, 12):
        assert list(store.entries(first)) == book(12)[first:]
        with store.reader() as reader:
            assert [sealed for sealed, _ in reader.sealed(first)] == everything[first:]


def test_books_of_one_database_know_nothing_of_each_other(url, open_store):
    one, other = open_store(), open_store(name="harbour & co")
    one.keep_text(DIGEST, TEXT)
    one.append(book(5))
    assert (other.size, list(other.sealed()), other.text(DIGEST), dict(other.texts())) == (0, [], None, {})
    other.keep_text(DIGEST, TEXT)
    other.append(book(3))
    assert not one.changed()
    assert other.name.endswith("?book=harbour%20%26%20co")
    assert open_store(other.name).size == 3, "its name is its address"
    assert (codes(url), codes(other.name), codes(url, name="harbour & co")) == (set(), set(), set())


def test_another_book_is_taken_over_leaf_for_leaf_and_has_to_be_looked_at(open_store):
    memory = MemoryStore()
    memory.keep_text(DIGEST, TEXT)
    memory.append(book(2500))
    store = open_store()
    store.take_over(memory.sealed(), memory.texts())
    assert [sealed for sealed, _ in store.sealed()] == [sealed for sealed, _ in memory.sealed()]
    assert store.find(book(2500)[-1].key) == book(2500)[-1]
    with store.claimed(book(2500)[-1].at) as mine:
        assert mine
    assert verify(store).findings == ()
    store.append(book(2501)[2500:])
    assert open_store().size == 2501


@pytest.mark.parametrize(("wrong", "code"), [("moved", "DIB157"), ("changed", "DIB156")])
def test_of_a_book_that_was_altered_nothing_is_taken_over(open_store, wrong, code):
    memory = MemoryStore()
    memory.append(book(1200))
    altered = [sealed for sealed, _ in memory.sealed()]
    altered[1100] = altered[1101] if wrong == "moved" else msgspec.structs.replace(altered[1100], at=0)
    store = open_store()
    with pytest.raises(BadInput, match=code):
        store.take_over(((sealed, store._mark(0)) for sealed in altered), {DIGEST: TEXT})
    assert (store.size, open_store().size, store.text(DIGEST)) == (0, 0, None)
    store.keep_text(DIGEST, TEXT)
    store.append(book(2))
    assert list(store.entries()) == book(2)


# Several writers.


def test_who_is_behind_keeps_nothing_and_goes_on_once_it_has_caught_up(open_store):
    one, other = open_store(), open_store()
    one.keep_text(DIGEST, TEXT)
    one.append(book(5))
    assert other.changed()
    with pytest.raises(Behind):
        other.append(book(3))
    assert other.size == 0
    assert list(other.refresh()) == book(5)
    assert not other.changed()
    assert other.find(book(5)[1].key) == book(5)[1]
    other.append(book(8)[5:])
    with pytest.raises(Behind):
        one.append(book(6)[5:])
    assert list(one.refresh()) == book(8)[5:]
    assert [sealed.leaf for sealed, _ in one.sealed()] == [sealed.leaf for sealed, _ in other.sealed()]
    assert verify(one).findings == ()


def test_catching_up_can_be_broken_off_and_goes_on_there(open_store, monkeypatch):
    monkeypatch.setattr(postgres, "PAGE", 4)
    one, other = open_store(), open_store()
    one.keep_text(DIGEST, TEXT)
    one.append(book(11))
    first = other.refresh()
    assert [next(first) for _ in range(3)] == book(3)
    assert other.size == 3
    assert list(other.entries()) == book(3), "it knows what it took in"
    assert list(other.refresh()) == book(11)[3:]


def test_while_one_is_alone_the_others_wait_and_then_are_behind(open_store):
    one, other = open_store(), open_store()
    one.keep_text(DIGEST, TEXT)
    outcome = []

    def append():
        try:
            other.append(book(1))
        except DibsError as error:
            outcome.append(error)

    with one.alone():
        thread = threading.Thread(target=append)
        thread.start()
        time.sleep(0.1)
        assert thread.is_alive()
        assert list(one.refresh()) == []
        one.append(book(2))
        thread.join()
    (error,) = outcome
    assert isinstance(error, Behind)
    assert list(one.entries()) == book(2)


def test_being_alone_without_saying_anything_changes_nothing(open_store):
    one, other = open_store(), open_store()
    with one.alone():
        pass
    one.keep_text(DIGEST, TEXT)
    other.append(book(1))
    with pytest.raises(ZeroDivisionError), one.alone():
        raise ZeroDivisionError
    other.append(book(2)[1:])


def test_a_writer_that_does_not_let_go_is_not_waited_for_for_ever(open_store):
    one, other = open_store(), open_store()
    other._line._db.execute("SET lock_timeout = '50ms'")
    one.keep_text(DIGEST, TEXT)
    with one.alone():
        for attempt in (lambda: other.append(book(1)), lambda: other.alone().__enter__()):
            with pytest.raises(Unavailable) as raised:
                attempt()
            assert (raised.value.code, raised.value.retry) == ("DIB152", True)
    other.append(book(1))


def test_a_writer_that_is_frozen_while_it_holds_the_book_loses_it(open_store):
    one, other = open_store(), open_store()
    one.keep_text(DIGEST, TEXT)
    one._line._db.execute("SET idle_in_transaction_session_timeout = '50ms'")
    with one.alone():
        time.sleep(0.2)
        other.append(book(1))
        with pytest.raises(Behind):
            one.append(book(1))
    assert list(one.refresh()) == book(1)


def test_of_four_that_would_wake_a_book_one_does(open_store):
    stores = [open_store() for _ in range(4)]
    stores[0].keep_text(DIGEST, TEXT)
    stores[0].append(book(3), due=BEGIN + 100)
    with stores[0].claimed(BEGIN + 99) as mine:
        assert not mine
    with stores[1].claimed(BEGIN + 100) as first, stores[2].claimed(BEGIN + 100) as second, stores[3].claimed(BEGIN + 101) as third:
        assert (first, second, third) == (True, False, False)
        with stores[1].alone():
            assert list(stores[1].refresh()) == book(3)
            stores[1].append(book(4)[3:], due=BEGIN + 200)
    for store in stores:
        with store.claimed(BEGIN + 199) as mine:
            assert not mine
    with stores[0].claimed(BEGIN + 200) as mine:
        assert mine
    with stores[3].claimed(BEGIN + 200) as mine:
        assert mine, "who claimed it and did nothing has let it go"


def test_a_waker_that_dies_leaves_the_book_to_the_next(open_store):
    one, other = open_store(), open_store()
    one.keep_text(DIGEST, TEXT)
    one.append(book(1), due=BEGIN)
    claim = one.claimed(BEGIN)
    assert claim.__enter__()
    with other.claimed(BEGIN) as mine:
        assert not mine
    one._line._db.close()
    for _ in range(100):
        with other.claimed(BEGIN) as mine:
            if mine:
                break
        time.sleep(0.01)
    assert mine


def test_many_writers_at_once_make_one_chain(url, open_store):
    one = open_store()
    one.keep_text(DIGEST, TEXT)
    made = book(200)

    def write():
        store = PostgresStore(url)
        while store.size < len(made):
            try:
                store.append(made[store.size : store.size + 1])
            except Behind:
                for _ in store.refresh():
                    pass
        store.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(one.refresh()) == made
    assert codes(url) == set()


# A database that goes away.


def test_an_idle_connection_that_was_ended_is_made_again(url, open_store):
    store = open_store()
    store.keep_text(DIGEST, TEXT)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dibs' AND datname = current_database()"
    for nth, act in enumerate((lambda: store.append(book(1)), lambda: list(store.refresh()), store.changed, lambda: store.text(DIGEST))):
        say(url, end)
        time.sleep(0.05)
        act()
        assert store.size == 1, nth
    say(url, end)
    time.sleep(0.05)
    with store.alone():
        store.append(book(2)[1:])
    assert list(store.entries()) == book(2)


def test_an_act_whose_answer_was_lost_is_acknowledged_once(wire, open_store):
    """The server has committed, the connection breaks before it could say so."""
    store = open_store(wire.url)
    store.keep_text(DIGEST, TEXT)
    store.append(book(1))
    for nth in range(1, 6):
        wire.deaf = True
        hears_again = threading.Timer(0.05, setattr, (wire, "deaf", False))
        hears_again.start()
        store.append(book(nth + 1)[nth:])
        hears_again.join()
    assert store.size == 6
    assert list(store.entries()) == book(6)
    assert list(open_store().entries()) == book(6)


def test_so_is_one_said_alone(wire, open_store):
    store = open_store(wire.url)
    store.keep_text(DIGEST, TEXT)
    with store.alone():
        wire.deaf = True
        hears_again = threading.Timer(0.05, setattr, (wire, "deaf", False))
        hears_again.start()
        store.append(book(3))
    hears_again.join()
    assert list(store.entries()) == book(3)
    store.append(book(4)[3:])
    assert list(open_store().entries()) == book(4)


def test_an_act_that_never_reached_the_server_is_sent_again(wire, open_store):
    store = open_store(wire.url)
    store.keep_text(DIGEST, TEXT)
    wire.cut()
    store.append(book(2))
    assert list(open_store().entries()) == book(2)


def test_where_another_was_faster_meanwhile_the_lost_act_was_not_kept(wire, open_store):
    store, other = open_store(wire.url), open_store()
    store.keep_text(DIGEST, TEXT)
    wire.cut()
    other.append(book(2))
    with pytest.raises(Behind):
        store.append(book(1))
    assert list(store.refresh()) == book(2)


def test_an_outcome_that_stays_unknown_is_said_to_be_and_the_next_look_tells(wire, open_store):
    store = open_store(wire.url, patience=0.2)
    store.keep_text(DIGEST, TEXT)
    store.append(book(1))
    wire.deaf = True
    with pytest.raises(Unavailable, match="whether this act was kept is not known") as raised:
        store.append(book(2)[1:])
    assert (raised.value.code, raised.value.retry) == ("DIB159", True)
    assert store.size == 1
    wire.deaf = False
    with pytest.raises(Behind):
        store.append(book(2)[1:])
    assert list(store.refresh()) == book(2)[1:], "it was kept"


def test_a_server_that_cannot_be_reached_says_so_and_is_found_again(wire, open_store):
    store = open_store(wire.url, patience=0.1)
    store.keep_text(DIGEST, TEXT)
    wire.shut = True
    wire.cut()
    for act in (lambda: store.append(book(1)), store.changed, lambda: list(store.refresh()), lambda: store.alone().__enter__()):
        with pytest.raises(Unavailable) as raised:
            act()
        assert (raised.value.code, raised.value.retry) == ("DIB159", True)
    with pytest.raises(Unavailable, match="check the address"):
        open_store(wire.url)
    wire.shut = False
    store.append(book(1))
    assert list(store.entries()) == book(1)


def grows(store):
    """Wait until somebody has appended some entries."""
    before, until = store.size, time.monotonic() + 100
    while store.size < before + 10:
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("how", ["stop", "crash"])
def test_a_server_that_is_restarted_in_the_midst_loses_nothing_acknowledged(own_server, how):
    url = own_server.database(f"restarted_{how}")
    store = PostgresStore(url, patience=60)  # a busy machine takes its time to recover
    store.keep_text(DIGEST, TEXT)
    made = book(10_000)
    stopped = threading.Event()

    def write():
        while not stopped.is_set():
            try:
                store.append(made[store.size : store.size + 1])
            except Behind:
                list(store.refresh())

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(2):
        grows(store)
        getattr(own_server, how)()
        own_server.start()
    grows(store)
    stopped.set()
    writer.join()
    assert list(store.entries()) == made[: store.size]
    again = PostgresStore(url)
    assert again.size == store.size
    again.close()
    store.close()
    assert codes(url) == set()


def test_a_full_disk_keeps_what_was_acknowledged_and_takes_more_once_there_is_room(own_server):
    small = Path(tempfile.mkdtemp(prefix="dibs-small-"))
    owner = own_server.folder.stat()
    options = f"size=24m,mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", small], capture_output=True, check=False).returncode:
        small.rmdir()
        pytest.skip("this user may not mount a small disk")
    try:
        own_server.say(f"CREATE TABLESPACE small LOCATION '{small}'")
        url = own_server.database("on_a_small_disk", "TABLESPACE small")
        store = PostgresStore(url)
        store.keep_text(DIGEST, TEXT)
        store.append(book(5))
        ballast = small / "ballast"
        ballast.write_bytes(bytes(16_000_000))
        made = book(30_000)
        with pytest.raises(Unavailable) as raised:  # noqa: PT012 - it is the one that does not fit
            while True:
                store.append(made[store.size : store.size + 100])
        assert (raised.value.code, raised.value.retry) == ("DIB153", True)
        kept = store.size
        assert 5 <= kept < 30_000
        assert list(store.entries()) == made[:kept]
        with pytest.raises(Unavailable), store.alone():
            store.append(made[kept : kept + 500])
        ballast.unlink()
        store.append(made[kept : kept + 500])
        assert list(store.entries()) == made[: kept + 500]
        store.close()
        assert codes(url) == set()
        own_server.say("DROP DATABASE on_a_small_disk", "DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "-l", small], check=True)
        small.rmdir()


def test_a_server_that_only_reads_is_tried_again(url, open_store):
    store = open_store()
    store.keep_text(DIGEST, TEXT)
    say(url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$")
    store._line._drop()
    with pytest.raises(Unavailable, match="only reads") as raised:
        store.append(book(1))
    assert (raised.value.code, raised.value.retry) == ("DIB159", True)
    say(
        url,
        "SET default_transaction_read_only = off",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET default_transaction_read_only', current_database()); END $$",
    )
    store.append(book(1))
    assert list(store.entries()) == book(1)


@pytest.mark.usefixtures("own_server")  # which skips where none can be started
def test_a_standby_is_audited_and_after_a_failover_written_to():
    with PostgresServer() as first:
        store = PostgresStore(first.database("led"), signer=KEY)
        store.keep_text(DIGEST, TEXT)
        store.append(book(20))
        store.sign()
        store.close()
        with PostgresServer(follows=first) as second:
            assert codes(second.url("led"), KEY.public) == set()
            with pytest.raises(Unavailable, match="only reads"):
                PostgresStore(second.url("led"))
            both = f"postgresql://dibs@127.0.0.1:{second.port},127.0.0.1:{first.port}/led?target_session_attrs=read-write"
            store = PostgresStore(both, patience=60)
            store.append(book(22)[20:])
            until = time.monotonic() + 60
            while ask(second.url("led"), "SELECT size FROM dibs_book") != [(22,)]:
                assert time.monotonic() < until
            first.crash()
            second.lead()
            store.append(book(25)[22:])
            assert list(store.entries()) == book(25)
            store.close()


def test_a_book_that_was_put_back_to_an_older_copy_is_noticed(filled, open_store):
    store, other = open_store(), open_store()
    older = [
        "DELETE FROM dibs_snapshot",
        "DELETE FROM dibs_head",
        "DELETE FROM dibs_entry WHERE seq > 8",
        "UPDATE dibs_book SET size = 9, last = (SELECT leaf FROM dibs_entry WHERE seq = 8)",
    ]
    say(filled, *older, triggers=False)
    with pytest.raises(Behind):
        store.append(book(13)[12:])
    with pytest.raises(BadInput, match="DIB157"):
        list(store.refresh())
    third = open_store()
    assert third.size == 9
    third.append([entry for entry in book(13) if entry.seq >= 9])
    with pytest.raises(BadInput, match="DIB156"):
        list(other.refresh())
    say(
        filled,
        "DELETE FROM dibs_entry WHERE seq > 11",
        "UPDATE dibs_book SET size = 12, last = (SELECT leaf FROM dibs_entry WHERE seq = 11)",
        triggers=False,
    )
    with pytest.raises(BadInput, match="DIB157"):
        list(other.refresh())
    with pytest.raises(Behind):
        other.append(book(13)[12:])


def test_a_book_that_is_gone_is_said_to_be(filled, open_store):
    store = open_store()
    say(
        filled,
        "DELETE FROM dibs_snapshot",
        "DELETE FROM dibs_head",
        "DELETE FROM dibs_entry",
        "DELETE FROM dibs_agreement",
        "DELETE FROM dibs_book",
        triggers=False,
    )
    with pytest.raises(Unavailable, match="no longer at") as raised:
        list(store.refresh())
    assert (raised.value.code, raised.value.retry) == ("DIB159", False)
    say(filled, "DROP TABLE dibs_snapshot, dibs_head, dibs_entry, dibs_agreement, dibs_book")
    with pytest.raises(Unavailable) as raised:
        list(store.refresh())
    assert (raised.value.code, raised.value.retry) == ("DIB150", False)


# What is no book.


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://dibs:hush@127.0.0.1:1/none",
        "postgresql://dibs:hush@/none?host=/no/such/folder",
        "postgresql://dibs:hu/sh@127.0.0.1/none",
        "postgresql://dibs:hush@127.0.0.1/none?nonsense=hush",
        "postgresql://dibs:hush@[127.0.0.1/none",
        "postgresql://dibs:hu#sh@127.0.0.1/none",
        "mysql://dibs:hush@127.0.0.1/none",
        "postgresql://dibs@127.0.0.1:1/none?password=hush",
        "postgresql://",
        "hush",
    ],
)
def test_an_address_that_leads_nowhere_says_so_and_shows_no_password(address):
    for kind in (PostgresStore, PostgresBook):
        with pytest.raises(Unavailable) as raised:
            kind(address)
        assert raised.value.code == "DIB159"
        chain, error = [], raised.value
        while error is not None:
            chain.append(f"{error!r} {error}")
            error = error.__cause__
        assert "hush" not in " ".join(chain)
        assert "sh@" not in " ".join(chain)


def test_an_address_is_shown_without_its_password_and_names_its_book():
    address = Address.parse("postgres://dibs:hush@db.example:5433/ledger?sslmode=require&book=main")
    assert address.shown == "postgresql://dibs@db.example:5433/ledger"
    assert address.book == "main"
    assert "sslmode=require" in address.target
    assert "book" not in address.target
    assert Address.parse("postgresql:///dibs?book=a%20b").shown == "postgresql:///dibs?book=a%20b"
    assert Address.parse("postgresql://a.example,b.example:5433/dibs", "x").shown == "postgresql://a.example,b.example:5433/dibs?book=x"


@pytest.mark.parametrize("version", ["0", "2", "17", ""])
def test_books_of_another_version_are_named_and_left_alone(filled, version):
    say(filled, f"UPDATE dibs_meta SET value = '{version}'")  # noqa: S608
    if version in {"2", "17"}:
        with pytest.raises(Unavailable, match=f"version {version}") as raised:
            PostgresStore(filled)
        assert (raised.value.code, codes(filled)) == ("DIB151", {"DIB151"})
    else:
        with pytest.raises(Unavailable):
            PostgresStore(filled)
    assert ask(filled, "SELECT value FROM dibs_meta") == [(version,)]


def test_a_database_without_a_book_is_none_and_an_audit_makes_none(url):
    assert codes(url) == {"DIB159"}
    assert ask(url, "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'dibs%'") == [(0,)]
    PostgresStore(url).close()
    assert codes(url, name="other") == {"DIB159"}


@pytest.mark.parametrize("table", ["dibs_meta (name text, value text)", "dibs_meta (x int)", "dibs_book (x int)"])
def test_another_programs_tables_are_no_book_and_are_left_alone(url, table):
    say(url, f"CREATE TABLE {table}")
    for kind in (PostgresStore, PostgresBook):
        with pytest.raises(Unavailable) as raised:
            kind(url)
        assert raised.value.code == "DIB150"
    assert ask(url, "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'dibs%'") == [(1,)]


def test_a_database_that_keeps_texts_otherwise_than_in_utf8_is_not_taken(postgres_server):
    url = postgres_server.database("western", "ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(Unavailable, match="UTF8") as raised:
        PostgresStore(url)
    assert (raised.value.code, raised.value.retry) == ("DIB159", False)


def test_who_has_not_the_right_is_told_which(postgres_server, filled):
    name = filled.rpartition("/")[2]
    say(filled, f"DROP ROLE IF EXISTS r_{name}", f"CREATE ROLE r_{name} LOGIN")
    stranger = postgres_server.url(name, user=f"r_{name}")
    for kind in (PostgresStore, PostgresBook):
        with pytest.raises(Unavailable, match="permission denied") as raised:
            kind(stranger)
        assert (raised.value.code, raised.value.retry) == ("DIB159", False)
    say(filled, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO r_{name}")
    assert codes(stranger, KEY.public) == set(), "an auditor needs no more than to read"
    with pytest.raises(Unavailable, match="permission denied"):
        PostgresStore(stranger).append(book(13)[12:])
    say(
        filled,
        f"GRANT INSERT ON dibs_entry, dibs_agreement, dibs_head, dibs_snapshot, dibs_book TO r_{name}",
        f"GRANT UPDATE ON dibs_book, dibs_head, dibs_snapshot TO r_{name}",
    )
    say(filled, f"GRANT SELECT, UPDATE ON dibs_agreement TO r_{name}")
    store = PostgresStore(stranger)
    store.append(book(13)[12:])
    store.close()
    with pytest.raises(Unavailable, match="does not exist") as raised:
        PostgresStore(postgres_server.url(name, user="nobody"))
    assert not raised.value.retry


# Tables.


def test_of_several_that_come_first_at_once_one_makes_the_tables(postgres_server):
    """Again and again, since the one that waits must not go by what it saw before."""
    for nth in range(8):
        url = postgres_server.database(f"at_once_{nth}")
        errors = []

        def come(barrier, url=url, errors=errors):
            barrier.wait()
            try:
                PostgresStore(url).close()
            except Unavailable as error:
                errors.append(error)

        barrier = threading.Barrier(4)
        threads = [threading.Thread(target=come, args=(barrier,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert ask(url, "SELECT name, id FROM dibs_book") == [("main", 1)]
        assert codes(url) == set()


def test_books_of_an_earlier_version_get_what_has_come_since_and_keep_what_they_have(filled, monkeypatch, open_store):
    """The next version's step, as it will be: only the number of steps says what a database lacks."""
    step = ("CREATE TABLE dibs_note (book integer NOT NULL REFERENCES dibs_book (id), text text NOT NULL)",)
    monkeypatch.setattr(postgres, "MIGRATIONS", (*postgres.MIGRATIONS, step))
    monkeypatch.setattr(postgres, "SCHEMA_VERSION", 2)
    assert codes(filled) == {"DIB151"}, "who only reads changes nothing"
    store = open_store(signer=KEY)
    assert list(store.entries()) == book(12)
    assert ask(filled, "SELECT value, (SELECT count(*) FROM dibs_note) FROM dibs_meta") == [("2", 0)]
    assert codes(filled, KEY.public) == set()


def test_a_step_that_fails_leaves_the_version_before_it(filled, monkeypatch):
    step = ("CREATE TABLE dibs_note (x int)", "CREATE TABLE dibs_entry (x int)")
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "MIGRATIONS", (*postgres.MIGRATIONS, step))
        patch.setattr(postgres, "SCHEMA_VERSION", 2)
        with pytest.raises(Unavailable):
            PostgresStore(filled)
    assert ask(filled, "SELECT count(*) FROM pg_tables WHERE tablename = 'dibs_note'") == [(0,)]
    assert codes(filled, KEY.public) == set()


def test_the_parts_are_what_the_database_holds(filled):
    reader = PostgresBook(filled)
    found = [row[0] for row in reader._line.ask(postgres._PARTS, {"tables": list(postgres._TABLES)})]
    reader.close()
    assert sorted(found) == sorted(PARTS)


def test_entries_and_texts_cannot_be_changed_or_removed_by_sql(filled):
    for table in ("dibs_entry", "dibs_agreement"):
        for statement in (f"UPDATE {table} SET book = 7", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608
            with pytest.raises(psycopg.IntegrityError, match="never changed"):
                say(filled, statement)
    with pytest.raises(psycopg.IntegrityError, match="never changed"):
        say(filled, "DELETE FROM dibs_book")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER more AFTER INSERT ON dibs_entry FOR EACH STATEMENT EXECUTE FUNCTION dibs_refuses()",
        "DROP TRIGGER dibs_stays ON dibs_entry",
        "ALTER TABLE dibs_agreement DISABLE TRIGGER dibs_stays",
        "CREATE OR REPLACE FUNCTION dibs_refuses() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE RULE silent AS ON INSERT TO dibs_head DO INSTEAD NOTHING",
        "ALTER TABLE dibs_entry ADD COLUMN more text",
        "ALTER TABLE dibs_entry ALTER COLUMN key TYPE varchar(300)",
        "ALTER TABLE dibs_entry DROP CONSTRAINT dibs_entry_book_key_key",
        "CREATE UNIQUE INDEX more ON dibs_entry (at, seq)",
        "ALTER TABLE dibs_entry ENABLE ROW LEVEL SECURITY",
    ],
)
def test_a_book_with_foreign_parts_is_found_and_not_written_to(filled, statement):
    say(filled, statement)
    assert codes(filled) == {"DIB160"}
    with pytest.raises(BadInput, match="DIB160"):
        PostgresStore(filled)


def test_an_index_for_reading_may_be_added(filled, open_store):
    say(filled, "CREATE INDEX by_act ON dibs_entry ((command::json ->> 'type'))")
    assert codes(filled) == set()
    open_store()


# What was altered.

COLUMNS = {
    ("dibs_meta", "name"): "text",
    ("dibs_meta", "value"): "text",
    ("dibs_book", "id"): "integer",
    ("dibs_book", "name"): "text",
    ("dibs_book", "size"): "bigint",
    ("dibs_book", "last"): "bytea",
    ("dibs_book", "due_at"): "bigint",
    ("dibs_book", "keys"): "text",
    ("dibs_book", "seal"): "text",
    ("dibs_agreement", "book"): "integer",
    ("dibs_agreement", "digest"): "text",
    ("dibs_agreement", "text"): "text",
    ("dibs_entry", "book"): "integer",
    ("dibs_entry", "seq"): "bigint",
    ("dibs_entry", "at"): "bigint",
    ("dibs_entry", "agreement"): "text",
    ("dibs_entry", "command"): "text",
    ("dibs_entry", "events"): "text",
    ("dibs_entry", "key"): "text",
    ("dibs_entry", "secret"): "bytea",
    ("dibs_entry", "leaf"): "bytea",
    ("dibs_head", "book"): "integer",
    ("dibs_head", "size"): "bigint",
    ("dibs_head", "note"): "text",
    ("dibs_head", "state"): "text",
    ("dibs_snapshot", "book"): "integer",
    ("dibs_snapshot", "size"): "bigint",
    ("dibs_snapshot", "state"): "bytea",
    ("dibs_snapshot", "beside"): "bytea",
}
NO_VALUE_OF_THE_BOOK = {("dibs_book", "due_at"), ("dibs_head", "book"), ("dibs_snapshot", "book")}
"""When to wake follows from the entries, and a replica that wakes asks them.  What belongs to another book is a head or a snapshot less."""


def test_the_columns_above_are_all_there_are(filled):
    found = ask(filled, "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'")
    assert {(table, column): kind for table, column, kind in found} == COLUMNS


@pytest.mark.parametrize(("table", "column"), sorted(COLUMNS.keys() - NO_VALUE_OF_THE_BOOK))
def test_one_changed_byte_in_any_column_is_found(filled, table, column):
    """At the beginning, in the middle and at the end of stored values."""
    rows = ask(filled, f"SELECT ctid::text, {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {column}")  # noqa: S608
    change = f"UPDATE {table} SET {column} = %s::{COLUMNS[table, column]} WHERE ctid = %s::tid RETURNING ctid::text"  # noqa: S608
    done = 0
    with closing(psycopg.connect(filled, autocommit=True)) as db:
        db.execute("SET session_replication_role = replica")
        for first, value in dict(rows[:4] + rows[-2:]).items():
            place = first
            for changed in others(value):
                try:
                    ((now,),) = db.execute(change, (changed, place)).fetchall()
                except psycopg.Error:
                    continue  # the table itself refuses such a value
                assert codes(filled), f"{table}.{column} {place}: {value!r} -> {changed!r}"
                ((place,),) = db.execute(change, (value, now)).fetchall()
                done += 1
    assert done or (table, column) == ("dibs_book", "id")
    assert codes(filled, KEY.public) == set()


def others(value):
    """The same value with one bit changed."""
    if isinstance(value, int):
        return [value ^ 1 << bit for bit in (0, 5, 30)]
    raw = value if isinstance(value, bytes) else value.encode()
    changed = []
    for place in sorted({0, len(raw) // 2, len(raw) - 1}) if raw else ():
        for bit in (0, 5):
            new = bytearray(raw)
            new[place] ^= 1 << bit
            if isinstance(value, bytes):
                changed.append(bytes(new))
            else:
                try:
                    changed.append(new.decode())
                except UnicodeDecodeError:
                    continue  # the server refuses what is no text
    return changed


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dibs_entry SET key = NULL WHERE seq = 1",
        "UPDATE dibs_entry SET key = 'new' WHERE seq = 0",
        "UPDATE dibs_entry e SET command = o.command, events = o.events FROM dibs_entry o WHERE e.seq = 2 AND o.seq = 3",
        "UPDATE dibs_head SET state = note WHERE size = 12",
        "UPDATE dibs_head SET note = (SELECT note FROM dibs_head WHERE size = 12) WHERE size = 7",
        "UPDATE dibs_book SET keys = ''",
        "DELETE FROM dibs_agreement",
        "DELETE FROM dibs_entry WHERE seq = 4",
        "DELETE FROM dibs_entry WHERE seq > 8",
        "INSERT INTO dibs_entry SELECT book, 12, at, agreement, command, events, NULL, secret, leaf FROM dibs_entry WHERE seq = 11",
    ],
)
def test_what_was_added_removed_or_moved_is_found(filled, statement):
    say(filled, statement, triggers=False)
    assert codes(filled)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dibs_head h SET note = o.note FROM dibs_head o WHERE h.size = 12 AND o.size = 7",
        "DELETE FROM dibs_entry WHERE seq > 8",
        "UPDATE dibs_book SET last = decode(repeat('01', 32), 'hex')",
    ],
)
def test_a_book_that_was_altered_at_its_end_is_not_opened(filled, statement):
    say(filled, statement, triggers=False)
    with pytest.raises(BadInput):
        PostgresStore(filled)


def test_an_entry_altered_under_a_running_replica_stops_it_when_it_reads_it(filled, open_store):
    store, other = open_store(), open_store()
    other.append(book(14)[12:])
    say(filled, "UPDATE dibs_entry SET at = at + 1 WHERE seq = 13", triggers=False)
    news = store.refresh()
    assert next(news) == book(13)[12]
    with pytest.raises(BadInput, match="DIB156"):
        next(news)
    assert store.size == 13


def test_an_audit_sees_one_instant_of_a_book_that_grows(filled, open_store):
    store = open_store()
    reader = PostgresBook(filled)
    store.append(book(14)[12:])
    assert len(list(reader.sealed())) == 12
    assert list(reader.damage()) == []
    assert verify(reader, KEY.public).findings == ()
    reader.close()
