"""Text to agreement: what each value becomes, where it stands, and which limits hold."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dibs.contract import load, model, nodes, reader
from dibs.contract.fields import FIELDS
from dibs.errors import BadInput, Mark
from dibs.quantities import Money

TOP = """dibs: agreement/1
id: quay
title: Compute agreement
currency: USD
parties: {aster: {name: Aster Labs}, borealis: {name: Borealis Cloud}}
hosts: {borealis-east: {platform: borealis, operator: borealis, skus: [h100]}, aster-yard: {platform: aster, operator: aster, skus: [h100]}}
workload_classes: [training, api]
"""
SUPPLY = "{id: s, kind: supply, says: Borealis delivers., supplier: borealis, buyer: aster, "


def codes(text):
    return [f.code for f in load.parse(text, "quay.yaml")[1].items]


def supply(rest):
    return load.load(TOP + f"clauses:\n  - {SUPPLY}{rest}}}\n", "quay.yaml").clauses[0]


def test_the_text_and_its_digest_are_kept_byte_for_byte(harbour):
    assert harbour.text.startswith("dibs: agreement/1\n")
    assert harbour.digest == hashlib.sha256(harbour.text.encode()).hexdigest()


def test_every_clause_knows_its_place(harbour):
    assert [c.mark for c in harbour.clauses[:2]] == [Mark("harbour.yaml", 18, 5), Mark("harbour.yaml", 25, 5)]
    assert harbour.amendments[0].mark == Mark("harbour.yaml", 51, 5)
    assert harbour.places["amendments", 0, "adds", 2, "purpose", "at_least"] == Mark("harbour.yaml", 86, 60)


def test_each_type_of_value_is_read_exactly():
    clause = supply(
        "steps: {2025-01-01: 64_000}, power: 1_200.50, price: 2.10 USD, tiers: {}, take_or_pay: 12.5 %, cure: 36 hours, value: 11.9e9 USD"
    )
    assert clause.steps == {date(2025, 1, 1): 64_000}
    assert clause.power == Decimal("1200.50")
    assert clause.price == Money(Decimal("2.10"), "USD")
    assert clause.take_or_pay == Decimal("0.125")
    assert clause.cure == timedelta(hours=36)
    assert clause.value == Money(Decimal(11_900_000_000), "USD")


def test_money_can_be_a_mapping():
    assert supply("value: {amount: 12e9, currency: USD}").value == Money(Decimal(12) * 10**9, "USD")


@pytest.mark.parametrize("word", ["no", "on", "2025", "1e3", "true", "null-and-void", "0x1F", "2025-01-21"])
def test_no_word_is_taken_for_something_else(word):
    text = TOP.replace("[training, api]", f"[training, {word}]") + "clauses: []\n"
    assert list(load.load(text, "quay.yaml").workload_classes) == ["training", word]


def test_from_is_read_into_a_field_of_another_name():
    clause = load.load(TOP + f"clauses:\n  - {SUPPLY}from: 2025-01-01, power: 1}}\n", "quay.yaml").clauses[0]
    assert clause.from_ == date(2025, 1, 1)


def test_workload_classes_are_a_list_or_a_mapping_with_sentences():
    plain = load.load(TOP + "clauses: []\n", "quay.yaml").workload_classes
    said = load.load(TOP.replace("[training, api]", "{training: Runs, api: ''}") + "clauses: []\n", "quay.yaml").workload_classes
    assert dict(plain) == {"training": "", "api": ""}
    assert dict(said) == {"training": "Runs", "api": ""}


def test_what_a_reading_sets_is_read_with_the_type_of_the_clauses_field():
    clause = supply("power: 1, readings: {slow: {says: Slower., sets: {cure: 90 days, from: 2025-01-01, take_or_pay: 5 %}}}")
    assert clause.readings["slow"].sets == {"cure": timedelta(days=90), "from_": date(2025, 1, 1), "take_or_pay": Decimal("0.05")}


def test_a_field_of_a_reading_that_cannot_be_read_is_a_finding_at_its_place():
    text = TOP + f"clauses:\n  - {SUPPLY}power: 1, readings: {{slow: {{says: Slower., sets: {{cure: ninety}}}}}}}}\n"
    (finding,) = load.parse(text, "quay.yaml")[1].items
    assert (finding.code, finding.where.column) == ("DIB026", text.split("\n")[8].index("ninety") + 1)


def test_windows_line_ends_and_a_byte_order_mark_change_nothing():
    text = TOP + "clauses: []\n"
    assert load.load("\ufeff" + text.replace("\n", "\r\n"), "quay.yaml") == load.load(text, "quay.yaml")


def test_texts_lose_the_blanks_around_them_only():
    assert load.load(TOP + "clauses: []\nnote: |\n  one\n\n  two\n", "quay.yaml").note == "one\n\ntwo"


def test_an_escaped_invisible_character_is_found_too():
    assert codes(TOP + 'clauses: []\nnote: "left\\u202Eright"\n') == ["DIB003"]


def test_warnings_come_with_an_agreement_and_errors_without():
    warned = TOP + f"clauses:\n  - {SUPPLY[:-2]}}}\n"
    agreement, findings = load.parse(warned, "quay.yaml")
    assert agreement is not None
    assert [f.severity for f in findings.items] == ["warning"]
    assert load.load(warned, "quay.yaml") == agreement
    assert load.parse(warned.replace("buyer: aster", "buyer: astra"), "quay.yaml")[0] is None


def test_load_raises_with_every_finding_in_the_order_of_their_places():
    text = TOP.replace("USD", "UDS") + f"clauses:\n  - {SUPPLY}power: a lot, stage: sure}}\n"
    with pytest.raises(BadInput) as caught:
        load.load(text, "quay.yaml")
    assert [f.code for f in caught.value.findings] == ["DIB040", "DIB022", "DIB019"]


def test_a_clause_that_cannot_be_read_does_not_make_others_look_wrong():
    text = (
        TOP
        + """clauses:
  - {id: gone, kind: licens, says: It cannot be read., licensor: aster, licensee: borealis, subjects: [models]}
  - {id: t, kind: trigger, says: It ends the other., declared_by: aster, ends: [gone]}
amendments:
  - {id: m, says: It ends it too., signed: 2025-01-01, effective: 2025-01-01, ends: [gone]}
"""
    )
    assert codes(text) == ["DIB017"]


def test_a_party_that_cannot_be_read_is_still_a_known_name():
    assert codes(TOP.replace("borealis: {name: Borealis Cloud}", "borealis: Borealis Cloud") + "clauses: []\n") == ["DIB015"]


def test_a_value_that_cannot_be_read_is_not_judged_a_second_time():
    text = (
        TOP
        + "clauses:\n  - {id: c, kind: commitment, says: It spends., payer: aster, payee: borealis, amount: 5, milestones: {2026-01-01: 9e9 USD}}\n"
    )
    assert codes(text) == ["DIB024"]


def test_what_can_be_read_is_judged_although_something_else_cannot():
    text = (
        TOP
        + f"""clauses:
  - {SUPPLY}power: a lot}}
  - {{id: l, kind: licence, says: To itself., licensor: aster, licensee: aster, subjects: [models]}}
"""
    )
    assert codes(text) == ["DIB022", "DIB055"]


# Limits, each at its edge.


def test_a_file_may_have_a_million_characters_and_no_more():
    text = TOP + "clauses: []\n"
    filled = text + "#" * (nodes.TEXT_MAX - len(text))
    assert codes(filled) == []
    assert codes(filled + "#") == ["DIB004"]


def test_nesting_may_reach_its_limit_and_no_further():
    def nested(levels):
        return codes(TOP + "clauses: []\nnote: " + "[" * (levels - 1) + "]" * (levels - 1) + "\n")

    assert nested(nodes.DEPTH_MAX) == ["DIB015"]
    assert nested(nodes.DEPTH_MAX + 1) == ["DIB015", "DIB005"]


def test_the_deepest_field_lies_within_the_limit():
    site = "{id: s, name: S, phases: [{id: p, buildings: [{id: b, stages: {2025-01-01: intent}}]}]}"
    clause = f"{{id: c, kind: programme, says: It builds., readings: {{r: {{says: Otherwise., sets: {{sites: [{site}]}}}}}}}}"
    text = TOP + f"clauses: []\namendments:\n  - {{id: m, says: It adds., signed: 2025-01-01, effective: 2025-01-01, adds: [{clause}]}}\n"
    assert codes(text) == []


def test_an_agreement_may_have_500_clauses_and_no_more():
    def clauses(count):
        return "clauses:\n" + "".join(
            f"  - {{id: c{n}, kind: licence, says: It., licensor: aster, licensee: borealis, subjects: [s{n}]}}\n" for n in range(count)
        )

    assert codes(TOP + clauses(load.CLAUSES_MAX)) == []
    assert codes(TOP + clauses(load.CLAUSES_MAX + 1)) == ["DIB004"]


def test_a_text_may_have_4000_characters_and_no_more():
    assert codes(TOP + f"clauses: []\nnote: {'x' * reader.TEXT_FIELD_MAX}\n") == []
    assert codes(TOP + f"clauses: []\nnote: {'x' * (reader.TEXT_FIELD_MAX + 1)}\n") == ["DIB030"]


def test_a_name_may_have_64_characters_and_no_more():
    assert codes(TOP.replace("id: quay", f"id: {'q' * 64}") + "clauses: []\n") == []
    assert codes(TOP.replace("id: quay", f"id: {'q' * 65}") + "clauses: []\n") == ["DIB018"]


def test_counts_and_days_have_their_edges():
    assert supply(f"steps: {{1950-01-01: {reader.WHOLE_MAX}}}").steps == {date(1950, 1, 1): reader.WHOLE_MAX}
    assert codes(TOP + f"clauses:\n  - {SUPPLY}steps: {{2200-12-31: {reader.WHOLE_MAX + 1}}}}}\n") == ["DIB029"]
    assert codes(TOP + f"clauses:\n  - {SUPPLY}steps: {{2201-01-01: 1}}}}\n") == ["DIB028"]


@pytest.mark.parametrize(
    ("field", "value"), [("power", "\u0663"), ("take_or_pay", "\u0662\u0660 %"), ("value", "\u0661\u0662e9 USD"), ("cure", "\u0663\u0660 days")]
)
def test_digits_of_other_scripts_are_not_read_as_numbers(field, value):
    assert len(codes(TOP + f"clauses:\n  - {SUPPLY}steps: {{2025-01-01: 1}}, {field}: {value}}}\n")) == 1


def test_a_name_with_a_line_end_is_no_name():
    assert codes(TOP.replace("id: quay", 'id: "quay\\n"') + "clauses: []\n") == ["DIB018"]


def test_no_similar_name_is_looked_for_among_very_many():
    def message(count):
        classes = ", ".join(["training", *(f"class-{n}" for n in range(count - 1))])
        text = TOP.replace("[training, api]", f"[{classes}]")
        text += "clauses: [{id: e, kind: exclusive_hosting, says: It runs there., platform: borealis, classes: [trainng]}]\n"
        return load.parse(text, "quay.yaml")[1].items[0].message

    assert "did you mean `training`" in message(reader.SUGGESTED_FROM_MAX)
    assert "did you mean" not in message(reader.SUGGESTED_FROM_MAX + 1)


def test_deep_nesting_and_long_chains_of_aliases_cost_no_more_than_their_text():
    assert "DIB005" in codes(TOP + "clauses: " + "[" * 50_000 + "]" * 50_000 + "\n")
    laughs = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(50))
    assert set(codes("dibs: agreement/1\n" + laughs)) >= {"DIB006"}


def test_every_kind_of_clause_can_be_read(every_kind):
    assert {c.kind for c in every_kind.clauses} == set(model.CLAUSE_KINDS)


def test_the_file_of_every_kind_leaves_no_parameter_at_its_default(every_kind):
    """So that what the other tests do with that file, they do with every parameter there is."""
    seen = {(c.kind, f.name) for c in every_kind.clauses for f in FIELDS[type(c)] if f.required or getattr(c, f.name) != f.default}
    common = {f.name for f in FIELDS[model.Clause]}
    missing = {(k, f.name) for k, cls in model.CLAUSE_KINDS.items() for f in FIELDS[cls] if f.name not in common} - seen
    assert missing == {("pre_emption", "quoted_by"), ("pre_emption", "partial")} - seen
    assert common <= {name for _, name in seen}
