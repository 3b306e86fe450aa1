"""A desk at which commands are said one after the other: the five functions and nothing around them.

    desk = Desk(compiled(pre_emption()))
    desk.capacity("borealis-east", 8000)
    desk.submit(request())
    desk.serve("o1")
    desk.respond("o1", 3000, on="2025-03-20")
    assert desk.offer("o1").status == "partially_exercised"

Everything that a test does not name is filled in; a day stands for its first second in UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dibs.procedure.commands import (
    AdoptAgreement,
    AnyCommand,
    DeclareCapacity,
    ProposeGrant,
    Respond,
    ServeNotice,
    SubmitRequest,
    Wake,
)
from dibs.procedure.events import CommandRefused
from dibs.procedure.procedure import apply, handle
from dibs.procedure.state import State
from dibs.testing.builders import at, terms

if TYPE_CHECKING:
    from datetime import date

    from dibs.contract.terms import CapacityRequest, Terms
    from dibs.decisions.compile import Compiled
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.state import Grant, Offer, Request
    from dibs.quantities import Instant

OPENING = "2025-03-01"


class Desk:
    """A state, the agreement it stands under, and what has happened so far."""

    def __init__(self, agreement: Compiled, on: str = OPENING) -> None:
        """Adopts the agreement."""
        self.agreement = agreement
        self.state = State()
        self.now = at(on)
        self.history: list[AnyEvent] = []
        """Every event so far."""
        self.said: list[AnyEvent] = []
        """The events of the last command."""
        self.say(AdoptAgreement(by="aster", digest=agreement.agreement.digest))

    def say(self, command: AnyCommand, on: str | Instant | None = None) -> list[AnyEvent]:
        """Hear a command at an instant (default: that of the one before) and make its events true."""
        if on is not None:
            self.now = at(on) if isinstance(on, str) else on
        self.said = [*handle(self.state, command, agreement=self.agreement, at=self.now)]
        for event in self.said:
            apply(self.state, event)
        self.history += self.said
        return self.said

    # --- the usual commands, with what does not matter filled in

    def capacity(self, host: str, quantity: int, sku: str = "h100", *, since: str = "2020-01-01", on: str | None = None, **fields: Any) -> None:
        """A host can deliver so many from a day on."""
        platform = self.agreement.agreement.hosts[host].platform
        steps = fields.pop("steps", ((at(since), quantity),))
        self.say(DeclareCapacity(by=platform, host=host, sku=sku, steps=steps, **fields), on)

    def submit(self, asked: CapacityRequest, on: str | None = None, by: str | None = None) -> list[AnyEvent]:
        """Record a need."""
        return self.say(SubmitRequest(by=by or asked.party, request=asked), on)

    def notice(self, name: str, **fields: Any) -> Terms:
        """The terms of a notice that offers all that is loose of a need."""
        request = self.state.requests[name]
        asked = request.asked
        fields = {
            "sku": asked.sku,
            "quantity": request.loose,
            "starts": asked.start_earliest,
            "ends": asked.start_earliest + (asked.months * 730 + asked.hours) * 3600,
            "classes": (asked.workload_class,),
            **fields,
        }
        return terms(**fields)

    def serve(self, offer: str, request: str = "r1", on: str | None = None, respond_within: int | None = None, **fields: Any) -> list[AnyEvent]:
        """Serve a complete notice; what is named replaces its terms."""
        by = self.state.requests[request].asked.party
        command = ServeNotice(by=by, offer=offer, request=request, terms=self.notice(request, **fields), respond_within=respond_within)
        return self.say(command, on)

    def respond(self, offer: str, quantity: int = 0, on: str | None = None, by: str | None = None, **fields: Any) -> list[AnyEvent]:
        """The holder answers."""
        return self.say(Respond(by=by or self.state.offers[offer].holder, offer=offer, quantity=quantity, **fields), on)

    def propose(self, grant: str, host: str, quantity: int, request: str = "r1", on: str | None = None, **fields: Any) -> list[AnyEvent]:
        """Sign for capacity, on the terms of the need's last notice unless others are named."""
        asked = self.state.requests[request]
        last = self.state.offers[asked.offers[-1]].terms if asked.offers else self.notice(request)
        # Only the two sides of a deal sign it: the offeror of an outside offer is not one of its terms.
        offered = replace(last, quantity=None, address=None, offeror=None, open_until=None, signed=None, **fields)
        return self.say(ProposeGrant(by=asked.asked.party, grant=grant, request=request, host=host, quantity=quantity, terms=offered), on)

    def wait(self, until: str | Instant) -> list[AnyEvent]:
        """Let time pass."""
        return self.say(Wake(by="clock"), until)

    # --- what a test looks at

    def request(self, name: str = "r1") -> Request:
        """A need as it stands."""
        return self.state.requests[name]

    def offer(self, name: str = "o1") -> Offer:
        """An offer as it stands."""
        return self.state.offers[name]

    def grant(self, name: str) -> Grant:
        """A reservation as it stands."""
        return self.state.grants[name]

    @property
    def kinds(self) -> list[str]:
        """What the last command came to, by the events' names."""
        return [type(event).__name__ for event in self.said]

    @property
    def refused(self) -> list[str]:
        """Why the last command was refused, by code; nothing if it was not."""
        return [b.code for event in self.said if isinstance(event, CommandRefused) for b in event.because]

    def happened(self, kind: type[Any]) -> list[Any]:
        """Every event of a kind so far."""
        return [event for event in self.history if type(event) is kind]

    def day(self, day: date) -> Instant:
        """The first second of a day."""
        return at(day.isoformat())
