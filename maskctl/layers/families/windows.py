"""Sliding windows over one, two or three axes: the padding rules and patches that convolutions and poolings share.

Blobs are (n, c, w), (n, c, h, w) or (n, c, d, h, w). What belongs to an axis comes outermost axis first: (depth,
vertical, horizontal), (vertical, horizontal) or (horizontal,).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Params, Shape
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

Extents: TypeAlias = tuple[int, ...]

SAME_UPPER, SAME_LOWER = -233, -234
SIDES = (("front", "behind"), ("top", "bottom"), ("left", "right"))
"""What ncnn calls the two ends of each axis."""


@dataclass(frozen=True)
class Window:
    """A window: kernel, stride and dilation (by default 1) of each axis."""

    kernel: Extents
    stride: Extents
    dilation: Extents = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "dilation", self.dilation or (1,) * len(self.kernel))

    @property
    def extent(self) -> Extents:
        """How far the window reaches along each axis."""
        return tuple(dilation * (kernel - 1) + 1 for kernel, dilation in zip(self.kernel, self.dilation, strict=True))

    def outputs(self, *extents: int) -> Extents:
        """Positions of the window in a padded map; raises `ExecutionError` where it does not fit."""
        if any(have < wanted for have, wanted in zip(extents, self.extent, strict=True)):
            raise ExecutionError(
                f"a window of {_by_width(self.extent)} does not fit a padded map of {_by_width(extents)} "
                f"({_by_width(('depth', 'height', 'width')[-len(extents) :])}). Give a larger input."
            )
        return tuple(
            (have - reach) // stride + 1 for have, reach, stride in zip(extents, self.extent, self.stride, strict=True)
        )


def _by_width(values: Sequence[object]) -> str:
    """As ncnn counts, the width first."""
    return (" x " if isinstance(values[0], str) else "x").join(str(value) for value in reversed(values))


@dataclass(frozen=True)
class Border:
    """Rows, columns and planes added around a map."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0
    front: int = 0
    behind: int = 0

    @classmethod
    def of(cls, pairs: Sequence[tuple[int, int]]) -> Border:
        """The border with these numbers (before, behind) along one, two or three axes."""
        named: dict[str, int] = {}
        for names, pair in zip(SIDES[-len(pairs) :], pairs, strict=True):
            named.update(zip(names, pair, strict=True))
        return cls(**named)

    def __bool__(self) -> bool:
        return any((self.top, self.bottom, self.left, self.right, self.front, self.behind))

    def pairs(self, axes: int) -> tuple[tuple[int, int], ...]:
        """(before, behind) along each of the last `axes` axes."""
        return ((self.front, self.behind), (self.top, self.bottom), (self.left, self.right))[-axes:]

    def around(self, values: Array, fill: float) -> Array:
        """`values` (n, c, …) with the border filled with `fill`, in the same type and memory order."""
        if not self:
            return values
        n, c, *inner = values.shape
        pairs = self.pairs(len(inner))
        out = np.full_like(values, np.float32(fill).astype(values.dtype), shape=(n, c, *self.grown((c, *inner))))
        inside = tuple(slice(before, before + extent) for (before, _), extent in zip(pairs, inner, strict=True))
        out[(slice(None), slice(None), *inside)] = values
        return out

    def grown(self, shape: Shape) -> Extents:
        """The extents of a map of shape (c, …) with the border on, without its channels."""
        return tuple(
            extent + before + behind
            for extent, (before, behind) in zip(shape[1:], self.pairs(len(shape) - 1), strict=True)
        )


def require_map(inputs: tuple[Shape, ...]) -> tuple[int, int, int]:
    """The shape (c, h, w) of the one input; raises `ExecutionError` for other ranks."""
    shape = require_axes(inputs[0], 2)
    return shape[0], shape[1], shape[2]


def require_axes(shape: Shape, axes: int) -> Shape:
    """The shape of channels and as many axes; raises `ExecutionError` for other ranks."""
    if len(shape) != 1 + axes:
        expected = {1: "rows (c, w)", 2: "a map (c, h, w)", 3: "a volume (c, d, h, w)"}[axes]
        raise ExecutionError(f"the input has shape {shape}. Expected {expected}.")
    return shape


def axes_of(params: Params) -> str:
    """The axes a layer's window has: "w", "hw" or "dhw"; layers over fewer axes do not declare the others' kernel."""
    if params.has("kernel_d"):
        return "dhw"
    return "hw" if params.has("kernel_h") else "w"


def along(params: Params, name: str) -> Extents:
    """The parameter `name`_d, _h and _w, as far as the layer has those axes."""
    return tuple(params.integer(f"{name}_{axis}") for axis in axes_of(params))


def pads_of(params: Params) -> tuple[tuple[int, int], ...]:
    """The pads as written, (before, behind) along each axis."""
    sides = SIDES[-len(axes_of(params)) :]
    return tuple((params.integer(f"pad_{before}"), params.integer(f"pad_{behind}")) for before, behind in sides)


def convolution_window(params: Params, kernel: Extents = ()) -> Window:
    """The window of a convolution-like layer; `kernel` is that of a weight that comes as a blob."""
    return Window(kernel or along(params, "kernel"), along(params, "stride"), along(params, "dilation"))


def convolution_border(params: Params, window: Window, shape: Shape) -> Border:
    """The padding of a convolution over a map of shape (c, …).

    Source: ncnn `Convolution::make_padding`: explicit pads when any is positive, else SAME when all are
    -233 (the odd row or column behind) or all are -234 (before), else none. Raises `GraphError` for a pad under 0
    next to one over 0, where the engine writes beside its memory.
    """
    pairs = pads_of(params)
    pads = {pad for pair in pairs for pad in pair}
    if max(pads) > 0 > min(pads):
        raise GraphError(f"its pads are {max(pads)} and {min(pads)}. Expected none under 0 next to one over 0.")
    if max(pads) > 0:
        return Border.of(pairs)
    if pads in ({SAME_UPPER}, {SAME_LOWER}):
        return same_border(window, shape, lower=SAME_LOWER in pads)
    return Border()


def same_border(window: Window, shape: Shape, *, lower: bool) -> Border:
    """The border that makes `ceil(extent / stride)` outputs of a map (c, …); the odd one goes before when `lower`.

    Along the depth the odd plane goes behind in any case, as in the engine (`Convolution3D`, `Pooling3D`). Raises
    `ExecutionError` where a stride beyond the window leaves one axis with less than no border next to one that needs
    some: the engine writes beside its memory there.
    """
    missing = [
        reach + (extent - 1) // stride * stride - extent
        for extent, reach, stride in zip(shape[1:], window.extent, window.stride, strict=True)
    ]
    if max(missing) <= 0:
        return Border()
    pairs = []
    for axis, total in enumerate(missing):
        is_depth = len(missing) == len(SIDES) and axis == 0
        before, behind = total // 2, total - total // 2
        # one column too many is cut off the end without harm
        if total < -1 or (total == -1 and lower and not is_depth):
            raise ExecutionError(f"SAME borders of {missing} around {shape[1:]}. Give explicit pads, or another input.")
        pairs.append((0, 0) if total < 0 else (behind, before) if lower and not is_depth else (before, behind))
    return Border.of(pairs)


def patches(values: FloatArray, window: Window) -> FloatArray:
    """What the window sees: (n, c, kernel…, outputs…), a view into padded `values` (n, c, …)."""
    outputs = window.outputs(*values.shape[2:])
    steps = values.strides[2:]
    return np.lib.stride_tricks.as_strided(
        values,
        (*values.shape[:2], *window.kernel, *outputs),
        (
            *values.strides[:2],
            *(step * dilation for step, dilation in zip(steps, window.dilation, strict=True)),
            *(step * stride for step, stride in zip(steps, window.stride, strict=True)),
        ),
        writeable=False,
    )
