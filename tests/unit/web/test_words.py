"""What pages say, and how forms are read."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dibs.procedure import events
from dibs.procedure.transitions import STATUSES
from dibs.service.shapes import NewOffer, NewRequest
from dibs.web import words
from dibs.web.forms import fill, gather

NAMES = {"borealis": "Borealis Cloud"}
ZONE = ZoneInfo("Europe/Berlin")


def test_every_kind_of_event_has_a_sentence_of_its_own():
    kinds = {kind.__name__ for kind in events.AnyEvent.__args__}
    assert kinds == set(words.SAYS)


def test_every_name_in_a_sentence_is_a_member_of_its_event():
    for kind in events.AnyEvent.__args__:
        for piece in words.SAYS[kind.__name__]:
            named = {part.partition("}")[0].removesuffix("!") for part in piece.split("{")[1:]}
            assert named <= set(kind.__struct_fields__), kind.__name__


def test_every_status_of_a_need_an_offer_and_a_grant_that_is_reached_is_said_in_words():
    reached = {*STATUSES["request"], *STATUSES["offer"], *STATUSES["reservation"]}
    unreached = {"draft", "requested", "committed", "provisioning", "reclaiming"}
    assert reached - unreached <= set(words.STANDS)


def test_a_piece_whose_value_is_hidden_is_left_out():
    whole = {"quantity": 2000, "host": "west", "platform": "borealis", "price": "2.10"}
    assert words.said("Granted", whole, NAMES) == "2,000 accelerators are promised on west by Borealis Cloud at 2.10 an hour"
    assert words.said("Granted", whole | {"price": {"hidden": "a hash"}}, NAMES) == "2,000 accelerators are promised on west by Borealis Cloud"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "over"),
        (-5, "over"),
        (1, "1 minute"),
        (119, "1 minute"),
        (7_199, "119 minutes"),
        (7_200, "2 hours"),
        (172_800, "2 days"),
        (172_799, "47 hours"),
    ],
)
def test_time_left_is_said_in_the_largest_unit_that_is_there_twice(seconds, said):
    assert words.left(seconds) == said


def test_an_instant_is_said_in_utc():
    assert words.instant(datetime(2025, 6, 1, 2, 5, tzinfo=ZONE)) == "1 Jun 2025, 00:05 UTC"


def test_a_form_is_read_in_the_agreements_days_in_per_cent_and_with_commas():
    form = {
        "csrf": "x",
        "request": "need",
        "terms.take_or_pay": "80 %",
        "terms.regions": "us-east, , us-west",
        "terms.payment": " ",
        "respond_within": "30",
    }
    given = gather(form | {"terms.open_until": "2025-06-01"}, ZONE)
    assert given == {
        "request": "need",
        "respond_within": 30 * 86_400,
        "terms": {"take_or_pay": Decimal("0.8"), "regions": ["us-east", "us-west"], "open_until": datetime(2025, 6, 1, tzinfo=ZONE)},
    }
    offer, faults = fill(NewOffer, given)
    assert faults == {}
    assert offer.terms.open_until.astimezone(UTC) == datetime(2025, 5, 31, 22, tzinfo=UTC)


def test_everything_wrong_with_a_form_is_said_at_once_and_each_at_its_field():
    _, faults = fill(NewRequest, gather({"quantity": "0", "months": "x", "start_latest": "soon", "surprise": "1", "priority": "5000"}, ZONE))
    assert faults["quantity"] == "at least 1 is wanted here"
    assert faults["months"] == "a whole number is wanted here, like 5000"
    assert faults["start_latest"] == "a day is wanted here, like 2025-06-01"
    assert faults["surprise"] == "there is no such field"
    assert faults["priority"] == "at most 1000 is possible here"
    assert faults["class"] == faults["sku"] == faults["start_earliest"] == "this has to be filled in"


def test_a_place_leads_to_its_line():
    assert words.line_of("agreement.yaml:64:9") == "64"
    assert words.line_of("nowhere") == ""
