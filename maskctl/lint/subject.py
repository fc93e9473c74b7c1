"""A `.param` file as rules see it: as far as it can be read, with what is known of its layers."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from maskctl.errors import GraphError, InputError, MaskctlError, ParamSyntaxError, WeightsError
from maskctl.graph.channels import with_channels
from maskctl.graph.network import Graph, Layer, build
from maskctl.graph.operators import Operator
from maskctl.graph.weights import LoadedWeights
from maskctl.graph.weights import load as load_weights
from maskctl.layers import LayerType, Params, Shape, find
from maskctl.lint.conditions import Conditions
from maskctl.lint.facts.declared import Written, written
from maskctl.lint.finding import Span
from maskctl.lint.tensors import Tensor, tensors
from maskctl.param import ParamDocument, ParamToken
from maskctl.param.grammar import WORD
from maskctl.param.scan import Scan
from maskctl.targets.storage import Step, hazards, steps
from maskctl.targets.table import PRECISIONS, Hazard

_HEAD_WORDS = 4
"""Words of a layer line before its bottoms: type, name and two counts."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One file under the rules. Nothing here raises: what cannot be known is None or missing.

    `bin` and `lock` are the files beside it that belong to it, None where there are none that can be read; `unread` says
    why, by the path, where there are.
    """

    source: bytes
    scan: Scan
    conditions: Conditions = field(default_factory=Conditions)
    bin: Path | None = None
    lock: Path | None = None
    unread: Mapping[Path, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The file, as it is called in findings."""
        return self.scan.path

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer line that can be read, in file order; also those behind the count in the second line."""
        return tuple(Layer(index, line) for index, line in enumerate(self.scan.layers))

    @cached_property
    def errors(self) -> Mapping[str, tuple[ParamSyntaxError, ...]]:
        """What could not be read, by the name of the rule that tells it."""
        found = defaultdict[str, list[ParamSyntaxError]](list)
        for error in self.scan.errors:
            found[error.mistake].append(error)
        return {name: tuple(errors) for name, errors in found.items()}

    @cached_property
    def unread_words(self) -> frozenset[str]:
        """The words of the layer lines that cannot be read, any of which may be a blob they read or produce."""
        return frozenset(word for number in self.scan.broken for word in self.scan.lines[number - 1].split())

    @cached_property
    def producers(self) -> Mapping[str, tuple[Layer, ...]]:
        """The layers that produce a blob, in file order."""
        found = defaultdict[str, list[Layer]](list)
        for layer in self.layers:
            for top in layer.tops:
                found[top].append(layer)
        return {blob: tuple(layers) for blob, layers in found.items()}

    @cached_property
    def readers(self) -> Mapping[str, tuple[Layer, ...]]:
        """The layers that read a blob, in file order; a layer that reads it twice is there twice."""
        found = defaultdict[str, list[Layer]](list)
        for layer in self.layers:
            for bottom in layer.bottoms:
                found[bottom].append(layer)
        return {blob: tuple(layers) for blob, layers in found.items()}

    @cached_property
    def graph(self) -> Graph | None:
        """The network where it is sound, else None."""
        if self.scan.errors:
            return None
        document = ParamDocument(self.path, self.source, len(self.layers), self.scan.blob_count, self.scan.layers)
        try:
            return build(document, repeated=True)
        except GraphError:
            return None

    @cached_property
    def kinds(self) -> tuple[LayerType | None, ...]:
        """The definition of each layer's type, None for a type nobody knows."""
        return tuple(find(layer.type) for layer in self.layers)

    @cached_property
    def written(self) -> tuple[Written, ...]:
        """The parameters on the lines beside their declarations, of layers whose types are known; of duplicates the last."""
        return tuple(written(zip(self.layers, self.kinds, strict=True)))

    @cached_property
    def operators(self) -> tuple[Operator | None, ...]:
        """Each layer with its definition and parameters; None where its type is unknown, or its parameters or counts are wrong."""
        return tuple(op if isinstance(op, Operator) else None for op in self._operators)

    @cached_property
    def refusals(self) -> Sequence[tuple[Layer, GraphError]]:
        """The layers whose parameters the engine does not load, and why."""
        pairs = zip(self.layers, self._operators, strict=True)
        return [(layer, error) for layer, error in pairs if isinstance(error, GraphError)]

    @cached_property
    def _operators(self) -> tuple[Operator | GraphError | None, ...]:
        return tuple(_operator(layer, kind) for layer, kind in zip(self.layers, self.kinds, strict=True))

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The shape of every blob that follows from those of the inputs."""
        return self._inference[0]

    @property
    def extents(self) -> Mapping[str, Shape]:
        """The shapes, and those of which the outermost extent is known; the others are 0, shown as `?`."""
        return self._channels[0]

    @cached_property
    def misfits(self) -> Sequence[tuple[Layer, MaskctlError]]:
        """The layers that refuse the shapes or channels that reach them, and why; none where extents depend on values."""
        return (*self._inference[1], *self._channels[1])

    @cached_property
    def _channels(self) -> tuple[Mapping[str, Shape], Sequence[tuple[Layer, MaskctlError]]]:
        return with_channels(self.operators, self.shapes, self.bounds)

    @property
    def bounds(self) -> Container[str]:
        """The blobs whose extents depend on values, or on those of such blobs; their shapes are upper bounds."""
        return self._inference[2]

    @cached_property
    def _inference(self) -> tuple[Mapping[str, Shape], Sequence[tuple[Layer, MaskctlError]], Container[str]]:
        known: dict[str, Shape] = {}
        misfits: list[tuple[Layer, MaskctlError]] = []
        bounds = set[str]()
        for op in self.operators:
            if op is None:
                continue
            if op.kind.by_value(op.params) or not bounds.isdisjoint(op.layer.bottoms):
                bounds.update(op.layer.tops)
            try:
                found = self._tops(op, known)
            except MaskctlError as error:
                is_exact = bounds.isdisjoint(op.layer.bottoms)
                if is_exact and op.layer.type != "Input":  # an input without a shape is no misfit
                    misfits.append((op.layer, error))
            else:
                known.update(zip(op.layer.tops, found, strict=False))
        return known, misfits, bounds

    def _tops(self, op: Operator, known: Mapping[str, Shape]) -> tuple[Shape, ...]:
        given = self.conditions.shapes
        if given and op.layer.tops and all(top in given for top in op.layer.tops):
            return tuple(given[top] for top in op.layer.tops)
        inputs = tuple([known[bottom] for bottom in op.layer.bottoms if bottom in known])
        return op.kind.shapes(op.params, inputs) if len(inputs) == len(op.layer.bottoms) else ()

    @cached_property
    def loaded_weights(self) -> LoadedWeights | WeightsError | None:
        """The weights of each layer the engine loads, finite or not, or the error that says why they do not fit.

        None where there are none, or where it is not known what they are: a line cannot be read or is missing, a type is unknown.
        Also where the file has gone since it was seen.
        """
        counted = self.operators[: self.scan.layer_count or None]
        operators = tuple(op for op in counted if op)
        if self.bin is None or not self.conditions.reads_weights or self.scan.errors or len(operators) < self._expected:
            return None
        try:
            return load_weights(self.bin, operators, require_finite=False)
        except WeightsError as error:
            return error
        except InputError:
            return None

    @property
    def _expected(self) -> int:
        """How many layers the engine loads, or would if the file were whole."""
        return self.scan.layer_count or len(self.layers)

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """What is to be known of each tensor of floats in the `.bin`; empty where it cannot be read."""
        loaded = self.loaded_weights
        if loaded is None or isinstance(loaded, WeightsError):
            return ()
        return tensors([op for op in self.operators if op], loaded)

    @cached_property
    def tensors_in_fp16(self) -> tuple[Tensor, ...]:
        """The kernels, the weights of sums, that the target keeps in fp16 under the layer's mask."""
        return tuple(
            tensor
            for tensor in self.tensors
            if tensor.weight.role == "weight"
            and self._in_fp16
            and self._in_fp16[tensor.op.layer.index].weights == "fp16"
        )

    @cached_property
    def hazards(self) -> tuple[Hazard, ...]:
        """The masks that the target's engine does not honour; none where the network is not sound."""
        if self.graph is None:
            return ()
        return tuple(hazards(self.graph, self.conditions.target, [layer.mask for layer in self.graph.layers]))

    def sums_in_fp16(self, layer: Layer) -> bool:
        """True where the target computes a layer's sums in fp16 under its mask."""
        return bool(self._in_fp16) and self._in_fp16[layer.index].sums_in_fp16

    @cached_property
    def _in_fp16(self) -> tuple[Step, ...]:
        """How each layer runs in fp16; empty where the network is not sound."""
        if self.graph is None:
            return ()
        return steps(
            self.graph, self.conditions.target, PRECISIONS["fp16"], [layer.mask for layer in self.graph.layers]
        )

    def token_span(self, layer: Layer, token: ParamToken) -> Span:
        """Where a parameter stands."""
        return Span(layer.line.number, token.start + 1, token.end - token.start)

    def param_span(self, layer: Layer, param_id: int) -> Span:
        """Where the value of a parameter that counts stands; the layer's type where it is not written."""
        for token in reversed(layer.line.tokens):
            if token.id == param_id:
                return self.token_span(layer, token)
        return self.type_span(layer)

    def type_span(self, layer: Layer) -> Span:
        """Where the layer's type stands."""
        found = WORD.search(layer.line.text)
        return Span(layer.line.number, found.start() + 1, len(found[0])) if found else Span(layer.line.number)

    def name_span(self, layer: Layer) -> Span:
        """Where the layer's name stands."""
        return self._word_span(layer, 1)

    def bottom_count_span(self, layer: Layer) -> Span:
        """Where the number of bottoms stands."""
        return self._word_span(layer, 2)

    def top_count_span(self, layer: Layer) -> Span:
        """Where the number of tops stands."""
        return self._word_span(layer, 3)

    def bottom_span(self, layer: Layer, place: int) -> Span:
        """Where the name of a bottom stands; `place` counts from 0."""
        return self._word_span(layer, _HEAD_WORDS + place)

    def top_span(self, layer: Layer, place: int) -> Span:
        """Where the name of a top stands; `place` counts from 0."""
        return self._word_span(layer, _HEAD_WORDS + len(layer.bottoms) + place)

    def _word_span(self, layer: Layer, number: int) -> Span:
        ends = _ends_of_words(layer.line.text)
        start, end = ends[2 * number], ends[2 * number + 1]
        return Span(layer.line.number, start + 1, end - start)


@lru_cache(maxsize=1)
def _ends_of_words(line: str) -> Sequence[int]:
    """Where each word of a line begins and ends, one behind the other; rules ask for one word of a line after another."""
    return array("I", (place for word in WORD.finditer(line) for place in word.span()))


def _operator(layer: Layer, kind: LayerType | None) -> Operator | GraphError | None:
    if kind is None or len(layer.bottoms) not in kind.bottoms or len(layer.tops) not in kind.tops:
        return None
    try:
        params = Params(kind.params, layer.params, len(layer.tops), len(layer.bottoms))
        kind.weights(params)
    except GraphError as error:
        return error
    return Operator(layer, kind, params)
