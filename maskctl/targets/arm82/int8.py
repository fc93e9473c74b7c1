"""Which kernel the engine takes for an int8 layer, and what it gives.

Source: ncnn `src/layer/arm/convolution_arm.cpp`, `convolutiondepthwise_arm.cpp`, `innerproduct_arm.cpp`.
"""

from __future__ import annotations

from collections.abc import Callable

from maskctl.graph.network import Layer
from maskctl.kernels.packing import Options
from maskctl.targets.extents import extents_of
from maskctl.targets.int8 import gives_codes
from maskctl.targets.table import KernelChoice

_LOST = "int8 groups of 8 outputs, which it computes and loses"


def depthwise_int8(layer: Layer, options: Options) -> KernelChoice:
    """The kernel of an int8 ConvolutionDepthWise.

    In fp16 arithmetic the engine writes the floats of a group whose outputs are a multiple of 8 beside its top blob.
    """
    extents = extents_of(layer)
    arithmetic = {"use_fp16_storage", "use_fp16_arithmetic", "use_packing_layout"} <= options
    of_group = extents["num_output"] // max(1, extents["group"])
    lost = arithmetic and not is_depthwise(layer) and not gives_codes(layer) and of_group % 8 == 0
    return KernelChoice("convolutiondepthwise_int8", _LOST if lost else "")


def unless_int8(kernel: str) -> Callable[[Layer, Options], KernelChoice | None]:
    """That kernel of a recurrent layer, but where its weights are codes the type's own for those."""

    def choose(layer: Layer, _: Options) -> KernelChoice | None:
        return KernelChoice(f"{layer.type.lower()}_int8" if layer.params.get(8, 0) else kernel)

    return choose


def is_depthwise(layer: Layer) -> bool:
    """True where each channel is a group with one output."""
    extents = extents_of(layer)
    return layer.type == "ConvolutionDepthWise" and extents["channels"] == extents["group"] == extents["num_output"]


def gives_fp32(layer: Layer) -> bool:
    """True where an int8 layer with float output keeps it in fp32: inner products, and depthwise kernels but most 3x3."""
    if layer.type != "ConvolutionDepthWise":
        return layer.type == "InnerProduct"
    return is_depthwise(layer) and not has_3x3_code(layer)


def packs(layer: Layer) -> bool:
    """False for depthwise layers whose channels are no multiple of 8: they keep them one by one."""
    return not is_depthwise(layer) or extents_of(layer)["channels"] % 8 == 0


def has_3x3_code(layer: Layer) -> bool:
    """True for a 3x3 kernel without dilation, strides 1 or 2, and no activation but ReLU."""
    extents = extents_of(layer)
    by_axis = {name: {extents[f"{name}_w"], extents[f"{name}_h"]} for name in ("kernel", "dilation", "stride")}
    plain = layer.params.get(9, 0) in {0, 1}
    return plain and by_axis["kernel"] == {3} and by_axis["dilation"] == {1} and by_axis["stride"] in ({1}, {2})
