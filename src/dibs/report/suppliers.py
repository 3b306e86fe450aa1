"""How does a supplier behave?  A row for each: how often it was asked, what it said, how fast, and what it delivered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dibs.report.folder import is_true, number
from dibs.report.tables import Table
from dibs.report.wording import amount, count, plain, times

if TYPE_CHECKING:
    from dibs.report.folder import Row, RunFolder
    from dibs.report.palette import Ink, Palette

KINDS = (("exercised", "yes"), ("partly", "part"), ("declined", "no"), ("lapsed", "silent"), ("waived", "waived"), ("withdrawn", "void"))


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the answer bar."""

    kind: str
    name: str
    number: int
    width: float


@dataclass(frozen=True, slots=True)
class Supplier:
    """One party that was asked, or that was granted capacity.  Empty strings where there is nothing to say."""

    ink: Ink
    asked: int
    parts: tuple[Part, ...]
    reasons: str
    median: str
    median_at: float | None
    grants: int
    promised: str
    delivered: int
    on_time: str
    on_time_at: float | None


@dataclass(frozen=True, slots=True)
class SuppliersView:
    """Everything the template draws."""

    caption: str
    text_alternative: str
    suppliers: tuple[Supplier, ...]
    table: Table


def view(run: RunFolder, palette: Palette) -> SuppliersView | None:
    """None when nobody was asked and nothing was granted."""
    answers = {row["holder"]: row for row in run.table("answers")}
    grants: defaultdict[str, list[Row]] = defaultdict(list)
    for row in run.table("grants"):
        grants[row["platform"]].append(row)
    parties = [party for party in {**run.names, **dict.fromkeys(palette.platforms)} if party in answers or party in grants]
    if not parties:
        return None
    most = max((number(row["asked"]) for row in answers.values()), default=1)
    suppliers = tuple(_supplier(palette.platform(party), answers.get(party), grants[party], most) for party in parties)
    return SuppliersView(
        caption=_caption(run, answers, grants),
        text_alternative=" ".join(
            f"{s.ink.name}: asked {times(s.asked)}; {count(s.grants, 'grant')}, {s.on_time or 'none delivered'}." for s in suppliers
        ),
        suppliers=suppliers,
        table=Table.of("answers", run.table("answers")),
    )


def _supplier(ink: Ink, answers: Row | None, grants: list[Row], most: int) -> Supplier:
    delivered = [row for row in grants if row["delivered_on"]]
    timely = sum(1 for row in delivered if is_true(row["on_time"]))
    parts: tuple[Part, ...] = ()
    reasons = median = ""
    median_at = None
    if answers:
        parts = tuple(
            Part(kind, plain(name), number(answers[name]), 100 * number(answers[name]) / most) for name, kind in KINDS if number(answers[name])
        )
        reasons = _reasons(answers["reasons"])
        if answers["median_days"]:
            middle, window = float(answers["median_days"]), float(answers["window_days"] or 0)
            median = f"{middle:g} of {window:g} days" if window else f"{middle:g} days"
            median_at = min(100.0, 100 * middle / window) if window else None
    return Supplier(
        ink=ink,
        asked=number(answers["asked"]) if answers else 0,
        parts=parts,
        reasons=reasons,
        median=median,
        median_at=median_at,
        grants=len(grants),
        promised=amount(sum(number(row["quantity"]) for row in grants)) if grants else "",
        delivered=len(delivered),
        on_time=f"{timely} of {len(delivered)} on time" if delivered else "",
        on_time_at=100 * timely / len(delivered) if delivered else None,
    )


def _reasons(text: str) -> str:
    """`no_capacity:3 price:1` as `no capacity 3, price 1`."""
    pairs = [item.rpartition(":") for item in text.replace(";", " ").replace(",", " ").split()]
    return ", ".join(f"{plain(name)} {how_often}" if name else plain(how_often) for name, _, how_often in pairs)


def _caption(run: RunFolder, answers: dict[str, Row], grants: dict[str, list[Row]]) -> str:
    sentences = []
    for holder, row in answers.items():
        name, asked = run.names.get(holder, holder), number(row["asked"])
        accepted = number(row["exercised"]) + number(row["partly"])
        said = f"{name} was asked {times(asked)} and took {accepted or 'none'} of them, wholly or in part"
        if row["median_days"]:
            said += f"; its median answer took {float(row['median_days']):g} days"
            if row["window_days"]:
                said += f" of the {float(row['window_days']):g} it had"
        sentences.append(said)
    if not answers:
        sentences.append("Nobody had a right to be asked first in this run")
    delivered = {party: [row for row in rows if row["delivered_on"]] for party, rows in grants.items()}
    late = {party: sum(1 for row in rows if not is_true(row["on_time"])) for party, rows in delivered.items()}
    if any(late.values()):
        worst = max((party for party in late if late[party]), key=lambda party: late[party] / len(delivered[party]))
        sentences.append(
            f"{run.names.get(worst, worst)} was late most often, with {late[worst]} of {count(len(delivered[worst]), 'delivery', 'deliveries')}"
        )
    elif grants:
        sentences.append("Whatever was delivered came on time")
    return ". ".join(sentences) + "."
