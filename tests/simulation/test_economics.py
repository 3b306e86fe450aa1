"""What each kind of right does to prices: the closed forms, out of the procedure itself.

A buyer needs one accelerator; costs are independent and uniform on [0, 1].  Every draw is a need that is really asked
for, offered, matched or declined, and signed; price, profits and cost are read from what was granted.  Both sides of a
comparison see the same costs.  Draws are spread evenly (one at random in each cell of a grid), so that a few thousand
come within a few thousandths; the bound asserted is four standard errors of independent draws, and never more than 0.01.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import sqrt
from random import Random
from statistics import fmean, pstdev

import pytest

from dibs.procedure.events import Granted, ReofferDue
from dibs.testing.builders import CLASSES, compiled, consent, host, pre_emption, request
from dibs.testing.desk import Desk

HOSTS = (
    host("at-holder", "borealis"),
    host("at-rival", "cinder"),
    host("at-other", "delta"),
    host("at-home", "aster", "delta", own_build=True),
)
SELLS = {"at-holder": "holder", "at-rival": "rival", "at-other": "other", "at-home": "nobody"}
OWN = consent("last-resort", classes=CLASSES)


def right(kind):
    """A right over every need, however small; what a notice states is sku, quantity, time and price."""
    return pre_emption(right=kind, minimum_lot=1, notice_requires=("sku", "quantity", "starts", "ends", "price"))


@dataclass
class Outcome:
    """Who sold, at which price, at which cost."""

    seller: str
    price: float
    cost: float

    def profit(self, seller):
        return self.price - self.cost if seller == self.seller else 0.0


class Market:
    """A desk at which need after need is played to its end."""

    def __init__(self, *clauses):
        self.desk = Desk(compiled(*clauses, OWN, hosts=HOSTS))
        for name in SELLS:
            self.desk.capacity(name, 10**9)
        self.number = 0

    def need(self):
        self.number += 1
        name = f"r{self.number}"
        self.desk.submit(request(name, quantity=1))
        return name

    def sign(self, need, where, price):
        """Sign somewhere; says whether it was allowed."""
        self.desk.propose(f"g{self.number}", where, 1, need, price=money(price), payment=None, take_or_pay=None, service_level=None)
        return self.desk.kinds[-1] == "Granted"

    def ask(self, need, price, **fields):
        """Offer it to the holder; the notice states only what it has to."""
        bare = dict.fromkeys(("payment", "take_or_pay", "service_level", "delivery_tolerance", "address"))
        self.desk.serve(f"o{self.number}", need, price=money(price), **bare, **fields)

    def answer(self, *, takes):
        self.desk.respond(f"o{self.number}", 1 if takes else 0, reason="price")

    def outcome(self, costs):
        grant = next(e for e in reversed(self.desk.said) if isinstance(e, Granted))
        seller = SELLS[grant.host]
        return Outcome(seller, float(grant.price), costs.get(seller, 1.0))


def money(price):
    return Decimal(f"{price:.6f}")


def costs_of(names, cells, seed):
    """Costs for each seller, one draw at random in each cell of a grid."""
    rng = Random(seed)
    draws = [tuple((i + rng.random()) / cells for i in cell) for cell in product(range(cells), repeat=len(names))]
    rng.shuffle(draws)
    return [dict(zip(names, draw, strict=True)) for draw in draws]


def played(market, play, draws):
    return [play(market, costs) for costs in draws]


def close(values, expected):
    """Within the sampling error, which has to be small."""
    bound = min(0.01, 4 * pstdev(values) / sqrt(len(values)))
    assert fmean(values) == pytest.approx(expected, abs=bound)


# V1: second-price procurement, the holder and two rivals.


def second_price(market, costs):
    """No right: the cheapest sells at the cost of the next."""
    order = sorted(costs, key=costs.get)
    where = {"holder": "at-holder", "rival": "at-rival", "other": "at-other"}[order[0]]
    assert market.sign(market.need(), where, costs[order[1]])
    return market.outcome(costs)


def match_the_rivals(market, costs):
    """The holder may supply at the price that the rivals set between themselves."""
    need = market.need()
    cheaper, dearer = sorted(("rival", "other"), key=costs.get)
    price, offeror = costs[dearer], {"rival": "cinder", "other": "delta"}[cheaper]
    market.ask(need, price, offeror=offeror, signed=True, open_until=market.desk.now + 60 * 86_400)
    market.answer(takes=costs["holder"] < float(money(price)))
    if market.desk.kinds[0] == "RightDeclined":
        assert market.sign(need, {"rival": "at-rival", "other": "at-other"}[cheaper], price)
    return market.outcome(costs)


@pytest.mark.statement("C04")
def test_v1_a_matching_right_in_a_second_price_procurement_moves_a_sixth_from_the_buyer_to_the_holder():
    draws = costs_of(("holder", "rival", "other"), 18, seed=1)
    without = played(Market(), second_price, draws)
    matched = played(Market(right("matching")), match_the_rivals, draws)
    close([o.price for o in without], 1 / 2)
    close([o.profit("holder") for o in without], 1 / 12)
    close([o.price for o in matched], 2 / 3)
    close([o.profit("holder") for o in matched], 1 / 4)
    close([b.price - a.price for a, b in zip(without, matched, strict=True)], 1 / 6)
    close([b.profit("holder") - a.profit("holder") for a, b in zip(without, matched, strict=True)], 1 / 6)


# V2: sealed first price, the holder and one rival.


def bid(cost):
    return (1 + cost) / 2


def first_price(market, costs):
    winner = min(costs, key=costs.get)
    assert market.sign(market.need(), f"at-{winner}", bid(costs[winner]))
    return market.outcome(costs)


def match_the_bid(market, costs):
    need, price = market.need(), bid(costs["rival"])
    market.ask(need, price, offeror="cinder", signed=True, open_until=market.desk.now + 60 * 86_400)
    market.answer(takes=costs["holder"] < float(money(price)))
    if market.desk.kinds[0] == "RightDeclined":
        assert market.sign(need, "at-rival", price)
    return market.outcome(costs)


@pytest.mark.statement("C04")
def test_v2_a_matching_right_in_a_first_price_procurement_helps_buyer_and_holder_together_and_wastes():
    draws = costs_of(("holder", "rival"), 75, seed=2)
    without = played(Market(), first_price, draws)
    matched = played(Market(right("matching")), match_the_bid, draws)
    close([o.price for o in without], 2 / 3)
    close([o.profit("holder") for o in without], 1 / 6)
    close([o.profit("rival") for o in without], 1 / 6)
    close([o.cost for o in without], 1 / 3)
    close([o.price for o in matched], 3 / 4)
    close([o.profit("holder") for o in matched], 7 / 24)
    close([o.profit("rival") for o in matched], 1 / 12)
    close([o.cost for o in matched], 3 / 8)
    together = [b.profit("holder") - b.price - (a.profit("holder") - a.price) for a, b in zip(without, matched, strict=True)]
    close(together, 1 / 24)


# V3: sequential offers, the holder first, one rival second, own building at a cost of 1 as last resort.

ONE_PRICE = 1 - 1 / sqrt(3)


def free_offers(market, costs):
    """No right: three eighths to the first, a half to the second."""
    need = market.need()
    where, price = next(((f"at-{who}", price) for who, price in (("holder", 3 / 8), ("rival", 1 / 2)) if costs[who] <= price), ("at-home", 1.0))
    assert market.sign(need, where, price)
    return market.outcome(costs)


def first_offer_at(price, second=None):
    """The holder is offered a price; after its refusal the rival may be offered no more."""

    def play(market, costs):
        need = market.need()
        market.ask(need, price)
        market.answer(takes=costs["holder"] <= price)
        if market.desk.kinds[0] == "RightDeclined":
            bid = price if second is None else second
            if costs["rival"] <= bid:
                assert market.sign(need, "at-rival", bid)
            else:
                assert market.sign(need, "at-home", 1.0)
        return market.outcome(costs)

    return play


@pytest.mark.statement("R9", "C04")
def test_v3_a_first_offer_with_its_ceiling_lifts_the_first_price_lowers_the_second_and_costs_the_buyer_little():
    draws = costs_of(("holder", "rival"), 75, seed=3)
    without = played(Market(), free_offers, draws)
    capped = played(Market(right("first_offer")), first_offer_at(ONE_PRICE), draws)
    close([o.price for o in without], 39 / 64)
    close([o.profit("holder") for o in without], (3 / 8) ** 2 / 2)
    close([o.price for o in capped], 0.61510)
    close([o.profit("holder") for o in capped], 0.0893)
    dearer = fmean(o.price for o in capped) - fmean(o.price for o in without)
    assert 0 < dearer < 0.012
    assert dearer == pytest.approx(0.0057, abs=0.003)


@pytest.mark.statement("R9")
def test_v3_one_price_for_both_is_the_best_the_buyer_can_do_under_the_ceiling():
    draws = costs_of(("holder", "rival"), 40, seed=4)
    best = fmean(o.price for o in played(Market(right("first_offer")), first_offer_at(ONE_PRICE), draws))
    for first, second in ((0.30, 0.30), (0.55, 0.55), (0.55, 0.40)):
        other = fmean(o.price for o in played(Market(right("first_offer")), first_offer_at(first, second), draws))
        assert other > best


@pytest.mark.statement("R9", "R25")
def test_v3_what_the_buyer_did_without_a_right_the_procedure_no_longer_lets_it_do():
    market = Market(right("first_offer"))
    need = market.need()
    market.ask(need, 3 / 8)
    market.answer(takes=False)
    assert not market.sign(need, "at-rival", 1 / 2)
    assert isinstance(market.desk.said[-1], ReofferDue)
