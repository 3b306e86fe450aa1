"""Where may it run: every class on every host on a day, and one question with all its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from dibs.report.matrix import LETTERS
from dibs.report.wording import capital, count, day, plain
from dibs.report.wording import listed as and_listed
from dibs.service.problems import Problem
from dibs.service.routes.placements import check_placement, placement_matrix
from dibs.web.page import Visit, day_asked, show

if TYPE_CHECKING:
    from starlette.responses import Response

    from dibs.report.palette import Ink
    from dibs.service.routes.placements import DecisionView, MatrixView

MARGIN = timedelta(days=92)
"""The slider begins so long before the first boundary of the agreement and ends so long after the last."""


@dataclass(frozen=True, slots=True)
class HostRow:
    """A host and its answers, by class."""

    host: str
    ink: Ink
    operator: str
    cells: tuple[DecisionView, ...]


async def matrix(visit: Visit) -> Response:
    """The whole matrix on one day; a cell opens its reasons."""
    on, fault = day_asked(visit, "on", visit.today)
    known, known_fault = day_asked(visit, "known", None)
    asked: dict[str, Any] = {"on": (on or visit.today).isoformat()}
    if known:
        asked["known"] = known.isoformat()
    found: MatrixView = await visit.ask(placement_matrix, **asked)
    rows = _rows(visit, found)
    chosen = await _chosen(visit, asked)
    first, last = _span(visit)
    return show(
        visit,
        "where.html",
        found=found,
        rows=rows,
        letters=LETTERS,
        caption=_caption(rows, found),
        chosen=chosen,
        first=first,
        days=(last - first).days,
        at=(found.on - first).days,
        boundaries=[b for b in visit.front.office.agreement.boundaries(known) if first < b < last],
        fault=fault or known_fault,
        known=known,
        hosts_pairs=[(host, host) for host in visit.agreement.hosts],
        classes_pairs=[(kind, plain(kind)) for kind in visit.agreement.workload_classes],
        asked=visit.request.query_params,
    )


async def _chosen(visit: Visit, asked: dict[str, Any]) -> DecisionView | str | None:
    """The answer to the question in the address; a text says what is wrong with it."""
    workload_class, host = visit.asked("class"), visit.asked("host")
    if not workload_class or not host:
        return None
    question = {"class": workload_class, "host": host, **asked}
    if visit.asked("quantity").strip():
        question["quantity"] = visit.asked("quantity").strip()
    try:
        found: DecisionView = await visit.ask(check_placement, **question)
    except Problem as problem:
        return problem.detail
    return found


def _span(visit: Visit) -> tuple[date, date]:
    boundaries = visit.front.office.agreement.boundaries()
    first = min((*boundaries, visit.today)) - MARGIN
    return first, max((*boundaries, visit.today)) + MARGIN


def _rows(visit: Visit, found: MatrixView) -> list[HostRow]:
    palette, hosts = visit.palette(), visit.agreement.hosts
    cells = {(cell.workload_class, cell.host): cell for cell in found.cells}
    out = []
    for name in found.hosts:
        host = hosts[name]
        operator = "" if host.operator == host.platform else visit.names.get(host.operator, host.operator)
        out.append(HostRow(name, palette.platform(host.platform), operator, tuple(cells[kind, name] for kind in found.classes)))
    order = list(palette.platforms)
    return sorted(out, key=lambda row: order.index(hosts[row.host].platform))


def _caption(rows: list[HostRow], found: MatrixView) -> str:
    tally = {answer: sum(1 for row in rows for cell in row.cells if cell.answer == answer) for answer in LETTERS}
    said = and_listed([f"{tally[answer]} {plain(answer)}" for answer in LETTERS if tally[answer]])
    flips = sorted({cell.flips_on for row in rows for cell in row.cells if cell.flips_on is not None})
    then = f" The next change is on {day(flips[0])}." if flips else " Nothing changes after that."
    return f"{capital(count(sum(tally.values()), 'combination'))} of work and place on {day(found.on)}: {said}.{then}"
