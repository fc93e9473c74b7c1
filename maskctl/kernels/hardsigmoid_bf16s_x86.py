"""HardSigmoid of bf16 blobs on x86-64, which makes 0 of NaN and has no rest over from vectors.

Source: ncnn `src/layer/x86/hardsigmoid_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86, math32_x86
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.hardsigmoid import numbers


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    slope, offset = numbers(params)
    with np.errstate(all="ignore"):
        return (bf16_x86.vectors(math32_x86.hard_sigmoid(inputs[0], slope, offset), options),)
