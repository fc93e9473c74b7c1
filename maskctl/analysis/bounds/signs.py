"""Sums of which no term is negative: however they are rounded, and in whatever order, neither is their result."""

from __future__ import annotations

import numpy as np

from maskctl.analysis.bounds.case import Case
from maskctl.analysis.bounds.interval import Interval
from maskctl.layers.base import Array, Params
from maskctl.targets.extents import extents_of

_FACTORS = ("alpha", "beta")
_PLAIN_3X3 = {"kernel": 3, "stride": 1, "dilation": 1}


def sums_of_none_negative(case: Case, params: Params, inputs: Interval) -> Array:
    """True for the outputs of a sum with constant weights that has no negative term, for what its input may hold.

    The layer's definition counts the terms: negative weights, and biases, where the input, or its border, may be more than 0.
    """
    factors = [params.real(name) for name in _FACTORS if params.has(name)]
    fill = params.real("pad_value") if params.has("pad_value") else 0.0
    if min(factors, default=1.0) < 0 or fill < 0 or (inputs.low < 0).any() or _may_subtract(case):
        return np.zeros((1,) * (1 + len(case.shapes[0])), np.bool_)
    for name in (*_FACTORS, "pad_value"):
        if params.has(name):
            params = params.replaced(name, float(fill > 0) if name == "pad_value" else 1.0)
    negative = {name: (values < 0).astype(np.float32) for name, values in case.weights.items()}
    ready = case.op.kind.prepare(params, negative)
    counted: Array = case.op.kind.forward(params, ready, ((inputs.high > 0).astype(np.float32),))[0]
    found: Array = counted == 0
    return found


def _may_subtract(case: Case) -> bool:
    """True where the engine may take winograd's transforms, in fp32 too: they subtract on the way."""
    extents = extents_of(case.op.layer)
    if "winograd" in case.kernel:
        return True
    if not case.op.layer.type.startswith("Convolution") or "use_winograd_convolution" not in case.step.options:
        return False
    is_depthwise = extents.get("channels") == extents.get("group") == extents.get("num_output")
    return not is_depthwise and all(
        extents.get(f"{name}_{axis}") == size for name, size in _PLAIN_3X3.items() for axis in "wh"
    )
