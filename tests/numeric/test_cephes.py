"""The engine's polynomials stay near the functions they stand for; their bits are witnessed by the stored cases."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from maskctl.numeric import cephes, estimates, libm
from maskctl.numeric.formats import FloatArray, round_to
from maskctl.numeric.lanes import HALF, SINGLE, Lanes

FUNCTIONS: tuple[
    tuple[Callable[[Lanes, FloatArray], FloatArray], Callable[[FloatArray], FloatArray], float, float], ...
] = (
    (cephes.exp, np.exp, -6, 6),
    (cephes.exp_in_fours, np.exp, -6, 6),
    (cephes.log, np.log, 0.1, 200),
    (lambda lanes, x: cephes.sin_cos(lanes, x)[0], np.sin, -3, 3),
    (lambda lanes, x: cephes.sin_cos(lanes, x)[1], np.cos, -3, 3),
    (cephes.tanh, np.tanh, -6, 6),
    (cephes.expm1, np.expm1, -3, 3),
    (cephes.log1p, np.log1p, -0.5, 50),
    (cephes.sinh, np.sinh, -4, 4),
    (cephes.cosh, np.cosh, -4, 4),
    (cephes.asinh, np.arcsinh, -50, 50),
    (cephes.acosh, np.arccosh, 1.5, 50),
    (cephes.atanh, np.arctanh, -0.9, 0.9),
    (estimates.reciprocal_root, lambda x: np.reciprocal(np.sqrt(x)), 0.1, 100),
    (estimates.reciprocal, np.reciprocal, 0.1, 100),
)
"""Polynomial, function, and between which numbers they are compared."""


@pytest.mark.parametrize("case", FUNCTIONS)
@pytest.mark.parametrize(("lanes", "tolerance"), [(HALF, 2.0**-7), (SINGLE, 2.0**-15)])
def test_polynomials_are_near_their_functions(
    case: tuple[Callable[[Lanes, FloatArray], FloatArray], Callable[[FloatArray], FloatArray], float, float],
    lanes: Lanes,
    tolerance: float,
) -> None:
    """In their ordinary range they differ by little, relative to the larger of the value and 1."""
    polynomial, function, low, high = case
    x = round_to(np.linspace(low, high, 999, dtype=np.float32), "fp16")
    expected = function(x)
    apart = np.abs(polynomial(lanes, x) - expected) / np.maximum(np.abs(expected), 1)
    assert tolerance > apart.max()


def test_logarithms_below_0_are_nan_of_all_ones() -> None:
    """A mask of all bits is laid over them, which bf16 code then rounds to 0."""
    found = cephes.log(SINGLE, np.array([0, -1], np.float32))
    assert [0xFFFFFFFF] * 2 == found.view(np.uint32).tolist()


def test_a_power_of_nan_exponent_keeps_that_nan() -> None:
    """The exponent's NaN comes first in the product, before that of the logarithm."""
    found = cephes.power(SINGLE, np.array([-1], np.float32), np.array([np.nan], np.float32))
    assert [0x7FC00000] == found.view(np.uint32).tolist()


@pytest.mark.parametrize(
    ("up", "along"), [(1, 1), (-1, 1), (1, -1), (-1, -1), (0, -1), (-0.0, -1), (1, 0), (np.inf, 1)]
)
def test_atan2_is_in_the_right_quadrant(up: float, along: float) -> None:
    """Within a rounding of the exact angle, signs of zeros and infinities included."""
    found = libm.atan2(np.float32(up), np.float32(along))
    assert np.arctan2(up, along) == pytest.approx(float(found), abs=1e-6)
