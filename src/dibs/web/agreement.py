"""The agreement: on a day in plain English, its versions, and what differs between two days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from dibs.contract import amend
from dibs.contract.fields import FIELDS
from dibs.contract.render import as_written
from dibs.report import force
from dibs.report.timeline import Timeline
from dibs.report.wording import count, listed, plain
from dibs.service.routes.agreements import get_agreement
from dibs.web import live
from dibs.web.page import Visit, day_asked, show

if TYPE_CHECKING:
    from starlette.responses import Response

    from dibs.contract.amend import Changed, FieldChange
    from dibs.report.folder import RunFolder


async def on_a_day(visit: Visit) -> Response:
    """The clauses in force on a day, as known on a day; below them their lives."""
    on, fault = day_asked(visit, "on", visit.today)
    known, known_fault = day_asked(visit, "known", None)
    asked: dict[str, Any] = {"on": (on or visit.today).isoformat()}
    if known:
        asked["known"] = known.isoformat()
    found = await visit.ask(get_agreement, path={"id": "current"}, **asked)
    run = await _run(visit)
    axis = Timeline.of(run)
    lives = force.view(run, axis)
    return show(
        visit,
        "agreement.html",
        found=found,
        fault=fault or known_fault,
        known=known,
        axis=axis,
        lives=lives,
        caption=f"{count(len(found.clauses), 'clause')} in force on {found.on.day} {found.on:%b %Y}"
        + ("" if visit.actor.house else ", of those that name you")
        + ".",
        first=axis.first,
        days=axis.days,
        at=min(axis.days, max(0, (found.on - axis.first).days)),
        today=axis.x(visit.today),
    )


async def _run(visit: Visit) -> RunFolder:
    """The agreement as tables: the house's whole, or what a counterparty may read of it, over the days that clauses name."""
    run = await live.folder(visit.front) if visit.actor.house else live.of_agreement(visit.agreement, visit.today)
    may = {clause.id for clause in visit.clauses()}
    rows = [row if visit.actor.house else {**row, "by": "", "where": "", "confidence": ""} for row in run.table("clauses") if row["clause"] in may]
    days = [date.fromisoformat(row[edge]) for row in rows for edge in ("starts", "ends") if row[edge]]
    first, last = min((*days, visit.today)), max((*days, visit.today))
    tables = {"clauses": tuple(rows), "versions": run.table("versions") if visit.actor.house else ()}
    return live.with_tables(live.stretched(run, first - timedelta(days=60), last + timedelta(days=120), known=visit.today), tables)


async def difference(visit: Visit) -> Response:
    """What differs between two days, clause by clause."""
    versions = amend.versions(visit.agreement)
    today = visit.today
    before, fault = day_asked(visit, "from", None)
    after, other = day_asked(visit, "to", None)
    may = {clause.id for clause in visit.clauses()}
    begun = [row.starts for row in amend.dated_clauses(visit.agreement) if row.clause.id in may and row.starts is not None and row.starts <= today]
    last = max(begun, default=None)
    before = before or ((last or today) - timedelta(days=1))
    after = after or today
    known, _ = day_asked(visit, "known", None)
    found = amend.difference(visit.agreement, before, after, known)
    numbers = [
        (sum(1 for clause in clauses if clause.id in may), word)
        for clauses, word in ((found.added, "new"), (found.ended, "ended"), (found.changed, "reworded"), (found.unchanged, "as before"))
    ]
    return show(
        visit,
        "difference.html",
        summary=listed([f"{number} {word}" for number, word in numbers if number]) or "no clause is in force on either day",
        before=before,
        after=after,
        fault=fault or other,
        added=[clause for clause in found.added if clause.id in may],
        ended=[clause for clause in found.ended if clause.id in may],
        changed=[(change, [_field(change, one) for one in change.fields]) for change in found.changed if change.id in may],
        same=[clause for clause in found.unchanged if clause.id in may],
        versions=[v for v in versions if v.starts is not None] if visit.actor.house else [],
        one_day=timedelta(days=1),
    )


def _field(change: Changed, one: FieldChange) -> tuple[str, str, str]:
    field = next((f for f in FIELDS[type(change.before)] if f.key == one.key), None)

    def said(value: Any) -> str:
        shown = as_written(value, field.shape) if field else value
        if isinstance(shown, list):
            return ", ".join(map(str, shown)) or "none"
        if isinstance(shown, dict):
            return ", ".join(f"{key}: {item}" for key, item in shown.items()) or "none"
        return "not said" if shown is None else str(shown)

    return plain(one.key), said(one.before), said(one.after)
