"""Pooling over one, two or three axes: what Pooling, Pooling1D and Pooling3D do to blobs (n, c, …).

What maxima make of NaN is what the arm64 engine makes of it. In Pooling, whose vector code decides, one NaN makes its window
NaN; what vectors leave over, maps of channels that do not pack, drops it. Adaptive pooling, Pooling1D and Pooling3D have no
vector code: there NaN counts only where a window holds nothing else. x86 keeps NaN by its place in the window.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import TypeAlias

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Arrays, Params, Shape, Weights
from maskctl.layers.families.extents import require_extents
from maskctl.layers.families.windows import Border, Window, along, axes_of, pads_of, patches, require_axes, same_border
from maskctl.numeric.formats import FP32, FloatArray
from maskctl.numeric.late import np, npt

Flags: TypeAlias = "npt.NDArray[np.bool_]"
Ranges: TypeAlias = "list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]"
"""Along each axis the first element of each window, and the one behind its last."""

Larger: TypeAlias = "np.ufunc"
"""The larger of each two elements: `np.maximum` or `np.fmax`."""

MAX, AVERAGE = 0, 1
FULL, VALID, SAME_UPPER, SAME_LOWER = range(4)
SAME = -233
"""As an extent of adaptive pooling: as many windows as elements."""

LOWEST = -FP32.largest
"""What the border holds where maxima are taken."""


def window_of(params: Params) -> Window:
    """The window; raises `GraphError` for sizes below 1."""
    window = Window(along(params, "kernel"), along(params, "stride"))
    if min(*window.kernel, *window.stride) < 1:
        raise GraphError(
            f"the window is {window.kernel} with stride {window.stride} (in {axes_of(params)} order). Expected 1 or more."
        )
    return window


def explicit_border(params: Params) -> Border:
    """The pads as written, without what the pad mode adds; negative ones count as none."""
    return Border.of([(max(before, 0), max(behind, 0)) for before, behind in pads_of(params)])


def border_of(params: Params, window: Window, shape: Shape) -> Border:
    """The border the pad mode makes; in mode "full" the far ends grow until every element is covered.

    A map smaller than the window grows too, by C's remainder of a negative number, as in the engine.
    """
    mode = params.integer("pad_mode")
    if mode not in range(4):
        raise GraphError(f"pad_mode is {mode}. Expected 0 to 3.")
    if mode in {SAME_UPPER, SAME_LOWER}:
        return same_border(window, shape, lower=mode == SAME_LOWER)
    if min(pad for pair in pads_of(params) for pad in pair) < 0:
        raise GraphError(f"the pads are {pads_of(params)} (in {axes_of(params)} order). Expected 0 or more.")
    border = explicit_border(params)
    if mode == VALID:
        return border
    grown = []
    sizes = zip(border.pairs(len(shape) - 1), border.grown(shape), window.kernel, window.stride, strict=True)
    for (before, behind), have, kernel, stride in sizes:
        left_over = int(math.fmod(have - kernel, stride))
        grown.append((before, behind + (stride - left_over if left_over else 0)))
    return Border.of(grown)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(c, …) with the positions of the window, or (c,) for global pooling."""
    shape = require_axes(inputs[0], len(axes_of(params)))
    if params.integer("pooling_type") not in {MAX, AVERAGE}:
        raise GraphError(f"pooling_type is {params.integer('pooling_type')}. Expected 0 or 1.")
    if params.integer("global_pooling"):
        return (shape[:1],)
    if params.integer("adaptive_pooling"):
        return (require_extents((shape[0], *_adaptive_outputs(params, shape))),)
    window = window_of(params)
    grown = require_extents((shape[0], *border_of(params, window, shape).grown(shape)))[1:]
    return ((shape[0], *window.outputs(*grown)),)


def _adaptive_outputs(params: Params, shape: Shape) -> Shape:
    wanted = along(params, "out")
    keeps = len(wanted) > 1
    if any(out < 1 and not (keeps and out == SAME) for out in wanted):
        raise GraphError(
            f"adaptive pooling makes {wanted} windows (8=, 18=, 28=; in {axes_of(params)} order). Expected 1 or more"
            + (f", or {SAME} for as many as elements." if keeps else ".")
        )
    return tuple(have if out == SAME else out for out, have in zip(wanted, shape[1:], strict=True))


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """Maximum or average in fp32; a window wholly in the border averages to NaN unless the border counts."""
    values = inputs[0]
    if values.dtype != np.float32:
        raise ExecutionError(f"the input is {values.dtype}. The engine has no such pooling; dequantize it before.")
    top = shapes(params, (values.shape[1:],))[0]
    is_max = params.integer("pooling_type") == MAX
    with np.errstate(all="ignore"):
        if params.integer("global_pooling"):
            size = np.float32(math.prod(values.shape[2:]))
            return (_larger(params).reduce(_pixels(values), axis=1) if is_max else sum_of_map(values) / size,)
        if params.integer("adaptive_pooling"):
            return (_adaptive(values, top[1:], _larger(params) if is_max else None),)
        window = window_of(params)
        border = border_of(params, window, values.shape[1:])
        if is_max:
            return (_maximum(border.around(values, LOWEST), window, _larger(params)),)
        total = _sum(_averaged(params, values, border), window)
        return (total / counts(params, values.shape[1:]),)


def _slices(values: Array, window: Window, axis: int) -> list[Array]:
    """For each element of the window along an axis what it is at all positions: views into `values` (n, c, …)."""
    count = window.outputs(*values.shape[2:])[axis]
    return [_every(values, 2 + axis, start, window.stride[axis], count) for start in range(window.kernel[axis])]


def _every(values: Array, axis: int, start: int, step: int, count: int) -> Array:
    return values[(slice(None),) * axis + (slice(start, start + (count - 1) * step + 1, step),)]


def _larger(params: Params) -> Larger:
    """NaN wins where the engine has vector code, over the two axes of a map; elsewhere any number does."""
    return np.fmax if len(axes_of(params)) != 2 or params.integer("adaptive_pooling") else np.maximum


def _maximum(grown: FloatArray, window: Window, larger: Larger) -> FloatArray:
    """Along one axis after the other, which takes fewer steps than all elements of a window at once."""
    out = grown
    for axis in range(len(window.kernel)):
        rest = Window((1,) * axis + window.kernel[axis:], (1,) * axis + window.stride[axis:])
        out = _largest(_slices(out, rest, axis), larger)
    return out


def _largest(slices: Sequence[FloatArray], larger: Larger) -> FloatArray:
    if len(slices) == 1:
        return slices[0]
    out: FloatArray = larger(slices[0], slices[1])
    for seen in slices[2:]:
        larger(out, seen, out=out)
    return out


def _sum(grown: FloatArray, window: Window) -> FloatArray:
    """The sum of each window, element by element in the order of the map."""
    counts_along = window.outputs(*grown.shape[2:])
    out: FloatArray = np.zeros(0, np.float32)
    for place in np.ndindex(*window.kernel):
        seen = grown
        for axis, (start, step, count) in enumerate(zip(place, window.stride, counts_along, strict=True)):
            seen = _every(seen, 2 + axis, start, step, count)
        out = np.add(out, seen, out=out) if any(place) else seen + np.float32(0)
    return out


def windows_of(params: Params, values: FloatArray, *, fill: float) -> FloatArray:
    """What each window sees: (n, c, kernel…, outputs…), with `fill` in the border."""
    window = window_of(params)
    return patches(border_of(params, window, values.shape[1:]).around(values, fill), window)


def averaged_windows(params: Params, values: FloatArray) -> FloatArray:
    """As `windows_of`, with 0 wherever an average does not look."""
    window = window_of(params)
    return patches(_averaged(params, values, border_of(params, window, values.shape[1:])), window)


def _averaged(params: Params, values: FloatArray, border: Border) -> FloatArray:
    """The map with its border on, and 0 wherever an average does not look."""
    grown = border.around(values, 0.0)
    if _left_out(params, border) in {border, Border()}:
        return grown
    inside = reduce(np.logical_and.outer, _counted(params, border, grown.shape[2:]))
    return np.where(inside, grown, np.float32(0))


def _left_out(params: Params, border: Border) -> Border:
    """What averages neither add nor count at the ends of the grown map.

    Without `avgpool_count_include_pad` these are the explicit pads and the overhang of mode "full". What SAME modes add is
    counted, as in the engine, and the explicit pads, which those modes do not add, are cut from the image.
    """
    if params.integer("avgpool_count_include_pad"):
        return Border()
    return border if params.integer("pad_mode") in {FULL, VALID} else explicit_border(params)


def _counted(params: Params, border: Border, grown: Shape) -> list[Flags]:
    """Along each axis of the grown map, where averages add and count."""
    places = (np.arange(extent) for extent in grown)
    return [
        (place >= before) & (place < len(place) - behind)
        for place, (before, behind) in zip(places, _left_out(params, border).pairs(len(grown)), strict=True)
    ]


def counts(params: Params, shape: Shape) -> FloatArray:
    """How many elements each average divides by, (outputs…)."""
    window = window_of(params)
    border = border_of(params, window, shape)
    along_axes = (
        _sum(inside.astype(np.float32)[None, None], Window((kernel,), (stride,)))[0, 0]
        for inside, kernel, stride in zip(
            _counted(params, border, border.grown(shape)), window.kernel, window.stride, strict=True
        )
    )
    return reduce(np.multiply.outer, along_axes)


def _pixels(values: FloatArray) -> FloatArray:
    """The elements of each map, (n, elements, c); no copy where the channels are innermost in memory."""
    return np.ascontiguousarray(np.moveaxis(values, 1, -1)).reshape(len(values), -1, values.shape[1])


def sum_of_map(values: FloatArray) -> FloatArray:
    """The sum of each channel, (n, c), element by element as the engine does."""
    pixels = _pixels(values)
    total: FloatArray
    if values.shape[1] == 1:  # numpy's own sum goes pairwise along what is contiguous
        total = np.cumsum(pixels, axis=1, dtype=np.float32)[:, -1]
        return total
    total = np.add.reduce(pixels, axis=1, dtype=np.float32)
    return total


def _adaptive(values: FloatArray, outputs: Shape, larger: Larger | None) -> FloatArray:
    """Windows that divide each axis as evenly as whole elements allow; where that does not come out even they overlap."""
    extents = values.shape[2:]
    if outputs == extents:
        return values
    ranges: Ranges = [
        (np.arange(out) * have // out, -(-(np.arange(out) + 1) * have // out))
        for out, have in zip(outputs, extents, strict=True)
    ]
    if larger is not None:
        return _adaptive_maximum(values, ranges, larger)
    shape = (*values.shape[:2], *outputs)
    total = sum_of_map(values).reshape(shape) if math.prod(outputs) == 1 else _adaptive_sum(values, ranges)
    # The engine divides by the height, the width and then the depth of the window.
    for axis in (*range(len(extents))[-2:], *range(len(extents))[:-2]):
        first, end = ranges[axis]
        total = total / (end - first).astype(np.float32).reshape(-1, *(1,) * (len(extents) - 1 - axis))
    return total


def _adaptive_maximum(values: FloatArray, ranges: Ranges, larger: Larger) -> FloatArray:
    out = values
    for axis, (first, end) in enumerate(ranges):
        steps = range(int((end - first).max()))
        out = reduce(larger, [out.take(np.minimum(first + step, end - 1), 2 + axis) for step in steps])
    return out


def _adaptive_sum(values: FloatArray, ranges: Ranges) -> FloatArray:
    """The sum of each window, element by element in the order of the map."""
    total = np.zeros((*values.shape[:2], *(len(first) for first, _ in ranges)), np.float32)
    for place in np.ndindex(*(int((end - first).max()) for first, end in ranges)):
        seen, inside = values, np.ones((), np.bool_)
        for axis, (step, (first, end)) in enumerate(zip(place, ranges, strict=True)):
            seen = seen.take(np.minimum(first + step, end - 1), 2 + axis)
            inside = inside & (first + step < end).reshape(-1, *(1,) * (len(ranges) - 1 - axis))
        total += np.where(inside, seen, np.float32(0))
    return total
