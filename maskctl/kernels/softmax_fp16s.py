"""Softmax in fp16: maximum, exp, sum and division, each rounded, whatever the feature mask.

Source: ncnn `src/layer/arm/softmax_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.layers import softmax
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import fma16, math16
from maskctl.numeric.formats import FP16, round_to


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """Softmax of each sample along the axis."""
    values = np.moveaxis(inputs[0], 1 + softmax.axis_of(params, inputs[0].ndim - 1), -1)
    with np.errstate(all="ignore"):
        largest = np.maximum(values.max(-1, keepdims=True), np.float32(-FP16.largest))
        grown = math16.exp(fma16.add(values, -largest))
        total = np.zeros_like(largest)
        for index in range(grown.shape[-1]):
            total = fma16.add(total, grown[..., index : index + 1])
        result = round_to(grown / total, "fp16")
    return (np.moveaxis(result, -1, 1 + softmax.axis_of(params, inputs[0].ndim - 1)),)
