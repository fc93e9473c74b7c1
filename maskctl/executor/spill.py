"""Blobs kept on disk: what does not fit in memory is mapped from a temporary file that vanishes with it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from maskctl.layers.base import Array

Keep: TypeAlias = Callable[[Array], Array]
"""What becomes of a blob that is kept: the same values, here or elsewhere."""


def in_memory(values: Array) -> Array:
    """The blob itself."""
    return values


def on_disk(values: Array) -> Array:
    """The blob mapped from a temporary file, its axes in memory in the same order; the system lets go of pages it needs."""
    if not values.size:
        return values
    order = np.argsort([-step for step in values.strides], kind="stable")
    packed = values.transpose(order)
    with tempfile.TemporaryFile(prefix="maskctl-") as file:
        mapped = np.memmap(file, values.dtype, "w+", shape=packed.shape)
    mapped[...] = packed
    mapped.flush()
    kept: Array = np.asarray(mapped).transpose(np.argsort(order))
    return kept
