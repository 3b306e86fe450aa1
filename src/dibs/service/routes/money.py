"""Money: statements, what stands in the ledger, commitments, disputes, and exports that other programs read."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec.structs import replace
from starlette.responses import Response

from dibs.service.access import MONEY, READS_MONEY
from dibs.service.operation import Call, NoBody, NoQuery, Page, operation
from dibs.service.problems import not_found
from dibs.service.shapes import Words, when
from dibs.settle.beancount import to_beancount
from dibs.settle.focus import COLUMNS, COMMITMENT_COLUMNS, contract_commitments, cost_and_usage
from dibs.settle.focus import to_csv as focus_csv
from dibs.settle.named import drawn
from dibs.settle.rounding import from_minor
from dibs.settle.statement import to_csv, to_html
from dibs.store.ledger import Dispute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dibs.service.access import Actor
    from dibs.settle.postings import Entry
    from dibs.settle.statement import Line, Statement

Month = Annotated[str, msgspec.Meta(pattern=r"^$|^\d{4}-(0[1-9]|1[0-2])$")]
"""`YYYY-MM`, or nothing."""


class Statements(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the statements; `month` keeps those of one month, `counterparty` those with one party."""

    month: Month = ""
    counterparty: str = ""


class AmountView(msgspec.Struct, frozen=True, kw_only=True):
    """An exact amount in one currency; positive: the party owes the counterparty."""

    amount: Decimal
    currency: str


class StatementItem(msgspec.Struct, frozen=True, kw_only=True):
    """A statement by its totals.  `lines` counts them."""

    id: str
    party: str
    counterparty: str
    month: str
    lines: int
    opening: tuple[AmountView, ...]
    total: tuple[AmountView, ...]
    closing: tuple[AmountView, ...]


class StatementList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[StatementItem, ...]
    next: str | None = None


class LineView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line: what it is for, the clause under which it is owed with its words and its place, and the act behind it."""

    entry: str
    kind: str
    says: str
    starts: datetime
    ends: datetime
    recorded: datetime
    clause: str
    clause_says: str = ""
    where: str = ""
    decision: str = ""
    act: str = ""
    reverses: str = ""
    dispute: str = ""
    amount: Decimal
    currency: str


class StatementView(StatementItem, frozen=True, kw_only=True):
    """A statement with its lines, in order."""

    items: tuple[LineView, ...]


class Format(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As what it is sent: `json`, `csv`, or `html` for people."""

    format: Literal["json", "csv", "html"] = "json"


class NewDispute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which line is contested, by the entry that it shows, and why."""

    entry: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    says: Words


class DisputeView(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute on record.  It changes no amount; if it is upheld, the correction is a reversal."""

    id: str
    entry: str
    by: str
    says: str
    recorded: datetime


class PostingView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an entry; positive debits, negative credits."""

    account: str
    amount: Decimal
    currency: str


class LedgerEntryView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact about money: the period it is about (valid), when it was known (recorded), the clause and the act behind it, its postings."""

    id: str
    kind: str
    says: str
    valid_from: datetime
    valid_to: datetime
    recorded: datetime
    clause: str
    decision: str = ""
    payer: str
    payee: str
    reverses: str = ""
    settles: str = ""
    postings: tuple[PostingView, ...]


class LedgerEntryList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list; `next` is the cursor of the following part, or nothing if this is the last."""

    items: tuple[LedgerEntryView, ...]
    next: str | None = None


class CommitmentItem(msgspec.Struct, frozen=True, kw_only=True):
    """A commitment and where it stands: `on_track`, `at_risk`, `shortfall`, `met`, `planned`, or `unknown` where no amount was published."""

    clause: str
    payer: str
    payee: str
    amount: Decimal | None
    currency: str
    counted: Decimal
    status: str
    short_on: date | None


class CommitmentList(msgspec.Struct, frozen=True, kw_only=True):
    """Every commitment that is yours to see."""

    items: tuple[CommitmentItem, ...]


class BurndownView(msgspec.Struct, frozen=True, kw_only=True):
    """A commitment month by month, under each of its texts; amounts are exact, as texts."""

    clause: str
    texts: tuple[dict[str, Any], ...]


class FocusQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which FOCUS, and which of its tables (`contract-commitment` exists from 1.4 on)."""

    version: Literal["1.2", "1.4"] = "1.4"
    table: Literal["cost-and-usage", "contract-commitment"] = "cost-and-usage"


def _amounts(sums: Mapping[str, int]) -> tuple[AmountView, ...]:
    return tuple(AmountView(amount=from_minor(minor, currency), currency=currency) for currency, minor in sorted(sums.items()))


def _sees(actor: Actor, *parties: str) -> bool:
    return actor.house or actor.party in parties


def _totals(made: Statement) -> dict[str, Any]:
    return {
        "id": made.id,
        "party": made.party,
        "counterparty": made.counterparty,
        "month": f"{made.month:%Y-%m}",
        "lines": len(made.lines),
        "opening": _amounts(made.opening),
        "total": _amounts(made.totals),
        "closing": _amounts(made.closing),
    }


def _line(actor: Actor, line: Line) -> LineView:
    made = line.entry
    return LineView(
        entry=made.id,
        kind=line.kind,
        says=made.says,
        starts=when(made.valid_from),
        ends=when(made.valid_to),
        recorded=when(made.recorded),
        clause=made.clause,
        clause_says=line.clause_says,
        where=line.where if actor.house else "",
        decision=made.decision if actor.house else "",
        act=line.act if actor.house else "",
        reverses=made.reverses,
        dispute=line.dispute,
        amount=line.exact,
        currency=line.currency,
    )


def _as_seen(actor: Actor, made: Statement) -> Statement:
    """A statement without the numbers of the house's own book."""
    if actor.house:
        return made
    lines = tuple(_replace_line(line) for line in made.lines)
    return type(made)(party=made.party, counterparty=made.counterparty, month=made.month, lines=lines, opening=made.opening, closing=made.closing)


def _replace_line(line: Line) -> Line:
    entry = replace(line.entry, decision="", detail=None)
    return type(line)(
        entry=entry,
        kind=line.kind,
        currency=line.currency,
        amount=line.amount,
        where="",
        clause_says=line.clause_says,
        act="",
        dispute=line.dispute,
    )


async def _find(call: Call[Any, Any]) -> Statement:
    """The statement that the path names.  Raises `Problem` 404."""
    settled = await call.front.accounts.settled()
    name = f"{call.path['pair']}/{call.path['month']}"
    for made in settled.statements:
        if made.id == name and _sees(call.actor, made.party, made.counterparty):
            return made
    raise not_found("statement", name)


@operation("GET", "/v1/statements", "List statements", roles=READS_MONEY, side="any")
async def list_statements(call: Call[NoBody, Statements]) -> StatementList:
    """One a month and pair of parties; a month without lines has none."""
    settled = await call.front.accounts.settled()
    query = call.query
    chosen = (
        (made.id, made)
        for made in settled.statements
        if _sees(call.actor, made.party, made.counterparty)
        and query.month in ("", f"{made.month:%Y-%m}")
        and query.counterparty in ("", made.party, made.counterparty)
    )
    items, following = call.front.page(chosen, query, lambda made: StatementItem(**_totals(made)))
    return StatementList(items=items, next=following)


@operation("GET", "/v1/statements/{pair}/{month}", "One statement", roles=READS_MONEY, side="any", media=("text/csv", "text/html"))
async def get_statement(call: Call[NoBody, Format]) -> StatementView | Response:
    """Every line with the clause under which it is owed; `?format=csv` or `html` gives the file to keep."""
    made = await _find(call)
    if call.query.format == "csv":
        return _file(to_csv(_as_seen(call.actor, made)), "text/csv", f"{made.id.replace('/', '-')}.csv")
    if call.query.format == "html":
        settled = await call.front.accounts.settled()
        return _file(to_html(_as_seen(call.actor, made), settled.behind, settled.zone), "text/html", "")
    return StatementView(**_totals(made), items=tuple(_line(call.actor, line) for line in made.lines))


@operation("POST", "/v1/statements/{pair}/{month}/disputes", "Contest a line", roles=MONEY, side="any", status=201)
async def contest_line(call: Call[NewDispute, NoQuery]) -> DisputeView:
    """Puts on record that you contest a line, and why.  Saying it twice in the same words is saying it once."""
    made = await _find(call)
    if call.body.entry not in {line.entry.id for line in made.lines}:
        raise not_found("line", call.body.entry)
    name = call.front.name(call, "dispute")
    dispute = Dispute(id=name, entry=call.body.entry, by=call.actor.party, says=call.body.says, recorded=call.front.office.now())
    if not call.dry_run:
        dispute = await call.front.accounts.contest(dispute)
    return DisputeView(id=dispute.id, entry=dispute.entry, by=dispute.by, says=dispute.says, recorded=when(dispute.recorded))


@operation("GET", "/v1/ledger-entries", "List ledger entries", roles=READS_MONEY, side="any")
async def list_ledger_entries(call: Call[NoBody, Page]) -> LedgerEntryList:
    """The entries between you and others, in the order in which they were recorded."""
    settled = await call.front.accounts.settled()
    actor = call.actor
    chosen = ((made.id, made) for made in settled.settlement.entries if _sees(actor, *made.counterparties))
    items, following = call.front.page(chosen, call.query, lambda made: _entry(actor, made))
    return LedgerEntryList(items=items, next=following)


def _entry(actor: Actor, made: Entry) -> LedgerEntryView:
    return LedgerEntryView(
        id=made.id,
        kind=made.kind,
        says=made.says,
        valid_from=when(made.valid_from),
        valid_to=when(made.valid_to),
        recorded=when(made.recorded),
        clause=made.clause,
        decision=made.decision if actor.house else "",
        payer=made.counterparties[0],
        payee=made.counterparties[1],
        reverses=made.reverses,
        settles=made.settles,
        postings=tuple(
            PostingView(account=line.account, amount=from_minor(line.amount, line.currency), currency=line.currency)
            for line in made.postings
            if actor.house or line.party == actor.party
        ),
    )


@operation("GET", "/v1/commitments", "List commitments", roles=READS_MONEY, side="any")
async def list_commitments(call: Call[NoBody, NoQuery]) -> CommitmentList:
    """What was promised to be spent, what counted so far, and whether it will be enough."""
    settled = await call.front.accounts.settled()
    items = []
    for burndown in settled.settlement.burndowns:
        if not _sees(call.actor, burndown.payer, burndown.payee):
            continue
        last = burndown.rows[-1] if burndown.rows else None
        items.append(
            CommitmentItem(
                clause=burndown.clause,
                payer=burndown.payer,
                payee=burndown.payee,
                amount=None if burndown.amount is None else from_minor(burndown.amount, burndown.currency),
                currency=burndown.currency,
                counted=from_minor(last.cumulative if last else 0, burndown.currency),
                status=last.status if last else "planned",
                short_on=last.short_on if last else None,
            )
        )
    return CommitmentList(items=tuple(items))


@operation("GET", "/v1/commitments/{id}/burndown", "How a commitment is drawn down", roles=READS_MONEY, side="any")
async def get_burndown(call: Call[NoBody, NoQuery]) -> BurndownView:
    """Month by month: what counted, what was due, what is forecast, and the day on which it will be short."""
    settled = await call.front.accounts.settled()
    found = [b for b in settled.settlement.burndowns if b.clause == call.id and _sees(call.actor, b.payer, b.payee)]
    if not found:
        raise not_found("commitment", call.id)
    return BurndownView(clause=call.id, texts=tuple(drawn(burndown) for burndown in found))


@operation("GET", "/v1/exports/focus", "Export FOCUS", roles=READS_MONEY, side="house", media=("text/csv",))
async def export_focus(call: Call[NoBody, FocusQuery]) -> Response:
    """Cost and Usage of FOCUS 1.2 or 1.4, or the Contract Commitment table of 1.4, as CSV."""
    settled = await call.front.accounts.settled()
    contract = settled.contract
    if call.query.table == "contract-commitment":
        return _file(focus_csv(contract_commitments(contract), COMMITMENT_COLUMNS), "text/csv", "contract-commitment.csv")
    rows = cost_and_usage(settled.settlement.entries, contract, call.query.version)
    return _file(focus_csv(rows, COLUMNS[call.query.version]), "text/csv", "cost-and-usage.csv")


@operation("GET", "/v1/exports/beancount", "Export beancount", roles=READS_MONEY, side="house", media=("text/plain",))
async def export_beancount(call: Call[NoBody, NoQuery]) -> Response:
    """Every entry a transaction, every balance asserted, as beancount text."""
    settled = await call.front.accounts.settled()
    text = "".join(to_beancount(settled.settlement.entries, title=settled.agreement.title, zone=settled.zone))
    return _file(text, "text/plain", "book.beancount")


def _file(text: str, kind: str, name: str) -> Response:
    """A text that is not JSON, as it is sent."""
    headers = {"content-disposition": f'attachment; filename="{name}"'} if name else {}
    return Response(text, media_type=kind, headers=headers)


OPERATIONS = (
    list_statements,
    get_statement,
    contest_line,
    list_ledger_entries,
    list_commitments,
    get_burndown,
    export_focus,
    export_beancount,
)
