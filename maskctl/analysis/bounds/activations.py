"""The activations that convolutions and inner products have built in."""

from __future__ import annotations

import numpy as np

from maskctl.analysis.bounds.case import Case, spacing
from maskctl.analysis.bounds.interval import Interval, every_value, hull, rounded, sorted_out
from maskctl.kernels import activation16
from maskctl.layers.families import activation
from maskctl.layers.hardsigmoid import limits
from maskctl.numeric.formats import FP16, FP32

MISH_BOTTOM = -1.1924354
"""Where Mish is smallest."""

_EXACT = {activation.RELU, activation.LEAKY_RELU, activation.CLIP}
"""Activations that round once at most, by the factor or the limit they are given."""

_ROOM = 16
"""Roundings inside of an activation, of its largest number or of 1."""


def line_rises(case: Case) -> bool:
    """False for a hard sigmoid or hard swish, built in or not, with a slope that is not positive or that fp16 does not hold.

    Vector code cuts such a line off at other places than the code for what is left over, which jumps there.
    """
    params = case.params
    slope = params.real("alpha") if case.op.layer.type in {"HardSigmoid", "HardSwish"} else 1.0
    if params.has("activation_type") and params.integer("activation_type") == activation.HARD_SWISH:
        slope = activation.kind(params)[1][0]
    return FP32.smallest_normal <= slope <= FP16.largest


def activated(case: Case, sums: Interval) -> Interval:
    """The bounds behind the layer's activation; those of its sums where it has none."""
    if not case.params.has("activation_type"):
        return sums
    kind, numbers = activation.kind(case.params)
    if kind == activation.NONE:
        return sums
    ends = [sums.low, sums.high]
    inner = [sums.nearest_to(place) for place in _turning_points(kind, numbers)]
    known = hull([activation.apply(case.params, values) for values in (*ends, *inner)])
    low, high = known.low, known.high
    if kind == activation.CLIP:  # finite whatever comes
        low, high = (
            np.where(np.isfinite(end), end, np.float32(n)) for end, n in zip((low, high), numbers, strict=False)
        )
    elif kind == activation.RELU:
        low = np.where(np.isfinite(low), low, np.float32(0))
    elif kind == activation.SIGMOID:
        low, high = np.where(np.isfinite(low), low, np.float32(0)), np.where(np.isfinite(high), high, np.float32(1))
    room = spacing(case.step.stored)
    if kind in _EXACT:
        return rounded(sorted_out(low, high), 2 * room, 0)
    with np.errstate(all="ignore"):
        scale = np.float32(1) + known.magnitude
        return sorted_out(low, high).widened(np.float32(_ROOM * room + _measured(case, sums)) * scale)


def _measured(case: Case, sums: Interval) -> float:
    """The largest error of the fp16 code for vectors, or for single elements, relative to 1 + the result."""
    if not case.step.sums_in_fp16:
        return 0.0
    low, high = (
        np.clip(end, -FP16.largest, FP16.largest) for end in (sums.low.min(initial=0), sums.high.max(initial=0))
    )
    values = every_value("fp16", low, high)
    with np.errstate(all="ignore"):
        wanted = activation.apply(case.params, values)
        found = [run(case.params, values) for run in (activation16.activate, activation16.activate_one_by_one)]
        errors = [np.abs(one - wanted) / (1 + np.abs(wanted)) for one in found]
    return max(float(error[np.isfinite(error)].max(initial=0)) for error in errors)


def _turning_points(kind: int, numbers: tuple[float, ...]) -> tuple[float, ...]:
    if kind == activation.LEAKY_RELU:
        return (0.0,)
    if kind == activation.MISH:
        return (MISH_BOTTOM,)
    return hard_swish_points(*numbers[:2]) if kind == activation.HARD_SWISH else ()


def hard_swish_points(slope: float, offset: float) -> tuple[float, ...]:
    """Where x * (slope * x + offset) turns for a rising line, and both sides of where it gives way to 0 and to x."""
    ends = limits(np.float32(slope), np.float32(offset))
    sides = [float(np.nextafter(end, np.float32(way))) for end in ends for way in (-np.inf, np.inf)]
    return (*sides, *map(float, ends), -offset / (2 * slope))
