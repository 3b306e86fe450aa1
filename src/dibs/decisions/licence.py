"""May this party use that subject for this purpose on that day: the licences.

Whoever owns a subject may use it.  Anybody else needs a licence that is in force and names the subject and the use; a
licence may reach only what was developed before a day, and a trigger may have ended or narrowed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from dibs.contract.model import Licence
from dibs.decisions.compile import NO_FACTS, Compiled, Table, compile_agreement
from dibs.decisions.decision import Answer, Change, Facts, Reason, ReasonCode
from dibs.decisions.history import ALWAYS, NEVER
from dibs.decisions.judge import PRECEDENCE, outranked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dibs.contract.model import Agreement, Clause, PartyId
    from dibs.decisions.history import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """The whole answer to a licence question.  `developed` is the day on which the subject came to be, if it was stated."""

    answer: Answer
    on: date
    known: date | None
    version: str
    party: PartyId
    subject: str
    use: str
    developed: date | None = None
    reasons: tuple[Reason, ...] = ()
    flips_on: date | None = None
    would_change_if: tuple[Change, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """The shape of `may-use --json`."""
        return {
            "answer": str(self.answer),
            "on": self.on.isoformat(),
            "known": self.known.isoformat() if self.known else None,
            "version": self.version,
            "party": self.party,
            "subject": self.subject,
            "use": self.use,
            "developed": self.developed.isoformat() if self.developed else None,
            "reasons": [r.as_dict() for r in self.reasons],
            "flips_on": self.flips_on.isoformat() if self.flips_on else None,
            "would_change_if": [c.as_dict() for c in self.would_change_if],
        }


@dataclass(frozen=True, slots=True)
class _Question:
    party: PartyId
    subject: str
    use: str
    developed: date | None


def may_use(
    agreement: Agreement | Compiled,
    party: PartyId,
    subject: str,
    use: str,
    on: date,
    *,
    known: date | None = None,
    facts: Facts = NO_FACTS,
    developed: date | None = None,
) -> Permission:
    """May a party use a subject for a purpose on a day?  `developed` is when the subject came to be, for licences that ask."""
    compiled = agreement if isinstance(agreement, Compiled) else compile_agreement(agreement)
    table = compiled.under(known=known, facts=facts)
    question = _Question(party, subject, use, developed)
    answer, reasons = _answer(table, question, on)
    edges = {on.toordinal(), *(e for row in table.worlds.every() if isinstance(row.clause, Licence) for e in (row.starts, row.ends))}
    edges |= {day.toordinal() for day in facts.fired.values()}
    later = ((day, _answer(table, question, day)[0]) for day in (date.fromordinal(e) for e in sorted(edges) if ALWAYS < e < NEVER) if day > on)
    flips = next(((day, then) for day, then in later if then is not answer), None)
    return Permission(
        answer=answer,
        on=on,
        known=known,
        version=table.version(on),
        party=party,
        subject=subject,
        use=use,
        developed=developed,
        reasons=reasons,
        flips_on=flips[0] if flips else None,
        would_change_if=tuple(_changes(table, question, on, answer)),
    )


def _answer(table: Table, question: _Question, on: date) -> tuple[Answer, tuple[Reason, ...]]:
    """The answer on one day, if it is the same for each way to read the open licences."""

    def speaks(clause: Clause) -> bool:
        return isinstance(clause, Licence) and question.subject in (*clause.subjects, *clause.excluded_subjects)

    heard = [(reads, _hear(rows, question, on)) for reads, rows in table.worlds.of(speaks)]
    if not heard:
        return Answer.UNDETERMINED, table.worlds.ambiguous(speaks)
    if len({answer for _, (answer, _) in heard}) > 1:
        return Answer.UNDETERMINED, table.worlds.differing([(reads, answer) for reads, (answer, _) in heard])
    return heard[0][1]


def _hear(rows: Sequence[Row], question: _Question, on: date) -> tuple[Answer, tuple[Reason, ...]]:
    """The answer on one day in one world."""
    licences = [(row, row.clause) for row in rows if isinstance(row.clause, Licence)]
    day = on.toordinal()
    speaking = [(row, c) for row, c in licences if row.starts <= day < row.ends and question.subject in (*c.subjects, *c.excluded_subjects)]
    silent = {speaking[n][1].id for n in outranked([c for _, c in speaking])[1]}
    in_force = [(row, c) for row, c in licences if row.starts <= day < row.ends and c.id not in silent]
    if _owns(question, [c for _, c in licences]):
        text = f"`{question.subject}` belongs to `{question.party}`: a licensor needs no licence of its own."
        return Answer.PERMITTED, (Reason(code=ReasonCode.LICENSED, clause="", text=text),)
    mine = [(row, c) for row, c in in_force if c.licensee == question.party]
    exclusive = [c for _, c in in_force if c.exclusive and c.licensee != question.party and _names(c, question.subject)]
    said = [_says(row, clause, question) for row, clause in mine]
    granting = [r for r in said if r.code is ReasonCode.LICENSED]
    if granting:
        granted = {r.clause for r in granting}
        licensors = {c.licensor for _, c in mine if c.id in granted}
        rivals = [c for c in exclusive if c.licensor in licensors]
        if not rivals:
            return Answer.PERMITTED, tuple(granting)
        clash = [*(c for _, c in mine if c.id in granted), *rivals]
        return Answer.UNDETERMINED, tuple(_reason(ReasonCode.CONFLICT, c, "one of two licences to outrank the other", _clash(c)) for c in clash)
    missing = tuple(r for r in said if r.code is ReasonCode.FACT_MISSING)
    if missing:
        return Answer.UNDETERMINED, missing
    reasons = [*said, *(_reason(ReasonCode.LICENCE_EXCLUSIVE, c, f"party {c.licensee}", f"party {question.party}") for c in exclusive)]
    reasons += _over(licences, question, on)
    if not reasons:
        text = f"No licence names `{question.party}` for `{question.subject}`."
        reasons = [Reason(code=ReasonCode.LICENCE_ABSENT, clause="", text=text)]
    return Answer.REFUSED, tuple(sorted(reasons, key=lambda r: PRECEDENCE[r.code]))


def _owns(question: _Question, licences: Sequence[Licence]) -> bool:
    """Whether the subject is the party's own: it licenses it to others, or licenses others and nobody else claims the subject."""
    naming = {c.licensor for c in licences if question.subject in (*c.subjects, *c.excluded_subjects)}
    return question.party in (naming or {c.licensor for c in licences})


def _names(clause: Licence, subject: str) -> bool:
    return subject in clause.subjects and subject not in clause.excluded_subjects


def _says(row: Row, clause: Licence, question: _Question) -> Reason:
    """What one licence of the party, in force on the day, says of the question."""
    if not _names(clause, question.subject):
        return _reason(ReasonCode.SUBJECT_NOT_LICENSED, clause, ", ".join(clause.subjects), question.subject)
    if question.use in clause.excluded_uses:
        return _reason(ReasonCode.USE_NOT_LICENSED, clause, f"any use but {', '.join(clause.excluded_uses)}", question.use)
    if clause.uses and question.use not in clause.uses:
        return _reason(ReasonCode.USE_NOT_LICENSED, clause, ", ".join(clause.uses), question.use)
    limits = [] if clause.developed_before is None else [clause.developed_before]
    if row.fired is not None and clause.after_trigger == "keeps_earlier":
        limits.append(date.fromordinal(row.fired))
    if limits:
        need = f"developed before {min(limits)}"
        if question.developed is None:
            return _reason(ReasonCode.FACT_MISSING, clause, need, "not stated when it was developed")
        if question.developed >= min(limits):
            return _reason(ReasonCode.SUBJECT_NOT_LICENSED, clause, need, f"developed on {question.developed}")
    return _reason(ReasonCode.LICENSED, clause, "", "")


def _over(licences: Iterable[tuple[Row, Licence]], question: _Question, on: date) -> list[Reason]:
    """The party's licences that would have covered it and are not in force: over, or not yet begun."""
    day = on.toordinal()
    out = []
    for row, clause in licences:
        if clause.licensee != question.party or row.starts <= day < row.ends:
            continue
        if _says(row, clause, question).code is ReasonCode.LICENSED:
            need = f"before {date.fromordinal(row.ends)}" if row.ends <= day else f"from {date.fromordinal(row.starts)}"
            out.append(_reason(ReasonCode.LICENCE_ENDED if row.ends <= day else ReasonCode.LICENCE_ABSENT, clause, need, on.isoformat()))
    return out


def _clash(clause: Licence) -> str:
    return f"exclusive to {clause.licensee}" if clause.exclusive else f"licensed to {clause.licensee}"


def _reason(code: ReasonCode, clause: Licence, need: str, have: str) -> Reason:
    return Reason(code=code, clause=clause.id, text=clause.says, where=clause.mark, need=need, have=have)


def _changes(table: Table, question: _Question, on: date, answer: Answer) -> Iterable[Change]:
    """The smallest changes that would make a refused or undetermined use permitted: another use, another day, an earlier subject, a reading."""
    if answer is Answer.PERMITTED:
        return
    licences = [row for row in table.worlds.every() if isinstance(row.clause, Licence) and row.clause.licensee == question.party]
    uses = dict.fromkeys(u for row in licences if isinstance(row.clause, Licence) for u in row.clause.uses if u != question.use)
    for use in uses:
        if _answer(table, _Question(question.party, question.subject, use, question.developed), on)[0] is Answer.PERMITTED:
            yield Change(kind="use", to=use, answer=Answer.PERMITTED, text=f"the use is `{use}`")
            break
    starts = sorted({row.starts for row in licences if row.starts > on.toordinal()})
    for first in starts:
        day = date.fromordinal(first)
        if _answer(table, question, day)[0] is Answer.PERMITTED:
            yield Change(kind="day", to=day.isoformat(), answer=Answer.PERMITTED, text=f"the day is {day.isoformat()}")
            break
    limits = {row.clause.developed_before for row in licences if isinstance(row.clause, Licence)}
    limits |= {date.fromordinal(row.fired) for row in table.worlds.as_written() if row.fired is not None}
    for limit in sorted((day for day in limits if day is not None), reverse=True):
        earlier = date.fromordinal(limit.toordinal() - 1)
        if question.developed is not None and earlier >= question.developed:
            continue
        if _answer(table, _Question(question.party, question.subject, question.use, earlier), on)[0] is Answer.PERMITTED:
            yield Change(
                kind="developed", to=earlier.isoformat(), answer=Answer.PERMITTED, text=f"it was developed on {earlier.isoformat()} or earlier"
            )
            break
