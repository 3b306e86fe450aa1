"""The office under what should not happen: a bug is loud and stays where it is, and what is kept is never denied."""

from __future__ import annotations

import asyncio
import logging

import pytest

from dibs.errors import Unavailable
from dibs.procedure.commands import CancelRequest, Wake
from dibs.procedure.procedure import handle
from dibs.service.access import Role
from dibs.service.clocks import SteeredClock
from dibs.service.office import Office
from dibs.store.memory import MemoryStore
from dibs.testing.acts import BEGIN
from dibs.testing.service import need, notice, running

PATIENCE = 10
"""Seconds after which something counts as hanging."""


@pytest.fixture
def bug(monkeypatch):
    """Have the procedure stumble over commands of a kind until it is mended."""

    def begin(kind):
        def stumbling(state, command, **kwargs):
            if isinstance(command, kind):
                raise KeyError("a bug")
            return handle(state, command, **kwargs)

        monkeypatch.setattr("dibs.broker.handle", stumbling)

    begin.mend = monkeypatch.undo
    return begin


def test_a_bug_in_one_act_is_answered_and_logged_and_the_next_act_is_heard(harbour, go, bug, caplog):
    async def stumble():
        async with running(harbour) as service:
            aster = service.client("aster")
            aster._transport.raise_app_exceptions = False  # as a server does
            request = (await aster.post("/v1/capacity-requests", json=need())).json()["subject"]
            bug(CancelRequest)
            answers = await asyncio.wait_for(
                asyncio.gather(
                    aster.post(f"/v1/capacity-requests/{request}/cancellation"),
                    aster.post("/v1/offers", json=notice(request)),
                    aster.post("/v1/capacity-requests", json=need()),
                ),
                PATIENCE,
            )
            assert [answer.status_code for answer in answers] == [500, 201, 201]
            assert answers[0].json()["code"] == "DIB306"
            assert "a bug" not in answers[0].text
            assert (await aster.get("/readyz")).status_code == 200
            bug.mend()
            again = await asyncio.wait_for(aster.post(f"/v1/capacity-requests/{request}/cancellation"), PATIENCE)
            assert again.json()["outcome"] == "done"

    with caplog.at_level(logging.ERROR, "dibs.service"):
        go(stumble())
    (line,) = [record for record in caplog.records if "CancelRequest" in record.getMessage()]
    assert line.exc_info[0] is KeyError


def test_a_bug_in_letting_time_pass_is_logged_once_and_the_clock_goes_on_when_it_is_mended(harbour, go, bug, caplog):
    async def stumble():
        async with running(harbour) as service:
            aster = service.client("aster")
            request = (await aster.post("/v1/capacity-requests", json=need())).json()["subject"]
            offer = (await aster.post("/v1/offers", json=notice(request))).json()["subject"]
            bug(Wake)
            service.clock.move_to(service.office.state.offers[offer].respond_by)
            await asyncio.sleep(0.7)
            assert service.office.at_work
            assert service.office.state.offers[offer].status == "open"
            bug.mend()
            await asyncio.wait_for(service.office.changes(service.office.store.size), PATIENCE)
            assert service.office.state.offers[offer].status == "lapsed"

    with caplog.at_level(logging.ERROR, "dibs.service"):
        go(stumble())
    assert [record.getMessage() for record in caplog.records] == ["unforeseen error in letting time pass"]


def test_an_adoption_that_could_not_be_told_of_at_once_is_told_of_later(harbour, go):
    text = harbour.agreement.text + "\n# a new line\n"

    async def adopt():
        async with running(harbour) as service:
            aster = service.client("aster", Role.ADMIN)
            before, real, fails = service.office.store.size, service.office.feed.hear, [1]

            def unread(entry, state):
                if fails:
                    raise Unavailable("the disk is busy", code="DIB159", retry=bool(fails.pop()))
                real(entry, state)

            service.office.feed.hear = unread
            events = service.office.feed.size("aster")
            answer = await aster.post("/v1/agreements", json={"text": text})
            assert (answer.status_code, answer.json()["outcome"]) == (201, "done")
            assert service.office.store.size == before + 1
            assert len(service.office.index.texts) == 2
            (adopted,) = service.office.store.read([before])
            assert service.office.feed.size("aster") == events + len(adopted.events), "once"
            assert (await aster.get("/v1/agreements")).json()["items"][1]["current"]

    go(adopt())


def test_a_listener_or_a_measure_that_fails_harms_nobody(harbour, go, caplog):
    async def stumble():
        async with running(harbour) as service:
            heard = []

            def fails(*_):
                raise OSError(28)

            class Measure:
                committed = woke = staticmethod(fails)

            service.office.listen(heard.append)
            service.office._listeners.insert(0, fails)
            service.office.observers.insert(0, Measure())
            aster = service.client("aster")
            for nth in range(1, 4):
                answer = await asyncio.wait_for(aster.post("/v1/capacity-requests", json=need()), PATIENCE)
                assert answer.json()["outcome"] == "done"
                assert len(service.office.state.requests) == nth
            assert [entry.seq for entry in heard] == list(range(service.office.store.size)), "each once"

    with caplog.at_level(logging.ERROR, "dibs.service"):
        go(stumble())
    assert len(caplog.records) == 6


def test_what_came_in_before_the_end_is_heard_however_much_it_is(harbour, go):
    async def close():
        store = MemoryStore()
        office = Office(store, harbour, clock=SteeredClock(BEGIN, runs=False), house="aster")
        office.broker.adopt(harbour, by="aster")
        await office.open()
        acts = [asyncio.ensure_future(office.act(CancelRequest(by="aster", request=f"r{nth}"))) for nth in range(10_001)]
        await asyncio.sleep(0)
        assert office.waiting == len(acts)
        await office.close()
        assert len(await asyncio.gather(*acts)) == len(acts)
        assert store.size == 1 + len(acts)

    go(close())


def test_an_office_whose_writer_ended_is_not_ready_and_still_signs_the_book_at_its_end(harbour, go, caplog):
    async def end():
        async with running(harbour) as service:
            aster = service.client("aster")
            await asyncio.sleep(0.3)
            assert (await aster.get("/readyz")).status_code == 200
            writer = service.office._tasks[0]

            async def stumble():
                raise KeyError("a bug")

            service.office._ring = stumble  # the one thing in the task that is not guarded
            await aster.post("/v1/capacity-requests", json=need())
            await asyncio.wait([writer], timeout=PATIENCE)
            ready = (await aster.get("/readyz")).json()
            assert ready["checks"][0] == {"name": "book", "status": "not heard"}
            store = service.office.store
        assert [head.size for head in store.heads()][-1] == store.size

    with caplog.at_level(logging.ERROR, "dibs.service"):
        go(end())
    assert "a task of the office had ended" in [record.getMessage() for record in caplog.records]
