"""Agreements: the texts on record, what they say on a day, and a new one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec

from dibs.contract.amend import Dated, dated_clauses, timeline, version_at, versions
from dibs.contract.fields import FIELDS
from dibs.contract.load import parse
from dibs.contract.model import Agreement, Clause
from dibs.contract.readings import all_clauses
from dibs.contract.render import amendment_sentence, as_written, sentence
from dibs.decisions.compile import Compiled, compile_agreement
from dibs.decisions.difference import difference
from dibs.errors import BadInput, Finding, Mark
from dibs.procedure.commands import AdoptAgreement
from dibs.procedure.procedure import handle
from dibs.quantities import Instant, day_of
from dibs.service.access import EVERYBODY, RUNS, Actor
from dibs.service.front import Front
from dibs.service.operation import Call, NoBody, NoQuery, operation
from dibs.service.problems import FindingView, not_found
from dibs.service.shapes import OutcomeView, when
from dibs.service.sight import named

TEXT_MAX = 1_000_000
"""Characters of an agreement (bound is in)."""
ANSWERS_MAX = 200
"""So many questions that a new text answers otherwise are listed (bound is in)."""


class NewAgreement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The whole text of the agreement with its amendments, as YAML; `name` is what findings call it."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MAX)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] = "agreement.yaml"


class TextView(msgspec.Struct, frozen=True, kw_only=True):
    """A text on record: since when it counts, and whether it still does."""

    id: str
    adopted_at: datetime
    current: bool


class TextList(msgspec.Struct, frozen=True, kw_only=True):
    """The texts on record, the oldest first."""

    items: tuple[TextView, ...]


class AsOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The day on which clauses are in force (today if it is left out), as far as they were signed by `known` (all, if it is left out)."""

    on: date | None = None
    known: date | None = None


class ClauseView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A clause in force: its words, what they mean in plain English, its days (half-open), and its terms as the text writes them."""

    id: str
    kind: str
    says: str
    means: str
    starts: date | None
    ends: date | None
    terms: dict[str, Any]
    by: str = ""
    """The amendment that wrote it."""
    where: str = ""
    confidence: str = ""


class AmendmentView(msgspec.Struct, frozen=True, kw_only=True):
    """An amendment that binds, in plain English."""

    id: str
    says: str
    means: str
    signed: date
    effective: date


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """The agreement between two amendments: half-open in days."""

    id: str
    starts: date | None
    ends: date | None


class AgreementView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The agreement on a day.  The party that keeps the book sees all of it and its text; others see the clauses that name them."""

    id: str
    adopted_at: datetime
    on: date
    known: date | None = None
    currency: str
    time_zone: str
    clauses: tuple[ClauseView, ...]
    title: str = ""
    version: str = ""
    versions: tuple[VersionView, ...] = ()
    amendments: tuple[AmendmentView, ...] = ()
    text: str = ""


class FieldDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A term that reads otherwise, as the two texts write it."""

    field: str
    before: Any
    after: Any


class ClauseDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A clause of the first text or of an amendment (`by`) that only one text has, or that they write otherwise."""

    clause: str
    by: str
    change: Literal["added", "left_out", "changed"]
    fields: tuple[FieldDifference, ...]


class AnswerDifference(msgspec.Struct, frozen=True, kw_only=True, rename={"workload_class": "class", "from_": "from"}):
    """Questions that the two texts answer otherwise: of a class on a host, in half-open days and quantities."""

    workload_class: str
    host: str
    from_: date | None
    until: date | None
    least: int
    below: int | None
    before: str
    after: str


class AdoptionView(OutcomeView, frozen=True, kw_only=True, omit_defaults=True):
    """What came of a new text, what differs from the one before, and which answers do; `more_answers` counts those that are not listed."""

    warnings: tuple[FindingView, ...] = ()
    clauses: tuple[ClauseDifference, ...] = ()
    answers: tuple[AnswerDifference, ...] = ()
    more_answers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A text on record, as somebody may know of it."""

    id: str
    digest: str
    adopted_at: Instant


async def _texts(front: Front, actor: Actor) -> list[_Text]:
    """The texts on record, the oldest first.  A counterparty hears of a new one only if what names it reads otherwise."""
    texts = tuple(front.office.index.texts)
    if not actor.house:
        for digest in dict.fromkeys(digest for digest, _ in texts):
            if (digest, actor.party) not in front.own_names:
                await front.have((digest,))
                front.own_names[digest, actor.party] = await asyncio.to_thread(_own_name, front.agreement(digest), actor.party)
    found: list[_Text] = []
    for (digest, _), entry in zip(texts, front.office.store.read([number for _, number in texts]), strict=True):
        name = digest if actor.house else front.own_names[digest, actor.party]
        if not found or found[-1].id != name:
            found.append(_Text(id=name, digest=digest, adopted_at=entry.at))
    return found


def _own_name(agreement: Agreement, party: str) -> str:
    """What a text is called to a counterparty: grown from what it may read of it, and from nothing else."""
    rows = [(row.starts, row.ends, row.clause.says, _terms(row.clause)) for row in timeline(agreement) if party in named(row.clause)]
    return sha256(msgspec.json.encode((party, agreement.currency, agreement.time_zone, rows))).hexdigest()


def _terms(clause: Clause) -> dict[str, Any]:
    """A clause's terms as the text writes them: those that are not at their default."""
    skipped = {"id", "says", "from", "until", "confidence", "facts"}
    return {
        field.key: as_written(getattr(clause, field.name), field.shape)
        for field in FIELDS[type(clause)]
        if field.key not in skipped and field.key != "readings" and (field.required or getattr(clause, field.name) != field.default)
    }


def _clause(row: Dated, agreement: Agreement, *, house: bool) -> ClauseView:
    clause = row.clause
    return ClauseView(
        id=clause.id,
        kind=clause.kind,
        says=clause.says,
        means=sentence(clause, agreement),
        starts=row.starts,
        ends=row.ends,
        terms=_terms(clause),
        by=row.by if house else "",
        where=str(clause.mark) if house else "",
        confidence=(clause.confidence or "") if house else "",
    )


@operation("GET", "/v1/agreements", "List texts of the agreement", roles=EVERYBODY, side="any")
async def list_agreements(call: Call[NoBody, NoQuery]) -> TextList:
    """The texts on record, the oldest first; the last one counts."""
    texts = await _texts(call.front, call.actor)
    return TextList(items=tuple(TextView(id=text.id, adopted_at=when(text.adopted_at), current=text is texts[-1]) for text in texts))


@operation("GET", "/v1/agreements/{id}", "The agreement on a day", roles=EVERYBODY, side="any")
async def get_agreement(call: Call[NoBody, AsOf]) -> AgreementView:
    """A text by its id, or `current`: the clauses in force on a day, as known on a day."""
    front, actor, query = call.front, call.actor, call.query
    texts = await _texts(front, actor)
    text = next((one for one in reversed(texts) if call.id in (one.id, "current")), None)
    if text is None:
        raise not_found("agreement", call.id)
    await front.have((text.digest,))
    agreement = front.agreement(text.digest)
    on = query.on or day_of(front.office.now(), front.office.agreement.zone)
    rows = [row for row in dated_clauses(agreement, query.known) if row.covers(on)]
    view = AgreementView(
        id=text.id,
        adopted_at=when(text.adopted_at),
        on=on,
        known=query.known,
        currency=agreement.currency,
        time_zone=agreement.time_zone,
        clauses=tuple(_clause(row, agreement, house=actor.house) for row in rows if actor.house or actor.party in named(row.clause)),
    )
    if not actor.house:
        return view
    return msgspec.structs.replace(
        view,
        title=agreement.title,
        version=version_at(agreement, on, query.known),
        versions=tuple(VersionView(id=v.id, starts=v.starts, ends=v.ends) for v in versions(agreement, query.known)),
        amendments=tuple(
            AmendmentView(id=a.id, says=a.says, means=amendment_sentence(a, agreement), signed=a.signed, effective=a.effective)
            for a in agreement.amendments
            if a.binding and (query.known is None or a.signed <= query.known)
        ),
        text=agreement.text,
    )


@operation("POST", "/v1/agreements", "Adopt a text of the agreement", roles=RUNS, side="house", status=201, acts=True)
async def adopt_agreement(call: Call[NewAgreement, NoQuery]) -> AdoptionView:
    """From now on this text counts.  With `dry_run` it is checked and compared, and nothing is kept.

    What is wrong with it is said all at once, each finding with its place and its fix.  Nothing that the text before it
    named may be missing: clauses are ended by amendments, never left out.
    """
    front, body = call.front, call.body
    new, warnings = await asyncio.to_thread(_read, body.text, body.name)
    digest = new.agreement.digest
    before = _before(front, digest)
    if lost := _lost(before.agreement, new.agreement, body.name):
        raise BadInput(lost)
    command = AdoptAgreement(by=call.actor.party, digest=digest)
    link = f"/v1/agreements/{digest}"
    if call.dry_run:
        events = handle(front.state, command, agreement=new, at=front.office.now())
    else:
        front.office.learn(new)
        events = await front.office.act(command, call.key)
    outcome = front.outcome(call.actor, events, subject=digest, link=link, dry_run=call.dry_run)
    boxes = await asyncio.to_thread(difference, before.now, new.now)
    return AdoptionView(
        **{name: getattr(outcome, name) for name in outcome.__struct_fields__},
        warnings=tuple(FindingView(code=f.code, where=str(f.where), message=f.message, fix=f.fix) for f in warnings),
        clauses=tuple(_differences(before.agreement, new.agreement)),
        answers=tuple(
            AnswerDifference(
                workload_class=box.workload_class,
                host=box.host,
                from_=box.from_,
                until=box.until,
                least=box.least,
                below=box.below,
                before=box.before.value,
                after=box.after.value,
            )
            for box in boxes[:ANSWERS_MAX]
        ),
        more_answers=max(0, len(boxes) - ANSWERS_MAX),
    )


def _read(text: str, name: str) -> tuple[Compiled, list[Finding]]:
    """The agreement ready to answer, and what is probably not meant in it.  Raises `BadInput` with every finding."""
    agreement, findings = parse(text, name)
    if agreement is None:
        raise BadInput(findings.items)
    return compile_agreement(agreement), findings.items


def _before(front: Front, digest: str) -> Compiled:
    """The text that a new one is compared with: the one that counts, or the one before if that is the new one already."""
    texts = [known for known, _ in front.office.index.texts]
    if digest in texts and texts.index(digest) > 0:
        return front.compiled(texts[texts.index(digest) - 1])
    return front.office.agreement


def _lost(before: Agreement, after: Agreement, name: str) -> list[Finding]:
    """What the new text no longer knows, though the book speaks of it."""
    kinds = (
        ("party", before.parties, after.parties),
        ("host", before.hosts, after.hosts),
        ("class of work", before.workload_classes, after.workload_classes),
        ("clause", [c.id for c in all_clauses(before)], {c.id for c in all_clauses(after)}),
        ("currency", [before.currency], {after.currency}),
        ("time zone", [before.time_zone], {after.time_zone}),
    )
    lost = [(kind, one) for kind, old, new in kinds for one in dict.fromkeys(old) if one not in new]
    fix = "keep it: what is over is ended by an amendment, and stays in the text"
    return [Finding("DIB307", f"the {kind} `{one}` is missing, and the book speaks of it", Mark(name), fix) for kind, one in lost]


def _differences(before: Agreement, after: Agreement) -> list[ClauseDifference]:
    """Clause by clause, each as the first text or one amendment writes it."""
    old = {(row.by, row.clause.id): row.clause for row in timeline(before)}
    new = {(row.by, row.clause.id): row.clause for row in timeline(after)}
    out = []
    for (by, name), clause in new.items():
        was = old.get((by, name))
        if was is None:
            out.append(ClauseDifference(clause=name, by=by, change="added", fields=()))
        elif changed := _fields(was, clause):
            out.append(ClauseDifference(clause=name, by=by, change="changed", fields=changed))
    return [*out, *(ClauseDifference(clause=name, by=by, change="left_out", fields=()) for by, name in old if (by, name) not in new)]


def _fields(before: Clause, after: Clause) -> tuple[FieldDifference, ...]:
    """The terms that read otherwise."""
    was, is_ = ({f.key: as_written(getattr(c, f.name), f.shape) for f in FIELDS[type(c)]} | {"kind": c.kind} for c in (before, after))
    keys = dict.fromkeys((*was, *is_))
    return tuple(FieldDifference(field=key, before=was.get(key), after=is_.get(key)) for key in keys if was.get(key) != is_.get(key))


OPERATIONS = (list_agreements, get_agreement, adopt_agreement)
