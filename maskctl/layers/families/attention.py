"""Attention over several heads: softmax(query · key * scale + mask) · value, in fp32 or with int8 products.

Queries are (n, heads, rows, width), keys and values (n, groups, rows, width); so many consecutive heads share a group.
Source: ncnn `src/layer/sdpa.cpp`, `multiheadattention.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError
from maskctl.layers.base import Array, Shape
from maskctl.layers.families import int8
from maskctl.layers.softmax import probabilities
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np


def attend(
    query: FloatArray, key: FloatArray, value: FloatArray, mask: FloatArray | None, scale: float, *, in_int8: bool
) -> FloatArray:
    """What each query makes of the values, (n, heads, rows, width of the values).

    With `in_int8` queries and probabilities are quantised row by row, keys and values group by group.
    """
    n, heads, rows, width = query.shape
    groups, past = key.shape[1], key.shape[2]
    multiply = _int8_product if in_int8 else _product
    with np.errstate(all="ignore"):
        together = query.reshape(n, groups, heads // groups * rows, width)
        logits = multiply(together, key.swapaxes(2, 3)).reshape(n, heads, rows, past)
        if scale != 1:
            logits *= np.float32(scale)
        if mask is not None:
            logits += mask
        if logits.size:
            probabilities(logits, -1, out=logits)
        found = multiply(logits.reshape(n, groups, -1, past), value)
    return found.reshape(n, heads, rows, value.shape[3])


def _product(left: FloatArray, right: FloatArray) -> FloatArray:
    product: FloatArray = np.matmul(left, right)
    return product


def _int8_product(left: FloatArray, right: FloatArray) -> FloatArray:
    """The product of matrices quantised on the spot, the left one by rows, the right one as a whole."""
    rows, whole = int8.dynamic_scale(left, -1), int8.dynamic_scale(right, (-2, -1))
    sums = int8.product(int8.quantise(left, rows), int8.quantise(right, whole))
    return int8.dequantise(sums, np.float32(1) / (rows * whole))


def check_mask(shape: Shape, wanted: Shape, *, spread: bool) -> None:
    """Raises `ExecutionError` unless a mask is (rows, keys), or has one such or one for each head: `wanted` is all three.

    With `spread` one row or one column serves all.
    """
    fits = (extent == other or (extent == 1 and spread) for extent, other in zip(shape[-2:], wanted[1:], strict=False))
    if all(fits) and (len(shape) == 2 or (len(shape) == 3 and shape[0] in {1, wanted[0]})):
        return
    raise ExecutionError(
        f"the mask has shape {shape}. Expected {wanted[1:]} (queries, keys), or {wanted} with one for each head."
    )


def mask_of(values: Array) -> FloatArray:
    """A mask (n, rows, keys) or (n, heads, rows, keys), ready to be added to logits (n, heads, rows, keys)."""
    return values[:, None] if values.ndim == 3 else values
