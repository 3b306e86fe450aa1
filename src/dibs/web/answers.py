"""Offers: the list, and the page on which a holder answers one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dibs.service.access import ACTS, RUNS
from dibs.service.problems import bad_body
from dibs.service.routes.needs import waive_right
from dibs.service.routes.offers import accept_counter, get_offer, list_offers, read_notice, respond, withdraw_offer
from dibs.service.routes.signals import name_reader
from dibs.web.forms import Done, gather, perform
from dibs.web.page import Visit, go, show
from dibs.web.words import REASONS

if TYPE_CHECKING:
    from starlette.responses import Response

    from dibs.service.operation import Operation
    from dibs.service.shapes import OfferView

FILTERS = (
    ("", "all"),
    ("open", "waiting"),
    ("exercised", "taken"),
    ("partially_exercised", "taken in part"),
    ("declined", "declined"),
    ("countered", "other terms"),
    ("lapsed", "lapsed"),
    ("defective", "incomplete"),
)


async def listed(visit: Visit) -> Response:
    """Every offer, or those that stand in one way."""
    status = visit.asked("status")
    found = await visit.ask(list_offers, limit=50, cursor=visit.asked("cursor"), status=status)
    return show(visit, "offers.html", found=found, status=status, filters=FILTERS)


async def one(visit: Visit) -> Response:
    """One offer: the question, the deadline, the buttons."""
    return await _page(visit, None)


async def act(visit: Visit) -> Response:
    """Answer it, read it, take it back."""
    name = visit.path["id"]
    do = visit.form.get("do", "")
    values: dict[str, Any] | None = {}
    operations: dict[str, Operation] = {"read": read_notice, "withdraw": withdraw_offer, "counter-accept": accept_counter}
    if do in {"all", "part", "decline", "counter"}:
        operations[do], values = respond, _answer(visit, do)
    if do == "waive":
        offer = visit.front.offer(visit.actor, name)
        done = await perform(visit, waive_right, {"id": offer.request})
        return go(f"/offers/{name}") if done.kept else await _page(visit, done)
    if do == "name":
        done = await perform(visit, name_reader, {})
        return go(f"/offers/{name}") if done.kept else await _page(visit, done)
    if do not in operations:
        raise bad_body(f"`{do}` is nothing that can be done with an offer")
    done = await perform(visit, operations[do], {"id": name}, values)
    closed = do == "read" and not visit.front.reads(visit.actor, visit.front.offer(visit.actor, name))
    return go(f"/offers/{name}") if done.kept and not closed else await _page(visit, done)


def _answer(visit: Visit, do: str) -> dict[str, Any]:
    """What the buttons say, as an answer."""
    form = gather(visit.form, visit.zone)
    if do == "decline":
        return {"quantity": 0, "reason": form.get("reason", "none")}
    if do == "all":
        offer = visit.front.offer(visit.actor, visit.path["id"])
        answer: dict[str, Any] = {"quantity": offer.terms.quantity or 0}
    else:
        answer = {"quantity": form["quantity"]} if "quantity" in form else {}
    if do == "counter":
        answer |= {"reason": "counter", "terms": form.get("terms", {})}
    host = form.get("host")
    if host and "quantity" in answer:
        answer["hosts"] = {host: answer["quantity"]}
    return answer


async def _page(visit: Visit, done: Done | None) -> Response:
    offer: OfferView = await visit.ask(get_offer, path={"id": visit.path["id"]})
    hosts = [h.id for h in visit.agreement.hosts.values() if h.platform == offer.holder and (offer.terms is None or offer.terms.sku in h.skus)]
    holder = visit.actor.party == offer.holder
    return show(
        visit,
        "offer.html",
        offer=offer,
        mine=holder,
        hidden=offer.terms is None,
        hosts=hosts,
        clause=next((clause for clause in visit.clauses() if clause.id == offer.clause), None),
        done=done,
        faults=done.faults if done else {},
        values=dict(visit.form) if done else {},
        reasons_to_decline=REASONS,
        acts=visit.actor.role in ACTS,
        names_readers=visit.actor.role in RUNS,
        grants=[visit.front.views.grant(visit.actor, grant) for _, grant in visit.front.grants(visit.actor) if grant.offer == offer.id],
        reader=(visit.actor.party, visit.actor.person) in visit.front.state.readers,
    )
