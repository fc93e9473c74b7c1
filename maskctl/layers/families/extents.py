"""The axes of a blob: their names, the parameters that choose some of them, and the extents they can have."""

from __future__ import annotations

import math

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Param, Params, Shape

NAMES = {1: "w", 2: "hw", 3: "chw", 4: "cdhw"}
"""Names of the axes of a blob by its rank, in the order of its shape."""

MOST_ELEMENTS = 1 << 28
"""Of a blob whose extents the parameters choose: 1 GB per sample."""

AXIS = Param(0, "axis", 0, "axis in (c, d, h, w) order, negative from the end; a vector has one anyway")
"""The parameter of layers that work along one axis."""


def extent(shape: Shape, letter: str) -> int:
    """The extent ncnn calls w, h, d or c (1 where the blob has none), or n, the samples in one blob: 1.

    >>> [extent((5, 7), letter) for letter in "whdcn"], extent((2, 3, 4), "d")
    ([7, 5, 1, 1, 1], 1)
    """
    order = NAMES[len(shape)]
    return shape[order.index(letter)] if letter in order else 1


def axis_of(params: Params, rank: int) -> int:
    """The axis, counted from 0; a blob of rank 1 has one, whatever the parameter. Raises `ExecutionError` beyond it."""
    if rank == 1:
        return 0
    written = params.integer("axis")
    axis = written + rank if written < 0 else written
    if not 0 <= axis < rank:
        raise ExecutionError(
            f"axis {written} does not exist in a blob of rank {rank}. Expected {-rank} to {rank - 1}; change the axis (0=)."
        )
    return axis


def axes_listed(axes: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """A list of axes counted from the front; all axes where it is empty. A blob of rank 1 has only one.

    >>> axes_listed((-1, 0), 3), axes_listed((), 2), axes_listed((2,), 1)
    ((2, 0), (0, 1), (0,))
    """
    if len(axes) > len(NAMES):
        raise GraphError(
            f"axes has {len(axes)} entries. Expected at most {len(NAMES)}; the engine writes past its end."
        )
    if rank > 1 and any(not -rank <= axis < rank for axis in axes):
        raise ExecutionError(f"axes is {axes}. A blob of rank {rank} has the axes {-rank} to {rank - 1}.")
    return tuple(axis % rank for axis in axes) or tuple(range(rank))


def whole_numbers(params: Params, name: str) -> tuple[int, ...]:
    """An array parameter of integers; raises `GraphError` for floats, which the engine would take by their bits."""
    values = params.array(name)
    whole = tuple(value for value in values if isinstance(value, int))
    if len(whole) < len(values):
        listed = ", ".join(str(value) for value in values)
        raise GraphError(f"parameter {name} is ({listed}). Expected integers, written without a decimal point.")
    return whole


def require_extents(shape: Shape) -> Shape:
    """The shape of a top, or of a map with its border; raises `ExecutionError` where it is empty or absurdly large."""
    if min(shape, default=0) < 1 or math.prod(shape) > MOST_ELEMENTS:
        raise ExecutionError(
            f"the result would have the shape {shape}. Expected extents of 1 or more, at most {MOST_ELEMENTS} elements in all."
        )
    return shape


def first_planes(values: Array) -> Array:
    """A blob (n, …) as the map (n, c, h, w) that layers see who know of no depth: the first plane of each channel."""
    if values.ndim == 5:
        return values[:, :, 0]
    return values.reshape(len(values), *(1,) * (4 - values.ndim), *values.shape[1:])
