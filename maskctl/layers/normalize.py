"""Normalize: values over their Euclidean length, across the channels, the map or both, times a scale.

Source: ncnn `src/layer/normalize.cpp`. A blob of rank 1 or 2 is one channel, so that across channels alone each of its
elements is divided by its own magnitude. With neither axis the values stay as they are, unscaled.
"""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families.normalization import innermost, inverse_root
from maskctl.layers.families.outermost import along, by_channels, channels_of, require_elements, weight_size
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

CAFFE, PYTORCH = 0, 1

PARAMS = (
    Param(0, "across_spatial", 0, "1: over the map"),
    Param(4, "across_channel", 1, "1: over the channels"),
    Param(1, "channel_shared", 0, "1: one scale for all channels"),
    Param(2, "eps", 0.0001, "keeps the length from 0"),
    Param(9, "eps_mode", 0, "0 added to the sum of squares, 1 least length, 2 least sum of squares"),
    Param(3, "scale_data_size", 0, "elements of the scale"),
)


def weights(params: Params) -> tuple[Weight, ...]:
    """The scale, which the engine demands even where it does not use it."""
    return (Weight("scale", (weight_size(params, "scale_data_size"),), role="factor"),)


def _normalises(params: Params) -> bool:
    return bool(params.integer("across_spatial") or params.integer("across_channel"))


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    if _normalises(params) and not params.integer("channel_shared"):
        require_elements(channels_of(inputs[0]), params.integer("scale_data_size"), "scale_data_size")
    return inputs[:1]


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The normalised values."""
    values = inputs[0]
    shapes(params, (values.shape[1:],))
    if not _normalises(params):
        return (values,)
    channels = by_channels(values)
    axes: tuple[int, ...] = (1,) if params.integer("across_channel") else ()
    axes += innermost(channels.ndim - 2, channels.ndim) if params.integer("across_spatial") else ()
    scale = weight["scale"][:1] if params.integer("channel_shared") else weight["scale"]
    with np.errstate(all="ignore"):
        out = np.multiply(channels, channels, dtype=np.float32)
        np.multiply(channels, _factor(params, out.sum(axes, keepdims=True)), out=out)
        out *= along(scale, channels)
    return (out.reshape(values.shape),)


def _factor(params: Params, squares: FloatArray) -> FloatArray:
    """One over the length, kept from 0 as `eps_mode` says."""
    eps, mode = params.real("eps"), params.integer("eps_mode")
    if mode == CAFFE:
        return inverse_root(squares, eps)
    if mode == PYTORCH:
        length: FloatArray = np.maximum(np.sqrt(squares), np.float32(eps))
        return np.float32(1) / length
    return inverse_root(np.maximum(squares, np.float32(eps)), 0.0)


LAYER = LayerType("Normalize", range(1, 2), forward, PARAMS, weights, shapes)
