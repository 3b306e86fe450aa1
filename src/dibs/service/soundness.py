"""Values that no type forbids and nobody means: a price of `NaN`, a day in the year 1, a text with a NUL in it.

What gets past this can be reckoned with, stored anywhere, and shown again as it came.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import msgspec.inspect

from dibs.errors import Finding, Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST, LAST = date(1970, 1, 1), date(2200, 1, 1)
"""Days that may be named: from the first on, before the last."""
WHOLE_MAX = 2**53
"""The largest whole number that every reader of JSON reads exactly (bound is in)."""
AMOUNT_MAX = Decimal(10) ** 15
"""The largest amount (bound is in)."""
PLACES_MAX = 18
"""Digits behind the point (bound is in)."""
SHOWN_MAX = 80
"""Characters of what was sent that an error repeats."""


def unsound(value: Any, where: str = "$") -> Iterator[Finding]:
    """Everything in a value that cannot be worked with, each with its place."""
    match value:
        case None | bool():
            return
        case str():
            if any((ord(sign) < 32 and sign not in "\t\n\r") or ord(sign) == 127 for sign in value):
                yield _finding("a text with control characters in it", where, "leave them out")
            elif not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
                yield _finding("a text with half a character in it", where, "send whole characters, as UTF-8")
        case int():
            if abs(value) > WHOLE_MAX:
                yield _finding("a number that is too large", where, f"name at most {WHOLE_MAX}")
        case Decimal():
            if not value.is_finite():
                yield _finding(f"`{value}`, which is no amount", where, "write digits")
            elif value.adjusted() > 15 or abs(value) > AMOUNT_MAX or -int(value.as_tuple().exponent) > PLACES_MAX:
                yield _finding(
                    "an amount beyond reckoning", where, f"name at most {AMOUNT_MAX:.0e}, with at most {PLACES_MAX} digits behind the point"
                )
        case datetime():
            if not _near(value):
                yield _finding(f"the instant `{value.isoformat()}`", where, f"name one from {FIRST} on and before {LAST}")
        case date():
            if not FIRST <= value < LAST:
                yield _finding(f"the day `{value}`", where, f"name one from {FIRST} on and before {LAST}")
        case msgspec.Struct():
            shaped = _shaped(type(value))
            for name, encoded in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
                item = getattr(value, name)
                if name in shaped and any(text.endswith("\n") for text in _texts(item)):
                    yield _finding("a name with a line break behind it", f"{where}.{encoded}", "leave it out")
                yield from unsound(item, f"{where}.{encoded}")
        case dict():
            for key, item in value.items():
                yield from unsound(key, f"{where} (a key)")
                yield from unsound(item, f"{where}[...]")
        case tuple() | list():
            for nth, item in enumerate(value):
                yield from unsound(item, f"{where}[{nth}]")
        case _:
            return


@cache
def _shaped(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The members whose texts have a pattern: its `$` lets a line break pass at the end, here and not where JSON Schema is read."""
    return frozenset(field.name for field in msgspec.inspect.type_info(kind).fields if _patterned(field.type))  # type: ignore[attr-defined]


def _patterned(kind: msgspec.inspect.Type) -> bool:
    match kind:
        case msgspec.inspect.StrType(pattern=pattern):
            return pattern is not None
        case msgspec.inspect.UnionType(types=types):
            return any(_patterned(one) for one in types)
        case msgspec.inspect.CollectionType(item_type=item):
            return _patterned(item)
        case msgspec.inspect.DictType(key_type=key, value_type=item):
            return _patterned(key) or _patterned(item)
        case _:
            return False


def _texts(value: Any) -> Iterator[str]:
    """The texts in the value of a member, but for those in members of its own."""
    match value:
        case str():
            yield value
        case dict():
            for pair in value.items():
                yield from _texts(pair)
        case tuple() | list():
            for item in value:
                yield from _texts(item)
        case _:
            return


def shown(text: str, limit: int = SHOWN_MAX) -> str:
    """What was sent, as an error repeats it: not at length, and without what has no shape."""
    kept = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[: limit + 1])
    return kept if len(kept) <= limit else kept[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _near(value: datetime) -> bool:
    """Whether an instant lies within the years that may be named; at their very edge its zone would carry it out of the calendar."""
    if not FIRST.year < value.year < LAST.year - 1:
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        first, last = (datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() for day in (FIRST, LAST))
        return first <= aware.timestamp() < last
    return True


def _finding(what: str, where: str, fix: str) -> Finding:
    return Finding("DIB303", f"{what}, at `{where}`", Mark(where), fix)
