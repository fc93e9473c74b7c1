"""LayerNorm of 16-bit blobs with fp32 inside, whatever the feature mask, to the bit.

Packed channels are normalised side by side. Source: ncnn `src/layer/arm/layernorm_arm_asimdhp.cpp` and
`layernorm_arm.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.moments import SQUARES, SUM, Rows
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families.normalization import grouped_shape
from maskctl.numeric import fma32


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The normalised values.

    The compiler has the count's reciprocal where it divides eight lanes, and in fp16 vectors; a row's last elements are
    computed in fewer roundings, and those of a vector less their mean.
    """
    values = inputs[0]
    rows = Rows(values, len(grouped_shape(params, values.shape[1:])), options)
    is_vector = values.ndim == 2
    by_reciprocal = rows.pack == 8 or (is_vector and "use_fp16_storage" in options)
    with np.errstate(all="ignore"):
        mean = rows.mean(rows.sums(rows.memory, SUM), by_reciprocal=by_reciprocal)
        centered = rows.memory - rows.spread(mean)
        factor = rows.inverse_root(rows.sums(centered, SQUARES), params.real("eps"), by_reciprocal=by_reciprocal)
        offset, factor = rows.spread(-(mean * factor)), rows.spread(factor)
        found = rows.memory * factor + offset
        rest = centered * factor if is_vector else fma32.fma(offset, rows.memory, factor)
        if params.integer("affine"):
            gamma, beta = (rows.by_element(weights[name]) for name in ("gamma", "beta"))
            found = found * gamma + beta
            rest = fma32.fma(beta, centered, factor * gamma) if is_vector else fma32.fma(beta, rest, gamma)
        return (rows.blob(np.where(rows.is_rest, rest, found)),)
