"""One suite for every store: what the broker relies on.  An author of another store adds it to `STORES` and runs this."""

from __future__ import annotations

import pytest

from dibs.journal.audit import verify
from dibs.journal.checkpoint import Checkpoint, SigningKey
from dibs.journal.entry import Opener, Sealer
from dibs.store.folder import Folder, write_folder
from dibs.store.memory import MemoryStore
from dibs.store.sqlite import SqliteStore
from dibs.testing.books import entries

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
TEXT = "test"
"""Its SHA-256 is `DIGEST`."""
SECRET = bytes(range(32))
KEY = SigningKey("example.com/conformance", bytes(32))


def memory(_, signer):
    return MemoryStore(secret=SECRET, signer=signer)


def sqlite(request, signer):
    return SqliteStore(request.getfixturevalue("tmp_path") / "book.db", secret=SECRET, signer=signer)


def postgres(request, signer):
    from dibs.store.postgres import PostgresStore  # noqa: PLC0415 - its driver may not be installed

    return PostgresStore(request.getfixturevalue("postgres_url"), secret=SECRET, signer=signer)


STORES = [memory, sqlite, postgres]


@pytest.fixture(params=STORES, ids=lambda make: make.__name__)
def make(request):
    opened = []

    def open_store(signer=None):
        opened.append(request.param(request, signer))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def store(make):
    return make()


@pytest.fixture
def filled(store):
    store.keep_text(DIGEST, TEXT)
    for entry in book(20):
        store.append([entry])
    return store


def book(count):
    return list(entries(count, agreement=DIGEST, keyed=True))


def test_a_new_store_is_empty(store):
    assert store.size == 0
    assert list(store.entries()) == []
    assert store.find("act-1") is None
    assert store.text(DIGEST) is None
    assert list(store.sealed()) == []


def test_entries_come_back_as_they_were_in_their_order(filled):
    assert list(filled.entries()) == book(20)
    assert filled.size == 20


def test_entries_kept_together_are_the_same_as_entries_kept_alone(store):
    store.keep_text(DIGEST, TEXT)
    store.append(book(20)[:1])
    store.append(book(20)[1:19])
    store.append([])
    store.append(book(20)[19:])
    assert list(store.entries()) == book(20)


def test_every_store_makes_the_same_leaves(filled):
    sealer = Sealer(SECRET)
    assert [sealed for sealed, _ in filled.sealed()] == [sealer.seal(entry) for entry in book(20)]


def test_an_act_is_found_by_its_key(filled):
    for entry in book(20):
        if entry.key:
            assert filled.find(entry.key) == entry
    assert filled.find("act-2") is None
    assert filled.find("") is None


def test_entries_are_read_by_their_numbers_in_the_order_asked_for(filled):
    made = book(20)
    assert filled.read([7, 3, 7, 19]) == (made[7], made[3], made[7], made[19])
    assert filled.read([]) == ()


def test_who_has_taken_everything_in_finds_nothing_new_and_can_be_alone(filled):
    assert list(filled.refresh()) == []
    with filled.alone():
        assert list(filled.refresh()) == []
        filled.append(book(21)[20:], due=book(21)[20].at)
    with filled.claimed(book(21)[20].at) as mine:
        assert mine
    assert list(filled.entries()) == book(21)
    filled.append(book(23)[21:])
    assert list(filled.refresh()) == []
    assert filled.size == 23


def test_a_text_is_kept_by_its_digest_and_keeping_it_twice_is_harmless(store):
    store.keep_text(DIGEST, TEXT)
    store.keep_text(DIGEST, TEXT)
    assert store.text(DIGEST) == TEXT
    assert store.texts() == {DIGEST: TEXT}
    assert store.text("0" * 64) is None


def test_without_a_key_nothing_is_signed(filled):
    assert filled.sign() is None
    assert filled.heads() == ()
    assert filled.signers() == ()


def test_a_signed_head_vouches_for_what_is_there(make):
    store = make(KEY)
    assert store.sign() is None
    store.keep_text(DIGEST, TEXT)
    store.append(book(3))
    head = store.sign()
    assert Checkpoint.parse(KEY.public.open(head.note)).size == 3
    assert store.sign() is None
    assert store.heads() == (head,)
    with_state = store.sign(bytes(32))
    assert with_state.note == head.note
    assert store.heads() == (with_state,)
    store.append(book(5)[3:])
    assert [head.size for head in (*store.heads(), store.sign())] == [3, 5]
    assert store.signers() == (KEY.public,)


def test_what_a_store_holds_is_verified_as_unaltered(filled):
    assert list(filled.damage()) == []
    opener = Opener()
    for sealed, where in filled.sealed():
        opener.check(sealed, where)
    verified = verify(filled)
    assert verified.findings == ()
    assert verified.entries == 20


def test_a_folder_holds_the_same_book(make, tmp_path):
    store = make(KEY)
    store.keep_text(DIGEST, TEXT)
    store.append(book(20))
    store.sign(bytes(32))
    write_folder(store, tmp_path)
    folder = Folder(tmp_path)
    assert [sealed for sealed, _ in folder.sealed()] == [sealed for sealed, _ in store.sealed()]
    assert (folder.texts(), folder.heads(), folder.signers()) == (store.texts(), store.heads(), store.signers())
    assert verify(folder, KEY.public).findings == ()
    assert (tmp_path / "agreement.yaml").read_text() == TEXT
