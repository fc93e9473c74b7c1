"""DeepCopy: the blob as it is; the engine copies it, which changes no value. Source: ncnn `src/layer/deepcopy.cpp`."""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Params, Weights


def forward(_: Params, __: Weights, inputs: Arrays) -> Arrays:
    """The input; no layer here changes its inputs, so it need not be copied."""
    return inputs


LAYER = LayerType("DeepCopy", range(1, 2), forward)
