"""A generated year from its files to its tables: where the time goes.  100,000 needs, or `DIBS_BENCH_NEEDS` of them."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from typing import TYPE_CHECKING

from bench.measure import Row

from dibs.simulate import scenario, tables, year
from dibs.simulate.run import run

if TYPE_CHECKING:
    from collections.abc import Iterable

NEEDS = int(os.environ.get("DIBS_BENCH_NEEDS", "100000"))
SECONDS_MAX = 120
"""A year of 100,000 needs is to be done with in two minutes, on one processor."""


def measure() -> Iterable[Row]:
    files = year.generate(NEEDS)
    with tempfile.TemporaryDirectory() as folder:
        files.write(folder)
        begun = time.process_time()
        loaded = scenario.load(folder)
        read = time.process_time()
        played = run(loaded, judged=False)
        over = time.process_time()
        judged = run_laws(played)
        found = time.process_time()
        tables.write(played, f"{folder}/out")
        written = time.process_time()
    entries = played.store.size
    aim = SECONDS_MAX * NEEDS / 100_000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    yield Row(
        f"a year of {NEEDS:,} needs, from files to tables",
        written - begun,
        "s",
        aim=aim,
        note=f"processor time; {entries:,} entries, {peak:,} MB at most",
    )
    yield Row("  reading and checking the folder", read - begun, "s", note=f"{NEEDS / (read - begun):,.0f} rows a second")
    yield Row("  playing it", over - read, "s", note=f"{entries / (over - read):,.0f} acts a second, the world included")
    yield Row("  judging the seven laws", found - over, "s", note=f"{judged:,} checks; sealing the journal is part of it")
    yield Row("  writing journal and tables", written - found, "s")


def run_laws(played) -> int:
    from dibs.laws import judge
    from dibs.simulate.run import plain_agreement

    played.laws = judge(played.rows(), plain_agreement(played.scenario.agreement))
    assert all(law.holds for law in played.laws), played.laws
    return sum(law.checked for law in played.laws)
