"""The agreement as it stands at one instant, after everything that has happened: all the procedure asks of it.

Everything is asked as of the day of the instant on both axes: in force then, and signed by then.  What comes before the
amendments of an instant in its order - ends, answers, lapses - is still judged by what was agreed the second before.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, TypeVar

from dibs.contract.amend import dated_clauses
from dibs.contract.model import Clause, Consent, ExclusiveHosting, PreEmption, SubSupply
from dibs.decisions.decision import Facts
from dibs.procedure.events import Because
from dibs.procedure.schedule import EVER
from dibs.procedure.state import case_of
from dibs.quantities import DAY, HOUR, day_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dibs.contract.model import ClauseId, Host, HostId, PartyId, WorkloadClass
    from dibs.contract.terms import CapacityRequest
    from dibs.decisions.compile import Compiled, Table, Verdict
    from dibs.procedure.state import State
    from dibs.quantities import Instant

HOURS_A_MONTH = 730

AnyClause = TypeVar("AnyClause", bound=Clause)


class Agreed:
    """What is agreed at one instant."""

    __slots__ = ("_orders", "_table", "_turns_on", "at", "clauses", "compiled", "day", "facts", "state")

    def __init__(self, compiled: Compiled, state: State, at: Instant) -> None:
        """Make it anew whenever time passes or something comes true that a clause turns on."""
        self.compiled = compiled
        self.state = state
        self.at = at
        uncrossed = state.boundaries and state.boundaries[0] <= at
        self.day = day_of(state.boundaries[0] - 1 if uncrossed else at, compiled.zone)
        self.facts = self._facts_on("")
        self.clauses = compiled.in_force(self.day, self.day, self.facts)
        self._turns_on = (state.fired, state.suspended, state.drifted, state.boundaries)
        self._table: Table | None = None
        self._orders: frozenset[str] | None = None

    def still_holds(self, state: State, at: Instant) -> bool:
        """Whether it would be the same if made anew.  What clauses turn on is replaced as a whole when something comes true."""
        fired, suspended, drifted, boundaries = self._turns_on
        facts = state.fired is fired and state.suspended is suspended and state.drifted is drifted
        return facts and at == self.at and state is self.state and state.boundaries is boundaries

    # --- parties

    def buyers(self, party: PartyId) -> Iterator[PartyId]:
        """A party, and everybody whose purchases its purchases count as, upwards (R17)."""
        seen: set[PartyId] = set()
        while party and party not in seen:
            yield party
            seen.add(party)
            known = self.compiled.agreement.parties.get(party)
            party = (known.controlled_by or "") if known else ""

    def buyer(self, party: PartyId) -> PartyId:
        """The last of `buyers`: for whom a party buys in the end."""
        return [*self.buyers(party)][-1]

    def acts_for(self, by: PartyId, party: PartyId) -> bool:
        """Whether `by` may speak for a party: itself, or who controls it."""
        return by == party or by in self.buyers(party)

    # --- clauses

    def of_kind(self, kind: type[AnyClause]) -> list[AnyClause]:
        """The clauses of a kind, in the order of the text."""
        return [c for c in self.clauses if isinstance(c, kind)]

    def clause(self, clause_id: ClauseId, kind: type[AnyClause]) -> AnyClause | None:
        """A clause by its id, if it is in force."""
        return next((c for c in self.clauses if c.id == clause_id and isinstance(c, kind)), None)

    def right(self, clause_id: ClauseId) -> PreEmption:
        """A right as it reads today, or as it read last if it is over: a window that runs on runs under it."""
        now = self.clause(clause_id, PreEmption)
        if now is not None:
            return now
        rows = [d for d in dated_clauses(self.compiled.agreement, self.day) if d.clause.id == clause_id and (d.starts or date.min) <= self.day]
        last = max(rows, key=lambda d: d.starts or date.min).clause
        assert isinstance(last, PreEmption)  # noqa: S101 - the journal says that an offer was served under it
        return last

    def holder(self, right: PreEmption) -> PartyId:
        """Who holds a right now: whom it was given to, or whom it has passed to (R20)."""
        return self.state.assigned.get(right.id, right.holder)

    def binds(self, right: PreEmption) -> bool:
        """Whether a right in force is awake: neither spent nor suspended."""
        return self.state.suspended.get(right.id, -EVER) <= self.at

    def rights_over(self, asked: CapacityRequest, submitted_at: Instant, *, together: bool = False) -> list[PreEmption]:
        """The rights that bind a need, wherever it would go, in the order of the text.

        Class exclusivity comes first (R28): a class that is bound is covered by nothing.  Then who buys (R17), renewals
        and bursts (R2), and the size of the need together with those of its purpose just before it (R1, R16); `together`
        says that later ones make it large enough.
        """
        if any(asked.workload_class in c.classes for c in self.of_kind(ExclusiveHosting)):
            return []
        rights = []
        buyers = [*self.buyers(asked.party)]
        for right in self.of_kind(PreEmption):
            if asked.workload_class not in right.classes or not self.binds(right):
                continue
            if right.grantor not in (buyers if right.look_through else buyers[:1]):
                continue
            if (right.exempt_renewals and self.renews(asked)) or self.is_burst(asked, right):
                continue
            if together or self.watched(asked) or self.lot(asked, submitted_at, right) >= right.minimum_lot:
                rights.append(right)
        return rights

    def lot(self, asked: CapacityRequest, submitted_at: Instant, right: PreEmption) -> int:
        """How much a need asks for together with those of its case within the look-back before it (R16)."""
        volume = self.state.volumes.get(case_of(right.grantor, asked))
        if volume is None:
            return asked.quantity
        since = submitted_at - int(right.look_back.total_seconds())
        own = 0 if asked.id in self.state.requests else asked.quantity
        return own + volume.least(submitted_at, submitted_at + 1) - volume.least(since, since + 1)

    def watched(self, asked: CapacityRequest) -> bool:
        """Whether a notice for a need of the same case was withdrawn just before: then nothing is too small, too short or a mere renewal."""
        return self.state.watches.get(case_of(self.buyer(asked.party), asked), -EVER) > self.at

    def renews(self, asked: CapacityRequest) -> bool:
        """Whether a need continues a reservation at equal or smaller size (R2)."""
        renewed = self.state.grants.get(asked.renewal_of)
        return renewed is not None and asked.quantity <= renewed.quantity and not self.watched(asked)

    def is_burst(self, asked: CapacityRequest, right: PreEmption) -> bool:
        """Whether a need is an emergency shorter than the right reaches (R2)."""
        return asked.burst and length(asked) < right.exempt_bursts_under.total_seconds() and not self.watched(asked)

    # --- hosts

    def host(self, host: HostId) -> Host | None:
        """A host by its id."""
        return self.compiled.agreement.hosts.get(host)

    def candidates(self, asked: CapacityRequest) -> list[Host]:
        """The hosts that have the accelerators in the regions asked for, in the order of the agreement."""
        return [h for h in self.compiled.agreement.hosts.values() if has_hardware(h, asked.sku) and in_regions(h, asked.regions)]

    def is_alternate(self, host: Host, holder: PartyId) -> bool:
        """Whether a host is somebody else's than the holder's: by platform, or because its sub-supply is agreed not to count (R21)."""
        if host.platform != holder:
            return True
        return any(
            not c.counts_as_holder and c.holder == host.platform and (host.id in c.hosts if c.hosts else c.supplier == host.operator)
            for c in self.of_kind(SubSupply)
        )

    def verdict(self, asked: CapacityRequest, host: HostId, quantity: int, on: date | None = None) -> Verdict:
        """May so much of a need run on a host?"""
        if self._orders is None:
            self._orders = frozenset(order for c in self.of_kind(Consent) for order in c.orders)
        if asked.renewal_of or asked.burst or self.state.drifted or asked.id in self._orders:
            table = self.compiled.under(
                known=self.day,
                facts=self._facts_on(host) if self.state.drifted else self.facts,
                renewal=self.renews(asked),
                burst_hours=length(asked) // HOUR if asked.burst and not self.watched(asked) else None,
                order=asked.id if asked.id in self._orders else "",
            )
        else:
            table = self.table
        return table.answer(asked.workload_class, host, on or self.day, quantity)

    @property
    def table(self) -> Table:
        """The answers to questions with no circumstances of their own."""
        if self._table is None:
            self._table = self.compiled.under(known=self.day, facts=self.facts)
        return self._table

    def hosting(self, workload_class: WorkloadClass, host: HostId) -> Verdict:
        """May a class run on a host at all?"""
        return self.table.answer(workload_class, host, self.day)

    def _facts_on(self, host: HostId) -> Facts:
        """What has happened, for a question about one host."""
        state, zone = self.state, self.compiled.zone
        if not (state.fired or state.suspended or state.drifted):
            return _NO_FACTS
        return Facts(
            fired={trigger: day_of(at, zone) for trigger, at in state.fired.items()},
            suspended={clause: date.max if until >= EVER else day_of(until + DAY - 1, zone) for clause, until in state.suspended.items()},
            drifted=frozenset(consent for consent, where in state.drifted if where == host),
        )


_NO_FACTS = Facts()


def length(asked: CapacityRequest) -> int:
    """How long a need lasts, in seconds."""
    return (asked.months * HOURS_A_MONTH + asked.hours) * HOUR


def has_hardware(host: Host, sku: str) -> bool:
    """Whether a host has an accelerator; one that lists none may have any."""
    return not host.skus or sku in host.skus


def in_regions(host: Host, regions: tuple[str, ...] | None) -> bool:
    """Whether a host is in one of the regions asked for, if any were."""
    return not regions or not host.regions or not set(regions).isdisjoint(host.regions)


def because(verdict: Verdict, quantity: int | None = None) -> tuple[Because, ...]:
    """A verdict's reasons as the journal keeps them."""
    return tuple(Because(code=str(r.code), clause=r.clause, need=r.need, have=r.have) for r in verdict.reasons_at(quantity))
