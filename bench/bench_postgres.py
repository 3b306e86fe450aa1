"""Acts a second on PostgreSQL: one writer, groups, and four replicas that write to one book at once.

The peer is a bare loop: the very rows that the procedures made, inserted with the same driver into the same tables on
the same server, and nothing decided, hashed, hidden or put in order.  A commit is one flush of the server's log; the
server is a throw-away one with its own settings otherwise.  The replicas are processes, each with its own broker and
connection, that speak as fast as they can; their peer is four bare loops, which need not agree on an order.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from bench.bench_procedure import ACTS, HARBOUR, PROCEDURES, Candidate, probe, rows_of
from bench.measure import Row, rates

from dibs.broker import Broker
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.service.clocks import MachineClock
from dibs.store.postgres import PostgresStore
from dibs.testing.acts import need, opening
from dibs.testing.databases import PostgresServer, Wire, why_not

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dibs.decisions.compile import Compiled

GROUP = 100
"""Acts in one commit, where they are grouped."""
REPLICAS = 4
EACH = 60
"""Procedures that each replica does in a turn."""
ROUNDS = 5
_ONE = "INSERT INTO dibs_entry VALUES (1, %b, %b, %b, %b, %b, %b, %b, %b)"
_MANY = """INSERT INTO dibs_entry
SELECT 1, * FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::bytea[])"""


class Bare:
    """The same rows into the same tables, and nothing else."""

    def __init__(self, url: str, rows: list[tuple[Any, ...]], group: int = 1) -> None:
        store = PostgresStore(url)
        store.keep_text(rows[0][2], "")
        store.close()
        self.db = psycopg.connect(url, autocommit=True)
        self.rows = iter(rows)
        self.group = group

    def __call__(self) -> int:
        rows = [next(self.rows) for _ in range(PROCEDURES * ACTS)]
        if self.group == 1:
            for row in rows:
                self.db.execute(_ONE, row)
        else:
            for start in range(0, len(rows), self.group):
                self.db.execute(_MANY, [list(column) for column in zip(*rows[start : start + self.group], strict=True)])
        return PROCEDURES * ACTS


class Acts(Candidate):
    """A broker, counted in acts."""

    def __call__(self) -> int:
        return super().__call__() * ACTS


def together(work: Any, *arguments: Any) -> float:
    """Acts a second of so many processes that begin at once: each is told its number and when to begin."""
    fork = multiprocessing.get_context("fork")
    barrier = fork.Barrier(REPLICAS + 1)
    workers = [fork.Process(target=work, args=(number, barrier, *arguments)) for number in range(REPLICAS)]
    for worker in workers:
        worker.start()
    barrier.wait()
    started = time.perf_counter()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    return REPLICAS * EACH * ACTS / (time.perf_counter() - started)


def replica(number: int, barrier: Any, url: str, agreement: Compiled, turn: int) -> None:
    clock = MachineClock()
    with Broker(PostgresStore(url), agreement, clock=clock) as broker:
        barrier.wait()
        for nth in range(EACH):
            for act in need((turn * REPLICAS + number) * EACH + nth, clock.now()):
                broker.submit(act.command, key=act.key)


def bare(number: int, barrier: Any, url: str, rows: list[tuple[Any, ...]], turn: int) -> None:
    share = EACH * ACTS
    first = (turn * REPLICAS + number) * share
    with psycopg.connect(url, autocommit=True) as db:
        barrier.wait()
        for row in rows[first : first + share]:
            db.execute(_ONE, row)


def measure() -> Iterable[Row]:
    """Every figure; none where no server can be started."""
    if why_not():
        return
    agreement = compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))
    with PostgresServer() as server:
        yield from _alone(server, agreement)
        yield from _raced(server, agreement)


def _alone(server: PostgresServer, agreement: Compiled) -> Iterable[Row]:
    rows = rows_of(agreement, PROCEDURES * (ROUNDS + 1))
    single = Acts(PostgresStore(server.database("single")), agreement)
    grouped = Acts(PostgresStore(server.database("grouped")), agreement, GROUP)
    single_bare, grouped_bare = Bare(server.database("bare"), rows), Bare(server.database("bare_grouped"), rows, GROUP)
    with tempfile.TemporaryDirectory(prefix="dibs-probe-") as folder:
        synced = probe(Path(folder) / "probe")
        found = rates({"single": single, "bare": single_bare, "grouped": grouped, "bare grouped": grouped_bare, "probe": synced}, rounds=ROUNDS)
    with Wire(server.port) as wire, Broker(PostgresStore(server.url("single", port=wire.port)), agreement) as broker:
        acts = [act for nth in range(900, 905) for act in need(nth, broker.state.now + 1)]
        broker.submit(acts[0].command, at=acts[0].at, key=acts[0].key)
        before = wire.trips
        for act in acts[1:]:
            broker.submit(act.command, at=acts[-1].at, key=act.key)
        trips = (wire.trips - before) / len(acts[1:])
    yield Row(
        "acts on PostgreSQL, one a commit", found["single"], "/s", found["bare"], "bare psycopg, same rows", note=f"{trips:.2f} round trips each"
    )
    yield Row("probe: append 4 kB and sync", 1e6 / found["probe"], "us")
    yield Row(f"acts on PostgreSQL, {GROUP} a commit", found["grouped"], "/s", found["bare grouped"], "bare psycopg, same groups")
    for candidate in (single, grouped):
        candidate.broker.close()
    for each in (single_bare, grouped_bare):
        each.db.close()


def _raced(server: PostgresServer, agreement: Compiled) -> Iterable[Row]:
    rows = rows_of(agreement, REPLICAS * EACH * ROUNDS)
    url, bare_url = server.database("raced"), server.database("raced_bare")
    with Broker(PostgresStore(url), agreement, clock=MachineClock()) as broker:
        broker.adopt(agreement, by="aster")
        broker.submit_many(opening(broker.state.now))
    Bare(bare_url, rows).db.close()
    ours, theirs = [], []
    for turn in range(ROUNDS):
        ours.append(together(replica, url, agreement, turn))
        theirs.append(together(bare, bare_url, rows, turn))
    name = f"acts on PostgreSQL, {REPLICAS} replicas on one book, one a commit"
    yield Row(name, sorted(ours)[ROUNDS // 2], "/s", sorted(theirs)[ROUNDS // 2], f"{REPLICAS} bare loops", note="on 2 cores, server included")
