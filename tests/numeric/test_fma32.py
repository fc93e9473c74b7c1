"""fp32 sums of fused products against exact rational arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from maskctl.numeric import chains32, fma32
from maskctl.numeric.formats import FloatArray, round_to
from tests.numeric.exact16 import f32
from tests.numeric.exact32 import fused


def _chain(left: FloatArray, right: FloatArray) -> list[float]:
    """The sum of products of each pair of vectors, step after step from 0."""
    totals = []
    for first, second in zip(left, right, strict=True):
        total = np.float32(0)
        for a, b in zip(first, second, strict=True):
            total = fused(total, a, b)
        totals.append(float(total))
    return totals


def _pairs(spread: int, count: int = 200, terms: int = 6) -> tuple[FloatArray, FloatArray]:
    """fp32 values of very different sizes, and bf16 ones: so that sums begin small and products end at midpoints."""
    rng = np.random.default_rng(spread)
    sizes = 2.0 ** rng.integers(-spread, spread + 1, (count, terms))
    left = (rng.standard_normal((count, terms)) * sizes).astype(np.float32)
    return left, round_to(rng.standard_normal((count, terms)).astype(np.float32), "bf16")


@pytest.mark.parametrize("spread", [1, 12, 40])
def test_fused_chains_round_once(spread: int) -> None:
    """Each step is the exact product added and rounded once, also where float64 cannot hold the sum."""
    left, right = _pairs(spread)
    found = chains32.fused_chains(0.0, left[:, None, :], right[:, :, None])
    assert _chain(left, right) == found[:, 0, 0].tolist()


@pytest.mark.parametrize("sign", [1, -1])
def test_midpoints_are_left_to_the_right_side(sign: int) -> None:
    """A sum that float64 puts on a midpoint of float32 goes where the lost part lies."""
    start, factor = f32([[[sign * 2.0**-80]]]), f32([[[1 + 2**-12]]])  # the square is a midpoint, 1 + 2**-11 + 2**-24
    found = chains32.fused_chains(start, factor, factor)
    assert 1 + 2**-11 + (2**-23 if sign > 0 else 0) == float(found[0, 0, 0])
    assert fused(start[0, 0, 0], factor[0, 0, 0], factor[0, 0, 0]) == found[0, 0, 0]


def test_one_matrix_is_a_batch_of_one() -> None:
    """`chain` and `fused_chains` give the same sums where no midpoint is near."""
    rng = np.random.default_rng(3)
    left, right = (rng.standard_normal(shape).astype(np.float32) for shape in ((5, 9), (9, 4)))
    assert fma32.chain(left, right).tolist() == chains32.fused_chains(0.0, left[None], right[None])[0].tolist()
