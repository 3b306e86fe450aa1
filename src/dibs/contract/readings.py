"""Ambiguous clauses: which ways there are to read one, and taking one of them.

The text as written is a reading too, under the name `as-written`.  A clause with other readings and no reading taken is
open: whoever decides has to look at all of them, and says so where they differ.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dibs.contract.reader import like
from dibs.errors import BadInput, Finding, Mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dibs.contract.model import Agreement, Amendment, Clause, ClauseId

AS_WRITTEN = "as-written"
"""The reading that takes the clause's own fields."""


def take(agreement: Agreement, readings: Mapping[ClauseId, str]) -> Agreement:
    """The agreement with each named clause read in the named way.  Raises `BadInput` on an unknown clause or reading."""
    clauses: dict[ClauseId, set[str]] = {}
    for clause in all_clauses(agreement):
        clauses.setdefault(clause.id, set()).update({AS_WRITTEN, *clause.readings})
    findings = []
    for clause_id, name in sorted(readings.items()):
        where = Mark(f"--reading {clause_id}={name}")
        if clause_id not in clauses:
            findings.append(
                Finding(
                    "DIB034", f"`{clause_id}` is no clause of `{agreement.id}`{like(clause_id, clauses)}", where, "name a clause of the agreement"
                )
            )
        elif name not in clauses[clause_id]:
            known = ", ".join(f"`{n}`" for n in sorted(clauses[clause_id]))
            findings.append(
                Finding("DIB047", f"`{name}` is no reading of `{clause_id}`{like(name, clauses[clause_id])}", where, f"take one of {known}")
            )
    if findings:
        raise BadInput(findings)

    def read(clause: Clause) -> Clause:
        name = readings.get(clause.id)
        return dataclasses.replace(clause, reading=name) if name is not None and (name == AS_WRITTEN or name in clause.readings) else clause

    def amended(amendment: Amendment) -> Amendment:
        return dataclasses.replace(amendment, replaces=tuple(map(read, amendment.replaces)), adds=tuple(map(read, amendment.adds)))

    return dataclasses.replace(agreement, clauses=tuple(map(read, agreement.clauses)), amendments=tuple(map(amended, agreement.amendments)))


def resolve(clause: Clause) -> Clause | None:
    """The clause as its taken reading has it; nothing if that reading makes it silent; as written if none is taken."""
    return read_as(clause, clause.reading or AS_WRITTEN)


def read_as(clause: Clause, name: str) -> Clause | None:
    """The clause under one reading; nothing if it is silent under it."""
    if name == AS_WRITTEN:
        return clause
    reading = clause.readings[name]
    if not reading.applies:
        return None
    return dataclasses.replace(clause, **reading.sets) if reading.sets else clause


def open_readings(clause: Clause) -> tuple[tuple[str, Clause | None], ...]:
    """Every way to read a clause of which none was taken, the text as written first; just that one if it is not ambiguous."""
    if clause.reading is not None:
        return ((clause.reading, resolve(clause)),)
    return ((AS_WRITTEN, clause), *((name, read_as(clause, name)) for name in clause.readings))


def all_clauses(agreement: Agreement) -> tuple[Clause, ...]:
    """Every clause in the order of the file, those of amendments and of non-binding ones included."""
    return (*agreement.clauses, *(c for a in agreement.amendments for c in (*a.replaces, *a.adds)))
