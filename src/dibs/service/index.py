"""Where in the book things are: by the need, offer, grant, capacity or text they are about.  Numbers of entries, and nothing else."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import msgspec

from dibs.procedure.events import AgreementAdopted, CapacityDeclared, UsageReported

if TYPE_CHECKING:
    from dibs.journal.entry import Entry
    from dibs.procedure.events import AnyEvent

_NAMED = ("request", "offer", "grant")


def subjects_of(event: AnyEvent) -> set[tuple[str, str]]:
    """The need, offer and grant that an event is about."""
    named = ((kind, getattr(event, kind, "")) for kind in _NAMED)
    return {(kind, name if isinstance(name, str) else name.id) for kind, name in named if name}


class Index:
    """Entry numbers by subject, in order; eight bytes each."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._about: dict[tuple[str, str], array[int]] = {}
        self.texts: list[tuple[str, int]] = []
        """(digest, entry) of every text of the agreement that was adopted, in order."""

    def hear(self, entry: Entry) -> None:
        """Note what an entry is about."""
        for event in entry.events:
            for subject in subjects_of(event):
                self._note(subject, entry.seq)
            match event:
                case CapacityDeclared():
                    self._note(("capacity", f"{event.host} {event.sku}"), entry.seq)
                case UsageReported():
                    self._note(("usage", event.host), entry.seq)
                case AgreementAdopted():
                    self.texts.append((event.digest, entry.seq))
                case _:
                    pass

    def about(self, kind: str, name: str) -> tuple[int, ...]:
        """The entries about a `request`, an `offer` or a `grant`, the `capacity` of a host and sku, or the `usage` of a host, oldest first."""
        return tuple(self._about.get((kind, name), ()))

    def freeze(self) -> bytes:
        """All of it."""
        return msgspec.msgpack.encode(([(kind, name, numbers.tobytes()) for (kind, name), numbers in self._about.items()], self.texts))

    def thaw(self, frozen: bytes) -> None:
        """All of it again.  Raises `ValueError` if it is not what `freeze` gives."""
        about, texts = msgspec.msgpack.decode(frozen, type=tuple[list[tuple[str, str, bytes]], list[tuple[str, int]]])
        self._about = {(kind, name): array("q", numbers) for kind, name, numbers in about}
        self.texts = texts

    def forget(self) -> None:
        """Nothing is known, as at the beginning."""
        self._about.clear()
        self.texts.clear()

    def _note(self, subject: tuple[str, str], seq: int) -> None:
        entries = self._about.get(subject)
        if entries is None:
            self._about[subject] = array("q", (seq,))
        elif entries[-1] != seq:
            entries.append(seq)
