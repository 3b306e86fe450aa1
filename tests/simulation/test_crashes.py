"""A thousand small worlds in which the broker dies, answers come late, twice or out of order, and amendments take effect
while offers run: none of the seven laws is broken in any of them.

A failing world prints the one line that plays it again.
"""

from __future__ import annotations

from collections import Counter

import pytest

from dibs.broker import Broker
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.journal.audit import state_digest
from dibs.laws import LAWS, judge
from dibs.simulate import rig
from dibs.simulate.faults import Faults, texts_as_signed
from dibs.simulate.run import plain_agreement, run

BATCH = 25


def again(number):
    return f"play it again with:  make sim SEED={number}   (or: python -m dibs.simulate.rig {number})"


def play(number, agreements=None):
    try:
        return rig.world(number, agreements).play()
    except Exception as error:
        raise AssertionError(f"world {number} ended with {type(error).__name__}: {error}; {again(number)}") from error


def broken(result):
    return [f"law {law.law}, entry {v.entry}: {v.words}" for law in result.laws for v in law.violations]


def pytest_generate_tests(metafunc):
    if "batch" in metafunc.fixturenames:
        one, worlds = metafunc.config.getoption("--seed"), metafunc.config.getoption("--worlds")
        batches = [range(one, one + 1)] if one is not None else [range(n, min(n + BATCH, worlds)) for n in range(0, worlds, BATCH)]
        metafunc.parametrize("batch", batches, ids=[f"{b[0]}-{b[-1]}" for b in batches])


def test_no_law_is_broken_in_worlds_with_seeds(batch):
    agreements = {}
    for number in batch:
        result = play(number, agreements)
        assert len(result.laws) == len(LAWS)
        assert not broken(result), f"{broken(result)[0]}; {again(number)}"


def test_the_trouble_really_happens():
    """The search is worth something only if each kind of outcome is seen and the broker really dies."""
    seen, deaths = Counter(), 0
    agreements = {}
    for number in range(160):
        result = play(number, agreements)
        deaths += result.deaths
        seen.update(type(event).__name__ for entry in result.entries for event in entry.events)
    wanted = {
        "RightExercised",
        "RightDeclined",
        "RightLapsed",
        "RightCountered",
        "RightWaived",
        "RightRevived",
        "RightEnded",
        "ReofferDue",
        "OfferVoided",
        "OfferWithdrawn",
        "AnswerLate",
        "CommandRepeated",
        "CommandRefused",
        "GrantDelayed",
        "TriggerFired",
        "TriggerRejected",
        "PurposeDrifted",
        "RequestUndetermined",
        "RequestCancelled",
        "VersionBegan",
        "AgreementAdopted",
    }
    assert not wanted - set(seen)
    assert deaths > 500
    assert seen["AgreementAdopted"] > 160, "some texts are adopted while offers run"


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_a_world_with_a_seed_is_the_same_world_each_time(number):
    first, second = play(number), play(number)
    assert [s.leaf for s, _ in first.store.sealed()] == [s.leaf for s, _ in second.store.sealed()]
    assert first.deaths == second.deaths


@pytest.mark.parametrize("number", range(1, 9))
def test_a_new_broker_on_the_book_of_a_seed_stands_where_the_last_one_stood(number):
    result = play(number)
    broker = Broker(result.store)
    assert state_digest(broker.state) == state_digest(result.state)


@pytest.mark.parametrize("number", range(0, 48, 3))
def test_what_was_not_signed_yet_makes_no_difference_with_any_seed(number):
    """Adopting each amendment on the day of its signature, or knowing the whole text from the start, decides everything alike."""
    world = rig.world(number)
    whole = run(world.scenario, number, faults=Faults(), judged=False)
    signed = run(world.scenario, number, faults=Faults(as_signed=True), judged=False)
    mute = {"AgreementAdopted", "VersionBegan", "CommandRepeated", "UsageReported", "PurposeDrifted", "PurposeRestored"}

    def told(result):
        return [event for entry in result.entries for event in entry.events if type(event).__name__ not in mute]

    assert told(whole) == told(signed)


def test_the_text_of_a_day_holds_what_was_signed_by_then():
    text = rig.agreement(3)
    agreement = load(text, "rig")
    assert agreement.amendments, "this agreement is amended"
    texts = texts_as_signed(agreement, 0)
    assert [len(t.amendments) for _, t in texts] == sorted(len(t.amendments) for _, t in texts)
    assert texts[-1][1] is agreement
    assert len(compile_agreement(texts[0][1]).agreement.amendments) < len(agreement.amendments)


def test_a_planted_breach_is_found_in_the_book_of_a_seed():
    """The judge is not asleep: one granted quantity, doubled in an honest book, is noticed."""
    result = play(5)
    rows = [*result.rows()]
    grant = next(event for row in rows for event in row["events"] if event["type"] == "Granted")
    grant["quantity"] *= 50
    assert any(law.violations for law in judge(rows, plain_agreement(result.scenario.agreement)))
