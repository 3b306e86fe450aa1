"""A run folder, read: `run.json` and the tables beside it.  Nothing else of a run is needed to show it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from dibs.errors import DibsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Row: TypeAlias = "Mapping[str, str]"


@dataclass(frozen=True, slots=True)
class Version:
    """The clauses from one binding amendment to the next.  `starts` may lie before the run's first day."""

    id: str
    signed: date
    starts: date
    binding: bool
    says: str


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What `dibs run` left.  A table that is missing or empty is an empty tuple: its picture says so."""

    path: Path
    run: Mapping[str, Any]
    tables: Mapping[str, tuple[Row, ...]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read everything at once.  Raises `DibsError` when `run.json` is missing or is not JSON."""
        try:
            run = json.loads((path / "run.json").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            message = f"{path} has no run.json, so it is not a folder that a run left: make one with `dibs run SCENARIO --out {path}`"
            raise DibsError(message) from error
        except ValueError as error:
            message = f"{path / 'run.json'} is not JSON ({error}): run the scenario again"
            raise DibsError(message) from error
        tables = {file.stem: _rows(file) for file in sorted((path / "tables").glob("*.csv"))}
        return cls(path, run, tables)

    def table(self, name: str) -> tuple[Row, ...]:
        """The rows of `tables/NAME.csv`."""
        return self.tables.get(name, ())

    def of(self, *keys: str, default: Any = "") -> Any:
        """A value inside `run.json` by its path, `default` where it is missing or null."""
        value: Any = self.run
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return default if value is None else value

    @property
    def first(self) -> date:
        """The first day of the run."""
        return date.fromisoformat(self.of("horizon", "from")[:10])

    @property
    def until(self) -> date:
        """The first day after the run."""
        return date.fromisoformat(self.of("horizon", "until")[:10])

    @property
    def known_until(self) -> date:
        """From this day on everything is forecast; a run that does not say is all fact."""
        return parse_day(self.of("known_until")) or self.until

    @property
    def kilowatts(self) -> float:
        """Power an accelerator draws with everything around it; 0 when the run does not say."""
        return float(self.of("kilowatts_per_accelerator", default=0))

    @property
    def names(self) -> dict[str, str]:
        """What people call each party, in the agreement's order."""
        return {party["id"]: party.get("name") or party["id"] for party in self.of("parties", default=[])}

    @property
    def versions(self) -> tuple[Version, ...]:
        """Every version and every amendment without effect, in order of effect."""
        rows = [
            Version(
                row["version"],
                parse_day(row["signed"]) or self.first,
                parse_day(row["effective"]) or self.first,
                is_true(row["binding"]),
                row.get("says", ""),
            )
            for row in self.table("versions")
        ]
        return tuple(sorted(rows, key=lambda version: version.starts))

    def version_at(self, day: date) -> Version | None:
        """The version in force on a day."""
        past = [version for version in self.versions if version.binding and version.starts <= day]
        return past[-1] if past else None


def _rows(file: Path) -> tuple[Row, ...]:
    with file.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


def parse_day(text: str) -> date | None:
    """A day or an instant as a day; nothing where the field is empty."""
    return date.fromisoformat(text[:10]) if text else None


def number(text: str) -> int:
    """A whole number; an empty field counts as none."""
    return int(float(text)) if text else 0


def is_true(text: str) -> bool:
    """`true`, as the tables write it."""
    return text.lower() == "true"
