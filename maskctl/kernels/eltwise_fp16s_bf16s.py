"""Eltwise in fp16, with fp16 or fp32 inside, and in bf16. Source: ncnn `src/layer/arm/eltwise_arm.cpp`, `eltwise_arm_asimdhp.cpp`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from maskctl.kernels.elementwise import BF16S, FP16S, FP16SA, Function, Mode, falling, from_memory, in_memory, mode_of
from maskctl.kernels.packing import Options, elempack
from maskctl.layers import eltwise
from maskctl.layers.base import Arrays, Params, Weights, floats_in
from maskctl.numeric import math16
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.lanes import SINGLE, Lanes


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The blobs joined from the first to the last; two of them, and maxima, in fp16 whatever bit 1 says."""
    eltwise.shapes(params, tuple(values.shape[1:] for values in inputs))
    mode, number = mode_of(options), params.integer("op_type")
    if mode is FP16S and (len(inputs) == 2 or number == eltwise.MAXIMUM):
        mode = FP16SA
    vector, rest = _functions(params, mode)
    blobs = tuple(floats_in(values) for values in inputs)
    with np.errstate(all="ignore"):
        if elempack(blobs[0].shape[1], options) > 1:
            found = vector(*blobs)
        else:
            rows = tuple(in_memory(values, 1) for values in blobs)
            found = from_memory(falling(rows, ((4, vector), (1, rest))), blobs[0].shape, 1)
    return (found if mode is FP16SA else mode.store(found),)


def _functions(params: Params, mode: Mode) -> tuple[Function, Function]:
    """What joins full vectors, and what joins the elements left over from them."""
    lanes, number = mode.lanes, params.integer("op_type")
    factors = [np.float32(factor) for factor in params.array("coeffs")]
    if number == eltwise.MAXIMUM:
        return _in_turn(math16.maximum), _in_turn(math16.maximum_number)
    if number == eltwise.SUM and factors:
        weighted = _weighted_unfused if mode is BF16S else _weighted
        return lambda *blobs: weighted(lanes, blobs, factors), lambda *blobs: _weighted_rest(lanes, blobs, factors)
    both = _in_turn(lanes.multiply if number == eltwise.PRODUCT else lanes.add)
    return both, both


def _in_turn(function: Function) -> Function:
    return lambda *blobs: reduce(function, blobs)


def _weighted(lanes: Lanes, blobs: Sequence[FloatArray], factors: Sequence[np.float32]) -> FloatArray:
    """The sum of the blobs times their factors, fused."""
    found = lanes.multiply(blobs[0], lanes.constant(factors[0]))
    for values, factor in zip(blobs[1:], factors[1:], strict=False):
        found = lanes.fma(found, values, lanes.constant(factor))
    return found


def _weighted_unfused(_: Lanes, blobs: Sequence[FloatArray], factors: Sequence[np.float32]) -> FloatArray:
    """As `_weighted` in bf16, where products are rounded to fp32 before they are added."""
    return reduce(np.add, (values * factor for values, factor in zip(blobs, factors, strict=False)))


def _weighted_rest(lanes: Lanes, blobs: Sequence[FloatArray], factors: Sequence[np.float32]) -> FloatArray:
    """As `_weighted` one by one, the first product fused: two blobs in fp32 throughout, of more every sum is rounded."""
    kept = factors if len(blobs) == 2 else [lanes.constant(factor) for factor in factors]
    found = SINGLE.fma(blobs[1] * kept[1], blobs[0], kept[0])
    for values, factor in zip(blobs[2:], kept[2:], strict=False):
        found = SINGLE.fma(lanes.rounded(found), values, factor)
    return lanes.rounded(found)
