"""Numbers, days and lists as people say them."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SIZES = ((10**12, "trillion", "tn"), (10**9, "bn", "bn"), (10**6, "million", "M"), (10**3, "thousand", "k"))


def _three_figures(value: float) -> str:
    """No more than three figures and no empty decimals: 1.94, 19.4, 194."""
    digits = 2 if value < 2 else 1 if value < 100 else 0
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(number: float) -> str:
    """`760 thousand`, `1.9 million`, `38 bn`; whole numbers below ten thousand stay exact: `5,200`."""
    if abs(number) < 10_000:
        return f"{round(number):,}"
    return _scaled(number, 1)


def short(number: float) -> str:
    """The same for axes and labels, where room is scarce: `760 k`, `1.9 M`."""
    if abs(number) < 1_000:
        return f"{round(number)}"
    return _scaled(number, 2)


def _scaled(number: float, word: int) -> str:
    sign = "-" if number < 0 else ""
    for size in _SIZES:
        if abs(number) >= size[0] * 0.9995:
            return f"{sign}{_three_figures(abs(number) / size[0])} {size[word]}"
    raise AssertionError(number)


def power(accelerators: float, kilowatts: float) -> str:
    """What that many accelerators draw: `1.9 GW`, `320 MW`."""
    megawatts = accelerators * kilowatts / 1000
    if megawatts >= 999.5:
        return f"{_three_figures(megawatts / 1000)} GW"
    return f"{_three_figures(megawatts)} MW"


def day(value: date) -> str:
    """`21 Jan 2025`."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def month(value: date) -> str:
    """`Jan 2025`."""
    return f"{MONTHS[value.month - 1]} {value.year}"


def share(part: float, whole: float) -> str:
    """`46 %`; a part that is not nothing is never said as 0 %, nor one that is not all as 100 %."""
    if not whole:
        return "0 %"
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "less than 1 %"
    if 99 < percent < 100:
        return "more than 99 %"
    return f"{percent:.0f} %"


def count(number: int, thing: str, things: str = "") -> str:
    """`no offers`, `1 offer`, `12 offers`."""
    name = thing if number == 1 else things or f"{thing}s"
    return f"{amount(number) if number else 'no'} {name}"


def times(number: int) -> str:
    """`never`, `once`, `twice`, `12 times`."""
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{amount(number)} times")


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def capital(sentence: str) -> str:
    """The first letter large, the rest as it stands."""
    return sentence[:1].upper() + sentence[1:]


def readable(sentence: str) -> str:
    """A sentence of a message as one of a page: days as people say them, each kept on one line, and no backticks."""
    said = re.sub(r"\b\d{4}-\d\d-\d\d\b", lambda found: day(date.fromisoformat(found[0])).replace(" ", "\u00a0"), sentence)
    return said.replace("`", "")


def plain(code: str) -> str:
    """A code as words: `under_construction` becomes `under construction`."""
    return {"pre_emption": "pre-emption", "most_favoured_customer": "most-favoured customer"}.get(code, code.replace("_", " "))
