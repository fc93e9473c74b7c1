"""Reduction: a sum, maximum or other measure over all of a blob or over some of its axes.

Source: ncnn `src/layer/reduction.cpp`. Maxima and minima pass over NaN and stay within the finite numbers. A rank-1 blob
is reduced whatever the axes say; where no axis is reduced, each element is a sum of one (before 1.0.20261020 the
output is undefined). Of LogSumExp no maximum is taken out, so it overflows from 89 on.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.numeric.formats import FP32, FloatArray
from maskctl.numeric.late import np

SUM, ASUM, SUMSQ, MEAN, MAX, MIN, PROD, L1, L2, LOG_SUM, LOG_SUM_EXP = range(11)

PARAMS = (
    Param(
        0,
        "operation",
        SUM,
        "0 sum, 1 and 7 sum of magnitudes, 2 sum of squares, 3 mean, 4 maximum, 5 minimum, 6 product, 8 Euclidean length, "
        "9 log of the sum, 10 log of the sum of exp",
    ),
    Param(1, "reduce_all", 1, "1: over all axes"),
    Param(2, "coeff", 1.0, "factor of the result"),
    Param(3, "axes", (), "axes in (c, d, h, w) order, negative from the end"),
    Param(4, "keepdims", 0, "1: reduced axes stay as extents of 1"),
    Param(5, "fixbug0", 0, "must be 1 where axes are given"),
)
_MOST_RANK = 4


def weights(params: Params) -> tuple[Weight, ...]:
    """None; raises `GraphError` for what the engine refuses to load."""
    axes = params.array("axes")
    if axes and not params.integer("fixbug0"):
        raise GraphError(
            "axes (3=) are given and fixbug0 (5=) is not 1. The engine refuses such a file as too old: convert it again."
        )
    if any(not isinstance(axis, int) or not -_MOST_RANK <= axis < _MOST_RANK for axis in axes):
        raise GraphError(f"axes are {axes}. Expected integers from {-_MOST_RANK} to {_MOST_RANK - 1}.")
    if not SUM <= params.integer("operation") <= LOG_SUM_EXP:
        raise GraphError(f"operation is {params.integer('operation')}. Expected {SUM} to {LOG_SUM_EXP}.")
    return ()


def axes_of(params: Params, rank: int) -> tuple[int, ...]:
    """The axes that are reduced, counted from 0; those the blob does not have do not count."""
    weights(params)
    if rank == 1 or params.integer("reduce_all"):
        return tuple(range(rank))
    axes = (int(axis) for axis in params.array("axes"))
    return tuple(sorted({axis + rank if axis < 0 else axis for axis in axes} & set(range(rank))))


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The extents that are left; (1,) when all are reduced."""
    shape = inputs[0]
    axes = axes_of(params, len(shape))
    if params.integer("keepdims"):
        return (tuple(1 if axis in axes else extent for axis, extent in enumerate(shape)),)
    return (tuple(extent for axis, extent in enumerate(shape) if axis not in axes) or (1,),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The measures in fp32."""
    values, operation = inputs[0], params.integer("operation")
    shape = values.shape[1:]
    axes = axes_of(params, len(shape))
    coeff = np.float32(params.real("coeff"))
    with np.errstate(all="ignore"):
        out = _reduced(operation, values, tuple(1 + axis for axis in axes))
        if operation in {LOG_SUM, LOG_SUM_EXP}:
            np.log(out, out=out)
        elif operation == L2:
            out = np.sqrt(np.where(out < np.float32(FP32.smallest_normal), np.float32(0), out))
        elif operation == MEAN:
            coeff /= np.float32(np.prod([shape[axis] for axis in axes]))
        out *= coeff
    return (out.reshape(len(values), *shapes(params, (shape,))[0]),)


def _reduced(operation: int, values: Array, axes: tuple[int, ...]) -> FloatArray:
    """Sums, products, maxima or minima along `axes`, which stay as extents of 1."""
    if operation == MAX:
        return _by_channels(np.fmax, values, axes, np.float32(-FP32.largest))
    if operation == MIN:
        return _by_channels(np.fmin, values, axes, np.float32(FP32.largest))
    if operation == PROD:
        return _by_channels(np.multiply, values, axes, np.float32(1))
    return _by_channels(np.add, _measured(operation, values), axes, np.float32(0))


def _measured(operation: int, values: Array) -> Array:
    """What is summed up: the values themselves, their magnitudes, squares or powers of e."""
    if operation in {ASUM, L1}:
        return np.abs(values)
    if operation in {SUMSQ, L2}:
        return np.square(values)
    return np.exp(values) if operation == LOG_SUM_EXP else values


def _by_channels(function: np.ufunc, values: Array, axes: tuple[int, ...], start: np.float32) -> FloatArray:
    """First along the inner axes, then along the outermost, as the engine does."""
    inner = tuple(axis for axis in axes if axis != 1)
    steps = [inner] if inner == axes else [inner, axes[:1]]
    found = values
    for step in steps[-2 if inner else -1 :]:
        found = function.reduce(found, axis=step, dtype=np.float32, keepdims=True, initial=start)
    return found


LAYER = LayerType("Reduction", range(1, 2), forward, PARAMS, weights, shapes)
