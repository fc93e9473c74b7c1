"""InnerProduct of fp16 blobs with fp32 sums: four accumulators or four lanes, by packing of outputs and rows.

Source: ncnn `src/layer/arm/innerproduct_fp16s.h`, `innerproduct_gemm_fp16s.h`, and the released arm64 build.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from maskctl.kernels import activation32
from maskctl.kernels.innerproduct_fp16sa import cast_weight
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import innerproduct
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.chain32 import accumulators, chain, joined, lanes
from maskctl.numeric.formats import FloatArray, round_to

_Bias: TypeAlias = FloatArray
"""(m, 1)."""


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The outputs of each sample, (n, num_output) or (n, rows, num_output)."""
    shape = inputs[0].shape
    outputs = params.integer("num_output")
    pack = elempack(outputs, options)
    columns = inputs[0].reshape(-1, innerproduct.inputs_taken(params)).T
    weight = cast_weight(weights["weight"], pack)
    bias = (weights["bias"] if params.integer("bias_term") else np.zeros(outputs, np.float32))[:, None]
    if innerproduct.by_rows(params, shape[1:]):
        rows = elempack(shape[1], options)
        sums = _of_rows(weight, columns, bias, rows, pack)
        vectors = outputs if max(rows, pack) > 1 else 0
    else:
        sums = _packed(weight, columns, bias) if pack > 1 else _of_vector(weight, columns, bias)
        vectors = outputs // 4 * 4
    done = [
        activation32.activate(params, sums[:vectors]),
        activation32.activate_one_by_one(params, sums[vectors:]),
    ]
    out = np.ascontiguousarray(np.concatenate(done).T)
    shapes = innerproduct.shapes(params, (shape[1:],))
    return (round_to(out, "fp16").reshape(*shape[:1], *shapes[0]),)


def _of_rows(weight: FloatArray, columns: FloatArray, bias: _Bias, rows: int, pack: int) -> FloatArray:
    """Packed rows and outputs: one accumulator. One of them packed: four. None: four lanes."""
    if rows > 1 and pack > 1:
        return chain(bias, weight, columns)
    if rows == pack:
        return _unpacked_rows(weight, columns, bias)
    s = accumulators(bias, weight, columns)
    with np.errstate(all="ignore"):
        return ((s[1] + s[2]) + s[3]) + s[0]


def _packed(weight: FloatArray, columns: FloatArray, bias: _Bias) -> FloatArray:
    """Four accumulators, joined as the released build does."""
    s = accumulators(bias, weight, columns)
    with np.errstate(all="ignore"):
        return (s[0] + s[3]) + (s[1] + s[2])


def _unpacked_rows(weight: FloatArray, columns: FloatArray, bias: _Bias) -> FloatArray:
    """Eight lanes over blocks of eight, joined to four, which take a block of four; then the bias, then the rest."""
    count = weight.shape[1]
    eights, fours = count // 8 * 8, count // 4 * 4
    eight = lanes(weight[:, :eights], columns[:eights], 8)
    with np.errstate(all="ignore"):
        four = [eight[lane] + eight[lane + 4] for lane in range(4)]
        if eights < fours:
            four = [chain(four[j], weight[:, eights + j, None], columns[eights + j, None]) for j in range(4)]
        total = bias + joined(four)
    return chain(total, weight[:, fours:], columns[fours:])


def _of_vector(weight: FloatArray, columns: FloatArray, bias: _Bias) -> FloatArray:
    """Four lanes; outputs in full groups of four add the rest behind the lanes, the last ones before them."""
    fours = weight.shape[1] // 4 * 4
    grouped = len(weight) // 4 * 4
    with np.errstate(all="ignore"):
        lanes_sum = joined(lanes(weight[:, :fours], columns[:fours], 4))
        first = chain(bias[:grouped] + lanes_sum[:grouped], weight[:grouped, fours:], columns[fours:])
        last = chain(bias[grouped:], weight[grouped:, fours:], columns[fours:]) + lanes_sum[grouped:]
    return np.concatenate([first, last])
