"""Makes a run folder as `dibs run` leaves it, for tests of the report: fictional parties, whole and consistent figures.

It is a small world of its own and asks nothing of the simulator, so that the report is tested against the folder's
description and not against whatever the simulator happens to write.
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FIRST, LAST = date(2023, 1, 1), date(2031, 1, 1)
KNOWN_UNTIL = date(2026, 7, 1)
CLASSES = ("training", "research", "product", "api")
PARTIES = {
    "aster": "Aster Labs",
    "borealis": "Borealis Cloud",
    "cinder": "Cinder Compute",
    "delta": "Delta Systems",
    "ember": "Ember & Sons <Metal>",
    "fjord": "Fjord Grid",
    "gale": "Gale Web Services",
    "heron": "Heron Chips",
    "iris": "Iris Optics",
    "juniper": "Juniper Halls",
}
HOSTS = {
    "borealis-east": ("borealis", "borealis", "gb200"),
    "borealis-cinder": ("borealis", "cinder", "h100"),
    "borealis-north": ("borealis", "fjord", "gb200"),
    "cinder-west": ("cinder", "cinder", "h100"),
    "delta-south": ("delta", "delta", "gb200"),
    "aster-yard": ("aster", "delta", "gb200"),
    "ember-forge": ("ember", "ember", "h100"),
    "gale-shore": ("gale", "gale", "trainium3"),
    "heron-mesa": ("heron", "heron", "wse3"),
    "iris-hall": ("iris", "iris", "gb200"),
    "juniper-hall": ("juniper", "juniper", "gb200"),
}
VERSIONS = (
    ("harbour", FIRST, FIRST, True, "Borealis hosts all of Aster's compute.", "", "", ""),
    (
        "first-call",
        date(2025, 1, 20),
        date(2025, 1, 21),
        True,
        "Exclusivity ends; Borealis keeps the API and is offered new capacity first.",
        "api-hosting first-refusal own-build cloud-commitment",
        "exclusive-cloud",
        "",
    ),
    ("memo", date(2025, 9, 11), date(2025, 9, 11), False, "The parties mean to agree on a next phase.", "", "", ""),
    (
        "open",
        date(2025, 10, 28),
        date(2025, 10, 28),
        True,
        "The right to be asked first ends; Aster buys 250 billion dollars more of Borealis.",
        "cloud-commitment-2",
        "first-refusal",
        "licence",
    ),
    ("clarified", date(2026, 2, 27), date(2026, 2, 27), True, "The API means stateless calls.", "", "", "api-hosting"),
    (
        "any-cloud",
        date(2026, 4, 27),
        date(2026, 4, 27),
        True,
        "Aster may serve everything anywhere; it ships first on Borealis.",
        "ship-first",
        "api-hosting",
        "",
    ),
)
CLAUSES = (
    ("exclusive-cloud", "exclusive_hosting", "Borealis hosts all of Aster's compute.", FIRST, date(2025, 1, 21), "", 21),
    ("licence", "licence", "Borealis may use Aster's models in its own products until the end of 2030.", FIRST, date(2025, 10, 28), "", 28),
    ("licence", "licence", "Borealis may use Aster's models and products until the end of 2032.", date(2025, 10, 28), date(2033, 1, 1), "open", 96),
    ("share-to-borealis", "revenue_share", "Aster pays Borealis a fifth of its revenue.", FIRST, LAST, "", 37),
    ("profit-trigger", "trigger", "Once Aster's profit has reached 100 billion dollars, the licence ends.", FIRST, LAST, "", 46),
    ("api-hosting", "exclusive_hosting", "The API runs on Borealis's platform only.", date(2025, 1, 21), date(2026, 2, 27), "first-call", 62),
    (
        "api-hosting",
        "exclusive_hosting",
        "The stateless API runs on Borealis's platform only.",
        date(2026, 2, 27),
        date(2026, 4, 27),
        "clarified",
        118,
    ),
    (
        "first-refusal",
        "pre_emption",
        "Before Aster takes new capacity elsewhere it offers it to Borealis.",
        date(2025, 1, 21),
        date(2025, 10, 28),
        "first-call",
        70,
    ),
    ("own-build", "consent", "Aster may build its own capacity, mainly for research and training.", date(2025, 1, 21), None, "first-call", 86),
    ("cloud-commitment", "commitment", "Aster spends at least 12 billion dollars on Borealis.", date(2025, 2, 1), date(2028, 2, 1), "first-call", 91),
    ("cloud-commitment-2", "commitment", "Aster spends another 250 billion dollars on Borealis.", date(2025, 10, 28), None, "open", 104),
    (
        "ship-first",
        "first_shipment",
        "Products ship first on Borealis unless it cannot and will not.",
        date(2026, 4, 27),
        date(2031, 1, 1),
        "any-cloud",
        131,
    ),
)
REASONS = ("no_capacity", "wrong_hardware", "late", "price", "discipline")
MILESTONES = ("announced", "contracted", "financed", "under_construction", "energised", "in_service")


def _months(first: date, until: date) -> list[date]:
    out, day = [], first
    while day < until:
        out.append(day)
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return out


def _instant(day: date, hour: int = 12) -> str:
    return f"{day}T{hour:02d}:00:00Z"


def make_run(folder: Path, *, seed: int = 7, needs: int = 90, right_until: date = date(2025, 10, 28), hosts: int = len(HOSTS)) -> Path:
    """Write `run.json`, `journal.jsonl`, `agreement.yaml` and `tables/*.csv` into `folder`; more `needs` make more offers."""
    dice = random.Random(seed)
    places = dict(list(HOSTS.items())[:hosts])
    requests, offers, grants = _procedure(dice, needs, places, right_until)
    tables: dict[str, list[dict[str, object]]] = {
        "versions": [
            dict(zip(("version", "signed", "effective", "binding", "says", "adds", "ends", "replaces"), row, strict=True))
            | {"binding": str(row[3]).lower()}
            for row in VERSIONS
        ],
        "clauses": [
            {
                "clause": clause,
                "kind": kind,
                "says": says,
                "starts": starts,
                "ends": right_until if clause == "first-refusal" else ends or "",
                "by": by,
                "where": f"agreement.yaml:{line}:5",
                "confidence": "O",
            }
            for clause, kind, says, starts, ends, by, line in CLAUSES
        ],
        "requests": requests,
        "offers": offers,
        "grants": grants,
        "capacity": _capacity(grants),
        "demand": _demand(requests, grants),
        "matrix": list(_matrix(places)),
        "build": list(_build(dice)),
        "launches": _launches(requests),
        "answers": _answers(offers),
        "supply": [
            {"host": host, "platform": p, "operator": o, "sku": sku, "from": FIRST, "quantity": 50_000, "stage": "in_service", "facts": ""}
            for host, (p, o, sku) in places.items()
        ],
        "signals": [
            {"date": date(y, 12, 31), "party": "aster", "signal": "revenue", "value": v, "unit": "USD", "confidence": "P", "source": "its own books"}
            for y, v in ((2023, 2e9), (2024, 6e9), (2025, 2e10))
        ],
        "laws": [
            {"law": n, "says": says, "checked": checked, "violations": 0, "first": ""}
            for n, (says, checked) in enumerate(
                (
                    ("Covered capacity goes elsewhere only after the holder declined, lapsed or waived.", len(grants)),
                    ("A class with exclusive hosting never runs off its platform.", len(grants)),
                    ("No accelerator is promised twice.", 3 * len(grants)),
                    ("One offer has one outcome.", len(offers)),
                    ("Money balances to the cent.", 0),
                    ("Nothing acknowledged is lost.", 4 * len(requests)),
                    ("No party learns another's terms.", 2 * len(offers)),
                ),
                start=1,
            )
        ],
    }
    tables |= _money()
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        write_table(folder, name, rows)
    entries = _journal(folder, 4 * len(requests) + 20)
    run = {
        "scenario": {"id": "harbour", "title": "Aster Labs buys compute, 2023 to 2030"},
        "agreement": {"id": "harbour", "title": "Compute agreement between Aster Labs and Borealis Cloud", "currency": "USD", "digest": "5f" * 32},
        "buyer": "aster",
        "seed": seed,
        "variant": "",
        "horizon": {"from": str(FIRST), "until": str(LAST)},
        "known_until": str(KNOWN_UNTIL),
        "kilowatts_per_accelerator": 2.5,
        "parties": [{"id": party, "name": name, "role": ""} for party, name in PARTIES.items()],
        "hosts": [
            {"id": host, "platform": p, "operator": o, "regions": ["us"], "skus": [sku], "own_build": host == "aster-yard"}
            for host, (p, o, sku) in places.items()
        ],
        "totals": {"entries": entries, "unmet_accelerator_hours": sum(int(str(r["unmet"])) for r in tables["demand"]) * 730},
        "head": {"size": entries, "root": hashlib.sha256(b"head").hexdigest()},
        "timings": {"run_seconds": 4.2},
        "dibs": "0.1.0",
    }
    (folder / "run.json").write_text(json.dumps(run, indent=1), encoding="utf-8")
    return folder


def _money() -> dict[str, list[dict[str, object]]]:
    """What a settlement leaves: flows, a commitment that falls short and one of unknown size, a share with a cap, a programme."""
    flows: list[dict[str, object]] = []
    for year in range(FIRST.year, LAST.year):
        grown = 2 ** (year - FIRST.year)
        owed = [("aster", payee, "charge", 40 * grown // n) for n, payee in enumerate(list(PARTIES)[1:], start=1) if year > 2024 or n == 1]
        owed += [("aster", "borealis", "revenue_share", 5 * grown), ("aster", "borealis", "payment", 5 * grown)]
        if year == 2026:
            owed.append(("heron", "aster", "investment", 900))
        flows += [{"year": year, "payer": a, "payee": b, "kind": k, "amount": f"{v}000000.25", "currency": "USD"} for a, b, k, v in owed]
    burndown: list[dict[str, object]] = []
    for clause, begins, size in (("cloud-commitment", date(2025, 2, 1), 12), ("cloud-commitment-2", date(2025, 11, 1), 0)):
        for n, month in enumerate(_months(begins, date(2028, 2, 1) if size else LAST), start=1):
            milestone = "" if not size else "4" if month < date(2026, 2, 1) else "12"
            due = date(2026, 2, 1) if milestone == "4" else date(2028, 2, 1)
            burndown.append(
                {
                    "clause": clause,
                    "month": month,
                    "eligible": "250000000.00",
                    "cumulative": f"{n * 250}000000.00",
                    "milestone": f"{milestone}000000000.00" if size else "0.00",
                    "forecast": "9000000000.00" if size else f"{n * 250}000000.00",
                    "status": "unknown" if not size else "on_track" if milestone == "4" else "shortfall",
                    "due": due if size else "",
                    "short_on": due if milestone == "12" else "",
                    "shortfalls": "0.00",
                    "credit": "0.00",
                }
            )
    share: list[dict[str, object]] = []
    left = 3_000
    for month in _months(date(2024, 1, 1), LAST):
        wanted, later = 60, 10 if month.year == 2025 else 0
        capped = month >= date(2025, 10, 1)
        accrued = min(wanted, left) if capped else wanted
        left -= accrued if capped else 0
        share.append(
            {
                "clause": "share-to-borealis",
                "month": month,
                "base": "300000000.00",
                "accrued": f"{accrued}000000.00",
                "paid": f"{accrued - later}000000.00",
                "deferred": f"{later}000000.00",
                "cap_left": f"{left}000000.00" if capped else "",
                "channel": "",
                "cut": f"{wanted - accrued}000000.00",
            }
        )
    funding: list[dict[str, object]] = [
        {
            "programme": "own-build",
            "month": month,
            "drawn": f"{min(n, 40)}000000000.00",
            "funded": "40000000000.00",
            "potential": "100000000000.00",
            "built": f"{n}000000000.00",
            "unfunded": f"{max(0, n - 40)}000000000.00",
        }
        for n, month in enumerate(_months(date(2025, 2, 1), LAST))
    ]
    return {"money_flows": flows, "burndown": burndown, "share": share, "funding": funding}


def write_table(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    """One CSV; a table without rows still has its file."""
    with (folder / "tables" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["none"])
        writer.writeheader()
        writer.writerows(rows)


def _procedure(dice: random.Random, needs: int, places: dict[str, tuple[str, str, str]], right_until: date) -> tuple[list[dict[str, object]], ...]:
    requests: list[dict[str, object]] = []
    offers: list[dict[str, object]] = []
    grants: list[dict[str, object]] = []
    span = (date(2030, 6, 1) - FIRST).days
    theirs = {
        "holder": [h for h, (p, _, _) in places.items() if p == "borealis"],
        "other": [h for h, (p, _, _) in places.items() if p not in {"borealis", "aster"}],
    }
    for n in range(needs):
        asked = FIRST + timedelta(days=int(span * n / needs) + dice.randint(0, 5))
        years = (asked - FIRST).days / 365
        size = round(6_000 * 1.9**years * dice.uniform(0.4, 1.8), -2) * 90 / needs
        quantity = max(1_000, int(size) // 100 * 100)
        kind = dice.choice(CLASSES)
        covered = kind != "api" and date(2025, 1, 21) <= asked < right_until
        row: dict[str, object] = {
            "request": f"R-{n + 1:04d}",
            "asked_on": asked,
            "class": kind,
            "sku": "gb200",
            "quantity": quantity,
            "status": "granted",
            "granted": 0,
            "unmet": 0,
            "clause": "first-refusal" if covered else "",
            "hosts": "",
            "launch": f"Product {n}" if kind == "product" else "",
            "start_latest": asked + timedelta(days=120),
            "started_on": "",
            "why": "",
        }
        left, start = quantity, asked + timedelta(days=dice.randint(40, 150))
        parts: list[tuple[str, int, str]] = []
        if covered:
            offer, taken = _offer(dice, row, len(offers) + 1)
            offers.append(offer)
            if taken:
                parts.append((dice.choice(theirs["holder"]), taken, str(offer["offer"])))
            left -= taken
            others = [h for h in theirs["other"] if dice.random() < 0.8]
            if left and others and offer["outcome"] != "withdrawn":
                got = left if dice.random() < 0.75 else left // 2
                parts.append((dice.choice(others), got, ""))
            offer["got_by"] = " ".join(dict.fromkeys(places[h][0] for h, _, _ in parts))
        elif asked < date(2025, 1, 21) or (kind == "api" and asked < date(2026, 4, 27)):
            parts.append((dice.choice(theirs["holder"]), quantity if dice.random() < 0.6 else int(quantity * 0.7), ""))
        else:
            choices = theirs["other"] + theirs["holder"] * 2 + (["aster-yard"] * 2 if "aster-yard" in places else [])
            parts.extend(
                (dice.choice(choices), q, "")
                for q in ((quantity // 2, quantity - quantity // 2) if dice.random() < 0.5 else (int(quantity * dice.uniform(0.7, 1)),))
            )
        late = dice.random() < 0.2
        for host, got, offer_id in parts:
            platform, operator, sku = places[host]
            delivered = start + timedelta(days=dice.randint(10, 120) if late else 0)
            grants.append(
                {
                    "grant": f"G-{len(grants) + 1:04d}",
                    "request": row["request"],
                    "offer": offer_id,
                    "host": host,
                    "platform": platform,
                    "operator": operator,
                    "class": kind,
                    "sku": sku,
                    "quantity": got,
                    "starts": start,
                    "ends": start + timedelta(days=1460),
                    "price": "2.10",
                    "delivered_on": delivered if delivered < LAST else "",
                    "on_time": str(not late).lower(),
                    "entry": 20 + 4 * n + 3,
                }
            )
        granted = sum(got for _, got, _ in parts)
        row["granted"], row["unmet"] = granted, quantity - granted
        row["status"] = "granted" if granted == quantity else "partially_granted" if granted else "unfilled"
        row["hosts"] = " ".join(host for host, _, _ in parts)
        row["started_on"] = grants[-1]["delivered_on"] if parts else ""
        row["why"] = "" if granted == quantity else "no host with enough free capacity in time"
        requests.append(row)
    return requests, offers, grants


def _offer(dice: random.Random, request: dict[str, object], number: int) -> tuple[dict[str, object], int]:
    served = date.fromisoformat(str(request["asked_on"])) + timedelta(days=1)
    outcome = dice.choices(("exercised", "partially_exercised", "declined", "lapsed", "waived", "withdrawn"), (30, 20, 34, 8, 5, 3))[0]
    answered = served + timedelta(days=dice.randint(2, 28))
    quantity = int(str(request["quantity"]))
    taken = {"exercised": quantity, "partially_exercised": quantity * dice.randint(2, 7) // 10}.get(outcome, 0)
    deadline = served + timedelta(days=30)
    freed = outcome in {"partially_exercised", "declined", "lapsed", "waived"}
    offer: dict[str, object] = {
        "offer": f"O-{number:04d}",
        "request": request["request"],
        "clause": "first-refusal",
        "right": "first_offer",
        "holder": "borealis",
        "quantity": quantity,
        "served_on": _instant(served),
        "respond_by": _instant(deadline),
        "answered_on": "" if outcome == "lapsed" else _instant(answered),
        "outcome": outcome,
        "exercised": taken,
        "reason": dice.choice(REASONS) if outcome == "declined" else "",
        "market_until": _instant((deadline if outcome == "lapsed" else answered) + timedelta(days=90)) if freed else "",
        "reoffer": "true" if dice.random() < 0.05 else "false",
        "got_by": "",
        "entry": 20 + number * 4,
    }
    return offer, taken


def _capacity(grants: list[dict[str, object]]) -> list[dict[str, object]]:
    active: Counter[tuple[date, str, str, str, str]] = Counter()
    for grant in grants:
        for month in _months(FIRST, LAST):
            if str(grant["delivered_on"] or "9999") <= str(month) < str(grant["ends"]):
                active[month, str(grant["platform"]), str(grant["operator"]), str(grant["host"]), str(grant["class"])] += int(str(grant["quantity"]))
    return [
        {"month": month, "platform": p, "operator": o, "host": h, "class": c, "active": quantity}
        for (month, p, o, h, c), quantity in sorted(active.items())
    ]


def _demand(requests: list[dict[str, object]], grants: list[dict[str, object]]) -> list[dict[str, object]]:
    served: Counter[tuple[date, str]] = Counter()
    for row in _capacity(grants):
        served[row["month"], str(row["class"])] += int(str(row["active"]))  # type: ignore[index]
    wanted: Counter[tuple[date, str]] = Counter()
    for request in requests:
        starts = date.fromisoformat(str(request["start_latest"]))
        for month in _months(FIRST, LAST):
            if starts <= month < starts + timedelta(days=1400):
                wanted[month, str(request["class"])] += int(str(request["quantity"]))
    return [
        {
            "month": month,
            "class": kind,
            "wanted": max(want := wanted[month, kind], have := served[month, kind]),
            "served": have,
            "unmet": max(0, want - have),
        }
        for month in _months(FIRST, LAST)
        for kind in CLASSES
    ]


def _matrix(places: dict[str, tuple[str, str, str]]):  # type: ignore[no-untyped-def]
    for version, _, on, binding, *_ in VERSIONS:
        if not binding:
            continue
        for kind in CLASSES:
            for host, (platform, _, _) in places.items():
                answer, code, clause, text, line = "permitted", "", "", "No clause in force binds this work on this host.", 0
                if platform == "borealis":
                    code, text = "on_holder_platform", "It runs on Borealis's own platform: nothing stands against that."
                elif version == "harbour":
                    answer, code, clause, text, line = (
                        "refused",
                        "exclusive_elsewhere",
                        "exclusive-cloud",
                        "Borealis hosts all of Aster's compute.",
                        21,
                    )
                elif kind == "api" and version != "any-cloud":
                    answer, code, clause, text, line = (
                        "refused",
                        "exclusive_elsewhere",
                        "api-hosting",
                        "The API runs on Borealis's platform only.",
                        62,
                    )
                elif version == "clarified" and kind == "product" and host == "gale-shore":
                    answer, code, clause, text = (
                        "undetermined",
                        "reading_open",
                        "api-hosting",
                        "Whether a stateful runtime is an API has two readings.",
                    )
                elif version == "first-call" and host == "aster-yard" and kind in {"training", "research"}:
                    code, clause, text, line = "consented", "own-build", "Aster may build its own capacity, mainly for research and training.", 86
                elif version == "first-call":
                    answer, code, clause, line = "offer_first", "must_offer", "first-refusal", 70
                    text = "Before Aster takes new capacity elsewhere it offers it to Borealis."
                yield {
                    "version": version,
                    "on": on,
                    "class": kind,
                    "host": host,
                    "answer": answer,
                    "code": code,
                    "clause": clause,
                    "text": text,
                    "where": f"agreement.yaml:{line}:5" if line else "",
                }


def _build(dice: random.Random):  # type: ignore[no-untyped-def]
    sites = (
        ("aster-yard", "phase-1", 2024),
        ("aster-yard", "phase-2", 2025),
        ("mesa-verde", "phase-1", 2025),
        ("north-quay", "phase-1", 2026),
        ("salt-flat", "phase-1", 2025),
    )
    for site, phase, year in sites:
        day = date(year, dice.randint(1, 9), 1)
        planned = day + timedelta(days=700)
        expected = planned + timedelta(days=dice.choice((0, 45, 160, 240)))
        path = [*MILESTONES]
        if site == "salt-flat":
            path = ["announced", "contracted", "dropped"]
        if site == "north-quay":
            path = ["announced", "intent", "contracted", "reassigned"]
        for n, stage in enumerate(path):
            at = expected if stage == "in_service" else day + timedelta(days=120 * n)
            yield {
                "site": site,
                "phase": phase,
                "building": "",
                "stage": stage,
                "from": at,
                "planned_finish": planned,
                "expected_finish": "" if stage in {"dropped", "reassigned"} or site == "salt-flat" else expected,
                "power_mw": 300 * (1 + n % 1),
                "accelerators": 120_000,
                "cost": "15e9 USD" if phase == "phase-2" else "",
                "final_cost": "",
                "facts": "G20",
            }


def _launches(requests: list[dict[str, object]]) -> list[dict[str, object]]:
    out: list[dict[str, object]] = []
    for row in requests:
        if not row["launch"]:
            continue
        wanted, ready = date.fromisoformat(str(row["start_latest"])), str(row["started_on"])
        slip = max(0, (date.fromisoformat(ready) - wanted).days) if ready else ""
        why = "never had capacity" if not ready else "capacity came late" if slip else ""
        out.append({"launch": row["launch"], "class": row["class"], "wanted_by": wanted, "ready_on": ready, "slip_days": slip, "why": why})
    return out


def _answers(offers: list[dict[str, object]]) -> list[dict[str, object]]:
    by: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    for offer in offers:
        by[str(offer["holder"])].append(offer)
    out: list[dict[str, object]] = []
    for holder, theirs in by.items():
        count = Counter(str(o["outcome"]) for o in theirs)
        days = sorted(
            (date.fromisoformat(str(o["answered_on"])[:10]) - date.fromisoformat(str(o["served_on"])[:10])).days for o in theirs if o["answered_on"]
        )
        reasons = Counter(str(o["reason"]) for o in theirs if o["reason"])
        out.append(
            {
                "holder": holder,
                "asked": len(theirs),
                "exercised": count["exercised"],
                "partly": count["partially_exercised"],
                "declined": count["declined"],
                "lapsed": count["lapsed"],
                "waived": count["waived"],
                "withdrawn": count["withdrawn"],
                "reasons": " ".join(f"{reason}:{n}" for reason, n in reasons.most_common()),
                "median_days": days[len(days) // 2] if days else "",
                "window_days": 30,
            }
        )
    return out


def _journal(folder: Path, entries: int) -> int:
    previous = "0" * 64
    with (folder / "journal.jsonl").open("w", encoding="utf-8") as file:
        for seq in range(entries):
            leaf = hashlib.sha256(f"{previous}{seq}".encode()).hexdigest()
            file.write(
                json.dumps(
                    {
                        "seq": seq,
                        "at": "2023-01-01T00:00:00Z",
                        "command": {"type": "Wake"},
                        "events": [],
                        "agreement": "5f" * 32,
                        "previous": previous,
                        "leaf": leaf,
                    }
                )
                + "\n"
            )
            previous = leaf
    (folder / "agreement.yaml").write_text("dibs: agreement/1\nid: harbour\n", encoding="utf-8")
    return entries
