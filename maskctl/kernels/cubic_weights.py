"""What four pixels weigh around a place between the second and the third, as the engine's compiler arranged the polynomials.

Source: ncnn `src/layer/arm/interp_bicubic.h`, `interp_bicubic_fp16s.h`, and the released arm64 build.
"""

from __future__ import annotations

import numpy as np

from maskctl.numeric import fma32
from maskctl.numeric.formats import FloatArray, round_to

_ONE, _SQUARE, _CUBE = (np.float32(number) for number in (1, 2.25, 1.25))


def in_fp32(before: FloatArray, place: FloatArray) -> tuple[FloatArray, ...]:
    """The four weights, and what the fourth lacks to 1, at `place` behind the pixel `before`."""
    first, near, far = _first(before, place), place - before, (before + _ONE) - place
    second, third = _inner(near), _inner(far)
    fourth = fma32.fma(_ONE, near * near, _SQUARE) - _grown(near)
    fourth = fma32.fma(fourth, far * far, _SQUARE)
    lack = ((_grown(far) - fourth) + first) + _ONE
    return first, second, third, (fourth - _grown(far)) - first, lack


def in_fp16(before: FloatArray, place: FloatArray) -> tuple[FloatArray, ...]:
    """As `in_fp32`, rounded to fp16 one by one."""
    exact = _first(before, place), _inner(place - before), _inner((before + _ONE) - place)
    first, second, third = (round_to(weight, "fp16") for weight in exact)
    fourth = round_to(((_ONE - second) - third) - first, "fp16")
    return first, second, third, fourth, round_to(_ONE - fourth, "fp16")


def _first(before: FloatArray, place: FloatArray) -> FloatArray:
    distance = (place - before) + _ONE
    square = distance * distance
    odd = fma32.fma(np.float32(-6), square, np.float32(-0.75))
    return fma32.fma(fma32.fma(np.float32(3), square, np.float32(3.75)), distance, odd)


def _grown(distance: FloatArray) -> FloatArray:
    return fma32.fma(_ONE, distance * distance, distance * _CUBE)


def _inner(distance: FloatArray) -> FloatArray:
    return fma32.fma(_grown(distance), -(distance * distance), _SQUARE)
