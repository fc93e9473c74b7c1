"""Which kernel runs a layer in bf16, and how the outputs of the others are rounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from maskctl.graph.network import Layer
from maskctl.kernels.packing import Options, elempack
from maskctl.targets.table import KernelChoice

Chooser: TypeAlias = Callable[[Layer, Options], KernelChoice | None]

BF16S: Mapping[str, str | Chooser] = {}
"""bf16 blobs, fp32 sums: a kernel's name, or a function that chooses one by what is written on the layer's line."""

_ROW_BY_ROW = (
    "BatchNorm BinaryOp BNLL Clip ELU Eltwise Erf GELU HardSigmoid HardSwish Mish PReLU ReLU Scale SELU Sigmoid Swish "
    "TanH UnaryOp"
)
"""Types computed four values and more at a time, the last of an unpacked channel one by one."""


def choose(layer: Layer, options: Options) -> KernelChoice | None:
    """The kernel of a layer kept in bf16, or None where one rounding of its fp32 result is what the engine does."""
    found = BF16S.get(layer.type)
    return found(layer, options) if callable(found) else KernelChoice(found) if found else None


def rounding(layer: Layer, _: str, extent: int, options: Options) -> str:
    """How a CPU with AVX512-BF16 rounds outputs."""
    unpacked = elempack(extent, options) == 1
    return "bf16 blob in fours" if layer.type in _ROW_BY_ROW.split() and unpacked else "bf16 flushed"
