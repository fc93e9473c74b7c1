"""Dropout: at inference a multiplication by a constant, 1 in all exports seen. Source: ncnn `src/layer/dropout.cpp`."""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Param, Params, Weights, floats_in
from maskctl.numeric.late import np

PARAMS = (Param(0, "scale", 1.0, "factor"),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The input times `scale`; the input itself, of whatever type, when that is 1."""
    scale = np.float32(params.real("scale"))
    if scale == 1:
        return inputs
    with np.errstate(all="ignore"):
        return (floats_in(inputs[0]) * scale,)


LAYER = LayerType("Dropout", range(1, 2), forward, PARAMS)
