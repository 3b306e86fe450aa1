"""Decisions a second beside cedarpy, on the same policies and the same questions.

An agreement of so many clauses is made, and for each clause that can deny the Cedar policy that says the same: one
`forbid` each, under one `permit`.  Before anything is timed, both answer a sample and have to agree on the answer and on
every denying clause.  Cedar gets its policies and entities parsed and its requests built; dibs gets its questions built.
"""

from __future__ import annotations

import functools
import json
import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import cedarpy
import numpy as np
from bench.measure import Row, milliseconds, rates

from dibs.contract import model
from dibs.decisions.compile import Compiled, compile_agreement
from dibs.decisions.decision import Answer
from dibs.decisions.difference import difference
from dibs.testing import builders as make

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CLASSES = ("training", "research", "product", "agents", "batch", "media", "api", "voice")
BOUND = ("api", "voice")
"""Classes that exclusivity may bind; the others are covered by rights of first call.  So both say the same without R28."""
PLATFORMS = ("borealis", "cinder", "delta", "ember", "fjord", "aster")
FIRST, SPAN = date(2024, 1, 1), 2500
SEED = 7
SAMPLE = 2000
QUESTIONS = 100_000


def clauses(count: int, chance: random.Random) -> Iterator[model.Clause]:
    """Exclusivities of one platform, rights of several holders, and one consent in six.

    Few clauses run for one to four years; many are those of an agreement that is restated often, for three months to two.
    """
    shortest, longest = (365, 1500) if count < 50 else (90, 700)
    for n in range(count):
        starts = FIRST + timedelta(days=chance.randrange(SPAN - 400))
        period = {"from_": starts, "until": starts + timedelta(days=chance.randrange(shortest, longest))}
        holder = chance.choice(PLATFORMS[:-1])
        if n % 6 == 5:
            yield make.consent(f"consent-{n}", "own_build", chance.sample(CLASSES, 3), grantor=holder, **period)
        elif n % 3 == 0:
            yield make.exclusive(f"exclusive-{n}", "borealis", chance.sample(BOUND, chance.randint(1, 2)), **period)
        else:
            covered = chance.sample([c for c in CLASSES if c not in BOUND], 3)
            yield make.pre_emption(f"right-{n}", covered, holder=holder, minimum_lot=chance.choice([100, 500, 1000, 2000]), **period)


def an_agreement(count: int) -> model.Agreement:
    """An agreement of so many clauses, half of them added by an amendment in 2026, over twelve hosts."""
    chance = random.Random(SEED)
    made = list(clauses(count, chance))
    hosts = [make.host(f"{p}-{q}", p, p if q == "own" else chance.choice(PLATFORMS)) for p in PLATFORMS for q in ("own", "other")]
    hosts = [h if h.platform != "aster" else make.host(h.id, "aster", h.operator, own_build=True) for h in hosts]
    half = len(made) // 2
    amendment = make.amendment("second-half", date(2026, 1, 1), adds=made[half:], ends=[c.id for c in made[: count // 10]])
    return make.agreement(*made[:half], amendments=[amendment], parties=[make.party(p) for p in PLATFORMS], hosts=hosts, classes=CLASSES)


def in_cedar(compiled: Compiled) -> str:
    """The same in Cedar: what holds on the days on which each clause is in force."""
    rows = compiled.now.worlds.as_written()
    consents = [(row, row.clause) for row in rows if isinstance(row.clause, model.Consent)]

    def period(row: Any) -> str:
        return f"context.day >= {row.starts} && context.day < {row.ends}"

    def of_class(classes: Iterable[str]) -> str:
        return f"{json.dumps(list(classes))}.contains(context.class)"

    policies = ["permit (principal, action, resource);"]
    for row in rows:
        clause = row.clause
        if not isinstance(clause, model.ExclusiveHosting | model.PreEmption):
            continue
        holder = clause.platform if isinstance(clause, model.ExclusiveHosting) else clause.holder
        when = [period(row), of_class(clause.classes), f'resource.platform != "{holder}"']
        if isinstance(clause, model.PreEmption):
            when.append(f"context.quantity >= {clause.minimum_lot}")
        unless = [f"({period(r)} && {of_class(c.classes)} && resource.own_build)" for r, c in consents if c.grantor == holder]
        policies.append(f'@id("{clause.id}") forbid (principal, action, resource) when {{ {" && ".join(when)} }}')
        policies[-1] += f" unless {{ {' || '.join(unless)} }};" if unless else ";"
    return "\n".join(policies)


@dataclass
class Side:
    """Both engines over one agreement, with the same questions in the shape that each takes."""

    compiled: Compiled
    policies: cedarpy.PolicySet
    entities: cedarpy.Entities
    questions: list[tuple[str, str, date, int]]
    requests: list[dict[str, Any]]
    columns: tuple[Any, ...]


def a_side(count: int, questions: int) -> Side:
    """Everything that is not timed."""
    compiled = compile_agreement(an_agreement(count))
    agreement = compiled.agreement
    chance = np.random.default_rng(SEED)
    columns = (
        chance.integers(0, len(agreement.workload_classes), questions),
        chance.integers(0, len(agreement.hosts), questions),
        np.datetime64(FIRST) + chance.integers(0, SPAN + 400, questions),
        chance.integers(1, 3000, questions),
    )
    names, hosts = list(agreement.workload_classes), list(agreement.hosts)
    asked = [(names[c], hosts[h], day, int(q)) for c, h, day, q in zip(columns[0], columns[1], columns[2].tolist(), columns[3], strict=True)]
    entities = [
        {"uid": {"type": "Host", "id": h.id}, "attrs": {"platform": h.platform, "own_build": h.own_build}, "parents": []}
        for h in agreement.hosts.values()
    ]
    requests = [
        {
            "principal": {"type": "User", "id": "aster"},
            "action": {"type": "Action", "id": "run"},
            "resource": {"type": "Host", "id": host},
            "context": {"class": workload_class, "day": day.toordinal(), "quantity": quantity},
        }
        for workload_class, host, day, quantity in asked
    ]
    side = Side(
        compiled,
        cedarpy.PolicySet.from_str(in_cedar(compiled)),
        cedarpy.Entities.from_json_str(json.dumps(entities)),
        asked,
        requests,
        columns,
    )
    agree(side)
    return side


def agree(side: Side) -> None:
    """Both give the same answer, for the same clauses, on a sample; and the batch gives what single questions do."""
    batch = side.compiled.batch(*side.columns)
    denied = 0
    for n in range(min(SAMPLE, len(side.questions))):
        verdict = side.compiled.answer(*side.questions[n])
        result = cedarpy.is_authorized(side.requests[n], side.policies, side.entities)
        theirs = set(result.diagnostics.id_annotations_by_reason.values())
        assert result.diagnostics.errors == [], result.diagnostics.errors
        assert result.allowed is (verdict.answer is Answer.PERMITTED), side.questions[n]
        assert theirs == set(verdict.denying), (side.questions[n], theirs, verdict.denying)
        assert batch.answer(n) is verdict.answer
        assert set(batch.clauses(n)) == set(verdict.denying)
        denied += not result.allowed
    assert 0.2 < denied / SAMPLE < 0.9, "a sample in which everything comes out alike shows nothing"


def single(side: Side, ours: int, theirs: int) -> dict[str, float]:
    """One question at a time, with the denying clauses read."""

    def dibs() -> int:
        answer = side.compiled.answer
        for workload_class, host, on, quantity in side.questions[:ours]:
            answer(workload_class, host, on, quantity).denying  # noqa: B018 - reading it is what is timed
        return ours

    def cedar() -> int:
        for request in side.requests[:theirs]:
            cedarpy.is_authorized(request, side.policies, side.entities).diagnostics.reasons  # noqa: B018 - the same
        return theirs

    def explained() -> int:
        decide = side.compiled.now.decide
        for workload_class, host, on, quantity in side.questions[: ours // 10]:
            decide(workload_class, host, on, quantity)
        return ours // 10

    return rates({"dibs": dibs, "cedar": cedar, "explained": explained})


def batch(side: Side, theirs: int) -> dict[str, float]:
    """Many questions at once: answer codes and a mask of the denying clauses."""
    names = tuple([q[n] for q in side.questions] for n in range(4))

    def codes() -> int:
        side.compiled.batch(*side.columns)
        return len(side.questions)

    def by_name() -> int:
        side.compiled.batch(*names)
        return len(side.questions)

    def cedar() -> int:
        cedarpy.is_authorized_batch(side.requests[:theirs], side.policies, side.entities)
        return theirs

    return rates({"codes": codes, "names": by_name, "cedar": cedar}, rounds=3)


def measure() -> Iterator[Row]:
    """All rows; under a minute."""
    for count, theirs in ((12, 10_000), (120, 2_000)):
        side = a_side(count, QUESTIONS)
        found = single(side, QUESTIONS, theirs // 2)
        peer = "cedarpy"
        yield Row(f"single answer with denying clauses, {count} clauses", found["dibs"], "/s", found["cedar"], peer, 100)
        yield Row(f"full explanation, {count} clauses", found["explained"], "/s", found["cedar"], f"{peer}'s plain answer", 3)
        found = batch(side, theirs)
        note = f"rates over {QUESTIONS:,} questions; cedarpy in one call of {theirs:,}"
        yield Row(f"batch with denying mask, {count} clauses", found["codes"], "/s", found["cedar"], peer, 2000, note)
        yield Row(f"the same from names and dates, {count} clauses", found["names"], "/s", found["cedar"], peer)
        fresh = side.questions[:300]
        yield Row(
            f"first explanation of a question, {count} clauses",
            milliseconds(functools.partial(explain_anew, side, fresh), rounds=3) / len(fresh) * 1000,
            "us",
            note="nothing worked out before: the table's cells are, and what would change the answer",
        )
    agreement = an_agreement(120)
    cells = len(agreement.hosts) * len(agreement.workload_classes)
    yield Row("compile 120 clauses, every answer", milliseconds(functools.partial(compile_all, agreement)), "ms", aim=50, note=f"{cells} cells")
    compiled = compile_agreement(agreement)
    before, after = compiled.under(known=date(2025, 12, 31)).fill(), compiled.now.fill()
    boxes = len(difference(before, after))
    yield Row(
        "exact difference of two versions, 120 clauses",
        milliseconds(functools.partial(difference, before, after)),
        "ms",
        aim=50,
        note=f"{boxes} boxes",
    )


def compile_all(agreement: model.Agreement) -> None:
    """Every answer of an agreement."""
    compile_agreement(agreement).now.fill()


def explain_anew(side: Side, questions: list[tuple[str, str, date, int]]) -> None:
    table = compile_agreement(side.compiled.agreement).now
    for workload_class, host, on, quantity in questions:
        table.decide(workload_class, host, on, quantity)
