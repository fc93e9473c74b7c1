"""One layer under one step: inputs cast as the engine casts them, the right kernel, the output as stored."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from maskctl.errors import ExecutionError, MaskctlError
from maskctl.executor import blob_weights
from maskctl.graph.operators import Operator
from maskctl.graph.weights import LayerWeights
from maskctl.kernels.registry import find as find_kernel
from maskctl.layers.base import Array, Arrays, Params, Weights
from maskctl.numeric import casts
from maskctl.numeric.formats import FloatArray
from maskctl.targets import Target
from maskctl.targets.storage import Step, kernel_of


def run_layer(op: Operator, weights: Weights, inputs: Arrays, step: Step, target: Target, samples: int = 1) -> Arrays:
    """The tops of one layer, values as the engine stores them; raises `ExecutionError` naming the layer.

    A layer without bottoms gives the same blob for each of `samples`.
    A step with a hazard, or that the engine gets wrong, gives NaN throughout: what the engine reads there depends on the
    memory behind the blob.
    """
    try:
        if step.hazard or step.broken:
            shapes = op.kind.shapes(op.params, tuple(values.shape[1:] for values in inputs))
            return tuple(np.full((len(inputs[0]), *shape), np.nan, np.float32) for shape in shapes)
        ways = zip(inputs, step.arrives, step.packed, strict=True)
        read = tuple(cast_input(values, kept, step.stored, target, packed=packed) for values, kept, packed in ways)
        choice = kernel_of(op.layer, step, target)
        params = stored_params(op, step.stored, target)
        if choice is not None and choice.kernel:
            return find_kernel(choice.kernel)(
                params, weights, tuple(np.ascontiguousarray(values) for values in read), step.options | target.features
            )
        found = blob_weights.run(op, params, read, step, target)
        if found is not None:
            return found
        ready = _ready(op, params, weights, step, target)
        tops = stored_tops(definition(op, params, ready, read), op, step, target)
        return tops if inputs else tuple(np.broadcast_to(values, (samples, *values.shape[1:])) for values in tops)
    except MaskctlError as error:
        raise ExecutionError(f"{op.layer}: {error}") from None
    except MemoryError:
        shapes_text = ", ".join(str(values.shape[1:]) for values in inputs)
        raise ExecutionError(
            f"{op.layer}: not enough memory for inputs of shape {shapes_text}. Give fewer samples or a smaller input."
        ) from None


def _ready(op: Operator, params: Params, weights: Weights, step: Step, target: Target) -> Weights:
    """The weights as the fp32 definition wants them; laid out once per model where no format changes them."""
    if step.weights == "fp32" and isinstance(weights, LayerWeights):
        return weights.prepared(op)
    return op.kind.prepare(params, stored_weights(op, weights, step, target))


def definition(op: Operator, params: Params, weights: Weights, inputs: Arrays) -> Arrays:
    """The layer's fp32 definition; sample by sample where the extents of its tops depend on the values."""
    if not op.kind.by_value(params) or not inputs or len(inputs[0]) == 1:
        return op.kind.forward(params, weights, inputs)
    rows = [
        op.kind.forward(params, weights, tuple(values[sample : sample + 1] for values in inputs))
        for sample in range(len(inputs[0]))
    ]
    return tuple(joined(tops) for tops in zip(*rows, strict=True))


def joined(rows: Arrays) -> Array:
    """Blobs (n, …) behind each other; where their extents differ, the shorter ones are filled up with NaN."""
    if len({row.shape for row in rows}) == 1:
        return np.concatenate(rows)
    extents = tuple(max(row.shape[axis] for row in rows) for axis in range(1, rows[0].ndim))
    whole = np.full((sum(map(len, rows)), *extents), np.nan, np.float32)
    begin = 0
    for row in rows:
        place = tuple(slice(extent) for extent in row.shape[1:])
        whole[(slice(begin, begin + len(row)), *place)] = row
        begin += len(row)
    return whole


def stored_tops(tops: Arrays, op: Operator, step: Step, target: Target) -> Arrays:
    """The tops as the blobs keep them: floats rounded, integers as they are."""
    return tuple(_stored(values, op, step.kept(place), step, target) for place, values in enumerate(tops))


def _stored(values: Array, op: Operator, kept: str, step: Step, target: Target) -> Array:
    if kept == "fp32" or values.dtype != np.float32 or step.is_handed_on:
        return values
    return casts.by_name(target.rounding(op.layer, kept, values.shape[1], step.options), values)


def cast_input(values: FloatArray, kept: str, wanted: str, target: Target, *, packed: bool) -> FloatArray:
    """An input on its way into the layer; what arrives in 16 bits is in the format wanted, or widens exactly.

    The casts of packed channels leave nothing over that would be rounded one by one.
    """
    if kept != "fp32" or wanted == "fp32" or values.dtype != np.float32:
        return values
    in_fours = packed and values.shape[1] % 4 == 0
    return casts.by_name(target.casts[wanted].vectors if in_fours else target.casts[wanted].blob, values)


def stored_params(op: Operator, stored: str, target: Target) -> Params:
    """The parameters, with the value of a border as the blob keeps it: cast one by one."""
    name = "value" if op.layer.type == "Padding" else "pad_value"
    if stored == "fp32" or not op.params.has(name) or not op.params.real(name):
        return op.params
    value = np.array([op.params.real(name)], np.float32)
    kept = casts.by_name(target.casts[stored].number, value)
    return op.params.replaced(name, float(kept[0]))


def stored_weights(op: Operator, weights: Weights, step: Step, target: Target) -> Mapping[str, FloatArray]:
    """The weights as a layer keeps them: the tagged ones in the storage format, bias and scales in fp32.

    Source: ncnn `create_pipeline` of the convolutions and InnerProduct, which cast `weight_data` only.
    """
    tagged = {weight.name for weight in op.kind.weights(op.params) if weight.tagged}
    cast = "fp32" if step.weights == "fp32" else target.casts[step.weights].vectors
    return {name: casts.by_name(cast, values) if name in tagged else values for name, values in weights.items()}
