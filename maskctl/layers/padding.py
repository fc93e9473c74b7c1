"""Padding: a blob with rows, columns and channels (planes, for rank 4) around it: constant, repeated or reflected.

A vector grows to the left and right only, a matrix on its four sides. Values per channel count for the channels of
the result, in maps and volumes with a constant border. On int8 blobs the constant is a code, not a value to quantize.

Source: ncnn `src/layer/padding.cpp`.
"""

from __future__ import annotations

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families.extents import NAMES, require_extents
from maskctl.numeric.late import np

CONSTANT, REPLICATE, REFLECT = range(3)

PARAMS = (
    Param(0, "top", 0, "rows added on top"),
    Param(1, "bottom", 0, "rows added at the bottom"),
    Param(2, "left", 0, "columns added on the left"),
    Param(3, "right", 0, "columns added on the right"),
    Param(4, "type", CONSTANT, "0 constant, 1 the outermost element, 2 reflected without it"),
    Param(5, "value", 0.0, "the constant"),
    Param(6, "per_channel_pad_data_size", 0, "constants per channel, 0: the same for all"),
    Param(7, "front", 0, "channels (rank 4: planes) added in front"),
    Param(8, "behind", 0, "channels (rank 4: planes) added behind"),
)

Pads = tuple[tuple[int, int], ...]
"""What is added before and behind, by axis, outermost first."""

_SIDES = {"w": ("left", "right"), "h": ("top", "bottom"), "front": ("front", "behind")}


def weights(params: Params) -> tuple[Weight, ...]:
    """The constants per channel."""
    size = params.integer("per_channel_pad_data_size")
    if size < 0:
        raise GraphError(f"per_channel_pad_data_size (6=) is {size}. Expected 0 or more.")
    return (Weight("per_channel_pad_data", (size,), role="data"),) if size else ()


def pads(params: Params, rank: int) -> Pads:
    """What is added along each axis; raises `GraphError` for types the engine refuses, and for less than nothing."""
    added = {name: (params.integer(before), params.integer(behind)) for name, (before, behind) in _SIDES.items()}
    if params.integer("type") not in {CONSTANT, REPLICATE, REFLECT}:
        raise GraphError(f"type (4=) is {params.integer('type')}. Expected 0 constant, 1 replicate or 2 reflect.")
    if min(min(pair) for pair in added.values()) < 0:
        raise GraphError(f"the pads are {added}, (before, behind). Expected 0 or more; use Crop to cut.")
    along = {"w": added["w"], "h": added["h"], "c" if rank == 3 else "d": added["front"]}
    return tuple(along.get(name, (0, 0)) for name in NAMES[rank])


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """The input's extents, grown."""
    shape, size = inputs[0], params.integer("per_channel_pad_data_size")
    added = pads(params, len(shape))
    grown = tuple(before + extent + behind for extent, (before, behind) in zip(shape, added, strict=True))
    if grown == shape:
        return (shape,)
    if len(shape) > 2 and size and size < grown[0]:
        raise ExecutionError(f"the result has {grown[0]} channels. Its constants per channel are for {size}.")
    if params.integer("type") == REFLECT:
        for name, extent, (before, behind) in zip(NAMES[len(shape)], shape, added, strict=True):
            # In front of channels and planes the engine reflects a second time at their end, elsewhere it does not.
            most = extent - 1 if name in "wh" else 2 * (extent - 1)
            if before > most or behind > extent - 1:
                raise ExecutionError(
                    f"{before} and {behind} are to be reflected around an extent of {extent}. Expected at most {extent - 1}."
                )
    return (require_extents(grown),)


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The grown blob."""
    values = inputs[0]
    shape = values.shape[1:]
    (grown,) = shapes(params, (shape,))
    added = pads(params, len(shape))
    if grown == shape:
        return (values,)
    if params.integer("type") == CONSTANT:
        return (_in_constant(params, weight, values, grown, added),)
    for axis, (extent, (before, behind)) in enumerate(zip(shape, added, strict=True), 1):
        places = np.arange(-before, extent + behind)
        last = extent - 1
        places = np.clip(places, 0, last) if params.integer("type") == REPLICATE else last - abs(abs(places) - last)
        values = values.take(places, axis) if before or behind else values
    return (values,)


def _in_constant(params: Params, weight: Weights, values: Array, grown: Shape, added: Pads) -> Array:
    fill = np.array(params.real("value"), np.float32)
    if params.integer("per_channel_pad_data_size") and len(grown) > 2:
        fill = weight["per_channel_pad_data"][: grown[0]].reshape(-1, *(1,) * (len(grown) - 1))
    out = np.empty((len(values), *grown), values.dtype)
    out[...] = _of_type(fill, values)
    places = (slice(before, before + extent) for extent, (before, _) in zip(values.shape[1:], added, strict=True))
    out[(slice(None), *places)] = values
    return out


def _of_type(fill: Array, values: Array) -> Array:
    """The constants as elements of the blob: truncated to a code, or the float's bits among 32-bit integers."""
    if values.dtype == np.int8:
        with np.errstate(all="ignore"):
            return np.trunc(fill).astype(np.int64).astype(np.int8)
    return np.asarray(fill, np.float32).view(np.int32) if values.dtype == np.int32 else fill


LAYER = LayerType("Padding", range(1, 2), forward, PARAMS, weights, shapes)
