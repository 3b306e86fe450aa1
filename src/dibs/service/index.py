"""Where in the book things are: by the need, offer or grant they are about.  Numbers of entries, and nothing else."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dibs.journal.entry import Entry

_NAMED = ("request", "offer", "grant")


class Index:
    """Entry numbers by subject, in order; eight bytes each."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._about: dict[tuple[str, str], array[int]] = {}

    def hear(self, entry: Entry) -> None:
        """Note what an entry is about."""
        for event in entry.events:
            for kind in _NAMED:
                name = getattr(event, kind, "")
                if name:
                    self._note((kind, name if isinstance(name, str) else name.id), entry.seq)

    def about(self, kind: str, name: str) -> tuple[int, ...]:
        """The entries about a `request`, an `offer` or a `grant`, oldest first."""
        return tuple(self._about.get((kind, name), ()))

    def freeze(self) -> bytes:
        """All of it."""
        return msgspec.msgpack.encode([(kind, name, numbers.tobytes()) for (kind, name), numbers in self._about.items()])

    def thaw(self, frozen: bytes) -> None:
        """All of it again.  Raises `ValueError` if it is not what `freeze` gives."""
        about = {(kind, name): array("q", numbers) for kind, name, numbers in msgspec.msgpack.decode(frozen, type=list[tuple[str, str, bytes]])}
        self._about = about

    def _note(self, subject: tuple[str, str], seq: int) -> None:
        entries = self._about.get(subject)
        if entries is None:
            self._about[subject] = array("q", (seq,))
        elif entries[-1] != seq:
            entries.append(seq)
