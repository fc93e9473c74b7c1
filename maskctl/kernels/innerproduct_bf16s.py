"""InnerProduct of bf16 blobs with the BF16 instructions: pairs of terms, in fp32, rounded once after the activation.

Vectors: outputs in fours have two sums from 0, one for each pair of a block of four inputs, joined to the bias; what is
left over follows. Other outputs have four such sums over blocks of eight, two over a block of four, and the last inputs
follow the bias. Rows: packed fours begin at the bias. Vector code stores to nearest even, scalar code with ties away.
Source: ncnn `src/layer/arm/innerproduct_bf16s.h` and `innerproduct_gemm_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation32 import activate, activate_one_by_one
from maskctl.kernels.operands_bf16s import bias_of
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import innerproduct
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.bf16 import away, chain, pair_chain
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The outputs of each sample, (n, num_output) or (n, rows, num_output)."""
    shape = inputs[0].shape
    outputs = params.integer("num_output")
    columns = inputs[0].reshape(-1, innerproduct.inputs_taken(params)).T
    bias = bias_of(params, weights)[:, None]
    in_fours = elempack(outputs, options) == 4
    weight = _cast_weight(weights["weight"], 2 if in_fours else 4)
    rows_in_fours = innerproduct.by_rows(params, shape[1:]) and elempack(shape[1], options) == 4
    with np.errstate(all="ignore"):
        if rows_in_fours:
            totals = _from_bias(bias, weight, columns)
        else:
            totals = _two_sums(bias, weight, columns) if in_fours else _six_sums(bias, weight, columns)
    in_vectors = rows_in_fours or in_fours
    done = round_to(activate(params, totals), "bf16") if in_vectors else away(activate_one_by_one(params, totals))
    return (np.ascontiguousarray(done.T).reshape(*shape[:1], *innerproduct.shapes(params, (shape[1:],))[0]),)


def _cast_weight(weight: FloatArray, block: int) -> FloatArray:
    """Whole blocks of inputs are cast to nearest even, what is left over with ties away from zero."""
    full = weight.shape[1] // block * block
    return np.concatenate([round_to(weight[:, :full], "bf16"), away(weight[:, full:])], axis=1)


def _from_bias(bias: FloatArray, weight: FloatArray, columns: FloatArray) -> FloatArray:
    twos = weight.shape[1] // 2 * 2
    return chain(pair_chain(bias, weight[:, :twos], columns[:twos]), weight[:, twos:], columns[twos:])


def _lanes(weight: FloatArray, columns: FloatArray, lanes: int) -> list[FloatArray]:
    """Sums from 0 of pair after pair, which the lanes take in turns."""
    zero = np.zeros((len(weight), 1), np.float32)
    lane_of = np.arange(len(columns)) // 2 % lanes
    return [pair_chain(zero, weight[:, lane_of == lane], columns[lane_of == lane]) for lane in range(lanes)]


def _two_sums(bias: FloatArray, weight: FloatArray, columns: FloatArray) -> FloatArray:
    fours = weight.shape[1] // 4 * 4
    first, second = _lanes(weight[:, :fours], columns[:fours], 2)
    return _from_bias(bias + (first + second), weight[:, fours:], columns[fours:])


def _six_sums(bias: FloatArray, weight: FloatArray, columns: FloatArray) -> FloatArray:
    eights, fours = weight.shape[1] // 8 * 8, weight.shape[1] // 4 * 4
    s = _lanes(weight[:, :eights], columns[:eights], 4)
    r = _lanes(weight[:, eights:fours], columns[eights:fours], 2)
    total = chain(bias, weight[:, fours:], columns[fours:])
    return (total + (r[0] + r[1])) + ((s[0] + s[1]) + (s[2] + s[3]))
