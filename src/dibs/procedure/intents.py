"""What somebody still has to do in the world: asked of the state, never remembered from events.

A restart asks again and gets the same answer, so nothing that was to be done is lost, and doing it twice is harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from dibs.contract.terms import Terms  # noqa: TC001 - msgspec reads these at run time
from dibs.quantities import Instant  # noqa: TC001 - msgspec reads these at run time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dibs.procedure.state import Request, State


class Intent(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Something to be done, and by whom.  `key` is the same as long as it is the same thing."""

    by: str

    @property
    def key(self) -> str:
        """What tells this intent from others."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return f"{type(self).__name__} {next(str(v) for k, v in fields.items() if k != 'by')}"


class AskHolder(Intent, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The buyer has to serve a notice on the holder.  `lacking` says what a first attempt lacked."""

    request: str
    holder: str
    clause: str
    quantity: int
    reoffer: bool = False
    lacking: tuple[str, ...] = ()


class AnswerOffer(Intent, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The holder has to answer before `respond_by`."""

    offer: str
    request: str
    respond_by: Instant
    barrier: bool = False


class PlaceElsewhere(Intent, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The buyer may sign for `quantity`: anywhere the clauses allow, or, after a refusal, until `until` and no richer than `ceiling`."""

    request: str
    quantity: int
    until: Instant
    ceiling: Terms | None = None
    only_with: str = ""


class CoverDefault(Intent, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The buyer may buy what a holder in default owes: at once, without ceiling."""

    request: str
    quantity: int
    until: Instant


class RuleOn(Intent, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Somebody has to decide what the agreement leaves open."""

    request: str


class Deliver(Intent, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The supplier has to deliver, and somebody to confirm it."""

    grant: str
    quantity: int
    deliver_by: Instant


class Verify(Intent, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A declaration waits for its verifier."""

    trigger: str


AnyIntent: TypeAlias = AskHolder | AnswerOffer | PlaceElsewhere | CoverDefault | RuleOn | Deliver | Verify


def outstanding(state: State) -> tuple[AnyIntent, ...]:
    """Everything that is to be done, needs first in the order in which they came, then deliveries, then verifications."""
    found: list[AnyIntent] = []
    for name in state.live:
        found += outstanding_of(state, name)
    found += [
        Deliver(by=grant.operator, grant=grant.grant, quantity=grant.quantity - grant.delivered, deliver_by=grant.deliver_by)
        for grant in map(state.grants.__getitem__, state.awaited)
    ]
    found += [Verify(by="", trigger=trigger) for trigger in state.declared]
    return tuple(found)


def outstanding_of(state: State, name: str) -> Iterator[AnyIntent]:
    """What is to be done about one need."""
    request = state.requests[name]
    buyer = request.asked.party
    if request.undetermined:
        yield RuleOn(by=buyer, request=name)
    offer = state.offers.get(request.offer)
    if offer is not None and offer.status == "open":
        yield AnswerOffer(by=offer.holder, offer=offer.offer, request=name, respond_by=offer.respond_by, barrier=offer.barrier)
    if request.loose and not request.undetermined:
        yield _loose(request, offer.missing if offer is not None else ())
    if request.market.quantity:
        market = request.market
        yield PlaceElsewhere(by=buyer, request=name, quantity=market.quantity, until=market.until, ceiling=market.ceiling, only_with=market.only_with)
    if request.cover.quantity:
        yield CoverDefault(by=buyer, request=name, quantity=request.cover.quantity, until=request.cover.until)


def _loose(request: Request, lacking: tuple[str, ...]) -> AnyIntent:
    """What is to be done with what is neither offered nor granted: ask its holder, or place it."""
    asked = request.asked
    if not request.clause:
        return PlaceElsewhere(by=asked.party, request=asked.id, quantity=request.loose, until=asked.start_latest + 1)
    return AskHolder(
        by=asked.party,
        request=asked.id,
        holder=request.holder,
        clause=request.clause,
        quantity=request.loose,
        reoffer=request.reoffer,
        lacking=lacking,
    )
