"""Writing on top of a book without touching it.

To judge a command one has to see what would follow from it, step by step.  A `Layer` takes the writing and leaves the
dictionary beneath as it is; it is thrown away once the events are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

K = TypeVar("K")
V = TypeVar("V")
_MISSING: Any = object()
"""Stands for "not in here"."""
_GONE: Any = object()
"""Written over a key to say that it is no longer there."""


class Layer(dict[K, V]):
    """A dictionary that begins as `beneath` and keeps what is written to itself.

    Only reading by key, writing, `pop` and going through the keys are for it: that is all the procedure does.
    """

    __slots__ = ("beneath",)

    def __init__(self, beneath: dict[K, V]) -> None:
        """Nothing written yet."""
        super().__init__()
        self.beneath = beneath

    def __missing__(self, key: K) -> V:
        """What stands beneath, for a key that nobody wrote here."""
        return self.beneath[key]

    def __getitem__(self, key: K) -> V:
        """As a dictionary."""
        value = super().__getitem__(key)
        if value is _GONE:
            raise KeyError(key)
        return value

    def get(self, key: K, default: Any = None) -> Any:
        """As a dictionary."""
        value = super().get(key, _MISSING)
        if value is _MISSING:
            return self.beneath.get(key, default)
        return default if value is _GONE else value

    def __contains__(self, key: object) -> bool:
        """As a dictionary."""
        return self.get(key, _MISSING) is not _MISSING  # type: ignore[arg-type]

    def pop(self, key: K, default: Any = None) -> Any:
        """As a dictionary; a key that is not there is no error."""
        value = self.get(key, _MISSING)
        if value is _MISSING:
            return default
        self[key] = _GONE
        return value

    def __iter__(self) -> Iterator[K]:
        """The keys: those beneath first, in their order, then the new ones."""
        for key in self.beneath:
            if super().get(key, _MISSING) is not _GONE:
                yield key
        for key in super().__iter__():
            if key not in self.beneath and super().get(key) is not _GONE:
                yield key
