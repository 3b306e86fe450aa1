"""A book in one SQLite file: what was acknowledged is there after any crash, and one changed byte is found.

Every act is one row, and one commit that has reached the disk before it is acknowledged (write-ahead log, full
synchronisation); acts handed over together are one commit together.  Rows are never changed: triggers refuse it.  One
writer has the book; readers come and go.  Opening a book reads and checks every entry, so nothing is built on an
altered one.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import sqlite3
from contextlib import closing, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dibs.broker import Snapshot
from dibs.errors import BadInput, Finding, Mark, Unavailable
from dibs.journal.audit import vouches
from dibs.journal.checkpoint import Head, SigningKey, VerifyingKey, sign_head
from dibs.journal.entry import FIRST, SECRET_SIZE, Entry, Opener, Sealed, Sealer, altered
from dibs.journal.merkle import HASH_SIZE
from dibs.journal.snapshot import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from dibs.quantities import Instant

APPLICATION_ID: Final = 0x64696273
"""`dibs` in ASCII, at offset 68 of the file: `file book.db` can tell."""

SCHEMA_VERSION: Final = 2
"""2 added snapshots.  A book of version 1 is read as it is, and becomes one of version 2 when somebody writes to it."""
PAGES_BEFORE_CHECKPOINT = 4000
"""The write-ahead log is copied into the file at 16 megabytes: less often than SQLite would, since a book only grows."""

SCHEMA: Final = (
    """CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE agreement (
  digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
  text TEXT NOT NULL
) STRICT""",
    """CREATE TABLE entry (
  seq INTEGER PRIMARY KEY CHECK (seq >= 0),
  at INTEGER NOT NULL,
  agreement TEXT NOT NULL REFERENCES agreement (digest),
  command TEXT NOT NULL,
  events TEXT NOT NULL,
  key TEXT UNIQUE CHECK (key <> ''),
  secret BLOB NOT NULL CHECK (length(secret) = 32),
  leaf BLOB NOT NULL CHECK (length(leaf) = 32)
) STRICT""",
    """CREATE TABLE head (
  size INTEGER PRIMARY KEY CHECK (size > 0),
  note TEXT NOT NULL,
  state TEXT NOT NULL
) STRICT""",
    "CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT raise(ABORT, 'an entry is never changed'); END",
    "CREATE TRIGGER entry_remains BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'an entry is never removed'); END",
    "CREATE TRIGGER agreement_stays BEFORE UPDATE ON agreement BEGIN SELECT raise(ABORT, 'a text is never changed'); END",
    "CREATE TRIGGER agreement_remains BEFORE DELETE ON agreement BEGIN SELECT raise(ABORT, 'a text is never removed'); END",
    """CREATE TABLE snapshot (
  size INTEGER PRIMARY KEY CHECK (size > 0),
  state BLOB NOT NULL,
  beside BLOB NOT NULL
) STRICT""",
)
ADDED: Final = {1: 1, 2: 0}
"""Version -> how many parts of the schema it does not have yet, counted from the end."""

_SERVICE: Final = "service_"
"""What the service's own tables and indices are called: tokens, sessions, runs.  They are no part of the book, and no seal covers them."""
_RESTORE = "restore the book from a copy; see how-to/recover"
_INSERT = "INSERT INTO entry (seq, at, agreement, command, events, key, secret, leaf) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT seq, at, agreement, command, events, key, secret, leaf FROM entry"


class SqliteBook:
    """A book that is read, by an audit or an export, while its writer may go on writing: it sees one instant of it."""

    def __init__(self, path: str | Path) -> None:
        """Open the file for reading.  Raises `Unavailable` if it cannot be read or is no book, or one of another version."""
        self.name = str(path)
        self._translated = _Translated(self.name)
        if not Path(path).is_file():
            raise Unavailable(f"there is no book at `{self.name}`: check the path", code="DIB159", retry=False)
        with self._translated:
            self._db = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            self._db.text_factory = bytes
            self._db.execute("BEGIN")
            self._check_kind()

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def sealed(self, first: int = 0) -> Iterator[tuple[Sealed, Mark]]:
        """Every entry from a number on as it is stored, with its place.  Raises `BadInput` where one is missing or is no entry."""
        with self._translated:
            before = self._db.execute("SELECT leaf FROM entry WHERE seq = ?", (first - 1,)).fetchone()
            previous = before[0] if before else FIRST
            for number, row in enumerate(self._db.execute(f"{_SELECT} WHERE seq >= ? ORDER BY seq", (first,)), first):
                where = self._mark(number)
                sealed = self._sealed(row, previous, where)
                if sealed.seq != number:
                    finding = Finding(
                        "DIB157",
                        f"entry {number} is missing: the next one there is {sealed.seq}",
                        where,
                        _RESTORE,
                    )
                    raise BadInput([finding])
                previous = sealed.leaf
                yield sealed, where

    def texts(self) -> Mapping[str, str]:
        """Every agreement's text by its digest."""
        with self._translated:
            return {_text(digest): _text(text) for digest, text in self._db.execute("SELECT digest, text FROM agreement ORDER BY digest")}

    def heads(self) -> Sequence[Head]:
        """Every signed head, smallest first."""
        with self._translated:
            rows = self._db.execute("SELECT size, note, state FROM head ORDER BY size")
            return tuple(Head(size, _text(note), _text(state)) for size, note, state in rows)

    def snapshot(self) -> Snapshot | None:
        """The state kept last, if a signed head of this book vouches for it."""
        if ADDED[self._version()]:
            return None
        with self._translated:
            row = self._db.execute("SELECT size, state, beside FROM snapshot").fetchone()
            if row is None:
                return None
            size, state, beside = row
            note = self._db.execute("SELECT state FROM head WHERE size = ?", (size,)).fetchone()
            if (
                note is None
                or not vouches(_text(note[0]), digest_of(state), size, self.signers())
                or sha256(beside[HASH_SIZE:]).digest() != beside[:HASH_SIZE]
            ):
                return None
        return Snapshot(size=size, state=state, beside=beside[HASH_SIZE:])

    def signers(self) -> Sequence[VerifyingKey]:
        """Whose signatures the heads carry, as the book itself says.  Raises `BadInput` if that cannot be read."""
        try:
            return tuple(VerifyingKey.parse(line) for line in self._meta().get("keys", "").splitlines())
        except ValueError as error:
            raise BadInput([self._damaged(f"its public keys cannot be read: {error}")]) from error

    def damage(self) -> Iterable[Finding]:
        """What is wrong with the file itself: its pages, its tables, its own description."""
        try:
            with self._translated:
                problems = [_text(row[0]) for row in self._db.execute("PRAGMA integrity_check(20)")]
                findings = self._foreign_parts()
                if self.snapshot() is None and self._has_snapshot():
                    findings.append(self._damaged("no head vouches for its snapshot"))
        except Unavailable as error:
            return [self._damaged(str(error))]
        except BadInput as error:
            return error.findings
        if problems != ["ok"]:
            findings.append(self._damaged(f"SQLite reports {len(problems)} faults or more, the first of them: {problems[0].splitlines()[-1]}"))
        return findings

    def _foreign_parts(self) -> list[Finding]:
        """What dibs did not put there: tables, triggers, a description that does not bear its own digest."""
        schema = [
            _text(sql)
            for kind, name, table, sql in self._db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
            if not _of_the_service(_text(kind), _text(name), _text(table), _text(sql))
        ]
        meta = self._meta()
        encoding = _text(self._db.execute("PRAGMA encoding").fetchone()[0])
        findings = []
        if sorted(schema) != sorted(SCHEMA[: len(SCHEMA) - ADDED[self._version()]]):
            findings.append(self._damaged("its tables are not those of a book"))
        if meta.get("seal") != _seal(meta):
            findings.append(self._damaged("its description of itself was altered"))
        if encoding != "UTF-8":
            findings.append(self._damaged(f"its texts are said to be {encoding}"))
        return findings

    def _check_kind(self) -> None:
        """Raise unless this is a book of this version."""
        if self._db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            message = f"`{self.name}` is an SQLite file, but no book of dibs: check the path"
            raise Unavailable(message, code="DIB150", retry=False)
        version = self._version()
        if version not in ADDED:
            message = (
                f"`{self.name}` is a book of version {version}, and this is the version of dibs for version {SCHEMA_VERSION}: "
                "use the dibs that wrote it, export it there and import it here"
            )
            raise Unavailable(message, code="DIB151", retry=False)

    def _has_snapshot(self) -> bool:
        return not ADDED[self._version()] and self._db.execute("SELECT count(*) FROM snapshot").fetchone()[0] > 0

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _meta(self) -> dict[str, str]:
        with self._translated:
            return {_text(name): _text(value) for name, value in self._db.execute("SELECT name, value FROM meta ORDER BY name")}

    def _sealed(self, row: tuple[Any, ...], previous: bytes, where: Mark) -> Sealed:
        match row:
            case (int() as seq, int() as at, bytes() as agreement, bytes() as command, bytes() as events, key, bytes() as secret, bytes() as leaf):
                pass
            case _:
                raise BadInput([altered(where.line - 1, where, "a value is not of the kind that its column holds")])
        if key == b"" or not isinstance(key, bytes | None) or len(secret) != SECRET_SIZE or len(leaf) != HASH_SIZE:
            raise BadInput([altered(seq, where, "its key, its secret or its leaf is not one")])
        try:
            name = "" if key is None else key.decode()
            digest = agreement.decode()
        except UnicodeDecodeError as error:
            raise BadInput([altered(seq, where, "a text in it is not text")]) from error
        return Sealed(seq=seq, at=at, agreement=digest, command=command, events=events, key=name, secret=secret, previous=previous, leaf=leaf)

    def _mark(self, seq: int) -> Mark:
        return Mark(self.name, seq + 1)

    def _damaged(self, what: str) -> Finding:
        return Finding("DIB160", f"the file is damaged: {what}", Mark(self.name), _RESTORE)


class SqliteStore(SqliteBook):
    """The one writer of a book.  The file is made if it is not there.

    Raises `Unavailable` if another process writes to it, if it is no book or one of another version, if the disk is
    full or does not answer; `BadInput` if an entry in it was altered.  After a failed write nothing of it was kept.
    """

    shared = False

    def __init__(self, path: str | Path, *, secret: bytes | None = None, signer: SigningKey | None = None, sign_every: int = 256) -> None:
        """Open the book, check what is in it, and hold the writer's lock until `close`.

        `secret` is what salts grow from (default: drawn from the machine; only a test gives one).  Without a `signer`
        heads go unsigned; with one, the book is signed when it is opened and closed and every `sign_every` entries.
        """
        self.name = str(path)
        self._translated = _Translated(self.name)
        self._writing = _Writing(self)
        self._signer = signer
        self._sign_every = sign_every
        self._opener = Opener()
        self._lock = _lock(Path(path))
        try:
            with self._translated:
                self._db = sqlite3.connect(os.fspath(path), isolation_level=None, timeout=1, check_same_thread=False)
                self._db.text_factory = bytes
                self._prepare()
                self._sealer = Sealer(secret or secrets.token_bytes(SECRET_SIZE))
                self._signed = 0
                self._resume()
        except BaseException:
            self._release()
            raise

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self._sealer.frontier.size

    def append(self, entries: Sequence[Entry], *, due: Instant | None = None) -> None:  # noqa: ARG002 - its one writer wakes itself
        """Keep all of them, or none.  When this returns they are on the disk."""
        mark = self._sealer.mark()
        rows = [_row(self._sealer.seal(entry)) for entry in entries]
        signer = self._signer if self.size - self._signed >= self._sign_every else None
        try:
            with self._writing:
                if len(rows) == 1 and not signer:
                    self._db.execute(_INSERT, rows[0])  # outside a transaction a statement is one
                else:
                    self._db.execute("BEGIN IMMEDIATE")
                    self._db.executemany(_INSERT, rows)
                    if signer:
                        self._keep_head(signer, b"")
                    self._db.execute("COMMIT")
        except BaseException:
            self._sealer.rewind(mark)
            raise
        if signer:
            self._signed = self.size

    def entries(self, first: int = 0) -> Iterator[Entry]:
        """Every entry from a number on, in order, checked.  Raises `BadInput` at the first one that is not what was written."""
        for sealed, where in self.sealed(first):
            self._opener.check(sealed, where)
            yield self._opener.open(sealed, where)

    def refresh(self) -> Iterator[Entry]:
        """The lock keeps other writers out."""
        return iter(())

    def alone(self) -> AbstractContextManager[None]:
        """The lock keeps other writers out."""
        return nullcontext()

    def claimed(self, at: Instant) -> AbstractContextManager[bool]:  # noqa: ARG002 - whenever it is
        """The lock keeps other writers out."""
        return nullcontext(True)

    def keep_snapshot(self, snapshot: Snapshot) -> None:
        """Keep it in place of the one before."""
        with self._writing:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM snapshot")
            self._db.execute(
                "INSERT INTO snapshot (size, state, beside) VALUES (?, ?, ?)",
                (snapshot.size, snapshot.state, sha256(snapshot.beside).digest() + snapshot.beside),
            )
            self._db.execute("COMMIT")

    def find(self, key: str) -> Entry | None:
        """The act that goes by this name."""
        with self._translated:
            row = self._db.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        where = self._mark(row[0])
        return self._opener.open(self._sealed(row, FIRST, where), where)

    def read(self, numbers: Sequence[int]) -> tuple[Entry, ...]:
        """The entries with these numbers, in their order."""
        out = []
        with self._translated:
            for number in numbers:
                row = self._db.execute(f"{_SELECT} WHERE seq = ?", (number,)).fetchone()
                where = self._mark(number)
                out.append(self._opener.open(self._sealed(row or (), FIRST, where), where))
        return tuple(out)

    def reader(self) -> AbstractContextManager[SqliteBook]:
        """The book as it is now, on a connection of its own."""
        return closing(SqliteBook(self.name))

    def text(self, digest: str) -> str | None:
        """The agreement's text with this SHA-256."""
        with self._translated:
            row = self._db.execute("SELECT text FROM agreement WHERE digest = ?", (digest,)).fetchone()
        return None if row is None else _text(row[0])

    def keep_text(self, digest: str, text: str) -> None:
        """Keep an agreement's text: before the first entry under it."""
        with self._writing:
            self._db.execute("INSERT OR IGNORE INTO agreement (digest, text) VALUES (?, ?)", (digest, text))

    def sign(self, state: bytes = b"") -> Head | None:
        """Sign the book as it stands, and the digest of the state it leads to; nothing without a key or anything new to say."""
        if self._signer is None or not self.size or (self.size == self._signed and not state):
            return None
        with self._writing:
            head = self._keep_head(self._signer, state)
        self._signed = head.size
        return head

    def close(self) -> None:
        """Fold the write-ahead log into the file and let it go.  What was acknowledged is kept with or without this."""
        if self._lock < 0:
            return
        try:
            with self._translated:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except Unavailable:
            pass  # The log beside the file holds what could not be copied; whoever opens the book next will copy it.
        finally:
            self._release()

    def take_over(self, book: Iterable[tuple[Sealed, Mark]], texts: Mapping[str, str]) -> None:
        """Fill an empty book with the entries of another, leaf for leaf, in one commit.  Raises `BadInput` if one was altered."""
        if self.size:
            message = "only an empty book takes another one over"
            raise AssertionError(message)
        mark = self._sealer.mark()
        try:
            with self._writing:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany("INSERT INTO agreement (digest, text) VALUES (?, ?)", sorted(texts.items()))
                for sealed, where in book:
                    self._opener.check(sealed, where)
                    self._db.execute(_INSERT, _row(sealed))
                    self._sealer.follow(sealed.leaf)
                self._db.execute("COMMIT")
        except BaseException:
            self._sealer.rewind(mark)
            raise

    def _prepare(self) -> None:
        """Make the file a book if it is empty; check that it is one; remember a new public key."""
        db = self._db
        fresh = not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] and not db.execute("PRAGMA application_id").fetchone()[0]
        if not fresh:
            self._check_kind()
            if foreign := self._foreign_parts():
                raise BadInput(foreign)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA fullfsync = ON")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute(f"PRAGMA wal_autocheckpoint = {PAGES_BEFORE_CHECKPOINT}")
        meta = {} if fresh else self._meta()
        known = meta.get("keys", "").splitlines()
        mine = [str(self._signer.public)] if self._signer else []
        old = not fresh and self._version() != SCHEMA_VERSION
        if not fresh and not old and not set(mine) - set(known):
            return
        meta["keys"] = "\n".join([*known, *(key for key in mine if key not in known)])
        meta["seal"] = _seal(meta)
        db.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA if fresh else SCHEMA[len(SCHEMA) - ADDED[self._version()] :] if old else ():
            db.execute(statement)
        if fresh:
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.executemany("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", sorted(meta.items()))
        db.execute("COMMIT")

    def _resume(self) -> None:
        """Go on after the leaves that are there.  Raises `BadInput` unless the last signed head fits them."""
        signed = self._db.execute("SELECT size, note FROM head ORDER BY size DESC LIMIT 1").fetchone()
        size, note = signed or (0, b"")
        root = ""
        for (leaf,) in self._db.execute("SELECT leaf FROM entry ORDER BY seq"):
            self._sealer.follow(leaf)
            if self.size == size:
                root = base64.b64encode(self._sealer.frontier.root()).decode()
        if signed and root not in _text(note).split("\n")[2:3]:
            finding = Finding(
                "DIB158",
                f"the book is not the one whose head was signed at {size} entries",
                Mark(self.name),
                _RESTORE,
            )
            raise BadInput([finding])
        self._signed = size

    def _keep_head(self, signer: SigningKey, state: bytes) -> Head:
        head = sign_head(signer, self._sealer.frontier, state)
        self._db.execute("INSERT OR REPLACE INTO head (size, note, state) VALUES (?, ?, ?)", (head.size, head.note, head.state))
        return head

    def _release(self) -> None:
        if hasattr(self, "_db"):
            self._db.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _row(sealed: Sealed) -> tuple[object, ...]:
    """The entry in the order of the columns."""
    command, events = sealed.command.decode(), sealed.events.decode()
    return (sealed.seq, sealed.at, sealed.agreement, command, events, sealed.key or None, sealed.secret, sealed.leaf)


def _text(value: object) -> str:
    """A text as it was written.  Raises `UnicodeError` if it is none any more."""
    if not isinstance(value, bytes):
        message = "what should be text is a number or nothing"
        raise UnicodeError(message)
    return value.decode()


def _of_the_service(kind: str, name: str, table: str, sql: str) -> bool:
    """Whether it is a table of the service that runs on this book, or an index of one: plain ones, that touch nothing else."""
    if not (name.startswith((_SERVICE, f"ix_{_SERVICE}")) and table.startswith(_SERVICE)):
        return False
    starts = sql.split("(", maxsplit=1)[0]
    return (kind == "table" and starts.startswith(f"CREATE TABLE {_SERVICE}")) or (kind == "index" and f" ON {_SERVICE}" in starts)


def _seal(meta: Mapping[str, str]) -> str:
    """The digest over a book's description of itself."""
    lines = "".join(f"{name}={value}\n" for name, value in sorted(meta.items()) if name != "seal")
    return sha256(lines.encode()).hexdigest()


def _lock(path: Path) -> int:
    """Hold the right to write until the descriptor is closed or the process ends, however it ends.

    The lock is on a file beside the book, since closing any descriptor of the book itself would drop SQLite's own locks.
    """
    beside = Path(f"{os.path.realpath(path)}.lock")
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        message = f"`{path}` cannot be written: {error.strerror}: check that the folder is there and yours"
        raise Unavailable(message, code="DIB159", retry=False) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        message = f"`{path}` is being written by another process: stop that one, or send it your acts; reading is possible meanwhile"
        raise Unavailable(message, code="DIB152", retry=True) from error
    return descriptor


class _Translated:
    """Within it, no error of SQLite's gets past."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise _unavailable(self._name, getattr(error, "sqlite_errorname", ""), str(error)) from error
        if isinstance(error, UnicodeError):
            raise BadInput([Finding("DIB160", "the file is damaged: a text in it is not text", Mark(self._name), _RESTORE)]) from error


class _Writing:
    """Within it, nothing of a failed write is kept; after one whose outcome the disk did not tell, nothing more is written."""

    __slots__ = ("_broken", "_store")

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._broken = False

    def __enter__(self) -> None:
        if self._broken:
            message = f"`{self._store.name}` failed earlier: open it again, which reads what was kept"
            raise Unavailable(message, code="DIB159", retry=False)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        db = self._store._db  # noqa: SLF001 - a part of the store
        if db.in_transaction:
            try:
                db.execute("ROLLBACK")
            except sqlite3.Error:
                self._broken = True
        if isinstance(error, sqlite3.Error):
            told = _unavailable(self._store.name, getattr(error, "sqlite_errorname", ""), str(error))
            self._broken = self._broken or not told.retry
            raise told from error
        if not isinstance(error, Exception):
            self._broken = True  # an interrupt may come after the commit


def _unavailable(name: str, code: str, says: str) -> Unavailable:
    if code == "SQLITE_NOTADB":
        return Unavailable(f"`{name}` is no SQLite file, so no book: check the path", code="DIB150", retry=False)
    if code == "SQLITE_FULL":
        message = f"the disk of `{name}` is full: make room and try again; everything acknowledged is kept, this act is not"
        return Unavailable(message, code="DIB153", retry=True)
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Unavailable(f"`{name}` is being written by another program: try again when it is done", code="DIB152", retry=True)
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_FORMAT")):
        return Unavailable(f"`{name}` is damaged ({says}): {_RESTORE}", code="DIB160", retry=False)
    return Unavailable(f"`{name}` cannot be read or written ({says}): check the disk, the path and the rights to it", code="DIB159", retry=False)
