"""Mean and variance taken out of values, as all layers do that normalise by them.

The variance is that of the population, by a second pass over the values; one factor and one offset are applied to the
values as they came, as the engine does. A variance that overflows makes zeros of the values; the engine's x86 wheel
makes NaN of them, which the -Ofast it is compiled with allows.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from maskctl.layers.base import Array, Param, Params, Shape, Weight, Weights
from maskctl.layers.families.outermost import require_elements, weight_size
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

AFFINE_SIZE = (
    Param(0, "affine_size", 0, "elements normalised together: w, w*h or w*h*d"),
    Param(1, "eps", 0.001, "added to the variance"),
    Param(2, "affine", 1, "1: weights per element"),
)
"""The parameters of layers that normalise over the innermost axes."""


def standardised(
    values: Array,
    mean_of: Callable[[Array], FloatArray],
    eps: float,
    affine: tuple[FloatArray, FloatArray] | None = None,
) -> FloatArray:
    """The values less their mean, over the root of their variance plus `eps`; a buffer of its own.

    `mean_of` gives the means of what is normalised together, ready to broadcast; `affine` is a gamma and a beta that
    broadcast against these means to no more than a number per channel.
    """
    mean = mean_of(values)
    out: FloatArray = values - mean
    np.square(out, out=out)
    factor = inverse_root(mean_of(out), eps)
    if affine:
        factor = factor * affine[0]
    offset = -mean * factor
    if affine:
        offset = offset + affine[1]
    np.multiply(values, factor, out=out)
    out += offset
    return out


def mean_along(axes: tuple[int, ...]) -> Callable[[Array], FloatArray]:
    """What takes the mean along `axes`, which stay as extents of 1."""
    return lambda values: values.mean(axes, np.float32, keepdims=True)


def inverse_root(values: FloatArray, eps: float) -> FloatArray:
    """1 / sqrt(values + eps)."""
    root: FloatArray = np.sqrt(values + np.float32(eps))
    return np.float32(1) / root


def affine_weight(params: Params, name: str, role: str) -> tuple[Weight, ...]:
    """The weight of a layer with `AFFINE_SIZE`, or none."""
    return (Weight(name, (weight_size(params, "affine_size"),), role=role),) if params.integer("affine") else ()


def grouped_shape(params: Params, shape: Shape) -> Shape:
    """The innermost extents that are normalised together, as the engine picks them by `affine_size`.

    Rank 2 goes row by row. Ranks 3 and 4 take as many of the innermost axes as `affine_size` elements make, and a whole
    channel when none fits. Raises `ExecutionError` where the weights do not reach.
    """
    size = params.integer("affine_size")
    group = shape[-1:]
    while len(group) < len(shape) - 1 and len(shape) > 2 and math.prod(group) != size:
        group = shape[-len(group) - 1 :]
    if params.integer("affine"):
        require_elements(math.prod(group), size, "affine_size")
    return group


def per_element(weights: Weights, name: str, group: Shape) -> FloatArray:
    """A weight as it broadcasts against the innermost extents `group`."""
    return weights[name][: math.prod(group)].reshape(group)


def innermost(count: int, ndim: int) -> tuple[int, ...]:
    """The last `count` axes of an array."""
    return tuple(range(ndim - count, ndim))
