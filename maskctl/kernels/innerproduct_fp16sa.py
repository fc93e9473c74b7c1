"""InnerProduct in fp16: eight accumulators per output, or eight lanes where outputs are not a multiple of 4.

Source: ncnn `src/layer/arm/innerproduct_fp16s.h`, and the released build's order of the final sum.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation16 import activate
from maskctl.kernels.packing import elempack
from maskctl.layers import innerproduct
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts, fma16
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, weights: Weights, inputs: Arrays) -> Arrays:
    """The outputs of each sample, (n, num_output) or (n, rows, num_output)."""
    shape = inputs[0].shape
    taken = innerproduct.inputs_taken(params)
    outputs = params.integer("num_output")
    columns = inputs[0].reshape(-1, taken).T
    weight = _cast_weight(weights["weight"])
    bias = weights["bias"] if params.integer("bias_term") else np.zeros(outputs, np.float32)
    if innerproduct.by_rows(params, shape[1:]):
        totals = fma16.chain(round_to(bias, "fp16")[:, None], weight, columns)
    elif outputs % 4 == 0:
        totals = _eight_accumulators(weight, columns, round_to(bias, "fp16")[:, None])
    else:
        totals = _eight_lanes(weight, columns, bias[:, None])
    out = np.ascontiguousarray(totals.T).reshape(*shape[:1], *innerproduct.shapes(params, (shape[1:],))[0])
    return (activate(params, out, scalar=outputs % 4 != 0),)


def _cast_weight(weight: FloatArray) -> FloatArray:
    """The weight in fp16; what is left over from the kernel's blocks of inputs goes through the scalar cast."""
    if len(weight) % 4:
        return casts.flat(weight)
    block = elempack(len(weight))
    full = weight.shape[1] // block * block
    return np.concatenate([round_to(weight[:, :full], "fp16"), casts.one_by_one(weight[:, full:])], axis=1)


def _eight_accumulators(weight: FloatArray, columns: FloatArray, bias: FloatArray) -> FloatArray:
    """Term i adds to accumulator i mod 8; a block of 4 goes to the first four, the last ones to the first."""
    count = weight.shape[1]
    eights, fours = count // 8 * 8, count // 4 * 4
    index = np.arange(count)
    lane = np.where(index < eights, index % 8, np.where(index < fours, index % 4, 0))
    s = [
        fma16.chain(bias if j == 0 else np.zeros_like(bias), weight[:, lane == j], columns[lane == j]) for j in range(8)
    ]
    return _tree(s)


def _tree(s: list[FloatArray]) -> FloatArray:
    """(s0 + (s1 + s2)) + (s3 + ((s4 + s5) + (s6 + s7))), each sum rounded: the released build's association."""
    add = fma16.add
    return add(add(s[0], add(s[1], s[2])), add(s[3], add(add(s[4], s[5]), add(s[6], s[7]))))


def _eight_lanes(weight: FloatArray, columns: FloatArray, bias: FloatArray) -> FloatArray:
    """Eight fp16 lanes over blocks of 8, joined to four; their sum, the rest and the bias in float32, rounded once."""
    eights = weight.shape[1] // 8 * 8
    lanes = [fma16.chain(np.zeros_like(bias), weight[:, j:eights:8], columns[j:eights:8]) for j in range(8)]
    q = [fma16.add(lanes[j], lanes[j + 4]) for j in range(4)]
    with np.errstate(all="ignore"):
        rest = np.float32(weight[:, eights:] @ columns[eights:])
        return round_to(bias + rest + ((q[0] + q[1]) + (q[2] + q[3])), "fp16")
