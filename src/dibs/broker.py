"""The loop: hear a command, decide, make it durable, acknowledge.

A command is judged on the state as it is; its entry is on the disk before anybody hears of it, and only then does the
state change.  A broker that starts on a book with entries replays them, and so stands where the last one stood,
however that one ended.  What somebody still has to do in the world is asked from the state, never from events: after a
restart it is asked again, and doing it twice is harmless because it goes by a key.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias

import msgspec

from dibs.contract.load import load
from dibs.decisions.compile import Compiled, compile_agreement
from dibs.errors import BadInput, DibsError, Finding, Mark, Unavailable
from dibs.journal.audit import state_digest
from dibs.journal.entry import Entry
from dibs.journal.snapshot import digest_of, freeze, mark, thaw, unmark
from dibs.procedure.commands import AdoptAgreement, AnyCommand, Wake
from dibs.procedure.procedure import apply, due, handle, outstanding
from dibs.procedure.state import State, suppose
from dibs.quantities import Instant, iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from dibs.contract.model import Agreement
    from dibs.journal.audit import Book
    from dibs.journal.checkpoint import Head
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.intents import AnyIntent

SNAPSHOT_AFTER = 20_000
"""A book of so many entries is taken up from a snapshot (bound is in); a smaller one is read and checked whole in a moment."""
GROUP_MAX = 10_000
"""So many acts may share one commit (bound is in)."""
SKEW_MAX = 2
"""Seconds by which a clock may lie behind the last act of a book that has several writers (bound is in): no two clocks agree."""
TRIES = 5
"""So often an act is judged anew because another writer was faster; holding the book, the second time does it unless the store fails."""


class Clock(Protocol):
    """Tells the time.  It may stand still, but not go back."""

    def now(self) -> Instant:
        """The time, in whole seconds."""


class Behind(DibsError):
    """Another writer of the book was faster: catch up, and judge again.  Nothing was kept."""


class Store(Protocol):
    """Keeps a book.  Whoever writes another one runs `tests/conformance/test_store.py` on it."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def shared(self) -> bool:
        """Whether other processes may write to the book, too."""

    @property
    def size(self) -> int:
        """How many entries there are."""

    def append(self, entries: Sequence[Entry], *, due: Instant | None = None) -> None:
        """Keep all of them or none; when this returns they will not be lost.

        `due` is when the book has to be woken next, once they are in it; a shared book keeps that, too.  Raises
        `Unavailable` if they cannot be kept, `Behind` if somebody else has written since `refresh` was last read to its end.
        """

    def refresh(self) -> Iterator[Entry]:
        """What others have appended since this store last looked, in order; nothing where it is the only writer.

        What it hands out counts as looked at, so each has to be taken in as it comes.
        """

    def alone(self) -> AbstractContextManager[None]:
        """Within it no other writer gets in between, until the first `append`: what `refresh` read is current until then."""

    def claimed(self, at: Instant) -> AbstractContextManager[bool]:
        """Whether it is this writer that has to wake the book now: of several that ask at once, one is told so, and has it until it appends."""

    def entries(self, first: int = 0) -> Iterator[Entry]:
        """Every entry from a number on, in order.  Raises `BadInput` at the first one that is not what was written."""

    def keep_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the state of the book as it stands in place of the one kept before, where that saves the next broker time."""

    def snapshot(self) -> Snapshot | None:
        """The state kept last, if a signed head of this book vouches for it."""

    def find(self, key: str) -> Entry | None:
        """The act that goes by this name."""

    def read(self, numbers: Sequence[int]) -> tuple[Entry, ...]:
        """The entries with these numbers, in their order.  Raises `BadInput` at one that is not what was written."""

    def reader(self) -> AbstractContextManager[Book]:
        """The book as it is now, for an audit or an export: also from another thread, while this one goes on writing."""

    def text(self, digest: str) -> str | None:
        """The agreement's text with this SHA-256."""

    def keep_text(self, digest: str, text: str) -> None:
        """Keep an agreement's text: before the first entry under it."""

    def sign(self, state: bytes = b"") -> Head | None:
        """Sign the book as it stands, and the digest of the state it leads to; nothing without a key or anything new to say."""

    def close(self) -> None:
        """Let the book go.  What was acknowledged is kept with or without this."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state that the first `size` entries lead to, as `freeze` gives it, and what the broker's listener keeps beside it, `mark`ed."""

    size: int
    state: bytes
    beside: bytes = b""


class Listener(Protocol):
    """Is told of every entry that is kept, once and in order.  What it keeps of them follows from them."""

    def hear(self, entry: Entry, state: State) -> None:
        """Take note; `state` is what the entry led to.

        The entry is kept whatever this says: an error only has the broker begin again from the book, and tell it again.
        """

    def freeze(self) -> bytes:
        """All it keeps, so that it need not hear the same entries again."""

    def thaw(self, frozen: bytes) -> None:
        """Keep that.  Raises `ValueError` if it is not what `freeze` gives; then it keeps nothing."""


class Dispatcher(Protocol):
    """Does in the world what is outstanding: tells a holder, starts a delivery.  Asked again until the state says it is done."""

    def do(self, intent: AnyIntent) -> Iterable[AnyCommand]:
        """Do it or begin to; a repeat is harmless.  What came of it is said as commands."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """A command as it comes in: `key` is what its sender calls it, so that sending it twice does it once; empty for no name."""

    command: AnyCommand
    at: Instant | None = None
    key: str = ""


Heard: TypeAlias = "tuple[AnyEvent, ...] | Exception"
"""What came of one act of a group, or why it was not heard: a `DibsError`, or a bug of ours that its judging ran into."""


class Broker:
    """Runs one book.  Not to be shared between threads: one writer, one order."""

    def __init__(
        self,
        store: Store,
        agreement: Compiled | None = None,
        *,
        clock: Clock | None = None,
        dispatcher: Dispatcher | None = None,
        listener: Listener | None = None,
        snapshot_after: int = SNAPSHOT_AFTER,
    ) -> None:
        """Take up the book where it stands.

        `agreement` saves compiling a text that is at hand compiled; it counts only once it is adopted.  Without a
        `clock` every command has to say its `at`.  The `listener` is told of every entry that is kept and of the state
        it led to, once, from the first one of the book on, or keeps what it was told before.  Books of `snapshot_after`
        entries or more are taken up from a snapshot; what it stands for is not read again then, which is an audit's
        business.  Raises `BadInput` if an entry that was read is altered.
        """
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher
        self._listener = listener
        self._told = 0
        self._agreements = {agreement.agreement.digest: agreement} if agreement else {}
        self._state = State()
        self._at: Instant | None = None
        self._stale = True
        self._raced = False
        self._snapshot_after = snapshot_after
        if self._replay() >= snapshot_after:
            self._keep_snapshot()
        store.sign()

    def __enter__(self) -> Self:
        """The broker itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    @property
    def state(self) -> State:
        """How things stand.  Look, and do not keep it: after a failed group it is another object."""
        if self._stale:
            self._replay()
        return self._state

    @property
    def agreement(self) -> Compiled:
        """The agreement that counts.  Raises `BadInput` (DIB167) before one was adopted."""
        return self._agreement(self.state.digest)

    def adopt(self, agreement: Compiled, *, by: str, at: Instant | None = None, key: str = "") -> tuple[AnyEvent, ...]:
        """Let this agreement count from now on: first of all, and at every amendment that is signed later."""
        self._agreements[agreement.agreement.digest] = agreement
        return self.submit(AdoptAgreement(by=by, digest=agreement.agreement.digest), at=at, key=key)

    def learn(self, agreement: Compiled) -> None:
        """Have an agreement at hand, so that it can be adopted by its digest.  Nothing else changes."""
        self._agreements[agreement.agreement.digest] = agreement

    def at_hand(self, digest: str) -> Compiled | None:
        """An agreement if it was compiled or learned already; nothing else is asked or done."""
        return self._agreements.get(digest)

    def submit(self, command: AnyCommand, *, at: Instant | None = None, key: str = "") -> tuple[AnyEvent, ...]:
        """Hear one command: what came of it, once that will not be lost.

        With a `key` that was used before, the same command is not done again: its events are returned as they were.
        Raises `BadInput` if the key was used for another command (DIB154) or no agreement counts yet (DIB167);
        `Unavailable` if the store cannot keep it, or it lies before what is on record (DIB162).  Then nothing happened.
        """
        if self._store.shared:
            (heard,) = self.submit_each((Act(command=command, at=at, key=key),))
            if isinstance(heard, Exception):
                raise heard
            return heard
        if key:
            known = self._done(command, key, self._store.find(key))
            if known is not None:
                return known
        entry = self._judge(command, self._time(at), key, self._store.size)
        if entry.events or not isinstance(command, Wake):
            self._store.append((entry,))
            self._take_in((entry,))
        return entry.events

    def submit_each(self, acts: Sequence[Act]) -> tuple[Heard, ...]:
        """Hear many commands, in order, each for itself, and make them durable together.

        One that `submit` would raise for gets that error as its outcome, a bug of ours too; the others stand.  Raises `Unavailable` if
        the store cannot keep them: then none of them happened.  Where others write to the book, too, and one of them
        was faster, everything is judged again on how things stand now.
        """
        if len(acts) > GROUP_MAX:
            message = f"more than {GROUP_MAX} acts in one commit"
            raise ValueError(message)
        return self._ordered(acts, together=False)

    def suppose(self, command: AnyCommand, *, at: Instant | None = None) -> tuple[AnyEvent, ...]:
        """What would come of a command, now.  Nothing is kept.  Raises what `submit` raises, but for the key."""
        return self._judge(command, self._time(at), "", self._store.size).events

    def catch_up(self) -> tuple[Entry, ...]:
        """Take in what other writers have appended.  Returns it."""
        if self._stale:
            self._replay()
        entries = []
        for entry in self._store.refresh():
            self._apply(entry)
            entries.append(entry)
        return tuple(entries)

    def submit_many(self, acts: Iterable[Act]) -> tuple[tuple[AnyEvent, ...], ...]:
        """Hear many commands, in order, and make them durable together: all of them or none.

        Each is judged on the state that those before it lead to.  Raises what `submit` raises; then none of them happened.
        """
        if self._store.shared or self._listener is not None:  # nobody is told of what is not kept
            acts = tuple(acts)
            if len(acts) > GROUP_MAX:
                message = f"more than {GROUP_MAX} acts in one commit"
                raise ValueError(message)
            return tuple([heard for heard in self._ordered(acts, together=True) if not isinstance(heard, Exception)])
        entries: list[Entry] = []
        answers: list[tuple[AnyEvent, ...]] = []
        keys: dict[str, Entry] = {}
        first = self._store.size
        try:
            for act in acts:
                if len(answers) == GROUP_MAX:
                    message = f"more than {GROUP_MAX} acts in one commit"
                    raise ValueError(message)  # noqa: TRY301 - the state has to be put right for this, too
                known = self._done(act.command, act.key, keys.get(act.key) or self._store.find(act.key)) if act.key else None
                if known is None:
                    entry = self._judge(act.command, self._time(act.at), act.key, first + len(entries))
                    known = entry.events
                    if entry.events or not isinstance(act.command, Wake):
                        entries.append(entry)
                        keys[act.key] = entry
                        self._apply(entry)
                answers.append(known)
            self._store.append(entries)
        except BaseException:
            self._stale = True  # what was applied may not have been kept: the book says what was
            raise
        return tuple(answers)

    def wake(self, at: Instant | None = None) -> Instant | None:
        """Let happen what is due, do what is outstanding, and say when to be woken next; none if nothing will be due."""
        if self._store.shared:
            self.catch_up()
        at = self._time(at)
        next_due = due(self.state)
        if next_due is not None and next_due <= at:
            with self._store.claimed(at) as mine:
                if mine:
                    self.submit(Wake(by="clock"), at=at)
        if self._dispatcher is not None:
            for intent in outstanding(self.state):
                for command in self._dispatcher.do(intent):
                    self.submit(command, at=at)
        return due(self.state)

    def sign(self) -> Head | None:
        """Vouch for the book and for the state it leads to, with the store's signing key if it has one."""
        return self._store.sign(state_digest(self.state))

    def close(self) -> None:
        """Sign the book and let it go.  What was acknowledged is kept with or without this."""
        try:
            if self._store.size < self._snapshot_after:
                self.sign()
            else:
                self._keep_snapshot()
        finally:
            self._store.close()

    def _ordered(self, acts: Sequence[Act], *, together: bool) -> tuple[Heard, ...]:
        """Judge on how things stand here; if another writer was faster, judge again on how they stand there, alone with the book.

        While others keep writing, the book is taken first: judging in vain would cost more than waiting for one's turn.
        """
        behind: Behind | None = None
        if not self._raced:
            try:
                return self._group(acts, together=together)
            except Behind as error:
                behind = error
        for _ in range(TRIES):
            try:
                with self._store.alone():
                    self._raced = bool(self.catch_up())
                    return self._group(acts, together=together)
            except Behind as error:  # the store lost its hold on the book
                behind = error
        message = f"`{self._store.name}` could not be held for as long as one act takes: try again"
        raise Unavailable(message, code="DIB152", retry=True) from behind

    def _group(self, acts: Sequence[Act], *, together: bool) -> tuple[Heard, ...]:
        """Judge each on what those before it lead to, as a supposition, and let it come true once it is kept.

        `together`: all of them or none; the first that cannot be heard is raised.
        """
        entries: list[Entry] = []
        heard: list[Heard] = []
        keys: dict[str, Entry] = {}
        if self._stale:
            self._replay()
        first = self._store.size
        certain, at = self._state, self._at
        self._state = suppose(certain)
        failed: Exception | None = None
        try:
            for act in acts:
                try:
                    known = self._done(act.command, act.key, keys.get(act.key) or self._store.find(act.key)) if act.key else None
                    entry = None if known is not None else self._judge(act.command, self._time(act.at), act.key, first + len(entries))
                except Exception as error:
                    # A wrong act or a wrong clock is the act's own fault; a bug comes with the act, and judging changes nothing.
                    own = isinstance(error, BadInput) or (isinstance(error, Unavailable) and error.code == "DIB162")
                    if isinstance(error, DibsError) and not own:
                        raise
                    heard.append(error)
                    failed = failed or error
                    continue
                if entry is not None:
                    known = entry.events
                    if entry.events or not isinstance(act.command, Wake):
                        entries.append(entry)
                        keys[act.key] = entry
                        self._fold(entry)
                heard.append(known or ())
            following = due(self._state)
        finally:
            self._state, self._at = certain, at
        if entries and not (together and failed):
            self._store.append(entries, due=following)
            self._take_in(entries)
        elif (
            self._store.shared and self.catch_up()
        ):  # what adds nothing is not compared with the book, and may have been judged on less than it holds
            return self._group(acts, together=together)
        if together and failed:
            raise failed
        return tuple(heard)

    def _judge(self, command: AnyCommand, at: Instant, key: str, seq: int) -> Entry:
        """The entry that this command makes, now.  Changes nothing, but keeps the text of an agreement to be adopted."""
        if isinstance(command, AdoptAgreement):
            agreement = self._agreement(command.digest)
            self._keep_text(agreement.agreement)
        else:
            agreement = self._agreement(self.state.digest)
        events = tuple(handle(self.state, command, agreement=agreement, at=at))
        return Entry(seq=seq, at=at, agreement=agreement.agreement.digest, command=command, events=events, key=key)

    def _keep_text(self, agreement: Agreement) -> None:
        """Whoever audits the book reads the agreement from it, so what counts has to be what the text says."""
        if self._store.text(agreement.digest) is not None:
            return
        if sha256(agreement.text.encode()).hexdigest() != agreement.digest:
            fix = "load the agreement from its text; one that was changed in memory is rendered and loaded again"
            finding = Finding("DIB161", f"the agreement `{agreement.id}` has no text that gives its digest", Mark(self._store.name), fix)
            raise BadInput([finding])
        self._store.keep_text(agreement.digest, agreement.text)

    def _take_in(self, entries: Sequence[Entry]) -> None:
        """Let come true what is kept.  Nothing that goes wrong from here on may deny it: whoever acted gets an answer.

        What could not be taken in is made anew from the book at the next look, and what lasts is raised there.
        """
        self._stale = True
        try:
            for entry in entries:
                self._fold(entry)
                self._tell(entry)
        except Exception:  # noqa: BLE001 - see above
            return
        self._stale = False

    def _apply(self, entry: Entry) -> None:
        self._stale = True  # if this is broken off, the book has more than the state, or than the listener was told
        self._fold(entry)
        self._tell(entry)
        self._stale = False

    def _tell(self, entry: Entry) -> None:
        if self._listener is not None and entry.seq >= self._told:
            self._listener.hear(entry, self._state)
            self._told = entry.seq + 1

    def _fold(self, entry: Entry) -> None:
        for event in entry.events:
            self._state = apply(self._state, event)
        self._at = entry.at

    def _replay(self) -> int:
        """Make the state from the book, from the last snapshot on that a head vouches for.  Says how many entries that took."""
        self._stale = True
        self._state, first = self._begin()
        self._at = self._store.read((first - 1,))[0].at if first else None
        replayed = 0
        for entry in self._store.entries(first):
            self._fold(entry)
            self._tell(entry)
            replayed += 1
        self._stale = False
        return replayed

    def _begin(self) -> tuple[State, int]:
        """The state to begin from, and how many entries led to it."""
        snapshot = self._store.snapshot()
        if snapshot is None or snapshot.size > self._store.size:  # another writer may have left it since this store last looked
            return State(), 0
        try:
            beside = unmark(snapshot.beside)
            state = thaw(snapshot.state)
            if self._listener is not None and self._told < snapshot.size:  # another writer may have left it
                self._told = 0
                self._listener.thaw(beside)
        except ValueError:  # of another version, or with another listener: the entries say the same
            return State(), 0
        self._told = max(self._told, snapshot.size)
        return state, snapshot.size

    def _keep_snapshot(self) -> None:
        """Sign the book with the state it leads to, and keep that state."""
        frozen = freeze(self.state)
        head = self._store.sign(digest_of(frozen))
        if head is not None:
            beside = mark(self._listener.freeze() if self._listener else b"")
            self._store.keep_snapshot(Snapshot(size=head.size, state=frozen, beside=beside))

    def _done(self, command: AnyCommand, key: str, before: Entry | None) -> tuple[AnyEvent, ...] | None:
        """What came of the act of this name, if there was one."""
        if before is None:
            return None
        if before.command != command:
            finding = Finding(
                "DIB154",
                f"the key `{key}` was used at {iso(before.at)} for another act (entry {before.seq})",
                Mark(self._store.name),
                "give every act a key of its own, and repeat an act word for word",
            )
            raise BadInput([finding])
        return before.events

    def _time(self, at: Instant | None) -> Instant:
        if at is None:
            if self._clock is None:
                message = "without a clock every command says its `at`"
                raise TypeError(message)
            at = self._clock.now()
        if self._stale:
            self._replay()
        if self._at is not None and at < self._at:
            if self._store.shared and self._at - at <= SKEW_MAX:
                return self._at  # the clock of another writer is ahead of ours
            message = f"it is {iso(at)}, but the book already holds an act of {iso(self._at)}: set the clock right, or wait until then"
            raise Unavailable(message, code="DIB162", retry=True)
        return at

    def _agreement(self, digest: str) -> Compiled:
        """The agreement with this digest, compiled when it is first needed."""
        found = self._agreements.get(digest)
        if found is None:
            text = self._store.text(digest) if digest else None
            if text is None:
                what = f"the agreement `{digest[:12]}` is not in the book" if digest else "no agreement counts in this book yet"
                fix = "adopt an agreement first of all"
                raise BadInput([Finding("DIB167", what, Mark(self._store.name), fix)])
            found = compile_agreement(load(text, f"agreement {digest[:12]} in {self._store.name}"))
            self._agreements[digest] = found
        return found
