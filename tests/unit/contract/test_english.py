"""Plain English: nothing that was agreed is left out, and what is said is what the fields say."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dibs.contract import amend, english, model, render
from dibs.contract.fields import FIELDS, Choice, ListOf, MapOf, Plain, Record
from dibs.quantities import Money

OTHER = {
    str: "another word",
    bool: None,
    int: 777,
    Decimal: Decimal("77.7"),
    model.Share: Decimal("0.77"),
    Money: Money(Decimal(777), "USD"),
    timedelta: timedelta(hours=7),
    date: date(2027, 7, 7),
}
RECORDS = {
    model.Purpose: model.Purpose(classes=("api",), at_least=Decimal("0.77"), over=timedelta(days=7)),
    model.Measure: model.Measure(party="cinder", signal="another"),
    model.Site: model.Site(id="another", name="Another site"),
}


def other_value(field, value):
    """Some value of the field's type that differs from `value`."""
    shape = field.shape
    match shape:
        case Plain(of):
            return (not value) if of is bool else "cinder" if field.refers == "party" and value != "cinder" else OTHER[of]
        case Choice(words):
            return next(w for w in words if w != value)
        case ListOf(Record(cls)):
            return (RECORDS[cls],)
        case ListOf(Plain(of)):
            return ("cinder",) if field.refers == "party" else (OTHER[of],)
        case ListOf(Choice(words)):
            return (next(w for w in words if (w,) != value),)
        case MapOf(key, Plain(of)):
            return {OTHER[key.of]: OTHER[of]}
        case MapOf(_, ListOf()):
            return {"another": ("cinder",)}
        case Record(cls):
            return RECORDS[cls]
    raise AssertionError(field)


def parameters():
    for kind, cls in model.CLAUSE_KINDS.items():
        for field in FIELDS[cls]:
            if not field.identity and field.name not in {"says", "readings", "reading"}:
                yield pytest.param(kind, field, id=f"{kind}-{field.name}")


@pytest.mark.parametrize(("kind", "field"), list(parameters()))
def test_every_parameter_is_heard_in_the_sentence(kind, field, every_kind):
    """Change one parameter of a clause to any other value, and what is said changes too."""
    clause = next(c for c in every_kind.clauses if c.kind == kind)
    changed = dataclasses.replace(clause, **{field.name: other_value(field, getattr(clause, field.name))})
    if field.name == "quoted_by":
        clause, changed = (dataclasses.replace(c, right="first_offer") for c in (clause, changed))
    assert english.sentence(changed, every_kind) != english.sentence(clause, every_kind)
    if not field.required:
        silent = dataclasses.replace(clause, **{field.name: field.default})
        departing = changed if getattr(changed, field.name) != field.default else clause
        assert english.sentence(departing, every_kind) != english.sentence(silent, every_kind), "what departs from the default is said"


@pytest.mark.parametrize("kind", model.CLAUSE_KINDS)
def test_a_sentence_reads_like_one(kind, every_kind):
    for clause in every_kind.clauses:
        if clause.kind != kind:
            continue
        said = english.sentence(clause, every_kind)
        assert said.endswith(".")
        assert "  " not in said
        assert ".." not in said
        assert "None" not in said
        assert "_" not in said
        assert "MappingProxy" not in said
        assert "timedelta" not in said


def test_parties_are_called_by_their_names(every_kind):
    for clause in every_kind.clauses:
        said = english.sentence(clause, every_kind)
        assert "Aster Labs" in said or "Borealis Cloud" in said or "Delta Systems" in said or "Yard Company" in said


def test_the_right_is_what_its_field_says_and_not_what_it_is_called(harbour):
    right = next(c for c in amend.in_force(harbour, date(2025, 3, 1)) if c.id == "first-refusal")
    assert "right of first offer" in english.sentence(right, harbour)
    assert "by matching" in english.sentence(dataclasses.replace(right, right="matching"), harbour)
    assert "last look" in english.sentence(dataclasses.replace(right, right="last_look"), harbour)
    assert "first negotiation" in english.sentence(dataclasses.replace(right, right="first_negotiation"), harbour)
    assert "quoted by the holder" in english.sentence(dataclasses.replace(right, quoted_by="holder"), harbour)


def test_the_period_of_an_added_clause_begins_with_its_amendment(harbour):
    right = next(c for c in amend.in_force(harbour, date(2025, 3, 1)) if c.id == "first-refusal")
    assert "It is in force from 21 January 2025 up to and including 31 December 2030." in english.sentence(right, harbour)


def test_what_is_not_known_is_said_to_be_not_known(every_kind):
    unknown = {
        "commitment": {"amount": None, "milestones": {}},
        "revenue_share": {"rate": None},
        "investment": {"amount": None, "tranches": {}},
    }
    for kind, fields in unknown.items():
        clause = dataclasses.replace(next(c for c in every_kind.clauses if c.kind == kind), **fields)
        assert "not known" in english.sentence(clause, every_kind)


def test_the_whole_agreement_on_a_day_as_it_was_known(history):
    before = render.plain_english(history, date(2025, 10, 15), date(2025, 11, 1))
    after = render.plain_english(history, date(2025, 10, 15), date(2025, 12, 1))
    assert "20 per cent" in before
    assert "10 per cent" in after
    assert "as signed by 1 November 2025 (version first-call)" in before
    assert "side-letter" not in before
    assert "The amendment `evening` ends it: 27 October 2025 is its last day." in after


def test_an_amendment_in_one_sentence(history):
    said = {a.id: render.amendment_sentence(a, history) for a in history.amendments}
    assert said["memorandum"].startswith("`memorandum`, signed on 11 September 2025, does not bind and changes nothing, though it says")
    assert said["first-call"].startswith(
        "`first-call`, signed on 20 January 2025, in force from 21 January 2025, ends exclusive-cloud and adds api-hosting"
    )
    assert "Offers that are running keep their time." in said["morning"]
    assert "Offers" not in said["first-call"]


def test_a_day_on_which_nothing_is_in_force(history):
    assert "No clause is in force on that day." in render.plain_english(history, date(2022, 1, 1))


def test_a_difference_is_said_with_plus_and_minus(history):
    first = render.difference_in_words(amend.difference(history, date(2025, 1, 20), date(2025, 1, 21)), history)
    assert first.split("\n") == [
        "- exclusive-cloud: Borealis hosts all of Aster's compute.",
        "+ api-hosting: The API runs on Borealis's platform only.",
        "+ first-refusal: Before Aster takes new capacity elsewhere it offers it to Borealis.",
        "  unchanged: share",
    ]
    second = render.difference_in_words(amend.difference(history, date(2025, 9, 30), date(2025, 10, 1)), history)
    assert "-   rate: 20 per cent\n+   rate: 10 per cent" in second
    assert "nothing differs" in render.difference_in_words(amend.difference(history, date(2025, 3, 1), date(2025, 3, 2)), history)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("250e9", "USD 250 billion"),
        ("11.9e9", "USD 11.9 billion"),
        ("350e6", "USD 350 million"),
        ("1.4e12", "USD 1.4 trillion"),
        ("2.10", "USD 2.10"),
        ("0", "USD 0"),
        ("493800001", "USD 493,800,001"),
    ],
)
def test_money_in_words(amount, said):
    assert english.money_in_words(Money(Decimal(amount), "USD")) == said
