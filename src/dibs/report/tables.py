"""The table behind a picture: the same figures as rows, and as a CSV to take away."""

from __future__ import annotations

import base64
import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROWS_MAX = 150
"""Rows of one table that a page shows; the file beside the report has them all."""
INLINE_MAX = 24_000
"""Bytes of CSV that a page carries inside itself; past it the link leads to the file beside the report."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: its cells as text, and the name that marks lead to (empty: none)."""

    anchor: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What the page shows under "the figures"."""

    name: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[TableRow, ...]
    total: int
    href: str
    inline: bool

    @classmethod
    def of(cls, name: str, rows: Sequence[Mapping[str, object]], *, anchor: str = "", file: bool = True, first: Sequence[str] = ()) -> Self:
        """From rows with the same keys.

        `anchor` names the column that marks lead to: `offer` gives rows named `offer-O-0001`.  `file` says that
        `tables/NAME.csv` lies beside the report.  `first` names the rows (by anchor) to keep when not all are shown.
        """
        columns = tuple(rows[0]) if rows else ()
        numeric = tuple(all(_is_number(row[column]) for row in rows) and any(row[column] != "" for row in rows) for column in columns)
        kept = list(rows)
        if len(kept) > ROWS_MAX:
            wanted = set(first)
            kept.sort(key=lambda row: str(row.get(anchor, "")) not in wanted)
            kept = kept[:ROWS_MAX]
        shown, named = [], set()
        for row in kept:
            id_ = f"{anchor}-{row[anchor]}" if anchor else ""
            shown.append(TableRow("" if id_ in named else id_, tuple(_text(row[column]) for column in columns)))
            named.add(id_)
        inline = not file or len(rows) < INLINE_MAX // len("1,2,3,4,5")
        text = to_csv(rows) if inline else ""
        inline = inline and (not file or len(text) <= INLINE_MAX)
        href = "data:text/csv;charset=utf-8;base64," + base64.b64encode(text.encode()).decode() if inline else f"tables/{name}.csv"
        return cls(name, columns, numeric, tuple(shown), len(rows), href, inline)


def to_csv(rows: Sequence[Mapping[str, object]]) -> str:
    """The rows as CSV with a header (RFC 4180)."""
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return out.getvalue()


def _is_number(value: object) -> bool:
    if isinstance(value, int | float):
        return True
    return str(value).lstrip("-").replace(".", "", 1).isdigit() or value == ""


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
