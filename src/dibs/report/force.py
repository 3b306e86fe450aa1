"""What is in force?  A bar for every clause over its life, and the plain English of each version with what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dibs.report.folder import parse_day
from dibs.report.tables import Table
from dibs.report.wording import count, day, listed, plain

if TYPE_CHECKING:
    from datetime import date

    from dibs.report.folder import Row, RunFolder, Version
    from dibs.report.timeline import Timeline


KINDS = (
    "exclusive_hosting",
    "pre_emption",
    "consent",
    "first_shipment",
    "licence",
    "trigger",
    "commitment",
    "revenue_share",
    "most_favoured_customer",
    "investment",
    "programme",
    "supply",
    "sub_supply",
)
"""The order in which kinds of clauses are shown: first who may host, last who supplies."""


@dataclass(frozen=True, slots=True)
class Life:
    """One stretch of a clause in one wording.  `over` once it has ended by the day up to which things are known."""

    start: float
    end: float
    over: bool
    open_end: bool
    by: str
    title: str


@dataclass(frozen=True, slots=True)
class ClauseLane:
    """One clause."""

    clause: str
    kind: str
    lives: tuple[Life, ...]
    ends: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One clause in one version: `mark` is `+` new, `~` reworded, `-` ended, empty when it stood before."""

    mark: str
    clause: str
    kind: str
    says: str
    where: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Text:
    """The plain English of one version."""

    version: str
    since: str
    signed: str
    says: str
    binding: bool
    summary: str
    changes: tuple[Sentence, ...]
    standing: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class ForceView:
    """Everything the template draws."""

    caption: str
    text_alternative: str
    groups: tuple[tuple[str, tuple[ClauseLane, ...]], ...]
    texts: tuple[Text, ...]
    opening: int
    table: Table


def view(run: RunFolder, axis: Timeline, opening: str = "") -> ForceView | None:
    """None when no clause was written down.  `opening` is the version whose words are shown first, else the last."""
    rows = run.table("clauses")
    if not rows:
        return None
    clauses = dict.fromkeys(row["clause"] for row in rows)
    lanes = sorted(
        (_lane(axis, [row for row in rows if row["clause"] == clause]) for clause in clauses),
        key=lambda lane: (lane.lives[0].start, lane.lives[0].end),
    )
    kinds = sorted({lane.kind for lane in lanes}, key=lambda kind: (KINDS.index(kind) if kind in KINDS else len(KINDS), kind))
    texts = _texts(run, rows)
    return ForceView(
        caption=_caption(run, rows, texts),
        text_alternative="; ".join(f"{lane.clause} ({plain(lane.kind)}), {lane.ends}" for lane in lanes) + ".",
        groups=tuple((plain(kind), tuple(lane for lane in lanes if lane.kind == kind)) for kind in kinds),
        texts=texts,
        opening=next((n for n, text in enumerate(texts) if text.version == opening), len(texts) - 1),
        table=Table.of("clauses", rows, anchor="clause"),
    )


def _lane(axis: Timeline, rows: list[Row]) -> ClauseLane:
    lives = []
    for row in sorted(rows, key=lambda row: row["starts"]):
        start, end = parse_day(row["starts"]), parse_day(row["ends"])
        left, right = (max(0, axis.x(start)) if start else 0), (min(axis.days, axis.x(end)) if end else axis.days)
        span = f"from {day(start)}" if start else "from the beginning"
        span += f" until {day(end)}" if end else ""
        title = f"{row['clause']}: {row['says']} In force {span}{', by ' + row['by'] if row['by'] else ''} ({row['where']})"
        if right > left:
            lives.append(
                Life(left, right, bool(end and axis.x(end) <= min(axis.known, axis.days - 1)), not end or axis.x(end) > axis.days, row["by"], title)
            )
    last = parse_day(max(row["ends"] or "9999-12-31" for row in rows))
    ends = "no end" if not last or last.year == 9999 else f"until {day(last)}"
    return ClauseLane(rows[0]["clause"], rows[0]["kind"], tuple(lives) or (Life(0, 0, over=True, open_end=False, by="", title=""),), ends)


def _in_force(rows: tuple[Row, ...], on: date) -> dict[str, Row]:
    text = on.isoformat()
    return {row["clause"]: row for row in rows if (row["starts"] or "0000") <= text and (not row["ends"] or text < row["ends"])}


def _texts(run: RunFolder, rows: tuple[Row, ...]) -> tuple[Text, ...]:
    texts: list[Text] = []
    before: dict[str, Row] | None = None
    last = ""
    for version in run.versions:
        now = _in_force(rows, version.starts) if version.binding else before or {}
        texts.append(_text(version, before, now, last))
        if version.binding:
            before, last = now, version.id
    return tuple(texts)


def _text(version: Version, before: dict[str, Row] | None, now: dict[str, Row], last: str) -> Text:
    """`before` is what stood when the binding version before this one, `last`, began; None for the first."""
    changes, standing = [], []
    for clause, row in sorted(now.items()):
        was = (before or {}).get(clause)
        if before is None or was == row:
            standing.append(_sentence("", row))
        else:
            changes.append(_sentence("+" if was is None else "~", row))
    changes.extend(_sentence("-", row) for clause, row in sorted((before or {}).items()) if clause not in now)
    changes.sort(key=lambda sentence: "-+~".index(sentence.mark))
    said = [f"{n} {word}" for mark, word in (("+", "new"), ("~", "reworded"), ("-", "ended")) if (n := sum(s.mark == mark for s in changes))]
    since = f"; since {last}, {listed(said) or 'nothing changed'}" if last else ""
    summary = f"{count(len(now), 'clause')} in force on {day(version.starts)}{since}"
    return Text(version.id, day(version.starts), day(version.signed), version.says, version.binding, summary, tuple(changes), tuple(standing))


def _sentence(mark: str, row: Row) -> Sentence:
    return Sentence(mark, row["clause"], plain(row["kind"]), row["says"], row["where"], row["confidence"])


def _caption(run: RunFolder, rows: tuple[Row, ...], texts: tuple[Text, ...]) -> str:
    last_day = min(run.until, run.known_until)
    binding = [text for text in texts if text.binding]
    now = _in_force(rows, last_day)
    clauses = count(len({row["clause"] for row in rows}), "clause")
    text = f"{clauses} over {count(len(binding), 'version')}; {len(now)} of them in force on {day(last_day)}"
    rights = dict.fromkeys(
        row["clause"] for row in rows if row["kind"] in {"pre_emption", "exclusive_hosting"} and row["starts"] <= last_day.isoformat()
    )
    ended = [clause for clause in rights if clause not in now]
    if ended:
        text += f". Of the rights over where work runs, {listed(ended)} had ended by then"
    idle = [version.id for version in run.versions if not version.binding]
    if idle:
        text += f". What was signed as {listed(idle)} is not binding and changes nothing"
    return text + "."
