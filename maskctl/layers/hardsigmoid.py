"""HardSigmoid: alpha * x + beta, cut off at 0 and 1.

NaN passes, as in arm64's vector code; what that leaves over may turn it into 1, and vector code on x86 turns it into 0.
With an alpha that is not positive the limits of x change places, and everything becomes 0 or 1. Source: ncnn `src/layer/hardsigmoid.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "alpha", 0.2, "slope; PyTorch's is 1/6"),
    Param(1, "beta", 0.5, "value at 0"),
)


def limits(params: Params) -> tuple[np.float32, np.float32]:
    """The x where the engine lets the line end: lower = -beta / alpha and upper = 1 / alpha + lower, in fp32."""
    alpha, beta = np.float32(params.real("alpha")), np.float32(params.real("beta"))
    lower = -beta / alpha
    return lower, np.float32(1) / alpha + lower


def line(params: Params, values: FloatArray) -> FloatArray:
    """alpha * x + beta, a fresh array."""
    out: FloatArray = values * np.float32(params.real("alpha"))
    out += np.float32(params.real("beta"))
    return out


def hard_sigmoid(params: Params, values: FloatArray) -> FloatArray:
    """The line between its limits; for a rising line the limits may be put on y as well as on x."""
    lower, upper = limits(params)
    out = line(params, values)
    if np.float32(params.real("alpha")) > 0:
        return np.clip(out, np.float32(0), np.float32(1), out=out)
    return np.where(values < lower, np.float32(0), np.where(values > upper, np.float32(1), out))


LAYER = LayerType("HardSigmoid", range(1, 2), on_floats(hard_sigmoid), PARAMS)
