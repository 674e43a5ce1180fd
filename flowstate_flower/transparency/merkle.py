"""Merkle tree hashing of RFC 9162, section 2.1: domain-separated leaves and nodes, any number of leaves."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The roots of the complete subtrees of a log, largest first: all that appending needs, log₂(size) hashes."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier with one more leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """The frontier with more leaf hashes."""
        peaks, total = list(self.peaks), self.size
        for leaf in leaves:
            carry, size = leaf, total
            while size & 1:
                carry = node_hash(peaks.pop(), carry)
                size >>= 1
            peaks.append(carry)
            total += 1
        return Frontier(total, tuple(peaks))

    def root(self) -> bytes:
        """The tree's root: the peaks folded from the smallest upwards, or the hash of nothing for an empty log."""
        if not self.peaks:
            return EMPTY_ROOT
        *rest, root = self.peaks
        for peak in reversed(rest):
            root = node_hash(peak, root)
        return root

    def to_text(self) -> str:
        """`size:peak,peak,…`, the peaks in hexadecimal."""
        return f"{self.size}:" + ",".join(peak.hex() for peak in self.peaks)

    @classmethod
    def parse(cls, text: str) -> "Frontier":
        """The frontier in `text`. Raises `ValueError` where the number of peaks does not fit the size."""
        size, _, peaks = text.partition(":")
        frontier = cls(int(size), tuple(bytes.fromhex(peak) for peak in peaks.split(",") if peak))
        if frontier.size < 0 or len(frontier.peaks) != frontier.size.bit_count():
            raise ValueError(f"{len(frontier.peaks)} peaks for {frontier.size} leaves")
        return frontier
