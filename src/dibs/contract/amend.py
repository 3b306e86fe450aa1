"""Which clauses are in force, on two axes of time, and what an amendment changed.

A clause is in force from the beginning of its first day to the beginning of the day it ends.  An amendment counts from
its `effective` day (in force) and from its `signed` day (known): asked what was known on a day, an amendment signed
later does not exist, not even for days that it reaches back to.  `binding: false` changes nothing on either axis.

A clause that is added may say `from` and reach back; one that is restated never does, because until then its old text
stands.

Clauses come out as their taken reading has them (`readings.resolve`); one that is silent does not come out at all.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dibs.contract.fields import FIELDS
from dibs.contract.readings import resolve

if TYPE_CHECKING:
    from datetime import date

    from dibs.contract.model import Agreement, Amendment, Clause, ClauseId


@dataclass(frozen=True, slots=True)
class Dated:
    """A clause with the half-open period in which it is in force; `by` is the amendment that wrote it, empty for the first text."""

    clause: Clause
    starts: date | None
    ends: date | None
    by: str = ""
    ended_by: str = ""
    """The amendment that ended it before its own time, if one did."""
    not_before: date | None = None
    """The day of the amendment that restated it: until then the old text stands, whatever `from` says."""

    def covers(self, on: date) -> bool:
        """Whether it is in force on a day."""
        return (self.starts is None or self.starts <= on) and (self.ends is None or on < self.ends)

    @property
    def never(self) -> bool:
        """Whether it has no day in force."""
        return self.starts is not None and self.ends is not None and self.starts >= self.ends


@dataclass(frozen=True, slots=True)
class Version:
    """The agreement between two amendments: half-open in days; the first has neither start nor amendment."""

    id: str
    starts: date | None
    ends: date | None
    amendment: Amendment | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that reads otherwise.  `key` is the file's name for it."""

    key: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Changed:
    """A clause that is in force on both days and reads otherwise."""

    before: Clause
    after: Clause
    fields: tuple[FieldChange, ...]

    @property
    def id(self) -> ClauseId:
        """The clause's id, which is the same on both days."""
        return self.after.id


@dataclass(frozen=True, slots=True)
class Difference:
    """What was added, ended and changed between two days, and what was left alone; each in the order of the agreement."""

    added: tuple[Clause, ...]
    ended: tuple[Clause, ...]
    changed: tuple[Changed, ...]
    unchanged: tuple[Clause, ...]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.ended or self.changed)


def effective_amendments(agreement: Agreement, known: date | None = None) -> tuple[Amendment, ...]:
    """The amendments that bind and were signed by `known` (default: all), in the order in which they take effect."""
    binding = (a for a in agreement.amendments if a.binding and (known is None or a.signed <= known))
    return tuple(sorted(binding, key=lambda a: a.effective))


def dated_clauses(agreement: Agreement, known: date | None = None) -> tuple[Dated, ...]:
    """Every clause that is ever in force, with its period, in the order in which it was written."""
    read = (_as_read(row) for row in timeline(agreement, known))
    return tuple(row for row in read if row is not None and not row.never)


def timeline(agreement: Agreement, known: date | None = None) -> tuple[Dated, ...]:
    """Every clause as written with its period, those included that never have a day in force."""
    rows: list[Dated] = [Dated(c, c.from_, c.until) for c in agreement.clauses]
    live: dict[ClauseId, int] = {row.clause.id: index for index, row in enumerate(rows)}
    for amendment in effective_amendments(agreement, known):
        for ended in (*amendment.ends, *(c.id for c in amendment.replaces)):
            index = live.pop(ended, None)
            if index is not None and (rows[index].ends is None or amendment.effective < rows[index].ends):  # type: ignore[operator]
                rows[index] = dataclasses.replace(rows[index], ends=amendment.effective, ended_by=amendment.id)
        for clause in amendment.replaces:
            live[clause.id] = len(rows)
            starts = max(clause.from_ or amendment.effective, amendment.effective)
            rows.append(Dated(clause, starts, clause.until, by=amendment.id, not_before=amendment.effective))
        for clause in amendment.adds:
            live[clause.id] = len(rows)
            rows.append(Dated(clause, clause.from_ or amendment.effective, clause.until, by=amendment.id))
    return tuple(rows)


def _as_read(row: Dated) -> Dated | None:
    """The row with its clause as read, whose reading may have moved its days; nothing if the clause is silent then."""
    clause = resolve(row.clause)
    if clause is None or clause is row.clause:
        return None if clause is None else row
    starts = clause.from_ if clause.from_ is not None else row.starts
    if row.not_before is not None and starts is not None:
        starts = max(starts, row.not_before)
    ends = clause.until
    if row.ended_by and row.ends is not None and (ends is None or row.ends < ends):
        ends = row.ends
    return dataclasses.replace(row, clause=clause, starts=starts, ends=ends)


def in_force(agreement: Agreement, on: date, known: date | None = None) -> tuple[Clause, ...]:
    """The clauses in force on a day, as far as they were signed by `known`, in the order in which they were written."""
    return tuple(d.clause for d in dated_clauses(agreement, known) if d.covers(on))


def version_at(agreement: Agreement, on: date, known: date | None = None) -> str:
    """The id of the last binding amendment in force on a day and signed by `known`; the agreement's id before any."""
    past = [a.id for a in effective_amendments(agreement, known) if a.effective <= on]
    return past[-1] if past else agreement.id


def versions(agreement: Agreement, known: date | None = None) -> tuple[Version, ...]:
    """Every version that is ever in force, in order.  Of two amendments with one effective day the later written names it."""
    last: dict[date, Amendment] = {a.effective: a for a in effective_amendments(agreement, known)}
    days = [None, *last]
    return tuple(
        Version(
            id=last[day].id if day else agreement.id,
            starts=day,
            ends=days[index + 1] if index + 1 < len(days) else None,
            amendment=last[day] if day else None,
        )
        for index, day in enumerate(days)
    )


def difference(agreement: Agreement, from_: date, to: date, known: date | None = None) -> Difference:
    """What differs between two days, clause by clause and field by field."""
    rows = dated_clauses(agreement, known)
    before = {d.clause.id: d.clause for d in rows if d.covers(from_)}
    after = {d.clause.id: d.clause for d in rows if d.covers(to)}
    changed, unchanged = [], []
    for clause_id, new in after.items():
        old = before.get(clause_id)
        if old is None:
            continue
        if old is new or old == new:
            unchanged.append(new)
        else:
            changed.append(Changed(old, new, _field_changes(old, new)))
    return Difference(
        added=tuple(c for i, c in after.items() if i not in before),
        ended=tuple(c for i, c in before.items() if i not in after),
        changed=tuple(changed),
        unchanged=tuple(unchanged),
    )


def _field_changes(before: Clause, after: Clause) -> tuple[FieldChange, ...]:
    """Which fields read otherwise; of two kinds of clause, the kind itself and all that only one of them has."""
    changes = [FieldChange("kind", before.kind, after.kind)] if before.kind != after.kind else []
    old = {f.name: f for f in FIELDS[type(before)]}
    new = {f.name: f for f in FIELDS[type(after)]}
    for name, field in {**old, **new}.items():
        was, is_ = (getattr(before, name) if name in old else None), (getattr(after, name) if name in new else None)
        if was != is_:
            changes.append(FieldChange(field.key, was, is_))
    return tuple(changes)
