"""Facts that follow from a layer type's definition alone, found once for each."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from maskctl.layers import LayerType

T = TypeVar("T")


def per_kind(function: Callable[[LayerType], T]) -> Callable[[LayerType], T]:
    """The function, which is called once for each definition; definitions are told apart by identity, as hashing one is slow."""
    found: dict[int, tuple[LayerType, T]] = {}

    @wraps(function)
    def remembered(kind: LayerType) -> T:
        entry = found.get(id(kind))
        if entry is None:
            entry = found[id(kind)] = (kind, function(kind))  # the definition stays, so that no other gets its id
        return entry[1]

    return remembered
