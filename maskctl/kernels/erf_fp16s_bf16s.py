"""Erf in fp16, with fp16 or fp32 inside, and in bf16.

Source: ncnn `src/layer/arm/erf_arm.cpp`, `erf_arm_asimdhp.cpp`.
"""

from __future__ import annotations

from maskctl.kernels.elementwise import by_parts, mode_of
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import cephes, error_function


def forward(_: Params, __: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The error function of each element."""
    mode = mode_of(options)
    return (by_parts(inputs[0], options, mode, (4, lambda x: cephes.erf(mode.lanes, x)), (1, error_function.erf)),)
