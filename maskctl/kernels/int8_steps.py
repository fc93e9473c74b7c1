"""What the int8 layers of arm64 share: floats to codes, sums to floats or codes, and the activation between.

Source: ncnn `src/layer/arm/quantize_arm_asimdhp.cpp`, `dequantize_arm.cpp`, `requantize_arm.cpp` and `arm_usability.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import activation32, mish_fp16s_bf16s
from maskctl.kernels.activation16 import activate_map
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Array, Params
from maskctl.layers.families import activation, int8
from maskctl.layers.families.int8 import Codes, Sums
from maskctl.numeric import casts, fma16
from maskctl.numeric.formats import FloatArray, Operand, round_to

_FP16_REGARDLESS = {activation.RELU, activation.LEAKY_RELU, activation.CLIP}
"""Activations whose layers compute in fp16 with and without fp16 arithmetic."""


def stored(options: Options) -> str:
    """The format of float blobs under these options."""
    if "use_fp16_storage" in options:
        return "fp16"
    return "bf16" if "use_bf16_storage" in options else "fp32"


def store(values: FloatArray, options: Options) -> FloatArray:
    """Floats as the blob keeps them; to bf16 by the engine's own cast."""
    kept = stored(options)
    return casts.one_by_one_to_bf16(values) if kept == "bf16" else round_to(values, kept)


def codes(values: Array, scale: Operand, options: Options) -> Codes:
    """The values as codes. In fp16 arithmetic the scale is an fp16 number, and so is the product."""
    if values.dtype == np.int8 or not {"use_fp16_storage", "use_fp16_arithmetic"} <= options:
        return int8.codes(values, scale)
    product16 = fma16.multiply(values, round_to(np.asarray(scale, np.float32), "fp16"))
    return int8.quantise(product16, np.float32(1))


def activate(params: Params, values: FloatArray, options: Options) -> FloatArray:
    """The activation of a map (n, c, h, w) that is stored already, as a layer of its own: rounded once more."""
    number, _ = activation.kind(params)
    if number == activation.NONE:
        return values
    if number == activation.MISH and stored(options) != "fp32":
        return mish_fp16s_bf16s.forward(params, {}, (values,), options)[0]
    if stored(options) == "fp16" and ("use_fp16_arithmetic" in options or number in _FP16_REGARDLESS):
        return activate_map(params, values, options)
    behind = alone(values.shape, options, 4)
    fused = _in_fp32(params, values, behind, fused=True)
    if number == activation.HARD_SWISH and stored(options) != "fp16":
        fused = np.where(_behind_sixteens(values.shape, options), _in_fp32(params, values, behind), fused)
    return store(fused, options)


def _behind_sixteens(shape: tuple[int, ...], options: Options) -> Array:
    """For a map (n, c, h, w), the pixels behind full blocks of 16 numbers, where HardSwish multiplies and adds in two steps."""
    size, of_pixels = shape[-2] * shape[-1], 16 // elempack(shape[1], options)
    return (np.arange(size) >= size // of_pixels * of_pixels).reshape(shape[-2:])


def _in_fp32(params: Params, values: FloatArray, is_alone: Array | None, *, fused: bool = False) -> FloatArray:
    """The activation in fp32; elements left over from vectors are computed one by one."""
    vectors = activation32.activate(params, values, fused=fused)
    return (
        vectors if is_alone is None else np.where(is_alone, activation32.activate_one_by_one(params, values), vectors)
    )


def requantise(
    params: Params, sums: Sums, scales: tuple[Operand, Operand], bias: Operand | None, is_alone: Array | None = None
) -> Codes:
    """Codes of sums times the first scale, plus bias, activated, times the second.

    ReLU and leaky ReLU act on what is scaled already: both scales are one number then, and the bias carries the second.
    `is_alone` is true for elements left over from vectors of four.
    """
    number, numbers = activation.kind(params)
    into, out = (np.asarray(scale, np.float32) for scale in scales)
    if number == activation.RELU or (number == activation.LEAKY_RELU and numbers[0] > 0):
        with np.errstate(all="ignore"):
            scaled_bias = None if bias is None else np.asarray(bias, np.float32) * out
            scaled = int8.dequantise(sums, into * out, scaled_bias)
        if number == activation.RELU:
            return np.maximum(int8.quantise(scaled, np.float32(1)), np.int8(0))
        return _leaky(scaled, np.float32(numbers[0]), is_alone)
    with np.errstate(all="ignore"):
        return int8.quantise(_in_fp32(params, int8.dequantise(sums, into, bias), is_alone), out)


def _leaky(values: FloatArray, slope: np.float32, is_alone: Array | None) -> Codes:
    """Vectors take the larger of value and value times slope, and know the code -128; what is alone does neither."""
    with np.errstate(all="ignore"):
        sloped = values * slope
        vectors = np.maximum(saturated(values), saturated(sloped))
        if is_alone is None:
            return vectors
        return np.where(is_alone, int8.quantise(np.where(values < 0, sloped, values), np.float32(1)), vectors)


def saturated(values: FloatArray) -> Codes:
    """The nearest codes, halves away from zero, -128 included."""
    found = int8.quantise(values, np.float32(1))
    return np.where(values <= np.float32(-127.5), np.int8(-128), found)


def alone(shape: tuple[int, ...], options: Options, packing: int = 8) -> Array | None:
    """For a map (n, c, h, w), which pixels are left over from vectors of four; none where so many channels are packed."""
    size = shape[-2] * shape[-1]
    if size % 4 == 0 or (shape[1] % packing == 0 and "use_packing_layout" in options):
        return None
    return (np.arange(size) >= size // 4 * 4).reshape(shape[-2:])
