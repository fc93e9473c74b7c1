"""The least and greatest value a blob can have, where the layers say so without their weights.

An input has the range that was given for it. Activations that saturate have a range whatever they read; layers that move,
choose or average values keep the range of what they read, with a border's zeros in it where they have one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from maskctl.graph.operators import Operator
from maskctl.lint.subject import Subject
from maskctl.numeric.formats import FP16

Range: TypeAlias = tuple[float, float]

_SATURATING: Mapping[str, Range] = {
    "Sigmoid": (0, 1), "HardSigmoid": (0, 1), "Softmax": (0, 1), "TanH": (-1, 1), "Erf": (-1, 1),
}  # fmt: skip

_KEEPING = {
    "Concat", "Crop", "DeepCopy", "ExpandDims", "Flatten", "Flip", "Noop", "Packing", "Permute", "PixelShuffle", "Reorg",
    "Reshape", "ShuffleChannel", "Slice", "Split", "Squeeze", "Tile",
}  # fmt: skip
"""Types whose tops hold nothing but values of their bottoms."""

_CLIPPING_ACTIVATION, _SIGMOID_ACTIVATION = 3, 4


def blob_ranges(subject: Subject) -> Mapping[str, Range]:
    """The range of every blob that has one without knowing weights, by blob name."""
    known: dict[str, Range] = {
        blob: (min(low for low, _ in ranges), max(high for _, high in ranges))
        for blob, ranges in subject.conditions.ranges.items()
    }
    for op in subject.operators:
        found = _range(op, known) if op else None
        if op and found and max(-found[0], found[1]) <= FP16.largest:  # else no limit is meant: Clip as a ReLU, for one
            known.update(dict.fromkeys(op.layer.tops, found))
    return known


def _range(op: Operator, known: Mapping[str, Range]) -> Range | None:
    """The range of what a layer gives, None where it is not known."""
    if op.layer.type in _SATURATING:
        return _SATURATING[op.layer.type]
    if op.params.has("activation_type"):
        return _activated(op)
    ranges = [known[bottom] for bottom in op.layer.bottoms if bottom in known]
    read = (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else None
    if op.layer.type == "Clip":
        low, high = op.params.real("min"), op.params.real("max")
        return (max(low, read[0]), min(high, read[1])) if read else (low, high)
    through = _THROUGH.get(op.layer.type) or (_same if op.layer.type in _KEEPING else None)
    return through(op, read) if through and read and len(ranges) == len(op.layer.bottoms) else None


def _activated(op: Operator) -> Range | None:
    """The range that a layer's own activation leaves."""
    kind = op.params.integer("activation_type")
    if kind == _SIGMOID_ACTIVATION:
        return (0, 1)
    limits = op.params.array("activation_params")
    return (float(limits[0]), float(limits[1])) if kind == _CLIPPING_ACTIVATION and len(limits) > 1 else None


def _same(_: Operator, read: Range) -> Range:
    return read


def _with_border(_: Operator, read: Range) -> Range:
    return min(read[0], 0), max(read[1], 0)


def _rectified(op: Operator, read: Range) -> Range:
    low, high = (value if value > 0 else value * op.params.real("slope") for value in read)
    return min(low, high), max(low, high)


def _scaled(op: Operator, read: Range) -> Range:
    low, high = (value * op.params.real("scale") for value in read)
    return min(low, high), max(low, high)


_THROUGH: Mapping[str, Callable[[Operator, Range], Range]] = {
    "Dropout": _scaled,
    "Pooling": _with_border,
    "ReLU": _rectified,
}
"""Types that change a range in a way of their own."""
