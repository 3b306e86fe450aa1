"""The command that looks at the machine: does it have what dibs needs, and what would help."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from dibs.cli.frame import DONE, FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from dibs.cli.frame import Output

PYTHON_LEAST = (3, 11)
SQLITE_LEAST = (3, 37, 0)
"""The first with strict tables."""
DISK_LEAST = 500_000_000
"""Bytes that a long run and its book may need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One thing looked at: fine or not, what was seen, and what to do."""

    name: str
    fine: bool
    saw: str
    fix: str = ""
    needed: bool = True


def doctor(out: Output) -> int:
    """Look at this machine: what dibs needs, what is there, and what to do about the rest."""
    looks = list(_looks())

    def show(console: Console) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, pad_edge=False)
        for look in looks:
            mark = Text("ok", "green") if look.fine else Text("missing" if look.needed else "note", "red" if look.needed else "yellow")
            table.add_row(mark, Text(look.name, "bold"), Text(look.saw + (f"\nfix: {look.fix}" if not look.fine else "")))
        console.print(table)

    bad = [look for look in looks if look.needed and not look.fine]
    out.answer({"fine": not bad, "looks": [asdict(look) for look in looks]}, show)
    return FAILED if bad else DONE


def _looks() -> Iterator[Look]:
    import sqlite3
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    version = ".".join(map(str, sys.version_info[:3]))
    yield Look(name="python", fine=sys.version_info >= PYTHON_LEAST, saw=version, fix="install Python 3.11 or newer")
    yield Look(name="dibs", fine=True, saw=metadata.version("dibs"))
    for requirement in metadata.requires("dibs") or []:
        if "extra ==" not in requirement:
            yield _package(requirement)
    sqlite = sqlite3.sqlite_version
    yield Look(name="sqlite", fine=sqlite3.sqlite_version_info >= SQLITE_LEAST, saw=sqlite, fix="use a Python built with SQLite 3.37 or newer")
    try:
        ZoneInfo("America/New_York")
        yield Look(name="time zones", fine=True, saw="found")
    except ZoneInfoNotFoundError:
        yield Look(name="time zones", fine=False, saw="no data", fix="pip install tzdata")
    yield _writing()
    room = os.statvfs(".")
    free = room.f_bavail * room.f_frsize
    yield Look(
        name="room on disk",
        fine=free >= DISK_LEAST,
        saw=f"{free // 1_000_000:,} MB free here",
        fix="make room, or give `--out` another disk",
        needed=False,
    )
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    yield Look(name="terminal", fine=encoding == "utf8", saw=f"writes {sys.stdout.encoding}", fix="set PYTHONUTF8=1 or a UTF-8 locale", needed=False)


def _package(requirement: str) -> Look:
    """Whether a package that dibs is built on is there in a version that will do."""
    name, _, least = requirement.partition(">=")
    name, least = name.strip(), least.split(";")[0].split(",")[0].strip()
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Look(name=name, fine=False, saw="not installed", fix=f"pip install '{requirement}'")
    fine = _numbers(found) >= _numbers(least)
    return Look(name=name, fine=fine, saw=found, fix=f"pip install --upgrade '{requirement}'")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _writing() -> Look:
    """Whether a file can be written, synced and replaced where a run would leave its results."""
    fix = "go to a folder of yours, or give `--out` one"
    try:
        with tempfile.TemporaryDirectory(prefix=".dibs-doctor-", dir=".") as folder:
            probe = Path(folder) / "probe"
            with probe.open("wb") as file:
                file.write(b"dibs")
                file.flush()
                os.fsync(file.fileno())
            probe.replace(Path(folder) / "probe2")
    except OSError as error:
        return Look(name="writing", fine=False, saw=f"`{Path.cwd()}`: {error.strerror}", fix=fix, needed=False)
    return Look(name="writing", fine=True, saw=f"`{Path.cwd()}` can be written and synced")
