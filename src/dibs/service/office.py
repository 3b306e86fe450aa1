"""The book in service: hears acts as they come, makes them durable in groups, lets time pass, tells who listens.

There is one thread and so one order.  Acts that come in while the disk or the database writes wait, and go into the
next commit together; nobody hears of an act before it is kept, and whoever reads sees only what is kept.  Time is a row
too: the office sleeps until the state says something is due, and however late it wakes, what was due takes effect at
its own instant.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from dibs.broker import SNAPSHOT_AFTER, Act, Broker
from dibs.contract.model import PreEmption
from dibs.contract.readings import all_clauses
from dibs.errors import BadInput, DibsError, Finding, Mark, Unavailable
from dibs.procedure.commands import Wake
from dibs.procedure.procedure import due
from dibs.service.feed import Feed
from dibs.service.index import Index
from dibs.service.rolls import Rolls

if TYPE_CHECKING:
    from collections.abc import Callable

    from dibs.broker import Clock, Heard, Store
    from dibs.contract.model import PartyId
    from dibs.decisions.compile import Compiled
    from dibs.journal.entry import Entry
    from dibs.procedure.commands import AnyCommand
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.state import State
    from dibs.quantities import Instant

LOG = logging.getLogger("dibs.service")

WATCH_EVERY = 0.2
"""Seconds between two looks at the clock, and at a book that others write to as well."""
GROUP = 1_000
"""So many acts go into one commit at most (bound is in)."""


class Listener(Protocol):
    """Is told of every entry once it is kept, in order."""

    def __call__(self, entry: Entry, /) -> None:
        """Take note; must not fail.  What it fails at is logged, and it is not told again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Acts that were heard together, and what came of each."""

    acts: tuple[Act, ...]
    outcomes: tuple[Heard, ...]
    seconds: float


class Observer(Protocol):
    """Measures the office at its work."""

    def committed(self, commit: Commit, /) -> None:
        """A group was heard; must not fail.  Whoever acted has the answer already."""

    def woke(self, late: int, /) -> None:
        """Something took effect, and was put on record so many seconds after its instant; must not fail."""


_Waiting: TypeAlias = "tuple[Act, asyncio.Future[tuple[AnyEvent, ...]]]"


class Office:
    """One book in service.  Everything in it runs in the thread of its event loop."""

    def __init__(self, store: Store, agreement: Compiled | None, *, clock: Clock, house: PartyId, snapshot_after: int = SNAPSHOT_AFTER) -> None:
        """Take up the book where it stands.  Raises what `Broker` raises."""
        self.clock = clock
        self.house = house
        self.store = store
        self.index = Index()
        self.rolls = Rolls()
        self.feed = Feed(house, text=store.text, read=store.read)
        if agreement is not None:
            self.feed.learn(agreement.agreement)
        self._listeners: list[Callable[[Entry], None]] = [self.index.hear]
        self.broker = Broker(store, agreement, clock=clock, listener=self, snapshot_after=snapshot_after)
        self._waiting: deque[_Waiting] = deque()
        self._bell: asyncio.Event | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._changed: asyncio.Condition | None = None
        self.observers: list[Observer] = []
        self.failing: Unavailable | None = None
        """Why the book could not be written or read at the last try; nothing if it could."""
        self.looked_at = 0.0
        """When the clock was last looked at, by the machine's monotonic clock."""
        self.late_by_max = 0
        """Seconds between the instant at which something was due and its entry, at worst since the start."""

    # --- looking

    @property
    def state(self) -> State:
        """How things stand: everything that is kept, and nothing that is not.  Look, and do not keep it."""
        if self.store.shared:
            self.broker.catch_up()
        return self.broker.state

    @property
    def agreement(self) -> Compiled:
        """The agreement that counts.  Raises `BadInput` (DIB167) before one was adopted."""
        return self.broker.agreement

    def learn(self, agreement: Compiled) -> None:
        """Have an agreement at hand that is about to be adopted, so that nothing of it is read again in between."""
        self.broker.learn(agreement)
        self.feed.learn(agreement.agreement)

    def now(self) -> Instant:
        """The time, never before what is on record."""
        return max(self.clock.now(), self.broker.state.now)

    def suppose(self, command: AnyCommand) -> tuple[AnyEvent, ...]:
        """What would come of a command now; nothing is kept."""
        if self.store.shared:
            self.broker.catch_up()
        return self.broker.suppose(command)

    # --- acting

    async def act(self, command: AnyCommand, key: str = "") -> tuple[AnyEvent, ...]:
        """Hear a command: what came of it, once it is kept.  Raises what `Broker.submit` raises; then nothing happened."""
        if self._bell is None:
            message = "the office is not open"
            raise AssertionError(message)
        future: asyncio.Future[tuple[AnyEvent, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append((Act(command=command, key=key), future))
        self._bell.set()
        return await future

    async def act_all(self, commands: tuple[AnyCommand, ...], key: str = "") -> tuple[tuple[AnyEvent, ...], ...]:
        """Hear several in order, one after the other."""
        return tuple([await self.act(command, f"{key}#{nth}" if key and nth else key) for nth, command in enumerate(commands)])

    @property
    def at_work(self) -> bool:
        """Whether it is open, and both tasks run: one that ended by itself was ended by a bug."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    @property
    def waiting(self) -> int:
        """How many acts have come in and are not heard yet."""
        return len(self._waiting)

    def listen(self, listener: Listener) -> None:
        """Tell somebody of every entry from the first on: those that are there now, and those to come."""
        for entry in self.store.entries():
            listener(entry)
        self._listeners.append(listener)

    async def changes(self, seen: int) -> int:
        """Wait until the book has more than `seen` entries, and say how many it has."""
        if self._changed is None:
            message = "the office is not open"
            raise AssertionError(message)
        async with self._changed:
            await self._changed.wait_for(lambda: self.store.size > seen)
        return self.store.size

    # --- opening and closing

    async def open(self) -> None:
        """Begin to hear acts and to watch the clock."""
        self._bell = asyncio.Event()
        self._changed = asyncio.Condition()
        self._tasks = [asyncio.create_task(self._write(), name="writer"), asyncio.create_task(self._watch(), name="clock")]

    async def close(self) -> None:
        """Hear what has come in already, stop, sign the book and let it go."""
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                LOG.error("a task of the office had ended", exc_info=ended)
        while group := self._next_group():
            self._hear(group)
        self.broker.close()

    # --- the two tasks

    async def _write(self) -> None:
        """Take whatever has come in, hear it in one commit, and answer."""
        assert self._bell is not None  # noqa: S101 - `open` made it
        while True:
            await self._bell.wait()
            self._bell.clear()
            while group := self._next_group():
                self._hear(group)
                await self._ring()

    def _next_group(self) -> list[_Waiting]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP))]

    def _hear(self, group: list[_Waiting]) -> None:
        """Hear them and answer each, whatever happens: a bug is answered and logged, and the next group is heard."""
        live = [(act, future) for act, future in group if not future.done()]
        acts = tuple(act for act, _ in live)
        began = time.perf_counter()
        try:
            outcomes = self.broker.submit_each(acts)
        except Exception as error:  # noqa: BLE001 - it is logged below, and told to everybody whom it concerns
            self.failing = error if isinstance(error, Unavailable) else self.failing
            outcomes = (error,) * len(acts)
        else:
            self.failing = None
        seconds = time.perf_counter() - began
        logged: set[int] = set()
        for (act, future), outcome in zip(live, outcomes, strict=True):
            if not isinstance(outcome, Exception):
                future.set_result(outcome)
                continue
            future.set_exception(outcome)
            if not isinstance(outcome, DibsError) and id(outcome) not in logged:
                logged.add(id(outcome))
                LOG.error("unforeseen error in hearing %s", type(act.command).__name__, exc_info=outcome)
        self._observe(lambda observer: observer.committed(Commit(acts=acts, outcomes=outcomes, seconds=seconds)))

    async def _watch(self) -> None:
        """Sleep until something is due, and let it happen."""
        logged = ""
        while True:
            before = self.store.size
            try:
                self.wake()
            except Unavailable as error:  # the next look tries again
                self.failing = error
            except Exception as error:  # the same; until it goes through, the clock counts as standing still
                if logged != repr(error):  # once, and not at every look
                    logged = repr(error)
                    LOG.exception("unforeseen error in letting time pass")
            else:
                logged = ""
                self.looked_at = time.monotonic()
            if self.store.size != before:
                await self._ring()
            await asyncio.sleep(WATCH_EVERY)

    def wake(self) -> None:
        """Let happen what is due now."""
        following = due(self.state)
        now = self.clock.now()
        if following is not None and following <= now:
            with self.store.claimed(now) as mine:
                if not mine:
                    return  # another replica does
                self.broker.submit(Wake(by="clock"))
            self.failing = None
            self.late_by_max = max(self.late_by_max, now - following)
            self._observe(lambda observer: observer.woke(now - following))

    def _observe(self, tell: Callable[[Observer], None]) -> None:
        for observer in self.observers:
            try:
                tell(observer)
            except Exception:
                LOG.exception("unforeseen error in measuring")

    async def _ring(self) -> None:
        assert self._changed is not None  # noqa: S101 - `open` made it
        async with self._changed:
            self._changed.notify_all()

    # --- as the broker's listener

    def hear(self, entry: Entry, state: State) -> None:
        """Tell whoever listens.  Raises `Unavailable` if it has to be told again; then nobody has heard it."""
        try:
            self.feed.hear(entry, state)
        except Unavailable as error:
            LOG.warning("entry %d has to be told again: %s", entry.seq, error.code)
            raise
        except Exception:
            LOG.exception("unforeseen error in telling of entry %d", entry.seq)
        try:
            self.rolls.hear(entry, state)
        except Exception:
            LOG.exception("unforeseen error in telling of entry %d", entry.seq)
        for listener in self._listeners:
            try:
                listener(entry)
            except Exception:
                LOG.exception("unforeseen error in telling of entry %d", entry.seq)

    def freeze(self) -> bytes:
        """Where things are in the book, and who may see them."""
        return msgspec.msgpack.encode((self.index.freeze(), self.feed.freeze(), self.rolls.freeze()))

    def thaw(self, frozen: bytes) -> None:
        """The same again.  Raises `ValueError` if it is not that; then nothing is known, so that hearing everything doubles nothing."""
        try:
            index, feed, rolls = msgspec.msgpack.decode(frozen, type=tuple[bytes, bytes, bytes])
            self.feed.thaw(feed)
            self.index.thaw(index)
            self.rolls.thaw(rolls)
        except ValueError:
            self.feed.forget()
            self.index.forget()
            self.rolls.forget()
            raise


def house_of(agreement: Compiled, named: str = "") -> PartyId:
    """The party that keeps the book: the one named, or the only one that promised to ask first.  Raises `BadInput` (DIB320)."""
    parties = agreement.agreement.parties
    if named in parties:
        return named
    grantors = sorted({clause.grantor for clause in all_clauses(agreement.agreement) if isinstance(clause, PreEmption)})
    if not named and len(grantors) == 1:
        return grantors[0]
    what = f"the agreement has no party `{named}`" if named else "the agreement does not say whose book this is"
    raise BadInput([Finding("DIB320", what, Mark("--house"), f"name the party that keeps the book: one of {', '.join(f'`{p}`' for p in parties)}")])
