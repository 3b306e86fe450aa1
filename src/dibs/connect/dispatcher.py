"""Does by program what the state says is outstanding towards suppliers: ask them, hear their answers, have them deliver.

    dispatching = Dispatching(front.office, {"borealis": supplier})
    await dispatching.open()      # after the office is open; in the wiring
    ...
    await dispatching.close()     # before the office is closed

It acts from the state, never from events: every round asks what is outstanding, asks the supplier how that stands, and
does what is missing.  So a round may be broken off anywhere, by a crash or by a lost answer, and the next one goes on;
every act has a key that follows from what it is about, so nothing is done twice.

| the state says                      | what is done                                                                    |
|---|---|
| `AskHolder`, standing terms known   | a notice is served on these terms; without them that is left to the desk        |
| `AnswerOffer` of a connected holder | `offer`; once it is `answered`, the answer goes on record in the holder's name  |
| `Deliver` of a connected operator   | `accept`; what is delivered goes on record in the operator's name               |
| an offer is over without an answer  | `recall`                                                                        |
| a grant was ended early             | `recall`                                                                        |

A notice behind the information barrier (R24) is for people who are named, so no program is told of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from dibs.connect.supplier import Notice, Order, TellsNews
from dibs.errors import BadInput, DibsError, Unavailable
from dibs.procedure.commands import ConfirmDelivery, Respond, ServeNotice
from dibs.procedure.events import CommandRefused
from dibs.procedure.intents import AnswerOffer, AskHolder, Deliver, outstanding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from dibs.connect.supplier import About, Standing, Supplier
    from dibs.contract.terms import Terms
    from dibs.procedure.commands import AnyCommand
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.intents import AnyIntent
    from dibs.procedure.state import Grant, Offer, State
    from dibs.quantities import Instant

T = TypeVar("T")

OVER_WITHOUT_ANSWER = frozenset({"lapsed", "waived", "withdrawn", "void"})
"""An offer that stands so needs no answer any more."""
ENDED_EARLY = frozenset({"ended", "cancelled"})
"""A grant that stands so is delivered no more."""


class Counted(Protocol):
    """A book that knows how many entries it has."""

    @property
    def size(self) -> int:
        """How many there are."""


class Desk(Protocol):
    """The live book: what of the office the dispatcher needs."""

    house: str

    @property
    def store(self) -> Counted:
        """The book, by its size."""

    @property
    def state(self) -> State:
        """How things stand."""

    def now(self) -> Instant:
        """The time."""

    async def act(self, command: AnyCommand, key: str = "") -> Sequence[AnyEvent]:
        """Hear a command; what came of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a supplier is asked."""

    every: float = 2.0
    """Seconds between two rounds."""
    slowest: float = 60.0
    """The longest pause before a notice or order that stands unchanged is asked about again, in seconds (bound is in)."""
    timeout: float = 30.0
    """After so many seconds a call is broken off."""
    at_once: int = 8
    """So many calls may run at the same time with one supplier (bound is in)."""
    rest: float = 300.0
    """The longest pause after a supplier has failed again and again, in seconds (bound is in)."""


@dataclass(slots=True)
class Trouble:
    """What went wrong with a supplier last, for people to see."""

    party: str
    about: str
    code: str
    says: str


@dataclass(slots=True)
class _Watched:
    """When something is asked about next, and how long it has stood unchanged."""

    pause: float
    at: float = 0.0
    stands: str = ""


@dataclass(slots=True)
class _Line:
    """The line to one supplier."""

    supplier: Supplier
    fails: int = 0
    rests_until: float = 0.0
    work: dict[str, AnyIntent | None] = field(default_factory=dict)
    """What is to be done, by the thing it is about; nothing means that the thing is over and to be recalled."""
    watched: dict[str, _Watched] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    """What the supplier may hold of ours: to be recalled when it is over."""
    looked: bool = False
    """Whether what it may hold from before the start was looked for."""


class Dispatching:
    """The dispatcher as a task of the service."""

    def __init__(
        self,
        desk: Desk,
        suppliers: Mapping[str, Supplier],
        *,
        standing_terms: Mapping[str, Terms] | None = None,
        pace: Pace | None = None,
        tell: Callable[[Trouble], None] = lambda _: None,
    ) -> None:
        """`suppliers` by party; `standing_terms` by holder: with them a need that has to be offered first is offered without a person.

        `tell` hears of every trouble when it begins, and when it changes.
        """
        self.troubles: dict[tuple[str, str], Trouble] = {}
        """By party and thing; an entry goes when the thing does."""
        self._desk = desk
        self._lines = {party: _Line(supplier) for party, supplier in suppliers.items()}
        self._terms = dict(standing_terms or {})
        self._pace = pace or Pace()
        self._tell = tell
        self._tasks: list[asyncio.Task[None]] = []
        self._bell = asyncio.Event()
        self._seen = -1

    async def open(self) -> None:
        """Begin to act, and go on until it is closed."""
        self._tasks = [asyncio.create_task(self._run(), name="dispatcher")]
        self._tasks += [
            asyncio.create_task(self._hear(line, line.supplier), name=f"news of {party}")
            for party, line in self._lines.items()
            if isinstance(line.supplier, TellsNews)
        ]
        for task in self._tasks:
            task.add_done_callback(_loud)

    async def close(self) -> None:
        """Stop, and let the suppliers go.  What was under way is taken up by the next one that is opened."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for line in self._lines.values():
            await line.supplier.close()

    async def round(self) -> None:
        """Look at the state once, and do what it says is outstanding.  Faults of suppliers are noted, and tried again in a later round."""
        state = self._desk.state
        if self._desk.store.size != self._seen:
            self._seen = self._desk.store.size
            todo = outstanding(state)
            for party, line in self._lines.items():
                self._take_stock(party, line, state, todo)
            for intent in todo:
                if isinstance(intent, AskHolder):
                    await self._serve(state, intent)
        await asyncio.gather(*(self._with(party, line) for party, line in self._lines.items()))

    # --- the tasks

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(Unavailable):  # the book could not be written to; the next round tries again
                await self.round()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pace.every):
                    await self._bell.wait()
            self._bell.clear()

    async def _hear(self, line: _Line, supplier: TellsNews) -> None:
        """Ask again at once about everything when a supplier says that something has happened."""
        while True:
            try:
                await supplier.news()
            except DibsError:
                await asyncio.sleep(self._pace.slowest)
                continue
            for watched in line.watched.values():
                watched.at = 0.0
            self._bell.set()

    # --- one supplier

    def _take_stock(self, party: str, line: _Line, state: State, todo: Sequence[AnyIntent]) -> None:
        """What is outstanding towards one supplier, and what it may hold that is over."""
        line.work = {}
        for intent in todo:
            if isinstance(intent, AnswerOffer) and intent.by == party and not intent.barrier:
                line.work[f"offer {intent.offer}"] = intent
            elif isinstance(intent, Deliver) and intent.by == party:
                line.work[f"order {intent.grant}"] = intent
        self._look_back(party, line, state)
        gone = line.held - line.work.keys()
        line.held |= line.work.keys()
        for name in sorted(gone):
            if self._over(state, name):
                line.work[name] = None
            else:
                self._forget(party, line, name)
        for name in line.work:
            line.watched.setdefault(name, _Watched(self._pace.every))

    async def _with(self, party: str, line: _Line) -> None:
        """Everything that is due with one supplier."""
        clock = asyncio.get_running_loop().time
        now = clock()
        if now < line.rests_until:
            return
        gate = asyncio.Semaphore(self._pace.at_once)

        async def one(name: str) -> None:
            async with gate:
                if clock() >= line.rests_until:
                    await self._do(party, line, name, _about(self._desk.state, name), line.work[name])
                    await asyncio.sleep(0)  # a supplier that answers at once does not keep the service from others

        await asyncio.gather(*(one(name) for name in [*line.work] if line.watched[name].at <= now))

    async def _do(self, party: str, line: _Line, name: str, about: About, intent: AnyIntent | None) -> None:
        """Take one notice or order a step on."""
        loop = asyncio.get_running_loop()
        try:
            stands = await self._step(line, about, intent)
        except DibsError as error:
            self._note(party, name, error)
            if isinstance(error, Unavailable) and error.retry:
                line.fails += 1
                line.rests_until = loop.time() + min(self._pace.rest, self._pace.every * 2.0 ** min(line.fails, 30))
            line.watched[name].at = loop.time() + self._pace.slowest
            return
        line.fails = 0
        if intent is None:
            self._forget(party, line, name)
            if stands.answer is not None and stands.answer.quantity:
                self._trouble(party, name, "DIB409", f"it took {stands.answer.quantity} when the offer was over already: nothing of that counts here")
            return
        watched = line.watched[name]
        said = f"{stands.state} {stands.delivered}"
        watched.pause = self._pace.every if said != watched.stands else min(self._pace.slowest, watched.pause * 2)
        watched.stands, watched.at = said, loop.time() + watched.pause
        if stands.state == "refused":
            self._trouble(party, name, "DIB409", stands.says or "the supplier does not deliver this")

    async def _step(self, line: _Line, about: About, intent: AnyIntent | None) -> Standing:
        supplier = line.supplier
        stands = await self._call(supplier.status(about))
        if intent is None:
            if stands.state in {"open", "accepted"}:
                stands = await self._call(supplier.recall(about, key=key_of("recall", about)))
        elif isinstance(about, Notice):
            if stands.state == "unknown":
                stands = await self._call(supplier.offer(about, key=key_of("offer", about)))
            if stands.answer is not None:
                await self._answer(about, stands)
        else:
            if stands.state == "unknown":
                stands = await self._call(supplier.accept(about, key=key_of("accept", about)))
            if stands.delivered > self._desk.state.grants[about.id].delivered:
                command = ConfirmDelivery(by=about.operator, grant=about.id, quantity=min(stands.delivered, about.quantity))
                self._heed(about, await self._desk.act(command, _key(about.operator, f"delivered {about.id} {command.quantity}")))
        return stands

    async def _answer(self, notice: Notice, stands: Standing) -> None:
        """Put the holder's answer on record."""
        answer = stands.answer
        assert answer is not None  # noqa: S101 - the caller has looked
        if self._desk.state.offers[notice.id].status != "open":
            return  # it was over before the supplier was heard
        command = Respond(by=notice.holder, offer=notice.id, quantity=answer.quantity, reason=answer.reason, terms=answer.terms, hosts=answer.hosts)
        said = sha256(msgspec.json.encode(answer)).hexdigest()
        self._heed(notice, await self._desk.act(command, _key(notice.holder, f"answered {notice.id} {said}")))

    async def _serve(self, state: State, intent: AskHolder) -> None:
        """Offer a need to its holder on standing terms; one notice that lacked something is left to people."""
        terms = self._terms.get(intent.holder)
        if terms is None or intent.lacking or intent.by != self._desk.house:
            return
        request = state.requests[intent.request]
        asked = request.asked
        stated = {
            "sku": asked.sku,
            "quantity": intent.quantity,
            "starts": asked.start_earliest,
            "ends": asked.start_earliest + (asked.months * 730 + asked.hours) * 3600,
            "classes": (asked.workload_class,),
            "regions": asked.regions or terms.regions,
        }
        name = f"{intent.request}.{len(request.offers) + 1}"
        command = ServeNotice(by=intent.by, offer=name, request=intent.request, terms=msgspec.structs.replace(terms, **stated))
        try:
            await self._desk.act(command, _key(intent.by, f"served {name}"))
        except BadInput as error:
            self._note(intent.holder, f"request {intent.request}", error)

    async def _call(self, call: Awaitable[T]) -> T:
        """Ask a supplier.  Raises `Unavailable` if it takes too long (DIB405) or fails in a way that it should not (DIB408)."""
        try:
            async with asyncio.timeout(self._pace.timeout):
                return await call
        except TimeoutError as error:
            message = f"the supplier has not answered for {self._pace.timeout:g} seconds: it is asked again; see whether it runs"
            raise Unavailable(message, code="DIB405", retry=True) from error
        except DibsError:
            raise
        except Exception as error:
            message = (
                f"the connector failed with {type(error).__name__}: {error}: its author has to mend it; `SupplierConformance` shows what is expected"
            )
            raise Unavailable(message, code="DIB408", retry=True) from error

    # --- looking after what a supplier may hold

    def _look_back(self, party: str, line: _Line, state: State) -> None:
        """Once: what the supplier may hold from before this start."""
        if line.looked:
            return
        line.looked = True
        now = self._desk.now()
        for offer in state.offers.values():
            if offer.holder == party and not offer.barrier and offer.status in OVER_WITHOUT_ANSWER and (offer.terms.ends or 0) > now:
                line.held.add(f"offer {offer.offer}")
        for grant in state.grants.values():
            if grant.operator == party and grant.status in ENDED_EARLY and grant.ends > now:
                line.held.add(f"order {grant.grant}")

    def _over(self, state: State, name: str) -> bool:
        """Whether it has to be recalled if the supplier still holds it."""
        kind, _, thing = name.partition(" ")
        if kind == "offer":
            return state.offers[thing].status in OVER_WITHOUT_ANSWER
        grant = state.grants[thing]
        return grant.status in ENDED_EARLY and grant.ends > self._desk.now()

    def _forget(self, party: str, line: _Line, name: str) -> None:
        line.held.discard(name)
        line.work.pop(name, None)
        line.watched.pop(name, None)
        self.troubles.pop((party, name), None)

    def _heed(self, about: About, events: Sequence[AnyEvent]) -> None:
        """Note what the book refused: asking again would be refused again, so people have to see it."""
        for event in events:
            if isinstance(event, CommandRefused):
                party = about.holder if isinstance(about, Notice) else about.operator
                name = f"{'offer' if isinstance(about, Notice) else 'order'} {about.id}"
                codes = ", ".join(because.code for because in event.because)
                self._trouble(party, name, "DIB409", f"the book refused what the supplier said: {codes}")

    def _note(self, party: str, name: str, error: DibsError) -> None:
        code: Any = getattr(error, "code", "")
        if isinstance(error, BadInput):
            code = error.findings[0].code
        self._trouble(party, name, str(code), str(error))

    def _trouble(self, party: str, name: str, code: str, says: str) -> None:
        found = Trouble(party, name, code, says)
        if self.troubles.get((party, name)) != found:
            self.troubles[party, name] = found
            self._tell(found)


def _loud(task: asyncio.Task[None]) -> None:
    """A task that ends by itself has a bug: say so at once."""
    if not task.cancelled() and (error := task.exception()) is not None:
        task.get_loop().call_exception_handler({"message": "the dispatcher stopped", "exception": error, "task": task})


def _about(state: State, name: str) -> About:
    """The notice or the order of this name, as the state has it."""
    kind, _, thing = name.partition(" ")
    return notice_of(state.offers[thing]) if kind == "offer" else order_of(state, state.grants[thing])


def notice_of(offer: Offer) -> Notice:
    """An offer as its holder's connector hears of it."""
    return Notice(
        id=offer.offer,
        holder=offer.holder,
        terms=offer.terms,
        served_at=offer.served_at,
        respond_by=offer.respond_by,
        minimum=offer.minimum_accept,
    )


def order_of(state: State, grant: Grant) -> Order:
    """A grant as its operator's connector hears of it."""
    return Order(
        id=grant.grant,
        operator=grant.operator,
        host=grant.host,
        sku=grant.sku,
        workload_class=grant.workload_class,
        quantity=grant.quantity,
        starts=grant.starts,
        ends=grant.ends,
        price=grant.price,
        promised_at=grant.promised_at,
        deliver_by=grant.deliver_by,
        offer=grant.offer,
        regions=state.requests[grant.request].asked.regions,
    )


def key_of(verb: str, about: About) -> str:
    """The key of an act towards a supplier: it follows from what the act is about; at most 200 characters, and no spaces."""
    key = f"{verb}.{'offer' if isinstance(about, Notice) else 'order'}.{about.id}"
    return key if len(key) <= 200 else sha256(key.encode()).hexdigest()


def _key(party: str, says: str) -> str:
    """The key of an act in our own book."""
    return f"{party}:{sha256(says.encode()).hexdigest()[:32]}"
