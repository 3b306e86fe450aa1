"""Three audits of a book: was anything altered, does it lead to the same state, would the same be decided again.

`verify` reads every stored value and finds any one changed byte; it needs nothing but the book and, to know whose book
it is, a public key from elsewhere.  `replay` makes the state from the events alone.  `re_decide` hears every command
again under the agreement of its time and names the first entry whose events would be others today.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from dibs.contract.load import load
from dibs.decisions.compile import Compiled, compile_agreement
from dibs.errors import BadInput, Finding, Mark, Unavailable
from dibs.journal.checkpoint import STATE, Checkpoint, Head, VerifyingKey
from dibs.journal.entry import FIRST, Opener, Sealed
from dibs.journal.merkle import EMPTY_ROOT, Frontier
from dibs.journal.snapshot import digest_of, freeze
from dibs.procedure.procedure import apply, handle
from dibs.procedure.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

FINDINGS_MAX = 100
"""An audit stops counting here (bound is in): a book with more faults is not mended fault by fault."""

RESTORE = "restore the book from a copy whose head you know; see how-to/recover"


class Book(Protocol):
    """A book as it is stored, wherever it is stored."""

    @property
    def name(self) -> str:
        """What the user calls it: its file or folder."""

    def sealed(self) -> Iterator[tuple[Sealed, Mark]]:
        """Every entry, in order, with its place.  Raises `BadInput` where one cannot be read."""

    def texts(self) -> Mapping[str, str]:
        """Every agreement's text by its digest."""

    def heads(self) -> Sequence[Head]:
        """Every signed head, smallest first."""

    def signers(self) -> Sequence[VerifyingKey]:
        """Whose signatures the heads carry, as the book itself says."""

    def damage(self) -> Iterable[Finding]:
        """What is wrong with the files themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What `verify` saw.  Nothing was altered if there is no finding; entries from `signed` on no head vouches for yet."""

    entries: int
    root: bytes
    signed: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The state that the events lead to, its digest, and the digest that was signed with the last head (empty if none was)."""

    entries: int
    state: State
    digest: bytes
    signed: bytes
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReDecided:
    """How many entries were heard again, and those that would be answered otherwise; `first` is the first such entry."""

    entries: int
    first: int | None
    findings: tuple[Finding, ...]


def verify(book: Book, key: VerifyingKey | None = None) -> Verified:
    """Re-read everything.  With `key`, the last head has to carry its signature."""
    findings = list(book.damage())
    opener = Opener()
    frontier = Frontier()
    previous, expected = FIRST, 0
    roots = {0: EMPTY_ROOT}
    used: dict[str, tuple[int, Mark]] = {}
    signed = 0
    try:
        heads = book.heads()
        keys = book.signers()
        sizes = {head.size for head in heads}
        for sealed, where in book.sealed():
            try:
                if sealed.seq != expected or sealed.previous != previous:
                    raise BadInput([_out_of_order(sealed, expected, where)])  # noqa: TRY301 - noted with the others
                opener.check(sealed, where)
            except BadInput as error:
                findings += error.findings
                if len(findings) >= FINDINGS_MAX:
                    break
            used.setdefault(sealed.agreement, (sealed.seq, where))
            frontier.append(sealed.leaf)
            previous, expected = sealed.leaf, sealed.seq + 1
            if frontier.size in sizes:
                roots[frontier.size] = frontier.root()
        texts = book.texts()
        findings += _check_texts(texts, used, book.name)
        for head in heads:
            wrong = _check_head(head, keys, roots, book.name)
            findings += wrong
            signed = signed if wrong else head.size
        findings += _check_owner(heads, key, book.name)
    except BadInput as error:
        findings += error.findings
    except Unavailable as error:
        findings.append(Finding(error.code, str(error), Mark(book.name), RESTORE))
    return Verified(entries=frontier.size, root=frontier.root(), signed=signed, findings=tuple(findings[:FINDINGS_MAX]))


def replay(book: Book) -> Replayed:
    """Make the state from the events.  Raises `BadInput` where an entry cannot be read."""
    opener = Opener()
    state = State()
    entries = 0
    heads = {head.size: head for head in book.heads() if head.state}
    signed, digest, findings = b"", b"", []
    for sealed, where in book.sealed():
        for event in opener.open(sealed, where).events:
            state = apply(state, event)
        entries += 1
        if entries in heads:
            signed = Checkpoint.parse(heads[entries].state.partition("\n\n")[0] + "\n").root
            digest = state_digest(state)
            if digest != signed:
                finding = Finding(
                    "DIB163",
                    f"the first {entries} entries lead to another state than was signed: `{digest.hex()}`, not `{signed.hex()}`",
                    where,
                    "replay with the version of dibs that signed it; if that agrees, a later version has changed what events mean",
                )
                findings.append(finding)
    return Replayed(entries=entries, state=state, digest=state_digest(state), signed=signed, findings=tuple(findings))


def re_decide(book: Book) -> ReDecided:
    """Hear every command again.  Each is heard in the state that the recorded events made, so one difference is one finding."""
    opener = Opener()
    state = State()
    agreements = Agreements(book.texts(), book.name)
    entries, first = 0, None
    findings: list[Finding] = []
    for sealed, where in book.sealed():
        entry = opener.open(sealed, where)
        again = handle(state, entry.command, agreement=agreements[entry.agreement], at=entry.at)
        if tuple(again) != entry.events:
            first = entry.seq if first is None else first
            if len(findings) < FINDINGS_MAX:
                findings.append(_decided_otherwise(entry.seq, entry.events, tuple(again), where))
        for event in entry.events:
            state = apply(state, event)
        entries += 1
    return ReDecided(entries=entries, first=first, findings=tuple(findings))


class Agreements:
    """The agreements of a book by digest, compiled when they are first asked for."""

    def __init__(self, texts: Mapping[str, str], name: str) -> None:
        """`name` is the book's, for messages."""
        self._texts = texts
        self._name = name
        self._compiled: dict[str, Compiled] = {}

    def __getitem__(self, digest: str) -> Compiled:
        """The agreement with this digest.  Raises `BadInput` if its text is not there or does not load."""
        if digest not in self._compiled:
            if digest not in self._texts:
                raise BadInput([_text_missing(digest, Mark(self._name))])
            agreement = load(self._texts[digest], f"agreement {digest[:12]} in {self._name}")
            self._compiled[digest] = compile_agreement(agreement)
        return self._compiled[digest]


def state_digest(state: State) -> bytes:
    """SHA-256 over everything in the state, each thing in the order in which it came: the same on any machine."""
    return digest_of(freeze(state))


def vouches(note: str, state: bytes, size: int, keys: Sequence[VerifyingKey]) -> bool:
    """Whether one of the book's keys signed that its first `size` entries lead to the state with this digest."""
    try:
        _check_note(note, size, None, STATE, keys)
    except ValueError:
        return False
    return Checkpoint.parse(note.partition("\n\n")[0] + "\n").root == state


def _check_texts(texts: Mapping[str, str], used: Mapping[str, tuple[int, Mark]], name: str) -> Iterator[Finding]:
    for digest, text in texts.items():
        if sha256(text.encode()).hexdigest() != digest:
            yield Finding("DIB161", f"the agreement's text `{digest[:12]}` was altered", Mark(name), RESTORE)
    for digest, (seq, where) in used.items():
        if digest not in texts:
            yield _text_missing(digest, where, seq)


def _check_head(head: Head, keys: Sequence[VerifyingKey], roots: Mapping[int, bytes], name: str) -> list[Finding]:
    """A head has to be signed by the book's own key and to have the root that the entries give."""
    try:
        _check_note(head.note, head.size, roots.get(head.size), "", keys)
        if head.state:
            _check_note(head.state, head.size, None, STATE, keys)
    except ValueError as error:
        return [_head_wrong(head.size, str(error), name)]
    return []


def _check_owner(heads: Sequence[Head], key: VerifyingKey | None, name: str) -> list[Finding]:
    """The last head has to carry the signature of the key that was given."""
    if key is None:
        return []
    if not heads:
        return [_head_wrong(0, "there is none, so nobody vouches for the book", name)]
    try:
        key.open(heads[-1].note)
    except ValueError as error:
        return [_head_wrong(heads[-1].size, f"it is not vouched for by the key that was given: {error}", name)]
    return []


def _check_note(note: str, size: int, root: bytes | None, suffix: str, keys: Sequence[VerifyingKey]) -> None:
    """Raise `ValueError` unless one of the book's keys signed exactly this head.  A root of none is not known here."""
    reasons = ["the book names no public key"]
    for key in keys:
        try:
            text = key.open(note)
        except ValueError as error:
            reasons.append(str(error))
            continue
        checkpoint = Checkpoint.parse(text)
        if checkpoint.origin != key.name + suffix or checkpoint.size != size:
            message = "it is the head of another book or another size"
            raise ValueError(message)
        if not suffix and checkpoint.root != root:
            message = "the entries give another root" if root else "there are fewer entries than it vouches for"
            raise ValueError(message)
        return
    raise ValueError(reasons[-1])


def _out_of_order(sealed: Sealed, expected: int, where: Mark) -> Finding:
    if sealed.seq != expected:
        message = f"entry {expected} should stand here, and entry {sealed.seq} does: something is missing, doubled or moved"
    else:
        message = f"entry {sealed.seq} does not follow the one before it: its `previous` is another leaf"
    return Finding("DIB157", message, where, RESTORE)


def _text_missing(digest: str, where: Mark, seq: int | None = None) -> Finding:
    used = "" if seq is None else f", which counts from entry {seq} on"
    return Finding("DIB161", f"the agreement's text `{digest[:12]}`{used} is not in the book", where, RESTORE)


def _head_wrong(size: int, why: str, name: str) -> Finding:
    return Finding("DIB158", f"the head at {size} entries does not hold: {why}", Mark(name), RESTORE)


def _decided_otherwise(seq: int, was: Sequence[Any], now: Sequence[Any], where: Mark) -> Finding:
    at = next((i for i, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
    before = type(was[at]).__name__ if at < len(was) else "nothing"
    after = type(now[at]).__name__ if at < len(now) else "nothing"
    if before == after:
        fields = [f for f in was[at].__struct_fields__ if getattr(was[at], f) != getattr(now[at], f)]
        what = f"event {at + 1} is again `{before}`, with another `{'`, `'.join(fields)}`"
    else:
        what = f"event {at + 1} was `{before}` and would be `{after}`"
    return Finding(
        "DIB164",
        f"entry {seq} would be decided otherwise today: {what}",
        where,
        "look at the CHANGELOG for what changed a decision since, or ask who wrote the entry",
    )
