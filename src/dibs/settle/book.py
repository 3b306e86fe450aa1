"""The book that a settlement writes: it only grows, and what was learnt late goes in as a reversal and a new entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from dibs.settle.postings import Entry, Posting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dibs.quantities import Instant


@dataclass(slots=True)
class Book:
    """Entries in the order in which they were made, and which of them stand.

    Whoever settles says what ought to stand (`hold`), under ids made from what it is about; the book finds out what that
    changes.  So settling the same facts again changes nothing, whatever order they are looked at in.
    """

    entries: list[Entry] = field(default_factory=list)
    standing: dict[str, Entry] = field(default_factory=dict)
    """What an id stands for now; its own id may carry a number, if it is not the first."""
    struck: Mapping[str, str] = field(default_factory=dict)
    """What an entry is about -> the dispute because of which it is taken back, once there is one."""
    _versions: dict[str, int] = field(default_factory=dict)

    def hold(self, wanted: Iterable[Entry], at: Instant, *, instead_of: Iterable[str] = ()) -> list[Entry]:
        """Make `wanted` stand from `at` on, in place of whatever stood under the same ids and under `instead_of`.

        An entry without an amount is not written, but takes the place of one that had one.  Reversals go first, so that no cap
        is passed on the way.  Gives what was written.
        """
        asked = {entry.id: entry for entry in wanted}
        new = {key: entry for key, entry in asked.items() if any(line.amount for line in entry.postings)}
        gone = [key for key in dict.fromkeys((*instead_of, *asked)) if key in self.standing and not _same(self.standing[key], new.get(key))]
        written = [self._take_back(key, at, new.get(key)) for key in gone]
        for key, entry in new.items():
            if key in self.standing:
                continue
            number = self._versions[key] = self._versions.get(key, 0) + 1
            made = msgspec.structs.replace(entry, id=key if number == 1 else f"{key}~{number}", recorded=at)
            self.standing[key] = made
            written.append(made)
        self.entries += written
        return written

    def _take_back(self, key: str, at: Instant, new: Entry | None) -> Entry:
        old = self.standing.pop(key)
        decision = self.struck.get(key, new.decision if new is not None else old.decision)
        return Entry(
            id=f"{old.id}~reversed",
            kind="reversal",
            says=f"Taken back: {old.says[:1].lower()}{old.says[1:]}",
            valid_from=old.valid_from,
            valid_to=old.valid_to,
            recorded=at,
            clause=old.clause,
            decision=decision,
            postings=tuple(Posting(account=line.account, amount=-line.amount, currency=line.currency) for line in old.postings),
            reverses=old.id,
            counterparties=old.counterparties,
            detail=old.detail,
        )


def _same(old: Entry, new: Entry | None) -> bool:
    return new is not None and (old.postings, old.clause, old.valid_from, old.valid_to) == (new.postings, new.clause, new.valid_from, new.valid_to)
