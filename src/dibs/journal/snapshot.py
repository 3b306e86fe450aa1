"""A state as one run of bytes: what a head vouches for, and what a broker may begin from instead of the first entry.

The bytes are the digest's own: whoever has the signed digest of a state can tell whether a snapshot is that state.  A
snapshot saves time and proves nothing; the entries are the book, and with a doubt about it the broker replays them.

What a head vouches for is the bytes, and not that this dibs would have come to them: another version may give the same
events another meaning.  So what is kept beside a state says who made both, and only that version begins from them.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from dibs.procedure.state import State
from dibs.procedure.timers import Timers

VERSION = "0.1.0"
"""That of the package, which the core cannot ask: importing `dibs` fetches what reaches the world."""
MEANING = 1
"""To be counted up with every change between two releases to what events do to a state, who sees them, or how either is written down."""
MADE_BY = f"dibs {VERSION}, {MEANING}"
"""Whose reading of the book a snapshot is."""

_HINTS = get_type_hints(State)


def freeze(state: State) -> bytes:
    """Everything in the state, each thing in the order in which it came: the same on any machine."""
    return msgspec.msgpack.encode({name: _in_order(getattr(state, name)) for name in State.__struct_fields__})


def thaw(frozen: bytes) -> State:
    """The state again.  Raises `msgspec.DecodeError` if it is none."""
    parts = _DECODER.decode(frozen)
    return State(**{name: _as_it_was(name, getattr(parts, name)) for name in State.__struct_fields__})


def mark(beside: bytes) -> bytes:
    """What is to be kept beside a state, and who made them."""
    return msgspec.msgpack.encode((MADE_BY, beside))


def unmark(marked: bytes) -> bytes:
    """What is kept beside a state.  Raises `ValueError` if another version of dibs made them."""
    made_by, beside = msgspec.msgpack.decode(marked, type=tuple[str, bytes])
    if made_by != MADE_BY:
        message = f"the snapshot is by {made_by}"
        raise ValueError(message)
    return beside


def digest_of(frozen: bytes) -> bytes:
    """What a head vouches for."""
    return sha256(frozen).digest()


def _in_order(value: object) -> object:
    if isinstance(value, Timers):
        return sorted(value.at.items())
    if isinstance(value, frozenset):
        return sorted(value)
    return list(value.items()) if isinstance(value, dict) else value


def _written_as(hint: Any) -> Any:
    """The type of what `_in_order` makes of a value of this type."""
    if hint is Timers:
        return list[tuple[tuple[str, str], int]]
    if get_origin(hint) is dict:
        return list[tuple[get_args(hint)]]  # type: ignore[misc]
    return list[get_args(hint)[0]] if get_origin(hint) is frozenset else hint  # type: ignore[misc]


def _as_it_was(name: str, value: Any) -> Any:
    hint = _HINTS[name]
    if hint is Timers:
        timers = Timers()
        for (kind, whose), instant in value:
            timers.start(kind, whose, instant)
        return timers
    return get_origin(hint)(value) if get_origin(hint) in {dict, frozenset} else value


_DECODER = msgspec.msgpack.Decoder(msgspec.defstruct("Frozen", [(name, _written_as(_HINTS[name])) for name in State.__struct_fields__]))
