"""MatMul: the product of two inputs as numpy's matmul has it, batches of matrices included.

A vector is a row on the left and a column on the right, and its axis is gone from the result; two vectors give one
element. Axes in front of the last two are batches, and an extent of 1 there serves all. Source: ncnn
`src/layer/matmul.cpp`.
"""

from __future__ import annotations

import math
from itertools import zip_longest

from maskctl.errors import ExecutionError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

PARAMS = (Param(0, "transB", 0, "1: the last two axes of the second input are swapped"),)


def _matrices(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape]:
    """The operands' shapes as batches of matrices; raises `ExecutionError` where they do not fit."""
    first, second = inputs
    left = (1, *first) if len(first) == 1 else first
    right = (*second, 1) if len(second) == 1 else second
    if params.integer("transB") and len(second) > 1:
        right = (*right[:-2], right[-1], right[-2])
    batches = zip(left[-3::-1], right[-3::-1], strict=False) if min(len(first), len(second)) > 1 else ()
    if left[-1] != right[-2] or any(a != b and 1 not in {a, b} for a, b in batches):
        raise ExecutionError(f"matrices of shapes {left} and {right} do not multiply.")
    return left, right


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The batches, then rows of the first and columns of the second input; (1,) for two vectors."""
    left, right = _matrices(params, inputs)
    first, second = inputs
    matrix = (*left[-2:-1][: len(first) > 1], *right[-1:][: len(second) > 1])
    return ((*_batches(left[:-2], right[:-2]), *matrix) or (1,),)


def _batches(left: Shape, right: Shape) -> Shape:
    """The batches that two ranks of them make, those of the lower rank repeated along the outer axes of the other."""
    return tuple(a if b == 1 else b for a, b in zip_longest(left[::-1], right[::-1], fillvalue=1))[::-1]


def macs(params: Params, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> int:
    """Multiply-adds: output elements times the terms of one."""
    return math.prod(outputs[0]) * _matrices(params, inputs)[0][-1]


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The product in fp32."""
    wanted = shapes(params, tuple(values.shape[1:] for values in inputs))[0]
    left, right = operands(params, inputs)
    with np.errstate(all="ignore"):
        product: FloatArray = np.matmul(left, right)
    return (product.reshape(len(product), *wanted),)


def operands(params: Params, inputs: Arrays) -> tuple[FloatArray, FloatArray]:
    """Both inputs as batches of matrices (n, …, rows, columns) of one rank that multiply."""
    given = tuple(values.shape[1:] for values in inputs)
    left, right = _matrices(params, given)
    rank = max(len(left), len(right))
    second = inputs[1].swapaxes(-1, -2) if params.integer("transB") and len(given[1]) > 1 else inputs[1]
    return _batched(inputs[0], left, rank), _batched(second, right, rank)


def _batched(values: Array, shape: Shape, rank: int) -> Array:
    """The values as (n, …) of that shape with extents of 1 in front to make up the rank."""
    return values.reshape(len(values), *(1,) * (rank - len(shape)), *shape)


LAYER = LayerType("MatMul", range(2, 3), forward, PARAMS, shapes=shapes, macs=macs)
