"""HardSwish: x * (alpha * x + beta), 0 below the line's zero and x above its one.

PyTorch's alpha is 1/6, not the default. NaN passes, on arm64 not in all that vectors leave over. Vector code cuts off the line
on y, and makes NaN of -inf, which it multiplies by 0. What it leaves over, of channels that do not pack in fours, is compared with
the x where the line is 0 and 1: -inf gives 0, and with an alpha below 0, where these change places, every x gives 0 or
itself. Source: ncnn `src/layer/hardswish.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Params
from maskctl.layers.families.elementwise import in_fours, on_floats
from maskctl.layers.hardsigmoid import PARAMS, limits, line, numbers
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np


def hard_swish(params: Params, values: FloatArray) -> FloatArray:
    """x times the line, which is cut off on y in vectors, and on x in what they leave over."""
    lower, upper = limits(*numbers(params))

    def vector(x: FloatArray) -> FloatArray:
        out = line(params, x)
        np.clip(out, np.float32(0), np.float32(1), out=out)
        out *= x
        return out

    def one_by_one(x: FloatArray) -> FloatArray:
        return np.where(x < lower, np.float32(0), np.where(x > upper, x, x * line(params, x)))

    return in_fours(values, vector, one_by_one)


LAYER = LayerType("HardSwish", range(1, 2), on_floats(hard_swish), PARAMS)
