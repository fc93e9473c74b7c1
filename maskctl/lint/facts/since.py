"""The release of the engine in which a type, a parameter, a value or a spelling came.

Releases are the dates in their versions. Source: the tags of ncnn's repository, `src/layer/*.cpp` (`pd.get`), their headers'
enumerations, `src/net.cpp` and `src/paramdict.cpp`; what is in the last tag's successors only has the next release. Releases
before 1.0.20180704 are not told apart. Ids that a type had before and has no more are at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maskctl.layers import Param

HINTS, MASKS, MASK_BIT_128, NEW_ARRAYS, STRINGS = 20200226, 20221128, 20240410, 20250428, 20250428
LONG_HINTS = 20260526
"""Five values for each top."""
LONG_NUMBERS = 20261020
"""Numbers of more than 15 characters, and of more than 9 digits behind the point."""

PARAMS: Mapping[str, Mapping[int, tuple[int, ...]]] = {
    "Convolution": {20180830: (8,), 20190611: (9, 10), 20190908: (15, 16), 20191113: (18,), 20220216: (19,)},
    "Convolution1D": {20220216: (19,)},
    "ConvolutionDepthWise": {20180830: (8,), 20190611: (9, 10), 20190908: (15, 16), 20191113: (18,), 20220216: (19,)},
    "ConvolutionDepthWise1D": {20220216: (19,)},
    "Crop": {
        20180704: (2, 3, 4, 5),
        20190908: (6, 7, 8),
        20191113: (9, 10, 11),
        20211208: (13, 14, 15),
        20250428: (19, 20, 21),
    },
    "Deconvolution": {20190611: (9, 10), 20190908: (15, 16, 18, 19, 20, 21), 20240102: (28,)},
    "Deconvolution1D": {20240102: (28,)},
    "DeconvolutionDepthWise": {20190611: (9, 10), 20190908: (15, 16, 18, 19, 20, 21), 20240102: (28,)},
    "DeconvolutionDepthWise1D": {20240102: (28,)},
    "DetectionOutput": {20181228: (5, 6, 7, 8)},
    "Embed": {20241226: (18,)},
    "ExpandDims": {20191113: (3,)},
    "GRU": {20240820: (8,)},
    "Gemm": {20230223: (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 20, 21, 22), 20241226: (18,)},
    "GridSample": {20231027: (3,)},
    "InnerProduct": {20180830: (8,), 20190611: (9, 10)},
    "Input": {20211208: (11,)},
    "InstanceNorm": {20200916: (2,)},
    "Interp": {20200916: (5,), 20201208: (6,), 20250428: (9,)},
    "LSTM": {20200413: (2,), 20221128: (3,), 20240820: (8,)},
    "LayerNorm": {20210322: (2,)},
    "MemoryData": {20220729: (11,), 20231027: (21,)},
    "MultiHeadAttention": {20221128: (3, 4), 20230517: (5,), 20240820: (6,), 20241226: (18,), 20260113: (7,)},
    "Normalize": {20200106: (9,)},
    "Packing": {20200616: (2, 3)},
    "Padding": {20200106: (6,), 20200616: (7, 8)},
    "PixelShuffle": {20210124: (1,)},
    "Pooling": {20190908: (6,), 20210124: (7, 8, 18)},
    "PriorBox": {20191113: (14, 15)},
    "RNN": {20210124: (2,), 20240820: (8,)},
    "ROIAlign": {20200616: (3, 4, 5)},
    "Reduction": {20191113: (3, 4), 20220216: (5,)},
    "Reorg": {20210124: (1,)},
    "Reshape": {20211208: (11,), 20250428: (6,), 20261020: (12, 13)},
    "ShuffleChannel": {20200727: (1,)},
    "Slice": {20231027: (2,)},
    "Softmax": {20190320: (1,)},
    "Squeeze": {20191113: (3,), 20221128: (11,)},
    "Tile": {20220216: (2,)},
}
TYPES: Mapping[int, str] = {
    20180704: "Clip Reorg YoloDetectionOutput",
    20180830: "Dequantize Quantize",
    20181228: "PSROIPooling ROIAlign Yolov3DetectionOutput",
    20190320: "Packing Requantize",
    20190611: "Cast",
    20190908: "HardSigmoid HardSwish SELU",
    20191113: "Noop",
    20200226: "PixelShuffle",
    20200413: "DeepCopy",
    20200616: "Mish StatisticsPooling Swish",
    20200916: "Gemm GroupNorm LayerNorm",
    20201208: "Softplus",
    20210124: "GRU",
    20210322: "GELU MultiHeadAttention",
    20210720: "Convolution1D Pooling1D",
    20211122: "ConvolutionDepthWise1D",
    20211208: "Convolution3D ConvolutionDepthWise3D Pooling3D",
    20220216: "MatMul",
    20220420: "Deconvolution1D Deconvolution3D DeconvolutionDepthWise1D DeconvolutionDepthWise3D",
    20220701: "Einsum",
    20220729: "DeformableConv2D",
    20221128: "Fold GLU GridSample Unfold",
    20230223: "CopyTo CumulativeSum",
    20231027: "CELU Diag Erf Shrink",
    20240820: "RMSNorm",
    20241226: "InverseSpectrogram Spectrogram",
    20250916: "Flip",
    20260113: "RotaryEmbed SDPA",
}


@dataclass(frozen=True)
class Since:
    """Values from `least` on of a parameter came with a release; `types` are those that have it, all where empty."""

    types: str
    param: str
    least: int
    release: int


VALUES = (
    Since("BinaryOp", "op_type", 9, 20230223),
    Since("BinaryOp", "op_type", 12, 20260526),
    Since("UnaryOp", "op_type", 16, 20190908),
    Since("UnaryOp", "op_type", 17, 20230223),
    Since("UnaryOp", "op_type", 18, 20230816),
    Since("UnaryOp", "op_type", 20, 20260526),
    Since("Reduction", "operation", 7, 20191113),
    Since("", "activation_type", 5, 20200616),
    Since("", "activation_type", 6, 20211122),
    Since("Permute", "order_type", 6, 20211208),
    Since("Padding", "type", 2, 20190908),
    Since("Pooling", "pad_mode", 3, 20190908),
    Since("Interp", "resize_type", 3, 20190611),
    Since("Cast", "type_from", 4, 20200413),
    Since("Cast", "type_to", 4, 20200413),
    Since("Gemm MultiHeadAttention", "quantize_term", 400, 20261020),
)

GONE: Mapping[tuple[str, int], tuple[str, int]] = {
    ("Convolution", 17): ("impl_type", 20211208),
    ("Dequantize", 2): ("bias_data_size", 20210322),
    ("Packing", 4): ("storage_type_from", 20250503),
    ("Packing", 5): ("storage_type_to", 20250503),
    ("Reshape", 3): ("permute", 20241226),
    ("ExpandDims", 0): ("expand_w", 20250916),
    ("ExpandDims", 1): ("expand_h", 20250916),
    ("ExpandDims", 2): ("expand_c", 20250916),
    ("ExpandDims", 11): ("expand_d", 20250916),
}
"""Name, and the last release that read it, of ids that a type declares no more."""

_OF_TYPE = {name: release for release, names in TYPES.items() for name in names.split()}
_OF_PARAM = {
    (name, number): release
    for name, found in PARAMS.items()
    for release, numbers in found.items()
    for number in numbers
}


def release(date: int) -> str:
    """A release as its version.

    >>> release(20250428)
    '1.0.20250428'
    """
    return f"1.0.{date}"


def type_since(name: str) -> int:
    """The release in which a layer type came, 0 where all have it or nothing is known."""
    return _OF_TYPE.get(name, 0)


def param_since(name: str, number: int) -> int:
    """The release in which a layer type began to read a parameter, 0 where it did from the beginning."""
    return _OF_PARAM.get((name, number), 0)


def value_since(name: str, param: Param, value: object) -> int:
    """The release in which a value of a parameter came, 0 where it was there from the beginning."""
    found = [
        row.release
        for row in VALUES
        if row.param == param.name
        and (not row.types or name in row.types.split())
        and isinstance(value, int)
        and value >= row.least
    ]
    return max(found, default=0)
