"""Whatever is cut, said late, said twice or capped: money is conserved, nothing is paid twice, no cap is passed."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dibs.contract.load import load
from dibs.quantities import DAY, instant_of
from dibs.settle.materials import read
from dibs.settle.rounding import allocate, telescope, whole
from dibs.settle.settlement import settle

START, END = date(2025, 1, 1), date(2026, 1, 1)
ZERO = instant_of(START)
RULES = ("half_even", "half_up", "down")
HEAD = """
dibs: agreement/1
id: small
title: A small agreement
currency: USD
parties: {aster: {name: Aster Labs}, borealis: {name: Borealis Cloud}}
hosts: {east: {platform: borealis, operator: borealis, regions: [us-east], skus: [h100]}}
workload_classes: [api]
clauses:
"""
SHARE = (
    "  - {{id: s, kind: revenue_share, says: A share., payer: aster, payee: borealis, base: revenue, "
    "rate: {rate} %, cap: {cap} USD, from: 2025-01-01}}\n"
)
SUPPLY = "  - {id: u, kind: supply, says: A supply., supplier: borealis, buyer: aster, host: east, price: 2 USD, take_or_pay: 40 %}\n"
COMMITMENT = (
    "  - {{id: c, kind: commitment, says: A sum., payer: aster, payee: borealis, amount: {amount} USD, milestones: {{{day}: {milestone} USD}}, "
    "from: 2025-01-01, until: 2025-10-01, shortfall: {becomes}, {make_up}}}\n"
)


def settled(clauses, events, recorded=None):
    rows = sorted(events, key=lambda event: event["at"])
    journal = "\n".join(json.dumps({"seq": seq, "events": [event]}) for seq, event in enumerate(rows))
    materials, findings = read(agreement=load(HEAD + clauses, "small.yaml"), journal=journal, starts=START, until=END)
    assert not findings.items
    return settle(materials, recorded)


def figure(since, until, value, at=None):
    out = {"type": "SignalRecorded", "at": ZERO + (at or until) * DAY, "party": "aster", "signal": "revenue", "value": str(value), "unit": "USD"}
    return out | {"since": ZERO + since * DAY, "until": ZERO + until * DAY}


def reserved(name, quantity, starts, ends, price="2"):
    lo, hi = ZERO + starts * DAY, ZERO + ends * DAY
    asked = {"id": f"n-{name}", "party": "aster", "workload_class": "api", "sku": "h100", "quantity": quantity}
    asked |= {"start_earliest": lo, "start_latest": lo, "months": 1}
    grant = {"grant": name, "request": f"n-{name}", "host": "east", "platform": "borealis", "operator": "borealis", "sku": "h100"}
    grant |= {"workload_class": "api", "quantity": quantity, "starts": lo, "ends": hi, "deliver_by": lo, "price": str(price)}
    return [
        {"type": "RequestSubmitted", "at": lo, "request": asked},
        {"type": "Granted", "at": lo, **grant},
        {"type": "DeliveryConfirmed", "at": lo, "grant": name, "quantity": quantity, "on_time": True},
    ]


def usage(name, hours, starts, ends, at):
    out = {"type": "UsageReported", "at": ZERO + at * DAY, "report": name, "host": "east", "workload_class": "api", "accelerator_hours": hours}
    return out | {"starts": ZERO + starts * DAY, "ends": ZERO + ends * DAY}


def balance(settlement, account):
    return sum(line.amount for entry in settlement.entries for line in entry.postings if line.account == account)


parts = st.lists(st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=997), max_size=30)


@given(parts, st.lists(st.integers(0, 30)), st.sampled_from(RULES))
def test_however_a_period_is_cut_it_comes_to_the_same(amounts, cuts, rule):
    bounds = sorted({0, len(amounts), *(cut for cut in cuts if cut <= len(amounts))})
    coarse = [sum(amounts[lo:hi], Fraction(0)) for lo, hi in pairwise(bounds)]
    assert sum(telescope(amounts, rule)) == sum(telescope(coarse, rule)) == whole(sum(amounts, Fraction(0)), rule)


@given(parts, st.sampled_from(RULES))
def test_what_follows_never_changes_what_was_before(amounts, rule):
    assert telescope(amounts[:-1], rule) == telescope(amounts, rule)[: max(0, len(amounts) - 1)]


@given(st.integers(-(10**17), 10**17), st.lists(st.integers(0, 10**6), min_size=1).filter(any))
def test_parts_sum_to_the_whole_and_none_is_a_cent_off(total, weights):
    shared = allocate(total, weights)
    assert sum(shared) == total
    assert all(abs(part - Fraction(total * weight, sum(weights))) < 1 for part, weight in zip(shared, weights, strict=True))


periods = st.lists(st.integers(1, 364), min_size=1, max_size=5, unique=True).map(sorted)
values = st.decimals(Decimal(0), Decimal(10**9), places=2)


@settings(deadline=None)
@given(st.integers(1, 100), st.integers(1, 3 * 10**8), periods, st.lists(values, min_size=5, max_size=5), st.lists(values, max_size=3))
def test_a_cap_is_never_passed_and_a_restated_figure_leaves_what_was_posted(rate, cap, days, amounts, restated):
    events = [figure(lo, hi, value) for (lo, hi), value in zip(zip([0, *days], days, strict=False), amounts, strict=False)]
    late = [figure(0, days[0], value, at=days[0] + 1 + number) for number, value in enumerate(restated) if days[0] + 1 + number < 365]
    clauses = SHARE.format(rate=rate, cap=cap)
    before, after = settled(clauses, events), settled(clauses, [*events, *late])
    for result in (before, after):
        cash = 0
        for entry in result.entries:
            assert not entry.imbalance()
            cash += sum(line.amount for line in entry.postings if line.account == "borealis:cash")
            assert cash <= cap * 100
    first = min((event["at"] for event in late), default=None)
    kept = [e for e in before.entries if first is None or e.recorded < first]
    assert list(after.entries[: len(kept)]) == kept
    final = {event["since"]: Decimal(event["value"]) for event in [*events, *late]}
    owed = sum(final.values(), Decimal(0)) * rate
    assert abs(balance(after, "borealis:cash") - min(owed, Decimal(cap) * 100)) <= len(days)


@settings(deadline=None)
@given(st.decimals(Decimal("0.0000001"), Decimal(50), places=7), st.integers(1, 10**6), st.integers(0, 200), st.integers(1, 164), st.integers(1, 270))
def test_a_month_that_a_milestone_cuts_in_two_costs_what_it_costs_uncut(price, quantity, starts, length, milestone):
    events = reserved("g", quantity, starts, starts + length, price)
    day = date.fromordinal(START.toordinal() + milestone)
    clause = COMMITMENT.format(amount=1, day=day, milestone=1, becomes="deficiency", make_up="").replace(", }", "}")
    uncut, cut = settled("  []\n", events), settled(clause, events)

    def by_month(result):
        sums = {}
        for entry in result.entries:
            if entry.kind == "charge":
                month = "/".join(entry.id.split("/")[:3])
                sums[month] = sums.get(month, 0) + sum(line.amount for line in entry.postings if line.account == "aster:expense:charges")
        return sums

    assert by_month(cut) == by_month(uncut)


@settings(deadline=None)
@given(values, periods, st.integers(1, 100), st.integers(1, 364))
def test_the_parts_of_a_figure_come_to_its_rate_whatever_cuts_it(value, days, rate, amended):
    """Months cut it, and so does an amendment that changes nothing but the words."""
    share = f"{{id: s, kind: revenue_share, says: A share., payer: aster, payee: borealis, base: revenue, rate: {rate} %"
    day = date.fromordinal(START.toordinal() + amended)
    said_again = f"amendments:\n  - {{id: again, says: Said again., signed: {day}, effective: {day}, replaces: [{share}}}]}}\n"
    event = figure(0, days[-1], value)
    for clauses in (f"  - {share}, from: 2025-01-01}}\n", f"  - {share}, from: 2025-01-01}}\n{said_again}"):
        result = settled(clauses, [event])
        assert balance(result, "borealis:cash") == whole(Fraction(value) * rate)


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(0, 10**5), st.integers(31, 300), st.booleans())
def test_a_duplicate_report_charges_once_and_a_late_one_is_a_true_up(quantity, hours, at, twice):
    grant = reserved("g", quantity, 0, 60)
    report = usage("r", hours, 0, 31, at)
    once, again = settled(SUPPLY, [*grant, report]), settled(SUPPLY, [*grant, report, *([report] if twice else [])])
    assert once.entries == again.entries
    january = 744 * quantity
    ran = min(january, hours)
    billed = max(Fraction(ran), Fraction(4, 10) * january)
    february = 696 * quantity
    assert balance(once, "borealis:receivable:aster") == whole(billed * 200) + february * 200
    without = settled(SUPPLY, grant)
    untouched = [entry for entry in without.entries if entry.recorded < ZERO + at * DAY]
    assert list(once.entries[: len(untouched)]) == untouched


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 300), st.integers(1, 60)), max_size=4),
    st.integers(1, 10**6),
    st.integers(0, 100),
    st.sampled_from(["prepayment", "deficiency"]),
    st.sampled_from(["", "make_up_within: 45 days", "make_up_within: 120 days"]),
)
def test_shortfall_and_make_up_never_pay_twice(lots, amount, percent, becomes, make_up):
    events = [event for n, (quantity, start, length) in enumerate(lots) for event in reserved(f"g{n}", quantity, start, start + length)]
    clause = COMMITMENT.format(amount=amount, day="2025-05-16", milestone=amount * percent // 100, becomes=becomes, make_up=make_up)
    result = settled(clause.replace(", }", "}"), events)
    burndown = result.burndowns[0]
    taken = sum(q * length * 24 * 200 for q, _, length in lots)
    during = sum(q * 24 * 200 * max(0, min(273, start + length) - start) for q, start, length in lots)
    owed = balance(result, "borealis:receivable:aster")
    # All that is owed in the end is what was taken, and what was paid for and neither taken since nor given back.
    assert owed == taken + burndown.shortfalls - burndown.used
    assert burndown.used + burndown.expired + burndown.credit in {burndown.shortfalls, 0}
    credit = becomes == "prepayment" or bool(make_up)
    lost = burndown.expired if credit else burndown.shortfalls
    assert max(during, amount * 100) <= owed <= max(during, amount * 100) + (taken - during) + lost
    assert balance(result, "aster:prepaid:borealis:c") == (burndown.credit if credit else 0) >= 0
