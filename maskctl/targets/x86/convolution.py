"""Which kernel the engine takes for a convolution in bf16 on x86-64.

Source: ncnn `src/layer/x86/convolution_x86.cpp`, `create_pipeline_bf16s`.
"""

from __future__ import annotations

from maskctl.graph.network import Layer
from maskctl.kernels.packing import Options, elempack
from maskctl.targets.extents import extents_of
from maskctl.targets.int8 import sums_codes
from maskctl.targets.table import Extents, KernelChoice

_PLAIN_3X3 = {"kernel": 3, "stride": 1, "dilation": 1}


def convolution_bf16s(layer: Layer, options: Options) -> KernelChoice:
    """Winograd keeps its weights in fp32, so that a plain 3x3 kernel rounds them or not by the channels it has.

    Shape hints in the file may have the engine take another winograd, which differs in how far a value that is not finite
    spreads, and now and then in rounding. The engine also prefers gemm where weights pass a quarter of its L2 cache, which
    takes an 11x11 kernel or larger with up to 16 channels, so this is left out.
    """
    extents = extents_of(layer)
    is_3x3 = all(extents[f"{name}_{axis}"] == size for name, size in _PLAIN_3X3.items() for axis in "wh")
    most = max(extents["channels"], extents["num_output"])
    if "use_winograd_convolution" in options and is_3x3 and most > 8:
        return KernelChoice("convolution_winograd63_bf16s_x86" if most <= 32 else "convolution_winograd43_bf16s_x86")
    is_1x1 = (extents["kernel_w"], extents["kernel_h"]) == (1, 1)
    gemm = is_1x1 or (most > 16 and "use_sgemm_convolution" in options)
    return KernelChoice("convolution_gemm_bf16s_x86" if gemm else "convolution_packed_bf16s_x86")


def is_by_groups(layer: Layer, extents: Extents, options: Options) -> bool:
    """True for a depthwise convolution whose channels lie one by one, which the engine runs as a convolution for each.

    It has code of its own for 3x3 kernels of stride 1 and 2.
    """
    if sums_codes(layer) or not extents["channels"] or elempack(extents["channels"], options) > 1:
        return False
    sizes = [(extents[f"kernel_{axis}"], extents[f"dilation_{axis}"], extents[f"stride_{axis}"]) for axis in "wh"]
    return sizes not in ([(3, 1, 1)] * 2, [(3, 1, 2)] * 2)


def depthwise_fp32(layer: Layer, options: Options) -> KernelChoice | None:
    """Depthwise sums in fp32 of channels side by side; those of channels one by one are not reproduced to the bit."""
    extents = extents_of(layer)
    depthwise = extents["channels"] == extents["group"] == extents["num_output"]
    packed = depthwise and elempack(extents["channels"], options) > 1
    return KernelChoice("convolutiondepthwise_x86") if packed else None


def without_avx512bf16(layer: Layer, choice: KernelChoice) -> KernelChoice:
    """The choice on a CPU without AVX512-BF16, whose direct code gives other sums for outputs left over from fours.

    Seen with AVX2: a last single output is wrong from 8 channels on, a pair where channels leave 4 or more over from
    eights. Other outputs are right.
    """
    extents = extents_of(layer)
    channels, outputs = extents["channels"], extents["num_output"]
    wrong_single = outputs % 2 and channels >= 8
    wrong_pair = outputs % 4 >= 2 and channels > 8 and channels % 8 >= 4
    if choice.kernel != "convolution_packed_bf16s_x86" or not (wrong_single or wrong_pair):
        return choice
    return KernelChoice(choice.kernel, "direct code that gets outputs left over from fours wrong")
