"""The straight-line stand-ins for the logistic function: HardSigmoid, HardSwish.

The engine compares x with lower = -beta / alpha and upper = 1 / alpha + lower and takes alpha * x + beta between them.
"""

from __future__ import annotations

import numpy as np

from maskctl.layers.base import Param, Params
from maskctl.numeric.formats import FloatArray

PARAMS = (
    Param(0, "alpha", 0.2, "slope; PyTorch's is 1/6"),
    Param(1, "beta", 0.5, "value at 0"),
)


def numbers(params: Params) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """alpha, beta, lower and upper in fp32."""
    alpha, beta = np.float32(params.real("alpha")), np.float32(params.real("beta"))
    lower = -beta / alpha
    return alpha, beta, lower, np.float32(1) / alpha + lower


def line(params: Params, values: FloatArray) -> FloatArray:
    """alpha * x + beta, a fresh array."""
    alpha, beta, *_ = numbers(params)
    out: FloatArray = values * alpha
    out += beta
    return out
