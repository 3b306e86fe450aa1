"""Where exact amounts become whole minor units: once, by the rule a clause names, with parts that sum to the whole."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

RoundingRule: TypeAlias = Literal["half_even", "half_up", "down"]

_MODES = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP, "down": ROUND_DOWN}
_EXPONENTS = {"BHD": 3, "CLP": 0, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "OMR": 3, "TND": 3, "VND": 0}


def exponent(currency: str) -> int:
    """Digits after the point of a currency (ISO 4217): 2 for most, 0 for the yen."""
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal, currency: str, rule: RoundingRule = "half_even") -> int:
    """An exact amount in whole minor units (cents), rounded once by `rule`.  Raises `TypeError` for a float."""
    if not isinstance(amount, Decimal):
        message = f"money takes a Decimal, not {type(amount).__name__}"
        raise TypeError(message)
    return int(amount.scaleb(exponent(currency)).quantize(Decimal(1), rounding=_MODES[rule]))


def whole(exact: Fraction, rule: RoundingRule = "half_even") -> int:
    """An exact number of minor units as whole ones, rounded once by `rule`; `down` and `half_up` look at the size, not the sign."""
    size = abs(exact)
    units, rest = divmod(size.numerator, size.denominator)
    twice = 2 * rest
    if rule != "down" and (twice > size.denominator or (twice == size.denominator and (rule == "half_up" or units % 2))):
        units += 1
    return units if exact >= 0 else -units


def minor(amount: Decimal, currency: str) -> Fraction:
    """An exact amount in minor units, not rounded."""
    return Fraction(amount.scaleb(exponent(currency)))


def telescope(parts: Sequence[Fraction], rule: RoundingRule = "half_even") -> list[int]:
    """Round parts so that every run of them from the first on sums to the rounded sum: what is before never changes by what follows.

    However finely a period is cut, its parts come to the same whole; that is why a period is rounded so, and not by `allocate`,
    whose parts depend on where the cuts are.
    """
    rounded, total, before = [], Fraction(0), 0
    for part in parts:
        total += part
        now = whole(total, rule)
        rounded.append(now - before)
        before = now
    return rounded


def from_minor(minor: int, currency: str) -> Decimal:
    """The exact amount of so many minor units."""
    return Decimal(minor).scaleb(-exponent(currency))


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split whole minor units in proportion to `weights`, so that the parts sum to `total` (largest remainder first).

    Ties go to the earlier part.  Works for negative totals; raises `ValueError` when all weights are zero or one is negative.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        message = "weights must be non-negative and not all zero"
        raise ValueError(message)
    sign = -1 if total < 0 else 1
    parts = [abs(total) * weight // whole for weight in weights]
    left = abs(total) - sum(parts)
    order = sorted(range(len(weights)), key=lambda i: (-(abs(total) * weights[i] % whole), i))
    for index in order[:left]:
        parts[index] += 1
    return [sign * part for part in parts]
