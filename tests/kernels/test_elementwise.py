"""What element-wise kernels share: the order of memory, blocks that fall in size, and look-up of large blobs."""

from __future__ import annotations

import numpy as np
import pytest

from maskctl.kernels import elementwise
from maskctl.kernels.elementwise import BF16S, FP16SA, Mode
from maskctl.numeric.formats import FloatArray, round_to, same_bits


@pytest.mark.parametrize("mode", [FP16SA, BF16S])
def test_large_blobs_are_looked_up_to_the_same_bits(mode: Mode) -> None:
    """Of so many elements each value of 16 bits is computed once, and none comes out otherwise than alone."""
    rng = np.random.default_rng(0)
    values = round_to(rng.standard_normal(200000).astype(np.float32) * np.float32(100), mode.stored)
    values[:4] = [0, -0.0, np.inf, np.nan]
    seen = []

    def square(each: FloatArray) -> FloatArray:
        seen.append(each.size)
        with np.errstate(all="ignore"):
            return mode.store(each * each)

    found = elementwise.by_code(square, values, mode)
    assert [1 << 16] == seen
    assert same_bits(square(values), found).all()


@pytest.mark.parametrize("pack", [1, 4, 8])
@pytest.mark.parametrize("shape", [(2, 8), (2, 8, 3), (2, 8, 3, 5), (1, 16, 2, 3, 2)])
def test_memory_order_comes_back(shape: tuple[int, ...], pack: int) -> None:
    """What is laid out as memory has it can be put back, and is packed on the way."""
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    rows = elementwise.in_memory(values, pack)
    assert [(each * np.prod(shape[2:], dtype=int)) for each in range(pack)] == rows[0, 0, :pack].tolist()
    assert np.array_equal(values, elementwise.from_memory(rows, shape, pack))


def test_blocks_fall_in_size() -> None:
    """Each part takes full blocks of what those before it left."""
    widths = []

    def tell(width: int) -> elementwise.Function:
        def part(row: FloatArray) -> FloatArray:
            widths.append((width, row.shape[-1]))
            return row

        return part

    row = np.arange(31, dtype=np.float32)
    found = elementwise.falling((row,), ((16, tell(16)), (4, tell(4)), (3, tell(3)), (1, tell(1))))
    assert [(16, 16), (4, 12), (3, 3)] == widths
    assert np.array_equal(row, found)


def test_bf16_stores_round_ties_away_and_lose_a_nan_of_all_ones() -> None:
    """Half of the last place is added to the bits, whatever they mean."""
    ones = np.uint32(0xFFFFFFFF).view(np.float32)
    found = BF16S.store(np.array([1 + 2**-8, -1 - 2**-8, ones], np.float32))
    assert [1 + 2**-7, -1 - 2**-7, 0] == found.tolist()
