"""The same world under another agreement: clauses left out, fields that say something else, other readings.

A variant is a whole agreement again, with a text and a digest of its own: what is journalled is what was played.
"""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dibs.contract import check, readings, render
from dibs.contract import load as agreements
from dibs.contract.fields import FIELDS
from dibs.contract.nodes import Table
from dibs.contract.reader import Reader, like
from dibs.errors import BadInput, Findings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dibs.contract.model import Agreement, Clause
    from dibs.simulate.formats import Variant


def vary(agreement: Agreement, name: str, variant: Variant, sets: Table | None, findings: Findings) -> Agreement:
    """The agreement as a variant has it; whatever does not hold together is noted, and then it is the agreement as it stands.

    `sets` is what the variant sets as it is written: which type a value has only the clause's own field knows.
    """
    clauses = {clause.id for clause in readings.all_clauses(agreement)}
    amendments = {amendment.id for amendment in agreement.amendments}
    where = variant.mark
    before = len(findings.errors)
    for gone in variant.without:
        if gone not in clauses | amendments:
            message = f"variant `{name}` leaves out `{gone}`, which `{agreement.id}` does not have{like(gone, clauses | amendments)}"
            findings.add("DIB103", message, where, fix="name a clause or an amendment")
    try:
        changed = readings.take(agreement, dict(variant.readings))
    except BadInput as error:
        for finding in error.findings:
            findings.add("DIB105", f"variant `{name}`: {finding.message}", where, fix=finding.fix)
        changed = agreement
    changes = _read_changes(sets, agreement, findings)
    if len(findings.errors) > before:
        return agreement
    changed = _set(_leave_out(changed, frozenset(variant.without)), changes)
    for finding in check.check(changed):
        if finding.severity == "error":
            findings.add("DIB106", f"under variant `{name}` the agreement does not hold together: {finding.message}", where, fix=finding.fix)
    return agreement if len(findings.errors) > before else as_text(changed)


def _read_changes(table: Table | None, agreement: Agreement, findings: Findings) -> Mapping[str, Mapping[str, Any]]:
    """What a variant sets, read as each clause reads its fields."""
    out: dict[str, Mapping[str, Any]] = {}
    if table is None:
        return out
    kinds: dict[str, type[Clause]] = {clause.id: type(clause) for clause in readings.all_clauses(agreement)}
    for clause, node in table.pairs:
        if clause.text not in kinds:
            findings.add(
                "DIB104",
                f"`{clause.text}` is no clause of `{agreement.id}`{like(clause.text, kinds)}",
                clause.mark,
                fix="name a clause of the agreement",
            )
            continue
        if not isinstance(node, Table):
            findings.add("DIB104", f"what is set in `{clause.text}` has to be a mapping of fields", node.mark, fix="write `{field: value}`")
            continue
        cls = kinds[clause.text]
        settable = {f.key: f for f in FIELDS[cls] if not f.identity}
        values: dict[str, Any] = {}
        reader = Reader(findings)
        for key, value in node.pairs:
            field = settable.get(key.text)
            if field is None:
                findings.add(
                    "DIB104",
                    f"the clause kind `{cls.kind}` has no field `{key.text}`{like(key.text, settable)}",
                    key.mark,
                    fix=f"set one of {', '.join(f'`{k}`' for k in settable)}",
                )
                continue
            values[field.name] = reader.field(value, field, (field.name,), cls)
        out[clause.text] = MappingProxyType(values)
    return out


def _leave_out(agreement: Agreement, gone: frozenset[str]) -> Agreement:
    """The agreement without some clauses and amendments, and without mention of what is then nowhere."""
    if not gone:
        return agreement
    amendments = tuple(a for a in agreement.amendments if a.id not in gone)
    left = {c.id for c in (*agreement.clauses, *(c for a in amendments for c in (*a.replaces, *a.adds)))} - gone

    def kept(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
        out = []
        for clause in clauses:
            if clause.id not in left:
                continue
            changes: dict[str, Any] = {}
            for field in FIELDS[type(clause)]:
                if field.refers == "clause":
                    changes[field.name] = tuple(c for c in getattr(clause, field.name) if c in left)
            out.append(dataclasses.replace(clause, **changes))
        return tuple(out)

    live = {c.id for c in agreement.clauses} & left
    rebuilt = []
    for amendment in sorted(amendments, key=lambda a: a.effective):
        # What an amendment restates may have been added by one that is now left out: then it is new.
        restated = tuple(c for c in amendment.replaces if c.id in live)
        news = tuple(c for c in amendment.replaces if c.id not in live)
        changed = dataclasses.replace(
            amendment,
            ends=tuple(c for c in amendment.ends if c in live),
            replaces=kept(restated),
            adds=kept((*news, *amendment.adds)),
        )
        live = (live - set(changed.ends)) | {c.id for c in changed.adds}
        rebuilt.append(changed)
    order = {a.id: index for index, a in enumerate(amendments)}
    rebuilt.sort(key=lambda a: order[a.id])
    return dataclasses.replace(agreement, clauses=kept(agreement.clauses), amendments=tuple(rebuilt))


def _set(agreement: Agreement, changes: Mapping[str, Mapping[str, Any]]) -> Agreement:
    """The agreement with some fields of some clauses saying something else, wherever the clause is written."""
    if not changes:
        return agreement

    def one(clause: Clause) -> Clause:
        return dataclasses.replace(clause, **changes[clause.id]) if clause.id in changes else clause

    return dataclasses.replace(
        agreement,
        clauses=tuple(map(one, agreement.clauses)),
        amendments=tuple(dataclasses.replace(a, replaces=tuple(map(one, a.replaces)), adds=tuple(map(one, a.adds))) for a in agreement.amendments),
    )


def as_text(agreement: Agreement) -> Agreement:
    """The same agreement with a text and a digest of its own: what was changed is what is journalled."""
    return agreements.load(render.to_yaml(agreement), f"{agreement.id}.yaml")
