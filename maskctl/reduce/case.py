"""A candidate for a smaller model: some layers with their weights, and the blobs they are fed with, all in memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from maskctl.errors import InputError
from maskctl.graph.model import Model
from maskctl.graph.network import build
from maskctl.graph.operators import Operator, infer_shapes, operators
from maskctl.graph.weights import read, write_to
from maskctl.layers.base import Array, Shape, Weights
from maskctl.param import LayerLine, parse

NAME = "model.param"
_EXTENT_IDS = {1: (0,), 2: (1, 0), 3: (2, 1, 0), 4: (2, 11, 1, 0)}
"""The Input layer's parameters of a shape, outermost extent first, by rank."""


@dataclass(frozen=True)
class Part:
    """A layer of a candidate: its line, its weights by name, and which layer of the model it was."""

    line: LayerLine
    weights: Weights
    origin: int


@dataclass(frozen=True, eq=False)
class Case:
    """Layers in file order, and one sample (1, …) for each blob they read and none of them produces."""

    parts: tuple[Part, ...]
    inputs: Mapping[str, Array]

    @property
    def param(self) -> bytes:
        """The `.param`: an Input layer for each blob that is fed, then the layers as they are written."""
        lines = [_input_line(name, values.shape[1:]) for name, values in self.inputs.items()]
        lines += [" ".join(part.line.text.split()) for part in self.parts]
        blobs = {name for part in self.parts for name in (*part.line.bottoms, *part.line.tops)} | set(self.inputs)
        text = "\n".join(["7767517", f"{len(lines)} {max(1, len(blobs))}", *lines, ""])
        return text.encode("utf-8", "surrogateescape")

    @cached_property
    def model(self) -> Model:
        """The model, read from the bytes that its files would hold.

        Raises a `MaskctlError` where these are no sound model, or could not be fed from a file.
        """
        document = parse(self.param, NAME)
        graph = build(document)
        ops = operators(graph)
        data = io.BytesIO()
        write_to(data, ops, [{}] * len(self.inputs) + [part.weights for part in self.parts])
        model = Model(document, graph, ops, read(np.frombuffer(data.getbuffer(), np.uint8), ops, "model.bin"))
        _refuse_unfit(model, self.inputs)
        return model

    @property
    def ops(self) -> tuple[Operator, ...]:
        """The operators of the parts."""
        return self.model.operators[len(self.inputs) :]

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The shape of every blob; raises as `model` does, and `ExecutionError` where layers do not fit."""
        return infer_shapes(self.ops, {name: values.shape[1:] for name, values in self.inputs.items()}, NAME)

    def index_of(self, origin: int) -> int:
        """The index in `model` of the part that was layer `origin`."""
        return len(self.inputs) + [part.origin for part in self.parts].index(origin)

    def changed(self, place: int, line: LayerLine, weights: Weights) -> Case:
        """This case with another line and other weights for one part."""
        part = replace(self.parts[place], line=line, weights=weights)
        return Case((*self.parts[:place], part, *self.parts[place + 1 :]), self.inputs)

    def with_lines(self, edit: Callable[[LayerLine], LayerLine]) -> Case:
        """This case with every part's line edited."""
        return Case(tuple(replace(part, line=edit(part.line)) for part in self.parts), self.inputs)


def cut_out(model: Model, kept: Collection[int], blobs: Mapping[str, Array]) -> Case:
    """The layers `kept` of a model, fed from `blobs`, (1, …), where the layer that produces one is not among them."""
    parts = tuple(
        Part(op.layer.line, model.weights.tensors[op.layer.index], op.layer.index)
        for op in model.operators
        if op.layer.index in kept and op.layer.type != "Input"
    )
    made = {top for part in parts for top in part.line.tops}
    fed = dict.fromkeys(bottom for part in parts for bottom in part.line.bottoms if bottom not in made)
    return Case(parts, {name: blobs[name] for name in fed})


def _input_line(name: str, shape: Shape) -> str:
    numbers = _EXTENT_IDS.get(len(shape), ())
    extents = sorted(zip(numbers, shape, strict=False))
    return " ".join(["Input", name, "0 1", name, *(f"{number}={extent}" for number, extent in extents)])


def _refuse_unfit(model: Model, inputs: Mapping[str, Array]) -> None:
    """Raises `InputError` for blobs that would not come back from a file as they are."""
    for name, values in inputs.items():
        expected = np.int32 if name in model.integer_inputs else np.float32
        if values.dtype != expected or not values.size or values.ndim - 1 not in _EXTENT_IDS:
            raise InputError(f"blob '{name}' is {values.dtype} of shape {values.shape[1:]}, and cannot be fed.")
        if not np.isfinite(values).all():
            raise InputError(f"blob '{name}' is not finite, and cannot be fed.")
