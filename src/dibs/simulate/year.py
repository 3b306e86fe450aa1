"""A year of a busy partnership, made by chance: for measuring, and for seeing how things behave at size.

The same arguments give the same files in any process.  Nobody in it exists.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dibs.simulate.chance import Chance

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

FIRST = date(2025, 1, 1)
DAYS = 365
CLASSES = {"training": 25, "research": 25, "product": 35, "api": 15}
"""How much of the demand each class is, in per cent."""
SKUS = {"h100": 45, "gb200": 55}
NEEDS_A_PROJECT = 25
"""Needs of one project are added up against the minimum lot, so this sets how many of them have to be offered."""

AGREEMENT = """\
dibs: agreement/1
id: year
title: A busy year of Aster Labs
currency: USD
parties:
  aster:    {name: Aster Labs}
  borealis: {name: Borealis Cloud, competitor_of: {aster: 2025-06-01}}
  cinder:   {name: Cinder Compute}
  delta:    {name: Delta Systems}
  ember:    {name: Ember Machines}
hosts:
  borealis-east:   {platform: borealis, operator: borealis, regions: [us-east], skus: [h100, gb200]}
  borealis-west:   {platform: borealis, operator: borealis, regions: [us-west], skus: [gb200]}
  borealis-cinder: {platform: borealis, operator: cinder, regions: [us-east], skus: [h100]}
  cinder-west:     {platform: cinder, operator: cinder, regions: [us-west], skus: [h100]}
  delta-south:     {platform: delta, operator: delta, regions: [us-south], skus: [gb200]}
  ember-north:     {platform: ember, operator: ember, regions: [us-north], skus: [h100, gb200]}
  aster-yard:      {platform: aster, operator: delta, regions: [us-south], skus: [gb200], own_build: true}
workload_classes: [training, research, product, api]
clauses:
  - id: api-hosting
    kind: exclusive_hosting
    says: The API runs on Borealis's platform only.
    platform: borealis
    classes: [api]
  - id: first-refusal
    kind: pre_emption
    right: first_offer
    says: Before Aster takes new capacity elsewhere it offers it to Borealis.
    grantor: aster
    holder: borealis
    classes: [training, research, product]
    minimum_lot: 1000
    respond_within: 10 days
    respond_within_below: {2000: 5 days}
    free_market_for: 60 days
  - id: own-build
    kind: consent
    says: Aster may build its own capacity, mainly for research and training.
    grantor: borealis
    grantee: aster
    permits: own_build
    classes: [training, research]
    purpose: {classes: [training, research], at_least: 50 %, over: 90 days}
"""

SCENARIO = """\
dibs: scenario/1
id: year
title: A busy year, {requests} needs
buyer: aster
horizon: {{from: {first}, until: {until}}}
seed: {seed}
"""

_LASTS = (1, 1, 1, 2, 2, 3, 4, 6)
"""Months a need may last, each as likely."""
_MEAN_MONTHS = sum(_LASTS) / len(_LASTS)
_SHARE_OF_SUPPLY = {
    "h100": {"borealis-east": 40, "borealis-cinder": 15, "cinder-west": 35, "ember-north": 10},
    "gb200": {"borealis-east": 25, "borealis-west": 15, "delta-south": 30, "ember-north": 10, "aster-yard": 20},
}
_PRICES = {
    "borealis-east": "3.20",
    "borealis-west": "3.20",
    "borealis-cinder": "3.20",
    "cinder-west": "2.90",
    "delta-south": "3.60",
    "ember-north": "4.10",
    "aster-yard": "2.60",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """The files of a generated scenario, by name."""

    files: Mapping[str, str]

    def write(self, folder: str | Path) -> Path:
        """Write them into a folder, which is made if it is not there."""
        out = Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            (out / name).write_text(text, encoding="utf-8")
        return out

    def read(self, name: str) -> bytes | None:
        """A file's bytes, for `scenario.parse_files`."""
        return self.files[name].encode() if name in self.files else None


def generate(requests: int = 100_000, *, seed: int = 7, tight: float = 1.05) -> Year:
    """A year of so many needs; `tight` is what is sought of what is there on average, so that above 1 some stays unmet."""
    chance = Chance(seed)
    sought = dict.fromkeys(SKUS, 0)
    rows = [_need(number, requests, chance.stream("need", number), sought) for number in range(1, requests + 1)]
    rows.sort(key=lambda row: (str(row["asked_on"]), str(row["id"])))
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]) if rows else ["id"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    level = {sku: int(total / DAYS / tight) for sku, total in sought.items()}
    until = FIRST + timedelta(days=DAYS)
    return Year(
        files={
            "agreement.yaml": AGREEMENT,
            "scenario.yaml": SCENARIO.format(requests=f"{requests:_}".replace("_", " "), first=FIRST, until=until, seed=seed),
            "suppliers.yaml": _suppliers(level),
            "demand.csv": out.getvalue(),
        }
    )


def _pick(rng: random.Random, shares: Mapping[str, int]) -> str:
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def _need(number: int, requests: int, rng: random.Random, sought: dict[str, int]) -> dict[str, object]:
    asked = FIRST + timedelta(days=rng.randrange(DAYS))
    quantity = min(max(int(rng.lognormvariate(5.3, 0.9)), 8), 8_000)
    months = rng.choice(_LASTS)
    sku = _pick(rng, SKUS)
    sought[sku] += quantity * min(months * 30, DAYS)
    start = asked + timedelta(days=rng.choice((3, 10, 20, 30)))
    launch = rng.random() < 0.02
    return {
        "id": f"n{number}",
        "asked_on": asked,
        "class": _pick(rng, CLASSES),
        "sku": sku,
        "quantity": quantity,
        "minimum_quantity": max(quantity // rng.choice((1, 2, 4)), 1),
        "regions": "",
        "start_earliest": start,
        "start_latest": start + timedelta(days=rng.choice((10, 20, 45))),
        "months": months,
        "price_max": rng.choice(("", "", "4.50", "3.80")),
        "priority": rng.randrange(10),
        "launch": f"launch-{number}" if launch else "",
        "purpose": f"project-{rng.randrange(max(requests // NEEDS_A_PROJECT, 1))}",
    }


def _suppliers(level: Mapping[str, int]) -> str:
    """Capacity in four quarterly steps that average to the level, and a holder that answers in a day to a week."""
    hosts: dict[str, list[str]] = {}
    for sku, shares in _SHARE_OF_SUPPLY.items():
        for host, share in shares.items():
            for quarter, part in enumerate((0.7, 0.9, 1.1, 1.3)):
                day = date(FIRST.year, 1 + 3 * quarter, 1)
                quantity = int(level[sku] * share / 100 * part)
                hosts.setdefault(host, []).append(f"      - {{from: {day}, sku: {sku}, quantity: {quantity}, stage: contracted}}")
    lines = ["dibs: suppliers/1", "hosts:"]
    for host, steps in hosts.items():
        lines += [f"  {host}:", f"    price: {_PRICES[host]} USD", "    slip: {chance: 20 %, days: [7, 21, 45]}", "    capacity:", *steps]
    lines += [
        "answers:",
        "  borealis:",
        "    within: [1 days, 7 days]",
        "    by: chance",
        "    exercise: {full: 45 %, part: 25 %, decline: 20 %, counter: 4 %, silence: 6 %}",
        "    reasons: {no_capacity: 60 %, price: 25 %, discipline: 15 %}",
    ]
    return "\n".join(lines) + "\n"
