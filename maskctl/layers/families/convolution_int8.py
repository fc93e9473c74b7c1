"""The int8 arithmetic of Convolution and ConvolutionDepthWise: exact sums of codes, dequantised, maybe quantised again.

A float input is quantised with `bottom_scale`, an int8 input is taken as it is. The border is laid around the codes:
`pad_value` is a code there, cut to a whole number. Source: ncnn `forward_int8` in `src/layer/convolution.cpp` and
`convolutiondepthwise.cpp`. A depthwise layer whose groups are a multiple of 8 uses an approximate reciprocal of the
scales on x86 (12 bits); maskctl divides, as the other targets do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from maskctl.errors import ExecutionError
from maskctl.layers.base import Array, Arrays, Params, Weight, Weights
from maskctl.layers.families import activation, int8
from maskctl.layers.families.int8 import Codes, Sums
from maskctl.layers.families.windows import convolution_border, convolution_window, patches, require_map
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np, npt

_AT_WORK = 1 << 18
"""Elements of the patches, or of the sums, that are at work at a time."""


def scales(params: Params, weight_scales: int, fan_in: int) -> tuple[Weight, ...]:
    """What an int8 convolution has behind its bias in the `.bin`, the scale of its output from term 101 on."""
    found = (
        Weight("weight_scales", (weight_scales,), role="int8 scale", fan_in=fan_in),
        Weight("bottom_scale", (1,), role="int8 scale"),
    )
    requantised = params.integer("int8_scale_term") > 100
    return (*found, Weight("top_scale", (1,), role="int8 scale")) if requantised else found


def prepare(weights: Weights) -> Weights:
    """The weights with the kernels as codes: those the `.bin` holds, or made of its floats with `weight_scales`."""
    kernels = weights["weight"]
    return {**weights, "weight": int8.weight_codes(kernels, per_output(weights, len(kernels))[:, None, None, None])}


def forward(params: Params, weights: Weights, inputs: Arrays, groups: int) -> Arrays:
    """The convolution of a map (n, c, h, w): fp32, or int8 codes from term 101 on.

    The weight is [num_output][channels / groups][kernel_h][kernel_w], from `prepare`.
    """
    require_channels(weights, inputs[0], groups)
    codes = int8.codes(inputs[0], weights["bottom_scale"])

    def finish(sums: Sums) -> Array:
        total = _finished(params, weights, sums)
        return int8.quantise(total, weights["top_scale"]) if requantises(params) else total

    return (_by_rows(params, weights, codes, groups, finish, np.int8 if requantises(params) else np.float32),)


def sums(params: Params, weights: Weights, codes: Codes, groups: int) -> Sums:
    """The exact sums (n, num_output, h, w) of products of codes, of which `forward` makes the output."""
    require_channels(weights, codes, groups)
    return _by_rows(params, weights, codes, groups, lambda some: some, np.int32)


def requantises(params: Params) -> bool:
    """True where the output is codes."""
    return params.integer("int8_scale_term") > 100


def require_channels(weights: Weights, values: Array, groups: int) -> None:
    """Raises `ExecutionError` for an input that does not fit the weight."""
    shape, kernels = require_map((values.shape[1:],)), weights["weight"]
    if shape[0] != kernels.shape[1] * groups or len(kernels) % groups:
        raise ExecutionError(
            f"the input has {shape[0]} channels. The weight is for {kernels.shape[1] * groups} in {groups} groups."
        )


def _by_rows(
    params: Params, weights: Weights, codes: Codes, groups: int, finish: Callable[[Sums], Array], dtype: npt.DTypeLike
) -> Array:
    """What `finish` makes of the sums of some rows of the output, all rows together."""
    kernels, border = weights["weight"], border_code(params.real("pad_value"))
    window = convolution_window(params)
    seen = patches(convolution_border(params, window, codes.shape[1:]).around(codes, border), window)
    out = np.empty((len(codes), len(kernels), *seen.shape[-2:]), dtype)
    for rows in _rows_at_a_time(seen, len(kernels)):
        out[..., rows, :] = finish(_sums(kernels, seen[..., rows, :], groups))
    return out


def _rows_at_a_time(seen: Array, outputs: int) -> Iterator[slice]:
    """Blocks of output rows whose patches and sums, as wide numbers, stay small beside the maps."""
    height, width = seen.shape[-2:]
    of_a_row = max(seen.size // height, len(seen) * outputs * width)
    step = max(1, _AT_WORK // of_a_row)
    yield from (slice(start, start + step) for start in range(0, height, step))


def _finished(params: Params, weights: Weights, total: Sums) -> FloatArray:
    """Sums (n, outputs, rows, w) as floats, with bias and activation."""
    with np.errstate(all="ignore"):
        return activation.apply(params, int8.dequantise(total, *factor_and_bias(params, weights)))


def factor_and_bias(params: Params, weights: Weights) -> tuple[FloatArray, FloatArray | None]:
    """What turns the sums of each output into floats, ready to broadcast against them."""
    factor = int8.factor(weights["bottom_scale"], per_output(weights, len(weights["weight"])))
    bias = weights["bias"][:, None, None] if params.integer("bias_term") else None
    return factor[:, None, None], bias


def per_output(weights: Weights, outputs: int) -> FloatArray:
    """The scale of each output's kernel; a depthwise layer has one per group, or one for all."""
    found = weights["weight_scales"]
    return np.repeat(found, outputs // len(found))


def border_code(value: float) -> int:
    """The pad value as the engine casts it to a code: cut to a whole number of 8 bits."""
    whole = int(np.trunc(np.nan_to_num(np.clip(np.float32(value), -(2**31), 2**31 - 128))))
    return (whole + 128) % 256 - 128


def _sums(kernels: Array, seen: Array, groups: int) -> Sums:
    """Sums of code products (n, outputs, h, w) of what the window sees, (n, c, kernel_h, kernel_w, h, w)."""
    n, height, width = len(seen), *seen.shape[-2:]
    rows = kernels.reshape(groups, len(kernels) // groups, -1)
    columns = seen.reshape(n, groups, rows.shape[-1], height * width)
    return int8.product(rows, columns).reshape(n, len(kernels), height, width)
