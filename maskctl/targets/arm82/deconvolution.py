"""Which kernel the engine takes for a deconvolution."""

from __future__ import annotations

from maskctl.graph.network import Layer
from maskctl.kernels.packing import Options, elempack
from maskctl.targets.arm82.convolution import is_square
from maskctl.targets.extents import extents_of
from maskctl.targets.table import KernelChoice


def deconvolution_fp16sa(layer: Layer, options: Options) -> KernelChoice:
    """The kernel of a Deconvolution in fp16 arithmetic."""
    if "use_sgemm_convolution" in options:
        return KernelChoice("deconvolution_gemm_fp16sa")
    extents = extents_of(layer)
    packs = elempack(extents["channels"], options), elempack(extents["num_output"], options)
    if packs == (1, 1) and is_square(extents, kernel=4, stride=2):
        return KernelChoice("deconvolution_4x4_direct_fp16sa")
    return KernelChoice("deconvolution_direct_fp16sa")
