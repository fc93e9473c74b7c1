"""The operands of a Gemm as batches of matrices, and the tiles in which the engine goes through them.

Source: ncnn `src/layer/arm/gemm_arm.cpp`, `get_optimal_tile_mnk`, and `gemm_arm_asimdhp.cpp`, `gemm_fp16s.h`, `gemm_bf16s.h`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskctl.layers import gemm
from maskctl.layers.base import Array, Arrays, Params, Weights
from maskctl.numeric.formats import FloatArray

L2_CACHE_BYTES = 1 << 20
"""What the engine reads from the system and makes its tiles of. It moves bits only in an odd last row of more than some
four hundred terms, or behind a thousand columns and more."""

COLUMN_BLOCKS = (12, 8, 4, 2, 1)


@dataclass(frozen=True)
class Tiles:
    """Columns and terms that the engine takes together."""

    columns: int
    terms: int


@dataclass(frozen=True)
class Operands:
    """Left (b, M, K) and right (b, K, N), the addend as it broadcasts to (b, M, N) or None; b is 1 where all samples share it.

    `constant` says whether left, right and addend are weights, still in fp32, `by_rows` that the addend has a number for each
    row of the result.
    """

    left: FloatArray
    right: FloatArray
    addend: FloatArray | None
    constant: tuple[bool, bool, bool]
    by_rows: bool


def operands(params: Params, weights: Weights, inputs: Arrays) -> Operands:
    """What is multiplied and added, weights as the `.bin` has them but for a transposition."""
    sizes = gemm.product_sizes(params, tuple(values.shape[1:] for values in inputs))
    given = iter(inputs)
    left, right = (
        _constant(params, name, weights[name]) if name in weights else gemm.operand(params, name, next(given))
        for name in "AB"
    )
    addend: Array | None = next(given, None)
    kind = params.integer("constant_broadcast_type_C")
    if addend is not None:
        kind = gemm.addend_type(params, addend.shape[1:], sizes.rows, sizes.columns)
        flat = addend.reshape(len(addend), -1)
        shape = gemm.spread(kind, sizes.rows, sizes.columns)
        addend = (flat[:, :1] if kind == gemm.SCALAR else flat).reshape(len(addend), *shape)
    elif "C" in weights:
        addend = weights["C"][None]
    by_rows = addend is not None and kind in {gemm.VECTOR_OF_ROWS, gemm.COLUMN}
    return Operands(left, right, addend, ("A" in weights, "B" in weights, "C" in weights), by_rows)


def _constant(params: Params, name: str, values: FloatArray) -> FloatArray:
    return (values.T if params.integer(f"trans{name}") else values)[None]


def arranged(params: Params, total: FloatArray, samples: int) -> FloatArray:
    """The product (b, M, N) as the layer gives it, for each sample."""
    total = np.broadcast_to(total, (max(samples, len(total)), *total.shape[1:]))
    total = total.swapaxes(1, 2) if params.integer("output_transpose") else total
    return np.ascontiguousarray(total[:, :, None] if params.integer("output_N1M") else total)


def cast_left(
    values: FloatArray,
    nearest: Callable[[FloatArray], FloatArray],
    one_by_one: Callable[[FloatArray], FloatArray],
    *,
    transposed: bool,
) -> FloatArray:
    """A constant left matrix (1, M, K) as the engine packs it: rows in blocks of 8, 4, 2 and 1.

    Terms are cast in vectors of eight in a block of eight rows and of four in others. Of a transposed matrix it is the rows
    that lie in a vector, of four at least.
    """
    rows, terms = values.shape[1:]
    alone = np.zeros((rows, terms), bool)
    if transposed:
        alone[rows // 4 * 4 :] = True
    else:
        alone[:, terms // 4 * 4 :] = True
        alone[: rows // 8 * 8, terms // 8 * 8 :] = True
    return np.where(alone, one_by_one(values), nearest(values))


def cast_right(
    values: FloatArray,
    nearest: Callable[[FloatArray], FloatArray],
    one_by_one: Callable[[FloatArray], FloatArray],
    *,
    transposed: bool,
) -> FloatArray:
    """A constant right matrix (1, K, N) as the engine packs it: in vectors of four terms where transposed, else of columns."""
    terms, columns = values.shape[1:]
    alone = np.zeros((terms, columns), bool)
    if transposed:
        alone[terms // 4 * 4 :] = True
    else:
        alone[:, columns // 4 * 4 :] = True
    return np.where(alone, one_by_one(values), nearest(values))


def tiles(columns: int, terms: int, bytes_of_three: int, params: Params | None = None) -> Tiles:
    """The engine's tiles with one thread; `bytes_of_three` is what an element of A, one of B and one of the sum take.

    Parameters of a Gemm may ask for tiles of their own.
    """
    size = int(math.sqrt(L2_CACHE_BYTES / bytes_of_three))
    steps, width = max(8, size // 8 * 8), max(4, size // 4 * 4)
    parts = max(1, _parts(terms, steps))
    steps = min(steps, _rounded_up(_parts(terms, parts), 8))
    if parts == 1:
        width = max(4, L2_CACHE_BYTES // 4 // steps // 4 * 4)
    width = min(width, _rounded_up(_parts(columns, _parts(columns, width)), 4))
    hinted = (params.integer("constant_TILE_N"), params.integer("constant_TILE_K")) if params else (0, 0)
    return Tiles(
        _rounded_up(hinted[0], 4) if hinted[0] > 0 else width, _rounded_up(hinted[1], 8) if hinted[1] > 0 else steps
    )


def _parts(whole: int, size: int) -> int:
    return -(-whole // size)


def _rounded_up(value: int, granule: int) -> int:
    return _parts(value, granule) * granule


def column_blocks(columns: int, width: int) -> npt.NDArray[np.intp]:
    """For each column, how many the engine computes together with it: 12, 8, 4, 2 or 1, tile by tile."""
    blocks: list[int] = []
    for begin in range(0, columns, width):
        left = min(width, columns - begin)
        for size in COLUMN_BLOCKS:
            blocks += [size] * (left // size * size)
            left %= size
    return np.array(blocks)
