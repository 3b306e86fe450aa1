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


@dataclass(frozen=True, slots=True)
class Life:
    """One stretch of a clause in one wording."""

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
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class ForceView:
    """Everything the template draws."""

    caption: str
    text_alternative: str
    groups: tuple[tuple[str, tuple[ClauseLane, ...]], ...]
    texts: tuple[Text, ...]
    opening: int
    without_effect: tuple[tuple[float, str, str], ...]
    table: Table


def view(run: RunFolder, axis: Timeline) -> ForceView | None:
    """None when no clause was written down."""
    rows = run.table("clauses")
    if not rows:
        return None
    clauses = dict.fromkeys(row["clause"] for row in rows)
    lanes = sorted(
        (_lane(axis, [row for row in rows if row["clause"] == clause]) for clause in clauses),
        key=lambda lane: (lane.lives[0].start, lane.lives[0].end),
    )
    texts = _texts(run, rows)
    return ForceView(
        caption=_caption(run, rows, texts),
        text_alternative="; ".join(f"{lane.clause} ({lane.kind}), {lane.ends}" for lane in lanes) + ".",
        groups=tuple((kind, tuple(lane for lane in lanes if lane.kind == kind)) for kind in dict.fromkeys(lane.kind for lane in lanes)),
        texts=texts,
        opening=max(range(len(texts)), key=lambda n: (sum(1 for s in texts[n].sentences if s.mark), -n)) if texts else 0,
        without_effect=tuple(
            (axis.x(v.starts), v.id, f"{v.id}, {day(v.starts)}, has no legal effect: {v.says}") for v in run.versions if not v.binding
        ),
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
            lives.append(Life(left, right, bool(end and axis.x(end) < axis.days), not end or axis.x(end) > axis.days, row["by"], title))
    last = parse_day(max(row["ends"] or "9999-12-31" for row in rows))
    ends = "no end" if not last or last.year == 9999 else f"until {day(last)}"
    return ClauseLane(rows[0]["clause"], plain(rows[0]["kind"]), tuple(lives) or (Life(0, 0, over=True, open_end=False, by="", title=""),), ends)


def _in_force(rows: tuple[Row, ...], on: date) -> dict[str, Row]:
    text = on.isoformat()
    return {row["clause"]: row for row in rows if (row["starts"] or "0000") <= text and (not row["ends"] or text < row["ends"])}


def _texts(run: RunFolder, rows: tuple[Row, ...]) -> tuple[Text, ...]:
    texts: list[Text] = []
    before: dict[str, Row] = {}
    for version in run.versions:
        now = _in_force(rows, version.starts) if version.binding else before
        texts.append(_text(version, before, now, first=not texts))
        before = now
    return tuple(texts)


def _text(version: Version, before: dict[str, Row], now: dict[str, Row], *, first: bool) -> Text:
    sentences = []
    for clause, row in now.items():
        was = before.get(clause)
        mark = "" if first or was == row else "+" if was is None else "~"
        sentences.append(_sentence(mark, row))
    sentences.extend(_sentence("-", row) for clause, row in before.items() if clause not in now)
    sentences.sort(key=lambda sentence: ("-+~ ".index(sentence.mark or " "), sentence.clause))
    by_mark = {mark: sum(1 for sentence in sentences if sentence.mark == mark) for mark in "+~-"}
    said = [f"{by_mark[mark]} {word}" for mark, word in (("+", "new"), ("~", "reworded"), ("-", "ended")) if by_mark[mark]]
    summary = f"{count(len(now), 'clause')} in force" + (f": {listed(said)}" if said and not first else "" if first else ", none changed")
    return Text(version.id, day(version.starts), day(version.signed), version.says, version.binding, summary, tuple(sentences))


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
