"""A model ready to run: the `.param` document, its network, operators and weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from maskctl.errors import GraphError
from maskctl.graph.network import Graph, build, check_counts
from maskctl.graph.operators import Operator, operators
from maskctl.graph.weights import LoadedWeights
from maskctl.graph.weights import load as load_weights
from maskctl.param import ParamDocument
from maskctl.param import load as load_param


@dataclass(frozen=True)
class Model:
    """A network with everything its layers need."""

    document: ParamDocument
    graph: Graph
    operators: tuple[Operator, ...]
    weights: LoadedWeights

    def with_masks(self, masks: dict[int, int]) -> Model:
        """The same model with other feature masks, by layer index."""
        document = self.document.with_masks(masks)
        graph = build(document)
        return replace(self, document=document, graph=graph, operators=operators(graph))


def bin_beside(param: str | Path) -> Path:
    """Where the weights of a `.param` are expected: the same name with `.bin`.

    >>> bin_beside("net.ncnn.param").name
    'net.ncnn.bin'
    """
    return Path(param).with_suffix(".bin")


def load(param: str | Path, weights: str | Path | None = None) -> Model:
    """Loads a `.param` and its `.bin` (beside it unless given), checked as the engine's newest loader would.

    Raises `InputError`, `ParamSyntaxError`, `GraphError`, `WeightsError` or `UnsupportedError`.
    """
    document = load_param(param)
    problem = check_counts(document)
    graph = build(document)
    if problem:
        raise GraphError(problem)
    ops = operators(graph)
    return Model(document, graph, ops, load_weights(weights or bin_beside(param), ops))
