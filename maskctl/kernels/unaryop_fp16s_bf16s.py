"""UnaryOp in fp16, whatever bit 1 says, and in bf16.

Source: ncnn `src/layer/arm/unaryop_arm.cpp`, `unaryop_arm_asimdhp.cpp`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from maskctl.kernels.elementwise import Function, Part, by_parts, mode_regardless
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.unaryop import name_of
from maskctl.numeric import cephes, estimates, libm
from maskctl.numeric.formats import FloatArray, round_to
from maskctl.numeric.lanes import HALF, Lanes

InLanes: TypeAlias = Callable[[Lanes, FloatArray], FloatArray]

_ONE = np.float32(1)
_LOG10_E = 0.434294481903
_SHORT = np.iinfo(np.int16)
_ROUNDER = {"fp16": np.float32(1536), "fp32": np.float32(12582912)}
"""Added and subtracted again, it leaves no fraction."""


def _same(function: Function) -> InLanes:
    """A function that is exact, or rounded once, in any format."""
    return lambda _, values: function(values)


def _through_shorts(function: Function) -> InLanes:
    """In fp16 by way of 16-bit integers: no infinity, no NaN, no -0."""

    def whole(lanes: Lanes, values: FloatArray) -> FloatArray:
        found = function(values)
        if lanes is not HALF:
            return found
        return np.nan_to_num(found, nan=0.0).clip(_SHORT.min, _SHORT.max) + np.float32(0)

    return whole


def _sign(_: Lanes, values: FloatArray) -> FloatArray:
    return (values > 0).astype(np.float32) - (values < 0)


def _tan(lanes: Lanes, values: FloatArray) -> FloatArray:
    return libm.tan(values) if lanes is HALF else lanes.divide(*cephes.sin_cos(lanes, values))


def _in_fp32(function: InLanes, in_fp16: Function) -> InLanes:
    return lambda lanes, values: in_fp16(values) if lanes is HALF else function(lanes, values)


VECTORS: Mapping[str, InLanes] = {
    "abs": _same(np.abs),
    "neg": _same(np.negative),
    "floor": _through_shorts(np.floor),
    "ceil": _through_shorts(np.ceil),
    "square": _same(np.square),
    "sqrt": Lanes.sqrt,
    "rsqrt": estimates.reciprocal_root,
    "exp": cephes.exp,
    "log": cephes.log,
    "sin": lambda lanes, values: cephes.sin_cos(lanes, values)[0],
    "cos": lambda lanes, values: cephes.sin_cos(lanes, values)[1],
    "tan": _tan,
    "asin": _in_fp32(cephes.asin, libm.asin),
    "acos": _in_fp32(cephes.acos, libm.acos),
    "atan": _same(libm.atan),
    "reciprocal": estimates.reciprocal,
    "tanh": cephes.tanh,
    "log10": lambda lanes, values: lanes.multiply(cephes.log(lanes, values), lanes.constant(_LOG10_E)),
    "round": _same(np.rint),
    "trunc": _same(np.trunc),
    "sign": _sign,
    "expm1": cephes.expm1,
    "sinh": cephes.sinh,
    "asinh": cephes.asinh,
    "cosh": cephes.cosh,
    "acosh": cephes.acosh,
    "atanh": cephes.atanh,
    "log1p": cephes.log1p,
}
"""What full vectors go through."""


def _rounded_root(lanes: Lanes, values: FloatArray) -> FloatArray:
    return _ONE / round_to(np.sqrt(values), lanes.name)


def _round(lanes: Lanes, values: FloatArray) -> FloatArray:
    """To even halves by a large number, which costs numbers beyond it their fraction's place and more."""
    return lanes.subtract(lanes.add(values, _ROUNDER[lanes.name]), _ROUNDER[lanes.name])


def _sign_one_by_one(_: Lanes, values: FloatArray) -> FloatArray:
    """The sign, 1 for NaN."""
    return np.where(values == 0, np.float32(0), np.where(values < 0, -_ONE, _ONE))


REST: Mapping[str, InLanes] = {
    **{name: VECTORS[name] for name in ("abs", "neg", "square", "sqrt", "trunc")},
    "floor": _same(np.floor),
    "ceil": _same(np.ceil),
    "rsqrt": _rounded_root,
    "reciprocal": _same(np.reciprocal),
    "round": _round,
    "sign": _sign_one_by_one,
    **{
        name: _same(getattr(libm, name)) for name in ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "tanh")
    },
    **{
        name: _same(getattr(libm, name))
        for name in ("log10", "expm1", "sinh", "asinh", "cosh", "acosh", "atanh", "log1p")
    },
}
"""What is left over goes through one by one: the C library, mostly."""


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The function of each element."""
    mode, name = mode_regardless(options), name_of(params)
    lanes = mode.lanes
    parts: list[Part] = [(4, lambda x: VECTORS[name](lanes, x)), (1, lambda x: REST[name](lanes, x))]
    if name == "exp" and lanes is HALF:  # the half vector is compiled otherwise
        parts = [(8, lambda x: cephes.exp(lanes, x)), (4, lambda x: cephes.exp_in_fours(lanes, x)), parts[1]]
    return (by_parts(inputs[0], options, mode, *parts),)
