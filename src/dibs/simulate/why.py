"""Why something stayed unmet, or came late: worked out from the state at that moment, in a sentence a person would say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.decisions.decision import Answer
from dibs.procedure.agreed import length
from dibs.quantities import DAY, day_of
from dibs.simulate.room import least

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from dibs.contract.model import Agreement
    from dibs.contract.terms import CapacityRequest
    from dibs.procedure.agreed import Agreed
    from dibs.procedure.events import RequestDenied, RequestExpired, RequestUnfilled
    from dibs.procedure.state import Request, State
    from dibs.quantities import Instant
    from dibs.simulate.history import GrantStory, NeedStory


def why_denied(event: RequestDenied, asked: CapacityRequest, agreement: Agreement) -> str:
    """Nobody may take it: by which clause."""
    clause = next((b.clause for b in event.because if b.clause), "")
    if any(b.code == "ruled" for b in event.because):
        return "a person ruled that nobody may take it"
    if clause:
        return f"`{clause}` lets nobody take {asked.workload_class} in the regions asked for"
    return f"no host of {agreement.title or agreement.id} may take it"


def why_unmet(event: RequestExpired | RequestUnfilled, state: State, agreed: Agreed) -> str:
    """What kept a need, or the rest of one, from being met by its latest start."""
    request = state.requests[event.request]
    asked, at = request.asked, event.at
    if any(b.code == "less_than_useful" for b in event.because):
        return f"the rest of {event.quantity:,} is less than the {asked.minimum_quantity:,} that are of use"
    if request.undetermined:
        return "the agreement does not say whether it may run, and nobody ruled"
    offer = state.offers[request.offers[-1]] if request.offers else None
    if offer is not None and offer.status == "void" and offer.respond_by > at:
        return f"{_name(agreed, offer.holder)} had not answered by the latest start"
    hosts = [host.id for host in agreed.candidates(asked)]
    if not hosts:
        return f"no host has {asked.sku} in {_list(asked.regions, 'or')}"
    free = {host: _room(asked, host, state, at) for host in hosts}
    allowed, kept, clauses = _sorted_out(request, hosts, agreed)
    barred = max(kept, key=lambda h: free[h], default="")
    lost = f"; {_list(clauses)} kept it from {barred}, where {free[barred]:,} were free" if barred and free[barred] >= asked.minimum_quantity else ""
    if not allowed:
        return f"{_list(clauses) or 'the agreement'} lets nobody take it now{lost}"
    prices = {host: book.price for host in allowed if (book := state.books.get((host, asked.sku))) and book.price is not None}
    if not prices:
        return f"nobody delivers {asked.sku} yet{lost}"
    within = [host for host, price in prices.items() if asked.price_max is None or price <= asked.price_max]
    if not within:
        cheapest = min(prices, key=lambda h: (prices[h], h))
        return f"nobody asks less than {prices[cheapest]} ({cheapest}), and {asked.price_max} was the most it may cost{lost}"
    best = max(within, key=lambda h: free[h])
    if request.clause and free[best] >= asked.minimum_quantity:
        return f"{free[best]:,} were free on {best}, and `{request.clause}` had not set it free in time{lost}"
    if not free[best]:
        places = f"the {len(within)} hosts that may take it are" if len(within) > 1 else f"{best} is"
        return f"no {asked.sku} free: {places} full{lost}"
    return f"only {free[best]:,} {asked.sku} free ({best}), and {min(request.wanted, asked.quantity):,} were sought{lost}"


def why_late(needs: Sequence[NeedStory], grants: Iterable[GrantStory], wanted_at: Instant, zone: ZoneInfo) -> str:
    """What a launch waited for: the grant that was there last."""
    late = [g for g in grants if g.full_at is not None and g.full_at > wanted_at]
    unmet = next((need.why for need in needs if need.why and not need.grants), "")
    if unmet:
        return unmet
    if not late:
        return ""
    last = max(late, key=lambda g: (g.full_at or 0, g.granted.grant))
    full, event = last.full_at or 0, last.granted
    behind = (full - event.starts) // DAY
    if behind > 0:
        return f"{event.host} delivered {behind} days after the {day_of(event.starts, zone)} it was promised for"
    if event.at > wanted_at:
        return f"nobody had room before: signed on {day_of(event.at, zone)} with {event.host}"
    return f"nobody had room before {day_of(event.starts, zone)}, when {event.host} had"


def _sorted_out(request: Request, hosts: Sequence[str], agreed: Agreed) -> tuple[list[str], list[str], list[str]]:
    """Hosts on which the clauses let it run (asking first included), those on which they do not, and the clauses that say so."""
    allowed, kept = [], []
    clauses: dict[str, None] = {}
    for host in hosts:
        verdict = agreed.verdict(request.asked, host, request.asked.quantity)
        if verdict.answer in {Answer.PERMITTED, Answer.OFFER_FIRST} or (verdict.answer is Answer.UNDETERMINED and request.ruling == "permitted"):
            allowed.append(host)
        else:
            kept.append(host)
            clauses.update(dict.fromkeys(f"`{clause}`" for clause in verdict.denying))
    return allowed, kept, [*clauses]


def _room(asked: CapacityRequest, host: str, state: State, at: Instant) -> int:
    book = state.books.get((host, asked.sku))
    return least(book.free, at, length(asked)) if book else 0


def _name(agreed: Agreed, party: str) -> str:
    known = agreed.compiled.agreement.parties.get(party)
    return known.name if known else party


def _list(words: Sequence[str], link: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return words[0] if words else ""
    return f"{', '.join(words[:-1])} {link} {words[-1]}"
