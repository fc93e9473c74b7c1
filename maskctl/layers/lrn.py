"""LRN: values divided by a power of the sum of squares around them, across channels or within a window of the map.

Source: ncnn `src/layer/lrn.cpp`. An even local_size reaches one further before an element than behind it; before
1.0.20261020 one channel more counts behind. Of a blob of rank 4 only the first plane of each channel is normalised.
"""

from __future__ import annotations

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Weight, Weights
from maskctl.layers.families.extents import first_planes
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

ACROSS, WITHIN = 0, 1

PARAMS = (
    Param(0, "region_type", 0, "0 across channels, 1 within a channel"),
    Param(1, "local_size", 5, "channels, or width and height of the window"),
    Param(2, "alpha", 1.0, "factor of the mean square"),
    Param(3, "beta", 0.75, "exponent"),
    Param(4, "bias", 1.0, "added before the power"),
)


def weights(params: Params) -> tuple[Weight, ...]:
    """None; raises `GraphError` for a window of nothing, and for a region the engine does not know."""
    if params.integer("local_size") < 1:
        raise GraphError(f"local_size is {params.integer('local_size')}. Expected 1 or more.")
    if params.integer("region_type") not in {ACROSS, WITHIN}:
        raise GraphError(f"region_type is {params.integer('region_type')}. Expected 0 (across channels) or 1 (within).")
    return ()


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The normalised values."""
    values = inputs[0]
    if values.ndim == 5:
        out = values.copy("K")
        out[:, :, 0] = _normalised(params, values[:, :, 0])
        return (out,)
    return (_normalised(params, first_planes(values)).reshape(values.shape),)


def _normalised(params: Params, maps: FloatArray) -> FloatArray:
    """Maps (n, c, h, w) over a power of the squares around each element."""
    size = params.integer("local_size")
    reach = size // 2, (size - 1) // 2
    with np.errstate(all="ignore"):
        total = np.square(maps)
        if params.integer("region_type") == ACROSS:
            total = _windowed(total, 1, *reach)
        else:
            total = _windowed(_windowed(total, 3, *reach), 2, *reach)
            size *= size
        total *= np.float32(params.real("alpha")) / np.float32(size)
        total += np.float32(params.real("bias"))
        np.power(total, np.float32(-params.real("beta")), out=total)
        total *= maps
    return total


def _windowed(values: FloatArray, axis: int, before: int, behind: int) -> FloatArray:
    """The sums over windows that reach so far to both sides along an axis; beyond the ends there is nothing."""
    moved = np.moveaxis(values, axis, 0)
    extent = len(moved)
    out = values.copy("K")
    sums = np.moveaxis(out, axis, 0)
    for step in range(1, min(before, extent - 1) + 1):
        sums[step:] += moved[:-step]
    for step in range(1, min(behind, extent - 1) + 1):
        sums[:-step] += moved[step:]
    return out


LAYER = LayerType("LRN", range(1, 2), forward, PARAMS, weights)
