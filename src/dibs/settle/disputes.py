"""Disputes: who contests which entry, what came of it, and which entries are struck because of it.

A dispute is a record and changes no amount.  If it is upheld, the entry is struck: from that instant on the settlement no
longer wants it, so it is reversed, and whatever follows from it (a commitment, a cap) is reckoned anew.  Only what stands by
itself can be struck, a charge or a share; a shortfall or a payment follows from those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from dibs.errors import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dibs.errors import Findings
    from dibs.quantities import Instant
    from dibs.settle.postings import EntryKind

STRIKES: frozenset[EntryKind] = frozenset({"charge", "take_or_pay", "late_credit", "revenue_share"})
"""What an upheld dispute can take back."""


class Contested(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Somebody contests an entry."""

    id: str
    entry: str
    by: str
    says: str
    at: int
    starts: int
    """First second that the entry is about (instant, in)."""
    ends: int
    """First second that it is no longer about (instant, out)."""


class Resolved(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What came of a dispute."""

    dispute: str
    upheld: bool
    says: str
    at: int


Record: TypeAlias = "Contested | Resolved"


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute as far as it has come."""

    contested: Contested
    resolved: Resolved | None

    @property
    def outcome(self) -> Literal["open", "upheld", "rejected"]:
        """How it stands."""
        return "open" if self.resolved is None else "upheld" if self.resolved.upheld else "rejected"

    @property
    def struck_at(self) -> Instant | None:
        """When its entry was struck; nothing if it was not."""
        return self.resolved.at if self.resolved is not None and self.resolved.upheld else None

    @property
    def key(self) -> str:
        """What its entry is about: an id without the number of its version."""
        return self.contested.entry.partition("~")[0]

    @property
    def decision(self) -> str:
        """How an entry names it as what stands behind it."""
        return f"dispute:{self.contested.id}"


def read(text: str, findings: Findings, name: str = "disputes.jsonl") -> tuple[Dispute, ...]:
    """Disputes in the order in which they were made, from a file with a record a line.  What cannot be read is a finding."""
    decoder = msgspec.json.Decoder(Contested | Resolved)
    found: dict[str, Dispute] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        where, fix = Mark(name, number), "leave the file as `dibs dispute` wrote it"
        try:
            record = decoder.decode(line.encode())
        except msgspec.DecodeError as error:
            findings.add("DIB214", f"the record cannot be read: {error}", where, fix=fix)
            continue
        if isinstance(record, Contested):
            if record.id in found:
                findings.add("DIB214", f"`{record.id}` is recorded twice", where, fix=fix)
            found[record.id] = Dispute(record, None)
        elif record.dispute not in found or found[record.dispute].resolved is not None:
            findings.add("DIB214", f"`{record.dispute}` is resolved without having been open", where, fix=fix)
        else:
            found[record.dispute] = Dispute(found[record.dispute].contested, record)
    return tuple(found.values())


def to_text(disputes: Iterable[Dispute]) -> str:
    """The file that holds them."""
    records: list[Record] = [record for dispute in disputes for record in (dispute.contested, dispute.resolved) if record is not None]
    return "".join(f"{msgspec.json.encode(record).decode()}\n" for record in records)
