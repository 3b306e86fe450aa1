"""Many answers at once: the same table as arrays, one gather a question.

A question is four small whole numbers: the code of its class, of its host (both by their place in the agreement), its
day and its quantity.  Names, dates and lists are taken too and turned into codes first, which takes longer than the
answers do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dibs.decisions.decision import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dibs.contract.model import ClauseId
    from dibs.decisions.compile import Table, Verdict

Codes: TypeAlias = NDArray[np.integer[Any]]
Names: TypeAlias = "str | Sequence[str] | Codes"
"""One name for all questions, a list of names, or an array of codes."""
Days: TypeAlias = "date | Sequence[date] | NDArray[np.datetime64]"
Quantities: TypeAlias = "int | Sequence[int] | Codes | None"
ANSWERS: tuple[Answer, ...] = tuple(Answer)
"""An answer's code is its place here."""
DAYS_MAX = 1 << 16
"""Up to so many days between the first and the last on which an answer changes (179 years), each has an entry of its own."""
QUANTITIES_MAX = 1 << 16
"""The same for quantities up to the highest at which an answer changes."""
_WORD = 64
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Answers to a batch, in its order.

    answers  (question)        code: the place in `ANSWERS`
    denying  (question, word)  bits: clause `n` of `Compiled.clause_ids` is bit `n % 64` of word `n // 64`
    """

    answers: NDArray[np.uint8]
    denying: NDArray[np.uint64]
    clause_ids: tuple[ClauseId, ...]

    def answer(self, question: int) -> Answer:
        """One answer in words."""
        return ANSWERS[int(self.answers[question])]

    def clauses(self, question: int) -> tuple[ClauseId, ...]:
        """The clauses that keep one question from `permitted`, in the order of the agreement."""
        words = self.denying[question]
        return tuple(c for n, c in enumerate(self.clause_ids) if int(words[n // _WORD]) >> (n % _WORD) & 1)


class _Steps:
    """Which step of a staircase a whole number stands on: by look-up where the stairs are short, by bisection where not."""

    def __init__(self, edges: Sequence[int], span_max: int) -> None:
        self._edges = np.array(edges, dtype=np.int64)
        self._first = edges[0] - 1 if edges else 0
        span = edges[-1] - self._first + 1 if edges else 1
        self._table = (
            np.searchsorted(self._edges, np.arange(self._first, self._first + span), side="right").astype(np.intp) if span <= span_max else None
        )

    def of(self, numbers: Codes) -> NDArray[np.intp]:
        """The step of each number, 0 below the first edge."""
        if self._table is None:
            return np.searchsorted(self._edges, numbers, side="right")
        return self._table.take(numbers - self._first, mode="clip")


class Whole:
    """Every cell of a table as arrays.  The last class and the last host stand for names that the agreement does not know."""

    def __init__(self, table: Table) -> None:
        """Works out all cells; kept by the table."""
        agreement = table.agreement
        self.clause_ids = table.clause_ids
        self._classes: Mapping[str, int] = {c: n for n, c in enumerate(agreement.workload_classes)}
        self._hosts: Mapping[str, int] = {h: n for n, h in enumerate(agreement.hosts)}
        self._by_day = _Steps([d.toordinal() - _EPOCH for d in table.days], DAYS_MAX)
        # Quantities of nought or less mean that none is stated: step 0.  From 1 on, steps begin at 1 and at each threshold.
        leasts = sorted({1, *table.thresholds})
        self._by_quantity = _Steps(leasts, QUANTITIES_MAX)
        classes = [*agreement.workload_classes, ""]
        hosts = [*agreement.hosts, ""]
        days = [date.min, *table.days]
        self._shape = (len(classes), len(hosts), len(days), len(leasts) + 1)
        ids: dict[tuple[Answer, int], int] = {}
        cells = np.empty(self._shape, dtype=np.intp)
        for c, workload_class in enumerate(classes):
            for h, host in enumerate(hosts):
                for d, day in enumerate(days):
                    for q, quantity in enumerate([None, *leasts]):
                        verdict: Verdict = table.answer(workload_class, host, day, quantity)
                        cells[c, h, d, q] = ids.setdefault((verdict.answer, verdict.mask), len(ids))
        self._cells = cells.reshape(-1)
        self._answers = np.array([ANSWERS.index(answer) for answer, _ in ids], dtype=np.uint8)
        words = max(1, -(-len(self.clause_ids) // _WORD))
        self._denying = np.array([[mask >> (_WORD * w) & (1 << _WORD) - 1 for w in range(words)] for _, mask in ids], dtype=np.uint64)

    def answer(self, classes: Names, hosts: Names, days: Days, quantities: Quantities = None) -> Verdicts:
        """Answer questions given as four columns of one length (a single value counts for all).

        classes, hosts  (question)  names, or codes: their places in the agreement
        days            (question)  dates, or `datetime64[D]`
        quantities      (question)  accelerators; none, or nought: a lot of at least the minimum

        Raises `ValueError` when the columns do not fit together, `IndexError` on a code that names nothing.
        """
        class_codes, host_codes = _codes(classes, self._classes, "class"), _codes(hosts, self._hosts, "host")
        index = class_codes * self._shape[1]
        index = index + host_codes
        index = index * self._shape[2]
        index = index + self._by_day.of(_days(days))
        index *= self._shape[3]
        if quantities is not None:
            index = index + self._by_quantity.of(np.asarray(quantities, dtype=np.int64))
        verdicts = self._cells.take(index)
        return Verdicts(self._answers.take(verdicts), self._denying.take(verdicts, axis=0), self.clause_ids)


def _codes(column: Names, places: Mapping[str, int], what: str) -> NDArray[np.intp]:
    """A column as codes; a name that the agreement does not know gets the code after the last."""
    unknown = len(places)
    if isinstance(column, str):
        return np.array([places.get(column, unknown)], dtype=np.intp)
    if not isinstance(column, np.ndarray):
        return np.fromiter((places.get(name, unknown) for name in column), dtype=np.intp, count=len(column))
    if column.dtype.kind not in "iu":
        message = f"{what} codes are whole numbers, not {column.dtype}: pass names as a list"
        raise ValueError(message)
    codes = column.astype(np.intp, copy=False)
    if codes.size and (codes.min() < 0 or codes.max() > unknown):
        message = f"a {what} code lies outside 0 to {unknown}: codes are places in the agreement"
        raise IndexError(message)
    return codes


def _days(column: Days) -> NDArray[np.int64]:
    """A column as days since 1970-01-01."""
    if isinstance(column, date):
        return np.array([column.toordinal() - _EPOCH], dtype=np.int64)
    if not isinstance(column, np.ndarray):
        return np.fromiter((day.toordinal() for day in column), dtype=np.int64, count=len(column)) - _EPOCH
    if column.dtype.kind != "M":
        message = f"days are dates or `datetime64[D]`, not {column.dtype}"
        raise ValueError(message)
    return column.astype("datetime64[D]", copy=False).view(np.int64)
