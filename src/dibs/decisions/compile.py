"""An agreement as a finite table: for each class of work and host, the days on which the answer changes, and the answers.

Clauses are boxes in time x class x platform x operator x host, so there are only so many different questions.  A `Table`
holds everything fixed but class, host, day and quantity: what was known, what has happened, and the circumstances of
the question.  Its cells are worked out when first asked for and kept in the instance.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right, insort
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from dibs.contract.model import ExclusiveHosting, PreEmption
from dibs.contract.readings import AS_WRITTEN, all_clauses, read_as
from dibs.decisions.changes import Question, smallest_changes
from dibs.decisions.decision import Answer, Change, Decision, Facts, Reason, ReasonCode
from dibs.decisions.history import ALWAYS, NEVER, History, Known, Worlds, mattering
from dibs.decisions.judge import ASKED, Circumstances, Outcome, Place, Steps, Voice, accelerators, rule, speaks_of, thresholds, voices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from decimal import Decimal

    from dibs.contract.model import Agreement, Clause, ClauseId, HostId, PartyId, WorkloadClass
    from dibs.decisions.batch import Days, Names, Quantities, Verdicts, Whole

TABLES_MAX = 64
"""Tables kept at once (bound is in): one for each set of known amendments, facts and circumstances asked about; the oldest goes first."""
NO_FACTS = Facts()


class Verdict(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A prebuilt answer, for quantities from `least` on; below that, `smaller` answers.

    `denying` are the clauses that keep it from `permitted`, and `mask` the same as bits by their place in
    `Compiled.clause_ids`.  A reason's `have` may hold a place for the quantity asked about: `reasons_at` fills it.
    """

    answer: Answer
    denying: tuple[ClauseId, ...]
    mask: int
    reasons: tuple[Reason, ...]
    least: int = 0
    smaller: Verdict | None = None

    def reasons_at(self, quantity: int | None) -> tuple[Reason, ...]:
        """The reasons with the quantity asked about filled in."""
        have = "a lot of at least the minimum" if quantity is None else accelerators(quantity)
        return tuple(dataclasses.replace(r, have=r.have.replace(ASKED, have)) if ASKED in r.have else r for r in self.reasons)


class Cell(NamedTuple):
    """One class on one host: the days on which its answers change, and the verdicts before, between and after them."""

    days: list[date]
    verdicts: list[Verdict]
    unstated: list[Verdict]
    """The same for questions without a quantity."""

    def on(self, day: date | None) -> Verdict:
        """The verdict of a day for the largest quantities; without a day, of those before all that matter."""
        return self.verdicts[bisect_right(self.days, day) if day is not None else 0]


class _Hosts(dict[str, Cell]):
    """The cells of one class by host, each worked out when first asked for."""

    def __init__(self, table: Table, workload_class: WorkloadClass) -> None:
        super().__init__()
        self._table = table
        self._class = workload_class

    def __missing__(self, host: HostId) -> Cell:
        if host not in self._table.agreement.hosts:
            return _unknown(ReasonCode.UNKNOWN_HOST, host, "host")
        cell = self[host] = self._table.work_out(self._class, host)
        return cell


class _Classes(dict[str, dict[str, Cell]]):
    """The cells by class."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, workload_class: WorkloadClass) -> dict[str, Cell]:
        if workload_class not in self._table.agreement.workload_classes:
            return _Unknown(workload_class)
        row = self[workload_class] = _Hosts(self._table, workload_class)
        return row


class _Unknown(dict[str, Cell]):
    """The cells of a class that the agreement does not name."""

    def __init__(self, workload_class: WorkloadClass) -> None:
        super().__init__()
        self._class = workload_class

    def __missing__(self, host: HostId) -> Cell:
        return _unknown(ReasonCode.UNKNOWN_CLASS, self._class, "class of work")


def _unknown(code: ReasonCode, name: str, what: str) -> Cell:
    verdict = Verdict(Answer.UNDETERMINED, (), 0, (Reason(code=code, clause="", text=f"The agreement names no {what} `{name}`."),))
    return Cell([], [verdict], [verdict])


class Table:
    """All answers under one state of knowledge, one set of facts and one set of circumstances."""

    def __init__(self, history: History, known: Known, facts: Facts, circumstances: Circumstances) -> None:
        """Made by `Compiled.under`; nothing is worked out yet."""
        self.agreement = history.agreement
        self.clause_ids = history.clause_ids
        self.circumstances = circumstances
        self.worlds = Worlds(history, known, facts.fired)
        self._history = history
        self._known = known
        self._facts = facts
        self._cells = _Classes(self)
        self._voices: dict[object, Voice] = {}
        self._spoken: dict[tuple[Voice, ...], Cell] = {}
        self._ruled: dict[tuple[int, ...], Steps] = {}
        self._built: dict[int, tuple[Steps, Verdict, Verdict]] = {}
        self._explained: dict[tuple[str, str, int, int], tuple[date | None, tuple[Change, ...]]] = {}
        self._whole: Whole | None = None
        self.answer: Callable[..., Verdict] = _look_up(self._cells)
        """`answer(workload_class, host, on, quantity=None)`: the prebuilt verdict, without numbers filled in."""
        every = self.worlds.every()
        edges = {o for row in every for o in (row.starts, row.ends)}
        edges |= {d.toordinal() for d in (*facts.fired.values(), *facts.suspended.values())}
        self.days = tuple(date.fromordinal(o) for o in sorted(edges) if ALWAYS < o < NEVER)
        """Every day on which any answer can change."""
        self.thresholds = tuple(sorted({t for row in every for t in thresholds(row.clause) if t > 0}))
        """Every quantity from which on any answer can change."""

    # --- answers

    def decide(self, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None = None, *, known: date | None = None) -> Decision:
        """The whole answer, with the day it changes and the smallest changes that would give another.

        Raises `ValueError` for a quantity under 1: nothing is no need.
        """
        if quantity is not None and quantity < 1:
            message = f"a need is for at least one accelerator, not for {quantity}"
            raise ValueError(message)
        verdict = self.answer(workload_class, host, on, quantity)
        key = (workload_class, host, bisect_right(self.days, on), -1 if quantity is None else bisect_right(self.thresholds, quantity))
        explained = self._explained.get(key)
        if explained is None:
            explained = (self.flips_on(workload_class, host, on, quantity), smallest_changes(Question(self, workload_class, host, on, quantity)))
            if host in self.agreement.hosts and workload_class in self.agreement.workload_classes:
                self._explained[key] = explained
        return Decision(
            answer=verdict.answer,
            on=on,
            known=known,
            version=self.version(on),
            workload_class=workload_class,
            host=host,
            reasons=verdict.reasons_at(quantity),
            flips_on=explained[0],
            would_change_if=explained[1],
        )

    def flips_on(self, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None = None) -> date | None:
        """The first later day on which the same question has another answer."""
        now = self.answer(workload_class, host, on, quantity).answer
        return next((day for day, answer in self.later(workload_class, host, on, quantity) if answer is not now), None)

    def later(self, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None = None) -> Iterable[tuple[date, Answer]]:
        """Each later day on which the answer to the same question may change, with that answer, in order."""
        days = self.cell(workload_class, host).days
        return ((day, self.answer(workload_class, host, day, quantity).answer) for day in days[bisect_right(days, on) :])

    def version(self, on: date) -> str:
        """The id of the version in force."""
        return self._known.version_ids[bisect_right(self._known.version_days, on)]

    def batch(self, classes: Names, hosts: Names, days: Days, quantities: Quantities = None) -> Verdicts:
        """Many answers at once: see `dibs.decisions.batch`."""
        if self._whole is None:
            from dibs.decisions.batch import Whole  # noqa: PLC0415 - numpy is loaded by whoever needs it, not by `import dibs`

            self._whole = Whole(self)
        return self._whole.answer(classes, hosts, days, quantities)

    def fill(self) -> Table:
        """Work out every cell now."""
        for workload_class in self.agreement.workload_classes:
            for host in self.agreement.hosts:
                self.cell(workload_class, host)
        return self

    def cell(self, workload_class: WorkloadClass, host: HostId) -> Cell:
        """One class on one host, worked out if nobody asked for it before."""
        return self._cells[workload_class][host]

    # --- what if

    def if_granted(self, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None, granted: frozenset[PartyId]) -> Answer:
        """The answer if these parties consented to this one need, and waived their rights over it."""
        place = self._place(workload_class, host)
        answers = {answer for _, answer in self._on(place, on, quantity, granted)}
        return answers.pop() if len(answers) == 1 else Answer.UNDETERMINED

    def if_ordered(self, order: str) -> Table:
        """The table for questions that name an order."""
        return Table(self._history, self._known, self._facts, dataclasses.replace(self.circumstances, order=order))

    def by_reading(self, workload_class: WorkloadClass, host: HostId, on: date, quantity: int | None) -> dict[ClauseId, dict[str, set[Answer]]]:
        """For each open clause whose reading matters here: the answers that each of its readings allows."""
        worlds = self._on(self._place(workload_class, host), on, quantity)
        return mattering(worlds)

    def _on(
        self, place: Place, on: date, quantity: int | None, granted: frozenset[PartyId] = frozenset()
    ) -> list[tuple[Mapping[ClauseId, str], Answer]]:
        """The answer on one day for each way to read the open clauses, worked out anew."""
        day = on.toordinal()
        ruled = [(reads, rule([v for v in spoken if v.starts <= day < v.ends], place, granted)) for reads, spoken in self._hear(place)]
        meant = quantity if quantity is not None else max((steps.unstated for _, steps in ruled), default=1)
        return [(reads, steps.at(meant).answer) for reads, steps in ruled]

    def lot(self, workload_class: WorkloadClass, host: HostId, on: date) -> int:
        """The quantity that is meant where none is stated: the smallest that is at least every minimum lot."""
        place, day = self._place(workload_class, host), on.toordinal()
        ruled = (rule([v for v in spoken if v.starts <= day < v.ends], place) for _, spoken in self._hear(place))
        return max((steps.unstated for steps in ruled), default=1)

    def clauses_on(self, on: date) -> tuple[Clause, ...]:
        """The clauses in force on a day, each open one under every reading."""
        day = on.toordinal()
        return tuple(row.clause for row in self.worlds.every() if row.starts <= day < row.ends)

    def beneficiaries(self, on: date, clause_ids: Iterable[ClauseId]) -> tuple[PartyId, ...]:
        """In whose favour these clauses stand: who could consent or waive."""
        wanted = set(clause_ids)
        clauses = [c for c in self.clauses_on(on) if c.id in wanted]
        parties = (c.platform if isinstance(c, ExclusiveHosting) else c.holder for c in clauses if isinstance(c, ExclusiveHosting | PreEmption))
        return tuple(dict.fromkeys(parties))

    # --- working out

    def _place(self, workload_class: WorkloadClass, host: HostId) -> Place:
        return Place(workload_class, self.agreement.hosts[host], self.agreement.parties, self.circumstances)

    def work_out(self, workload_class: WorkloadClass, host: HostId) -> Cell:
        """One cell: the answers of one class on one host over all days and quantities."""
        place = self._place(workload_class, host)
        worlds = self._hear(place)
        if not worlds:
            verdict = self._verdict(_undetermined(self.worlds.ambiguous(lambda c: speaks_of(c, place))))
            return Cell([], [verdict], [verdict])
        if len(worlds) > 1:
            return self._cell_of(self._together([(reads, self._stretches(spoken, place)) for reads, spoken in worlds]))
        spoken = worlds[0][1]
        cell = self._spoken.get(spoken)  # two hosts of which all clauses say the same have one cell
        if cell is None:
            cell = self._spoken[spoken] = self._cell_of(self._stretches(spoken, place))
        return cell

    def _cell_of(self, stretches: Iterable[tuple[int, Steps]]) -> Cell:
        """Stretches that follow on one another without a difference are one."""
        days: list[date] = []
        verdicts: list[Verdict] = []
        unstated: list[Verdict] = []
        previous: Steps | None = None
        for first, steps in stretches:
            if steps == previous:
                continue
            if previous is not None:
                days.append(date.fromordinal(first))
            built = self._built.get(id(steps))
            if built is None:
                built = self._built[id(steps)] = (steps, *self._build(steps))
            verdicts.append(built[1])
            unstated.append(built[2])
            previous = steps
        return Cell(days, verdicts, unstated)

    def _build(self, steps: Steps) -> tuple[Verdict, Verdict]:
        """The verdict for the largest quantities, which leads to the smaller ones, and the one for the lot that is meant without a quantity."""
        verdict = unstated = None
        for least, outcome in steps.outcomes:
            verdict = self._verdict(outcome, least, verdict)
            if unstated is None or least <= steps.unstated:
                unstated = verdict
        assert verdict is not None  # noqa: S101 - there is always a step from nought on
        assert unstated is not None  # noqa: S101 - the same
        return verdict, unstated

    def _verdict(self, outcome: Outcome, least: int = 0, smaller: Verdict | None = None) -> Verdict:
        mask = 0
        for clause_id in outcome.denying:
            mask |= 1 << self._history.ranks[clause_id]
        return Verdict(outcome.answer, outcome.denying, mask, outcome.reasons, least, smaller)

    def _hear(self, place: Place) -> list[tuple[Mapping[ClauseId, str], tuple[Voice, ...]]]:
        """The clauses that speak of a place, once for each way to read those that are open; nothing if there are too many ways."""
        return [(reads, voices(rows, place, self._facts.suspended, self._voices)) for reads, rows in self.worlds.of(lambda c: speaks_of(c, place))]

    def _stretches(self, spoken: Sequence[Voice], place: Place) -> list[tuple[int, Steps]]:
        """The steps from each day on (as ordinal) on which the set of clauses in force changes, the first from the beginning of time.

        Most hosts are to most clauses what another host is: what was ruled for one is kept for all that are alike.
        """
        begin: dict[int, list[int]] = {}
        end: dict[int, list[int]] = {}
        for n, voice in enumerate(spoken):
            begin.setdefault(voice.starts, []).append(n)
            end.setdefault(voice.ends, []).append(n)
        in_force: list[int] = []
        out = []
        for first in sorted({ALWAYS, *begin, *end} - {NEVER}):
            for n in end.get(first, ()):
                in_force.remove(n)
            for n in begin.get(first, ()):
                insort(in_force, n)
            key = tuple([spoken[n].number for n in in_force])
            steps = self._ruled.get(key)
            if steps is None:
                steps = self._ruled[key] = rule([spoken[n] for n in in_force], place)
            out.append((first, steps))
        return out

    def _together(self, worlds: Sequence[tuple[Mapping[ClauseId, str], list[tuple[int, Steps]]]]) -> list[tuple[int, Steps]]:
        """One list of stretches out of one for each way to read: where the ways differ, the answer is undetermined."""
        out = []
        for first in sorted({first for _, stretches in worlds for first, _ in stretches}):
            now = [(reads, stretches[bisect_right(stretches, first, key=lambda s: s[0]) - 1][1]) for reads, stretches in worlds]
            by_quantity: list[tuple[int, Outcome]] = []
            for least in sorted({least for _, steps in now for least, _ in steps.outcomes}):
                outcome = self._agreed([(reads, steps.at(least)) for reads, steps in now])
                if not by_quantity or outcome != by_quantity[-1][1]:
                    by_quantity.append((least, outcome))
            out.append((first, Steps(tuple(by_quantity), max(steps.unstated for _, steps in now))))
        return out

    def _agreed(self, outcomes: Sequence[tuple[Mapping[ClauseId, str], Outcome]]) -> Outcome:
        """The one answer of all worlds, for the reasons of the text as written; or none."""
        if len({o.answer for _, o in outcomes}) == 1:
            return outcomes[0][1]
        return _undetermined(self.worlds.differing([(reads, o.answer) for reads, o in outcomes]))


def _look_up(cells: _Classes) -> Callable[..., Verdict]:
    """The fast single path, as a closure: no attribute is looked up, nothing is built."""

    def answer(workload_class: str, host: str, on: date, quantity: int | None = None) -> Verdict:
        days, verdicts, unstated = cells[workload_class][host]
        if quantity is None:
            return unstated[bisect_right(days, on)]
        verdict = verdicts[bisect_right(days, on)]
        while quantity < verdict.least:
            verdict = verdict.smaller  # type: ignore[assignment]  # the lowest step begins at nought
        return verdict

    return answer


def _undetermined(reasons: tuple[Reason, ...]) -> Outcome:
    return Outcome(Answer.UNDETERMINED, reasons, tuple(r.clause for r in reasons))


class Compiled:
    """An agreement ready to answer.  Immutable to the outside; what it has worked out is kept in the instance."""

    def __init__(self, agreement: Agreement) -> None:
        """Take `compile_agreement`, which says the same in a verb."""
        self.agreement = agreement
        self.zone = ZoneInfo(agreement.time_zone)
        self.history = History(agreement)
        self.clause_ids = self.history.clause_ids
        """Every clause in the order of the text; a denying mask counts its bits in this order."""
        texts = [read_as(c, name) for c in all_clauses(agreement) for name in (AS_WRITTEN, *c.readings)]
        self._bursts = {text.exempt_bursts_under for text in texts if isinstance(text, PreEmption)}
        self._tables: dict[object, Table] = {}
        self.now = self.under()
        """The table with everything signed known and nothing having happened."""
        self.answer = self.now.answer
        """`answer(workload_class, host, on, quantity=None)` on that table: the fast single path."""

    def decide(
        self,
        *,
        workload_class: WorkloadClass,
        host: HostId,
        on: date,
        known: date | None = None,
        quantity: int | None = None,
        renewal: bool = False,
        burst_hours: int | None = None,
        order: str = "",
        power: Decimal | None = None,
        facts: Facts = NO_FACTS,
    ) -> Decision:
        """May this work run there: the whole answer.  Days are in the agreement's zone, `power` is in MW.

        Without `quantity` the question is about a lot of at least the minimum.  `known` leaves out amendments signed
        after that day.
        """
        table = self.under(known=known, facts=facts, renewal=renewal, burst_hours=burst_hours, order=order, power=power)
        return table.decide(workload_class, host, on, quantity, known=known)

    def under(
        self,
        *,
        known: date | None = None,
        facts: Facts = NO_FACTS,
        renewal: bool = False,
        burst_hours: int | None = None,
        order: str = "",
        power: Decimal | None = None,
    ) -> Table:
        """The table of answers under these conditions, for whoever has many questions about them."""
        signed = self.history.signed_by(known)
        burst = None if burst_hours is None else self._burst(timedelta(hours=burst_hours))
        circumstances = Circumstances(renewal, burst, order, power, facts.drifted)
        key = (signed, tuple(sorted(facts.fired.items())), tuple(sorted(facts.suspended.items())), circumstances)
        table = self._tables.get(key)
        if table is None:
            if len(self._tables) >= TABLES_MAX:
                del self._tables[next(iter(self._tables))]
            table = self._tables[key] = Table(self.history, self.history.known_after(signed), facts, circumstances)
        return table

    def _burst(self, length: timedelta) -> timedelta:
        """The shortest burst that is treated alike, so that bursts of every length share few tables."""
        return max((t for t in self._bursts if t <= length), default=timedelta(0))

    def batch(self, classes: Names, hosts: Names, days: Days, quantities: Quantities = None) -> Verdicts:
        """Many answers at once, with everything signed known and nothing having happened: see `dibs.decisions.batch`."""
        return self.now.batch(classes, hosts, days, quantities)

    def matrix(
        self, on: date, known: date | None = None, *, quantity: int | None = None, facts: Facts = NO_FACTS
    ) -> dict[WorkloadClass, dict[HostId, Decision]]:
        """Every class on every host on one day, in the order of the agreement."""
        table = self.under(known=known, facts=facts)
        return {c: {h: table.decide(c, h, on, quantity, known=known) for h in self.agreement.hosts} for c in self.agreement.workload_classes}

    # --- for the procedure

    def in_force(self, on: date, known: date | None = None, facts: Facts = NO_FACTS) -> tuple[Clause, ...]:
        """The clauses in force on a day as they are read, in the order of the text; what a fired trigger has ended is left out."""
        day = on.toordinal()
        return tuple(row.clause for row in self.under(known=known, facts=facts).worlds.as_written() if row.starts <= day < row.ends)

    def pre_emptions(
        self, workload_class: WorkloadClass, host: HostId | None, on: date, facts: Facts = NO_FACTS, known: date | None = None
    ) -> tuple[PreEmption, ...]:
        """The rights that cover new capacity of a class, in the order of the text; open clauses as they are written.

        Class exclusivity comes first (R28): a class that is bound is covered by nothing.  With a host, rights of the
        holder whose platform it is and those that leave it alone are left out; consents, sizes and what machines count
        are for `decide`.
        """
        clauses = self.in_force(on, known, facts)
        if any(isinstance(c, ExclusiveHosting) and workload_class in c.classes and host not in c.except_hosts for c in clauses):
            return ()
        platform = self.agreement.hosts[host].platform if host is not None else None
        return tuple(
            c
            for c in clauses
            if isinstance(c, PreEmption)
            and workload_class in c.classes
            and c.holder != platform
            and host not in c.exempt_hosts
            and not (c.id in facts.suspended and on < facts.suspended[c.id])
        )

    def pre_emption(
        self, workload_class: WorkloadClass, host: HostId | None, on: date, facts: Facts = NO_FACTS, known: date | None = None
    ) -> PreEmption | None:
        """The first of `pre_emptions`."""
        return next(iter(self.pre_emptions(workload_class, host, on, facts, known)), None)

    def clause(self, clause_id: ClauseId, on: date, known: date | None = None) -> Clause | None:
        """A clause as it reads on a day, if it is in force."""
        return next((c for c in self.in_force(on, known) if c.id == clause_id), None)

    def barrier(self, clause: PreEmption, on: date, holder: PartyId = "") -> bool:
        """Whether notices under a right are shown only to named staff: holder and grantor compete (R24).  `holder`: whom it has passed to."""
        return clause.barrier and self.compete(holder or clause.holder, clause.grantor, on)

    def compete(self, one: PartyId, other: PartyId, on: date) -> bool:
        """Whether either party counts as the other's competitor on a day."""
        days = (self.agreement.parties[a].competitor_of.get(b) for a, b in ((one, other), (other, one)) if a in self.agreement.parties)
        return any(day is not None and day <= on for day in days)

    def boundaries(self, known: date | None = None) -> tuple[date, ...]:
        """Every day on which a clause begins or ends, in order."""
        edges = {o for row in self.under(known=known).worlds.as_written() for o in (row.starts, row.ends)}
        return tuple(date.fromordinal(o) for o in sorted(edges) if ALWAYS < o < NEVER)

    def version(self, on: date, known: date | None = None) -> str:
        """The id of the version in force."""
        return self.under(known=known).version(on)


def compile_agreement(agreement: Agreement) -> Compiled:
    """Make an agreement ready to answer.  Cheap: cells are worked out when first asked for, `Compiled.now.fill()` does all at once."""
    return Compiled(agreement)
