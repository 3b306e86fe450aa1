"""Tables that come as CSV: 100,000 rows in a second or so, and every bad cell with its line and column.

The file is read once.  A cell that cannot be used is noted and the reading goes on; after `LISTED_MAX` findings the rest
are counted and no longer listed, because nobody reads the ten-thousandth.  With `skip_bad` a bad row is left out and
counted, and the findings become warnings.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from dibs.errors import Findings, Mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LISTED_MAX = 40
"""Findings that are listed for one file; further ones are counted."""
ROWS_MAX = 5_000_000
"""Rows in one file (bound is in)."""
CELL_MAX = 10_000
"""Characters in one cell (bound is in)."""

V = TypeVar("V")
Cell: TypeAlias = Callable[[str], object]
"""Reads one cell.  Raises `ValueError` with a sentence when it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name in the header, how a cell is read, and what an absent column or an empty cell means."""

    name: str
    says: str
    read: Cell
    required: bool = True
    """Whether the column and a value in it have to be there."""
    default: object = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was read: where it begins, and its values by column name."""

    line: int
    values: dict[str, object]


@dataclass(slots=True)
class Rows(Generic[V]):
    """What a table held: the good rows, and how many were left out."""

    items: list[V] = field(default_factory=list)
    skipped: int = 0


class Trouble:
    """Collects what is wrong with one file: lists the first findings, counts the rest, and gives the place of a cell."""

    def __init__(self, name: str, findings: Findings, *, skip_bad: bool, lines: Sequence[str] = ()) -> None:
        """`lines` are the raw lines of the file, from which the column of a cell is found only when it is needed."""
        self._name = name
        self._findings = findings
        self._severity = "warning" if skip_bad else "error"
        self._lines = lines
        self.faults = 0
        self._found = 0
        self._bad: set[int] = set()

    @property
    def bad_rows(self) -> int:
        """How many rows something is wrong with; the header is none."""
        return len(self._bad - {1})

    def note(self, code: str, message: str, *, line: int, cell: int | None = None, fix: str, severity: str | None = None) -> None:
        """One fault of the record that begins in `line`, which is then left out; `cell` counts its cells from 0."""
        self._bad.add(line)
        self.faults += 1
        self._list(code, message, (line, cell), fix=fix, severity=severity or self._severity)

    def remark(self, code: str, message: str, *, line: int, cell: int | None = None, fix: str) -> None:
        """Something odd about a record that is kept."""
        self._list(code, message, (line, cell), fix=fix, severity="warning")

    def _list(self, code: str, message: str, where: tuple[int, int | None], *, fix: str, severity: str) -> None:
        self._found += 1
        if self._found <= LISTED_MAX:
            self._findings.add(code, message, self.place(*where), fix=fix, severity=severity)

    def place(self, line: int, cell: int | None) -> Mark:
        """Line and column of a cell in the record that begins in `line`."""
        if not cell:
            return Mark(self._name, line)
        row, column, quoted, left = line, 1, False, cell
        for text in self._lines[line - 1 :]:
            for position, character in enumerate(text, start=1):
                if character == '"':
                    quoted = not quoted
                elif character == "," and not quoted:
                    left -= 1
                    if left == 0:
                        return Mark(self._name, row, position + 1)
            if not quoted:
                break
            row, column = row + 1, 1
        return Mark(self._name, row, column)

    def close(self) -> None:
        """Say how many findings were not listed."""
        if self._found > LISTED_MAX:
            self._findings.add(
                "DIB129",
                f"{self._found - LISTED_MAX} more findings of this file are not listed",
                Mark(self._name),
                fix="mend those that are, and check again",
                severity=self._severity,
            )


def decode(raw: bytes, name: str, findings: Findings) -> str | None:
    """The text of a file, which has to be UTF-8 without NUL; a byte-order mark at its start is left out."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        findings.add("DIB120", f"byte 0x{raw[error.start]:02x} is not UTF-8", Mark(name, line, column), fix="save the file as UTF-8 text")
        return None
    at = text.find("\0")
    if at >= 0:
        findings.add(
            "DIB120",
            "the file holds a NUL character",
            Mark(name, text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1),
            fix="save the file as plain text",
        )
        return None
    return text


def read_table(lines: Sequence[str], columns: Sequence[Column], trouble: Trouble) -> Iterator[Row]:
    """Every row whose cells could all be read, in the order of the file.  What is wrong is noted in `trouble`."""
    reader = csv.reader(iter(lines), strict=True)
    header = _header(reader, columns, trouble)
    if header is None:
        return
    readers: list[tuple[str, Cell, bool, object, dict[str, object]]] = [(c.name, c.read, c.required, c.default, {}) for c in header]
    absent = {c.name: c.default for c in columns if c not in header}
    width = len(readers)
    begins = reader.line_num + 1
    count = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            trouble.note("DIB122", f"this is not CSV: {error}", line=begins, fix='close the quotes, and write a quote in a cell as `""`')
            begins = reader.line_num + 1
            continue
        line, begins = begins, reader.line_num + 1
        if not cells:
            continue
        count += 1
        if count > ROWS_MAX:
            trouble.note("DIB122", f"the file has more than {ROWS_MAX} rows", line=line, fix="split it")
            return
        if len(cells) != width:
            trouble.note(
                "DIB122", f"this row has {len(cells)} cells, the header {width}", line=line, fix="write one cell for each column, empty ones too"
            )
            continue
        values = dict(absent)
        good = True
        for index, (name, read, required, default, seen) in enumerate(readers):
            cell = cells[index]
            if cell in seen:
                values[name] = seen[cell]
                continue
            stripped = cell.strip()
            if not stripped:
                if required:
                    trouble.note("DIB123", f"`{name}` is empty", line=line, cell=index, fix=f"write a value for `{name}`")
                    good = False
                values[name] = default
                continue
            try:
                value = read(_bounded(stripped))
            except ValueError as error:
                trouble.note("DIB123", f"{name}: {error}", line=line, cell=index, fix=f"mend the cell of `{name}`")
                good = False
                continue
            if len(seen) < 10_000:
                seen[cell] = value
            values[name] = value
        if good:
            yield Row(line, values)


def _bounded(cell: str) -> str:
    if len(cell) > CELL_MAX:
        raise ValueError(f"a cell of {len(cell)} characters is longer than {CELL_MAX}")
    return cell


def _header(reader: Iterator[list[str]], columns: Sequence[Column], trouble: Trouble) -> list[Column] | None:
    """The columns in the file's order, or nothing when the header cannot be used."""
    try:
        names = [cell.strip() for cell in next(reader)]
    except (StopIteration, csv.Error):
        trouble.note(
            "DIB121",
            "the file has no header",
            line=1,
            fix=f"begin with a line that names the columns: {','.join(c.name for c in columns)}",
            severity="error",
        )
        return None
    known: Mapping[str, Column] = {c.name: c for c in columns}
    header: list[Column] = []
    good = True
    for index, name in enumerate(names):
        column = known.get(name)
        if column is None:
            trouble.note("DIB121", f"no column is called `{name}`", line=1, cell=index, fix=f"use one of {', '.join(known)}", severity="error")
            good = False
        elif column in header:
            trouble.note("DIB121", f"the column `{name}` is there twice", line=1, cell=index, fix="keep one", severity="error")
            good = False
        else:
            header.append(column)
    missing = [c.name for c in columns if c.required and c.name not in names]
    if missing:
        trouble.note(
            "DIB121", f"the column `{'`, `'.join(missing)}` is missing", line=1, fix="add it to the header and to every row", severity="error"
        )
        good = False
    return header if good else None


def split_lines(text: str) -> list[str]:
    r"""The lines of a text with their ends: `\n`, `\r\n` or a lone `\r`, and nothing else, as CSV counts them."""
    lines = text.split("\n")
    ended = [line + "\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended
