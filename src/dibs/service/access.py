"""Who asks, and what a role may do.

A token belongs to one person of one party and has one role.  The party that keeps the book is the *house*: it asks for
capacity and sees all of its book, as far as the role goes.  Everybody else is a counterparty and sees its own offers,
grants, statements and clauses, and no trace of anything else.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Role(StrEnum):
    """What a person does for a party."""

    ADMIN = "admin"
    """Everything, and people and tokens, too."""
    OPERATOR = "operator"
    """Runs the broker: agreements, capacity, imports, clocks, and everything a desk does."""
    DESK = "desk"
    """Asks, serves, answers, grants, delivers."""
    FINANCE = "finance"
    """Statements, commitments, signals, exports, disputes."""
    AUDITOR = "auditor"
    """Looks at everything of its party and its proofs, and changes nothing."""


EVERYBODY = frozenset(Role)
ACTS = frozenset({Role.ADMIN, Role.OPERATOR, Role.DESK})
"""Who may ask, answer and grant."""
RUNS = frozenset({Role.ADMIN, Role.OPERATOR})
"""Who may change what the broker runs on."""
MONEY = frozenset({Role.ADMIN, Role.OPERATOR, Role.FINANCE})
"""Who may write about money."""
READS_MONEY = MONEY | {Role.AUDITOR}
"""Who may read about it."""
PEOPLE = frozenset({Role.ADMIN})
"""Who may name people."""
PROVES = frozenset({Role.ADMIN, Role.OPERATOR, Role.FINANCE, Role.AUDITOR})
"""Who may see the journal and its proofs."""


def bearer(header: str) -> str:
    """The token in an `Authorization` header, however that is written; empty if it shows none."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: a person of a party, in a role.  `token` is the id of what they showed, never the secret itself."""

    party: str
    role: Role
    person: str
    token: str
    house: bool
