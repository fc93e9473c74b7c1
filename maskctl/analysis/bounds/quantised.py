"""Layers of int8 codes: floats to codes, exact sums of codes, and back.

Codes lie within ±127, and within ±128 where vector code saturates. A sum of codes is bounded as any sum is, by the layer's
definition with the codes of its weights; 32-bit sums that may wrap around are unbounded. Scales are factors, see Quantize.
"""

from __future__ import annotations

import numpy as np

from maskctl.analysis.bounds import linear
from maskctl.analysis.bounds.activations import activated
from maskctl.analysis.bounds.case import Bounds, Case, nothing_known, rounded, spacing
from maskctl.analysis.bounds.curves import at, curve
from maskctl.analysis.bounds.interval import Interval, everywhere, hull, sorted_out
from maskctl.analysis.bounds.interval import rounded as with_room
from maskctl.layers.families import activation, convolution_int8, int8
from maskctl.layers.families.outermost import one_or_along
from maskctl.numeric.formats import FORMATS, FloatArray, Operand

_LARGEST = 128
_PACKED = 4
_WRAPS = 2.0**31
_TAKES_INFINITY = {activation.NONE, activation.RELU, activation.LEAKY_RELU, activation.CLIP}
"""Activations that make nothing worse of an infinite sum than its own overflow, which shows in the result."""

_RECIPROCAL = 2.0**-11
"""x86 divides by scales to 12 bits."""


def linear_or_codes(case: Case) -> Bounds:
    """Convolutions and inner products: of floats, or of codes where the layer has scales."""
    return _of_codes(case) if case.params.integer("int8_scale_term") else linear.bounds(case)


def relu(case: Case) -> Bounds:
    """ReLU: codes are cut off at 0 or, with a slope, stay as they are."""
    if case.step.arrives[0] != "int8":
        return curve(at(0.0))(case)
    blob = case.inputs[0]
    return Bounds(
        (blob if case.params.real("slope") else Interval(*(np.maximum(end, 0) for end in (blob.low, blob.high))),)
    )


def quantised(case: Case) -> Bounds:
    """Quantize: the codes of both ends."""
    blob = case.inputs[0]
    return Bounds((_codes(blob, one_or_along(case.weights["scale"], blob.low)),), moves=True)


def dequantised(case: Case) -> Bounds:
    """Dequantize: whole numbers times a factor, plus a bias."""
    blob = case.inputs[0]
    bias = one_or_along(case.weights["bias"], blob.low) if "bias" in case.weights else None
    return Bounds(rounded(case, [_values(blob, one_or_along(case.weights["scale"], blob.low), bias)], 4))


def requantised(case: Case) -> Bounds:
    """Requantize: as Dequantize, activated, and as Quantize.

    Any codes where the outermost axis may be packed: the engine takes the first of every four scales there.
    """
    blob = case.inputs[0]
    if blob.shape[0] % _PACKED == 0 and any(len(held) > 1 for held in case.weights.values()):
        return Bounds((everywhere(case.samples, case.shapes[0], -_LARGEST, _LARGEST),), moves=True)
    numbers = {name: one_or_along(held, blob.low) for name, held in case.weights.items()}
    values = _values(blob, numbers["scale_in"], numbers.get("bias"))
    return Bounds((_activated_codes(case, values, numbers["scale_out"]),), moves=True)


def _of_codes(case: Case) -> Bounds:
    """A sum of products of codes, as floats or as codes."""
    ready, params = case.ready, case.params
    scale = ready["bottom_scale"]
    read = case.inputs[0] if case.step.arrives[0] == "int8" else _codes(case.inputs[0], scale)
    sums = _sums(case, read)
    if sums.peaks.max(initial=0) >= _WRAPS:
        return nothing_known(case, "its sums of codes may pass 32 bits")
    if case.op.layer.type == "InnerProduct":
        factor, bias = int8.factor(scale, ready["weight_scales"]), ready.get("bias")
    else:
        factor, bias = convolution_int8.factor_and_bias(params, ready)
    values = _values(sums, factor, bias)
    if params.integer("int8_scale_term") > 100 and "top_scale" in ready:
        return Bounds((_activated_codes(case, values, ready["top_scale"]),), moves=True)
    kept = with_room(values, spacing(case.step.gives), FORMATS[case.step.gives].smallest_normal)
    top = activated(case, kept)
    limit = FORMATS[case.step.gives].largest
    lost = activation.kind(params)[0] not in _TAKES_INFINITY and kept.peaks.max(initial=0) > limit
    return Bounds((top,), {"inside": np.full(case.samples, np.inf, np.float32)} if lost else {})


def _sums(case: Case, read: Interval) -> Interval:
    """The bounds of the sums of codes, by the definition of the layer in floats."""
    params = linear.plain_params(case).replaced("int8_scale_term", 0).replaced("bias_term", 0)
    kernels = np.asarray(case.ready["weight"], np.float32)
    middle, radius = (case.op.kind.prepare(params, {"weight": held}) for held in (kernels, np.abs(kernels)))
    fill = float(convolution_int8.border_code(params.real("pad_value"))) if params.has("pad_value") else 0.0
    found = linear.Sum(case, params, middle, radius).over(read, (fill, fill))
    return found.widened(np.float32(linear.terms(case) * 2.0**-22) * (found.magnitude + 2 * found.radius))


def _values(sums: Interval, factor: Operand, bias: Operand | None) -> Interval:
    """Sums as floats, with room for whatever way the engine multiplies and adds."""
    with np.errstate(all="ignore"):
        ends = [np.asarray(end * np.asarray(factor, np.float32), np.float32) for end in (sums.low, sums.high)]
        known = hull(ends)
        known = known.widened(np.float32(_RECIPROCAL) * known.magnitude)
        if bias is None:
            return known
        shift = np.asarray(bias, np.float32)
        room = np.float32(2.0**-20) * (known.magnitude + np.abs(shift))
        return sorted_out(known.low + shift, known.high + shift).widened(room)


def _activated_codes(case: Case, values: Interval, scale: Operand) -> Interval:
    """The codes of what the activation gives; a leaky ReLU takes the larger of a value and its multiple in places."""
    found = _codes(activated(case, values), scale)
    kind, numbers = activation.kind(case.params)
    if kind != activation.LEAKY_RELU:
        return found
    with np.errstate(all="ignore"):
        sloped = hull([values.low * np.float32(numbers[0]), values.high * np.float32(numbers[0])])
    every = (found, _codes(values, scale), _codes(sloped, scale))
    return Interval(np.min([one.low for one in every], axis=0), np.max([one.high for one in every], axis=0))


def _codes(values: Interval, scale: Operand) -> Interval:
    """The codes of values, one more on either side: scales and products may be rounded to fp16 first.

    All codes there are where a scale is none that fp16 keeps.
    """
    held = np.abs(np.asarray(scale, np.float32))
    with np.errstate(all="ignore"):
        ends: list[FloatArray] = [int8.quantise(end, scale).astype(np.float32) for end in (values.low, values.high)]
        low, high = np.minimum(*ends) - 1, np.maximum(*ends) + 1
        kept = (held >= FORMATS["fp16"].smallest_normal) & (held <= FORMATS["fp16"].largest)
        known = np.isfinite(values.low) & np.isfinite(values.high) & kept
    low, high = np.where(known, low, np.float32(-_LARGEST)), np.where(known, high, np.float32(_LARGEST))
    return Interval(np.maximum(low, np.float32(-_LARGEST)), np.minimum(high, np.float32(_LARGEST)))
