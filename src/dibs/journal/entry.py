"""One entry of the book, and the leaf under which it stands in the tree.

An entry is one command, heard at one instant under one text of the agreement, with the events that answered it.

**Canonical JSON.**  Commands and events are written as UTF-8 JSON without white space; members in the order of their
names; members at their default left out; whole numbers only; decimals as strings, exactly as they were given (`"2.10"`
stays `"2.10"`); only quote, backslash and control characters escaped.  The same act is the same bytes on any machine.

**Leaf.**  What the tree holds is not the entry but a leaf that commits to it and discloses nothing of its content::

    {"agreement":HEX,"at":N,"command":HEX,"events":[HEX,...],"key":HEX,"previous":HEX,"seq":N,"v":1}

`agreement` is the SHA-256 of the text in force; `previous` the leaf hash before (zeros at first); `command`, each of
`events` and `key` (left out if there is none) are commitments, SHA-256 over a two byte, a salt of 16 bytes and the
text.  In the texts of command and events every confidential value - prices, the other terms of a counterparty, the
figures behind a reason - has itself given way to `{"hidden":HEX}`, a commitment of its own (the same value under the
same name within an entry has the same one).  So each command, each event and each confidential value can be shown
without the others, and none can be guessed by trying likely prices.  All salts of an entry grow out of one secret of
32 bytes that is kept beside it; showing some tells nothing of the rest.
"""

from __future__ import annotations

import re
from hashlib import blake2b, sha256, shake_256
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from dibs.errors import BadInput, Finding, Mark
from dibs.journal.merkle import Frontier, leaf_hash
from dibs.procedure.commands import AnyCommand
from dibs.procedure.events import AnyEvent
from dibs.quantities import Instant, iso, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FORMAT: Final = 1
"""The version of the leaf; what is confidential is part of it.  A new one never changes how an old entry is read."""

CONFIDENTIAL: Final = (
    "address",
    "delivery_tolerance",
    "have",
    "need",
    "offeror",
    "only_with",
    "open_until",
    "outside_price",
    "package",
    "payment",
    "prepayment",
    "price",
    "price_max",
    "richer_than",
    "service_level",
    "signed",
    "take_or_pay",
    "unusual",
    "value",
    "warrants",
)
"""The members, at any depth, whose values a leaf hides: what a counterparty pays or promises, and the figures compared."""

FIRST: Final = bytes(32)
"""What stands for the leaf before the first."""

SALT_SIZE = 16
SECRET_SIZE = 32

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_RECORD = rb'\{[^"{}]*+(?:' + _STRING + rb'[^"{}]*+)*+\}'
_LIST = rb"\[(?:(?:" + _STRING + rb"|" + _RECORD + rb"),?)*+\]"
_HIDES = re.compile(rb'("(?:' + "|".join(CONFIDENTIAL).encode() + rb')":(?:' + _STRING + rb"|" + _LIST + rb"|[^][{},]+))")
"""A confidential member in canonical JSON: a scalar, or a list of texts or of flat records.  A quote inside a string is
escaped, so this never matches inside one."""

Hidden: TypeAlias = tuple[str, bytes, bytes]
"""(name, salt, value as JSON)."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said, and what came of it.  `at` is when it was heard; `agreement` the digest of the text that counted."""

    seq: int
    at: Instant
    agreement: str
    command: AnyCommand
    events: tuple[AnyEvent, ...]
    key: str = ""
    """What the sender calls this act, so that saying it twice does it once; empty if it gave no name."""


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it is stored: canonical JSON, the secret its salts grow from, and its place in the chain and the tree."""

    seq: int
    at: Instant
    agreement: str
    command: bytes
    events: bytes
    """A JSON array."""
    key: str = ""
    secret: bytes
    previous: bytes
    leaf: bytes
    """The leaf hash (RFC 6962)."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A command, an event or a key with what opens its commitment: `commitment(salt, text)` stands in the leaf."""

    salt: bytes
    text: bytes
    """As committed to: confidential values hidden."""
    values: tuple[Hidden, ...] = ()
    """Every hidden value, in order."""


def commitment(salt: bytes, text: bytes) -> str:
    """The digest that binds to `text` and tells nothing about it without `salt`."""
    return sha256(b"\x02" + salt + text).hexdigest()


def shown(*, command: bytes, events: Sequence[bytes], key: str, secret: bytes) -> tuple[Shown, ...]:
    """Everything an entry commits to: its command, each event, and its key if it has one; in the order of the leaf."""
    texts, salts, hidden = _hide((command, *events), secret)
    out = []
    for text, salt, members in zip(texts, salts, hidden, strict=False):
        values = []
        for member, grain in members:
            name, _, value = member.partition(b":")
            values.append((name[1:-1].decode(), grain, value))
        out.append(Shown(salt=salt, text=text, values=tuple(values)))
    if key:
        out.append(Shown(salt=salts[-1], text=key.encode()))
    return tuple(out)


def leaf_text(*, seq: int, at: Instant, agreement: str, command: bytes, events: Sequence[bytes], key: str, secret: bytes, previous: bytes) -> bytes:
    """The leaf of an entry, in full."""
    texts, salts, _ = _hide((command, *events), secret)
    heard, *happened = map(commitment, salts, texts)
    listed = '","'.join(happened)
    quoted = f'"{listed}"' if happened else ""
    name = f'"key":"{commitment(salts[-1], key.encode())}",' if key else ""
    return (
        f'{{"agreement":"{agreement}","at":{at},"command":"{heard}","events":[{quoted}],{name}'
        f'"previous":"{previous.hex()}","seq":{seq},"v":{FORMAT}}}'
    ).encode()


def _hide(texts: Sequence[bytes], secret: bytes) -> tuple[list[bytes], list[bytes], list[list[tuple[bytes, bytes]]]]:
    """The texts with every confidential value replaced by its commitment; their salts and one for the key; and what each hides: (member, salt).

    The salts are one stream: first those of the texts, then that of the key, then those of the hidden values in order.
    """
    split = [_HIDES.split(text) for text in texts]
    fixed = len(texts) + 1
    size = SALT_SIZE * (fixed + sum([len(pieces) >> 1 for pieces in split]))
    stream = shake_256(secret).digest(size)
    done = SALT_SIZE * fixed
    before: dict[bytes, tuple[bytes, bytes]] = {}
    hidden: list[list[tuple[bytes, bytes]]] = []
    for pieces in split:
        members = []
        for place in range(1, len(pieces), 2):
            member = pieces[place]
            known = before.get(member)
            if known is None:
                salt = stream[done : done + SALT_SIZE]
                name = member.index(b":") + 1
                digest = sha256(b"\x02" + salt + member[name:]).hexdigest()
                before[member] = known = (salt, member[:name] + b'{"hidden":"' + digest.encode() + b'"}')
            done += SALT_SIZE
            members.append((member, known[0]))
            pieces[place] = known[1]
        hidden.append(members)
    salts = [stream[start : start + SALT_SIZE] for start in range(0, SALT_SIZE * fixed, SALT_SIZE)]
    return [b"".join(pieces) for pieces in split], salts, hidden


class Sealer:
    """Turns entries into leaves, one after the other, and keeps the tree's frontier.

    `secret` is what the salts grow from: the same secret gives the same book, so a simulation takes it from its seed;
    a live book takes it from the machine's source of randomness and need not remember it, since each entry keeps its own.
    """

    __slots__ = ("_encoder", "_secret", "frontier", "previous")

    def __init__(self, secret: bytes) -> None:
        """Begin an empty book."""
        self._secret = secret
        self._encoder = msgspec.json.Encoder(order="sorted")
        self.previous = FIRST
        self.frontier = Frontier()

    def follow(self, leaf: bytes) -> None:
        """Take in a leaf that is there already."""
        self.previous = leaf
        self.frontier.append(leaf)

    def seal(self, entry: Entry) -> Sealed:
        """The entry as it is stored.  It has to be the next one."""
        if entry.seq != self.frontier.size:
            message = f"entry {entry.seq} cannot follow a book of {self.frontier.size}"
            raise AssertionError(message)
        encode = self._encoder.encode
        command = encode(entry.command)
        events = [encode(event) for event in entry.events]
        secret = blake2b(entry.seq.to_bytes(8, "big"), key=self._secret, digest_size=SECRET_SIZE).digest()
        leaf = leaf_hash(
            leaf_text(
                seq=entry.seq,
                at=entry.at,
                agreement=entry.agreement,
                command=command,
                events=events,
                key=entry.key,
                secret=secret,
                previous=self.previous,
            )
        )
        sealed = Sealed(
            seq=entry.seq,
            at=entry.at,
            agreement=entry.agreement,
            command=command,
            events=b"[%b]" % b",".join(events),
            key=entry.key,
            secret=secret,
            previous=self.previous,
            leaf=leaf,
        )
        self.follow(leaf)
        return sealed

    def mark(self) -> tuple[bytes, Frontier]:
        """A place to come back to if what was sealed since could not be kept."""
        return self.previous, self.frontier.copy()

    def rewind(self, mark: tuple[bytes, Frontier]) -> None:
        """Forget what was sealed since `mark`."""
        self.previous, self.frontier = mark


class Opener:
    """Reads stored entries back, and finds any one of their bytes changed."""

    __slots__ = ("_command", "_events", "_list")

    def __init__(self) -> None:
        """Make the decoders once."""
        self._list = msgspec.json.Decoder(list[msgspec.Raw])
        self._command = msgspec.json.Decoder(AnyCommand)
        self._events = msgspec.json.Decoder(tuple[AnyEvent, ...])

    def split(self, sealed: Sealed, where: Mark) -> list[bytes]:
        """The events one by one, as they were committed to.  Raises `BadInput` if the list is not as it was written."""
        try:
            events = [bytes(event) for event in self._list.decode(sealed.events)]
        except msgspec.DecodeError as error:
            raise BadInput([altered(sealed.seq, where, f"its events cannot be read ({error})")]) from error
        if b"[%b]" % b",".join(events) != sealed.events:
            raise BadInput([altered(sealed.seq, where, "its list of events is not written as dibs writes it")])
        return events

    def check(self, sealed: Sealed, where: Mark) -> None:
        """Raise `BadInput` unless the leaf is that of exactly these values."""
        leaf = leaf_hash(
            leaf_text(
                seq=sealed.seq,
                at=sealed.at,
                agreement=sealed.agreement,
                command=sealed.command,
                events=self.split(sealed, where),
                key=sealed.key,
                secret=sealed.secret,
                previous=sealed.previous,
            )
        )
        if leaf != sealed.leaf:
            raise BadInput([altered(sealed.seq, where, "its values do not give its leaf")])

    def open(self, sealed: Sealed, where: Mark) -> Entry:
        """The entry again.  Raises `BadInput` if it holds a command or an event that this version does not know."""
        try:
            command = self._command.decode(sealed.command)
            events = self._events.decode(sealed.events)
        except msgspec.DecodeError as error:
            finding = Finding(
                "DIB168",
                f"entry {sealed.seq} holds something that this version of dibs does not know: {error}",
                where,
                "read the book with the version that wrote it, or a later one",
            )
            raise BadInput([finding]) from error
        return Entry(seq=sealed.seq, at=sealed.at, agreement=sealed.agreement, command=command, events=events, key=sealed.key)


def altered(seq: int, where: Mark, what: str) -> Finding:
    """The finding for an entry that is not what was once written."""
    return Finding("DIB156", f"entry {seq} was altered: {what}", where, "restore the book from a copy whose head you know; see how-to/recover")


class Row(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One line of `journal.jsonl`: all values that the owner may see, in an order that a person can read."""

    seq: int
    at: str
    command: msgspec.Raw
    events: msgspec.Raw
    agreement: str
    key: str = ""
    secret: str
    previous: str
    leaf: str


def to_row(sealed: Sealed) -> bytes:
    """The entry as a line of `journal.jsonl`, without the line's end."""
    key = b'"key":%b,' % msgspec.json.encode(sealed.key) if sealed.key else b""
    return b'{"seq":%d,"at":"%b","command":%b,"events":%b,"agreement":"%b",%b"secret":"%b","previous":"%b","leaf":"%b"}' % (
        sealed.seq,
        iso(sealed.at).encode(),
        sealed.command,
        sealed.events,
        sealed.agreement.encode(),
        key,
        sealed.secret.hex().encode(),
        sealed.previous.hex().encode(),
        sealed.leaf.hex().encode(),
    )


def from_row(line: bytes, where: Mark, *, decoder: msgspec.json.Decoder[Row] | None = None) -> Sealed:
    """Read a line of `journal.jsonl`.  Raises `BadInput` unless it is byte for byte what `to_row` writes."""
    try:
        row = (decoder or msgspec.json.Decoder(Row)).decode(line)
        sealed = Sealed(
            seq=row.seq,
            at=parse_instant(row.at),
            agreement=row.agreement,
            command=bytes(row.command),
            events=bytes(row.events),
            key=row.key,
            secret=bytes.fromhex(row.secret),
            previous=bytes.fromhex(row.previous),
            leaf=bytes.fromhex(row.leaf),
        )
    except (msgspec.DecodeError, ValueError) as error:
        finding = Finding(
            "DIB155",
            f"this line is not an entry: {error}",
            where,
            "if it is the last line, it was being written when the writer stopped: delete it; else restore the file",
        )
        raise BadInput([finding]) from error
    if to_row(sealed) != line:
        raise BadInput([altered(row.seq, where, "the line is not written as dibs writes it")])
    return sealed


def read_rows(lines: Iterable[bytes], file: str) -> Iterator[tuple[Sealed, Mark]]:
    """Every entry of a `journal.jsonl`, with its place.  Raises `BadInput` at the first line that is none."""
    decoder = msgspec.json.Decoder(Row)
    for number, line in enumerate(lines, start=1):
        where = Mark(file, number, 1)
        yield from_row(line.removesuffix(b"\n"), where, decoder=decoder), where


def plain_row(sealed: Sealed) -> dict[str, Any]:
    """The same line as plain values, for whoever judges the book without knowing dibs."""
    row: dict[str, Any] = msgspec.json.decode(to_row(sealed))
    return row
