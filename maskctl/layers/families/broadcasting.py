"""How two blobs of different shapes are brought together: by ncnn's own rules, which are not numpy's.

A blob of lower rank is laid along the outer axes of the other, where numpy takes the inner ones: a vector runs along
the outermost axis when its extent is the same there, else along the innermost; a blob of rank 2 or 3 always along the
outer ones. Then extents of 1 are repeated. Source: ncnn `src/layer/binaryop.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError
from maskctl.layers.base import Array, Shape
from maskctl.numeric.late import np


def expanded(shape: Shape, other: Shape) -> Shape:
    """The shape at the other's rank, which is the higher one."""
    missing = len(other) - len(shape)
    if len(shape) == 1 and missing and shape[0] != other[0]:
        return (1,) * missing + shape
    return shape + (1,) * missing


def _pair(left: Shape, right: Shape) -> tuple[Shape, Shape]:
    return (expanded(left, right), right) if len(left) < len(right) else (left, expanded(right, left))


def together(left: Shape, right: Shape) -> Shape:
    """The shape the two make; raises `ExecutionError` where the engine would read past the end of one.

    Extents that differ, neither of them 1, go through the engine along the axes between the outermost and the
    innermost: there the shorter blob's last index is repeated. Along the outermost axis that depends on how the
    blobs are packed, and along the innermost it reads past the end.
    """
    pair = _pair(left, right)
    extents = tuple(zip(*pair, strict=True))
    for axis, (a, b) in enumerate(extents):
        if axis in {0, len(extents) - 1} and a != b and 1 not in {a, b}:
            raise ExecutionError(
                f"blobs of shapes {left} and {right} do not go together: axis {axis} has {a} and {b}. "
                "Expected equal extents, or 1 in one of the two. A blob of lower rank lies along the outer axes, "
                "a vector along the innermost if its extent is not that of the outermost."
            )
    return tuple(max(a, b) for a, b in extents)


def aligned(left: Array, right: Array) -> tuple[Array, Array]:
    """The two arrays (n, …) so that numpy brings them together as the engine does."""
    shape = together(left.shape[1:], right.shape[1:])
    pair = _pair(left.shape[1:], right.shape[1:])
    return _reaching(left.reshape(len(left), *pair[0]), shape), _reaching(right.reshape(len(right), *pair[1]), shape)


def _reaching(values: Array, shape: Shape) -> Array:
    """The values with the last index repeated along axes that are too short; an extent of 1 is left to numpy."""
    for axis, (have, wanted) in enumerate(zip(values.shape[1:], shape, strict=True), start=1):
        if have not in {1, wanted}:
            values = np.take(values, np.minimum(np.arange(wanted), have - 1), axis=axis)
    return values
