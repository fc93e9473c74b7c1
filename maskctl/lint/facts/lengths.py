"""How many elements arrays must have, by what else is on the line.

Source: `load_param` and `forward` in `src/layer/*.cpp`, which read as many elements as other parameters, the tops or the bottoms
say, without a look at the array's end; the newest engine compares at load.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from maskctl.graph.network import Layer
from maskctl.layers import LayerType, Param
from maskctl.lint.facts.declared import Values
from maskctl.lint.facts.per_kind import per_kind

Allowed: TypeAlias = Callable[[Values], Container[int]]

_MOST_RANK = 4
_OF_ACTIVATION = {2: 1, 3: 2, 6: 2}


@dataclass(frozen=True)
class Length:
    """The lengths an array may have, and in words; `types` are those that have it, all where empty.

    `words` may hold `{0}`, the least of them.
    """

    types: str
    param: str
    allowed: Allowed
    words: str


def _up_to_rank(_: Values) -> range:
    return range(_MOST_RANK + 1)


def _as_many_as(name: str, *, or_none: bool = False) -> Allowed:
    """As many as another array has."""
    return lambda values: {values.length(name)} | ({0} if or_none else set())


def _of_activation(values: Values) -> range:
    return range(_OF_ACTIVATION.get(values.integer("activation_type"), 0), 1 << 30)


def _of_slices(values: Values) -> range:
    """As many as tops; the engine does not look at more, nor at any where indices are given."""
    return range(0 if values.length("indices") else len(values.layer.tops), 1 << 30)


def _of_indices(values: Values) -> range:
    return range(len(values.layer.tops) - 1 if values.length("indices") else 0, 1 << 30)


def _of_coefficients(values: Values) -> range:
    return range(len(values.layer.bottoms) if values.length("coeffs") else 0, 1 << 30)


def _of_anchors(values: Values) -> Container[int]:
    """Two for each box at least."""
    return range(2 * values.integer("num_box"), 1 << 30, 2)


def _of_inputs(values: Values) -> range:
    return range(len(values.layer.bottoms), 1 << 30)


def _of_boxes(values: Values) -> range:
    return range(values.integer("num_box") * len(values.layer.bottoms), 1 << 30)


LENGTHS = (
    Length(
        "",
        "activation_params",
        _of_activation,
        "{0} or more: a slope (activation_type 2), bounds (3), or alpha and beta (6)",
    ),
    Length("Crop", "ends", _as_many_as("starts"), "as many as starts, {0}"),
    Length("Crop", "axes", _as_many_as("starts", or_none=True), "none, or as many as starts"),
    Length("CopyTo", "axes", _as_many_as("starts", or_none=True), "none, or as many as starts"),
    Length("Slice", "slices", _of_slices, "one for each top"),
    Length("Slice", "indices", _of_indices, "one for each top but the last"),
    Length("Eltwise", "coeffs", _of_coefficients, "none, or one for each bottom"),
    Length("PriorBox", "max_sizes", _as_many_as("min_sizes", or_none=True), "none, or as many as min_sizes"),
    Length("YoloDetectionOutput", "biases", _of_anchors, "two for each of num_box, {0} or more"),
    Length("Yolov3DetectionOutput", "mask", _of_boxes, "num_box for each bottom, {0} or more"),
    Length("Yolov3DetectionOutput", "anchors_scale", _of_inputs, "one for each bottom, {0} or more"),
    Length("ExpandDims Squeeze Flip Reduction", "axes", _up_to_rank, "4 at most"),
    Length("Tile", "repeats", _up_to_rank, "4 at most"),
)


def wrong_lengths(layer: Layer, kind: LayerType) -> Iterator[tuple[Param, str]]:
    """Every array of a length its layer cannot do with, and in words what it could."""
    for param, row in _rows(kind):
        values = Values(layer, kind)
        allowed = row.allowed(values)
        if isinstance(values.value(param.name), tuple) and values.length(param.name) not in allowed:
            yield param, row.words.format(next((count for count in range(1 << 12) if count in allowed), ""))


@per_kind
def _rows(kind: LayerType) -> Sequence[tuple[Param, Length]]:
    return [
        (param, row)
        for row in LENGTHS
        for param in kind.params
        if param.name == row.param and (not row.types or kind.type in row.types.split())
    ]
