"""Runs all layers in order and hands out every blob; blobs nobody needs any more are freed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from maskctl.errors import InputError
from maskctl.executor.layer import run_layer
from maskctl.executor.policy import FP32, Policy
from maskctl.executor.trace import Trace
from maskctl.graph.model import Model
from maskctl.layers.base import Arrays
from maskctl.numeric.formats import FloatArray


def run(
    model: Model,
    inputs: Mapping[str, FloatArray],
    policy: Policy = FP32,
    *,
    keep: Iterable[str] | None = None,
) -> Trace:
    """The blobs named in `keep` (by default the outputs; "*" keeps all) for inputs (n, …) by blob name.

    Raises `InputError` for missing inputs and
    `ExecutionError` for a layer that does not fit its inputs.
    """
    _check_inputs(model, inputs)
    kept = set(model.graph.outputs if keep is None else keep)
    blobs: dict[str, FloatArray] = {}
    result: dict[str, FloatArray] = {}
    for op, step, weights in zip(model.operators, policy.steps(model), model.weights.tensors, strict=True):
        layer = op.layer
        if layer.type == "Input":
            tops: Arrays = tuple(inputs[top] for top in layer.tops)
        else:
            tops = run_layer(op, weights, tuple(blobs.pop(bottom) for bottom in layer.bottoms), step, policy.target)
        blobs.update(zip(layer.tops, tops, strict=True))
        result.update((top, values) for top, values in zip(layer.tops, tops, strict=True) if top in kept or "*" in kept)
    return Trace(result)


def _check_inputs(model: Model, inputs: Mapping[str, FloatArray]) -> None:
    missing = [name for name in model.graph.inputs if name not in inputs]
    if missing:
        raise InputError(f"no input for blob '{missing[0]}'. Give it with -i {missing[0]}=FILE.", model.graph.path)
