"""The answer to one question, with everything that decided it.

A decision is a value: no is as good a fact as yes.  It carries every clause that mattered with its place, the numbers
compared, the day on which the answer next changes, and the smallest changes that would give another answer now.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from dibs.errors import Mark


class Answer(StrEnum):
    """One of four; never picked silently."""

    PERMITTED = "permitted"
    OFFER_FIRST = "offer_first"
    REFUSED = "refused"
    UNDETERMINED = "undetermined"


class ReasonCode(StrEnum):
    """Why, in order of precedence: where two reasons refuse, the first of this list leads."""

    CONFLICT = "conflict"
    """Two clauses that bind contradict each other and neither outranks the other."""
    READING_OPEN = "reading_open"
    """An ambiguous clause has no default reading and its readings differ here."""
    FACT_MISSING = "fact_missing"
    """The clause turns on a fact that nobody has stated."""
    UNKNOWN_HOST = "unknown_host"
    """The agreement names no such host: nobody can say under whose contract the work would run."""
    UNKNOWN_CLASS = "unknown_class"
    """The agreement names no such class of work."""
    EXCLUSIVE_ELSEWHERE = "exclusive_elsewhere"
    """The class is bound to another platform."""
    SUB_SUPPLY_REFUSED = "sub_supply_refused"
    """The platform is right, the machines are not, and no consent covers them."""
    CONSENT_EXCEEDED = "consent_exceeded"
    """A consent exists and this goes beyond its quantity or its purpose."""
    SHIPS_FIRST_ELSEWHERE = "ships_first_elsewhere"
    """A first-shipment clause still holds."""
    MUST_OFFER = "must_offer"
    """A pre-emption right covers it: the holder is asked first."""
    LICENCE_ABSENT = "licence_absent"
    LICENCE_EXCLUSIVE = "licence_exclusive"
    SUBJECT_NOT_LICENSED = "subject_not_licensed"
    USE_NOT_LICENSED = "use_not_licensed"
    LICENCE_ENDED = "licence_ended"
    NOTICE_INCOMPLETE = "notice_incomplete"
    RICHER = "richer"
    NOT_COMPARABLE = "not_comparable"
    ON_HOLDER_PLATFORM = "on_holder_platform"
    """Permitted: exclusivity and pre-emption never stand against the holder's own platform."""
    SUB_SUPPLY_COUNTS = "sub_supply_counts"
    """Permitted: another's machines under the holder's contract count as the holder's."""
    CONSENTED = "consented"
    """Permitted by a recorded consent."""
    UNDER_MINIMUM_LOT = "under_minimum_lot"
    """Permitted: too small to open a case."""
    EXEMPT = "exempt"
    """Permitted: a renewal, a burst, or a host outside the right."""
    SUSPENDED = "suspended"
    """Permitted: the holder's defaults have put its right to sleep (R22)."""
    OVERRIDDEN = "overridden"
    """A clause that would have spoken is outranked by a named edge."""
    LICENSED = "licensed"
    COMPLETE = "complete"
    NOT_RICHER = "not_richer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What has happened and no text says: the part of an answer that the agreement leaves to the world.

    `fired`: trigger -> the day it fired.  `suspended`: pre-emption clause -> the first day it binds again.
    `drifted`: consents whose purpose test fails now, so that expansions need an offer (R29).
    """

    fired: Mapping[str, date] = field(default_factory=lambda: MappingProxyType({}))
    suspended: Mapping[str, date] = field(default_factory=lambda: MappingProxyType({}))
    drifted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One clause that mattered.  `need` and `have` are the numbers compared, as a person would say them (may be empty)."""

    code: ReasonCode
    clause: str
    text: str
    where: Mark | None = None
    need: str = ""
    have: str = ""

    def as_dict(self) -> dict[str, str]:
        """The shape of `decide --json`."""
        return {
            "code": str(self.code),
            "clause": self.clause,
            "text": self.text,
            "where": str(self.where) if self.where else "",
            "need": self.need,
            "have": self.have,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The smallest change in one direction that would give another answer: `kind` is what to change, `text` completes "... if "."""

    kind: str
    to: str
    answer: Answer
    text: str

    def as_dict(self) -> dict[str, str]:
        """The shape of `decide --json`."""
        return {"kind": self.kind, "to": self.to, "answer": str(self.answer), "text": self.text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The whole answer.  Days are in the agreement's time zone; `flips_on` is the first day with another answer, if any."""

    answer: Answer
    on: date
    known: date | None
    version: str
    workload_class: str
    host: str
    reasons: tuple[Reason, ...] = ()
    flips_on: date | None = None
    would_change_if: tuple[Change, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """The shape of `decide --json`, exactly these keys."""
        return {
            "answer": str(self.answer),
            "on": self.on.isoformat(),
            "known": self.known.isoformat() if self.known else None,
            "version": self.version,
            "class": self.workload_class,
            "host": self.host,
            "reasons": [r.as_dict() for r in self.reasons],
            "flips_on": self.flips_on.isoformat() if self.flips_on else None,
            "would_change_if": [c.as_dict() for c in self.would_change_if],
        }
