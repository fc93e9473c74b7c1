"""Interp: a map resized to another width and height: nearest, bilinear or bicubic.

The size comes from `size_expr`, from the second bottom with `dynamic_target_size`, from `output_width` and
`output_height` if both are given, or from the scales. A vector (c,) becomes constant planes (c, out_h, out_w) whatever
the type, rows (h, w) are resized along w alone, and of a volume (c, d, h, w) only the first plane is seen.
Pixels are 1 / scale apart where the size came from the scales, and by the ratio of the sizes otherwise. Before 1.0.20261020
the engine took the ratio for all but nearest, and the scales for nearest with `dynamic_target_size`. Where a scale
leaves a size as it was, bilinear leaves the axis alone, and bicubic moves its pixels all the same.
A second bottom gives its size in elements; the engine counts packed rows (4 or 8 in one) where it has rank 1 or 2.

Source: ncnn `src/layer/interp.cpp`, and the released engine 1.0.20261020.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from maskctl.errors import GraphError
from maskctl.layers.base import ONE_OR_MORE, Array, Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families.expression import evaluate, references
from maskctl.layers.families.extents import extent, require_extents
from maskctl.layers.families.sampling import cubic_weights
from maskctl.numeric.bits32 import rounded32
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np, npt

Taps: TypeAlias = "tuple[npt.NDArray[np.intp], FloatArray]"
"""The pixels along an axis that make up each output pixel, and what they weigh: (outputs, taps) each."""

Flags: TypeAlias = "npt.NDArray[np.bool_]"
Places: TypeAlias = "npt.NDArray[np.float64]"
Rounding: TypeAlias = Callable[[FloatArray], FloatArray]
Blend: TypeAlias = Callable[[Array, Taps, int], Array]
"""Makes pixels (n, …, c) out of pixels, their taps and an axis."""


@dataclass(frozen=True)
class Way:
    """How output pixels are computed.

    `rounded` is the format of weights. `cubic` takes the pixel before each place, and the place, and gives the four weights
    and what the fourth lacks to 1.
    """

    rounded: Rounding
    cubic: Callable[[FloatArray, FloatArray], tuple[FloatArray, ...]]
    blend: Blend


def terms(pixels: Array, taps: Taps, axis: int) -> list[tuple[Array, FloatArray]]:
    """For each tap its pixels, and what they weigh, ready to broadcast."""
    index, weights = taps
    shape = (-1, *(1,) * (-1 - axis))
    return [(pixels.take(index[:, tap], axis), weights[:, tap].reshape(shape)) for tap in range(index.shape[1])]


def _cubic_weights(before: FloatArray, place: FloatArray) -> tuple[FloatArray, ...]:
    weights = cubic_weights(place - before)
    return (*weights, np.float32(1) - weights[3])


def _sum(pixels: Array, taps: Taps, axis: int) -> Array:
    """Pixels times weights, added one by one in fp32."""
    (first, weight), *others = terms(pixels, taps, axis)
    out: Array = first * weight
    for values, weight in others:
        out += values * weight
    return out


NEAREST, BILINEAR, BICUBIC = 1, 2, 3
HEIGHT, WIDTH = -3, -2
"""The axes of pixels (n, h, w, c), of rows (n, w, c) too."""

PARAMS = (
    Param(0, "resize_type", 0, "1 nearest, 2 bilinear, 3 bicubic"),
    Param(1, "height_scale", 1.0, "output height over input height"),
    Param(2, "width_scale", 1.0, "output width over input width"),
    Param(3, "output_height", 0, "output height"),
    Param(4, "output_width", 0, "output width"),
    Param(5, "dynamic_target_size", 0, "1: as wide and high as the second bottom"),
    Param(6, "align_corner", 0, "1: the outermost pixels' centers stay in place, else their edges"),
    Param(9, "size_expr", "", "output width and height computed from the bottoms' extents"),
)


def size_of(params: Params, inputs: tuple[Shape, ...]) -> tuple[int, int]:
    """Width and height the output shall have."""
    text, shape = params.text("size_expr"), inputs[0]
    dynamic = params.integer("dynamic_target_size") == 1
    if len(inputs) > 1 and not dynamic and references(text) < 2:
        raise GraphError(
            f"there are {len(inputs)} inputs. Expected 1, or dynamic_target_size (5=1), or a size_expr (9=) with 1w."
        )
    if text:
        sizes = evaluate(text, inputs)
        if len(sizes) not in {1, 2}:
            raise GraphError(f"size_expr is '{text}', {len(sizes)} numbers. Expected the width, or width and height.")
        return sizes[0], (sizes[1] if len(sizes) == 2 else extent(shape, "h"))
    if dynamic:
        if len(inputs) < 2:
            raise GraphError("there is one input. Expected a second, whose size is taken (5=1).")
        return extent(inputs[1], "w"), extent(inputs[1], "h")
    size = params.integer("output_width"), params.integer("output_height")
    if all(size):
        return size
    have = (1, 1) if len(shape) == 1 else (shape[-1], shape[-2])
    scales = params.real("width_scale"), params.real("height_scale")
    scaled = [rounded32(rounded32(one) * rounded32(scale)) for one, scale in zip(have, scales, strict=True)]
    if not all(map(math.isfinite, scaled)) or max(scaled) >= 2**31:
        raise GraphError(
            f"width_scale is {scales[0]} and height_scale {scales[1]}. Expected sizes that fit an integer."
        )
    return int(scaled[0]), int(scaled[1])


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(c, out_h, out_w), or (h, out_w) of rows."""
    kind, shape = params.integer("resize_type"), inputs[0]
    if kind not in range(4):
        raise GraphError(f"resize_type is {kind}. Expected 1, 2 or 3.")
    width, height = size_of(params, inputs)
    if is_unchanged(params, shape, width, height):
        return (shape,)
    top = require_extents((shape[0], width) if len(shape) == 2 else (shape[0], height, width))
    if len(shape) > 1 and kind == 0:
        raise GraphError("resize_type is 0, which leaves the output as it was in memory. Expected 1, 2 or 3.")
    return (top,)


def is_unchanged(params: Params, shape: Shape, width: int, height: int) -> bool:
    """True when the blob is passed on as it is."""
    names = ("width", "height")[: len(shape) - 1]
    if not names or (width, height)[: len(names)] != shape[:-3:-1][: len(names)]:
        return False
    cubic = params.integer("resize_type") == BICUBIC and not params.integer("align_corner")
    return not cubic or all(scale_of(params, name) in {0, 1} for name in names)


def scale_of(params: Params, name: str) -> float:
    """The scale to go by along the "width" or "height", 0 for the ratio of the sizes."""
    sized = bool(params.text("size_expr")) or params.integer("dynamic_target_size") == 1
    return 0.0 if sized or params.integer(f"output_{name}") else params.real(f"{name}_scale")


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The resized maps in fp32."""
    return resize(params, inputs, Way(lambda weights: weights, _cubic_weights, _sum))


def resize(params: Params, inputs: Arrays, way: Way) -> Arrays:
    """The maps resized in a way, along the width first; nearest pixels are moved as they are."""
    values, given = inputs[0], tuple(blob.shape[1:] for blob in inputs)
    top = shapes(params, given)[0]
    if is_unchanged(params, given[0], *size_of(params, given)):
        return (values,)
    if values.ndim == 2:
        return (np.broadcast_to(values[:, :, None, None], (len(values), *top)).copy(),)
    maps = values[:, :, 0] if values.ndim == 5 else values
    pixels = np.moveaxis(maps, 1, -1)
    for axis, name in ((WIDTH, "width"), (HEIGHT, "height"))[: len(top) - 1]:
        pixels = _resized(pixels, axis, top[axis + 1], params, scale_of(params, name), way)
    return (np.moveaxis(pixels, -1, 1),)


def _resized(pixels: Array, axis: int, outputs: int, params: Params, scale: float, way: Way) -> Array:
    """Pixels (n, …, c) resized along an axis; `scale` is the one to go by, 0 for the ratio of the sizes."""
    inputs = pixels.shape[axis]
    kind = params.integer("resize_type")
    with np.errstate(all="ignore"):
        if kind == NEAREST:
            step = np.float32(1) / np.float32(scale) if scale else np.float32(inputs) / np.float32(outputs)
            index = np.fmin(np.arange(outputs, dtype=np.float32) * step, np.float32(inputs - 1)).astype(np.intp)
            nearest: Array = pixels.take(index, axis)
            return nearest
        if inputs == 1:
            return np.repeat(pixels, outputs, axis)
        taps = (_cubic if kind == BICUBIC else _linear)(inputs, outputs, params, scale, way)
        return way.blend(pixels, taps, axis)


def places(inputs: int, outputs: int, params: Params, scale: float) -> tuple[FloatArray, FloatArray]:
    """The pixel before each output pixel, and its place."""
    number = np.arange(outputs, dtype=np.float64)
    if params.integer("align_corner"):
        place = (number * ((inputs - 1) / max(outputs - 1, 1))).astype(np.float32)
    else:
        kept = inputs == outputs and params.integer("resize_type") == BILINEAR
        step = 1 / np.float64(np.float32(scale)) if scale and not kept else inputs / outputs
        place = _fused_less_half(number + 0.5, np.float64(step)).astype(np.float32)
    return np.floor(place), place


def _fused_less_half(number: Places, step: np.float64) -> Places:
    """number * step - 0.5 as one fused operation; `number` has few bits, so that its products with halves of `step` are exact.

    The rounding of the product would matter where the result is next to 0.
    """
    scaled = step * np.float64(2.0**27 + 1)
    high = scaled - (scaled - step)
    product = number * step
    found: Places = (product - 0.5) + ((number * high - product) + number * (step - high))
    return found


def _linear(inputs: int, outputs: int, params: Params, scale: float, way: Way) -> Taps:
    first, place = places(inputs, outputs, params, scale)
    share = place - first
    before, behind = first < 0, first >= inputs - 1
    share = np.where(before, np.float32(0), np.where(behind, np.float32(1), share))
    first = np.where(before, np.float32(0), np.where(behind, np.float32(inputs - 2), first))
    return _taps(first, (way.rounded(np.float32(1) - share), way.rounded(share)), inputs)


def _cubic(inputs: int, outputs: int, params: Params, scale: float, way: Way) -> Taps:
    """Taps of two or more pixels; what would weigh pixels outside of the map is added to those at its ends."""
    place, exact = places(inputs, outputs, params, scale)
    a, b, c, d, lack = way.cubic(place, exact)
    zero, one, rounded = np.zeros_like(a), np.float32(1), way.rounded

    def folded(where: Flags, center: int, taps: tuple[FloatArray, ...]) -> None:
        nonlocal place, a, b, c, d
        a, b, c, d = (np.where(where, new, old) for new, old in zip(taps, (a, b, c, d), strict=True))
        place = np.where(where, np.float32(center), place)

    folded(place <= -1, 1, (lack, d, zero, zero))
    folded(place == 0, 1, (rounded(a + b), c, d, zero))
    folded(place == inputs - 2, inputs - 3, (zero, a, b, rounded(c + d)))
    folded(place >= inputs - 1, inputs - 3, (zero, zero, a, rounded(one - a)))
    return _taps(place - one, (a, b, c, d), inputs)


def _taps(first: FloatArray, weights: tuple[FloatArray, ...], inputs: int) -> Taps:
    index = first[:, None] + np.arange(len(weights))
    return np.clip(index, 0, inputs - 1).astype(np.intp), np.stack(weights, axis=1)


LAYER = LayerType("Interp", ONE_OR_MORE, forward, PARAMS, shapes=shapes)
