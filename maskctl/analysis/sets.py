"""Sets of masks by the index of their layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Masks: TypeAlias = Mapping[int, int]
Key: TypeAlias = tuple[tuple[int, int], ...]


def key_of(masks: Masks) -> Key:
    """What equal sets have in common."""
    return tuple(sorted(masks.items()))


def with_bits(masks: Masks, changes: Sequence[Masks], start: Masks) -> dict[int, int]:
    """`masks` with the bits of these changes added, on top of those in `start`."""
    grown = dict(masks)
    for change in changes:
        for index, bits in change.items():
            grown[index] = grown.get(index, start.get(index, 0)) | bits
    return grown


def without(masks: Masks, *indices: int) -> dict[int, int]:
    """The masks of all layers but these."""
    return {index: mask for index, mask in masks.items() if index not in indices}


def doubled(longest: int) -> Iterator[int]:
    """1, 2, 4, ... and the first that is no less than `longest`.

    >>> [*doubled(5)], [*doubled(4)], [*doubled(0)]
    ([1, 2, 4, 8], [1, 2, 4], [])
    """
    count = 1
    while count < 2 * longest:
        yield count
        count *= 2
