"""Decisions: an act, what came of it, and why, in full."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

from dibs.contract.render import sentence as clause_sentence
from dibs.decisions.explain import CODES
from dibs.service.access import EVERYBODY
from dibs.service.operation import Call, NoBody, NoQuery, operation
from dibs.service.problems import not_found
from dibs.service.routes.journal import EVENTS_MAX
from dibs.service.shapes import EventView, ReasonView, when


class ActView(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, and by whom.  `data` has the journal's own names; instants in it are whole seconds since 1970 (UTC)."""

    type: str
    by: str
    data: dict[str, Any]


class EntryDecision(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the book: the act, its events with their reasons, and the same in sentences; under the text that counted then.

    A thousand events are shown; what is left out is counted, and stands in `GET /v1/events`.
    """

    id: str
    at: datetime
    agreement: str
    act: ActView
    outcome: str
    events: tuple[EventView, ...]
    says: tuple[str, ...]
    clauses: dict[str, str]
    """What each clause that mattered means, in plain English."""
    left_out: int


@operation("GET", "/v1/decisions/{id}", "One decision", roles=EVERYBODY, side="house")
async def get_decision(call: Call[NoBody, NoQuery]) -> EntryDecision:
    """An entry of the book by its number: what was said, what came of it, and every clause that decided, explained in sentences."""
    front = call.front
    number = int(call.id) if re.fullmatch(r"0|[1-9][0-9]{0,14}", call.id) else -1
    if not 0 <= number < front.office.store.size:
        raise not_found("decision", call.id)
    (entry,) = front.office.store.read((number,))
    agreement, views = front.agreement(entry.agreement), front.views_of(entry.agreement)
    events = tuple(views.event(call.actor, event) for event in entry.events[:EVENTS_MAX])
    data = msgspec.to_builtins(entry.command)
    by = data.pop("by")
    said = data.pop("type")
    named = dict.fromkeys(reason.clause for event in events for reason in event.because)
    outcomes = {event.type for event in events}  # an act that was refused or repeated has no other events
    return EntryDecision(
        id=call.id,
        at=when(entry.at),
        agreement=entry.agreement,
        act=ActView(type=said, by=by, data=data),
        outcome="refused" if "CommandRefused" in outcomes else "repeated" if "CommandRepeated" in outcomes else "done",
        events=events,
        says=(f"{by} said: {_words(said)}.", *(line for event in events for line in _sentences(event))),
        clauses={name: clause_sentence(clause, agreement) for name in named if (clause := views.clause(name)) is not None},
        left_out=len(entry.events) - len(events),
    )


def _words(name: str) -> str:
    """`RightExercised` as a person says it: right exercised."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _sentences(event: EventView) -> list[str]:
    """What happened, and why."""
    about = [f"{name.replace('_', ' ')} {value}" for name, value in event.data.items() if name in _ABOUT and value not in ("", 0, None)]
    head = f"{_words(event.type).capitalize()}{': ' + ', '.join(about) if about else ''}."
    return [head, *(f"Because {_reason(reason)}" for reason in event.because)]


_ABOUT = ("request", "offer", "grant", "host", "sku", "quantity", "clause", "holder", "version", "trigger", "subject", "respond_by")
_REASONS = {code.value: says for code, says in CODES.items()}


def _reason(reason: ReasonView) -> str:
    numbers = f" It asks for {reason.need}; here: {reason.have}." if reason.need and reason.have else f" Here: {reason.have}." if reason.have else ""
    said = _REASONS.get(reason.code, reason.code.replace("_", " "))
    if not reason.clause or not reason.text:
        return f"{said}.{numbers}"
    return f"clause `{reason.clause}` ({reason.where}) {said}: {reason.text}{numbers}"


OPERATIONS = (get_decision,)
