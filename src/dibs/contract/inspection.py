"""What all checks share: where a value stands, what could not be read, and a place for findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dibs.contract import model
from dibs.contract.fields import FIELDS, Field, ListOf, MapOf, Record
from dibs.errors import Finding, Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dibs.contract.model import Agreement, Amendment, Clause
    from dibs.contract.reader import Path


@dataclass(slots=True)
class Inspection:
    """One agreement being checked.  Values under a path in `broken` could not be read, and are not judged again."""

    agreement: Agreement
    broken: frozenset[Path] = frozenset()
    lost: frozenset[str] = frozenset()
    """Names of records of which nothing could be read: known, though nothing is known of them."""
    findings: list[Finding] = field(default_factory=list)

    def where(self, path: Path) -> Mark:
        """The place of a value, or of the nearest thing around it that has one."""
        places = self.agreement.places
        for length in range(len(path), -1, -1):
            if path[:length] in places:
                return places[path[:length]]
        return model.NOWHERE

    def whole(self, path: Path) -> bool:
        """Whether everything under a path could be read."""
        return not any(p[: len(path)] == path for p in self.broken)

    def error(self, code: str, message: str, path: Path, fix: str, also: Path | None = None) -> None:
        """Note what keeps the agreement from being used."""
        self._add(Finding(code, message, self.where(path), fix, self._also(also), "error"), path)

    def warning(self, code: str, message: str, path: Path, fix: str, also: Path | None = None) -> None:
        """Note what is probably not meant, but can be worked with."""
        self._add(Finding(code, message, self.where(path), fix, self._also(also), "warning"), path)

    def _also(self, path: Path | None) -> Mark | None:
        return None if path is None else self.where(path)

    def _add(self, finding: Finding, path: Path) -> None:
        if not any(path[:length] in self.broken for length in range(1, len(path) + 1)):
            self.findings.append(finding)

    def clauses(self) -> Iterator[tuple[Path, Clause, Amendment | None]]:
        """Every clause of the file with its path and the amendment that writes it."""
        for index, clause in enumerate(self.agreement.clauses):
            yield ("clauses", index), clause, None
        for number, amendment in enumerate(self.agreement.amendments):
            for part in ("replaces", "adds"):
                for index, clause in enumerate(getattr(amendment, part)):
                    yield ("amendments", number, part, index), clause, amendment


def values(record: object, path: Path) -> Iterator[tuple[Path, Field, Any]]:
    """Every field of a record and of the records within it, with path and value; what readings set included."""
    for each in FIELDS[type(record)]:
        value = getattr(record, each.name)
        at = (*path, each.name)
        yield at, each, value
        yield from _within(value, at, each)
    if isinstance(record, model.Clause):
        by_name = {f.name: f for f in FIELDS[type(record)]}
        for name, reading in record.readings.items():
            for key, value in reading.sets.items():
                if key in by_name:
                    yield (*path, "readings", name, "sets", key), by_name[key], value


def _within(value: Any, path: Path, spec: Field) -> Iterator[tuple[Path, Field, Any]]:
    shape = spec.shape
    if isinstance(shape, Record) and value is not None:
        yield from values(value, path)
    elif isinstance(shape, ListOf) and isinstance(shape.item, Record):
        for index, item in enumerate(value):
            yield from values(item, (*path, index))
    elif isinstance(shape, MapOf) and isinstance(shape.value, Record):
        for key, item in value.items():
            yield from values(item, (*path, str(key)))


def listing(names: Iterable[str]) -> str:
    """`a`, `b` and `c`, in backticks."""
    quoted = [f"`{n}`" for n in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
