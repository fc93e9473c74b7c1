"""Convolution1D of fp16 blobs with fp32 sums: the packed convolution of maps, on a map of one row.

Source: ncnn `src/layer/arm/convolution1d_packed_fp16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import convolution_packed_fp16s
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output rows of each sample, to the bit of the engine."""
    (found,) = convolution_packed_fp16s.forward(params, weights, inputs, options)
    return (np.ascontiguousarray(found[:, :, 0]),)
