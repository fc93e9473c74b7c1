"""How ncnn really computes an operator in fp16: one algorithm per file, found by its file name.

A kernel takes parameters, weights and inputs like a layer's `forward`. Its inputs are fp16 values in float32
arrays; it rounds the weights itself, and every value it returns is an fp16 value.
"""

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
