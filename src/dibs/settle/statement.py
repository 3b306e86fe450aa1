"""Statements: what two parties owe each other, month by month, each line with the clause, the decision and the act behind it.

A statement is made from entries alone.  An entry stands in the month in which it is booked: the last second of its
period, or the last second before it was known if that was later.  So a closed month stays as it is; what is learnt
afterwards stands on a later statement, as a reversal and a new line.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeAlias

from jinja2 import Environment

from dibs.quantities import day_of, instant_of, iso
from dibs.settle.rounding import exponent, from_minor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from dibs.quantities import Instant
    from dibs.settle.postings import Entry

Pair: TypeAlias = "tuple[str, str]"
LINES_ON_A_PAGE = 40
"""Lines between two page totals."""

COLUMNS: Mapping[str, str] = {
    "line": "Number of the line on its statement.",
    "entry": "The entry of the ledger.",
    "kind": "What it is; for a reversal, what it reverses.",
    "says": "It in a sentence.",
    "from": "First second that it is about.",
    "until": "First second that it is no longer about.",
    "recorded": "When it was known.",
    "clause": "The clause under which it is owed.",
    "where": "Where that clause stands.",
    "decision": "The act in the journal, or the row of figures, behind it.",
    "act": "That act in words.",
    "reverses": "The entry that it undoes.",
    "dispute": "Who contests it, and why.",
    "currency": "Currency (ISO 4217).",
    "amount": "What the party owes the counterparty for it; negative: the other way round, or paid.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What a reader wants to see behind an entry."""

    names: Mapping[str, str] = field(default_factory=dict)
    """What each party is called."""
    clauses: Mapping[str, tuple[tuple[date | None, str, str], ...]] = field(default_factory=dict)
    """Clause -> its texts in order: from which day, where it stands, what it says."""
    acts: Mapping[str, str] = field(default_factory=dict)
    """Decision -> the act in words."""

    def name(self, party: str) -> str:
        """What a party is called; its id where nobody said."""
        return self.names.get(party, party)

    def clause(self, made: Entry, zone: ZoneInfo) -> tuple[str, str]:
        """Where the text of a clause stands that was in force when an entry's period began, and what it says."""
        texts = self.clauses.get(made.clause, ())
        on = day_of(made.valid_from, zone)
        known = [(where, says) for starts, where, says in texts if starts is None or starts <= on]
        return known[-1] if known else (texts[0][1], texts[0][2]) if texts else ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: an entry in one currency, and what it adds to what the party owes."""

    entry: Entry
    kind: str
    currency: str
    amount: int
    where: str
    clause_says: str
    act: str
    dispute: str

    @property
    def exact(self) -> Decimal:
        """The amount in major units."""
        return from_minor(self.amount, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One month between two parties.  Positive: the party owes the counterparty."""

    party: str
    counterparty: str
    month: date
    """Its first day."""
    lines: tuple[Line, ...]
    opening: Mapping[str, int]
    """Currency -> what was owed before."""
    closing: Mapping[str, int]
    """Currency -> what is owed after: opening and lines."""

    @property
    def id(self) -> str:
        """`aster--borealis/2025-03`."""
        return f"{self.party}--{self.counterparty}/{self.month:%Y-%m}"

    @property
    def pages(self) -> tuple[tuple[Line, ...], ...]:
        """The lines page by page."""
        return tuple(self.lines[at : at + LINES_ON_A_PAGE] for at in range(0, len(self.lines), LINES_ON_A_PAGE))

    @property
    def totals(self) -> dict[str, int]:
        """Currency -> the sum of the lines."""
        return totals(self.lines)


def booked(made: Entry) -> Instant:
    """The second in which an entry comes onto a statement."""
    return max(made.valid_to, made.recorded) - 1


def month_of(instant: Instant, zone: ZoneInfo) -> date:
    """The first day of the month that an instant falls in."""
    return day_of(instant, zone).replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def bounds(month: date, zone: ZoneInfo) -> tuple[Instant, Instant]:
    """The month's first second, and the first one after it."""
    return instant_of(month, zone), instant_of(next_month(month), zone)


def owes(made: Entry, party: str, counterparty: str) -> dict[str, int]:
    """Currency -> by how much an entry raises what `party` owes `counterparty`, as the counterparty's own book has it."""
    sums: dict[str, int] = {}
    claim, debt = f"{counterparty}:receivable:{party}", f"{counterparty}:payable:{party}"
    for line in made.postings:
        if line.account in {claim, debt} or line.account.startswith((f"{claim}:", f"{debt}:")):
            sums[line.currency] = sums.get(line.currency, 0) + line.amount
    return {currency: amount for currency, amount in sums.items() if amount}


def flow(made: Entry) -> dict[str, int]:
    """Currency -> what an entry moves from its payer to its payee, by what the payer books it as; a reversal moves it back.

    A charge is the payer's expense, an investment its asset; a payment has neither and is what it settles.  A share
    counts as far as it is due, and the stretched rest of it when it falls due, so that nothing is counted twice.
    """
    payer = made.counterparties[0]
    between = (f"{payer}:payable", f"{payer}:receivable", f"{payer}:cash")
    own = [line for line in made.postings if line.party == payer]
    booked_as = [line for line in own if not line.account.startswith(between)]
    settled = [line for line in own if not line.account.startswith(f"{payer}:cash")]
    sums: dict[str, int] = {}
    for line in booked_as or settled:
        sums[line.currency] = sums.get(line.currency, 0) + line.amount
    return {currency: amount for currency, amount in sums.items() if amount}


def totals(lines: Iterable[Line]) -> dict[str, int]:
    """Currency -> sum."""
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line.currency] += line.amount
    return dict(sums)


def kinds(entries: Iterable[Entry]) -> dict[str, str]:
    """Entry -> its kind; a reversal is of the kind of what it reverses."""
    found: dict[str, str] = {}
    for made in entries:
        found[made.id] = found.get(made.reverses, made.kind)
    return found


def statement(
    entries: Sequence[Entry],
    party: str,
    counterparty: str,
    month: date,
    *,
    zone: ZoneInfo,
    opening: Mapping[str, int],
    behind: Behind,
    kind: Mapping[str, str],
    disputes: Mapping[str, str],
) -> Statement:
    """The statement of a month from the entries booked in it, in order."""
    lines = []
    closing = dict(opening)
    for made in entries:
        where, says = behind.clause(made, zone)
        # What touches no debt (a share accrued that is not due yet) is shown, with nothing owed for it.
        for currency, amount in (owes(made, party, counterparty) or {made.postings[0].currency: 0}).items():
            closing[currency] = closing.get(currency, 0) + amount
            lines.append(
                Line(
                    entry=made,
                    kind=kind.get(made.id, made.kind),
                    currency=currency,
                    amount=amount,
                    where=where,
                    clause_says=says,
                    act=behind.acts.get(made.decision, ""),
                    dispute=disputes.get(made.id, ""),
                )
            )
    return Statement(party=party, counterparty=counterparty, month=month, lines=tuple(lines), opening=dict(opening), closing=closing)


def statements(
    entries: Iterable[Entry],
    *,
    zone: ZoneInfo,
    behind: Behind | None = None,
    disputes: Mapping[str, str] | None = None,
    first: str = "",
) -> Iterator[Statement]:
    """Every statement of final entries, pair by pair and month by month; a month without lines has none.

    `first` is the party from whose side its statements are written; otherwise the earlier payer's.  `disputes` tells for
    an entry who contests it and why.
    """
    ordered = sorted((made for made in entries if made.status == "posted"), key=lambda made: (booked(made), made.id))
    kind = kinds(sorted(ordered, key=lambda made: (made.recorded, bool(made.reverses), made.id)))
    sides: dict[Pair, Pair] = {}
    months: dict[Pair, dict[date, list[Entry]]] = {}
    for made in ordered:
        payer, payee = made.counterparties
        if not payer or not payee:
            continue  # between nobody: money of which was never said who put it in
        pair = (min(payer, payee), max(payer, payee))
        side = sides.setdefault(pair, (payee, payer) if payee == first else (payer, payee))
        months.setdefault(side, {}).setdefault(month_of(booked(made), zone), []).append(made)
    for (party, counterparty), by_month in sorted(months.items()):
        opening: Mapping[str, int] = {}
        for month, in_month in by_month.items():
            shown = statement(
                in_month, party, counterparty, month, zone=zone, opening=opening, behind=behind or Behind(), kind=kind, disputes=disputes or {}
            )
            opening = shown.closing
            yield shown


def to_csv(shown: Statement) -> str:
    """A statement as CSV: one row a line, amounts in major units."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, line in enumerate(shown.lines, 1):
        made = line.entry
        writer.writerow(
            [
                number,
                made.id,
                line.kind,
                made.says,
                iso(made.valid_from),
                iso(made.valid_to),
                iso(made.recorded),
                made.clause,
                line.where,
                made.decision,
                line.act,
                made.reverses,
                line.dispute,
                line.currency,
                f"{line.exact:f}",
            ]
        )
    return out.getvalue()


def to_html(shown: Statement, behind: Behind | None = None, zone: ZoneInfo | None = None) -> str:
    """A statement as one page that needs nothing else; each line unfolds to what is behind it."""
    seen = behind or Behind()
    running: dict[str, int] = dict(shown.opening)
    pages = []
    number = 0
    for page in shown.pages:
        rows = []
        for line in page:
            number += 1
            running[line.currency] = running.get(line.currency, 0) + line.amount
            rows.append((number, line))
        pages.append({"rows": rows, "totals": sorted(totals(page).items()), "carried": sorted(running.items())})
    made_in = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made_in.filters["money"] = money
    made_in.filters["iso"] = iso
    made_in.filters["day"] = lambda instant: day_of(instant, zone).isoformat()
    return made_in.from_string(_PAGE).render(
        statement=shown,
        party=seen.name(shown.party),
        counterparty=seen.name(shown.counterparty),
        pages=pages,
        opening=sorted(shown.opening.items()),
        totals=sorted(shown.totals.items()),
        closing=sorted(shown.closing.items()),
        last=next_month(shown.month) - timedelta(days=1),
    )


def money(minor: int, currency: str) -> str:
    """`12,345.00 USD`, exact."""
    return f"{from_minor(minor, currency):,.{exponent(currency)}f} {currency}"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ party }} and {{ counterparty }}, {{ statement.month.strftime('%B %Y') }}</title>
<style>
:root{color-scheme:light dark;--ink:#1b2430;--dim:#5d6b7a;--rule:#d7dde4;--paper:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaef;--dim:#9aa7b4;--rule:#37424e;--paper:#12181f}}
body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:0}p{margin:.3rem 0;color:var(--dim)}
table{border-collapse:collapse;width:100%;margin:1rem 0;break-inside:auto}caption{text-align:left;color:var(--dim)}
th,td{text-align:left;vertical-align:top;padding:.35rem .5rem;border-bottom:1px solid var(--rule)}
th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tfoot td{font-weight:600;border-bottom:0;border-top:2px solid var(--ink)}
summary{cursor:pointer}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:.4rem 0 .2rem}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}.contested{font-weight:600}
@media print{body{margin:0;max-width:none}section+section{break-before:page}}
</style></head><body>
<h1>{{ party }} and {{ counterparty }}, {{ statement.month.strftime('%B %Y') }}</h1>
<p>Statement {{ statement.id }}: {{ statement.month }} to {{ last }}, both included.
Positive amounts are owed by {{ party }} to {{ counterparty }}.</p>
<table><caption>In all</caption><tbody>
{% for currency, amount in opening %}<tr><td>Owed before</td><td class="n">{{ amount | money(currency) }}</td></tr>
{% endfor %}
{% for currency, amount in totals %}<tr><td>This month, {{ statement.lines | length }} lines</td>
<td class="n">{{ amount | money(currency) }}</td></tr>
{% endfor %}
{% for currency, amount in closing %}<tr><td>Owed after</td><td class="n">{{ amount | money(currency) }}</td></tr>
{% endfor %}
</tbody></table>
{% for page in pages %}
<section><table><caption>Page {{ loop.index }} of {{ pages | length }}</caption>
<thead><tr><th class="n">line</th><th>what</th><th>period</th><th class="n">amount</th></tr></thead>
<tfoot>{% for currency, amount in page.totals %}<tr><td></td><td colspan="2">Total of this page</td>
<td class="n">{{ amount | money(currency) }}</td></tr>
{% endfor %}{% for currency, amount in page.carried %}<tr><td></td><td colspan="2">Owed so far</td>
<td class="n">{{ amount | money(currency) }}</td></tr>
{% endfor %}</tfoot>
<tbody>
{% for number, line in page.rows %}{% set made = line.entry %}
<tr><td class="n">{{ number }}</td>
<td><details><summary>{{ made.says or line.kind }}{% if line.dispute %} <span class="contested">(contested)</span>{% endif %}</summary><dl>
<dt>kind</dt><dd>{{ line.kind }}{% if made.reverses %}, reversing {{ made.reverses }}{% endif %}</dd>
<dt>clause</dt><dd>{{ made.clause or 'none' }}{% if line.where %} at {{ line.where }}{% endif %}
{% if line.clause_says %}: {{ line.clause_says }}{% endif %}</dd>
<dt>decision</dt><dd>{{ made.decision or 'none' }}{% if line.act %}: {{ line.act }}{% endif %}</dd>
<dt>ledger entry</dt><dd>{{ made.id }}, recorded {{ made.recorded | iso }}</dd>
{% if line.dispute %}<dt>contested</dt><dd>{{ line.dispute }}</dd>{% endif %}
{% for posting in made.postings %}<dt>{{ posting.account }}</dt><dd>{{ posting.amount | money(posting.currency) }}</dd>
{% endfor %}</dl></details></td>
<td>{{ made.valid_from | day }} to {{ (made.valid_to - 1) | day }}</td><td class="n">{{ line.amount | money(line.currency) }}</td></tr>
{% endfor %}
</tbody></table></section>
{% endfor %}
</body></html>
"""
