"""What is written is what is read, whatever the words and the numbers."""

from datetime import date

from hypothesis import HealthCheck, given, settings

from dibs.contract import load, render
from dibs.testing.agreements import agreements

BIG = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large])


@BIG
@given(agreements())
def test_an_agreement_written_as_yaml_loads_to_the_same_agreement(agreement):
    text = render.to_yaml(agreement)
    again, findings = load.parse(text, "again.yaml")
    assert not findings.errors, f"{findings.errors}\n{text}"
    assert again == agreement


@BIG
@given(agreements())
def test_writing_twice_gives_the_same_text(agreement):
    text = render.to_yaml(agreement)
    assert render.to_yaml(load.load(text, "once.yaml")) == text


@BIG
@given(agreements())
def test_every_agreement_can_be_said_in_plain_english(agreement):
    said = render.plain_english(agreement, date(2026, 1, 1))
    assert agreement.title in said
