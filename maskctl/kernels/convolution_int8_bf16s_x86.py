"""Convolution of int8 codes on x86-64 under bf16 storage: the sum is stored in bf16, and its activation is a layer behind.

Source: ncnn `src/layer/x86/convolution_x86.cpp`, `forward_int8_x86`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86
from maskctl.kernels.activation_x86 import activate
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.convolution import LAYER


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, codes where the layer quantises its sums again."""
    ready = LAYER.prepare(params, weights)
    if params.integer("int8_scale_term") > 100:
        return LAYER.forward(params, ready, inputs)
    sums = LAYER.forward(params.replaced("activation_type", 0), ready, inputs)[0]
    stored = bf16_x86.vectors(np.ascontiguousarray(sums), options)
    return (bf16_x86.kept_in_rows(activate(params, stored), options),)
