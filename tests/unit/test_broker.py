"""The loop: durable before acknowledged, once however often it is said, and the same after a restart."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dibs.broker import GROUP_MAX, Act, Broker
from dibs.contract.load import load
from dibs.contract.render import to_yaml
from dibs.decisions.compile import compile_agreement
from dibs.errors import BadInput, Unavailable
from dibs.journal.audit import re_decide, replay, state_digest, verify
from dibs.journal.checkpoint import SigningKey
from dibs.journal.entry import Entry
from dibs.procedure.commands import AdoptAgreement, ConfirmDelivery, ServeNotice, Wake
from dibs.procedure.events import AgreementAdopted, CommandRefused, Granted, RightLapsed
from dibs.procedure.intents import AskHolder, Deliver
from dibs.procedure.procedure import handle
from dibs.store.memory import MemoryStore
from dibs.store.sqlite import SqliteBook, SqliteStore
from dibs.testing.acts import BEGIN, life, need, opening

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"
KEY = SigningKey("example.com/harbour", bytes(32))


@pytest.fixture(scope="module")
def agreement():
    return compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def make(request, tmp_path):
    stores = []

    def make_store(name="book.db"):
        if request.param == "memory":
            stores.append(MemoryStore())
        elif request.param == "sqlite":
            stores.append(SqliteStore(tmp_path / name, secret=bytes(32), signer=KEY))
        else:
            from dibs.store.postgres import PostgresStore  # noqa: PLC0415 - its driver may not be installed

            stores.append(PostgresStore(request.getfixturevalue("postgres_url"), name, signer=KEY))
        return stores[-1]

    yield make_store
    for store in stores:
        store.close()


class Failing:
    """A store whose next writes fail."""

    def __init__(self, store):
        self._store = store
        self.fails = 0
        self.unreadable = False

    def entries(self, first=0):
        for nth, entry in enumerate(self._store.entries(first)):
            if self.unreadable and nth == 4:
                raise Unavailable("it cannot be read", code="DIB159", retry=True)
            yield entry

    def append(self, entries, *, due=None):
        if self.fails:
            self.fails -= 1
            raise Unavailable("the disk is full", code="DIB153", retry=True)
        self._store.append(entries, due=due)

    def __getattr__(self, name):
        return getattr(self._store, name)


def begun(store, agreement, **kwargs):
    broker = Broker(store, agreement, **kwargs)
    broker.adopt(agreement, by="aster", at=BEGIN)
    return broker


def run(broker, acts):
    return [broker.submit(act.command, at=act.at, key=act.key) for act in acts]


def test_what_was_said_and_what_came_of_it_is_on_record(make, agreement):
    store = make()
    broker = begun(store, agreement)
    acts = list(life(5))
    answers = run(broker, acts)
    kept = list(store.entries())
    assert [entry.command for entry in kept[1:]] == [act.command for act in acts]
    assert [entry.events for entry in kept[1:]] == answers
    assert [entry.at for entry in kept[1:]] == [act.at for act in acts]
    assert {entry.agreement for entry in kept} == {agreement.agreement.digest}
    assert sum(isinstance(event, Granted) for events in answers for event in events) == 6
    assert not any(isinstance(event, CommandRefused) for events in answers for event in events)


def test_a_restart_stands_where_the_last_broker_stood(make, agreement):
    store = make()
    broker = begun(store, agreement)
    run(broker, list(life(5))[:-3])
    before = broker.state
    if isinstance(store, SqliteStore):
        store.close()
        store = make()
    again = Broker(store)
    assert again.state == before
    assert state_digest(again.state) == state_digest(before)
    assert again.agreement.agreement == agreement.agreement, "compiled from the text in the book"
    run(again, list(life(5))[-3:])
    straight = begun(MemoryStore(), agreement)
    run(straight, life(5))
    assert state_digest(again.state) == state_digest(straight.state)


def test_acts_said_together_are_judged_one_after_the_other(make, agreement):
    alone, together = begun(make("a.db"), agreement), begun(make("b.db"), agreement)
    acts = list(life(5))
    assert together.submit_many(acts) == tuple(run(alone, acts))
    assert together.state == alone.state


def test_saying_an_act_again_does_nothing_and_says_the_same(make, agreement):
    store = make()
    broker = begun(store, agreement)
    acts = list(life(2))
    first = run(broker, acts)
    size = store.size
    for act, events in zip(acts, first, strict=True):
        if act.key:
            assert broker.submit(act.command, at=acts[-1].at, key=act.key) == events
    assert broker.submit_many([act for act in acts if act.key]) == tuple(e for a, e in zip(acts, first, strict=True) if a.key)
    assert store.size == size


def test_an_act_doubled_within_a_group_is_done_once(make, agreement):
    store = make()
    broker = begun(store, agreement)
    acts = [*opening(), *need(0, BEGIN + 60)]
    doubled = [act for act in acts for _ in range(2 if act.key else 1)]
    answers = broker.submit_many(doubled)
    assert store.size == 1 + len(acts)
    assert answers[2] == answers[3]


def test_a_key_cannot_stand_for_two_acts(make, agreement):
    store = make()
    broker = begun(store, agreement)
    first, other = list(need(0, BEGIN + 60))[:2]
    run(broker, [first])
    before = state_digest(broker.state), store.size
    for attempt in (
        lambda: broker.submit(other.command, at=other.at, key=first.key),
        lambda: broker.submit_many([other, Act(command=first.command, at=other.at, key=other.key)]),
    ):
        with pytest.raises(BadInput, match="DIB154"):
            attempt()
    assert (state_digest(broker.state), store.size) == before


def test_nothing_is_true_that_could_not_be_kept(make, agreement):
    store = Failing(make())
    broker = begun(store, agreement)
    acts = list(life(5))
    run(broker, acts[:6])
    before = state_digest(broker.state)
    for attempt in (lambda: run(broker, acts[6:7]), lambda: broker.submit_many(acts[6:12])):
        store.fails = 1
        with pytest.raises(Unavailable, match="full"):
            attempt()
        assert state_digest(broker.state) == before
        assert store.size == 7
    broker.submit_many(acts[6:])
    straight = begun(MemoryStore(), agreement)
    run(straight, acts)
    assert state_digest(broker.state) == state_digest(straight.state)


def test_a_group_that_failed_is_forgotten_even_if_the_book_cannot_be_read_at_once(make, agreement):
    store = Failing(make())
    broker = begun(store, agreement)
    acts = list(life(5))
    run(broker, acts[:6])
    before = state_digest(broker.state)
    store.fails = 1
    with pytest.raises(Unavailable):
        broker.submit_many(acts[6:12])
    store.unreadable = not store.shared  # where others write, too, a group is judged as a supposition, and there is nothing to put right
    for attempt in (lambda: broker.state, lambda: run(broker, acts[6:7]), lambda: broker.wake(acts[6].at)) if store.unreadable else ():
        with pytest.raises(Unavailable, match="cannot be read"):
            attempt()
    store.unreadable = False
    assert state_digest(broker.state) == before
    run(broker, acts[6:])
    assert state_digest(broker.state) == state_digest(Broker(store).state)


def test_a_refusal_is_recorded_like_any_answer(make, agreement):
    store = make()
    broker = begun(store, agreement)
    (refused,) = broker.submit(ConfirmDelivery(by="cinder", grant="nothing", quantity=1), at=BEGIN + 5)
    assert isinstance(refused, CommandRefused)
    assert store.size == 2


def test_before_an_agreement_is_adopted_nothing_can_be_judged(make, agreement):
    broker = Broker(make(), agreement)
    with pytest.raises(BadInput, match="DIB167"):
        broker.submit(Wake(by="clock"), at=BEGIN)
    with pytest.raises(BadInput, match="DIB167"):
        broker.submit(AdoptAgreement(by="aster", digest="0" * 64), at=BEGIN)
    with pytest.raises(BadInput, match="DIB167"):
        _ = broker.agreement


def test_an_agreement_without_the_text_of_its_digest_cannot_be_adopted(make, agreement):
    changed = compile_agreement(dataclasses.replace(agreement.agreement, text=agreement.agreement.text + "\n", digest="1" * 64))
    with pytest.raises(BadInput, match="DIB161"):
        Broker(make()).adopt(changed, by="aster", at=BEGIN)


def test_another_text_counts_from_its_adoption_on(make, agreement):
    store = make()
    broker = begun(store, agreement)
    later = load(to_yaml(dataclasses.replace(agreement.agreement, title="The same, restated")), "later.yaml")
    events = broker.adopt(compile_agreement(later), by="aster", at=BEGIN + 50)
    assert any(isinstance(event, AgreementAdopted) for event in events)
    run(broker, opening(BEGIN + 60))
    assert [entry.agreement for entry in store.entries()] == [agreement.agreement.digest, *[later.digest] * 3]
    assert set(store.texts()) == {agreement.agreement.digest, later.digest}
    assert Broker(store).agreement.agreement.title == "The same, restated"
    assert (verify(store).findings, re_decide(store).findings) == ((), ())


def test_a_clock_that_goes_back_stops_the_book_and_loses_nothing(make, agreement):
    store = make()
    broker = begun(store, agreement)
    run(broker, opening(BEGIN + 100))
    for attempt in (lambda: broker.wake(BEGIN + 97), lambda: run(broker, opening(BEGIN + 97)), lambda: broker.submit_many(opening(BEGIN + 97))):
        with pytest.raises(Unavailable, match="set the clock right") as raised:
            attempt()
        assert (raised.value.code, raised.value.retry) == ("DIB162", True)
    assert store.size == 3
    again = Broker(store)
    with pytest.raises(Unavailable, match="set the clock right"):
        again.wake(BEGIN + 97)
    assert run(again, opening(BEGIN + 100)), "the same instant is not back"


class Standing:
    """A clock that is set by hand."""

    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


def test_the_clock_says_when_if_nobody_does(make, agreement):
    store = make()
    clock = Standing(BEGIN)
    broker = Broker(store, agreement, clock=clock)
    broker.adopt(agreement, by="aster")
    clock.at += 77
    broker.submit_many([Act(command=act.command) for act in opening()])
    assert [entry.at for entry in store.entries()] == [BEGIN, BEGIN + 77, BEGIN + 77]


def test_without_a_clock_every_command_says_when(agreement):
    with pytest.raises(TypeError, match="`at`"):
        Broker(MemoryStore(), agreement).adopt(agreement, by="aster")


def test_what_is_due_happens_at_its_instant_however_late_somebody_wakes(make, agreement):
    store = make()
    broker = begun(store, agreement)
    run(broker, opening())
    acts = list(need(0, BEGIN + 60, "silence"))
    run(broker, acts[:2])
    served = acts[1].at
    deadline = broker.wake(served + 5)
    assert deadline == served + 30 * 86_400
    size = store.size
    assert broker.wake(deadline - 1) == deadline
    assert store.size == size, "nothing was due, so nothing is on record"
    broker.wake(deadline + 12_345)
    (lapsed,) = [event for event in list(store.entries())[-1].events if isinstance(event, RightLapsed)]
    assert lapsed.at == deadline


def test_an_empty_wake_leaves_no_entry(make, agreement):
    store = make()
    broker = begun(store, agreement)
    assert broker.submit(Wake(by="clock"), at=BEGIN + 1) == ()
    assert broker.submit_many([Act(command=Wake(by="clock"), at=BEGIN + 1)]) == ((),)
    assert store.size == 1


class Desk:
    """Serves the notices that are outstanding; dies, if told so, before the book has heard of it."""

    def __init__(self, dies=False):
        self.dies = dies
        self.done = []

    def do(self, intent):
        self.done.append(intent)
        if self.dies:
            raise KeyboardInterrupt
        if isinstance(intent, AskHolder):
            terms = next(act.command.terms for act in need(0, BEGIN + 60) if isinstance(act.command, ServeNotice))
            yield ServeNotice(by=intent.by, offer=f"for {intent.request}", request=intent.request, terms=terms)


def test_what_is_outstanding_is_asked_again_after_a_crash(make, agreement):
    store = make()
    broker = begun(store, agreement, dispatcher=Desk(dies=True))
    run(broker, [*opening(), next(need(0, BEGIN + 60))])
    with pytest.raises(KeyboardInterrupt):
        broker.wake(BEGIN + 60)
    desk = Desk()
    again = Broker(store, agreement, dispatcher=desk)
    again.wake(BEGIN + 61)
    assert [type(intent) for intent in desk.done] == [AskHolder]
    assert list(again.state.offers) == ["for r-000000"]
    again.wake(BEGIN + 62)
    assert AskHolder not in {type(intent) for intent in desk.done[1:]}, "once it is served, nobody has to serve it"


def test_a_grant_is_outstanding_until_it_is_delivered(make, agreement):
    desk = Desk()
    broker = begun(make(), agreement, dispatcher=desk)
    *acts, delivery = [*opening(), *need(0, BEGIN + 60, "full")]
    run(broker, acts)
    broker.wake(acts[-1].at)
    assert [type(intent) for intent in desk.done] == [Deliver]
    run(broker, [delivery])
    broker.wake(delivery.at)
    assert len(desk.done) == 1


def test_a_group_has_a_largest_size(agreement):
    store = MemoryStore()
    broker = begun(store, agreement)
    acts = [Act(command=Wake(by="clock"), at=BEGIN)] * GROUP_MAX
    assert len(broker.submit_many(acts)) == GROUP_MAX
    with pytest.raises(ValueError, match="more than"):
        broker.submit_many([*acts, acts[0]])


def test_closing_signs_the_book_and_the_state_it_leads_to(tmp_path, agreement):
    path = tmp_path / "book.db"
    with begun(SqliteStore(path, signer=KEY), agreement) as broker:
        run(broker, life(5))
        digest = state_digest(broker.state)
    book = SqliteBook(path)
    assert verify(book, KEY.public).findings == ()
    replayed = replay(book)
    assert (replayed.findings, replayed.signed, replayed.digest) == ((), digest, digest)
    assert re_decide(book).findings == ()
    book.close()


def test_an_altered_book_is_not_taken_up(make, agreement):
    store = make()
    begun(store, agreement)

    class Altered(Failing):
        def entries(self, first=0):
            yield from self._store.entries(first)
            raise BadInput([])

    with pytest.raises(BadInput):
        Broker(Altered(store))


def test_the_book_holds_entries_and_nothing_that_is_not_in_them(agreement):
    """State is kept nowhere else: a fresh fold over the stored events gives it."""
    store = MemoryStore()
    broker = begun(store, agreement)
    run(broker, life(10))
    assert replay(store).state == broker.state
    assert all(isinstance(entry, Entry) for entry in store.entries())


def test_acts_of_one_commit_stand_each_for_itself(make, agreement):
    broker = begun(make(), agreement)
    acts = list(life(20))
    alone = begun(MemoryStore(), agreement)
    expected = [alone.submit(act.command, at=act.at) for act in acts]
    wrong = Act(command=acts[0].command, at=BEGIN - 1)
    heard = broker.submit_each([*acts, wrong])
    assert list(heard[:-1]) == expected
    assert isinstance(heard[-1], Unavailable)
    assert heard[-1].code == "DIB162"
    assert state_digest(broker.state) == state_digest(alone.state)


def test_all_that_was_due_before_a_group_happens_at_its_instant_within_it(make, agreement):
    """Its acts are judged as suppositions on a supposition: the timers two layers down count all the same."""
    broker, alone = begun(make(), agreement), begun(MemoryStore(), agreement)
    acts = [*opening(), *(act for nth in range(5) for act in list(need(nth, BEGIN + 60 + nth, "silence"))[:2])]
    acts.sort(key=lambda act: act.at)
    for one in (broker, alone):
        run(one, acts)
    late = [Act(command=Wake(by="clock"), at=BEGIN + 40 * 86_400), *opening(BEGIN + 41 * 86_400)]
    expected = [alone.submit(act.command, at=act.at, key=act.key) for act in late]
    assert [event.at - BEGIN - 30 * 86_400 for event in expected[0] if isinstance(event, RightLapsed)] == [120, 121, 122, 123, 124]
    assert list(broker.submit_each(late)) == expected
    assert state_digest(broker.state) == state_digest(alone.state)


def test_a_key_used_twice_in_one_commit_is_done_once_and_its_misuse_harms_nobody_else(make, agreement):
    broker = begun(make(), agreement)
    first, second = (act.command for act in list(life(20))[:2])
    heard = broker.submit_each([Act(command=command, at=BEGIN, key="one") for command in (first, first, second)] + [Act(command=second, at=BEGIN)])
    assert heard[0] == heard[1]
    assert isinstance(heard[2], BadInput)
    assert not isinstance(heard[3], BadInput)


def test_nothing_of_a_group_is_true_before_it_is_kept(make, agreement):
    store = Failing(make())
    broker = begun(store, agreement)
    before = state_digest(broker.state)
    store.fails = 1
    with pytest.raises(Unavailable):
        broker.submit_each(list(life(20)))
    assert state_digest(broker.state) == before


def test_what_would_come_of_an_act_is_told_and_not_kept(make, agreement):
    store = make()
    broker = begun(store, agreement)
    act = next(iter(life(20)))
    size, before = store.size, state_digest(broker.state)
    supposed = broker.suppose(act.command, at=act.at)
    assert (store.size, state_digest(broker.state)) == (size, before)
    assert broker.submit(act.command, at=act.at) == supposed


class Notes:
    """A listener that keeps the number of every entry it was told of."""

    def __init__(self):
        self.numbers = []
        self.told = 0

    def hear(self, entry, state):
        assert state.now >= max((event.at for event in entry.events), default=state.now)
        self.numbers.append(entry.seq)
        self.told += 1

    def freeze(self):
        return ",".join(map(str, self.numbers)).encode()

    def thaw(self, frozen):
        self.numbers = [int(number) for number in frozen.decode().split(",")]


class Stumbling(Notes):
    """It fails so often before it takes note."""

    fails = 0

    def hear(self, entry, state):
        if self.fails:
            self.fails -= 1
            raise OSError(self.fails)
        super().hear(entry, state)


WAYS = {"one by one": run, "in a group": Broker.submit_each, "all or none": Broker.submit_many}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_kept_is_not_denied_because_a_listener_failed(make, agreement, way):
    listener = Stumbling()
    broker = begun(make(), agreement, listener=listener)
    acts = list(life(5))
    listener.fails = 1
    answers = list(WAYS[way](broker, acts))
    assert answers == run(begun(MemoryStore(), agreement), acts)
    straight = begun(MemoryStore(), agreement)
    run(straight, acts)
    assert state_digest(broker.state) == state_digest(straight.state), "the next act is judged on all of them"
    assert listener.numbers == list(range(1 + len(acts))), "told again, and once"


def test_a_bug_in_judging_one_act_of_a_group_leaves_the_others_alone(make, agreement, monkeypatch):
    def stumbling(state, command, **kwargs):
        if isinstance(command, ServeNotice):
            raise KeyError(command.offer)
        return handle(state, command, **kwargs)

    broker = begun(make(), agreement)
    acts = [*opening(), *list(need(0, BEGIN + 60))[:2], *list(need(1, BEGIN + 600))[:1]]
    monkeypatch.setattr("dibs.broker.handle", stumbling)
    heard = broker.submit_each(acts)
    assert [type(one).__name__ for one in heard] == ["tuple", "tuple", "tuple", "KeyError", "tuple"]
    with pytest.raises(KeyError):
        broker.submit_many([Act(command=act.command, at=acts[-1].at) for act in acts[3:]])
    monkeypatch.undo()
    assert list(broker.state.requests) == ["r-000000", "r-000001"]
    assert broker.submit(acts[3].command, at=acts[4].at), "it may be said again once the bug is gone"


def test_a_listener_that_goes_on_failing_is_heard_of_at_the_next_look(agreement):
    listener = Stumbling()
    broker = begun(MemoryStore(), agreement, listener=listener)
    first, second = list(life(5))[:2]
    listener.fails = 3
    assert broker.submit(first.command, at=first.at)
    for _ in range(2):
        with pytest.raises(OSError, match=r"\d"):
            broker.submit(second.command, at=second.at)
    broker.submit(second.command, at=second.at)
    assert listener.numbers == [0, 1, 2]


def test_a_listener_is_not_told_of_what_was_not_kept(make, agreement):
    listener, store = Notes(), Failing(make())
    broker = begun(store, agreement, listener=listener)
    acts = list(life(5))
    store.fails = 1
    with pytest.raises(Unavailable):
        broker.submit_many(acts)
    assert listener.numbers == [0]
    broker.submit_many(acts)
    assert listener.numbers == list(range(1 + len(acts)))


def test_a_broker_begins_from_the_snapshot_that_the_last_one_left(tmp_path, agreement):
    with begun(SqliteStore(tmp_path / "book.db", signer=KEY), agreement, listener=Notes(), snapshot_after=10) as broker:
        broker.submit_each(list(life(20)))
        digest = state_digest(broker.state)
    notes = Notes()
    store = SqliteStore(tmp_path / "book.db", signer=KEY)
    with Broker(store, agreement, listener=notes, snapshot_after=10) as again:
        assert state_digest(again.state) == digest
        assert notes.told == 0
        assert notes.numbers == list(range(store.size))
        again.submit(Wake(by="clock"), at=again.state.now + 400 * 86_400)
        assert notes.numbers[-1] == store.size - 1
    book = SqliteBook(tmp_path / "book.db")
    assert not verify(book).findings
    assert not replay(book).findings
    assert not re_decide(book).findings
    book.close()


@pytest.mark.parametrize("made_by", ["dibs 0.0.9, 1", "dibs 0.1.0, 0", None])
def test_a_snapshot_of_another_version_is_passed_over_and_replaced(tmp_path, agreement, monkeypatch, made_by):
    path = tmp_path / "book.db"
    with monkeypatch.context() as then:
        if made_by is None:
            then.setattr("dibs.broker.mark", bytes)  # before anybody was named
        else:
            then.setattr("dibs.journal.snapshot.MADE_BY", made_by)
        with begun(SqliteStore(path, signer=KEY), agreement, listener=Notes(), snapshot_after=10) as broker:
            broker.submit_each(list(life(20)))
            digest = state_digest(broker.state)
    notes = Notes()
    with Broker(SqliteStore(path, signer=KEY), agreement, listener=notes, snapshot_after=10) as again:
        assert state_digest(again.state) == digest
        assert notes.numbers == list(range(notes.told)) != []
    notes = Notes()
    with Broker(SqliteStore(path, signer=KEY), agreement, listener=notes, snapshot_after=10) as third:
        assert state_digest(third.state) == digest
        assert notes.told == 0


@pytest.mark.parametrize("forged", ["state", "signature", "nothing of it"])
def test_a_snapshot_that_no_head_vouches_for_is_passed_over(tmp_path, agreement, forged):
    with begun(SqliteStore(tmp_path / "book.db", signer=KEY), agreement, snapshot_after=10) as broker:
        broker.submit_each(list(life(20)))
        digest = state_digest(broker.state)
    with closing(sqlite3.connect(tmp_path / "book.db")) as db, db:
        if forged == "state":
            db.execute("UPDATE snapshot SET state = CAST((SELECT state FROM snapshot) || x'00' AS BLOB)")
        elif forged == "signature":
            db.execute("UPDATE head SET state = replace(state, '\u2014', 'x') WHERE size = (SELECT max(size) FROM head)")
        else:
            db.execute("DELETE FROM snapshot")
    with Broker(SqliteStore(tmp_path / "book.db", signer=KEY), agreement, snapshot_after=10) as again:
        assert state_digest(again.state) == digest


def test_a_book_of_the_version_before_snapshots_is_read_as_it_is_and_becomes_one_of_this_version(tmp_path, agreement):
    path = tmp_path / "book.db"
    with begun(SqliteStore(path, signer=KEY), agreement, snapshot_after=10) as broker:
        broker.submit_each(list(life(20)))
        digest = state_digest(broker.state)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE snapshot")
        db.execute("PRAGMA user_version = 1")
    with closing(SqliteBook(path)) as book:
        assert not verify(book).findings
    with Broker(SqliteStore(path, signer=KEY), agreement, snapshot_after=10) as again:
        assert state_digest(again.state) == digest
    with closing(SqliteBook(path)) as book:
        assert not verify(book).findings
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert db.execute("SELECT count(*) FROM snapshot").fetchone() == (1,)
