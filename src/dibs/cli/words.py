"""The kinds of words that commands take: days, quantities, readings, names from an agreement; and the files they name."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from dibs.cli.frame import bad, like

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dibs.contract.model import Agreement

BYTES_MAX = 4_000_000
"""Bytes of an agreement file that are read (bound is in): an agreement has at most a million characters."""


class Day(click.ParamType[date]):
    """A day, like `2025-03-01`."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ARG002 - click's signature
        """Read it, or say how a day is written."""
        from dibs.quantities import parse_day

        if isinstance(value, date):
            return value
        try:
            return parse_day(value)
        except ValueError as error:
            raise bad("DIB186", str(error), "write a day of the calendar as year-month-day, like `2025-01-21`", value) from error


class Whole(click.ParamType[int]):
    """A whole number with a bound."""

    name = "N"

    def __init__(self, least: int = 1, most: int = 10**9) -> None:
        """Both bounds are in."""
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ARG002
        """Read it, or say which numbers are allowed."""
        if isinstance(value, int):
            return value
        digits = str(value).replace("_", "")
        if not digits.lstrip("-").isascii() or not digits.removeprefix("-").isdigit() or not self.least <= int(digits) <= self.most:
            raise bad("DIB186", f"`{value}` is not a whole number from {self.least} to {self.most}", "write digits only", str(value))
        return int(digits)


class ReadingChoice(click.ParamType[tuple[str, str]]):
    """`CLAUSE=NAME`: which reading of an ambiguous clause to take."""

    name = "CLAUSE=NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:  # noqa: ARG002
        """Split it at the first `=`."""
        if isinstance(value, tuple):
            return value
        clause, equals, reading = str(value).partition("=")
        if not (clause and equals and reading):
            raise bad("DIB189", f"`{value}` names no reading", "write the clause, `=`, and the reading, like `api-hosting=narrow`", str(value))
        return clause, reading


DAY = Day()


def agreement_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """The argument of every command that asks one agreement."""
    return click.argument("agreement", type=click.Path(), metavar="AGREEMENT")(function)


def known_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The second axis of time."""
    return click.option("--known", type=DAY, help="As it was signed by this day: later amendments do not exist.")(function)


def on_option(*, required: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The first axis of time."""
    words = "The day asked about." if required else "The day asked about (default: today)."
    return click.option("--on", type=DAY, required=required, help=words)


def reading_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which readings to take."""
    words = "Take this reading of an ambiguous clause; may be given several times."
    return click.option("--reading", "readings", type=ReadingChoice(), multiple=True, help=words)(function)


def names_in_agreement(what: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Shell completion with the names that the agreement on the same line has."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's signature
        # While an option waits for its value click gives up on the line, and the file is still among its loose words.
        path = ctx.params.get("agreement") or next(iter(ctx.args), "")
        try:
            agreement = open_agreement(path)
        except Exception:  # noqa: BLE001 - a shell that asks for names is never answered with an error
            return []
        return [CompletionItem(name) for name in getattr(agreement, what) if name.startswith(incomplete)]

    return complete


def today(zone: str = "UTC") -> date:
    """The day it is now, in a zone; the command line is where time enters."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo(zone)).date()  # noqa: TID251 - the one clock of the command line


def read_bytes(path: str, *, most: int = BYTES_MAX) -> bytes:
    """A file's bytes, or a finding that says why there are none."""
    file = Path(path)
    if file.is_dir():
        raise bad("DIB182", f"`{path}` is a folder, and a file is wanted", f"name the file in it, like `{Path(path) / 'agreement.yaml'}`", path)
    try:
        if file.stat().st_size > most:
            raise bad("DIB182", f"`{path}` has more than {most:_} bytes", "give the right file, or a smaller one", path)
        return file.read_bytes()
    except FileNotFoundError as error:
        beside = [str(other) for other in file.parent.iterdir()] if file.parent.is_dir() else []
        raise bad("DIB180", f"there is no file `{path}`{like(path, beside)}", "check the name, and the folder you are in", path) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise bad("DIB180", f"`{path}` cannot be read: {reason.lower()}", "check the name and the file's permissions", path) from error


def read_text(path: str) -> str:
    """A file's text, or a finding that says why it is none."""
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"`{path}` is not UTF-8 text: byte {error.start + 1} does not fit"
        raise bad("DIB181", message, "save it as UTF-8; if it is not a text at all, give another file", path) from error


def open_agreement(path: str, readings: Iterable[tuple[str, str]] = ()) -> Agreement:
    """Load an agreement, with some of its clauses read in the ways that were asked for."""
    from dibs.contract.load import load
    from dibs.contract.readings import take

    agreement = load(read_text(path), path)
    chosen = dict(readings)
    return take(agreement, chosen) if chosen else agreement


def known_name(name: str, known: Iterable[str], what: str, option: str) -> str:
    """The name, if the agreement has it; else the finding that says which it has."""
    names = list(known)
    if name not in names:
        raise bad(
            "DIB188", f"the agreement names no {what} `{name}`{like(name, names)}", f"{option} takes one of: {', '.join(names) or 'none'}", name
        )
    return name
