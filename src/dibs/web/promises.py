"""Grants: what is promised, and whether it came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.service.access import ACTS, PROVES
from dibs.service.problems import bad_body
from dibs.service.routes.grants import confirm_delivery, get_grant, list_grants, release_grant
from dibs.web.forms import Done, perform
from dibs.web.page import Visit, go, show

if TYPE_CHECKING:
    from starlette.responses import Response

FILTERS = (("", "all"), ("approved", "promised"), ("active", "delivered"), ("delayed", "late"), ("failed", "in default"), ("ended", "over"))


async def listed(visit: Visit) -> Response:
    """Every grant, or those that stand in one way."""
    status = visit.asked("status")
    found = await visit.ask(list_grants, limit=50, cursor=visit.asked("cursor"), status=status)
    return show(visit, "grants.html", found=found, status=status, filters=FILTERS, palette=visit.palette())


async def one(visit: Visit) -> Response:
    """One grant."""
    return await _page(visit, None)


async def act(visit: Visit) -> Response:
    """Confirm a delivery, or end it early."""
    name, do = visit.path["id"], visit.form.get("do", "")
    if do == "deliver":
        done = await perform(visit, confirm_delivery, {"id": name})
    elif do == "release":
        done = await perform(visit, release_grant, {"id": name}, {})
    else:
        raise bad_body(f"`{do}` is nothing that can be done with a grant")
    return go(f"/grants/{name}") if done.kept else await _page(visit, done)


async def _page(visit: Visit, done: Done | None) -> Response:
    grant = await visit.ask(get_grant, path={"id": visit.path["id"]})
    over = grant.status in {"ended", "failed"}
    return show(
        visit,
        "grant.html",
        grant=grant,
        palette=visit.palette(),
        done=done,
        faults=done.faults if done else {},
        acts=visit.actor.role in ACTS,
        proves=visit.actor.house and visit.actor.role in PROVES,
        over=over,
    )
