"""Every name that dibs uses can be asked about."""

import pytest

from dibs.decisions.decision import ReasonCode
from dibs.procedure.refusals import Refusal

NAMES = {
    "DIB180": "# DIB180: the file cannot be read",
    "dib180": "# DIB180: the file cannot be read",
    "must_offer": "A pre-emption right covers it",
    "offer_first": "# offer_first",
    "pre_emption": "- `minimum_lot`: Smaller needs open no case.",
    "pre_emption.minimum_lot": "- default: 1000",
    "pre_emption.respond_within": "- default: 30 days",
    "commitment.payer": "- required",
    "OfferServed": "The holder was asked.",
    "ServeNotice": "Offer the need to the holder.",
    "law-3": "No accelerator is promised twice",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_explained(name, dibs):
    assert NAMES[name] in dibs("explain", name).stdout


@pytest.mark.parametrize("code", [*ReasonCode, *Refusal])
def test_every_reason_is_explained(code, document):
    assert len(document("explain", code.value)["text"]) > len(code.value) + 10
