"""The outermost extents of blobs behind inputs of unknown shape: a convolution makes its channels whatever it reads.

An extent that is not known is `UNKNOWN`. A rank is never guessed: a 1x1 Convolution gives a vector where it reads one, so that
nothing is known behind one that reads a blob of unknown rank. Source: `forward` in ncnn `src/layer/*.cpp`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import TypeAlias

from maskctl.errors import GraphError, MaskctlError
from maskctl.graph.network import Graph, Layer
from maskctl.graph.operators import Operator, operator
from maskctl.layers import Shape
from maskctl.layers.base import same_shape
from maskctl.layers.families.convolution_params import TYPES as CONVOLUTIONS
from maskctl.layers.families.convolution_params import declared, is_dynamic
from maskctl.layers.families.extents import axis_of
from maskctl.layers.reshape import by_place, wanted

Inputs: TypeAlias = Sequence[Shape | None]
"""The shapes of a layer's bottoms as far as they are known, None where not even the rank is."""

Rule: TypeAlias = Callable[[Operator, Inputs], tuple[Shape, ...]]


class Unknown(int):
    """An extent that is not known, shown as `?`; the number is what stands in for it."""

    def __repr__(self) -> str:
        """The mark in place of a number."""
        return "?"


_NUMBER_LAST = re.compile(r"(?:[^(),]+,){0,3}([1-9][0-9]{0,8})")
"""A shape expression of up to four items, the last of which, the outermost extent, is a number."""

UNKNOWN = Unknown(0)
_ANY = Unknown(1)
"""Stands in for an inner extent where a definition is asked that does not depend on it."""


def known_extents(graph: Graph) -> Mapping[str, Shape]:
    """What the text alone says of the blobs' shapes: whole ones, or the outermost extent; others are missing.

    An extent of an input that the file says and `Graph.fed` has otherwise is not known: it varies, as the engine lets it.
    Nothing is known of layers whose parameters the engine refuses.
    """
    ops = [_operator(graph, layer) for layer in graph.layers]
    said, _ = with_channels([op for op in ops if op and op.layer.type == "Input"], {}, ())
    agreed = {name: _agreed(shape, graph.fed.get(name, shape)) for name, shape in said.items()}
    inputs = {name: shape for name, shape in agreed.items() if shape}
    return with_channels([op for op in ops if op and op.layer.type != "Input"], inputs, ())[0]


def _agreed(said: Shape, fed: Shape) -> Shape:
    """A shape as far as both have it; empty where not even the rank is the same."""
    if len(said) != len(fed):
        return ()
    return tuple(extent if extent == other else UNKNOWN for extent, other in zip(said, fed, strict=True))


def _operator(graph: Graph, layer: Layer) -> Operator | None:
    try:
        return operator(graph, layer)
    except GraphError:
        return None


def with_channels(
    operators: Sequence[Operator | None], shapes: Mapping[str, Shape], bounds: Container[str]
) -> tuple[Mapping[str, Shape], Sequence[tuple[Layer, MaskctlError]]]:
    """The shapes, and those of which the outermost extent is known; with them the layers that refuse one of the latter.

    Blobs in `bounds`, whose extents depend on values, count as unknown.
    """
    known = dict(shapes)
    misfits: list[tuple[Layer, MaskctlError]] = []
    for op in operators:
        if op is None or all(top in shapes for top in op.layer.tops):
            continue
        inputs = [None if bottom in bounds else known.get(bottom) for bottom in op.layer.bottoms]
        try:
            found = _tops(op, inputs)
        except MaskctlError as error:
            if any(bottom not in shapes for bottom in op.layer.bottoms):
                misfits.append((op.layer, error))
        else:
            known.update(zip(op.layer.tops, found, strict=False))
    return known, misfits


def _tops(op: Operator, inputs: Inputs) -> tuple[Shape, ...]:
    given = tuple([shape for shape in inputs if shape is not None])
    is_whole = len(given) == len(inputs)
    if is_whole and not any(UNKNOWN in shape for shape in given):
        return () if op.kind.by_value(op.params) else op.kind.shapes(op.params, given)
    if op.layer.type in _RULES:
        return _RULES[op.layer.type](op, inputs)
    return _by_outermost(op, inputs) if op.kind.shapes is same_shape or op.layer.type in _BY_OUTERMOST else ()


def _of_kernels(op: Operator, inputs: Inputs) -> tuple[Shape, ...]:
    """As many channels as outputs; raises for an input of other channels than the weight is for."""
    if is_dynamic(op.params):
        return ()
    kernels, shape = declared(op.params), inputs[0]
    rank = 1 + len(kernels.extents)
    if shape is not None and len(shape) == rank:
        kernels.require_channels(shape[0])
    elif op.layer.type == "Convolution" and set(kernels.extents) == {1}:
        return ()
    return (_outer(kernels.outputs, rank),)


def _of_pooling(rank: int) -> Rule:
    """The rule of a pooling that reads blobs of a rank: a global one gives a vector."""

    def rule(op: Operator, inputs: Inputs) -> tuple[Shape, ...]:
        shape = inputs[0]
        if shape is None or len(shape) != rank:
            return ()
        return (shape[:1] if op.params.integer("global_pooling") else _outer(shape[0], rank),)

    return rule


def _of_inner_product(op: Operator, inputs: Inputs) -> tuple[Shape, ...]:
    """A vector of the outputs, whatever a map holds; of a matrix it depends on the rows."""
    shape = inputs[0]
    return ((op.params.integer("num_output"),),) if shape is not None and len(shape) > 2 else ()


def _of_padding(op: Operator, inputs: Inputs) -> tuple[Shape, ...]:
    """The channels of a map that grows in height and width alone."""
    return _kept(op, inputs) if not any(op.params.integer(name) for name in ("front", "behind")) else ()


def _of_reshape(op: Operator, _: Inputs) -> tuple[Shape, ...]:
    """The outermost extent where it is written as a number, which no input changes."""
    if by_place(op.params):
        return ()
    text = op.params.text("shape_expr")
    if not text:
        shape = wanted(op.params, ())
        return (_outer(shape[0], len(shape)),) if shape[0] > 0 else ()
    found = _NUMBER_LAST.fullmatch(text)
    return (_outer(int(found[1]), text.count(",") + 1),) if found else ()


def _of_slice(op: Operator, inputs: Inputs) -> tuple[Shape, ...]:
    """The pieces of the outermost axis, or all of it where another one is cut."""
    shape = inputs[0]
    if shape is None:
        return ()
    if axis_of(op.params, len(shape)) == 0:
        return _by_outermost(op, inputs)
    return (_outer(shape[0], len(shape)),) * len(op.layer.tops)


def _of_reorg(op: Operator, inputs: Inputs) -> tuple[Shape, ...]:
    """Channels times the square of the stride."""
    shape = inputs[0]
    return (_outer(shape[0] * op.params.integer("stride") ** 2, 3),) if shape is not None and len(shape) == 3 else ()


def _of_scale(op: Operator, inputs: Inputs) -> tuple[Shape, ...]:
    """The factors of a blob are compared where it is a vector."""
    is_plain = all(shape is not None and len(shape) == 1 for shape in inputs[1:])
    return _by_outermost(op, inputs) if is_plain else _kept(op, inputs)


def _kept(_: Operator, inputs: Inputs) -> tuple[Shape, ...]:
    """The channels of a map, whose other extents may change."""
    shape = inputs[0]
    return (_outer(shape[0], 3),) if shape is not None and len(shape) == 3 else ()


def _by_outermost(op: Operator, inputs: Inputs) -> tuple[Shape, ...]:
    """What the type's definition gives for blobs of these outermost extents; raises where it refuses them."""
    given = tuple([(shape[0], *(_ANY,) * (len(shape) - 1)) for shape in inputs if shape is not None])
    if len(given) < len(inputs):
        return ()
    return tuple(_outer(shape[0], len(shape)) for shape in op.kind.shapes(op.params, given))


def _outer(extent: int, rank: int) -> Shape:
    """A shape of which the outermost extent is known."""
    return (extent, *(UNKNOWN,) * (rank - 1))


_BY_OUTERMOST = {
    *("BatchNorm", "Bias", "BinaryOp", "Concat", "CumulativeSum", "Dequantize"),
    *("Eltwise", "Flip", "GroupNorm", "InstanceNorm", "MVN", "Noop", "Normalize"),
    *("PReLU", "PixelShuffle", "Quantize", "Requantize", "ShuffleChannel"),
    *("Softmax", "Split", "UnaryOp"),
}
"""Types of which the definition takes outermost extents, and gives those of the tops, whatever the inner ones of equal rank."""

_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(CONVOLUTIONS, _of_kernels),
    "InnerProduct": _of_inner_product,
    "Interp": _kept,
    "LayerNorm": _kept,
    "Padding": _of_padding,
    "Pooling": _of_pooling(3),
    "Pooling1D": _of_pooling(2),
    "Pooling3D": _of_pooling(4),
    "RMSNorm": _kept,
    "Reorg": _of_reorg,
    "Reshape": _of_reshape,
    "Scale": _of_scale,
    "Slice": _of_slice,
}
