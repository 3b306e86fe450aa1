"""Clocks: that of the machine, and one that can be moved on, for a server that plays a scenario as if it were live."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dibs.quantities import Instant


class MachineClock:
    """What the machine says."""

    def now(self) -> Instant:
        """Whole seconds (UTC)."""
        return int(time.time())


class SteeredClock:
    """A clock that begins at an instant of its own, runs on from there, and can be moved on, never back."""

    def __init__(self, begins: Instant, *, runs: bool = True) -> None:
        """`runs`: time passes in it by itself, second for second."""
        self._offset = begins - time.monotonic()
        self._runs = runs
        self._stands = begins

    def now(self) -> Instant:
        """Whole seconds (UTC)."""
        return int(time.monotonic() + self._offset) if self._runs else self._stands

    def move_to(self, instant: Instant) -> None:
        """Move on.  Raises `ValueError` for an instant that has passed."""
        if instant < self.now():
            message = "a clock does not go back"
            raise ValueError(message)
        self._offset = instant - time.monotonic()
        self._stands = instant
