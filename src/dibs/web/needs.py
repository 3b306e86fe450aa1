"""Needs: the list, a new one, and the page of one need, from which everything about it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dibs.contract.model import PreEmption
from dibs.decisions.completeness import required
from dibs.procedure.agreed import Agreed
from dibs.quantities import DAY, day_of
from dibs.report.wording import capital
from dibs.service.access import ACTS
from dibs.service.app import permit
from dibs.service.problems import bad_body
from dibs.service.routes.grants import propose_grant
from dibs.service.routes.needs import cancel_request, get_request, list_requests, request_events, rule, submit_request
from dibs.service.routes.offers import accept_counter, serve_notice, withdraw_offer
from dibs.web import live
from dibs.web.forms import Done, perform
from dibs.web.page import Visit, go, show
from dibs.web.words import stands

if TYPE_CHECKING:
    from starlette.responses import Response

    from dibs.decisions.decision import Decision
    from dibs.procedure.state import Offer, Request
    from dibs.report.palette import Ink
    from dibs.service.operation import Operation
    from dibs.service.shapes import RequestView

FILTERS = (
    ("", "all"),
    ("live", "still sought"),
    ("held", "to be offered"),
    ("granted", "granted"),
    ("denied", "denied"),
    ("cancelled", "given up"),
    ("expired", "over"),
)


async def listed(visit: Visit) -> Response:
    """Every need, or those that stand in one way."""
    status = visit.asked("status")
    query: dict[str, Any] = {"live": "true"} if status == "live" else {"status": status}
    found = await visit.ask(list_requests, limit=50, cursor=visit.asked("cursor"), **query)
    return show(visit, "requests.html", found=found, status=status, filters=FILTERS, acts=visit.actor.role in ACTS)


# A new need.


async def blank(visit: Visit) -> Response:
    """The form for a need."""
    permit(visit.actor, submit_request)
    return _form(visit, {}, None)


async def submit(visit: Visit) -> Response:
    """Ask, or see what would come of asking."""
    permit(visit.actor, submit_request)
    done = await perform(visit, submit_request, {})
    if done.kept and done.outcome is not None:
        return go(f"/requests/{done.outcome.subject}")
    return _form(visit, dict(visit.form), done)


def _form(visit: Visit, values: dict[str, str], done: Done | None) -> Response:
    hosts = visit.agreement.hosts.values()
    rights = [c for c in visit.front.office.agreement.in_force(visit.today, visit.today) if isinstance(c, PreEmption)]
    buyers = [visit.actor.party, *(p.id for p in visit.agreement.parties.values() if p.controlled_by == visit.actor.party)]
    return show(
        visit,
        "request-new.html",
        values=values,
        done=done,
        faults=done.faults if done else {},
        classes=tuple(visit.agreement.workload_classes),
        skus=tuple(dict.fromkeys(sku for host in hosts for sku in host.skus)),
        regions=tuple(dict.fromkeys(region for host in hosts for region in host.regions)),
        asked_first=list(dict.fromkeys(visit.names.get(right.holder, right.holder) for right in rights)),
        buyers=[(buyer, visit.names.get(buyer, buyer)) for buyer in buyers],
        renewals=[
            (g.grant, f"{g.quantity:,} on {g.host} ({g.grant})") for g in visit.front.state.grants.values() if g.status not in {"ended", "failed"}
        ][-100:],
    )


# One need.


@dataclass(frozen=True, slots=True)
class Place:
    """A host where a need might go: what the agreement says of it, and how much room it has."""

    host: str
    ink: Ink
    operator: str
    decision: Decision
    room: int
    fits: bool


async def one(visit: Visit) -> Response:
    """How it stands, what is next, why."""
    return await _page(visit, None)


async def act(visit: Visit) -> Response:
    """Do what was chosen on the page."""
    name = visit.path["id"]
    do = visit.form.get("do", "")
    acts: dict[str, tuple[Operation, dict[str, str], dict[str, Any] | None]] = {
        "offer": (serve_notice, {}, None),
        "grant": (propose_grant, {}, None),
        "cancel": (cancel_request, {"id": name}, {}),
        "rule": (rule, {"id": name}, None),
        "withdraw": (withdraw_offer, {"id": visit.form.get("offer", "")}, {}),
        "counter": (accept_counter, {"id": visit.form.get("offer", "")}, {}),
    }
    if do not in acts:
        raise bad_body(f"`{do}` is nothing that can be done about a need")
    operation, path, values = acts[do]
    if do in {"withdraw", "counter"} and visit.form.get("offer", "") not in visit.front.request(visit.actor, name).offers:
        raise bad_body("that offer is not about this need")
    done = await perform(visit, operation, path, values)
    return go(f"/requests/{name}#latest") if done.kept else await _page(visit, done)


async def _page(visit: Visit, done: Done | None) -> Response:
    name = visit.path["id"]
    request: RequestView = await visit.ask(get_request, path={"id": name})
    events = (await visit.ask(request_events, path={"id": name})).items
    state = visit.front.state
    inner = state.requests[name]
    offers = [visit.front.views.offer(visit.actor, state.offers[offer], reader=True) for offer in request.offers]
    places = _places(visit, inner)
    clause = next((c for c in visit.front.office.agreement.in_force(visit.today, visit.today) if c.id == request.clause), None)
    return show(
        visit,
        "request.html",
        request=request,
        events=events,
        offers=offers,
        places=places,
        standing=_stands(visit, request),
        picture=await live.lane(visit.front, name, visit.palette()),
        clause=clause,
        needs=required(clause) if isinstance(clause, PreEmption) else (),
        values=dict(visit.form) if done else {},
        prefilled=_prefilled(visit, inner),
        ends=datetime.fromtimestamp(inner.asked.start_earliest + (inner.asked.months * 730 + inner.asked.hours) * 3600, UTC),
        done=done,
        faults=done.faults if done else {},
        grants=[visit.front.views.grant(visit.actor, g) for g in state.grants.values() if g.request == name],
        acts=visit.actor.role in ACTS,
        over=name not in state.live,
    )


def _places(visit: Visit, request: Request) -> list[Place]:
    """Every host with these machines, where there is most to hope for first."""
    asked, state, compiled = request.asked, visit.front.state, visit.front.office.agreement
    agreed = Agreed(compiled, state, visit.front.office.now())
    palette = visit.palette()
    ends = asked.start_earliest + max(1, asked.months * 730 + asked.hours) * 3600
    on = max(agreed.day, day_of(asked.start_earliest, compiled.zone))
    out = []
    for host in visit.agreement.hosts.values():
        if asked.sku not in host.skus:
            continue
        decision = compiled.decide(
            workload_class=asked.workload_class, host=host.id, on=on, known=agreed.day, quantity=asked.quantity, facts=agreed.facts
        )
        shelf = state.books.get((host.id, asked.sku))
        room = max(0, shelf.free.least(asked.start_earliest, ends)) if shelf else 0
        operator = "" if host.operator == host.platform else visit.names.get(host.operator, host.operator)
        fits = not asked.regions or bool(set(asked.regions) & set(host.regions))
        out.append(Place(host.id, palette.platform(host.platform), operator, decision, room, fits))
    order = ("permitted", "offer_first", "undetermined", "refused")
    free = bool(request.market.quantity or request.cover.quantity)
    holders = {host.id for host in visit.agreement.hosts.values() if host.platform == request.holder}
    return sorted(out, key=lambda place: (not place.fits, free and place.host in holders, order.index(place.decision.answer), not place.room))


def _stands(visit: Visit, request: RequestView) -> str:
    """How it stands, in the words of its own case."""
    waiting = next((intent for intent in request.next if intent.do == "AnswerOffer"), None)
    free = request.market.quantity if request.market is not None else 0
    said = []
    if request.granted and request.status != "granted":
        said.append(f"{request.granted:,} of {request.quantity:,} are promised")
    if request.undetermined:
        said.append("the agreement does not say what becomes of it: somebody has to rule")
    if waiting is not None:
        said.append(f"{visit.names.get(waiting.by, waiting.by)} has been asked and has not answered yet")
    if free:
        said.append(f"{free:,} are free to go elsewhere for a while")
    return capital("; ".join(said) or stands(request.status))


def _prefilled(visit: Visit, request: Request) -> dict[str, str]:
    """The terms of a notice as far as they are known: those of the last notice to this holder, then what the need says."""
    asked = request.asked
    last = _last_notice(visit, request)
    hosts = visit.agreement.hosts.values()
    regions = asked.regions or tuple(dict.fromkeys(region for host in hosts if asked.sku in host.skus for region in host.regions))
    out = {
        "terms.price": f"{asked.price_max:f}" if asked.price_max is not None else "",
        "terms.payment": "monthly in arrears",
        "terms.address": f"capacity desk of {visit.names.get(asked.party, asked.party)}",
        "terms.regions": ", ".join(regions),
    }
    if last is not None:
        terms = last.terms
        out["terms.payment"] = terms.payment or out["terms.payment"]
        out["terms.address"] = terms.address or out["terms.address"]
        if terms.price is not None:
            out["terms.price"] = f"{terms.price:f}"
        for name in ("take_or_pay", "service_level", "prepayment"):
            share = getattr(terms, name)
            if share is not None:
                out[f"terms.{name}"] = f"{(share * 100).normalize():f}"
        if terms.delivery_tolerance is not None:
            out["terms.delivery_tolerance"] = f"{terms.delivery_tolerance / DAY:g}"
    return out


def _last_notice(visit: Visit, request: Request) -> Offer | None:
    offers = visit.front.state.offers
    if request.offers:
        return offers[request.offers[-1]]
    return next((offer for offer in reversed(offers.values()) if offer.holder == request.holder and offer.clause == request.clause), None)
