"""Models that show one fault, and their reductions."""

from __future__ import annotations

import numpy as np

from maskctl.executor.policy import Policy
from maskctl.executor.samples import Samples, batches
from maskctl.graph.model import Model
from maskctl.layers.base import Array
from maskctl.reduce.faults import fault_named
from maskctl.reduce.reduce import Reduction, locate, reduce
from maskctl.reduce.runs import Setup

FP16 = Setup(Policy("fp16"))


def reduced(model: Model, samples: Samples, show: str = "nan", below: float | None = None) -> Reduction:
    """The reduction of a model that shows it in fp16 as predicted."""
    layers = range(len(model.operators))
    located = locate(model, batches(model, samples), FP16, [fault_named(show, below, None)], layers)
    assert located is not None
    found = reduce(model, located, FP16, 3000, lambda _: None)
    assert found is not None
    return found


def one(values: Array) -> Samples:
    """One sample for the blob "data"."""
    return Samples({"data": [np.asarray(values, np.float32)]})


def names(found: Reduction) -> list[str]:
    """The layers that are left, without the Input layers."""
    return [part.line.name for part in found.case.parts]


def shapes(found: Reduction) -> dict[str, tuple[int, ...]]:
    """The shape of each blob that is fed."""
    return {name: values.shape[1:] for name, values in found.case.inputs.items()}
