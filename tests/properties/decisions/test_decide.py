"""The compiled table against the slow and obvious way, on random agreements."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dibs.contract.readings import take
from dibs.decisions.batch import ANSWERS
from dibs.decisions.compile import compile_agreement
from dibs.decisions.decision import Facts
from dibs.decisions.difference import difference
from dibs.testing import builders as make


def _beside(name):
    """A module of this folder: the tests are no package."""
    full = f"decisions_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[full])
    return sys.modules[full]


naive = _beside("naive")
strategies = _beside("strategies")

ALL_DAYS = [strategies.FIRST + timedelta(days=n) for n in range(-1, strategies.SPAN + 2)]
places = st.tuples(st.sampled_from(strategies.CLASSES), st.sampled_from(strategies.HOST_IDS))


def table_of(agreement, asked):
    facts = Facts(fired=asked["fired"], suspended=asked["suspended"], drifted=asked["drifted"])
    return compile_agreement(agreement).under(
        known=asked["known"], facts=facts, renewal=asked["renewal"], burst_hours=asked["burst"], order=asked["order"], power=asked["power"]
    )


def question(asked, workload_class, host, on, quantity):
    burst = None if asked["burst"] is None else timedelta(hours=asked["burst"])
    return naive.Question(workload_class, host, on, quantity, **{**asked, "burst": burst})


@given(strategies.agreements(), strategies.circumstances(), st.data())
@settings(max_examples=400, deadline=None)
def test_the_table_answers_as_the_text_does(agreement, asked, data):
    table = table_of(agreement, asked)
    for _ in range(12):
        (workload_class, host), on = data.draw(places), data.draw(st.sampled_from(ALL_DAYS))
        quantity = data.draw(st.sampled_from(strategies.QUANTITIES))
        verdict = table.answer(workload_class, host, on, quantity)
        expected = naive.decide(agreement, question(asked, workload_class, host, on, quantity))
        assert (verdict.answer, frozenset(verdict.denying)) == expected
        assert verdict.mask == sum(1 << table.clause_ids.index(c) for c in verdict.denying)


@given(strategies.agreements(), strategies.circumstances(), places, st.sampled_from(ALL_DAYS), st.sampled_from(strategies.QUANTITIES))
@settings(max_examples=150, deadline=None)
def test_the_answer_flips_on_the_first_later_day_with_another_one(agreement, asked, place, on, quantity):
    workload_class, host = place
    decision = table_of(agreement, asked).decide(workload_class, host, on, quantity)
    later = [day for day in ALL_DAYS if day > on and naive.decide(agreement, question(asked, *place, day, quantity))[0] != decision.answer]
    assert decision.flips_on == (later[0] if later else None)


@given(strategies.agreements(), strategies.circumstances(), places, st.sampled_from(ALL_DAYS), st.sampled_from(strategies.QUANTITIES))
@settings(max_examples=250, deadline=None)
def test_every_change_that_is_named_gives_the_answer_that_it_says(agreement, asked, place, on, quantity):
    decision = table_of(agreement, asked).decide(*place, on, quantity)
    order = ["refused", "undetermined", "offer_first", "permitted"]
    for change in decision.would_change_if:
        changed, put = agreement, question(asked, *place, on, quantity)
        match change.kind:
            case "quantity":
                put = dataclasses.replace(put, quantity=int(change.to))
            case "host":
                put = dataclasses.replace(put, host=change.to)
            case "class":
                put = dataclasses.replace(put, workload_class=change.to)
            case "day":
                put = dataclasses.replace(put, on=make.day(change.to))
            case "order":
                put = dataclasses.replace(put, order=change.to)
            case "reading":
                changed = take(agreement, dict([change.to.split("=")]))
            case "consent" | "waiver":
                leave = [
                    make.consent(f"leave-{n}", "platform_extension", [place[0]], hosts=(place[1],), grantor=by, grantee="aster")
                    for n, by in enumerate(change.to.split(", "))
                ]
                changed = dataclasses.replace(agreement, clauses=(*agreement.clauses, *leave))
            case other:
                raise AssertionError(other)
        assert naive.decide(changed, put)[0] == change.answer, change
        if change.kind != "reading":
            assert change.answer != decision.answer
            assert decision.answer == "permitted" or order.index(change.answer) > order.index(decision.answer)


@given(
    strategies.agreements(),
    strategies.circumstances(),
    st.lists(st.tuples(places, st.sampled_from(ALL_DAYS), st.sampled_from(strategies.QUANTITIES)), min_size=1),
)
@settings(max_examples=60, deadline=None)
def test_a_batch_answers_as_single_questions_do(agreement, asked, questions):
    table = table_of(agreement, asked)
    names = ([c for (c, _), _, _ in questions], [h for (_, h), _, _ in questions], [on for _, on, _ in questions], [q or 0 for _, _, q in questions])
    codes = (
        np.array([strategies.CLASSES.index(c) for c in names[0]]),
        np.array([strategies.HOST_IDS.index(h) for h in names[1]]),
        np.array(names[2], dtype="datetime64[D]"),
        np.array(names[3]),
    )
    by_name, by_code = table.batch(*names), table.batch(*codes)
    assert (by_name.answers == by_code.answers).all()
    assert (by_name.denying == by_code.denying).all()
    for n, ((workload_class, host), on, quantity) in enumerate(questions):
        verdict = table.answer(workload_class, host, on, quantity)
        assert ANSWERS[by_name.answers[n]] is verdict.answer is by_name.answer(n)
        assert set(by_name.clauses(n)) == set(verdict.denying)


@given(strategies.agreements(), strategies.circumstances(), places, st.sampled_from(ALL_DAYS), st.sampled_from(strategies.QUANTITIES))
@settings(max_examples=100, deadline=None)
def test_every_reason_names_a_clause_of_the_agreement_and_the_leading_one_carries_the_answer(agreement, asked, place, on, quantity):
    table = table_of(agreement, asked)
    decision = table.decide(*place, on, quantity)
    verdict = table.answer(*place, on, quantity)
    assert all(r.clause in table.clause_ids or not r.clause for r in decision.reasons)
    assert all("{" not in r.have for r in decision.reasons)
    assert decision.version in {agreement.id, *(a.id for a in agreement.amendments)}
    if decision.answer != "permitted":
        assert decision.reasons[0].clause == verdict.denying[0]


@given(strategies.agreements(), strategies.circumstances(), st.sampled_from(ALL_DAYS))
@settings(max_examples=60, deadline=None)
def test_a_difference_lists_every_question_that_is_answered_otherwise_and_no_other(agreement, asked, known):
    before, after = table_of(agreement, {**asked, "known": known}), table_of(agreement, {**asked, "known": None})
    boxes = difference(before, after)
    for workload_class in strategies.CLASSES:
        for host in strategies.HOST_IDS:
            for on in ALL_DAYS:
                for quantity in (1, 99, 100, 101, 999, 1000, 5000):
                    one, other = before.answer(workload_class, host, on, quantity), after.answer(workload_class, host, on, quantity)
                    found = [
                        (b.before, b.after, b.denying_before, b.denying_after)
                        for b in boxes
                        if (b.workload_class, b.host) == (workload_class, host)
                        and (b.from_ is None or b.from_ <= on)
                        and (b.until is None or on < b.until)
                        and b.least <= quantity
                        and (b.below is None or quantity < b.below)
                    ]
                    same = (one.answer, one.denying) == (other.answer, other.denying)
                    assert found == ([] if same else [(one.answer, other.answer, one.denying, other.denying)])
