"""Who may come in: people of the parties, by tokens that are stored hashed and shown once, and what was done with them.

A token is good until it expires or is revoked.  What the house makes for the first administrator of another party is an
*invitation*: it opens nothing but its own replacement, once, and what takes its place the house never sees.

Recognising a token costs a look into a small table of those seen in the last second; so a revocation counts at once
where it was made, and within two seconds on every other replica.
"""

from __future__ import annotations

import secrets
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec
import sqlalchemy as sa

from dibs.service.access import Actor, Role
from dibs.service.outbox import make_tables
from dibs.service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dibs.contract.model import PartyId
    from dibs.quantities import Instant

METADATA = sa.MetaData()
TOKENS = sa.Table(
    "service_token",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("party", sa.String(200), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("made_by", sa.String(200), nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("used_at", sa.BigInteger),
)
LOGINS = sa.Table(
    "service_login",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("claim", sa.String(10), nullable=False),
    sa.Column("value", sa.String(320), nullable=False),
    sa.Column("party", sa.String(200), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("made_by", sa.String(200), nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("party", "claim", "value"),
)
DEEDS = sa.Table(
    "service_access_log",
    METADATA,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("party", sa.String(200), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("did", sa.String(40), nullable=False),
    sa.Column("about", sa.String(200), nullable=False),
    sa.Column("of", sa.String(200), nullable=False),
)
"""`of` is the party that it concerns: it may read the row, too."""

PREFIX: Final = "dibs"
REMEMBERED: Final = 1.0
"""Seconds for which a token that was looked up is known without looking again."""
KNOWN_MAX: Final = 10_000
"""So many tokens are remembered at a time (bound is in)."""
USE_EVERY: Final = 60
"""Seconds between two notes of a token's last use."""
MADE_BY_MAX: Final = 200
"""Characters of who made something (bound is in); more is cut off."""
ACCEPTED: Final = "own"
"""What the ids of tokens begin with that took the place of an invitation."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as its administrator sees it: never its secret."""

    id: str
    party: str
    role: Role
    person: str
    made_by: str
    made_at: int
    expires_at: int | None
    revoked_at: int | None
    used_at: int | None

    def good(self, at: Instant) -> bool:
        """Whether it opens anything at an instant."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a company's own sign-in stands for: a verified e-mail address or a subject, and the party and role it gets."""

    id: str
    claim: str
    value: str
    party: str
    role: Role
    person: str
    made_by: str
    made_at: int


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done about people: by whom, about what."""

    number: int
    at: int
    party: str
    person: str
    did: str
    about: str
    of: str


class People:
    """The people of one service, in its database.  A token has 32 random bytes, so its SHA-256 tells nothing about it."""

    def __init__(self, engine: sa.Engine, *, house: PartyId) -> None:
        """Make the tables if they are not there."""
        self.engine = engine
        self.house = house
        self._of_house = f"{house}: "[:MADE_BY_MAX]
        self._known: dict[bytes, tuple[float, Token]] = {}
        self._used: dict[str, Instant] = {}
        make_tables(engine, METADATA)

    # --- coming in

    def recognise(self, text: str, *, at: Instant) -> Actor | None:
        """Who shows this token, if it is good at this instant and no invitation."""
        token = self.shown(text, at=at)
        return None if token is None else self.use(token, at=at)

    def use(self, token: Token, *, at: Instant) -> Actor | None:
        """Let somebody in by a token, and write down when that was."""
        actor = self.lets_in(token, at=at)
        used = self._used.get(token.id, token.used_at)
        if actor is not None and (used is None or at - used >= USE_EVERY):
            with self.engine.begin() as db:
                db.execute(sa.update(TOKENS).where(TOKENS.c.id == token.id).values(used_at=at))
            if len(self._used) >= KNOWN_MAX:
                self._used.clear()
            self._used[token.id] = at
        return actor

    def lets_in(self, token: Token, *, at: Instant) -> Actor | None:
        """Whom a token lets in at an instant."""
        return self.actor(token) if token.good(at) and not self.invitation(token) else None

    def invitation(self, token: Token) -> bool:
        """Whether the house made it for somebody of another party."""
        return token.party != self.house and token.made_by.startswith(self._of_house)

    def shown(self, text: str, *, at: Instant) -> Token | None:
        """The token that has this text, an invitation or not, if it is good at this instant."""
        digest = sha256(text.encode()).digest()
        now = time.monotonic()
        seen = self._known.get(digest)
        if seen is None or now - seen[0] > REMEMBERED:
            token = self._look_up(TOKENS.c.digest == digest)
            if token is None:
                self._known.pop(digest, None)
                return None
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            self._known[digest] = (now, token)
        else:
            token = seen[1]
        return token if token.good(at) else None

    def actor(self, shown: Token | Login) -> Actor:
        """Who a token or a login stands for."""
        return Actor(party=shown.party, role=shown.role, person=shown.person, token=shown.id, house=shown.party == self.house)

    # --- tokens

    def token(
        self,
        party: PartyId,
        role: Role,
        person: str,
        *,
        at: Instant,
        expires_at: Instant | None = None,
        secret: str = "",
        by: Actor | None = None,
        name: str = "",
    ) -> str:
        """A new token: its text is shown now and never again, and that somebody made it is written down with it.

        Whoever is invited anew takes the place of those who accepted and never came.  Raises `Problem` 409 (DIB354) if
        one of this name was made before.
        """
        name, text = name or f"tok-{secrets.token_hex(8)}", secret or _text()
        token = Token(
            id=name, party=party, role=role, person=person, made_by=said(by), made_at=at, expires_at=expires_at, revoked_at=None, used_at=None
        )
        with self.engine.begin() as db:
            if self.invitation(token):
                never = sa.and_(TOKENS.c.party == party, TOKENS.c.id.startswith(f"{ACCEPTED}-"), TOKENS.c.used_at.is_(None))
                db.execute(sa.update(TOKENS).where(never, TOKENS.c.revoked_at.is_(None)).values(revoked_at=at))
            _insert(db, token, text)
            if by is not None:
                _note(db, by, "invited an administrator" if self.invitation(token) else "made a token", name, of=party, at=at)
        self._known.clear()
        return text

    def successor(self, old: Token, *, by: Actor, at: Instant, name: str = "") -> Token:
        """What takes the place of a token: as long as that, or until it is revoked if it was an invitation."""
        invited = self.invitation(old)
        name = name or f"{ACCEPTED if invited else 'tok'}-{secrets.token_hex(8)}"
        return msgspec.structs.replace(old, id=name, made_by=said(by), made_at=at, expires_at=None if invited else old.expires_at, used_at=None)

    def replace(self, old: Token, new: Token, *, by: Actor, overlap: int) -> str:
        """One token for another: the old one stays good for `overlap` seconds, but an invitation is used up at once.

        The text of the new one is shown now and never again.  Raises `Problem` 409 if it was made before (DIB354), or
        the invitation was accepted meanwhile (DIB356).
        """
        at, invited, text = new.made_at, self.invitation(old), _text()
        here = TOKENS.c.id == old.id
        with self.engine.begin() as db:
            if invited:
                ended = db.execute(sa.update(TOKENS).where(here, TOKENS.c.revoked_at.is_(None)).values(revoked_at=at))
                if ended.rowcount != 1:
                    raise not_good(old.id)
            else:
                later = sa.or_(TOKENS.c.expires_at.is_(None), TOKENS.c.expires_at > at + overlap)
                db.execute(sa.update(TOKENS).where(here, later).values(expires_at=at + overlap))
            _insert(db, new, text)
            did, about = ("accepted an invitation", old.id) if invited else ("replaced a token", f"{old.id} by {new.id}")
            _note(db, by, did, about, of=new.party, at=at)
        self._known.clear()
        return text

    def find(self, name: str) -> Token | None:
        """A token by its id."""
        return self._look_up(TOKENS.c.id == name)

    def tokens(self, party: PartyId) -> tuple[Token, ...]:
        """The tokens that the administrator of a party sees, the oldest first.

        Those of its own people; the house sees the administrators that it invited for other parties, too.
        """
        seen: Any = TOKENS.c.party == party
        if party == self.house:
            prefix = sa.func.substr(TOKENS.c.made_by, 1, len(self._of_house))  # LIKE takes `_` for any sign, and capitals for small ones
            seen = sa.or_(seen, sa.and_(TOKENS.c.role == Role.ADMIN.value, prefix == self._of_house))
        with self.engine.connect() as db:
            rows = db.execute(sa.select(TOKENS).where(seen).order_by(TOKENS.c.made_at, TOKENS.c.id)).all()
        return tuple(_token(row) for row in rows)

    def admins(self, party: PartyId, *, at: Instant) -> tuple[Token, ...]:
        """The good tokens of a party's administrators; invitations are none."""
        return tuple(token for token in self._of_admins(party) if self.lets_in(token, at=at))

    def administered(self, party: PartyId, *, at: Instant) -> bool:
        """Whether a party has an administrator, or somebody is invited to be one.

        Who accepted and never came is none: the answer that showed the token may have been lost.
        """
        tokens = (token for token in self._of_admins(party) if token.good(at))
        if any(token.used_at is not None or not token.id.startswith(f"{ACCEPTED}-") for token in tokens):
            return True
        return any(login.role is Role.ADMIN for login in self.logins(party))

    def _of_admins(self, party: PartyId) -> tuple[Token, ...]:
        asked = sa.select(TOKENS).where(TOKENS.c.party == party, TOKENS.c.role == Role.ADMIN.value)
        with self.engine.connect() as db:
            return tuple(_token(row) for row in db.execute(asked))

    def revoke(self, name: str, *, at: Instant, by: Actor | None = None, of: PartyId = "") -> None:
        """It opens nothing any more; the first revocation stays.  `of` is whose it is, where it is written down who did it."""
        with self.engine.begin() as db:
            db.execute(sa.update(TOKENS).where(TOKENS.c.id == name, TOKENS.c.revoked_at.is_(None)).values(revoked_at=at))
            if by is not None:
                _note(db, by, "revoked a token", name, of=of, at=at)
        self._known.clear()

    # --- logins of a company's own provider

    def logins(self, party: PartyId) -> tuple[Login, ...]:
        """The logins of a party, the oldest first."""
        with self.engine.connect() as db:
            return tuple(_login(row) for row in db.execute(sa.select(LOGINS).where(LOGINS.c.party == party).order_by(LOGINS.c.made_at, LOGINS.c.id)))

    def login(self, made: Login, *, by: Actor) -> None:
        """Let somebody in by their company's sign-in.  Raises `Problem` 409 (DIB355) if the party has that address or subject already."""
        try:
            with self.engine.begin() as db:
                db.execute(sa.insert(LOGINS).values(**{**msgspec.structs.asdict(made), "role": made.role.value}))
                _note(db, by, "made a login", f"{made.id} for {made.value}"[:200], of=made.party, at=made.made_at)
        except sa.exc.IntegrityError as error:
            detail = f"`{made.value}` comes in for your party already: one address or subject has one role; remove the other login first"
            raise Problem("DIB355", 409, "taken", detail) from error

    def find_login(self, name: str) -> Login | None:
        """A login by its id."""
        with self.engine.connect() as db:
            row = db.execute(sa.select(LOGINS).where(LOGINS.c.id == name)).first()
        return None if row is None else _login(row)

    def logins_of(self, claims: Sequence[tuple[str, str]], *, party: PartyId = "") -> tuple[Login, ...]:
        """The logins that these (claim, value) have, of one party or of any: one for each party, the first claim going before."""
        found: dict[PartyId, Login] = {}
        for claim, value in claims:
            asked = sa.select(LOGINS).where(LOGINS.c.claim == claim, LOGINS.c.value == value).order_by(LOGINS.c.party)
            with self.engine.connect() as db:
                for row in db.execute(asked):
                    if party in ("", row.party):
                        found.setdefault(row.party, _login(row))
        return tuple(found.values())

    def forget_login(self, login: Login, *, by: Actor, at: Instant) -> None:
        """Nobody comes in by it any more."""
        with self.engine.begin() as db:
            db.execute(sa.delete(LOGINS).where(LOGINS.c.id == login.id))
            _note(db, by, "removed a login", login.id, of=login.party, at=at)

    # --- what was done

    def note(self, actor: Actor, did: str, about: str, *, of: PartyId, at: Instant) -> None:
        """Write down what somebody did about people."""
        with self.engine.begin() as db:
            _note(db, actor, did, about, of=of, at=at)

    def deeds(self, party: PartyId) -> tuple[Deed, ...]:
        """What was done by a party's people or about them, the latest first, a thousand at most."""
        asked = sa.select(DEEDS).where(sa.or_(DEEDS.c.party == party, DEEDS.c.of == party)).order_by(DEEDS.c.number.desc()).limit(1000)
        with self.engine.connect() as db:
            return tuple(Deed(**row._mapping) for row in db.execute(asked))  # noqa: SLF001 - the public name of a row's mapping

    def _look_up(self, which: Any) -> Token | None:
        with self.engine.connect() as db:
            row = db.execute(sa.select(TOKENS).where(which)).first()
        return None if row is None else _token(row)


def said(by: Actor | None) -> str:
    """Who made something, as it is kept."""
    return "" if by is None else f"{by.party}: {by.person}"[:MADE_BY_MAX]


def not_good(name: str) -> Problem:
    """It cannot be replaced."""
    return Problem("DIB356", 409, "not good any more", f"the token `{name}` has expired or was revoked: make a new one instead")


def _text() -> str:
    return f"{PREFIX}_{secrets.token_urlsafe(32)}"


def _insert(db: sa.Connection, token: Token, text: str) -> None:
    values = {**msgspec.structs.asdict(token), "role": token.role.value, "digest": sha256(text.encode()).digest()}
    try:
        db.execute(sa.insert(TOKENS).values(**values))
    except sa.exc.IntegrityError as error:
        detail = f"the token `{token.id}` was made already, and is shown once: revoke it, and make another under a new key"
        raise Problem("DIB354", 409, "made already", detail) from error


def _note(db: sa.Connection, actor: Actor, did: str, about: str, *, of: PartyId, at: Instant) -> None:
    db.execute(sa.insert(DEEDS).values(at=at, party=actor.party, person=actor.person, did=did, about=about, of=of))


def _token(row: Any) -> Token:
    return Token(
        id=row.id,
        party=row.party,
        role=Role(row.role),
        person=row.person,
        made_by=row.made_by,
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        used_at=row.used_at,
    )


def _login(row: Any) -> Login:
    values = {name: getattr(row, name) for name in Login.__struct_fields__}
    return Login(**{**values, "role": Role(row.role)})
