"""The journal: its signed head, its entries, and proofs that a stranger can check."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from starlette.responses import Response

from dibs.journal.checkpoint import Checkpoint
from dibs.journal.merkle import Tree
from dibs.journal.proof import prove
from dibs.service.access import PROVES
from dibs.service.operation import Call, NoBody, NoQuery, operation
from dibs.service.problems import bad_query, not_found
from dibs.service.shapes import EventView, when

if TYPE_CHECKING:
    from dibs.broker import Store

EVENTS_MAX = 1_000
"""So many events one answer shows (bound is in): one entry may hold the lapses of a hundred thousand offers."""
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class HeadView(msgspec.Struct, frozen=True, kw_only=True):
    """A signed head (C2SP checkpoint): whose book, how many entries, their root; `note` is what is signed, `keys` check it."""

    origin: str
    size: int
    root: str
    note: str
    keys: tuple[str, ...]


class Entries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which entry on, and how many."""

    first: Number = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: when it was heard, what was said, by whom, and what came of it.

    An answer shows a thousand events; what it leaves out is counted, and stands in `GET /v1/events`.
    """

    number: int
    at: datetime
    command: str
    by: str
    agreement: str
    events: tuple[EventView, ...]
    left_out: int


class EntryList(msgspec.Struct, frozen=True, kw_only=True):
    """Entries in order; `size` is how many the book has."""

    items: tuple[EntryView, ...]
    size: int


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `grant` to prove, and which confidential values the proof shows, by their names, or `all`, with commas between."""

    grant: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    disclose: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Inclusion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That an entry is in the tree of `size` entries (default: the signed head's)."""

    size: Number = 0


class InclusionView(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 6962: the leaf's hash and the path to the root, in base64."""

    number: int
    size: int
    leaf: str
    path: tuple[str, ...]
    root: str


class Consistency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two sizes of the book, the older first."""

    first: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    second: Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class ConsistencyView(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 6962: that the book of `first` entries is the beginning of that of `second`; hashes in base64."""

    first: int
    second: int
    path: tuple[str, ...]


@operation("GET", "/v1/journal/head", "The signed head", roles=PROVES, side="house")
async def journal_head(call: Call[NoBody, NoQuery]) -> HeadView:
    """Signs the book as it stands and shows the head.  Whoever keeps it can prove later that nothing before it was changed."""
    store = call.front.office.store
    head = await asyncio.to_thread(_latest, store) if store.sign() is None else None
    with store.reader() as book:
        found = head or book.heads()[-1]
        keys = tuple(str(key) for key in book.signers())
    seen = Checkpoint.parse(found.note.partition("\n\n")[0] + "\n")
    return HeadView(origin=seen.origin, size=seen.size, root=base64.b64encode(seen.root).decode(), note=found.note, keys=keys)


def _latest(store: Store) -> Any:
    with store.reader() as book:
        heads = book.heads()
    if not heads:
        raise not_found("signed head", "latest")
    return heads[-1]


@operation("GET", "/v1/journal/entries", "Read the journal", roles=PROVES, side="house")
async def journal_entries(call: Call[NoBody, Entries]) -> EntryList:
    """Every act and what came of it, in order."""
    store, views, actor = call.front.office.store, call.front.views, call.actor
    first = min(call.query.first, store.size)
    entries = store.read(range(first, min(first + call.query.limit, store.size)))
    items, room = [], EVENTS_MAX
    for entry in entries:
        shown = entry.events[:room]
        room -= len(shown)
        items.append(
            EntryView(
                number=entry.seq,
                at=when(entry.at),
                command=type(entry.command).__name__,
                by=entry.command.by,
                agreement=entry.agreement,
                events=tuple(views.event(actor, event) for event in shown),
                left_out=len(entry.events) - len(shown),
            )
        )
    return EntryList(items=tuple(items), size=store.size)


@operation("GET", "/v1/journal/proof", "The proof of a grant", roles=PROVES, side="house", media=("application/json",))
async def journal_proof(call: Call[NoBody, Proof]) -> Response:
    """One file that somebody with no access can check offline: version in force, notice, service, answer, grant, and their places in the tree."""
    call.front.grant(call.actor, call.query.grant)
    store = call.front.office.store
    store.sign()
    names = tuple(name for name in call.query.disclose.split(",") if name)

    def make() -> bytes:
        with store.reader() as book:
            return prove(book, call.query.grant, disclose=names)

    headers = {"content-disposition": f'attachment; filename="{call.query.grant}.proof.json"'}
    return Response(await asyncio.to_thread(make), media_type="application/json", headers=headers)


@operation("GET", "/v1/journal/entries/{number}/inclusion", "That an entry is in the book", roles=PROVES, side="house")
async def journal_inclusion(call: Call[NoBody, Inclusion]) -> InclusionView:
    """The path from an entry's leaf to the root of the tree."""
    store = call.front.office.store
    number = int(call.path["number"]) if call.path["number"].isdecimal() and len(call.path["number"]) < 16 else -1
    size = call.query.size or store.size
    if not 0 <= number < size <= store.size:
        raise not_found("entry", call.path["number"])

    def make() -> InclusionView:
        leaves = _leaves(store, size)
        tree = Tree(leaves)
        path = tuple(base64.b64encode(node).decode() for node in tree.inclusion(number, size))
        return InclusionView(
            number=number, size=size, leaf=base64.b64encode(leaves[number]).decode(), path=path, root=base64.b64encode(tree.root(size)).decode()
        )

    return await asyncio.to_thread(make)


@operation("GET", "/v1/journal/consistency", "That nothing before was changed", roles=PROVES, side="house")
async def journal_consistency(call: Call[NoBody, Consistency]) -> ConsistencyView:
    """The hashes that join the roots of two heads."""
    store, query = call.front.office.store, call.query
    if not query.first <= query.second <= store.size:
        raise bad_query("`first` is at most `second`, and `second` at most the number of entries")

    def make() -> ConsistencyView:
        tree = Tree(_leaves(store, query.second))
        path = tuple(base64.b64encode(node).decode() for node in tree.consistency(query.first, query.second))
        return ConsistencyView(first=query.first, second=query.second, path=path)

    return await asyncio.to_thread(make)


def _leaves(store: Store, size: int) -> list[bytes]:
    """The leaf hashes of the first entries."""
    leaves: list[bytes] = []
    with store.reader() as book:
        for sealed, _ in book.sealed():
            if len(leaves) == size:
                break
            leaves.append(sealed.leaf)
    return leaves


OPERATIONS = (journal_head, journal_entries, journal_proof, journal_inclusion, journal_consistency)
