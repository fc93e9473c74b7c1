"""InnerProduct of int8 codes on arm64: sums times the factor, plus bias, activated, all in fp32 and kept in fp32.

Source: ncnn `forward_int8_arm` in `src/layer/arm/innerproduct_arm.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import int8_steps
from maskctl.kernels.activation32 import activate, activate_one_by_one
from maskctl.kernels.packing import Options
from maskctl.layers import innerproduct
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families import int8


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The outputs of each sample, (n, num_output) or (n, rows, num_output), fp32."""
    bottom, scales = weights["bottom_scale"], weights["weight_scales"]
    shape = innerproduct.shapes(params, (inputs[0].shape[1:],))[0]
    rows = inputs[0].reshape(len(inputs[0]), -1, innerproduct.inputs_taken(params))
    sums = int8.product(int8_steps.codes(rows, bottom, options), innerproduct.prepare(params, weights)["weight"].T)
    total = int8.dequantise(sums, int8.factor(bottom, scales))
    if params.integer("bias_term"):
        with np.errstate(all="ignore"):
            total += weights["bias"]
    in_vectors = params.integer("num_output") % 8 == 0 and "use_packing_layout" in options
    out = activate(params, total) if in_vectors else activate_one_by_one(params, total)
    return (out.reshape(-1, *shape),)
