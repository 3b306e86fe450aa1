"""What answers differ between two tables: two versions, two states of knowledge, two variants of one agreement.

Both are finite, so the difference is exact: every class, host, stretch of days and range of quantities in which the
answer or the clauses behind it are not the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dibs.contract.model import ClauseId, HostId, WorkloadClass
    from dibs.decisions.compile import Table, Verdict
    from dibs.decisions.decision import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """One box of questions that are answered otherwise.

    Days are half-open, without a first or last one where there is none.  Quantities run from `least` to before
    `below`, without an upper end where that is absent.
    """

    workload_class: WorkloadClass
    host: HostId
    from_: date | None
    until: date | None
    least: int
    below: int | None
    before: Answer
    after: Answer
    denying_before: tuple[ClauseId, ...]
    denying_after: tuple[ClauseId, ...]


def difference(before: Table, after: Table) -> tuple[Differs, ...]:
    """Every box of questions that two tables answer otherwise, in the order of the agreement, then of days and quantities.

    A class or host that only one of the two knows is left out: no question about it can be put to both.
    """
    classes = [c for c in before.agreement.workload_classes if c in after.agreement.workload_classes]
    hosts = [h for h in before.agreement.hosts if h in after.agreement.hosts]
    return tuple(box for workload_class in classes for host in hosts for box in _cell(before, after, workload_class, host))


def _cell(before: Table, after: Table, workload_class: WorkloadClass, host: HostId) -> Iterator[Differs]:
    """The boxes of one class on one host.  What differs alike on neighbouring stretches of days is one box."""
    one, other = before.cell(workload_class, host), after.cell(workload_class, host)
    running: dict[_Kind, date | None] = {}
    ended: list[tuple[date | None, date | None, _Kind]] = []
    for from_ in (None, *sorted({*one.days, *other.days})):
        now = _kinds(one.on(from_), other.on(from_))
        ended += [(running.pop(kind), from_, kind) for kind in [k for k in running if k not in now]]
        for kind in now:
            running.setdefault(kind, from_)
    ended += [(since, None, kind) for kind, since in running.items()]
    for since, until, kind in sorted(ended, key=lambda box: (box[0] or date.min, box[2].least)):
        yield Differs(
            workload_class=workload_class,
            host=host,
            from_=since,
            until=until,
            least=kind.least,
            below=kind.below,
            before=kind.before,
            after=kind.after,
            denying_before=kind.denying_before,
            denying_after=kind.denying_after,
        )


@dataclass(frozen=True, slots=True)
class _Kind:
    """In what way a range of quantities is answered otherwise."""

    least: int
    below: int | None
    before: Answer
    after: Answer
    denying_before: tuple[ClauseId, ...]
    denying_after: tuple[ClauseId, ...]


def _kinds(one: Verdict, other: Verdict) -> list[_Kind]:
    """The ranges of quantities in which two verdicts, each with those for smaller quantities behind it, are not the same."""
    out: list[_Kind] = []
    below = None
    while True:
        least = max(one.least, other.least)
        if (one.answer, one.denying) != (other.answer, other.denying):
            found = _Kind(least, below, one.answer, other.answer, one.denying, other.denying)
            if out and out[-1].least == below and replace(out[-1], least=least, below=below) == found:
                found = replace(found, below=out.pop().below)
            out.append(found)
        if not least:
            return out
        below = least
        if one.smaller is not None and one.least == least:
            one = one.smaller
        if other.smaller is not None and other.least == least:
            other = other.smaller
