"""A book as plain files says the same as the book, and what is wrong with a file is named with its line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dibs.errors import BadInput, Unavailable
from dibs.journal.audit import verify
from dibs.journal.checkpoint import SigningKey
from dibs.store.folder import Folder, write_folder
from dibs.store.memory import MemoryStore
from dibs.store.sqlite import SqliteBook, SqliteStore
from dibs.testing.books import entries

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
EARLIER = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
KEY = SigningKey("example.com/folder", bytes(32))


@pytest.fixture
def folder(tmp_path):
    """Twelve entries under two texts, signed."""
    store = MemoryStore(signer=KEY)
    store.keep_text(EARLIER, "test2")
    store.keep_text(DIGEST, "test")
    book = list(entries(12, agreement=EARLIER, keyed=True))
    store.append(book[:4])
    store.append(list(entries(12, agreement=DIGEST, keyed=True))[4:])
    store.sign(bytes(32))
    write_folder(store, tmp_path)
    return tmp_path


def codes(path, key=None):
    return [(finding.code, finding.where.line) for finding in verify(Folder(path), key).findings]


def test_a_folder_holds_a_line_for_each_entry_and_a_file_for_everything_else(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "agreement-60303ae22b99.yaml",
        "agreement.yaml",
        "journal.checkpoint",
        "journal.jsonl",
        "journal.key",
        "journal.state",
    ]
    assert len((folder / "journal.jsonl").read_text().splitlines()) == 12
    assert (folder / "agreement.yaml").read_text() == "test"
    assert codes(folder, KEY.public) == []


def test_an_unsigned_book_leaves_no_head(tmp_path):
    store = MemoryStore()
    store.keep_text(DIGEST, "test")
    store.append(list(entries(3, agreement=DIGEST)))
    write_folder(store, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["agreement.yaml", "journal.jsonl"]
    assert codes(tmp_path) == []


def test_writing_again_replaces_what_was_there(folder):
    store = MemoryStore()
    store.keep_text(DIGEST, "test")
    store.append(list(entries(3, agreement=DIGEST)))
    write_folder(store, folder)
    assert not (folder / "journal.checkpoint").exists()
    assert codes(folder) == []


def test_a_line_that_was_being_written_when_the_writer_stopped_is_named(folder):
    path = folder / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-50])
    assert codes(folder)[0] == ("DIB155", 12)
    whole = b"".join(path.read_bytes().splitlines(keepends=True)[:-1])
    path.write_bytes(whole)
    assert [code for code, _ in codes(folder)] == ["DIB158"], "the entries before it are whole; the head vouched for one more"


def test_every_changed_byte_of_every_file_is_found(folder, tmp_path_factory):
    """A byte in thirty-seven of the journal, every byte of the others."""
    copy = tmp_path_factory.mktemp("copy")
    for file in sorted(folder.iterdir()):
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        raw = file.read_bytes()
        for place in range(0, len(raw), 37 if file.name == "journal.jsonl" else 1):
            (copy / file.name).write_bytes(raw[:place] + bytes([raw[place] ^ 1 << place % 7]) + raw[place + 1 :])
            assert codes(copy), f"byte {place} of {file.name}"


def test_a_missing_text_or_head_is_found(folder):
    (folder / "agreement-60303ae22b99.yaml").unlink()
    assert codes(folder) == [("DIB161", 1)]
    (folder / "journal.checkpoint").unlink()
    assert codes(folder, KEY.public)[-1] == ("DIB158", 1)


def test_a_folder_is_imported_into_a_file_leaf_for_leaf(folder, tmp_path):
    source = Folder(folder)
    store = SqliteStore(tmp_path / "book.db", signer=KEY)
    store.take_over(source.sealed(), source.texts())
    head = store.sign(bytes(32))
    store.close()
    assert head == source.heads()[0]
    book = SqliteBook(tmp_path / "book.db")
    again = tmp_path / "again"
    again.mkdir()
    write_folder(book, again)
    for file in ("journal.jsonl", "journal.checkpoint", "journal.key", "agreement.yaml"):
        assert (again / file).read_bytes() == (folder / file).read_bytes()
    book.close()


def test_a_folder_without_a_journal_is_none(tmp_path):
    with pytest.raises(Unavailable, match=r"no `journal.jsonl`"):
        Folder(tmp_path)


def test_a_folder_that_cannot_be_written_says_so_and_keeps_the_old_journal(folder):
    before = (folder / "journal.jsonl").read_bytes()
    (folder / "journal.jsonl.partial").mkdir()
    with pytest.raises(Unavailable) as raised:
        write_folder(MemoryStore(), folder)
    assert raised.value.code == "DIB159"
    assert (folder / "journal.jsonl").read_bytes() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_says_so_and_keeps_the_old_journal(folder):
    before = (folder / "journal.jsonl").read_bytes()
    (folder / "journal.jsonl.partial").symlink_to("/dev/full")
    store = MemoryStore()
    store.keep_text(DIGEST, "test")
    store.append(list(entries(3, agreement=DIGEST)))
    with pytest.raises(Unavailable, match="full") as raised:
        write_folder(store, folder)
    assert (raised.value.code, raised.value.retry) == ("DIB153", True)
    assert (folder / "journal.jsonl").read_bytes() == before


def test_files_that_are_no_text_or_no_key_are_named(folder):
    (folder / "journal.key").write_text("no key\n")
    with pytest.raises(BadInput, match="DIB169"):
        Folder(folder).signers()
    (folder / "agreement.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="DIB160"):
        Folder(folder).texts()
