"""Depthwise convolution of fp16 blobs with fp32 sums: from the bias on, kernel position by kernel position.

Fp16 arithmetic comes here too, for unpacked channels with other than 3x3 kernels; its activation is that of fp16.

Source: ncnn `src/layer/arm/convolutiondepthwise_arm_asimdhp.cpp` and the released arm64 build.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import activation16, activation32
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import convolution
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families.windows import patches
from maskctl.numeric import casts
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    padded, window = convolution.placed(params, inputs[0])
    seen = patches(padded, window)
    channels = seen.shape[1]
    pack = elempack(channels, options)
    cast = casts.nearest if pack > 1 else casts.flat
    kept = cast(weights["weight"].reshape(channels, -1)).T.reshape(*seen.shape[2:4], channels, 1, 1)
    total: FloatArray = np.zeros((*seen.shape[:2], *seen.shape[4:]), np.float32)
    if params.integer("bias_term"):
        total += weights["bias"][:, None, None]
    with np.errstate(all="ignore"):
        for row, column in np.ndindex(*seen.shape[2:4]):
            total += seen[:, :, row, column] * kept[row, column]
    if "use_fp16_arithmetic" in options:
        return (activation16.activate_one_by_one(params, round_to(total, "fp16")),)
    activate = activation32.activate if pack > 1 else activation32.activate_one_by_one
    return (round_to(activate(params, total), "fp16"),)
