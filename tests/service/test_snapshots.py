"""A service that begins from a snapshot answers as one that has read every entry."""

from __future__ import annotations

from dibs.journal.checkpoint import SigningKey
from dibs.service.clocks import SteeredClock
from dibs.service.office import Office
from dibs.store.sqlite import SqliteStore
from dibs.testing.acts import BEGIN, life

KEY = SigningKey("dibs.test/book", bytes(32))


def test_streams_and_places_are_the_same_after_a_snapshot(harbour, tmp_path):
    def office(name, **kwargs):
        return Office(SqliteStore(tmp_path / name, signer=KEY), harbour, clock=SteeredClock(BEGIN, runs=False), house="aster", **kwargs)

    first = office("book.db", snapshot_after=10)
    first.broker.adopt(harbour, by="aster", at=BEGIN)
    first.broker.submit_each([*life(30)])
    streams = {party: first.feed.events(party, 0, 10_000) for party in ("aster", "borealis", "cinder", "delta")}
    places = {name: first.index.about("request", name) for name in first.state.requests}
    texts = first.index.texts
    first.broker.close()

    again = office("book.db", snapshot_after=10)
    assert {party: again.feed.events(party, 0, 10_000) for party in streams} == streams
    assert {name: again.index.about("request", name) for name in again.state.requests} == places
    assert again.index.texts == texts
    again.broker.close()
