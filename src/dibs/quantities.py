"""Exact quantities: money, shares, durations, days and instants.

Nothing here is a float.  An `Instant` is whole seconds since 1970-01-01T00:00:00Z, which sorts, hashes and reads the
same in every language; a `date` is a day in the agreement's time zone, and becomes the instant at which that day
begins there.  Every interval is half-open: its start is in, its end is out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Self, TypeAlias

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Instant: TypeAlias = int
"""Whole seconds since 1970-01-01T00:00:00Z."""

HOUR = 3_600
DAY = 86_400
AMOUNT_MAX = Decimal(10) ** 15
"""No agreement on earth names a larger sum; a larger one is a slip of the pen (bound is in)."""

_AMOUNT = r"[+-]?(?:\d[\d_]*)(?:\.\d+)?(?:[eE][+]?\d{1,2})?"
_MONEY = re.compile(rf"^({_AMOUNT})\s+([A-Z]{{3}})$", re.ASCII)
_SHARE = re.compile(r"^([+-]?\d+(?:\.\d+)?)\s*%$", re.ASCII)
_DURATION = re.compile(r"^(\d+)\s+(seconds?|minutes?|hours?|days?|weeks?)$", re.ASCII)
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$", re.ASCII)
MONEY_FORM, SHARE_FORM, DURATION_FORM, DAY_FORM = _MONEY.pattern, _SHARE.pattern, _DURATION.pattern, _DAY.pattern
"""How each is written, as regular expressions that editors understand too."""
_SECONDS = {"second": 1, "minute": 60, "hour": HOUR, "day": DAY, "week": 7 * DAY}


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount in one currency (ISO 4217, three capital letters).  Never rounded here; never a float."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Refuse floats: `Money(0.1, "USD")` is already wrong before it is stored."""
        if not isinstance(self.amount, Decimal):
            message = f"money takes a Decimal, not {type(self.amount).__name__}: write Decimal('0.1')"
            raise TypeError(message)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `250e9 USD` or `3.50 USD`.  Raises `ValueError` with a sentence when it is not that."""
        match = _MONEY.match(text.strip())
        if not match:
            message = f"`{text}` is not money: write an amount and a currency, like `12e9 USD`"
            raise ValueError(message)
        try:
            amount = Decimal(match[1].replace("_", ""))
        except InvalidOperation as error:  # pragma: no cover - the pattern admits only numbers
            message = f"`{text}` is not money"
            raise ValueError(message) from error
        if abs(amount) > AMOUNT_MAX:
            message = f"`{text}` is more than {AMOUNT_MAX:.0e}: check the exponent"
            raise ValueError(message)
        return cls(amount, match[2])

    def __str__(self) -> str:
        """`12e9 USD` when it is round, else digits: what `parse` reads back."""
        amount = self.amount
        if amount and amount == amount.to_integral_value() and abs(amount) >= 1_000_000:
            digits = str(int(amount))
            zeros = len(digits) - len(digits.rstrip("0"))
            if zeros >= 6:
                exponent = zeros - zeros % 3
                return f"{int(amount) // 10**exponent}e{exponent} {self.currency}"
        return f"{amount:f} {self.currency}"


def parse_share(text: str) -> Decimal:
    """Read `20 %` as 0.20 (exact).  Raises `ValueError` unless it carries its percent sign and lies in 0-100 %."""
    match = _SHARE.match(text.strip())
    if not match:
        message = f"`{text}` is not a share: write it as a percentage, like `20 %`"
        raise ValueError(message)
    share = Decimal(match[1]) / 100
    if not 0 <= share <= 1:
        message = f"`{text}` lies outside 0 % to 100 %"
        raise ValueError(message)
    return share


def render_share(share: Decimal) -> str:
    """The inverse of `parse_share`."""
    percent = (share * 100).normalize()
    return f"{percent:f} %"


def parse_duration(text: str) -> timedelta:
    """Read `30 days`, `24 hours`, `2 weeks`.  Raises `ValueError` with a sentence; months are refused (how long is one?)."""
    match = _DURATION.match(text.strip())
    if not match:
        message = f"`{text}` is not a duration: write a whole number and a unit, like `30 days` or `24 hours`"
        raise ValueError(message)
    seconds = int(match[1]) * _SECONDS[match[2].rstrip("s")]
    if seconds > 100 * 366 * DAY:
        message = f"`{text}` is more than a hundred years"
        raise ValueError(message)
    return timedelta(seconds=seconds)


def render_duration(duration: timedelta) -> str:
    """The inverse of `parse_duration`, in the largest unit that divides it."""
    seconds = int(duration.total_seconds())
    for unit, size in (("day", DAY), ("hour", HOUR), ("minute", 60), ("second", 1)):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    raise AssertionError(seconds)


def parse_day(text: str) -> date:
    """Read `2025-01-21`.  Raises `ValueError` for anything shorter, longer or impossible."""
    text = text.strip()
    if not _DAY.match(text):
        message = f"`{text}` is not a day: write it as year-month-day, like `2025-01-21`"
        raise ValueError(message)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"`{text}` is not a day of the calendar"
        raise ValueError(message) from error


def instant_of(day: date, zone: ZoneInfo | None = None) -> Instant:
    """The instant at which `day` begins in `zone` (default UTC)."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone or UTC).timestamp())


def day_of(instant: Instant, zone: ZoneInfo | None = None) -> date:
    """The day in `zone` (default UTC) that `instant` falls in."""
    return datetime.fromtimestamp(instant, tz=zone or UTC).date()


def parse_instant(text: str) -> Instant:
    """Read `2025-03-01T12:00:00Z` (an offset is required) or a day, which means its first second in UTC."""
    text = text.strip()
    if _DAY.match(text):
        return instant_of(parse_day(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"`{text}` is not an instant: write `2025-03-01T12:00:00Z`"
        raise ValueError(message) from error
    if moment.tzinfo is None or moment.microsecond:
        message = f"`{text}` needs a time zone (`Z` or `+02:00`) and whole seconds"
        raise ValueError(message)
    return int(moment.timestamp())


def iso(instant: Instant) -> str:
    """`2025-03-01T12:00:00Z`."""
    return datetime.fromtimestamp(instant, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
