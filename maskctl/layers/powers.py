"""Powers as C defines them, and the straight line that Exp, Log and Power put before their function."""

from __future__ import annotations

import numpy as np

from maskctl.layers.base import Param, Params
from maskctl.numeric.formats import FloatArray, Operand

SCALE_AND_SHIFT = (Param(1, "scale", 1.0, "factor of x"), Param(2, "shift", 0.0, "added to it"))


def scaled_and_shifted(params: Params, values: FloatArray) -> FloatArray:
    """shift + scale * x, a fresh array."""
    out: FloatArray = values * np.float32(params.real("scale"))
    out += np.float32(params.real("shift"))
    return out


def power(base: Operand, exponent: Operand) -> FloatArray:
    """C's powf: NaN for a negative base and an exponent that is not whole.

    numpy takes the root where a single exponent is one half, which differs for -inf and -0.
    """
    out: FloatArray = np.asarray(np.power(base, exponent))
    roots = np.equal(exponent, np.float32(0.5))
    if roots.any():
        np.copyto(out, np.abs(base), where=roots & (np.equal(base, 0) | np.equal(base, -np.inf)))
    return out
