"""Full offer procedures a second: a request, a notice, the holder's refusal, a grant elsewhere; four acts.

The peer on disk is bare SQLite: the very rows that the procedures made, put into the same tables with the same settings,
one commit each, and nothing decided, hashed or hidden.  A commit in a write-ahead log with full synchronisation is one
sync of the log, so a procedure of four commits is four syncs.  The probe beside them says what a sync costs here.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import Row, rates

from dibs.broker import Act, Broker
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.procedure.events import Granted
from dibs.store.memory import MemoryStore
from dibs.store.sqlite import SqliteStore
from dibs.testing.acts import BEGIN, need, opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dibs.decisions.compile import Compiled

HARBOUR = Path(__file__).resolve().parents[1] / "examples/harbour/agreement.yaml"
PROCEDURES = 80
"""In a turn of each candidate."""
ACTS = 4
GROUP = 64
"""Acts in one commit, where they are grouped."""
COMMIT = 50e-6
"""Seconds that a bare commit takes on the machine for which the aim was set."""


def procedures() -> Iterator[list[Act]]:
    """One procedure after the other, seconds apart, so that thousands fit into the years of the agreement."""
    nth = 0
    while True:
        at = BEGIN + 60 + nth * ACTS
        yield [Act(command=act.command, at=at + n, key=act.key) for n, act in enumerate(need(nth, at))]
        nth += 1


class Candidate:
    """A broker on a store, run procedure by procedure; counts its processor time."""

    def __init__(self, store: MemoryStore | SqliteStore, agreement: Compiled, group: int = 1) -> None:
        self.broker = Broker(store, agreement)
        self.broker.adopt(agreement, by="aster", at=BEGIN)
        self.broker.submit_many(opening())
        self.group = group
        self.next = procedures()
        self.cpu = 0.0
        self.done = 0

    def __call__(self) -> int:
        started = time.process_time()
        acts = [act for _ in range(PROCEDURES) for act in next(self.next)]
        granted = 0
        if self.group == 1:
            for act in acts:
                granted += sum(isinstance(event, Granted) for event in self.broker.submit(act.command, at=act.at, key=act.key))
        else:
            for start in range(0, len(acts), self.group):
                answers = self.broker.submit_many(acts[start : start + self.group])
                granted += sum(isinstance(event, Granted) for events in answers for event in events)
        assert granted == PROCEDURES, "every procedure ends with a grant"
        self.cpu += time.process_time() - started
        self.done += PROCEDURES
        return PROCEDURES


class Bare:
    """The same rows into the same tables, and nothing else."""

    def __init__(self, path: Path, rows: list[tuple[object, ...]], group: int = 1) -> None:
        SqliteStore(path).close()
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("PRAGMA foreign_keys = ON")
        self.db.execute("PRAGMA wal_autocheckpoint = 4000")
        self.db.execute("INSERT INTO agreement (digest, text) VALUES (?, '')", (rows[0][2],))
        self.rows = iter(rows)
        self.group = group
        self.cpu = 0.0
        self.done = 0

    def __call__(self) -> int:
        insert = "INSERT INTO entry (seq, at, agreement, command, events, key, secret, leaf) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        started = time.process_time()
        rows = [next(self.rows) for _ in range(PROCEDURES * ACTS)]
        if self.group == 1:
            for row in rows:
                self.db.execute(insert, row)
        else:
            for start in range(0, len(rows), self.group):
                self.db.execute("BEGIN IMMEDIATE")
                self.db.executemany(insert, rows[start : start + self.group])
                self.db.execute("COMMIT")
        self.cpu += time.process_time() - started
        self.done += PROCEDURES
        return PROCEDURES


def rows_of(agreement: Compiled, count: int) -> list[tuple[object, ...]]:
    """The rows that so many procedures leave."""
    candidate = Candidate(MemoryStore(), agreement)
    store = candidate.broker._store  # noqa: SLF001 - the benchmark looks inside
    before = store.size
    while candidate.done < count:
        candidate()
    assert isinstance(store, MemoryStore)
    return [
        (s.seq, s.at, s.agreement, s.command.decode(), s.events.decode(), s.key or None, s.secret, s.leaf)
        for s, _ in store.sealed()
        if s.seq >= before
    ]


def probe(path: Path) -> Callable[[], int]:
    """Append a page and sync it: what any commit has to do at least."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def run() -> int:
        for _ in range(PROCEDURES * ACTS):
            os.write(descriptor, bytes(4096))
            os.fdatasync(descriptor)
        return PROCEDURES * ACTS

    return run


def measure() -> Iterable[Row]:
    """Every figure of the loop."""
    agreement = compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))
    folder = Path(tempfile.mkdtemp(prefix="dibs-bench-", dir=Path.cwd()))
    try:
        yield from _measure(agreement, folder)
    finally:
        shutil.rmtree(folder)


def _measure(agreement: Compiled, folder: Path) -> Iterable[Row]:
    rounds = 7
    rows = rows_of(agreement, PROCEDURES * (rounds + 1))
    memory = Candidate(MemoryStore(), agreement)
    single = Candidate(SqliteStore(folder / "single.db"), agreement)
    grouped = Candidate(SqliteStore(folder / "grouped.db"), agreement, GROUP)
    bare = Bare(folder / "bare.db", rows)
    # The same two with nothing flushed: their difference is what deciding, hiding and hashing cost, whatever the disk does.
    unflushed, bare_unflushed = Candidate(SqliteStore(folder / "unflushed.db"), agreement), Bare(folder / "bare-unflushed.db", rows)
    for db in (unflushed.broker._store._db, bare_unflushed.db):  # noqa: SLF001 - the benchmark looks inside
        db.execute("PRAGMA synchronous = OFF")
    bare_grouped = Bare(folder / "bare-grouped.db", rows, GROUP)
    candidates = {
        "memory": memory,
        "single": single,
        "bare": bare,
        "unflushed": unflushed,
        "bare unflushed": bare_unflushed,
        "grouped": grouped,
        "bare grouped": bare_grouped,
        "probe": probe(folder / "probe"),
    }
    found = rates(candidates, rounds=rounds)
    yield Row("procedures in memory", found["memory"], "/s")
    yield Row(
        "procedures on SQLite, full sync, one act a commit",
        found["single"],
        "/s",
        found["bare"],
        "bare SQLite, same rows",
        aim=0.5,
        note="4 syncs each",
    )
    alone = unflushed.cpu / unflushed.done - bare_unflushed.cpu / bare_unflushed.done
    yield Row(
        "the same, if a bare commit took 50 us",
        1 / (ACTS * COMMIT + alone),
        "/s",
        aim=2000,
        note=f"worked out: four commits of 50 us and {1e6 * alone:.0f} us of processor time more than bare SQLite when neither is flushed; "
        f"a bare commit took {1e6 / found['bare'] / ACTS:.0f} us here",
    )
    yield Row(
        f"procedures on SQLite, full sync, {GROUP} acts a commit",
        found["grouped"],
        "/s",
        found["bare grouped"],
        "bare SQLite, same groups",
        note=f"{ACTS / GROUP:.2f} syncs each; what is left is deciding",
    )
    yield Row("processor time of a procedure in memory", 1e6 * memory.cpu / memory.done, "us")
    yield Row("processor time of a procedure, one act a commit", 1e6 * single.cpu / single.done, "us", 1e6 * bare.cpu / bare.done, "bare SQLite")
    yield Row(
        "processor time of a procedure, grouped", 1e6 * grouped.cpu / grouped.done, "us", 1e6 * bare_grouped.cpu / bare_grouped.done, "bare SQLite"
    )
    yield Row("probe: append 4 kB and sync", 1e6 / found["probe"], "us")
    for candidate in (single, grouped, unflushed):
        candidate.broker.close()
    for each in (bare, bare_grouped, bare_unflushed):
        each.db.close()
