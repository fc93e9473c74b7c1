"""What a run shows that the bounds of the same inputs do not allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from maskctl.analysis.bounds.case import Case
from maskctl.analysis.bounds.interval import Interval
from maskctl.analysis.judge import Judgement, judge
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import Model
from maskctl.layers.base import Array
from maskctl.numeric.formats import FORMATS


def judgements(model: Model, ranges: Mapping[str, Interval], policy: Policy) -> dict[int, Judgement]:
    """What is proved of each layer, by its index."""
    blobs, found = dict(ranges), {}
    for op, step, weights in zip(model.operators, policy.steps(model), model.weights.tensors, strict=True):
        if op.cut or op.layer.type == "Input":
            continue
        inputs = tuple(blobs[bottom] for bottom in op.layer.bottoms)
        found[op.layer.index] = judge(Case(op, weights, inputs, step, policy.target))
        largest = FORMATS[step.gives].largest
        tops = (top.within(largest) for top in found[op.layer.index].tops)
        blobs.update(zip(op.layer.tops, tops, strict=True))
    return found


def breaches(
    model: Model, ranges: Mapping[str, Interval], policy: Policy, inputs: Mapping[str, Array]
) -> Iterator[str]:
    """Each blob of a run in fp32 or as `policy` says that is out of its bounds, or not finite and said to be.

    Layers that read or follow what leaves the range of its format are passed over: nothing is said of them.
    """
    proved = judgements(model, ranges, policy)
    for precision in ("fp32", policy.precision):
        way = Policy(precision, policy.target, without=policy.without)
        blobs = {**inputs, **run(model, inputs, way, keep=["*"])}
        for index, judged in proved.items():
            if judged.unknown:  # extents may be bounds as well
                return
            op, step = model.operators[index], policy.steps(model)[index]
            if not all(_holds(step.stored, blobs[bottom]) for bottom in op.layer.bottoms):
                return
            for top, bounds in zip(op.layer.tops, judged.tops, strict=True):
                yield from _outside(f"{precision}, {op.layer}", np.asarray(blobs[top], np.float32), bounds)
                if precision != "fp32" and not judged.dangers and not np.isfinite(blobs[top]).all():
                    yield f"{precision}, {op.layer}: not finite although it cannot overflow"
                if not _holds(step.gives, blobs[top]):
                    return


def _holds(name: str, values: Array) -> bool:
    """True where a format holds all of the values, or they are integers."""
    with np.errstate(all="ignore"):
        return bool((np.abs(np.asarray(values, np.float64)) <= FORMATS[name].largest).all())


def _outside(name: str, values: Array, bounds: Interval) -> Iterator[str]:
    with np.errstate(all="ignore"):
        out = np.isfinite(values) & ~((bounds.low <= values) & (values <= bounds.high))
    if out.any():
        place = np.unravel_index(int(out.argmax()), out.shape)
        low, high = (np.broadcast_to(end, values.shape)[place] for end in (bounds.low, bounds.high))
        yield f"{name}: {values[place]!r} at {tuple(map(int, place[1:]))} is not between {low!r} and {high!r}"
