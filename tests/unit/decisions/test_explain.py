"""Decisions in sentences."""

from __future__ import annotations

from datetime import date

from dibs.decisions.decision import Answer, ReasonCode
from dibs.decisions.explain import ANSWERS, CODES, WOULD, sentences
from dibs.testing import builders as make


def test_every_answer_and_every_code_has_words():
    assert set(CODES) == set(ReasonCode)
    assert set(ANSWERS) == set(WOULD) == set(Answer)


def test_a_decision_reads_as_sentences():
    compiled = make.compiled(make.pre_emption(until="2031-01-01", says="Aster offers new capacity to Borealis first."), classes=["training"])
    decision = compiled.decide(workload_class="training", host="cinder-west", on=date(2025, 3, 1), quantity=5000, known=date(2025, 2, 1))
    assert sentences(decision) == [
        "`training` on `cinder-west` has to be offered to the holder first on 2025-03-01, as known on 2025-02-01, under version `deal`.",
        (
            "Clause `first-refusal` ((not from a file):1:1) gives its holder the first call: Aster offers new capacity to Borealis first."
            " It asks for 1000 accelerators; here: 5000 accelerators."
        ),
        "The answer changes on 2031-01-01.",
        "It would be permitted if the need is for 999 accelerators or fewer.",
        "It would be permitted if `borealis` waives its right for this need.",
        "It would be permitted if it runs on `borealis-cinder`.",
        "It would be permitted if the day is 2031-01-01.",
    ]


def test_where_no_clause_speaks_that_is_said():
    decision = make.compiled().decide(workload_class="training", host="cinder-west", on=date(2025, 3, 1))
    assert sentences(decision)[1:] == ["No clause speaks of it."]
