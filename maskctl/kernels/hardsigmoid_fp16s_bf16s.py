"""HardSigmoid in fp16, with fp16 or fp32 inside, and in bf16; the gate of HardSwish.

Source: ncnn `src/layer/arm/hardsigmoid_arm.cpp`, `hardsigmoid_arm_asimdhp.cpp`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskctl.kernels.elementwise import BF16S, LAST_THREE, Function, Mode, Part, by_parts, mode_of
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.hardsigmoid import numbers
from maskctl.numeric import math16
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.lanes import SINGLE

_ZERO, _ONE = np.float32(0), np.float32(1)


@dataclass(frozen=True)
class Gate:
    """alpha * x + beta between 0 and 1, with the numbers as a mode keeps them."""

    mode: Mode
    alpha: np.float32
    beta: np.float32
    lower: np.float32
    upper: np.float32

    def vector(self, values: FloatArray) -> FloatArray:
        """The gate of full vectors, the line fused."""
        return self._within(self.mode.lanes.fma(self.beta, values, self.alpha))

    def vector_unfused(self, values: FloatArray) -> FloatArray:
        """The gate of vectors behind the last 16 of a channel, in bf16."""
        lanes = self.mode.lanes
        return self._within(lanes.add(self.beta, lanes.multiply(values, self.alpha)))

    def _within(self, line: FloatArray) -> FloatArray:
        return math16.minimum(math16.maximum(line, _ZERO), _ONE)

    def line(self, values: FloatArray) -> FloatArray:
        """alpha * x + beta in scalar code, which computes in fp32."""
        return SINGLE.fma(self.beta, values, self.alpha)

    def chosen(self, values: FloatArray, line: FloatArray, above: FloatArray | np.float32) -> FloatArray:
        """0 under the lower limit of x, `above` over the upper one, else the line."""
        return np.where(values < self.lower, _ZERO, np.where(values > self.upper, above, line))


def limits(alpha: np.float32, beta: np.float32) -> tuple[np.float32, np.float32]:
    """The x where the line is 0 and where it is 1, found in fp32 as the released arm64 build does: by the reciprocal of alpha."""
    with np.errstate(all="ignore"):
        inverse = _ONE / alpha
        return -beta * inverse, (_ONE - beta) * inverse


def gate_of(slope_and_offset: Sequence[float | np.float32], mode: Mode) -> Gate:
    """The gate of alpha and beta; its limits are found in fp32."""
    alpha, beta = map(np.float32, slope_and_offset)
    lower, upper = (mode.kept(limit) for limit in limits(alpha, beta))
    return Gate(mode, mode.kept(alpha), mode.kept(beta), lower, upper)


def vector_parts(mode: Mode, fused: Function, unfused: Function) -> tuple[Part, ...]:
    """How vectors are computed: all fused, in bf16 only in full blocks of 16."""
    return ((16, fused), (4, unfused)) if mode is BF16S else ((4, fused),)


def forward(params: Params, _: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The gate of each element; the last of three that are left over from vectors is 1 unless it is seen not to be above."""
    gate = gate_of(numbers(params), mode_of(options))

    def one_by_one(values: FloatArray) -> FloatArray:
        return gate.chosen(values, gate.line(values), _ONE)

    def last_three(values: FloatArray) -> FloatArray:
        found, last = one_by_one(values), values[..., -1]
        found[..., -1][~(last < gate.lower) & ~(last <= gate.upper)] = _ONE
        return found

    rest = ((LAST_THREE, last_three), (1, one_by_one))
    return (by_parts(inputs[0], options, gate.mode, *vector_parts(gate.mode, gate.vector, gate.vector_unfused), *rest),)
