"""The hash tree of RFC 6962: one root for the whole book, and short proofs that an entry is in it and that it only grew.

A leaf hash is SHA-256 over a zero byte and the leaf; an inner node is SHA-256 over a one byte and its two children; a
tree of n leaves splits at the largest power of two below n.  Indexes count from 0.  Two ways to hold a tree: `Frontier`
keeps the roots of its perfect subtrees, which is enough to append and to know the root; `Tree` keeps every perfect
subtree, which is what proofs are read from.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962, 2.1)."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash under which a leaf stands in the tree."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that can only grow: the roots of its perfect subtrees, largest first.  32 bytes for each one bit of `size`."""

    __slots__ = ("_peaks", "size")

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """Start from the leaf hashes that are there already."""
        self.size = 0
        self._peaks: list[bytes] = []
        for leaf in leaves:
            self.append(leaf)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash.  On average one inner node is computed."""
        node = leaf
        size = self.size
        while size & 1:
            node = sha256(b"\x01" + self._peaks.pop() + node).digest()
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _fold(self._peaks)

    def copy(self) -> Frontier:
        """Another frontier at the same size: a place to come back to."""
        twin = Frontier()
        twin.size = self.size
        twin._peaks = self._peaks.copy()
        return twin


class Tree:
    """A tree with its proofs.  Holds every perfect subtree: 64 bytes and a little for each leaf."""

    __slots__ = ("_levels", "_whole_edge")

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """Start from the leaf hashes that are there already."""
        self._levels: list[list[bytes]] = [[]]
        self._whole_edge: list[bytes] = []
        self.extend(leaves)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self._whole_edge = []
        level = self._levels[0]
        level.append(leaf)
        height = 0
        while not len(level) & 1:
            height += 1
            if height == len(self._levels):
                self._levels.append([])
            above = self._levels[height]
            above.append(sha256(b"\x01" + level[-2] + level[-1]).digest())
            level = above

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add many leaf hashes."""
        for leaf in leaves:
            self.append(leaf)

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` leaves (default: all)."""
        return self._edge(size)[-1]

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The audit path of leaf `index` in the tree of the first `size` leaves, lowest node first (RFC 6962, 2.1.1)."""
        edge = self._edge(size)
        last = (self.size if size is None else size) - 1
        if not 0 <= index <= last:
            message = f"leaf {index} is not among the first {last + 1}"
            raise ValueError(message)
        path = []
        for height, level in enumerate(self._levels):
            if index == last:
                # From here on the path runs along the right edge: a node without a right sibling is its parent.
                while last:
                    if last & 1:
                        path.append(self._levels[height][last - 1])
                    last >>= 1
                    height += 1  # noqa: PLW2901 - the outer loop ends here
                break
            sibling = index ^ 1
            path.append(edge[height] if sibling == last else level[sibling])
            index >>= 1
            last >>= 1
        return path

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the first `old` leaves of the tree of `new` leaves were not touched (RFC 6962, 2.1.2)."""
        new = self.size if new is None else new
        if not 0 < old <= new <= self.size:
            message = f"a tree of {new} cannot be shown to extend one of {old}"
            raise ValueError(message)
        path: list[bytes] = []
        start, end, whole = 0, new, True
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self._range(start, end))
        return path[::-1]

    def _edge(self, size: int | None) -> list[bytes]:
        """The rightmost node at each height of the tree of `size` leaves, whole or cut off; the last one is the root.

        Kept for the full size until the next append, so that many proofs under one root cost no hashing.
        """
        if size is None or size == self.size:
            if not self._whole_edge:
                self._whole_edge = self._edge_of(self.size)
            return self._whole_edge
        if not 0 <= size < self.size:
            message = f"the tree has {self.size} leaves, not {size}"
            raise ValueError(message)
        return self._edge_of(size)

    def _edge_of(self, size: int) -> list[bytes]:
        if not size:
            return [EMPTY_ROOT]
        last = size - 1
        node = self._levels[0][last]
        edge = [node]
        height = 0
        while last:
            if last & 1:
                node = sha256(b"\x01" + self._levels[height][last - 1] + node).digest()
            edge.append(node)
            last >>= 1
            height += 1
        return edge

    def _range(self, start: int, end: int) -> bytes:
        """The root over leaves `start` to `end`; `start` is where a subtree of at least that width begins."""
        peaks = []
        width = end - start
        for height in range(width.bit_length() - 1, -1, -1):
            if width >> height & 1:
                peaks.append(self._levels[height][start >> height])
                start += 1 << height
        return _fold(peaks)


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` shows that the leaf hash stands at `index` of the tree of `size` leaves under `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    last = size - 1
    node = leaf
    for sibling in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while not index & 1 and index:
                index >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        index >>= 1
        last >>= 1
    return last == 0 and node == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` shows that the tree of `new` leaves begins with that of `old` leaves (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    nodes = list(path)
    if old & (old - 1) == 0:
        nodes.insert(0, old_root)
    if not nodes:
        return False
    index, last = old - 1, new - 1
    while index & 1:
        index >>= 1
        last >>= 1
    old_node = new_node = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            old_node = node_hash(sibling, old_node)
            new_node = node_hash(sibling, new_node)
            while not index & 1 and index:
                index >>= 1
                last >>= 1
        else:
            new_node = node_hash(new_node, sibling)
        index >>= 1
        last >>= 1
    return last == 0 and old_node == old_root and new_node == new_root


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << (width - 1).bit_length() - 1


def _fold(peaks: Sequence[bytes]) -> bytes:
    """Hash perfect subtrees together, smallest first."""
    if not peaks:
        return EMPTY_ROOT
    node = peaks[-1]
    for peak in reversed(peaks[:-1]):
        node = node_hash(peak, node)
    return node
