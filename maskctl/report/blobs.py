"""What blobs hold, and how far those of two runs are apart, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from maskctl.analysis.blobs import BlobDifference, BlobSummary
from maskctl.analysis.metrics import COSINE, SQNR
from maskctl.executor.policy import Policy
from maskctl.report.numbers import number

SCHEMA = 1


def run_to_json(model: str, policy: Policy, samples: int, blobs: Mapping[str, BlobSummary]) -> dict[str, Any]:
    """What `run` computed: a summary per blob."""
    return {
        "schema": SCHEMA,
        "model": model,
        "precision": policy.precision,
        "target": policy.target.name,
        "without": sorted(policy.without),
        "samples": samples,
        "blobs": {
            name: {
                "shape": list(blob.shape),
                "smallest": number(blob.smallest),
                "largest": number(blob.largest),
                "largest_at": None if blob.largest_at is None else list(blob.largest_at),
                "mean": number(blob.mean),
                "deviation": number(blob.deviation),
                "not_finite": blob.not_finite,
            }
            for name, blob in blobs.items()
        },
    }


def comparison_to_json(
    reference: str,
    actual: str,
    found: Mapping[str, BlobDifference],
    failed: Sequence[str],
    missing: Mapping[str, list[str]],
) -> dict[str, Any]:
    """How far the blobs of two files are apart; `failed` are those below what was asked for."""
    return {
        "schema": SCHEMA,
        "reference": reference,
        "actual": actual,
        "only_in_reference": missing["reference"],
        "only_in_actual": missing["actual"],
        "blobs": {name: _difference(row, failed=name in failed) for name, row in found.items()},
    }


def _difference(row: BlobDifference, *, failed: bool) -> dict[str, Any]:
    sums = row.comparison
    return {
        "shapes": [list(shape) for shape in row.shapes],
        "sqnr_db": None if sums is None else number(SQNR.of(sums)),
        "cosine": None if sums is None else number(COSINE.of(sums)),
        "largest_error": number(row.largest_error),
        "at": None if row.at is None else list(row.at),
        "not_finite": list(row.not_finite),
        "lost": None if sums is None else sums.lost,
        "failed": failed,
    }
