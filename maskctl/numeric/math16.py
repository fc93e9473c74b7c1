"""Maxima, and exp and what is built on it, as the engine's fp16 code computes them: in vectors, and what is left over."""

from __future__ import annotations

import numpy as np

from maskctl.numeric import cephes
from maskctl.numeric.formats import FloatArray, Operand, round_to
from maskctl.numeric.lanes import HALF


def maximum(left: Operand, right: Operand) -> FloatArray:
    """The larger of two as vector code finds it: NaN wins, and +0 is larger than -0."""
    return np.where((left == 0) & (right == 0), _sum_of_zeros(left, right), np.maximum(left, right))


def minimum(left: Operand, right: Operand) -> FloatArray:
    """The smaller of two as vector code finds it: NaN wins, and -0 is smaller than +0."""
    return np.negative(maximum(np.negative(left), np.negative(right)))


def maximum_number(left: Operand, right: Operand) -> FloatArray:
    """The larger of two as scalar code finds it: NaN only where both are, and +0 is larger than -0."""
    return np.where((left == 0) & (right == 0), _sum_of_zeros(left, right), np.fmax(left, right))


def _sum_of_zeros(left: Operand, right: Operand) -> FloatArray:
    """-0 where both are -0; of no use elsewhere."""
    with np.errstate(all="ignore"):
        return np.add(left, right, dtype=np.float32)


def exp(values: FloatArray) -> FloatArray:
    """exp of fp16 values, in full vectors."""
    return cephes.exp(HALF, values)


def exp_in_fours(values: FloatArray) -> FloatArray:
    """exp of fp16 values in code of half width."""
    return cephes.exp_in_fours(HALF, values)


def exp_one_by_one(values: FloatArray) -> FloatArray:
    """exp of float32 values left over from vectors: the C library's expf, rounded to fp16."""
    with np.errstate(all="ignore"):
        return round_to(np.exp(values.astype(np.float64)).astype(np.float32), "fp16")


def sigmoid_one_by_one(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)) of what is left over from vectors: the C library's expf, rounded to fp16, the rest in float32."""
    with np.errstate(all="ignore"):
        return round_to(np.float32(1) / (np.float32(1) + exp_one_by_one(-values)), "fp16")


def sigmoid_in_float32(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)) in float32, rounded once: what the Sigmoid layer does with what is left over from vectors."""
    with np.errstate(all="ignore"):
        grown = np.exp(-values.astype(np.float64)).astype(np.float32)
        return round_to(np.float32(1) / (np.float32(1) + grown), "fp16")


def sigmoid(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)); the last multiplication of exp and the addition of 1 are one fused operation."""
    return HALF.divide(np.float32(1), cephes.one_plus_exp(HALF, -values))
