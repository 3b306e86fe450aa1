"""The ledger on SQL: what is written stays, balances to the minor unit, and is corrected only by its reversal.

One code for SQLite and PostgreSQL.  Amounts are whole minor units with a currency.  Every entry carries two times: the
period it is about (valid) and when it was known (recorded), so that a balance can be asked for as of both.

An entry's lines are written before the entry, and the entry binds them: from then on it gets no further lines.  That it
sums to zero for each party and currency is checked in Python before anything is written, and by SQL over what was
written, in the same transaction.  Triggers hold every other program to the same rule.  On SQLite, where a trigger runs
for each row, a write puts these two aside for as long as it alone holds the database, and asks once for all its entries.

What an account has turned over in each quarter of an hour is kept beside the lines, by the same statements that check
them: so a balance, and with it a month's statement, costs no more as the ledger grows.
"""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from dibs.errors import BadInput, Finding, Mark, Unavailable
from dibs.quantities import iso
from dibs.settle.postings import Detail, Entry, Posting

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from dibs.quantities import Instant

SCHEMA_VERSION: Final = 2
AMOUNT_MAX: Final = 10**17
"""Minor units in one posting (bound is in): a hundred times what an agreement may name, and far from where 64 bits end."""
TURNED_MAX: Final = 2**63 - 1
"""Minor units in what one account turns over in a quarter of an hour (bound is in): what 64 bits hold."""
BATCH: Final = 5_000
"""Entries that are written with one round of statements."""
ROWS: Final = 100
"""Rows in one `INSERT` on SQLite: of a statement for each row, half the cost is the statement's."""
ASKED_MAX: Final = 500
"""Values in one `IN (...)`."""
QUARTER: Final = 900
"""Seconds over which turnover is summed: wherever one is, a month begins with a quarter of an hour."""
FOREVER: Final = 2**62
"""An instant after all others."""

_LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""64 bits; SQLite has no other, and in a strict table only its own name for it."""

metadata = sa.MetaData()
meta = sa.Table("meta", metadata, sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False))
pair = sa.Table(
    "pair",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("payer", sa.Text, nullable=False),
    sa.Column("payee", sa.Text, nullable=False),
    sa.UniqueConstraint("payer", "payee"),
)
book = sa.Table(
    "book",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.UniqueConstraint("party", "currency"),
    sa.CheckConstraint("length(currency) = 3"),
)
account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("book", sa.Integer, sa.ForeignKey("book.id"), nullable=False),
    sa.UniqueConstraint("path", "book"),
)
entry = sa.Table(
    "entry",
    metadata,
    sa.Column("seq", _LONG, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("says", sa.Text, nullable=False),
    sa.Column("valid_from", sa.BigInteger, nullable=False),
    sa.Column("valid_to", sa.BigInteger, nullable=False),
    sa.Column("recorded", sa.BigInteger, nullable=False),
    # Balances rest on this: what was booked before an instant was over, and known, by then.
    sa.Column("booked", sa.BigInteger, sa.Computed("CASE WHEN valid_to > recorded THEN valid_to ELSE recorded END - 1", persisted=True)),
    sa.Column("clause", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("pair", sa.Integer, sa.ForeignKey("pair.id"), nullable=False),
    sa.Column("reverses", sa.Text, sa.ForeignKey("entry.id")),
    sa.Column("settles", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("held", sa.Boolean(create_constraint=True), nullable=False),
    sa.Column("expires", sa.BigInteger),
    sa.Column("lines", sa.Integer, nullable=False),
    sa.CheckConstraint("valid_to > valid_from"),
    sa.CheckConstraint("lines > 1"),
    sa.CheckConstraint("held OR expires IS NULL"),
)
sa.Index("entry_by_pair", entry.c.pair, entry.c.booked)
# Most entries reverse nothing and are no holds: these two have only rows for those that do and are.
_REVERSES = sa.text("reverses IS NOT NULL")
_HELD = sa.text("held")
sa.Index("entry_reversed", entry.c.reverses, unique=True, sqlite_where=_REVERSES, postgresql_where=_REVERSES)
sa.Index("entry_held", entry.c.recorded, sqlite_where=_HELD, postgresql_where=_HELD)
posting = sa.Table(
    "posting",
    metadata,
    # No foreign keys: the entry that binds the lines asks for every account at once.
    sa.Column("entry", _LONG, primary_key=True, autoincrement=False),
    sa.Column("line", sa.SmallInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("account", sa.Integer, nullable=False),
    sa.Column("amount", _LONG, nullable=False),
    sa.CheckConstraint(f"amount BETWEEN -{AMOUNT_MAX} AND {AMOUNT_MAX}"),
    # A column of SQLite's takes any kind of value unless it is told otherwise.
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
turnover = sa.Table(
    "turnover",
    metadata,
    sa.Column("account", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("until", _LONG, primary_key=True, autoincrement=False),
    sa.Column("amount", _LONG, nullable=False),
    # Beyond 64 bits SQLite goes on in floating point, unless it is told not to.
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
outcome = sa.Table(
    "outcome",
    metadata,
    sa.Column("entry", sa.Text, sa.ForeignKey("entry.id"), primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("recorded", sa.BigInteger, nullable=False),
    sa.CheckConstraint("status IN ('posted', 'voided')"),
)
dispute = sa.Table(
    "dispute",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("entry", sa.Text, sa.ForeignKey("entry.id"), nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("says", sa.Text, nullable=False),
    sa.Column("recorded", sa.BigInteger, nullable=False),
)

_REQUIRED = tuple(column.name for column in entry.columns if not column.nullable)
_OPTIONAL = ("reverses", "settles", "detail", "expires")
_UNTIL = f"entry.booked - (entry.booked % {QUARTER} + {QUARTER}) % {QUARTER} + {QUARTER}"
"""The end of the quarter of an hour in which an entry is booked; `%` keeps the sign, as it does in both databases."""
_TURNED_OVER = f"""INSERT INTO turnover (account, until, amount)
  SELECT posting.account, {_UNTIL}, sum(posting.amount) FROM {{new}} AS entry JOIN posting ON posting.entry = entry.seq
  WHERE {{which}} AND NOT entry.held GROUP BY 1, 2
  ON CONFLICT (account, until) DO UPDATE SET amount = turnover.amount + excluded.amount"""  # noqa: S608 - our own text
_KEPT = ("pair", "book", "account", "entry", "posting", "outcome", "dispute")
_SQLITE = tuple(
    f"CREATE TRIGGER {table}_{word} BEFORE {act} ON {table} BEGIN SELECT raise(ABORT, 'what the ledger holds is never {word}'); END"
    for table in _KEPT
    for act, word in (("UPDATE", "changed"), ("DELETE", "removed"))
)
_SQLITE_BINDS = {
    "posting_sealed": """CREATE TRIGGER posting_sealed BEFORE INSERT ON posting WHEN EXISTS (SELECT 1 FROM entry WHERE seq = NEW.entry)
BEGIN SELECT raise(ABORT, 'an entry gets no further lines'); END""",
    "entry_binds": """CREATE TRIGGER entry_binds AFTER INSERT ON entry
BEGIN
  SELECT raise(ABORT, 'an entry is written after its lines, and they sum to zero for each party and currency')
  WHERE (SELECT count(*) FROM posting WHERE posting.entry = NEW.seq) <> NEW.lines
     OR EXISTS (SELECT 1 FROM posting LEFT JOIN account ON account.id = posting.account WHERE posting.entry = NEW.seq
                GROUP BY account.book HAVING sum(posting.amount) <> 0 OR account.book IS NULL);
  """  # noqa: S608 - our own text
    + _TURNED_OVER.format(new="entry", which="entry.seq = NEW.seq")
    + "; END",
}
"""What other programs are held to.  A write of ours asks the same of all its entries at once."""
_POSTGRESQL = (
    """CREATE FUNCTION ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'what the ledger holds is never changed or removed' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    *(
        f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses()"
        for table in _KEPT
    ),
    # The bounds keep the search to the rows of this statement, however many there are in all.
    """CREATE FUNCTION ledger_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM entry WHERE seq BETWEEN (SELECT min(entry) FROM added) AND (SELECT max(entry) FROM added)
             AND seq IN (SELECT entry FROM added)) THEN
    RAISE EXCEPTION 'an entry gets no further lines' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER posting_sealed AFTER INSERT ON posting REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION ledger_sealed()""",
    # Of the rows of this statement the planner knows no number, and would run through all of them for each.
    """CREATE FUNCTION ledger_binds() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE least bigint; greatest bigint;
BEGIN
  SELECT min(seq), max(seq) INTO least, greatest FROM added;
  IF EXISTS (SELECT 1 FROM added LEFT JOIN (
               SELECT entry, count(*) AS there FROM posting WHERE entry BETWEEN least AND greatest GROUP BY entry
             ) AS counted ON counted.entry = added.seq
             WHERE there IS DISTINCT FROM lines)
     OR EXISTS (SELECT 1 FROM posting LEFT JOIN account ON account.id = posting.account
                WHERE entry BETWEEN least AND greatest AND entry IN (SELECT seq FROM added)
                GROUP BY entry, book HAVING sum(amount) <> 0 OR book IS NULL) THEN
    RAISE EXCEPTION 'an entry is written after its lines, and they sum to zero for each party and currency'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  """  # noqa: S608 - our own text
    + _TURNED_OVER.format(new="added", which="posting.entry BETWEEN least AND greatest")
    + "; RETURN NULL; END $$",
    """CREATE TRIGGER entry_binds AFTER INSERT ON entry REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION ledger_binds()""",
)


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: entries that are new, and those that were there already, word for word."""

    new: int
    known: int


@dataclass(slots=True)
class _Heads:
    """Rows to be inserted, value after value: entries that fill no optional column, and the others."""

    plain: list[object]
    full: list[object]


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody contests a line.  It changes no amount; if it is upheld, the correction is a reversal."""

    id: str
    entry: str
    by: str
    says: str
    recorded: int


class Ledger:
    """Every entry there is, in the order in which they were written.

    `url` is a database address as SQLAlchemy writes it: `sqlite:///money.db`, `sqlite://` (memory), `postgresql+psycopg://...`.
    Raises `Unavailable` when the database does not answer, is no ledger, or is one of another version.
    """

    def __init__(self, url: str) -> None:
        """Open the ledger; an empty database becomes one."""
        self.name = _shown(url)
        self._opened: dict[sa.Table, list[dict[str, object]]] = {pair: [], book: [], account: []}
        self._turned: dict[int, dict[int, int]] = {}
        self._pairs: dict[tuple[str, str], int]
        self._books: dict[tuple[str, str], int]
        self._accounts: dict[tuple[str, str], tuple[int, int]]
        self._names: dict[int, tuple[str, str]]
        self._numbers: dict[sa.Table, count[int]]
        self._forget()
        with self._translated():
            self._engine = sa.create_engine(url)
            try:
                self._open()
            except BaseException:
                self._engine.dispose()
                raise

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    def write(self, entries: Iterable[Entry]) -> Written:
        """Write all of them or none, in one transaction.

        An entry that is there already is passed over; raises `BadInput` with every finding if one has the id of another
        entry, does not balance, is malformed, or reverses what it cannot.
        """
        new = known = 0
        following = iter(entries)
        try:
            with self._translated(), self._writing() as db, _bound_at_once(db):
                self._learn(db)
                seq = 1 + max(
                    db.execute(sa.select(sa.func.coalesce(sa.func.max(column), -1))).scalar_one() for column in (entry.c.seq, posting.c.entry)
                )
                while batch := list(islice(following, BATCH)):
                    written = self._write(db, batch, seq)
                    seq += written
                    new, known = new + written, known + len(batch) - written
                self._keep_totals(db)
                _counted_anew(db, new, seq)
        except BaseException:
            self._forget()
            raise
        return Written(new, known)

    def post(self, hold: str, at: Instant) -> None:
        """A hold becomes final at an instant before it expires.  Doing it twice is doing it once."""
        self._settle_hold(hold, "posted", at)

    def void(self, hold: str, at: Instant) -> None:
        """A hold is given up at an instant before it expires.  Doing it twice is doing it once."""
        self._settle_hold(hold, "voided", at)

    def contest(self, contested: Dispute) -> None:
        """Record that a party to an entry contests it.  Raises `BadInput` if there is no such entry, or it is not theirs."""
        with self._translated(), self._writing() as db:
            both = sa.select(pair.c.payer, pair.c.payee).join(entry, entry.c.pair == pair.c.id)
            row = db.execute(both.where(entry.c.id == contested.entry)).first()
            if row is None or contested.by not in tuple(row):
                said = f"there is no entry `{contested.entry}`" if row is None else f"entry `{contested.entry}` is none of `{contested.by}`'s"
                fix = "name the line as the statement shows it, and one of its two parties"
                raise BadInput([Finding("DIB226", said, Mark(contested.id), fix)])
            there = db.execute(sa.select(dispute).where(dispute.c.id == contested.id)).first()
            if there is None:
                db.execute(dispute.insert(), msgspec.structs.asdict(contested))
            elif Dispute(**there._mapping) != contested:  # noqa: SLF001 - the public name of a row's mapping
                raise BadInput([_taken(contested.id)])

    def disputes(self, known: Instant = FOREVER) -> tuple[Dispute, ...]:
        """Every dispute recorded up to an instant, oldest first."""
        query = sa.select(dispute).where(dispute.c.recorded <= known).order_by(dispute.c.recorded, dispute.c.id)
        with self._translated(), self._engine.connect() as db:
            return tuple(Dispute(**row._mapping) for row in db.execute(query))  # noqa: SLF001

    def find(self, name: str, known: Instant = FOREVER) -> Entry | None:
        """The entry with this id, with its status as it was known at an instant."""
        with closing(self._read(entry.c.id == name, known)) as found:
            return next(found, None)

    def entries(self, known: Instant = FOREVER) -> Iterator[Entry]:
        """Every entry recorded up to an instant, in the order in which they were written."""
        return self._read(sa.true(), known)

    def between(self, one: str, other: str, start: Instant, end: Instant, known: Instant = FOREVER) -> tuple[Entry, ...]:
        """What stands on the statements of two parties over a period: entries booked in it, in order.

        An entry is booked in the last second of its period, or when it became known if that was later: so a statement
        that is closed stays as it is, and what is learned afterwards stands on a later one.
        """
        either = sa.or_(sa.and_(pair.c.payer == one, pair.c.payee == other), sa.and_(pair.c.payer == other, pair.c.payee == one))
        with self._translated(), self._engine.connect() as db:
            pairs = db.execute(sa.select(pair.c.id).where(either)).scalars().all()
        return tuple(self._read(sa.and_(entry.c.pair.in_(pairs), entry.c.booked >= start, entry.c.booked < end), known))

    def balances(
        self, *, valid: Instant = FOREVER, known: Instant = FOREVER, accounts: Sequence[str] = (), booked: Instant = FOREVER
    ) -> dict[tuple[str, str], int]:
        """(account, currency) -> what stands there, as of both times; accounts that come to nothing are left out.

        `valid` counts entries whose period is over by then (`valid_to` at most that instant), `known` those recorded by
        then, `booked` those on statements that end before.  Holds count when they have been posted, voided and expired ones never.
        """
        counted = sa.and_(entry.c.valid_to <= valid, entry.c.recorded <= known, entry.c.booked < booked)
        # What was booked before all three counts whole, and is summed already; from there on each entry is looked at.
        least = min(valid, known, booked)
        start = least - least % QUARTER
        final = sa.select(entry.c.seq).where(entry.c.pair.in_(sa.select(pair.c.id)), entry.c.booked >= start, counted, ~entry.c.held)
        posted = sa.select(entry.c.seq).join(outcome, outcome.c.entry == entry.c.id)
        posted = posted.where(counted, outcome.c.status == "posted", outcome.c.recorded <= known)
        return self._sums(
            accounts, (turnover, turnover.c.until <= start), (posting, posting.c.entry.in_(final)), (posting, posting.c.entry.in_(posted))
        )

    def held(self, at: Instant, accounts: Sequence[str] = ()) -> dict[tuple[str, str], int]:
        """(account, currency) -> what is on hold at an instant: neither posted nor voided by then, nor expired."""
        undecided = ~sa.exists().where(outcome.c.entry == entry.c.id, outcome.c.recorded <= at)
        alive = sa.or_(entry.c.expires.is_(None), entry.c.expires > at)
        pending = sa.select(entry.c.seq).where(_HELD, entry.c.recorded <= at, undecided, alive)
        return self._sums(accounts, (posting, posting.c.entry.in_(pending)))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every two parties that have something on a statement, each pair once, sorted."""
        with self._translated(), self._engine.connect() as db:
            rows = db.execute(sa.select(pair.c.payer, pair.c.payee).where(sa.exists().where(entry.c.pair == pair.c.id)))
            return tuple(sorted({(min(payer, payee), max(payer, payee)) for payer, payee in rows}))

    def span(self) -> tuple[Instant, Instant] | None:
        """The first and the last second in which something is booked."""
        first, last = (sa.select(bound(entry.c.booked)).where(entry.c.pair == pair.c.id).scalar_subquery() for bound in (sa.func.min, sa.func.max))
        with self._translated(), self._engine.connect() as db:
            seconds = [second for row in db.execute(sa.select(first, last).select_from(pair)) for second in row if second is not None]
        return (min(seconds), max(seconds)) if seconds else None

    def check(self) -> tuple[Finding, ...]:
        """Ask the database itself whether every entry is whole and balances, every reversal undoes what it names, and every total is right."""
        with self._translated(), self._engine.connect() as db:
            if db.dialect.name == "postgresql":
                db.execution_options(isolation_level="REPEATABLE READ")
            return (*self._unbalanced(db, None), *self._not_undone(db), *self._astray(db))

    # Writing.

    def _write(self, db: sa.Connection, batch: list[Entry], first: int) -> int:
        """Write those of a batch that are not there yet, from number `first` on; says how many.  Raises `BadInput` with everything that is wrong."""
        there = self._there(db, batch)
        beside: dict[str, Entry] = {}
        findings: list[Finding] = []
        heads = _Heads([], [])
        lines: list[object] = []
        seq = first
        for made in batch:
            name = made.id
            before = beside.get(name) or there.get(name)
            if before is None and self._append(made, seq, heads, lines):
                beside[name] = made
                seq += 1
            elif wrong := malformed(made):
                findings += wrong
            elif before != made:
                findings.append(_taken(name))
        findings += self._wrong_reversals(db, [made for made in beside.values() if made.reverses], beside)
        if findings:
            raise BadInput(findings)
        for table, opened in self._opened.items():
            if opened:
                db.execute(table.insert(), opened)
                opened.clear()
        if lines:
            # The lines go first: the entry binds them.
            _insert_rows(db, posting, posting.columns.keys(), lines)
            _insert_rows(db, entry, _REQUIRED, heads.plain)
            _insert_rows(db, entry, _REQUIRED + _OPTIONAL, heads.full)
            # PostgreSQL has counted them and added them up by now.
            if db.dialect.name == "sqlite" and (findings := self._unbalanced(db, first)):
                raise BadInput(findings)
        return seq - first

    def _there(self, db: sa.Connection, batch: list[Entry]) -> dict[str, Entry]:
        """Those of a batch that are in the ledger, as they were written."""
        names = [made.id for made in batch]
        if db.dialect.name == "sqlite":
            asked = db.exec_driver_sql("SELECT id FROM entry WHERE id IN (SELECT value FROM json_each(?))", (msgspec.json.encode(names).decode(),))
        else:
            asked = db.exec_driver_sql("SELECT id FROM entry WHERE id = ANY(%s)", (names,))
        return {kept.id: kept for found in _slices(list(asked.scalars())) for kept in self._read(entry.c.id.in_(found), None, db)}

    def _append(self, made: Entry, seq: int, heads: _Heads, lines: list[object]) -> bool:
        """Add the rows of an entry, value after value, unless something is wrong with it.

        This runs once for each line there is, so it only tells right from wrong; `malformed` says what is wrong.
        """
        from_, to, recorded = made.valid_from, made.valid_to, made.recorded
        if not (type(from_) is type(to) is type(recorded) is int and from_ < to):
            return False
        final = made.status == "posted"
        last = max(to, recorded) - 1
        totals = self._turned.setdefault(last - last % QUARTER + QUARTER, {}) if final else {}
        accounts = self._accounts
        least, most = -AMOUNT_MAX, AMOUNT_MAX
        sums: dict[int, int] = {}
        number = 0
        for line in made.postings:
            amount = line.amount
            known = accounts.get((line.account, line.currency))
            if known is None:
                if malformed(made):
                    return False
                known = self._open_account(line)
            if type(amount) is not int or not least <= amount <= most:
                return False
            where, of = known
            sums[of] = sums.get(of, 0) + amount
            totals[where] = totals.get(where, 0) + amount
            lines += (seq, number, where, amount)
            number += 1
        usual = final and made.id and number > 1 and made.expires is None and not any(sums.values())
        if not usual and malformed(made):
            return False
        required = (
            seq,
            made.id,
            made.kind,
            made.says,
            from_,
            to,
            recorded,
            made.clause,
            made.decision,
            self._pairs.get(made.counterparties) or self._open_pair(made.counterparties),
            0 if final else 1,
            number,
        )
        reverses, settles, detail, expires = made.reverses, made.settles, made.detail, made.expires
        if not reverses and not settles and detail is None and expires is None:
            heads.plain += required
        else:
            heads.full += required
            heads.full += (
                reverses,
                settles,
                "" if detail is None else msgspec.json.encode(detail).decode(),
                "" if expires is None else expires,
            )
        return True

    def _wrong_reversals(self, db: sa.Connection, made: list[Entry], beside: Mapping[str, Entry]) -> list[Finding]:
        """A reversal names an entry that is there, undoes it line by line, and is the only one to do so."""
        findings = []
        originals = dict(beside)
        taken: dict[str, str] = {}
        for names in _slices([reversal.reverses for reversal in made]):
            originals.update((kept.id, kept) for kept in self._read(entry.c.id.in_(names), FOREVER, db))
            taken.update((undone, by) for undone, by in db.execute(sa.select(entry.c.reverses, entry.c.id).where(entry.c.reverses.in_(names))))
        for reversal in made:
            original = originals.get(reversal.reverses)
            if original is None:
                said = f"entry `{reversal.id}` reverses `{reversal.reverses}`, which is not in the ledger"
            elif reversal.reverses in taken:
                said = f"entry `{reversal.id}` reverses `{reversal.reverses}`, which `{taken[reversal.reverses]}` reversed already"
            elif original.status == "pending" or reversal.status == "pending":
                said = f"entry `{reversal.id}` reverses `{reversal.reverses}`, and a hold is voided, not reversed"
            elif _lines(reversal.postings, 1) != _lines(original.postings, -1):
                said = f"entry `{reversal.id}` does not undo `{reversal.reverses}` line by line"
            else:
                taken[reversal.reverses] = reversal.id
                continue
            findings.append(
                Finding("DIB222", said, Mark(reversal.id), "negate each line of the entry that is wrong, once, and enter the right one anew")
            )
        return findings

    def _keep_totals(self, db: sa.Connection) -> None:
        """Add to the totals what a write has turned over, which PostgreSQL does by itself."""
        rows: list[object] = []
        for until, totals in self._turned.items():
            for number, amount in totals.items():
                if not -TURNED_MAX <= amount <= TURNED_MAX:
                    path, currency = self._names[number]
                    said = f"`{path}` would turn over more than {TURNED_MAX:,} minor units of {currency} in a quarter of an hour"
                    raise BadInput([Finding("DIB223", said, Mark(path), "check the amounts; no agreement names so much")])
                rows += (number, until, amount)
        self._turned.clear()
        if rows and db.dialect.name == "sqlite":
            _insert_rows(db, turnover, turnover.columns.keys(), rows, " ON CONFLICT (account, until) DO UPDATE SET amount = amount + excluded.amount")

    def _open_account(self, line: Posting) -> tuple[int, int]:
        """Give a number to an account that has none, and to its book."""
        key = line.party, line.currency
        of = self._books.get(key)
        if of is None:
            of = self._books[key] = next(self._numbers[book])
            self._opened[book].append({"id": of, "party": line.party, "currency": line.currency})
        number = next(self._numbers[account])
        self._names[number] = line.account, line.currency
        self._accounts[line.account, line.currency] = number, of
        self._opened[account].append({"id": number, "path": line.account, "book": of})
        return number, of

    def _open_pair(self, parties: tuple[str, str]) -> int:
        """Give a number to two counterparties that have none."""
        number = self._pairs[parties] = next(self._numbers[pair])
        self._opened[pair].append({"id": number, "payer": parties[0], "payee": parties[1]})
        return number

    def _learn(self, db: sa.Connection) -> None:
        """Learn the numbers that other writers have given since: they only ever grow."""
        counted = [db.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in (pair, book, account)]
        if counted == [len(self._pairs), len(self._books), len(self._names)]:
            return
        self._pairs = {(payer, payee): number for number, payer, payee in db.execute(sa.select(pair))}
        self._books = {(party, currency): number for number, party, currency in db.execute(sa.select(book))}
        rows = db.execute(sa.select(account.c.id, account.c.path, book.c.currency, book.c.id).join(book, book.c.id == account.c.book)).all()
        self._names = {number: (path, currency) for number, path, currency, _ in rows}
        self._accounts = {(path, currency): (number, of) for number, path, currency, of in rows}
        taken = {pair: self._pairs.values(), book: self._books.values(), account: self._names}
        self._numbers = {table: count(max(numbers, default=0) + 1) for table, numbers in taken.items()}

    def _forget(self) -> None:
        """Numbers that a failed transaction gave are not there."""
        self._turned.clear()
        for opened in self._opened.values():
            opened.clear()
        self._pairs, self._books, self._accounts, self._names = {}, {}, {}, {}
        self._numbers = {table: count(1) for table in self._opened}

    def _settle_hold(self, hold: str, status: str, at: Instant) -> None:
        with self._translated(), self._writing() as db:
            row = db.execute(sa.select(entry.c.held, entry.c.expires, entry.c.recorded).where(entry.c.id == hold)).first()
            before = db.execute(sa.select(outcome.c.status).where(outcome.c.entry == hold)).scalar_one_or_none()
            if before == status:
                return
            if row is None or not row.held:
                said = f"there is no hold `{hold}`"
            elif before is not None:
                said = f"hold `{hold}` was {before} already"
            elif row.expires is not None and at >= row.expires:
                said = f"hold `{hold}` expired at {iso(row.expires)}"
            elif at < row.recorded:
                said = f"hold `{hold}` was not there before {iso(row.recorded)}"
            else:
                db.execute(outcome.insert(), {"entry": hold, "status": status, "recorded": at})
                return
            raise BadInput([Finding("DIB225", f"{said}, and cannot be {status}", Mark(hold), "enter what is owed as an entry of its own")])

    # Reading.

    def _read(self, which: sa.ColumnElement[bool], known: Instant | None, db: sa.Connection | None = None) -> Generator[Entry, None, None]:
        """Entries with their lines, in order, as known at an instant or (None) as they were written.

        Two streams over the same order are walked side by side.
        """
        chosen = which if known is None else sa.and_(which, entry.c.recorded <= known)
        heads = sa.select(entry, pair.c.payer, pair.c.payee, outcome.c.status.label("status"), outcome.c.recorded.label("decided"))
        heads = heads.join(pair, pair.c.id == entry.c.pair).outerjoin(outcome, outcome.c.entry == entry.c.id)
        heads = heads.where(chosen).order_by(entry.c.seq)
        lines = sa.select(posting.c.account, posting.c.amount)
        lines = lines.join(entry, entry.c.seq == posting.c.entry).where(chosen).order_by(posting.c.entry, posting.c.line)
        with self._translated(), ExitStack() as opened:
            asked = db if db is not None else opened.enter_context(self._engine.connect())
            if asked.dialect.name == "postgresql":
                asked = asked.execution_options(isolation_level="REPEATABLE READ") if db is None else asked
                # Every row is wanted: a plan for the first few of them would go through the whole ledger in its order.
                asked.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")
            # Both are read as they come, and let go with this generator wherever it is left.
            following = opened.enter_context(closing(asked.execute(lines, execution_options={"yield_per": 20_000})))
            rows = opened.enter_context(closing(asked.execute(heads, execution_options={"yield_per": 5_000})))
            for row in rows:
                yield Entry(
                    id=row.id,
                    kind=row.kind,
                    says=row.says,
                    valid_from=row.valid_from,
                    valid_to=row.valid_to,
                    recorded=row.recorded,
                    clause=row.clause,
                    decision=row.decision,
                    postings=tuple(
                        Posting(account=path, amount=amount, currency=currency)
                        for number, amount in islice(following, row.lines)
                        for path, currency in (self._name(asked, number),)
                    ),
                    reverses=row.reverses or "",
                    settles=row.settles or "",
                    detail=None if row.detail is None else msgspec.json.decode(row.detail, type=Detail),
                    status=_status(row, known),
                    expires=row.expires,
                    counterparties=(row.payer, row.payee),
                )

    def _name(self, db: sa.Connection, number: int) -> tuple[str, str]:
        """Path and currency of the account with this number, which another writer may have opened."""
        if number not in self._names:
            self._learn(db)
        return self._names[number]

    def _sums(self, accounts: Sequence[str], *parts: tuple[sa.Table, sa.ColumnElement[bool]]) -> dict[tuple[str, str], int]:
        """(account, currency) -> the sum over those rows of several tables that are chosen; nothing where it is zero."""
        queries = [sa.select(table.c.account, table.c.amount).where(which) for table, which in parts]
        if accounts:
            asked = sa.select(account.c.id).where(account.c.path.in_(accounts))
            queries = [query.where(table.c.account.in_(asked)) for query, (table, _) in zip(queries, parts, strict=True)]
        found = sa.union_all(*queries).subquery()
        total = sa.func.sum(found.c.amount)
        sums = sa.select(found.c.account, total.label("total")).group_by(found.c.account).having(total != 0).subquery()
        named = sa.select(account.c.path, book.c.currency, sums.c.total).select_from(sums.join(account, account.c.id == sums.c.account))
        named = named.join(book, book.c.id == account.c.book).order_by(account.c.path, book.c.currency)
        with self._translated(), self._engine.connect() as db:
            return {(path, currency): int(amount) for path, currency, amount in db.execute(named)}

    def _unbalanced(self, db: sa.Connection, first: int | None) -> list[Finding]:
        """Entries, from number `first` on or all, that lack lines or do not sum to zero, as the database adds them up."""
        added = sa.true() if first is None else posting.c.entry >= first
        lines = posting.outerjoin(account, account.c.id == posting.c.account)
        off = sa.select(posting.c.entry).select_from(lines).where(added).group_by(posting.c.entry, account.c.book)
        off = off.having(sa.or_(sa.func.sum(posting.c.amount) != 0, account.c.book.is_(None)))
        counted = sa.select(sa.func.count()).select_from(posting).where(posting.c.entry == entry.c.seq).scalar_subquery()
        short = sa.select(entry.c.seq).where(sa.true() if first is None else entry.c.seq >= first, entry.c.lines != counted)
        wrong = sorted({*db.execute(off).scalars(), *db.execute(short).scalars()})
        return [_unbalanced(name) for seqs in _slices(wrong) for name in db.execute(sa.select(entry.c.id).where(entry.c.seq.in_(seqs))).scalars()]

    def _not_undone(self, db: sa.Connection) -> list[Finding]:
        """Reversals that, together with what they name, leave something on an account."""
        undone = entry.alias("undone")
        reversal = sa.select(undone.c.seq.label("undone"), entry.c.seq.label("seq"), entry.c.id.label("id"))
        pairs = reversal.join(undone, undone.c.id == entry.c.reverses).where(entry.c.reverses.is_not(None)).subquery()
        off = sa.select(pairs.c.id).select_from(pairs.join(posting, sa.or_(posting.c.entry == pairs.c.undone, posting.c.entry == pairs.c.seq)))
        off = off.group_by(pairs.c.seq, pairs.c.id, posting.c.account).having(sa.func.sum(posting.c.amount) != 0).distinct()
        return [Finding("DIB222", f"entry `{name}` does not undo what it reverses", Mark(name), _RESTORE) for name in db.execute(off).scalars()]

    def _astray(self, db: sa.Connection) -> list[Finding]:
        """Lines that no entry binds, and accounts whose kept totals are not what their lines come to."""
        findings = []
        bound, there = (db.execute(sa.select(query)).scalar_one() for query in (sa.func.coalesce(sa.func.sum(entry.c.lines), 0), _ALL_LINES))
        if bound != there:
            loose = sa.select(posting.c.entry).distinct().where(~sa.exists().where(entry.c.seq == posting.c.entry)).order_by(posting.c.entry)
            said = "there are lines for an entry number {}, and no such entry"
            findings += [Finding("DIB227", said.format(seq), Mark(str(seq)), _RESTORE) for seq in db.execute(loose).scalars()]
        until: sa.ColumnElement[int] = sa.literal_column(_UNTIL)
        summed = sa.select(posting.c.account, until.label("until"), posting.c.amount.label("amount"))
        summed = summed.join(entry, entry.c.seq == posting.c.entry).where(~entry.c.held)
        kept = sa.select(turnover.c.account, turnover.c.until, -turnover.c.amount)
        both = sa.union_all(summed, kept).subquery()
        off = sa.select(both.c.account).group_by(both.c.account, both.c.until).having(sa.func.sum(both.c.amount) != 0)
        if wrong := sorted(set(db.execute(off).scalars())):
            self._learn(db)
        named = self._names
        for number in wrong:
            path, currency = named.get(number, (f"account number {number}", "any currency"))
            said = f"the total kept for `{path}` in {currency} is not what its lines come to"
            findings.append(Finding("DIB227", said, Mark(path), _RESTORE))
        return findings

    # The database.

    def _open(self) -> None:
        """Check what kind of database it is, make it a ledger if it is empty, and learn its accounts."""
        kind = self._engine.dialect.name
        if kind not in {"sqlite", "postgresql"}:
            raise Unavailable(f"a ledger lies on SQLite or PostgreSQL, not on {kind}", code="DIB230", retry=False)
        if kind == "sqlite":
            sa.event.listen(self._engine, "connect", _sqlite_connected)
            sa.event.listen(self._engine, "begin", _sqlite_begins)
        with self._writing() as db:
            self._prepare(db)
            self._learn(db)

    def _prepare(self, db: sa.Connection) -> None:
        """Make the schema in an empty database; check the version of one that is there."""
        names = sa.inspect(db).get_table_names()
        if "meta" in names and {"entry", "posting"} <= set(names):
            version = db.execute(sa.select(meta.c.value).where(meta.c.name == "ledger")).scalar_one_or_none()
            if version == str(SCHEMA_VERSION):
                return
            message = (
                f"`{self.name}` is a ledger of version {version}, and this dibs writes version {SCHEMA_VERSION}: "
                "use the dibs that wrote it, or settle its runs again into an empty database"
            )
            raise Unavailable(message, code="DIB231", retry=False)
        if names:
            raise Unavailable(f"`{self.name}` holds other tables and no ledger: name an empty database", code="DIB231", retry=False)
        metadata.create_all(db)
        for statement in (*_SQLITE, *_SQLITE_BINDS.values()) if db.dialect.name == "sqlite" else _POSTGRESQL:
            db.exec_driver_sql(statement.replace("%", "%%") if db.dialect.name == "postgresql" else statement)
        db.execute(meta.insert(), {"name": "ledger", "value": str(SCHEMA_VERSION)})

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """One writer at a time: a transaction that holds the ledger until it commits."""
        with self._engine.connect().execution_options(dibs_writes=True) as db, db.begin():
            if db.dialect.name == "postgresql":
                db.execute(sa.text("SELECT pg_advisory_xact_lock(1684628083)"))
            yield db

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """No error of the database's gets past here."""
        try:
            yield
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            message = f"`{self.name}` is no database address: write `sqlite:///money.db` or `postgresql+psycopg://user@host/name`"
            raise Unavailable(message, code="DIB230", retry=False) from error
        except SQLAlchemyError as error:
            cause = str(error.orig).strip().splitlines()[0] if isinstance(error, DBAPIError) and error.orig else type(error).__name__
            again = isinstance(error, DBAPIError) and (error.connection_invalidated or "locked" in cause)
            message = (
                f"`{self.name}` cannot be read or written ({cause}): check the address, the disk and the rights to it; nothing was kept of this act"
            )
            raise Unavailable(message, code="DIB230", retry=again) from error


_ALL_LINES = sa.select(sa.func.count()).select_from(posting).scalar_subquery()
_RESTORE = "restore the ledger from a copy; see how-to/recover"


def reversal_of(original: Entry, *, name: str, recorded: Instant, says: str, decision: str) -> Entry:
    """The entry that undoes another one, line by line, about the same period."""
    return Entry(
        id=name,
        kind="reversal",
        says=says,
        valid_from=original.valid_from,
        valid_to=original.valid_to,
        recorded=recorded,
        clause=original.clause,
        decision=decision,
        postings=tuple(Posting(account=line.account, amount=-line.amount, currency=line.currency) for line in original.postings),
        reverses=original.id,
        counterparties=original.counterparties,
    )


def malformed(made: Entry) -> list[Finding]:
    """What is wrong with an entry by itself."""
    where = Mark(made.id)
    if not made.id:
        return [Finding("DIB224", "an entry has no id", where, "make its id from what it is about")]
    findings = []
    sums: dict[tuple[str, str], int] = {}
    for line in made.postings:
        amount, currency = line.amount, line.currency
        party, _, rest = line.account.partition(":")
        if type(amount) is not int or not -AMOUNT_MAX <= amount <= AMOUNT_MAX:
            said = f"`{amount}` in entry `{made.id}` is not a whole number of minor units up to {AMOUNT_MAX:,}"
            findings.append(Finding("DIB223", said, where, "write whole cents; no fraction and no float is ever stored"))
            continue
        if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
            said = f"`{currency}` in entry `{made.id}` is no currency"
            findings.append(Finding("DIB224", said, where, "write three capital letters, like `USD`"))
        if not party or not rest or rest[0] == ":" or rest[-1] == ":" or "::" in rest:
            said = f"`{line.account}` in entry `{made.id}` is no account"
            findings.append(Finding("DIB224", said, where, "write whose it is and what it is for, like `aster:payable:borealis`"))
        sums[party, currency] = sums.get((party, currency), 0) + amount
    expires = made.expires
    if type(made.valid_from) is not int or type(made.valid_to) is not int or type(made.recorded) is not int or made.valid_to <= made.valid_from:
        said = f"the period of entry `{made.id}` does not end after it begins"
        findings.append(Finding("DIB224", said, where, "write its first second and the first after it, in whole seconds"))
    elif made.status not in {"posted", "pending"} or (expires is not None and (made.status == "posted" or expires <= made.recorded)):
        said = f"entry `{made.id}` is written as {made.status}{'' if expires is None else ' with an end'}"
        findings.append(Finding("DIB224", said, where, "write it as posted, or as a hold (pending) that expires after it was recorded"))
    if not findings and (len(made.postings) < 2 or any(sums.values())):
        findings.append(_unbalanced(made.id))
    return findings


def _unbalanced(name: str) -> Finding:
    return Finding(
        "DIB220", f"entry `{name}` does not sum to zero for each party and currency", Mark(name), "give each debit its credit in the same book"
    )


def _taken(name: str) -> Finding:
    said = f"there is another entry `{name}`, and it says something else"
    return Finding("DIB221", said, Mark(name), "give the new one its own id; to correct the old one, reverse it")


def _counted_anew(db: sa.Connection, new: int, there: int) -> None:
    """After a write that was half of all there is or more, tell PostgreSQL how much that is now.

    It does so by itself, but minutes later; till then it reads the whole ledger for a month of it.
    """
    if db.dialect.name == "postgresql" and new >= BATCH and new * 2 >= there:
        db.exec_driver_sql(f"ANALYZE {', '.join((*_KEPT, turnover.name))}")


@contextmanager
def _bound_at_once(db: sa.Connection) -> Iterator[None]:
    """Put aside, on SQLite and until this transaction ends, what asks row by row; whoever writes meanwhile asks for all rows at once.

    Nobody else sees the database without them: they are back before it commits, and if it does not commit they never went.
    """
    if db.dialect.name != "sqlite":
        yield
        return
    for name in _SQLITE_BINDS:
        db.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
    yield
    for statement in _SQLITE_BINDS.values():
        db.exec_driver_sql(statement)


def _insert_rows(db: sa.Connection, table: sa.Table, names: Sequence[str], values: list[object], otherwise: str = "") -> None:
    """Insert rows that are given value after value, in the order of the named columns, the quickest way each database has.

    Where a column may hold nothing, nothing is given as an empty text, and a truth as 0 or 1: SQLite's driver searches
    for an adapter each time it meets None or a bool, which costs more than the rest of the row.
    """
    if not values:
        return
    width = len(names)
    columns = ", ".join(names)
    if db.dialect.driver == "psycopg":
        empty = [number for number, name in enumerate(names) if table.c[name].nullable]
        _copy(db, f"COPY {table.name} ({columns}) FROM STDIN", map(list, zip(*[iter(values)] * width, strict=True)), empty)
        return
    mark = "?" if db.dialect.name == "sqlite" else "%s"
    row = ", ".join(f"NULLIF({mark}, '')" if table.c[name].nullable else mark for name in names)
    size = ROWS * width
    parts = [tuple(values[start : start + size]) for start in range(0, len(values), size)]
    rest = [parts.pop()] if len(parts[-1]) < size else []
    for same in (parts, rest):
        if same:
            many = ", ".join([f"({row})"] * (len(same[0]) // width))
            db.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES {many}{otherwise}", same)  # noqa: S608 - our own names


def _copy(db: sa.Connection, statement: str, rows: Iterable[list[object]], empty: Sequence[int]) -> None:
    """Stream rows into PostgreSQL; what goes wrong is raised as SQLAlchemy raises it."""
    driver: Any = db.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copying:
            for row in rows:
                for number in empty:
                    if row[number] == "":
                        row[number] = None
                copying.write_row(row)
    except db.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(statement, None, error) from error


def _lines(postings: Iterable[Posting], sign: int) -> list[tuple[str, str, int]]:
    return sorted((line.account, line.currency, sign * line.amount) for line in postings)


def _final(known: Instant) -> sa.ColumnElement[bool]:
    """Whether an entry counts: written as final, or a hold that was posted by then."""
    posted = sa.exists().where(outcome.c.entry == entry.c.id, outcome.c.status == "posted", outcome.c.recorded <= known)
    return sa.or_(~entry.c.held, posted)


def _status(row: Any, known: Instant | None) -> Any:
    """What has become of an entry by an instant; None: before anything became of it."""
    if known is None or not row.held:
        return "pending" if row.held else "posted"
    if row.status is not None and row.decided <= known:
        return row.status
    return "expired" if row.expires is not None and row.expires <= known < FOREVER else "pending"


def _slices(values: list[Any]) -> Iterator[list[Any]]:
    following = iter(values)
    while part := list(islice(following, ASKED_MAX)):
        yield part


def _shown(url: str) -> str:
    """An address without its password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url


def _sqlite_connected(connection: Any, _: object) -> None:
    """Full durability and foreign keys; the driver leaves transactions to us."""
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "fullfsync = ON", "foreign_keys = ON", "cache_size = -65536", "busy_timeout = 5000"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begins(connection: sa.Connection) -> None:
    """A writer takes its lock at once, since a transaction that reads first may be refused it later; a reader takes none."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("dibs_writes") else "BEGIN")
