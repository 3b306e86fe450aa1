"""Back-ups: made while the book is written, checked, put back whole or not at all."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from dibs.broker import Broker
from dibs.cli.main import cli
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.journal.audit import replay
from dibs.journal.checkpoint import SigningKey
from dibs.store.ledger import Ledger
from dibs.store.sqlite import SqliteBook, SqliteStore
from dibs.testing.acts import BEGIN, life

HARBOUR = Path(__file__).resolve().parents[3] / "examples/harbour/agreement.yaml"
KEY = SigningKey("example.com/harbour", bytes(32))


@pytest.fixture
def book(tmp_path):
    """A book in use: its writer is still there."""
    agreement = compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))
    broker = Broker(SqliteStore(tmp_path / "dibs.db", signer=KEY), agreement)
    broker.adopt(agreement, by="aster", at=BEGIN)
    broker.submit_each([*life(20)])
    Ledger(f"sqlite:///{tmp_path / 'dibs.db.ledger'}").close()
    (tmp_path / "dibs.db.key").write_text(str(KEY))
    yield broker, tmp_path / "dibs.db"
    broker.close()


def ask(*words):
    result = CliRunner().invoke(cli, [*map(str, words), "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_a_back_up_of_a_book_in_use_comes_back_as_it_was(book, tmp_path):
    broker, path = book
    broker.sign()
    code, made = ask("backup", path, "--to", tmp_path / "kept")
    assert (code, made["findings"]) == (0, [])
    assert sorted(made["files"]) == ["book.db", "ledger.db"]
    state = broker.state
    assert replay_of(tmp_path / "kept/book.db") == state
    code, back = ask("restore", tmp_path / "kept", "--to", tmp_path / "again.db", "--key", str(KEY.public))
    assert (code, back["root"]) == (0, made["root"])
    assert replay_of(tmp_path / "again.db") == state
    assert (tmp_path / "again.db.ledger").is_file()


def test_the_key_goes_along_only_when_it_is_asked_for(book, tmp_path):
    _, path = book
    assert ask("backup", path, "--to", tmp_path / "kept", "--with-key")[0] == 0
    assert ask("restore", tmp_path / "kept", "--to", tmp_path / "again.db")[0] == 0
    assert (tmp_path / "again.db.key").read_text() == str(KEY)


def test_an_altered_back_up_is_not_put_in_place(book, tmp_path):
    _, path = book
    ask("backup", path, "--to", tmp_path / "kept")
    kept = tmp_path / "kept/book.db"
    kept.write_bytes(kept.read_bytes().replace(b"cinder-west", b"cinder-East"))
    code, said = ask("restore", tmp_path / "kept", "--to", tmp_path / "again.db")
    assert (code, said["findings"][0]["code"]) == (2, "DIB396")
    assert not list(tmp_path.glob("again*"))


def test_nothing_is_written_over(book, tmp_path):
    _, path = book
    ask("backup", path, "--to", tmp_path / "kept")
    before = path.read_bytes()
    code, said = ask("restore", tmp_path / "kept", "--to", path)
    assert (code, said["findings"][0]["code"]) == (2, "DIB395")
    assert path.read_bytes() == before


def replay_of(path):
    with closing(SqliteBook(path)) as opened:
        return replay(opened).state
