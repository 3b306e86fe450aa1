"""What is said over one connection, whoever carries it: send, wait, send again, read what came.

A question is a generator that says what is to be done next and is told what came of it, so that the client that blocks
and the one that does not share every rule.  Every write has a key, so sending it again is harmless: where a connection
broke off nobody knows whether the server heard, and the answer to the repeat is the answer to the first.
"""

from __future__ import annotations

import itertools
import re
import secrets
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from dibs.client.problem import read_problem
from dibs.client.wire import CloudEvent
from dibs.errors import Unavailable

if TYPE_CHECKING:
    import random
    from collections.abc import Generator, Mapping

    from dibs.client.ask import Ask

T = TypeVar("T")

AGAIN = frozenset({429, 502, 503, 504})
"""Answers after which the same call may go through."""
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often, and after how long, a call is made again."""

    attempts: int = 6
    """In all, the first one included (bound is in)."""
    pause: float = 0.25
    """Seconds before the second attempt at most; twice as long before each further one.  A part of it is left to chance."""
    pause_max: float = 20.0
    """No pause is longer, in seconds (bound is in), unless the server asks for it."""
    asked_max: float = 120.0
    """A server that asks for a longer pause than this (seconds) is not waited for."""

    def after(self, attempt: int, chance: random.Random) -> float:
        """How long to wait after so many attempts, in seconds: between a half and the whole of the pause."""
        spread: float = 0.5 + chance.random() / 2
        return min(self.pause_max, self.pause * 2.0 ** (attempt - 1)) * spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """To be sent."""

    method: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """To be waited, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Nothing came back: whether the server heard is not known."""

    says: str


class File(msgspec.Struct, frozen=True, kw_only=True):
    """What came back that is not JSON to be read, but a file to be kept."""

    content: bytes
    media_type: str
    name: str


def talk(ask: Ask[T], *, server: str, retries: Retries, chance: random.Random) -> Generator[Send | Pause, Reply | Lost | None, T]:
    """Ask, as often as it takes.  Raises `Problem` if the server cannot do it, `Unavailable` (DIB400, DIB401) if there is no answer to read."""
    headers = {"accept": "application/json, */*;q=0.5"}
    if ask.writes:
        headers["idempotency-key"] = ask.key or secrets.token_hex(16)
    content = None
    if ask.body is not None:
        headers["content-type"] = JSON
        content = _ENCODER.encode(ask.body)
    send = Send(method=ask.method, path=ask.path, parameters=ask.parameters, headers=headers, content=content)
    for attempt in itertools.count(1):
        reply = yield send
        assert reply is not None  # noqa: S101 - what is sent has an outcome
        if isinstance(reply, Reply) and reply.status not in AGAIN:
            return _read(ask, reply, server)
        asked = asked_pause(reply)
        if attempt >= retries.attempts or asked > retries.asked_max:
            raise failure(reply, server)
        yield Pause(seconds=asked + retries.after(attempt, chance))
    raise AssertionError  # the loop has no end of its own


_ENCODER = msgspec.json.Encoder(decimal_format="string")


def failure(reply: Reply | Lost, server: str) -> Exception:
    """What to raise for an answer that is none of ours, or that did not come."""
    if isinstance(reply, Lost):
        message = f"`{server}` does not answer ({reply.says}): check the address and whether the server runs, and say it again"
        return Unavailable(message, code="DIB400", retry=True)
    problem = read_problem(reply.body)
    if problem is not None:
        return problem
    message = f"`{server}` answered {reply.status} with something that dibs does not say: check that the address is that of a dibs server"
    return Unavailable(message, code="DIB401", retry=reply.status in AGAIN)


def asked_pause(reply: Reply | Lost) -> float:
    """How long the server asks to wait, in seconds."""
    said = reply.headers.get("retry-after", "") if isinstance(reply, Reply) else ""
    if said.isdecimal():
        return float(said)
    try:
        until, now = parsedate_to_datetime(said), parsedate_to_datetime(reply.headers.get("date", "")) if isinstance(reply, Reply) else None
    except ValueError:
        return 0.0
    return max(0.0, (until - now).total_seconds()) if now else 0.0


def _read(ask: Ask[T], reply: Reply, server: str) -> T:
    """The answer."""
    if not 200 <= reply.status < 300:
        raise failure(reply, server)
    kind = reply.headers.get("content-type", "").partition(";")[0].strip()
    if ask.file and (kind != JSON or ask.answer is None):
        named = re.search(r'filename="([^"]*)"', reply.headers.get("content-disposition", ""))
        return File(content=reply.body, media_type=kind, name=named[1] if named else "")  # type: ignore[return-value]
    try:
        answer: Any = None if ask.answer is type(None) and not reply.body else msgspec.json.decode(reply.body, type=ask.answer)
    except msgspec.DecodeError as error:
        raise failure(reply, server) from error
    return answer  # type: ignore[no-any-return]


class Following:
    """A stream of events (`text/event-stream`) that is opened again, where it was, as often as it breaks off."""

    def __init__(self, *, server: str, cursor: str, types: str, start: str, retries: Retries, chance: random.Random) -> None:
        """Begin after a cursor; without one with the `first` event there is, or with what comes `now`."""
        self._server = server
        self._cursor = cursor
        self._asked = {"types": types, "start": start}
        self._retries = retries
        self._chance = chance
        self._tries = 0
        self._pause: float | None = None
        self._begin()

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the address."""
        return {name: value for name, value in self._asked.items() if value and not (name == "start" and self._cursor)}

    @property
    def headers(self) -> dict[str, str]:
        """Where to go on."""
        return {"accept": "text/event-stream", **({"last-event-id": self._cursor} if self._cursor else {})}

    def _begin(self) -> None:
        self._id = ""
        self._data: list[str] = []

    def hear(self, line: str) -> tuple[str, CloudEvent] | None:
        """Take a line in: an event and the cursor behind it, if it was the end of one."""
        if not line:
            data, self._data = self._data, []
            if not data:
                return None
            self._tries, self._cursor = 0, self._id
            return self._id, _EVENT.decode("\n".join(data))
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "id":
            self._id = value
        elif name == "retry" and value.isdecimal():
            self._pause = int(value) / 1000
        return None

    def ended(self) -> float:
        """The server ended it: how long to wait before it is opened again, in seconds."""
        self._begin()
        self._tries = 0
        return self._retries.pause if self._pause is None else self._pause

    def broken(self, lost: Reply | Lost) -> float:
        """It could not be opened, or broke off: how long to wait, in seconds.  Raises what came instead of it when that is final."""
        self._begin()
        self._tries += 1
        asked = asked_pause(lost)
        final = isinstance(lost, Reply) and lost.status not in AGAIN
        if final or self._tries >= self._retries.attempts or asked > self._retries.asked_max:
            raise failure(lost, self._server)
        return asked + self._retries.after(self._tries, self._chance)


_EVENT = msgspec.json.Decoder(CloudEvent)
