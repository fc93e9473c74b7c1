"""Sliding windows over (n, c, h, w): the padding rules and patches that convolutions and poolings share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskctl.errors import ExecutionError
from maskctl.layers.base import Params, Shape
from maskctl.numeric.formats import FloatArray

SAME_UPPER, SAME_LOWER = -233, -234


@dataclass(frozen=True)
class Window:
    """A window over (h, w): kernel, stride and dilation, each as (vertical, horizontal)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)

    @property
    def extent(self) -> tuple[int, int]:
        """Rows and columns the window spans."""
        return (
            self.dilation[0] * (self.kernel[0] - 1) + 1,
            self.dilation[1] * (self.kernel[1] - 1) + 1,
        )

    def outputs(self, height: int, width: int) -> tuple[int, int]:
        """Positions of the window in a padded map; raises `ExecutionError` where it does not fit."""
        if height < self.extent[0] or width < self.extent[1]:
            raise ExecutionError(
                f"a window of {self.extent[1]}x{self.extent[0]} does not fit a padded map of {width}x{height} (width x height). "
                "Give a larger input."
            )
        return (height - self.extent[0]) // self.stride[0] + 1, (width - self.extent[1]) // self.stride[1] + 1


@dataclass(frozen=True)
class Border:
    """Rows and columns added around a map."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __bool__(self) -> bool:
        return any((self.top, self.bottom, self.left, self.right))

    def around(self, values: FloatArray, fill: float) -> FloatArray:
        """`values` (n, c, h, w) with the border filled with `fill`."""
        if not self:
            return values
        n, c, h, w = values.shape
        out = np.full((n, c, h + self.top + self.bottom, w + self.left + self.right), np.float32(fill), np.float32)
        out[:, :, self.top : self.top + h, self.left : self.left + w] = values
        return out

    def grown(self, shape: Shape) -> tuple[int, int]:
        """Height and width of a map of shape (c, h, w) with the border on."""
        return shape[1] + self.top + self.bottom, shape[2] + self.left + self.right


def require_map(inputs: tuple[Shape, ...]) -> tuple[int, int, int]:
    """The shape (c, h, w) of the one input; raises `ExecutionError` for other ranks."""
    shape = inputs[0]
    if len(shape) != 3:
        raise ExecutionError(f"the input has shape {shape}. Expected a map (c, h, w).")
    return shape[0], shape[1], shape[2]


def convolution_window(params: Params) -> Window:
    """The window of a convolution-like layer."""
    return Window(
        (params.integer("kernel_h"), params.integer("kernel_w")),
        (params.integer("stride_h"), params.integer("stride_w")),
        (params.integer("dilation_h"), params.integer("dilation_w")),
    )


def convolution_border(params: Params, window: Window, shape: Shape) -> Border:
    """The padding of a convolution over a map (c, h, w).

    Source: ncnn `Convolution::make_padding`: explicit pads when any is positive, else SAME when all are
    -233 (the odd row or column behind) or all are -234 (before), else none.
    """
    pads = tuple(params.integer(f"pad_{side}") for side in ("top", "bottom", "left", "right"))
    if any(pad > 0 for pad in pads):
        return Border(*(max(pad, 0) for pad in pads))
    if all(pad == SAME_UPPER for pad in pads) or all(pad == SAME_LOWER for pad in pads):
        return same_border(window, shape, lower=pads[0] == SAME_LOWER)
    return Border()


def same_border(window: Window, shape: Shape, *, lower: bool) -> Border:
    """The border that makes `ceil(extent / stride)` outputs; the odd one goes before when `lower`."""
    missing = [
        max(
            window.extent[axis] + (shape[1 + axis] - 1) // window.stride[axis] * window.stride[axis] - shape[1 + axis],
            0,
        )
        for axis in (0, 1)
    ]
    before = [(total + 1) // 2 if lower else total // 2 for total in missing]
    return Border(before[0], missing[0] - before[0], before[1], missing[1] - before[1])


def patches(values: FloatArray, window: Window) -> FloatArray:
    """What the window sees: (n, c, kernel_h, kernel_w, out_h, out_w), a view into padded `values` (n, c, h, w)."""
    height, width = window.outputs(values.shape[2], values.shape[3])
    n, c, row, column = values.strides
    return np.lib.stride_tricks.as_strided(
        values,
        (values.shape[0], values.shape[1], *window.kernel, height, width),
        (
            n,
            c,
            row * window.dilation[0],
            column * window.dilation[1],
            row * window.stride[0],
            column * window.stride[1],
        ),
        writeable=False,
    )
