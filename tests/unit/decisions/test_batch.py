"""Batches: what goes in, and what is refused."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from dibs.decisions import batch
from dibs.decisions.decision import Answer
from dibs.testing import builders as make

DAY = date(2025, 1, 1)


@pytest.fixture(scope="module")
def compiled():
    return make.compiled(
        make.pre_emption(from_="2024-01-01", until="2026-01-01"), make.exclusive("api-bound", classes=["api"]), classes=["training", "api"]
    )


def test_one_value_counts_for_all(compiled):
    found = compiled.batch("training", ["cinder-west", "borealis-east", "delta-south"], DAY, 5000)
    assert [found.answer(n) for n in range(3)] == [Answer.OFFER_FIRST, Answer.PERMITTED, Answer.OFFER_FIRST]
    assert [found.clauses(n) for n in range(3)] == [("first-refusal",), (), ("first-refusal",)]


def test_without_quantities_lots_of_at_least_the_minimum_are_meant(compiled):
    assert compiled.batch(["training"], ["cinder-west"], [DAY]).answer(0) is Answer.OFFER_FIRST
    assert compiled.batch(["training"], ["cinder-west"], [DAY], [0]).answer(0) is Answer.OFFER_FIRST
    assert compiled.batch(["training"], ["cinder-west"], [DAY], [1]).answer(0) is Answer.PERMITTED


def test_days_far_outside_the_agreement_are_answered(compiled):
    days = [date.min, date(2023, 12, 31), date(2024, 1, 1), date(2025, 12, 31), date(2026, 1, 1), date.max]
    found = compiled.batch("training", "cinder-west", days, 10**9)
    assert [str(found.answer(n)) for n in range(6)] == ["permitted", "permitted", "offer_first", "offer_first", "permitted", "permitted"]


def test_names_that_the_agreement_does_not_know_are_undetermined(compiled):
    found = compiled.batch(["training", "mining"], ["erewhon", "cinder-west"], DAY)
    assert [found.answer(n) for n in range(2)] == [Answer.UNDETERMINED, Answer.UNDETERMINED]


def test_a_code_that_names_nothing_is_refused(compiled):
    with pytest.raises(IndexError, match="a class code lies outside 0 to 2"):
        compiled.batch(np.array([3]), np.array([0]), [DAY])
    with pytest.raises(IndexError, match="a host code lies outside"):
        compiled.batch(np.array([0]), np.array([-1]), [DAY])


def test_columns_of_another_kind_are_refused(compiled):
    with pytest.raises(ValueError, match="host codes are whole numbers"):
        compiled.batch(np.array([0]), np.array([0.5]), [DAY])
    with pytest.raises(ValueError, match="days are dates"):
        compiled.batch(np.array([0]), np.array([0]), np.array([20089]))


def test_columns_of_different_lengths_are_refused(compiled):
    with pytest.raises(ValueError, match="broadcast"):
        compiled.batch(np.array([0, 1, 0]), np.array([0, 1]), DAY)


@pytest.mark.parametrize("quantity", [1, 999, 1000, 10**6, 10**12])
def test_where_stairs_are_too_long_for_a_look_up_they_are_bisected(quantity, monkeypatch):
    clauses = [make.pre_emption("far", until="9999-01-01", minimum_lot=10**6), make.pre_emption("near", holder="delta", until="2026-01-01")]
    long = make.compiled(*clauses)
    days = [date(1900, 1, 1), date(2025, 12, 31), date(2026, 1, 1), date(9998, 12, 31), date(9999, 1, 1)]
    found = long.batch("training", "cinder-west", days, quantity)
    assert long.now._whole._by_day._table is None
    assert long.now._whole._by_quantity._table is None
    assert [found.clauses(n) for n in range(5)] == [long.answer("training", "cinder-west", day, quantity).denying for day in days]
    monkeypatch.setattr(batch, "DAYS_MAX", 10**7)
    monkeypatch.setattr(batch, "QUANTITIES_MAX", 10**7)
    looked_up = make.compiled(*clauses).batch("training", "cinder-west", days, quantity)
    assert (looked_up.answers == found.answers).all()
    assert (looked_up.denying == found.denying).all()


def test_more_than_sixty_four_clauses_take_a_second_word():
    compiled = make.compiled(*[make.pre_emption(f"right-{n:02}", holder="delta", minimum_lot=n + 1) for n in range(70)])
    found = compiled.batch("training", "cinder-west", DAY, [70, 65, 3])
    assert found.denying.shape == (3, 2)
    assert [len(found.clauses(n)) for n in range(3)] == [70, 65, 3]
    assert found.clauses(2) == ("right-00", "right-01", "right-02")


def test_an_agreement_without_clauses_permits_everything():
    compiled = make.compiled()
    assert compiled.batch("training", ["cinder-west"], DAY, [5]).answer(0) is Answer.PERMITTED
