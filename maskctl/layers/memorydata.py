"""MemoryData: a blob stored in the `.bin`. The same for all samples. Source: ncnn `src/layer/memorydata.cpp`."""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families.extents import NAMES

PARAMS = (
    Param(0, "w", 0, "width"),
    Param(1, "h", 0, "height"),
    Param(11, "d", 0, "depth"),
    Param(2, "c", 0, "channels"),
    Param(21, "load_type", 1, "1 fp32 without a storage tag, 0 with one"),
)


def shape_of(params: Params) -> Shape:
    """The shape: its rank is the one the outermost extent that is not 0 belongs to.

    Raises `GraphError` when none is set, where the engine gives one element of undefined value.
    """
    rank = next((rank for rank in (4, 3, 2, 1) if params.integer("whcd"[rank - 1]) != 0), 0)
    shape = tuple(params.integer(name) for name in NAMES.get(rank, ""))
    if min(shape, default=0) < 1:
        raise GraphError(f"the extents are {shape}. Expected 1 or more: w (0=), then h (1=), c (2=), d (11=).")
    return shape


def weights(params: Params) -> tuple[Weight, ...]:
    """The blob; raises `GraphError` for ways of storing it that the engine does not know."""
    if params.integer("load_type") not in {0, 1}:
        raise GraphError(f"load_type (21=) is {params.integer('load_type')}. Expected 0 or 1.")
    return (Weight("data", shape_of(params), tagged=params.integer("load_type") == 0, role="data"),)


def shapes(params: Params, _: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The stored blob's shape."""
    return (shape_of(params),)


def forward(_: Params, weight: Weights, __: Arrays) -> Arrays:
    """The stored blob, once: (1, …)."""
    return (weight["data"][None],)


LAYER = LayerType("MemoryData", range(1), forward, PARAMS, weights, shapes)
