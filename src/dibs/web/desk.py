"""The first page: what needs me today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

from dibs.procedure.intents import AskHolder, CoverDefault, PlaceElsewhere, RuleOn, Verify, outstanding
from dibs.procedure.schedule import EVER
from dibs.quantities import day_of
from dibs.report.wording import capital, count, day, listed, plain
from dibs.service.access import ACTS
from dibs.service.app import permit
from dibs.service.problems import bad_body
from dibs.service.routes.clock import NewTime
from dibs.service.routes.clock import move_clock as move_on
from dibs.service.routes.grants import list_grants
from dibs.service.routes.offers import list_offers
from dibs.web import live
from dibs.web.page import Visit, go, show
from dibs.web.words import todo

if TYPE_CHECKING:
    from starlette.responses import Response

    from dibs.procedure.intents import AnyIntent
    from dibs.procedure.state import State
    from dibs.service.shapes import GrantView, IntentView, OfferView

OURS = (AskHolder, PlaceElsewhere, CoverDefault, RuleOn, Verify)
"""What the house has to do itself."""
SOON = timedelta(days=7)
"""What ends within this time is about to lapse."""
SHOWN = 60
"""Cards of one kind on the desk; the lists have all of them."""
MONTHS = 6
"""Months ahead that the desk looks for a shortage."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: what, about what, by when, and where it is done."""

    title: str
    about: str
    until: datetime | None
    address: str
    button: str
    urgent: bool


async def desk(visit: Visit) -> Response:
    """The buyer's desk for the house, the supplier's for everybody else."""
    return await (_buyer(visit) if visit.actor.house else _supplier(visit))


async def _buyer(visit: Visit) -> Response:
    state, views, now = visit.front.state, visit.front.views, visit.now
    mine = [intent for intent in outstanding(state) if isinstance(intent, OURS)]
    soon = int((now + SOON).timestamp())
    first = nsmallest(SHOWN, mine, key=lambda intent: (not isinstance(intent, CoverDefault), _until(state, intent)))
    tasks = [_task(visit, views.intent(intent)) for intent in first]
    running = [offer for offer in state.offers.values() if offer.status == "open"]
    offers = [views.offer(visit.actor, offer, reader=True) for offer in nsmallest(SHOWN, running, key=lambda offer: offer.respond_by)]
    late: list[GrantView] = []
    coming: list[GrantView] = []
    for name in state.awaited:
        grant = views.grant(visit.actor, state.grants[name])
        (late if (grant.deliver_by or grant.starts) < now else coming).append(grant)
    lapsing = sum(_until(state, intent) <= soon for intent in mine) + sum(offer.respond_by <= soon for offer in running)
    months = (await live.months(visit.front)).shortage(visit.today, MONTHS)
    return show(
        visit,
        "desk.html",
        caption=_caption(len(mine), len(running), late, months),
        tasks=tasks,
        todo=len(mine),
        offers=offers,
        running=len(running),
        meters={offer.id: _meter(offer, now) for offer in offers},
        late=late[:SHOWN],
        coming=sorted(coming, key=lambda grant: grant.starts)[:10],
        lapsing=lapsing,
        shortage=months,
        acts=visit.actor.role in ACTS,
        anything=bool(state.requests),
        capacity=bool(state.books),
    )


def _task(visit: Visit, intent: IntentView) -> Task:
    request = visit.front.state.requests.get(intent.about)
    if request is None:
        return Task(todo(intent, ""), intent.about, intent.until, "/journal", "Look", urgent=False)
    asked = request.asked
    quantity = intent.quantity or asked.quantity
    about = f"{quantity:,} {asked.sku} for {plain(asked.workload_class)}, from {day(day_of(asked.start_earliest, visit.zone))}"
    until = intent.until or datetime.fromtimestamp(asked.start_latest, UTC)
    button = {"AskHolder": "Serve notice", "RuleOn": "Rule"}.get(intent.do, "Sign")
    urgent = intent.do == "CoverDefault" or until - visit.now <= SOON
    return Task(todo(intent, visit.names.get(request.holder, request.holder)), about, until, f"/requests/{asked.id}#next", button, urgent)


def _meter(offer: OfferView, now: datetime) -> int:
    """How much of the window is over, in per cent."""
    if offer.respond_by is None or offer.respond_by <= offer.served_at:
        return 100
    return min(100, round(100 * (now - offer.served_at) / (offer.respond_by - offer.served_at)))


def _until(state: State, intent: AnyIntent) -> int:
    """By when something has to be done: its own time, or the latest start of its need; a declaration waits for ever."""
    request = state.requests.get(getattr(intent, "request", ""))
    return int(getattr(intent, "until", 0) or (request.asked.start_latest if request else EVER))


def _caption(tasks: int, offers: int, late: list[Any], months: list[Any]) -> str:
    said = [f"{count(tasks, 'thing')} {'waits' if tasks == 1 else 'wait'} for you" if tasks else "nothing waits for you"]
    if offers:
        said.append(f"{count(offers, 'offer')} {'is' if offers == 1 else 'are'} out for an answer")
    if late:
        said.append(f"{count(len(late), 'delivery', 'deliveries')} {'is' if len(late) == 1 else 'are'} late")
    if any(month.unmet for month in months):
        said.append(f"something is missing in {count(sum(1 for month in months if month.unmet), 'month')} ahead")
    return f"{capital(listed(said))}."


async def _supplier(visit: Visit) -> Response:
    now = visit.now
    permit(visit.actor, list_offers)
    permit(visit.actor, list_grants)
    front, actor = visit.front, visit.actor
    seen = [offer for _, offer in front.offers(actor)]
    running = [offer for offer in seen if offer.status == "open"]
    soonest = nsmallest(SHOWN, running, key=lambda offer: offer.respond_by)
    latest = [offer for offer in reversed(seen) if offer.status != "open"][:5]
    offers, past = ([front.views.offer(actor, offer, reader=front.reads(actor, offer)) for offer in chosen] for chosen in (soonest, latest))
    grants = [grant for _, grant in front.grants(actor)]
    due = [grant for grant in grants if grant.status in {"approved", "delayed", "partially_active"}]
    waiting = [front.views.grant(actor, grant) for grant in nsmallest(SHOWN, due, key=lambda grant: grant.starts)]
    return show(
        visit,
        "desk-supplier.html",
        offers=offers,
        asked=len(running),
        past=past,
        waiting=waiting,
        due=len(due),
        running=sum(grant.delivered for grant in grants if grant.status in {"active", "partially_active"}),
        urgent={offer.id for offer in offers if offer.respond_by is not None and offer.respond_by - now <= SOON},
        meters={offer.id: _meter(offer, now) for offer in offers},
        acts=visit.actor.role in ACTS,
    )


async def move_clock(visit: Visit) -> Response:
    """Move the clock of a rehearsal on by some days."""
    days = visit.form.get("days", "")
    if days not in {"1", "7", "30"}:
        raise bad_body("the clock moves on by 1, 7 or 30 days")
    await visit.ask(move_on, body=NewTime(to=visit.now + timedelta(days=int(days))))
    back = visit.form.get("back", "/")
    return go(back if back.startswith("/") and not back.startswith("//") else "/")
