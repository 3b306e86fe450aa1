"""One run of a scenario: the real broker in a simulated world, from event to event.

Nothing ticks.  The next instant is the next entry of the calendar or the next thing that is due by itself; what falls on
one instant happens in the order of the procedure, and placing comes last.  Events only say where to look: what is to be
done is asked of the state, so that after a crash everything is asked again and nothing is lost.

The same scenario, seed and variant give the same journal, byte for byte, in any process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from heapq import heappop, heappush
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from dibs.contract.model import FirstShipment, PreEmption
from dibs.contract.readings import all_clauses
from dibs.decisions.compile import compile_agreement
from dibs.errors import BadInput, Finding, Mark
from dibs.journal.audit import state_digest
from dibs.journal.entry import plain_row
from dibs.laws import LawReport, judge
from dibs.procedure.agreed import Agreed
from dibs.procedure.commands import (
    AnnounceLaunch,
    ConfirmDelivery,
    DeclareAbility,
    DeclareCapacity,
    DeclareTrigger,
    GrantAccess,
    ProposeGrant,
    ReadNotice,
    RecordSignal,
    ReportUsage,
    SubmitRequest,
    VerifyTrigger,
    Wake,
)
from dibs.procedure.events import (
    AgreementAdopted,
    CapacityDeclared,
    CommandRefused,
    DeliveryConfirmed,
    Granted,
    GrantEnded,
    HolderDefaulted,
    OfferServed,
    PurposeDrifted,
    PurposeRestored,
    RequestSubmitted,
    RightResumed,
    RightSuspended,
    TriggerFired,
    VersionBegan,
)
from dibs.procedure.procedure import due
from dibs.quantities import HOUR, day_of, instant_of, iso
from dibs.simulate.buyer import Buyer, by_urgency
from dibs.simulate.calendar import Calendar
from dibs.simulate.chance import Chance
from dibs.simulate.desks import Appointment, Desks
from dibs.simulate.faults import NONE, Faults, Line, MortalStore, mischief, texts_as_signed
from dibs.simulate.supply import plan, price_on
from dibs.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dibs.contract.model import Agreement, Share
    from dibs.journal.checkpoint import SigningKey
    from dibs.journal.entry import Entry
    from dibs.procedure.commands import AnyCommand
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.state import State
    from dibs.quantities import Instant
    from dibs.simulate.demand import Signal
    from dibs.simulate.formats import Declaration, ScriptedAnswer
    from dibs.simulate.scenario import Scenario
    from dibs.simulate.supply import HostPlan

Progress: TypeAlias = Callable[[date, date, date, int], None]
"""(day reached, first day, first day no longer played, entries so far), called once a simulated day."""

STEPS_MAX = 100
"""Things done about one need at one instant (bound is in); more is a bug."""

HostSku: TypeAlias = tuple[str, str]
C = TypeVar("C")


@dataclass(slots=True)
class Run:
    """What a run left: the book, and what no book says."""

    scenario: Scenario
    seed: int
    variant: str
    until: date
    """The first day no longer played."""
    store: MemoryStore
    state: State
    laws: list[LawReport] = field(default_factory=list)
    unused: list[tuple[str, ScriptedAnswer]] = field(default_factory=list)
    """What the script says and nobody was asked about."""
    deaths: int = 0
    """How often the broker died (with faults)."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds of the wall clock, by part of the run; no part of what repeats."""

    @property
    def entries(self) -> Iterator[Entry]:
        """The journal, in order."""
        return self.store.entries()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The journal as plain rows, as `journal.jsonl` holds them."""
        return (plain_row(sealed) for sealed, _ in self.store.sealed())


def run(
    scenario: Scenario,
    seed: int | None = None,
    *,
    until: date | None = None,
    variant: str | None = None,
    progress: Progress | None = None,
    faults: Faults = NONE,
    judged: bool = True,
    signer: SigningKey | None = None,
) -> Run:
    """Play a scenario to its end, or to the day `until`, which is no longer played.

    Args:
        scenario: what `scenario.load` gives.
        seed: of all chance; the scenario's own if none is given.
        until: the first day no longer played, within the horizon.
        variant: the name of a variant of the agreement.
        progress: told once a simulated day.
        faults: what goes wrong on purpose.
        judged: whether the seven laws are counted at the end.
        signer: what the head of the book is signed with at the end; without one nobody vouches for it, and no grant of it can be proven.

    Raises:
        BadInput: there is no such variant, or `until` lies outside the horizon.
    """
    if variant:
        scenario = scenario.variant(variant)
    horizon = scenario.file.horizon
    last = horizon.until if until is None else until
    if not horizon.from_ < last <= horizon.until:
        where = Mark(f"--until {last}")
        fix = f"name a day after {horizon.from_}, up to {horizon.until}"
        raise BadInput([Finding("DIB102", f"{last} is not among the days of `{scenario.file.id}`", where, fix)])
    begun = perf_counter()
    play = _Play(scenario, scenario.file.seed if seed is None else seed, last, progress=progress, faults=faults, signer=signer)
    result = play.play()
    result.timings["play"] = perf_counter() - begun
    if judged:
        begun = perf_counter()
        result.laws = judge(result.rows(), plain_agreement(scenario.agreement))
        result.timings["laws"] = perf_counter() - begun
    return result


def plain_agreement(agreement: Agreement) -> dict[str, Any]:
    """The agreement's file as any YAML loader gives it, for whoever judges without knowing dibs."""
    plain: dict[str, Any] = YAML(typ="safe", pure=True).load(agreement.text)
    return plain


class _Play:
    """The world of one run."""

    def __init__(self, scenario: Scenario, seed: int, until: date, *, progress: Progress | None, faults: Faults, signer: SigningKey | None) -> None:
        self._scenario = scenario
        self._file = scenario.file
        self._seed = seed
        self._until = until
        self._progress = progress
        self._faults = faults
        self._chance = Chance(seed)
        self._zone = ZoneInfo(scenario.agreement.time_zone)
        self._begins = instant_of(self._file.horizon.from_, self._zone)
        self._ends = instant_of(until, self._zone)
        self._plans: Mapping[HostSku, HostPlan] = plan(scenario, self._chance)
        self._desks = Desks(scenario, self._chance)
        self._buyer = Buyer(scenario)
        self._calendar = Calendar()
        self._texts = texts_as_signed(scenario.agreement, self._begins) if faults.as_signed else [(self._begins, scenario.agreement)]
        secret = sha256(f"{scenario.file.id}/{seed}".encode()).digest()
        store = MortalStore(secret=secret, signer=signer) if faults != NONE else MemoryStore(secret=secret, signer=signer)
        self._store = store
        self._line = Line(store, compile_agreement(self._texts[0][1]), faults, self._chance)
        self._mischief = self._chance.stream("mischief")
        self._deaths = 0
        self._now = self._begins
        # Where to look; what to do there is asked of the state.
        self._touched: dict[str, None] = {}
        self._waiting: dict[str, dict[str, None]] = {}
        self._grants: dict[str, dict[str, None]] = {}
        self._asked: set[str] = set()
        # What is there in the world.
        self._promised: dict[HostSku, list[tuple[int, int, str]]] = {}
        """Grants that have not started, as a heap: (start, promised at, grant)."""
        self._owed: dict[HostSku, dict[str, None]] = {}
        """Grants that have started and are not all there, in the order in which they are served."""
        self._expected: set[str] = set()
        self._delivered: dict[str, int] = {}
        self._standing: dict[HostSku, int] = {}
        self._running: dict[tuple[str, str], int] = {}
        self._ran: dict[tuple[str, str], int] = {}
        self._ran_until = self._period = self._begins
        self._launches: dict[str, list[str]] = {}
        self._agreed_now: tuple[Instant, Agreed] | None = None

    # --- the course of time

    def play(self) -> Run:
        """From the first day to the last."""
        self._open()
        shown = None
        while True:
            entry, timer = self._calendar.first(), due(self._line.state)
            instants = [at for at in (entry, timer) if at is not None and at < self._ends]
            if not instants:
                break
            self._now = max(min(instants), self._now)
            self._instant()
            day = day_of(self._now, self._zone)
            if self._progress is not None and day != shown:
                self._progress(day, self._file.horizon.from_, self._until, self._store.size)
                shown = day
        self._store.sign(state_digest(self._line.state))
        return Run(
            scenario=self._scenario,
            seed=self._seed,
            variant=self._scenario.variant_name,
            until=self._until,
            store=self._store,
            state=self._line.state,
            unused=self._desks.unused(),
            deaths=self._line.deaths,
        )

    def _instant(self) -> None:
        """Everything of one instant: answers, what is due by itself, arrivals, placing; until nothing more falls on it."""
        while True:
            for what, about in self._calendar.at(self._now, answers=True):
                self._happen(what, about)
            timer = due(self._line.state)
            if timer is not None and timer <= self._now:
                self._wake()
            for what, about in self._calendar.at(self._now, answers=False):
                self._happen(what, about)
            self._place()
            self._trouble()
            first, timer = self._calendar.first(), due(self._line.state)
            if (first is None or first > self._now) and (timer is None or timer > self._now):
                return

    def _trouble(self) -> None:
        """Somebody says something at random, if the faults will have it."""
        if self._faults.mischief and self._mischief.random() < self._faults.mischief:
            command = mischief(self._line.state, self._mischief, [*self._scenario.agreement.parties])
            if command is not None:
                self._say(command)
                self._place()

    def _happen(self, what: str, about: Any) -> None:
        match what:
            case "answer":
                self._answer(about)
            case "again":
                self._say(about)
            case "adopt":
                self._note(self._line.adopt(compile_agreement(about), by=self._file.buyer, at=self._now))
                self._recover()
            case "supply":
                self._declare(about)
            case "deliver":
                self._deliver(about)
            case "month":
                self._close_period(self._now)
            case "usage":
                self._report_usage(*about)
            case "signal":
                self._record(about)
            case "declare":
                self._say(DeclareTrigger(by=about.by, trigger=about.trigger))
            case "verify":
                self._say(VerifyTrigger(by=about.verified_by, trigger=about.trigger, confirmed=about.confirmed))
            case "need":
                self._say(SubmitRequest(by=about.request.party, request=about.request))
            case _:
                raise AssertionError(what)

    def _open(self) -> None:
        """Adopt the agreement, say what can be delivered, and write down what is known to come."""
        first, *later = self._texts
        self._note(self._line.adopt(self._line.compiled, by=self._file.buyer, at=first[0]))
        for at, text in later:
            self._calendar.add(at, "adopt", text)
        for party in dict.fromkeys(right.holder for right in _clauses(self._scenario, PreEmption)):
            self._say(GrantAccess(by=party, holder=party, person=_reader(party)))
        for key, host_plan in self._plans.items():
            prices = self._scenario.suppliers.hosts[key[0]].price
            days = {instant_of(day, self._zone) for day in prices if day.year > 1950}
            changes = {max(at, self._begins) for at in (*host_plan.changes(), *days)}
            for at in sorted(changes):
                self._calendar.add(at, "supply", key)
        for signal in self._scenario.signals:
            self._calendar.add(max(signal.at, self._begins), "signal", signal)
        for declaration in self._file.declarations:
            self._add_declaration(declaration)
        for need in self._scenario.needs:
            self._calendar.add(max(need.asked_at, self._begins), "need", need)
            if need.request.launch:
                self._launches.setdefault(need.request.launch, []).append(need.request.id)
        month = _next_month(self._file.horizon.from_)
        while month < self._until:
            self._calendar.add(instant_of(month, self._zone), "month")
            month = _next_month(month)
        # The last report is of the last instant that is played, so that nothing that ran goes unreported.
        self._calendar.add(self._ends - 1, "month")

    def _add_declaration(self, declaration: Declaration) -> None:
        self._calendar.add(instant_of(declaration.on, self._zone), "declare", declaration)
        if declaration.verified_on is not None:
            self._calendar.add(instant_of(declaration.verified_on, self._zone), "verify", declaration)

    # --- saying and hearing

    def _say(self, command: AnyCommand) -> tuple[AnyEvent, ...]:
        events = self._line.say(command, at=self._now)
        self._note(events)
        if self._line.deaths != self._deaths:
            self._recover()
        return events

    def _wake(self) -> None:
        self._say(Wake(by="clock"))

    def _note(self, events: tuple[AnyEvent, ...]) -> None:
        """Where to look after these events."""
        for event in events:
            match event:
                case RequestSubmitted():
                    self._touched.setdefault(event.request.id)
                case OfferServed():
                    self._touched.setdefault(event.request)
                    self._invite(event.offer)
                case Granted():
                    self._touched.setdefault(event.request)
                    self._grants.setdefault(event.request, {}).setdefault(event.grant)
                    self._expect(event.grant)
                case DeliveryConfirmed():
                    self._count(event.grant, event.quantity, event.at)
                    self._see_launch(self._line.state.grants[event.grant].request)
                case GrantEnded():
                    self._end(event.grant, event.at)
                case HolderDefaulted():
                    self._touched.setdefault(event.request)
                case CapacityDeclared():
                    self._look_again(event.sku)
                case CommandRefused():
                    pass
                case VersionBegan() | AgreementAdopted() | TriggerFired() | RightSuspended() | RightResumed() | PurposeDrifted() | PurposeRestored():
                    self._close_period(event.at)
                    for sku in self._waiting:
                        self._look_again(sku)
                case _:
                    request = getattr(event, "request", "")
                    if request:
                        self._touched.setdefault(request)
                        if request not in self._line.state.live:
                            self._see_launch(request)

    def _look_again(self, sku: str) -> None:
        """Needs that found no room, or nothing to do, may find it now."""
        self._touched.update(self._waiting.get(sku, {}))

    def _recover(self) -> None:
        """After a crash everything is asked again, because what was said last may have been lost on the way here."""
        state = self._line.state
        self._deaths = self._line.deaths
        self._close_period(self._now)
        self._touched.update(state.live)
        self._grants = {}
        for grant in state.grants.values():
            self._grants.setdefault(grant.request, {}).setdefault(grant.grant)
        for name in state.live:
            offer = state.offers.get(state.requests[name].offer)
            if offer is not None and offer.status == "open":
                self._invite(offer.offer)
        for name in [*self._delivered]:
            if state.grants[name].status in {"ended", "failed", "cancelled"}:
                self._end(name, self._now)
        for grant in state.grants.values():
            if grant.delivered and grant.status in {"active", "partially_active"} and self._delivered.get(grant.grant, 0) < grant.delivered:
                self._count(grant.grant, grant.delivered, self._now)
        for name in state.awaited:
            self._expect(name)
        for launch in self._launches.values():
            self._see_launch(launch[0])

    def _agreed(self) -> Agreed:
        """The agreement as it stands, made anew when time or what has come true moves on."""
        state, made = self._line.state, self._agreed_now
        if made is None or made[0] != self._now or made[1].compiled is not self._line.compiled or not made[1].still_holds(state, made[1].at):
            made = self._agreed_now = (self._now, Agreed(self._line.compiled, state, self._line.clock(self._now)))
        return made[1]

    # --- the buyer

    def _place(self) -> None:
        """Do what the state says is to be done about every need that something has happened to, the most urgent first."""
        while self._touched:
            names = by_urgency(self._touched, self._line.state)
            self._touched.clear()
            for name in names:
                self._pursue(name)

    def _pursue(self, name: str) -> None:
        before: AnyCommand | None = None
        barred: frozenset[str] = frozenset()
        for _ in range(STEPS_MAX):
            state = self._line.state
            command = self._buyer.next(name, state, self._agreed(), grants=len(self._grants.get(name, ())), barred=barred)
            if command is None or command == before:
                break
            before = command
            events = self._say(command)
            if isinstance(command, ProposeGrant) and isinstance(events[-1], CommandRefused):
                barred |= {command.host}
        else:
            message = f"`{name}` is never done with: {before}"
            raise AssertionError(message)
        self._touched.pop(name, None)
        request = self._line.state.requests.get(name)
        if request is None:
            return
        waiting = self._waiting.setdefault(request.asked.sku, {})
        if name in self._line.state.live:
            waiting.setdefault(name)
        else:
            waiting.pop(name, None)

    # --- the suppliers

    def _invite(self, name: str) -> None:
        """A notice has come: the holder's desk settles when it will answer."""
        if name in self._asked:
            return
        self._asked.add(name)
        offer = self._line.state.offers[name]
        appointment = self._desks.receive(offer)
        if offer.barrier:
            self._calendar.add(self._now + 1, "again", ReadNotice(by=offer.holder, offer=name, person=_reader(offer.holder)))
        if appointment is None:
            return
        at, faults = appointment.at, self._faults
        if faults.late and self._chance.stream("late", name).random() < faults.late:
            at = offer.respond_by + self._chance.whole(0, 3 * HOUR, "late-by", name)
        elif faults.shuffle and self._chance.stream("shuffle", name).random() < faults.shuffle:
            at = offer.served_at + self._chance.whole(1, max(offer.respond_by - offer.served_at, 1), "shuffled", name)
        self._calendar.add(max(at, self._now), "answer", appointment)

    def _answer(self, appointment: Appointment) -> None:
        state = self._line.state
        offer = state.offers[appointment.offer]
        if offer.status not in {"open", "lapsed"} and not self._faults.late:
            return
        command = self._desks.answer(appointment, offer, state, self._agreed())
        self._say(command)
        if self._faults.duplicate and self._chance.stream("again", offer.offer).random() < self._faults.duplicate:
            self._calendar.add(self._now + self._chance.whole(1, 40 * 24 * HOUR, "again-at", offer.offer), "again", command)

    def _declare(self, key: HostSku) -> None:
        """Say what a host can deliver, as it is known now."""
        host, sku = key
        steps = self._plans[key].declared(self._now)
        price = price_on(self._scenario, host, day_of(self._now, self._zone))
        book = self._line.state.books.get(key)
        if steps and price is not None and (book is None or (book.steps, book.price) != (steps, price)):
            party = self._scenario.agreement.hosts[host].platform
            self._say(DeclareCapacity(by=party, host=host, sku=sku, steps=steps, price=price))
        self._deliver(key)

    def _expect(self, name: str) -> None:
        if name in self._expected:
            return
        self._expected.add(name)
        grant = self._line.state.grants[name]
        key = (grant.host, grant.sku)
        heappush(self._promised.setdefault(key, []), (grant.starts, grant.promised_at, name))
        self._calendar.add(max(grant.starts, self._now), "deliver", key)

    def _deliver(self, key: HostSku) -> None:
        """Hand over what is there to whoever is due it: who starts first, then who was promised first."""
        promised, owed = self._promised.get(key, []), self._owed.setdefault(key, {})
        while promised and promised[0][0] <= self._now:
            owed[heappop(promised)[2]] = None
        if not owed:
            return
        room = self._plans[key].there(self._now) - self._standing.get(key, 0)
        for name in [*owed]:
            grant = self._line.state.grants[name]
            more = min(grant.quantity - grant.delivered, room)
            if name in self._line.state.awaited and more > 0:
                room -= more
                operator = self._scenario.agreement.hosts[grant.host].operator
                self._say(ConfirmDelivery(by=operator, grant=name, quantity=grant.delivered + more))
            if name not in self._line.state.awaited:
                owed.pop(name, None)

    def _count(self, name: str, delivered: int, at: Instant) -> None:
        """So much of a grant runs from now on."""
        grant = self._line.state.grants[name]
        more = delivered - self._delivered.get(name, 0)
        self._run_until(at)
        self._delivered[name] = delivered
        key, job = (grant.host, grant.sku), (grant.host, grant.workload_class)
        self._standing[key] = self._standing.get(key, 0) + more
        self._running[job] = self._running.get(job, 0) + more

    def _end(self, name: str, at: Instant) -> None:
        """A grant is over: what it held is free for whoever waits, and if it ended early also for needs that found no room."""
        grant = self._line.state.grants[name]
        key = (grant.host, grant.sku)
        self._owed.get(key, {}).pop(name, None)
        if self._delivered.get(name):
            self._count(name, 0, at)
        self._delivered.pop(name, None)
        if self._owed.get(key):
            self._calendar.add(self._now, "deliver", key)
        if at < grant.ends:
            self._look_again(grant.sku)

    # --- figures, usage and launches

    def _record(self, signal: Signal) -> None:
        self._say(
            RecordSignal(
                by=signal.party,
                party=signal.party,
                signal=signal.signal,
                value=signal.value,
                unit=signal.unit,
                since=signal.since,
                until=signal.at,
                source=signal.source,
            )
        )

    def _run_until(self, at: Instant) -> None:
        """Add up what ran since the last change."""
        if at <= self._ran_until:
            return
        for job, quantity in self._running.items():
            if quantity:
                self._ran[job] = self._ran.get(job, 0) + quantity * (at - self._ran_until)
        self._ran_until = at

    def _close_period(self, at: Instant) -> None:
        """A month is over, or what is agreed changes: what ran until now is one report, so that none covers two versions."""
        self._run_until(at)
        ran, self._ran = self._ran, {}
        if ran and self._period < at:
            self._calendar.add(self._now, "usage", (self._period, at, ran))
        self._period = max(self._period, at)

    def _report_usage(self, starts: Instant, ends: Instant, ran: Mapping[tuple[str, str], int]) -> None:
        """What ran on each host, for each class, as the scenario says it was really used."""
        by_host: dict[str, dict[str, int]] = {}
        for (host, workload_class), seconds in ran.items():
            by_host.setdefault(host, {})[workload_class] = seconds // HOUR
        last_day = day_of(ends - 1, self._zone)
        for host, place in self._scenario.agreement.hosts.items():
            hours = by_host.get(host, {})
            mix = self._mix(host, last_day)
            if mix is not None:
                total = sum(hours.values())
                hours = {workload_class: int(total * share) for workload_class, share in mix.items()}
            for workload_class in self._scenario.agreement.workload_classes:
                if hours.get(workload_class):
                    self._say(
                        ReportUsage(
                            by=place.operator,
                            report=f"{host}/{workload_class}/{iso(ends)}",
                            host=host,
                            workload_class=workload_class,
                            accelerator_hours=hours[workload_class],
                            starts=starts,
                            ends=ends,
                        )
                    )

    def _mix(self, host: str, last_day: date) -> Mapping[str, Share] | None:
        """What really ran on a host up to a day, where the scenario says so."""
        stated = [mix for mix in self._file.usage if mix.host == host and mix.from_ <= last_day]
        return max(stated, key=lambda mix: mix.from_).classes if stated else None

    def _see_launch(self, request: str) -> None:
        """A product ships once everything that it waits for is there; where it may not yet, the holder says whether it can and wants to."""
        state = self._line.state
        need = state.requests.get(request)
        if need is None or not need.asked.launch:
            return
        names = self._launches.get(need.asked.launch, [])
        if any(name in state.live or name not in state.requests or not state.requests[name].granted for name in names):
            return
        grants = [g for name in names for g in map(state.grants.__getitem__, self._grants.get(name, ())) if g.status != "cancelled"]
        if not grants or any(g.delivered < g.quantity for g in grants):
            return
        for workload_class in dict.fromkeys(g.workload_class for g in grants):
            mine = [g for g in grants if g.workload_class == workload_class]
            self._ship(need.asked.launch, workload_class, [g.host for g in sorted(mine, key=lambda g: (-g.quantity, g.grant))])

    def _ship(self, launch: str, workload_class: str, hosts: list[str]) -> None:
        """Announce a product on every platform that it has capacity on: a first-shipment holder's before all others."""
        places, first = self._scenario.agreement.hosts, _clauses(self._scenario, FirstShipment)
        holders = {clause.holder for clause in first}
        for host in sorted(dict.fromkeys(hosts), key=lambda h: places[h].platform not in holders):
            if (launch, places[host].platform) in self._line.state.launches:
                continue
            command = AnnounceLaunch(by=self._file.buyer, launch=launch, workload_class=workload_class, host=host)
            if not isinstance(self._say(command)[-1], CommandRefused) or not first:
                continue
            for clause in first:
                self._ship_first(clause, command)
            self._say(command)
            freed = [
                self._line.state.launches[launch, clause.holder] + int(clause.head_start.total_seconds())
                for clause in first
                if (launch, clause.holder) in self._line.state.launches
            ]
            if freed and max(freed) > self._now:
                self._calendar.add(max(freed), "again", command)

    def _ship_first(self, clause: FirstShipment, refused: AnnounceLaunch) -> None:
        """A launch waits for another platform: it ships there too if such work runs there, else its holder says whether it can and wants to."""
        places = self._scenario.agreement.hosts
        launch, workload_class = refused.launch, refused.workload_class
        if (launch, clause.holder) in self._line.state.launches:
            return
        home = next((h for (h, c), n in self._running.items() if n and c == workload_class and places[h].platform == clause.holder), None)
        if home is not None:
            self._say(AnnounceLaunch(by=refused.by, launch=launch, workload_class=workload_class, host=home))
            return
        skus = places[refused.host].skus
        able = self._desks.has_room(clause.holder, skus[0] if skus else "", self._line.state, self._now)
        self._say(DeclareAbility(by=clause.holder, launch=launch, able=able, willing=able))


def _clauses(scenario: Scenario, kind: type[C]) -> list[C]:
    """Every clause of a kind that is ever written."""
    return [clause for clause in all_clauses(scenario.agreement) if isinstance(clause, kind)]


def _reader(party: str) -> str:
    """Who reads notices for a party."""
    return f"{party}-capacity-desk"


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
