"""The money of a live book: settled when somebody asks, as known at the end of the last month that is over.

A settlement is worked out from the journal alone, off the office's thread, and kept until another month has ended, the
agreement is another, or somebody contests a line: acts of a month that is not over change nothing.  Its entries go to
the ledger, which keeps what was said at the time: what is learnt later is a reversal and a new entry there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dibs.errors import Mark
from dibs.journal.entry import Opener
from dibs.quantities import day_of, instant_of, iso
from dibs.settle.materials import Materials, Seen
from dibs.settle.named import behind_of, contract_of
from dibs.settle.settlement import settle
from dibs.settle.statement import Behind, Statement, statements

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from dibs.contract.model import Agreement
    from dibs.journal.audit import Book
    from dibs.journal.entry import Entry
    from dibs.quantities import Instant
    from dibs.service.office import Office
    from dibs.settle.focus import Contract
    from dibs.settle.rows import Settlement
    from dibs.store.ledger import Dispute, Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounted:
    """What was settled of a live book."""

    settlement: Settlement
    agreement: Agreement
    zone: ZoneInfo
    behind: Behind
    statements: tuple[Statement, ...]
    """Of every two parties and month that have something to say, the house's side first."""

    @property
    def contract(self) -> Contract:
        """The agreement as exports name it."""
        return contract_of(self.agreement, self.settlement, zone=self.zone, behind=self.behind)


class Accounts:
    """Settles one book and keeps its ledger."""

    def __init__(self, office: Office, ledger: Ledger) -> None:
        """Nothing is settled before somebody asks."""
        self._office = office
        self._ledger = ledger
        self._made: Accounted | None = None
        self._made_for: tuple[str, Instant, int, int] | None = None
        self._one = asyncio.Lock()

    async def settled(self) -> Accounted:
        """The settlement as it is known now.  Raises `BadInput` with every finding if it cannot be settled."""
        async with self._one:
            compiled = self._office.agreement
            month = day_of(self._office.now(), compiled.zone).replace(day=1)
            until = instant_of(month, compiled.zone)
            # Once something of this month is on record, nothing of the months before can be put there any more.
            size = self._office.store.size if self._office.state.now < until else -1
            disputes = len(await asyncio.to_thread(self._ledger.disputes))  # another replica may have recorded one
            stands_for = (compiled.agreement.digest, until, size, disputes)
            if self._made is None or self._made_for != stands_for:
                self._made = await asyncio.to_thread(self._settle, compiled.agreement, compiled.zone, until)
                self._made_for = stands_for
            return self._made

    async def contest(self, dispute: Dispute) -> Dispute:
        """Record that a party contests an entry; the same words again are the dispute that is there.

        Raises `BadInput` (DIB226) if there is no such entry of theirs.
        """
        async with self._one:
            for there in await asyncio.to_thread(self._ledger.disputes):
                if (there.entry, there.by, there.says) == (dispute.entry, dispute.by, dispute.says):
                    return there
            await asyncio.to_thread(self._ledger.contest, dispute)
            return dispute

    def close(self) -> None:
        """Let the ledger go."""
        self._ledger.close()

    def _settle(self, agreement: Agreement, zone: ZoneInfo, until: Instant) -> Accounted:
        with self._office.store.reader() as book:
            entries = _entries(book, until)
        first = day_of(entries[0].at, zone) if entries else day_of(until - 1, zone)
        starts = min(instant_of(first.replace(day=1), zone), until)
        seen = tuple(Seen(entry.seq, event, Mark("(journal)", entry.seq + 1)) for entry in entries for event in entry.events)
        materials = Materials(agreement=agreement, seen=seen, sites=(), starts=starts, until=until, zone=zone)
        settlement = settle(materials)
        self._ledger.write(settlement.entries)
        acts = {str(entry.seq): f"{iso(entry.at)} {type(entry.command).__name__} by {entry.command.by}" for entry in entries}
        behind = behind_of(agreement, acts)
        contested = {dispute.entry: f"{behind.name(dispute.by)}: {dispute.says}" for dispute in self._ledger.disputes()}
        made = statements(settlement.entries, zone=zone, behind=behind, disputes=contested, first=self._office.house)
        return Accounted(settlement=settlement, agreement=agreement, zone=zone, behind=behind, statements=tuple(made))


def _entries(book: Book, until: Instant) -> list[Entry]:
    """What the book holds that happened before an instant."""
    opener = Opener()
    out = []
    for sealed, where in book.sealed():
        if sealed.at >= until:
            break
        out.append(opener.open(sealed, where))
    return out
