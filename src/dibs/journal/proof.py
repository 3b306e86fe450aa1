"""One file that shows, to somebody who has no access to the book, how a grant came about.

A bundle holds the agreement's text, the entries that speak of the grant's need up to the grant itself - the request,
each notice and when it was served, each answer, the grant - with their paths in the tree, and a signed head.  Of each
entry it shows the commands and events that belong to this need, and of their confidential values only those asked for.
Whoever has the book's public key can check it with nothing else.

What it cannot show: that nothing else is in the book.  That is what an audit of the book itself is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from dibs.contract.amend import version_at
from dibs.contract.load import load
from dibs.errors import BadInput, Finding, Mark
from dibs.journal.checkpoint import Checkpoint, VerifyingKey
from dibs.journal.entry import CONFIDENTIAL, FORMAT, Opener, Sealed, Shown, commitment, leaf_text, shown
from dibs.journal.merkle import Tree, leaf_hash, verify_inclusion
from dibs.quantities import day_of, iso

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from dibs.journal.audit import Book
    from dibs.quantities import Instant

PROOF: Final = "proof/1"

STORY: Final = frozenset(
    {
        "RequestSubmitted",
        "RequestHeld",
        "RequestUndetermined",
        "DoubtEnded",
        "Ruled",
        "NoticeDefective",
        "OfferServed",
        "OfferTolled",
        "AnswerLate",
        "RightExercised",
        "RightDeclined",
        "RightCountered",
        "CounterAccepted",
        "RoundOpened",
        "RightLapsed",
        "RightWaived",
        "OfferWithdrawn",
        "OfferVoided",
        "MarketOpened",
        "ReofferDue",
        "RightRevived",
        "RightEnded",
        "HolderDefaulted",
        "Granted",
    }
)
"""The events that say how a need came to its grant."""

BINDS: Final = frozenset({"RequestHeld", "OfferServed", "ReofferDue", "RightRevived"})
"""After one of these the holder has to be asked or its answer awaited: the need may go to nobody else."""

FREES: Final = frozenset({"MarketOpened", "RightEnded", "RightWaived", "Ruled"})
"""After one of these it may."""

SPARES: Final = frozenset({"consented", "exempt", "on_holder_platform", "overridden", "sub_supply_counts", "suspended"})
"""A grant for one of these reasons is outside the right, whatever the holder has said."""

BY_SILENCE: Final = frozenset({"RightExercised", "RightWaived"})
"""Where the clause says so, silence accepts or waives: then these come at the deadline itself."""

ANSWERS: Final = frozenset({"RightExercised", "RightDeclined", "RightCountered", "RightLapsed", "RightWaived"})


class ShownValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens one hidden value: `commitment(salt, value)` stands in its item's text."""

    salt: str
    value: str


class ShownItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens one commitment of a leaf: a command or an event, with those of its hidden values that are shown."""

    salt: str
    text: str
    values: tuple[ShownValue, ...] = ()


class Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A leaf, as `dibs.journal.entry` describes it."""

    agreement: str
    at: int
    command: str
    events: tuple[str, ...]
    previous: str
    seq: int
    v: int
    key: str = ""


class ShownEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A leaf, its path to the root, and what is shown of it."""

    leaf: str
    path: tuple[str, ...]
    shown: tuple[ShownItem, ...]


class Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    dibs: Literal["proof/1"]
    grant: str
    agreements: tuple[str, ...]
    """The texts that counted, in the order in which they did."""
    entries: tuple[ShownEntry, ...]
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that a bundle shows: entry, instant of effect, and the event or command as plain values."""

    seq: int
    at: Instant
    what: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a bundle shows, after everything in it was checked."""

    grant: str
    request: str
    origin: str
    size: int
    digest: str
    """Of the agreement's text that counted when it was granted."""
    version: str
    """The version in force on the day of the first notice, or of the grant if there was none."""
    steps: tuple[Step, ...]

    @property
    def served_at(self) -> Instant | None:
        """When the last notice was served; none if nobody had to be asked."""
        return next((s.at for s in reversed(self.steps) if s.what == "OfferServed"), None)

    @property
    def answer(self) -> Step | None:
        """The holder's last answer, or the lapse."""
        return next((s for s in reversed(self.steps) if s.what in ANSWERS), None)

    def sentences(self) -> Iterator[str]:
        """The story, one line each."""
        for step in self.steps:
            names = (f"{name} {step.values[name]}" for name in ("offer", "holder", "quantity", "host", "reason") if step.values.get(name))
            yield f"entry {step.seq}, {iso(step.at)}: {step.what} {', '.join(names)}".rstrip()


def prove(book: Book, grant: str, *, disclose: Collection[str] = ()) -> bytes:
    """The bundle for one grant, as the text of a file.

    `disclose` names the confidential members whose values are shown (`price`, ...); `all` shows every one.  Raises
    `BadInput` if there is no such grant, or no signed head over it yet.
    """
    unknown = sorted(set(disclose) - set(CONFIDENTIAL) - {"all"})
    if unknown:
        fix = f"name some of: {', '.join(CONFIDENTIAL)}; or `all`"
        raise BadInput([Finding("DIB165", f"`{unknown[0]}` is not a value that a book hides", Mark(book.name), fix)])
    entries = list(book.sealed())
    story = _story(entries, grant)
    if story is None:
        fix = "list the grants that there are with `dibs audit replay`"
        raise BadInput([Finding("DIB165", f"there is no grant `{grant}` in the book", Mark(book.name), fix)])
    last = max(story)
    head = next((head for head in reversed(book.heads()) if head.size > last), None)
    if head is None:
        fix = "close the book, or have it signed, with its signing key"
        raise BadInput([Finding("DIB165", f"no signed head covers entry {last}, which holds the grant", Mark(book.name), fix)])
    tree = Tree(sealed.leaf for sealed, _ in entries[: head.size])
    opener = Opener()
    texts: dict[str, None] = {}
    out = []
    for seq in sorted(story):
        sealed, where = entries[seq]
        events = opener.split(sealed, where)
        leaf = leaf_text(
            seq=seq,
            at=sealed.at,
            agreement=sealed.agreement,
            command=sealed.command,
            events=events,
            key=sealed.key,
            secret=sealed.secret,
            previous=sealed.previous,
        )
        items = shown(command=sealed.command, events=events, key=sealed.key, secret=sealed.secret)
        out.append(
            ShownEntry(
                leaf=leaf.decode(),
                path=tuple(node.hex() for node in tree.inclusion(seq)),
                shown=tuple(_show(items[index], disclose) for index in story[seq]),
            )
        )
        texts[book.texts()[sealed.agreement]] = None
    bundle = Bundle(dibs="proof/1", grant=grant, agreements=tuple(texts), entries=tuple(out), head=head.note)
    return msgspec.json.format(msgspec.json.encode(bundle), indent=1) + b"\n"


def verify_bundle(text: bytes, key: VerifyingKey, name: str = "(proof)") -> Proven:
    """What the bundle shows.  Raises `BadInput` (DIB166) unless everything in it holds under this public key."""
    try:
        return _verify_bundle(text, key)
    except (ValueError, LookupError, TypeError, AttributeError, msgspec.DecodeError) as error:
        # Whoever holds the signing key can put anything into a book, events without their members too.
        why = str(error) if isinstance(error, ValueError) else f"what it shows is no entry of a book ({error!r})"
        finding = Finding("DIB166", f"the proof does not hold: {why}", Mark(name), "ask for it again, from somebody who has the book")
        raise BadInput([finding]) from error


def _verify_bundle(text: bytes, key: VerifyingKey) -> Proven:
    bundle = msgspec.json.decode(text, type=Bundle)
    head = Checkpoint.parse(key.open(bundle.head))
    _require(head.origin == key.name, "its head is that of another book")
    digests = [sha256(agreement.encode()).hexdigest() for agreement in bundle.agreements]
    steps: list[Step] = []
    order: dict[str, None] = {}
    before = -1
    for entry in bundle.entries:
        leaf = _leaf(entry.leaf)
        _require(leaf.seq > before, "its entries are not in their order")
        before = leaf.seq
        order[leaf.agreement] = None
        path = [_unhex(node, 32) for node in entry.path]
        _require(
            verify_inclusion(leaf_hash(entry.leaf.encode()), leaf.seq, head.size, path, head.root),
            f"entry {leaf.seq} is not in the book under this head",
        )
        steps += _steps(leaf, entry.shown)
    _require(list(order) == digests, "its texts are not those of the agreements that counted")
    granted = _check_story(bundle.grant, steps)
    agreement = load(bundle.agreements[-1], "the agreement in the proof")
    first = next((step for step in steps if step.what == "OfferServed"), granted)
    on = day_of(first.at, ZoneInfo(agreement.time_zone))
    return Proven(
        grant=bundle.grant,
        request=granted.values["request"],
        origin=head.origin,
        size=head.size,
        digest=digests[-1],
        version=version_at(agreement, on, on),
        steps=tuple(steps),
    )


def _story(entries: Sequence[tuple[Sealed, Mark]], grant: str) -> dict[int, list[int]] | None:
    """Which entries speak of the grant's need up to the grant, and which of their items; none if there is no such grant."""
    found = _find(entries, grant)
    if found is None:
        return None
    last, request = found
    about = {"request": {request}, "offer": set[str](), "grant": {grant}}
    needles = [_quoted(request), _quoted(grant)]
    story: dict[int, list[int]] = {}
    for seq, (sealed, _) in enumerate(entries[: last + 1]):
        if not any(needle in sealed.events for needle in needles):
            continue
        items = []
        for index, event in enumerate(msgspec.json.decode(sealed.events), start=1):
            if event["type"] not in STORY or not _speaks_of(event, about):
                continue
            if event["type"] == "Granted" and event["grant"] != grant:
                continue
            if event.get("offer") and event["offer"] not in about["offer"]:
                about["offer"].add(event["offer"])
                needles.append(_quoted(event["offer"]))
            items.append(index)
            if event["type"] == "Granted":
                break
        if items:
            command = msgspec.json.decode(sealed.command)
            own = command["type"] == "Wake" or _speaks_of(command, about)
            story[seq] = [0, *items] if own else items
    return story


def _find(entries: Sequence[tuple[Sealed, Mark]], grant: str) -> tuple[int, str] | None:
    """The entry that holds the grant, and the need it was granted for."""
    needle = _quoted(grant)
    for seq, (sealed, _) in enumerate(entries):
        if needle in sealed.events:
            for event in msgspec.json.decode(sealed.events):
                if event["type"] == "Granted" and event["grant"] == grant:
                    return seq, event["request"]
    return None


def _quoted(name: str) -> bytes:
    return msgspec.json.encode(name)


def _speaks_of(values: Mapping[str, Any], about: Mapping[str, Collection[str]]) -> bool:
    """Whether a command or an event is about this need: it names the request, one of its offers, or the grant."""
    for member, names in about.items():
        named = values.get(member)
        if isinstance(named, dict):
            named = named.get("id")
        if named in names:
            return True
    return False


def _show(item: Shown, disclose: Collection[str]) -> ShownItem:
    values = tuple(ShownValue(salt.hex(), value.decode()) for name, salt, value in item.values if name in disclose or "all" in disclose)
    return ShownItem(salt=item.salt.hex(), text=item.text.decode(), values=values)


def _leaf(text: str) -> Leaf:
    leaf = msgspec.json.decode(text, type=Leaf)
    _require(leaf.v == FORMAT, f"a leaf is not of version {FORMAT}")
    _require(msgspec.json.encode(leaf, order="sorted").decode() == text, "a leaf is not written as dibs writes it")
    return leaf


def _steps(leaf: Leaf, items: Sequence[ShownItem]) -> Iterator[Step]:
    """Open the commitments of a leaf: each item has to be one of them, in their order."""
    commitments = [leaf.command, *leaf.events]
    place = -1
    for item in items:
        digest = commitment(_unhex(item.salt, 16), item.text.encode())
        _require(digest in commitments[place + 1 :], f"what is shown of entry {leaf.seq} is not what it holds")
        place = commitments.index(digest, place + 1)
        text = item.text
        for hidden in item.values:
            hole = f'{{"hidden":"{commitment(_unhex(hidden.salt, 16), hidden.value.encode())}"}}'
            _require(text.count(hole) == 1, f"a value shown of entry {leaf.seq} is not the one it hides")
            text = text.replace(hole, hidden.value)
        values = msgspec.json.decode(text, type=dict[str, Any])
        yield Step(seq=leaf.seq, at=values.get("at", leaf.at), what=values["type"], values=values)


def _check_story(grant: str, steps: Sequence[Step]) -> Step:
    """The grant, if what came before it allowed it: the holder asked, its answer in time, the market open."""
    _require(bool(steps) and steps[-1].what == "Granted" and steps[-1].values["grant"] == grant, "it does not end with the grant")
    granted = steps[-1]
    about = {"request": {granted.values["request"]}, "offer": set[str](), "grant": {grant}}
    respond_by: dict[str, int] = {}
    taken: set[str] = set()
    bound = False
    market_until = 0
    for step in steps[:-1]:
        values, offer = step.values, step.values.get("offer", "")
        _require(step.what == "Wake" or _speaks_of(values, about), f"entry {step.seq} speaks of another need")
        about["offer"].add(offer)
        if step.what in {"OfferServed", "OfferTolled"}:
            respond_by[offer] = values["respond_by"]
        elif step.what == "RoundOpened":
            respond_by[offer] = values["until"]
        elif step.what in ANSWERS and offer:
            _require(offer in respond_by, f"entry {step.seq} answers an offer that was not served")
            late = step.at > respond_by[offer] if step.what in BY_SILENCE else step.at >= respond_by[offer]
            _require(late == (step.what == "RightLapsed"), f"entry {step.seq} is an answer out of its time")
        if step.what in {"RightExercised", "CounterAccepted"}:
            taken.add(offer)
        if step.what in BINDS or step.what in FREES:
            bound = step.what in BINDS
            market_until = values["until"] if step.what == "MarketOpened" else 0
    values = granted.values
    if values.get("offer"):
        _require(values["offer"] in taken, "the offer it fulfils was not taken up")
    elif values.get("from_market"):
        _require(granted.at < market_until, "the market was not open when it was granted")
    elif values.get("from_cover"):
        _require(any(step.what == "HolderDefaulted" for step in steps), "nobody had defaulted on what it covers")
    elif bound:
        spared = {reason["code"] for reason in values.get("because", ())} & SPARES
        _require(bool(spared), "it was granted while the holder had the first word")
    return granted


def _unhex(text: str, size: int) -> bytes:
    data = bytes.fromhex(text)
    _require(len(data) == size and data.hex() == text, f"`{text[:80]}` is not {size} bytes in hexadecimal")
    return data


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
