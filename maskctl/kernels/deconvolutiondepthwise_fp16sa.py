"""Depthwise deconvolution in fp16: one accumulator per output; in float32 where channels are not packed.

Source: ncnn `src/layer/arm/deconvolutiondepthwise_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation16 import activate, activate_one_by_one
from maskctl.kernels.deconvolution_places import channel_by_channel, cut
from maskctl.kernels.deconvolutiondepthwise32 import multiply_add
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts, fma16
from maskctl.numeric.formats import round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    channels = len(weights["weight"])
    bias = weights["bias"] if params.integer("bias_term") else np.zeros(channels, np.float32)
    if elempack(channels, options) > 1:
        weight = casts.nearest(weights["weight"])
        whole = channel_by_channel(params, weight, casts.flat(bias), inputs[0], fma16.fma)
        return (cut(params, activate(params, whole)),)
    weight = casts.flat(weights["weight"][:, :, ::-1, ::-1])[:, :, ::-1, ::-1]
    whole = channel_by_channel(params, weight, bias, inputs[0], multiply_add)
    return (cut(params, activate_one_by_one(params, round_to(whole, "fp16"))),)
