"""Recomputes what a witness holds, and says where two blobs differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from conformance.witnesses import Witness
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.numeric.formats import FloatArray


def recomputed(witness: Witness, folder: Path) -> FloatArray:
    """What maskctl computes from the witness's model and samples, (n, …)."""
    return run(load(witness.write(folder)), {"data": witness.inputs}, Policy(witness.precision))["out"]


def same_bits(expected: FloatArray, actual: FloatArray) -> npt.NDArray[np.bool_]:
    """Where two blobs have the same bits; any NaN equals any other."""
    equal: npt.NDArray[np.bool_] = expected.view(np.uint32) == actual.view(np.uint32)
    return equal | (np.isnan(expected) & np.isnan(actual))


def steps_apart(expected: FloatArray, actual: FloatArray) -> npt.NDArray[np.int64]:
    """How many fp16 values lie between, counting the second; 0 for two NaN, 65536 where only one is."""
    distance = np.abs(_rank(expected) - _rank(actual))
    nan = np.isnan(expected), np.isnan(actual)
    return np.where(nan[0] & nan[1], 0, np.where(nan[0] | nan[1], 65536, distance))


def _rank(values: FloatArray) -> npt.NDArray[np.int64]:
    bits = values.astype(np.float16).view(np.int16).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFF), bits)


def difference(expected: FloatArray, actual: FloatArray, samples: tuple[str, ...] = ()) -> str:
    """Empty for equal bits; else how many elements differ, and the worst of them."""
    if expected.shape != actual.shape:
        return f"shape {expected.shape} expected, {actual.shape} computed"
    equal = same_bits(expected, actual)
    if equal.all():
        return ""
    distance = np.where(equal, -1, steps_apart(expected, actual))
    place = np.unravel_index(int(distance.argmax()), distance.shape)
    where = ", ".join(str(int(index)) for index in place[1:])
    profile = samples[int(place[0])] if samples else f"sample {int(place[0])}"
    return (
        f"{int((~equal).sum())} of {equal.size} elements differ; the worst, {int(distance[place])} fp16 values apart, at "
        f"({where}) of '{profile}': {expected[place]!r} expected, {actual[place]!r} computed"
    )
