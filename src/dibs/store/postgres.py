"""A book in PostgreSQL, to which several replicas of a service write at once, in one order.

Every replica holds the whole book as it knows it.  It judges an act on that and asks for one thing in one statement, one
round trip: *if the book still ends where I think it does, append this*.  One of several that ask at once is served; the
others learn that they are `Behind`, take in what is new and judge again, this time holding the book's row so that nobody
gets in between.  So there is one order and one hash chain, and no act is lost or done twice when replicas race or die.

When a connection is lost while a commit is under way, nobody knows what became of it.  Then the same statement is asked
again on a new connection: it takes effect at most once, since the book ends elsewhere once it has, and whether it was ours
is told by the leaf, which nobody else can have made.  If the database does not come back in time, the act is not
acknowledged, and saying it again with its key does it once.

Several books may share one database; `?book=NAME` at the end of an address names one, `main` otherwise.
"""

from __future__ import annotations

import base64
import secrets
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import Int8

from dibs.broker import Behind, Snapshot
from dibs.errors import BadInput, Finding, Mark, Unavailable
from dibs.journal.audit import vouches
from dibs.journal.checkpoint import Head, SigningKey, VerifyingKey, sign_head
from dibs.journal.entry import FIRST, SECRET_SIZE, Entry, Opener, Sealed, Sealer
from dibs.journal.merkle import HASH_SIZE
from dibs.journal.snapshot import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from dibs.quantities import Instant

MAIN: Final = "main"
"""The book that is meant when none is named."""
PAGE = 1_000
"""Entries that are read in one round trip."""
LEAVES = 20_000
"""Leaves that are read in one round trip."""
PATIENCE = 5.0
"""Seconds for which a lost database is waited for before an act is answered with `Unavailable`."""
LOCK_WAIT = 10
"""Seconds for which a writer waits for another one that holds the book."""
HELD_MAX = 30
"""Seconds for which a writer that says nothing may hold the book: then the server takes it for dead."""
CONNECT_WAIT = 5
"""Seconds for which a connection is waited for, unless the address says otherwise."""

_MIGRATING = 0x64696273
"""The advisory lock under which tables are made: `dibs` in ASCII."""

_REFUSES: Final = "BEGIN RAISE EXCEPTION 'what a book holds is never changed or removed' USING ERRCODE = 'integrity_constraint_violation'; END"

MIGRATIONS: Final = (
    (
        "CREATE TABLE dibs_meta (name text PRIMARY KEY, value text NOT NULL)",
        # The row of a book changes with every commit: room beside it keeps the new version on the same page.
        """CREATE TABLE dibs_book (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE CHECK (name <> ''),
  size bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
  last bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(last) = 32),
  due_at bigint,
  keys text NOT NULL DEFAULT '',
  seal text NOT NULL
) WITH (fillfactor = 20)""",
        """CREATE TABLE dibs_agreement (
  book integer NOT NULL REFERENCES dibs_book (id),
  digest text NOT NULL CHECK (length(digest) = 64),
  text text NOT NULL,
  PRIMARY KEY (book, digest)
)""",
        """CREATE TABLE dibs_entry (
  book integer NOT NULL,
  seq bigint NOT NULL CHECK (seq >= 0),
  at bigint NOT NULL,
  agreement text NOT NULL,
  command text NOT NULL,
  events text NOT NULL,
  key text CHECK (key <> ''),
  secret bytea NOT NULL CHECK (length(secret) = 32),
  leaf bytea NOT NULL CHECK (length(leaf) = 32),
  PRIMARY KEY (book, seq),
  UNIQUE (book, key),
  FOREIGN KEY (book, agreement) REFERENCES dibs_agreement (book, digest)
)""",
        """CREATE TABLE dibs_head (
  book integer NOT NULL REFERENCES dibs_book (id),
  size bigint NOT NULL CHECK (size > 0),
  note text NOT NULL,
  state text NOT NULL,
  PRIMARY KEY (book, size)
)""",
        """CREATE TABLE dibs_snapshot (
  book integer PRIMARY KEY REFERENCES dibs_book (id),
  size bigint NOT NULL CHECK (size > 0),
  state bytea NOT NULL,
  beside bytea NOT NULL
)""",
        f"CREATE FUNCTION dibs_refuses() RETURNS trigger LANGUAGE plpgsql AS $${_REFUSES}$$",
        "CREATE TRIGGER dibs_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON dibs_entry FOR EACH STATEMENT EXECUTE FUNCTION dibs_refuses()",
        "CREATE TRIGGER dibs_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON dibs_agreement FOR EACH STATEMENT EXECUTE FUNCTION dibs_refuses()",
        "CREATE TRIGGER dibs_stays BEFORE DELETE OR TRUNCATE ON dibs_book FOR EACH STATEMENT EXECUTE FUNCTION dibs_refuses()",
    ),
)
"""What makes an empty database one of version 1, that one of version 2, and so on."""
SCHEMA_VERSION: Final = len(MIGRATIONS)

_SELECT = "SELECT seq, at, agreement, command, events, key, secret, leaf FROM dibs_entry"
_HOLD = "BEGIN; SELECT id FROM dibs_book"
_MOVED = """WITH moved AS (
  UPDATE dibs_book SET size = size + %b, last = %b, due_at = %b WHERE id = %b AND size = %b AND last = %b RETURNING id
), kept AS (
  INSERT INTO dibs_entry (book, seq, at, agreement, command, events, key, secret, leaf)
  SELECT moved.id, e.* FROM moved, {rows} RETURNING seq
){head}
SELECT count(*) FROM kept"""
_ONE = "(VALUES (%b::bigint, %b::bigint, %b::text, %b::text, %b::text, %b::text, %b::bytea, %b::bytea)) AS e"
_MANY = "unnest(%b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::bytea[]) AS e"
_HEAD = """, head AS (
  INSERT INTO dibs_head (book, size, note, state) SELECT moved.id, %b, %b, '' FROM moved ON CONFLICT DO NOTHING
)"""
_APPEND = {
    (rows, head): _MOVED.format(rows=_ONE if rows == "one" else _MANY, head=_HEAD if head else "") for rows in ("one", "many") for head in (0, 1)
}
_NEWS = """SELECT b.size, b.last, e.seq, e.at, e.agreement, e.command, e.events, e.key, e.secret, e.leaf FROM dibs_book b
LEFT JOIN dibs_entry e ON e.book = b.id AND e.seq >= %s AND e.seq < %s WHERE b.id = %s ORDER BY e.seq"""
_SIGN = """INSERT INTO dibs_head (book, size, note, state)
SELECT book, seq + 1, %s, %s FROM dibs_entry WHERE book = %s AND seq = %s AND leaf = %s
ON CONFLICT (book, size) DO UPDATE SET note = excluded.note, state = CASE excluded.state WHEN '' THEN dibs_head.state ELSE excluded.state END
RETURNING state"""

_PARTS = """
SELECT concat_ws(' ', 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE c.oid = ANY (%(tables)s::regclass[])
UNION ALL
SELECT concat_ws(' ',
  CASE contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' ELSE 'constraint' END,
  conrelid::regclass::text,
  (SELECT string_agg(a.attname, ' ' ORDER BY k.n) FROM unnest(conkey) WITH ORDINALITY AS k (num, n)
   JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.num))
FROM pg_constraint WHERE conrelid = ANY (%(tables)s::regclass[]) AND contype IN ('p', 'u', 'f', 'c', 'x') AND convalidated
UNION ALL
SELECT concat_ws(' ', 'trigger', t.tgrelid::regclass::text, t.tgname, t.tgtype::text, t.tgenabled::text, p.proname)
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgrelid = ANY (%(tables)s::regclass[]) AND (NOT t.tgisinternal OR t.tgenabled <> 'O')
UNION ALL
SELECT concat_ws(' ', 'function', proname, prosrc) FROM pg_proc WHERE oid = to_regproc('dibs_refuses')
UNION ALL
SELECT concat_ws(' ', 'rule', ev_class::regclass::text, rulename) FROM pg_rewrite WHERE ev_class = ANY (%(tables)s::regclass[])
UNION ALL
SELECT concat_ws(' ', 'row security', relname) FROM pg_class WHERE oid = ANY (%(tables)s::regclass[]) AND relrowsecurity
UNION ALL
SELECT concat_ws(' ', 'index', indrelid::regclass::text, indexrelid::regclass::text) FROM pg_index
WHERE indrelid = ANY (%(tables)s::regclass[]) AND (NOT indisvalid OR NOT indisready
  OR indisunique AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid))
"""
_TABLES: Final = ("dibs_meta", "dibs_book", "dibs_agreement", "dibs_entry", "dibs_head", "dibs_snapshot")
PARTS: Final = frozenset(
    {
        "column dibs_meta name text not null",
        "column dibs_meta value text not null",
        "column dibs_book id integer not null",
        "column dibs_book name text not null",
        "column dibs_book size bigint not null",
        "column dibs_book last bytea not null",
        "column dibs_book due_at bigint",
        "column dibs_book keys text not null",
        "column dibs_book seal text not null",
        "column dibs_agreement book integer not null",
        "column dibs_agreement digest text not null",
        "column dibs_agreement text text not null",
        "column dibs_entry book integer not null",
        "column dibs_entry seq bigint not null",
        "column dibs_entry at bigint not null",
        "column dibs_entry agreement text not null",
        "column dibs_entry command text not null",
        "column dibs_entry events text not null",
        "column dibs_entry key text",
        "column dibs_entry secret bytea not null",
        "column dibs_entry leaf bytea not null",
        "column dibs_head book integer not null",
        "column dibs_head size bigint not null",
        "column dibs_head note text not null",
        "column dibs_head state text not null",
        "primary key dibs_meta name",
        "primary key dibs_book id",
        "unique dibs_book name",
        "check dibs_book name",
        "check dibs_book size",
        "check dibs_book last",
        "primary key dibs_agreement book digest",
        "check dibs_agreement digest",
        "foreign key dibs_agreement book",
        "primary key dibs_entry book seq",
        "unique dibs_entry book key",
        "foreign key dibs_entry book agreement",
        "check dibs_entry seq",
        "check dibs_entry key",
        "check dibs_entry secret",
        "check dibs_entry leaf",
        "primary key dibs_head book size",
        "foreign key dibs_head book",
        "check dibs_head size",
        "column dibs_snapshot book integer not null",
        "column dibs_snapshot size bigint not null",
        "column dibs_snapshot state bytea not null",
        "column dibs_snapshot beside bytea not null",
        "primary key dibs_snapshot book",
        "foreign key dibs_snapshot book",
        "check dibs_snapshot size",
        # The number says: before, for the statement, and for which acts.
        "trigger dibs_entry dibs_stays 58 O dibs_refuses",
        "trigger dibs_agreement dibs_stays 58 O dibs_refuses",
        "trigger dibs_book dibs_stays 42 O dibs_refuses",
        f"function dibs_refuses {_REFUSES}",
    }
)
"""What the tables of a book are, in the server's own words; indexes for reading may be added."""

_RESTORE = "restore the database from a copy; see how-to/recover"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a book is: what the driver needs, the book's name, and what may be shown to anybody."""

    target: str
    book: str
    shown: str

    @classmethod
    def parse(cls, url: str, book: str = "") -> Address:
        """Read `postgresql://USER:PASSWORD@HOST:PORT/DATABASE?book=NAME`.  Raises `Unavailable` if it is no address; shows no password."""
        # What was given is not repeated, and no error of the driver's either: a password may be anywhere in it.
        message = "this is no address of a database: write `postgresql://USER@HOST:PORT/DATABASE`, with %-codes for signs like `@` in a password"
        fault = Unavailable(message, code="DIB159", retry=False)
        try:
            parts = urlsplit(url)
        except ValueError:
            raise fault from None
        query = parse_qsl(parts.query, keep_blank_values=True)
        named = book or next((value for name, value in query if name == "book"), "") or MAIN
        rest = urlencode([(name, value) for name, value in query if name != "book"], quote_via=quote)
        login, at, hosts = parts.netloc.rpartition("@")
        shown = f"postgresql://{login.partition(':')[0]}{at}{hosts}{parts.path}{'' if named == MAIN else '?book=' + quote(named)}"
        target = f"postgresql://{parts.netloc}{parts.path}{'?' + rest if rest else ''}"
        if parts.scheme not in {"postgresql", "postgres"} or "@" in parts.path or parts.fragment:
            raise fault
        with suppress(psycopg.ProgrammingError):
            if conninfo_to_dict(target):
                return cls(target, named, shown)
        raise fault


class PostgresBook:
    """A book that is read, by an audit or an export, while its writers may go on writing: it sees one instant of it."""

    def __init__(self, url: str, book: str = "") -> None:
        """Open the book for reading.  Raises `Unavailable` if it cannot be read, is not there, or is one of another version."""
        address = Address.parse(url, book)
        self.name = address.shown
        self._line = _Line(address, patience=0)
        try:
            self._check_kind()
            self._line.hold("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0")
            found = self._line.ask("SELECT id FROM dibs_book WHERE name = %s", (address.book,))
            if not found:
                raise Unavailable(f"there is no book at `{self.name}`: check the name", code="DIB159", retry=False)  # noqa: TRY301 - so that it is closed
        except BaseException:
            self._line.close()
            raise
        self._id: int = found[0][0]

    def close(self) -> None:
        """Let the database go."""
        self._line.close()

    def sealed(self, first: int = 0) -> Iterator[tuple[Sealed, Mark]]:
        """Every entry from a number on as it is stored, with its place.  Raises `BadInput` where one is missing or is no entry."""
        return self._read(first, None)

    def texts(self) -> Mapping[str, str]:
        """Every agreement's text by its digest."""
        return dict(self._line.ask("SELECT digest, text FROM dibs_agreement WHERE book = %s ORDER BY digest", (self._id,)))

    def heads(self) -> Sequence[Head]:
        """Every signed head, smallest first."""
        return tuple(Head(*row) for row in self._line.ask("SELECT size, note, state FROM dibs_head WHERE book = %s ORDER BY size", (self._id,)))

    def snapshot(self) -> Snapshot | None:
        """The state kept last, if a signed head of this book vouches for it."""
        found = self._line.ask(
            "SELECT s.size, s.state, s.beside, h.state FROM dibs_snapshot s JOIN dibs_head h USING (book, size) WHERE s.book = %s", (self._id,)
        )
        if not found:
            return None
        size, state, beside, note = found[0]
        if not vouches(note, digest_of(state), size, self.signers()) or sha256(beside[HASH_SIZE:]).digest() != beside[:HASH_SIZE]:
            return None
        return Snapshot(size=size, state=state, beside=beside[HASH_SIZE:])

    def signers(self) -> Sequence[VerifyingKey]:
        """Whose signatures the heads carry, as the book itself says.  Raises `BadInput` if that cannot be read."""
        ((keys,),) = self._line.ask("SELECT keys FROM dibs_book WHERE id = %s", (self._id,))
        try:
            return tuple(VerifyingKey.parse(line) for line in keys.splitlines())
        except ValueError as error:
            raise BadInput([self._damaged(f"its public keys cannot be read: {error}")]) from error

    def damage(self) -> Iterable[Finding]:
        """What is wrong with the database itself: its tables, the book's description of itself, what it says of its end."""
        try:
            findings = self._foreign_parts()
            ((name, keys, seal, size, last, rows, leaf, kept),) = self._line.ask(
                "SELECT name, keys, seal, size, last, (SELECT count(*) FROM dibs_entry WHERE book = id),"
                " (SELECT leaf FROM dibs_entry WHERE book = id ORDER BY seq DESC LIMIT 1),"
                " EXISTS (SELECT 1 FROM dibs_snapshot WHERE book = id) FROM dibs_book WHERE id = %s",
                (self._id,),
            )
            if kept and self.snapshot() is None:
                findings.append(self._damaged("no head vouches for its snapshot"))
        except Unavailable as error:
            return [self._damaged(str(error))]
        except BadInput as error:
            return error.findings
        if seal != _seal(name, keys):
            findings.append(self._damaged("the book's description of itself was altered"))
        if (size, last) != (rows, leaf or FIRST):
            findings.append(self._damaged(f"the book is said to end after {size} entries with another leaf, or there are {rows}"))
        return findings

    def _foreign_parts(self) -> list[Finding]:
        """Where the tables are not those of a book: a trigger, for one, could change what is written on its way."""
        parts = {row[0] for row in self._line.ask(_PARTS, {"tables": list(_TABLES)})}
        if parts == PARTS:
            return []
        odd = sorted(parts ^ PARTS)
        return [self._damaged(f"its tables are not those of a book (the first thing that is too much or missing: {odd[0]})")]

    def _check_kind(self) -> None:
        """Raise unless the database holds books of this version."""
        version = self._version()
        if version == 0:
            raise Unavailable(f"`{self.name}` holds no book of dibs: check the address", code="DIB159", retry=False)
        if version != SCHEMA_VERSION:
            message = (
                f"`{self.name}` holds books of version {version}, and this is the version of dibs for version {SCHEMA_VERSION}: "
                "use the dibs that wrote them, export them there and import them here"
            )
            raise Unavailable(message, code="DIB151", retry=False)

    def _version(self) -> int:
        """The version of the tables; 0 where there are none.  Raises `Unavailable` if another program's are in their place."""
        # Not `to_regclass`: it may go by what was so before this transaction waited for the one that made the tables.
        ((encoding, tables),) = self._line.ask(
            "SELECT current_setting('server_encoding'),"
            " ARRAY(SELECT relname::text FROM pg_class WHERE relname = ANY (%s) AND pg_table_is_visible(oid))",
            (["dibs_meta", "dibs_book"],),
        )
        if encoding != "UTF8":
            message = f"`{self.name}` keeps texts as {encoding}, and a book needs UTF8: make a database with ENCODING 'UTF8' for it"
            raise Unavailable(message, code="DIB159", retry=False)
        if not tables:
            return 0
        rows = self._line.ask("SELECT value FROM dibs_meta WHERE name = 'version'") if "dibs_meta" in tables else []
        if not rows or not rows[0][0].isdigit():
            message = f"`{self.name}` has tables named like those of a book, and holds none: check the address, or take another database"
            raise Unavailable(message, code="DIB150", retry=False)
        return int(rows[0][0])

    def _read(self, number: int, end: int | None) -> Iterator[tuple[Sealed, Mark]]:
        """Entries page by page from a number on, to the end or up to another number."""
        before = self._line.ask("SELECT leaf FROM dibs_entry WHERE book = %s AND seq = %s", (self._id, number - 1)) if number else []
        previous = before[0][0] if before else FIRST
        while end is None or number < end:
            limit = PAGE if end is None else min(PAGE, end - number)
            page = self._line.ask(f"{_SELECT} WHERE book = %s AND seq >= %s ORDER BY seq LIMIT %s", (self._id, number, limit))
            for row in page:
                sealed, where = self._sealed(row, previous), self._mark(number)
                if sealed.seq != number:
                    raise BadInput([self._missing(number, f"the next one there is {sealed.seq}")])
                previous, number = sealed.leaf, number + 1
                yield sealed, where
            if len(page) < limit:
                if end is not None:
                    raise BadInput([self._missing(number, f"there were {end} before")])
                return

    def _sealed(self, row: tuple[Any, ...], previous: bytes) -> Sealed:
        seq, at, agreement, command, events, key, secret, leaf = row
        return Sealed(
            seq=seq,
            at=at,
            agreement=agreement,
            command=command.encode(),
            events=events.encode(),
            key=key or "",
            secret=secret,
            previous=previous,
            leaf=leaf,
        )

    def _mark(self, seq: int) -> Mark:
        return Mark(self.name, seq + 1)

    def _missing(self, seq: int, why: str) -> Finding:
        return Finding("DIB157", f"entry {seq} is missing: {why}", self._mark(seq), _RESTORE)

    def _damaged(self, what: str) -> Finding:
        return Finding("DIB160", f"the database is damaged: {what}", Mark(self.name), _RESTORE)


class PostgresStore(PostgresBook):
    """One of the writers of a book.  Tables and book are made if they are not there.

    Raises `Unavailable` if the database does not answer, does not let us, is full, or holds something else; it connects
    again by itself.  Raises `BadInput` if an entry was altered, or the book is not the one that was read before.
    Connect straight to the server or through a pooler that keeps one session for one client.
    """

    shared = True

    def __init__(
        self,
        url: str,
        book: str = "",
        *,
        secret: bytes | None = None,
        signer: SigningKey | None = None,
        sign_every: int = 256,
        patience: float = PATIENCE,
    ) -> None:
        """Open the book and check what is in it.

        `secret` is what salts grow from (default: drawn from the machine; only a test gives one, and only to a book with
        one writer).  Without a `signer` heads go unsigned; with one, the book is signed when it is opened and closed,
        and by whoever appends its 256th, 512th ... entry.  `patience`: seconds for which a lost database is waited for.
        """
        address = self._address = Address.parse(url, book)
        self.name = address.shown
        self._signer = signer
        self._sign_every = sign_every
        self._signed = 0
        self._opener = Opener()
        self._sealer = Sealer(secret or secrets.token_bytes(SECRET_SIZE))
        self._keys: dict[str, int] = {}
        self._news: list[tuple[Any, ...]] = []
        """What `alone` has read already for `refresh`."""
        self._line = _Line(address, patience=0)
        try:
            self._migrate()
            if foreign := self._foreign_parts():
                raise BadInput(foreign)  # noqa: TRY301 - the connection has to be closed for this, too
            self._id = self._book(address.book)
            self._resume()
        except BaseException:
            self._line.close()
            raise
        self._line.patience = patience

    @property
    def size(self) -> int:
        """How many entries there are, as far as this replica knows: it has taken in as many."""
        return self._sealer.frontier.size

    def append(self, entries: Sequence[Entry], *, due: Instant | None = None) -> None:
        """Keep all of them, or none, in one round trip.  When this returns they are on the server's disk.

        Within `alone` or `claimed` this commits at once, which lets the book go.
        """
        if not entries:
            return
        mark, self._news = self._sealer.mark(), []
        before, previous = self.size, self._sealer.previous
        try:
            sealed = [self._sealer.seal(entry) for entry in entries]
            head = self._due_head(before)
            moved = [Int8(len(sealed)), self._sealer.previous, due if due is None else Int8(due), self._id, Int8(before), previous]
            kept = self._write(_APPEND["one" if len(sealed) == 1 else "many", bool(head)], [*moved, *_parameters(sealed), *head], sealed[0])
        except BaseException:
            self._sealer.rewind(mark)
            raise
        if not kept:
            self._sealer.rewind(mark)
            message = f"`{self.name}` has entries beyond {before}"
            raise Behind(message)
        self._keys.update((entry.key, entry.seq) for entry in entries if entry.key)
        if head:
            self._signed = self.size

    def refresh(self) -> Iterator[Entry]:
        """What others have appended since this store last looked, in order, checked.

        An entry counts as known when it is handed out: whoever breaks off goes on there.  Raises `BadInput` if the book
        no longer holds what was read from it, as after a restore from an older copy.
        """
        while True:
            rows, self._news = self._news or self._line.ask(_NEWS, (self.size, self.size + PAGE, self._id)), []
            if not rows:
                message = f"the book is no longer at `{self.name}`: check the database, and start again"
                raise Unavailable(message, code="DIB159", retry=False)
            size, last = rows[0][:2]
            if size < self.size:
                raise BadInput([self._missing(size, f"there were {self.size} before, so an older copy was put in place")])
            new = rows if size > self.size else []
            for row in new:
                if row[2] != self.size:
                    raise BadInput([self._missing(self.size, f"the book is said to have {size}")])
                sealed, where = self._sealed(row[2:], self._sealer.previous), self._mark(row[2])
                self._opener.check(sealed, where)
                entry = self._opener.open(sealed, where)
                self._follow(sealed)
                yield entry
            if self.size == size:
                if last != self._sealer.previous:
                    raise BadInput([self._missing(size - 1, "another one stands in its place")])
                return

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Within it no other writer gets in between, until the first `append`, which commits.

        Raises `Unavailable` (DIB152) if another writer does not let the book go.
        """
        if self._line.held:  # a claim holds it already
            yield
            return
        lock = f"{_HOLD} WHERE id = {self._id:d} FOR UPDATE"
        # What is new comes with the lock: the second statement looks after the first one has waited.
        self._news = self._line.hold(f"{lock}; {_NEWS % (self.size, self.size + PAGE, self._id)}")
        try:
            yield
        finally:
            self._news = []
            self._line.let_go()

    @contextmanager
    def claimed(self, at: Instant) -> Iterator[bool]:
        """Whether the book has to be woken and this replica is the one to do it: of several that ask, one is told so.

        It holds the book until its first `append`, or the end; the others go on at once and need not wait for it.
        """
        if self._line.held:  # who is alone need not ask
            yield True
            return
        mine = bool(self._line.hold(f"{_HOLD} WHERE id = {self._id:d} AND due_at <= {at:d} FOR UPDATE SKIP LOCKED"))
        if not mine:
            self._line.let_go()
        try:
            yield mine
        finally:
            self._line.let_go()

    def due_at(self) -> Instant | None:
        """When the book has to be woken next, as its row says."""
        ((at,),) = self._line.ask("SELECT due_at FROM dibs_book WHERE id = %s", (self._id,))
        return None if at is None else int(at)

    def changed(self) -> bool:
        """Whether `refresh` has something to say: one round trip, one row by its key."""
        return self._line.ask("SELECT size FROM dibs_book WHERE id = %s", (self._id,)) != [(self.size,)]

    def entries(self, first: int = 0) -> Iterator[Entry]:
        """Every entry from a number on up to `size`, in order, checked.  Raises `BadInput` at the first one that is not what was written."""
        for sealed, where in self._read(first, self.size):
            self._opener.check(sealed, where)
            yield self._opener.open(sealed, where)

    def snapshot(self) -> Snapshot | None:
        """The state kept last, if a signed head vouches for it, and it is not ahead of what this replica has taken in."""
        kept = super().snapshot()
        return kept if kept and kept.size <= self.size else None

    def keep_snapshot(self, snapshot: Snapshot) -> None:
        """Keep it in place of the one before, unless another replica has kept a later one."""
        self._line.tell(
            "INSERT INTO dibs_snapshot (book, size, state, beside) VALUES (%s, %s, %b, %b) ON CONFLICT (book) DO UPDATE"
            " SET size = excluded.size, state = excluded.state, beside = excluded.beside WHERE dibs_snapshot.size <= excluded.size",
            (self._id, snapshot.size, snapshot.state, sha256(snapshot.beside).digest() + snapshot.beside),
        )

    def reader(self) -> AbstractContextManager[PostgresBook]:
        """The book as it is now, on a connection of its own."""
        return closing(PostgresBook(self._address.target, self._address.book))

    def find(self, key: str) -> Entry | None:
        """The act that goes by this name, as far as this replica knows.  Costs a round trip only if there is one."""
        seq = self._keys.get(key)
        return None if seq is None else self.read((seq,))[0]

    def read(self, numbers: Sequence[int]) -> tuple[Entry, ...]:
        """The entries with these numbers, in their order.  Raises `BadInput` at one that is not what was written."""
        rows = self._line.ask(f"{_SELECT} WHERE book = %s AND seq = ANY (%s)", (self._id, list(numbers)))
        found = {row[0]: self._opener.open(self._sealed(row, FIRST), self._mark(row[0])) for row in rows}
        if gone := set(numbers) - set(found):
            raise BadInput([self._missing(min(gone), "it was there before")])
        return tuple(found[number] for number in numbers)

    def text(self, digest: str) -> str | None:
        """The agreement's text with this SHA-256."""
        found = self._line.ask("SELECT text FROM dibs_agreement WHERE book = %s AND digest = %s", (self._id, digest))
        return str(found[0][0]) if found else None

    def keep_text(self, digest: str, text: str) -> None:
        """Keep an agreement's text: before the first entry under it."""
        self._line.tell("INSERT INTO dibs_agreement (book, digest, text) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (self._id, digest, text))

    def sign(self, state: bytes = b"") -> Head | None:
        """Sign the book as it stands, and the digest of the state it leads to; nothing without a key or anything new to say."""
        if self._signer is None or not self.size or (self.size == self._signed and not state):
            return None
        head = sign_head(self._signer, self._sealer.frontier, state)
        kept = self._line.ask(_SIGN, (head.note, head.state, self._id, self.size - 1, self._sealer.previous))
        if not kept:
            raise BadInput([self._missing(self.size - 1, "it is not there any more, or another one stands in its place")])
        self._signed = head.size
        return Head(head.size, head.note, kept[0][0])

    def take_over(self, book: Iterable[tuple[Sealed, Mark]], texts: Mapping[str, str]) -> None:
        """Fill an empty book with the entries of another, leaf for leaf, in one commit.  Raises `BadInput` if one was altered.

        Until its first new entry it counts as due since its last, so that somebody looks.
        """
        if self.size:
            message = "only an empty book takes another one over"
            raise AssertionError(message)
        mark, keys = self._sealer.mark(), self._keys
        self._keys = {}
        with self.alone():
            try:
                for digest, text in sorted(texts.items()):
                    self.keep_text(digest, text)
                page: list[Sealed] = []
                for sealed, where in book:
                    self._opener.check(sealed, where)
                    if (sealed.seq, sealed.previous) != (self.size, self._sealer.previous):
                        raise BadInput([self._missing(self.size, f"entry {sealed.seq} comes instead")])  # noqa: TRY301 - what came before is forgotten
                    page.append(sealed)
                    self._follow(sealed)
                    if len(page) == PAGE:
                        self._move(page)
                        page = []
                if page:
                    self._move(page)
                self._line.tell("COMMIT")
            except BaseException:
                self._sealer.rewind(mark)
                self._keys = keys
                raise

    def _follow(self, sealed: Sealed) -> None:
        """Take in an entry that is there."""
        self._sealer.follow(sealed.leaf)
        if sealed.key:
            self._keys[sealed.key] = sealed.seq

    def _move(self, page: list[Sealed]) -> None:
        """Append a page within the transaction that holds the book."""
        first = page[0]
        moved = [Int8(len(page)), page[-1].leaf, Int8(page[-1].at), self._id, Int8(first.seq), first.previous]
        if self._line.ask(_APPEND["many", False], [*moved, *_parameters(page, many=True)]) != [(len(page),)]:
            message = f"`{self.name}` is not empty"
            raise Behind(message)

    def _write(self, statement: str, parameters: list[Any], first: Sealed) -> bool:
        """Append, and say whether the book was where we thought it was.  A lost connection is followed by the same on a new one."""
        certain = True
        until = time.monotonic() + self._line.patience
        while True:
            try:
                (kept,) = self._line.commit(statement, parameters)
            except Unavailable as error:
                if not isinstance(error, _Lost) and certain:
                    raise
                certain = False
                if isinstance(error, _Lost) and time.monotonic() < until:
                    continue
                message = f"{error}; whether this act was kept is not known: say it again with the same key, and it is done once"
                raise Unavailable(message, code=error.code, retry=error.retry) from error
            if kept or certain:
                return bool(kept)
            return self._line.ask("SELECT leaf FROM dibs_entry WHERE book = %s AND seq = %s", (self._id, first.seq)) == [(first.leaf,)]

    def _due_head(self, before: int) -> list[object]:
        """The head that goes with an append, if the book passes a size at which it is signed."""
        if self._signer is None or before // self._sign_every == self.size // self._sign_every:
            return []
        return [Int8(self.size), sign_head(self._signer, self._sealer.frontier, b"").note]

    def _migrate(self) -> None:
        """Make the tables, or those that have come since, if nobody else is faster."""
        if self._version() < SCHEMA_VERSION:
            self._line.hold(f"BEGIN; SELECT pg_advisory_xact_lock({_MIGRATING})")
            try:
                for step in MIGRATIONS[self._version() :]:
                    for statement in step:
                        self._line.tell(statement)
                self._line.tell(
                    "INSERT INTO dibs_meta (name, value) VALUES ('version', %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (str(SCHEMA_VERSION),),
                )
                self._line.tell("COMMIT")
            finally:
                self._line.let_go()
        self._check_kind()

    def _book(self, name: str) -> int:
        """The number of the book, which is made if it is not there; a new public key is noted."""
        self._line.tell(
            "INSERT INTO dibs_book (name, seal) SELECT %s, %s WHERE NOT EXISTS (SELECT 1 FROM dibs_book WHERE name = %s) ON CONFLICT DO NOTHING",
            (name, _seal(name, ""), name),
        )
        ((number, keys, seal),) = self._line.ask("SELECT id, keys, seal FROM dibs_book WHERE name = %s", (name,))
        if seal != _seal(name, keys):
            raise BadInput([self._damaged("the book's description of itself was altered")])
        if self._signer and str(self._signer.public) not in keys.splitlines():
            self._line.hold(f"{_HOLD} WHERE id = {number:d} FOR UPDATE")
            try:
                ((keys,),) = self._line.ask("SELECT keys FROM dibs_book WHERE id = %s", (number,))
                known = keys.splitlines()
                keys = "\n".join([*known, *({str(self._signer.public)} - set(known))])
                self._line.tell("UPDATE dibs_book SET keys = %s, seal = %s WHERE id = %s", (keys, _seal(name, keys), number))
                self._line.tell("COMMIT")
            finally:
                self._line.let_go()
        return int(number)

    def _resume(self) -> None:
        """Go on after the leaves that are there.  Raises `BadInput` unless the last signed head fits them."""
        signed = self._line.ask("SELECT size, note FROM dibs_head WHERE book = %s ORDER BY size DESC LIMIT 1", (self._id,))
        ((size, last),) = self._line.ask("SELECT size, last FROM dibs_book WHERE id = %s", (self._id,))
        at, note = signed[0] if signed else (0, "")
        root = ""
        while self.size < size:
            page = self._line.ask(
                "SELECT seq, leaf, key FROM dibs_entry WHERE book = %s AND seq >= %s AND seq < %s ORDER BY seq LIMIT %s",
                (self._id, self.size, size, LEAVES),
            )
            for seq, leaf, key in page:
                if seq != self.size:
                    raise BadInput([self._missing(self.size, f"the next one there is {seq}")])
                self._sealer.follow(leaf)
                if key:
                    self._keys[key] = seq
                if self.size == at:
                    root = base64.b64encode(self._sealer.frontier.root()).decode()
            if not page:
                raise BadInput([self._missing(self.size, f"the book is said to have {size}")])
        if last != self._sealer.previous:
            raise BadInput([self._damaged("the book is said to end with another leaf than its last")])
        if signed and root not in note.split("\n")[2:3]:
            finding = Finding("DIB158", f"the book is not the one whose head was signed at {at} entries", Mark(self.name), _RESTORE)
            raise BadInput([finding])
        self._signed = at


class _Lost(Unavailable):
    """The connection was lost in the midst of something: what became of that is not known."""


class _Line:
    """The connection to the database: made when it is needed, made again when it was lost; no error of the driver's gets past it."""

    __slots__ = ("_address", "_db", "held", "patience")

    def __init__(self, address: Address, *, patience: float) -> None:
        """Connect.  Raises `Unavailable` if that cannot be done; `patience` seconds are tried later on."""
        self._address = address
        self._db: psycopg.Connection[Any] | None = None
        self.held = False
        """Whether a transaction is open."""
        self.patience = patience
        self._connected()

    def ask(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that answer a question.  If the connection is lost it is asked once more on a new one, outside a transaction."""
        again = not self.held
        while True:
            try:
                return self._run(statement, parameters).fetchall()
            except _Lost:
                if not again:
                    raise
                again = False

    def tell(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Say something that does no harm if it is said twice."""
        again = not self.held
        while True:
            try:
                self._run(statement, parameters)
            except _Lost:
                if not again:
                    raise
                again = False
            else:
                if statement == "COMMIT":
                    self.held = False
                return

    def commit(self, statement: str, parameters: Sequence[Any]) -> tuple[Any, ...]:
        """Say something once and make it last: by itself, or together with the transaction that is open, which it ends.

        The one row that answers it.  Raises `_Lost` if it is not known what became of it.
        """
        if not self.held:
            return self._run(statement, parameters).fetchone() or ()
        db = self._connected()
        with self._translated(db):
            with db.pipeline():
                answer = db.execute(statement, parameters)
                db.execute("COMMIT")
            row = answer.fetchone() or ()
        self.held = False
        return row

    def hold(self, statements: str) -> list[tuple[Any, ...]]:
        """Open a transaction with these statements, in one round trip; what the last of them found."""
        again = True
        while True:
            try:
                self.held = True
                cursor = self._run(statements)
                while cursor.nextset():
                    pass
                return cursor.fetchall() if cursor.description else []
            except _Lost:
                if not again:
                    raise
                again = False
            except BaseException:
                self.let_go()
                raise

    def let_go(self) -> None:
        """End the transaction if it is open; what was said in it is forgotten."""
        if not self.held:
            return
        self.held = False
        if self._db is not None:
            try:
                self._db.execute("ROLLBACK")
            except psycopg.Error:
                self._drop()

    def close(self) -> None:
        """Let the database go."""
        self._drop()

    def _run(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> psycopg.Cursor[Any]:
        db = self._connected()
        with self._translated(db):
            return db.execute(statement, parameters, prepare=None if parameters else False)

    def _drop(self) -> None:
        db, self._db, self.held = self._db, None, False
        if db is not None:
            with suppress(psycopg.Error):
                db.close()

    @contextmanager
    def _translated(self, db: psycopg.Connection[Any]) -> Iterator[None]:
        """Within it, no error of the driver's gets past; a connection that is not as it should be is let go."""
        try:
            yield
        except psycopg.Error as error:
            state = error.sqlstate or ""
            fatal = db.closed or db.broken or error.diag.severity_nonlocalized in {"FATAL", "PANIC"} or state[:2] == "08"
            if fatal or state == "25006":  # what was the first server may be the second now: connect again, and look
                self._drop()
            if fatal:
                raise _Lost(_says(self._address.shown, "the connection was lost", error), code="DIB159", retry=True) from error
            raise _unavailable(self._address.shown, state, error) from error
        except UnicodeError as error:
            finding = Finding("DIB160", "the database is damaged: a text in it is not text", Mark(self._address.shown), _RESTORE)
            raise BadInput([finding]) from error
        except BaseException:
            self._drop()  # an interrupt leaves the answer on the way
            raise

    def _connected(self) -> psycopg.Connection[Any]:
        """The connection; tried until patience ends where there is none."""
        if self._db is not None:
            return self._db
        held = self.held
        until = time.monotonic() + self.patience
        while True:
            try:
                self._db = self._connect()
            except psycopg.Error as error:
                says = str(error)
                hopeless = any(words in says for words in ("authentication failed", "does not exist", "no pg_hba.conf entry", "permission denied"))
                if hopeless or time.monotonic() > until:
                    self.held = False
                    raise Unavailable(_says(self._address.shown, "it does not answer", error), code="DIB159", retry=not hopeless) from error
                time.sleep(0.05)
            else:
                self.held = held
                return self._db

    def _connect(self) -> psycopg.Connection[Any]:
        given = conninfo_to_dict(self._address.target)
        # Without these a server that vanished from the network would be waited for as long as the system likes.
        wished = {"connect_timeout": CONNECT_WAIT, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
        more = {name: value for name, value in wished.items() if name not in given}
        db = psycopg.connect(self._address.target, autocommit=True, application_name="dibs", client_encoding="utf8", **more)  # type: ignore[arg-type]
        try:
            # What is acknowledged has to be on the disk, whatever the server's default; and a frozen writer must not hold a book for ever.
            db.execute(
                f"SET lock_timeout = '{LOCK_WAIT}s'; SET idle_in_transaction_session_timeout = '{HELD_MAX}s';"
                "SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off;"
                "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')"
            )
        except BaseException:
            db.close()
            raise
        return db


def _parameters(sealed: Sequence[Sealed], *, many: bool = False) -> list[Any]:
    """The entries in the order of the columns: values if there is one, else a list for each column."""
    rows = [(Int8(s.seq), Int8(s.at), s.agreement, s.command.decode(), s.events.decode(), s.key or None, s.secret, s.leaf) for s in sealed]
    return [*rows[0]] if len(rows) == 1 and not many else [list(column) for column in zip(*rows, strict=True)]


def _seal(name: str, keys: str) -> str:
    """The digest over what a book says of itself and no entry says."""
    return sha256(f"name={name}\nkeys={keys}\n".encode()).hexdigest()


def _says(name: str, what: str, error: BaseException) -> str:
    first = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return f"`{name}` cannot be read or written: {what} ({first}): check the address, the server and the network"


def _unavailable(name: str, state: str, error: psycopg.Error) -> Unavailable:
    """What the server refused, and so did not do."""
    says = next(iter(str(error).strip().splitlines()), type(error).__name__)
    if state == "53100":
        message = f"the disk of `{name}` is full: make room and try again; everything acknowledged is kept, this act is not"
        return Unavailable(message, code="DIB153", retry=True)
    if state in {"55P03", "40001", "40P01"}:
        return Unavailable(f"`{name}` is held by another writer ({says}): try again", code="DIB152", retry=True)
    if state in {"XX001", "XX002"}:
        return Unavailable(f"`{name}` is damaged ({says}): {_RESTORE}", code="DIB160", retry=False)
    if state in {"42P01", "42703", "42883"}:
        return Unavailable(f"`{name}` is not, or no longer, a book ({says}): check the address", code="DIB150", retry=False)
    if state == "42501":
        return Unavailable(f"`{name}` cannot be read or written: this user has not the right to ({says}): grant it", code="DIB159", retry=False)
    if state == "25006":
        message = f"`{name}` cannot be written: the server only reads ({says}): wait until it leads again, or name the server that does"
        return Unavailable(message, code="DIB159", retry=True)
    again = state[:2] in {"53", "57"}
    message = f"`{name}` cannot be read or written ({says}): check the server, its disk and your rights; nothing was kept of this act"
    return Unavailable(message, code="DIB159", retry=again)
