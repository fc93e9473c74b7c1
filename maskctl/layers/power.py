"""Power: shift + scale * x to a power; what is negative gives NaN for powers that are not whole.

Source: ncnn `src/layer/power.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import LayerType, Param, Params
from maskctl.layers.families.elementwise import SCALE_AND_SHIFT, on_floats, scaled_and_shifted
from maskctl.numeric.formats import FloatArray, Operand
from maskctl.numeric.late import np

PARAMS = (Param(0, "power", 1.0, "exponent"), *SCALE_AND_SHIFT)


def power(params: Params, values: FloatArray) -> FloatArray:
    """The power as C's powf defines it."""
    return powf(scaled_and_shifted(params, values), np.float32(params.real("power")))


def powf(base: Operand, exponent: Operand) -> FloatArray:
    """C's powf: NaN for a negative base and an exponent that is not whole.

    numpy takes the root where a single exponent is one half, which differs for -inf and -0.
    """
    out: FloatArray = np.asarray(np.power(base, exponent))
    roots = np.equal(exponent, np.float32(0.5))
    if roots.any():
        np.copyto(out, np.abs(base), where=roots & (np.equal(base, 0) | np.equal(base, -np.inf)))
    return out


LAYER = LayerType("Power", range(1, 2), on_floats(power), PARAMS)
