"""RotaryEmbed: pairs of the elements of each row turned by the angles whose cosines and sines are the other inputs.

A pair is an element of the first half of the row and the one at its place in the second half, or with interleaved two
neighbours. Heads (c, rows, width) share the angles (rows, width / 2); of more rows or angles the first are taken.
Source: ncnn `src/layer/rotaryembed.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.errors import ExecutionError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weights

PARAMS = (Param(0, "interleaved", 0, "1: a pair is two neighbours, else one of each half of the row"),)

_HIGHEST_RANK = 3


def _rows(shape: Shape) -> Shape:
    return (1, *shape) if len(shape) == 1 else shape[-2:]


def shapes(_: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The shape of the first input."""
    rows, width = _rows(inputs[0])
    if max(map(len, inputs)) > _HIGHEST_RANK or width % 2 or 0 in inputs[0]:
        raise ExecutionError(
            f"the inputs have shapes {inputs}. Expected heads (c, rows, an even width) and two matrices."
        )
    for name, shape in zip(("cosines", "sines"), inputs[1:], strict=True):
        found = _rows(shape)
        if found[0] < rows or found[1] < width // 2:
            raise ExecutionError(
                f"the {name} have shape {shape}. Expected {(rows, width // 2)} for heads of {rows} x {width}."
            )
    return inputs[:1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The pairs turned, in fp32."""
    values = inputs[0]
    shapes(params, tuple(given.shape[1:] for given in inputs))
    rows, width = _rows(values.shape[1:])
    cosines, sines = (_angles(given, rows, width // 2) for given in inputs[1:])
    heads = values.reshape(len(values), -1, rows, width)
    turned = np.empty(heads.shape, np.float32)
    (x, y), (left, right) = _pairs(params, heads), _pairs(params, turned)
    with np.errstate(all="ignore"):
        np.subtract(x * cosines, y * sines, out=left)
        np.add(x * sines, y * cosines, out=right)
    return (turned.reshape(values.shape),)


def _angles(values: Array, rows: int, count: int) -> Array:
    """(n, 1, rows, count): of a map the first channel."""
    given = values.reshape(len(values), -1, *_rows(values.shape[1:]))
    return given[:, :1, :rows, :count]


def _pairs(params: Params, heads: Array) -> tuple[Array, Array]:
    """Views of the first and of the second elements of the pairs."""
    if params.integer("interleaved"):
        return heads[..., 0::2], heads[..., 1::2]
    half = heads.shape[-1] // 2
    return heads[..., :half], heads[..., half:]


LAYER = LayerType("RotaryEmbed", range(3, 4), forward, PARAMS, shapes=shapes)
