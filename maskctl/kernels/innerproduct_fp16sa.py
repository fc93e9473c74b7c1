"""InnerProduct in fp16: eight accumulators per output, or eight lanes where outputs are not packed.

Source: ncnn `src/layer/arm/innerproduct_fp16s.h`, and the released build's order of the final sum.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation16 import activate, activate_one_by_one
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import innerproduct
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import casts, fma16
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The outputs of each sample, (n, num_output) or (n, rows, num_output)."""
    shape = inputs[0].shape
    taken = innerproduct.inputs_taken(params)
    outputs = params.integer("num_output")
    columns = inputs[0].reshape(-1, taken).T
    pack = elempack(outputs, options)
    weight = cast_weight(weights["weight"], pack)
    bias = weights["bias"] if params.integer("bias_term") else np.zeros(outputs, np.float32)
    by_rows = innerproduct.by_rows(params, shape[1:])
    packs = max(pack, elempack(shape[1], options)) if by_rows else pack
    if by_rows and packs == 1:
        totals = _rows_in_float32(weight, columns, bias[:, None])
    elif by_rows:
        totals = fma16.chain(casts.flat(bias)[:, None], weight, columns)
    elif pack > 1:
        totals = _eight_accumulators(weight, columns, casts.flat(bias)[:, None])
    else:
        totals = _eight_lanes(weight, columns, bias[:, None])
    out = np.ascontiguousarray(totals.T).reshape(*shape[:1], *innerproduct.shapes(params, (shape[1:],))[0])
    return (activate(params, out) if packs > 1 else activate_one_by_one(params, out),)


def cast_weight(weight: FloatArray, block: int) -> FloatArray:
    """The weight in fp16; what is left over from the kernel's blocks of inputs goes through the scalar cast."""
    if block == 1:
        return casts.flat(weight)
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
        rest = _in_float32(bias, weight[:, eights:], columns[eights:])
        return round_to(rest + ((q[0] + q[1]) + (q[2] + q[3])), "fp16")


def _rows_in_float32(weight: FloatArray, columns: FloatArray, bias: FloatArray) -> FloatArray:
    """Unpacked rows: float32 sums in four lanes over blocks of 8, then bias, then the rest; rounded once."""
    eights = weight.shape[1] // 8 * 8
    zero = np.zeros_like(bias)
    with np.errstate(all="ignore"):
        q = [_in_float32(zero, weight[:, j:eights:4], columns[j:eights:4]) for j in range(4)]
        total = bias + ((q[0] + q[1]) + (q[2] + q[3]))
        return round_to(_in_float32(total, weight[:, eights:], columns[eights:]), "fp16")


def _in_float32(start: FloatArray, weight: FloatArray, columns: FloatArray) -> FloatArray:
    """Products, which are exact in float32, added one by one."""
    total: FloatArray = np.broadcast_to(start, (len(weight), columns.shape[1]))
    for index in range(len(columns)):
        total = total + weight[:, index, None] * columns[index]
    return total
