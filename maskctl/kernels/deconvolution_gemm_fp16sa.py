"""Deconvolution by gemm in fp16: products of every pixel with every kernel position, which are then added to the output.

Source: ncnn `src/layer/arm/deconvolution_arm_asimdhp.cpp`, `gemm_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation16 import activate_map
from maskctl.kernels.deconvolution_places import by_position, cut, gemm_rows, scattered
from maskctl.kernels.gemm_fp16sa import product
from maskctl.kernels.gemm_operands import cast_left, tiles
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts
from maskctl.numeric.formats import FloatArray, round_to

"""The inner Gemm's line says nothing about tiles."""


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    values, weight = inputs[0], weights["weight"]
    outputs, channels = weight.shape[:2]
    pack = elempack(outputs, options)
    left = cast_left(gemm_rows(weight, pack)[None], casts.nearest, casts.one_by_one, transposed=True)
    pixels = values.reshape(len(values), channels, -1)
    total = product(left, pixels, None, tiles(pixels.shape[2], channels, 6))
    rows = total.transpose(1, 0, 2).reshape(left.shape[1], -1)
    bias = casts.flat(weights["bias"]) if params.integer("bias_term") else np.zeros(outputs, np.float32)
    whole = scattered(params, by_position(rows, weight[0, 0].size, pack), bias, values, _rounded)
    return (cut(params, activate_map(params, whole, options)),)


def _rounded(values: FloatArray) -> FloatArray:
    return round_to(values, "fp16")
