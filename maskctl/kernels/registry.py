"""Kernels by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import TypeAlias, cast

from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights

Kernel: TypeAlias = Callable[[Params, Weights, Arrays, Options], Arrays]
"""Takes parameters, weights, inputs (n, …) in the storage format and the engine's options as the layer's mask leaves them."""


@cache
def find(name: str) -> Kernel:
    """The kernel of that name; a target table that names a kernel without a file is a bug, and raises."""
    module = importlib.import_module(f"maskctl.kernels.{name}")
    return cast("Kernel", module.forward)
