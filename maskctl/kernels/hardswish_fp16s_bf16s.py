"""HardSwish in fp16, with fp16 or fp32 inside, and in bf16.

Source: ncnn `src/layer/arm/hardswish_arm.cpp`, `hardswish_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.elementwise import BF16S, LAST_THREE, by_parts, mode_of
from maskctl.kernels.hardsigmoid_fp16s_bf16s import gate_of, vector_parts
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.formats import FloatArray


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """x times its gate; in fp16 the last of three that are left over from vectors makes NaN 0."""
    gate = gate_of(params, mode_of(options))
    lanes = gate.mode.lanes

    def one_by_one(values: FloatArray) -> FloatArray:
        return gate.chosen(values, values * gate.line(values), values)

    def last_three(values: FloatArray) -> FloatArray:
        found = one_by_one(values)
        if gate.mode is not BF16S:
            found[..., -1][np.isnan(values[..., -1])] = 0
        return found

    vectors = vector_parts(
        gate.mode,
        lambda x: lanes.multiply(gate.vector(x), x),
        lambda x: lanes.multiply(gate.vector_unfused(x), x),
    )
    return (by_parts(inputs[0], options, gate.mode, *vectors, (LAST_THREE, last_three), (1, one_by_one)),)
