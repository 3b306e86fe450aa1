"""The pages about money: who pays whom, whether commitments will be met, what is shared under which cap, and whether a programme is funded."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from dibs.report.canvas import Canvas, Gridline, series
from dibs.report.folder import number, parse_day
from dibs.report.palette import GREY, Ink, ink_of
from dibs.report.tables import Table
from dibs.report.wording import amount, capital, count, day, listed, month, plain, share, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dibs.report.folder import Row, RunFolder
    from dibs.report.palette import Palette
    from dibs.report.timeline import Timeline

PARTIES_MAX = 8
"""Parties that a picture of flows names one by one, those that money passes most; the others are drawn as one."""
TALLEST, LABEL, GAP = 190, 17, 3
"""Pixels of the ribbons of the year with the most money, between two labels, and between two parties."""
OWED_ALREADY = frozenset({"payment", "prepayment_use", "prepayment_expiry"})
"""What only settles something that was counted when it became owed: counting it again would show the money twice."""
OTHERS = ""
"""The party that stands for all the small ones."""


@dataclass(frozen=True, slots=True)
class Ribbon:
    """What one party owes another in a year, as wide as the money."""

    ink: Ink
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Node:
    """A party at the edge of a year's picture: `at` pixels from above, its mark, what passes it."""

    at: float
    ink: Ink
    value: str


@dataclass(frozen=True, slots=True)
class Year:
    """One small picture: payers at the left, payees at the right."""

    year: str
    total: str
    height: int
    forecast: bool
    ribbons: tuple[Ribbon, ...]
    payers: tuple[Node, ...]
    payees: tuple[Node, ...]
    says: str


@dataclass(frozen=True, slots=True)
class FlowsView:
    """Who pays whom."""

    caption: str
    years: tuple[Year, ...]
    parties: tuple[Ink, ...]
    forecasts: bool
    currency: str
    table: Table


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of months with the same forecast."""

    start: float
    end: float
    status: str
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """How one commitment is drawn down."""

    clause: str
    linked: bool
    says: str
    caption: str
    known: bool
    grid: tuple[Gridline, ...]
    top: int
    xs: tuple[int, ...]
    cumulative: tuple[int, ...]
    milestone: tuple[int, ...]
    forecast: tuple[int, ...]
    area: str
    due_path: str
    forecast_path: str
    spans: tuple[Span, ...]
    short_x: int | None
    short_says: str
    tail: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BurndownView:
    """Whether commitments will be met."""

    caption: str
    commitments: tuple[Drawn, ...]
    currency: str
    table: Table


@dataclass(frozen=True, slots=True)
class Shared:
    """One revenue share, month by month.  The paths about a cap are empty where there is none."""

    clause: str
    linked: bool
    says: str
    caption: str
    canvas: Canvas
    paid: tuple[int, ...]
    deferred: tuple[int, ...]
    cut: tuple[int, ...]
    paid_path: str
    deferred_path: str
    cut_path: str
    tail: tuple[str, ...]
    left: Canvas | None
    left_path: str
    left_tail: tuple[str, ...]
    bites: int | None
    bites_says: str
    last: int | None
    last_says: str


@dataclass(frozen=True, slots=True)
class SharesView:
    """What is shared, and how much of a cap is left."""

    caption: str
    shares: tuple[Shared, ...]
    currency: str
    table: Table


@dataclass(frozen=True, slots=True)
class Programme:
    """One building programme: what was drawn, against what is funded and what is intended."""

    programme: str
    linked: bool
    says: str
    caption: str
    canvas: Canvas
    drawn: tuple[int, ...]
    funded: tuple[int, ...]
    potential: tuple[int, ...]
    drawn_path: str
    unfunded_path: str
    funded_path: str
    potential_path: str
    tail: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FundingView:
    """Whether programmes are funded."""

    caption: str
    programmes: tuple[Programme, ...]
    currency: str
    table: Table


# --- who pays whom ---------------------------------------------------------------------------------


def flows(run: RunFolder, palette: Palette) -> FlowsView | None:
    """None when nobody owed anybody anything, or the run was not settled."""
    table = run.table("money_flows")
    owed = [row for row in table if row["kind"] not in OWED_ALREADY]
    currencies: Counter[str] = Counter()
    for row in owed:
        currencies[row.get("currency", "")] += abs(number(row["amount"]))
    currency = max(currencies, key=currencies.__getitem__, default="")
    sums: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    kinds: Counter[tuple[str, str, str]] = Counter()
    for row in owed:
        if row.get("currency", "") == currency:
            sums[row["year"]][row["payer"], row["payee"]] += number(row["amount"])
            kinds[row["payer"], row["payee"], row["kind"]] += number(row["amount"])
    years = {year: {pair: value for pair, value in pairs.items() if value > 0} for year, pairs in sorted(sums.items())}
    years = {year: pairs for year, pairs in years.items() if pairs}
    if not years:
        return None
    total: Counter[tuple[str, str]] = Counter()
    turnover: Counter[str] = Counter()
    for pairs in years.values():
        total.update(pairs)
    for (payer, payee), value in total.items():
        turnover[payer] += value
        turnover[payee] += value
    ranked = [party for party, _ in turnover.most_common()]
    kept = ranked if len(ranked) <= PARTIES_MAX + 1 else ranked[:PARTIES_MAX]
    inks = _inks(run, palette, kept, len(ranked) - len(kept))
    grouped = {year: _grouped(pairs, kept) for year, pairs in years.items()}
    scale = TALLEST / max(sum(pairs.values()) for pairs in grouped.values())
    return FlowsView(
        caption=_flows_caption(run, years, total, kinds, currency),
        years=tuple(_year(run, year, pairs, inks, scale) for year, pairs in grouped.items()),
        parties=tuple(inks.values()),
        forecasts=run.known_until < run.until,
        currency=currency,
        table=Table.of("money_flows", table),
    )


def _inks(run: RunFolder, palette: Palette, kept: Sequence[str], small: int) -> dict[str, Ink]:
    """A platform keeps its ink; every other party is slate or grey under a mark of two letters that nobody else has."""
    names, buyer = run.names, run.of("buyer")
    inks, taken = {}, {ink.letter for ink in palette.platforms.values()}
    for party in kept:
        if party in palette.platforms:
            inks[party] = palette.platforms[party]
            continue
        name = names.get(party, party)
        letters = [letter for letter in name if letter.isalnum()]
        marks = [letters[0].upper() + other.lower() for other in letters[1:]] or [name[:1].upper()]
        mark = next((mark for mark in marks if mark not in taken), marks[0])
        taken.add(mark)
        inks[party] = ink_of("#43566e" if party == buyer else GREY, mark, name)
    if small:
        inks[OTHERS] = ink_of(GREY, "…", count(small, "other"))
    return inks


def _grouped(pairs: Mapping[tuple[str, str], int], kept: Sequence[str]) -> dict[tuple[str, str], int]:
    """The same with every small party as one, in the order of the parties."""
    out: Counter[tuple[str, str]] = Counter()
    for (payer, payee), value in pairs.items():
        out[payer if payer in kept else OTHERS, payee if payee in kept else OTHERS] += value
    order = [*kept, OTHERS]
    return dict(sorted(out.items(), key=lambda item: (order.index(item[0][0]), order.index(item[0][1]))))


def _year(run: RunFolder, year: str, pairs: Mapping[tuple[str, str], int], inks: Mapping[str, Ink], scale: float) -> Year:
    """Two columns of parties, and a ribbon from each payer to each payee; every year is drawn to the same scale."""
    sides: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for pair, value in pairs.items():
        for side in (0, 1):
            sides[side][pair[side]] += value
    total = sum(pairs.values())
    most = max(len(side) for side in sides)
    height = math.ceil(max(total * scale + GAP * (most - 1), LABEL * most))
    tops = [_tops(side, scale, height) for side in sides]
    used = [dict(column) for column in tops]
    ribbons, told = [], []
    for (payer, payee), value in pairs.items():
        wide, left, right = value * scale, used[0][payer], used[1][payee]
        used[0][payer] += wide
        used[1][payee] += wide
        path = (
            f"M0 {left:.1f}C50 {left:.1f} 50 {right:.1f} 100 {right:.1f}V{right + wide:.1f}"
            f"C50 {right + wide:.1f} 50 {left + wide:.1f} 0 {left + wide:.1f}Z"
        )
        words = f"{inks[payer].name} to {inks[payee].name}: {amount(value)}"
        ribbons.append(Ribbon(inks[payer if payee == run.of("buyer") else payee], path, f"{year}, {words}"))
        told.append(words)
    return Year(
        year=year,
        total=short(total),
        height=height,
        forecast=date(int(year), 12, 31) >= run.known_until,
        ribbons=tuple(ribbons),
        payers=_nodes(sides[0], tops[0], inks, scale, height),
        payees=_nodes(sides[1], tops[1], inks, scale, height),
        says=f"{year}: {'; '.join(told)}",
    )


def _tops(side: Mapping[str, int], scale: float, height: float) -> dict[str, float]:
    """Where each party of a column begins, in pixels from above; the column stands in the middle."""
    at = (height - sum(side.values()) * scale - GAP * (len(side) - 1)) / 2
    out = {}
    for party, value in side.items():
        out[party] = at
        at += value * scale + GAP
    return out


def _nodes(side: Mapping[str, int], tops: Mapping[str, float], inks: Mapping[str, Ink], scale: float, height: float) -> tuple[Node, ...]:
    places = _apart([tops[party] + value * scale / 2 for party, value in side.items()], height)
    return tuple(Node(round(at, 1), inks[party], short(value)) for at, (party, value) in zip(places, side.items(), strict=True))


def _apart(wanted: Sequence[float], height: float) -> list[float]:
    """Labels at least `LABEL` apart, each as near to its place as all of them allow, and none over the edge.

    Labels that would touch stand together about the middle of their places (pool adjacent violators).
    """
    blocks: list[list[float]] = []
    for n, at in enumerate(wanted):
        blocks.append([at - n * LABEL])
        while len(blocks) > 1 and sum(blocks[-2]) / len(blocks[-2]) > sum(blocks[-1]) / len(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    means = [sum(block) / len(block) for block in blocks for _ in block]
    low, high = LABEL / 2, height - LABEL / 2 - (len(wanted) - 1) * LABEL
    return [min(max(mean, low), high) + n * LABEL for n, mean in enumerate(means)]


def _flows_caption(
    run: RunFolder,
    years: Mapping[str, Mapping[tuple[str, str], int]],
    total: Counter[tuple[str, str]],
    kinds: Counter[tuple[str, str, str]],
    currency: str,
) -> str:
    names, buyer = run.names, run.of("buyer")
    out: Counter[str] = Counter()
    back: Counter[str] = Counter()
    for (payer, payee), value in total.items():
        if payer == buyer:
            out[payee] += value
        elif payee == buyer:
            back[payer] += value
    stretch = f"in {min(years)}" if len(years) == 1 else f"from {min(years)} to {max(years)}"
    said = []
    if out:
        parts = [f"{names.get(party, party)} gets {amount(value)} ({share(value, out.total())})" for party, value in out.most_common(3)]
        said.append(f"{names.get(buyer, buyer)} owes {amount(out.total())} {currency} {stretch}: {listed(parts)}")
        peak = max(years, key=lambda year: sum(years[year].values()))
        if len(years) > 1:
            said.append(f"the most in one year is {amount(sum(years[peak].values()))} in {peak}")
    if back:
        party, value = back.most_common(1)[0]
        kind = max((key for key in kinds if key[:2] == (party, buyer)), key=kinds.__getitem__)[2]
        said.append(
            f"{amount(back.total())} flows the other way, "
            f"{'all' if len(back) == 1 else 'most'} of it from {names.get(party, party)} ({amount(value)}, mostly {plain(kind)})"
        )
    if not said:
        said.append(f"{amount(total.total())} {currency} is owed {stretch}")
    return ". ".join(capital(sentence) for sentence in said) + "."


# --- commitments -----------------------------------------------------------------------------------

STATUSES = {
    "planned": "not begun",
    "on_track": "on track",
    "at_risk": "at risk",
    "shortfall": "falls short",
    "met": "met",
    "unknown": "size not published",
}


def burndown(run: RunFolder, axis: Timeline) -> BurndownView | None:
    """None when no commitment was drawn down."""
    rows = run.table("burndown")
    groups: defaultdict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        groups[row["clause"]][row["month"]] = row
    drawn = tuple(_drawn(run, axis, clause, sorted(months.values(), key=lambda row: row["month"])) for clause, months in groups.items())
    drawn = tuple(sorted(drawn, key=lambda one: not one.known))
    if not drawn:
        return None
    known = [one for one in drawn if one.known]
    text = f"{capital(count(len(drawn), 'commitment'))}"
    if len(known) < len(drawn):
        unknown = len(drawn) - len(known)
        text += f", {'of a size' if unknown == len(drawn) else f'{unknown} of a size'} that was never published"
    states = Counter(STATUSES[one.spans[-1].status] for one in known if one.spans)
    if states:
        text += f"; as last known, {listed([f'{n} {state}' for state, n in states.items()])}"
    return BurndownView(f"{text}. {' '.join(one.caption for one in known)}".strip(), drawn, _currency(run), _by_year("burndown", rows))


def _drawn(run: RunFolder, axis: Timeline, clause: str, rows: Sequence[Row]) -> Drawn:
    months = [parse_day(row["month"]) or axis.first for row in rows]
    starts = tuple(max(0, axis.x(at)) for at in months)
    ends = tuple(min(axis.days, axis.x(_next(at))) for at in months)
    columns = ("cumulative", "milestone", "forecast")
    cumulative, milestone, forecast = (tuple(number(row[column]) for row in rows) for column in columns)
    known = any(row["status"] not in {"unknown", ""} for row in rows)
    most = max(*cumulative, *(milestone if known else (0,)), *(forecast if known else (0,)), 0)
    # A little room above, so that what is due is not drawn on the edge, under the words of a narrow page.
    canvas = Canvas.of(axis, [rows[0]["month"]], most + most // 20 if known else most, lines=5 if known else 3)
    top, last = canvas.top, rows[-1]
    short_on = parse_day(last.get("short_on", ""))
    due = parse_day(last.get("due", ""))
    currency = _currency(run)
    tail = [f"{short(cumulative[-1])} counted by {month(months[-1])}"]
    if known:
        tail.insert(0, f"{short(milestone[-1])} due" + (f" {day(due)}" if due else ""))
        if paid := number(last.get("shortfalls", "")):
            tail.append(f"{short(paid)} of it missing, paid for")
        if forecast[-1] != cumulative[-1]:
            tail.insert(1, f"{short(forecast[-1])} with what is reserved")
    short_says = ""
    if short_on:
        missing = max(0, milestone[-1] - forecast[-1])
        fell = "fell" if number(last.get("shortfalls", "")) and short_on <= _next(months[-1]) else "falls"
        short_says = f"{fell} short on {day(short_on)}" + (f" by {short(missing)}" if missing else "")
    return Drawn(
        clause=clause,
        linked=_has_clause(run, clause),
        says=_says(run, clause),
        caption=_drawn_caption(run, clause, rows, months, currency) if known else "",
        known=known,
        grid=canvas.grid,
        top=top,
        xs=starts,
        cumulative=cumulative,
        milestone=milestone if known else (),
        forecast=forecast if known else (),
        area=_slope(starts, ends, cumulative, top) + f"V1000H{starts[0]}Z",
        due_path=_steps(starts, ends, milestone, top) if known else "",
        forecast_path=_steps(starts, ends, forecast, top) if known else "",
        spans=_spans(rows, months, starts, ends) if known else (),
        short_x=axis.x(short_on) if short_on and axis.x(short_on) <= axis.days else None,
        short_says=short_says,
        tail=tuple(tail),
    )


def _drawn_caption(run: RunFolder, clause: str, rows: Sequence[Row], months: Sequence[date], currency: str) -> str:
    """What counted, what is due, and from when on it was expected to be enough or not."""
    last = rows[-1]
    due = parse_day(last.get("due", ""))
    text = f"Of {amount(number(last['milestone']))} {currency} due under {clause}" + (f" by {day(due)}" if due else "")
    text += f", {amount(number(last['cumulative']))} counts by the end of {month(months[-1])}"
    past = [row for row, at in zip(rows, months, strict=True) if _next(at) <= run.known_until]
    if past and len(past) < len(rows):
        text += f", {amount(number(past[-1]['cumulative']))} of it by {month(run.known_until)}, where the forecast begins"
    state = last["status"]
    same = next((n for n in range(len(rows) - 1, -1, -1) if rows[n]["status"] != state), -1)
    short_on = parse_day(last.get("short_on", ""))
    paid, credit = number(last.get("shortfalls", "")), number(last.get("credit", ""))
    if paid and short_on and short_on <= _next(months[-1]):
        text += f". It fell short on {day(short_on)}"
    elif state == "shortfall":
        text += ". It falls short" + (f" on {day(short_on)}" if short_on else "") + f": what is reserved comes to {amount(number(last['forecast']))}"
    elif state == "met":
        text += f". It is met since {month(months[same + 1])}"
    else:
        before = rows[same]["status"] if same >= 0 else ""
        if before == "shortfall":
            text += f". Until {month(months[same])} what was reserved fell short of it; from {month(months[same + 1])} on it is {STATUSES[state]}"
        else:
            text += f". It is {STATUSES.get(state, plain(state))}"
        text += f": what is reserved comes to {amount(number(last['forecast']))}"
    if paid:
        text += f". {capital(amount(paid))} of what counts was missing and paid for all the same"
        left = "all" if credit == paid else amount(credit)
        text += f"; {left} of it is credit for later charges" if credit else ", and no credit is left of it"
    return text + "."


def _spans(rows: Sequence[Row], months: Sequence[date], starts: Sequence[int], ends: Sequence[int]) -> tuple[Span, ...]:
    out: list[Span] = []
    begin = 0
    for n in range(1, len(rows) + 1):
        if n < len(rows) and rows[n]["status"] == rows[begin]["status"]:
            continue
        status, final = rows[begin]["status"], rows[n - 1]
        words = STATUSES.get(status, plain(status))
        title = f"{month(months[begin])} to {month(months[n - 1])}: {words}"
        if final.get("short_on"):
            title += f" on {day(date.fromisoformat(final['short_on']))}, {short(number(final['forecast']))} of {short(number(final['milestone']))}"
            words += f" on {day(date.fromisoformat(final['short_on']))}"
        out.append(Span(starts[begin], ends[n - 1], status, words, title))
        begin = n
    return tuple(out)


# --- revenue shares --------------------------------------------------------------------------------


def shares(run: RunFolder, axis: Timeline) -> SharesView | None:
    """None when no revenue is shared."""
    rows = run.table("share")
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["clause"]].append(row)
    made = tuple(_shared(run, axis, clause, group) for clause, group in groups.items())
    if not made:
        return None
    made = tuple(sorted(made, key=lambda one: one.left is None))
    return SharesView(" ".join(one.caption for one in made), made, _currency(run), _by_year("share", rows))


def _shared(run: RunFolder, axis: Timeline, clause: str, rows: Sequence[Row]) -> Shared:
    months = _months(min(row["month"] for row in rows), axis)
    paid, deferred, cut, accrued = (series(rows, column, months) for column in ("paid", "deferred", "cut", "accrued"))
    put_off = tuple(max(0, value) for value in deferred)
    owed = tuple(one + other for one, other in zip(paid, put_off, strict=True))
    uncut = tuple(one + other for one, other in zip(owed, cut, strict=True))
    canvas = Canvas.of(axis, months, max(uncut), lines=4)
    capped = {row["month"]: number(row["cap_left"]) for row in rows if row["cap_left"]}
    left, left_path, left_tail = None, "", []
    cap = 0
    if capped:
        begins = min(capped)
        cap = capped[begins] + sum(number(row["accrued"]) for row in rows if row["month"] == begins and row["cap_left"])
        left = Canvas.of(axis, months, cap, lines=3)
        values = tuple(capped.get(text, 0) for text in months)
        left_path = left.area([0] * len(months), values)
        final = capped[max(capped)]
        left_tail = [f"cap {short(cap)}", f"{short(final)} left" if final else "nothing left"]
    bites = next((n for n, value in enumerate(cut) if value), None)
    last = next((n for n in range(len(paid) - 1, -1, -1) if paid[n] and accrued[n] and months[n] in capped), None)
    late = sum(value for value in deferred if value > 0)
    caption = f"{_says(run, clause)} " + _share_caption(
        months, rows, accrued=accrued, put_off=put_off, cap=cap, bites=bites, last=last, currency=_currency(run)
    )
    tail = [f"{short(sum(accrued))} in all"]
    if late:
        tail.append(f"{short(late)} put off")
    if bites is not None:
        tail.append(f"{short(sum(cut))} cut by the cap")
    return Shared(
        clause=clause,
        linked=_has_clause(run, clause),
        says=_says(run, clause),
        caption=caption,
        canvas=canvas,
        paid=paid,
        deferred=put_off,
        cut=cut,
        paid_path=canvas.area([0] * len(paid), paid),
        deferred_path=canvas.area(paid, owed),
        cut_path=canvas.area(owed, uncut),
        tail=tuple(tail),
        left=left,
        left_path=left_path,
        left_tail=tuple(left_tail),
        bites=None if bites is None else canvas.xs[bites],
        bites_says="" if bites is None else f"the cap bites in {_month(months[bites])}",
        last=None if last is None else canvas.xs[last],
        last_says="" if last is None else f"last payment, for {_month(months[last])}: {short(paid[last])}",
    )


def _share_caption(
    months: Sequence[str],
    rows: Sequence[Row],
    *,
    accrued: Sequence[int],
    put_off: Sequence[int],
    cap: int,
    bites: int | None,
    last: int | None,
    currency: str,
) -> str:
    busy = [text for text, value in zip(months, accrued, strict=True) if value] or [months[0]]
    text = f"{capital(amount(sum(accrued)))} {currency} is owed for {_month(busy[0])} to {_month(busy[-1])}"
    if any(put_off):
        text += f", {amount(sum(put_off))} of it put off"
        due = [row["month"] for row in rows if number(row["deferred"]) < 0]
        text += f" until {_month(max(due))}" if due else ""
    if cap:
        text += f". The cap leaves {amount(cap)} from {_month(min(row['month'] for row in rows if row['cap_left']))} on"
        if bites is None:
            kept = next(row["cap_left"] for row in sorted(rows, key=lambda row: row["month"], reverse=True) if row["cap_left"])
            text += f" and never bites: {amount(number(kept))} is left at the end"
        else:
            text += f" and bites in {_month(months[bites])}"
    if last is not None and cap:
        text += f"; the last payment under it is for {_month(months[last])}"
    return text + "."


# --- funding ---------------------------------------------------------------------------------------


def funding(run: RunFolder, axis: Timeline) -> FundingView | None:
    """None when there is no programme with money."""
    rows = run.table("funding")
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["programme"]].append(row)
    made = tuple(_programme(run, axis, programme, group) for programme, group in groups.items())
    if not made:
        return None
    return FundingView(" ".join(one.caption for one in made), made, _currency(run), _by_year("funding", rows))


def _programme(run: RunFolder, axis: Timeline, programme: str, rows: Sequence[Row]) -> Programme:
    months = sorted({row["month"] for row in rows})
    drawn, funded, potential, built = (series(rows, column, months) for column in ("drawn", "funded", "potential", "built"))
    most = max(*drawn, *built, *funded, *potential, 0)
    canvas = Canvas.of(axis, months, most + most // 20)
    without = tuple(max(spent, paid) for spent, paid in zip(built, drawn, strict=True))
    currency = _currency(run)
    text = f"{capital(amount(drawn[-1]))} of {amount(funded[-1])} {currency} funded is drawn by {_month(months[-1])} ({share(drawn[-1], funded[-1])})"
    known = [n for n, at in enumerate(months) if date.fromisoformat(at[:10]) < run.known_until]
    if known and known[-1] < len(months) - 1:
        text += f", {amount(drawn[known[-1]])} of it by {month(run.known_until)}, where the forecast begins"
    missing = [n for n, (spent, paid) in enumerate(zip(built, drawn, strict=True)) if spent > paid]
    if missing:
        text += f". From {_month(months[missing[0]])} on more is built than is funded, {amount(built[-1] - drawn[-1])} in the end"
    elif any(drawn):
        text += ". What was built never outran what was funded"
    else:
        text += ". Nothing was built yet"
    if potential[-1] > funded[-1]:
        text += f"; {amount(potential[-1] - funded[-1])} of the {amount(potential[-1])} intended is promised by nobody"
    tail = [f"{short(potential[-1])} intended", f"{short(funded[-1])} funded", f"{short(drawn[-1])} drawn"]
    if built[-1] > drawn[-1]:
        tail.insert(1, f"{short(built[-1] - drawn[-1])} built, not funded")
    return Programme(
        programme=programme,
        linked=_has_clause(run, programme),
        says=_says(run, programme),
        caption=f"{text}.",
        canvas=canvas,
        drawn=drawn,
        funded=funded,
        potential=potential,
        drawn_path=canvas.area([0] * len(months), drawn),
        unfunded_path=canvas.area(drawn, without),
        funded_path=canvas.line(funded),
        potential_path=canvas.area([0] * len(months), potential),
        tail=tuple(tail),
    )


def pictures(drawn: BurndownView | None, shared: SharesView | None, funded: FundingView | None) -> dict[str, object]:
    """What the script reads out under the cursor: per picture the months, the values, and the line beside them."""
    out: dict[str, object] = {}
    for one in drawn.commitments if drawn else ():
        out[f"burndown-{one.clause}"] = {
            "xs": one.xs,
            "top": one.top,
            "bands": [["counted so far", *one.cumulative]],
            "more": [["due", *one.milestone], ["with what is reserved", *one.forecast]] if one.known else [],
        }
    for share_ in shared.shares if shared else ():
        out[f"share-{share_.clause}"] = {
            "xs": share_.canvas.xs,
            "top": share_.canvas.top,
            "bands": [["paid", *share_.paid], ["put off", *share_.deferred], ["cut by the cap", *share_.cut]],
        }
    for programme in funded.programmes if funded else ():
        out[f"funding-{programme.programme}"] = {
            "xs": programme.canvas.xs,
            "top": programme.canvas.top,
            "bands": [["drawn", *programme.drawn]],
            "more": [["funded", *programme.funded], ["intended", *programme.potential]],
        }
    return out


def _by_year(name: str, rows: Sequence[Row]) -> Table:
    """The table with each year's last month; the file beside the report has every month, and the picture too."""
    thing = next(iter(rows[0]))
    ends = {(row[thing], row["month"][:4]): row["month"] for row in sorted(rows, key=lambda row: row["month"])}
    shown = Table.of(name, [row for row in rows if ends[row[thing], row["month"][:4]] == row["month"]])
    return replace(shown, total=len(rows), href=f"tables/{name}.csv", inline=False)


def _currency(run: RunFolder) -> str:
    return str(run.of("agreement", "currency"))


def _says(run: RunFolder, clause: str) -> str:
    """The clause's last wording."""
    return next((row["says"] for row in reversed(run.table("clauses")) if row["clause"] == clause), clause)


def _has_clause(run: RunFolder, clause: str) -> bool:
    return any(row["clause"] == clause for row in run.table("clauses"))


def _month(text: str) -> str:
    return month(date.fromisoformat(text[:10]))


def _next(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _months(begins: str, axis: Timeline) -> tuple[str, ...]:
    """Every month from one to the end of the axis, so that what ends is drawn as ended."""
    at, out = date.fromisoformat(begins[:10]), []
    while axis.x(at) < axis.days:
        out.append(at.isoformat())
        at = _next(at)
    return tuple(out) or (begins,)


def _slope(starts: Iterable[int], ends: Iterable[int], values: Sequence[int], top: int) -> str:
    """A cumulative line: known at each month's end, and straight between."""
    return f"M{next(iter(starts))} 1000" + "".join(f"L{end} {_y(value, top)}" for end, value in zip(ends, values, strict=True))


def _steps(starts: Sequence[int], ends: Sequence[int], values: Sequence[int], top: int) -> str:
    """A stepped line that ends with its last month."""
    return f"M{starts[0]} {_y(values[0], top)}" + "".join(f"V{_y(value, top)}H{end}" for value, end in zip(values, ends, strict=True))


def _y(value: int, top: int) -> int:
    return round(1000 * (1 - value / top))
