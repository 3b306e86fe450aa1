"""Who was asked first, and what did they say?  One lane a request that opened a case, its notices as bars with an answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from dibs.report.folder import is_true, number
from dibs.report.tables import Table
from dibs.report.wording import amount, capital, count, day, listed, month, plain, share, short, times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dibs.report.folder import Row, RunFolder
    from dibs.report.palette import Ink, Palette
    from dibs.report.timeline import Timeline

LANES_MAX = 120
"""Lanes of one page; past it the largest requests of each month are kept, and the monthly bars show the rest."""
LENS_MAX = 0.6
"""If the notices fill less of the run than this, the lanes get an axis of their own, blown up from the shared one."""

OUTCOMES = {
    "exercised": ("yes", "Y", "took it all"),
    "partially_exercised": ("part", "½", "took a part"),
    "declined": ("no", "N", "declined"),
    "countered": ("no", "C", "answered on other terms"),
    "lapsed": ("silent", "S", "let it lapse"),
    "waived": ("waived", "W", "waived the right"),
    "withdrawn": ("void", "X", "notice withdrawn"),
    "void": ("void", "V", "notice lost its effect"),
    "defective": ("void", "D", "notice was incomplete"),
    "open": ("open", "…", "not answered yet"),
}
"""By outcome: how it is drawn, its letter, and what happened in words."""
RIGHTS = {
    "first_offer": "a right of first offer",
    "matching": "a right to match",
    "last_look": "a last look",
    "first_negotiation": "a right of first negotiation",
}
"""What each right is called."""
WORDS = {
    "yes": "taken",
    "part": "taken in part",
    "no": "declined",
    "silent": "lapsed",
    "waived": "waived",
    "void": "void or withdrawn",
    "open": "open",
}
"""How each way of drawing is called, in the order in which they are stacked."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One notice: from served to deadline, the answer, and the free-market window after it."""

    offer: str
    start: float
    deadline: float
    answered: float | None
    market: float | None
    kind: str
    letter: str
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One request; `over` when it ended with nothing."""

    request: str
    size: str
    work: str
    bars: tuple[Bar, ...]
    verdict: str
    got: tuple[Ink, ...]
    over: bool


@dataclass(frozen=True, slots=True)
class Month:
    """How the notices served in one month came out; heights in per cent of the busiest month."""

    x: float
    end: float
    parts: tuple[tuple[str, float], ...]
    title: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the funnel."""

    name: str
    offers: int
    width: float
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class OffersView:
    """Everything the template draws.  `lens` is the stretch of the axis that the lanes show."""

    caption: str
    text_alternative: str
    lanes: tuple[Lane, ...]
    left_out: int
    months: tuple[Month, ...]
    busiest: int
    funnel: tuple[Step, ...]
    lens: tuple[float, float] | None
    kinds: tuple[tuple[str, str, str], ...]
    table: Table


def view(run: RunFolder, axis: Timeline, palette: Palette) -> OffersView | None:
    """None when nobody had to be asked."""
    rows = sorted(run.table("offers"), key=lambda row: (row["served_on"], row["offer"]))
    if not rows:
        return None
    asked = {row["request"]: row for row in run.table("requests")}
    cases: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        cases[row["request"]].append(row)
    kept = _kept(cases)
    lanes = tuple(_lane(run, axis, palette, asked.get(request, {}), case) for request, case in cases.items() if request in kept)
    return OffersView(
        caption=_caption(run, rows, cases),
        text_alternative=_alternative(rows, lanes),
        lanes=lanes,
        left_out=len(cases) - len(lanes),
        months=_months(axis, rows),
        busiest=max(Counter(row["served_on"][:7] for row in rows).values()),
        funnel=_funnel(rows),
        lens=_lens(axis, lanes),
        kinds=tuple(told for outcome, told in OUTCOMES.items() if any(row["outcome"] == outcome for row in rows)),
        table=Table.of("offers", rows, anchor="offer", first=[row["offer"] for row in rows if row["request"] in kept]),
    )


def _kept(cases: Mapping[str, list[Row]]) -> set[str]:
    """Which requests get a lane when there are too many: of each month the largest, then the second largest, and so on."""
    months: defaultdict[str, list[str]] = defaultdict(list)
    for request in sorted(cases, key=lambda request: -number(cases[request][0]["quantity"])):
        months[cases[request][0]["served_on"][:7]].append(request)
    ranked = sorted((rank, month, request) for month, requests in months.items() for rank, request in enumerate(requests))
    return {request for _, _, request in ranked[:LANES_MAX]}


def _reason(row: Row) -> str:
    """Why it was declined, in words; empty when no reason was given."""
    return "" if row["reason"] == "none" else plain(row["reason"])


def _kind(row: Row) -> str:
    return OUTCOMES.get(row["outcome"], OUTCOMES["open"])[0]


def place(axis: Timeline, instant: str) -> float | None:
    """Where an instant stands on the axis, to a hundredth of a day."""
    if not instant:
        return None
    moment = datetime.fromisoformat(instant)
    return round(axis.x(moment.date()) + (moment.hour * 60 + moment.minute) / 1440, 2)


def _lane(run: RunFolder, axis: Timeline, palette: Palette, request: Row, case: list[Row]) -> Lane:
    bars = tuple(_bar(run, axis, row) for row in case)
    last = case[-1]
    got = list(dict.fromkeys(party for row in case for party in row["got_by"].replace(";", " ").split()))
    return Lane(
        request=last["request"],
        size=short(number(case[0]["quantity"])),
        work=plain(request.get("class", "")),
        bars=bars,
        verdict=_verdict(last),
        got=tuple(palette.platform(party) for party in got),
        over=request.get("status", "") in {"unfilled", "expired", "denied", "cancelled"},
    )


def _verdict(row: Row) -> str:
    kind, reason = _kind(row), _reason(row)
    if kind == "part":
        return f"yes, to {share(number(row['exercised']), number(row['quantity']))}"
    said = {"yes": "yes", "silent": "no answer", "waived": "waived", "open": "open"}.get(kind, plain(row["outcome"]))
    if kind == "no":
        said = "other terms" if row["outcome"] == "countered" else "no"
        return f"{said}: {reason}" if reason else said
    return said


def _bar(run: RunFolder, axis: Timeline, row: Row) -> Bar:
    kind, letter, words = OUTCOMES.get(row["outcome"], OUTCOMES["open"])
    start, deadline = place(axis, row["served_on"]) or 0.0, place(axis, row["respond_by"])
    answered, market = place(axis, row["answered_on"]), place(axis, row["market_until"])
    holder = run.names.get(row["holder"], row["holder"])
    told = [f"{row['offer']} for {row['request']}: {amount(number(row['quantity']))} accelerators offered to {holder} on {_day(row['served_on'])}"]
    if row["respond_by"]:
        told.append(f"answer due before {_day(row['respond_by'])}")
    told.append(f"{words}{' on ' + _day(row['answered_on']) if row['answered_on'] else ''}")
    if kind == "part":
        told[-1] += f" ({amount(number(row['exercised']))})"
    if _reason(row):
        told[-1] += f" ({_reason(row)})"
    if row["market_until"]:
        told.append(f"free to buy elsewhere until {_day(row['market_until'])}")
    if is_true(row["reoffer"]):
        told.append("offered again because the terms had become richer")
    told.append(f"journal entry {row['entry']}")
    return Bar(row["offer"], start, start if deadline is None else deadline, answered, market, kind, letter, "; ".join(told))


def _day(instant: str) -> str:
    return day(datetime.fromisoformat(instant).date())


def _lens(axis: Timeline, lanes: tuple[Lane, ...]) -> tuple[float, float] | None:
    bars = [bar for lane in lanes for bar in lane.bars]
    start = min(bar.start for bar in bars)
    end = min(axis.days, max(max(bar.deadline, bar.market or 0, bar.answered or 0) for bar in bars))
    room = max(3.0, (end - start) * 0.03)
    start, end = max(0.0, start - room), min(float(axis.days), end + room)
    return (start, end) if end - start < LENS_MAX * axis.days else None


def _months(axis: Timeline, rows: list[Row]) -> tuple[Month, ...]:
    served: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        served[row["served_on"][:7]][_kind(row)] += 1
    busiest = max(4, *(sum(counts.values()) for counts in served.values()))
    out = []
    for text, counts in sorted(served.items()):
        first = datetime.fromisoformat(f"{text}-01").date()
        after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
        parts = tuple((kind, 100 * counts[kind] / busiest) for kind in WORDS if counts[kind])
        told = listed([f"{counts[kind]} {WORDS[kind]}" for kind in WORDS if counts[kind]])
        out.append(Month(axis.x(first), axis.x(after), parts, f"{month(first)}: {count(sum(counts.values()), 'notice')} served; {told}"))
    return tuple(out)


def _funnel(rows: list[Row]) -> tuple[Step, ...]:
    """Asked, then how it was answered, then where the freed remainder went."""
    whole = len(rows)
    steps = [Step("asked first", whole, 100, "all", f"{amount(sum(number(row['quantity']) for row in rows))} accelerators")]
    for kind, word in WORDS.items():
        of = [row for row in rows if _kind(row) == kind]
        if of:
            accepted = sum(number(row["exercised"]) for row in of)
            note = f"{amount(accepted)} accelerators" if accepted else listed(_reasons(of))
            steps.append(Step(word, len(of), 100 * len(of) / whole, kind, note))
    freed = [row for row in rows if row["market_until"]]
    if freed:
        elsewhere = sum(1 for row in freed if set(row["got_by"].replace(";", " ").split()) - {row["holder"]})
        steps.append(Step("freed for others", len(freed), 100 * len(freed) / whole, "all", f"{elsewhere} then placed elsewhere"))
    return tuple(steps)


def _reasons(rows: list[Row]) -> list[str]:
    return [f"{reason} {n}" for reason, n in Counter(filter(None, map(_reason, rows))).most_common()]


def _caption(run: RunFolder, rows: list[Row], cases: defaultdict[str, list[Row]]) -> str:
    holders = [run.names.get(holder, holder) for holder in dict.fromkeys(row["holder"] for row in rows)]
    kinds = Counter(_kind(row) for row in rows)
    first, last = rows[0]["served_on"], rows[-1]["served_on"]
    span = f"on {_day(first)}" if _day(first) == _day(last) else f"between {_day(first)} and {_day(last)}"
    rights = listed([RIGHTS.get(right, plain(right)) for right in dict.fromkeys(row["right"] for row in rows)])
    text = f"{listed(holders)}, under {rights}, had to be asked {times(len(rows))} about {count(len(cases), 'request')} {span}"
    said = [f"took {kinds['yes']} whole"] if kinds["yes"] else []
    said += [f"took {kinds['part']} in part"] if kinds["part"] else []
    if kinds["no"]:
        reasons = Counter(_reason(row) for row in rows if _kind(row) == "no" and _reason(row))
        why = f" (most often: {reasons.most_common(1)[0][0]})" if reasons else ""
        said.append(f"declined {kinds['no']}{why}")
    said += [f"let {kinds['silent']} lapse"] if kinds["silent"] else []
    said += [f"waived {kinds['waived']}"] if kinds["waived"] else []
    answer = f": {'it' if len(holders) == 1 else 'they'} {listed(said)}" if said else ""
    taken = sum(number(row["exercised"]) for row in rows)
    asked = sum(number(case[0]["quantity"]) for case in cases.values())
    took = f"{amount(taken)} ({share(taken, asked)}) were taken" if taken else "none were taken"
    return f"{text}{answer}. Of {amount(asked)} accelerators offered first, {took}."


def _alternative(rows: list[Row], lanes: tuple[Lane, ...]) -> str:
    shown = "; ".join(
        f"{lane.request}, {lane.size}: {lane.verdict}" + (f", went to {listed([ink.name for ink in lane.got])}" if lane.got else "")
        for lane in lanes[:12]
    )
    more = f"; and {len(lanes) - 12} more in the table" if len(lanes) > 12 else ""
    return capital(f"{count(len(rows), 'notice')} on {count(len(lanes), 'lane')}. {shown}{more}.")
