"""Names of extents, lists of axes, and the shapes a blob can have: what the movers of data share."""

from __future__ import annotations

import math

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Params, Shape

NAMES = {1: "w", 2: "hw", 3: "chw", 4: "cdhw"}
"""Names of the axes of a blob by its rank, in the order of its shape."""

_MOST_ELEMENTS = 1 << 28


def axes_of(axes: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """A list of axes counted from the front; all axes where it is empty. A blob of rank 1 has only one.

    >>> axes_of((-1, 0), 3), axes_of((), 2), axes_of((2,), 1)
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
    """The shape; raises `ExecutionError` where the engine could not make such a blob."""
    if min(shape, default=0) < 1:
        raise ExecutionError(f"the result would have the shape {shape}. Expected extents of 1 or more.")
    if math.prod(shape) > _MOST_ELEMENTS:
        raise ExecutionError(
            f"the result would have the shape {shape}, {math.prod(shape)} elements. The most are {_MOST_ELEMENTS}."
        )
    return shape


def first_planes(values: Array) -> Array:
    """A blob (n, …) as the map (n, c, h, w) that layers see who know of no depth: the first plane of each channel."""
    if values.ndim == 5:
        return values[:, :, 0]
    return values.reshape(len(values), *(1,) * (4 - values.ndim), *values.shape[1:])
