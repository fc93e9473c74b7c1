"""Which kernel the engine takes for matrix products and attention.

Source: ncnn `src/layer/arm/gemm_arm.cpp`, `multiheadattention_arm.cpp`, `sdpa_arm.cpp`.
"""

from __future__ import annotations

from collections.abc import Callable

from maskctl.graph.network import Layer
from maskctl.kernels.packing import Options
from maskctl.targets.table import KernelChoice


def unless_quantised(kernel: str) -> Callable[[Layer, Options], KernelChoice | None]:
    """That kernel, but for layers that multiply codes, whose products are those of the fp32 definition."""

    def choose(layer: Layer, _: Options) -> KernelChoice | None:
        return None if layer.params.get(18, 0) else KernelChoice(kernel)

    return choose
