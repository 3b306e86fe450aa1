"""Several brokers on one book: one order, each act once, and each of them stands where the others do."""

from __future__ import annotations

from pathlib import Path

import pytest

from dibs.broker import GROUP_MAX, SKEW_MAX, Act, Behind, Broker
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.errors import BadInput, Unavailable
from dibs.journal.audit import re_decide, state_digest, verify
from dibs.journal.checkpoint import SigningKey
from dibs.procedure.commands import Wake
from dibs.procedure.events import RightLapsed
from dibs.store.memory import MemoryStore
from dibs.testing.acts import BEGIN, life, need, opening

psycopg = pytest.importorskip("psycopg", reason="no driver for PostgreSQL is installed")

from dibs.store.postgres import PostgresStore  # noqa: E402 - needs its driver

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"
KEY = SigningKey("example.com/replicas", bytes(32))


@pytest.fixture(scope="module")
def agreement():
    return compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))


@pytest.fixture
def replica(postgres_url):
    """Another broker on the same book, each time."""
    stores = []

    def make(agreement=None, **kwargs):
        stores.append(PostgresStore(postgres_url))
        return Broker(stores[-1], agreement, **kwargs)

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def two(replica, agreement):
    """Two that were there before anything was in the book; the first has adopted the agreement and heard the capacity."""
    one, other = replica(agreement), replica()
    one.adopt(agreement, by="aster", at=BEGIN)
    one.submit_many(opening())
    return one, other


def straight(agreement, acts):
    """What comes of acts where nobody else writes: the answers, and the digest of the state."""
    broker = Broker(MemoryStore(), agreement)
    broker.adopt(agreement, by="aster", at=BEGIN)
    answers = [broker.submit(act.command, at=act.at, key=act.key) for act in acts]
    return answers, state_digest(broker.state)


def test_who_was_there_before_the_agreement_learns_of_it_when_somebody_speaks(replica, agreement):
    late = replica()
    with pytest.raises(BadInput, match="DIB167"):
        late.submit(Wake(by="clock"), at=BEGIN)
    one = replica(agreement)
    one.adopt(agreement, by="aster", at=BEGIN)
    (first, _) = opening()
    assert late.submit(first.command, at=BEGIN)
    assert late.agreement.agreement.id == "harbour"


def test_acts_said_to_one_and_the_other_are_heard_in_one_order(two, agreement):
    acts = list(life(12))
    answers = [two[nth % 2].submit(act.command, at=act.at, key=act.key) for nth, act in enumerate(acts)]
    expected, digest = straight(agreement, acts)
    assert answers == expected
    for one in two:
        one.catch_up()
        assert state_digest(one.state) == digest
        assert (verify(one._store).findings, re_decide(one._store).findings) == ((), ())


def test_so_are_groups_and_of_an_act_under_its_key_the_same_comes_wherever_it_is_said_again(two, agreement):
    acts = list(life(12))
    answers = []
    for nth, start in enumerate(range(0, len(acts), 5)):
        group = acts[start : start + 5]
        if nth % 3:
            answers += two[nth % 2].submit_each(group)
        else:
            answers += two[nth % 2].submit_many(group)
    expected, digest = straight(agreement, acts)
    assert answers == expected
    size = two[0]._store.size
    for one in two:
        assert list(one.submit_each([act for act in acts if act.key])) == [e for a, e in zip(acts, expected, strict=True) if a.key]
        assert list(one.submit_many([act for act in acts if act.key])) == [e for a, e in zip(acts, expected, strict=True) if a.key]
        assert state_digest(one.state) == digest
        assert one._store.size >= size


def test_all_or_none_holds_for_who_is_behind_as_well(two):
    one, other = two
    acts = list(need(0, BEGIN + 60))
    one.submit(acts[0].command, at=acts[0].at, key=acts[0].key)
    wrong = Act(command=acts[1].command, at=acts[1].at, key=acts[0].key)
    for attempt in ([acts[1], wrong], [wrong, acts[1]]):
        with pytest.raises(BadInput, match="DIB154"):
            other.submit_many(attempt)
    assert not one._store.changed()
    with pytest.raises(ValueError, match="more than"):
        other.submit_many([acts[0]] * (GROUP_MAX + 1))
    assert other.submit_many(acts[:2])
    assert one._store.changed()


def test_a_clock_a_little_behind_says_the_time_of_the_last_act(two):
    one, other = two
    first, second, third, _ = need(0, BEGIN + 60)
    one.submit(first.command, at=first.at, key=first.key)
    other.submit(second.command, at=first.at - SKEW_MAX, key=second.key)
    assert [entry.at for entry in other._store.entries()][-2:] == [first.at, first.at]
    with pytest.raises(Unavailable, match="set the clock right") as raised:
        other.submit(third.command, at=first.at - SKEW_MAX - 1, key=third.key)
    assert (raised.value.code, raised.value.retry) == ("DIB162", True)
    assert re_decide(other._store).findings == ()


def test_of_two_that_would_wake_the_book_one_does_and_the_other_sees_it(two):
    one, other = two
    acts = list(need(0, BEGIN + 60, "silence"))
    one.submit_each(acts[:2])
    deadline = acts[1].at + 30 * 86_400
    assert one._store.due_at() == deadline
    with one._store.claimed(deadline + 5) as first, other._store.claimed(deadline + 5) as second:
        assert (first, second) == (True, False)
        one.wake(deadline + 5)
    with other._store.claimed(deadline + 5) as again:
        assert not again
    with other._store.alone(), other._store.claimed(deadline) as mine:
        assert mine, "who is alone need not ask"
    assert other.wake(deadline + 5) == one._store.due_at() != deadline
    lapses = [event for entry in other._store.entries() for event in entry.events if isinstance(event, RightLapsed)]
    assert [event.at for event in lapses] == [deadline]


def test_a_replica_that_is_behind_wakes_what_it_did_not_know_of(two):
    one, other = two
    acts = list(need(0, BEGIN + 60, "silence"))
    one.submit_each(acts[:2])
    deadline = acts[1].at + 30 * 86_400
    with other._store.claimed(deadline) as mine:
        assert mine
        other.wake(deadline)
    assert [entry.command for entry in one.catch_up()] == [Wake(by="clock")]


def test_catching_up_is_broken_off_at_an_altered_entry_and_the_state_is_that_before_it(two, postgres_url, agreement):
    one, other = two
    acts = list(need(0, BEGIN + 60))
    one.submit_each(acts)
    size = one._store.size
    change = "UPDATE dibs_entry SET at = at + %s WHERE seq = %s"
    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute("SET session_replication_role = replica")
        db.execute(change, (1, size - 2))
        for _ in range(2):
            with pytest.raises(BadInput, match="DIB156"):
                other.catch_up()
            assert other._store.size == size - 2
            assert state_digest(other.state) == straight(agreement, [*opening(), *acts[:2]])[1]
        with pytest.raises(BadInput, match="DIB156"):
            other.submit(Wake(by="clock"), at=acts[-1].at)
        db.execute(change, (-1, size - 2))
    assert len(other.catch_up()) == 2
    assert state_digest(other.state) == state_digest(one.state)


class Listener:
    """Keeps what it hears."""

    def __init__(self):
        self.heard = []

    def hear(self, entry, _):
        self.heard.append(entry)

    def freeze(self):
        return b""

    def thaw(self, frozen):
        pass


def test_a_listener_is_told_of_every_entry_once_whoever_wrote_it(replica, agreement):
    listener = Listener()
    one = replica(agreement)
    one.adopt(agreement, by="aster", at=BEGIN)
    other = replica(listener=listener)
    for nth, act in enumerate(life(6)):
        (one, other)[nth % 2].submit(act.command, at=act.at)
    other.catch_up()
    assert listener.heard == list(other._store.entries())


def test_a_replica_that_begins_from_a_snapshot_stands_where_the_others_do(postgres_url, agreement):
    acts = list(life(12))
    one = Broker(PostgresStore(postgres_url, signer=KEY), agreement, snapshot_after=5)
    one.adopt(agreement, by="aster", at=BEGIN)
    for act in acts[:20]:
        one.submit(act.command, at=act.at, key=act.key)
    with Broker(PostgresStore(postgres_url, signer=KEY), snapshot_after=5) as other:
        assert other._store.snapshot().size == 21
    late = PostgresStore(postgres_url, signer=KEY)
    for act in acts[20:25]:
        one.submit(act.command, at=act.at, key=act.key)
    late = Broker(late, snapshot_after=5)
    expected = [late.submit(act.command, at=act.at, key=act.key) for act in acts]
    assert expected == straight(agreement, acts)[0]
    one.catch_up()
    assert state_digest(one.state) == state_digest(late.state) == straight(agreement, acts)[1]
    for broker in (one, late):
        broker.close()


class Losing:
    """A store that loses its hold on the book each time."""

    def __init__(self, store, times):
        self._store = store
        self.times = times

    def append(self, entries, *, due=None):
        if self.times:
            self.times -= 1
            raise Behind
        self._store.append(entries, due=due)

    def __getattr__(self, name):
        return getattr(self._store, name)


@pytest.mark.parametrize(("times", "done"), [(1, True), (4, True), (1_000, False)])
def test_who_cannot_hold_the_book_tries_again_and_gives_up_after_a_while(replica, agreement, postgres_url, times, done):
    replica(agreement).adopt(agreement, by="aster", at=BEGIN)
    store = PostgresStore(postgres_url)
    broker = Broker(Losing(store, times))
    (first, _) = opening()
    if done:
        assert broker.submit(first.command, at=BEGIN)
    else:
        with pytest.raises(Unavailable, match="try again") as raised:
            broker.submit(first.command, at=BEGIN)
        assert (raised.value.code, raised.value.retry) == ("DIB152", True)
    assert store.size == 1 + done
    store.close()
