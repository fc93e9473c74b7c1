"""What is told of samples that a network does not take: what was fed, and a size that it takes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from maskctl.errors import ExecutionError
from maskctl.graph.operators import Operator, infer_shapes
from maskctl.layers.base import Shape

if TYPE_CHECKING:
    from maskctl.executor.samples import Samples

_MULTIPLES = (8, 16, 32, 64, 128)
_SIDES = (224, 227, 256, 300, 320, 416, 512, 640)
_MAP = 3
_MOST_LISTED = 4


def misfit(
    error: ExecutionError, ops: tuple[Operator, ...], samples: Samples, number: int, shapes: Mapping[str, Shape]
) -> ExecutionError:
    """The error of a layer with the shapes that the sample of this number fed to blobs, and what to give instead."""
    images = {blob: shape for blob, shape in shapes.items() if blob in samples.images}
    sizes = {f"{shape[2]}x{shape[1]}" for shape in images.values()}
    source = ", ".join(("made up" if samples.synthetic else f"from {samples.name(number)}", *sorted(sizes)))
    fed = [f"{shape} in '{blob}'" for blob, shape in shapes.items()]
    listed = ", ".join(fed[:_MOST_LISTED]) + (f" and {len(fed) - _MOST_LISTED} more" if len(fed) > _MOST_LISTED else "")
    cure = _cure(samples, _fitting(ops, shapes, images or {blob: s for blob, s in shapes.items() if len(s) == _MAP}))
    return ExecutionError(f"{error.problem} The network was fed {listed} ({source}).{cure}", error.place)


def _cure(samples: Samples, fitting: Mapping[str, Shape]) -> str:
    """What to give to have blobs in shapes that fit, behind a space; nothing without one, as no size may be what is missing."""
    if not fitting:
        return ""
    if not samples.images.isdisjoint(fitting):
        height, width = next(iter(fitting.values()))[1:]
        return f" Give --resize WxH, e.g. --resize {width}x{height}, which fits."
    if not samples.synthetic:
        given = " and ".join(f"{shape} for '{blob}'" for blob, shape in fitting.items())
        return f" Give arrays of another shape, e.g. {given}, which fit."
    options = " ".join(f"--shape {blob}={','.join(map(str, shape))}" for blob, shape in fitting.items())
    return f" Give another --shape, e.g. {options}, which fits."


def _fitting(
    ops: tuple[Operator, ...], shapes: Mapping[str, Shape], changed: Mapping[str, Shape]
) -> Mapping[str, Shape]:
    """The blobs in `changed` in the nearest size tried that every layer takes; empty where none does."""
    for height, width in _sizes(*next(iter(changed.values()))[1:]) if changed else ():
        tried = {blob: (shape[0], height, width) for blob, shape in changed.items()}
        try:
            infer_shapes(ops, {**shapes, **tried}, "")
        except ExecutionError:
            continue
        return tried
    return {}


def _sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes that networks take, 28 at most: the nearest to this height and width first, of two as near the larger.

    >>> _sizes(45, 44)[:3]
    [(48, 48), (48, 40), (40, 48)]
    """
    sizes = {(side, side) for side in _SIDES}
    for multiple in _MULTIPLES:
        sizes.update(itertools.product(_around(height, multiple), _around(width, multiple)))
    return sorted(sizes, key=lambda size: ((size[0] - height) ** 2 + (size[1] - width) ** 2, -math.prod(size), size))


def _around(extent: int, multiple: int) -> tuple[int, int]:
    """The multiples on either side of an extent, the first twice in place of 0; an extent that is one has itself twice."""
    below, above = extent // multiple, -(-extent // multiple)
    return max(1, below) * multiple, max(1, above) * multiple
