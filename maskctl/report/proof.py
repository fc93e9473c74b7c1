"""A proof as JSON. The schema is described in docs/proof.md and versioned by `schema`."""

from __future__ import annotations

from typing import Any

from maskctl import featmask
from maskctl.analysis.prove import CANNOT, MAY, WILL, LayerProof, Proof
from maskctl.report.numbers import number

SCHEMA = 1


def proof_to_json(proof: Proof, version: str) -> dict[str, Any]:
    """What is proved of each layer, in file order; `version` is that of maskctl."""
    policy = proof.policy
    return {
        "schema": SCHEMA,
        "version": version,
        "model": proof.model.document.path,
        "target": policy.target.name,
        "precision": policy.precision,
        "without": sorted(policy.without),
        "counts": {verdict: proof.count(verdict) for verdict in (CANNOT, MAY, WILL)},
        "cut": [
            {"index": op.layer.index, "name": op.layer.name, "type": op.layer.type, "reason": op.cut}
            for op in proof.model.operators
            if op.cut
        ],
        "layers": [_layer(row) for row in proof.layers],
    }


def _layer(row: LayerProof) -> dict[str, Any]:
    return {
        "index": row.layer.index,
        "name": row.layer.name,
        "type": row.layer.type,
        "stored": row.step.gives,
        "verdict": row.verdict,
        "low": number(row.low),
        "high": number(row.high),
        "dangers": [{"kind": one.kind, "peak": number(one.peak), "limit": one.limit} for one in row.dangers],
        "unknown": row.unknown or None,
        "mask": row.layer.mask,
        "mask_words": featmask.words(row.layer.mask),
        "safe_mask": row.safe_mask,
        "safe_mask_words": None if row.safe_mask is None else featmask.words(row.safe_mask),
        "witness": row.witness,
    }
