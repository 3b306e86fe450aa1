"""Everything in the Stargate example that claims to be a fact says which, how sure, and where it was read."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from dibs.contract.model import Clause, Confidence
from dibs.contract.readings import all_clauses
from dibs.simulate.demand import Signal

STARGATE = Path(__file__).resolve().parents[2] / "examples/stargate"
FACT = re.compile(r"^[ATGKDSC]\d{2}[bc]?$")
KNOWLEDGE_ENDS = date(2026, 6, 30)


@pytest.fixture(scope="module")
def register():
    with (STARGATE / "facts.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def facts_of(value):
    """Every fact id in a record and in what it holds."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            yield from inner if field.name == "facts" else facts_of(inner)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from facts_of(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from facts_of(inner)


def test_every_fact_that_is_named_is_in_the_register(played, register):
    known = {row["id"] for row in register}
    named = set(facts_of(played.agreement)) | set(facts_of(played.suppliers)) | set(facts_of(played.programme))
    for signal in played.signals:
        named |= set(re.findall(r"\b[ATGKDSC]\d{2}[bc]?\b", signal.source))
    for path in STARGATE.iterdir():
        if path.suffix in {".yaml", ".md", ".py", ".csv"}:
            named |= set(re.findall(r"\b[ATGKDSC]\d{2}[bc]?\b", path.read_text()))
    assert len(named) > 150
    assert named <= known


def test_the_register_says_how_sure_each_fact_is_and_where_it_was_read(register):
    assert len({row["id"] for row in register}) == len(register)
    for row in register:
        assert FACT.match(row["id"]), row
        assert len(row["claim"]) > 5, row
        assert row["source"], row
        assert row["date"], row
        if row["id"][0] in "SC":
            assert not row["confidence"], row
        else:
            assert row["confidence"] in get_args(Confidence), row


def test_the_whole_public_record_is_in_the_register(register):
    counts = {letter: sum(row["id"].startswith(letter) for row in register) for letter in "ATGKD"}
    assert counts == {"A": 26, "T": 23, "G": 29, "K": 26, "D": 21}


def clauses_and_amendments(agreement):
    return [*all_clauses(agreement), *agreement.amendments]


@pytest.mark.statement("S09")
def test_every_clause_and_amendment_has_facts_confidence_and_a_source(stargate):
    for item in clauses_and_amendments(stargate):
        assert item.facts, item.id
        assert item.confidence, item.id
        assert "source" in item.note.lower() or "Changes nothing" in item.note, item.id
    m4 = next(a for a in stargate.amendments if a.id == "M4")
    assert m4.confidence == "O"
    assert all(c.confidence == "O" for c in (*m4.replaces, *m4.adds))


def test_a_clause_is_no_surer_than_its_facts(stargate, register):
    """A clause may be surer than some of what is said about it, never than the surest."""
    order = "OFPEDRW"
    grade = {row["id"]: order.index(row["confidence"]) for row in register if row["confidence"]}
    for item in clauses_and_amendments(stargate):
        best = min((grade[f] for f in item.facts if f in grade), default=None)
        if best is not None:
            assert order.index(item.confidence) >= best, item.id


def test_the_file_says_that_knowledge_ends_in_june_2026(stargate):
    assert "June 2026" in stargate.note
    assert "not legal advice" in stargate.note
    assert "June 2026" in (STARGATE / "README.md").read_text()
    assert "not legal advice" in (STARGATE / "README.md").read_text()


def test_nothing_is_signed_or_in_service_after_june_2026(played):
    for amendment in played.agreement.amendments:
        assert amendment.signed <= KNOWLEDGE_ENDS
        assert amendment.effective <= KNOWLEDGE_ENDS
    for clause in all_clauses(played.agreement):
        assert clause.from_ is None or clause.from_ <= KNOWLEDGE_ENDS, clause.id
    for host, supply in played.suppliers.hosts.items():
        for step in supply.capacity:
            if step.from_ > KNOWLEDGE_ENDS:
                assert step.stage not in {"in_service", "energised"}, (host, step)
            assert step.known is None or step.known <= KNOWLEDGE_ENDS, (host, step)


def test_figures_after_june_2026_are_forecasts_or_derived(played):
    later = [s for s in played.signals if s.on > KNOWLEDGE_ENDS]
    assert later
    assert {s.confidence for s in later} <= {"P", "E", "D"}
    assert all(isinstance(s, Signal) and s.source for s in played.signals)


def test_what_the_example_says_is_written_in_sentences(stargate):
    for item in clauses_and_amendments(stargate):
        assert item.says.endswith("."), item.id
        assert 20 < len(item.says) < 220, item.id
    for clause in all_clauses(stargate):
        assert isinstance(clause, Clause)
        for reading in clause.readings.values():
            assert reading.says.endswith((".", ").")), (clause.id, reading.name)
