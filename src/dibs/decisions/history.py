"""What the clauses were, as far as it was known and after what has happened: for each way to read those that are open.

Three things decide which clauses count on a day: what was signed by then (`known`), what has come true (`fired`
triggers end clauses on their day), and how an ambiguous clause without a default is read.  A `World` is one choice of
the last; a question whose answer differs between worlds has no answer yet.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from dibs.contract.amend import Dated, dated_clauses, versions
from dibs.contract.model import Licence, Trigger
from dibs.contract.readings import AS_WRITTEN, all_clauses
from dibs.decisions.decision import Answer, Reason, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dibs.contract.model import Agreement, Clause, ClauseId

READINGS_MAX = 1024
"""Ways to read all open clauses of one question together that are worked out (bound is in); with more, the answer is undetermined."""
ALWAYS = 0
NEVER = date.max.toordinal() + 1


@dataclass(frozen=True, slots=True)
class Row:
    """A clause with its days as ordinals, half-open.

    `rank` is its place in `History.clause_ids`; `by` the amendment that wrote it; `fired` the day on which a trigger
    that names it came true.
    """

    clause: Clause
    rank: int
    starts: int
    ends: int
    by: str
    fired: int | None = None


Reads: TypeAlias = "tuple[tuple[ClauseId, str], ...]"
"""One way to read the open clauses: a reading for each."""
World: TypeAlias = "tuple[Mapping[ClauseId, str], tuple[Row, ...]]"
"""The same, with the clauses read that way."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was signed by some day: the clauses that are read in one way, the open ones under each reading, and the versions."""

    settled: tuple[Row, ...]
    open: Mapping[ClauseId, Mapping[str, tuple[Row, ...]]]
    version_days: tuple[date, ...]
    version_ids: tuple[str, ...]


class History:
    """An agreement on both axes of time.  Immutable to the outside; what it has worked out is kept in the instance."""

    def __init__(self, agreement: Agreement) -> None:
        """Reads nothing but the agreement."""
        self.agreement = agreement
        self.clause_ids: tuple[ClauseId, ...] = tuple(dict.fromkeys(c.id for c in all_clauses(agreement)))
        self.ranks: Mapping[ClauseId, int] = {c: rank for rank, c in enumerate(self.clause_ids)}
        self._effective = {a.id: a.effective.toordinal() for a in agreement.amendments}
        self._signings = tuple(sorted({a.signed for a in agreement.amendments if a.binding}))
        self._known: dict[int, Known] = {}

    def signed_by(self, known: date | None) -> int:
        """How many signings had happened by a day (default: all): two days with the same number know the same."""
        return len(self._signings) if known is None else bisect_right(self._signings, known)

    def known_after(self, signed: int) -> Known:
        """What is known once the first so many signings have happened."""
        now = self._known.get(signed)
        if now is None:
            now = self._known[signed] = self._look(self._signings[signed - 1] if signed else date.min)
        return now

    def _look(self, known: date) -> Known:
        agreement = self.agreement
        as_written = self._dated(agreement, known)
        opened = {}
        for clause_id, names in _open_readings(agreement).items():
            variants = {name: self._dated(_read(agreement, clause_id, name), known) for name in names}
            by_name = {name: tuple(r for r in rows if r.clause.id == clause_id) for name, rows in {AS_WRITTEN: as_written, **variants}.items()}
            if any(by_name.values()):
                opened[clause_id] = by_name
        past = versions(agreement, known)
        return Known(
            settled=tuple(r for r in as_written if r.clause.id not in opened),
            open=opened,
            version_days=tuple(v.starts for v in past if v.starts is not None),
            version_ids=tuple(v.id for v in past),
        )

    def _dated(self, agreement: Agreement, known: date) -> tuple[Row, ...]:
        rows = (_row(d, self.ranks[d.clause.id]) for d in dated_clauses(agreement, known))
        return tuple(sorted(rows, key=lambda row: row.rank))

    def fire(self, rows: tuple[Row, ...], fired: Mapping[ClauseId, date]) -> tuple[Row, ...]:
        """The rows after what has come true.

        A trigger counts if it was in force on its day.  What it names ends then, licences as far as they say so; a
        text agreed on later than that is not touched (S34).
        """
        if not fired:
            return rows
        named: dict[ClauseId, list[int]] = {}
        for row in rows:
            day = fired.get(row.clause.id)
            if isinstance(row.clause, Trigger) and day is not None and row.starts <= day.toordinal() < row.ends:
                for clause_id in row.clause.ends:
                    named.setdefault(clause_id, []).append(day.toordinal())
        return tuple(self._after(row, named.get(row.clause.id, ())) for row in rows)

    def _after(self, row: Row, days: Iterable[int]) -> Row:
        agreed = self._effective.get(row.by, ALWAYS)
        day = min((day for day in days if agreed <= day), default=NEVER)
        if day >= row.ends:
            return row
        goes_on = isinstance(row.clause, Licence) and row.clause.after_trigger != "ends"
        return dataclasses.replace(row, ends=row.ends if goes_on else day, fired=day)


class Worlds:
    """The clauses under one state of knowledge and one set of fired triggers, for each way to read the open ones."""

    def __init__(self, history: History, known: Known, fired: Mapping[ClauseId, date]) -> None:
        """Made by `Compiled.under`; nothing is worked out yet."""
        self.known = known
        self._history = history
        self._fired = fired
        self._rows: dict[Reads, tuple[Row, ...]] = {}

    def of(self, speaks: Callable[[Clause], bool]) -> list[World]:
        """Each world that differs in a clause that `speaks`; empty if there are more than `READINGS_MAX`."""
        opened = self._opened(speaks)
        ways = 1
        for clause_id in opened:
            ways *= len(self.known.open[clause_id])
        if ways > READINGS_MAX:
            return []
        choices = product(*(self.known.open[c] for c in opened))
        return [(dict(reads), self._read(reads)) for reads in (tuple(zip(opened, names, strict=True)) for names in choices)]

    def _opened(self, speaks: Callable[[Clause], bool]) -> list[ClauseId]:
        """The open clauses whose reading can matter: those that speak under some reading, and fired triggers that end one that does."""
        if not self.known.open:
            return []
        variants = {c: [row.clause for rows in by_name.values() for row in rows] for c, by_name in self.known.open.items()}
        speaking = {row.clause.id for row in self.known.settled if speaks(row.clause)}
        speaking |= {c for c, clauses in variants.items() if any(map(speaks, clauses))}
        firing = {
            c
            for c, clauses in variants.items()
            if c in self._fired and any(isinstance(v, Trigger) and not speaking.isdisjoint(v.ends) for v in clauses)
        }
        return [c for c in variants if c in speaking or c in firing]

    def _read(self, reads: Reads) -> tuple[Row, ...]:
        rows = self._rows.get(reads)
        if rows is None:
            chosen = [row for clause_id, name in reads for row in self.known.open[clause_id][name]]
            rows = tuple(sorted((*self.known.settled, *chosen), key=lambda row: row.rank)) if chosen else self.known.settled
            rows = self._rows[reads] = self._history.fire(rows, self._fired)
        return rows

    def as_written(self) -> tuple[Row, ...]:
        """The clauses with the open ones as they are written."""
        return self._read(tuple((c, AS_WRITTEN) for c in self.known.open))

    def every(self) -> tuple[Row, ...]:
        """The clauses with the open ones under every reading, what has come true left out."""
        return (*self.known.settled, *(row for by_name in self.known.open.values() for rows in by_name.values() for row in rows))

    def ambiguous(self, speaks: Callable[[Clause], bool]) -> tuple[Reason, ...]:
        """The reasons when there are too many ways to read the clauses."""
        need = f"at most {READINGS_MAX} ways to read the open clauses together"
        return tuple(_reading_open(c, need, "more than that") for c in (self._open_clause(i) for i in self._opened(speaks)))

    def differing(self, answers: Sequence[tuple[Mapping[ClauseId, str], Answer]]) -> tuple[Reason, ...]:
        """The reasons when the answers of the worlds differ: each clause whose reading matters, with what each reading gives."""
        out = []
        for clause_id, by_name in mattering(answers).items():
            have = ", ".join(f"`{name}` gives {' or '.join(sorted(found))}" for name, found in by_name.items())
            out.append(_reading_open(self._open_clause(clause_id), "one reading", have))
        return tuple(out)

    def _open_clause(self, clause_id: ClauseId) -> Clause:
        return next(rows[0].clause for rows in self.known.open[clause_id].values() if rows)


def mattering(answers: Sequence[tuple[Mapping[ClauseId, str], Answer]]) -> dict[ClauseId, dict[str, set[Answer]]]:
    """Of each clause that is read in several ways: the answers under each reading, if, all else read alike, it changes one."""
    out: dict[ClauseId, dict[str, set[Answer]]] = {}
    for clause_id in answers[0][0] if answers else ():
        by_name: dict[str, set[Answer]] = {}
        others: dict[tuple[str, ...], set[Answer]] = {}
        for reads, answer in answers:
            by_name.setdefault(reads[clause_id], set()).add(answer)
            others.setdefault(tuple(name for c, name in reads.items() if c != clause_id), set()).add(answer)
        if any(len(found) > 1 for found in others.values()):
            out[clause_id] = by_name
    return out


def _reading_open(clause: Clause, need: str, have: str) -> Reason:
    return Reason(code=ReasonCode.READING_OPEN, clause=clause.id, text=clause.says, where=clause.mark, need=need, have=have)


def _row(dated: Dated, rank: int) -> Row:
    starts = ALWAYS if dated.starts is None else dated.starts.toordinal()
    ends = NEVER if dated.ends is None else dated.ends.toordinal()
    return Row(dated.clause, rank, starts, ends, dated.by)


def _open_readings(agreement: Agreement) -> dict[ClauseId, tuple[str, ...]]:
    """The readings of every clause of which none was taken.  A clause may be restated: then of all its open texts."""
    names: dict[ClauseId, dict[str, None]] = {}
    for clause in all_clauses(agreement):
        if clause.readings and clause.reading is None:
            names.setdefault(clause.id, {}).update(dict.fromkeys(clause.readings))
    return {clause_id: tuple(found) for clause_id, found in names.items()}


def _read(agreement: Agreement, clause_id: ClauseId, name: str) -> Agreement:
    """The agreement with the open texts of one clause read in one way."""

    def read(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
        return tuple(dataclasses.replace(c, reading=name) if c.id == clause_id and c.reading is None and name in c.readings else c for c in clauses)

    amendments = tuple(dataclasses.replace(a, replaces=read(a.replaces), adds=read(a.adds)) for a in agreement.amendments)
    return dataclasses.replace(agreement, clauses=read(agreement.clauses), amendments=amendments)
