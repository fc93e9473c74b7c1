"""Convolutions and deconvolutions of groups of channels: the engine builds a layer for each group and runs one after another.

Source: ncnn `src/layer/arm/convolutiondepthwise_arm.cpp` and `deconvolutiondepthwise_arm.cpp`, `create_group_ops`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights

Kernel = Callable[[Params, Weights, Arrays, Options], Arrays]


def forward(kernel: Kernel, params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The outputs of all groups by the `kernel` of a layer with the channels of one group."""
    groups = params.integer("group")
    inner = params.replaced("group", 1)
    for name in ("num_output", "weight_data_size"):
        inner = inner.replaced(name, params.integer(name) // groups)
    parts = [np.split(weights[name], groups) for name in weights]
    outputs = [
        kernel(inner, dict(zip(weights, tensors, strict=True)), (np.ascontiguousarray(values),), options)[0]
        for values, *tensors in zip(np.split(inputs[0], groups, axis=1), *parts, strict=True)
    ]
    return (np.concatenate(outputs, axis=1),)
