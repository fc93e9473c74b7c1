"""Kernels by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import TypeAlias, cast

from maskctl.layers.base import Arrays, Params, Weights

Kernel: TypeAlias = Callable[[Params, Weights, Arrays], Arrays]


@cache
def find(name: str) -> Kernel:
    """The kernel of that name; a target table that names a kernel without a file is a bug, and raises."""
    module = importlib.import_module(f"maskctl.kernels.{name}")
    return cast("Kernel", module.forward)
