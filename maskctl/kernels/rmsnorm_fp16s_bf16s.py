"""RMSNorm of 16-bit blobs with fp32 inside, whatever the feature mask, to the bit.

Packed channels are normalised side by side. Source: ncnn `src/layer/arm/rmsnorm_arm_asimdhp.cpp` and `rmsnorm_arm.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.moments import SQUARES, Rows
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families.normalization import grouped_shape
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The normalised values."""
    values = inputs[0]
    rows = Rows(values, len(grouped_shape(params, values.shape[1:])), options)
    with np.errstate(all="ignore"):
        squares = rows.sums(rows.memory, SQUARES)
        factor = rows.spread(rows.inverse_root(squares, params.real("eps"), by_reciprocal=rows.pack == 8))
        if not params.integer("affine"):
            return (rows.blob(rows.memory * factor),)
        gamma = rows.by_element(weights["gamma"])
        if "use_fp16_storage" in options:
            is_first = rows.is_rest | rows.is_lone_four
            found = np.where(is_first, gamma * factor * rows.memory, rows.memory * factor * gamma)
        else:
            found = _scaled_bf16(rows, factor, gamma, is_vector=values.ndim == 2)
        return (rows.blob(found),)


def _scaled_bf16(rows: Rows, factor: FloatArray, gamma: FloatArray, *, is_vector: bool) -> FloatArray:
    """values * factor * gamma, in the order the compiler chose: which two come first differs by packing."""
    if rows.pack > 1:
        return rows.memory * factor * gamma
    rest = rows.memory * factor * gamma if is_vector else factor * gamma * rows.memory
    return np.where(rows.is_rest, rest, rows.memory * gamma * factor)
