"""The one place that chooses: which database, which key, whose book; and what is read from options and environment.

Beside a book in a file stand three things of the service's own: `.key`, with which the book's heads are signed,
`.ledger`, the money as it was said at the time, and `.runs`, what long work left.  Tokens, sessions and the like are
tables in the book's own file (or database), whose names begin with `service_`.
"""

from __future__ import annotations

import binascii
import importlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.errors import BadInput, Finding, Mark, Unavailable
from dibs.journal.checkpoint import SigningKey
from dibs.procedure.commands import AdoptAgreement
from dibs.service.access import Role
from dibs.service.accounts import Accounts
from dibs.service.clocks import MachineClock
from dibs.service.front import Front
from dibs.service.office import Office, house_of
from dibs.service.oidc import OidcSettings
from dibs.service.outbox import TABLES_LOCK, make_tables
from dibs.service.outlets import Outlets, OutletSettings
from dibs.service.people import People
from dibs.service.runs import Runs
from dibs.store.ledger import Ledger
from dibs.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dibs.broker import Clock, Store
    from dibs.decisions.compile import Compiled

TOKEN_LEAST: Final = 24
"""Characters of a first admin token that somebody chose (bound is in)."""

OPTIONS: Final = {
    "--db": ("DIBS_DB", "sqlite:///dibs.db", "The database: `sqlite:///PATH` or a bare path for one file, or `postgresql://...`."),
    "--listen": ("DIBS_LISTEN", "127.0.0.1:8484", "The address to listen on, `HOST:PORT`; port 0 takes any that is free."),
    "--house": ("DIBS_HOUSE", "", "The party that keeps the book; not needed where only one promised to ask first."),
    "--public-url": ("DIBS_PUBLIC_URL", "", "The address that people see, where a proxy stands before the service."),
    "--key": ("DIBS_SIGNING_KEY", "", "The key that signs the book, or a file with it; default: a file beside the book, made at first."),
    "--admin-token": ("DIBS_ADMIN_TOKEN", "", "The first admin token of a new database; without one it is made, and shown once."),
    "--oidc-issuer": ("DIBS_OIDC_ISSUER", "", "The company's own sign-in for the pages: the issuer of an OpenID Connect provider."),
    "--oidc-client": ("DIBS_OIDC_CLIENT", "", "Who we are to that provider."),
    "--oidc-secret": ("DIBS_OIDC_SECRET", "", "And the secret that proves it, if there is one."),
    "--rate": ("DIBS_RATE", "6000", "Requests a minute that one token may make; 0 for no limit."),
    "--scenarios": ("DIBS_SCENARIOS", "examples", "The folder with the scenarios that the service may play."),
}
"""Every setting: its variable in the environment, its default, and what it is.  An option goes before the environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the service runs on, read once."""

    database: str
    """As SQLAlchemy writes it; a file's path is absolute."""
    host: str
    port: int
    house: str
    public_url: str
    signing_key: str
    admin_token: str
    scenarios: Path
    oidc: OidcSettings | None = None
    rate: int = 0
    """Requests a minute for each token; 0 for no limit."""
    outlets: OutletSettings
    """What leaves the service, and where to."""

    @property
    def file(self) -> Path | None:
        """The book's file, if it is in one."""
        return Path(self.database.removeprefix("sqlite:///")) if self.database.startswith("sqlite:///") else None

    @property
    def beside(self) -> Path:
        """What names of files beside the book begin with."""
        return self.file or Path("dibs").absolute()

    @property
    def shown(self) -> str:
        """The database without its password."""
        return str(self.file) if self.file else sa.make_url(self.database).render_as_string(hide_password=True)

    @property
    def secure(self) -> bool:
        """Whether people come by https."""
        return self.public_url.startswith("https://")


def read_settings(options: Mapping[str, str | None], environment: Mapping[str, str]) -> Settings:
    """Read every setting.  Raises `BadInput` with everything that cannot be used (DIB390, DIB391, DIB393)."""
    findings: list[Finding] = []
    marks: dict[str, Mark] = {}
    said: dict[str, str] = {}
    for option, (variable, default, _) in OPTIONS.items():
        given = options.get(option)
        said[option] = given if given is not None else environment.get(variable, "") or default
        marks[option] = Mark(f"{option} {given}") if given is not None else Mark(variable)
    database = _database(said["--db"], marks["--db"], findings)
    host, port = _address(said["--listen"], marks["--listen"], findings)
    url = said["--public-url"].rstrip("/")
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query):
        fix = "write scheme and name only, like `https://dibs.example.com`"
        findings.append(Finding("DIB393", f"`{url}` is not an address that people can open", marks["--public-url"], fix))
    token = said["--admin-token"]
    if token and (len(token) < TOKEN_LEAST or not token.isascii() or not token.isprintable() or " " in token):
        fix = f"give at least {TOKEN_LEAST} random characters without spaces, or leave it out and one is made"
        findings.append(Finding("DIB393", "the first admin token is short enough to be guessed, or has spaces in it", marks["--admin-token"], fix))
    outlets = OutletSettings()
    try:
        outlets = OutletSettings.read(environment, public_url=url or f"http://{host}:{port}")
    except BadInput as error:
        findings.extend(error.findings)
    rate = said["--rate"]
    if not rate.isascii() or not rate.isdecimal() or len(rate) > 9:
        findings.append(
            Finding("DIB393", f"`{rate[:40]}` is not a number of requests a minute", marks["--rate"], "write a whole number, or 0 for no limit")
        )
        rate = "0"
    issuer, client = said["--oidc-issuer"], said["--oidc-client"]
    parts = urlsplit(issuer)
    if bool(issuer) != bool(client) or (issuer and parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1"}):
        fix = "name the issuer by its https address in `DIBS_OIDC_ISSUER`, and us in `DIBS_OIDC_CLIENT`"
        findings.append(Finding("DIB393", "the company's sign-in is set up by half, or without https", marks["--oidc-issuer"], fix))
    if findings:
        raise BadInput(findings)
    return Settings(
        database=database,
        host=host,
        port=port,
        house=said["--house"],
        public_url=url,
        signing_key=said["--key"],
        admin_token=token,
        scenarios=Path(said["--scenarios"]),
        rate=int(rate),
        oidc=OidcSettings(issuer=issuer, client=client, secret=said["--oidc-secret"]) if issuer else None,
        outlets=outlets,
    )


def _database(said: str, where: Mark, findings: list[Finding]) -> str:
    """The database as SQLAlchemy takes it."""
    fix = "write a path, `sqlite:///PATH`, or `postgresql://USER@HOST/DATABASE`"
    scheme, found, rest = said.partition("://")
    if not found:
        scheme, rest = "sqlite", f"/{said}"
    if scheme == "sqlite":
        path = rest.removeprefix("/")
        if not rest.startswith("/") or path in {"", ":memory:"} or "?" in path:
            findings.append(Finding("DIB390", f"`{said}` names no file: a book is kept in one", where, fix))
        return f"sqlite:///{Path(path).absolute()}"
    if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        try:
            if "book" in sa.make_url(f"postgresql+psycopg://{rest}").query:
                findings.append(
                    Finding("DIB390", "a service keeps one book in its database: people and money belong to it", where, "leave `book` out")
                )
                return ""
            return sa.make_url(f"postgresql+psycopg://{rest}").render_as_string(hide_password=False)
        except (ArgumentError, ValueError):
            findings.append(Finding("DIB390", f"the `{scheme}` address cannot be read", where, fix))
            return ""
    findings.append(Finding("DIB390", f"dibs keeps no book in `{scheme}`", where, fix))
    return ""


def _address(said: str, where: Mark, findings: list[Finding]) -> tuple[str, int]:
    """Host and port."""
    host, _, port = said.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        fix = "write host and port, like `127.0.0.1:8484`; `0.0.0.0:8484` takes calls from other machines"
        findings.append(Finding("DIB391", f"`{said}` is not an address to listen on", where, fix))
        return host, 0
    return host, int(port)


# --- what the service keeps for itself

LEDGER_SCHEMA = "dibs_ledger"
"""Where the ledger lies in a PostgreSQL that holds the book, too."""
FIRST_AGREEMENT = "the first agreement"
"""The key under which an empty book adopts one."""

METADATA = sa.MetaData()
KEPT = sa.Table("service_setting", METADATA, sa.Column("name", sa.String(40), primary_key=True), sa.Column("value", sa.String(400), nullable=False))


class Kept:
    """A few lasting values of one service: each is made once, by whoever comes first, and then stays."""

    def __init__(self, engine: sa.Engine) -> None:
        """Make the table if it is not there."""
        self._engine = engine
        make_tables(engine, METADATA)

    def find(self, name: str) -> str:
        """The value; empty if there is none."""
        with self._engine.connect() as db:
            return db.execute(sa.select(KEPT.c.value).where(KEPT.c.name == name)).scalar() or ""

    def keep(self, name: str, value: str) -> bool:
        """Keep it unless there is one already; whether it was kept."""
        try:
            with self._engine.begin() as db:
                db.execute(sa.insert(KEPT).values(name=name, value=value))
        except sa.exc.IntegrityError:
            return False
        return True

    def secret(self, name: str) -> bytes:
        """32 random bytes, the same at every start and on every replica."""
        if not self.find(name):
            self.keep(name, secrets.token_hex(32))
        return bytes.fromhex(self.find(name))


class Place:
    """An open database: the book, the service's tables, and what stands beside them."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        """Take hold of the book.

        Raises `Unavailable` if another server has it, or the database does not answer; `BadInput` if an entry was
        altered, the key is not one (DIB392), or the files cannot be used.
        """
        self.settings = settings
        self.clock = clock or MachineClock()
        signer = _signing_key(settings)
        self.store: Store = _store(settings, signer)
        try:
            self.engine = _engine(settings)
            self.kept = Kept(self.engine)
        except SQLAlchemyError as error:
            self.store.close()
            raise Unavailable(f"`{settings.shown}` does not answer: {type(error).__name__}: check the address", code="DIB390", retry=True) from error
        except BaseException:
            self.store.close()
            raise

    @property
    def house(self) -> str:
        """The party that keeps the book, if that was settled before."""
        return self.kept.find("house")

    @property
    def empty(self) -> bool:
        """Whether no agreement was ever adopted here."""
        return not self.store.size

    def open(self, agreement: Compiled | None = None, *, house: str = "") -> Front:
        """Everything over one book, ready to be served once its office is open.

        An `agreement` is adopted if the book has none, and must be its own otherwise: changing it is an act, not an
        option.  Raises `BadInput` if nobody says whose book it is, or somebody says it is another's (DIB320), or goes by another (DIB393).
        """
        kept, house = self.house, house or self.settings.house
        if kept and house and house != kept:
            fix = "leave it out, or give another database: a book never changes hands"
            raise BadInput([Finding("DIB320", f"this book is kept by `{kept}`, not by `{house}`", Mark(f"--house {house}"), fix)])
        if not kept:
            if agreement is None:
                agreement = self._agreement_of_the_book()
            kept = house_of(agreement, house)
        office = Office(self.store, agreement, clock=self.clock, house=kept)
        if self.empty:
            assert agreement is not None  # noqa: S101 - the caller asks `empty` first
            # Of several replicas that start on an empty book, one adopts it.
            office.broker.submit(AdoptAgreement(by=kept, digest=agreement.agreement.digest), key=FIRST_AGREEMENT)
        elif agreement is not None and agreement.agreement.digest != office.state.digest:
            fix = "leave it out; a new version is adopted by an act: `POST /v1/agreements`, or the page of the agreement"
            raise BadInput([Finding("DIB393", "this book goes by another agreement than the one given", Mark(agreement.agreement.id), fix)])
        self.kept.keep("house", kept)
        beside = self.settings.beside
        ledger = f"sqlite:///{beside}.ledger" if self.settings.file else _ledger_apart(self.engine)
        accounts = Accounts(office, Ledger(ledger))
        runs = Runs(self.engine, folder=Path(f"{beside}.runs"), scenarios=self.settings.scenarios, now=self.clock.now)
        secret = self.kept.secret("names")
        people = People(self.engine, house=kept)
        outlets = Outlets(office, self.engine, self.settings.outlets, people=people, secret=secret)
        return Front(office, people, secret=secret, accounts=accounts, runs=runs, outlets=outlets)

    def new_token(self) -> str:
        """The text of a first admin token."""
        return self.settings.admin_token or f"dibs_{secrets.token_urlsafe(32)}"

    def first_token(self, front: Front, text: str = "") -> str:
        """The first admin token, if this is the first start; else nothing, ever again."""
        if not self.kept.keep("opened", str(self.clock.now())):
            return ""
        text = text or self.new_token()
        return front.people.token(front.office.house, Role.ADMIN, "first administrator", at=self.clock.now(), secret=text)

    async def close(self, front: Front | None = None) -> None:
        """Hear what came in, sign the book, and let everything go."""
        if front is None:
            self.store.close()
        else:
            await front.outlets.close()
            await front.runs.close()
            await front.office.close()
            front.accounts.close()
        self.engine.dispose()

    def _agreement_of_the_book(self) -> Compiled:
        """The last agreement that the book adopted."""
        for entry in reversed(tuple(self.store.entries())):
            if isinstance(entry.command, AdoptAgreement) and (text := self.store.text(entry.command.digest)):
                return compile_agreement(load(text, f"agreement {entry.command.digest[:12]}"))
        message = "no agreement counts in this book yet"
        raise BadInput([Finding("DIB167", message, Mark(self.store.name), "name an agreement: `dibs serve AGREEMENT.yaml`")])


def _store(settings: Settings, signer: SigningKey) -> Store:
    """The book's own adapter."""
    if settings.file:
        return SqliteStore(settings.file, signer=signer)
    try:
        postgres = importlib.import_module("dibs.store.postgres")  # only now: psycopg is an extra
    except ImportError as error:
        message = "this installation cannot speak to PostgreSQL: install `dibs[postgres]`"
        raise Unavailable(message, code="DIB390", retry=False) from error
    store: Store = postgres.PostgresStore(settings.database.replace("postgresql+psycopg://", "postgresql://", 1), signer=signer)
    return store


def _engine(settings: Settings) -> sa.Engine:
    """The way to the service's own tables."""
    engine = sa.create_engine(settings.database)
    if settings.file:
        sa.event.listen(engine, "connect", _connected)
    return engine


def _ledger_apart(engine: sa.Engine) -> str:
    """The address of the ledger in the book's database: in a schema of its own, since a ledger shares its tables with nobody."""
    with engine.begin() as db:
        db.execute(sa.select(sa.func.pg_advisory_xact_lock(TABLES_LOCK)))
        db.execute(sa.schema.CreateSchema(LEDGER_SCHEMA, if_not_exists=True))
    options = engine.url.query.get("options", "")
    given = options if isinstance(options, str) else " ".join(options)
    return engine.url.update_query_dict({"options": f"{given} -c search_path={LEDGER_SCHEMA}".strip()}).render_as_string(hide_password=False)


def _connected(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
    """Wait a moment for the book's own commits; a token that was shown is not lost."""
    cursor = connection.cursor()
    for pragma in ("busy_timeout = 5000", "synchronous = FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _signing_key(settings: Settings) -> SigningKey:
    """The key that was given, or the one beside the book, which is made at the first start.  Raises `BadInput` (DIB392)."""
    given = settings.signing_key
    fix = "give the one line that begins with `PRIVATE+KEY+`, or the name of a file that holds it"
    if given.startswith("PRIVATE+KEY+"):
        return _parsed(given, Mark("DIBS_SIGNING_KEY"), fix)
    path = Path(given) if given else Path(f"{settings.beside}.key")
    if given or path.exists():
        try:
            return _parsed(path.read_text("ascii"), Mark(str(path)), fix)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise BadInput([Finding("DIB392", f"the signing key cannot be read: {reason.lower()}", Mark(str(path)), fix)]) from error
    key = SigningKey(f"{settings.house or 'dibs'}/{secrets.token_hex(4)}", secrets.token_bytes(32))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"`{path}` cannot be written: {(error.strerror or str(error)).lower()}: the key that signs the book is kept there"
        raise Unavailable(message, code="DIB159", retry=False) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{key}\n")
        file.flush()
        os.fsync(descriptor)
    return key


def _parsed(text: str, where: Mark, fix: str) -> SigningKey:
    try:
        return SigningKey.parse(text)
    except (ValueError, binascii.Error) as error:
        raise BadInput([Finding("DIB392", "the signing key cannot be read: it is `PRIVATE+KEY+name+id+base64` on one line", where, fix)]) from error
