"""Rounding to the storage formats, against numpy, ml_dtypes, the struct module and fractions."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskctl.numeric.formats import BF16, FORMATS, FP16, FP32, FloatArray, Format, round_to
from tests.numeric.exact16 import bits, every_finite16, f32, round16

FLOAT32 = st.floats(width=32)


def _around(midpoints: FloatArray) -> FloatArray:
    with np.errstate(all="ignore"):
        below, above = np.nextafter(midpoints, np.float32(-np.inf)), np.nextafter(midpoints, np.float32(np.inf))
    return np.concatenate([midpoints, below, above])


def _trials16() -> FloatArray:
    """Every fp16 value, every midpoint between two neighbours, 65520, and the float32 neighbours of all of them."""
    values = every_finite16()
    sizes = np.unique(np.abs(values)).astype(np.float64)
    midpoints = np.append((sizes[1:] + sizes[:-1]) / 2, 65520).astype(np.float32)
    return np.concatenate([_around(values), _around(midpoints), _around(-midpoints)])


def _trials_bf16() -> FloatArray:
    """Every bf16 code, every midpoint above one, and the float32 neighbours of all of them."""
    codes = np.arange(1 << 16, dtype=np.uint32) << 16
    midpoints = (codes | 0x8000).view(np.float32)
    return _around(np.concatenate([codes.view(np.float32), midpoints[np.isfinite(midpoints)]]))


def test_every_fp16_value_stays() -> None:
    """Every fp16 value is its own rounding, the sign of zero included."""
    values = every_finite16()
    assert 63488 == len(values)
    assert np.array_equal(values.view(np.uint32), round_to(values, "fp16").view(np.uint32))


def test_fp16_as_numpy() -> None:
    """Codes, midpoints and their neighbours round as numpy casts them to float16."""
    trials = _trials16()
    with np.errstate(over="ignore"):
        expected = trials.astype(np.float16).astype(np.float32)
    assert np.array_equal(bits(expected), bits(round_to(trials, "fp16")))


def test_fp16_as_struct() -> None:
    """Codes, midpoints and their neighbours round as Python's struct module packs them."""
    trials = _trials16()
    trials = trials[np.abs(trials) < 65520]
    packed = struct.pack(f"<{len(trials)}e", *trials.tolist())
    expected = np.array(struct.unpack(f"<{len(trials)}e", packed), np.float32)
    assert np.array_equal(expected.view(np.uint32), round_to(trials, "fp16").view(np.uint32))


def test_fp16_as_fractions() -> None:
    """Every eleventh of the codes, midpoints and neighbours rounds as exact arithmetic says, overflow included."""
    trials = np.concatenate([_trials16()[::11], _around(f32([65504, 65520, 65536, 2**-24, 2**-25, 2**-14]))])
    trials = trials[np.isfinite(trials) & (trials != 0)]
    expected = np.array([round16(Fraction(value)) for value in trials.tolist()], np.float32)
    assert np.array_equal(expected.view(np.uint32), round_to(trials, "fp16").view(np.uint32))


def test_bf16_as_ml_dtypes() -> None:
    """Every bf16 code, midpoint and neighbour rounds as ml_dtypes casts it."""
    trials = _trials_bf16()
    with np.errstate(all="ignore"):
        expected = trials.astype(ml_dtypes.bfloat16).astype(np.float32)
    assert np.array_equal(bits(expected), bits(round_to(trials, "bf16")))


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("fp16", 65504, 65504),
        ("fp16", 65519.996, 65504),
        ("fp16", 65520, INF),
        ("fp16", -65520, -INF),
        ("fp16", 2**-24, 2**-24),
        ("fp16", 2**-25, 0.0),
        ("fp16", 1.0000001 * 2**-25, 2**-24),
        ("fp16", -(2**-25), -0.0),
        ("fp16", 3 * 2**-25, 2**-23),
        ("fp16", 1023.5 * 2**-24, 2**-14),
        ("fp16", 2049, 2048),
        ("fp16", 2051, 2052),
        ("fp16", 0.1, 0.0999755859375),
        ("fp16", 1e-45, 0.0),
        ("bf16", 65520, 65536),
        ("bf16", 257, 256),
        ("bf16", 259, 260),
        ("bf16", 3.3895314e38, 3.3895314e38),
        ("bf16", 3.3961775e38, INF),
        ("bf16", -3.4028235e38, -INF),
        ("bf16", 2**-133, 2**-133),
        ("bf16", 2**-134, 0.0),
        ("bf16", -1e-45, -0.0),
        ("fp32", 3.4028235e38, 3.4028235e38),
        ("fp32", 1e-45, 1e-45),
        *((name, value, value) for name in ("fp16", "bf16", "fp32") for value in (0.0, -0.0, INF, -INF, NAN, 1.0)),
    ],
)
def test_landmarks(name: str, value: float, expected: float) -> None:
    """Zeros, subnormals, ties, the largest value, overflow, infinity and NaN come out as IEEE 754 has them."""
    found = round_to(f32([value]), name)
    assert bits(f32([expected])).tolist() == bits(found).tolist()


@pytest.mark.parametrize("code", [0x7F800001, 0x7FFFFFFF, 0xFF800001, 0xFFFFFFFF, 0x7FC00000, 0xFFFF8000])
@pytest.mark.parametrize("name", FORMATS)
def test_nan_stays_nan(name: str, code: int) -> None:
    """No NaN is rounded into infinity or zero, whatever its payload."""
    values = np.array([code], np.uint32).view(np.float32)
    assert np.isnan(round_to(values, name)).all()


@pytest.mark.parametrize("row", FORMATS.values(), ids=FORMATS)
def test_rows(row: Format) -> None:
    """The facts of a row are those of its rounding: largest, smallest and normal values stay, beyond them it is lost."""
    ulp = 2.0 ** (1 - row.significand_bits)
    kept = f32([row.largest, row.smallest, row.smallest_normal, 1 + ulp])
    assert kept.tolist() == row.round(kept).tolist()
    with np.errstate(over="ignore"):
        beyond = kept[:2] * f32([1.01, 0.5])
    assert [INF, 0] == row.round(beyond).tolist()
    assert [1, 1 + 2 * ulp] == row.round(f32([1 + ulp / 2, 1 + 1.5 * ulp])).tolist()


@pytest.mark.parametrize(("row", "dtype"), [(FP16, np.float16), (BF16, ml_dtypes.bfloat16), (FP32, np.float32)])
def test_facts_as_ml_dtypes_has_them(row: Format, dtype: npt.DTypeLike) -> None:
    """Largest and smallest values are those ml_dtypes tells of its types and numpy's."""
    info: Any = ml_dtypes.finfo(dtype)  # type: ignore[no-untyped-call]
    told = (info.max, info.tiny, info.smallest_subnormal, info.bits, info.nmant + 1)
    expected = tuple(float(value) for value in told)
    assert expected == (row.largest, row.smallest_normal, row.smallest, row.bits, row.significand_bits)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("shape", [(0,), (3, 0), (2, 3), (2, 3, 4)])
def test_shapes_stay(name: str, shape: tuple[int, ...]) -> None:
    """The result has the input's shape, is float32, and the input is not written to."""
    values = np.full(shape, 0.1, np.float32)
    values.setflags(write=False)
    found = round_to(values, name)
    assert (shape, np.dtype(np.float32)) == (found.shape, found.dtype)


@pytest.mark.parametrize("name", FORMATS)
def test_strided_views(name: str) -> None:
    """A view with gaps is rounded like the copy without."""
    values = np.linspace(-3, 3, 60, dtype=np.float32).reshape(6, 10)
    view = values[::2, ::-3].T
    assert round_to(np.ascontiguousarray(view), name).tolist() == round_to(view, name).tolist()


@pytest.mark.parametrize("name", FORMATS)
@given(st.lists(FLOAT32, max_size=20))
@settings(deadline=None, max_examples=50)
def test_idempotent_and_odd(name: str, numbers: list[float]) -> None:
    """Rounding twice is rounding once, and rounding commutes with the sign."""
    values = np.array(numbers, np.float32)
    once = round_to(values, name)
    assert np.array_equal(bits(once), bits(round_to(once, name)))
    assert np.array_equal(bits(-once), bits(round_to(-values, name)))


@pytest.mark.parametrize("name", FORMATS)
@given(st.lists(st.floats(width=32, allow_nan=False), min_size=2, max_size=20))
@settings(deadline=None, max_examples=50)
def test_monotone(name: str, numbers: list[float]) -> None:
    """A larger value never rounds to a smaller one."""
    rounded = round_to(np.sort(np.array(numbers, np.float32)), name)
    assert sorted(rounded.tolist()) == rounded.tolist()
