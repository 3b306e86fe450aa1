"""Long work: audits of the book and plays of scenarios, with progress, and to be broken off.

An audit reads the book in a thread of its own.  A scenario is played by a process of its own, the same `dibs run` that a
person would type, so that it takes nothing from the office and can be killed.  What became of a run is a row, and what
it left is a folder; both are kept as long as it is among the latest.  Whoever works on a run says so again and again:
of one that nobody has said so for a while it is said that it was broken off.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec
import sqlalchemy as sa

from dibs.errors import BadInput, DibsError
from dibs.journal.audit import re_decide, replay, verify
from dibs.service.outbox import make_tables
from dibs.service.problems import Problem, key_reused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dibs.broker import Store
    from dibs.errors import Finding, Mark
    from dibs.journal.audit import Book
    from dibs.journal.checkpoint import Head, VerifyingKey
    from dibs.journal.entry import Sealed
    from dibs.quantities import Instant

Status: TypeAlias = Literal["running", "done", "failed", "cancelled"]
AT_ONCE = 2
"""So many runs work at the same time; further ones wait (bound is in)."""
KEPT = 200
"""So many runs are remembered (bound is in)."""
LIVE_MAX = 20
"""So many runs may work or wait on one replica (bound is in)."""
LEASE = 120
"""Seconds after which a run is over that nobody has said to be working on."""
BEAT = 30.0
"""Seconds between two times that this is said."""

METADATA = sa.MetaData()
RUNS = sa.Table(
    "service_run",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("about", sa.String(400), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("says", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
)
WORKED = sa.Table(
    "service_run_worked",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("asked", sa.String(64), nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)
"""What was asked for, as a digest, and until when somebody works on it unless they say so again."""


class Run(msgspec.Struct, kw_only=True):
    """One piece of long work.  `progress` is from 0 to 1; `result` is what came of it."""

    id: str
    kind: str
    about: str
    person: str
    status: Status = "running"
    says: str = ""
    progress: float = 0.0
    result: dict[str, Any] = {}
    made_at: Instant
    ended_at: Instant | None = None


class Cancelled(DibsError):
    """Somebody broke the run off."""


class Runs:
    """The long work of one service."""

    def __init__(self, engine: sa.Engine, *, folder: Path, scenarios: Path | None, now: Callable[[], Instant]) -> None:
        """`folder` keeps what runs leave; `scenarios` holds the folders that may be played."""
        self._engine = engine
        self._folder = folder
        self._scenarios = scenarios
        self._now = now
        self._live: dict[str, tuple[Run, asyncio.Task[None]]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._heart: asyncio.Task[None] | None = None
        make_tables(engine, METADATA)
        self._mend(alone=engine.dialect.name == "sqlite")

    # --- looking

    def scenarios(self) -> tuple[str, ...]:
        """The names of the scenarios that may be played."""
        if self._scenarios is None or not self._scenarios.is_dir():
            return ()
        return tuple(sorted(place.parent.name for place in self._scenarios.glob("*/scenario.yaml")))

    def runs(self) -> tuple[Run, ...]:
        """The latest runs, newest first."""
        latest = sa.select(RUNS).order_by(RUNS.c.made_at.desc(), RUNS.c.id).limit(KEPT)
        with self._engine.connect() as db:
            rows = db.execute(latest).all()
        if any(self._elsewhere(row) for row in rows) and self._mend():
            with self._engine.connect() as db:
                rows = db.execute(latest).all()
        return tuple(self._live[row.id][0] if row.id in self._live else _run(row) for row in rows)

    def find(self, name: str) -> Run | None:
        """A run by its id."""
        if name in self._live:
            return self._live[name][0]
        this = sa.select(RUNS).where(RUNS.c.id == name)
        with self._engine.connect() as db:
            row = db.execute(this).first()
        if row is not None and self._elsewhere(row) and self._mend():
            with self._engine.connect() as db:
                row = db.execute(this).first()
        return None if row is None else _run(row)

    def file(self, run: Run, name: str) -> Path | None:
        """A file that a run left, if it is one."""
        root = (self._folder / run.id).resolve()
        try:
            place = (root / name).resolve()
            return place if place.is_relative_to(root) and place.is_file() else None
        except (ValueError, OSError):  # a name that no file has: one with a NUL in it, or a very long one
            return None

    # --- working

    def audit(self, name: str, *, store: Store, person: str) -> Run:
        """Re-read every value of the book, replay it and decide it again.  Raises `Problem` 409 or 429 as `play` does."""
        run, fresh = self._begin(name, "audit", store.name, person)
        stop = threading.Event()

        def report(part: float, says: str) -> None:
            if stop.is_set():
                raise Cancelled
            run.progress, run.says = part, says

        if fresh:
            self._start(run, lambda: _in_thread(lambda: _audit(store, report), stop))
        return run

    def play(self, name: str, *, scenario: str, options: Sequence[str], person: str) -> Run:
        """Play a scenario.  `scenario` is one of `scenarios`; `options` are those of `dibs run`.

        Raises `Problem` 409 (DIB308) if other work goes by this name, and 429 (DIB361) if too much waits already.
        """
        assert self._scenarios is not None  # noqa: S101 - the caller took it from `scenarios`
        run, fresh = self._begin(name, "scenario", scenario, person, options)
        source = self._scenarios / scenario
        if fresh:
            self._start(run, lambda: self._play(run, source, options))
        return run

    def cancel(self, run: Run) -> None:
        """Break it off; nothing if it has ended."""
        if run.id in self._live:
            self._live[run.id][1].cancel()

    async def close(self) -> None:
        """Break everything off."""
        tasks = [task for _, task in self._live.values()]
        if self._heart is not None:
            tasks.append(self._heart)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, name: str, kind: str, about: str, person: str, options: Sequence[str] = ()) -> tuple[Run, bool]:
        """The run of this name, and whether it is a new one."""
        asked = sha256(json.dumps([kind, about, *options]).encode()).hexdigest()
        there = self.find(name)
        if there is None:
            if len(self._live) >= LIVE_MAX:
                detail = f"{LIVE_MAX} runs work or wait already: break one off, or come back when one is over"
                raise Problem("DIB361", 429, "too many runs", detail, retry=True, headers={"retry-after": str(int(BEAT))})
            run = Run(id=name, kind=kind, about=about, person=person, made_at=self._now())
            row = {"id": name, "kind": kind, "about": about, "person": person, "status": "running", "says": "", "result": "{}"}
            try:
                with self._engine.begin() as db:
                    db.execute(sa.insert(RUNS).values(**row, made_at=run.made_at))
                    db.execute(sa.insert(WORKED).values(id=name, asked=asked, until=run.made_at + LEASE))
            except sa.exc.IntegrityError:  # the same act came to another replica at the same time
                there = self.find(name)
            else:
                return run, True
        with self._engine.connect() as db:
            known = db.execute(sa.select(WORKED.c.asked).where(WORKED.c.id == name)).scalar()
        if there is None or (there.kind, there.about) != (kind, about) or known not in (None, asked):
            raise key_reused()
        return there, False

    def _start(self, run: Run, work: Callable[[], Any]) -> None:
        task = asyncio.create_task(self._work(run, work), name=f"run {run.id}")
        self._live[run.id] = (run, task)
        task.add_done_callback(lambda _: self._over(run))  # a task that is broken off before it began does not come to its own end
        if self._heart is None or self._heart.done():
            self._heart = asyncio.create_task(self._beat(), name="runs")

    async def _beat(self) -> None:
        """Say of whatever this replica works on that it does."""
        while self._live:
            await asyncio.sleep(BEAT)
            with contextlib.suppress(sa.exc.SQLAlchemyError):  # next time
                await asyncio.to_thread(self._hold, tuple(self._live))

    def _hold(self, names: tuple[str, ...]) -> None:
        with self._engine.begin() as db:
            db.execute(sa.update(WORKED).where(WORKED.c.id.in_(names)).values(until=self._now() + LEASE))

    def _elsewhere(self, row: sa.Row[Any]) -> bool:
        """Whether a run is said to be worked on, and not here."""
        return row.status == "running" and row.id not in self._live

    def _mend(self, *, alone: bool = False) -> bool:
        """Say of what nobody works on any more that it was broken off; whether there was any.  `alone`: nobody else can work on it."""
        held = sa.select(WORKED.c.id).where(WORKED.c.until >= self._now())
        lost = [RUNS.c.status == "running", RUNS.c.id.not_in(tuple(self._live))]
        if not alone:
            lost.append(RUNS.c.id.not_in(held))
        values = {"status": "failed", "says": "the service was stopped while it ran: start it again", "ended_at": self._now()}
        with self._engine.begin() as db:
            return db.execute(sa.update(RUNS).where(*lost).values(**values)).rowcount > 0

    def _forget(self) -> None:
        """Drop the runs that are not among the latest, and what they left, here and on a replica that is gone."""
        latest = sa.select(RUNS.c.id, RUNS.c.status).order_by(RUNS.c.made_at.desc(), RUNS.c.id)
        with self._engine.begin() as db:
            rows = db.execute(latest).all()
            over = [row.id for row in rows[KEPT:] if row.status != "running"]
            for table in (RUNS, WORKED):
                db.execute(sa.delete(table).where(table.c.id.in_(over)))
        kept = {row.id for row in rows}.difference(over)
        for place in self._folder.glob("run-*"):
            if place.name not in kept and place.name not in self._live:
                shutil.rmtree(place, ignore_errors=True)

    async def _work(self, run: Run, work: Callable[[], Any]) -> None:
        try:
            await asyncio.to_thread(self._forget)
            async with self._slots:
                run.result = await work()
            run.status, run.progress = ("failed", 1.0) if run.result.get("findings") else ("done", 1.0)
            run.says = str(run.result.get("says", run.says))
        except (asyncio.CancelledError, Cancelled):
            run.status, run.says = "cancelled", "broken off"
        except BadInput as error:
            run.status, run.says = "failed", str(error)
            run.result = {"findings": [finding.as_dict() for finding in error.findings]}
        except (DibsError, OSError, ValueError) as error:
            run.status, run.says = "failed", str(error)
        except BaseException:
            run.status, run.says = "failed", "it broke: the log of the service says where"
            raise

    def _over(self, run: Run) -> None:
        """Write down what came of it."""
        if run.status == "running":
            run.status, run.says = "cancelled", "broken off"
        run.ended_at = self._now()
        del self._live[run.id]
        with self._engine.begin() as db:
            values = {"status": run.status, "says": run.says, "result": json.dumps(run.result), "ended_at": run.ended_at}
            db.execute(sa.update(RUNS).where(RUNS.c.id == run.id).values(**values))

    async def _play(self, run: Run, source: Path, options: Sequence[str]) -> dict[str, Any]:
        leaves = self._folder / run.id
        self._folder.mkdir(parents=True, exist_ok=True)
        words = (sys.executable, "-m", "dibs", "run", str(source), "--out", str(leaves), "--json", "--progress", *options)
        process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        assert process.stderr is not None  # noqa: S101 - it was asked for
        assert process.stdout is not None  # noqa: S101 - it was asked for
        printed = asyncio.create_task(process.stdout.read())
        said = ""
        try:
            async for line in process.stderr:
                text = line.decode(errors="replace").strip()
                part, _, says = text.partition(" ")
                try:
                    run.progress, run.says = float(part), says
                except ValueError:
                    said = text or said
            code = await process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            printed.cancel()
            raise
        try:
            document = json.loads(await printed)
        except ValueError:
            document = {}
        if code == 0 or "report" in document:
            files = sorted(str(path.relative_to(leaves)) for path in leaves.rglob("*") if path.is_file())
            return {"says": f"played until {document['until']}", "figures": document["figures"], "laws": document["laws"], "files": files}
        findings = document.get("findings") or [{"message": said or f"it ended with {code}"}]
        return {"says": findings[0].get("message", said), "findings": findings}


def _run(row: Any) -> Run:
    done = 0.0 if row.status == "cancelled" else 1.0
    return Run(
        id=row.id,
        kind=row.kind,
        about=row.about,
        person=row.person,
        status=row.status,
        says=row.says,
        progress=done,
        result=json.loads(row.result),
        made_at=row.made_at,
        ended_at=row.ended_at,
    )


async def _in_thread(work: Callable[[], dict[str, Any]], stop: threading.Event) -> dict[str, Any]:
    """Do it in a thread, and tell it to stop if nobody waits any more."""
    try:
        return await asyncio.to_thread(work)
    finally:
        stop.set()


class _Watched:
    """A book that tells how far it has been read."""

    def __init__(self, book: Book, size: int, report: Callable[[float, str], None], *, says: str, after: float) -> None:
        self._book = book
        self._size = max(size, 1)
        self._report = report
        self._says = says
        self._after = after

    @property
    def name(self) -> str:
        return self._book.name

    def sealed(self) -> Iterator[tuple[Sealed, Mark]]:
        for number, item in enumerate(self._book.sealed()):
            if number % 1000 == 0:
                self._report(self._after + min(1.0, number / self._size) / 3, self._says)
            yield item

    def texts(self) -> Mapping[str, str]:
        return self._book.texts()

    def heads(self) -> Sequence[Head]:
        return self._book.heads()

    def signers(self) -> Sequence[VerifyingKey]:
        return self._book.signers()

    def damage(self) -> Sequence[Finding]:
        return tuple(self._book.damage())


def _audit(store: Store, report: Callable[[float, str], None]) -> dict[str, Any]:
    """The three audits, one after the other, on the book as it stands now."""
    with store.reader() as book:
        size = store.size
        seen = verify(_Watched(book, size, report, says="re-reading every value", after=0.0))
        again = replay(_Watched(book, size, report, says="replaying every event", after=1 / 3))
        decided = re_decide(_Watched(book, size, report, says="deciding every act again", after=2 / 3))
    findings = [finding.as_dict() for finding in (*seen.findings, *again.findings, *decided.findings)]
    says = f"{seen.entries:,} entries: nothing altered, same state, same answers" if not findings else str(findings[0]["message"])
    return {"says": says, "entries": seen.entries, "root": seen.root.hex(), "signed": seen.signed, "state": again.digest.hex(), "findings": findings}
