"""Which layer types keep bf16 blobs on x86-64, and which keep their weights alone in fp16.

Source: the `support_*` flags that the layers of the x86-64 wheel 1.0.20261020 carry; ncnn's `src/layer/x86` agrees but for
Permute, which keeps 32-bit blobs there. No type has fp16 blobs, whatever its flag says.
"""

from __future__ import annotations

from dataclasses import replace

from maskctl.graph.network import Layer
from maskctl.targets.identity import changes_nothing
from maskctl.targets.table import UNSUPPORTED, Support

_SUMS_IN_FP32 = (
    "Convolution Convolution1D Deconvolution InnerProduct Gemm MultiHeadAttention SDPA Pooling Softmax Interp RotaryEmbed "
    "BatchNorm InstanceNorm LayerNorm GroupNorm RMSNorm Scale PReLU Eltwise BinaryOp UnaryOp AbsVal BNLL Clip Dropout ELU Erf "
    "GELU HardSigmoid HardSwish Mish ReLU SELU Sigmoid Swish TanH Quantize Dequantize"
)
_MOVES = "Concat Crop Flatten Noop Packing Padding Permute Reshape Slice Split"

_UNPACKED = {"InstanceNorm", "RotaryEmbed", "SDPA"}
"""Types that take channels one by one."""
_PACKED_IN_FP32 = (
    "Cast ConvolutionDepthWise DeconvolutionDepthWise DeepCopy DeformableConv2D GridSample Normalize Requantize "
    "ShuffleChannel"
)
"""Types without 16-bit storage that keep channels side by side."""

SUPPORT = {
    name: Support(bf16=True, arithmetic=arithmetic, packing=name not in _UNPACKED)
    for names, arithmetic in ((_SUMS_IN_FP32, "fp32"), (_MOVES, "moves"))
    for name in names.split()
} | {name: Support(packing=True) for name in _PACKED_IN_FP32.split()}
SUPPORT["InnerProduct"] = replace(SUPPORT["InnerProduct"], fp16_weights=True)


_BY_ELEMSIZE = "AbsVal Concat Crop DeepCopy ExpandDims Flatten Noop Packing Permute Reshape Slice Split Squeeze"
"""Types whose code asks for the size of an element, or copies elements of any size."""


def supports(layer: Layer) -> Support:
    """What the layer's type keeps; a few types depend on their parameters."""
    if layer.type == "Pooling" and layer.params.get(7, 0):  # adaptive pooling has no bf16 code
        return UNSUPPORTED
    if layer.type in {"Gemm", "MultiHeadAttention", "SDPA"} and layer.params.get(18, 0):  # int8 or blocks of codes
        return UNSUPPORTED
    support = replace(SUPPORT.get(layer.type, UNSUPPORTED), by_elemsize=_goes_by_elemsize(layer))
    gives_fp32 = layer.type in {"MultiHeadAttention", "SDPA"} or (
        layer.type == "InnerProduct" and bool(layer.params.get(8, 0))
    )
    return replace(support, gives_fp32=frozenset({"bf16"})) if gives_fp32 else support


def _goes_by_elemsize(layer: Layer) -> bool:
    """True for `_BY_ELEMSIZE`, for layers that change nothing, and for borders whose elements are 0 or those of the blob."""
    if layer.type == "Padding":
        is_constant = layer.params.get(4, 0) == 0
        return not is_constant or not (layer.params.get(5, 0.0) or layer.params.get(6, 0))
    return layer.type in _BY_ELEMSIZE.split() or changes_nothing(layer)
