"""StatisticsPooling: the mean of each channel and, if asked for, its population standard deviation behind the means.

A blob of rank 1 or 2 is one channel. Means are (c,), with standard deviations (2c,).

Source: ncnn `src/layer/statisticspooling.cpp`.
"""

from __future__ import annotations

import math

from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.outermost import by_channels, channels_of
from maskctl.layers.families.pooling_windows import sum_of_map
from maskctl.numeric.late import np

PARAMS = (Param(0, "include_stddev", 0, "not 0: standard deviations behind the means"),)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(c,) or (2c,)."""
    channels = channels_of(inputs[0])
    return ((channels * (2 if params.integer("include_stddev") else 1),),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """Means and the roots of mean squared differences from them, in fp32."""
    values = by_channels(inputs[0])
    size = np.float32(math.prod(values.shape[2:]))
    with np.errstate(all="ignore"):
        means = sum_of_map(values) / size
        if not params.integer("include_stddev"):
            return (means,)
        away = values - means.reshape(*means.shape, *(1,) * (values.ndim - 2))
        return (np.concatenate([means, np.sqrt(sum_of_map(away * away) / size)], axis=1),)


LAYER = LayerType("StatisticsPooling", range(1, 2), forward, PARAMS, shapes=shapes)
