"""Which kernel runs a layer kept in 16 bits: a row per layer type and way of computing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from maskctl.graph.network import Layer
from maskctl.kernels.packing import Options
from maskctl.targets.arm82 import convolution, deconvolution, int8
from maskctl.targets.arm82.products import unless_quantised
from maskctl.targets.arm82.support import SUPPORT
from maskctl.targets.inner import layer_of_group
from maskctl.targets.int8 import sums_codes
from maskctl.targets.table import KernelChoice

Chooser: TypeAlias = Callable[[Layer, Options], KernelChoice | None]

_NORMS: Mapping[str, str | Chooser] = {
    name: f"{name.lower()}_fp16s_bf16s" for name in ("GroupNorm", "InstanceNorm", "LayerNorm", "RMSNorm")
}
"""Layers that compute in fp32, or nearly so, whatever the format of their blobs and the mask."""

_ELEMENTWISE_TYPES = (
    "BatchNorm BinaryOp Clip ELU Eltwise Erf GELU HardSigmoid HardSwish Mish PReLU ReLU SELU Sigmoid Swish TanH UnaryOp"
)
_ELEMENTWISE: Mapping[str, str | Chooser] = {name: f"{name.lower()}_fp16s_bf16s" for name in _ELEMENTWISE_TYPES.split()}
"""Layers that compute each element by itself: one kernel for all 16-bit storage, which goes by the options."""

_RECURRENT = ("LSTM", "GRU", "RNN")

FP16SA: Mapping[str, str | Chooser] = {
    **{name: int8.unless_int8(f"{name.lower()}_fp16sa") for name in _RECURRENT},
    **_ELEMENTWISE,
    "Convolution": convolution.convolution_fp16sa,
    "ConvolutionDepthWise": convolution.depthwise_fp16sa,
    "Convolution1D": "convolution1d_packed_fp16sa",
    "Deconvolution": deconvolution.deconvolution_fp16sa,
    "DeconvolutionDepthWise": "deconvolutiondepthwise_fp16sa",
    "Gemm": unless_quantised("gemm_fp16sa"),
    "InnerProduct": "innerproduct_fp16sa",
    "MatMul": "matmul_arm",
    "MultiHeadAttention": unless_quantised("multiheadattention_arm"),
    **_NORMS,
    "Interp": "interp_fp16sa",
    "Padding": "padding_fp16s_bf16s",
    "Pooling": "pooling_fp16sa",
    "RotaryEmbed": "rotaryembed_fp16sa",
    "SDPA": unless_quantised("sdpa_arm"),
    "Quantize": "quantize_fp16sa",
    "Softmax": "softmax_fp16s",
}
"""fp16 blobs, fp16 sums. A kernel's name, or a function that chooses one by what is written on the layer's line."""

FP16S: Mapping[str, str | Chooser] = {
    **{name: int8.unless_int8(f"{name.lower()}_fp16s_bf16s") for name in _RECURRENT},
    **_ELEMENTWISE,
    "Convolution": "convolution_packed_fp16s",
    "ConvolutionDepthWise": "convolutiondepthwise_fp16s",
    "Convolution1D": "convolution1d_packed_fp16s",
    "Deconvolution": "deconvolution_direct_fp16s",
    "DeconvolutionDepthWise": "deconvolutiondepthwise_fp16s",
    "Gemm": unless_quantised("gemm_fp16s"),
    "InnerProduct": "innerproduct_fp16s",
    "MatMul": "matmul_arm",
    "MultiHeadAttention": unless_quantised("multiheadattention_arm"),
    **_NORMS,
    "Interp": "interp_fp16s_bf16s",
    "Padding": "padding_fp16s_bf16s",
    "Pooling": "pooling_fp16s",
    "SDPA": unless_quantised("sdpa_arm"),
    "Softmax": "softmax_fp16s",
}
"""fp16 blobs, fp32 sums: fp16 arithmetic is off, by option or by bit 1."""

INT8: Mapping[str, str | Chooser] = {
    "Convolution": "convolution_int8",
    "ConvolutionDepthWise": int8.depthwise_int8,
    "InnerProduct": "innerproduct_int8",
    "Requantize": "requantize_int8",
}
"""int8 weights, whatever blobs are stored in."""

BF16S: Mapping[str, str | Chooser] = {
    **{name: int8.unless_int8(f"{name.lower()}_fp16s_bf16s") for name in _RECURRENT},
    **_ELEMENTWISE,
    "Convolution": convolution.convolution_bf16s,
    "ConvolutionDepthWise": "convolutiondepthwise_bf16s",
    "Convolution1D": "convolution1d_packed_bf16s",
    "Deconvolution": "deconvolution_direct_bf16s",
    "DeconvolutionDepthWise": "deconvolutiondepthwise_bf16s",
    "Gemm": unless_quantised("gemm_bf16s"),
    "InnerProduct": "innerproduct_bf16s",
    "MatMul": "matmul_arm",
    "MultiHeadAttention": unless_quantised("multiheadattention_arm"),
    **_NORMS,
    "Interp": "interp_fp16s_bf16s",
    "Padding": "padding_fp16s_bf16s",
    "Softmax": "softmax_bf16s",
    "Pooling": "pooling_bf16s",
    "RotaryEmbed": "rotaryembed_bf16s",
    "SDPA": unless_quantised("sdpa_arm"),
}
"""bf16 blobs, fp32 sums."""

_OWN_ARITHMETIC = KernelChoice("", "fp16 arithmetic")


def choose(layer: Layer, options: Options) -> KernelChoice | None:
    """The kernel of a layer, or None where one rounding of its fp32 result is what the engine does."""
    if sums_codes(layer):
        return _of(INT8.get(layer.type), layer, options)
    of_group = layer_of_group(layer)
    if of_group is not None:
        found = choose(of_group, options)
        return replace(found, kernel=f"grouped {found.kernel}") if found and found.kernel else found
    return _in_16_bits(layer, options)


def _in_16_bits(layer: Layer, options: Options) -> KernelChoice | None:
    stored = "use_fp16_storage" in options
    arithmetic = stored and "use_fp16_arithmetic" in options
    found = (FP16SA if arithmetic else FP16S if stored else BF16S).get(layer.type)
    if found is None:
        return _OWN_ARITHMETIC if stored and _rounds_inside(layer.type, arithmetic=arithmetic) else None
    return _of(found, layer, options)


def _of(row: str | Chooser | None, layer: Layer, options: Options) -> KernelChoice | None:
    return row(layer, options) if callable(row) else KernelChoice(row) if row else None


def _rounds_inside(type_name: str, *, arithmetic: bool) -> bool:
    """True for types that the engine computes in fp16 step by step, by kernels that are not reproduced here."""
    if type_name not in SUPPORT:
        return False
    kind = SUPPORT[type_name].arithmetic
    return kind == "fp16" or (kind == "bit 1" and arithmetic)
