"""What the journal tells about each need, notice and grant, read once from the first entry to the last.

Nothing of the simulated world is asked: the entries are replayed, and at the moment a need ends unmet the state of that
moment says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dibs.decisions.compile import Compiled, compile_agreement
from dibs.procedure.agreed import Agreed
from dibs.procedure.commands import SubmitRequest
from dibs.procedure.effects import apply
from dibs.procedure.events import (
    AgreementAdopted,
    BreachNoted,
    CommandRefused,
    DeliveryConfirmed,
    Granted,
    GrantEnded,
    HolderDefaulted,
    MarketOpened,
    OfferServed,
    OfferVoided,
    OfferWithdrawn,
    RequestDenied,
    RequestExpired,
    RequestHeld,
    RequestSubmitted,
    RequestUnfilled,
    RightCountered,
    RightDeclined,
    RightExercised,
    RightLapsed,
    RightWaived,
)
from dibs.procedure.state import State
from dibs.simulate.why import why_denied, why_unmet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dibs.contract.model import Agreement
    from dibs.contract.terms import CapacityRequest
    from dibs.journal.entry import Entry
    from dibs.procedure.events import AnyEvent
    from dibs.quantities import Instant


@dataclass(slots=True)
class NeedStory:
    """A need as the journal tells it."""

    asked: CapacityRequest
    asked_at: Instant
    clause: str = ""
    grants: list[str] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)
    refused: str = ""
    """Why it was not even recorded."""
    why: str = ""
    """Why something of it stayed unmet."""


@dataclass(slots=True)
class OfferStory:
    """A notice as the journal tells it."""

    served: OfferServed
    entry: int
    answered_at: Instant | None = None
    market_until: Instant | None = None
    grants: list[str] = field(default_factory=list)
    """What was granted between this notice and the next for the same need."""


@dataclass(slots=True)
class GrantStory:
    """A grant as the journal tells it: `steps` are (instant, accelerators that run from then on)."""

    granted: Granted
    entry: int
    steps: list[tuple[Instant, int]] = field(default_factory=list)
    full_at: Instant | None = None
    """When all of it was there."""
    on_time: bool | None = None
    ended_at: Instant | None = None

    def running(self, at: Instant) -> int:
        """How many of it ran at an instant."""
        return next((quantity for since, quantity in reversed(self.steps) if since <= at), 0)


@dataclass(slots=True)
class History:
    """Everything told, in the order in which it began."""

    needs: dict[str, NeedStory] = field(default_factory=dict)
    offers: dict[str, OfferStory] = field(default_factory=dict)
    grants: dict[str, GrantStory] = field(default_factory=dict)
    state: State = field(default_factory=State)
    entries: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """How many commands were refused, by reason."""
    breaches: int = 0
    ends_at: Instant = 0


def read(entries: Iterable[Entry], texts: Mapping[str, Agreement]) -> History:
    """Read a journal.  `texts` are the agreements it was played under, by digest."""
    history = History()
    go_on(history, entries, texts, {})
    return history


def go_on(history: History, entries: Iterable[Entry], texts: Mapping[str, Agreement], compiled: dict[str, Compiled]) -> None:
    """Read on where a history ends.  `compiled` is kept from one time to the next, so that no text is compiled twice."""
    for entry in entries:
        history.entries += 1
        history.ends_at = entry.at
        for event in entry.events:
            if isinstance(event, AgreementAdopted) and event.digest not in compiled:
                compiled[event.digest] = compile_agreement(texts[event.digest])
            _tell(history, event, entry, compiled)
            apply(history.state, event)


def _tell(history: History, event: AnyEvent, entry: Entry, compiled: Mapping[str, Compiled]) -> None:
    """What an event adds to the stories; the state is still the one before it."""
    match event:
        case CommandRefused():
            _refused(history, event, entry)
        case BreachNoted():
            history.breaches += 1
        case RequestHeld():
            history.needs[event.request].clause = history.needs[event.request].clause or event.clause
        case RequestDenied():
            story = history.needs[event.request]
            story.why = why_denied(event, story.asked, compiled[entry.agreement].agreement)
            story.clause = story.clause or next((b.clause for b in event.because if b.clause), "")
        case RequestExpired() | RequestUnfilled():
            story = history.needs[event.request]
            agreed = Agreed(compiled[entry.agreement], history.state, event.at)
            story.why = why_unmet(event, history.state, agreed)
        case OfferServed():
            _served(history, event, entry)
        case RightExercised() | RightDeclined() | RightLapsed() | OfferWithdrawn() | OfferVoided():
            _answered(history, event.offer, event.at)
        case RightCountered() if not event.stands:
            _answered(history, event.offer, event.at)
        case RightWaived() if event.offer:
            _answered(history, event.offer, event.at)
        case MarketOpened() if event.offer in history.offers:
            history.offers[event.offer].market_until = event.until
        case Granted():
            _granted(history, event, entry)
        case DeliveryConfirmed():
            grant = history.grants[event.grant]
            grant.steps.append((event.at, event.quantity))
            grant.on_time = event.on_time if grant.on_time is None else grant.on_time and event.on_time
            if event.quantity == history.state.grants[event.grant].quantity:
                grant.full_at = event.at
        case HolderDefaulted():
            # What is left of it counts as all there is.
            left = history.state.grants[event.grant].delivered
            history.grants[event.grant].full_at = event.at if left else None
        case GrantEnded():
            grant = history.grants[event.grant]
            grant.steps.append((event.at, 0))
            grant.ended_at = event.at
        case RequestSubmitted():
            history.needs[event.request.id] = NeedStory(event.request, event.at, clause=event.clause)
        case _:
            pass


def _refused(history: History, event: CommandRefused, entry: Entry) -> None:
    code = event.because[0].code if event.because else "unknown"
    history.refused[code] = history.refused.get(code, 0) + 1
    command = entry.command
    if isinstance(command, SubmitRequest) and command.request.id not in history.needs:
        history.needs[command.request.id] = NeedStory(command.request, entry.at, refused=code)


def _served(history: History, event: OfferServed, entry: Entry) -> None:
    history.offers[event.offer] = OfferStory(event, entry.seq)
    history.needs[event.request].offers.append(event.offer)
    history.needs[event.request].clause = history.needs[event.request].clause or event.clause


def _answered(history: History, offer: str, at: Instant) -> None:
    story = history.offers.get(offer)
    if story is not None and story.answered_at is None:
        story.answered_at = at


def _granted(history: History, event: Granted, entry: Entry) -> None:
    history.grants[event.grant] = GrantStory(event, entry.seq)
    need = history.needs[event.request]
    need.grants.append(event.grant)
    if need.offers:
        history.offers[need.offers[-1]].grants.append(event.grant)
