"""One colour for one platform, everywhere; a letter beside it for whoever cannot tell the colours apart.

The hues are Okabe and Ito's, in the order of the agreement's parties that are a platform; a brown stands in for their
vermillion, which is too near the red that only unmet demand may have.  An operator is a tint of the platform it works
for.  From the ninth platform on all are grey, and their label tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dibs.report.folder import RunFolder

HUES = ("#0072b2", "#e69f00", "#009e73", "#56b4e9", "#cc79a7", "#f0e442", "#555555", "#8a5a2b")
GREY = "#a3a8b0"
TINTS = (0.0, 0.3, 0.5, 0.16, 0.62, 0.4, 0.7)
"""How far each further operator of a platform goes towards white."""


@dataclass(frozen=True, slots=True)
class Ink:
    """How one thing is drawn: fill, letter, and whether text on it is white."""

    fill: str
    letter: str
    name: str
    white: bool


def ink_of(fill: str, letter: str, name: str) -> Ink:
    """An ink whose letter can be read on its fill."""
    return Ink(fill, letter, name, _is_dark(fill))


@dataclass(frozen=True, slots=True)
class Palette:
    """The inks of one run."""

    platforms: Mapping[str, Ink]

    @classmethod
    def of(cls, run: RunFolder) -> Self:
        """Platforms in the order of the parties, those that no party entry names last."""
        used: dict[str, None] = {str(host["platform"]): None for host in run.of("hosts", default=[])}
        used |= {row["platform"]: None for row in run.table("capacity")} | {row["platform"]: None for row in run.table("grants")}
        names: dict[str, str] = run.names
        ordered = [party for party in names if party in used] + [party for party in used if party not in names]
        letters = _letters(names.get(party, party) for party in ordered)
        inks = {}
        for place, party in enumerate(ordered):
            inks[party] = ink_of(HUES[place] if place < len(HUES) else GREY, letters[place], names.get(party, party))
        return cls(inks)

    def platform(self, party: str) -> Ink:
        """A platform's ink; grey for one that the run never named."""
        return self.platforms.get(party) or ink_of(GREY, party[:1].upper(), party)

    def tint(self, party: str, place: int, name: str) -> Ink:
        """The ink of the `place`-th operator or site of a platform."""
        base = self.platform(party)
        return ink_of(_mix(base.fill, TINTS[place % len(TINTS)]), base.letter, name)


def _letters(names: Iterable[str]) -> list[str]:
    """One capital each, the first free one of the name; two letters when all are taken."""
    out: list[str] = []
    for name in names:
        capitals = [letter.upper() for letter in name if letter.isalpha()]
        free = [letter for letter in capitals if letter not in out]
        out.append(free[0] if free else "".join(capitals[:2]) or "?")
    return out


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mix(colour: str, towards_white: float) -> str:
    return "#" + "".join(f"{round(c + (255 - c) * towards_white):02x}" for c in _channels(colour))


def _is_dark(colour: str) -> bool:
    """Whether white text reads better on it than black (WCAG relative luminance)."""
    linear = [((c / 255 + 0.055) / 1.055) ** 2.4 if c > 10 else c / 255 / 12.92 for c in _channels(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05
