"""Convolutions and deconvolutions whose weights come as blobs: the engine builds a layer with them and runs that.

Source: ncnn `src/layer/arm/convolution_arm.cpp` and its like, `forward` of several blobs. The blobs arrive in the storage
format; the inner layer gets their values as if they were its fp32 weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from maskctl.graph.operators import Operator
from maskctl.kernels.registry import find as find_kernel
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families import convolution_params
from maskctl.layers.families.convolution_params import Kernels
from maskctl.layers.families.windows import axes_of
from maskctl.targets import Target
from maskctl.targets.storage import Step, kernel_of

_EXTENTS = {"kernel_w": 1, "kernel_h": 11}


def run(op: Operator, params: Params, inputs: Arrays, step: Step, target: Target) -> Arrays | None:
    """The tops of a layer whose weights come as blobs, or None where its fp32 definition is what the engine computes."""
    if step.stored == "fp32" or not convolution_params.is_dynamic(params):
        return None
    transposed = op.layer.type.startswith("Deconvolution")
    kernels = convolution_params.of_blob(params, tuple(values.shape[1:] for values in inputs), transposed=transposed)
    inner = params.replaced("dynamic_weight", 0)
    names = dict(zip((f"kernel_{axis}" for axis in axes_of(params)), kernels.extents, strict=True))
    names |= {"num_output": kernels.outputs, "weight_data_size": math.prod(kernels.shape)}
    for name, value in names.items():
        inner = inner.replaced(name, value)
    numbers = {0: kernels.outputs, 6: math.prod(kernels.shape), 19: 0, 28: 0}
    numbers |= {number: names[name] for name, number in _EXTENTS.items() if name in names}
    choice = kernel_of(op.layer.as_if_written(op.layer.type, numbers), step, target)
    if choice is None or not choice.kernel:
        return None
    kernel = find_kernel(choice.kernel)
    options = step.options | target.features
    parts = [
        kernel(inner, weights, values, options)[0]
        for weights, values in _samples(kernels, inputs, transposed=transposed)
    ]
    return (np.concatenate(parts),)


def _samples(kernels: Kernels, inputs: Arrays, *, transposed: bool) -> Iterator[tuple[Weights, Arrays]]:
    """The weights and the input of each sample, or of all at once where the weights are the same."""
    blobs = inputs[1:]
    shared = all(np.array_equal(blob[1:].view(np.uint32), blob[:-1].view(np.uint32)) for blob in blobs)
    for part in [slice(None)] if shared else [slice(place, place + 1) for place in range(len(inputs[0]))]:
        weight = blobs[0][part][0]
        if transposed:
            outputs = kernels.outputs // kernels.groups
            by_group = weight.reshape(kernels.groups, kernels.inputs_per_group, outputs, -1)
            weight = by_group.swapaxes(1, 2)
        weights = {"weight": np.ascontiguousarray(weight).reshape(kernels.shape)}
        if len(blobs) > 1:
            weights["bias"] = blobs[1][part][0].reshape(-1)
        yield weights, (np.ascontiguousarray(inputs[0][part]),)
