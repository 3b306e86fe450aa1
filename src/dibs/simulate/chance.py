"""Chance, split by name: what a supplier does about one offer is drawn the same way whatever else happened before.

Every draw belongs to a concern and to the things it is about (`"answer"`, the party, the need).  A stream made from
those names alone does not depend on the order in which the world asks, nor on the process: two variants of an
agreement that ask the same question get the same chance, which is what makes their difference readable.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chance:
    """The one source of chance in a simulated world."""

    seed: int

    def stream(self, concern: str, *about: object) -> random.Random:
        """A fresh generator for one concern and what it is about; the same names give the same numbers in any process."""
        return random.Random("/".join((str(self.seed), concern, *map(str, about))))  # noqa: S311 - a simulation, not a secret

    def happens(self, share: Decimal, concern: str, *about: object) -> bool:
        """Whether something that happens with probability `share` happens here."""
        if share <= 0:
            return False
        return share >= 1 or self.stream(concern, *about).random() < share

    def whole(self, low: int, high: int, concern: str, *about: object) -> int:
        """A whole number from `low` to `high`, both in."""
        return low if low >= high else self.stream(concern, *about).randint(low, high)

    def one_of(self, choices: Sequence[T], concern: str, *about: object) -> T:
        """One of them, each as likely."""
        return choices[self.stream(concern, *about).randrange(len(choices))]

    def weighted(self, shares: Mapping[T, Decimal], concern: str, *about: object) -> T:
        """One key of `shares`, which add up to one; in the order they are written."""
        mark = self.stream(concern, *about).random()
        last = None
        for key, share in shares.items():
            last = key
            mark -= float(share)
            if mark < 0:
                return key
        assert last is not None  # noqa: S101 - a bug: nobody draws from nothing
        return last
