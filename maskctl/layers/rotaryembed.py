"""RotaryEmbed: pairs of the elements of each row turned by the angles whose cosines and sines are the other inputs.

A pair is an element of the first half of the row and the one at its place in the second half, or with interleaved two
neighbours. Heads (c, rows, width) share the angles (rows, width / 2); of more rows or angles the first are taken. Where
pairs lie in two halves and the cosines are as wide as the heads, each half has angles of its own; before 1.0.20261020
the engine took those of the first half for both. Source: ncnn `src/layer/rotaryembed.cpp`, and the released engine
1.0.20261020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maskctl.errors import ExecutionError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (Param(0, "interleaved", 0, "1: a pair is two neighbours, else one of each half of the row"),)

_HIGHEST_RANK = 3


def _rows(shape: Shape) -> Shape:
    return (1, *shape) if len(shape) == 1 else shape[-2:]


def _count(params: Params, inputs: tuple[Shape, ...]) -> int:
    """How many angles of a row are used: one for each pair, or one for each element."""
    width = inputs[0][-1]
    return width if not params.integer("interleaved") and inputs[1][-1] == width else width // 2


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The shape of the first input."""
    rows, width = _rows(inputs[0])
    if max(map(len, inputs)) > _HIGHEST_RANK or width % 2 or 0 in inputs[0]:
        raise ExecutionError(
            f"the inputs have shapes {inputs}. Expected heads (c, rows, an even width) and two matrices."
        )
    count = _count(params, inputs)
    for name, shape in zip(("cosines", "sines"), inputs[1:], strict=True):
        found = _rows(shape)
        if found[0] < rows or found[1] < count:
            raise ExecutionError(
                f"the {name} have shape {shape}. Expected {(rows, count)} for heads of {rows} x {width}."
            )
    return inputs[:1]


@dataclass(frozen=True)
class Angles:
    """Cosines and sines for the first and for the second elements of the pairs, (n, 1, rows, pairs) each."""

    cosines: tuple[Array, Array]
    sines: tuple[Array, Array]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The pairs turned, in fp32."""
    return (turned(params, inputs, turn),)


def turn(x: FloatArray, y: FloatArray, angles: Angles) -> tuple[FloatArray, FloatArray]:
    """First and second elements of the pairs turned by the angles."""
    with np.errstate(all="ignore"):
        return x * angles.cosines[0] - y * angles.sines[0], x * angles.sines[1] + y * angles.cosines[1]


def turned(
    params: Params, inputs: Arrays, how: Callable[[FloatArray, FloatArray, Angles], tuple[FloatArray, FloatArray]]
) -> FloatArray:
    """The first input with its pairs turned in that way."""
    values, given = inputs[0], tuple(blob.shape[1:] for blob in inputs)
    shapes(params, given)
    rows, width = _rows(given[0])
    cosines, sines = (_angles(blob, rows, _count(params, given)) for blob in inputs[1:])
    halves = slice(width // 2), slice(-(width // 2), None)
    angles = Angles(
        (cosines[..., halves[0]], cosines[..., halves[1]]),
        (sines[..., halves[0]], sines[..., halves[1]]),
    )
    heads = values.reshape(len(values), -1, rows, width)
    result = np.empty(heads.shape, np.float32)
    (x, y), (left, right) = _pairs(params, heads), _pairs(params, result)
    left[...], right[...] = how(x, y, angles)
    return result.reshape(values.shape)


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
