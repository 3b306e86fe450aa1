"""The first page: what needs me today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dibs.procedure.intents import outstanding
from dibs.quantities import day_of
from dibs.report.wording import capital, count, day, listed, plain
from dibs.service.access import ACTS
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

    from dibs.service.shapes import GrantView, IntentView, OfferView

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
    intents = [views.intent(intent) for intent in outstanding(state)]
    mine = [_task(visit, intent) for intent in intents if intent.do in {"AskHolder", "PlaceElsewhere", "CoverDefault", "RuleOn", "Verify"}]
    tasks = sorted(mine, key=lambda task: (not task.urgent, task.until is None, task.until or now))
    offers = [views.offer(visit.actor, offer, reader=True) for offer in state.offers.values() if offer.status == "open"]
    offers.sort(key=lambda offer: offer.respond_by or now)
    late: list[GrantView] = []
    coming: list[GrantView] = []
    for name in state.awaited:
        grant = views.grant(visit.actor, state.grants[name])
        (late if (grant.deliver_by or grant.starts) < now else coming).append(grant)
    lapsing = [task for task in tasks if task.until is not None and task.until - now <= SOON]
    ending = [offer for offer in offers if offer.respond_by is not None and offer.respond_by - now <= SOON]
    months = (await live.months(visit.front)).shortage(visit.today, MONTHS)
    return show(
        visit,
        "desk.html",
        caption=_caption(tasks, offers, late, months),
        tasks=tasks,
        offers=offers[:SHOWN],
        more=max(0, len(offers) - SHOWN),
        meters={offer.id: _meter(offer, now) for offer in offers[:SHOWN]},
        requests=state.requests,
        late=late[:SHOWN],
        coming=sorted(coming, key=lambda grant: grant.starts)[:10],
        lapsing=len(lapsing) + len(ending),
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


def _caption(tasks: list[Task], offers: list[OfferView], late: list[Any], months: list[Any]) -> str:
    said = [f"{count(len(tasks), 'thing')} {'waits' if len(tasks) == 1 else 'wait'} for you" if tasks else "nothing waits for you"]
    if offers:
        said.append(f"{count(len(offers), 'offer')} {'is' if len(offers) == 1 else 'are'} out for an answer")
    if late:
        said.append(f"{count(len(late), 'delivery', 'deliveries')} {'is' if len(late) == 1 else 'are'} late")
    if any(month.unmet for month in months):
        said.append(f"something is missing in {count(sum(1 for month in months if month.unmet), 'month')} ahead")
    return f"{capital(listed(said))}."


async def _supplier(visit: Visit) -> Response:
    now = visit.now
    answered = await visit.ask(list_offers, limit=1000)
    offers = sorted((offer for offer in answered.items if offer.status == "open"), key=lambda offer: offer.respond_by or now)
    past = [offer for offer in answered.items if offer.status != "open"]
    grants = (await visit.ask(list_grants, limit=1000)).items
    waiting = [grant for grant in grants if grant.status in {"approved", "delayed", "partially_active"}]
    return show(
        visit,
        "desk-supplier.html",
        offers=offers[:SHOWN],
        past=past[-5:][::-1],
        waiting=sorted(waiting, key=lambda grant: grant.starts)[:SHOWN],
        running=sum(grant.delivered for grant in grants if grant.status in {"active", "partially_active"}),
        urgent={offer.id for offer in offers if offer.respond_by is not None and offer.respond_by - now <= SOON},
        meters={offer.id: _meter(offer, now) for offer in offers[:SHOWN]},
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
