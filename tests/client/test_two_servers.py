"""Two servers as people start them: the second one is the supplier of the first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import dibs
from dibs.client.wire import Step, TermsShape

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"
NORTHERN = """
dibs: agreement/1
id: northern
title: What Borealis runs, for whom
workload_classes: [training, api]
time_zone: UTC
currency: USD
parties:
  borealis: {name: Borealis Cloud}
hosts:
  hall-1: {platform: borealis, operator: borealis, regions: [us-east], skus: [h100]}
clauses: []
"""
CONNECTIONS = """
dibs: connections/1
suppliers:
  borealis: {by: dibs, server: "%s", token: BOREALIS_TOKEN, hosts: {hall-1: borealis-east}}
"""
TERMS = TermsShape(
    price=Decimal("2.10"),
    payment="monthly in arrears",
    take_or_pay=Decimal("0.8"),
    service_level=Decimal("0.999"),
    delivery_tolerance=14 * 86_400,
    address="capacity desk",
    regions=("us-east", "us-west"),
)


@pytest.fixture
def serve(tmp_path):
    started = []

    def start(name, *words, **environment):
        process = subprocess.Popen(
            [sys.executable, "-m", "dibs", "serve", *words, "--listen", "127.0.0.1:0", "--db", f"{name}.db", "--json"],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line == "}\n":
                break
        return process, json.loads("".join(lines))

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def wait_for(found, seconds=30):
    until = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)
    return value


def test_a_second_server_is_the_supplier_of_the_first_also_when_that_is_killed_in_between(serve, tmp_path):
    (tmp_path / "northern.yaml").write_text(NORTHERN)
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the servers run on the machine's clock
    _, there = serve("northern", "northern.yaml", "--house", "borealis")
    (tmp_path / "suppliers.yaml").write_text(CONNECTIONS % there["address"])
    words = ("--suppliers", "suppliers.yaml")
    friendly = HARBOUR.read_text().replace("competitor_of: {aster: 2025-06-01}", "role: cloud")  # no barrier: programs may be told
    (tmp_path / "harbour.yaml").write_text(friendly)
    process, here = serve("harbour", "harbour.yaml", *words, BOREALIS_TOKEN=there["token"])
    with dibs.Client(here["address"], here["token"]) as aster, dibs.Client(there["address"], there["token"]) as desk:
        invited = aster.make_token(party="borealis", role="admin", person="first of borealis")
        with dibs.Client(here["address"], invited.secret) as borealis:
            own = borealis.rotate_token(invited.id)
        with dibs.Client(here["address"], own.secret) as borealis:
            borealis.declare_capacity(host="borealis-east", sku="h100", steps=(Step(from_=now, quantity=20_000),))
        desk.declare_capacity(host="hall-1", sku="h100", steps=(Step(from_=now, quantity=20_000),))
        start = now + timedelta(days=120)
        asked = aster.submit_request(
            workload_class="training", sku="h100", quantity=5000, start_earliest=start, start_latest=start + timedelta(days=60), months=12
        )
        assert aster.get_request(asked.subject).holder == "borealis"
        served = aster.serve_notice(request=asked.subject, terms=TERMS)
        assert served.outcome == "done", served
        (need,) = wait_for(lambda: desk.list_requests().items)
        assert need.id == f"offer.{served.subject}"
        process.kill()
        process.wait(30)
        signed = desk.propose_grant(request=need.id, host="hall-1", quantity=5000, terms=TermsShape(price=Decimal("2.10")))
        assert signed.outcome == "done", signed
        assert desk.confirm_delivery(signed.subject, quantity=5000).outcome == "done"
    _, again = serve("harbour", *words, BOREALIS_TOKEN=there["token"])
    with dibs.Client(again["address"], here["token"]) as aster:
        wait_for(lambda: aster.get_request(asked.subject).status == "granted")
        (grant,) = wait_for(lambda: [one for one in aster.list_grants().items if one.delivered == 5000])
        assert (grant.host, grant.offer) == ("borealis-east", served.subject)


def test_a_file_of_suppliers_that_cannot_be_used_is_said_before_anything_is_opened(tmp_path):
    (tmp_path / "suppliers.yaml").write_text("dibs: connections/1\nsuppliers:\n  nobody: {by: scripted, file: x.yaml}\n")
    command = [sys.executable, "-m", "dibs", "serve", str(HARBOUR), "--listen", "127.0.0.1:0", "--suppliers", "suppliers.yaml", "--json"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2
    assert json.loads(run.stdout)["findings"][0]["code"] == "DIB404"
