"""The Merkle tree of RFC 6962 over a list that only grows: its root, and proofs that are short however long it is.

A leaf's hash is SHA-256(0x00 || entry), a node's SHA-256(0x01 || left || right). The tree of n entries splits at the
largest power of two below n, so a subtree over a whole block of 2^l entries never changes again. Those of every
eighth level are kept once they are whole; whatever is asked then reads a few runs of at most 255 hashes a level,
which it is given by a `Read`.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

Read = Callable[[int, int, int], Sequence[bytes]]
"""read(level, first, count): so many nodes of a level in a row, from the first on; those of level 0 are leaf hashes.

Asked for level 0 and the kept levels 8, 16, .. alone, and there for whole blocks only.
"""

STEP = 8
HIGHEST = 48
"""Levels that are kept lie STEP apart and no higher than this: 2^48 entries are more than anybody makes."""

EMPTY = sha256().digest()
"""The root over no entry."""


def leaf(entry: bytes) -> bytes:
    """The hash of one entry as a leaf.

    >>> leaf(b"").hex()[:16]
    '6e340b9cffb37a98'

    Source: RFC 6962, 2.1.
    """
    return sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of a node over two subtrees. The same source."""
    return sha256(b"\x01" + left + right).digest()


class Edge:
    """The right edge of a tree that grows leaf by leaf: the whole blocks it consists of, the largest first."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, bytes]] = []

    def add(self, digest: bytes, level: int = 0) -> None:
        """One more whole block of 2^level leaves; none before it may be smaller."""
        while self._blocks and self._blocks[-1][0] == level:
            digest, level = node(self._blocks.pop()[1], digest), level + 1
        self._blocks.append((level, digest))

    @property
    def root(self) -> bytes:
        """The root over all that was added."""
        if not self._blocks:
            return EMPTY
        found = self._blocks[-1][1]
        for _, digest in reversed(self._blocks[:-1]):
            found = node(digest, found)
        return found


def root(read: Read, size: int) -> bytes:
    """The root of the tree over the first `size` entries."""
    return _over(read, 0, size)


def _over(read: Read, start: int, stop: int) -> bytes:
    """The hash over the entries [start, stop), where that is a subtree: `start` is a multiple of the block it fits."""
    edge = Edge()
    for level in range(HIGHEST, -1, -STEP):
        count = (stop - start) >> level
        if count:
            for digest in read(level, start >> level, count):
                edge.add(digest, level)
            start += count << level
    return edge.root


def due(read: Read, kept: int, size: int) -> Iterator[tuple[int, int, bytes]]:
    """The (level, number, hash) of every block that is to be kept of `size` entries and was not of `kept`.

    In the order of their levels: a block is read out of those below it, so each is to be kept before the next is asked.
    """
    for level in range(STEP, HIGHEST + 1, STEP):
        for number in range(kept >> level, size >> level):
            edge = Edge()
            for digest in read(level - STEP, number << STEP, 1 << STEP):
                edge.add(digest)
            yield level, number, edge.root


def inclusion(read: Read, index: int, size: int) -> list[bytes]:
    """The proof that the entry `index`, counted from 0, is in the tree of `size`: the hashes beside its way up.

    Raises ValueError where it is not. Source: RFC 6962, 2.1.1.
    """
    if not 0 <= index < size:
        raise ValueError(f"A tree over {size} entries does not hold the one with the index {index}.")
    found, start, stop = list[bytes](), 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            found.append(_over(read, middle, stop))
            stop = middle
        else:
            found.append(_over(read, start, middle))
            start = middle
    return found[::-1]


def consistency(read: Read, earlier: int, later: int) -> list[bytes]:
    """The proof that the tree of `later` entries begins with that of `earlier`; empty where they are one.

    Raises ValueError unless 0 < earlier <= later. Source: RFC 6962, 2.1.2.
    """
    if not 0 < earlier <= later:
        raise ValueError(f"A tree over {later} entries has no beginning of {earlier}.")
    found, start, stop, whole = list[bytes](), 0, later, True
    while stop > earlier:
        middle = start + _split(stop - start)
        if earlier <= middle:
            found.append(_over(read, middle, stop))
            stop = middle
        else:
            found.append(_over(read, start, middle))
            start, whole = middle, False
    return ([] if whole else [_over(read, start, stop)]) + found[::-1]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def includes(root: bytes, size: int, index: int, digest: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the leaf hash is the one at `index` of the tree with this root.

    Source: RFC 9162, 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    for beside in proof:
        if not last:
            return False
        if place & 1 or place == last:
            digest = node(beside, digest)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            digest = node(digest, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and digest == root


def continues(earlier: int, later: int, before: bytes, after: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of `later` entries, root `after`, begins with that of `earlier`.

    Source: RFC 9162, 2.1.4.2.
    """
    if earlier == later:
        return before == after and not proof
    if not 0 < earlier < later or not (proof or earlier & (earlier - 1) == 0):
        return False
    steps = list(proof) if earlier & (earlier - 1) else [before, *proof]
    place, last = earlier - 1, later - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for beside in steps[1:]:
        if not last:
            return False
        if place & 1 or place == last:
            old, new = node(beside, old), node(beside, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node(new, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and (old, new) == (before, after)
