"""A network's layers joined with what is known of their types: parameters, weights, shapes."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from maskctl.errors import ExecutionError, GraphError, MaskctlError, Place, UnsupportedError
from maskctl.graph.network import Graph, Layer
from maskctl.layers import LayerType, Params, Shape, find, known_types
from maskctl.layers.base import ONE_OR_MORE

_LISTED = 20
"""Causes that a message names, and unknown types that get a near name: a file can have a hundred thousand."""


@dataclass(frozen=True)
class Operator:
    """A layer, its type's definition, and its parameters by name.

    `cut` says why it cannot be run, "" where it can; `behind` is the layer it is cut off with, None where the cause is its own.
    """

    layer: Layer
    kind: LayerType
    params: Params
    cut: str = ""
    behind: Layer | None = None

    @property
    def is_unknown(self) -> bool:
        """True for a type without a definition."""
        return self.kind is _UNKNOWN


def operator(graph: Graph, layer: Layer) -> Operator | None:
    """The layer as an operator, or None for a type without a definition; raises `GraphError` for wrong parameters."""
    kind = find(layer.type)
    if kind is None:
        return None
    place = Place(graph.path, layer.line.number)
    if len(layer.bottoms) not in kind.bottoms:
        raise GraphError(f"{layer} reads {len(layer.bottoms)} blobs. Expected {count_words(kind.bottoms)}.", place)
    if len(layer.tops) not in kind.tops:
        raise GraphError(f"{layer} produces {len(layer.tops)} blobs. Expected {count_words(kind.tops)}.", place)
    try:
        params = Params(kind.params, layer.params, len(layer.tops), len(layer.bottoms))
        # Functions of a plugin: what fails for these parameters is told here, with the layer.
        for of_params in (kind.weights, kind.unsupported, kind.integers, kind.by_value):
            of_params(params)
    except GraphError as error:
        raise GraphError(f"{layer}: {error}", place) from None
    return Operator(layer, kind, params)


def operators(graph: Graph) -> tuple[Operator, ...]:
    """All layers as operators, in file order; those of unknown types, and all that need their blobs, are cut off.

    Raises `UnsupportedError` naming every cause where nothing but the inputs would be left to run.
    """
    found: list[Operator] = []
    causes: dict[str, Layer] = {}
    unknown = _unknown_texts(graph)
    for layer in graph.layers:
        source = next((causes[name] for name in layer.bottoms if name in causes), None)
        op = _operator_or_cut(graph, layer, source, unknown)
        if op.cut:
            causes.update(dict.fromkeys(layer.tops, op.behind or layer))
        found.append(op)
    if any(op.cut for op in found) and all(op.cut or op.layer.type == "Input" for op in found):
        raise UnsupportedError(f"nothing is left to run. {cut_text(found)}", graph.path)
    return tuple(found)


def _operator_or_cut(graph: Graph, layer: Layer, source: Layer | None, unknown: Mapping[str, str]) -> Operator:
    known = operator(graph, layer)
    if known is None:
        return Operator(layer, _UNKNOWN, Params((), {}), unknown[layer.type])
    reason = known.kind.unsupported(known.params)
    if reason or source is None:
        return replace(known, cut=reason or "")
    return replace(known, cut=f"behind {source}", behind=source)


def _nothing(*_: object) -> NoReturn:
    raise AssertionError("a layer of an unknown type was run")


_UNKNOWN = LayerType("?", ONE_OR_MORE, _nothing)


def _unknown_texts(graph: Graph) -> Mapping[str, str]:
    """What to say of each type without a definition; a near name is looked for, which takes time, for the first few."""
    unknown = dict.fromkeys(layer.type for layer in graph.layers if find(layer.type) is None)
    return {name: _unknown_text(name) if place < _LISTED else "unknown type" for place, name in enumerate(unknown)}


def _unknown_text(name: str) -> str:
    near = difflib.get_close_matches(name, known_types(), n=1)
    return f"unknown type; did you mean '{near[0]}'?" if near else "unknown type"


def cut_text(ops: Sequence[Operator]) -> str:
    """Which layers cannot be run and why, the first few by name, and how many others are cut off with them; "" where all can.

    A type of the application's own is added with a plugin.
    """
    causes = [op for op in ops if op.cut and op.behind is None]
    if not causes:
        return ""
    others = sum(bool(op.cut) for op in ops) - len(causes)
    return "\n".join(
        [
            f"{len(causes)} of {len(ops)} layers cannot be run"
            + (f", and {others} behind {'it' if len(causes) == 1 else 'them'} are cut off:" if others else ":"),
            *(f"  {op.layer}: {op.cut}" for op in causes[:_LISTED]),
            *([f"  and {len(causes) - _LISTED:,} more"] if len(causes) > _LISTED else []),
            "Layer types of an application's own are added with --plugin FILE.py.",
        ]
    )


@dataclass(frozen=True)
class LayerFacts:
    """What is known of one layer without running it; None where it is not known, and why not if it begins here.

    `bounds` is true where the extents depend on values and the shapes are upper bounds.
    """

    shapes: tuple[Shape, ...] | None
    macs: int | None
    weight_elements: int | None
    problem: str = ""
    bounds: bool = False

    @property
    def activation_elements(self) -> int | None:
        """Elements of all tops together."""
        return None if self.shapes is None else sum(math.prod(shape) for shape in self.shapes)


def facts(graph: Graph, input_shapes: Mapping[str, Shape] | None = None) -> tuple[LayerFacts, ...]:
    """Output shapes, multiply-adds and weight elements of each layer, as far as they can be known.

    A layer of an unknown type, or one whose input shape is unknown, hides the shapes behind it.
    """
    known: dict[str, Shape] = {}
    rows = []
    unknown = _unknown_texts(graph)
    for layer in graph.layers:
        row = _facts(graph, layer, known, input_shapes or {}, unknown)
        known.update(zip(layer.tops, row.shapes or (), strict=False))
        rows.append(row)
    return tuple(rows)


def _facts(
    graph: Graph,
    layer: Layer,
    known: Mapping[str, Shape],
    input_shapes: Mapping[str, Shape],
    unknown: Mapping[str, str],
) -> LayerFacts:
    op = operator(graph, layer)
    if op is None:
        return LayerFacts(None, None, None, unknown[layer.type])
    weight_elements = sum(weight.count for weight in op.kind.weights(op.params))
    if layer.tops and all(top in input_shapes for top in layer.tops):
        return LayerFacts(tuple(input_shapes[top] for top in layer.tops), 0, 0)
    inputs = tuple(known[bottom] for bottom in layer.bottoms if bottom in known)
    if len(inputs) < len(layer.bottoms):
        return LayerFacts(None, None, weight_elements)
    try:
        shapes = op.kind.shapes(op.params, inputs)
        macs = op.kind.macs(op.params, inputs, shapes)
    except MaskctlError as error:
        return LayerFacts(None, None, weight_elements, str(error))
    return LayerFacts(shapes, macs, weight_elements, bounds=op.kind.by_value(op.params))


def infer_shapes(ops: tuple[Operator, ...], input_shapes: Mapping[str, Shape], path: str) -> Mapping[str, Shape]:
    """The shape of every blob, given those of the inputs; raises `ExecutionError` naming the layer that does not fit."""
    shapes: dict[str, Shape] = dict(input_shapes)
    for op in ops:
        if op.layer.type == "Input" or op.cut:
            continue
        try:
            found = op.kind.shapes(op.params, tuple(shapes[bottom] for bottom in op.layer.bottoms))
        except MaskctlError as error:
            raise ExecutionError(f"{op.layer}: {error}", Place(path, op.layer.line.number)) from None
        shapes.update(zip(op.layer.tops, found, strict=True))
    return shapes


def elements(shapes: Mapping[str, Shape]) -> int:
    """Elements of all blobs of one sample together."""
    return sum(math.prod(shape) for shape in shapes.values())


def count_words(counts: range) -> str:
    """How many blobs a range of counts means, in words.

    >>> count_words(range(1, 2)), count_words(range(1, 4)), count_words(ONE_OR_MORE)
    ('1', '1 to 3', '1 or more')
    """
    if counts.stop - counts.start == 1:
        return str(counts.start)
    return f"{counts.start} or more" if counts.stop == ONE_OR_MORE.stop else f"{counts.start} to {counts.stop - 1}"
