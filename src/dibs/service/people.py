"""Who may come in: people of the parties, by tokens that are stored hashed and shown once."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING

import sqlalchemy as sa

from dibs.service.access import Actor, Role

if TYPE_CHECKING:
    from dibs.contract.model import PartyId
    from dibs.quantities import Instant

METADATA = sa.MetaData()
TOKENS = sa.Table(
    "service_token",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("party", sa.String(200), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
)

PREFIX = "dibs"


class People:
    """The tokens of one service, in its database.  A token is 32 random bytes, so its SHA-256 tells nothing about it."""

    def __init__(self, engine: sa.Engine, *, house: PartyId) -> None:
        """Make the tables if they are not there."""
        self._engine = engine
        self._house = house
        METADATA.create_all(engine)

    def token(self, party: PartyId, role: Role, person: str, *, at: Instant, expires_at: Instant | None = None, secret: str = "") -> str:
        """A new token: shown now and never again."""
        name = secrets.token_hex(6)
        secret = secret or secrets.token_urlsafe(32)
        text = secret if secret.startswith(f"{PREFIX}_") and secret.count("_") >= 2 else f"{PREFIX}_{name}_{secret}"
        name = text.split("_", 2)[1]
        row = {"id": name, "digest": sha256(text.encode()).digest(), "party": party, "role": role.value, "person": person, "made_at": at}
        with self._engine.begin() as connection:
            connection.execute(sa.insert(TOKENS).values(**row, expires_at=expires_at))
        return text

    def recognise(self, text: str, *, at: Instant) -> Actor | None:
        """Who shows this token, if it is good at this instant."""
        parts = text.split("_", 2)
        if len(parts) != 3 or parts[0] != PREFIX:
            return None
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(TOKENS).where(TOKENS.c.id == parts[1])).first()
        if row is None or not hmac.compare_digest(row.digest, sha256(text.encode()).digest()):
            return None
        if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= at):
            return None
        return Actor(party=row.party, role=Role(row.role), person=row.person, token=row.id, house=row.party == self._house)
