"""A writer that is killed at any moment has lost nothing that it acknowledged, and the next one goes on from there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dibs.broker import Broker
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.journal.audit import re_decide, replay, state_digest, verify
from dibs.journal.checkpoint import SigningKey
from dibs.journal.entry import Opener
from dibs.store.memory import MemoryStore
from dibs.store.sqlite import SqliteBook, SqliteStore
from dibs.testing.acts import BEGIN, life

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"
KEY = SigningKey("example.com/killed", bytes(32))
NEEDS = 450
"""More acts than all rounds together can take."""
ROUNDS = 12

NURSERY = f"""
import os, sys
from pathlib import Path
from dibs.broker import Broker
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.journal.checkpoint import SigningKey
from dibs.store.sqlite import SqliteStore
from dibs.testing.acts import BEGIN, life

agreement = compile_agreement(load(Path({str(HARBOUR)!r}).read_text(), "agreement.yaml"))
every = list(life({NEEDS}))

def say(what):
    os.write(1, f"{{what}}\\n".encode())

def write(book, group):
    store = SqliteStore(book, signer=SigningKey({KEY.public.name!r}, bytes(32)), sign_every=7)
    broker = Broker(store, agreement)
    if not broker.state.digest:
        broker.adopt(agreement, by="aster", at=BEGIN)
    done = [entry.key for entry in store.entries()][-1]
    acts = every[[act.key for act in every].index(done) + 1 if done else 0 :]
    say("ready")
    while acts:
        if group == 1:
            broker.submit(acts[0].command, at=acts[0].at, key=acts[0].key)
        else:
            broker.submit_many(acts[:group])
        acts = acts[group:]
        say(store.size)

for line in sys.stdin:
    book, group = line.rsplit(maxsplit=1)
    writer = os.fork()
    if not writer:
        write(book, int(group))
        os._exit(0)
    say(f"writer {{writer}}")
    os.waitpid(writer, 0)
    say("over")
"""
"""Starts a writer for every line it reads: (book, acts to a commit).  One process to import everything, one to be killed."""


@pytest.fixture(scope="module")
def nursery():
    with subprocess.Popen([sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()


@pytest.fixture(scope="module")
def straight():
    """The same acts without interruption: (command, events) of each entry."""
    agreement = compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))
    store = MemoryStore()
    broker = Broker(store, agreement)
    broker.adopt(agreement, by="aster", at=BEGIN)
    for act in life(NEEDS):
        broker.submit(act.command, at=act.at, key=act.key)
    return list(store.entries())


def killed(nursery, book, group, commits, after):
    """Start a writer, kill it a moment after it has acknowledged so many commits, and say how much it had acknowledged."""
    nursery.stdin.write(f"{book} {group}\n")
    nursery.stdin.flush()
    said = {nursery.stdout.readline(), nursery.stdout.readline()}
    (writer,) = [int(line.split()[1]) for line in said if line.startswith("writer")]
    assert "ready\n" in said
    acknowledged = [nursery.stdout.readline() for _ in range(commits)]
    time.sleep(after)
    os.kill(writer, signal.SIGKILL)
    acknowledged += iter(nursery.stdout.readline, "over\n")
    return int(acknowledged[-1]) if acknowledged else 0


@pytest.mark.parametrize("group", [1, 5])
def test_what_was_acknowledged_is_there_after_a_kill_at_any_moment(tmp_path, nursery, straight, group):
    chance = random.Random(group)
    book = tmp_path / "book.db"
    size = 0
    for _ in range(ROUNDS):
        acknowledged = killed(nursery, book, group, chance.randrange(6), chance.uniform(0, 0.004))
        assert acknowledged >= size or acknowledged == 0
        reader = SqliteBook(book)
        verified = verify(reader, KEY.public if reader.heads() else None)
        assert verified.findings == ()
        assert max(acknowledged, size) <= verified.entries <= max(acknowledged, size) + group
        reader.close()
        size = verified.entries
        store = SqliteStore(book)
        assert list(store.entries()) == straight[:size]
        store.close()
    assert size > ROUNDS
    broker = Broker(SqliteStore(book, signer=KEY))
    keys = {entry.key for entry in broker._store.entries()}
    acts = list(life(NEEDS))
    left = acts[max(n for n, act in enumerate(acts) if act.key in keys) + 1 :]
    for start in range(0, len(left), 100):
        broker.submit_many(left[start : start + 100])
    digest = state_digest(broker.state)
    broker.close()
    reader = SqliteBook(book)
    assert verify(reader, KEY.public).findings == ()
    assert (replay(reader).digest, replay(reader).findings) == (digest, ())
    assert re_decide(reader).first is None
    assert [(entry.command, entry.events) for entry in (Opener().open(sealed, where) for sealed, where in reader.sealed())] == [
        (entry.command, entry.events) for entry in straight
    ]
    reader.close()
