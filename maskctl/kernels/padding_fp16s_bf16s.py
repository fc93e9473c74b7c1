"""Padding of 16-bit blobs: values are moved, and the constants of a border are cast one by one.

Only constants per channel that the engine reads four or eight at a time are cast in vectors.
Source: ncnn `src/layer/arm/padding_arm.cpp`.
"""

from __future__ import annotations

from maskctl.kernels.packing import Options, elempack
from maskctl.layers import padding
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts
from maskctl.numeric.formats import round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The grown blob, its border rounded as the engine rounds it."""
    values = inputs[0]
    stored = "fp16" if "use_fp16_storage" in options else "bf16"
    one_by_one = casts.one_by_one if stored == "fp16" else casts.one_by_one_to_bf16
    in_vectors = _is_packed(params, values.ndim - 1, values.shape[1], options)
    constants = {name: round_to(each, stored) if in_vectors else one_by_one(each) for name, each in weights.items()}
    return padding.forward(params, constants, inputs)


def _is_packed(params: Params, rank: int, channels: int, options: Options) -> bool:
    """True where the engine keeps channels side by side: their number and what is added in front must fit."""
    pack = elempack(channels, options)
    front, behind = padding.pads(params, rank)[0]
    return pack > 1 and front % pack == 0 and elempack(front + channels + behind, options) == pack
