"""Signed heads: what the keeper of a book vouches for, in a form that other people's tools read.

A head is a C2SP checkpoint (c2sp.org/tlog-checkpoint): three lines - the book's name, the number of entries, the root in
base64 - as the text of a signed note (c2sp.org/signed-note) with an Ed25519 signature.  Keys are written as Go's note
package writes them, `name+id+base64`, so that public witnesses can check and countersign heads.

Once a head was given to somebody, nothing before it can be changed unseen.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from dibs.journal.merkle import HASH_SIZE

if TYPE_CHECKING:
    from dibs.journal.merkle import Frontier

ED25519: Final = b"\x01"
"""The signature type of c2sp.org/signed-note."""

ID_SIZE = 4
SIGNATURE_SIZE = 64
SIGNATURES_MAX = 100
"""More signature lines than this are refused unread (bound is in)."""

STATE: Final = "/state"
"""Added to a book's name in the note that vouches for the state which the entries lead to."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a tree: whose, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a note.  Raises `ValueError` unless it is exactly three lines as `text` writes them."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0] or not (lines[1].isascii() and lines[1].isdigit()):
            message = "a head is three lines: the book's name, the number of entries, the root in base64"
            raise ValueError(message)
        checkpoint = cls(lines[0], int(lines[1]), _unbase64(lines[2]))
        if len(checkpoint.root) != HASH_SIZE or checkpoint.text != text:
            message = "the head is not written as a checkpoint is written"
            raise ValueError(message)
        return checkpoint


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """Whose signature is believed: a name and an Ed25519 public key of 32 bytes."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that say which key of that name signed."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:ID_SIZE]

    def __str__(self) -> str:
        """`name+id+base64`: what is handed to whoever wants to check."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifyingKey:
        """Read what `str` writes.  Raises `ValueError` with a sentence when it is not that."""
        name, encoded = _parts(text.strip(), "key")
        key = cls(name, encoded[1:])
        if encoded[:1] != ED25519 or len(key.public) != 32 or str(key) != text.strip():
            message = f"`{text.strip()}` is not the public key of a book: its parts do not belong together"
            raise ValueError(message)
        return key

    def open(self, note: str) -> str:
        """The text of a note, if this key signed it.  Signatures of others are left alone.  Raises `ValueError` otherwise."""
        text, found, rest = note.rpartition("\n\n")
        if not found or not rest.endswith("\n"):
            message = "it is not a signed note: text, an empty line, signatures"
            raise ValueError(message)
        text += "\n"
        lines = rest[:-1].split("\n")
        if len(lines) > SIGNATURES_MAX:
            message = f"it carries more than {SIGNATURES_MAX} signatures"
            raise ValueError(message)
        signed = False
        for line in lines:
            dash, _, named = line.partition(" ")
            name, _, encoded = named.partition(" ")
            signature = _unbase64(encoded)
            if dash != "\N{EM DASH}" or not name or len(signature) <= ID_SIZE:
                message = f"`{line}` is not a signature"
                raise ValueError(message)
            if name != self.name or signature[:ID_SIZE] != self.id:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature[ID_SIZE:], text.encode())
            except InvalidSignature as error:
                message = f"the signature of `{name}` does not belong to this text"
                raise ValueError(message) from error
            signed = True
        if not signed:
            message = f"`{self.name}` did not sign it"
            raise ValueError(message)
        return text


class SigningKey:
    """What a book's heads are signed with.  The name is the book's, best a URL without its scheme: `example.com/harbour`."""

    __slots__ = ("_private", "public")

    def __init__(self, name: str, seed: bytes) -> None:
        """`seed` is the Ed25519 private key: 32 bytes from a source of randomness."""
        if not name or "+" in name or any(character.isspace() for character in name):
            message = f"`{name}` cannot name a book: no white space and no `+`"
            raise ValueError(message)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = VerifyingKey(name, self._private.public_key().public_bytes_raw())

    def __str__(self) -> str:
        """`PRIVATE+KEY+name+id+base64`: keep it where nobody else reads."""
        secret = base64.b64encode(ED25519 + self._private.private_bytes_raw()).decode()
        return f"PRIVATE+KEY+{self.public.name}+{self.public.id.hex()}+{secret}"

    def __repr__(self) -> str:
        """The name; never the secret."""
        return f"SigningKey({self.public.name})"

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """Read what `str` writes.  Raises `ValueError` with a sentence (that does not repeat the secret) when it is not that."""
        kind, _, rest = text.strip().partition("PRIVATE+KEY+")
        name, encoded = _parts(rest, "private key")
        message = "the private key cannot be read: it is `PRIVATE+KEY+name+id+base64` on one line"
        if kind or encoded[:1] != ED25519 or len(encoded) != 33:
            raise ValueError(message)
        key = cls(name, encoded[1:])
        if str(key) != text.strip():
            raise ValueError(message)
        return key

    def sign(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a signed note.  The same text always gets the same signature."""
        text = checkpoint.text
        signature = base64.b64encode(self.public.id + self._private.sign(text.encode())).decode()
        return f"{text}\n\N{EM DASH} {self.public.name} {signature}\n"


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head as it is stored.  `state`, where there is one, is the same for the digest of the state at that size."""

    size: int
    note: str
    state: str = ""


def sign_head(key: SigningKey, frontier: Frontier, state: bytes = b"") -> Head:
    """Vouch for the book as it stands, and for the state it leads to if its SHA-256 is given."""
    name = key.public.name
    note = key.sign(Checkpoint(name, frontier.size, frontier.root()))
    return Head(frontier.size, note, key.sign(Checkpoint(name + STATE, frontier.size, state)) if state else "")


def _parts(text: str, what: str) -> tuple[str, bytes]:
    """Name and key bytes of `name+id+base64`; the base64 may hold a plus itself."""
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    try:
        return name, _unbase64(encoded)
    except ValueError:
        message = f"the {what} cannot be read: it is `name+id+base64` on one line"
        raise ValueError(message) from None  # the cause repeats the text, and that may be a secret


def _unbase64(text: str) -> bytes:
    """Standard base64, in the one way of writing it that there is."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        message = f"`{text}` is not base64"
        raise ValueError(message) from error
    if base64.b64encode(data).decode() != text:
        message = f"`{text}` is not base64 as it is written"
        raise ValueError(message)
    return data
