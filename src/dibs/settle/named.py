"""What statements and exports call things: parties, clauses with their texts and places, and the contract behind an export."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from dibs.contract import model
from dibs.contract.amend import dated_clauses
from dibs.quantities import day_of
from dibs.settle.focus import Commitment, Contract
from dibs.settle.rounding import from_minor, to_minor
from dibs.settle.statement import Behind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from dibs.contract.model import Agreement
    from dibs.settle.rows import Burndown, Settlement


def behind_of(agreement: Agreement, acts: Mapping[str, str]) -> Behind:
    """What stands behind the entries of a settlement; `acts` are the acts of the journal in words, by their numbers."""
    names = {party.id: party.name for party in agreement.parties.values()}
    return Behind(names=names, clauses=_texts(agreement), acts=acts)


def _texts(agreement: Agreement) -> Mapping[str, tuple[tuple[date | None, str, str], ...]]:
    """Clause -> its texts by the day from which each holds, with their places."""
    texts: dict[str, list[tuple[date | None, str, str]]] = {}
    for row in dated_clauses(agreement):
        texts.setdefault(row.clause.id, []).append((row.starts, str(row.clause.mark), row.clause.says))
    return {clause: tuple(sorted(found, key=lambda text: text[0] or date.min)) for clause, found in texts.items()}


def contract_of(agreement: Agreement, settlement: Settlement, *, zone: ZoneInfo, behind: Behind) -> Contract:
    """The agreement as exports name it."""
    signed = {amendment.id: amendment.signed for amendment in agreement.amendments}
    until = day_of(settlement.recorded, zone)
    rows = dated_clauses(agreement)
    starts = min((row.starts for row in rows if row.starts), default=date(1970, 1, 1))
    ends = max((row.ends for row in rows if row.ends), default=date(9999, 1, 1))
    made = []
    for row in rows:
        clause = row.clause
        if not isinstance(clause, model.Commitment) or clause.amount is None or row.starts is None or row.ends is None or row.starts >= row.ends:
            continue
        drawn = [burndown for burndown in settlement.burndowns if burndown.clause == clause.id]
        met = any(line.status == "met" for burndown in drawn for line in burndown.rows)
        made.append(
            Commitment(
                clause=clause.id,
                says=clause.says,
                payer=clause.payer,
                payee=clause.payee,
                amount=to_minor(clause.amount.amount, clause.amount.currency),
                currency=clause.amount.currency,
                starts=row.starts,
                ends=row.ends,
                signed=signed.get(row.by) or row.starts,
                by_milestones=bool(clause.milestones),
                status=_lifecycle(row.starts, row.ends, until, met=met),
                classes=tuple(clause.eligible_classes),
                hosts=tuple(clause.eligible_hosts),
            )
        )
    return Contract(id=agreement.id, starts=starts, ends=ends, zone=zone, behind=behind, commitments=tuple(made))


def _lifecycle(starts: date, ends: date, on: date, *, met: bool) -> Any:
    """The stage of a commitment in the export's words."""
    if on < starts:
        return "Pending"
    if met:
        return "Exhausted"
    return "Active" if on < ends else "Expired"


def drawn(burndown: Burndown) -> dict[str, Any]:
    """A burndown as JSON: amounts as texts, exact."""

    def exact(minor: int | None) -> str | None:
        return None if minor is None else f"{from_minor(minor, burndown.currency):f}"

    return {
        "payer": burndown.payer,
        "payee": burndown.payee,
        "currency": burndown.currency,
        "amount": exact(burndown.amount),
        "from": burndown.starts.isoformat() if burndown.starts else None,
        "until": burndown.ends.isoformat() if burndown.ends else None,
        "milestones": {day.isoformat(): exact(amount) for day, amount in burndown.milestones},
        "shortfalls": exact(burndown.shortfalls),
        "credit": exact(burndown.credit),
        "months": [
            {
                "month": row.month.isoformat(),
                "eligible": exact(row.eligible),
                "cumulative": exact(row.cumulative),
                "milestone": exact(row.milestone),
                "due": row.due.isoformat() if row.due else None,
                "forecast": exact(row.forecast),
                "status": row.status,
                "short_on": row.short_on.isoformat() if row.short_on else None,
                "shortfalls": exact(row.shortfalls),
                "credit": exact(row.credit),
            }
            for row in burndown.rows
        ],
    }
