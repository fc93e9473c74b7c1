"""Exact fp16 multiply-add chains, against fractions: both ways of rounding, all kinds of values, all tilings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskctl.numeric import chain16, chain16_in_float32, chain16_in_float64, chain16_nonzero, chain16_terms, fma16
from maskctl.numeric.chain16_terms import Gathered, Matrices, Terms
from maskctl.numeric.formats import FloatArray
from tests.numeric.exact16 import bits, every_finite16, f32, matrix16
from tests.numeric.exact16 import fma16 as exact_fma

Random: TypeAlias = np.random.Generator
FINITE = every_finite16()


def _half(values: npt.ArrayLike) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(np.float16).astype(np.float32)


def _any(random: Random, *shape: int) -> FloatArray:
    return random.choice(FINITE, shape)


def _normal(random: Random, *shape: int) -> FloatArray:
    return _half(random.standard_normal(shape))


def _whole(random: Random, *shape: int) -> FloatArray:
    """Small whole numbers over 16: nearly every sum above 128 falls on a tie."""
    return _half(random.integers(-64, 65, shape) / 16)


def _ties(random: Random, *shape: int) -> FloatArray:
    """Values of one or two bits: powers of two and one and a half of them."""
    return _half(random.choice([1, -1, 1.5, -1.5], shape) * 2.0 ** random.integers(-6, 7, shape))


def _tiny(random: Random, *shape: int) -> FloatArray:
    """Values whose products are subnormal, or far below."""
    return _half(random.integers(-2047, 2048, shape) * 2.0 ** random.integers(-24, -14, shape))


def _large(random: Random, *shape: int) -> FloatArray:
    """Values whose sums pass 65504 in both directions."""
    return _half(random.choice([-1, 1], shape) * random.uniform(60, 256, shape))


def _special(random: Random, *shape: int) -> FloatArray:
    """Infinities, NaN, zeros of both signs and the extremes of the format among ordinary values."""
    landmarks = [np.inf, -np.inf, np.nan, 0.0, -0.0, 65504, -65504, 2**-24, -(2**-24), 1, -1, 2**-14]
    return np.where(random.random(shape) < 0.2, random.choice(f32(landmarks), shape), _normal(random, *shape))


def _zeros(random: Random, *shape: int) -> FloatArray:
    """Zeros of both signs and ones: the sign of an exact zero must come out right."""
    return random.choice(f32([0.0, -0.0, 1, -1]), shape)


def _vanishing(random: Random, *shape: int) -> FloatArray:
    """Zeros of both signs, and values whose products are about half the least subnormal and below: sums are rounded to either zero."""
    small = random.choice([-1, 1], shape) * random.uniform(1, 2, shape) * 2.0 ** random.integers(-18, -11, shape)
    return np.where(random.random(shape) < 0.4, random.choice(f32([0.0, -0.0]), shape), _half(small))


KINDS = {
    kind.__name__.strip("_"): kind
    for kind in (_any, _normal, _whole, _ties, _tiny, _large, _special, _zeros, _vanishing)
}
KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
Kind: TypeAlias = Callable[..., FloatArray]


@KIND
def test_fma(kind: Kind) -> None:
    """One fused multiply-add has one rounding, for every kind of value."""
    random = np.random.default_rng(1)
    addend, left, right = (kind(random, 3000) for _ in range(3))
    numbers = zip(addend.tolist(), left.tolist(), right.tolist(), strict=True)
    expected = np.array([exact_fma(*three) for three in numbers], np.float32)
    assert np.array_equal(bits(expected), bits(fma16.fma(addend, left, right)))


@KIND
def test_fma_of_near_cancellation(kind: Kind) -> None:
    """Where the addend is the rounded negative product, what the rounding left over comes out exactly."""
    random = np.random.default_rng(2)
    left, right = kind(random, 3000), kind(random, 3000)
    with np.errstate(all="ignore"):
        addend = -_half(left.astype(np.float64) * right)
    expected = np.array(list(map(exact_fma, addend.tolist(), left.tolist(), right.tolist())), np.float32)
    assert np.array_equal(bits(expected), bits(fma16.fma(addend, left, right)))


def test_fma_just_beside_midpoints() -> None:
    """A product far below the last bit of the addend breaks a tie the right way, and cannot make one."""
    addends = f32([2048, 2050, -2048, 1, 1 + 2**-10, 65504, -65504, 2**-14, 32768])
    units = np.ldexp(1.0, np.frexp(addends)[1] - 11)
    cases = [
        (float(addend), float(left), sign * float(unit) * (1 + nudge))
        for addend, unit in zip(addends, units, strict=True)
        for left in (0.5, 0.25, 1.0)
        for sign in (1, -1)
        for nudge in (0, 2**-10, -(2**-10))
    ]
    cases += [(float(addend), 2**-24, sign * 2**-24) for addend in addends for sign in (1, -1)]
    addend, left, right = (_half(column) for column in zip(*cases, strict=True))
    expected = np.array(list(map(exact_fma, addend.tolist(), left.tolist(), right.tolist())), np.float32)
    assert np.array_equal(bits(expected), bits(fma16.fma(addend, left, right)))


@pytest.mark.parametrize(
    ("addend", "left", "right", "expected"),
    [
        (65504, 1, 15.9921875, 65504),
        (65504, 1, 16, np.inf),
        (65504, 2**-10, 2**-14, 65504),
        (-65504, -1, 16, -np.inf),
        (-65504, 256, 256, 32),
        (-np.inf, 300, 300, -np.inf),
        (1, 2**-11, 1, 1),
        (1, 2**-11, 1.0009765625, 1.0009765625),
        (1 + 2**-10, 2**-11, 1, 1 + 2**-9),
        (0, 2**-12, 2**-13, 0.0),
        (0, 2**-12, 1.5 * 2**-13, 2**-24),
        (0, -(2**-12), 2**-14, -0.0),
        (-0.0, 0.0, -1, -0.0),
        (-0.0, 0.0, 1, 0.0),
        (1, 1, -1, 0.0),
        (np.inf, 1, 1, np.inf),
        (np.inf, -np.inf, 1, np.nan),
        (0, np.inf, 0, np.nan),
        (np.nan, 1, 1, np.nan),
    ],
)
def test_landmarks(addend: float, left: float, right: float, expected: float) -> None:
    """Overflow, ties, underflow, the sign of zero, infinities and NaN come out as IEEE 754 has them, alone and in a chain."""
    one = fma16.fma(f32([addend]), f32([left]), f32([right]))
    chained = fma16.chain(f32([[addend]]), f32([[left]]), f32([[right]]))
    wanted = bits(f32([expected])).tolist()
    assert wanted == bits(one).tolist()
    assert wanted == bits(chained[0]).tolist()


@KIND
def test_add_and_multiply(kind: Kind) -> None:
    """A sum and a product by themselves are rounded once too."""
    random = np.random.default_rng(3)
    left, right = kind(random, 3000), kind(random, 3000)
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    sums = np.array([exact_fma(a, 1.0, b) for a, b in pairs], np.float32)
    products = np.array([exact_fma(0.0, a, b) if a * b else a * b for a, b in pairs], np.float32)
    assert np.array_equal(bits(sums), bits(fma16.add(left, right)))
    assert np.array_equal(bits(products), bits(fma16.multiply(left, right)))


@KIND
@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_chain(kind: Kind, seed: int, slow: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - a table
    """A chain rounds after every step, in the order of k, for every kind of value, on processors of both sorts."""
    monkeypatch.setattr(chain16_terms, "subnormals_are_slow", lambda: slow)
    for limit in ("_MANY_SUBNORMAL", "_SMALL"):
        monkeypatch.setattr(chain16_terms, limit, -1)
    random = np.random.default_rng(seed)
    start, weights, columns = kind(random, 4, 5), kind(random, 4, 40), kind(random, 40, 5)
    assert np.array_equal(bits(matrix16(start, weights, columns)), bits(fma16.chain(start, weights, columns)))


@pytest.mark.parametrize("limit", [65472, 65488, 65504])
def test_chain_near_overflow(limit: float) -> None:
    """Accumulators that creep up to 65504 stay there below 65520 and become infinite from it on."""
    steps = f32([15.9921875, 16, -16, 31.984375, 32, 8])
    columns = np.stack(np.meshgrid(steps, steps, steps)).reshape(3, -1)
    start, weights = np.full((1, columns.shape[1]), limit, np.float32), f32([[1, 1, 1]])
    expected = matrix16(start, weights, columns)
    assert {False, True} == set(np.isinf(expected).ravel().tolist())
    assert np.array_equal(bits(expected), bits(fma16.chain(start, weights, columns)))


def _matrices(weights: FloatArray, columns: FloatArray) -> Matrices:
    """One product's terms."""
    return Matrices(np.ascontiguousarray(weights.T[:, None]), columns[None])


def _gathered(weights: FloatArray, columns: FloatArray) -> Gathered:
    """The same terms, zeros included, one row for each place."""
    order = np.broadcast_to(np.arange(len(columns))[:, None], columns.shape)
    return Gathered(np.ascontiguousarray(weights.T), order, columns)


def _in_float32(start: FloatArray, terms: Terms) -> FloatArray:
    """The sums in float32 however many ties there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain16_in_float32, "_MOST_TIES", 1.0)
        found: FloatArray = chain16_in_float32.sums([(terms, start[None])])[0][0]
    return found


def _every_way(start: FloatArray, weights: FloatArray, columns: FloatArray) -> dict[str, FloatArray]:
    """The sums by every way, with two ways to hold the terms."""
    matrices, gathered = _matrices(weights, columns), _gathered(weights, columns)
    return {
        "bits": chain16_in_float64.by_bits(start[None], matrices.wide(0))[0],
        "bits, gathered": chain16_in_float64.by_bits(start.T[None], gathered.wide(0))[0].T,
        "cast": chain16_in_float64.by_cast(start, weights.T[:, :, None], columns[:, None]),
        "float32": _in_float32(start, matrices),
        "float32, gathered": _in_float32(start.T, gathered).T,
    }


def _same_but_zeros(expected: FloatArray, found: FloatArray) -> bool:
    """True when all bits are the same, zeros of both signs being one."""
    return np.array_equal(bits(expected + np.float32(0)), bits(found + np.float32(0)))


@pytest.mark.parametrize("kind", [_normal, _whole, _ties, _zeros])
def test_every_way(kind: Kind) -> None:
    """Every way of rounding gives the numbers of exact arithmetic, where nothing overflows; those in float64 its zeros too."""
    random = np.random.default_rng(4)
    start, weights, columns = kind(random, 5, 6), kind(random, 5, 30), kind(random, 30, 6)
    expected = matrix16(start, weights, columns)
    assert np.isfinite(expected).all()
    for way, found in _every_way(start, weights, columns).items():
        assert (way, True) == (way, _same_but_zeros(expected, found))
        assert (way, True) == (way, way.startswith("float32") or np.array_equal(bits(expected), bits(found)))


def test_every_way_at_every_value() -> None:
    """Every fp16 value times one, on top of zero or a little, comes out of all ways alike and as exact."""
    columns = FINITE[np.abs(FINITE) < 60000][None]
    for start, weight in ((0.0, 1.0), (2**-24, 1.0), (0.0, 0.5), (1.0, -(2**-11))):
        begin, weights = np.full(columns.shape, start, np.float32), f32([[weight]])
        ways = _every_way(begin, weights, columns)
        some = slice(None, None, 37)
        assert [True] * 5 == [_same_but_zeros(ways["cast"], found) for found in ways.values()]
        assert np.array_equal(bits(matrix16(begin[:, some], weights, columns[:, some])), bits(ways["cast"][:, some]))


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 12])
def test_signs_of_sums_that_vanish(steps: int) -> None:
    """A sum that is rounded to zero is a zero of its own sign, which the next zero or vanishing term may turn."""
    random = np.random.default_rng(steps)
    start, weights, columns = _zeros(random, 30, 40) * 0, _vanishing(random, 30, steps), _vanishing(random, steps, 40)
    found = fma16.chain(start, weights, columns)
    assert np.array_equal(bits(matrix16(start, weights, columns)), bits(found))
    assert {True, False} == set(np.signbit(found[found == 0]).tolist())


def test_sign_of_what_cancellation_leaves() -> None:
    """Far less than float32 keeps of a scaled product is left, and rounded to the zero of its sign."""
    left, right = (1 + 2**-10) * 2**-9, (1 - 2**-10) * 2**-9
    start, weights, columns = f32([[-(2**-18)], [2**-18]]), f32([[left], [-left]]), f32([[right]])
    assert [True, False] == np.signbit(fma16.chain(start, weights, columns)).ravel().tolist()
    assert np.array_equal(bits(matrix16(start, weights, columns)), bits(fma16.chain(start, weights, columns)))


@pytest.mark.parametrize("kind", [_any, _normal, _ties, _tiny, _large, _zeros])
def test_products_put_together_from_bits(kind: Kind) -> None:
    """Scaled products from bits are the processor's to the bit, in any part of the matrices; zeros have a sign beside that."""
    random = np.random.default_rng(11)
    left, right = np.ascontiguousarray(kind(random, 7, 3, 5)), kind(random, 3, 7, 90)
    plain, composed = chain16_terms._Multiplied(left, right), chain16_terms._Composed(left, right)
    for part in ((slice(None),) * 3, (slice(1, 3), slice(1, 4), slice(20, 81))):
        ways = plain.tile(*part), composed.tile(*part)
        for step in range(7):
            exact = left[step, :, :, None].astype(np.float64) * right[:, step, None]
            expected, found = (np.empty(exact[part].shape, np.float32) for _ in ways)
            ways[0].scaled(step, expected)
            ways[1].scaled(step, found)
            assert _same_but_zeros(expected, found)
            assert np.array_equal(np.signbit(exact[part]), np.signbit(found))


def test_products_of_every_value_from_bits() -> None:
    """Every fp16 value times powers of two and others: the same in both ways, at the border of the subnormals too."""
    factors = f32([1, 0, 2**-14, -(2**-13), 2**-11, 1.5 * 2**-12, 2**-24, -0.0999755859375, 1023 * 2**-24, 65504])
    left, right = factors[None, None], FINITE[None, None]
    expected, found = (
        np.empty((1, len(factors), len(FINITE)), np.float32),
        np.empty((1, len(factors), len(FINITE)), np.float32),
    )
    chain16_terms._Multiplied(left, right).scaled(0, expected)
    chain16_terms._Composed(left, right).scaled(0, found)
    assert _same_but_zeros(expected, found)


@pytest.mark.parametrize(
    ("scale", "slow", "way"), [(1e-4, True, "_Composed"), (1e-4, False, "_Multiplied"), (1, True, "_Multiplied")]
)
def test_products_as_the_processor_likes(scale: float, slow: bool, way: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - a table
    """Products are put together where they are often subnormal and that is slow; whether it is can be found out."""
    assert chain16_terms.subnormals_are_slow() in {True, False}
    monkeypatch.setattr(chain16_terms, "subnormals_are_slow", lambda: slow)
    weights = np.full((64, 4), 0.5, np.float32)
    assert way == type(_matrices(weights, _half(np.full((4, 65), scale)))._products).__name__
    assert "_Multiplied" == type(_matrices(weights, _half(np.full((4, 64), scale)))._products).__name__


def _trusted(start: FloatArray, weights: FloatArray, columns: FloatArray) -> npt.NDArray[np.bool_]:
    """Which sums (m, n) are left to the ways that do not show an overflow."""
    found = chain16._may_overflow(start[None], weights.T[:, None], columns[None])
    trusted = np.ones((len(weights), columns.shape[1]), bool)
    trusted.ravel()[found] = False
    return trusted


@KIND
def test_only_the_cast_where_it_could_overflow(kind: Kind) -> None:
    """Where the bits are trusted, no partial sum of exact arithmetic is infinite or NaN."""
    random = np.random.default_rng(5)
    count = 0
    for scale in (0, 2, 4, 6, 8):
        start, weights = kind(random, 1, 4), _half(kind(random, 1, 12) * np.float32(2.0**-scale))
        columns = kind(random, 12, 4)
        with np.errstate(all="ignore"):
            trusted = _trusted(start, weights, columns)
        count += int(np.count_nonzero(trusted))
        partial = [matrix16(start, weights[:, :stop], columns[:stop]) for stop in range(13)]
        assert np.isfinite(np.array(partial)[:, trusted]).all()
    assert count or kind in {_any, _special}


@pytest.mark.parametrize(
    ("start", "weight", "count", "trusted"),
    [
        (0.0, 1.0, 60000, False),
        (0.0, 2**-14, 60, True),
        (65504.0, 0.0, 1, False),
        (60000.0, 1.0, 1, True),
        (float("nan"), 1.0, 1, False),
        (0.0, float("inf"), 1, False),
        (0.0, 1.0, 2_000_000, False),
        (0.0, 0.0, 0, True),
    ],
)
def test_cannot_overflow(start: float, weight: float, count: int, trusted: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """The bits are trusted only for finite sums well under the largest value, and never for endless chains."""
    weights, columns = np.full((1, count), weight, np.float32), np.ones((count, 1), np.float32)
    with np.errstate(all="ignore"):
        assert [[trusted]] == _trusted(np.full((1, 1), start, np.float32), weights, columns).tolist()


def test_only_the_sums_that_could_overflow() -> None:
    """Of a matrix of which one place is large, only the sums at that place are not trusted."""
    weights, columns = np.ones((3, 4), np.float32), np.ones((4, 5), np.float32)
    columns[:, 2] = 20000
    expected = [[True, True, False, True, True]] * 3
    assert expected == _trusted(np.zeros((3, 5), np.float32), weights, columns).tolist()


def _step_by_step(start: FloatArray, weights: FloatArray, columns: FloatArray) -> FloatArray:
    """The chain untiled, from the single operation that is proved against fractions above."""
    total = start
    for step in range(weights.shape[1]):
        total = fma16.fma(total, weights[:, step, None], columns[step])
    return total


@pytest.mark.parametrize(
    ("height", "width"),
    [(1, 1), (1, 40000), (40000, 1), (300, 200), (70, 2100), (129, 2048), (3, 33000), (65, 513), (0, 5), (5, 0)],
)
def test_tiles(height: int, width: int) -> None:
    """Matrices larger than a tile in any direction are put together right, overflowing tiles among others too."""
    random = np.random.default_rng(height * width)
    start, weights, columns = _normal(random, height, width), _normal(random, height, 5), _normal(random, 5, width)
    if height and width:
        weights[height // 2] = 60000
        columns[2, width // 3 :] *= np.float32(4)
    expected = _step_by_step(start, weights, columns)
    found = fma16.chain(start, weights, columns)
    assert ((height, width), np.dtype(np.float32)) == (found.shape, found.dtype)
    assert np.array_equal(bits(expected), bits(found))


@pytest.mark.parametrize(
    ("batch", "height", "width"),
    [
        (1, 1, 1),
        (3, 7, 5),
        (1, 300, 200),
        (2, 70, 2100),
        (1, 2, 70000),
        (1, 70000, 2),
        (64, 32, 100),
        (2, 0, 4),
        (0, 3, 4),
    ],
)
def test_tiles_cover_once(batch: int, height: int, width: int) -> None:
    """The tiles of a matrix cover each element exactly once, and none is larger than the cache wants."""
    seen = np.zeros((batch, height, width), np.int64)
    for tile in chain16._tiles(batch, height, width):
        seen[tile] += 1
        assert seen[tile].size <= chain16._TILE_ELEMENTS
    assert (seen == 1).all()


@KIND
def test_products_side_by_side(kind: Kind) -> None:
    """Products numbered by leading axes are those computed one by one."""
    random = np.random.default_rng(8)
    start, weights, columns = kind(random, 2, 3, 5, 1), kind(random, 2, 3, 5, 20), kind(random, 2, 3, 20, 4)
    found = fma16.chain(start, weights, columns)
    assert (2, 3, 5, 4) == found.shape
    for place in np.ndindex(2, 3):
        assert np.array_equal(bits(fma16.chain(start[place], weights[place], columns[place])), bits(found[place]))


@pytest.mark.parametrize(("kind", "first"), [(_whole, [4]), (_normal, [])])
def test_float32_leaves_many_ties_to_float64(kind: Kind, first: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ties are many the chain goes on in float64 after its first steps; where they are few it goes to the end."""
    random, finished = np.random.default_rng(9), list[int]()
    finish = chain16_in_float32._Tile.finish

    def watched(tile: chain16_in_float32._Tile, step: int) -> None:
        finished.append(step)
        finish(tile, step)

    monkeypatch.setattr(chain16_in_float32._Tile, "finish", watched)
    start, weights, columns = kind(random, 64, 512), kind(random, 64, 40), kind(random, 40, 512)
    found = fma16.chain(start, weights, columns)
    assert first == finished
    assert np.array_equal(bits(_step_by_step(start, weights, columns)), bits(found))


def _sparse(random: Random, *shape: int) -> FloatArray:
    """Values as a ReLU leaves them, two of three of them zero, some zeros negative, and some places without any value."""
    values = np.where(random.random(shape) < 1 / 3, _normal(random, *shape), random.choice(f32([0.0, -0.0]), shape))
    values[:, random.random(shape[1]) < 0.1] = random.choice(f32([0.0, -0.0]))
    return values


@pytest.mark.parametrize("start", [0.0, -0.0, 1.0, None])
def test_zeros_are_left_out(start: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving out terms that are zero gives the same bits, signs of zeros included, in one tile and in many."""
    random = np.random.default_rng(10)
    weights, columns = _normal(random, 150, 60), _sparse(random, 60, 200)
    columns[7] = 0
    assert chain16_nonzero.pays(columns, 150)
    begin = None if start is None else np.full((150, 1), start, np.float32)
    first = fma16.multiply(weights[:, :1], columns[:1]) if begin is None else np.broadcast_to(begin, (150, 200))
    skipped = 1 if begin is None else 0
    expected = _step_by_step(first, weights[:, skipped:], columns[skipped:])
    for elements in (chain16._TILE_ELEMENTS, 700):
        monkeypatch.setattr(chain16, "_TILE_ELEMENTS", elements)
        assert np.array_equal(bits(expected), bits(fma16.chain(begin, weights, columns)))


def test_zeros_do_not_hide_what_is_not_finite() -> None:
    """Zero times infinity is NaN also in a term that is zero at all other places, or in all rows."""
    weights, columns = np.ones((3, 4), np.float32), np.ones((4, 5), np.float32)
    columns[1], columns[1, 2], weights[:, 1] = 0, np.inf, 0
    weights[0, 3], columns[3] = np.inf, 0
    found = fma16.chain(f32([[0]]), weights, columns)
    assert [[True] * 5, [False, False, True, False, False], [False, False, True, False, False]] == np.isnan(
        found
    ).tolist()


@pytest.mark.parametrize("start", [0.5, [[0.5], [1], [2]], [[1, 2, 3, 4]], np.ones((3, 4))])
def test_start_broadcasts(start: npt.ArrayLike) -> None:
    """A start for all, for each row or for each column stands for the full matrix."""
    random = np.random.default_rng(6)
    weights, columns = _normal(random, 3, 8), _normal(random, 8, 4)
    begin = np.asarray(start, np.float32)
    full = np.broadcast_to(begin, (3, 4)).copy()
    assert np.array_equal(bits(matrix16(full, weights, columns)), bits(fma16.chain(begin, weights, columns)))


@KIND
@pytest.mark.parametrize("length", [1, 2, 9])
def test_start_with_the_first_product(kind: Kind, length: int) -> None:
    """Without a start, the rounded first product is where the chain begins, its zero sign included."""
    random = np.random.default_rng(7)
    weights, columns = kind(random, 3, length), kind(random, length, 4)
    with np.errstate(all="ignore"):
        first = _half(weights[:, :1].astype(np.float64) * columns[:1])
    expected = matrix16(first, weights[:, 1:], columns[1:])
    assert np.array_equal(bits(expected), bits(fma16.chain(None, weights, columns)))


def test_empty_chains() -> None:
    """A chain of no steps is its start, or zero without one."""
    nothing, columns = np.zeros((2, 0), np.float32), np.zeros((0, 3), np.float32)
    assert [[7, 7, 7], [7, 7, 7]] == fma16.chain(f32([[7]]), nothing, columns).tolist()
    assert [[0, 0, 0], [0, 0, 0]] == fma16.chain(None, nothing, columns).tolist()


def test_views_and_read_only_operands() -> None:
    """Transposed and read-only operands give the same as copies, and are not written to."""
    random = np.random.default_rng(8)
    weights, columns, start = _normal(random, 20, 6).T[:, ::2], _normal(random, 7, 10).T, _normal(random, 1, 7)
    for values in (weights, columns, start):
        values.setflags(write=False)
    copies = (np.ascontiguousarray(weights), np.ascontiguousarray(columns))
    expected = matrix16(np.broadcast_to(start, (6, 7)), *copies)
    assert np.array_equal(bits(expected), bits(fma16.chain(start, weights, columns)))


def test_buffer_size_restored() -> None:
    """numpy's buffer size is as it was, also after operands that do not fit each other."""
    before = np.getbufsize()
    fma16.chain(None, np.ones((2, 3), np.float32), np.ones((3, 2), np.float32))
    assert before == np.getbufsize()
    with pytest.raises((ValueError, IndexError)):
        fma16.chain(f32([[0]]), np.ones((2, 3), np.float32), np.ones((4, 2), np.float32))
    assert before == np.getbufsize()


CODES = st.integers(0, 0xFFFF)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 6), st.data())
@settings(deadline=None, max_examples=150)
def test_any_codes(height: int, width: int, length: int, data: st.DataObject) -> None:
    """Chains over any fp16 codes, NaN and infinities included, are those of exact arithmetic."""

    def draw(rows: int, columns: int) -> FloatArray:
        codes = data.draw(st.lists(CODES, min_size=rows * columns, max_size=rows * columns))
        return np.array(codes, np.uint16).view(np.float16).astype(np.float32).reshape(rows, columns)

    start, weights, columns = draw(height, width), draw(height, length), draw(length, width)
    assert np.array_equal(bits(matrix16(start, weights, columns)), bits(fma16.chain(start, weights, columns)))


def test_signalling_nan() -> None:
    """A signalling NaN in any operand is a NaN in the result, without a warning."""
    signalling, one = np.array([[0x7F800001]], np.uint32).view(np.float32), f32([[1]])
    for operands in ((signalling, one, one), (one, signalling, one), (one, one, signalling)):
        assert np.isnan(fma16.chain(*operands)).all()
        assert np.isnan(fma16.fma(*operands)).all()
