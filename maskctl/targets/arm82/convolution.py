"""Which kernel the engine takes for a convolution.

Source: ncnn `src/layer/arm/convolution_arm_asimdhp.cpp` and `convolutiondepthwise_arm_asimdhp.cpp`.
"""

from __future__ import annotations

from maskctl.graph.network import Layer
from maskctl.kernels.packing import Options, elempack
from maskctl.targets.extents import extents_of
from maskctl.targets.table import Extents, KernelChoice


def convolution_fp16sa(layer: Layer, options: Options) -> KernelChoice:
    """The kernel of a Convolution in fp16 arithmetic."""
    extents = extents_of(layer)
    direct = _direct_convolution(extents, options)
    channels, outputs = extents["channels"], extents["num_output"]
    is_3x3 = is_square(extents, kernel=3, stride=1)
    if "use_winograd_convolution" not in options or not is_3x3 or max(channels, outputs) < 16:
        return direct
    if max(channels, outputs) <= 128:
        return KernelChoice("convolution_winograd63_fp16sa")
    is_wide = min(channels, outputs) >= 16
    return KernelChoice("convolution_winograd43_fp16sa" if is_wide else "convolution_winograd23_fp16sa")


def _direct_convolution(extents: Extents, options: Options) -> KernelChoice:
    channels, outputs = extents["channels"], extents["num_output"]
    packs = elempack(channels, options), elempack(outputs, options)
    handwritten = _handwritten(extents, packs)
    # The engine also prefers gemm where weights times strides and dilations pass half its L2 cache. With up to 16 channels
    # only a strided 11x11 kernel or larger could, so this is left out.
    prefers_gemm = (channels > 16 or outputs > 16) and not handwritten
    is_1x1 = (extents["kernel_w"], extents["kernel_h"]) == (1, 1)
    if is_1x1 or (prefers_gemm and "use_sgemm_convolution" in options):
        return KernelChoice("convolution_gemm_fp16sa")
    return KernelChoice(handwritten or "convolution_packed_fp16sa")


def _handwritten(extents: Extents, packs: tuple[int, int]) -> str:
    """The kernel for packings that have hand-written code, "" where there is none or the engine prefers gemm."""
    channels, outputs = extents["channels"], extents["num_output"]
    square = next((size for size in _SQUARES if is_square(extents, kernel=size[0], stride=size[1])), None)
    if packs == (8, 8) and (
        square in {(3, 1), (5, 1)}
        or (square == (3, 2) and (channels < 64 or outputs < 128))
        or (square == (5, 2) and (channels < 16 or outputs < 88))
    ):
        return f"convolution_{extents['kernel_w']}x{extents['kernel_w']}_direct_fp16sa"
    if packs == (4, 4) and square == (3, 1):
        return "convolution_3x3_direct_fp16sa"
    if packs in {(1, 8), (1, 4)} and square in {(3, 1), (3, 2)}:
        return "convolution_planes_fp16sa"
    if square == (7, 2):  # the engine keeps packing 1 to 4 from gemm too, and then has no code of its own for it
        return {(1, 8): "convolution_planes_fp16sa", (1, 4): "convolution_packed_fp16sa"}.get(packs, "")
    return ""


def depthwise_fp16sa(layer: Layer, options: Options) -> KernelChoice:
    """The kernel of a ConvolutionDepthWise with a group per channel in fp16 arithmetic.

    Unpacked channels have fp16 sums in 3x3 kernels only, and sums in fp32 otherwise.
    """
    extents = extents_of(layer)
    is_3x3 = any(is_square(extents, kernel=3, stride=stride) for stride in (1, 2))
    in_fp16 = is_3x3 or elempack(extents["channels"], options) > 1
    return KernelChoice("convolutiondepthwise_fp16sa" if in_fp16 else "convolutiondepthwise_fp16s")


_SQUARES = ((3, 1), (3, 2), (5, 1), (5, 2), (7, 2))
"""Kernel extent and stride of the convolutions that have hand-written code for some packings."""


def is_square(extents: Extents, *, kernel: int, stride: int) -> bool:
    """True for square kernels of that extent and stride without dilation."""
    square = {"kernel": kernel, "stride": stride, "dilation": 1}
    return all(extents[f"{name}_{axis}"] == size for name, size in square.items() for axis in "wh")


def convolution_bf16s(layer: Layer, options: Options) -> KernelChoice:
    """The kernel of a Convolution in bf16 storage; the engine's winograd keeps everything in fp32 to the last rounding."""
    extents = extents_of(layer)
    channels, outputs = extents["channels"], extents["num_output"]
    is_3x3 = is_square(extents, kernel=3, stride=1)
    if "use_winograd_convolution" not in options or not is_3x3 or max(channels, outputs) < 8:
        return KernelChoice(_direct_bf16s(extents, options))
    if max(channels, outputs) <= 128:
        return KernelChoice("convolution_winograd63_bf16s")
    return KernelChoice(
        "convolution_winograd43_bf16s" if min(channels, outputs) >= 8 else "convolution_winograd23_bf16s"
    )


def _direct_bf16s(extents: Extents, options: Options) -> str:
    channels, outputs = extents["channels"], extents["num_output"]
    packs = elempack(channels, options), elempack(outputs, options)
    square = next((size for size in _SQUARES if is_square(extents, kernel=size[0], stride=size[1])), None)
    has_code = (packs == (4, 4) and square in {(3, 2), (5, 1), (5, 2)}) or (
        packs == (1, 4) and square in {(3, 1), (3, 2), (7, 2)}
    )
    is_for_gemm = packs == (4, 4) and (
        (square == (3, 2) and outputs >= 32) or (square == (5, 2) and channels >= 8 and outputs >= 44)
    )
    prefers_gemm = (channels > 16 or outputs > 16) and (is_for_gemm or not has_code)
    is_1x1 = (extents["kernel_w"], extents["kernel_h"]) == (1, 1)
    if is_1x1 or (prefers_gemm and "use_sgemm_convolution" in options):
        return "convolution_gemm_bf16s"
    return "convolution_direct_bf16s" if has_code else "convolution_packed_bf16s"
