"""Runs all samples, portion by portion, and puts their blobs together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from maskctl.errors import ExecutionError, InputError
from maskctl.executor.layer import joined
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.executor.samples import Portion, Samples, batches
from maskctl.graph import memory
from maskctl.graph.model import Model
from maskctl.graph.operators import infer_shapes
from maskctl.layers.base import Array, Shape


def computed(model: Model, samples: Samples, policy: Policy, wanted: Sequence[str]) -> Mapping[str, Array]:
    """The blobs named in `wanted` of all samples, (n, …), in the order they are computed in.

    Where samples find different numbers of boxes, the shorter blobs are filled up with NaN. Raises `InputError` where
    blobs have different shapes for other reasons, before anything is run, and as `run` does.
    """
    portions = batches(model, samples, wanted)
    if len(portions) == 1:
        return run(model, portions[0].inputs, policy, keep=wanted)
    by_value = _by_value(model)
    shapes = _common_shapes(model, portions, [name for name in wanted if name not in by_value])
    _refuse_too_many(model, shapes, len(samples))
    found: dict[str, Array] = {}
    loose: dict[str, list[Array]] = {}
    for portion in portions:
        for name, values in run(model, portion.inputs, policy, keep=wanted).items():
            if name not in shapes:
                found.setdefault(name, np.empty(0, np.float32))  # keeps its place
                loose.setdefault(name, []).append(values)
                continue
            if name not in found:
                found[name] = np.empty((len(samples), *values.shape[1:]), values.dtype)
            found[name][list(portion.members)] = values
    order = np.argsort([member for portion in portions for member in portion.members])
    return {**found, **{name: joined(tuple(parts))[order] for name, parts in loose.items()}}


def _by_value(model: Model) -> frozenset[str]:
    """The blobs whose extents depend on values: those of detections, and what is computed from them."""
    found: set[str] = set()
    for op in model.operators:
        if not op.cut and (op.kind.by_value(op.params) or found.intersection(op.layer.bottoms)):
            found.update(op.layer.tops)
    return frozenset(found)


def _common_shapes(model: Model, portions: Sequence[Portion], names: Sequence[str]) -> Mapping[str, Shape]:
    common: dict[str, Shape] = {}
    needed = model.needed(names)
    ops = tuple(op for op in model.operators if op.layer.index in needed)
    for portion in portions:
        given = {name: values.shape[1:] for name, values in portion.inputs.items()}
        found = infer_shapes(ops, given, model.graph.path)
        for name in names:
            if common.setdefault(name, found[name]) != found[name]:
                raise InputError(
                    f"the samples have different shapes, and so has blob '{name}': {common[name]} and {found[name]}. Give all "
                    "samples one shape (images: --resize WxH), or run them one by one."
                )
    return common


def _refuse_too_many(model: Model, shapes: Mapping[str, Shape], samples: int) -> None:
    size, left = 4 * samples * sum(map(math.prod, shapes.values())), memory.available_bytes()
    if left is not None and size > left:
        raise ExecutionError(
            f"the blobs of {samples} samples take {size / 1e9:.1f} GB of memory, and {left / 1e9:.1f} GB are left. Ask for "
            "fewer blobs or fewer samples.",
            model.graph.path,
        )
