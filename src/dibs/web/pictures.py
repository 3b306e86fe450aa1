"""The calendar of supply against demand, and what is being built: the report's pictures over the live book."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from dibs.contract import amend, model
from dibs.report import building, capacity, offers
from dibs.report.page import picture_data
from dibs.report.tables import Table
from dibs.report.timeline import Timeline
from dibs.service.routes.needs import list_requests
from dibs.web import live
from dibs.web.page import Visit, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

    from dibs.contract.model import Site
    from dibs.report.folder import Row


async def calendar(visit: Visit) -> Response:
    """Stacked steps by platform under the line of what is wanted; below it who was asked first."""
    await visit.ask(list_requests, limit=1)  # whoever may not see the needs may not see their sum
    run = await live.folder(visit.front)
    axis, palette = Timeline.of(run), visit.palette()
    shown = capacity.view(run, axis, palette)
    asked = offers.view(run, axis, palette)
    requests = run.table("requests")
    return show(
        visit,
        "calendar.html",
        axis=axis,
        capacity=shown,
        offers=asked,
        requests=Table.of("requests", requests, anchor="request", file=False) if requests else None,
        data=picture_data(axis, shown, None, None, {}),
        now_at=axis.x(visit.today),
    )


async def build_out(visit: Visit) -> Response:
    """Lanes of sites and phases, planned against expected finish."""
    await visit.ask(list_requests, limit=1)
    rows = tuple(_build(_sites(visit)))
    if not rows:
        return show(visit, "build-out.html", building=None, axis=None, data="{}")
    days = [day for row in rows for key in ("from", "planned_finish", "expected_finish") if (day := row[key])]
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    run = live.stretched(
        await live.folder(visit.front, extra={"build": rows}),
        min(first, visit.today).replace(day=1),
        max(last, visit.today).replace(day=28),
        known=visit.today,
    )
    axis = Timeline.of(run)
    return show(visit, "build-out.html", building=building.view(run, axis, visit.palette()), axis=axis, data=picture_data(axis, None, None, None, {}))


def _sites(visit: Visit) -> tuple[Site, ...]:
    """The sites of every programme of the agreement, the latest text of each clause, and those of the scenario."""
    programmes = {dated.clause.id: dated.clause for dated in amend.dated_clauses(visit.agreement) if isinstance(dated.clause, model.Programme)}
    return (*(site for programme in programmes.values() for site in programme.sites), *visit.sites)


def _build(sites: tuple[Site, ...]) -> Iterator[Row]:
    """Every stage of every phase."""
    for site in sites:
        for phase in site.phases:
            for building_of in (None, *phase.buildings):
                unit = building_of or phase
                finished = next((day for day, stage in unit.stages.items() if stage in {"energised", "in_service"}), None)
                expected = finished or phase.expected_finish
                for day, stage in unit.stages.items():
                    yield {
                        "site": site.id,
                        "phase": phase.id,
                        "building": building_of.id if building_of else "",
                        "stage": stage,
                        "from": day.isoformat(),
                        "planned_finish": phase.planned_finish.isoformat() if phase.planned_finish else "",
                        "expected_finish": expected.isoformat() if expected else "",
                        "power_mw": f"{unit.power:f}" if unit.power is not None else "",
                        "accelerators": str(unit.accelerators or ""),
                        "cost": str(phase.cost) if phase.cost and building_of is None else "",
                        "facts": " ".join(unit.facts),
                    }
