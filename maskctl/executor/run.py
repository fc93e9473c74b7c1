"""Runs all layers in order and hands out every blob; blobs nobody needs any more are freed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from maskctl.errors import InputError
from maskctl.executor.layer import run_layer
from maskctl.executor.policy import FP32, Policy
from maskctl.executor.spill import Keep, in_memory
from maskctl.executor.trace import Trace
from maskctl.graph.memory import refuse_too_large
from maskctl.graph.model import Model
from maskctl.layers.base import Array, Arrays
from maskctl.numeric.formats import FloatArray

_COPIES = {"fp32": 1, "fp16-storage": 2, "bf16": 3, "fp16": 4}
"""How many times its blobs a pass takes, measured on networks of convolutions: rounding and exact sums work on copies."""


def run(
    model: Model,
    inputs: Mapping[str, FloatArray],
    policy: Policy = FP32,
    *,
    keep: Iterable[str] | None = None,
    kept_as: Keep = in_memory,
) -> Trace:
    """The blobs named in `keep` (by default the outputs; "*" keeps all) for inputs (n, …) by blob name.

    Layers that no blob in `keep` depends on are not run, and a blob is freed when its reader has run; what becomes of those
    that are kept is `kept_as`. Raises
    `InputError` for missing inputs and `ExecutionError` for a layer that does not fit its inputs.
    """
    kept = set(model.outputs if keep is None else keep)
    kept = kept if "*" not in kept else {top for op in model.operators for top in op.layer.tops}
    needed = model.needed(kept)
    _check_inputs(model, inputs, kept)
    samples = count_of(inputs)
    shapes = {name: values.shape[1:] for name, values in inputs.items()}
    here = kept if kept_as is in_memory else frozenset[str]()
    refuse_too_large(model, needed, shapes, samples, here, _COPIES[policy.precision])
    blobs: dict[str, Array] = {}
    result: dict[str, Array] = {}
    fed = model if policy.precision == "fp32" else model.with_inputs_of(shapes)  # shapes say who hands 16 bits on
    steps = policy.steps(fed)
    for op, step, weights in zip(model.operators, steps, model.weights.tensors, strict=True):
        layer = op.layer
        if layer.index not in needed:
            continue
        if layer.type == "Input":
            tops: tuple[Array | None, ...] = tuple(inputs.get(top) for top in layer.tops)
        else:
            read: Arrays = tuple(blobs.pop(bottom) for bottom in layer.bottoms)
            tops = run_layer(op, weights, read, step, policy.target, samples)
            del read
        for top, values in zip(layer.tops, tops, strict=True):
            if values is None:  # an input that none of the layers needed reads
                continue
            stays = kept_as(values) if top in kept else values
            if model.graph.reader.get(top) in needed:
                blobs[top] = stays
            if top in kept:
                result[top] = stays
        del tops
    return Trace(result)


def count_of(inputs: Mapping[str, Array]) -> int:
    """How many samples inputs (n, …) hold; a network without inputs runs once."""
    return len(next(iter(inputs.values()))) if inputs else 1


def _check_inputs(model: Model, inputs: Mapping[str, Array], kept: Collection[str]) -> None:
    wanted = model.needed_inputs(kept)
    missing = [name for name in wanted if name not in inputs]
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing)
        raise InputError(
            f"no input for blob{'' if len(missing) == 1 else 's'} {listed}. Give an array for each of: {', '.join(wanted)}.",
            model.graph.path,
        )
