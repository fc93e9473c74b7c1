"""What a case asks of two outputs, and where they part."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from conformance.case import Case
from maskctl.numeric.formats import FORMATS, FloatArray, same_bits


def steps_apart(expected: FloatArray, actual: FloatArray, stored: str = "fp16") -> npt.NDArray[np.int64]:
    """How many values of the storage format lie between, counting the second.

    0 for two NaN; 65536 where only one is, or for infinity and a number.
    """
    distance = np.abs(_rank(expected, stored) - _rank(actual, stored))
    unlike = np.isnan(expected) != np.isnan(actual)
    unlike |= np.isinf(expected) != np.isinf(actual)
    return np.where(np.isnan(expected) & np.isnan(actual), 0, np.where(unlike, 65536, distance))


def _rank(values: FloatArray, stored: str) -> npt.NDArray[np.int64]:
    if stored == "fp16":
        with np.errstate(over="ignore"):
            bits = values.astype(np.float16).view(np.int16).astype(np.int64)
        return np.where(bits < 0, -(bits & 0x7FFF), bits)
    wide = values.view(np.int32).astype(np.int64) >> (32 - FORMATS[stored].bits)
    size = FORMATS[stored].bits - 1
    return np.where(wide < 0, -(wide & ((1 << size) - 1)), wide)


def difference(expected: FloatArray, actual: FloatArray, samples: tuple[str, ...] = (), stored: str = "fp16") -> str:
    """Empty for equal bits; else how many elements differ, and the worst of them."""
    if expected.shape != actual.shape:
        return f"shape {expected.shape} expected, {actual.shape} computed"
    equal = same_bits(expected, actual)
    if equal.all():
        return ""
    distance = np.where(equal, -1, steps_apart(expected, actual, stored))
    place = np.unravel_index(int(distance.argmax()), distance.shape)
    where = ", ".join(str(int(index)) for index in place[1:])
    profile = samples[int(place[0])] if samples else f"sample {int(place[0])}"
    return (
        f"{int((~equal).sum())} of {equal.size} elements differ; the worst, {int(distance[place])} {stored} values apart, at "
        f"({where}) of '{profile}': {expected[place]!r} expected, {actual[place]!r} computed"
    )


def problem(case: Case, expected: FloatArray, actual: FloatArray) -> str:
    """Empty where the outputs agree as well as the case asks; else what is wrong."""
    found = difference(expected, actual, case.profiles, case.stored)
    if not found or case.least == 1 or expected.shape != actual.shape:
        return found
    share = float(np.mean(same_bits(expected, actual)))
    if share < case.least:
        return f"{share:.5f} of the elements are equal, {case.least} expected: {found}"
    apart = steps_apart(expected, actual, case.stored)
    axes = tuple(range(1, expected.ndim))
    largest = np.max(np.where(np.isfinite(expected), np.abs(expected), 0), axis=axes, keepdims=True)
    with np.errstate(invalid="ignore"):
        near = np.abs(actual - expected) <= largest * case.within
    return "" if ((apart <= 1) | near).all() else found
