"""The book beside pymerkle: the same leaves into the same tree, and proofs out of it.

Both get the bytes of real leaves and have to agree on the root and on every path before anything is timed.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from bench.measure import Row, rates
from pymerkle import InmemoryTree
from pymerkle import verify_inclusion as peer_verifies

from dibs.errors import Mark
from dibs.journal.entry import Opener, Sealer, leaf_text
from dibs.journal.merkle import Frontier, Tree, leaf_hash, verify_inclusion
from dibs.store.memory import MemoryStore
from dibs.testing.books import entries

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAVES = 20_000
PROOFS = 2_000


def leaves() -> list[bytes]:
    """Leaves of a book of so many entries."""
    sealer, opener, out = Sealer(bytes(32)), Opener(), []
    for entry in entries(LEAVES):
        sealed = sealer.seal(entry)
        out.append(
            leaf_text(
                seq=sealed.seq,
                at=sealed.at,
                agreement=sealed.agreement,
                command=sealed.command,
                events=opener.split(sealed, Mark("bench")),
                key=sealed.key,
                secret=sealed.secret,
                previous=sealed.previous,
            )
        )
    return out


def measure() -> Iterable[Row]:
    """Every figure of the book."""
    texts = leaves()
    tree, peer = Tree(map(leaf_hash, texts)), InmemoryTree(algorithm="sha256")
    for text in texts:
        peer.append_entry(text)
    root, peer_root = tree.root(), peer.get_root()
    assert root == peer_root
    chance = random.Random(7)
    asked = [chance.randrange(LEAVES) for _ in range(PROOFS)]
    proofs = {index: peer.prove_inclusion(index + 1) for index in asked}
    for index in asked[:200]:
        assert tree.inclusion(index) == proofs[index].path[1:]
        assert verify_inclusion(leaf_hash(texts[index]), index, LEAVES, tree.inclusion(index), root)

    def grow() -> int:
        grown = Tree()
        for text in texts:
            grown.append(leaf_hash(text))
        assert grown.size == LEAVES
        return LEAVES

    def grow_frontier() -> int:
        grown = Frontier()
        for text in texts:
            grown.append(leaf_hash(text))
        return grown.size

    def peer_grows() -> int:
        grown = InmemoryTree(algorithm="sha256")
        for text in texts:
            grown.append_entry(text)
        return LEAVES

    def prove() -> int:
        for index in asked:
            tree.inclusion(index)
        return PROOFS

    def peer_proves() -> int:
        for index in asked:
            peer.prove_inclusion(index + 1)
        return PROOFS

    paths = {index: tree.inclusion(index) for index in asked}
    hashes = {index: leaf_hash(texts[index]) for index in asked}

    def check() -> int:
        for index in asked:
            verify_inclusion(hashes[index], index, LEAVES, paths[index], root)
        return PROOFS

    def peer_checks() -> int:
        for index in asked:
            peer_verifies(hashes[index], root, proofs[index])
        return PROOFS

    found = rates({"tree": grow, "frontier": grow_frontier, "pymerkle": peer_grows})
    yield Row("append a leaf, proofs to be had", found["tree"], "/s", found["pymerkle"], "pymerkle in memory", aim=4)
    yield Row("append a leaf, root only", found["frontier"], "/s", found["pymerkle"], "pymerkle in memory", aim=4)
    found = rates({"dibs": prove, "pymerkle": peer_proves})
    yield Row(f"inclusion proof in {LEAVES:,} leaves", found["dibs"], "/s", found["pymerkle"], "pymerkle in memory", aim=4)
    found = rates({"dibs": check, "pymerkle": peer_checks})
    yield Row("check an inclusion proof", found["dibs"], "/s", found["pymerkle"], "pymerkle")

    made = list(entries(LEAVES // 4))
    store = MemoryStore()
    store.append(made)
    sealed = list(store.sealed())
    opener = Opener()

    def keep() -> int:
        kept = MemoryStore()
        for entry in made:
            kept.append((entry,))
        return kept.size

    def seal() -> int:
        sealer = Sealer(bytes(32))
        for entry in made:
            sealer.seal(entry)
        return len(made)

    def verify() -> int:
        for each, where in sealed:
            opener.check(each, where)
        return len(sealed)

    found = rates({"keep": keep, "seal": seal, "verify": verify})
    yield Row("keep an entry in memory", 1e6 / found["keep"], "us", note="encoded and hashed when somebody reads the book")
    yield Row("encode, hide and hash an entry", 1e6 / found["seal"], "us", aim=30, note="most of these hold whole bundles of confidential terms")
    yield Row("check an entry against its leaf", 1e6 / found["verify"], "us")
