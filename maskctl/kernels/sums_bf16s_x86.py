"""Convolutions and inner products of bf16 blobs on x86-64: weights in bf16, fp32 sums, activation, one rounding.

The engine sums in an order of its own, which moves a result to the next bf16 value about once in ten thousand.
Source: ncnn `src/layer/x86/convolution_im2col_gemm_bf16s.h`, `convolution_packed_bf16s.h` and their like.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from maskctl.kernels import bf16_x86
from maskctl.kernels.activation_x86 import activate, activate_one_by_one
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, LayerType, Params, Weights
from maskctl.numeric import casts
from maskctl.numeric.formats import FloatArray

WeightCast: TypeAlias = Callable[[FloatArray, Options], FloatArray]

Part: TypeAlias = Callable[[FloatArray], FloatArray]
"""A view of those outputs of a blob (n, …) that are left over from vectors."""


def outputs_over(top: FloatArray) -> FloatArray:
    """The outputs left over from fours: (n, outputs, …)."""
    return top[:, top.shape[1] // 4 * 4 :]


def nothing_over(top: FloatArray) -> FloatArray:
    """No outputs."""
    return top[:, :0]


def pixels_over(top: FloatArray) -> FloatArray:
    """Of the outputs left over from fours, the pixels left over from fours."""
    rows = outputs_over(top.reshape(*top.shape[:2], -1))
    return rows[..., rows.shape[2] // 4 * 4 :]


def forward(
    kind: LayerType,
    cast: WeightCast,
    left_over: Part,
    params: Params,
    weights: Weights,
    inputs: Arrays,
    options: Options,
) -> Arrays:
    """The tops of a layer type by its fp32 definition over its weight in bf16."""
    kept = {**weights, "weight": cast(weights["weight"], options)} if "weight" in weights else weights
    plain = params.replaced("activation_type", 0)
    sums = kind.forward(plain, kind.prepare(plain, kept), inputs)
    return tuple(bf16_x86.vectors(activated(params, top, left_over), options) for top in sums)


def activated(params: Params, sums: FloatArray, left_over: Part = outputs_over) -> FloatArray:
    """The activation of fp32 sums (n, outputs, …), those left over from vectors one by one; unrounded."""
    found = np.ascontiguousarray(activate(params, sums))
    left_over(found)[...] = activate_one_by_one(params, left_over(np.ascontiguousarray(sums)))
    return found


def flat(weight: FloatArray, options: Options) -> FloatArray:
    """Cast as one row, eight at a time, the rest one by one."""
    by_eights = casts.blob(weight.reshape(1, -1), casts.flushed, casts.one_by_one_to_bf16, 8).reshape(weight.shape)
    return by_eights if bf16_x86.FEATURE in options else casts.one_by_one_to_bf16(weight)


def in_blocks(weight: FloatArray, options: Options) -> FloatArray:
    """Cast in blocks of outputs and channels; where both are left over from fours, one by one."""
    kept = bf16_x86.vectors(weight, options)
    outputs, channels = (extent // 4 * 4 for extent in weight.shape[:2])
    kept[outputs:, channels:] = casts.one_by_one_to_bf16(weight[outputs:, channels:])
    return kept


def for_gemm(weight: FloatArray, options: Options) -> FloatArray:
    """Cast in pairs of terms; the last term of an odd number, one by one for outputs left over from fours."""
    kept = bf16_x86.vectors(weight, options).reshape(len(weight), -1)
    if kept.shape[1] % 2:
        outputs = len(weight) // 4 * 4
        kept[outputs:, -1] = casts.one_by_one_to_bf16(weight.reshape(len(weight), -1)[outputs:, -1])
    return kept.reshape(weight.shape)


def one_by_one(weight: FloatArray, _: Options) -> FloatArray:
    """Cast one by one."""
    return casts.one_by_one_to_bf16(np.asarray(weight))
