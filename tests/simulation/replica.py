"""Replicas of a service, reduced to what races: a broker on a shared book, asked over a socket.  Run by `test_replicas.py`.

One process imports everything and makes a replica of itself for every number it reads, so that a killed one is back at
once.  A replica hears lines `{"key", "command"}`, all that have come in at once in one commit, and answers each with
`{"key", "events"}` once it is kept, or `{"key", "retry"}`.  In between it wakes the book if that is due and nobody else does.
"""

from __future__ import annotations

import mmap
import os
import selectors
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from dibs.broker import Act, Broker
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.errors import DibsError, Unavailable
from dibs.journal.checkpoint import SigningKey
from dibs.procedure.commands import AnyCommand  # noqa: TC001 - msgspec reads it
from dibs.store.postgres import PostgresStore

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"
KEY = SigningKey("example.com/replicas", bytes(32))
SKEW = (0, 1, -1, 0)
"""Seconds by which each replica's clock is ahead."""
LOOK_EVERY = 0.02
"""Seconds between two looks at the clock and the book."""
ENCODER = msgspec.json.Encoder(order="sorted")


class Said(msgspec.Struct):
    key: str
    command: AnyCommand


class Clock:
    """Set by the test, the same for all replicas but for their skew."""

    def __init__(self, file: Path, skew: int) -> None:
        with file.open("rb") as opened:
            self._memory = mmap.mmap(opened.fileno(), 8, prot=mmap.PROT_READ)
        self._skew = skew

    def now(self) -> int:
        return struct.unpack("<q", self._memory[:])[0] + self._skew


class Replica:
    def __init__(self, number: int, folder: Path, url: str, agreement) -> None:
        self.number = number
        self.clock = Clock(folder / "clock", SKEW[number])
        self.stopped = False
        signal.signal(signal.SIGTERM, self.stop)
        while True:
            try:
                self.store = PostgresStore(url, signer=KEY, sign_every=64)
                self.broker = Broker(self.store, agreement, clock=self.clock)
                break
            except Unavailable:
                time.sleep(0.05)
        path = folder / f"replica-{number}"
        path.unlink(missing_ok=True)
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(str(path))
        self.door.listen(64)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.door, selectors.EVENT_READ)
        self.decoder = msgspec.json.Decoder(Said)

    def stop(self, *_) -> None:
        self.stopped = True

    def run(self) -> None:
        looked = 0.0
        while not self.stopped:
            said = self.listen()
            if said:
                self.hear(said)
            if time.monotonic() - looked > LOOK_EVERY:
                with suppress(Unavailable):
                    self.look()
                looked = time.monotonic()
        self.broker.close()

    def listen(self):
        said = []
        for chosen, _ in self.selector.select(LOOK_EVERY):
            if chosen.fileobj is self.door:
                self.selector.register(self.door.accept()[0].makefile("rwb", buffering=0), selectors.EVENT_READ, bytearray())
                continue
            data = chosen.fileobj.read(1 << 20)
            if not data:
                self.selector.unregister(chosen.fileobj)
                continue
            chosen.data.extend(data)
            *lines, rest = bytes(chosen.data).split(b"\n")
            chosen.data[:] = rest
            said += [(self.decoder.decode(line), chosen.fileobj) for line in lines]
        return said

    def hear(self, said) -> None:
        try:
            heard = self.broker.submit_each([Act(command=one.command, key=one.key) for one, _ in said])
        except Unavailable as error:
            heard = [error] * len(said)
        for (one, caller), outcome in zip(said, heard, strict=True):
            if isinstance(outcome, Unavailable) and outcome.retry:
                answer = {"key": one.key, "retry": str(outcome)}
            elif isinstance(outcome, DibsError):
                answer = {"key": one.key, "wrong": str(outcome)}
            else:
                answer = {"key": one.key, "events": ENCODER.encode(outcome).decode(), "by": self.number}
            with suppress(OSError):
                caller.write(ENCODER.encode(answer) + b"\n")

    def look(self) -> None:
        self.broker.wake()


def main() -> None:
    folder, url = Path(sys.argv[1]), sys.argv[2]
    agreement = compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        replica = os.fork()
        if not replica:
            Replica(int(line), folder, url, agreement).run()
            os._exit(0)
        os.write(1, f"{replica}\n".encode())


if __name__ == "__main__":
    main()
