"""The Merkle tree: the published roots, proofs against plain recursion as RFC 6962 writes it, and little to read."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasts import merkle

REFERENCE = (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)  # fmt: skip
"""The eight leaves of Certificate Transparency's reference tree, and below the root over the first n of them.

Source: google/certificate-transparency, merkletree tests; transparency-dev/merkle, testonly/constants.go.
"""
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
MANY = 2 * 256 + 3
"""Entries of a tree with two whole blocks."""


class Kept:
    """Leaf hashes, and the blocks that are kept over them; `asked` counts what was read."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.levels: dict[int, list[bytes]] = {0: [merkle.leaf(one) for one in entries], 8: [], 16: []}
        self.asked = 0
        for level, number, digest in merkle.due(self.read, 0, len(entries)):
            assert number == len(self.levels[level])
            self.levels[level].append(digest)

    def read(self, level: int, first: int, count: int) -> list[bytes]:
        found = self.levels[level][first : first + count]
        assert len(found) == count
        self.asked += count
        return found


def numbered(size: int) -> list[bytes]:
    return [str(number).encode() for number in range(size)]


def plain(entries: Sequence[bytes]) -> bytes:
    """The root as the RFC defines it."""
    if len(entries) < 2:
        return sha256(b"\x00" + entries[0]).digest() if entries else sha256(b"").digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return sha256(b"\x01" + plain(entries[:split]) + plain(entries[split:])).digest()


def test_the_roots_are_those_that_are_published() -> None:
    entries = [bytes.fromhex(one) for one in REFERENCE]

    for size, expected in enumerate(ROOTS):
        assert merkle.root(Kept(entries[:size]).read, size).hex() == expected


def test_one_two_and_three_entries_by_hand() -> None:
    a, b, c = (sha256(b"\x00" + entry).digest() for entry in (b"a", b"b", b"c"))
    ab = sha256(b"\x01" + a + b).digest()
    tree = Kept([b"a", b"b", b"c"])

    assert [merkle.root(tree.read, size) for size in (1, 2, 3)] == [a, ab, sha256(b"\x01" + ab + c).digest()]
    assert [merkle.inclusion(tree.read, index, 3) for index in range(3)] == [[b, c], [a, c], [ab]]
    assert merkle.inclusion(tree.read, 0, 1) == []
    assert merkle.consistency(tree.read, 2, 3) == [c]
    assert merkle.consistency(tree.read, 1, 3) == [b, c]
    assert merkle.consistency(tree.read, 3, 3) == []


def test_a_proof_of_the_rfcs_example_tree_is_the_one_that_it_gives() -> None:
    """RFC 6962, 2.1.3: of seven entries d3's path is [c, g, l], and from 3 on [c, d, g, l], from 6 on [i, j, k]."""
    tree = Kept(numbered(7))
    a, b, c, d, e, f, j = (merkle.leaf(one) for one in numbered(7))
    g, h, i = merkle.node(a, b), merkle.node(c, d), merkle.node(e, f)
    k, l_ = merkle.node(g, h), merkle.node(i, j)

    assert merkle.inclusion(tree.read, 0, 7) == [b, h, l_]
    assert merkle.inclusion(tree.read, 3, 7) == [c, g, l_]
    assert merkle.inclusion(tree.read, 4, 7) == [f, j, k]
    assert merkle.inclusion(tree.read, 6, 7) == [i, k]
    assert merkle.consistency(tree.read, 3, 7) == [c, d, g, l_]
    assert merkle.consistency(tree.read, 4, 7) == [l_]
    assert merkle.consistency(tree.read, 6, 7) == [i, j, k]


@pytest.mark.parametrize("size", [*range(1, 20), 255, 256, 257, MANY])
def test_every_proof_convinces_of_what_is_so_and_of_nothing_else(size: int) -> None:
    tree, entries = Kept(numbered(size)), numbered(size)
    root = merkle.root(tree.read, size)

    assert root == plain(entries)
    for index in {0, 1 % size, size // 2, size - 1}:
        proof, digest = merkle.inclusion(tree.read, index, size), merkle.leaf(entries[index])
        assert merkle.includes(root, size, index, digest, proof)
        assert not merkle.includes(root, size, index, merkle.leaf(b"other"), proof)
        assert not merkle.includes(root, size, index, digest, [*proof, root])
        assert not any(merkle.includes(root, size, other, digest, proof) for other in range(size) if other != index)
        assert not proof or not merkle.includes(root, size, index, digest, proof[:-1])
    for earlier in {1, (size + 1) // 2, size}:
        before, proof = plain(entries[:earlier]), merkle.consistency(tree.read, earlier, size)
        assert merkle.continues(earlier, size, before, root, proof)
        assert not merkle.continues(earlier, size, plain([b"x", *entries[1:earlier]]), root, proof)
        assert not merkle.continues(earlier, size, before, plain([*entries[:-1], b"x"]), proof)
        assert not merkle.continues(earlier, size, before, root, [*proof, root])


@given(st.integers(1, 600), st.data())
def test_a_tree_that_grew_in_steps_is_the_one_that_was_made_at_once(size: int, data: st.DataObject) -> None:
    earlier = data.draw(st.integers(0, size))
    whole, entries = Kept(numbered(size)), numbered(size)
    grown = Kept(entries[:earlier])
    grown.levels[0] = whole.levels[0]

    for level, _, digest in merkle.due(grown.read, earlier, size):
        grown.levels[level].append(digest)

    assert grown.levels == whole.levels
    assert merkle.root(grown.read, size) == plain(entries)
    edge = merkle.Edge()
    for digest in whole.levels[0]:
        edge.add(digest)
    assert edge.root == plain(entries)


def test_what_is_asked_of_a_long_tree_reads_little_of_it() -> None:
    size = 70_000
    tree = Kept(numbered(size))
    tree.asked = 0

    root = merkle.root(tree.read, size)
    read, tree.asked = tree.asked, 0
    proof = merkle.inclusion(tree.read, 31_234, size)

    # 70,000 = 65,536 + 17 * 256 + 112
    assert read == 1 + 17 + 112
    assert tree.asked < 1_000
    assert len(proof) == 17
    assert merkle.includes(root, size, 31_234, merkle.leaf(b"31234"), proof)


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 0)])
def test_there_is_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"over {size} entries does not hold the one with the index {index}"):
        merkle.inclusion(Kept(numbered(size)).read, index, size)
    assert not merkle.includes(merkle.EMPTY, size, index, merkle.EMPTY, [])


@pytest.mark.parametrize(("earlier", "later"), [(0, 3), (4, 3)])
def test_nothing_continues_what_is_no_beginning(earlier: int, later: int) -> None:
    with pytest.raises(ValueError, match=f"over {later} entries has no beginning of {earlier}"):
        merkle.consistency(Kept(numbered(later)).read, earlier, later)
    assert not merkle.continues(earlier, later, merkle.EMPTY, merkle.EMPTY, [merkle.EMPTY])
