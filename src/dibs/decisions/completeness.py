"""Does a notice state everything that it has to, so that the holder's clock starts (R3, R4, R32)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

from dibs.contract.model import PreEmption

if TYPE_CHECKING:
    from dibs.contract.terms import Terms
    from dibs.quantities import Instant

OUTSIDE_OFFER = ("offeror", "signed", "open_until")
"""What a notice has to state besides, where the holder is asked to match somebody: who, in a signed writing, until when."""
QUOTED_BY_HOLDER = frozenset({"price", "payment", "take_or_pay", "service_level", "delivery_tolerance"})
"""What the holder names itself, where it quotes or where the two of them negotiate."""
BY_DEFAULT: tuple[str, ...] = next(cast("tuple[str, ...]", f.default) for f in dataclasses.fields(PreEmption) if f.name == "notice_requires")


def required(clause: PreEmption) -> tuple[str, ...]:
    """The terms that a notice under a right has to state.  A list of its own in the clause is taken as it stands."""
    names = clause.notice_requires
    if names == BY_DEFAULT and (clause.right == "first_negotiation" or (clause.right == "first_offer" and clause.quoted_by == "holder")):
        names = tuple(n for n in names if n not in QUOTED_BY_HOLDER)
    if clause.right in {"matching", "last_look"}:
        names = (*names, *(n for n in OUTSIDE_OFFER if n not in names))
    return names


def missing(clause: PreEmption, terms: Terms, *, deadline: Instant | None = None) -> tuple[str, ...]:
    """The terms that a notice lacks, in the order in which they are required; if none is lacking, its clock starts.

    `deadline` is the end of the holder's window if the notice were served now: an outside offer that ends sooner is as
    good as none, unless the clause bears it (R32).
    """
    return tuple(name for name in required(clause) if _unstated(terms, name) or _explodes(clause, terms, name, deadline))


def is_complete(clause: PreEmption, terms: Terms, *, deadline: Instant | None = None) -> bool:
    """Whether a notice lacks nothing."""
    return not missing(clause, terms, deadline=deadline)


def _unstated(terms: Terms, name: str) -> bool:
    """Whether a term is not stated: absent, empty, or a signature that is not there.  No regions stated is no jurisdiction stated."""
    value = getattr(terms, name)
    return value is None or value in {(), ""} or (name == "signed" and value is not True)


def _explodes(clause: PreEmption, terms: Terms, name: str, deadline: Instant | None) -> bool:
    """Whether the outside offer ends before the holder has had its window."""
    return (
        name == "open_until"
        and clause.outside_offer_stays_open
        and deadline is not None
        and terms.open_until is not None
        and terms.open_until < deadline
    )
