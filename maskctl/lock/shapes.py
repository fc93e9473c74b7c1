"""What of a layer no re-export changes: its kind and the parameters its weights' shapes follow from, and what it adds to.

`ncnnoptimize`, `ncnn2int8` and converters fuse, drop and put in layers that move values or change them one by one. Those
are `passes`: the shape of a network is the rest. Sources: ncnn `tools/ncnnoptimize.cpp` (which layers it fuses,
eliminates and replaces), `tools/quantize/ncnn2int8.cpp`.
"""

from __future__ import annotations

from collections.abc import Mapping

from maskctl.param import Value

Default = int | str
"""A parameter's default: a number, or the id of the parameter whose value it takes, e.g. "1"."""

_PLANE: Mapping[int, Default] = {0: 0, 1: 0, 11: "1", 2: 1, 12: "2", 3: 1, 13: "3", 6: 0}
_LINE: Mapping[int, Default] = {0: 0, 1: 0, 2: 1, 3: 1, 6: 0}
_SPACE: Mapping[int, Default] = {**_PLANE, 21: "1", 22: "2", 23: "3"}
_GROUP: Mapping[int, Default] = {7: 1}

SHAPES: Mapping[str, Mapping[int, Default]] = {
    "Convolution": _PLANE,
    "ConvolutionDepthWise": {**_PLANE, **_GROUP},
    "Deconvolution": _PLANE,
    "DeconvolutionDepthWise": {**_PLANE, **_GROUP},
    "DeformableConv2D": _PLANE,
    "Convolution1D": _LINE,
    "ConvolutionDepthWise1D": {**_LINE, **_GROUP},
    "Deconvolution1D": _LINE,
    "DeconvolutionDepthWise1D": {**_LINE, **_GROUP},
    "Convolution3D": _SPACE,
    "ConvolutionDepthWise3D": {**_SPACE, **_GROUP},
    "Deconvolution3D": _SPACE,
    "DeconvolutionDepthWise3D": {**_SPACE, **_GROUP},
    "InnerProduct": {0: 0, 2: 0},
    "Gemm": {2: 0, 3: 0, 4: 0, 5: 0, 7: 0, 8: 0, 9: 0, 14: 0},
    "MultiHeadAttention": {0: 0, 1: 1, 2: 0, 3: "0", 4: "0"},
    "LSTM": {0: 0, 1: 0, 2: 0, 3: "0"},
    "GRU": {0: 0, 1: 0, 2: 0},
    "RNN": {0: 0, 1: 0, 2: 0},
    "Embed": {0: 0, 1: 0, 3: 0},
    "LayerNorm": {0: 0},
    "RMSNorm": {0: 0},
    "GroupNorm": {0: 1, 1: 0},
    "InstanceNorm": {0: 0},
    "MemoryData": {0: 0, 1: 0, 2: 0, 11: 0},
    "Pooling": {0: 0, 1: 0, 11: "1", 2: 1, 12: "2", 4: 0, 7: 0, 8: 0, 9: "8"},
    "Concat": {0: 0},
    "Slice": {1: 0},
    "Permute": {0: 0},
    "Interp": {0: 0},
}
"""Parameters by id with their defaults. A type that is not here is told apart by its name alone."""

MOVES = frozenset(
    (
        *("Split", "Noop", "Dropout", "DeepCopy", "Cast", "Packing", "Quantize", "Dequantize", "Requantize"),
        *("Flatten", "Reshape", "Squeeze", "ExpandDims"),
    )
)
"""Types that hand their values on, in another format or under another shape."""

POINTWISE = frozenset(
    (
        *(
            "ReLU",
            "PReLU",
            "Clip",
            "Sigmoid",
            "TanH",
            "Mish",
            "HardSwish",
            "HardSigmoid",
            "Swish",
            "ELU",
            "SELU",
            "CELU",
        ),
        *("GELU", "AbsVal", "BNLL", "Softplus", "Exp", "Log", "Power", "UnaryOp", "Threshold", "Erf", "Shrink"),
        *("BatchNorm", "Scale", "Bias"),
    )
)
"""Types that compute each value from one value of their only bottom: what a layer before them can take over."""

FUSING = frozenset(("Convolution", "ConvolutionDepthWise", "Deconvolution", "DeconvolutionDepthWise", "InnerProduct"))
"""Types that `ncnnoptimize` fuses what comes behind them into."""

FOLDED = frozenset(("BatchNorm", "Scale", "Bias"))
"""Types that are folded into weights, whosever they are."""

_AS_WRITTEN_BY_OTHERS = {"PReLU": "ReLU"}
_SUMS = {("BinaryOp", 0): "add", ("BinaryOp", 2): "mul", ("BinaryOp", 4): "max", ("BinaryOp", 5): "min"}
_SUMS |= {("Eltwise", 0): "mul", ("Eltwise", 1): "add", ("Eltwise", 2): "max"}
COMBINING = frozenset(("BinaryOp", "Eltwise"))
"""Types that combine blobs value by value."""


def combines(kind: str, params: Mapping[int, Value]) -> str:
    """What a layer that combines blobs does, by one word for all types, where the order of its bottoms is free; else "".

    >>> combines("BinaryOp", {0: 0}), combines("Eltwise", {0: 1}), combines("BinaryOp", {0: 1}), combines("Concat", {})
    ('add', 'add', '', '')
    """
    operation = params.get(0, 0)
    return _SUMS.get((kind, operation), "") if isinstance(operation, int) else ""


def label(kind: str, params: Mapping[int, Value]) -> str:
    """What a layer is, wherever it stands and whatever it is called; equal for a layer before and after a re-export.

    A 1x1 convolution is the inner product that `ncnnoptimize` makes of it behind a global pooling.

    >>> label("Convolution", {0: 64, 1: 3, 6: 1728, 9: 1})
    'Convolution 0=64 1=3 11=3 12=1 13=1 2=1 3=1 6=1728'
    >>> label("Convolution", {0: 10, 1: 1, 6: 640}) == label("InnerProduct", {0: 10, 2: 640})
    True
    """
    if combines(kind, params):
        return combines(kind, params)
    values = _values(SHAPES.get(kind, {}), params)
    if kind == "InnerProduct":
        return f"dense {values[0]} of {values[2]}"
    if kind == "Convolution" and all(values[number] == 1 for number in (1, 11, 3, 13)) and not params.get(19):
        return f"dense {values[0]} of {values[6]}"
    words = [f"{number}={values[number]}" for number in sorted(values, key=str)]
    return " ".join([_AS_WRITTEN_BY_OTHERS.get(kind, kind), *words])


def _values(row: Mapping[int, Default], params: Mapping[int, Value]) -> dict[int, Value]:
    values: dict[int, Value] = {}
    for number, default in row.items():
        values[number] = params.get(number, values[int(default)] if isinstance(default, str) else default)
    return values


def is_identity(kind: str, params: Mapping[int, Value]) -> bool:
    """True for a pooling of one element, which hands its values on."""
    if kind != "Pooling":
        return False
    values = _values(SHAPES[kind], params)
    return [values[number] for number in (1, 11, 2, 12, 4, 7)] == [1, 1, 1, 1, 0, 0]
