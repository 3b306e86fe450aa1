"""Runs the cases of this folder: what happened, and what it comes to in dollars."""

from __future__ import annotations

import copy
import json
import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dibs.contract.load import load
from dibs.quantities import day_of, instant_of
from dibs.settle.materials import read
from dibs.settle.settlement import settle

HERE = Path(__file__).parent
YAML_SAFE = YAML(typ="safe", pure=True)
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(HERE.glob("*.yaml"))
    if path.name != "agreement.yaml"
    for case in YAML_SAFE.load(path)
]


def dollars(minor):
    return Decimal(minor) / 100


def moment(day):
    return instant_of(date.fromisoformat(str(day)))


def settled(case):
    agreement = YAML_SAFE.load(HERE / "agreement.yaml")
    agreement["clauses"] = copy.deepcopy(case.get("clauses", []))
    rows = []
    for grant in case.get("grants", []):
        rows += granted(grant)
    rows += [usage(report) for report in case.get("usage", [])]
    rows += [figure(stated) for stated in case.get("figures", [])]
    rows.sort(key=lambda event: event["at"])
    journal = "\n".join(json.dumps({"seq": seq, "events": [event]}) for seq, event in enumerate(rows))
    materials, findings = read(
        agreement=load(agreement_text(agreement), "agreement.yaml"),
        journal=journal,
        build=build(case.get("build", [])),
        disputes="".join(upheld(number, said) for number, said in enumerate(case.get("upheld", []), 1)),
        starts=date(2025, 1, 1),
        until=date(2026, 7, 1),
    )
    assert not findings.items, findings.items
    return settle(materials)


def agreement_text(agreement):
    """JSON is YAML but for its days, which stand bare."""
    return re.sub(r'"(\d{4}-\d{2}-\d{2})"', r"\1", json.dumps(plain(agreement)))


def plain(value):
    match value:
        case dict():
            return {plain(key) if isinstance(key, date) else key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case date():
            return value.isoformat()
    return value


def granted(grant):
    name, starts, ends = grant["id"], moment(grant["from"]), moment(grant["until"])
    host = grant.get("host", "east")
    asked = {"id": f"n-{name}", "party": "aster", "workload_class": grant.get("class", "training"), "sku": "h100", "quantity": grant["accelerators"]}
    asked |= {"start_earliest": starts, "start_latest": starts, "months": 12}
    operator = {"leased": "cinder", "own": "cinder"}.get(host, "borealis")
    yield {"type": "RequestSubmitted", "at": starts, "request": asked}
    yield {
        "type": "Granted",
        "at": starts,
        "grant": name,
        "request": f"n-{name}",
        "host": host,
        "platform": "aster" if host == "own" else "borealis",
        "operator": operator,
        "sku": "h100",
        "workload_class": asked["workload_class"],
        "quantity": grant["accelerators"],
        "starts": starts,
        "ends": ends,
        "deliver_by": starts,
        "price": grant.get("price", "2"),
    }
    for day, quantity in grant.get("delivered", {grant["from"]: grant["accelerators"]}).items():
        yield {"type": "DeliveryConfirmed", "at": moment(day), "grant": name, "quantity": quantity, "on_time": True}
    if "ended" in grant:
        yield {"type": "GrantEnded", "at": moment(grant["ended"]), "grant": name, "why": "released"}


def usage(report):
    return {
        "type": "UsageReported",
        "at": moment(report.get("on", report["until"])),
        "report": report["report"],
        "host": "east",
        "workload_class": "training",
        "accelerator_hours": report["hours"],
        "starts": moment(report["from"]),
        "ends": moment(report["until"]),
    }


def figure(stated):
    signal = "revenue" + (f"/{stated['channel']}" if "channel" in stated else "")
    out = {"type": "SignalRecorded", "at": moment(stated.get("on", stated["until"])), "party": "aster", "signal": signal, "value": stated["value"]}
    return out | {"unit": "USD", "since": moment(stated["from"]), "until": moment(stated["until"])}


def upheld(number, said):
    """A dispute that was opened and upheld on one day."""
    about = {"entry": said["entry"], "starts": moment(said["from"]), "ends": moment(said["until"]), "at": moment(said["on"]), "by": "aster"}
    opened = {"type": "Contested", "id": f"d-{number}", "says": "wrong", **about}
    closed = {"type": "Resolved", "dispute": f"d-{number}", "upheld": True, "says": "so it is", "at": moment(said["on"])}
    return f"{json.dumps(opened)}\n{json.dumps(closed)}\n"


def build(pieces):
    head = "site,phase,building,stage,from,planned_finish,expected_finish,power_mw,accelerators,cost,facts,final_cost"
    rows = []
    for piece in pieces:
        costs, stages = {min(piece["stages"]): piece["cost"], **piece.get("restated", {})}, piece["stages"]
        for day in sorted({*stages, *costs}):
            stage, cost = (known[max(since for since in known if since <= day)] for known in (stages, costs))
            rows.append(f"y,{piece['phase']},{piece['building']},{stage},{day},,,8,4000,{cost},,{piece.get('final_cost', '')}")
    return "\n".join([head, *rows]) + "\n" if rows else ""


def owed_by_month(settlement, kind):
    """What `aster` owes in each month, reversals included."""
    sums = defaultdict(int)
    for entry in settlement.entries:
        about = (entry.reverses or entry.id).partition("/")[0]
        if about == kind:
            sums[f"{day_of(entry.valid_from):%Y-%m}"] += sum(line.amount for line in entry.postings if line.account.startswith("aster:expense:"))
    return {month: dollars(amount) for month, amount in sums.items() if amount}


@pytest.mark.parametrize("case", CASES)
def test_the_case_comes_to_what_is_written(case):
    settlement = settled(case)
    assert all(not entry.imbalance() for entry in settlement.entries)
    for name, expected in case["expect"].items():
        assert found(settlement, name) == wanted(expected), name


def wanted(expected):
    if isinstance(expected, dict):
        return {str(key): Decimal(value) for key, value in expected.items() if Decimal(value)}
    if isinstance(expected, list):
        return [Decimal(value) for value in expected]
    return Decimal(expected) if str(expected).lstrip("-").isdigit() else expected


def found(settlement, name):
    burndown = settlement.burndowns[0] if settlement.burndowns else None
    expenses = [
        dollars(line.amount)
        for entry in settlement.entries
        if (entry.reverses or entry.id).startswith(("charge/", "revenue_share/"))
        for line in entry.postings
        if line.account.startswith("aster:expense:")
    ]
    match name:
        case "charges":
            return owed_by_month(settlement, "charge")
        case "credits":
            return sum(owed_by_month(settlement, "late_credit").values())
        case "untaken":
            return sum(owed_by_month(settlement, "take_or_pay").values())
        case "posted":
            return expenses
        case "payee":
            return settlement.entries[0].counterparties[1]
        case "operator":
            return settlement.entries[0].detail.operator
        case "shortfalls" | "credit" | "used" | "expired":
            return dollars(getattr(burndown, name))
        case str() if name.startswith("shortfall of "):
            return dollars(next(b.shortfalls for b in settlement.burndowns if b.clause == name.removeprefix("shortfall of ")))
        case "status":
            return burndown.rows[-1].status
        case "accrued":
            return {f"{r.month:%Y-%m}": dollars(r.accrued) for r in settlement.shares if r.accrued}
        case "paid":
            return {f"{r.month:%Y-%m}": dollars(r.paid) for r in settlement.shares if r.paid}
        case "cap_left":
            return dollars(settlement.shares[-1].cap_left)
        case "drawn" | "built" | "unfunded" | "overruns":
            return dollars(getattr(settlement.funding[-1], name))
        case "draws":
            drawn = [e for e in settlement.entries if (e.reverses or e.id).startswith("draw_down/")]
            together = groupby(drawn, key=lambda e: (e.recorded, bool(e.reverses), e.valid_from))
            return [dollars(sum(line.amount for e in group for line in e.postings if line.account == "yard:construction")) for _, group in together]
        case "above_plan":
            overruns = [e for e in settlement.entries if e.kind == "overrun"]
            return {e.counterparties[0]: dollars(sum(line.amount for line in e.postings if line.account.endswith(":construction"))) for e in overruns}
        case "put_in" | "lent":
            owner = {"put_in": "yard:invested_by:", "lent": "yard:loan_from:"}[name]
            sums = defaultdict(int)
            for entry in settlement.entries:
                for line in entry.postings:
                    if line.account.startswith(owner):
                        sums[line.account.rpartition(":")[2]] -= line.amount
            return {party: dollars(amount) for party, amount in sums.items()}
    raise AssertionError(name)
