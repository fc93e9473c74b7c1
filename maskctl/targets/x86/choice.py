"""Which kernel runs a layer in bf16, and how the outputs of the others are rounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from maskctl.graph.network import Graph, Layer
from maskctl.kernels.packing import Options, elempack
from maskctl.targets.extents import extents_of, shapes_in
from maskctl.targets.int8 import sums_codes
from maskctl.targets.table import KernelChoice
from maskctl.targets.x86 import convolution
from maskctl.targets.x86.slicing import mixes_up
from maskctl.targets.x86.support import SUPPORT

Chooser: TypeAlias = Callable[[Layer, Options], KernelChoice | None]

BF16S: Mapping[str, str | Chooser] = {
    "BinaryOp": "binaryop_bf16s_x86",
    "Clip": "clip_bf16s_x86",
    "Convolution": convolution.convolution_bf16s,
    "Convolution1D": "convolution1d_bf16s_x86",
    "Deconvolution": "deconvolution_bf16s_x86",
    "Dequantize": lambda _, __: KernelChoice("", "a cast of its 32-bit integers to bf16, as if they were floats"),
    "Eltwise": "eltwise_bf16s_x86",
    "Gemm": "gemm_bf16s_x86",
    "HardSigmoid": "hardsigmoid_bf16s_x86",
    "HardSwish": "hardswish_bf16s_x86",
    "InnerProduct": "innerproduct_bf16s_x86",
    "Mish": "mish_bf16s_x86",
    "MultiHeadAttention": lambda _, __: KernelChoice(
        "", "queries, keys and values rounded to bf16 between its products"
    ),
    "PReLU": "prelu_bf16s_x86",
    "ReLU": "relu_bf16s_x86",
    "Sigmoid": "sigmoid_bf16s_x86",
    "Softmax": "softmax_bf16s_x86",
    "Swish": "swish_bf16s_x86",
    "TanH": "tanh_bf16s_x86",
    "UnaryOp": "unaryop_bf16s_x86",
}
"""bf16 blobs, fp32 sums: a kernel's name, or a function that chooses one by what is written on the layer's line."""

_ROW_BY_ROW = (
    "BatchNorm BinaryOp BNLL Clip ELU Eltwise Erf GELU HardSigmoid HardSwish Mish PReLU ReLU Scale SELU Sigmoid Swish "
    "TanH UnaryOp"
)
"""Types computed four values and more at a time, the last of an unpacked channel one by one."""


def choose(layer: Layer, options: Options) -> KernelChoice | None:
    """The kernel of a layer kept in bf16, or None where one rounding of its fp32 result is what the engine does.

    Without bf16 storage there is one layer type to ask for: InnerProduct with its weights in fp16.
    """
    if sums_codes(layer):
        in_bf16 = layer.type == "Convolution" and "use_bf16_storage" in options
        return KernelChoice("convolution_int8_bf16s_x86") if in_bf16 else None
    if layer.type == "ConvolutionDepthWise":
        return convolution.depthwise_fp32(layer, options)
    if "use_bf16_storage" not in options:
        return KernelChoice("innerproduct_fp16w_x86")
    found = BF16S.get(layer.type)
    return found(layer, options) if callable(found) else KernelChoice(found) if found else None


def broken(_: Graph, layer: Layer, options: Options) -> str:
    """Why the engine gives garbage for a layer: its inner layers are built for bf16, and are fed with fp32 blobs.

    Bit 4 on the layer heals it, where its inputs arrive in fp32.
    """
    if "use_bf16_storage" not in options:
        return ""
    extents = extents_of(layer)
    grouped = layer.type == "ConvolutionDepthWise" and (
        not extents["channels"] == extents["group"] == extents["num_output"]
        or convolution.is_by_groups(layer, extents, options)
    )
    return "inner layers in bf16 that are fed with fp32 blobs" if grouped or layer.type == "DeformableConv2D" else ""


def broken_with_avx512(graph: Graph, layer: Layer, options: Options) -> str:
    """As `broken`, on a CPU with AVX-512, where no mask heals a Slice."""
    if layer.type == "Slice" and mixes_up(layer, shapes_in(graph), options):
        return "pieces in sixteens, copied out of a blob that lies in eights"
    return broken(graph, layer, options)


def rounding(layer: Layer, _: str, extent: int, options: Options) -> str:
    """How a CPU with AVX512-BF16 rounds outputs; what is only moved is in bf16 already, but for constants of a border."""
    if layer.type in SUPPORT and SUPPORT[layer.type].arithmetic == "moves":
        return "bf16 ties away"
    unpacked = elempack(extent, options) == 1
    if layer.type == "Pooling" and unpacked:
        return "bf16 ties away"
    return "bf16 blob in fours" if layer.type in _ROW_BY_ROW.split() and unpacked else "bf16 flushed"


def choose_without_avx512bf16(layer: Layer, options: Options) -> KernelChoice | None:
    """As `choose`, on a CPU without AVX512-BF16."""
    found = choose(layer, options)
    return convolution.without_avx512bf16(layer, found) if found and layer.type == "Convolution" else found
