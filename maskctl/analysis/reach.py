"""How far given inputs drive a layer towards the largest number of its format, estimated in fp32."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from maskctl.analysis.bounds import linear, quantised, winograd
from maskctl.analysis.bounds.case import Case
from maskctl.analysis.bounds.interval import exactly, peaks
from maskctl.analysis.bounds.rules import RULES
from maskctl.graph.model import Model
from maskctl.layers.base import Array
from maskctl.numeric.formats import FORMATS, FP16, FloatArray
from maskctl.targets import Target
from maskctl.targets.storage import Step


def reach(model: Model, index: int, step: Step, target: Target, blobs: Mapping[str, Array]) -> FloatArray:
    """The largest value of the layer over the largest number of its format, (n,), from the `blobs` of a run in fp32.

    Looked at are its result, its inputs, and where it sums in fp16 its sums before the activation or the values of
    winograd's transforms; partial sums are not.
    """
    op, weights = model.operators[index], model.weights.tensors[index]
    count = len(blobs[op.layer.tops[0]])
    inputs = tuple(exactly(blobs[bottom]) for bottom in op.layer.bottoms)
    found = [_of_largest(blobs[top], step.kept(place)) for place, top in enumerate(op.layer.tops)]
    if step.stored != "fp32":
        found += [_of_largest(blobs[bottom], step.stored) for bottom in op.layer.bottoms]
    if step.sums_in_fp16 and RULES.get(op.layer.type) in {linear.bounds, quantised.linear_or_codes}:
        case = Case(op, weights, inputs, step, target, count)
        with np.errstate(all="ignore"):
            values = winograd.transformed(case) if "winograd" in case.kernel else linear.plain_sums(case)
        found.append(peaks(values) / np.float32(FP16.largest))
    largest: FloatArray = np.max([np.broadcast_to(one, count) for one in found], axis=0)
    return np.where(step.hazard is not None or bool(step.broken), np.float32(np.inf), largest)


def _of_largest(values: Array, name: str) -> FloatArray:
    with np.errstate(all="ignore"):
        return peaks(np.abs(np.asarray(values, np.float32))) / np.float32(FORMATS[name].largest)
