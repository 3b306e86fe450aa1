"""Who may see what: the one place that decides it.

The house sees its whole book.  A counterparty sees what was said to it, what it said itself, what is promised of its
machines, and the clauses that name it; what is left out of what it sees is left out in the same way whether it exists
or not.  `docs/reference/who-may-see-what.md` is the same in a table, and the tests compare the two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from dibs.contract.readings import all_clauses
from dibs.procedure import events as e
from dibs.procedure.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dibs.contract.model import Agreement, Clause, ClauseId, PartyId
    from dibs.procedure.events import AnyEvent, Because
    from dibs.procedure.state import Grant, Offer, State
    from dibs.service.access import Actor


class Sight:
    """What each party may see of a book under an agreement."""

    def __init__(self, agreement: Agreement, house: PartyId) -> None:
        """Work out once who each clause is about."""
        self._agreement = agreement
        self._house = house
        self._clauses: dict[ClauseId, frozenset[PartyId]] = {}
        for clause in all_clauses(agreement):
            self._clauses[clause.id] = self._clauses.get(clause.id, frozenset()) | frozenset(named(clause))

    def of_clause(self, clause: ClauseId) -> frozenset[PartyId]:
        """The parties that a clause names, in any version of it."""
        return self._clauses.get(clause, frozenset())

    def offer(self, actor: Actor, offer: Offer) -> bool:
        """Whether an offer is the actor's to see: it is the house's, or was served on its party."""
        return actor.house or offer.holder == actor.party

    def grant(self, actor: Actor, grant: Grant) -> bool:
        """Whether a grant is the actor's to see: it buys it, its platform or its machines carry it."""
        return actor.house or actor.party in {grant.platform, grant.operator, grant.buyer}

    def price(self, actor: Actor, grant: Grant) -> bool:
        """Whether the actor sees a grant's price: it is between the buyer and the platform, and a sub-supplier is paid by the platform."""
        return actor.house or actor.party in {grant.platform, grant.buyer}

    def host(self, actor: Actor, host: str) -> bool:
        """Whether a host is the actor's to see."""
        known = self._agreement.hosts.get(host)
        return known is not None and (actor.house or actor.party in {known.platform, known.operator})

    def party(self, actor: Actor, party: PartyId) -> bool:
        """Whether a party is the actor's to see by itself: its own, and the one that keeps the book."""
        return actor.house or party in {actor.party, self._house}

    def clause(self, actor: Actor, clause: ClauseId) -> bool:
        """Whether a clause of the agreement, in any version, is the actor's to read: it names its party."""
        return actor.party in self.of_clause(clause) or (actor.house and clause in self._clauses)

    def names_others(self, actor: Actor, said: Iterable[str]) -> bool:
        """Whether words name a party that is neither the actor's nor the house: who else has a right is nobody's business."""
        others = self._agreement.parties.keys() - {actor.party, self._house}
        return not actor.house and any(word.strip("`,;:.()") in others for words in said for word in words.split())

    def audience(self, event: AnyEvent, state: State) -> frozenset[PartyId]:
        """The counterparties that may see an event; the house sees all of them.  `state` is any that knows what the event names."""
        return frozenset(party for party in self._audience(event, state) if party and party != self._house)

    def _audience(self, event: AnyEvent, state: State) -> Iterator[PartyId]:
        match event:
            case e.RequestSubmitted() | e.RequestHeld() | e.MarketOpened() | e.RightRevived() | e.RequestExpired():
                return  # the house's own; first because there are many of them
            case e.CommandRefused() | e.CommandRepeated() | e.TriggerDeclared():
                yield event.by
            case e.OfferServed() | e.NoticeDefective() | e.HolderDefaulted():
                yield event.holder
            case e.RightAssigned():
                yield from (event.holder, event.to)
            case e.Granted():
                yield from (event.platform, event.operator)
            case e.CapacityDeclared() | e.UsageReported():
                yield from self._of_host(event.host)
            case e.ProductLaunched():
                yield event.platform
            case e.AbilityDeclared() | e.AccessGranted():
                yield event.holder
            case e.SignalRecorded():
                yield event.party
            case e.EqualTermsOwed():
                yield from (event.beneficiary, event.obliged)
            case e.TriggerFired() | e.TriggerRejected():
                yield from self.of_clause(event.trigger)
            case e.RightSpent() | e.RightSuspended() | e.RightResumed():
                yield from self.of_clause(event.clause)
                yield state.assigned.get(event.clause, "")  # whom it has passed to the clause does not name
            case (
                e.OfferTolled()
                | e.AnswerLate()
                | e.RightExercised()
                | e.RightDeclined()
                | e.RightCountered()
                | e.CounterAccepted()
                | e.RoundOpened()
                | e.RightLapsed()
                | e.OfferWithdrawn()
                | e.OfferVoided()
                | e.NoticeRead()
            ):
                offer = state.offers.get(event.offer)
                yield offer.holder if offer else ""
            case e.RightWaived():
                request = state.requests.get(event.request)
                yield request.holder if request else ""
            case e.DeliveryConfirmed() | e.GrantDelayed() | e.GrantEnded():
                grant = state.grants.get(event.grant)
                yield from (grant.platform, grant.operator) if grant else ()
            case _:
                return  # what is not named here is the house's own

    def _of_host(self, name: str) -> Iterator[PartyId]:
        host = self._agreement.hosts.get(name)
        if host is not None:
            yield from (host.platform, host.operator)

    def data(self, actor: Actor, event: AnyEvent) -> dict[str, Any]:
        """An event's values as the actor may see them: the journal's own names; instants are whole seconds (UTC)."""
        out: dict[str, Any] = msgspec.to_builtins(event)
        del out["type"], out["at"]
        out.pop("because", None)  # shown beside it, as far as the actor may read the clauses
        if actor.house:
            return out
        for name in _INNER:
            out.pop(name, None)
        if isinstance(event, e.OfferServed):
            out.pop("outside_price", None)  # the third party's own; what the holder has to meet stands in the terms
            if event.barrier:
                out.pop("terms", None)
        if isinstance(event, e.NoticeDefective):
            out.pop("terms", None)  # what starts no clock is not served yet, and nobody has judged whether it stands behind the barrier
        if isinstance(event, e.RightCountered):
            out.pop("terms", None)  # they stand on those of the notice, which may be behind the barrier: the offer shows them to whoever may read it
        if isinstance(event, e.CapacityDeclared):
            host = self._agreement.hosts.get(event.host)
            if host is None or actor.party != host.platform:
                out.pop("price", None)  # what the buyer pays the platform is not its sub-supplier's to know
        if isinstance(event, e.Granted):
            if actor.party != event.platform:
                out.pop("price", None)
            if not _bargain(actor, event):
                for name in ("request", "offer", "to_holder", "default_at"):
                    out.pop(name, None)
        return out

    def because(self, actor: Actor, event: AnyEvent) -> tuple[Because, ...]:
        """An event's reasons as the actor may see them: that a need was free to come to it tells that others refused it."""
        if actor.house:
            return event.because
        if isinstance(event, e.CommandRefused):
            return self.refusal(actor, event)
        if isinstance(event, e.Granted) and not _bargain(actor, event):
            return ()
        return tuple(reason for reason in event.because if not reason.clause or actor.party in self.of_clause(reason.clause))

    def refusal(self, actor: Actor, event: e.CommandRefused) -> tuple[Because, ...]:
        """The reasons of a refusal as the actor may see them: how much was offered is told by the offer, to whoever may read it."""
        return event.because if actor.house else tuple(_unmeasured(reason) for reason in event.because)


def _unmeasured(reason: Because) -> Because:
    return msgspec.structs.replace(reason, need="") if reason.code == Refusal.MORE_THAN_OFFERED else reason


def _bargain(actor: Actor, granted: e.Granted) -> bool:
    """Whether the actor is the holder whose answer led to a grant."""
    return granted.to_holder and actor.party == granted.platform


_INNER = ("richer_than", "from_market", "from_cover", "consent", "case", "buyers", "remainder", "frees", "watch_until", "previous")
"""Members of events that are about the buyer's other business."""


def named(value: Any) -> Iterator[PartyId]:
    """The parties that a clause names, at any depth, each as often as it does."""
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if field.metadata.get("refers") == "party":
            yield from _parties(item)
        elif dataclasses.is_dataclass(item):
            yield from named(item)
        elif isinstance(item, tuple):
            for part in item:
                if dataclasses.is_dataclass(part):
                    yield from named(part)


def _parties(item: Any) -> Iterator[PartyId]:
    """One party, several, or a mapping of or to some."""
    match item:
        case None:
            return
        case str():
            yield item
        case Mapping():
            for key, parties in item.items():
                yield from parties if isinstance(parties, tuple) else (key,)
        case _:
            yield from item


def clauses_of(agreement: Agreement, party: PartyId) -> tuple[Clause, ...]:
    """The clauses, in any version, that name a party."""
    return tuple(clause for clause in all_clauses(agreement) if party in named(clause))
