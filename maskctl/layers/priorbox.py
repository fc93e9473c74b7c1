"""PriorBox: the boxes an SSD network starts from, some around the centre of each cell of a map.

The values of the inputs do not matter, their extents do: the map first, and the image second where image_width or
image_height is -233. The top is (2, numbers): x1, y1, x2, y2 of each box as parts of the image, row by row of cells, and
the variances under them. Per cell and smallest size come the square, the square between smallest and largest size,
and for each aspect ratio the box and, with `flip`, the box on its side.

With one input, both image extents -233 and no max_sizes the layer is MXNet's MultiBoxPrior: the top has one row,
(numbers,), of a square per size and of the first size in all aspect ratios but the first, corrected for the shape of the
map, in parts of the image.

Source: ncnn `src/layer/priorbox.cpp`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from maskctl.errors import GraphError
from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weights
from maskctl.layers.families import detecting
from maskctl.layers.families.extents import MOST_ELEMENTS
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

UNSET = -233

PARAMS = (
    Param(0, "min_sizes", (), "smallest sizes in pixels; MXNet: sizes as parts of the image"),
    Param(1, "max_sizes", (), "largest sizes in pixels, as many as min_sizes or none"),
    Param(2, "aspect_ratios", (), "width over height"),
    Param(3, "variances[0]", 0.1, "variance written for x1"),
    Param(4, "variances[1]", 0.1, "variance written for y1"),
    Param(5, "variances[2]", 0.2, "variance written for x2"),
    Param(6, "variances[3]", 0.2, "variance written for y2"),
    Param(7, "flip", 1, "1: each aspect ratio on its side too"),
    Param(8, "clip", 0, "1: boxes end at the border of the image"),
    Param(9, "image_width", 0, "width of the image in pixels; -233: of the second input"),
    Param(10, "image_height", 0, "height of the image in pixels; -233: of the second input"),
    Param(11, "step_width", -233.0, "distance of the cells in pixels; -233: image width over map width"),
    Param(12, "step_height", -233.0, "distance of the cells in pixels; -233: image height over map height"),
    Param(13, "offset", 0.0, "place of the centre in the cell, 0.5 for its middle"),
    Param(14, "step_mmdetection", 0, "1: steps that are not given are rounded up"),
    Param(15, "center_mmdetection", 0, "1: the offset is of the step less one pixel"),
)


def _floats(params: Params, name: str) -> FloatArray:
    return np.array(params.array(name), np.float32)


def _is_mxnet(params: Params, inputs: tuple[Shape, ...]) -> bool:
    image = (params.integer("image_width"), params.integer("image_height"))
    return len(inputs) == 1 and image == (UNSET, UNSET) and not params.array("max_sizes")


def _priors(params: Params, inputs: tuple[Shape, ...]) -> int:
    """Boxes per cell; raises `GraphError` where the engine refuses the sizes."""
    smallest, largest, ratios = (len(params.array(name)) for name in ("min_sizes", "max_sizes", "aspect_ratios"))
    if not smallest:
        raise GraphError("min_sizes is empty. Expected one size or more.")
    if largest not in {0, smallest}:
        raise GraphError(f"max_sizes has {largest} elements. Expected as many as min_sizes, {smallest}, or none.")
    if not _is_mxnet(params, inputs):
        return smallest * (1 + ratios * (2 if params.integer("flip") else 1)) + largest
    if not ratios:
        raise GraphError("aspect_ratios is empty. Expected a first one, which is skipped, and any number of others.")
    return smallest - 1 + ratios


def _extents(shape: Shape) -> tuple[int, int]:
    """Height and width as the engine has them: a vector is one row."""
    return (shape[-2] if len(shape) > 1 else 1), shape[-1]


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(2, numbers), or (numbers,) in MXNet's form."""
    image = (params.integer("image_width"), params.integer("image_height"))
    mxnet = _is_mxnet(params, inputs)
    if UNSET in image and len(inputs) < 2 and not mxnet:
        raise GraphError(
            "image_width or image_height is -233, and there is no second input to take it from. Expected a second input "
            "or the extents in pixels."
        )
    numbers = 4 * math.prod(_extents(inputs[0])) * _priors(params, inputs)
    if numbers > MOST_ELEMENTS:
        raise GraphError(f"the layer would give {numbers} numbers. Expected {MOST_ELEMENTS} or fewer.")
    return ((numbers,) if mxnet else (2, numbers),)


def forward(params: Params, _: Weights, inputs: Arrays) -> Arrays:
    """The boxes, the same for every sample."""
    given = tuple(values.shape[1:] for values in inputs)
    promised = shapes(params, given)[0]
    with np.errstate(all="ignore"):
        boxes = (_mxnet if _is_mxnet(params, given) else _caffe)(params, given)
        if params.integer("clip"):
            boxes = detecting.clipped(boxes, np.float32(0), np.float32(1))
    if len(promised) == 2:
        variances = np.array([params.real(f"variances[{number}]") for number in range(4)], np.float32)
        boxes = np.stack([boxes, np.broadcast_to(variances, boxes.shape)])
    return (np.repeat(boxes.reshape(1, *promised), len(inputs[0]), axis=0),)


def _caffe(params: Params, inputs: tuple[Shape, ...]) -> FloatArray:
    """Boxes (h, w, priors, 4) as parts of the image."""
    height, width = _extents(inputs[0])
    image_h, image_w = _image(params, inputs)
    step_h, step_w = _step(params, "step_height", image_h, height), _step(params, "step_width", image_w, width)
    offset = np.float32(params.real("offset"))
    inset = np.float32(1) if params.integer("center_mmdetection") else np.float32(0)
    centre_x = _running(offset * (step_w - inset), step_w, width)
    centre_y = offset * (step_h - inset) + np.arange(height, dtype=np.float32) * step_h
    sizes = np.array(list(_sizes(params)), np.float32)
    half_w, half_h = (sizes * np.float32(0.5)).T
    image = np.array([image_w, image_h, image_w, image_h], np.float32)
    found: FloatArray = _around(centre_x, centre_y, half_w, half_h) / image
    return found


def _image(params: Params, inputs: tuple[Shape, ...]) -> tuple[np.float32, np.float32]:
    """Height and width of the image in pixels."""
    written = (params.integer("image_height"), params.integer("image_width"))
    found = _extents(inputs[-1])
    height, width = (np.float32(b if a == UNSET else a) for a, b in zip(written, found, strict=True))
    return height, width


def _step(params: Params, name: str, image: np.float32, cells: int) -> np.float32:
    step = params.real(name)
    if step != UNSET:
        return np.float32(step)
    found = image / np.float32(cells)
    return np.ceil(found) if params.integer("step_mmdetection") else found


def _running(start: np.float32, step: np.float32, count: int) -> FloatArray:
    """`start` and what adding `step` again and again gives, each sum rounded."""
    terms = np.full(count, step, np.float32)
    terms[0] = start
    return np.cumsum(terms, dtype=np.float32)


def _sizes(params: Params) -> Iterator[tuple[np.float32, np.float32]]:
    """Width and height of each box of a cell, in pixels."""
    largest, roots = _floats(params, "max_sizes"), np.sqrt(_floats(params, "aspect_ratios"))
    for number, size in enumerate(_floats(params, "min_sizes")):
        yield size, size
        if len(largest):
            between = np.sqrt(size * largest[number])
            yield between, between
        for root in roots:
            yield size * root, size / root
            if params.integer("flip"):
                yield size / root, size * root


def _mxnet(params: Params, inputs: tuple[Shape, ...]) -> FloatArray:
    """Boxes (h, w, priors, 4) as parts of the image."""
    height, width = (np.float32(extent) for extent in _extents(inputs[0]))
    steps = [np.float32(params.real(name)) for name in ("step_height", "step_width")]
    step_h, step_w = (
        np.float32(1) / cells if step == UNSET else step for step, cells in zip(steps, (height, width), strict=True)
    )
    offset = np.float32(params.real("offset"))
    centre_x = _running(offset * step_w, step_w, int(width))
    centre_y = offset * step_h + np.arange(height, dtype=np.float32) * step_h
    sizes, roots = _floats(params, "min_sizes"), np.sqrt(_floats(params, "aspect_ratios")[1:])
    two = np.float32(2)
    half_w = np.concatenate([sizes * height / width / two, sizes[0] * height / width * roots / two])
    half_h = np.concatenate([sizes / two, sizes[0] / roots / two])
    return _around(centre_x, centre_y, half_w, half_h)


def _around(centre_x: FloatArray, centre_y: FloatArray, half_w: FloatArray, half_h: FloatArray) -> FloatArray:
    """Boxes (h, w, priors, 4) of each half extent around each centre."""
    centre_x, centre_y = centre_x[None, :, None], centre_y[:, None, None]
    edges = centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h
    return np.stack(np.broadcast_arrays(*edges), axis=-1)


LAYER = LayerType("PriorBox", range(1, 3), forward, PARAMS, shapes=shapes)
