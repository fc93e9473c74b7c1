"""Depthwise deconvolution of bf16 blobs with fp32 sums.

Source: ncnn `src/layer/arm/deconvolutiondepthwise_arm.cpp`, `forward_bf16s`.
"""

from __future__ import annotations

from maskctl.kernels.activation32 import activate, activate_one_by_one
from maskctl.kernels.deconvolution_places import cut
from maskctl.kernels.deconvolutiondepthwise32 import summed
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.casts import one_by_one_to_bf16
from maskctl.numeric.formats import round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    kept = round_to(weights["weight"], "bf16")
    whole = summed(params, kept, weights, inputs[0])
    activated = (activate if elempack(len(kept), options) > 1 else activate_one_by_one)(params, whole)
    return (cut(params, one_by_one_to_bf16(activated)),)
