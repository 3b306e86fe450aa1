"""Chance is the same for the same names, whatever else was drawn."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from decimal import Decimal

from dibs.simulate.chance import Chance


def test_a_draw_depends_on_its_names_and_not_on_what_was_drawn_before():
    one, two = Chance(7), Chance(7)
    for n in range(50):
        two.whole(0, 9, "something else", n)
    assert one.whole(0, 10**9, "delay", "borealis", "n1") == two.whole(0, 10**9, "delay", "borealis", "n1")
    assert one.whole(0, 10**9, "delay", "borealis", "n1") != one.whole(0, 10**9, "delay", "borealis", "n2")
    assert one.whole(0, 10**9, "delay", "borealis", "n1") != Chance(8).whole(0, 10**9, "delay", "borealis", "n1")


def test_a_draw_is_the_same_in_another_process():
    code = "from dibs.simulate.chance import Chance; print(Chance(7).whole(0, 10**9, 'delay', 'borealis'))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(other.stdout) == Chance(7).whole(0, 10**9, "delay", "borealis")


def test_shares_are_met():
    chance = Chance(1)
    shares = {"a": Decimal("0.5"), "b": Decimal("0.3"), "c": Decimal("0.2"), "d": Decimal(0)}
    drawn = Counter(chance.weighted(shares, "answer", n) for n in range(4_000))
    assert drawn["d"] == 0
    for key, share in shares.items():
        assert abs(drawn[key] / 4_000 - float(share)) < 0.03
    happened = sum(chance.happens(Decimal("0.2"), "slip", n) for n in range(4_000))
    assert abs(happened / 4_000 - 0.2) < 0.03


def test_what_cannot_happen_does_not_and_what_must_does():
    chance = Chance(1)
    assert not any(chance.happens(Decimal(0), "slip", n) for n in range(500))
    assert all(chance.happens(Decimal(1), "slip", n) for n in range(500))
    assert chance.whole(5, 5, "x") == 5
    assert {chance.whole(1, 3, "x", n) for n in range(100)} == {1, 2, 3}
    assert {chance.one_of("ab", "x", n) for n in range(50)} == {"a", "b"}
