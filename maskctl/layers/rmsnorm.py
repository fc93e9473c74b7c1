"""RMSNorm: the innermost axes over their root mean square, scaled by element.

Source: ncnn `src/layer/rmsnorm.cpp`. Axes are grouped by affine_size as in LayerNorm. Models write eps as 0.0, too:
a group of zeros is NaN then.
"""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Params, Shape, Weight, Weights
from maskctl.layers.families.normalization import (
    AFFINE_SIZE,
    affine_weight,
    grouped_shape,
    innermost,
    inverse_root,
    per_element,
)
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = AFFINE_SIZE


def weights(params: Params) -> tuple[Weight, ...]:
    """Gamma, or none."""
    return affine_weight(params, "gamma", "factor")


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    grouped_shape(params, inputs[0])
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The normalised values."""
    values = inputs[0]
    group = grouped_shape(params, values.shape[1:])
    axes = innermost(len(group), values.ndim)
    with np.errstate(all="ignore"):
        out: FloatArray = np.multiply(values, values, dtype=np.float32)
        np.multiply(values, inverse_root(out.mean(axes, np.float32, keepdims=True), params.real("eps")), out=out)
        if params.integer("affine"):
            out *= per_element(weight, "gamma", group)
    return (out,)


LAYER = LayerType("RMSNorm", range(1, 2), forward, PARAMS, weights, shapes)
