"""A book in memory, for simulations and tests: the same entries and leaves, computed when somebody asks for them."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING

from dibs.errors import Mark
from dibs.journal.checkpoint import Head, SigningKey, VerifyingKey, sign_head
from dibs.journal.entry import SECRET_SIZE, Entry, Sealed, Sealer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from dibs.broker import Snapshot
    from dibs.errors import Finding
    from dibs.quantities import Instant


class MemoryStore:
    """Keeps entries as they come; nothing is encoded or hashed before the book is read, exported or signed.

    `secret` is what the salts of confidential values grow from: the same secret and the same acts give the same book,
    byte for byte.  It is no protection here, where whoever holds the store sees the values; an export is as safe as it.
    """

    name = "(memory)"
    shared = False

    def __init__(self, *, secret: bytes = bytes(SECRET_SIZE), signer: SigningKey | None = None) -> None:
        """Start an empty book."""
        self._entries: list[Entry] = []
        self._sealed: list[Sealed] = []
        self._sealer = Sealer(secret)
        self._signer = signer
        self._keys: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._heads: list[Head] = []

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self._entries)

    def append(self, entries: Sequence[Entry], *, due: Instant | None = None) -> None:  # noqa: ARG002 - nobody else has to be woken
        """Keep all of them."""
        self._entries.extend(entries)
        for entry in entries:
            if entry.key:
                self._keys[entry.key] = entry.seq

    def entries(self, first: int = 0) -> Iterator[Entry]:
        """Every entry from a number on, in order."""
        return islice(self._entries, first, None)

    def keep_snapshot(self, snapshot: Snapshot) -> None:
        """It would not outlive what it is taken of."""

    def snapshot(self) -> Snapshot | None:
        """None is kept."""
        return None

    def refresh(self) -> Iterator[Entry]:
        """Nobody else writes to it."""
        return iter(())

    def alone(self) -> AbstractContextManager[None]:
        """Nobody else writes to it."""
        return nullcontext()

    def claimed(self, at: Instant) -> AbstractContextManager[bool]:  # noqa: ARG002 - whenever it is
        """Nobody else writes to it."""
        return nullcontext(True)

    def find(self, key: str) -> Entry | None:
        """The act that goes by this name."""
        seq = self._keys.get(key)
        return None if seq is None else self._entries[seq]

    def read(self, numbers: Sequence[int]) -> tuple[Entry, ...]:
        """The entries with these numbers."""
        return tuple(self._entries[number] for number in numbers)

    def reader(self) -> AbstractContextManager[MemoryStore]:
        """The store itself."""
        return nullcontext(self)

    def text(self, digest: str) -> str | None:
        """The agreement's text with this SHA-256."""
        return self._texts.get(digest)

    def keep_text(self, digest: str, text: str) -> None:
        """Keep an agreement's text."""
        self._texts[digest] = text

    def sign(self, state: bytes = b"") -> Head | None:
        """Sign the book as it stands, and the digest of the state it leads to; nothing without a key or anything new to say."""
        if self._signer is None or not self.size or (self._heads and self._heads[-1].size == self.size and not state):
            return None
        for _ in self._seal():
            pass
        head = sign_head(self._signer, self._sealer.frontier, state)
        self._heads = [*(kept for kept in self._heads if kept.size != head.size), head]
        return head

    def close(self) -> None:
        """There is nothing to close."""

    def sealed(self) -> Iterator[tuple[Sealed, Mark]]:
        """Every entry as it is exported, with its place."""
        for sealed in self._sealed.copy():
            yield sealed, Mark(self.name, sealed.seq + 1)
        for sealed in self._seal():
            yield sealed, Mark(self.name, sealed.seq + 1)

    def texts(self) -> Mapping[str, str]:
        """Every agreement's text by its digest."""
        return dict(self._texts)

    def heads(self) -> Sequence[Head]:
        """Every signed head, smallest first."""
        return tuple(self._heads)

    def signers(self) -> Sequence[VerifyingKey]:
        """Whose signatures the heads carry."""
        return (self._signer.public,) if self._signer else ()

    def damage(self) -> Iterable[Finding]:
        """Memory does not rot."""
        return ()

    def _seal(self) -> Iterator[Sealed]:
        while len(self._sealed) < len(self._entries):
            sealed = self._sealer.seal(self._entries[len(self._sealed)])
            self._sealed.append(sealed)
            yield sealed
