"""Money: statements with their lines down to the clause and the act, and commitments as they are drawn down."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from dibs.report import money
from dibs.report.page import picture_data
from dibs.report.timeline import Timeline
from dibs.service.access import MONEY
from dibs.service.problems import not_found
from dibs.service.routes.money import contest_line, export_beancount, export_focus, get_statement, list_commitments, list_statements
from dibs.settle.tables import tables
from dibs.web import live
from dibs.web.forms import Done, perform
from dibs.web.page import Visit, go, show

if TYPE_CHECKING:
    from starlette.responses import Response

    from dibs.report.folder import RunFolder

EXPORTS = {"focus": export_focus, "beancount": export_beancount}
"""What can be taken away."""


async def statements(visit: Visit) -> Response:
    """One a month and pair of parties; above them who pays whom."""
    month, counterparty = visit.asked("month"), visit.asked("counterparty")
    found = await visit.ask(list_statements, limit=60, cursor=visit.asked("cursor"), month=month, counterparty=counterparty)
    run = await _settled(visit) if visit.actor.house else None
    flows = money.flows(run, visit.palette()) if run is not None else None
    settled = await visit.front.accounts.settled()
    mine = [made for made in settled.statements if visit.actor.house or visit.actor.party in {made.party, made.counterparty}]
    others = dict.fromkeys(party for made in mine for party in (made.counterparty, made.party) if party != visit.actor.party)
    months = sorted({f"{made.month:%Y-%m}" for made in mine if counterparty in ("", made.party, made.counterparty)}, reverse=True)
    return show(
        visit,
        "money.html",
        found=found,
        month=month,
        counterparty=counterparty,
        flows=flows,
        others=others,
        months_pairs=[(one, one) for one in months],
    )


async def statement(visit: Visit) -> Response:
    """One statement: every line unfolds to its clause, its decision and its entry."""
    return await _statement(visit, None)


async def statement_file(visit: Visit) -> Response:
    """The statement as a file."""
    answer: Response = await visit.ask(get_statement, path=visit.path, format=visit.path["form"])
    return answer


async def export(visit: Visit) -> Response:
    """The whole book of money, as other programs read it."""
    if visit.path["form"] not in EXPORTS:
        raise not_found("export", visit.path["form"])
    answer: Response = await visit.ask(EXPORTS[visit.path["form"]])
    return answer


async def contest(visit: Visit) -> Response:
    """Contest a line."""
    values = {name: visit.form[name] for name in ("entry", "says") if visit.form.get(name, "").strip()}
    done = await perform(visit, contest_line, visit.path, values)
    if not done.faults:
        return go(visit.request.url.path + "#disputed")
    return await _statement(visit, done)


async def _statement(visit: Visit, done: Done | None) -> Response:
    found = await visit.ask(get_statement, path=visit.path)
    return show(
        visit,
        "statement.html",
        found=found,
        done=done,
        faults=done.faults if done else {},
        writes=visit.actor.role in MONEY,
        contested=visit.form.get("entry", ""),
    )


async def commitments(visit: Visit) -> Response:
    """Will the commitment be met?"""
    found = await visit.ask(list_commitments)
    run = await _settled(visit)
    axis = Timeline.of(run)
    drawn = money.burndown(run, axis)
    shared = money.shares(run, axis) if visit.actor.house else None
    data = picture_data(axis, None, None, None, money.pictures(drawn, shared, None))
    return show(visit, "commitments.html", found=found, burndown=drawn, shares=shared, axis=axis, data=data)


async def _settled(visit: Visit) -> RunFolder:
    """The settlement as the report's tables: all of it for the house, a counterparty's own commitments for others."""
    settled = await visit.front.accounts.settled()
    made = {name: tuple(csv.DictReader(io.StringIO(text))) for name, text in tables(settled.settlement, settled.zone).items()}
    mine = {b.clause for b in settled.settlement.burndowns if visit.actor.house or visit.actor.party in {b.payer, b.payee}}
    drawn = tuple(row for row in made["burndown"] if row["clause"] in mine)
    base = live.of_agreement(visit.agreement, visit.today)
    said = tuple(row for row in base.table("clauses") if visit.actor.house or row["clause"] in mine)
    rows: dict[str, Any] = {"burndown": drawn, "clauses": said}
    if visit.actor.house:
        rows |= {"versions": base.table("versions"), "money_flows": made["money_flows"], "share": made["share"]}
    months = sorted({row["month"][:10] for name in ("burndown", "share") for row in rows.get(name, ())})
    first = min((live.parse_day(month) or visit.today for month in months), default=visit.today)
    last = max((live.parse_day(month) or visit.today for month in months), default=visit.today)
    ends = [row.due for b in settled.settlement.burndowns if b.clause in mine for row in b.rows[-1:] if row.due is not None]
    return live.with_tables(
        live.stretched(base, min(first, visit.today).replace(day=1), live.later(max((last, visit.today, *ends)), 2), known=visit.today), rows
    )
