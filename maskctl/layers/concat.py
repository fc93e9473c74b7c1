"""Concat: blobs of one rank laid behind each other along an axis. Source: ncnn `src/layer/concat.cpp`."""

from __future__ import annotations

from maskctl.errors import ExecutionError
from maskctl.layers.base import ONE_OR_MORE, Arrays, LayerType, Params, Shape, Weights
from maskctl.layers.families.extents import AXIS, axis_of
from maskctl.numeric.late import np

PARAMS = (AXIS,)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The inputs' shape with the extents along the axis added up."""
    first = inputs[0]
    axis = axis_of(params, len(first))
    for shape in inputs:
        if len(shape) != len(first) or any(
            a != b for i, (a, b) in enumerate(zip(shape, first, strict=True)) if i != axis
        ):
            raise ExecutionError(f"inputs of shapes {first} and {shape} do not join along axis {axis}.")
    return ((*first[:axis], sum(shape[axis] for shape in inputs), *first[axis + 1 :]),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The joined blob."""
    shapes(params, tuple(values.shape[1:] for values in inputs))
    return (np.concatenate(inputs, axis=1 + axis_of(params, inputs[0].ndim - 1)),)


LAYER = LayerType("Concat", ONE_OR_MORE, forward, PARAMS, shapes=shapes)
