"""Direct deconvolution of fp16 blobs with fp32 sums; the engine has no other.

Source: ncnn `src/layer/arm/deconvolution_arm_asimdhp.cpp`, `forward_fp16s`.
"""

from __future__ import annotations

from maskctl.kernels.activation32 import activate, activate_one_by_one
from maskctl.kernels.deconvolution_direct32 import summed
from maskctl.kernels.deconvolution_places import cut
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.formats import round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    kept = round_to(weights["weight"], "fp16")
    whole = summed(params, kept, weights, inputs[0], options)
    activated = (activate if elempack(len(kept), options) > 1 else activate_one_by_one)(params, whole)
    return (cut(params, round_to(activated, "fp16")),)
