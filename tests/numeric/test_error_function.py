"""erf and erfc against the C library's."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from maskctl.numeric import error_function
from maskctl.numeric.formats import FloatArray

FUNCTIONS: tuple[tuple[Callable[[FloatArray], FloatArray], Callable[[float], float]], ...] = (
    (error_function.erf, math.erf),
    (error_function.erfc, math.erfc),
)
IDS = ("erf", "erfc")
EVERYWHERE = np.concatenate(
    [sign * part for sign in (1, -1) for part in (np.linspace(0, 12, 4001), np.logspace(-45, 38.5, 1500))]
).astype(np.float32)


@pytest.mark.parametrize(("function", "exact"), FUNCTIONS, ids=IDS)
def test_right_to_the_last_bit_but_one(
    function: Callable[[FloatArray], FloatArray], exact: Callable[[float], float]
) -> None:
    """Every result is one of the two fp32 numbers next to the exact one, in the tails and near 0 too."""
    wanted = np.array([exact(float(value)) for value in EVERYWHERE])
    found = function(EVERYWHERE).astype(np.float64)
    spacing = np.spacing(np.maximum(np.abs(wanted.astype(np.float32)), np.float32(2**-126))).astype(np.float64)
    assert float((np.abs(found - wanted) / spacing).max()) <= 0.51


@pytest.mark.parametrize(("function", "exact"), FUNCTIONS, ids=IDS)
def test_ends(function: Callable[[FloatArray], FloatArray], exact: Callable[[float], float]) -> None:
    """Infinities give the limits, zeros and the largest numbers what they should, NaN stays NaN."""
    values = np.array([np.inf, -np.inf, 0.0, 3e38, -3e38], np.float32)
    assert [exact(float(value)) for value in values] == function(values).tolist()
    assert np.isnan(function(np.array([np.nan], np.float32))).all()


def test_sign_of_zero() -> None:
    """The error function is odd down to the sign of 0."""
    assert np.signbit(error_function.erf(np.array([-0.0, 0.0], np.float32))).tolist() == [True, False]


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (7, 5), (2, 3, 70, 80)])
def test_any_shape(shape: tuple[int, ...]) -> None:
    """The shape is kept, also where a blob takes several blocks or has no elements."""
    values = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    found = error_function.erf(values)
    assert shape == found.shape
    assert np.array_equal(found.ravel(), error_function.erf(np.ravel(values)))


def test_memory_order_is_kept() -> None:
    """A map with its channels innermost gives one like it, and is left as it was."""
    values = np.random.default_rng(0).standard_normal((2, 9, 11, 4)).astype(np.float32).transpose(0, 3, 1, 2)
    before = values.copy()
    found = error_function.erf(values)
    assert values.strides == found.strides
    assert np.array_equal(before, values)
    assert np.array_equal(found, error_function.erf(np.ascontiguousarray(values)))
