"""Flip: a blob with some of its axes in reverse. A vector is reversed whatever the axes, unless there are none.

Axes the blob does not have change nothing. Source: ncnn `src/layer/flip.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.extents import NAMES, whole_numbers
from maskctl.numeric.late import np

PARAMS = (Param(0, "axes", (), "axes in (c, d, h, w) order, negative from the end"),)


def axes(params: Params, rank: int) -> tuple[int, ...]:
    """The blob's axes that are reversed; raises where the engine refuses or writes past its flags."""
    written = whole_numbers(params, "axes")
    if len(written) > len(NAMES):
        raise GraphError(f"axes has {len(written)} entries. Expected at most {len(NAMES)}.")
    found = {axis + rank if axis < 0 else axis for axis in written}
    if not found <= set(range(len(NAMES))):
        raise ExecutionError(f"axes is {written}. Expected axes from {-rank} to {rank - 1} for a blob of rank {rank}.")
    if rank == 1:
        return (0,) if written else ()
    return tuple(sorted(axis for axis in found if axis < rank))


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape."""
    axes(params, len(inputs[0]))
    return inputs[:1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """A view with the axes in reverse."""
    return (np.flip(inputs[0], tuple(1 + axis for axis in axes(params, inputs[0].ndim - 1))),)


LAYER = LayerType("Flip", range(1, 2), forward, PARAMS, shapes=shapes)
