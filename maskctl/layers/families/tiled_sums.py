"""Arithmetic on channels-last memory, tile by tile, so that what is at work fits the processor's caches.

Dense kernels are one matrix product per tile, grouped ones a batch of them, depthwise ones a sum of products of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeAlias

from maskctl.layers.base import Params, Shape
from maskctl.layers.families import activation
from maskctl.layers.families.windows import Border, Window
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

Block: TypeAlias = tuple[slice, ...]
Place: TypeAlias = tuple[Any, ...]
Finish: TypeAlias = Callable[[FloatArray], None]
"""Adds the bias to a contiguous tile (…, channels) and applies the activation, in place."""

_FEWEST_PATCHES, _PATCHES = 1 << 16, 1 << 20
"""Elements of the patches of one tile: up to 4 MB, but no more than twice what the layer's output has, down to 256 kB."""
_OUTPUTS = 1 << 18
"""Elements of a tile of sums that a bias and an activation pass over."""
AT_WORK = 1 << 15
"""The same where every position of the kernel does."""
_ADDED = 1 << 16
_ROW, _LONG_ROW = 768, 1 << 14
"""Elements of a row of depthwise products: at least, where the width divides so, and at most."""
_BIAS_ROW = 1 << 12
_SHORT_BUFFER = 16


@contextmanager
def arithmetic() -> Iterator[None]:
    """Sums may overflow, and numpy does not copy rows that it repeats into buffers of its own, which takes twice as long."""
    with np.errstate(all="ignore"):
        before = np.setbufsize(_SHORT_BUFFER)
        try:
            yield
        finally:
            np.setbufsize(before)


def channels_last(values: FloatArray) -> FloatArray:
    """(n, c, …) as (n, …, c), a view."""
    return values.transpose(0, *range(2, values.ndim), 1)


def channels_first(values: FloatArray) -> FloatArray:
    """(n, …, c) as (n, c, …), a view."""
    return values.transpose(0, values.ndim - 1, *range(1, values.ndim - 1))


def blocks(extents: Shape, most: int) -> Iterator[Block]:
    """Indices that cut an array of these extents into contiguous blocks of about `most` elements or fewer.

    >>> [tuple(range(n)[part] for n, part in zip((3, 4), block)) for block in blocks((3, 4), 9)]
    [(range(0, 2), range(0, 4)), (range(2, 3), range(0, 4))]
    """
    inner, axis = 1, len(extents)
    while axis and inner * extents[axis - 1] <= most:
        axis -= 1
        inner *= extents[axis]
    whole = (slice(None),) * (len(extents) - axis)
    if not axis:
        yield whole
        return
    extent = extents[axis - 1]
    count = -(-extent // max(1, most // inner))
    step = -(-extent // count)
    for outer in np.ndindex(*extents[: axis - 1]):
        for start in range(0, extent, step):
            yield (*(slice(index, index + 1) for index in outer), slice(start, min(start + step, extent)), *whole)


def finish(params: Params, bias: FloatArray | None, channels: int) -> Finish:
    """What is left to do to a tile when its sums are there."""
    is_plain = activation.kind(params)[0] == activation.NONE
    repeats = max(1, _BIAS_ROW // channels)
    row = np.tile(bias, repeats) if bias is not None else None

    def apply(part: FloatArray) -> None:
        if row is not None:
            np.add(part, row[: part.shape[-1]], out=part)
        if not is_plain:
            activation.apply(params, part, out=part)

    def done(tile: FloatArray) -> None:
        flat = tile.reshape(-1)
        run = channels * repeats
        long = flat.size // run * run
        if long:
            apply(flat[:long].reshape(-1, run))
        if long < flat.size:
            apply(flat[long:])

    return done


def dense(seen: FloatArray, matrix: FloatArray, out: FloatArray, done: Finish) -> None:
    """The matrix product of the patches `seen` (n, places…, kernel…, c) with `matrix` (terms, outputs).

    Tiles end with a sample, so that what a sample gives does not depend on the others in the same pass.
    """
    terms, outputs = matrix.shape
    direct = seen.flags.c_contiguous
    most = _OUTPUTS // outputs if direct else _places_at_once(out[0], terms)
    buffer = None
    for sample, sums in enumerate(out):
        for block in blocks(sums.shape[:-1], max(1, most)):
            tile, part = sums[block].reshape(-1, outputs), seen[sample][block]
            if direct:
                rows = part.reshape(-1, terms)
            else:
                if buffer is None:
                    buffer = np.empty((len(tile), terms), np.float32)
                rows = buffer[: len(tile)]
                np.copyto(rows.reshape(part.shape), part)
            np.matmul(rows, matrix, out=tile)
            done(tile)


def _places_at_once(sums: FloatArray, terms: int) -> int:
    """How many places of one sample's `sums` a tile has whose patches are copied."""
    patches = min(_PATCHES, max(_FEWEST_PATCHES, 2 * sums.size))
    outputs: int = sums.shape[-1]
    return min(patches // terms, _OUTPUTS // outputs)


def grouped(seen: FloatArray, matrix: FloatArray, out: FloatArray, done: Finish) -> None:
    """As `dense` for each group: `seen` is (groups, n, places…, kernel…, c), `matrix` (groups, terms, outputs of a group)."""
    groups, terms, outputs = matrix.shape
    most = max(1, _places_at_once(out[0], terms * groups))
    buffer = np.empty(0, np.float32)
    for sample, sums in enumerate(out):
        for block in blocks(sums.shape[:-1], most):
            tile = sums[block].reshape(-1, groups, outputs)
            place: Place = (slice(None), sample, *block)
            part = seen[place]
            if math.prod(part.shape[len(block) + 1 : -1]) == 1:
                # a kernel of one pixel, whose groups lie side by side in the map itself
                rows = part.reshape(groups, -1, terms)
            else:
                if len(buffer) != groups * len(tile) * terms:
                    buffer = np.empty(groups * len(tile) * terms, np.float32)
                np.copyto(buffer.reshape(part.shape), part)
                rows = buffer.reshape(groups, -1, terms)
            np.matmul(rows, matrix, out=tile.transpose(1, 0, 2))
            done(tile)


def depthwise(phases: FloatArray, window: Window, taps: FloatArray, out: FloatArray, done: Finish) -> None:
    """One kernel per channel: `phases` is the padded input as `bordered` lays it out, `taps` is (kernel…, c).

    The sums of products run over rows of about a thousand elements, several pixels of all channels.
    """
    *outer, width, channels = out.shape
    repeats = _repeats(width, channels)
    sums = out.reshape(*outer, width // repeats, repeats * channels)
    parts = [
        (seen, np.tile(taps[..., first::step, :], repeats))
        for seen, first, step in _seen_by_phase(phases, window, (*outer, width, channels), repeats)
    ]
    places, kernel = "abcd"[: len(outer) + 1], "pqr"[: taps.ndim - 1]
    formula = f"{places}x{kernel},{kernel}x->{places}x"
    for block in blocks(sums.shape[:-1], max(1, _ADDED // sums.shape[-1])):
        tile = sums[block]
        np.einsum(formula, parts[0][0][block], parts[0][1], out=tile)
        for seen, factors in parts[1:]:
            tile += np.einsum(formula, seen[block], factors)
        done(tile)


@cache
def _repeats(width: int, channels: int) -> int:
    """How many pixels make a row: a divisor of the width."""
    divisors = [number for number in range(1, min(width, _LONG_ROW // channels) + 1) if width % number == 0]
    return next((number for number in divisors if number * channels >= _ROW), max(divisors, default=1))


def _seen_by_phase(
    phases: FloatArray, window: Window, outputs: Shape, repeats: int
) -> list[tuple[FloatArray, int, int]]:
    """What the kernel sees, (n, …, rows, row, kernel…), a view, for each set of its columns that have a phase in common.

    Of a set come the first column and the step to the next.
    """
    *outer, width, channels = outputs
    axes = list(zip(window.kernel[:-1], window.stride[:-1], window.dilation[:-1], strict=True))
    stride, dilation, kernel = window.stride[-1], window.dilation[-1], window.kernel[-1]
    step = stride // math.gcd(stride, dilation)
    found = []
    for first in range(min(step, kernel)):
        shift, phase = divmod(first * dilation, stride)
        place: Place = (..., phase, slice(shift, None), slice(None))
        base = phases[place]
        size, column = base.strides[-1], base.strides[-2]
        by_axis = base.strides[1:-2]
        columns = len(range(first, kernel, step))
        shape = (*outer, width // repeats, repeats * channels, *(extent for extent, _, _ in axes), columns)
        strides = (
            base.strides[0],
            *(one * along for one, (_, along, _) in zip(by_axis, axes, strict=True)),
            repeats * column,
            size,
            *(one * apart for one, (_, _, apart) in zip(by_axis, axes, strict=True)),
            dilation * step // stride * column,
        )
        found.append((np.lib.stride_tricks.as_strided(base, shape, strides, writeable=False), first, step))
    return found


def bordered(values: FloatArray, border: Border, fill: float, stride: int = 1) -> FloatArray:
    """(n, c, …, w) with its border on as (n, …, phases, columns, c) in C order; column x is `stride` * column + phase.

    With one phase this is the padded map, channels last; without a border and in that order already, it is not copied.
    """
    last = channels_last(values)
    *outer, width, channels = last.shape
    pairs = border.pairs(last.ndim - 2)
    if stride == 1 and not border:
        return np.ascontiguousarray(last).reshape(*outer, 1, width, channels)
    grown = [extent + sum(pair) for extent, pair in zip(outer[1:], pairs[:-1], strict=True)]
    before, behind = pairs[-1]
    columns = -(-(before + width + behind) // stride)
    out = np.empty((outer[0], *grown, stride, columns, channels), np.float32)
    inside: Place = (slice(None),)
    for pair, extent in zip(pairs[:-1], outer[1:], strict=True):
        _fill_ends(out, inside, pair[0], pair[0] + extent, fill)
        inside = (*inside, slice(pair[0], pair[0] + extent))
    for phase in range(stride):
        first = -(-(before - phase) // stride)
        source = last[..., first * stride + phase - before :: stride, :]
        end = first + source.shape[-2]
        _fill_ends(out, (*inside, phase), first, end, fill)
        place: Place = (*inside, phase, slice(first, end))
        out[place] = source
    return out


def _fill_ends(out: FloatArray, place: Place, first: int, end: int, fill: float) -> None:
    """Fills the border before `first` and from `end` on along the axis behind those of `place`."""
    ends: tuple[Place, Place] = ((*place, slice(0, first)), (*place, slice(end, None)))
    for one in ends:
        out[one] = fill
