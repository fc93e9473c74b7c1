"""InnerProduct of fp32 blobs on x86-64 whose weights are kept in fp16, where fp16 storage is on and the CPU has F16C.

Outputs in eights or fours have their weights cut off in blocks of as many inputs, and cast one by one for the inputs left
over; the weights of others are cast as one long row.
Source: ncnn `src/layer/x86/innerproduct_fp.h`, `innerproduct_transform_kernel_fp16s_sse`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.innerproduct import LAYER
from maskctl.numeric import casts
from maskctl.numeric.formats import FloatArray


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The outputs of each sample in fp32."""
    outputs = params.integer("num_output")
    weight = weights["weight"]
    if elempack(outputs, options) == 1:
        kept = casts.flat(weight)
    else:
        kept = casts.rows(weight, _cut_off, casts.one_by_one, 4 if outputs % 8 else 8)
    return LAYER.forward(params, {**weights, "weight": kept}, inputs)


def _cut_off(values: FloatArray) -> FloatArray:
    """To fp16 towards zero."""
    nearest = casts.nearest(values)
    with np.errstate(over="ignore"):
        below = np.nextafter(nearest.astype(np.float16), np.float16(0)).astype(np.float32)
    return np.where(np.abs(nearest) > np.abs(values), below, nearest)
