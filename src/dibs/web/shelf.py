"""Capacity: what hosts can deliver, what of it is promised, what is free; and saying so anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dibs.service.access import ACTS
from dibs.service.routes.capacity import declare_capacity, list_availability
from dibs.service.shapes import when
from dibs.web.forms import Done, gather, perform
from dibs.web.page import Visit, go, show

if TYPE_CHECKING:
    from starlette.responses import Response


async def listed(visit: Visit) -> Response:
    """Every host and sku that this party may see, and how much of it is free."""
    return await _page(visit, None)


async def declare(visit: Visit) -> Response:
    """Say what a host can deliver from a day on; what was said about earlier days stands."""
    given = gather(visit.form, visit.zone)
    host, _, sku = str(given.pop("place", "")).partition(" ")
    values: dict[str, Any] = {
        "host": host,
        "sku": sku,
        "steps": [*_before(visit, host, sku, given.get("starts")), {"from": given.get("starts"), "quantity": given.get("quantity")}],
    }
    if "price" in given:
        values["price"] = given["price"]
    faults = {name: "this has to be filled in" for name in ("starts", "quantity") if name not in given}
    done = Done("declare", faults=faults) if faults else await perform(visit, declare_capacity, {}, values)
    return go("/capacity") if done.kept else await _page(visit, done)


def _before(visit: Visit, host: str, sku: str, starts: Any) -> list[dict[str, Any]]:
    """What was declared for the time before, which a new declaration would otherwise forget."""
    book = visit.front.state.books.get((host, sku))
    if book is None or not visit.front.sight.host(visit.actor, host) or not hasattr(starts, "timestamp"):
        return []
    return [{"from": when(at), "quantity": quantity} for at, quantity in book.steps if at < starts.timestamp()]


async def _page(visit: Visit, done: Done | None) -> Response:
    found = await visit.ask(list_availability, limit=500, cursor=visit.asked("cursor"))
    mine = [host for host in visit.agreement.hosts.values() if visit.actor.party in {host.platform, host.operator}]
    return show(
        visit,
        "capacity-page.html",
        found=found,
        places=[(f"{host.id} {sku}", f"{host.id}, {sku}") for host in mine for sku in host.skus],
        done=done,
        faults=done.faults if done else {},
        values=dict(visit.form) if done else {},
        acts=visit.actor.role in ACTS,
    )
