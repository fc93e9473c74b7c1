"""A model ready to run: the `.param` document, its network, operators and weights."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from maskctl.errors import GraphError, InputError
from maskctl.graph.network import Graph, build, check_counts
from maskctl.graph.operators import Operator, operators
from maskctl.graph.weights import LoadedWeights, in_memory, made_up
from maskctl.graph.weights import load as load_weights
from maskctl.layers import Shape
from maskctl.layers.plugins import load_missing, loaded_plugins
from maskctl.numeric.formats import FloatArray
from maskctl.param import ParamDocument, parse
from maskctl.param import load as load_param


@dataclass(frozen=True, eq=False)
class Model:
    """A network with everything its layers need. `operators` has one entry per layer, those that are cut off included.

    A model equals only itself, so that what was found out about it can be remembered.
    """

    document: ParamDocument
    graph: Graph
    operators: tuple[Operator, ...]
    weights: LoadedWeights

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Blobs that no layer reads, in file order; where layers are cut off, also the blobs these would have read."""
        reader, running = self.graph.reader, [not op.cut for op in self.operators]
        return tuple(
            top
            for op in self.operators
            for top in op.layer.tops
            if running[op.layer.index]
            and (top not in reader or (op.layer.type != "Input" and not running[reader[top]]))
        )

    @cached_property
    def fitting_passes(self) -> set[Hashable]:
        """What `memory.refuse_too_large` has found to fit, so that it need not be looked at again."""
        return set()

    @cached_property
    def blobs(self) -> tuple[str, ...]:
        """All blobs that can be computed, in file order."""
        return tuple(top for op in self.operators if not op.cut for top in op.layer.tops)

    def needed(self, blobs: Collection[str]) -> frozenset[int]:
        """The layers that these blobs come from; those that cannot be run are never among them."""
        producer = self.graph.producer
        waiting = [producer[name] for name in blobs if name in producer]
        found: set[int] = set()
        while waiting:
            index = waiting.pop()
            if index not in found and not self.operators[index].cut:
                found.add(index)
                waiting += [producer[bottom] for bottom in self.graph.layers[index].bottoms]
        return frozenset(found)

    def needed_inputs(self, blobs: Collection[str]) -> tuple[str, ...]:
        """The input blobs that these blobs depend on, in file order."""
        needed, wanted = self.needed(blobs), set(blobs)
        read = {bottom for index in needed for bottom in self.graph.layers[index].bottoms}
        return tuple(name for name in self.graph.inputs if name in read or name in wanted)

    @cached_property
    def inputs_read(self) -> tuple[str, ...]:
        """The input blobs that a run of all layers takes, in file order: all but those that only layers cut off read."""
        reader = self.graph.reader
        return tuple(name for name in self.graph.inputs if name not in reader or not self.operators[reader[name]].cut)

    @cached_property
    def integer_inputs(self) -> frozenset[str]:
        """The input blobs whose elements a layer reads as 32-bit integers, such as token ids."""
        wanted = {
            op.layer.bottoms[place] for op in self.operators if not op.cut for place in op.kind.integers(op.params)
        }
        for op in reversed(self.operators):
            if op.layer.type in {"Split", "Noop", "Reshape"} and wanted.intersection(op.layer.tops):
                wanted.update(op.layer.bottoms)
        return frozenset(wanted.intersection(self.graph.inputs))

    def __reduce__(self) -> tuple[Any, ...]:
        """What another process builds the same model from: text, plugins, and the file of weights or the weights."""
        weights = self.weights.origin or tuple(dict(tensors) for tensors in self.weights.tensors)
        return _rebuilt, (loaded_plugins(), self.document.source, self.document.path, weights, self.graph.fed)

    def with_masks(self, masks: dict[int, int]) -> Model:
        """The same model with other feature masks, by layer index."""
        document = self.document.with_masks(masks)
        graph = replace(build(document), fed=self.graph.fed)
        return replace(self, document=document, graph=graph, operators=operators(graph))

    def with_inputs_of(self, shapes: Mapping[str, Shape]) -> Model:
        """The same model, of which it is known that its inputs are given these shapes; itself where it is known already.

        As in `Graph.fed`, an extent of 0 varies, and so does the rank of an empty shape.
        """
        known = self.graph.fed
        if all(blob in known and _is_one_of(shape, known[blob]) for blob, shape in shapes.items()):
            return self
        return replace(self, graph=replace(self.graph, fed={**known, **shapes}))


def _is_one_of(shape: Shape, known: Shape) -> bool:
    """True where a shape has the extents that are known, of which 0 and the rank of an empty one vary."""
    if not known:
        return True
    return len(shape) == len(known) and all(one in {shape[axis], 0} for axis, one in enumerate(known))


def _rebuilt(
    plugins: Sequence[str],
    source: bytes,
    path: str,
    weights: str | tuple[Mapping[str, FloatArray], ...],
    fed: Mapping[str, Shape],
) -> Model:
    load_missing(plugins)
    document = parse(source, path)
    graph = replace(build(document), fed=fed)
    ops = operators(graph)
    return Model(document, graph, ops, _weights_from(weights, ops) if isinstance(weights, str) else in_memory(weights))


def _weights_from(origin: str, ops: tuple[Operator, ...]) -> LoadedWeights:
    seed = random_seed(origin)
    found = load_weights(origin, ops) if seed is None else made_up(ops, seed)
    return replace(found, origin=origin)


def bin_beside(param: str | Path) -> Path:
    """Where the weights of a `.param` are expected: the same name with `.bin`.

    >>> bin_beside("net.ncnn.param").name
    'net.ncnn.bin'
    """
    return Path(param).with_suffix(".bin")


def load(param: str | Path, weights: str | Path | None = None) -> Model:
    """Loads a `.param` and its `.bin` (beside it unless given), checked as the engine's newest loader would.

    `weights` may be "random:SEED": made-up weights, the same for the same seed. Layers of unknown types are cut off
    with all that depends on them. Raises `InputError`, `ParamSyntaxError`, `GraphError`, `WeightsError` or, when
    nothing is left to run, `UnsupportedError`.
    """
    document = load_param(param)
    problem = check_counts(document)
    graph = build(document)
    if problem:
        raise GraphError(problem)
    ops = operators(graph)
    return Model(document, graph, ops, _weights_from(str(weights or bin_beside(param)), ops))


def random_seed(weights: str | Path | None) -> int | None:
    """The seed in "random:SEED", or None where the weights are a file; raises `InputError` for a seed that is none.

    >>> random_seed("random:7"), random_seed("net.bin")
    (7, None)
    """
    prefix, colon, seed = str(weights or "").partition(":")
    if prefix != "random" or not colon:
        return None
    if not (seed.isascii() and seed.isdigit() and len(seed) < 19):
        raise InputError(f"'{weights}' has no seed. Expected random:SEED with a whole number, e.g. random:1.")
    return int(seed)
