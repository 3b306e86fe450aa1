"""The ledger on SQL: what is written stays, balances to the minor unit, and is corrected only by its reversal.

One code for SQLite and PostgreSQL.  Amounts are whole minor units with a currency.  Every entry carries two times: the
period it is about (valid) and when it was known (recorded), so that a balance can be asked for as of both.

That an entry sums to zero for each party and currency is checked three times: in Python before anything is written, by
SQL over what was written before the transaction commits, and on PostgreSQL by a deferred constraint trigger that binds
every other program too.  An entry says how many lines it has, so that none can be added later.
"""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from dibs.errors import BadInput, Finding, Mark, Unavailable
from dibs.quantities import iso
from dibs.settle.postings import Detail, Entry, Posting
from dibs.settle.statement import booked

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from dibs.quantities import Instant

SCHEMA_VERSION: Final = 1
AMOUNT_MAX: Final = 10**17
"""Minor units in one posting (bound is in): a hundred times what an agreement may name, and far from where 64 bits end."""
BATCH: Final = 5_000
"""Entries that are written with one round of statements."""
ASKED_MAX: Final = 500
"""Values in one `IN (...)`."""
FOREVER: Final = 2**62
"""An instant after all others."""

metadata = sa.MetaData()
meta = sa.Table("meta", metadata, sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False))
account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("path", sa.Text, nullable=False, unique=True),
    sa.Column("party", sa.Text, nullable=False),
)
entry = sa.Table(
    "entry",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("says", sa.Text, nullable=False),
    sa.Column("valid_from", sa.BigInteger, nullable=False),
    sa.Column("valid_to", sa.BigInteger, nullable=False),
    sa.Column("recorded", sa.BigInteger, nullable=False),
    sa.Column("booked", sa.BigInteger, nullable=False),
    sa.Column("clause", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("payer", sa.Text, nullable=False),
    sa.Column("payee", sa.Text, nullable=False),
    sa.Column("reverses", sa.Text, sa.ForeignKey("entry.id"), unique=True),
    sa.Column("settles", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("held", sa.Boolean(create_constraint=True), nullable=False),
    sa.Column("expires", sa.BigInteger),
    sa.Column("lines", sa.Integer, nullable=False),
    sa.Column("digest", sa.LargeBinary(16), nullable=False),
    sa.CheckConstraint("valid_to > valid_from"),
    sa.CheckConstraint("lines > 1"),
    sa.CheckConstraint("held OR expires IS NULL"),
)
sa.Index("entry_by_counterparties", entry.c.payer, entry.c.payee, entry.c.booked)
posting = sa.Table(
    "posting",
    metadata,
    sa.Column("entry", sa.BigInteger, sa.ForeignKey("entry.seq"), primary_key=True, autoincrement=False),
    sa.Column("line", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("account", sa.Integer, sa.ForeignKey("account.id"), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.CheckConstraint("line >= 0"),
    sa.CheckConstraint(f"amount BETWEEN -{AMOUNT_MAX} AND {AMOUNT_MAX}"),
    sa.CheckConstraint("length(currency) = 3"),
    # A column of SQLite's takes any kind of value unless it is told otherwise.
    sa.CheckConstraint("typeof(amount) = 'integer'").ddl_if(dialect="sqlite"),
    sqlite_with_rowid=False,
)
sa.Index("posting_by_account", posting.c.account, posting.c.entry)
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

_KEPT = ("account", "entry", "posting", "outcome", "dispute")
_SQLITE = (
    *(
        f"CREATE TRIGGER {table}_{word} BEFORE {act} ON {table} BEGIN SELECT raise(ABORT, 'what the ledger holds is never {word}'); END"
        for table in _KEPT
        for act, word in (("UPDATE", "changed"), ("DELETE", "removed"))
    ),
    """CREATE TRIGGER posting_sealed BEFORE INSERT ON posting WHEN NEW.line >= (SELECT lines FROM entry WHERE seq = NEW.entry)
BEGIN SELECT raise(ABORT, 'an entry gets no further lines'); END""",
)
_POSTGRESQL = (
    """CREATE FUNCTION ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'what the ledger holds is never changed or removed' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    *(
        f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses()"
        for table in _KEPT
    ),
    """CREATE FUNCTION ledger_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM posting WHERE posting.entry = NEW.seq AND line < NEW.lines) <> NEW.lines
     OR EXISTS (SELECT 1 FROM posting JOIN account ON account.id = posting.account WHERE posting.entry = NEW.seq
                GROUP BY party, currency HAVING sum(amount) <> 0) THEN
    RAISE EXCEPTION 'entry % does not balance', NEW.id USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$""",
    """CREATE CONSTRAINT TRIGGER entry_balances AFTER INSERT ON entry DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION ledger_balances()""",
    """CREATE FUNCTION ledger_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM added JOIN entry ON entry.seq = added.entry WHERE added.line >= entry.lines) THEN
    RAISE EXCEPTION 'an entry gets no further lines' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER posting_sealed AFTER INSERT ON posting REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION ledger_sealed()""",
)


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: entries that are new, and those that were there already, word for word."""

    new: int
    known: int


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
            with self._translated(), self._writing() as db:
                seq = db.execute(sa.select(sa.func.coalesce(sa.func.max(entry.c.seq), -1))).scalar_one() + 1
                while batch := list(islice(following, BATCH)):
                    fresh, again = self._fresh(db, batch)
                    self._insert(db, fresh, seq)
                    seq += len(fresh)
                    new, known = new + len(fresh), known + again
        except BaseException:
            self._forget_accounts()
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
            row = db.execute(sa.select(entry.c.payer, entry.c.payee).where(entry.c.id == contested.entry)).first()
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
        pair = sa.or_(
            sa.and_(entry.c.payer == one, entry.c.payee == other),
            sa.and_(entry.c.payer == other, entry.c.payee == one),
        )
        return tuple(self._read(sa.and_(pair, entry.c.booked >= start, entry.c.booked < end), known))

    def balances(
        self, *, valid: Instant = FOREVER, known: Instant = FOREVER, accounts: Sequence[str] = (), booked: Instant = FOREVER
    ) -> dict[tuple[str, str], int]:
        """(account, currency) -> what stands there, as of both times; accounts that come to nothing are left out.

        `valid` counts entries whose period is over by then (`valid_to` at most that instant), `known` those recorded by
        then, `booked` those on statements that end before.  Holds count when they have been posted, voided and expired ones never.
        """
        counted = sa.and_(entry.c.valid_to <= valid, entry.c.recorded <= known, entry.c.booked < booked)
        return self._sums(sa.and_(counted, _final(known)), accounts)

    def held(self, at: Instant, accounts: Sequence[str] = ()) -> dict[tuple[str, str], int]:
        """(account, currency) -> what is on hold at an instant: neither posted nor voided by then, nor expired."""
        undecided = ~sa.exists().where(outcome.c.entry == entry.c.id, outcome.c.recorded <= at)
        alive = sa.or_(entry.c.expires.is_(None), entry.c.expires > at)
        return self._sums(sa.and_(entry.c.held, entry.c.recorded <= at, undecided, alive), accounts)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every two parties that have something on a statement, each pair once, sorted."""
        with self._translated(), self._engine.connect() as db:
            rows = db.execute(sa.select(entry.c.payer, entry.c.payee).distinct())
            return tuple(sorted({(min(payer, payee), max(payer, payee)) for payer, payee in rows}))

    def span(self) -> tuple[Instant, Instant] | None:
        """The first and the last second in which something is booked."""
        with self._translated(), self._engine.connect() as db:
            first, last = db.execute(sa.select(sa.func.min(entry.c.booked), sa.func.max(entry.c.booked))).one()
        return None if first is None else (first, last)

    def check(self) -> tuple[Finding, ...]:
        """Ask the database itself whether every entry is whole and balances, and every reversal undoes what it names."""
        with self._translated(), self._engine.connect() as db:
            return (*self._unbalanced(db, 0), *self._not_undone(db))

    # Writing.

    def _fresh(self, db: sa.Connection, batch: list[Entry]) -> tuple[list[tuple[Entry, bytes]], int]:
        """Those of a batch that are not there yet, with their digests; raises `BadInput` with everything that is wrong."""
        findings: list[Finding] = []
        wanted: dict[str, tuple[Entry, bytes]] = {}
        for made in batch:
            wrong = malformed(made)
            findings += wrong
            if wrong:
                continue
            print_ = _digest(made)
            if made.id not in wanted:
                wanted[made.id] = made, print_
            elif wanted[made.id][1] != print_:
                findings.append(_taken(made.id))
        there: dict[str, bytes] = {}
        for ids in _slices(list(wanted)):
            there.update((name, bytes(kept)) for name, kept in db.execute(sa.select(entry.c.id, entry.c.digest).where(entry.c.id.in_(ids))))
        findings += [_taken(name) for name, kept in there.items() if kept != wanted[name][1]]
        fresh = [pair for name, pair in wanted.items() if name not in there]
        findings += self._wrong_reversals(db, [made for made, _ in fresh if made.reverses], wanted)
        if findings:
            raise BadInput(findings)
        return fresh, len(batch) - len(fresh)

    def _wrong_reversals(self, db: sa.Connection, made: list[Entry], beside: Mapping[str, tuple[Entry, bytes]]) -> list[Finding]:
        """A reversal names an entry that is there, undoes it line by line, and is the only one to do so."""
        findings = []
        originals = {name: kept for name, (kept, _) in beside.items()}
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

    def _insert(self, db: sa.Connection, fresh: list[tuple[Entry, bytes]], first: int) -> None:
        """Write a batch, and have the database add it up."""
        if not fresh:
            return
        self._open_accounts(db, (line.account for made, _ in fresh for line in made.postings))
        numbers = self._accounts
        _insert_rows(
            db,
            entry,
            [
                (
                    seq,
                    made.id,
                    made.kind,
                    made.says,
                    made.valid_from,
                    made.valid_to,
                    made.recorded,
                    booked(made),
                    made.clause,
                    made.decision,
                    *made.counterparties,
                    made.reverses or None,
                    made.settles or None,
                    None if made.detail is None else msgspec.json.encode(made.detail).decode(),
                    made.status == "pending",
                    made.expires,
                    len(made.postings),
                    kept,
                )
                for seq, (made, kept) in enumerate(fresh, first)
            ],
        )
        _insert_rows(
            db,
            posting,
            [
                (seq, number, numbers[line.account], line.amount, line.currency)
                for seq, (made, _) in enumerate(fresh, first)
                for number, line in enumerate(made.postings)
            ],
        )
        if findings := self._unbalanced(db, first):
            raise BadInput(findings)

    def _open_accounts(self, db: sa.Connection, paths: Iterable[str]) -> None:
        """Give a number to every account that has none."""
        missing = sorted(set(paths) - self._accounts.keys())
        if not missing:
            return
        # Another writer may have opened accounts since: what is there is asked for again under this transaction's lock.
        there = _numbers(db)
        self._accounts.update(there)
        following = max(there.values(), default=0) + 1
        rows = [
            {"id": number, "path": path, "party": path.partition(":")[0]}
            for number, path in enumerate((p for p in missing if p not in there), following)
        ]
        if rows:
            db.execute(account.insert(), rows)
        self._accounts.update((row["path"], row["id"]) for row in rows)  # type: ignore[misc]
        self._paths = {number: path for path, number in self._accounts.items()}

    def _forget_accounts(self) -> None:
        """Accounts that a failed transaction opened are not there."""
        with self._translated(), self._engine.connect() as db:
            self._accounts = _numbers(db)
        self._paths = {number: path for path, number in self._accounts.items()}

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

    def _read(self, which: sa.ColumnElement[bool], known: Instant, db: sa.Connection | None = None) -> Generator[Entry, None, None]:
        """Entries with their lines, in order.  Two streams over the same order are walked side by side."""
        chosen = sa.and_(which, entry.c.recorded <= known)
        heads = sa.select(entry, outcome.c.status.label("status"), outcome.c.recorded.label("decided"))
        heads = heads.outerjoin(outcome, outcome.c.entry == entry.c.id).where(chosen).order_by(entry.c.seq)
        lines = sa.select(posting.c.entry, posting.c.account, posting.c.amount, posting.c.currency)
        lines = lines.join(entry, entry.c.seq == posting.c.entry).where(chosen).order_by(posting.c.entry, posting.c.line)
        with self._translated(), ExitStack() as opened:
            asked = db if db is not None else opened.enter_context(self._engine.connect())
            if db is None and asked.dialect.name == "postgresql":
                asked = asked.execution_options(isolation_level="REPEATABLE READ")
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
                        Posting(account=self._path(asked, number), amount=amount, currency=currency)
                        for _, number, amount, currency in islice(following, row.lines)
                    ),
                    reverses=row.reverses or "",
                    settles=row.settles or "",
                    detail=None if row.detail is None else msgspec.json.decode(row.detail, type=Detail),
                    status=_status(row, known),
                    expires=row.expires,
                    counterparties=(row.payer, row.payee),
                )

    def _path(self, db: sa.Connection, number: int) -> str:
        """The account with this number, which another writer may have opened."""
        if number not in self._paths:
            self._paths = {other: path for path, other in _numbers(db).items()}
        return self._paths[number]

    def _sums(self, which: sa.ColumnElement[bool], accounts: Sequence[str]) -> dict[tuple[str, str], int]:
        total = sa.func.sum(posting.c.amount)
        query = sa.select(account.c.path, posting.c.currency, total)
        query = query.select_from(posting.join(entry, entry.c.seq == posting.c.entry).join(account, account.c.id == posting.c.account))
        query = query.where(which).group_by(account.c.path, posting.c.currency).having(total != 0).order_by(account.c.path, posting.c.currency)
        if accounts:
            query = query.where(account.c.path.in_(accounts))
        with self._translated(), self._engine.connect() as db:
            return {(path, currency): int(amount) for path, currency, amount in db.execute(query)}

    def _unbalanced(self, db: sa.Connection, first: int) -> list[Finding]:
        """Entries from number `first` on that lack lines or do not sum to zero, as the database adds them up."""
        joined = posting.join(account, account.c.id == posting.c.account)
        off = sa.select(posting.c.entry).select_from(joined).where(posting.c.entry >= first)
        off = off.group_by(posting.c.entry, account.c.party, posting.c.currency).having(sa.func.sum(posting.c.amount) != 0)
        counted = sa.select(posting.c.entry, sa.func.count().label("lines")).where(posting.c.entry >= first).group_by(posting.c.entry).subquery()
        short = sa.select(entry.c.seq).select_from(entry.outerjoin(counted, counted.c.entry == entry.c.seq))
        short = short.where(entry.c.seq >= first, sa.func.coalesce(counted.c.lines, 0) != entry.c.lines)
        wrong = sorted({*db.execute(off).scalars(), *db.execute(short).scalars()})
        return [_unbalanced(name) for seqs in _slices(wrong) for name in db.execute(sa.select(entry.c.id).where(entry.c.seq.in_(seqs))).scalars()]

    def _not_undone(self, db: sa.Connection) -> list[Finding]:
        """Reversals that, together with what they name, leave something on an account."""
        undone = entry.alias("undone")
        reversal = sa.select(undone.c.seq.label("undone"), entry.c.seq.label("seq"), entry.c.id.label("id"))
        pairs = reversal.join(undone, undone.c.id == entry.c.reverses).subquery()
        off = sa.select(pairs.c.id).select_from(pairs.join(posting, sa.or_(posting.c.entry == pairs.c.undone, posting.c.entry == pairs.c.seq)))
        off = off.group_by(pairs.c.id, posting.c.account, posting.c.currency).having(sa.func.sum(posting.c.amount) != 0).distinct()
        return [
            Finding("DIB222", f"entry `{name}` does not undo what it reverses", Mark(name), "restore the ledger from a copy; see how-to/recover")
            for name in db.execute(off).scalars()
        ]

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
            self._accounts = _numbers(db)
        self._paths = {number: path for path, number in self._accounts.items()}

    def _prepare(self, db: sa.Connection) -> None:
        """Make the schema in an empty database; check the version of one that is there."""
        names = sa.inspect(db).get_table_names()
        if "meta" in names and {"entry", "posting"} <= set(names):
            version = db.execute(sa.select(meta.c.value).where(meta.c.name == "ledger")).scalar_one_or_none()
            if version == str(SCHEMA_VERSION):
                return
            message = f"`{self.name}` is a ledger of version {version}, and this dibs writes version {SCHEMA_VERSION}: use the dibs that wrote it"
            raise Unavailable(message, code="DIB231", retry=False)
        if names:
            raise Unavailable(f"`{self.name}` holds other tables and no ledger: name an empty database", code="DIB231", retry=False)
        metadata.create_all(db)
        for statement in _SQLITE if db.dialect.name == "sqlite" else _POSTGRESQL:
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


def _numbers(db: sa.Connection) -> dict[str, int]:
    """Every account's number by its path."""
    return {path: number for number, path in db.execute(sa.select(account.c.id, account.c.path))}


def _unbalanced(name: str) -> Finding:
    return Finding(
        "DIB220", f"entry `{name}` does not sum to zero for each party and currency", Mark(name), "give each debit its credit in the same book"
    )


def _taken(name: str) -> Finding:
    said = f"there is another entry `{name}`, and it says something else"
    return Finding("DIB221", said, Mark(name), "give the new one its own id; to correct the old one, reverse it")


def _insert_rows(db: sa.Connection, table: sa.Table, rows: list[tuple[object, ...]]) -> None:
    """Insert rows whose values stand in the order of the table's columns.

    The driver takes them as they are: a dictionary for each row, which the expression language wants, would cost more than the database does.
    """
    mark = "?" if db.dialect.name == "sqlite" else "%s"
    columns = ", ".join(column.name for column in table.columns)
    db.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join(mark for _ in table.columns)})", rows)  # noqa: S608 - our own names


def _digest(made: Entry) -> bytes:
    """Equal for equal entries."""
    return sha256(msgspec.json.encode(made)).digest()[:16]


def _lines(postings: Iterable[Posting], sign: int) -> list[tuple[str, str, int]]:
    return sorted((line.account, line.currency, sign * line.amount) for line in postings)


def _final(known: Instant) -> sa.ColumnElement[bool]:
    """Whether an entry counts: written as final, or a hold that was posted by then."""
    posted = sa.exists().where(outcome.c.entry == entry.c.id, outcome.c.status == "posted", outcome.c.recorded <= known)
    return sa.or_(~entry.c.held, posted)


def _status(row: Any, known: Instant) -> Any:
    """What has become of an entry by an instant."""
    if not row.held:
        return "posted"
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
