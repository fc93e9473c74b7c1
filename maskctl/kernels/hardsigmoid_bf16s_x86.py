"""HardSigmoid of bf16 blobs on x86-64; scalar code, which computes what is left over from vectors, makes 0 of NaN.

Source: ncnn `src/layer/x86/hardsigmoid_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.formats import FloatArray


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    slope, offset = (np.float32(params.real(name)) for name in ("alpha", "beta"))

    def vector(values: FloatArray) -> FloatArray:
        return math32_x86.hard_sigmoid(values, slope, offset)

    def scalar(values: FloatArray) -> FloatArray:
        found = np.fmax(values * slope + offset, np.float32(0))
        return np.minimum(found, np.float32(1))

    return (bf16_x86.in_rows(inputs[0], options, vector, scalar),)
