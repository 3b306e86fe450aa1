"""Small worlds made by chance, with trouble in them: a search for whatever breaks a law.

One number says everything about a world: its agreement with amendments in flight, its suppliers, its needs, and what
goes wrong.  `python -m dibs.simulate.rig 17` plays world 17 and says what it saw.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from dibs.simulate.chance import Chance
from dibs.simulate.faults import Faults
from dibs.simulate.run import run
from dibs.simulate.scenario import parse_files

if TYPE_CHECKING:
    import random

    from dibs.simulate.run import Run
    from dibs.simulate.scenario import Scenario

FIRST = date(2025, 1, 1)
DAYS = 180
WORLDS_AN_AGREEMENT = 8
"""Neighbouring worlds share their agreement: making one costs more than playing it."""

_HEAD = """\
dibs: agreement/1
id: rig-{number}
title: Rig {number}
currency: USD
time_zone: {zone}
parties:
  aster:    {{name: Aster Labs}}
  annex:    {{name: Aster Annex, controlled_by: aster}}
  borealis: {{name: Borealis Cloud, competitor_of: {{aster: {barrier}}}}}
  cinder:   {{name: Cinder Compute}}
  delta:    {{name: Delta Systems}}
hosts:
  borealis-east:   {{platform: borealis, operator: borealis, regions: [east], skus: [h100, gb200]}}
  borealis-cinder: {{platform: borealis, operator: cinder, regions: [east], skus: [h100]}}
  cinder-west:     {{platform: cinder, operator: cinder, regions: [west], skus: [h100]}}
  delta-south:     {{platform: delta, operator: delta, regions: [south], skus: [h100, gb200]}}
  aster-yard:      {{platform: aster, operator: delta, regions: [south], skus: [gb200], own_build: true}}
workload_classes: [training, research, product, api]
clauses:
"""


@dataclass(frozen=True, slots=True)
class World:
    """One small world: what is played, from which seed, and what goes wrong."""

    number: int
    scenario: Scenario
    faults: Faults

    def play(self) -> Run:
        """Play it to its end."""
        return run(self.scenario, self.number, faults=self.faults)


def world(number: int, agreements: dict[int, str] | None = None) -> World:
    """The world of a number; `agreements` keeps texts that were made before."""
    known = {} if agreements is None else agreements
    family = number // WORLDS_AN_AGREEMENT
    if family not in known:
        known[family] = agreement(family)
    chance = Chance(number)
    files = {
        "agreement.yaml": known[family],
        "scenario.yaml": _scenario(number, chance.stream("scenario")),
        "suppliers.yaml": _suppliers(chance.stream("suppliers")),
        "demand.csv": _demand(chance.stream("demand")),
        "signals.csv": _signals(chance.stream("signals")),
    }
    scenario, findings = parse_files(lambda name: files[name].encode() if name in files else None, f"rig-{number}")
    findings.raise_if_any()
    assert scenario is not None, number  # noqa: S101 - a scenario without findings is one
    return World(number, scenario, trouble(chance.stream("trouble")))


def trouble(rng: random.Random) -> Faults:
    """What goes wrong in a world: in one of eight nothing, so that the rig sees undisturbed worlds too."""
    if rng.random() < 0.125:
        return Faults()
    return Faults(
        crash_before=rng.choice((0.0, 0.02, 0.1)),
        crash_after=rng.choice((0.0, 0.02, 0.1)),
        duplicate=rng.choice((0.0, 0.05, 0.3)),
        keyed=rng.choice((0.0, 0.5)),
        late=rng.choice((0.0, 0.1, 0.4)),
        shuffle=rng.choice((0.0, 0.5)),
        jitter=rng.choice((0, 0, 1, 3_600, 90_000)),
        backwards=rng.choice((0.0, 0.02)),
        mischief=rng.choice((0.0, 0.0, 0.1, 0.5)),
        as_signed=rng.random() < 0.5,
    )


# The agreement.


def agreement(family: int) -> str:
    """An agreement with a right, an exclusivity, a consent and a trigger, and up to three amendments in flight."""
    rng = Chance(family).stream("agreement")
    head = _HEAD.format(
        number=family,
        zone=rng.choice(("UTC", "UTC", "America/Los_Angeles", "Asia/Tokyo")),
        barrier=_day(rng, -300, DAYS),
    )
    clauses = [
        ("api-hosting", _exclusive(rng, "api-hosting", "[api]")),
        ("first-call", _right(rng, "first-call")),
        ("own-build", _consent(rng)),
        ("licence", "    kind: licence\n    says: A licence.\n    licensor: aster\n    licensee: borealis\n    subjects: [models]\n"),
        ("profit", _trigger(rng)),
        ("breakthrough", _declared(rng)),
    ]
    if rng.random() < 0.2:
        clauses.append(("perhaps", _ambiguous()))
    if rng.random() < 0.4:
        clauses.append(("ships-first", _first_shipment(rng)))
    if rng.random() < 0.3:
        clauses.append(("equal-terms", _equal_terms(rng)))
    text = head + "".join(f"  - id: {name}\n{body}" for name, body in clauses)
    amendments = _amendments(rng)
    return text + ("amendments:\n" + amendments if amendments else "")


def _day(rng: random.Random, low: int, high: int) -> date:
    return FIRST + timedelta(days=rng.randint(low, high))


def _exclusive(rng: random.Random, name: str, classes: str) -> str:
    return (
        f"    kind: exclusive_hosting\n    says: {name} is exclusive.\n    platform: borealis\n    classes: {classes}\n"
        f"    sub_supply: {rng.choice(('counts', 'counts', 'refused'))}\n"
    )


def _right(rng: random.Random, name: str, *, lasts: str = "evergreen") -> str:
    """A right with any of its parameters: most often a first offer."""
    window = rng.choice((1, 3, 10, 30))
    kind = rng.choice(("first_offer",) * 5 + ("matching", "matching", "last_look", "first_negotiation"))
    lines = [
        "    kind: pre_emption",
        f"    right: {kind}",
        f"    says: {name} is asked first.",
        "    grantor: aster",
        "    holder: borealis",
        f"    classes: {rng.choice(('[training, research, product]', '[training, research, product, api]', '[product]'))}",
        f"    minimum_lot: {rng.choice((1, 100, 500, 1000))}",
        f"    respond_within: {window} days",
        f"    free_market_for: {window + rng.choice((1, 10, 60))} days",
        f"    silence: {rng.choice(('lapse', 'lapse', 'lapse', 'accept'))}",
        f"    counter: {rng.choice(('refusal', 'refusal', 'keeps_open'))}",
        f"    partial: {rng.choice(('lots', 'lots', 'none'))}",
        f"    minimum_accept: {rng.choice((0, 10, 50))} %",
        f"    tolerance: {rng.choice((0, 0, 5))} %",
        f"    incomparable: {rng.choice(('reoffer', 'reoffer', 'allow', 'refuse'))}",
        f"    reoffer_if_richer: {rng.choice(('true', 'true', 'false'))}",
        f"    good_faith: {rng.choice(('true', 'false'))}",
        f"    decline_requires_inability: {rng.choice(('false', 'false', 'true'))}",
        f"    waiver: {rng.choice(('express', 'conduct'))}",
        f"    lasts: {lasts}",
        f"    look_back: {rng.choice((1, 30, 90))} days",
        f"    look_through: {rng.choice(('true', 'true', 'false'))}",
        f"    sub_contracting: {rng.choice(('true', 'false'))}",
        f"    cure: {rng.choice((1, 10, 30))} days",
        f"    strikes: {rng.choice((1, 2, 3))}",
        f"    strikes_within: {rng.choice((30, 365))} days",
        f"    default_bars_exercise: {rng.choice(('true', 'false'))}",
        f"    tolling: {rng.choice(('[]', '[regulator]'))}",
    ]
    if kind == "first_offer":
        lines.append(f"    quoted_by: {rng.choice(('grantor', 'grantor', 'grantor', 'holder'))}")
    if kind == "matching":
        lines += [f"    match_margin: {rng.choice((0, 0, 10))} %", f"    after_match: {rng.choice(('ends', 'another_round'))}"]
    return "\n".join(lines) + "\n"


def _consent(rng: random.Random) -> str:
    return (
        "    kind: consent\n    says: Own building is allowed.\n    grantor: borealis\n    grantee: aster\n    permits: own_build\n"
        f"    classes: {rng.choice(('[training, research]', '[training, research, product]'))}\n"
        f"    purpose: {{classes: [training, research], at_least: {rng.choice((30, 50, 90))} %, over: {rng.choice((30, 90))} days}}\n"
    )


def _trigger(rng: random.Random) -> str:
    ends = rng.choice(("[licence]", "[licence, first-call]", "[licence, api-hosting]"))
    return (
        "    kind: trigger\n    says: Once profit is large, clauses end.\n"
        "    measure: {party: aster, signal: profit, aggregate: cumulative, since: 2025-01-01}\n"
        f"    at_least: 100 USD\n    ends: {ends}\n"
    )


def _declared(rng: random.Random) -> str:
    verifier = rng.choice(("", "    verified_by: panel\n"))
    ends = rng.choice(("[licence]", "[first-call]", "[own-build]"))
    return f"    kind: trigger\n    says: Once it is declared, clauses end.\n    declared_by: aster\n{verifier}    ends: {ends}\n"


def _ambiguous() -> str:
    """A clause that can be read in two ways, neither of which is taken: a person has to rule."""
    return (
        "    kind: exclusive_hosting\n    says: Perhaps research runs on Borealis only.\n    platform: borealis\n    classes: [research]\n"
        "    readings:\n      silent: {says: It does not bind., applies: false}\n"
    )


def _first_shipment(rng: random.Random) -> str:
    return (
        "    kind: first_shipment\n    says: Products ship on Borealis first.\n    developer: aster\n    holder: borealis\n"
        f"    classes: [product]\n    release: {rng.choice(('all', 'any'))}\n    head_start: {rng.choice((0, 5))} days\n"
    )


def _equal_terms(rng: random.Random) -> str:
    return (
        "    kind: most_favoured_customer\n    says: Nobody gets better terms.\n    beneficiary: aster\n    obliged: borealis\n"
        f"    classes: [training, product]\n    remedy: {rng.choice(('notify', 'adjust'))}\n"
    )


def _amendments(rng: random.Random) -> str:
    """Up to three changes while offers run: the right ends and perhaps comes back, is restated, exclusivity comes and goes."""
    out: list[str] = []
    right, again, exclusive = True, True, True
    day, signed = FIRST, FIRST - timedelta(days=30)
    for number in range(1, rng.choice((0, 1, 1, 2, 3)) + 1):
        day += timedelta(days=rng.randint(10, 60))
        signed = max(signed, day + timedelta(days=rng.choice((-20, -5, 0, 0))))
        lines = [
            f"  - id: change-{number}",
            "    says: Something changes.",
            f"    signed: {signed}",
            f"    effective: {day}",
            f"    running: {rng.choice(('continue', 'void'))}",
        ]
        change = rng.choice(("right", "right", "restate", "exclusive", "nothing"))
        if change == "nothing":
            lines.append("    binding: false")
        elif change == "right" and right:
            lines.append("    ends: [first-call]")
            right = False
        elif change == "right" and again:
            lines.append("    adds:\n      - id: second-call\n" + _indented(_right(rng, "second-call", lasts="one_shot")))
            again = False
        elif change == "restate" and right:
            lines.append("    replaces:\n      - id: first-call\n" + _indented(_right(rng, "first-call")))
        elif change == "exclusive" and exclusive:
            lines.append("    ends: [api-hosting]")
            exclusive = False
        else:
            lines.append(f"    adds:\n      - id: investment-{number}\n" + _indented(_INVESTMENT))
        out.append("\n".join(lines).rstrip("\n"))
    return "\n".join(out) + "\n" if out else ""


_INVESTMENT = "    kind: investment\n    says: Money is put in.\n    investor: borealis\n    recipient: aster\n"


def _indented(clause: str) -> str:
    return "".join(f"    {line}\n" for line in clause.splitlines())


# The world.


def _scenario(number: int, rng: random.Random) -> str:
    declared, verified = _day(rng, 40, DAYS - 40), _day(rng, DAYS - 40, DAYS - 5)
    by, verifier, confirmed = rng.choice(("aster", "aster", "cinder")), rng.choice(("panel", "panel", "aster")), rng.choice(("true", "false"))
    lines = [
        "dibs: scenario/1",
        f"id: rig-{number}",
        f"title: Rig {number}",
        "buyer: aster",
        f"horizon: {{from: {FIRST}, until: {FIRST + timedelta(days=DAYS)}}}",
        f"seed: {number}",
        f"launch_waits: {rng.choice((0, 30, 90))} days",
        f"undetermined: {rng.choice(('leave', 'permitted', 'offer_first', 'refused'))}",
        f"notice: {{delivery_tolerance: {rng.choice((0, 3))} days}}",
        "declarations:",
        f"  - {{trigger: breakthrough, on: {declared}, by: {by}, verified_on: {verified}, verified_by: {verifier}, confirmed: {confirmed}}}",
    ]
    if rng.random() < 0.3:
        lines += ["usage:", "  - {host: aster-yard, from: 2025-02-01, classes: {training: 40 %, product: 60 %}}"]
    return "\n".join(lines) + "\n"


def _suppliers(rng: random.Random) -> str:
    lines = ["dibs: suppliers/1", "hosts:"]
    for host, skus in (
        ("borealis-east", ("h100", "gb200")),
        ("borealis-cinder", ("h100",)),
        ("cinder-west", ("h100",)),
        ("delta-south", ("h100", "gb200")),
        ("aster-yard", ("gb200",)),
    ):
        later = f"{rng.choice((2, 3, 4))}.{rng.randint(0, 9)}0"
        lines += [
            f"  {host}:",
            f"    price: {{2024-01-01: {rng.choice((2, 3, 4))}.{rng.randint(0, 9)}0 USD, {_day(rng, 20, 120)}: {later} USD}}",
            f"    slip: {{chance: {rng.choice((0, 30, 80))} %, days: [3, 20, 60]}}",
            "    capacity:",
        ]
        for sku in skus:
            level = rng.choice((0, 500, 2000, 5000))
            lines.append(f"      - {{from: 2024-06-01, sku: {sku}, quantity: {level}, stage: in_service}}")
            for day in sorted({_day(rng, 5, DAYS) for _ in range(rng.randint(0, 3))}):
                level = rng.choice((level + 500, level + 2000, level // 2))
                stage = "dropped" if rng.random() < 0.1 and level else "contracted"
                lines.append(f"      - {{from: {day}, sku: {sku}, quantity: {0 if stage == 'dropped' else level}, stage: {stage}}}")
                level = 0 if stage == "dropped" else level
    low = rng.choice((0, 1, 3))
    lines += [
        "answers:",
        "  borealis:",
        f"    within: [{low} days, {low + rng.choice((1, 8, 40))} days]",
        f"    by: {rng.choice(('room', 'chance', 'chance'))}",
        f"    take: {rng.choice((50, 100))} %",
        "    exercise: {full: 35 %, part: 25 %, decline: 20 %, counter: 12 %, silence: 8 %}",
        "    reasons: {no_capacity: 50 %, price: 30 %, late: 20 %}",
        f"    below_list: {rng.choice(('take', 'decline', 'counter'))}",
    ]
    return "\n".join(lines) + "\n"


def _demand(rng: random.Random) -> str:
    head = "id,asked_on,class,sku,quantity,minimum_quantity,regions,start_earliest,start_latest,months,price_max,priority,launch,purpose,party,burst"
    rows = [head]
    for number in range(1, rng.randint(6, 22)):
        asked = _day(rng, 0, DAYS - 20)
        quantity = rng.choice((50, 200, 900, 1000, 1500, 3000))
        start = asked + timedelta(days=rng.choice((0, 2, 15, 45)))
        cells = (
            f"n{number}",
            asked,
            rng.choice(("training", "research", "product", "product", "api")),
            rng.choice(("h100", "gb200")),
            quantity,
            rng.choice((1, quantity // 2 or 1, quantity)),
            rng.choice(("", "", "", "east;south", "west")),
            start,
            start + timedelta(days=rng.choice((0, 7, 30, 60))),
            rng.choice((1, 1, 2, 5)),
            rng.choice(("", "", "3.50", "2.50")),
            rng.randint(0, 3),
            rng.choice(("", "", "", "voice", "video")),
            rng.choice(("", "", "one", "two")),
            rng.choice(("", "", "", "annex")),
            rng.choice(("", "", "", "", "yes")),
        )
        rows.append(",".join(map(str, cells)))
    return "\n".join(rows) + "\n"


def _signals(rng: random.Random) -> str:
    rows = ["date,party,signal,value,unit"]
    rows += [f"{FIRST + timedelta(days=days)},aster,profit,{rng.choice((5, 30, 60))},USD" for days in range(31, DAYS, 31)]
    return "\n".join(rows) + "\n"


def main(numbers: list[str]) -> int:
    """Play worlds by number and say what was seen; 1 if a law was broken."""
    broken = False
    for number in map(int, numbers):
        played = world(number)
        result = played.play()
        happened = Counter(type(event).__name__ for entry in result.entries for event in entry.events)
        print(f"world {number}: {result.store.size} entries, the broker died {result.deaths} times; {played.faults}")  # noqa: T201
        print(f"  {dict(happened.most_common())}")  # noqa: T201
        for law in result.laws:
            for violation in law.violations:
                broken = True
                print(f"  law {law.law}, entry {violation.entry}: {violation.words}")  # noqa: T201
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
