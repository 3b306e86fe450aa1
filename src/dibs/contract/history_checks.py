"""The history: what is in force when, and whether it fits together.

Clauses are looked at as their taken reading has them, with everything that was ever signed.  The day they begin and end
comes from `amend.dated_clauses`, so that what is judged here is what is decided on later.
"""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import TYPE_CHECKING

from dibs.contract import model
from dibs.contract.amend import Dated, dated_clauses, effective_amendments, timeline
from dibs.contract.inspection import Inspection, listing
from dibs.contract.readings import all_clauses, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from dibs.contract.model import ClauseId, Host, WorkloadClass
    from dibs.contract.reader import Path


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    """A clause in force, with its place in the file."""

    dated: Dated
    path: Path

    @property
    def id(self) -> ClauseId:
        return self.dated.clause.id


def check_history(inspection: Inspection) -> None:
    """Every finding about what is in force when."""
    _check_amendments(inspection)
    _check_never(inspection)
    _check_circles(inspection)
    rows = _rows(inspection)
    _check_overrides(inspection, rows)
    _check_exclusives(inspection, rows)
    _check_pre_emptions(inspection, rows)
    _check_licences(inspection, rows)
    _check_consents(inspection, rows)
    _check_triggers(inspection, rows)


def _rows(inspection: Inspection) -> list[_Row]:
    written = {(clause.id, amendment.id if amendment else ""): path for path, clause, amendment in inspection.clauses()}
    return [_Row(dated, written[dated.clause.id, dated.by]) for dated in dated_clauses(inspection.agreement)]


# What amendments do to what was there.


def _check_amendments(inspection: Inspection) -> None:
    agreement = inspection.agreement
    known = {c.id for c in all_clauses(agreement)}
    numbers = {id(a): n for n, a in enumerate(agreement.amendments)}
    live: dict[ClauseId, tuple[date | None, str]] = {c.id: (c.until, c.kind) for c in agreement.clauses}
    for amendment in effective_amendments(agreement):
        path: Path = ("amendments", numbers[id(amendment)])
        for index, name in enumerate(amendment.ends):
            if name in known and not _is_live(live, name, amendment.effective):
                inspection.error(
                    "DIB079",
                    f"`{amendment.id}` ends `{name}`, which is not in force on {amendment.effective}",
                    (*path, "ends", index),
                    "leave it out, or check the order and the days of the amendments",
                )
            live.pop(name, None)
        for index, clause in enumerate(amendment.replaces):
            at = (*path, "replaces", index, "id")
            if not _is_live(live, clause.id, amendment.effective):
                inspection.error(
                    "DIB080",
                    f"`{amendment.id}` restates `{clause.id}`, which is not in force on {amendment.effective}",
                    at,
                    "put a new clause under `adds`, or check the id",
                )
            elif live[clause.id][1] != clause.kind:
                inspection.error(
                    "DIB080",
                    f"`{clause.id}` is a `{live[clause.id][1]}` clause and cannot be restated as `{clause.kind}`",
                    at,
                    "end the old clause, and add the new one under its own id",
                )
            live[clause.id] = (clause.until, clause.kind)
        live.update({c.id: (c.until, c.kind) for c in amendment.adds})
    for number, amendment in enumerate(agreement.amendments):
        path = ("amendments", number)
        if amendment.binding and not (amendment.ends or amendment.replaces or amendment.adds):
            inspection.warning(
                "DIB081", f"`{amendment.id}` binds but changes nothing", path, "say what it ends, replaces or adds, or that it is not binding"
            )
        if amendment.binding and amendment.effective < amendment.signed:
            inspection.warning(
                "DIB082",
                f"`{amendment.id}` is retroactive: in force from {amendment.effective}, but signed only on {amendment.signed}",
                (*path, "effective"),
                "check both days; decisions before the signature stand as they were known",
                also=(*path, "signed"),
            )
    for (before, earlier), (number, later) in pairwise(enumerate(agreement.amendments)):
        if later.effective < earlier.effective:
            inspection.warning(
                "DIB083",
                f"`{later.id}` takes effect before `{earlier.id}`, which stands above it",
                ("amendments", number, "effective"),
                "write amendments in the order in which they take effect",
                also=("amendments", before, "effective"),
            )


def _is_live(live: dict[ClauseId, tuple[date | None, str]], name: ClauseId, on: date) -> bool:
    return name in live and (live[name][0] is None or on < live[name][0])  # type: ignore[operator]


def _check_never(inspection: Inspection) -> None:
    """Clauses that an amendment ends before they begin."""
    written = {id(clause): path for path, clause, _ in inspection.clauses()}
    for row in timeline(inspection.agreement):
        reversed_itself = row.clause.until is not None and row.starts is not None and row.clause.until <= row.starts
        if row.never and not reversed_itself:
            inspection.warning(
                "DIB043",
                f"`{row.clause.id}` never decides: `{row.ended_by}` ends it on {row.ends}, before it begins on {row.starts}",
                written[id(row.clause)],
                "leave the clause out, or check the days",
            )


def _check_circles(inspection: Inspection) -> None:
    """Circles in `overrides` and `incremental_to`: each clause would outrank, or not count, itself."""
    for name in ("overrides", "incremental_to"):
        edges: dict[ClauseId, tuple[ClauseId, ...]] = {}
        for clause in all_clauses(inspection.agreement):
            edges[clause.id] = (*edges.get(clause.id, ()), *getattr(clause, name, ()))
        reported: set[ClauseId] = set()
        for path, clause, _ in inspection.clauses():
            circle = _circle(clause.id, edges)
            if circle and clause.id not in reported and getattr(clause, name, ()):
                reported.update(circle)
                code, what = ("DIB051", "outrank") if name == "overrides" else ("DIB091", "are incremental to")
                message = (
                    f"`{clause.id}` cannot {what.replace('are', 'be')} itself"
                    if len(circle) == 1
                    else f"{listing(circle)} {what} each other in a circle"
                )
                inspection.error(code, message, (*path, name), "cut the circle at one place")
    kinds = {c.id: c.kind for c in all_clauses(inspection.agreement)}
    for path, clause, _ in inspection.clauses():
        if isinstance(clause, model.Commitment):
            for index, other in enumerate(clause.incremental_to):
                if kinds.get(other, "commitment") != "commitment":
                    inspection.error(
                        "DIB091", f"`{other}` is a `{kinds[other]}` clause, not a commitment", (*path, "incremental_to", index), "name a commitment"
                    )


def _circle(start: ClauseId, edges: dict[ClauseId, tuple[ClauseId, ...]]) -> tuple[ClauseId, ...]:
    """A way from `start` back to itself along edges, if there is one."""
    ways: list[tuple[ClauseId, tuple[ClauseId, ...]]] = [(start, (start,))]
    seen: set[ClauseId] = set()
    while ways:
        at, way = ways.pop()
        for following in edges.get(at, ()):
            if following == start:
                return way
            if following not in seen:
                seen.add(following)
                ways.append((following, (*way, following)))
    return ()


# What is in force at the same time.


def _overlap(one: Dated, other: Dated) -> bool:
    begins = max((d for d in (one.starts, other.starts) if d is not None), default=None)
    ends = min((d for d in (one.ends, other.ends) if d is not None), default=None)
    return begins is None or ends is None or begins < ends


def _within(inner: Dated, outer: Dated) -> bool:
    """Whether the period of one lies within that of the other."""
    begins = outer.starts is None or (inner.starts is not None and outer.starts <= inner.starts)
    return begins and (outer.ends is None or (inner.ends is not None and inner.ends <= outer.ends))


def _first_common_day(one: Dated, other: Dated) -> str:
    day = max((d for d in (one.starts, other.starts) if d is not None), default=None)
    return f"from {day}" if day else "from the beginning"


def _pairs(rows: list[_Row]) -> Iterator[tuple[_Row, _Row]]:
    """Every two that are in force at the same time, in the order of the file."""
    for index, one in enumerate(rows):
        for other in rows[index + 1 :]:
            if one.id != other.id and _overlap(one.dated, other.dated):
                yield one, other


def _ranked(one: _Row, other: _Row) -> bool:
    return other.id in one.dated.clause.overrides or one.id in other.dated.clause.overrides


def _of(rows: list[_Row], kind: type[model.Clause]) -> list[_Row]:
    return [row for row in rows if isinstance(row.dated.clause, kind)]


def _classes(row: _Row) -> set[WorkloadClass] | None:
    """The classes a clause speaks about, or nothing if it does not speak about classes."""
    classes = getattr(row.dated.clause, "classes", None)
    return set(classes) if classes else None


def _check_overrides(inspection: Inspection, rows: list[_Row]) -> None:
    """Edges over which nothing ever passes."""
    for row in rows:
        for index, name in enumerate(row.dated.clause.overrides):
            others = [r for r in rows if r.id == name]
            if name == row.id or (not others and name not in {c.id for c in all_clauses(inspection.agreement)}):
                continue
            mine = _classes(row)
            meets = [r for r in others if _overlap(row.dated, r.dated)]
            if not meets:
                why = "the two are never in force together"
            elif mine is not None and all((theirs := _classes(r)) is not None and not mine & theirs for r in meets):
                why = "the two never speak about the same class of work"
            else:
                continue
            inspection.warning("DIB052", f"`{row.id}` outranks `{name}` to no effect: {why}", (*row.path, "overrides", index), "leave the edge out")


def _allowed(host: Host, clause: model.ExclusiveHosting) -> bool:
    """Whether exclusivity lets work run on a host, looking at nothing else."""
    if host.id in clause.except_hosts:
        return True
    coordinate = host.platform if clause.tests == "platform" else host.operator
    return coordinate == clause.platform and not (clause.sub_supply == "refused" and host.operator != clause.platform)


def _check_exclusives(inspection: Inspection, rows: list[_Row]) -> None:
    known = inspection.agreement.parties
    exclusives = [(r, r.dated.clause) for r in rows if isinstance(r.dated.clause, model.ExclusiveHosting) and r.dated.clause.platform in known]
    hosts = list(inspection.agreement.hosts.values())
    for row, clause in exclusives:
        if hosts and not any(_allowed(h, clause) for h in hosts):
            inspection.warning(
                "DIB046",
                f"`{clause.id}` binds {listing(clause.classes)} to `{clause.platform}`, which has no host: the work could run nowhere",
                (*row.path, "platform"),
                "add a host with that platform",
            )
        elif hosts and all(_allowed(h, clause) for h in hosts):
            inspection.warning(
                "DIB045", f"`{clause.id}` never decides: no host lies outside it", row.path, "add the hosts of others, or leave the clause out"
            )
    clauses = {row.path: clause for row, clause in exclusives}
    for one, other in _pairs([row for row, _ in exclusives]):
        a, b = clauses[one.path], clauses[other.path]
        common = sorted(set(a.classes) & set(b.classes))
        if not common:
            continue
        if (a.platform, a.tests) == (b.platform, b.tests):
            covered = next(((x, y) for x, y in ((other, one), (one, other)) if _covers(clauses[y.path], y, clauses[x.path], x)), None)
            if covered:
                inner, outer = covered
                inspection.warning(
                    "DIB044",
                    f"`{inner.id}` never decides: `{outer.id}` already says all of it",
                    inner.path,
                    "leave one of the two out",
                    also=outer.path,
                )
        elif not _ranked(one, other) and _nowhere(a, b, hosts):
            inspection.error(
                "DIB050",
                f"`{a.id}` binds {listing(common)} to `{a.platform}` and `{b.id}` to `{b.platform}`, "
                f"both {_first_common_day(one.dated, other.dated)}: no host satisfies both",
                other.path,
                "let one of them name the other under `overrides`, or part their classes or periods",
                also=one.path,
            )


def _covers(outer: model.ExclusiveHosting, outer_row: _Row, inner: model.ExclusiveHosting, inner_row: _Row) -> bool:
    strictness = ("counts", "named", "refused")
    return (
        set(inner.classes) <= set(outer.classes)
        and _within(inner_row.dated, outer_row.dated)
        and set(outer.except_hosts) <= set(inner.except_hosts)
        and strictness.index(inner.sub_supply) <= strictness.index(outer.sub_supply)
    )


def _nowhere(a: model.ExclusiveHosting, b: model.ExclusiveHosting, hosts: list[Host]) -> bool:
    if any(_allowed(h, a) and _allowed(h, b) for h in hosts):
        return False
    return a.tests == b.tests or bool(hosts)


def _check_pre_emptions(inspection: Inspection, rows: list[_Row]) -> None:
    rights = [(row, row.dated.clause) for row in rows if isinstance(row.dated.clause, model.PreEmption)]
    exclusives = [(row, row.dated.clause) for row in rows if isinstance(row.dated.clause, model.ExclusiveHosting)]
    hosts = list(inspection.agreement.hosts.values())
    clauses = {row.path: clause for row, clause in rights}
    for row, right in rights:
        if hosts and all(h.platform == right.holder or h.id in right.exempt_hosts for h in hosts):
            inspection.warning(
                "DIB045",
                f"`{right.id}` never decides: every host is `{right.holder}`'s platform or exempt",
                row.path,
                "add the hosts of others, or leave the clause out",
            )
        bound = {c: r for r, e in exclusives if _within(row.dated, r.dated) and e.tests == "platform" for c in e.classes}
        if right.classes and set(right.classes) <= set(bound):
            first = bound[right.classes[0]]
            inspection.warning(
                "DIB054",
                f"`{right.id}` never decides: exclusivity is asked first, and `{first.id}` binds its work as long as it is in force",
                row.path,
                "leave the right out, or narrow the exclusivity",
                also=first.path,
            )
    for one, other in _pairs([row for row, _ in rights]):
        a, b = clauses[one.path], clauses[other.path]
        common = sorted(set(a.classes) & set(b.classes))
        if common and a.grantor == b.grantor and not _ranked(one, other):
            whom = f"`{a.holder}` and `{b.holder}` are both asked first" if a.holder != b.holder else f"`{a.holder}` is asked under two clauses"
            inspection.error(
                "DIB053",
                f"{whom} for {listing(common)} {_first_common_day(one.dated, other.dated)}: `{a.id}` and `{b.id}`",
                other.path,
                "let one of them name the other under `overrides`, or part their classes or periods",
                also=one.path,
            )


def _check_licences(inspection: Inspection, rows: list[_Row]) -> None:
    """An exclusive licence and another of the same subject to somebody else."""
    licences = [(row, row.dated.clause) for row in rows if isinstance(row.dated.clause, model.Licence)]
    clauses = {row.path: clause for row, clause in licences}
    for one, other in _pairs([row for row, _ in licences]):
        a, b = clauses[one.path], clauses[other.path]
        common = sorted(set(a.subjects) & set(b.subjects))
        uses = not a.uses or not b.uses or set(a.uses) & set(b.uses)
        if common and uses and a.licensor == b.licensor and a.licensee != b.licensee and (a.exclusive or b.exclusive) and not _ranked(one, other):
            sole, second = (a, b) if a.exclusive else (b, a)
            inspection.error(
                "DIB078",
                f"{listing(common)} are licensed to `{sole.licensee}` alone by `{sole.id}`, "
                f"and to `{second.licensee}` by `{second.id}`, {_first_common_day(one.dated, other.dated)}",
                other.path,
                "let one of them name the other under `overrides`, or part their subjects, uses or periods",
                also=one.path,
            )


def _check_consents(inspection: Inspection, rows: list[_Row]) -> None:
    """A consent by somebody who has nothing to consent to."""
    for row in _of(rows, model.Consent):
        consent = row.dated.clause
        assert isinstance(consent, model.Consent)  # noqa: S101 - `_of` chose it
        bound = False
        for other in rows:
            clause = other.dated.clause
            beneficiary = (
                clause.platform if isinstance(clause, model.ExclusiveHosting) else clause.holder if isinstance(clause, model.PreEmption) else None
            )
            if beneficiary == consent.grantor and _overlap(row.dated, other.dated) and set(consent.classes) & (_classes(other) or set()):
                bound = True
        if not bound:
            inspection.warning(
                "DIB089",
                f"`{consent.id}` permits what nobody forbids: "
                f"`{consent.grantor}` has no exclusivity and no right over {listing(consent.classes)} in that period",
                row.path,
                "check who consents, for which classes, and when",
            )


def _check_triggers(inspection: Inspection, rows: list[_Row]) -> None:
    # A clause that is silent under the reading taken is not in force, and that is no slip of whoever wrote the trigger.
    clauses = list(all_clauses(inspection.agreement))
    silenced = {clause.id for clause in clauses if resolve(clause) is None}
    written = {clause.id for clause in clauses} - silenced
    for row in _of(rows, model.Trigger):
        trigger = row.dated.clause
        assert isinstance(trigger, model.Trigger)  # noqa: S101 - `_of` chose it
        for index, name in enumerate(trigger.ends):
            at = (*row.path, "ends", index)
            if name == trigger.id:
                inspection.error("DIB069", f"`{name}` ends itself: a trigger is over once it has fired", at, "leave it out")
            elif name in written and not any(r.id == name and _overlap(row.dated, r.dated) for r in rows):
                inspection.error(
                    "DIB069", f"`{trigger.id}` ends `{name}`, but the two are never in force together", at, "check the days, or leave it out"
                )
    named = {name for row in _of(rows, model.Trigger) for name in getattr(row.dated.clause, "ends", ())}
    for row in _of(rows, model.Licence):
        licence = row.dated.clause
        assert isinstance(licence, model.Licence)  # noqa: S101 - `_of` chose it
        if licence.after_trigger != "ends" and licence.id not in named:
            inspection.warning(
                "DIB062",
                f"`after_trigger` decides nothing in `{licence.id}`: no trigger names it",
                (*row.path, "after_trigger"),
                "leave it out, or name the licence in a trigger",
            )
