"""What the clauses in force on one day say of one class of work on one host.

Here is all the judgement and no time: `compile` asks for every stretch of days and keeps the answers.  The order of
the tests is part of the contract:

1. Where two clauses speak and one `overrides` the other, the outranked one is silent.
2. Exclusivity comes first (R28).  Off the exclusive platform the work is refused, unless that platform's owner has
   consented; on it, the need never reaches a case.  Two exclusivities that no host can obey at once are a conflict.
3. Then each pre-emption right: the holder is asked first, unless the host is on the holder's own platform (and its
   machines are not agreed to be somebody else's, R21), is exempt, the right is suspended, the need is a renewal, a short
   burst, covered by a consent, or under the minimum lot.

A consent covers only what it names, up to its quantity and, for more than a renewal, only while its purpose is kept (R29).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, auto
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from dibs.contract.model import Consent, ExclusiveHosting, PreEmption, Programme, SubSupply
from dibs.decisions.decision import Answer, Reason, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, timedelta

    from dibs.contract.model import Clause, ClauseId, Host, Party, PartyId, WorkloadClass
    from dibs.decisions.history import Row

Hosting: TypeAlias = ExclusiveHosting | PreEmption | Consent | SubSupply | Programme
"""The kinds of clause that can matter to where work runs."""
PRECEDENCE = {code: place for place, code in enumerate(ReasonCode)}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a question says besides class, host, day and quantity."""

    renewal: bool = False
    burst: timedelta | None = None
    """How long the need lasts, if it is an emergency; rounded down to what some right still tells apart."""
    order: str = ""
    power: Decimal | None = None
    """In MW."""
    drifted: frozenset[ClauseId] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """One class of work on one host, with what has to be known about the parties to judge it."""

    workload_class: WorkloadClass
    host: Host
    parties: Mapping[PartyId, Party]
    circumstances: Circumstances

    def buyer(self, party: PartyId) -> PartyId:
        """For whom a party buys: itself, or whoever controls it (R17)."""
        seen = {party}
        while party in self.parties and (parent := self.parties[party].controlled_by) and parent not in seen:
            seen.add(parent)
            party = parent
        return party

    def __str__(self) -> str:
        """Whose contract and whose machines."""
        host = self.host
        return f"platform {host.platform}" if host.platform == host.operator else f"platform {host.platform}, operator {host.operator}"


class Stance(StrEnum):
    """What a clause has to do with a place, whatever else is in force and however large the need."""

    HOME = auto()
    """Exclusivity: the work is where it has to be."""
    BORROWED = auto()
    """Exclusivity: the platform is right and the machines are another's."""
    AWAY = auto()
    """Exclusivity: the work has to be elsewhere."""
    OWN_PLATFORM = auto()
    """Pre-emption: the host is on the holder's own platform."""
    UNCOUNTED = auto()
    """Pre-emption: the same, and on some days its machines are agreed not to count as the holder's (R21)."""
    OUTSIDE = auto()
    """Pre-emption: the host is outside the right."""
    ASLEEP = auto()
    """Pre-emption: the holder's defaults have put the right to sleep (R22)."""
    SPARED = auto()
    """Pre-emption: a renewal, or a short burst (R2)."""
    STANDS = auto()
    """Pre-emption: the holder is asked first, if the need is large enough."""
    LEAVE = auto()
    """A consent that names the place."""
    COUNTS = auto()
    """Sub-supply that counts as the holder's."""
    COUNTS_NOT = auto()
    """Sub-supply that is agreed not to count."""
    LISTS = auto()
    """A programme that builds this host."""


IN_SCOPE = frozenset(
    {Stance.HOME, Stance.BORROWED, Stance.AWAY, Stance.SPARED, Stance.STANDS, Stance.LEAVE, Stance.COUNTS, Stance.COUNTS_NOT, Stance.LISTS}
)
"""With these a clause speaks of the place, and may outrank another or be outranked."""
ASKED = "{quantity}"
"""Stands in a reason's `have` for the quantity asked about, which is filled in when somebody asks."""


class Voice(msgspec.Struct, eq=False, gc=False):
    """One clause, for the days from `starts` to before `ends` (ordinals), as it speaks of one place.

    `party` is in whose favour it stands; `need` and `have` are what it compares.  Of a right: `lot` is its minimum,
    `opens_from` the quantity from which on it opens a case here, and `if_smaller` what it says of less.  Where a
    clause says the same of two places it is one voice, with one `number`.
    """

    number: int
    clause: Hosting
    starts: int
    ends: int
    stance: Stance
    party: PartyId
    lot: int
    opens_from: int
    if_smaller: ReasonCode
    need: str
    have: str
    _said: dict[object, Reason] | None = None

    def says(self, code: ReasonCode) -> Reason:
        """The reason that this clause gives, with the numbers that it compares; the same object each time."""
        return (self._said and self._said.get(code)) or self._keep(code, code, self.need, self.have)

    def puts(self, code: ReasonCode, need: str, have: str) -> Reason:
        """The same with other numbers."""
        key = (code, need, have)
        return (self._said and self._said.get(key)) or self._keep(key, code, need, have)

    def _keep(self, key: object, code: ReasonCode, need: str, have: str) -> Reason:
        clause = self.clause
        if code is ReasonCode.ON_HOLDER_PLATFORM and isinstance(clause, PreEmption):  # the clause does not stand here, so it is not cited
            text = f"The host is on the platform of `{self.party}`: a right of first call never stands against its holder's own platform."
            reason = Reason(code=code, clause="", text=text)
        else:
            reason = Reason(code=code, clause=clause.id, text=clause.says, where=clause.mark, need=need, have=have)
        if self._said is None:
            self._said = {}
        self._said[key] = reason
        return reason


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """An answer, the reasons that carry it (by precedence), then those that explain it; `denying` are the clauses that keep it from `permitted`."""

    answer: Answer
    reasons: tuple[Reason, ...]
    denying: tuple[ClauseId, ...]


class Steps(msgspec.Struct, frozen=True, gc=False):
    """Outcomes by quantity, each from its least on, in order; `unstated` is the quantity that a question without one is about."""

    outcomes: tuple[tuple[int, Outcome], ...]
    unstated: int

    def at(self, quantity: int | None) -> Outcome:
        """The outcome for a quantity."""
        wanted = self.unstated if quantity is None else quantity
        return next((outcome for least, outcome in reversed(self.outcomes) if least <= wanted), self.outcomes[0][1])


# --- one clause and one place


def speaks_of(clause: Clause, place: Place) -> bool:
    """Whether a clause has anything to say of a place, on the days on which it is in force."""
    match clause:
        case ExclusiveHosting():
            return place.workload_class in clause.classes and place.host.id not in clause.except_hosts
        case PreEmption():
            return place.workload_class in clause.classes
        case Consent():
            return place.workload_class in clause.classes and _names(clause, place)
        case SubSupply():
            return (not clause.classes or place.workload_class in clause.classes) and _is_sub_supply(clause, place.host)
        case Programme():
            return any(phase.host == place.host.id for site in clause.sites for phase in site.phases)
        case _:
            return False


def _names(consent: Consent, place: Place) -> bool:
    """Whether a consent could cover the host.  Hosts that it lists replace its description; suppliers narrow it further."""
    host = place.host
    own_contract = host.platform == consent.grantor
    by_contract = host.platform in consent.suppliers or (own_contract and host.operator in consent.suppliers)
    match consent.permits:
        case "own_build":
            described = True  # whether it counts as own-build may hang on a programme, which has days of its own
        case "platform_extension":
            described = own_contract and host.operator != consent.grantor
        case "supplier":
            described = by_contract
        case "order":
            described = not consent.suppliers or by_contract
    if consent.permits == "order" and place.circumstances.order not in consent.orders:
        return False
    if consent.hosts:
        described = host.id in consent.hosts
    return described and (not consent.suppliers or host.platform in consent.suppliers or host.operator in consent.suppliers)


def _is_sub_supply(clause: SubSupply, host: Host) -> bool:
    if clause.hosts:
        return host.id in clause.hosts
    return host.platform == clause.holder and host.operator == clause.supplier


def thresholds(clause: Clause) -> tuple[int, ...]:
    """The quantities from which on a clause may answer otherwise."""
    if isinstance(clause, PreEmption):
        return (clause.minimum_lot,)
    if isinstance(clause, Consent) and clause.quantity_max is not None:
        return (clause.quantity_max + 1,)
    return ()


def voices(rows: Iterable[Row], place: Place, suspended: Mapping[ClauseId, date], kept: dict[object, Voice]) -> tuple[Voice, ...]:
    """The clauses that speak of a place, in the order of the agreement.

    A right that is suspended until a day speaks twice: asleep, then awake.  Where a clause says the same of two places it
    is one voice: `kept` keeps them.
    """
    out = []
    speaking = [row for row in rows if row.starts < row.ends and speaks_of(row.clause, place)]
    listed = any(isinstance(row.clause, Programme) for row in speaking)
    uncounted = frozenset(row.clause.holder for row in speaking if isinstance(row.clause, SubSupply) and not row.clause.counts_as_holder)
    for row in speaking:
        clause = row.clause
        if isinstance(clause, Consent) and not listed and not _covers(clause, place, ()):
            continue
        until = suspended.get(clause.id) if isinstance(clause, PreEmption) else None
        wakes = row.starts if until is None else min(max(until.toordinal(), row.starts), row.ends)
        if row.starts < wakes:
            out.append(_voice(row, (row.starts, wakes), place, kept, uncounted, listed=listed, asleep=True))
        if wakes < row.ends:
            out.append(_voice(row, (wakes, row.ends), place, kept, uncounted, listed=listed))
    return tuple(out)


def _voice(
    row: Row, period: tuple[int, int], place: Place, kept: dict[object, Voice], uncounted: frozenset[PartyId], *, listed: bool, asleep: bool = False
) -> Voice:
    clause, host = row.clause, place.host
    need, have = "", str(place)
    match clause:
        case ExclusiveHosting(platform=party):
            need = f"{clause.tests} {party}"
            if host.operator == party and (clause.tests == "operator" or host.platform == party):
                stance = Stance.HOME
            else:
                stance = Stance.BORROWED if host.platform == party else Stance.AWAY
        case PreEmption(holder=party):
            stance, need, have = _pre_emption(clause, place, uncounted, asleep=asleep)
        case Consent(grantor=party):
            stance, have = Stance.LEAVE, ""
        case SubSupply(holder=party):
            need = f"platform {party}"
            stance = Stance.COUNTS if clause.counts_as_holder else Stance.COUNTS_NOT
        case Programme():
            stance, party = Stance.LISTS, ""
        case _:
            raise AssertionError(clause)
    # Where a programme lists the host, what a consent to own building covers hangs on the class and on the host besides.
    own = (place.workload_class, host.id) if listed else ()
    key = (id(clause), period, stance, need, have, own)
    voice = kept.get(key)
    if voice is None:
        lot, opens_from, if_smaller = _minimum(clause, place) if isinstance(clause, PreEmption) else (1, 1, ReasonCode.EXEMPT)
        voice = kept[key] = Voice(len(kept), clause, *period, stance, party, lot, opens_from, if_smaller, need, have)
    return voice


def _pre_emption(clause: PreEmption, place: Place, uncounted: frozenset[PartyId], *, asleep: bool) -> tuple[Stance, str, str]:
    """How a right stands to a place, with what it needs and what is the case."""
    asked = place.circumstances
    own = place.host.platform == clause.holder
    if own and clause.holder not in uncounted:
        return Stance.OWN_PLATFORM, "", ""
    if place.host.id in clause.exempt_hosts:
        return Stance.OUTSIDE, "", f"host {place.host.id} is outside the right"
    if asleep:
        return Stance.ASLEEP, "", "suspended after the holder's defaults"
    if asked.renewal and clause.exempt_renewals:
        return Stance.SPARED, "", "a renewal at equal or smaller size"
    if asked.burst is not None and asked.burst < clause.exempt_bursts_under:
        return Stance.SPARED, f"a burst under {_hours(clause.exempt_bursts_under)}", "a shorter burst"
    need, have = accelerators(clause.minimum_lot), ASKED
    if clause.minimum_power is not None:
        need = f"{need} or {_megawatts(clause.minimum_power)}"
        have = f"{have}, {'power not stated' if asked.power is None else _megawatts(asked.power)}"
    return Stance.UNCOUNTED if own else Stance.STANDS, need, have


def _minimum(clause: PreEmption, place: Place) -> tuple[int, int, ReasonCode]:
    """The minimum lot, the quantity from which on a case opens, and what is said of less.

    Where a minimum is agreed in power too, whichever is reached first opens a case (R1), and somebody has to say how much it is.
    """
    power = place.circumstances.power
    if clause.minimum_power is None:
        return clause.minimum_lot, clause.minimum_lot, ReasonCode.UNDER_MINIMUM_LOT
    if power is None:
        return clause.minimum_lot, clause.minimum_lot, ReasonCode.FACT_MISSING
    return clause.minimum_lot, 0 if power >= clause.minimum_power else clause.minimum_lot, ReasonCode.UNDER_MINIMUM_LOT


def accelerators(quantity: int) -> str:
    """A quantity as a reason states it."""
    return f"{quantity} accelerators" if quantity != 1 else "1 accelerator"


# --- all clauses together


def rule(in_force: Sequence[Voice], place: Place, granted: frozenset[PartyId] = frozenset()) -> Steps:
    """What the clauses in force say of a place, by quantity.  `granted` are parties assumed to consent and to waive: the "what if"."""
    lot = max([v.lot for v in in_force], default=1)
    heard, overridden, tangled = _outranked(in_force, place)
    if tangled:
        need = "one of two clauses to outrank the other"
        circle = [v.puts(ReasonCode.CONFLICT, need, "each outranks the other") for v in tangled]
        return Steps(((0, _outcome(Answer.UNDETERMINED, circle, [])),), lot)
    hearing = _Hearing(heard, overridden, place, granted)
    outcomes: list[tuple[int, Outcome]] = []
    for least in hearing.leasts():
        outcome = hearing.at(least)
        if not outcomes or outcome != outcomes[-1][1]:
            outcomes.append((least, outcome))
    return Steps(tuple(outcomes), lot)


def _outcome(answer: Answer, carrying: Sequence[Reason], explaining: Sequence[Reason]) -> Outcome:
    carrying = _by_precedence(carrying)
    denying = () if answer is Answer.PERMITTED else tuple(dict.fromkeys([r.clause for r in carrying]))
    return Outcome(answer, (*carrying, *_by_precedence(explaining)) if explaining else tuple(carrying), denying)


def _by_precedence(reasons: Sequence[Reason]) -> Sequence[Reason]:
    """Each once, in the order of the codes; within one code in the order of the agreement."""
    if len(reasons) < 2:
        return reasons
    once = {id(r): r for r in reasons}
    return sorted(once.values(), key=_precedence)


def _precedence(reason: Reason) -> int:
    return PRECEDENCE[reason.code]


class _Case(msgspec.Struct, eq=False, gc=False):
    """What exclusivity and consents come to, for one quantity."""

    quantity: int
    settled: Outcome | None = None
    """The outcome, if exclusivity settles the matter."""
    calling: list[Voice] = []
    """The rights that stand and that no consent lifts."""
    doubtful: list[Voice] = []
    """Those of which nobody can say whether they stand: it is agreed both ways whether the machines count as the holder's."""
    leave: list[Reason] = []
    """What permits it."""
    notes: list[Reason] = []
    """What decides nothing and explains."""
    at_home: list[Voice] = []
    refusing: list[tuple[Voice, Reason]] = []
    conflicts: list[Reason] = []


class _Hearing:
    """The clauses in force, sorted by what they do, to be heard for one quantity after another."""

    def __init__(self, heard: Sequence[Voice], overridden: list[Reason], place: Place, granted: frozenset[PartyId]) -> None:
        self.place = place
        self.granted = granted
        self.overridden = overridden
        self.consents: dict[PartyId, list[tuple[Voice, Consent]]] = {}
        self.limits: set[int] = set()
        self.exclusive: list[tuple[Voice, ExclusiveHosting]] = []
        self.standing: list[Voice] = []
        self.chains: list[Voice] = []
        spared: list[Voice] = []
        given: list[tuple[Voice, Consent]] = []
        programmes: list[Programme] = []
        for voice in heard:
            clause = voice.clause
            if isinstance(clause, PreEmption):
                (self.standing if voice.stance is Stance.STANDS else spared).append(voice)
            elif isinstance(clause, Consent):
                given.append((voice, clause))
            elif isinstance(clause, ExclusiveHosting):
                self.exclusive.append((voice, clause))
            elif isinstance(clause, SubSupply):
                self.chains.append(voice)
            else:
                programmes.append(clause)
        self.doubtful: list[Voice] = []
        self.spared = self._spared(spared) if spared else []
        if len(self.standing) > 1 and any(v.stance is Stance.UNCOUNTED for v in self.standing):
            self.standing.sort(key=heard.index)
        for voice, consent in given:
            if _covers(consent, place, programmes):
                self.consents.setdefault(voice.party, []).append((voice, consent))
                if consent.quantity_max is not None:
                    self.limits.add(consent.quantity_max + 1)
        self.first = self._case(0)

    def leasts(self) -> list[int]:
        """The quantities from which on the outcome may be another."""
        if self.first.settled is not None and not self.limits:
            return [0]
        return sorted({0, *self.limits, *[v.opens_from for v in (*self.standing, *self.doubtful)]})

    def _case(self, quantity: int) -> _Case:
        case = _Case(quantity)
        if self.exclusive:
            case.settled = self._exclusivity(case)
        if case.settled is None:
            if self.consents or self.granted:
                case.calling = [v for v in self.standing if not self._consented(case, v.party, v.clause)]
                case.doubtful = [v for v in self.doubtful if not self._consented(case, v.party, v.clause)]
            else:
                case.calling, case.doubtful = self.standing, self.doubtful
        return case

    def at(self, quantity: int) -> Outcome:
        """The outcome for one quantity."""
        case = self._case(quantity) if self.limits else self.first
        if case.settled is not None:
            return case.settled
        explaining = [*case.notes, *self.overridden]
        calls = [voice.says(ReasonCode.MUST_OFFER) for voice in case.calling if voice.opens_from <= quantity]
        if calls:  # one of each right, in the order of the agreement: nothing to sort
            return Outcome(Answer.OFFER_FIRST, (*calls, *_by_precedence(explaining)), tuple(dict.fromkeys([r.clause for r in calls])))
        small = [voice.says(voice.if_smaller) for voice in (*case.calling, *case.doubtful) if quantity < voice.opens_from]
        unclear = [reason for reason in small if reason.code is ReasonCode.FACT_MISSING]
        for voice in case.doubtful:
            if voice.opens_from <= quantity:
                unclear += self._disagreement(voice.party)
        if unclear:
            return _outcome(Answer.UNDETERMINED, unclear, explaining)
        return _outcome(Answer.PERMITTED, [*case.leave, *self.spared, *small], explaining)

    def _exclusivity(self, case: _Case) -> Outcome | None:
        """What exclusivity comes to, if it settles the matter.

        A refusal stands, unless for each clause that refuses there is one that wants the work exactly here: then they
        are in conflict.  Where a clause is kept, the need never reaches a case (R28).
        """
        for voice, clause in self.exclusive:
            if voice.stance is Stance.HOME:
                case.at_home.append(voice)
                case.leave.append(voice.says(ReasonCode.ON_HOLDER_PLATFORM))
            elif voice.stance is Stance.BORROWED:
                self._borrowed(case, voice, clause)
            elif not self._consented(case, voice.party, clause):
                case.refusing.append((voice, voice.says(ReasonCode.EXCLUSIVE_ELSEWHERE)))
        explaining = [*case.notes, *self.overridden]
        rivals = [(voice, home) for voice, _ in case.refusing for home in case.at_home if _contradict(voice.clause, home.clause)]
        contradicted = {id(voice) for voice, _ in rivals}
        if any(id(voice) not in contradicted for voice, _ in case.refusing):
            return _outcome(Answer.REFUSED, [reason for _, reason in case.refusing], explaining)
        for voice, home in rivals:
            case.conflicts.append(voice.puts(ReasonCode.CONFLICT, voice.need, f"`{home.clause.id}` needs {home.need}"))
            case.conflicts.append(home.puts(ReasonCode.CONFLICT, home.need, f"`{voice.clause.id}` needs {voice.need}"))
        if case.conflicts:
            return _outcome(Answer.UNDETERMINED, case.conflicts, explaining)
        return _outcome(Answer.PERMITTED, case.leave, explaining) if case.at_home else None

    def _borrowed(self, case: _Case, voice: Voice, clause: ExclusiveHosting) -> None:
        """The platform is right and the machines are another's: do they count as the platform's?"""
        for_it = [v for v in self.chains if v.party == voice.party and v.stance is Stance.COUNTS]
        against = [v for v in self.chains if v.party == voice.party and v.stance is Stance.COUNTS_NOT]
        named = bool(for_it) and clause.sub_supply != "refused"
        # Under `tests: operator` the machines are the very thing tested, so only named ones count as the platform's.
        counts = named or (clause.sub_supply == "counts" and clause.tests == "platform")
        if counts and not against:
            case.at_home.append(voice)
            case.leave += [v.puts(ReasonCode.SUB_SUPPLY_COUNTS, voice.need, voice.have) for v in (voice, *for_it)]
        elif self._consented(case, voice.party, clause):
            case.at_home.append(voice)
        elif named:
            case.conflicts += self._disagreement(voice.party)
        else:
            case.refusing.append((voice, voice.says(ReasonCode.SUB_SUPPLY_REFUSED)))
            case.notes += [v.puts(ReasonCode.SUB_SUPPLY_REFUSED, "machines that count as the holder's", v.have) for v in against]

    def _disagreement(self, holder: PartyId) -> list[Reason]:
        """Clauses that say that these machines count as the holder's, and others that say they do not."""
        said = {Stance.COUNTS: "they count", Stance.COUNTS_NOT: "they do not count"}
        need = "one answer whether these machines count"
        return [v.puts(ReasonCode.CONFLICT, need, said[v.stance]) for v in self.chains if v.party == holder]

    def _spared(self, rights: Sequence[Voice]) -> list[Reason]:
        """Why each right that does not stand here does not.

        On the holder's own platform none does, unless its machines are agreed not to count as the holder's: then it
        stands as anywhere else; and if it is agreed both ways, nobody can say.
        """
        out: list[Reason] = []
        for voice in rights:
            if voice.stance not in {Stance.OWN_PLATFORM, Stance.UNCOUNTED}:
                out.append(voice.says(ReasonCode.SUSPENDED if voice.stance is Stance.ASLEEP else ReasonCode.EXEMPT))
                continue
            chains = [v for v in self.chains if v.party == voice.party and v.stance is Stance.COUNTS]
            if any(v.party == voice.party and v.stance is Stance.COUNTS_NOT for v in self.chains):
                (self.doubtful if chains else self.standing).append(voice)
            elif chains:
                out += [v.says(ReasonCode.SUB_SUPPLY_COUNTS) for v in chains]
            elif not any(r.code is ReasonCode.ON_HOLDER_PLATFORM for r in out):
                out.append(voice.says(ReasonCode.ON_HOLDER_PLATFORM))
        return out

    def _consented(self, case: _Case, by: PartyId, against: Hosting) -> bool:
        """Whether a consent of `by` covers the question, given to the one whom a right binds.  What falls short is noted."""
        if by in self.granted:
            return True
        place, asked = self.place, self.place.circumstances
        covered = False
        for voice, consent in self.consents.get(by, ()):
            if isinstance(against, PreEmption) and place.buyer(consent.grantee) != place.buyer(against.grantor):
                continue
            if consent.quantity_max is not None and case.quantity > consent.quantity_max:
                case.notes.append(voice.puts(ReasonCode.CONSENT_EXCEEDED, accelerators(consent.quantity_max), ASKED))
            elif consent.id in asked.drifted and not asked.renewal:
                case.notes.append(voice.puts(ReasonCode.CONSENT_EXCEEDED, _purpose(consent), "less: its purpose is not kept"))
            else:
                covered = True
                case.leave.append(voice.says(ReasonCode.CONSENTED))
        return covered


def _covers(consent: Consent, place: Place, programmes: Sequence[Programme]) -> bool:
    """Whether a consent that names the place covers it now.

    Own building is the grantee's own: by the host's flag and platform, unless a programme that lists it says what its
    capacity is (C20).
    """
    if consent.permits != "own_build" or consent.hosts:
        return True
    if programmes:
        return all(p.counts_as == "own_build" or (p.counts_as == "by_purpose" and _intended(consent, place)) for p in programmes)
    return place.host.own_build and place.buyer(place.host.platform) == place.buyer(consent.grantee)


def _intended(consent: Consent, place: Place) -> bool:
    return place.workload_class in (consent.purpose.classes if consent.purpose else consent.classes)


def _contradict(one: Clause, other: Clause) -> bool:
    """Whether no host can obey both: one platform under contract may still run on another's machines, if its clause bears that."""
    if not isinstance(one, ExclusiveHosting) or not isinstance(other, ExclusiveHosting) or one.platform == other.platform:
        return False
    if one.tests == other.tests:
        return True
    by_platform = one if one.tests == "platform" else other
    return by_platform.sub_supply == "refused"


# --- who outranks whom


def _outranked(voices: Sequence[Voice], place: Place) -> tuple[Sequence[Voice], list[Reason], list[Voice]]:
    """Split into those that are heard, a reason for each that is outranked, and those that outrank one another in a circle."""
    if not any([v.clause.overrides for v in voices]):  # noqa: C419 - a list is twice as fast here, and this is where the time goes
        return voices, [], []
    programmes = [v.clause for v in voices if isinstance(v.clause, Programme)]
    uncounted = {v.party for v in voices if v.stance is Stance.COUNTS_NOT}
    speaking = [
        v
        for v in voices
        if (v.stance in IN_SCOPE or (v.stance is Stance.UNCOUNTED and v.party in uncounted))
        and (not isinstance(v.clause, Consent) or _covers(v.clause, place, programmes))
    ]
    heard, silent, tangled = outranked([v.clause for v in speaking])
    overridden = []
    for n in silent:
        by = (speaking[m].clause.id for m in heard if speaking[n].clause.id in speaking[m].clause.overrides)
        overridden.append(speaking[n].puts(ReasonCode.OVERRIDDEN, "", ", ".join(f"`{other}` outranks it" for other in by)))
    mute = {id(speaking[n]) for n in (*silent, *tangled)}
    return [v for v in voices if id(v) not in mute], overridden, [speaking[n] for n in tangled]


def outranked(clauses: Sequence[Clause]) -> tuple[list[int], list[int], list[int]]:
    """Of clauses that all speak of one thing, the places of those that are heard, outranked, and outranking one another in a circle.

    Who is outranked silences nobody: if A overrides B and B overrides C, then B is silent and C is heard.
    """
    above = [[m for m, other in enumerate(clauses) if m != n and clause.id in other.overrides] for n, clause in enumerate(clauses)]
    heard: set[int] = set()
    silent: set[int] = set()
    settled = -1
    while settled < len(heard) + len(silent):
        settled = len(heard) + len(silent)
        heard |= {n for n, by in enumerate(above) if silent.issuperset(by)}
        silent |= {n for n, by in enumerate(above) if not heard.isdisjoint(by)}
    return sorted(heard), sorted(silent), [n for n in range(len(clauses)) if n not in heard and n not in silent]


def _purpose(consent: Consent) -> str:
    if consent.purpose is None:
        return "its purpose"
    return f"{(consent.purpose.at_least * 100).normalize():f} % for {', '.join(consent.purpose.classes)}"


def _megawatts(power: Decimal) -> str:
    return f"{power.normalize():f} MW"


def _hours(duration: timedelta) -> str:
    return f"{Decimal(int(duration.total_seconds())) / 3600:f} hours"
