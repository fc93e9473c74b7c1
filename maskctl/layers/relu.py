"""ReLU: negative elements become 0, or are multiplied by a slope.

NaN passes; without a slope, what is left over from vectors on arm64 turns it into 0. An int8 blob is cut off at 0 as
well; with a slope the engine leaves it as it is. Source: ncnn `src/layer/relu.cpp`, for int8 `src/layer/x86/relu_x86.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Param, Params, Weights, floats_in
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (Param(0, "slope", 0.0, "factor of negative elements"),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The blob without what is negative."""
    slope = np.float32(params.real("slope"))
    if inputs[0].dtype == np.int8:
        return inputs if slope else (np.maximum(inputs[0], np.int8(0)),)
    with np.errstate(all="ignore"):
        return (_leaky(floats_in(inputs[0]), slope) if slope else np.maximum(np.float32(0), floats_in(inputs[0])),)


def _leaky(values: FloatArray, slope: np.float32) -> FloatArray:
    """Of x and slope * x the one that belongs to the sign of x: the larger for a slope up to 1, else the smaller."""
    out: FloatArray = values * slope
    return np.maximum(out, values, out=out) if slope <= 1 else np.minimum(out, values, out=out)


LAYER = LayerType("ReLU", range(1, 2), forward, PARAMS)
