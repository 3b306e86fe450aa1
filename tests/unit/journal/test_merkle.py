"""The tree is that of RFC 6962, whichever way it is grown and whatever is asked of it."""

from __future__ import annotations

import pytest

from dibs.journal.merkle import EMPTY_ROOT, Frontier, Tree, leaf_hash, node_hash, verify_consistency, verify_inclusion

# The eight inputs and roots that implementations of certificate transparency test each other with.
INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
MANY = [leaf_hash(n.to_bytes(2, "big")) for n in range(70)]


def by_the_book(leaves):
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(by_the_book(leaves[:split]), by_the_book(leaves[split:]))


def path_by_the_book(index, leaves):
    """RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*path_by_the_book(index, leaves[:split]), by_the_book(leaves[split:])]
    return [*path_by_the_book(index - split, leaves[split:]), by_the_book(leaves[:split])]


def proof_by_the_book(old, leaves, whole=True):
    """RFC 6962, 2.1.2."""
    if old == len(leaves):
        return [] if whole else [by_the_book(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*proof_by_the_book(old, leaves[:split], whole), by_the_book(leaves[split:])]
    return [*proof_by_the_book(old - split, leaves[split:], False), by_the_book(leaves[:split])]


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_that_everybody_gets(size):
    assert Tree(LEAVES).root(size).hex() == ROOTS[size]
    assert Frontier(LEAVES[:size]).root().hex() == ROOTS[size]


def test_a_frontier_and_a_tree_agree_at_every_size():
    frontier, tree = Frontier(), Tree()
    for size, leaf in enumerate(MANY, start=1):
        frontier.append(leaf)
        tree.append(leaf)
        assert frontier.root() == tree.root() == by_the_book(MANY[:size])


def test_a_copy_of_a_frontier_is_left_alone():
    frontier = Frontier(MANY[:5])
    kept = frontier.copy()
    frontier.append(MANY[5])
    assert (kept.size, kept.root()) == (5, by_the_book(MANY[:5]))


def test_every_path_is_that_of_the_standard_and_leads_to_the_root():
    tree = Tree(MANY)
    for size in range(1, len(MANY) + 1):
        root = by_the_book(MANY[:size])
        for index in range(size):
            path = tree.inclusion(index, size)
            assert path == path_by_the_book(index, MANY[:size])
            assert verify_inclusion(MANY[index], index, size, path, root)


def test_a_path_shows_nothing_else():
    tree = Tree(MANY)
    root = tree.root()
    path = tree.inclusion(13)
    assert not verify_inclusion(MANY[14], 13, 70, path, root)
    assert not verify_inclusion(MANY[13], 12, 70, path, root)
    assert not verify_inclusion(MANY[13], 13, 70, path[:-1], root)
    assert not verify_inclusion(MANY[13], 13, 70, [*path, root], root)
    assert not verify_inclusion(MANY[13], 13, 70, path, tree.root(69))
    assert not verify_inclusion(MANY[13], 70, 70, path, root)
    assert not verify_inclusion(MANY[13], -1, 70, path, root)


def test_every_growth_can_be_shown_and_nothing_else():
    tree = Tree(MANY)
    for new in range(1, len(MANY) + 1):
        for old in range(1, new + 1):
            path = tree.consistency(old, new)
            assert path == proof_by_the_book(old, MANY[:new])
            assert verify_consistency(old, new, tree.root(old), tree.root(new), path)
            if old < new:
                assert not verify_consistency(old, new, tree.root(new), tree.root(new), path)
                assert not verify_consistency(old, new, tree.root(old), tree.root(old), path)
                assert not verify_consistency(old, new, tree.root(old), tree.root(new), path[:-1])


def test_a_shorter_tree_does_not_extend_a_longer_one():
    tree = Tree(MANY)
    assert not verify_consistency(9, 8, tree.root(9), tree.root(8), [])
    with pytest.raises(ValueError, match="cannot be shown to extend"):
        tree.consistency(9, 8)


@pytest.mark.parametrize(("index", "size"), [(8, 8), (-1, 8), (0, 0), (0, 71), (70, None)])
def test_what_is_not_in_the_tree_has_no_path(index, size):
    with pytest.raises(ValueError, match=r"leaf|leaves"):
        Tree(MANY).inclusion(index, size)


def test_the_kept_edge_is_forgotten_when_the_tree_grows():
    tree = Tree(MANY[:5])
    before = tree.root()
    tree.append(MANY[5])
    assert tree.root() == by_the_book(MANY[:6]) != before
    assert tree.inclusion(5) == path_by_the_book(5, MANY[:6])
