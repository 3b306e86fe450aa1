"""Against another implementation: the same roots, and each accepts nothing that the other would not."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from dibs.journal.merkle import EMPTY_ROOT, Frontier, Tree, leaf_hash, node_hash, verify_consistency, verify_inclusion

leaves = st.lists(st.binary(max_size=8).map(leaf_hash), max_size=80)


def root_of(hashes):
    """RFC 6962, 2.1, word for word."""
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY_ROOT
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(root_of(hashes[:split]), root_of(hashes[split:]))


@given(leaves)
def test_growing_one_by_one_and_all_at_once_give_the_root_of_the_standard(hashes):
    assert Tree(hashes).root() == Frontier(hashes).root() == root_of(hashes)


@given(leaves.filter(bool), st.data())
def test_a_path_shows_its_leaf_at_its_place_and_no_other(hashes, data):
    size = data.draw(st.integers(1, len(hashes)))
    index = data.draw(st.integers(0, size - 1))
    tree = Tree(hashes)
    path, root = tree.inclusion(index, size), root_of(hashes[:size])
    assert verify_inclusion(hashes[index], index, size, path, root)
    other = data.draw(st.integers(0, size + 2))
    leaf = data.draw(st.sampled_from(hashes))
    if verify_inclusion(leaf, other, size, path, root):
        assert leaf == hashes[index]
        assert other < size
        assert tree.inclusion(other, size) == path
    assert not verify_inclusion(sha256(leaf).digest(), index, size, path, root)
    if path:
        place = data.draw(st.integers(0, len(path) - 1))
        assert not verify_inclusion(hashes[index], index, size, [*path[:place], sha256(path[place]).digest(), *path[place + 1 :]], root)


@given(leaves.filter(bool), leaves, st.data())
def test_a_tree_is_shown_to_extend_its_own_beginning_and_no_other(hashes, others, data):
    old = data.draw(st.integers(1, len(hashes)))
    tree = Tree(hashes)
    path = tree.consistency(old)
    assert verify_consistency(old, len(hashes), root_of(hashes[:old]), tree.root(), path)
    rewritten = [sha256(hashes[0]).digest(), *hashes[1:old]]
    assert not verify_consistency(old, len(hashes), root_of(rewritten), tree.root(), path)
    if others and root_of(others) != tree.root():
        assert not verify_consistency(old, len(hashes), root_of(hashes[:old]), root_of(others), path)
