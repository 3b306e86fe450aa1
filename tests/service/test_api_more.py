"""What else can be asked of the service: the paths of the procedure beside the walk from need to grant."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.testing.acts import BEGIN
from dibs.testing.service import need, notice, running

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"
DAY = 86_400


async def asked(client, **fields):
    answer = (await client.post("/v1/capacity-requests", json=need(**fields))).json()
    assert answer["outcome"] == "done", answer
    return answer["subject"]


async def offered(client, request, **fields):
    answer = (await client.post("/v1/offers", json=notice(request, **fields))).json()
    assert answer["outcome"] == "done", answer
    return answer["subject"]


async def got(client, path, status=200):
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


async def said(client, path, body=None, *, outcome="done", status=None):
    answer = await client.post(path, json=body) if body is not None else await client.post(path)
    assert answer.status_code == (status or (201 if outcome == "done" else 200)), answer.text
    if outcome:
        assert answer.json()["outcome"] == outcome, answer.text
    return answer.json()


def test_an_offer_can_be_withdrawn_and_its_terms_changed(harbour, go):
    async def change():
        async with running(harbour) as service:
            aster, borealis = service.client("aster"), service.client("borealis")
            offer = await offered(aster, await asked(aster))
            await said(aster, f"/v1/offers/{offer}/terms", {"terms": {"price": "1.80"}})
            assert (await got(borealis, f"/v1/offers/{offer}"))["status"] == "void"
            again = await offered(aster, (await got(aster, f"/v1/offers/{offer}"))["request"], price="1.80")
            await said(aster, f"/v1/offers/{again}/withdrawals")
            await said(aster, f"/v1/offers/{again}/withdrawals", outcome="repeated")
            assert (await got(borealis, f"/v1/offers/{again}"))["status"] == "withdrawn"
            assert (await borealis.post(f"/v1/offers/{again}/withdrawals")).status_code == 403

    go(change())


def test_a_counter_becomes_a_bargain_when_the_grantor_accepts_it(harbour, go):
    async def counter():
        async with running(harbour) as service:
            aster, borealis = service.client("aster"), service.client("borealis")
            offer = await offered(aster, await asked(aster))
            await said(borealis, f"/v1/offers/{offer}/responses", {"quantity": 5000, "reason": "counter", "terms": {"price": "2.40"}})
            answer = await said(aster, f"/v1/offers/{offer}/counter-acceptance")
            assert "Granted" in {event["type"] for event in answer["events"]}

    go(counter())


def test_the_holder_waives_by_a_signed_writing_what_was_offered_to_it_and_nobody_else_can(harbour, go):
    async def waive():
        async with running(harbour) as service:
            aster, borealis, cinder = (service.client(p) for p in ("aster", "borealis", "cinder"))
            request = await asked(aster)
            body = {"signed_by": "R. Kent"}
            missing = [await c.post(f"/v1/capacity-requests/{request}/waiver", json=body) for c in (borealis, cinder)]
            unknown = await borealis.post("/v1/capacity-requests/nothing/waiver", json=body)
            assert {a.status_code for a in (*missing, unknown)} == {404}
            await offered(aster, request)
            assert (await cinder.post(f"/v1/capacity-requests/{request}/waiver", json=body)).status_code == 404
            await said(aster, f"/v1/capacity-requests/{request}/waiver", body, outcome="refused")
            await said(borealis, f"/v1/capacity-requests/{request}/waiver", body)
            assert (await got(aster, f"/v1/capacity-requests/{request}"))["market"]["quantity"] == 5000

    go(waive())


def test_behind_the_barrier_a_named_reader_sees_the_terms_once_the_reading_is_on_record(harbour, go):
    async def read():
        async with running(harbour, at=BEGIN + 150 * DAY) as service:
            aster = service.client("aster")
            chief, desk = service.client("borealis", person="chief"), service.client("borealis", person="desk")
            offer = await offered(aster, await asked(aster, start_earliest="2025-10-01T00:00:00Z", start_latest="2025-12-01T00:00:00Z"))
            closed = await got(desk, f"/v1/offers/{offer}")
            assert (closed["barrier"], "terms" in closed) == (True, False)
            await said(chief, "/v1/readers", {"person": "desk"})
            assert (await got(chief, "/v1/readers"))["items"] == [{"party": "borealis", "person": "desk"}]
            await said(desk, f"/v1/offers/{offer}/readings")
            assert (await got(desk, f"/v1/offers/{offer}"))["terms"]["price"] == "2.10"
            assert "terms" not in await got(chief, f"/v1/offers/{offer}")

    go(read())


@pytest.mark.parametrize("dry", ["", "?dry_run=true"])
def test_nobody_gets_past_the_barrier_by_an_answer_that_is_kept_or_only_tried(harbour, go, dry):
    answers = [
        {"quantity": 1000},
        {"quantity": 10**9},
        {"quantity": 1000, "reason": "counter", "terms": {"price": "0.01"}},
        {"quantity": 0, "reason": "wrong_hardware"},
        {"quantity": 1000, "hosts": {"nowhere": 1000}},
    ]

    async def guess():
        async with running(harbour, at=BEGIN + 150 * DAY) as service:
            aster = service.client("aster")
            chief, desk = service.client("borealis", person="chief"), service.client("borealis", person="desk")
            offer = await offered(aster, await asked(aster, start_earliest="2025-10-01T00:00:00Z", start_latest="2025-12-01T00:00:00Z"))
            path = f"/v1/offers/{offer}/responses{dry}"
            size = service.office.store.size
            refused = [await chief.post(path, json=answer) for answer in answers]
            assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(403, "DIB313")}
            assert len({answer.text for answer in refused}) == 1
            assert service.office.store.size == size
            await said(chief, "/v1/readers", {"person": "desk"})
            assert (await desk.post(path, json=answers[0])).status_code == 403, "named, but nothing was read yet"
            await said(desk, f"/v1/offers/{offer}/readings")
            assert (await chief.post(path, json=answers[0])).status_code == 403
            assert (await desk.post(path, json=answers[0])).json()["outcome"] == "done"

    go(guess())


def test_what_a_reader_answered_tells_the_others_of_its_party_no_terms(harbour, go):
    async def answer():
        async with running(harbour, at=BEGIN + 150 * DAY) as service:
            aster = service.client("aster")
            chief, desk = service.client("borealis", person="chief"), service.client("borealis", person="desk")
            offer = await offered(
                aster, await asked(aster, quantity=4321, start_earliest="2025-10-01T00:00:00Z", start_latest="2025-12-01T00:00:00Z")
            )
            await said(chief, "/v1/readers", {"person": "desk"})
            await said(desk, f"/v1/offers/{offer}/readings")
            await said(desk, f"/v1/offers/{offer}/responses", {"quantity": 10**9}, outcome="refused")
            await said(desk, f"/v1/offers/{offer}/responses", {"quantity": 4000, "reason": "counter", "terms": {"price": "2.40"}})
            assert (await got(desk, f"/v1/offers/{offer}"))["counter"]["price"] == "2.40"
            assert "counter" not in await got(chief, f"/v1/offers/{offer}")
            told = (await chief.get("/v1/events")).text
            assert "dibs.RightCountered" in told
            assert "monthly in arrears" not in told
            assert "4321" not in told
            assert "monthly in arrears" in (await aster.get("/v1/events")).text

    go(answer())


@pytest.mark.parametrize("dry", ["", "?dry_run=true"])
def test_to_decline_takes_no_reading(harbour, go, dry):
    async def decline():
        async with running(harbour, at=BEGIN + 150 * DAY) as service:
            aster, chief = service.client("aster"), service.client("borealis", person="chief")
            offer = await offered(aster, await asked(aster, start_earliest="2025-10-01T00:00:00Z", start_latest="2025-12-01T00:00:00Z"))
            answer = await chief.post(f"/v1/offers/{offer}/responses{dry}", json={"quantity": 0, "reason": "policy"})
            assert answer.json()["outcome"] == "done"
            assert "2.10" not in answer.text

    go(decline())


def test_capacity_is_declared_by_whose_host_it_is_and_availability_says_what_is_free(harbour, go):
    async def declare():
        async with running(harbour) as service:
            aster, cinder, delta = (service.client(p) for p in ("aster", "cinder", "delta"))
            steps = [{"from": "2025-06-01T00:00:00Z", "quantity": 9000}, {"from": "2026-01-01T00:00:00Z", "quantity": 3000}]
            body = {"host": "cinder-west", "sku": "h100", "steps": steps, "price": "1.95"}
            assert (await delta.post("/v1/capacity", json=body)).status_code == 404
            await said(cinder, "/v1/capacity", body)
            assert {item["host"] for item in (await got(cinder, "/v1/capacity"))["items"]} == {"borealis-cinder", "cinder-west"}
            request = await asked(aster, quantity=500, minimum_quantity=1, start_earliest="2025-07-01T00:00:00Z")
            granted = await said(aster, "/v1/grants", {"request": request, "host": "cinder-west", "quantity": 500})
            (seen,) = (await got(cinder, "/v1/availability?host=cinder-west"))["items"]
            levels = [(step["declared"], step["promised"], step["free"]) for step in seen["steps"]]
            assert levels[0] == (0, 0, 0)
            assert (9000, 500, 8500) in levels
            assert (3000, 500, 2500) in levels
            assert (seen["least_free"], seen["age"]) == (0, 0)
            assert (await got(delta, "/v1/availability?host=cinder-west"))["items"] == []
            await said(service.client("borealis"), "/v1/capacity", {**body, "host": "borealis-cinder"})
            prices = {item["host"]: item["price"] for item in (await got(cinder, "/v1/capacity"))["items"]}
            assert prices == {"borealis-cinder": None, "cinder-west": "1.95"}
            events = [event["data"]["data"] for event in (await got(cinder, "/v1/events"))["items"] if event["type"] == "dibs.CapacityDeclared"]
            assert {event["host"] for event in events if "price" in event} == {"cinder-west"}
            assert {event["host"] for event in events} == {"borealis-cinder", "cinder-west"}
            (reserved,) = (await got(cinder, "/v1/reservations"))["items"]
            assert (reserved["id"], reserved["steps"][0]["promised"], reserved["status"]) == (granted["subject"], 500, "approved")
            assert (await got(delta, "/v1/reservations"))["items"] == []

    go(declare())


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("class=training&host=cinder-west&on=2024-06-01", "refused"),
        ("class=training&host=cinder-west&on=2025-03-01&quantity=5000", "offer_first"),
        ("class=training&host=cinder-west&on=2025-03-01&quantity=200", "permitted"),
        ("class=training&host=nowhere", "undetermined"),
    ],
)
def test_a_placement_is_checked_with_everything_that_decides(harbour, go, query, answer):
    async def check():
        async with running(harbour) as service:
            decision = await got(service.client("aster"), f"/v1/placements:check?{query}")
            assert decision["answer"] == answer
            assert decision["says"]
            assert (await service.client("borealis").get(f"/v1/placements:check?{query}")).status_code == 403

    go(check())


def test_the_matrix_has_every_class_on_every_host(harbour, go):
    async def look():
        async with running(harbour) as service:
            seen = await got(service.client("aster"), "/v1/placements:matrix?on=2025-03-01")
            assert len(seen["cells"]) == len(seen["classes"]) * len(seen["hosts"])
            assert {cell["answer"] for cell in seen["cells"]} == {"permitted", "offer_first", "refused"}

    go(look())


def test_usage_counts_once_and_names_of_reports_do_not_meet_between_parties(harbour, go):
    async def report():
        async with running(harbour) as service:
            aster, borealis, cinder = (service.client(p) for p in ("aster", "borealis", "cinder"))
            body = {"report": "june", "host": "borealis-cinder", "class": "training", "accelerator_hours": 100}
            body |= {"starts": "2025-02-01T00:00:00Z", "ends": "2025-02-02T00:00:00Z"}
            await said(cinder, "/v1/placements", body)
            await said(cinder, "/v1/placements", body, outcome="repeated")
            await said(borealis, "/v1/placements", {**body, "accelerator_hours": 7})
            assert (await cinder.post("/v1/placements", json={**body, "host": "aster-yard"})).status_code == 404
            assert len((await got(aster, "/v1/placements"))["items"]) == 2

    go(report())


def test_figures_are_stated_by_their_own_party_and_make_triggers_fire(harbour, go):
    async def record():
        async with running(harbour) as service:
            aster, borealis, cinder = (service.client(p) for p in ("aster", "borealis", "cinder"))
            figure = {"party": "aster", "signal": "profit", "unit": "USD", "since": "2024-01-01T00:00:00Z", "until": "2025-01-01T00:00:00Z"}
            assert (await borealis.post("/v1/signals", json={**figure, "value": "1"})).status_code == 403
            answer = await said(aster, "/v1/signals", {**figure, "value": "120e9"})
            assert "TriggerFired" in {event["type"] for event in answer["events"]}
            (trigger,) = (await got(aster, "/v1/triggers"))["items"]
            assert (trigger["id"], trigger["status"]) == ("profit-trigger", "fired")
            assert (await got(cinder, "/v1/triggers"))["items"] == []
            assert (await got(cinder, "/v1/signals"))["items"] == []
            await said(aster, "/v1/triggers/profit-trigger/declarations", outcome="refused")
            assert (await cinder.post("/v1/triggers/profit-trigger/declarations")).status_code == 404

    go(record())


def test_rights_are_seen_by_those_they_name(harbour, go):
    async def look():
        async with running(harbour) as service:
            aster, borealis, cinder = (service.client(p) for p in ("aster", "borealis", "cinder"))
            (right,) = (await got(borealis, "/v1/rights"))["items"]
            assert (right["clause"], right["holder"], right["awake"]) == ("first-refusal", "borealis", True)
            assert (await got(cinder, "/v1/rights"))["items"] == []
            assert (await cinder.post("/v1/rights/first-refusal/assignments", json={"to": "cinder"})).status_code == 404
            answer = (await borealis.post("/v1/rights/first-refusal/assignments", json={"to": "delta"})).json()
            assert answer["outcome"] in {"done", "refused"}
            await said(aster, "/v1/launches", {"launch": "assistant", "class": "product", "host": "borealis-east"})
            assert [item["launch"] for item in (await got(borealis, "/v1/launches"))["items"]] == ["assistant"]
            assert (await got(cinder, "/v1/launches"))["items"] == []
            await said(cinder, "/v1/launches/assistant/abilities", {"able": True, "willing": True}, outcome="refused")

    go(look())


async def passed_on(borealis, query=""):
    """What is answered for a party that does not exist, and for one that the holder has nothing to do with; without the names of things."""
    answers = [await borealis.post(f"/v1/rights/first-refusal/assignments{query}", json={"to": to}) for to in ("nobody", "cinder")]
    return [(answer.status_code, answer.json()) for answer in answers]


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_a_right_that_does_not_pass_does_not_tell_which_parties_there_are(harbour, go, query):
    async def guess():
        async with running(harbour) as service:
            unknown, known = await passed_on(service.client("borealis"), query)
            assert unknown == known
            assert [reason["code"] for reason in known[1]["reasons"]] == ["not_assignable"]

    go(guess())


def test_to_pass_a_right_on_is_not_tried_out(go):
    line = "        reoffer_if_richer: true\n"
    text = HARBOUR.read_text("utf-8").replace(line, f"{line}        assignable: with_business\n", 1)

    async def guess():
        async with running(compile_agreement(load(text, "agreement.yaml"))) as service:
            borealis = service.client("borealis")
            size = service.office.store.size
            unknown, known = await passed_on(borealis, "?dry_run=true")
            assert unknown == known
            assert (known[0], known[1]["code"]) == (422, "DIB304")
            assert service.office.store.size == size
            wrong, right = await passed_on(borealis)
            assert [wrong[1]["outcome"], right[1]["outcome"]] == ["refused", "done"]

    go(guess())


def test_a_counterparty_reads_the_clauses_that_name_it_and_no_others(harbour, go):
    async def read():
        async with running(harbour) as service:
            aster, borealis, cinder = (service.client(p) for p in ("aster", "borealis", "cinder"))
            whole = await got(aster, "/v1/agreements/current?on=2025-03-01")
            assert {clause["id"] for clause in whole["clauses"]} >= {"first-refusal", "api-hosting", "cloud-commitment"}
            assert whole["text"] == HARBOUR.read_text()
            part = await got(borealis, "/v1/agreements/current?on=2025-03-01")
            assert {clause["id"] for clause in whole["clauses"]} - {clause["id"] for clause in part["clauses"]} == {"profit-trigger"}
            assert {"text", "title", "versions", "amendments"}.isdisjoint(part)
            nothing = await got(cinder, "/v1/agreements/current?on=2025-03-01")
            assert nothing["clauses"] == []
            assert [item["id"] for item in (await got(cinder, "/v1/parties"))["items"]] == ["aster", "cinder"]
            assert [item["id"] for item in (await got(cinder, "/v1/hosts"))["items"]] == ["borealis-cinder", "cinder-west"]
            assert (await cinder.get("/v1/hosts/delta-south")).status_code == 404
            before = await got(aster, "/v1/agreements/current?on=2025-03-01&known=2025-01-01")
            assert "exclusive-cloud" in {clause["id"] for clause in before["clauses"]}

    go(read())


AMENDED = """\
  - id: shorter-window
    says: Borealis has to answer sooner.
    signed: 2025-03-01
    effective: 2025-04-01
    binding: true
    replaces:
      - id: first-refusal
        kind: pre_emption
        right: first_offer
        says: Before Aster takes new capacity elsewhere it offers it to Borealis, for ten days.
        grantor: aster
        holder: borealis
        classes: [training, research, product]
        minimum_lot: 4000
        respond_within: 10 days
        silence: lapse
        partial: lots
        free_market_for: 90 days
        reoffer_if_richer: true
        until: 2031-01-01
"""


def test_a_new_text_is_compared_before_it_is_adopted_and_counts_from_then_on(harbour, go):
    async def adopt():
        async with running(harbour) as service:
            aster, borealis, cinder = (service.client(p) for p in ("aster", "borealis", "cinder"))
            first = (await got(cinder, "/v1/agreements"))["items"]
            body = {"text": HARBOUR.read_text() + AMENDED}
            dry = (await aster.post("/v1/agreements?dry_run=true", json=body)).json()
            assert dry["outcome"] == "done"
            (clause,) = dry["clauses"]
            assert (clause["clause"], clause["by"], clause["change"]) == ("first-refusal", "shorter-window", "added")
            assert {(box["before"], box["after"]) for box in dry["answers"]} == {("offer_first", "permitted")}
            assert len((await got(aster, "/v1/agreements"))["items"]) == 1
            done = await said(aster, "/v1/agreements", body)
            assert (done["clauses"], done["answers"]) == (dry["clauses"], dry["answers"])
            assert [item["current"] for item in (await got(aster, "/v1/agreements"))["items"]] == [False, True]
            assert len((await got(borealis, "/v1/agreements"))["items"]) == 2
            assert (await got(cinder, "/v1/agreements"))["items"] == first
            await said(aster, "/v1/agreements", body, outcome="repeated")

    go(adopt())


PASSED_ON = """\
  - id: passed-on
    says: The obligation to ship first passes to Delta.
    signed: 2025-03-01
    effective: 2025-04-01
    binding: true
    replaces:
      - {id: kept-price, kind: most_favoured_customer, says: Delta owes Aster equal terms., beneficiary: aster, obliged: delta}
"""
KEPT = """
  - {id: kept-price, kind: most_favoured_customer, says: Cinder owes Aster equal terms., beneficiary: aster, obliged: cinder}
amendments:
"""


def test_a_clause_that_has_passed_to_another_party_is_read_by_each_in_its_own_time(go):
    text = HARBOUR.read_text().replace("\namendments:\n", KEPT, 1) + PASSED_ON
    agreement = compile_agreement(load(text, "agreement.yaml"))

    async def read():
        async with running(agreement) as service:
            for party, seen in (("cinder", [1, 0]), ("delta", [0, 1])):
                client = service.client(party)
                days = [await got(client, f"/v1/agreements/current?on={day}") for day in ("2025-03-15", "2025-04-15")]
                assert [len(day["clauses"]) for day in days] == seen

    go(read())


def test_a_new_text_is_refused_with_every_finding_at_once(harbour, go):
    async def adopt():
        async with running(harbour) as service:
            aster = service.client("aster")
            text = HARBOUR.read_text()
            wrong = await aster.post(
                "/v1/agreements", json={"text": text.replace("respond_within: 30 days", "respond_within: soon").replace("20 %", "20")}
            )
            assert wrong.status_code == 422
            assert len(wrong.json()["findings"]) >= 2
            lost = await aster.post("/v1/agreements", json={"text": text.replace("delta-south:", "delta-north:")})
            assert (lost.status_code, lost.json()["code"]) == (422, "DIB307")
            other = await aster.post("/v1/agreements", json={"text": text.replace("USD", "EUR")})
            assert (other.status_code, other.json()["code"]) == (422, "DIB307")
            assert len((await got(aster, "/v1/agreements"))["items"]) == 1

    go(adopt())


def test_a_decision_is_an_entry_of_the_book_explained_in_sentences(harbour, go):
    async def explain():
        async with running(harbour) as service:
            aster = service.client("aster")
            request = await asked(aster)
            await aster.post("/v1/grants", json={"request": request, "host": "cinder-west", "quantity": 5000})
            size = (await got(aster, "/v1/journal/entries"))["size"]
            seen = await got(aster, f"/v1/decisions/{size - 1}")
            assert (seen["act"]["type"], seen["outcome"]) == ("ProposeGrant", "refused")
            assert any("first-refusal" in line for line in seen["says"])
            assert "first-refusal" in seen["clauses"]
            for name in (str(size), "-1", "one", "0001", "9" * 40):
                assert (await aster.get(f"/v1/decisions/{name}")).status_code == 404
            assert (await service.client("borealis").get("/v1/decisions/0")).status_code == 403

    go(explain())


def test_nothing_of_the_inside_is_told_by_a_refusal(harbour, go):
    async def ask():
        async with running(harbour) as service:
            aster, borealis = service.client("aster"), service.client("borealis")
            offer = await offered(aster, await asked(aster))
            theirs = await borealis.post(f"/v1/offers/{offer}/responses", json={"quantity": 5000, "hosts": {"delta-south": 5000}})
            nobodys = await borealis.post(f"/v1/offers/{offer}/responses", json={"quantity": 5000, "hosts": {"delta-souht": 5000}})
            assert theirs.status_code == nobodys.status_code == 404
            assert theirs.text.replace("delta-south", "X") == nobodys.text.replace("delta-souht", "X")
            key = {"Idempotency-Key": "k"}
            assert (await borealis.post("/v1/readers", json={"person": "a"}, headers=key)).is_success
            clash = await borealis.post("/v1/readers", json={"person": "b"}, headers=key)
            assert (clash.status_code, "entry" in clash.text) == (409, False)

    go(ask())


def test_a_list_goes_on_where_it_was_though_what_stood_there_has_changed(harbour, go):
    async def turn():
        async with running(harbour) as service:
            aster = service.client("aster")
            offers = [await offered(aster, await asked(aster, purpose=f"purpose {nth}")) for nth in range(5)]
            first = await got(aster, "/v1/offers?status=open&limit=2")
            assert [offer["id"] for offer in first["items"]] == offers[:2]
            await said(aster, f"/v1/offers/{offers[1]}/withdrawals")
            rest = await got(aster, f"/v1/offers?status=open&limit=2&cursor={first['next']}")
            assert [offer["id"] for offer in rest["items"]] == offers[2:4]
            last = await got(aster, f"/v1/offers?status=open&limit=2&cursor={rest['next']}")
            assert ([offer["id"] for offer in last["items"]], last["next"]) == (offers[4:], None)
            assert (await got(aster, f"/v1/grants?cursor={first['next']}", 422))["code"] == "DIB305"

    go(turn())


def test_a_text_is_read_once_and_never_where_everybody_waits(harbour, go, monkeypatch):
    """Each reading takes as long as a hundred acts: it happens beside the loop, or did already."""
    text = harbour.agreement.text
    loop_reads, beside = [], []

    def counting(read):
        def count(*args):
            (loop_reads if threading.current_thread() is threading.main_thread() else beside).append(args[1])
            return read(*args)

        return count

    async def walk():
        async with running(harbour) as service:
            aster, borealis = service.client("aster"), service.client("borealis")
            for nth in range(3):
                await said(aster, "/v1/agreements", {"text": f"{text}\n# text {nth}\n"})
                request = (await said(aster, "/v1/capacity-requests", need()))["subject"]
                await said(aster, "/v1/offers", notice(request))
            assert len((await got(aster, "/v1/agreements"))["items"]) == 4
            assert len((await got(borealis, "/v1/agreements"))["items"]) == 1
            live = (await got(aster, "/v1/events"))["items"]
            service.office.broker._agreements = {service.office.state.digest: service.office.agreement}  # as after a new start
            assert len((await got(borealis, "/v1/agreements"))["items"]) == 1
            service.front.own_names.clear()
            for _ in range(2):
                assert len((await got(borealis, "/v1/agreements"))["items"]) == 1
            assert (loop_reads, len(beside)) == ([], 3)
            service.office.feed._under.clear()
            assert (await got(aster, "/v1/events"))["items"] == live, "the same words, whoever read the text and when"

    for module in ("dibs.service.feed", "dibs.service.front"):
        monkeypatch.setattr(f"{module}.load", counting(load))
    go(walk())
