"""Depthwise deconvolution of fp16 blobs with fp32 sums.

Source: ncnn `src/layer/arm/deconvolutiondepthwise_arm_asimdhp.cpp`, `forward_fp16s`.
"""

from __future__ import annotations

from maskctl.kernels.activation32 import activate, activate_one_by_one
from maskctl.kernels.deconvolution_places import cut
from maskctl.kernels.deconvolutiondepthwise32 import summed
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts
from maskctl.numeric.formats import round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    weight = weights["weight"]
    packed = elempack(len(weight), options) > 1
    kept = casts.nearest(weight) if packed else casts.flat(weight[:, :, ::-1, ::-1])[:, :, ::-1, ::-1]
    whole = summed(params, kept, weights, inputs[0])
    activated = (activate if packed else activate_one_by_one)(params, whole)
    return (cut(params, round_to(activated, "fp16")),)
