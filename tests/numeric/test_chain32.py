"""fp32 sums of fp16 products against exact rational arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from maskctl.numeric import chain32
from maskctl.numeric.formats import FloatArray
from tests.numeric.exact16 import f32
from tests.numeric.exact32 import fused


def _values(rng: np.random.Generator, shape: tuple[int, ...], spread: int) -> FloatArray:
    """fp16 values over many powers of two, subnormals and the largest among them."""
    wide = rng.standard_normal(shape) * 2.0 ** rng.integers(-spread, spread, shape)
    return np.clip(wide, -65504, 65504).astype(np.float16).astype(np.float32)


@pytest.mark.parametrize("spread", [1, 6, 15, 24])
def test_a_chain_is_fused_multiply_adds(spread: int) -> None:
    """Each step is the exact product added and rounded once, whatever the sizes of the terms."""
    rng = np.random.default_rng(spread)
    weights, columns = _values(rng, (3, 40), spread), _values(rng, (40, 5), spread)
    start = rng.standard_normal((3, 1)).astype(np.float32)
    expected = np.empty((3, 5), np.float32)
    for row, column in np.ndindex(3, 5):
        total = start[row, 0]
        for left, right in zip(weights[row], columns[:, column], strict=True):
            total = fused(total, left, right)
        expected[row, column] = total
    assert expected.tolist() == chain32.chain(start, weights, columns).tolist()


def test_tiles_do_not_show() -> None:
    """A matrix that is cut into tiles gives what its rows and columns give alone."""
    rng = np.random.default_rng(0)
    weights, columns = _values(rng, (70, 3), 3), _values(rng, (3, 3000), 3)
    whole = chain32.chain(np.zeros((70, 1), np.float32), weights, columns)
    alone = chain32.chain(np.zeros((1, 1), np.float32), weights[69:], columns[:, 2990:])
    assert (70, 3000) == whole.shape
    assert alone[0].tolist() == whole[69, 2990:].tolist()


def test_accumulators_take_turns() -> None:
    """Six terms: four in turns, the last two to the first accumulator, which began at the start."""
    weights = f32([[1, 2, 4, 8, 16, 32]])
    found = chain32.accumulators(f32([[64]]), weights, np.ones((6, 1), np.float32))
    assert [64 + 1 + 16 + 32, 2, 4, 8] == [float(sums[0, 0]) for sums in found]


def test_lanes_of_a_vector() -> None:
    """Lane j sums every term whose number leaves j, and all lanes begin at 0."""
    weights = f32([[1, 2, 4, 8, 16]])
    found = chain32.lanes(weights, np.ones((5, 1), np.float32), 4)
    assert [17, 2, 4, 8] == [float(sums[0, 0]) for sums in found]
    assert 31 == float(chain32.joined(found)[0, 0])
