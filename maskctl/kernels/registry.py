"""Kernels by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache, partial
from typing import TypeAlias, cast

from maskctl.kernels import grouped
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights

Kernel: TypeAlias = Callable[[Params, Weights, Arrays, Options], Arrays]
"""Takes parameters, weights, inputs (n, …) in the storage format and the engine's options as the layer's mask leaves them."""


@cache
def find(name: str) -> Kernel:
    """The kernel of that name; a target table that names a kernel without a file is a bug, and raises.

    "grouped NAME" is kernel NAME for one group of channels after another.
    """
    of_group = name.removeprefix("grouped ")
    if of_group != name:
        return partial(grouped.forward, find(of_group))
    module = importlib.import_module(f"maskctl.kernels.{name}")
    return cast("Kernel", module.forward)
