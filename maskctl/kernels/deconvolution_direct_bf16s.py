"""Direct deconvolution of bf16 blobs with fp32 sums; the engine has no other.

Source: ncnn `src/layer/arm/deconvolution_arm.cpp`, `forward_bf16s`.
"""

from __future__ import annotations

from maskctl.kernels.activation32 import activate, activate_one_by_one
from maskctl.kernels.deconvolution_direct32 import summed
from maskctl.kernels.deconvolution_places import cut
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.casts import one_by_one_to_bf16


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    kept = one_by_one_to_bf16(weights["weight"])
    whole = summed(params, kept, weights, inputs[0], options)
    activated = (activate if elempack(len(kept), options) > 1 else activate_one_by_one)(params, whole)
    return (cut(params, one_by_one_to_bf16(activated)),)
