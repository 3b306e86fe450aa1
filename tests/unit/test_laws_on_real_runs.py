"""The seven laws over books that the real procedure wrote: silent as they are, and biting when one thing in them is changed."""

import copy
import random
from decimal import Decimal
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dibs.broker import Broker
from dibs.contract.load import load
from dibs.contract.terms import CapacityRequest, Terms
from dibs.decisions.compile import compile_agreement
from dibs.errors import Unavailable
from dibs.journal.entry import plain_row
from dibs.laws import judge
from dibs.procedure import commands as say
from dibs.quantities import DAY, HOUR, parse_instant
from dibs.simulate import scenario
from dibs.simulate.run import plain_agreement, run
from dibs.store.memory import MemoryStore

EXAMPLES = Path(__file__).parents[2] / "examples"
TEXT = (EXAMPLES / "harbour/agreement.yaml").read_text()
BEGIN = parse_instant("2024-12-01")


def broken(rows, agreement) -> dict[int, str]:
    return {report.law: report.violations[0].words for report in judge(rows, agreement) if report.violations}


@pytest.mark.parametrize("example", ["harbour", "stargate"])
def test_the_shipped_examples_break_no_law_and_put_each_to_the_test(example):
    result = run(scenario.load(EXAMPLES / example))
    assert {report.law: report.violations for report in result.laws if report.violations} == {}
    assert all(report.checked > 20 for report in result.laws)


# Somebody who says anything at any time, sensible or not.


class Chatter:
    """Random acts of all parties against the real broker."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.store = MemoryStore()
        compiled = compile_agreement(load(TEXT, "agreement.yaml"))
        self.hosts = compiled.agreement.hosts
        self.broker = Broker(self.store, compiled)
        self.at = BEGIN
        self.needs: list[CapacityRequest] = []
        self.offers: list[str] = []
        self.grants: list[str] = []
        self.broker.adopt(compiled, by="aster", at=self.at)
        for host in self.hosts:
            self.submit(self.declare(host, self.hosts[host].skus[0]))

    def submit(self, command) -> None:
        try:
            self.broker.submit(command, at=self.at)
        except Unavailable:
            assert False, command  # noqa: B011, PT015 - memory always answers

    def run(self, acts: int) -> list[dict]:
        kinds = [self.need] * 5 + [self.notice] * 5 + [self.answer] * 4 + [self.grant] * 6 + [self.other] * 4
        for number in range(acts):
            self.at += self.chance.choice([0, 60, HOUR, DAY, 3 * DAY, 10 * DAY])
            command = self.chance.choice(kinds)(f"-{number}")
            if command is not None:
                self.submit(command)
        return [plain_row(sealed) for sealed, _ in self.store.sealed()]

    def declare(self, host: str, sku: str) -> say.DeclareCapacity:
        steps = tuple((self.at + month * 60 * DAY, self.chance.randrange(0, 8000)) for month in range(6))
        return say.DeclareCapacity(by=self.hosts[host].platform, host=host, sku=sku, steps=steps, price=Decimal("2.00"))

    def need(self, name: str) -> say.SubmitRequest:
        starts = self.at + self.chance.randrange(0, 90) * DAY
        need = CapacityRequest(
            id=f"r{name}",
            party="aster",
            workload_class=self.chance.choice(["training", "research", "product", "api"]),
            sku=self.chance.choice(["h100", "gb200"]),
            quantity=self.chance.choice([100, 400, 700, 1000, 2500]),
            minimum_quantity=self.chance.choice([1, 50]),
            start_earliest=starts,
            start_latest=starts + self.chance.randrange(1, 200) * DAY,
            months=self.chance.choice([1, 6, 12]),
            purpose=self.chance.choice(["", "x"]),
            own_build=self.chance.random() < 0.1,
            burst=self.chance.random() < 0.05,
            renewal_of=self.chance.choice(self.grants) if self.grants and self.chance.random() < 0.1 else "",
        )
        self.needs.append(need)
        return say.SubmitRequest(by="aster", request=need)

    def terms(self, need: CapacityRequest) -> Terms:
        starts = min(need.start_latest, max(need.start_earliest, self.at)) + self.chance.choice([0, 0, 0, 5 * DAY])
        return Terms(
            sku=need.sku,
            quantity=need.quantity,
            starts=starts,
            ends=starts + need.months * 730 * HOUR,
            regions=("us-east",),
            classes=(need.workload_class,),
            price=Decimal(self.chance.choice(["1.70", "2.00", "2.30"])),
            payment="monthly",
            take_or_pay=Decimal(self.chance.choice(["0.5", "0.5", "0.6"])),
            service_level=Decimal("0.99"),
            delivery_tolerance=self.chance.choice([DAY, DAY, 2 * DAY]),
            address="desk",
        )

    def notice(self, name: str) -> say.ServeNotice | None:
        if not self.needs:
            return None
        need = self.chance.choice(self.needs[-8:])
        self.offers.append(f"o{name}")
        return say.ServeNotice(by="aster", offer=f"o{name}", request=need.id, terms=self.terms(need))

    def answer(self, _name: str) -> say.Respond | None:
        if not self.offers:
            return None
        quantity = self.chance.choice([0, 0, 50, 200, 400, 1000, 2500])
        return say.Respond(
            by=self.chance.choice(["borealis", "borealis", "borealis", "cinder"]),
            offer=self.chance.choice(self.offers[-6:]),
            quantity=quantity,
            reason=self.chance.choice(["no_capacity", "price"]) if not quantity else "none",
            terms=Terms(price=Decimal("2.50")) if self.chance.random() < 0.1 else None,
        )

    def grant(self, name: str) -> say.ProposeGrant | None:
        if not self.needs:
            return None
        need = self.chance.choice(self.needs[-8:])
        self.grants.append(f"g{name}")
        quantity = self.chance.choice([need.quantity, need.quantity, need.quantity // 2, need.quantity // 2 + 1])
        host = self.chance.choice([*self.hosts])
        return say.ProposeGrant(by="aster", grant=f"g{name}", request=need.id, host=host, quantity=quantity, terms=self.terms(need))

    def other(self, name: str) -> object:
        need, offer, grant = (self.chance.choice(names) if names else None for names in (self.needs[-6:], self.offers[-4:], self.grants[-20:]))
        host = self.chance.choice([*self.hosts])
        acts = [self.declare(host, self.chance.choice(self.hosts[host].skus))]
        if need:
            acts += [say.WaiveRight(by="borealis", request=need.id, signed_by="Bo"), say.CancelRequest(by="aster", request=need.id)]
        if offer:
            acts += [say.WithdrawOffer(by="aster", offer=offer), say.AcceptCounter(by="aster", offer=offer)]
            acts += [say.ReadNotice(by="borealis", offer=offer, person=self.chance.choice(["ann", "mole"]))]
        if grant:
            acts += [say.ReleaseGrant(by="aster", grant=grant), say.ConfirmDelivery(by="cinder", grant=grant, quantity=400)]
        acts += [say.GrantAccess(by="borealis", holder="borealis", person="ann"), say.Wake(by="clock")]
        acts += [
            say.ReportUsage(
                by="aster", report=f"u{name[-1]}", host="borealis-east", workload_class="api", accelerator_hours=9, starts=self.at - DAY, ends=self.at
            )
        ]
        return self.chance.choice(acts)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_said_in_whatever_order_no_law_is_broken(seed):
    assert broken(Chatter(seed).run(250), YAML(typ="safe").load(TEXT)) == {}


# A real book, with one thing changed.


@pytest.fixture(scope="module")
def book():
    """The rows of the tutorial's example, and its agreement."""
    result = run(scenario.load(EXAMPLES / "harbour"), judged=False)
    return list(result.rows()), plain_agreement(result.scenario.agreement)


def find(rows, kind, **wanted):
    """The first event of a kind with these values, and its row."""
    for row in rows:
        for event in row["events"]:
            if event["type"] == kind and all(event.get(name) == value for name, value in wanted.items()):
                return row, event
    raise AssertionError(kind)


def dearer(rows):
    """An alternate gets a cent more an hour than was offered to the holder."""
    row, event = next((r, e) for r in rows for e in r["events"] if e["type"] == "Granted" and e.get("from_market"))
    event["price"] = row["command"]["terms"]["price"] = "99.00"


def silenced(rows):
    """The holder's refusals are taken out of the book."""
    for row in rows:
        row["events"] = [e for e in row["events"] if e["type"] not in {"RightDeclined", "RightLapsed", "RightExercised", "RightCountered"}] or row[
            "events"
        ][:0]


def rehosted(rows):
    """A class with exclusive hosting ran elsewhere."""
    find(rows, "UsageReported", workload_class="api")[1]["host"] = "cinder-west"


def doubled(rows):
    """A grant is ten times what it was."""
    find(rows, "Granted")[1]["quantity"] *= 10


def two_outcomes(rows):
    """An offer that was answered lapses as well."""
    row, event = find(rows, "RightExercised")
    row["events"].insert(0, {"type": "RightLapsed", "at": event["at"], "offer": event["offer"], "request": event["request"]})


def counted_twice(rows):
    """A usage report is counted once more."""
    row, event = find(rows, "UsageReported")
    row["events"].append(dict(event))


def torn_out(rows):
    """An entry is missing."""
    del rows[len(rows) // 2]


def told_on(rows):
    """A notice tells the holder who else would deliver."""
    find(rows, "OfferServed", right="first_offer")[1]["terms"]["payment"] = "as agreed with Cinder Compute"


@pytest.mark.parametrize(
    ("change", "law"),
    [(dearer, 1), (silenced, 1), (rehosted, 2), (doubled, 3), (two_outcomes, 4), (counted_twice, 5), (torn_out, 6), (told_on, 7)],
    ids=lambda value: getattr(value, "__name__", f"law {value}"),
)
def test_one_thing_changed_in_a_real_book_breaks_its_law(change, law, book):
    rows, agreement = copy.deepcopy(book)
    assert broken(rows, agreement) == {}
    change(rows)
    assert law in broken(rows, agreement)
