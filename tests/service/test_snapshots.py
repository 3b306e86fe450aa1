"""A service that begins from a snapshot answers as one that has read every entry."""

from __future__ import annotations

import msgspec
import pytest

from dibs.journal.checkpoint import SigningKey
from dibs.service.clocks import SteeredClock
from dibs.service.office import Office
from dibs.store.sqlite import SqliteStore
from dibs.testing.acts import BEGIN, life

KEY = SigningKey("dibs.test/book", bytes(32))


def known(office):
    """Everything that an office keeps of its book."""
    return (
        {party: office.feed.events(party, 0, 10_000) for party in ("aster", "borealis", "cinder", "delta")},
        {name: office.index.about("request", name) for name in office.state.requests},
        list(office.index.texts),
    )


def test_streams_and_places_are_the_same_after_a_snapshot(harbour, tmp_path):
    def office(name, **kwargs):
        return Office(SqliteStore(tmp_path / name, signer=KEY), harbour, clock=SteeredClock(BEGIN, runs=False), house="aster", **kwargs)

    first = office("book.db", snapshot_after=10)
    first.broker.adopt(harbour, by="aster", at=BEGIN)
    first.broker.submit_each([*life(30)])
    before = known(first)
    first.broker.close()

    again = office("book.db", snapshot_after=10)
    assert known(again) == before
    again.broker.close()


@pytest.mark.parametrize("wrong", ["the index", "the feed", "all of it"])
def test_nothing_is_heard_twice_after_a_snapshot_that_could_be_read_in_part(harbour, tmp_path, monkeypatch, wrong):
    def office():
        return Office(SqliteStore(tmp_path / "book.db", signer=KEY), harbour, clock=SteeredClock(BEGIN, runs=False), house="aster", snapshot_after=10)

    def another_version(self):
        index, feed = self.index.freeze(), self.feed.freeze()
        other = msgspec.msgpack.encode({"of": "another version"})
        parts = {"the index": (other, feed), "the feed": (index, other), "all of it": None}[wrong]
        return msgspec.msgpack.encode(parts)

    monkeypatch.setattr(Office, "freeze", another_version)
    first = office()
    first.broker.adopt(harbour, by="aster", at=BEGIN)
    first.broker.submit_each([*life(30)])
    before = known(first)
    first.broker.close()

    again = office()
    assert known(again) == before
    again.broker.close()
