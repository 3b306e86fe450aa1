"""Derive `demand.csv` from public figures: run it and compare, or change an assumption and see what follows.

    python derive_demand.py                       print the table
    python derive_demand.py --out demand.csv      write it
    python derive_demand.py --inference-2024 D10  take the other of the two figures that contradict each other (D13)

Exact arithmetic (whole accelerators, fractions), no chance, no clock: the same bytes on every machine.  `DERIVATION.md`
tells the same story in words.  Ids such as D01 are rows of `facts.csv`; what has none is an assumption of ours.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

KILOWATTS = Fraction(5, 2)
"""Power per accelerator, everything included (G09: 5 GW for 2 million chips)."""
PER_GIGAWATT = int(1_000_000 / KILOWATTS)
HOURS = 8_760

OBSERVED_GIGAWATTS = {2023: Fraction(2, 10), 2024: Fraction(6, 10), 2025: Fraction(19, 10)}
"""Compute capacity at the end of the year (D01)."""
GROWTH_BEFORE = 3
"""Capacity grew about threefold a year from 2023 to 2025 (D01); taken backwards to 2019."""
COMPUTE_TARGET = 600_000_000_000
"""Spend on compute from 2026 to the end of 2030, USD (G15)."""
PRICE = Fraction(360, 100)
"""USD per accelerator-hour behind that target: between K08 (13.3 bn per GW-year is 3.80) and long contracts of new clouds."""
GROWTH_FADES = Fraction(7, 10)
"""What is left of a year's growth in the next."""
WANTED_BEYOND = Fraction(15, 100)
"""Until the end of 2025 so much more was wanted than was there (S36: too little; how much is ours); nothing beyond the target after 2026."""

TRAINING = {
    2019: Fraction(85, 100),
    2022: Fraction(85, 100),
    2023: Fraction(78, 100),
    2026: Fraction(440, 665),  # D14: 440 of 665 bn
    2030: Fraction(440, 665),
}
"""Research and development as a part of all compute at the end of a year; 2024 and 2025 are worked out below."""
INFERENCE_2024 = {"D11": Fraction(20, 70), "D10": Fraction(38, 88)}
"""Inference as a part of spend in 2024: 2.0 of 7.0 bn, or 3.8 bn on top of the same 5.0 bn (D13: they contradict each other)."""
INFERENCE_GROWTH_2025 = 4
"""Inference cost in 2025 over 2024 (D15)."""
FRONTIER = Fraction(20, 100)
"""Final runs are a tenth of research and development compute (D12) and use their clusters half of the time, so their clusters are a fifth."""
API = Fraction(25, 100)
"""The API's part of inference once there are products; all of it before 2023."""
NEW_CLASSES = {
    "joint_product": (date(2025, 4, 1), Fraction(2, 100)),
    "agent_runtime": (date(2026, 7, 1), Fraction(3, 100)),
    "api_national_security": (date(2026, 4, 1), Fraction(1, 100)),
}
"""By when a class is first wanted, and its part of inference.  These ask once a quarter."""


@dataclass(frozen=True, slots=True)
class Request:
    """One row of the table; `ends` is the first day on which it is over."""

    id: str
    asked_on: date
    workload_class: str
    sku: str
    quantity: int
    minimum_quantity: int
    start: date
    start_latest: date
    months: int
    price_max: str
    priority: int
    launch: str = ""
    front_door: str = ""
    own_build: bool = False

    @property
    def ends(self) -> date:
        """When the capacity is given back: months of 730 hours."""
        return self.start + timedelta(hours=730 * self.months)


EPISODES: tuple[tuple[str, str, str, str, int, str, int], ...] = (
    # id, asked on, class, accelerator, quantity, start, months: needs behind contracts that are known.
    ("k01-coreweave", "2025-02-10", "product", "blackwell", 75_000, "2025-07-01", 60),  # 11.9 bn / 5 years / 3.60 an hour
    ("k03-coreweave", "2025-04-18", "product", "blackwell", 32_000, "2025-12-01", 48),  # 4 bn / 4 years / 3.60
    ("k04-coreweave", "2025-08-25", "product", "blackwell", 41_000, "2026-01-15", 60),  # 6.5 bn / 5 years / 3.60
    ("k05-google", "2025-04-15", "product", "tpu", 30_000, "2025-07-15", 60),  # ours: undisclosed
    ("k07-oracle-1", "2025-06-20", "research", "rubin", 300_000, "2027-01-01", 60),  # 4.5 GW in six lots of 0.75 GW
    ("k07-oracle-2", "2025-06-20", "product", "rubin", 300_000, "2027-06-01", 60),
    ("k07-oracle-3", "2025-06-20", "research", "rubin", 300_000, "2027-11-01", 60),
    ("k07-oracle-4", "2025-06-20", "research", "rubin", 300_000, "2028-03-01", 60),
    ("k07-oracle-5", "2025-06-20", "product", "rubin", 300_000, "2028-07-01", 60),
    ("k07-oracle-6", "2025-06-20", "research", "rubin", 300_000, "2028-11-01", 60),
    ("k13-aws-1", "2025-10-30", "product", "blackwell", 77_000, "2026-03-01", 84),  # 38 bn / 7 years / 4.00, for ChatGPT
    ("k13-aws-2", "2025-10-30", "research", "blackwell", 78_000, "2026-06-01", 84),  # and for training
    ("k15-cerebras", "2026-01-08", "product", "wafer", 100_000, "2026-10-01", 36),  # 250 MW
)

MIX: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, int], ...]], ...] = (
    # from, classes, accelerators with their parts in percent: what is asked for in that class from then on.
    ("2019-07-22", ("*",), (("volta", 100),)),
    ("2021-01-01", ("*",), (("ampere", 100),)),
    ("2023-01-01", ("*",), (("hopper", 100),)),
    ("2025-01-01", ("frontier_training", "research", "api", "api_national_security", "joint_product"), (("blackwell", 100),)),
    ("2025-01-01", ("product",), (("blackwell", 90), ("hopper", 10))),
    ("2026-01-01", ("product",), (("blackwell", 65), ("mi450", 15), ("wafer", 10), ("tpu", 10))),
    ("2026-01-01", ("joint_product", "agent_runtime"), (("trainium", 100),)),
    ("2027-01-01", ("frontier_training", "api_national_security"), (("rubin", 100),)),
    ("2027-01-01", ("research",), (("rubin", 85), ("mi450", 15))),
    ("2027-01-01", ("product",), (("rubin", 55), ("trainium", 25), ("wafer", 12), ("mi450", 8))),
    ("2027-01-01", ("api",), (("rubin", 75), ("trainium", 25))),
    ("2029-01-01", ("product",), (("rubin", 40), ("trainium", 35), ("wafer", 15), ("mi450", 10))),
    ("2029-01-01", ("api",), (("rubin", 60), ("trainium", 40))),
    # What was taken in 2025 for five years is asked for again where it stands.
    ("2030-01-01", ("research",), (("rubin", 55), ("blackwell", 35), ("mi450", 10))),
    ("2030-01-01", ("product",), (("rubin", 35), ("trainium", 30), ("blackwell", 15), ("wafer", 12), ("mi450", 8))),
)

PRICES = ((date(2019, 1, 1), 600), (date(2023, 1, 1), 550), (date(2025, 1, 1), 480), (date(2027, 1, 1), 440))
"""The most a researcher's accelerator-hour may cost, in cents, by start."""
OVER_RESEARCH = {"research": 100, "frontier_training": 110, "product": 125, "api": 125}
"""What another class may cost, in percent of that."""
PRIORITY = {"api": 5, "api_national_security": 5, "product": 4, "frontier_training": 3, "agent_runtime": 2, "joint_product": 2, "research": 1}
SLACK = {"research": 150, "frontier_training": 100}
"""Days between the earliest and the latest start; 60 for what faces customers."""
LEAST = {"frontier_training": 50}
"""The least useful part of a request, in percent; 10 for what need not stand in one place."""
LEADS = ((2_000, 45), (16_000, 100), (100_000, 160), (10**9, 270))
"""How many days before its start a need is asked for: below so many accelerators, so long."""
LOTS = ((600, (100,)), (3_000, (60, 40)), (20_000, (50, 30, 20)), (200_000, (40, 30, 20, 10)), (10**9, (30, 25, 20, 15, 10)))
"""How a quarter's need is split into requests: below so many accelerators, into these parts (percent)."""
TERMS = ((date(2019, 1, 1), 36), (date(2023, 1, 1), 48), (date(2025, 1, 1), 60))
"""For how many months capacity is asked, by start."""

FIRST_DAY = date(2019, 7, 22)
LAST_DAY = date(2030, 12, 31)
OWN_SITES = (date(2025, 1, 21), date(2025, 10, 28))
"""Frontier clusters asked for between these days are for OpenAI's own sites, which M4's consent covers."""
COLUMNS = (
    "id",
    "asked_on",
    "class",
    "sku",
    "quantity",
    "minimum_quantity",
    "regions",
    "start_earliest",
    "start_latest",
    "months",
    "price_max",
    "priority",
    "launch",
    "front_door",
    "own_build",
)


def year_end_gigawatts() -> dict[int, Fraction]:
    """Capacity at the end of each year from 2018 to 2030, in GW: observed, taken backwards, and forwards to the target."""
    known = dict(OBSERVED_GIGAWATTS)
    for year in range(2022, 2017, -1):
        known[year] = known[year + 1] / GROWTH_BEFORE
    step = Fraction(1, 1000)
    growth = step
    while spend(ahead(known, growth)) < COMPUTE_TARGET:
        growth += step
    return ahead(known, growth)


def ahead(known: dict[int, Fraction], growth: Fraction) -> dict[int, Fraction]:
    """The same with 2026 to 2030, where 2026 adds `growth` times what was there and each later year relatively less."""
    out = dict(known)
    for year in range(2026, 2031):
        out[year] = (out[year - 1] * (1 + growth)).limit_denominator(1000)
        growth *= GROWTH_FADES
    return out


def spend(gigawatts: dict[int, Fraction]) -> Fraction:
    """What the years 2026 to 2030 cost, USD, at the mean of each year's two ends."""
    mean = sum(((gigawatts[year - 1] + gigawatts[year]) / 2 for year in range(2026, 2031)), Fraction(0))
    return mean * PER_GIGAWATT * HOURS * PRICE


def at(levels: dict[int, Fraction], day: date) -> Fraction:
    """A year-end figure at the beginning of a day, in a straight line between the years given."""
    years = sorted(levels)
    before = max((y for y in years if date(y + 1, 1, 1) <= day), default=years[0])
    after = min((y for y in years if y > before), default=before)
    if after == before:
        return levels[before]
    begins, ends = date(before + 1, 1, 1), date(after + 1, 1, 1)
    passed = Fraction((max(day, begins) - begins).days, (ends - begins).days)
    return levels[before] + (levels[after] - levels[before]) * passed


def training_shares(inference_2024: str) -> dict[int, Fraction]:
    """Research and development's part of all compute by year end, with 2024 and 2025 from what inference cost."""
    inference = INFERENCE_2024[inference_2024]
    all_growth = OBSERVED_GIGAWATTS[2025] / OBSERVED_GIGAWATTS[2024]
    return TRAINING | {2024: 1 - inference, 2025: 1 - inference * INFERENCE_GROWTH_2025 / all_growth}


def wanted(day: date, gigawatts: dict[int, Fraction], shares: dict[int, Fraction]) -> dict[str, int]:
    """Accelerators wanted on a day, by class."""
    beyond = {2018: WANTED_BEYOND, 2025: WANTED_BEYOND, 2026: Fraction(0), 2030: Fraction(0)}
    everything = at(gigawatts, day) * PER_GIGAWATT * (1 + at(beyond, day))
    training = everything * at(shares, day)
    inference = everything - training
    out = {"frontier_training": training * FRONTIER, "research": training * (1 - FRONTIER)}
    left = inference
    for name, (since, part) in NEW_CLASSES.items():
        out[name] = inference * part if day >= since else Fraction(0)
        left -= out[name]
    out["api"] = left * API if day >= date(2023, 1, 1) else left
    out["product"] = left - out["api"]
    return {name: int(level) for name, level in out.items()}


@dataclass(slots=True)
class Book:
    """The requests so far, and how much of each accelerator each class has asked for, so that the mix comes out."""

    requests: list[Request] = field(default_factory=list)
    asked: dict[tuple[str, str], int] = field(default_factory=dict)

    def running(self, name: str, day: date) -> int:
        """What a class has asked for that runs on a day."""
        return sum(r.quantity for r in self.requests if r.workload_class == name and r.start <= day < r.ends)

    def sku(self, name: str, start: date, quantity: int) -> str:
        """The accelerator of which the class has asked for least, against the mix of the day."""
        since, parts = max(
            ((day, mix) for day, classes, mix in MIX if day <= start.isoformat() and (name in classes or "*" in classes)), key=lambda m: m[0]
        )
        counted = {sku: self.asked.get((since + name, sku), 0) for sku, _ in parts}
        total = sum(counted.values()) + quantity
        chosen = max(parts, key=lambda part: Fraction(part[1], 100) * total - counted[part[0]])[0]
        self.asked[since + name, chosen] = counted[chosen] + quantity
        return chosen


def derive(inference_2024: str = "D11") -> list[Request]:
    """Every request, in the order of the days on which they are asked."""
    gigawatts = year_end_gigawatts()
    shares = training_shares(inference_2024)
    book = Book([_episode(row) for row in EPISODES])
    quarters = [date(year, month, 1) for year in range(2019, 2031) for month in (1, 4, 7, 10)]
    for quarter in (q for q in quarters if q >= date(2019, 10, 1)):
        following = date(quarter.year + quarter.month // 10, (quarter.month + 2) % 12 + 1, 1)
        levels = wanted(min(following, LAST_DAY), gigawatts, shares)
        for place, name in enumerate(sorted(levels, key=lambda n: -PRIORITY[n])):
            missing = levels[name] - book.running(name, following)
            if missing >= 100:
                _split(book, name, quarter, missing, place)
    return sorted(_with_launches(book.requests), key=lambda r: (r.asked_on, r.id))


def _with_launches(requests: list[Request]) -> list[Request]:
    """Each half-year has one launch, which waits for the largest request of that time that faces customers."""
    largest: dict[str, Request] = {}
    for request in requests:
        half = f"launch-{request.start.year}h{1 if request.start.month <= 6 else 2}"
        if request.workload_class in {"product", "api"} and (half not in largest or request.quantity > largest[half].quantity):
            largest[half] = request
    launches = {request.id: half for half, request in largest.items()}
    return [replace(r, launch=launches.get(r.id, "")) for r in requests]


def _split(book: Book, name: str, quarter: date, missing: int, place: int) -> None:
    """Ask for a quarter's missing accelerators in several requests that start on different days of the quarter."""
    parts = (100,) if name in NEW_CLASSES else next(parts for below, parts in LOTS if missing < below)
    for index, part in enumerate(parts):
        quantity = _round(missing * part // 100)
        start = max(quarter + timedelta(days=(index * 17 + place * 5) % 75), FIRST_DAY + timedelta(days=45))
        asked = max(start - timedelta(days=next(days for below, days in LEADS if quantity < below)), FIRST_DAY)
        sku = book.sku(name, start, quantity)
        book.requests.append(
            Request(
                id=f"{quarter.year}q{(quarter.month + 2) // 3}-{name.replace('_', '-')}-{index + 1}",
                asked_on=asked,
                workload_class=name,
                sku=sku,
                quantity=quantity,
                minimum_quantity=max(1, quantity * LEAST.get(name, 10) // 100),
                start=start,
                start_latest=start + timedelta(days=SLACK.get(name, 60)),
                months=_by_day(TERMS, start),
                price_max=_price(name, start),
                priority=PRIORITY[name],
                front_door=("direct" if index % 2 == 0 else "holder_service") if name == "api" else "",
                own_build=name == "frontier_training" and OWN_SITES[0] <= asked < OWN_SITES[1],
            )
        )


def _episode(row: tuple[str, str, str, str, int, str, int]) -> Request:
    name, asked, workload_class, sku, quantity, start, months = row
    begins = date.fromisoformat(start)
    return Request(
        id=name,
        asked_on=date.fromisoformat(asked),
        workload_class=workload_class,
        sku=sku,
        quantity=quantity,
        minimum_quantity=quantity // 10,
        start=begins,
        start_latest=begins + timedelta(days=180),
        months=months,
        price_max=_price(workload_class, begins),
        priority=PRIORITY[workload_class],
    )


def _round(quantity: int) -> int:
    """A number that somebody would order: tens, hundreds, thousands."""
    unit = 10 if quantity < 1_000 else 100 if quantity < 10_000 else 1_000
    return max(quantity // unit, 1) * unit


def _by_day(table: tuple[tuple[date, int], ...], day: date) -> int:
    """The latest entry of a table by day."""
    return next(value for since, value in reversed(table) if since <= day)


def _price(name: str, start: date) -> str:
    cents = _by_day(PRICES, start) * OVER_RESEARCH.get(name, 125) // 100
    return f"{cents // 100}.{cents % 100:02}"


def table(requests: list[Request]) -> str:
    """The requests as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for r in requests:
        writer.writerow(
            (
                r.id,
                r.asked_on,
                r.workload_class,
                r.sku,
                r.quantity,
                r.minimum_quantity,
                "us",
                r.start,
                r.start_latest,
                r.months,
                r.price_max,
                r.priority,
                r.launch,
                r.front_door,
                "yes" if r.own_build else "",
            )
        )
    return out.getvalue()


def main() -> None:
    """Print or write the table, and the yearly path behind it to standard error."""
    parser = argparse.ArgumentParser(description="Derive the demand of the Stargate example from public figures.")
    parser.add_argument("--out", type=Path, help="write the table to this file instead of standard output")
    parser.add_argument("--inference-2024", choices=sorted(INFERENCE_2024), default="D11", help="which of two contradicting facts to take")
    arguments = parser.parse_args()
    text = table(derive(arguments.inference_2024))
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    for year, gigawatts in sorted(year_end_gigawatts().items()):
        print(f"end of {year}: {float(gigawatts):6.3f} GW  {int(gigawatts * PER_GIGAWATT):>10,} accelerators", file=sys.stderr)


if __name__ == "__main__":
    main()
