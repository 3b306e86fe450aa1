"""What can go wrong, as chances: the same world with these is a test rig.

A broker that dies loses what it had not yet written, or has written and not yet said; whoever spoke to it says the same
again.  Words come twice, late, or in another order.  The clock runs fast by some seconds.  A text is adopted only on
the day on which it is signed, with offers in flight.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from dibs.broker import Broker
from dibs.errors import Unavailable
from dibs.procedure.commands import (
    AcceptCounter,
    AssignRight,
    CancelRequest,
    ChangeTerms,
    ReleaseGrant,
    Respond,
    Rule,
    ServeNotice,
    TollOffer,
    WaiveRight,
    WithdrawOffer,
)
from dibs.quantities import instant_of
from dibs.simulate.variants import as_text
from dibs.store.memory import MemoryStore

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from dibs.contract.model import Agreement
    from dibs.decisions.compile import Compiled
    from dibs.journal.checkpoint import SigningKey
    from dibs.journal.entry import Entry
    from dibs.procedure.commands import AnyCommand
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.state import State
    from dibs.quantities import Instant
    from dibs.simulate.chance import Chance

CRASHES_IN_A_ROW_MAX = 8
"""A broker that dies more often than this while hearing one command is not let die again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How probable each kind of trouble is, from 0 to 1, for each command or answer."""

    crash_before: float = 0.0
    """The broker dies before the entry is written."""
    crash_after: float = 0.0
    """The broker dies after it, and before it says so."""
    duplicate: float = 0.0
    """A command comes twice."""
    keyed: float = 0.0
    """A command carries a key of its own."""
    late: float = 0.0
    """An answer comes after its deadline."""
    shuffle: float = 0.0
    """An answer takes another time than the desk meant it to, so that answers overtake each other."""
    jitter: int = 0
    """By up to so many seconds the clock runs fast."""
    backwards: float = 0.0
    """The clock goes back before a command, which then has to be refused unharmed."""
    mischief: float = 0.0
    """Somebody says something at random: gives a need up, takes a notice back, waives, rules, releases, or speaks out of turn."""
    as_signed: bool = False
    """Each amendment is adopted on the day on which it is signed, instead of all being known to the book from the start."""


NONE = Faults()


class Died(Exception):
    """The broker is gone."""


class MortalStore(MemoryStore):
    """A store whose process may die around a write."""

    def __init__(self, *, secret: bytes, signer: SigningKey | None = None) -> None:
        """Nobody dies yet."""
        super().__init__(secret=secret, signer=signer)
        self.fate = ""

    def append(self, entries: Sequence[Entry], *, due: Instant | None = None) -> None:
        """Keep them, unless the process dies first."""
        fate, self.fate = self.fate, ""
        if fate == "before":
            raise Died
        super().append(entries, due=due)
        if fate == "after":
            raise Died


class Line:
    """The line to the broker, and the broker at its end: whatever happens, what was said is heard once."""

    def __init__(self, store: MemoryStore, compiled: Compiled, faults: Faults, chance: Chance) -> None:
        """Take up the book of the store."""
        self._store = store
        self._compiled = compiled
        self._faults = faults
        self._rng = chance.stream("faults")
        self._trouble = faults != NONE
        self._broker = Broker(store, compiled)
        self._now = -(1 << 60)
        self._said = 0
        self.deaths = 0
        """How often the broker died."""

    @property
    def state(self) -> State:
        """How things stand."""
        return self._broker.state

    @property
    def compiled(self) -> Compiled:
        """The agreement that counts."""
        return self._compiled

    def clock(self, at: Instant) -> Instant:
        """What the clock shows when it is `at`: never earlier than before."""
        late = self._rng.randint(0, self._faults.jitter) if self._faults.jitter else 0
        self._now = max(self._now, at + late)
        return self._now

    def adopt(self, compiled: Compiled, *, by: str, at: Instant) -> tuple[AnyEvent, ...]:
        """Let another text count."""
        self._compiled = compiled
        while True:
            try:
                return self._broker.adopt(compiled, by=by, at=self.clock(at))
            except Died:
                self._restart()

    def say(self, command: AnyCommand, *, at: Instant) -> tuple[AnyEvent, ...]:
        """Say a command until it is acknowledged: what came of it."""
        at = self.clock(at)
        if not self._trouble:
            return self._broker.submit(command, at=at)
        self._said += 1
        key = f"act-{self._said}" if self._rng.random() < self._faults.keyed else ""
        if self._rng.random() < self._faults.backwards:
            self._go_back(command, at)
        for attempt in range(1, CRASHES_IN_A_ROW_MAX + 2):
            self._store_fate(last=attempt > CRASHES_IN_A_ROW_MAX)
            try:
                events = self._broker.submit(command, at=at, key=key)
            except Died:
                self._restart()
                continue
            finally:
                self._spare()
            if self._rng.random() < self._faults.duplicate:
                events = (*events, *self._broker.submit(command, at=at, key=key))
            return events
        raise AssertionError(command)  # pragma: no cover - the last attempt cannot die

    def _go_back(self, command: AnyCommand, at: Instant) -> None:
        """Say it with a clock that is wrong: it has to be refused, and nothing may come of it."""
        size = self._store.size
        try:
            self._broker.submit(command, at=at - 86_400 * 3_650)
        except Unavailable:
            assert self._store.size == size  # noqa: S101 - this is what the rig is for
        else:
            message = "a command of ten years ago was heard"
            raise AssertionError(message)

    def _store_fate(self, *, last: bool) -> None:
        store = self._store
        if isinstance(store, MortalStore) and not last:
            draw = self._rng.random()
            if draw < self._faults.crash_before:
                store.fate = "before"
            elif draw < self._faults.crash_before + self._faults.crash_after:
                store.fate = "after"

    def _spare(self) -> None:
        if isinstance(self._store, MortalStore):
            self._store.fate = ""

    def _restart(self) -> None:
        """A new broker on the book as it is."""
        self._spare()
        self.deaths += 1
        self._broker = Broker(self._store, self._compiled)


def mischief(state: State, rng: random.Random, parties: Sequence[str]) -> AnyCommand | None:
    """Something that somebody might say about what is going on, allowed or not; nothing if nothing goes on."""
    by = rng.choice(parties)
    request = rng.choice([*state.requests]) if state.requests else ""
    offer = state.offers[rng.choice([*state.offers])] if state.offers else None
    grant = rng.choice([*state.grants]) if state.grants else ""
    if rng.random() < 0.7 and request:
        by = state.requests[request].asked.party
    said: list[AnyCommand] = []
    if request:
        said += [CancelRequest(by=by, request=request), Rule(by=by, request=request, answer="permitted", because="chance")]
    if offer is not None:
        holder = offer.holder if rng.random() < 0.7 else by
        said += [
            WithdrawOffer(by=by, offer=offer.offer),
            ChangeTerms(by=by, offer=offer.offer, terms=replace(offer.terms, price=Decimal(rng.randint(1, 6)))),
            TollOffer(by=holder, offer=offer.offer, cause="regulator", seconds=rng.randint(1, 400_000)),
            WaiveRight(by=holder, request=offer.request, signed_by=rng.choice(("somebody", ""))),
            Respond(by=holder, offer=offer.offer, quantity=rng.choice((0, 1, offer.terms.quantity or 1)), reason="policy"),
            AcceptCounter(by=by, offer=offer.offer),
            ServeNotice(by=by, offer=f"{offer.offer}x", request=offer.request, terms=replace(offer.terms, payment=None)),
            AssignRight(by=holder, clause=offer.clause, to=rng.choice(parties)),
        ]
    if grant:
        said.append(ReleaseGrant(by=by, grant=grant))
    return rng.choice(said) if said else None


def texts_as_signed(agreement: Agreement, begins: Instant) -> list[tuple[Instant, Agreement]]:
    """The text that counts from the beginning, and each later one on the day on which its last amendment was signed."""
    zone = ZoneInfo(agreement.time_zone)
    days = sorted({amendment.signed for amendment in agreement.amendments})
    later = [day for day in days if instant_of(day, zone) > begins]
    out = []
    for at, until in zip([begins, *(instant_of(day, zone) for day in later)], [*later, None], strict=True):
        kept = tuple(a for a in agreement.amendments if until is None or a.signed < until)
        text = agreement if len(kept) == len(agreement.amendments) else as_text(dataclasses.replace(agreement, amendments=kept))
        out.append((at, text))
    return out
