"""HardSigmoid: alpha * x + beta, cut off at 0 and 1.

NaN passes, as in arm64's vector code; what that leaves over may turn it into 1, and vector code on x86 turns it into 0.
Vector code cuts off y; what it leaves over, of channels that do not pack in fours, is compared with the x where the line is 0
and 1. With an alpha below 0 these change places, and such an element is 0 or 1, whatever the line says.
Source: ncnn `src/layer/hardsigmoid.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import in_fours, on_floats
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (
    Param(0, "alpha", 0.2, "slope; PyTorch's is 1/6"),
    Param(1, "beta", 0.5, "value at 0"),
)


def limits(alpha: np.float32, beta: np.float32) -> tuple[np.float32, np.float32]:
    """The x where alpha * x + beta is 0 and where it is 1, in fp32 as released x86-64 builds find them."""
    with np.errstate(all="ignore"):
        return -beta / alpha, (np.float32(1) - beta) / alpha


def numbers(params: Params) -> tuple[np.float32, np.float32]:
    """alpha and beta."""
    return np.float32(params.real("alpha")), np.float32(params.real("beta"))


def line(params: Params, values: FloatArray) -> FloatArray:
    """alpha * x + beta, a fresh array."""
    alpha, beta = numbers(params)
    out: FloatArray = values * alpha
    out += beta
    return out


def hard_sigmoid(params: Params, values: FloatArray) -> FloatArray:
    """The line cut off on y in vectors, and on x in what they leave over."""
    lower, upper = limits(*numbers(params))

    def vector(x: FloatArray) -> FloatArray:
        out = line(params, x)
        return np.clip(out, np.float32(0), np.float32(1), out=out)

    def one_by_one(x: FloatArray) -> FloatArray:
        return np.where(x < lower, np.float32(0), np.where(x > upper, np.float32(1), line(params, x)))

    return in_fours(values, vector, one_by_one)


LAYER = LayerType("HardSigmoid", range(1, 2), on_floats(hard_sigmoid), PARAMS)
