from __future__ import annotations

from datetime import date

import pytest

from dibs.report import wording


@pytest.mark.parametrize(
    ("number", "said", "briefly"),
    [
        (0, "0", "0"),
        (7, "7", "7"),
        (999, "999", "999"),
        (5_200, "5,200", "5.2 k"),
        (9_999, "9,999", "10 k"),
        (10_000, "10 thousand", "10 k"),
        (760_000, "760 thousand", "760 k"),
        (999_700, "1 million", "1 M"),
        (1_940_000, "1.94 million", "1.94 M"),
        (38_000_000_000, "38 bn", "38 bn"),
        (1_400_000_000_000, "1.4 trillion", "1.4 tn"),
        (-25_000, "-25 thousand", "-25 k"),
    ],
)
def test_a_number_is_rounded_as_people_say_it(number: int, said: str, briefly: str) -> None:
    assert (wording.amount(number), wording.short(number)) == (said, briefly)


def test_power_changes_its_unit_at_a_thousand_megawatts() -> None:
    assert wording.power(760_000, 2.5) == "1.9 GW"
    assert wording.power(128_000, 2.5) == "320 MW"
    assert wording.power(400_000, 2.5) == "1 GW"


def test_a_share_is_never_rounded_to_none_or_all() -> None:
    assert wording.share(0, 10) == "0 %"
    assert wording.share(1, 1_000) == "less than 1 %"
    assert wording.share(999, 1_000) == "more than 99 %"
    assert wording.share(10, 10) == "100 %"
    assert wording.share(46, 100) == "46 %"
    assert wording.share(3, 0) == "0 %"


def test_days_counts_and_lists_read_as_a_sentence_does() -> None:
    assert wording.day(date(2025, 1, 21)) == "21 Jan 2025"
    assert wording.month(date(2025, 1, 21)) == "Jan 2025"
    assert wording.count(0, "offer") == "no offers"
    assert wording.count(1, "launch", "launches") == "1 launch"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.plain("pre_emption") == "pre-emption"
    assert wording.readable("nobody but `azure` had room before 2025-07-01") == "nobody but azure had room before 1\u00a0Jul\u00a02025"
