"""What is told of samples that a network does not take: what was fed, and a size that it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from maskctl.errors import ExecutionError
from maskctl.graph.operators import Operator, infer_shapes
from maskctl.layers.base import Shape

if TYPE_CHECKING:
    from maskctl.executor.samples import Samples

_MULTIPLES = (32, 64, 16, 8, 128)
_SIDES = (224, 227, 256, 300, 320, 416, 512, 640)
_MAP = 3
_MOST_LISTED = 4


def misfit(
    error: ExecutionError, ops: tuple[Operator, ...], samples: Samples, number: int, shapes: Mapping[str, Shape]
) -> ExecutionError:
    """The error of a layer with the shapes that the sample of this number fed to blobs, and what to give instead."""
    sizes = {f"{shape[2]}x{shape[1]}" for blob, shape in shapes.items() if blob in samples.images}
    source = ", ".join(("made up" if samples.synthetic else f"from {samples.name(number)}", *sorted(sizes)))
    fed = [f"{shape} in '{blob}'" for blob, shape in shapes.items()]
    listed = ", ".join(fed[:_MOST_LISTED]) + (f" and {len(fed) - _MOST_LISTED} more" if len(fed) > _MOST_LISTED else "")
    return ExecutionError(
        f"{error.problem} The network was fed {listed} ({source}). {_cure(ops, samples, shapes)}", error.place
    )


def _cure(ops: tuple[Operator, ...], samples: Samples, shapes: Mapping[str, Shape]) -> str:
    images = {blob: shape for blob, shape in shapes.items() if blob in samples.images}
    changed = images or {blob: shape for blob, shape in shapes.items() if len(shape) == _MAP}
    fitting = _fitting(ops, shapes, changed)
    height, width = next(iter(fitting.values()))[1:] if fitting else (0, 0)
    if images:
        return f"Give --resize WxH{f', e.g. --resize {width}x{height}, which fits' if fitting else ''}."
    if not samples.synthetic:
        given = " and ".join(f"{shape} for '{blob}'" for blob, shape in fitting.items())
        return f"Give arrays of another shape{f', e.g. {given}, which fit' if fitting else ''}."
    options = " ".join(f"--shape {blob}={','.join(map(str, shape))}" for blob, shape in fitting.items())
    return f"Give another --shape{f', e.g. {options}, which fits' if fitting else ''}."


def _fitting(
    ops: tuple[Operator, ...], shapes: Mapping[str, Shape], changed: Mapping[str, Shape]
) -> Mapping[str, Shape]:
    """The blobs in `changed` in another size that every layer takes, the nearest first; empty where none was found."""
    for height, width in _sizes(*next(iter(changed.values()), (0, 0, 0))[1:]):
        tried = {blob: (shape[0], height, width) for blob, shape in changed.items()}
        try:
            infer_shapes(ops, {**shapes, **tried}, "")
        except ExecutionError:
            continue
        return tried
    return {}


def _sizes(height: int, width: int) -> Iterator[tuple[int, int]]:
    """Sizes that networks take, of about the same height and width first."""
    for multiple in _MULTIPLES:
        yield max(1, round(height / multiple)) * multiple, max(1, round(width / multiple)) * multiple
    yield from ((side, side) for side in _SIDES)
