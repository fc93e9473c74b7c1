"""Runs rows here and in the real engine of this machine, and says how well the two agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from maskctl.errors import ExecutionError, MaskctlError
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.peers.ncnn_engine import EngineRun, Job, NcnnEngine
from maskctl.targets import PRECISIONS, TARGETS
from tests.layers.row import BITS, Row

SEED = 11
OPTIONS = PRECISIONS["fp32"] - {"use_winograd_convolution"}
"""The definitions are plain sums; winograd's fp32 transforms alone cost some 20 dB."""

Values = npt.NDArray[Any]


@dataclass(frozen=True)
class Outcome:
    """How a row went: the worst agreement in dB (infinite for equal bits), and what is wrong, "" where nothing is."""

    row: Row
    worst_db: float
    problem: str


def outcomes(rows: Sequence[Row], folder: Path, engine: NcnnEngine | None = None) -> list[Outcome]:
    """The outcome of each row; all rows share one engine process, and a row that breaks it breaks only itself."""
    paths = [row.write(folder / str(number), SEED) for number, row in enumerate(rows)]
    samples = [row.samples(SEED) for row in rows]
    jobs = [
        Job(path, path.with_suffix(".bin"), given, row.tops_named, OPTIONS)
        for row, path, given in zip(rows, paths, samples, strict=True)
    ]
    runs = (engine or NcnnEngine()).attempt_all(jobs)
    return [_outcome(*one) for one in zip(rows, paths, samples, runs, strict=True)]


def _outcome(row: Row, path: Path, samples: dict[str, Values], engine: EngineRun | ExecutionError) -> Outcome:
    if row.refused:
        return Outcome(row, math.nan, _refused(row, path, samples))
    if isinstance(engine, ExecutionError):
        return Outcome(row, math.nan, f"the engine fails: {engine}")
    worst, problems = math.inf, []
    for number, profile in enumerate(row.profiles):
        try:
            computed = _computed(row, path, {name: values[number : number + 1] for name, values in samples.items()})
        except MaskctlError as error:
            return Outcome(row, math.nan, f"{profile}: maskctl refuses: {error}")
        for top, actual in zip(row.tops_named, computed, strict=True):
            expected = engine.rows[top][number]
            problem = difference(row, expected, actual)
            worst = min(worst, agreement_db(expected, actual) if expected.shape == actual.shape else -math.inf)
            problems += [f"{profile}, {top}: {problem}"] if problem else []
    return Outcome(row, worst, "; ".join(problems) or _stacked(row, path, samples))


def _computed(row: Row, path: Path, inputs: dict[str, Values]) -> list[Values]:
    """The tops for one sample, without the sample axis; integers as the float bits the engine's binding shows."""
    from maskctl.graph.model import load

    trace = run(load(path), inputs, Policy(target=TARGETS["x86"]))
    tops = [np.ascontiguousarray(trace[name][0]) for name in row.tops_named]
    return [top.view(np.float32) if top.dtype == np.int32 else top.astype(np.float32) for top in tops]


def _stacked(row: Row, path: Path, samples: dict[str, Values]) -> str:
    """What is wrong when all samples run in one pass, which must give what they give one by one, to the bit."""
    from maskctl.graph.model import load

    model = load(path)
    op = model.operators[-1]
    if op.kind.by_value(op.params) or not samples:
        return ""
    together = run(model, samples)
    for number, profile in enumerate(row.profiles):
        alone = run(model, {name: values[number : number + 1] for name, values in samples.items()})
        for top in row.tops_named:
            wanted, found = alone[top][0], together[top][number]
            if not np.array_equal(wanted, found, equal_nan=wanted.dtype == np.float32):
                return f"{profile}, {top}: differs when run together with the other samples"
    return ""


def _refused(row: Row, path: Path, samples: dict[str, Values]) -> str:
    """A row the engine does not answer must still give a result or a MaskctlError here."""
    try:
        for number in range(len(row.profiles)):
            _computed(row, path, {name: values[number : number + 1] for name, values in samples.items()})
    except MaskctlError:
        return ""
    return "" if row.why else "the row does not say in `why` what maskctl does instead"


def difference(row: Row, expected: Values, actual: Values) -> str:
    """What is wrong with `actual`, "" where it agrees as well as the row asks."""
    if expected.size == 0 and actual.size == 0:
        return ""
    if expected.shape != actual.shape:
        return f"shape {expected.shape} expected, {actual.shape} computed"
    if row.least_db == BITS:
        return _unequal_bits(row, expected, actual)
    lost = np.isfinite(expected) != np.isfinite(actual)
    kinds = (
        lost | (np.isnan(expected) != np.isnan(actual)) | (np.isinf(expected) & np.isinf(actual) & (expected != actual))
    )
    if kinds.any():
        return f"{_at(kinds, expected, actual)} (and {int(kinds.sum()) - 1} more of {expected.size} that are not finite alike)"
    found = agreement_db(expected, actual)
    return "" if found >= row.least_db else f"{found:.1f} dB; {_at(_noise(expected, actual), expected, actual)}"


def _unequal_bits(row: Row, expected: Values, actual: Values) -> str:
    zero = np.float32(0)
    wanted, found = (expected + zero, actual + zero) if row.either_zero else (expected, actual)
    equal = np.ascontiguousarray(wanted).view(np.uint32) == np.ascontiguousarray(found).view(np.uint32)
    equal |= np.isnan(wanted) & np.isnan(found)
    return (
        "" if equal.all() else f"{_at(~equal, expected, actual)} (and {int((~equal).sum()) - 1} more of {equal.size})"
    )


def agreement_db(expected: Values, actual: Values) -> float:
    """Signal over noise over the elements that are finite on both sides; denormals count like all others."""
    both = np.isfinite(expected) & np.isfinite(actual)
    wanted, found = (values[both].astype(np.float64) for values in (expected, actual))
    noise = float(np.sum((wanted - found) ** 2))
    signal = float(np.sum(wanted**2))
    return math.inf if not noise else 10 * math.log10(signal / noise) if signal else -math.inf


def _noise(expected: Values, actual: Values) -> Values:
    with np.errstate(all="ignore"):
        return np.nan_to_num(np.abs(expected.astype(np.float64) - actual), nan=0.0, posinf=0.0)


def _at(weights: Values, expected: Values, actual: Values) -> str:
    place = np.unravel_index(int(np.argmax(weights)), weights.shape)
    where = ", ".join(str(int(index)) for index in place)
    return f"at ({where}) {expected[place]!r} expected, {actual[place]!r} computed"
