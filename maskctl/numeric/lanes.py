"""The arithmetic of vector lanes in fp16 and in fp32: each operation rounded once. Values travel in float32 arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from maskctl.numeric import fma16, fma32
from maskctl.numeric.formats import FloatArray, Operand, half, round_to


@dataclass(frozen=True)
class Lanes:
    """Operations of lanes of one format; `constant` is a number as a lane holds it."""

    name: str
    bias: int
    fma: Callable[[Operand, Operand, Operand], FloatArray]
    constant: Callable[[float | np.float32], np.float32]

    def rounded(self, values: FloatArray) -> FloatArray:
        """Numbers as lanes hold them."""
        return round_to(values, self.name)

    def add(self, left: Operand, right: Operand) -> FloatArray:
        """left + right."""
        with np.errstate(all="ignore"):
            return round_to(np.add(left, right, dtype=np.float32), self.name)

    def subtract(self, left: Operand, right: Operand) -> FloatArray:
        """left - right; a NaN keeps its sign."""
        with np.errstate(all="ignore"):
            return round_to(np.subtract(left, right, dtype=np.float32), self.name)

    def multiply(self, left: Operand, right: Operand) -> FloatArray:
        """left * right."""
        with np.errstate(all="ignore"):
            return round_to(np.multiply(left, right, dtype=np.float32), self.name)

    def divide(self, left: Operand, right: Operand) -> FloatArray:
        """left / right."""
        with np.errstate(all="ignore"):
            return round_to(np.divide(left, right, dtype=np.float32), self.name)

    def sqrt(self, values: FloatArray) -> FloatArray:
        """The square root; NaN below 0, a positive one as the engine's CPU makes it."""
        with np.errstate(all="ignore"):
            return round_to(np.where(values < 0, np.float32(np.nan), np.sqrt(values)), self.name)

    def polynomial(self, coefficients: tuple[float, ...], at: FloatArray) -> FloatArray:
        """A polynomial, its highest coefficient first, a fused operation per step."""
        total: FloatArray = np.full_like(at, self.constant(coefficients[0]))
        for coefficient in coefficients[1:]:
            total = self.fma(self.constant(coefficient), total, at)
        return total

    def polynomial_unfused(self, coefficients: tuple[float, ...], at: FloatArray) -> FloatArray:
        """As `polynomial`, where products are rounded before they are added."""
        total: FloatArray = np.full_like(at, self.constant(coefficients[0]))
        for coefficient in coefficients[1:]:
            total = self.add(self.multiply(total, at), self.constant(coefficient))
        return total


HALF = Lanes("fp16", 15, fma16.fma, half)
SINGLE = Lanes("fp32", 127, fma32.fma, np.float32)
