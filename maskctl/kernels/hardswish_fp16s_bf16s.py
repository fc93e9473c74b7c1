"""HardSwish in fp16, with fp16 or fp32 inside, and in bf16.

Source: ncnn `src/layer/arm/hardswish_arm.cpp`, `hardswish_arm_asimdhp.cpp`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskctl.kernels.elementwise import BF16S, LAST_THREE, Mode, by_parts, mode_of
from maskctl.kernels.hardsigmoid_fp16s_bf16s import gate_of, vector_parts
from maskctl.kernels.packing import Options
from maskctl.layers.base import Array, Arrays, Params, Weights
from maskctl.layers.hardsigmoid import numbers
from maskctl.numeric.formats import FloatArray


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """x times its gate."""
    return (swished(inputs[0], numbers(params), mode_of(options), options),)


def swished(values: Array, slope_and_offset: Sequence[float | np.float32], mode: Mode, options: Options) -> FloatArray:
    """x times its gate; in fp16 the last of three that are left over from vectors is 0 unless it is seen not to be below."""
    gate = gate_of(slope_and_offset, mode)
    lanes = gate.mode.lanes

    def one_by_one(values: FloatArray) -> FloatArray:
        return gate.chosen(values, values * gate.line(values), values)

    def last_three(values: FloatArray) -> FloatArray:
        found = one_by_one(values)
        if gate.mode is not BF16S:
            found[..., -1][~(values[..., -1] >= gate.lower)] = 0
        return found

    vectors = vector_parts(
        gate.mode,
        lambda x: lanes.multiply(gate.vector(x), x),
        lambda x: lanes.multiply(gate.vector_unfused(x), x),
    )
    return by_parts(values, options, gate.mode, *vectors, (LAST_THREE, last_three), (1, one_by_one))
