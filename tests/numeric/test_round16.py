"""Rounding to fp16 by adding and subtracting, against casts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from maskctl.numeric.formats import FloatArray
from maskctl.numeric.round16 import Floats, round16
from tests.numeric.exact16 import bits


def _cast(values: Floats) -> FloatArray:
    with np.errstate(all="ignore"):
        return values.astype(np.float16).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("limit", [65519.99, np.inf])
def test_any_bits(dtype: npt.DTypeLike, limit: float) -> None:
    """Values of any magnitude, up to those that overflow and with them, round as numpy casts them."""
    random = np.random.default_rng(1)
    wide = np.ldexp(random.uniform(-2, 2, 300_000), random.integers(-40, 17, 300_000))
    special = np.array([0.0, -0.0, 65504, 65519.996, 65520, np.inf, -np.inf, np.nan])
    values = np.concatenate([wide, np.repeat(special, 3)]).astype(dtype)
    with np.errstate(invalid="ignore"):
        values = values[~(np.abs(values) > limit)]
    if np.isfinite(limit):
        values = values[np.isfinite(values)]
    random.shuffle(values)
    assert np.array_equal(bits(_cast(values)), bits(round16(values)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_midpoints(dtype: npt.DTypeLike) -> None:
    """Every midpoint between two fp16 values goes to the even one, what is beside it to the nearer."""
    codes = np.arange(0x7C00, dtype=np.uint16)
    values = codes.view(np.float16).astype(np.float64)
    middles = ((values[1:] + values[:-1]) / 2).astype(dtype)
    for sign in (1, -1):
        for trials in (
            middles,
            np.nextafter(middles, np.array(0, dtype)),
            np.nextafter(middles, np.array(70000, dtype)),
        ):
            assert np.array_equal(bits(_cast(sign * trials)), bits(round16(sign * trials)))


def test_shape_and_order() -> None:
    """Shapes stay, and arrays that do not lie in order are rounded as they are indexed; the argument is not written to."""
    values = np.random.default_rng(2).standard_normal((40, 30, 50)).astype(np.float32).transpose(2, 0, 1)
    values.setflags(write=False)
    assert np.array_equal(bits(_cast(values)), bits(round16(values)))
