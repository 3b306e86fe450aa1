"""A list costs whoever asks for it what is theirs, however much others have."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.journal.checkpoint import SigningKey
from dibs.service.access import Role
from dibs.service.clocks import SteeredClock
from dibs.service.office import Office
from dibs.service.rolls import Roll
from dibs.store.sqlite import SqliteStore
from dibs.testing.acts import BEGIN
from dibs.testing.service import need, notice, running

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"
OTHERS = 7


class Counted(dict):
    """A mapping that says which of its items were looked at, and is never walked through."""

    def __init__(self, items):
        super().__init__(items)
        self.seen = []

    def __getitem__(self, name):
        self.seen.append(name)
        return super().__getitem__(name)

    def __iter__(self):
        message = "somebody walks through what is everybody's"
        raise AssertionError(message)

    keys = values = items = __iter__


@contextlib.contextmanager
def counted(state):
    """The offers and the grants of a state, watched."""
    whole = state.offers, state.grants
    state.offers, state.grants = Counted(state.offers), Counted(state.grants)
    try:
        yield state.offers, state.grants
    finally:
        state.offers, state.grants = whole


async def filled(service):
    """So many offers to the holder and grants of its own, and one grant with the alternate."""
    aster, borealis = service.client("aster"), service.client("borealis")
    for nth in range(OTHERS):
        await aster.post("/v1/capacity-requests", json=need(id=f"need-{nth}", quantity=5000, minimum_quantity=1))
        answer = await aster.post("/v1/offers", json={**notice(f"need-{nth}"), "id": f"offer-{nth}"})
        assert answer.json()["outcome"] == "done", answer.text
        await borealis.post(f"/v1/offers/offer-{nth}/responses", json={"quantity": 5000} if nth else {"quantity": 0, "reason": "price"})
    signed = await aster.post("/v1/grants", json={"request": "need-0", "host": "cinder-west", "quantity": 100, "id": "signed"})
    assert signed.json()["outcome"] == "done", signed.text


def test_a_list_looks_at_nothing_of_others(harbour, go):
    async def look():
        async with running(harbour) as service:
            await filled(service)
            cinder, delta = service.client("cinder"), service.client("delta")
            with counted(service.office.state) as (offers, grants):
                for path in ("/v1/offers", "/v1/grants", "/v1/reservations"):
                    assert (await delta.get(path)).json()["items"] == []
                assert (offers.seen, grants.seen) == ([], [])
                assert (await cinder.get("/v1/offers")).json()["items"] == []
                assert [grant["id"] for grant in (await cinder.get("/v1/grants")).json()["items"]] == ["signed"]
                assert (set(offers.seen), set(grants.seen)) == (set(), {"signed"})

    go(look())


@pytest.mark.parametrize("party", ["aster", "borealis"])
def test_a_late_part_of_a_list_looks_at_nothing_before_it(harbour, go, party):
    async def look():
        async with running(harbour) as service:
            await filled(service)
            client, cursor, read = service.client(party), "", []
            with counted(service.office.state) as (offers, _):
                for nth in range(OTHERS):
                    offers.seen.clear()
                    part = (await client.get("/v1/offers", params={"limit": 1, "cursor": cursor})).json()
                    assert set(offers.seen) <= {f"offer-{nth}", f"offer-{nth + 1}"}
                    read += [offer["id"] for offer in part["items"]]
                    cursor = part["next"] or ""
            assert (read, cursor) == ([f"offer-{nth}" for nth in range(OTHERS)], "")

    go(look())


def test_a_cursor_of_what_is_anothers_is_no_cursor(harbour, go):
    async def look():
        async with running(harbour) as service:
            await filled(service)
            others = service.front.cursor("offer-3")
            answers = [await service.client("delta").get("/v1/offers", params={"cursor": c}) for c in (others, service.front.cursor("nothing"))]
            assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(422, "DIB305")}
            assert answers[0].text == answers[1].text

    go(look())


def test_an_offer_that_passes_with_the_right_is_on_the_list_of_whom_it_passes_to(go):
    line = "        reoffer_if_richer: true\n"
    text = HARBOUR.read_text("utf-8").replace(line, f"{line}        assignable: with_business\n", 1)

    async def pass_on():
        async with running(compile_agreement(load(text, "agreement.yaml"))) as service:
            await filled(service)
            aster, borealis, delta = (service.client(party, Role.ADMIN) for party in ("aster", "borealis", "delta"))
            await aster.post("/v1/capacity-requests", json=need(id="last"))
            await aster.post("/v1/offers", json={**notice("last"), "id": "open"})
            await borealis.post("/v1/rights/first-refusal/assignments", json={"to": "delta"})
            assert [offer["id"] for offer in (await delta.get("/v1/offers")).json()["items"]] == ["open"]
            assert [offer["id"] for offer in (await borealis.get("/v1/offers")).json()["items"]] == [f"offer-{nth}" for nth in range(OTHERS)]

    go(pass_on())


def test_the_lists_are_the_same_when_the_book_is_taken_up_from_a_snapshot(harbour, go, tmp_path):
    def store():
        return SqliteStore(tmp_path / "book.db", signer=SigningKey("dibs.test/book", bytes(32)))

    def rolls(office):
        kept = office.rolls
        return [[*roll.all()] for roll in (kept.requests, kept.offers, kept.grants)], [*kept.offers.of("borealis")], [*kept.grants.of("cinder")]

    async def fill():
        async with running(harbour, store()) as service:
            await filled(service)
            return rolls(service.office)

    def taken_up():
        office = Office(store(), harbour, clock=SteeredClock(BEGIN, runs=False), house="aster", snapshot_after=5)
        heard = rolls(office)
        office.broker.close()
        return heard

    before = go(fill())
    assert taken_up() == before, "from the entries"
    assert taken_up() == before, "from the snapshot"


def test_a_roll_keeps_the_order_of_what_came_whoever_it_is_added_for():
    roll = Roll()
    for nth in range(5):
        roll.note(f"n{nth}", ("a",) if nth % 2 else ())
    roll.note("n4", ("a",))
    roll.note("n0", ("a", "b"))
    roll.note("n0", ("a",))
    assert [*roll.of("a")] == ["n0", "n1", "n3", "n4"]
    assert [*roll.of("a", "n1")] == ["n3", "n4"]
    assert ([*roll.of("b", "n0")], [*roll.of("c")]) == ([], [])
    with pytest.raises(KeyError):
        roll.of("a", "n2")
