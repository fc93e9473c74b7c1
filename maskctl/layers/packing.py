"""Packing: how many elements of the outermost axis the engine interleaves in memory; no value changes.

Where the axis does not divide, the engine leaves the blob as it is, or, told to pad it, adds elements of undefined
value; the latter maskctl refuses. The types to cast between (keys 2 and 3) are not used on processors.

Source: ncnn `src/layer/packing.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights

PARAMS = (
    Param(0, "out_elempack", 1, "elements interleaved"),
    Param(1, "use_padding", 0, "not 0: the outermost axis grows to a multiple"),
    Param(2, "cast_type_from", 0, "type before, on GPUs"),
    Param(3, "cast_type_to", 0, "type behind, on GPUs"),
)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's shape; raises where the engine would add elements of undefined value."""
    interleaved, outermost = params.integer("out_elempack"), inputs[0][0]
    if interleaved < 1:
        raise GraphError(f"out_elempack (0=) is {interleaved}. Expected 1 or more.")
    if params.integer("use_padding") and outermost % interleaved:
        raise ExecutionError(
            f"the outermost extent is {outermost}, padded to a multiple of {interleaved} with elements of undefined value. "
            "Give an extent that is one."
        )
    return inputs[:1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The blob as it is."""
    shapes(params, (inputs[0].shape[1:],))
    return inputs


LAYER = LayerType("Packing", range(1, 2), forward, PARAMS, shapes=shapes)
