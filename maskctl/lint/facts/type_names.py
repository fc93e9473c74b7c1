"""Which layer types the engine knows, and which one was meant where it knows none of that name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache, reduce
from operator import or_

from maskctl.layers import known_types

COMPILED_OUT = frozenset({"ArgMax", "SPP"})
"""Types that are in the engine's sources and that its default build leaves out (`ncnn_add_layer(… OFF)`)."""


_NEAR, _ROUNDING = 0.85, 1e-9


@lru_cache(maxsize=1024)
def meant_type(name: str) -> str:
    """The known type that is spelled most nearly like a name, whatever its capitals; "" where none is near.

    >>> meant_type("relu"), meant_type("Convolutoin"), meant_type("YoloV5Focus")
    ('ReLU', 'Convolution', '')
    """
    lower = name.lower()
    letters, length = _letters(lower), len(lower)
    may_be = [
        known
        for known, its_letters, most in _of_length(length)
        if length - (letters & ~its_letters).bit_count() >= most <= len(known) - (its_letters & ~letters).bit_count()
    ]
    near = difflib.get_close_matches(lower, may_be, n=1, cutoff=_NEAR) if may_be else ()
    return _by_lower()[near[0]] if near else ""


@cache
def _by_lower() -> Mapping[str, str]:
    """The known types by their names in small letters."""
    return {name.lower(): name for name in known_types()}


@lru_cache(maxsize=64)
def _of_length(length: int) -> Sequence[tuple[str, int, float]]:
    """The known types that a name of so many letters may be near, with their letters, and how many both must share.

    A letter that only one of two names has is none they share. That tells most names apart without difflib, which takes a
    millisecond for all of them.
    """
    rows = [(known, _letters(known), _NEAR * (length + len(known)) / 2 - _ROUNDING) for known in _by_lower()]
    return [row for row in rows if min(length, len(row[0])) >= row[2]]


def _letters(name: str) -> int:
    """The letters of a name as bits; some share one."""
    return reduce(or_, (1 << (ord(letter) & 63) for letter in name), 0)
