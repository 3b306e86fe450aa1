"""What can be wrong with a book: one case for each, made from a good book, with the finding that the command line gives."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from dibs.broker import Broker
from dibs.cli.main import cli
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.errors import BadInput, Unavailable
from dibs.journal.checkpoint import SigningKey, sign_head
from dibs.journal.entry import Sealer, leaf_hash, leaf_text, to_row
from dibs.journal.merkle import Frontier
from dibs.journal.proof import prove
from dibs.procedure.commands import Wake
from dibs.store.folder import Folder, write_folder
from dibs.store.memory import MemoryStore
from dibs.store.sqlite import SqliteStore
from dibs.testing.acts import BEGIN, life, need

ROOT = Path(__file__).resolve().parents[2]
CASES = {path.stem: YAML(typ="safe").load(path.read_text()) for path in sorted((ROOT / "tests/commands/bad/books").glob("*.yaml"))}
KEY = SigningKey("example.com/harbour", bytes(32))


@pytest.fixture(scope="module")
def good():
    agreement = compile_agreement(load((ROOT / "examples/harbour/agreement.yaml").read_text(), "agreement.yaml"))
    store = MemoryStore(signer=KEY)
    broker = Broker(store, agreement)
    broker.adopt(agreement, by="aster", at=BEGIN)
    for act in life(5):
        broker.submit(act.command, at=act.at, key=act.key)
    broker.close()
    return store


@pytest.fixture
def path(request, good, tmp_path):
    """The book of a case, damaged as the case says."""
    case = CASES[request.param]
    kind = case["file"]
    book = tmp_path / ("proof.json" if kind == "proof" else "book.db" if kind in {"sqlite", "none"} else "book")
    if kind == "proof":
        book.write_bytes(prove(good, "g-000000"))
    elif kind == "sqlite":
        store = SqliteStore(book, signer=KEY)
        store.take_over(good.sealed(), good.texts())
        store.sign()
        store.close()
    elif kind == "folder":
        book.mkdir()
        write_folder(good, book)
    damage(book, case)
    return book


def damage(book, case):
    folder = book if book.is_dir() else book.parent
    if edit := case.get("edit"):
        file = folder / edit["file"]
        assert edit["from"] in file.read_text()
        file.write_text(file.read_text().replace(edit["from"], edit["to"], 1))
    if cut := case.get("cut"):
        file = folder / cut["file"]
        file.write_bytes(file.read_bytes()[: -cut["bytes"]])
    if drop := case.get("drop"):
        file = folder / drop["file"]
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(lines[: drop["line"] - 1] + lines[drop["line"] :]))
    if remove := case.get("remove"):
        (folder / remove).unlink()
    if rewrite := case.get("rewrite"):
        seal_again(folder, rewrite["from"].encode(), rewrite["to"].encode())
    if statements := case.get("sql"):
        behind_the_triggers(book, statements)


def seal_again(folder, before, after):
    """Whoever has the signing key can make another book that hangs together; the state that was signed is kept as it was."""
    frontier, previous, lines, found = Frontier(), Sealer(bytes(32)).previous, [], 0
    for sealed, _ in Folder(folder).sealed():
        events = sealed.events.replace(before, after)
        found += events != sealed.events
        leaf = leaf_hash(
            leaf_text(
                seq=sealed.seq,
                at=sealed.at,
                agreement=sealed.agreement,
                command=sealed.command,
                events=[bytes(raw) for raw in msgspec.json.decode(events, type=list[msgspec.Raw])],
                key=sealed.key,
                secret=sealed.secret,
                previous=previous,
            )
        )
        lines.append(to_row(msgspec.structs.replace(sealed, events=events, previous=previous, leaf=leaf)))
        frontier.append(leaf)
        previous = leaf
    assert found
    (folder / "journal.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (folder / "journal.checkpoint").write_text(sign_head(KEY, frontier).note)


def behind_the_triggers(book, statements):
    db = sqlite3.connect(book, isolation_level=None)
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid").fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        db.execute(statement)
    if "writable_schema" not in statements[0]:
        for _, sql in triggers:
            db.execute(sql)
    db.close()


def act(what, book, good):
    """What a program does with a book, where no command line does."""
    store = SqliteStore(book if what != "open below the file" else book / "below.db")
    first, other = list(need(9, BEGIN + 100 * 86_400))[:2]
    try:
        if what == "open twice":
            SqliteStore(book)
        broker = Broker(store)
        if what == "fill the disk":
            pages = store._db.execute("PRAGMA page_count").fetchone()[0]
            store._db.execute(f"PRAGMA max_page_count = {pages + 2}")
            for nth in range(10, 60):
                for step in need(nth, BEGIN + (100 + nth) * 86_400):
                    broker.submit(step.command, at=BEGIN + (150 + nth) * 86_400, key=step.key)
        if what == "say another act under the same key":
            broker.submit(first.command, at=first.at, key="key")
            broker.submit(other.command, at=other.at, key="key")
        if what == "set the clock back":
            broker.submit(Wake(by="clock"), at=max(entry.at for entry in good.entries()) - 3600)
        if what == "say something first of all":
            broker.submit(Wake(by="clock"), at=BEGIN)
    finally:
        store.close()


@pytest.mark.parametrize(("name", "path"), [(name, name) for name in CASES], indirect=["path"], ids=CASES)
def test_a_bad_book_is_found_and_named(name, path, good, monkeypatch):
    case = CASES[name]
    monkeypatch.chdir(path.parent)
    if "act" in case:
        with pytest.raises((BadInput, Unavailable)) as raised:
            act(case["act"], path, good)
        error = raised.value
        found = [{"code": f.code, "line": f.where.line} for f in getattr(error, "findings", ())] or error.code
        assert found == case.get("findings", case.get("failed"))
        return
    argv = [{"BOOK": str(path), "KEY": str(KEY.public)}.get(word, word) for word in case["command"]]
    result = CliRunner().invoke(cli, [argv[0], argv[1], "--json", *argv[2:]])
    said = json.loads(result.stdout)
    assert result.exit_code in {1, 2}
    if "failed" in case:
        assert said["failed"]["code"] == case["failed"]
    else:
        places = [{"code": f["code"], "line": int(f["where"].rsplit(":", 2)[1])} for f in said["findings"]]
        assert places == case["findings"], result.stdout
        assert all(f["fix"] for f in said["findings"])


def test_every_code_of_a_book_has_a_case():
    shown = {finding["code"] for case in CASES.values() for finding in case.get("findings", ())} | {
        c["failed"] for c in CASES.values() if "failed" in c
    }
    assert shown == {f"DIB{number}" for number in range(150, 170)}
