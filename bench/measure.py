"""How a benchmark is run and what it reports.

A module `bench_NAME.py` beside this one has a function `measure() -> Iterable[Row]`; `python -m bench` runs them all and
prints one table.  Candidates of one row take turns, round by round, in one process: on a shared machine only their
ratio means anything.
"""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `ours` and `peer` are in `unit`; `aim` is what was set out for: a ratio if there is a peer, else a bound on `ours`.
    With `unit` in time less is better, else more.
    """

    what: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    aim: float | None = None
    note: str = ""

    @property
    def less_is_better(self) -> bool:
        """Whether the unit is a time."""
        return self.unit in {"s", "ms", "us"}

    @property
    def ratio(self) -> float | None:
        """How many times as good as the peer."""
        if self.peer is None:
            return None
        return self.peer / self.ours if self.less_is_better else self.ours / self.peer

    @property
    def met(self) -> bool | None:
        """Whether the aim was reached in this run."""
        if self.aim is None:
            return None
        if self.ratio is not None:
            return self.ratio >= self.aim
        return self.ours <= self.aim if self.less_is_better else self.ours >= self.aim


def rates(candidates: Mapping[str, Callable[[], int]], *, rounds: int = 5) -> dict[str, float]:
    """Operations a second of each candidate: the median over rounds in which all take turns.  A candidate returns how many it did."""
    found: dict[str, list[float]] = {name: [] for name in candidates}
    for name, run in candidates.items():
        run()  # once unmeasured: caches, imports, the first allocation
        del name
    for turn in range(rounds):
        order = list(candidates.items())
        for name, run in order if turn % 2 else reversed(order):
            started = time.perf_counter()
            done = run()
            found[name].append(done / (time.perf_counter() - started))
    return {name: statistics.median(values) for name, values in found.items()}


def milliseconds(run: Callable[[], object], *, rounds: int = 7) -> float:
    """The median time of one call, garbage collected before and not during it, as `timeit` does."""
    run()
    took = []
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        started = time.perf_counter()
        run()
        took.append((time.perf_counter() - started) * 1000)
        gc.enable()
    return statistics.median(took)
