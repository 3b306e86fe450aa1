"""Four replicas race for the same offers and are killed throughout, the database crashes: one outcome each, nothing lost, nothing twice.

`--offers 10000` for the whole of it (some minutes); by default as many as fit into the suite.
"""

from __future__ import annotations

import os
import queue
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from dibs.broker import Broker
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.journal.audit import re_decide, replay, verify
from dibs.journal.checkpoint import SigningKey
from dibs.journal.entry import plain_row
from dibs.laws import judge
from dibs.procedure import commands as say
from dibs.quantities import DAY
from dibs.simulate.run import plain_agreement
from dibs.testing.acts import BEGIN, need, opening
from dibs.testing.databases import PostgresServer, why_not

pytest.importorskip("psycopg", reason="no driver for PostgreSQL is installed")

from dibs.store.postgres import PostgresBook, PostgresStore

HERE = Path(__file__).resolve().parent
HARBOUR = HERE.parents[1] / "examples/harbour/agreement.yaml"
KEY = SigningKey("example.com/replicas", bytes(32))
REPLICAS = 4
SENDERS = 6
WINDOW = 30 * DAY
"""In which the holder has to answer."""
ENDS = {"RightExercised": "answered", "RightDeclined": "answered", "RightLapsed": "lapsed", "OfferWithdrawn": "withdrawn", "OfferVoided": "amended"}
ENCODER = msgspec.json.Encoder(order="sorted")


class World:
    """The replicas, the clock, and those who speak to them."""

    def __init__(self, folder: Path, server: PostgresServer, url: str, seed: int) -> None:
        self.folder = folder
        self.server = server
        self.chance = random.Random(seed)
        self.at = BEGIN
        self.clock = (folder / "clock").open("wb", buffering=0)
        self.set_clock(BEGIN)
        self.nursery = subprocess.Popen([sys.executable, HERE / "replica.py", folder, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.replicas = [self.born(number) for number in range(REPLICAS)]
        self.killed = 0
        self.waiting: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self.acknowledged: dict[str, str] = {}
        self.by: Counter[int] = Counter()
        self.followed = 0
        """So many answers were looked at for what they promise."""
        self.retried = 0
        self.wrong: list[str] = []
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.senders = [threading.Thread(target=self.send, args=(seed + nth,), daemon=True) for nth in range(SENDERS)]
        for sender in self.senders:
            sender.start()

    def set_clock(self, at: int) -> None:
        self.at = at
        os.pwrite(self.clock.fileno(), struct.pack("<q", at), 0)

    # --- replicas

    def born(self, number: int) -> int:
        self.nursery.stdin.write(f"{number}\n")
        self.nursery.stdin.flush()
        return int(self.nursery.stdout.readline())

    def kill(self) -> None:
        """Kill one of them in whatever it is doing, and start another in its place."""
        number = self.chance.randrange(REPLICAS)
        os.kill(self.replicas[number], signal.SIGKILL)
        self.replicas[number] = self.born(number)
        self.killed += 1

    def stop(self) -> None:
        self.over.set()
        for _ in self.senders:
            self.waiting.put(None)
        for sender in self.senders:
            sender.join()
        for replica in self.replicas:
            os.kill(replica, signal.SIGTERM)
        for replica in self.replicas:
            until = time.monotonic() + 60
            while Path(f"/proc/{replica}").exists() and time.monotonic() < until:
                time.sleep(0.02)
            assert not Path(f"/proc/{replica}").exists(), "it signs the book and ends when it is told to"
        self.nursery.stdin.close()
        self.nursery.wait()
        self.nursery.stdout.close()
        self.clock.close()

    # --- senders

    def ask(self, key: str, command: say.AnyCommand) -> None:
        self.waiting.put((key, ENCODER.encode({"key": key, "command": command}) + b"\n"))

    def send(self, seed: int) -> None:
        """Say acts to whichever replica answers, and again under the same key until one has acknowledged."""
        chance = random.Random(seed)
        while (first := self.waiting.get()) is not None:
            acts = dict([first])
            while len(acts) < chance.choice([1, 4, 16]):
                try:
                    act = self.waiting.get_nowait()
                except queue.Empty:
                    break
                if act is None:
                    self.waiting.put(None)
                    break
                acts.update([act])
            self.until_acknowledged(acts, chance)

    def until_acknowledged(self, acts: dict[str, bytes], chance: random.Random) -> None:
        left = dict(acts)
        again = False
        while left:
            with self.lock:
                self.retried += len(left) if again else 0
            again = True
            try:
                with socket.socket(socket.AF_UNIX) as replica:
                    replica.settimeout(20)
                    replica.connect(str(self.folder / f"replica-{chance.randrange(REPLICAS)}"))
                    replica.sendall(b"".join(left.values()))
                    with replica.makefile("rb") as answers:
                        for _ in range(len(left)):
                            line = answers.readline()
                            if not line.endswith(b"\n"):
                                break  # it was killed
                            self.take(msgspec.json.decode(line), left)
            except OSError:
                time.sleep(0.01)

    def take(self, answer: dict, left: dict[str, bytes]) -> None:
        with self.lock:
            if "wrong" in answer:
                self.wrong.append(answer["wrong"])
            if "retry" not in answer:
                del left[answer["key"]]
                self.acknowledged[answer["key"]] = answer.get("events", "")
                self.by[answer.get("by", -1)] += 1

    def all_acknowledged(self, count: int, seconds: float = 120) -> None:
        until = time.monotonic() + seconds
        while len(self.acknowledged) < count:
            assert time.monotonic() < until, f"{len(self.acknowledged)} of {count} acknowledged"
            assert not self.wrong, self.wrong[0]
            time.sleep(0.005)


@pytest.fixture
def server():
    """It flushes, as one in service does."""
    if reason := why_not():
        pytest.skip(reason)
    with PostgresServer() as server:
        yield server


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_replicas_that_race_and_die_give_every_offer_one_outcome(tmp_path, server, request):
    offers = request.config.getoption("--offers")
    url = server.database("replicas")
    agreement = compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))
    with Broker(PostgresStore(url, signer=KEY), agreement) as first:
        first.adopt(agreement, by="aster", at=BEGIN)
        first.submit_many(opening(BEGIN))
    world = World(tmp_path, server, url, seed=request.config.getoption("--seed") or 1)
    every = 0.6 if offers <= 1000 else 3.0
    troubles = threading.Thread(target=trouble, args=(world, every))
    troubles.start()
    rounds = max(4, min(25, offers // 50))
    asked = 0
    crashed = 0
    try:
        for turn in range(rounds):
            mine = range(turn * offers // rounds, (turn + 1) * offers // rounds)
            world.set_clock(BEGIN + DAY + turn * (WINDOW + 2 * DAY))
            asked += served(world, mine, asked)
            if turn in {rounds // 3, 2 * rounds // 3}:
                restart = threading.Timer(0.05, crash, [world])
                restart.start()
                crashed += 1
                asked += raced(world, mine, asked)
                restart.join()
            else:
                asked += raced(world, mine, asked)
    finally:
        world.over.set()
        troubles.join()
        world.stop()
    assert crashed == 2
    judged(world, url, agreement, offers, asked)


def trouble(world: World, every: float) -> None:
    while not world.over.wait(world.chance.uniform(0.2, 1.8) * every):
        world.kill()


def crash(world: World) -> None:
    world.server.crash()
    time.sleep(0.1)
    world.server.start()


def served(world: World, numbers: range, asked: int) -> int:
    """Needs, and the holder is asked about each; all at one instant."""
    acts = 0
    for part in (0, 1):
        for number in numbers:
            act = list(need(number, world.at))[part]
            world.ask(f"{part}/{number}", act.command)
            acts += 1
        world.all_acknowledged(asked + acts)
    return acts


def raced(world: World, numbers: range, asked: int) -> int:
    """Around the last second of the window everybody acts on the same offers at once, and those that nobody answered lapse."""
    deadline = world.at + WINDOW
    world.set_clock(deadline - 2)
    acts = []
    for number in numbers:
        offer = f"o-{number:06}"
        terms = next(act.command.terms for act in need(number, deadline - WINDOW) if isinstance(act.command, say.ServeNotice))
        kinds = [
            say.Respond(by="borealis", offer=offer, quantity=world.chance.choice([2500, 5000])),
            say.Respond(by="borealis", offer=offer, quantity=0, reason="price"),
            say.WithdrawOffer(by="aster", offer=offer),
            say.ChangeTerms(by="aster", offer=offer, terms=msgspec.structs.replace(terms, price=Decimal("1.90"))),
        ]
        world.chance.shuffle(kinds)
        first = world.chance.random()
        acts += [(first, f"race {nth}/{number}", command) for nth, command in enumerate(kinds[: world.chance.choice([0, 2, 3, 4])])]
    acts.sort(key=lambda act: act[0])  # those about one offer come together, offers in any order
    for _, key, command in acts:
        world.ask(key, command)
    for eighths, at in zip((4, 6, 7, 8), range(deadline - 1, deadline + 3), strict=True):
        world.all_acknowledged(asked + len(acts) * eighths // 8)
        world.set_clock(at)
    world.all_acknowledged(asked + len(acts))
    return len(acts) + delivered(world, asked + len(acts))


def delivered(world: World, asked: int) -> int:
    """What was promised comes: a holder that fails to deliver loses its right."""
    acts = 0
    for events in list(world.acknowledged.values())[world.followed :]:
        for event in msgspec.json.decode(events):
            if event["type"] == "Granted":
                confirmed = say.ConfirmDelivery(by="borealis", grant=event["grant"], quantity=event["quantity"])
                world.ask(f"delivery {event['grant']}", confirmed)
                acts += 1
    world.followed = asked
    world.all_acknowledged(asked + acts)
    return acts


def judged(world: World, url: str, agreement, offers: int, asked: int) -> None:
    """What the book says, against what was acknowledged."""
    assert world.wrong == []
    assert len(world.acknowledged) == asked
    assert sorted(world.by) == [0, 1, 2, 3], "every replica acknowledged something"
    assert world.killed >= 4
    assert world.retried >= world.killed // 4
    with closing(PostgresBook(url)) as book:
        in_the_book(world, book, agreement, offers)


def in_the_book(world: World, book: PostgresBook, agreement, offers: int) -> None:
    """The book against what was acknowledged, the laws, and the three audits."""
    rows = list(book.sealed())
    by_key = Counter(sealed.key for sealed, _ in rows if sealed.key)
    assert [key for key, times in by_key.items() if times > 1] == []
    kept = {sealed.key: sealed.events.decode() for sealed, _ in rows if sealed.key}
    lost = [key for key in world.acknowledged if key not in kept]
    assert lost == []
    assert {key: kept[key] for key in world.acknowledged} == world.acknowledged, "what was acknowledged is what is on record"
    plain = [plain_row(sealed) for sealed, _ in rows]
    ends = Counter()
    outcomes: dict[str, list[str]] = {}
    for row in plain:
        for event in row["events"]:
            if event["type"] == "OfferServed":
                outcomes[event["offer"]] = []
            elif event["type"] in ENDS:
                outcomes[event["offer"]].append(event["type"])
                ends[ENDS[event["type"]]] += 1
    assert len(outcomes) == offers
    assert {offer: ended for offer, ended in outcomes.items() if len(ended) != 1} == {}
    assert set(ends) == {"answered", "lapsed", "withdrawn", "amended"}, "all of them won somewhere"
    assert sum(event["type"] == "CommandRefused" for row in plain for event in row["events"]) > offers // 2, "and lost elsewhere"
    assert {report.law: report.violations[:3] for report in judge(plain, plain_agreement(agreement.agreement)) if report.violations} == {}
    verified = verify(book, KEY.public)
    assert (verified.findings, verified.entries, verified.signed) == ((), len(rows), len(rows))
    replayed = replay(book)
    assert (replayed.findings, replayed.digest) == ((), replayed.signed)
    assert {offer.status for offer in replayed.state.offers.values()} & {"open", "served"} == set()
    assert re_decide(book).findings == ()
    print(f"{offers} offers, {len(rows)} entries, {dict(ends)}, {world.killed} kills, {world.retried} retries, acknowledged by {dict(world.by)}")
