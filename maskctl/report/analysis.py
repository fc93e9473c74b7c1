"""An analysis as JSON. The schema is docs/schemas/analysis.json, versioned by `schema`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

from maskctl import featmask
from maskctl.analysis.alone import Effect
from maskctl.analysis.analyze import Analysis, LayerReport
from maskctl.analysis.anatomy import anatomy
from maskctl.analysis.causes import right_bit
from maskctl.analysis.distributions import Profile, limits_of
from maskctl.analysis.evidence import Evidence
from maskctl.analysis.goal import Outcome
from maskctl.analysis.kinds import BF16, BLOBS, INT8, WEIGHTS
from maskctl.analysis.metrics import METRICS, Comparison
from maskctl.executor.samples import Samples
from maskctl.param.diff import unified_diff
from maskctl.report.network import layer_to_json
from maskctl.report.numbers import number
from maskctl.report.unsafe import UnsafeMask, unsafe_masks

Figures: TypeAlias = Callable[[Comparison], dict[str, Any]]

SCHEMA = 2
LOSSES = MappingProxyType(
    {
        "layerwise": "this layer alone lowered",
        "layerwise_storage": "the same with fp32 sums",
        "layerwise_no_winograd": "the same without winograd",
        **{f"apart.{kind.name}": kind.words for kind in (WEIGHTS, BLOBS, BF16, INT8)},
        "graphwise": "everything lowered, read here",
        "after": "the same with the proposed masks",
    }
)
"""The losses of a layer by their keys, in the order in which they are told."""
NO_PROFILES: Mapping[int, Profile] = MappingProxyType({})


def to_json(
    analysis: Analysis,
    version: str,
    unsafe: Sequence[UnsafeMask] = (),
    profiles: Mapping[int, Profile] = NO_PROFILES,
) -> dict[str, Any]:
    """The whole analysis as JSON values, layers worst first.

    `version` is that of maskctl, `unsafe` are masks of the file that the engine does not honour, `profiles` what blobs hold
    as far as somebody looked.
    """
    plan, figures = analysis.plan, partial(_figures, samples=analysis.samples)
    document = analysis.model.document.with_masks(analysis.masks)
    return {
        **_asked(analysis, version),
        "reached": plan.reached,
        "interrupted": plan.interrupted,
        "masks": [_change(analysis, index, mask) for index, mask in sorted(analysis.masks.items())],
        **_price(analysis),
        "unsafe": unsafe_masks(unsafe),
        "cut": [
            {"index": op.layer.index, "name": op.layer.name, "type": op.layer.type, "reason": op.cut}
            for op in analysis.model.operators
            if op.cut
        ],
        "outputs": [
            {"blob": name, "before": figures(before), "after": figures(plan.after.outputs[name])}
            for name, before in plan.before.outputs.items()
        ],
        "not_compared": [
            {"index": op.layer.index, "name": op.layer.name, "type": op.layer.type, "blob": top}
            for op in analysis.finders
            for top in op.layer.tops
        ],
        "losses": dict(LOSSES),
        "layers": [_layer(row, figures, analysis.instead_of.get(row.layer.index)) for row in analysis.rows],
        "format": _format(analysis),
        "network": [
            layer_to_json(row, profiles.get(row.op.layer.index), figures)
            for row in anatomy(analysis.model, analysis.policy, analysis.samples)
        ],
        "diff": unified_diff(document, document.path) if analysis.masks else "",
    }


def _asked(analysis: Analysis, version: str) -> dict[str, Any]:
    """What was asked for, of what, and what it took."""
    plan = analysis.plan
    return {
        "schema": SCHEMA,
        "version": version,
        "model": analysis.model.document.path,
        "target": analysis.target.name,
        "precision": analysis.precision,
        "without": sorted(analysis.policy.without),
        "samples": {
            "count": len(analysis.samples),
            "synthetic": analysis.samples.synthetic,
            "seed": analysis.samples.seed,
        },
        "scope": analysis.wishes.scope,
        "measured_samples": list(analysis.measured),
        "executions": {"computed": analysis.effort.executions, "naive": analysis.effort.naive},
        "goal": {metric.name: number(target) for metric, target in analysis.goal.targets},
        "check": None
        if plan.before.score is None
        else {
            "target": analysis.goal.least_score,
            "before": _score(plan.before),
            "after": _score(plan.after),
            "by_status": analysis.goal.by_status,
        },
    }


def only_layer(document: Mapping[str, Any], index: int) -> dict[str, Any]:
    """The same document with one layer in it."""
    parts = {key: [row for row in document[key] if row["index"] == index] for key in ("layers", "network")}
    return {**document, **parts}


def _format(analysis: Analysis) -> dict[str, Any]:
    limits = limits_of(analysis.precision)
    return {
        "name": limits.name,
        "largest": limits.largest,
        "smallest_normal": limits.smallest_normal,
        "smallest": limits.smallest,
    }


def _price(analysis: Analysis) -> dict[str, Any]:
    """What the plan costs, what keeps a goal out of reach, and what more masks would cost."""
    decision, plan = analysis.decision, analysis.plan
    return {
        "cost": {
            "measured": decision.measured,
            "total_us": number(decision.total),
            "added_us": number(decision.added),
            "bound_us": None if plan.bound is None else number(plan.bound),
            "needed": list(plan.needed),
            "share_of_macs": number(decision.share),
        },
        "limits": [
            {"index": limit.layer.index, "name": limit.layer.name, "type": limit.layer.type, "why": limit.why}
            for limit in decision.limits
        ],
        "fences": [
            {"index": layer.index, "name": layer.name, "type": layer.type, "blob": layer.bottoms[0]}
            for layer in analysis.fence_layers
        ],
        "pareto": [
            {
                "added_us": number(point.cost),
                "worst_sqnr_db": number(point.outcome.worst_sqnr_db),
                "worst_cosine": number(point.outcome.worst_cosine),
                "masks": [{"index": index, "mask": mask} for index, mask in sorted(point.masks.items())],
            }
            for point in plan.front
        ],
    }


def _change(analysis: Analysis, index: int, proposed: int) -> dict[str, Any]:
    layer = analysis.model.graph.layers[index]
    return {"index": index, "name": layer.name, "type": layer.type, "mask": layer.mask, "proposed": proposed}


def _layer(row: LayerReport, figures: Figures, instead_of: str | None) -> dict[str, Any]:
    overflow = row.loss.overflow
    return {
        "index": row.layer.index,
        "name": row.layer.name,
        "type": row.layer.type,
        "layerwise": figures(row.loss.layerwise),
        "layerwise_storage": figures(row.loss.layerwise_storage) if row.loss.layerwise_storage.elements else None,
        "layerwise_no_winograd": figures(row.loss.layerwise_no_winograd)
        if row.loss.layerwise_no_winograd.elements
        else None,
        "graphwise": figures(row.loss.graphwise),
        "apart": {kind: figures(sums) for kind, sums in row.loss.apart.items() if sums.elements},
        "alone": {kind: _effect(found, figures) for kind, found in row.loss.alone.items()} or None,
        "leave_one_out": _effect(row.loss.leave_one_out, figures) or None,
        "bit": right_bit(row.loss),
        "largest": number(row.loss.graphwise.largest),
        "mask": row.mask,
        "mask_words": featmask.words(row.mask),
        "proposed": row.proposed,
        "proposed_words": featmask.words(row.proposed),
        "reason": row.reason,
        "overflow": overflow
        and {
            "kind": overflow.kind,
            "what": overflow.what,
            "value": number(overflow.value),
            "limit": overflow.limit,
            "place": list(overflow.place),
            "sample": overflow.sample,
        },
        "evidence": [_evidence(found) for _, found in sorted(row.loss.evidence.items())],
        "computed_instead_of": instead_of,
    }


def _evidence(found: Evidence) -> dict[str, Any]:
    return {
        "cause": found.cause,
        "words": str(found),
        "value": number(found.value),
        "place": list(found.place),
        "sample": found.sample,
        "count": found.count,
        "of": found.of,
    }


def _score(outcome: Outcome) -> float | str | None:
    score = outcome.score
    return None if score is None else number(math.nan if score == -math.inf else score)


def _effect(found: Effect, figures: Figures) -> dict[str, Any]:
    return {blob: figures(sums) for blob, sums in found.items()}


def _figures(sums: Comparison, samples: Samples) -> dict[str, Any]:
    figures = {name: number(metric.of(sums)) if metric.applies(sums) else None for name, metric in METRICS.items()}
    return {
        **figures,
        "lost": sums.lost,
        "elements": sums.elements,
        "worst_sample": sums.worst
        if sums.worst is None
        else {
            "index": sums.worst,
            "name": samples.name(sums.worst),
            "lost": sums.worst_lost,
            "sqnr_db": number(math.nan if sums.worst_lost else sums.worst_db),
        },
    }
