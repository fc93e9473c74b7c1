"""Which layer types keep 16-bit blobs on arm64, and what their kernels compute in.

Source: the `support_*` flags in the constructors of ncnn's `src/layer` and `src/layer/arm`.
"""

from __future__ import annotations

from dataclasses import replace

from maskctl.graph.network import Layer
from maskctl.targets.arm82.int8 import gives_fp32, packs
from maskctl.targets.identity import changes_nothing
from maskctl.targets.int8 import int8_term
from maskctl.targets.table import UNSUPPORTED, Support

_FOLLOWS_BIT_1 = (
    "Convolution ConvolutionDepthWise Convolution1D Deconvolution DeconvolutionDepthWise InnerProduct Gemm MatMul "
    "MultiHeadAttention SDPA Pooling BatchNorm PReLU Eltwise ELU SELU Sigmoid Swish TanH Mish GELU Erf HardSigmoid "
    "HardSwish Interp RotaryEmbed Quantize LSTM GRU RNN"
)
_FP16_REGARDLESS = "Softmax BinaryOp UnaryOp Clip ReLU"
_FP32_INSIDE = "LayerNorm GroupNorm InstanceNorm RMSNorm Dequantize"
_MOVES = "Concat Slice Crop Padding Reshape Flatten PixelShuffle ShuffleChannel Packing Split Noop Cast"
_UNPACKED = {"MatMul", "SDPA", "RotaryEmbed", "LSTM", "GRU", "RNN"}
"""Types whose fp16 and bf16 code takes channels one by one."""
_PACKED_IN_FP32 = "AbsVal DeepCopy Dropout Requantize Scale"
"""Types without 16-bit storage that keep channels side by side."""

_BY_ELEMSIZE = "Crop DeepCopy ExpandDims Noop Packing Split Squeeze"
"""Types whose code copies elements of any size, or hands the blob on. What others do depends on shapes: see `handing_on`."""

SUPPORT = {
    name: Support(fp16=True, bf16=True, arithmetic=arithmetic, packing=name not in _UNPACKED)
    for names, arithmetic in (
        (_FOLLOWS_BIT_1, "bit 1"),
        (_FP16_REGARDLESS, "fp16"),
        (_FP32_INSIDE, "fp32"),
        (_MOVES, "moves"),
    )
    for name in names.split()
}
SUPPORT |= {name: replace(SUPPORT[name], gives_fp32=frozenset({"bf16"})) for name in ("MultiHeadAttention", "SDPA")}
SUPPORT |= {name: Support(packing=True) for name in _PACKED_IN_FP32.split()}


_MAXIMUM = 2
"""Eltwise's number for it."""


def supports(layer: Layer) -> Support:
    """What the layer's type keeps; a few types depend on their parameters."""
    if layer.type == "Pooling":
        return _pooling(layer)
    if layer.type == "Eltwise" and (len(layer.bottoms) == 2 or layer.params.get(0, 0) == _MAXIMUM):
        return replace(SUPPORT["Eltwise"], arithmetic="fp16")
    if layer.type in {"Gemm", "MultiHeadAttention"} and _is_block_quantised(layer):
        return UNSUPPORTED
    support = SUPPORT.get(layer.type, UNSUPPORTED)
    if layer.type in _BY_ELEMSIZE.split() or changes_nothing(layer):
        support = replace(support, by_elemsize=True)
    if int8_term(layer):
        wide = frozenset({"fp16", "bf16"}) if gives_fp32(layer) else frozenset()
        support = replace(support, gives_fp32=wide, packing=packs(layer))
    if support.packing and not _keeps_packing(layer):
        support = replace(support, packing=False)
    if layer.type in {"MultiHeadAttention", "SDPA"} and layer.params.get(18, 0):  # int8
        return replace(support, bf16=False)
    return support


def _pooling(layer: Layer) -> Support:
    if layer.params.get(7, 0):  # adaptive pooling has no 16-bit kernel
        return UNSUPPORTED
    if layer.params.get(0, 0) == 0:
        return Support(fp16=True, bf16=True, arithmetic="moves", packing=True)
    # The global average is summed in fp32 whatever the mask.
    return Support(fp16=True, bf16=True, arithmetic="fp32" if layer.params.get(4, 0) else "bit 1", packing=True)


def _keeps_packing(layer: Layer) -> bool:
    """False for layers that move channels across the borders of fours, and so give them one by one.

    Crop's newer way of naming what it begins at is not looked at.
    """
    params = layer.params
    if layer.type == "PixelShuffle":
        return params.get(0, 1) == 2 and not params.get(1, 0)
    begin = {"Packing": params.get(0, 1), "Padding": params.get(7, 0), "Crop": params.get(2, 0)}.get(layer.type, 0)
    return isinstance(begin, int) and begin % 4 == 0


def _is_block_quantised(layer: Layer) -> bool:
    term = layer.params.get(18, 0)
    return isinstance(term, int) and term >= 400
