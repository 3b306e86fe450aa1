"""What can go wrong with a file goes wrong loudly, loses nothing acknowledged, and is found afterwards."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from dibs.broker import Snapshot
from dibs.errors import BadInput, Unavailable
from dibs.journal.audit import verify
from dibs.journal.checkpoint import SigningKey
from dibs.store.sqlite import APPLICATION_ID, SCHEMA, SqliteBook, SqliteStore
from dibs.testing.books import entries

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
TEXT = "test"
KEY = SigningKey("example.com/sqlite", bytes(32))


def book(count):
    return list(entries(count, agreement=DIGEST, keyed=True))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "book.db"


@pytest.fixture
def filled(path):
    """A book of twelve entries, signed twice, closed."""
    store = SqliteStore(path, secret=bytes(32), signer=KEY)
    store.keep_text(DIGEST, TEXT)
    store.append(book(7))
    store.sign()
    store.append(book(12)[7:])
    store.sign(sha256(b"state").digest())
    store.keep_snapshot(Snapshot(size=12, state=b"state", beside=b"beside"))
    store.close()
    return path


def values(path):
    """Every stored value of every table."""
    db = sqlite3.connect(path)
    db.text_factory = bytes
    try:
        return {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in {table for table, _ in COLUMNS}}  # noqa: S608
    finally:
        db.close()


def codes(path, key=None):
    """The codes that an audit of the file ends with."""
    try:
        reader = SqliteBook(path)
    except Unavailable as error:
        return {error.code}
    try:
        return {finding.code for finding in verify(reader, key).findings}
    finally:
        reader.close()


def test_a_closed_book_is_one_file_that_says_what_it_is(filled):
    assert sorted(p.name for p in filled.parent.iterdir()) == ["book.db", "book.db.lock"]
    assert filled.read_bytes()[68:72] == APPLICATION_ID.to_bytes(4, "big") == b"dibs"


def test_a_book_is_taken_up_where_it_was_left(filled):
    store = SqliteStore(filled, secret=bytes(32), signer=KEY)
    assert list(store.entries()) == book(12)
    store.append(book(15)[12:])
    assert list(store.entries()) == book(15)
    store.close()
    assert codes(filled, KEY.public) == set()


def test_a_salt_secret_is_drawn_and_never_the_same(tmp_path):
    leaves = set()
    for name in ("a.db", "b.db"):
        store = SqliteStore(tmp_path / name)
        store.keep_text(DIGEST, TEXT)
        store.append(book(1))
        leaves |= {sealed.leaf for sealed, _ in store.sealed()}
        store.close()
    assert len(leaves) == 2


def test_the_disk_has_every_act_before_it_is_acknowledged(path):
    store = SqliteStore(path)
    settings = [store._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert settings == [b"wal", 2, 1]
    store.close()


def test_heads_are_signed_by_themselves_every_so_many_entries(path):
    store = SqliteStore(path, signer=KEY, sign_every=5)
    store.keep_text(DIGEST, TEXT)
    for entry in book(4):
        store.append([entry])
    store.append(book(9)[4:])
    for entry in book(14)[9:]:
        store.append([entry])
    assert [head.size for head in store.heads()] == [9, 14]
    store.close()
    assert codes(path, KEY.public) == set()


def test_a_book_with_foreign_parts_is_not_written_to(filled):
    """A trigger could change what is written on its way."""
    db = sqlite3.connect(filled)
    db.execute("CREATE TRIGGER more AFTER INSERT ON entry BEGIN DELETE FROM head; END")
    db.close()
    before = filled.read_bytes()
    with pytest.raises(BadInput, match="DIB160"):
        SqliteStore(filled)
    assert filled.read_bytes() == before


def test_a_service_keeps_plain_tables_of_its_own_beside_the_book(filled):
    db = sqlite3.connect(filled)
    db.execute("CREATE TABLE service_token (id TEXT PRIMARY KEY, party TEXT)")
    db.execute("CREATE INDEX ix_service_token_party ON service_token (party)")
    db.close()
    SqliteStore(filled).close()
    assert codes(filled) == set()


@pytest.mark.parametrize(
    "part",
    [
        "CREATE TRIGGER service_more AFTER INSERT ON entry BEGIN DELETE FROM head; END",
        "CREATE VIEW service_view AS SELECT * FROM entry",
        "CREATE TABLE services (id TEXT)",
        "CREATE INDEX service_by_instant ON entry (at)",
    ],
)
def test_what_is_called_a_services_and_is_more_than_a_table_of_its_own_is_foreign(filled, part):
    db = sqlite3.connect(filled)
    db.execute(part)
    db.close()
    with pytest.raises(BadInput, match="DIB160"):
        SqliteStore(filled)


def test_a_writer_that_was_interrupted_reads_the_book_before_it_goes_on(filled, monkeypatch):
    """Control-C just after the commit: the act is kept though nobody was told."""
    store = SqliteStore(filled)
    db = store._db

    class Interrupted:
        in_transaction = False

        def execute(self, *arguments):
            db.execute(*arguments)
            raise KeyboardInterrupt

    monkeypatch.setattr(store, "_db", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        store.append(book(13)[12:])
    monkeypatch.setattr(store, "_db", db)
    with pytest.raises(Unavailable, match="open it again"):
        store.append(book(13)[12:])
    store.close()
    again = SqliteStore(filled)
    assert list(again.entries()) == book(13)
    again.close()


def test_a_second_writer_is_refused_and_a_reader_is_not(filled):
    store = SqliteStore(filled)
    with pytest.raises(Unavailable, match="being written by another process") as raised:
        SqliteStore(filled)
    assert (raised.value.code, raised.value.retry) == ("DIB152", True)
    reader = SqliteBook(filled)
    store.append(book(13)[12:])
    assert len(list(reader.sealed())) == 12, "a reader sees one instant of the book"
    reader.close()
    store.close()
    SqliteStore(filled).close()


def test_a_second_writer_in_another_process_is_refused(filled):
    store = SqliteStore(filled)
    code = "import sys; from dibs.store.sqlite import SqliteStore; SqliteStore(sys.argv[1])"
    run = subprocess.run([sys.executable, "-c", code, filled], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "being written by another process" in run.stderr
    store.close()


def test_a_program_that_is_no_dibs_and_holds_the_file_makes_it_busy(filled):
    store = SqliteStore(filled)
    other = sqlite3.connect(filled, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store._db.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(Unavailable) as raised:
        store.append(book(13)[12:])
    assert (raised.value.code, raised.value.retry) == ("DIB152", True)
    other.execute("ROLLBACK")
    other.close()
    store.append(book(13)[12:])
    assert list(store.entries()) == book(13)
    store.close()


def test_a_full_disk_keeps_what_was_acknowledged_and_takes_more_once_there_is_room(path):
    store = SqliteStore(path, secret=bytes(32))
    store.keep_text(DIGEST, TEXT)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages + 12}")
    kept = 0
    with pytest.raises(Unavailable) as raised:  # noqa: PT012 - it is the one that does not fit
        for entry in book(200):
            store.append([entry])
            kept += 1
    assert (raised.value.code, raised.value.retry) == ("DIB153", True)
    assert 5 < kept < 199
    assert list(store.entries()) == book(kept)
    with pytest.raises(Unavailable):
        store.append(book(200)[kept:])
    assert list(store.entries()) == book(kept), "of a group that does not fit nothing is kept"
    store._db.execute(f"PRAGMA max_page_count = {pages + 500}")
    store.append(book(200)[kept:])
    assert list(store.entries()) == book(200)
    store.close()
    assert codes(path) == set()


def test_a_disk_that_fails_while_writing_loses_nothing_acknowledged(path):
    """A process that may not write more than so many bytes to a file: the write itself fails, in the midst of a commit."""
    code = f"""
import resource, signal, sys
from dibs.errors import Unavailable
from dibs.store.sqlite import SqliteStore
from dibs.testing.books import entries
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = SqliteStore(sys.argv[1], secret=bytes(32))
store.keep_text({DIGEST!r}, {TEXT!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (150_001, resource.RLIM_INFINITY))
try:
    for entry in entries(500, agreement={DIGEST!r}, keyed=True):
        store.append([entry])
        print(entry.seq, flush=True)
except Unavailable as error:
    print(error.code)
"""
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    *acknowledged, code = run.stdout.split()
    assert code in {"DIB153", "DIB159"}
    assert len(acknowledged) > 5
    store = SqliteStore(path)
    assert len(acknowledged) <= store.size <= len(acknowledged) + 1
    assert list(store.entries()) == book(store.size)
    store.close()
    assert codes(path) == set()


def test_after_a_failure_that_leaves_the_outcome_open_nothing_is_written_until_the_book_is_opened_again(filled, monkeypatch):
    store = SqliteStore(filled)

    class Broken:
        in_transaction = False

        def execute(self, *_):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
            raise error

        def close(self):
            pass

    db = store._db
    monkeypatch.setattr(store, "_db", Broken())
    with pytest.raises(Unavailable, match="disk I/O") as raised:
        store.append(book(13)[12:])
    assert (raised.value.code, raised.value.retry) == ("DIB159", False)
    monkeypatch.setattr(store, "_db", db)
    with pytest.raises(Unavailable, match="open it again"):
        store.append(book(13)[12:])
    store.close()
    again = SqliteStore(filled)
    assert again.size == 12
    again.close()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to look at: " * 40, b"dibs: agreement/1\n"])
def test_a_file_that_is_no_database_is_no_book_and_is_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(Unavailable) as raised:
        SqliteStore(path)
    assert raised.value.code == "DIB150"
    assert path.read_bytes() == content
    assert codes(path) == {"DIB150"}


def test_another_programs_database_is_no_book_and_is_left_alone(path):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE mail (subject)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(Unavailable) as raised:
        SqliteStore(path)
    assert raised.value.code == "DIB150"
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, 3])
def test_a_book_of_another_version_is_named_and_left_alone(filled, version):
    db = sqlite3.connect(filled)
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    with pytest.raises(Unavailable, match=f"version {version}") as raised:
        SqliteStore(filled)
    assert raised.value.code == "DIB151"
    assert codes(filled) == {"DIB151"}


def test_an_empty_file_becomes_a_book(path):
    path.touch()
    SqliteStore(path).close()
    assert codes(path) == set()


@pytest.mark.parametrize("place", ["missing/book.db", "book.db/inside.db"])
def test_a_path_that_cannot_be_written_says_so(tmp_path, place):
    (tmp_path / "book.db").touch()
    with pytest.raises(Unavailable) as raised:
        SqliteStore(tmp_path / place)
    assert raised.value.code == "DIB159"
    with pytest.raises(Unavailable, match="no book at"):
        SqliteBook(tmp_path / place)


def test_entries_and_texts_cannot_be_changed_or_removed_by_sql(filled):
    db = sqlite3.connect(filled)
    for statement in ("UPDATE entry SET at = 0", "DELETE FROM entry", "UPDATE agreement SET text = ''", "DELETE FROM agreement"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            db.execute(statement)
    db.close()


def test_a_book_whose_head_was_signed_over_other_entries_is_not_opened(filled):
    tampered(filled, "DELETE FROM entry WHERE seq > 8")
    with pytest.raises(BadInput, match="DIB158"):
        SqliteStore(filled)


def test_a_book_with_a_hole_is_not_opened(filled):
    tampered(filled, "DELETE FROM entry WHERE seq = 3", "DELETE FROM head", "DELETE FROM snapshot")
    store = SqliteStore(filled)
    with pytest.raises(BadInput, match="DIB157"):
        list(store.entries())
    store.close()
    assert codes(filled) == {"DIB157"}


def test_another_book_is_taken_over_leaf_for_leaf(filled, tmp_path):
    source = SqliteBook(filled)
    copy = SqliteStore(tmp_path / "copy.db")
    copy.take_over(source.sealed(), source.texts())
    assert [sealed for sealed, _ in copy.sealed()] == [sealed for sealed, _ in source.sealed()]
    copy.append(book(13)[12:])
    assert list(copy.entries()) == book(13)
    source.close()
    copy.close()
    assert codes(tmp_path / "copy.db") == set()


def test_an_altered_book_is_not_taken_over(filled, tmp_path):
    tampered(filled, "UPDATE entry SET at = at + 1 WHERE seq = 9")
    source = SqliteBook(filled)
    copy = SqliteStore(tmp_path / "copy.db")
    with pytest.raises(BadInput, match="entry 9 was altered"):
        copy.take_over(source.sealed(), source.texts())
    assert (copy.size, list(copy.entries()), dict(copy.texts())) == (0, [], {})
    source.close()
    copy.close()


def tampered(path, *statements):
    """Change the file behind the triggers' back."""
    db = sqlite3.connect(path, isolation_level=None)
    db.create_function("flip", 3, flip)
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid").fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        db.execute(statement)
    for _, sql in triggers:
        db.execute(sql)
    db.close()


def flip(value, place, bit):
    """The value with one bit of one byte changed."""
    if isinstance(value, int):
        return value ^ (1 << place)
    data = bytearray(value)
    data[place] ^= 1 << bit
    return bytes(data)


COLUMNS = {
    ("meta", "name"): "TEXT",
    ("meta", "value"): "TEXT",
    ("agreement", "digest"): "TEXT",
    ("agreement", "text"): "TEXT",
    ("entry", "seq"): "INTEGER",
    ("entry", "at"): "INTEGER",
    ("entry", "agreement"): "TEXT",
    ("entry", "command"): "TEXT",
    ("entry", "events"): "TEXT",
    ("entry", "key"): "TEXT",
    ("entry", "secret"): "BLOB",
    ("entry", "leaf"): "BLOB",
    ("head", "size"): "INTEGER",
    ("head", "note"): "TEXT",
    ("head", "state"): "TEXT",
    ("snapshot", "size"): "INTEGER",
    ("snapshot", "state"): "BLOB",
    ("snapshot", "beside"): "BLOB",
}


def test_the_columns_above_are_all_there_are(filled):
    db = sqlite3.connect(filled)
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")]
    found = {(t, name): kind for t in tables for name, kind in db.execute("SELECT name, type FROM pragma_table_info(?)", (t,))}
    assert found == COLUMNS
    db.close()


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_one_changed_byte_in_any_column_is_found(filled, table, column):
    """At the beginning, in the middle and at the end of stored values, two bits each."""
    kind, key = COLUMNS[table, column], "name" if table == "meta" else "rowid"
    db = sqlite3.connect(filled)
    rows = db.execute(f"SELECT {key}, length(CAST({column} AS BLOB)) AS bytes FROM {table} WHERE bytes > 0 ORDER BY 1").fetchall()  # noqa: S608
    db.close()
    copy = filled.with_name("copy.db")
    done = 0
    for name, length in rows[:5] + rows[-2:]:
        for place in (4, 9, 30) if kind == "INTEGER" else {0, length // 2, length - 1}:
            for bit in (0, 5):
                shutil.copy(filled, copy)
                changed = f"flip({column}, {place}, {bit})" if kind == "INTEGER" else f"CAST(flip(CAST({column} AS BLOB), {place}, {bit}) AS {kind})"
                try:
                    tampered(copy, f"UPDATE {table} SET {column} = {changed} WHERE {key} = {name!r}")  # noqa: S608
                except sqlite3.IntegrityError:
                    continue  # the table itself refuses such a value
                assert codes(copy), f"{table}.{column} of {name}, byte {place}, bit {bit}"
                done += 1
    assert done >= 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET key = NULL WHERE seq = 1",
        "UPDATE entry SET key = 'new' WHERE seq = 0",
        "UPDATE entry SET command = (SELECT command FROM entry WHERE seq = 3), events = (SELECT events FROM entry WHERE seq = 3) WHERE seq = 2",
        "UPDATE head SET state = note WHERE size = 12",
        "UPDATE head SET note = (SELECT note FROM head WHERE size = 12) WHERE size = 7",
        "INSERT INTO meta (name, value) VALUES ('more', '')",
        "DELETE FROM meta WHERE name = 'keys'",
        "DELETE FROM agreement",
        "CREATE TABLE more (x)",
        "CREATE INDEX more ON entry (at)",
        "DROP TRIGGER entry_stays",
    ],
)
def test_what_was_added_removed_or_moved_is_found(filled, statement):
    if statement.startswith(("CREATE", "DROP")):
        db = sqlite3.connect(filled, isolation_level=None)
        db.execute(statement)
        db.close()
    else:
        tampered(filled, statement)
    assert codes(filled)


def test_a_whole_book_written_anew_by_somebody_else_is_found_by_the_key_alone(tmp_path):
    """Whoever can write the file can make a book that hangs together; only a key from elsewhere tells whose it is."""
    thief = SigningKey(KEY.public.name, bytes([7]) * 32)
    forged = tmp_path / "forged.db"
    store = SqliteStore(forged, signer=thief)
    store.keep_text(DIGEST, TEXT)
    store.append(book(12))
    store.sign()
    store.close()
    assert codes(forged) == set()
    assert codes(forged, KEY.public) == {"DIB158"}


def test_an_unsigned_book_is_not_vouched_for(path):
    store = SqliteStore(path)
    store.keep_text(DIGEST, TEXT)
    store.append(book(3))
    store.close()
    assert codes(path) == set()
    assert codes(path, KEY.public) == {"DIB158"}


@pytest.mark.parametrize("seed", range(4))
def test_any_changed_byte_of_the_file_is_found_or_changes_no_value(filled, seed):
    """Bytes of the raw file: headers, cells, free space.  SQLite refuses it, the audit finds it, or every value is as before."""
    chance = random.Random(seed)
    before = values(filled)
    raw = filled.read_bytes()
    copy = filled.with_name("copy.db")
    outcomes = {"refused": 0, "found": 0, "nothing changed": 0}
    used = [place for place, byte in enumerate(raw) if byte]
    places = [*chance.sample(used, 90), *chance.sample(range(len(raw)), 30), *(chance.sample(range(100), 20) if seed == 0 else [])]
    for place in places:
        changed = bytearray(raw)
        changed[place] ^= 1 << chance.randrange(8)
        copy.write_bytes(changed)
        found = codes(copy)
        for suffix in ("-wal", "-shm"):
            Path(f"{copy}{suffix}").unlink(missing_ok=True)
        if found:
            outcomes["found"] += 1
            continue
        try:
            after = values(copy)
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            outcomes["refused"] += 1
            continue
        assert after == before, f"byte {place} of seed {seed}"
        outcomes["nothing changed"] += 1
    assert outcomes["found"] > len(places) // 3


def test_every_byte_of_a_write_ahead_log_that_was_cut_off_leaves_a_book_that_holds(path, tmp_path):
    """A power cut can leave any beginning of the log on the disk: what is there afterwards is a beginning of the book."""
    store = SqliteStore(path, secret=bytes(32), signer=KEY, sign_every=5)
    store.keep_text(DIGEST, TEXT)
    for entry in book(14):
        store.append([entry])
    log = Path(f"{path}-wal").read_bytes()
    copy = tmp_path / "cut.db"
    sizes = set()
    for end in [*range(0, len(log), 1777), *range(len(log) - 4200, len(log), 310)]:
        shutil.copy(path, copy)
        Path(f"{copy}-wal").write_bytes(log[:end])
        again = SqliteStore(copy, secret=bytes(32))
        assert list(again.entries()) == book(again.size)
        sizes.add(again.size)
        again.close()
        assert codes(copy) == set()
        for name in (copy, Path(f"{copy}-wal"), Path(f"{copy}-shm")):
            name.unlink(missing_ok=True)
    assert {0, 13} <= sizes
    store.close()


def test_the_schema_is_what_the_file_holds(filled):
    db = sqlite3.connect(filled)
    assert tuple(sql for (sql,) in db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")) == SCHEMA
    db.close()


def test_a_symbolic_link_is_the_same_book(filled, tmp_path):
    link = tmp_path / "link.db"
    link.symlink_to(filled)
    store = SqliteStore(filled)
    with pytest.raises(Unavailable, match="another process"):
        SqliteStore(link)
    store.close()
