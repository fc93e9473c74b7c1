"""Prediction beside reality: what maskctl computes for each blob of a model, and what a real engine gave.

The engine's blobs come in as arrays; nothing here starts it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from maskctl.analysis.metrics import SQNR, Comparison, add_or_lose
from maskctl.executor.layer import run_layer
from maskctl.executor.policy import FP32, Policy
from maskctl.executor.run import count_of, run
from maskctl.graph.model import Model
from maskctl.graph.network import Layer
from maskctl.graph.operators import Operator
from maskctl.layers.base import Array
from maskctl.numeric.formats import same_bits
from maskctl.targets.storage import Step

TOLERANCE_DB = 0.5
_FP32_NOISE_DB = 90.0
"""Blobs kept in fp32 follow another order of sums; below this ratio of the two engines they are really different."""


@dataclass(frozen=True)
class BlobVerdict:
    """One blob: its losses against fp32 as predicted and in the engine, and the share of elements with the same bits.

    `alone` is that share where the layer is fed what the engine fed it. `real`, `equal` and `alone` are None where the
    engine gave nothing.
    """

    layer: Layer
    blob: str
    stored: str
    predicted: Comparison
    real: Comparison | None = None
    equal: float | None = None
    alone: float | None = None
    parts: bool = False
    same_non_finite: bool = True

    @property
    def difference_db(self) -> float:
        """How far the predicted SQNR is from the real one; 0 where both are NaN. What is beyond fp32's own noise counts alike."""
        if self.real is None:
            return math.nan
        predicted, real = (min(SQNR.of(sums), _FP32_NOISE_DB) for sums in (self.predicted, self.real))
        if math.isnan(predicted) or math.isnan(real):
            return 0.0 if math.isnan(predicted) and math.isnan(real) else math.inf
        return abs(predicted - real)


@dataclass(frozen=True)
class Verification:
    """All blobs in file order, and what a person must know of the engine's run."""

    rows: tuple[BlobVerdict, ...]
    findings: tuple[str, ...]

    @property
    def first_parting(self) -> BlobVerdict | None:
        """The first blob whose layer, fed what the engine fed it, gives other bits than the engine."""
        return next((row for row in self.rows if row.parts), None)


def verify(
    model: Model,
    inputs: Mapping[str, Array],
    policy: Policy,
    real: Mapping[str, Array],
    *,
    failure: str = "",
    failed_at: str = "",
    tolerance_db: float = TOLERANCE_DB,
) -> Verification:
    """Compares a run under `policy` with the engine's blobs `real`, (n, …) by name, on the same inputs.

    `failure` says how the engine's run ended before its time, and `failed_at` at which blob.
    """
    exact, predicted = run(model, inputs, FP32, keep=["*"]), run(model, inputs, policy, keep=["*"])
    fed = {**inputs, **real}
    rows = [
        _row(model, op, step, top, policy, exact[top], predicted[top], fed)
        for op, step in zip(model.operators, policy.steps(model), strict=True)
        if not op.cut and op.layer.type != "Input"
        for top in op.layer.tops
    ]
    return Verification(tuple(rows), tuple(_findings(model, policy, rows, failure, failed_at, tolerance_db)))


def _row(
    model: Model,
    op: Operator,
    step: Step,
    top: str,
    policy: Policy,
    exact: Array,
    predicted: Array,
    fed: Mapping[str, Array],
) -> BlobVerdict:
    loss = _loss(exact, predicted)
    if top not in fed:
        return BlobVerdict(op.layer, top, step.stored, loss)
    real = _codes(fed[top], predicted)
    if any(bottom not in fed for bottom in op.layer.bottoms):
        alone = None
    else:
        weights = model.weights.tensors[op.layer.index]
        read = tuple(fed[bottom] for bottom in op.layer.bottoms)
        given = run_layer(op, weights, read, step, policy.target, count_of({"": real}))
        alone = given[op.layer.tops.index(top)]
    return BlobVerdict(
        op.layer,
        top,
        step.stored,
        loss,
        _loss(exact, real),
        _share(real, predicted),
        None if alone is None else _share(real, alone),
        alone is not None and not step.hazard and _parts(step, real, alone),
        _same_non_finite(real, predicted),
    )


def _loss(reference: Array, actual: Array) -> Comparison:
    found = Comparison()
    add_or_lose(found, reference=reference, actual=actual)
    return found


def _codes(real: Array, predicted: Array) -> Array:
    """The engine's blob; where it hands int8 codes out as floats, the codes."""
    return real.astype(np.int8) if predicted.dtype == np.int8 and real.dtype != np.int8 else real


def _share(real: Array, computed: Array) -> float:
    if real.shape != computed.shape:
        return 0.0
    equal = same_bits(real, computed) if real.dtype == computed.dtype == np.float32 else real == computed
    return float(np.mean(equal)) if equal.size else 1.0


def _parts(step: Step, real: Array, alone: Array) -> bool:
    if step.stored != "fp32" or real.shape != alone.shape:
        return _share(real, alone) < 1
    return not SQNR.of(_loss(real, alone)) >= _FP32_NOISE_DB


def _same_non_finite(real: Array, predicted: Array) -> bool:
    if real.shape != predicted.shape:
        return False
    odd = ~np.isfinite(real), ~np.isfinite(predicted)
    return bool((odd[0] == odd[1]).all() and _share(real[odd[0]], predicted[odd[0]]) == 1)


def _findings(
    model: Model, policy: Policy, rows: Sequence[BlobVerdict], failure: str, failed_at: str, tolerance_db: float
) -> list[str]:
    hazards = {step.hazard.layer.index: step.hazard for step in policy.steps(model) if step.hazard}
    found = [f"The mask of {hazard}" for hazard in hazards.values()]
    if failure:
        at = next((f" at blob '{row.blob}' of {row.layer}" for row in rows if row.blob == failed_at), "")
        found.append(f"The engine {failure}{at}.")
    lost = next((row for row in rows if row.real is not None and row.real.lost), None)
    if lost is not None and lost.real is not None:
        predicted = "as predicted" if lost.same_non_finite else f"where {lost.predicted.lost:,} are predicted"
        found.append(
            f"{lost.layer} is the first whose blob in the engine is not finite: {lost.real.lost:,} "
            f"of {lost.real.elements:,} elements of '{lost.blob}', {predicted}."
        )
    odd = next((row for row in rows if not row.same_non_finite), None)
    if odd is not None and odd is not lost:
        found.append(f"Blob '{odd.blob}' of {odd.layer} is the first with other elements not finite than predicted.")
    found += [
        f"Output '{row.blob}': {SQNR.of(row.predicted):.1f} dB are predicted, and the engine has "
        f"{SQNR.of(row.real or Comparison()):.1f} dB."
        for row in rows
        if row.blob in model.outputs and row.difference_db > tolerance_db
    ]
    return found
