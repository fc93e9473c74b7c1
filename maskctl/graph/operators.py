"""A network's layers joined with what is known of their types: parameters, weights, shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from maskctl.errors import ExecutionError, GraphError, MaskctlError, Place, UnsupportedError
from maskctl.graph.network import Graph, Layer
from maskctl.layers import LayerType, Params, Shape, find, known_types
from maskctl.layers.base import ONE_OR_MORE


@dataclass(frozen=True)
class Operator:
    """A layer, its type's definition, and its parameters by name."""

    layer: Layer
    kind: LayerType
    params: Params


def operator(graph: Graph, layer: Layer) -> Operator | None:
    """The layer as an operator, or None for a type without a definition; raises `GraphError` for wrong parameters."""
    kind = find(layer.type)
    if kind is None:
        return None
    place = Place(graph.path, layer.line.number)
    if len(layer.bottoms) not in kind.bottoms:
        raise GraphError(f"{layer} reads {len(layer.bottoms)} blobs. Expected {_span(kind.bottoms)}.", place)
    if len(layer.tops) not in kind.tops:
        raise GraphError(f"{layer} produces {len(layer.tops)} blobs. Expected {_span(kind.tops)}.", place)
    try:
        params = Params(kind.params, layer.params, len(layer.tops), len(layer.bottoms))
        kind.weights(params)
    except GraphError as error:
        raise GraphError(f"{layer}: {error}", place) from None
    return Operator(layer, kind, params)


def operators(graph: Graph) -> tuple[Operator, ...]:
    """All layers as operators; raises `UnsupportedError` naming every layer that maskctl cannot run."""
    found: list[Operator] = []
    problems: list[str] = []
    for layer in graph.layers:
        known = operator(graph, layer)
        reason = "unknown type" if known is None else known.kind.unsupported(known.params)
        if known is None or reason:
            problems.append(f"  {layer}" + (f": {reason}" if known else ""))
        else:
            found.append(known)
    if problems:
        types = sorted({layer.type for layer in graph.layers if find(layer.type) is None})
        raise UnsupportedError(
            f"{len(problems)} of {len(graph.layers)} layers cannot be run"
            + (f" (types not supported: {', '.join(types)})" if types else "")
            + ":\n"
            + "\n".join(problems)
            + f"\nSupported types: {', '.join(known_types())}.",
            graph.path,
        )
    return tuple(found)


@dataclass(frozen=True)
class LayerFacts:
    """What is known of one layer without running it; None where it is not known."""

    shapes: tuple[Shape, ...] | None
    macs: int | None
    weight_elements: int | None


def facts(graph: Graph, input_shapes: Mapping[str, Shape] | None = None) -> tuple[LayerFacts, ...]:
    """Output shapes, multiply-adds and weight elements of each layer, as far as they can be known.

    A layer of an unknown type, or one whose input shape is unknown, hides the shapes behind it.
    """
    known: dict[str, Shape] = {}
    rows = []
    for layer in graph.layers:
        row = _facts(graph, layer, known, input_shapes or {})
        known.update(zip(layer.tops, row.shapes or (), strict=False))
        rows.append(row)
    return tuple(rows)


def _facts(graph: Graph, layer: Layer, known: Mapping[str, Shape], input_shapes: Mapping[str, Shape]) -> LayerFacts:
    op = operator(graph, layer)
    if op is None:
        return LayerFacts(None, None, None)
    weight_elements = sum(weight.count for weight in op.kind.weights(op.params))
    if layer.tops and all(top in input_shapes for top in layer.tops):
        return LayerFacts(tuple(input_shapes[top] for top in layer.tops), 0, 0)
    inputs = tuple(known[bottom] for bottom in layer.bottoms if bottom in known)
    if len(inputs) < len(layer.bottoms):
        return LayerFacts(None, None, weight_elements)
    try:
        shapes = op.kind.shapes(op.params, inputs)
    except MaskctlError:
        return LayerFacts(None, None, weight_elements)
    return LayerFacts(shapes, op.kind.macs(op.params, inputs, shapes), weight_elements)


def infer_shapes(ops: tuple[Operator, ...], input_shapes: Mapping[str, Shape], path: str) -> Mapping[str, Shape]:
    """The shape of every blob, given those of the inputs; raises `ExecutionError` naming the layer that does not fit."""
    shapes: dict[str, Shape] = dict(input_shapes)
    for op in ops:
        if op.layer.type == "Input":
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


def _span(counts: range) -> str:
    if counts.stop - counts.start == 1:
        return str(counts.start)
    return f"{counts.start} or more" if counts == ONE_OR_MORE else f"{counts.start} to {counts.stop - 1}"
