"""Diag: a square matrix with the vector on one of its diagonals and 0 elsewhere, or the diagonal of a matrix.

A diagonal outside the matrix is empty. Source: ncnn `src/layer/diag.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.extents import require_extents
from maskctl.numeric.late import np

PARAMS = (Param(0, "diagonal", 0, "which: 0 the main one, above 0 to its right, below 0 to its left"),)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(w + |diagonal|, the same) of a vector, (length,) of a matrix; raises for maps, of which the engine makes nothing."""
    shape, diagonal = inputs[0], params.integer("diagonal")
    if len(shape) > 2:
        raise ExecutionError(f"the input has shape {shape}. Expected a vector or a matrix.")
    if len(shape) == 1:
        return (require_extents((shape[0] + abs(diagonal),) * 2),)
    below, right = max(-diagonal, 0), max(diagonal, 0)
    return ((max(0, min(shape[0] - below, shape[1] - right)),),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The matrix, or a view of the diagonal."""
    values, diagonal = inputs[0], params.integer("diagonal")
    (shape,) = shapes(params, (values.shape[1:],))
    if values.ndim == 3:
        return (values.diagonal(diagonal, 1, 2),) if shape[0] else (np.empty((len(values), 0), values.dtype),)
    out = np.zeros((len(values), *shape), values.dtype)
    places = np.arange(values.shape[1])
    out[:, places + max(-diagonal, 0), places + max(diagonal, 0)] = values
    return (out,)


LAYER = LayerType("Diag", range(1, 2), forward, PARAMS, shapes=shapes)
