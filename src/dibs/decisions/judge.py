"""What the clauses in force on one day say of one class of work on one host.

Here is all the judgement and no time: `compile` asks for every stretch of days and keeps the answers.  The order of
the tests is part of the contract:

1. Where two clauses speak and one `overrides` the other, the outranked one is silent.
2. Exclusivity comes first (R28).  Off the exclusive platform the work is refused, unless that platform's owner has
   consented; on it, the need never reaches a case.  Two exclusivities that no host can obey at once are a conflict.
3. Then each pre-emption right: the holder is asked first, unless the host is on the holder's own platform, is exempt,
   the right is suspended, the need is a renewal, a short burst, covered by a consent, or under the minimum lot.

A consent covers only what it names, up to its quantity and, for more than a renewal, only while its purpose is kept (R29).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from dibs.contract.model import Consent, ExclusiveHosting, PreEmption, Programme, SubSupply
from dibs.decisions.decision import Answer, Reason, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta

    from dibs.contract.model import Clause, ClauseId, Host, Party, PartyId, WorkloadClass

Hosting: TypeAlias = ExclusiveHosting | PreEmption | Consent | SubSupply | Programme
"""The kinds of clause that can matter to where work runs."""
HOSTING_KINDS = (ExclusiveHosting, PreEmption, Consent, SubSupply, Programme)
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


@dataclass(slots=True, eq=False)
class Voice:
    """One clause, for the days from `starts` to before `ends` (ordinals), as it speaks of one place.

    `rank` is the clause's position in the agreement; `suspended` is a right that the holder's defaults have put to sleep (R22).
    """

    clause: Hosting
    rank: int
    starts: int
    ends: int
    suspended: bool = False
    _said: dict[tuple[ReasonCode, str, str, str], Reason] = field(default_factory=dict)

    def says(self, code: ReasonCode, need: str = "", have: str = "", text: str = "") -> Reason:
        """The reason this clause gives; the same object for the same words, so that equal verdicts are quickly seen to be equal."""
        key = (code, need, have, text)
        reason = self._said.get(key)
        if reason is None:
            reason = Reason(code=code, clause=self.clause.id, text=text or self.clause.says, where=self.clause.mark, need=need, have=have)
            self._said[key] = reason
        return reason


ASKED = "{quantity}"
"""Stands in a reason's `have` for the quantity asked about, which is filled in when somebody asks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer, the reasons that carry it (by precedence), then those that explain it; `denying` are the clauses that keep it from `permitted`."""

    answer: Answer
    reasons: tuple[Reason, ...]
    denying: tuple[ClauseId, ...]


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


def lot(voices: Iterable[Voice]) -> int:
    """The quantity that a question without one is about: the smallest that is at least every minimum lot."""
    return max((v.clause.minimum_lot for v in voices if isinstance(v.clause, PreEmption)), default=1)


def accelerators(quantity: int) -> str:
    """A quantity as a reason states it."""
    return f"{quantity} accelerators" if quantity != 1 else "1 accelerator"


def judge(voices: Sequence[Voice], place: Place, quantity: int, granted: frozenset[PartyId] = frozenset()) -> Outcome:
    """What the clauses in force say of one place and quantity.  `granted` are parties assumed to consent and to waive: the "what if"."""
    voices, overridden, tangled = _outranked(voices, place)
    if tangled:
        need = "one of two clauses to outrank the other"
        return _outcome(Answer.UNDETERMINED, [v.says(ReasonCode.CONFLICT, need, "each outranks the other") for v in tangled], [])
    hearing = _Hearing(place, quantity, granted, voices)
    for voice in voices:
        if isinstance(voice.clause, ExclusiveHosting):
            hearing.exclusivity(voice, voice.clause)
    refusals, conflicts = hearing.weigh()
    if refusals:
        return _outcome(Answer.REFUSED, refusals, [*hearing.notes, *overridden])
    if conflicts:
        return _outcome(Answer.UNDETERMINED, conflicts, [*hearing.notes, *overridden])
    if not hearing.at_home:
        for voice in voices:
            if isinstance(voice.clause, PreEmption):
                hearing.pre_emption(voice, voice.clause)
    explaining = [*hearing.notes, *overridden]
    if hearing.calls:
        return _outcome(Answer.OFFER_FIRST, hearing.calls, explaining)
    if hearing.missing:
        return _outcome(Answer.UNDETERMINED, hearing.missing, explaining)
    return _outcome(Answer.PERMITTED, hearing.leave, explaining)


def _outcome(answer: Answer, carrying: Iterable[Reason], explaining: Iterable[Reason]) -> Outcome:
    carrying = _by_precedence(carrying)
    denying = () if answer is Answer.PERMITTED else tuple(dict.fromkeys(r.clause for r in carrying))
    return Outcome(answer, (*carrying, *_by_precedence(explaining)), denying)


def _by_precedence(reasons: Iterable[Reason]) -> list[Reason]:
    """Each once, in the order of the codes; within one code in the order of the agreement."""
    once = {id(r): r for r in reasons}
    return sorted(once.values(), key=lambda r: PRECEDENCE[r.code]) if len(once) > 1 else list(once.values())


class _Hearing:
    """One question being heard, clause by clause."""

    def __init__(self, place: Place, quantity: int, granted: frozenset[PartyId], voices: Sequence[Voice]) -> None:
        self.place = place
        self.quantity = quantity
        self.granted = granted
        self.consents = [(v, v.clause) for v in voices if isinstance(v.clause, Consent)]
        self.chains = [(v, v.clause) for v in voices if isinstance(v.clause, SubSupply)]
        self.programmes = [v.clause for v in voices if isinstance(v.clause, Programme)]
        self.at_home: list[tuple[Voice, ExclusiveHosting]] = []
        self.refusing: list[tuple[Voice, ExclusiveHosting, Reason]] = []
        self.conflicts: list[Reason] = []
        self.calls: list[Reason] = []
        self.missing: list[Reason] = []
        self.leave: list[Reason] = []
        self.notes: list[Reason] = []

    def exclusivity(self, voice: Voice, clause: ExclusiveHosting) -> None:
        """Is the work where it has to be, and if not, has the exclusive platform's owner consented?"""
        host = self.place.host
        operator_tested = clause.tests == "operator"
        need = f"{clause.tests} {clause.platform}"
        have = f"platform {host.platform}" if host.platform == host.operator else f"platform {host.platform}, operator {host.operator}"
        if host.operator == clause.platform and (operator_tested or host.platform == clause.platform):
            self.at_home.append((voice, clause))
            self.leave.append(voice.says(ReasonCode.ON_HOLDER_PLATFORM, need, have))
        elif host.platform != clause.platform:
            if not self._consented(clause.platform, None):
                self.refusing.append((voice, clause, voice.says(ReasonCode.EXCLUSIVE_ELSEWHERE, need, have)))
        else:
            self._sub_supplied(voice, clause, need, have)

    def _sub_supplied(self, voice: Voice, clause: ExclusiveHosting, need: str, have: str) -> None:
        """The platform is right and the machines are another's: do they count as the platform's?"""
        for_it, against = self._chains_of(clause.platform)
        named = bool(for_it) and clause.sub_supply != "refused"
        # Under `tests: operator` the machines are the very thing tested, so only named ones count as the platform's.
        counts = named or (clause.sub_supply == "counts" and clause.tests == "platform")
        if counts and not against:
            self.at_home.append((voice, clause))
            self.leave += [voice.says(ReasonCode.SUB_SUPPLY_COUNTS, need, have), *(v.says(ReasonCode.SUB_SUPPLY_COUNTS, need, have) for v in for_it)]
        elif self._consented(clause.platform, None):
            self.at_home.append((voice, clause))
        elif named:
            self.conflicts += [v.says(ReasonCode.CONFLICT, "one answer whether these machines count", "they count") for v in for_it]
            self.conflicts += [v.says(ReasonCode.CONFLICT, "one answer whether these machines count", "they do not count") for v in against]
        else:
            self.refusing.append((voice, clause, voice.says(ReasonCode.SUB_SUPPLY_REFUSED, need, have)))
            self.notes += [v.says(ReasonCode.SUB_SUPPLY_REFUSED, "machines that count as the holder's", have) for v in against]

    def _chains_of(self, holder: PartyId) -> tuple[list[Voice], list[Voice]]:
        """The clauses that say that these machines count as the holder's, and those that say they do not."""
        mine = [(v, c) for v, c in self.chains if c.holder == holder]
        return [v for v, c in mine if c.counts_as_holder], [v for v, c in mine if not c.counts_as_holder]

    def weigh(self) -> tuple[list[Reason], list[Reason]]:
        """What exclusivity comes to: refusals, else conflicts.  A refusal stands if no clause wants the work exactly here instead."""
        rivals = [(refusing, home) for refusing in self.refusing for home in self.at_home if _contradict(refusing[1], home[1])]
        if any(all(refusing is not r for r, _ in rivals) for refusing in self.refusing):
            return [reason for _, _, reason in self.refusing], []
        for (voice, clause, _), (other_voice, other) in rivals:
            self.conflicts.append(
                voice.says(ReasonCode.CONFLICT, f"{clause.tests} {clause.platform}", f"`{other.id}` needs {other.tests} {other.platform}")
            )
            self.conflicts.append(
                other_voice.says(ReasonCode.CONFLICT, f"{other.tests} {other.platform}", f"`{clause.id}` needs {clause.tests} {clause.platform}")
            )
        return [], self.conflicts

    def pre_emption(self, voice: Voice, clause: PreEmption) -> None:
        """Has the holder to be asked first?"""
        place, host = self.place, self.place.host
        if host.platform == clause.holder:
            for_it, _ = self._chains_of(clause.holder)
            if for_it and host.operator != host.platform:
                need, have = f"platform {clause.holder}", f"platform {host.platform}, operator {host.operator}"
                self.leave += [v.says(ReasonCode.SUB_SUPPLY_COUNTS, need, have) for v in for_it]
            elif not any(r.code is ReasonCode.ON_HOLDER_PLATFORM for r in self.leave):
                self.leave.append(_on_own_platform(place))
        elif host.id in clause.exempt_hosts:
            self.leave.append(voice.says(ReasonCode.EXEMPT, have=f"host {host.id} is outside the right"))
        elif voice.suspended:
            self.leave.append(voice.says(ReasonCode.SUSPENDED, have="suspended after the holder's defaults"))
        elif place.circumstances.renewal and clause.exempt_renewals:
            self.leave.append(voice.says(ReasonCode.EXEMPT, have="a renewal at equal or smaller size"))
        elif place.circumstances.burst is not None and place.circumstances.burst < clause.exempt_bursts_under:
            self.leave.append(voice.says(ReasonCode.EXEMPT, f"a burst under {_hours(clause.exempt_bursts_under)}", "a shorter burst"))
        elif not self._consented(clause.holder, clause.grantor):
            self._minimum_lot(voice, clause)

    def _minimum_lot(self, voice: Voice, clause: PreEmption) -> None:
        """The right covers it: is it large enough to open a case?"""
        power = self.place.circumstances.power
        need, have = accelerators(clause.minimum_lot), ASKED
        if clause.minimum_power is not None:
            need = f"{need} or {_megawatts(clause.minimum_power)}"
            have = have if power is None else f"{have}, {_megawatts(power)}"
        if self.quantity >= clause.minimum_lot or (clause.minimum_power is not None and power is not None and power >= clause.minimum_power):
            self.calls.append(voice.says(ReasonCode.MUST_OFFER, need, have))
        elif clause.minimum_power is not None and power is None:
            self.missing.append(voice.says(ReasonCode.FACT_MISSING, need, f"{have}, power not stated"))
        else:
            self.leave.append(voice.says(ReasonCode.UNDER_MINIMUM_LOT, need, have))

    def _consented(self, by: PartyId, grantor: PartyId | None) -> bool:
        """Whether a consent of `by` covers the question (towards `grantor`, where the clause names one).  What falls short is noted."""
        if by in self.granted:
            return True
        place = self.place
        covered = False
        for voice, consent in self.consents:
            if consent.grantor != by or (grantor is not None and place.buyer(consent.grantee) != place.buyer(grantor)):
                continue
            if consent.permits == "own_build" and not _own_build(consent, place, self.programmes):
                continue
            if consent.quantity_max is not None and self.quantity > consent.quantity_max:
                self.notes.append(voice.says(ReasonCode.CONSENT_EXCEEDED, accelerators(consent.quantity_max), ASKED))
            elif consent.id in place.circumstances.drifted and not place.circumstances.renewal:
                self.notes.append(voice.says(ReasonCode.CONSENT_EXCEEDED, _purpose(consent), "less: its purpose is not kept"))
            else:
                covered = True
                self.leave.append(voice.says(ReasonCode.CONSENTED))
        return covered


def _own_build(consent: Consent, place: Place, programmes: Sequence[Programme]) -> bool:
    """Whether the host is the grantee's own building.  A programme that lists it says so; else its own flag and platform do (C20)."""
    if consent.hosts:
        return True
    if programmes:
        return all(p.counts_as == "own_build" or (p.counts_as == "by_purpose" and _intended(consent, place)) for p in programmes)
    return place.host.own_build and place.buyer(place.host.platform) == place.buyer(consent.grantee)


def _intended(consent: Consent, place: Place) -> bool:
    return place.workload_class in (consent.purpose.classes if consent.purpose else consent.classes)


def _contradict(one: ExclusiveHosting, other: ExclusiveHosting) -> bool:
    """Whether no host can obey both: one platform under contract may still run on another's machines, if its clause bears that."""
    if one.platform == other.platform:
        return False
    if one.tests == other.tests:
        return True
    by_platform = one if one.tests == "platform" else other
    return by_platform.sub_supply == "refused"


def _on_own_platform(place: Place) -> Reason:
    host = place.host
    text = f"`{host.id}` is on the platform of `{host.platform}`: a right of first call never stands against its holder's own platform."
    return Reason(code=ReasonCode.ON_HOLDER_PLATFORM, clause="", text=text)


def _in_scope(voice: Voice, place: Place, programmes: Sequence[Programme]) -> bool:
    """Whether a clause speaks of the place at all, whatever it says: what an `overrides` edge asks."""
    clause = voice.clause
    if isinstance(clause, PreEmption):
        return place.host.platform != clause.holder and place.host.id not in clause.exempt_hosts and not voice.suspended
    if isinstance(clause, Consent) and clause.permits == "own_build":
        return _own_build(clause, place, programmes)
    return True


def _outranked(voices: Sequence[Voice], place: Place) -> tuple[Sequence[Voice], list[Reason], list[Voice]]:
    """Split into those that are heard, a reason for each that is outranked, and those that outrank one another in a circle."""
    if not any(v.clause.overrides for v in voices):
        return voices, [], []
    programmes = [v.clause for v in voices if isinstance(v.clause, Programme)]
    speaking = [v for v in voices if _in_scope(v, place, programmes)]
    heard, silent, tangled = outranked([v.clause for v in speaking])
    overridden = [
        speaking[n].says(
            ReasonCode.OVERRIDDEN,
            have=", ".join(f"`{speaking[m].clause.id}` outranks it" for m in heard if speaking[n].clause.id in speaking[m].clause.overrides),
        )
        for n in silent
    ]
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
