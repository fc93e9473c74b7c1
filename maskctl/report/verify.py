"""A verification as JSON."""

from __future__ import annotations

from typing import Any

from maskctl.analysis.metrics import COSINE, SQNR, Comparison
from maskctl.analysis.verify import BlobVerdict, Verification
from maskctl.executor.policy import Policy
from maskctl.report.numbers import number

SCHEMA = 1


def verification_to_json(model: str, policy: Policy, engine: str, samples: int, found: Verification) -> dict[str, Any]:
    """Prediction and reality of every blob, in file order."""
    parting = found.first_parting
    return {
        "schema": SCHEMA,
        "model": model,
        "engine": engine,
        "precision": policy.precision,
        "target": policy.target.name,
        "without": sorted(policy.without),
        "samples": samples,
        "findings": list(found.findings),
        "first_parting": None if parting is None else parting.blob,
        "blobs": [_row(row) for row in found.rows],
    }


def _row(row: BlobVerdict) -> dict[str, Any]:
    return {
        "index": row.layer.index,
        "name": row.layer.name,
        "type": row.layer.type,
        "blob": row.blob,
        "stored": row.stored,
        "predicted": _figures(row.predicted),
        "real": None if row.real is None else _figures(row.real),
        "equal": row.equal,
        "equal_alone": row.alone,
        "parts": row.parts,
        "same_non_finite": row.same_non_finite,
    }


def _figures(sums: Comparison) -> dict[str, Any]:
    return {"sqnr_db": number(SQNR.of(sums)), "cosine": number(COSINE.of(sums)), "lost": sums.lost}
