"""The values that whole-number parameters may have, and which must divide each other.

Source: `load_param` of the released engine 1.0.20261020, which refuses most others, and where it does not, what
`src/layer/*.cpp` do with them: an operation nobody knows leaves the output as memory happens to be, a window of no extent or a
negative border reads and writes beyond the blob.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from maskctl.graph.network import Layer
from maskctl.layers import LayerType, Param
from maskctl.lint.facts.declared import Values, by_name
from maskctl.lint.facts.per_kind import per_kind
from maskctl.param import Value

Condition: TypeAlias = Callable[[Values], bool]


@dataclass(frozen=True)
class Among:
    """Some ranges of whole numbers as one."""

    ranges: tuple[Container[int], ...]

    def __contains__(self, value: object) -> bool:
        return any(value in part for part in self.ranges)


@dataclass(frozen=True)
class Limit:
    """What parameters may be, and in words; `types` are those that have them, all where empty.

    It holds where `when` is true. `written` limits do not hold for a default, which then stands for something else.
    """

    types: str
    params: str
    allowed: Container[int]
    words: str = ""
    when: Condition | None = None
    written: bool = False


@dataclass(frozen=True)
class Divides:
    """Two parameters the first of which must be a multiple of the second."""

    types: str
    whole: str
    part: str


def _has_kernel(values: Values) -> bool:
    """True where the kernel does not come as a blob."""
    return not (values.has("dynamic_weight") and values.integer("dynamic_weight"))


def _slides(values: Values) -> bool:
    """True for a pooling of windows."""
    return not values.integer("global_pooling") and not values.integer("adaptive_pooling")


def _adapts(values: Values) -> bool:
    return not values.integer("global_pooling") and values.integer("adaptive_pooling") != 0


def _casts(values: Values) -> bool:
    return values.integer("type_from") != values.integer("type_to")


def _is_affine(values: Values) -> bool:
    return values.integer("affine") != 0


_SOME = range(1, 1 << 31)
_ANY = range(1 << 31)
_AXES = range(-4, 4)
_SOME_TEXT, _ANY_TEXT, _AXES_TEXT = "1 or more", "0 or more", "-4 to 3"
_SAME = Among((_ANY, (-233, -234)))
_BLOCKS = tuple(100 * bits + 10 * scales + block for bits in (4, 6, 8) for scales in (0, 1) for block in (0, 1, 2))
_QUANTISED = Among((range(4), range(7, 400), _BLOCKS))
_CONVOLUTIONS = (
    "Convolution Convolution1D Convolution3D ConvolutionDepthWise ConvolutionDepthWise1D ConvolutionDepthWise3D "
    "Deconvolution Deconvolution1D Deconvolution3D DeconvolutionDepthWise DeconvolutionDepthWise1D DeconvolutionDepthWise3D "
)
_WINDOWS = f"{_CONVOLUTIONS}DeformableConv2D Unfold Fold"
_POOLINGS = "Pooling Pooling1D Pooling3D"
_MAP_PADS = "pad_left pad_right pad_top pad_bottom"
_PADS = f"{_MAP_PADS} pad_front pad_behind"

LIMITS = (
    Limit("", "activation_type", range(7)),
    Limit(f"{_CONVOLUTIONS}DeformableConv2D", "num_output", _SOME, _SOME_TEXT, _has_kernel),
    Limit(_WINDOWS, "kernel_w kernel_h kernel_d", _SOME, _SOME_TEXT, _has_kernel),
    Limit(_WINDOWS, "stride_w stride_h stride_d dilation_w dilation_h dilation_d", _SOME, _SOME_TEXT),
    Limit(f"{_CONVOLUTIONS}Unfold", _PADS, _SAME, "0 or more, -233 SAME_UPPER or -234 SAME_LOWER"),
    Limit("DeformableConv2D Fold", _MAP_PADS, _ANY, _ANY_TEXT),
    Limit("", "group", _SOME, _SOME_TEXT),
    Limit("InnerProduct GRU LSTM RNN Embed", "num_output", _SOME, _SOME_TEXT),
    Limit("Embed", "input_dim", _SOME, _SOME_TEXT),
    Limit("LSTM", "hidden_size", _SOME, _SOME_TEXT, written=True),
    Limit("GRU LSTM RNN", "direction", range(3)),
    Limit("ConvolutionDepthWise", "int8_scale_term", (0, 1, 2, 101, 102)),
    Limit(_POOLINGS, "pooling_type", range(2)),
    Limit(_POOLINGS, "kernel_w kernel_h kernel_d stride_w stride_h stride_d", _SOME, _SOME_TEXT, _slides),
    Limit(_POOLINGS, _PADS, _ANY, _ANY_TEXT, _slides),
    Limit(_POOLINGS, "pad_mode", range(4), "", _slides),
    Limit("Pooling Pooling3D", "out_w out_h out_d", Among((_SOME, (-233,))), "1 or more, or -233", _adapts),
    Limit("Pooling1D", "out_w", _SOME, _SOME_TEXT, _adapts),
    Limit("BinaryOp", "op_type", range(19)),
    Limit("UnaryOp", "op_type", range(28)),
    Limit("Eltwise", "op_type", range(3)),
    Limit("Reduction", "operation", range(11)),
    Limit("Reduction", "fixbug0", (1,), "1 where axes are given", lambda values: values.length("axes") > 0),
    Limit("Softmax", "fixbug0", (1,), "1 where axis is not 0", lambda values: values.integer("axis") != 0),
    Limit("Concat Slice Softmax GLU CumulativeSum", "axis", _AXES, _AXES_TEXT),
    Limit("Slice", "slices", Among((_SOME, (-233,))), "extents of 1 or more, or -233 for an equal share of the rest"),
    Limit("Tile", "axis", range(4), "0 to 3"),
    Limit("Tile", "tiles", _SOME, _SOME_TEXT),
    Limit("Cast", "type_from type_to", range(1, 5), "1 fp32, 2 fp16, 3 int8, 4 bf16", _casts),
    Limit("Interp", "resize_type", range(1, 4)),
    Limit("Padding", "type", range(3)),
    Limit("Padding", "top bottom left right front behind", _ANY, _ANY_TEXT),
    Limit("Permute", "order_type", range(24), "0 to 23"),
    Limit("PixelShuffle Reorg", "mode", range(2)),
    Limit("PixelShuffle", "upscale_factor", _SOME, _SOME_TEXT),
    Limit("Reorg", "stride", _SOME, _SOME_TEXT),
    Limit("Packing", "out_elempack", _SOME, _SOME_TEXT),
    Limit("GridSample", "sample_type padding_mode", range(1, 4)),
    Limit("LRN", "region_type", range(2)),
    Limit("LRN", "local_size", _SOME, _SOME_TEXT),
    Limit("Normalize", "eps_mode", range(3)),
    Limit("ROIPooling ROIAlign PSROIPooling", "pooled_width pooled_height", _SOME, _SOME_TEXT),
    Limit("PSROIPooling", "output_dim", _SOME, _SOME_TEXT),
    Limit("ROIAlign", "version", range(2)),
    Limit("Spectrogram", "power", range(3)),
    Limit("Spectrogram", "pad_type", range(3)),
    Limit("InverseSpectrogram", "returns", range(3)),
    Limit("Spectrogram InverseSpectrogram", "window_type normalized", range(3)),
    Limit("Spectrogram InverseSpectrogram", "n_fft", _SOME, _SOME_TEXT),
    Limit("Spectrogram InverseSpectrogram", "hoplen winlen", _SOME, _SOME_TEXT, written=True),
    Limit("Gemm", "constant_broadcast_type_C", range(-1, 5)),
    Limit("Gemm MultiHeadAttention", "quantize_term", _QUANTISED),
    Limit("MultiHeadAttention", "embed_dim num_heads", _SOME, _SOME_TEXT),
    Limit("MemoryData", "load_type", range(2)),
    Limit("BatchNorm", "channels", _SOME, _SOME_TEXT),
    Limit("InstanceNorm GroupNorm", "channels", _SOME, _SOME_TEXT, _is_affine),
    Limit("LayerNorm RMSNorm", "affine_size", _SOME, _SOME_TEXT, _is_affine),
    Limit("PReLU", "num_slope", _SOME, _SOME_TEXT),
    Limit("Scale", "scale_data_size", Among((_SOME, (-233,))), "1 or more, or -233 where the factors are a blob"),
    Limit("Bias", "bias_data_size", _SOME, _SOME_TEXT),
    Limit("Quantize Dequantize", "scale_data_size", _SOME, _SOME_TEXT),
    Limit("Requantize", "scale_in_data_size scale_out_data_size", _SOME, _SOME_TEXT),
    Limit("Dequantize Requantize", "bias_data_size", _ANY, _ANY_TEXT),
    Limit("YoloDetectionOutput Yolov3DetectionOutput", "num_class num_box", _SOME, _SOME_TEXT),
)

DIVIDES = (
    Divides("", "num_output", "group"),
    Divides("GroupNorm", "channels", "group"),
    Divides("MultiHeadAttention", "embed_dim", "num_heads"),
)


def broken_limits(layer: Layer, kind: LayerType) -> Iterator[tuple[Param, Limit]]:
    """Every whole number that is none of the values its type has; one that another parameter gives is that one's."""
    for number, param, limit, is_default_wrong in _limits(kind):
        value = layer.params.get(number)
        is_wrong = is_default_wrong if value is None else bool(_beyond(value, limit))
        if is_wrong and (limit.when is None or limit.when(Values(layer, kind))):
            yield param, limit


def _beyond(value: Value, limit: Limit) -> tuple[int, ...]:
    """The whole numbers of a parameter that its limit does not allow."""
    numbers = value if isinstance(value, tuple) else (value,)
    return tuple([number for number in numbers if isinstance(number, int) and number not in limit.allowed])


def undivided(layer: Layer, kind: LayerType) -> Iterator[Divides]:
    """Every pair of which one parameter does not divide the other."""
    for row in _divides(kind):
        values = Values(layer, kind)
        whole, part = values.integer(row.whole), values.integer(row.part)
        if min(whole, part) > 0 and whole % part:
            yield row


@per_kind
def _limits(kind: LayerType) -> Sequence[tuple[int, Param, Limit, bool]]:
    """The limits of a type's parameters, with their ids, and whether the default breaks them where nothing is written."""
    return [
        (param.id, param, limit, not limit.written and not param.same_as and bool(_beyond(param.default, limit)))
        for limit, param in product(LIMITS, kind.params)
        if param.name in limit.params.split() and (not limit.types or kind.type in limit.types.split())
    ]


@per_kind
def _divides(kind: LayerType) -> Sequence[Divides]:
    names = by_name(kind)
    return [
        row
        for row in DIVIDES
        if {row.whole, row.part} <= set(names) and (not row.types or kind.type in row.types.split())
    ]
