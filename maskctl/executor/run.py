"""Runs all layers in order and hands out every blob; blobs nobody needs any more are freed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from maskctl.errors import InputError
from maskctl.executor.layer import run_layer
from maskctl.executor.policy import FP32, Policy
from maskctl.executor.trace import Trace
from maskctl.graph.memory import refuse_too_large
from maskctl.graph.model import Model
from maskctl.layers.base import Array, Arrays
from maskctl.numeric.formats import FloatArray


def run(
    model: Model,
    inputs: Mapping[str, FloatArray],
    policy: Policy = FP32,
    *,
    keep: Iterable[str] | None = None,
) -> Trace:
    """The blobs named in `keep` (by default the outputs; "*" keeps all) for inputs (n, …) by blob name.

    Layers that no blob in `keep` depends on are not run, and a blob is freed when its reader has run. Raises
    `InputError` for missing inputs and `ExecutionError` for a layer that does not fit its inputs.
    """
    kept = set(model.outputs if keep is None else keep)
    kept = kept if "*" not in kept else {top for op in model.operators for top in op.layer.tops}
    needed = _needed(model, kept)
    _check_inputs(model, inputs, needed)
    samples = count_of(inputs)
    refuse_too_large(model, needed, {name: values.shape[1:] for name, values in inputs.items()}, samples)
    blobs: dict[str, Array] = {}
    result: dict[str, Array] = {}
    for op, step, weights in zip(model.operators, policy.steps(model), model.weights.tensors, strict=True):
        layer = op.layer
        if layer.index not in needed:
            continue
        if layer.type == "Input":
            tops: Arrays = tuple(inputs[top] for top in layer.tops)
        else:
            read = tuple(blobs.pop(bottom) for bottom in layer.bottoms)
            tops = run_layer(op, weights, read, step, policy.target, samples)
            del read
        for top, values in zip(layer.tops, tops, strict=True):
            if top in model.graph.reader:
                blobs[top] = values
            if top in kept:
                result[top] = values
        del tops
    return Trace(result)


def count_of(inputs: Mapping[str, Array]) -> int:
    """How many samples inputs (n, …) hold; a network without inputs runs once."""
    return len(next(iter(inputs.values()))) if inputs else 1


def _needed(model: Model, kept: Collection[str]) -> frozenset[int]:
    """The layers that the kept blobs come from; those that cannot be run are never among them."""
    producer = model.graph.producer
    waiting = [producer[name] for name in kept if name in producer]
    found: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index not in found and not model.operators[index].cut:
            found.add(index)
            waiting += [producer[bottom] for bottom in model.graph.layers[index].bottoms]
    return frozenset(found)


def _check_inputs(model: Model, inputs: Mapping[str, Array], needed: Collection[int]) -> None:
    missing = [name for name in model.graph.inputs if name not in inputs and model.graph.producer[name] in needed]
    if missing:
        raise InputError(f"no input for blob '{missing[0]}'. Give it with -i {missing[0]}=FILE.", model.graph.path)
