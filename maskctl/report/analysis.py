"""An analysis as JSON. The schema is docs/analysis.schema.json, versioned by `schema`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from maskctl import featmask
from maskctl.analysis.analyze import Analysis, LayerReport
from maskctl.analysis.anatomy import Anatomy, anatomy
from maskctl.analysis.metrics import METRICS, Comparison
from maskctl.analysis.profiles import Profile, limits_of
from maskctl.param.diff import unified_diff
from maskctl.report.network import layer_to_json
from maskctl.report.numbers import number
from maskctl.report.unsafe import UnsafeMask, unsafe_masks

SCHEMA = 1
LOSSES = MappingProxyType(
    {
        "layerwise": "this layer alone lowered",
        "layerwise_storage": "the same with fp32 sums",
        "layerwise_no_winograd": "the same without winograd",
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
    plan, document = analysis.plan, analysis.model.document.with_masks(analysis.masks)
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
        "goal": {metric.name: number(target) for metric, target in analysis.goal.targets},
        "reached": plan.reached,
        "masks": [_change(analysis, index, mask) for index, mask in sorted(analysis.masks.items())],
        "unsafe": unsafe_masks(unsafe),
        "cut": [
            {"index": op.layer.index, "name": op.layer.name, "type": op.layer.type, "reason": op.cut}
            for op in analysis.model.operators
            if op.cut
        ],
        "outputs": [
            {"blob": name, "before": _figures(before), "after": _figures(plan.after.outputs[name])}
            for name, before in plan.before.outputs.items()
        ],
        "not_compared": [
            {"index": op.layer.index, "name": op.layer.name, "type": op.layer.type, "blob": top}
            for op in analysis.finders
            for top in op.layer.tops
        ],
        "losses": dict(LOSSES),
        "layers": [_layer(row, analysis.instead_of.get(row.layer.index)) for row in analysis.rows],
        "format": _format(analysis),
        "network": [
            _network_layer(row, profiles.get(row.op.layer.index))
            for row in anatomy(analysis.model, analysis.policy, analysis.samples)
        ],
        "diff": unified_diff(document, document.path) if analysis.masks else "",
    }


def only_layer(document: Mapping[str, Any], index: int) -> dict[str, Any]:
    """The same document with one layer in it."""
    parts = {key: [row for row in document[key] if row["index"] == index] for key in ("layers", "network")}
    return {**document, **parts}


def _network_layer(row: Anatomy, profile: Profile | None) -> dict[str, Any]:
    return layer_to_json(row, profile, _figures(profile.after) if profile and profile.after.elements else None)


def _format(analysis: Analysis) -> dict[str, Any]:
    limits = limits_of(analysis.precision)
    return {
        "name": limits.name,
        "largest": limits.largest,
        "smallest_normal": limits.smallest_normal,
        "smallest": limits.smallest,
    }


def _change(analysis: Analysis, index: int, proposed: int) -> dict[str, Any]:
    layer = analysis.model.graph.layers[index]
    return {"index": index, "name": layer.name, "type": layer.type, "mask": layer.mask, "proposed": proposed}


def _layer(row: LayerReport, instead_of: str | None) -> dict[str, Any]:
    overflow = row.loss.overflow
    return {
        "index": row.layer.index,
        "name": row.layer.name,
        "type": row.layer.type,
        "layerwise": _figures(row.loss.layerwise),
        "layerwise_storage": _figures(row.loss.layerwise_storage) if row.loss.layerwise_storage.elements else None,
        "layerwise_no_winograd": _figures(row.loss.layerwise_no_winograd)
        if row.loss.layerwise_no_winograd.elements
        else None,
        "graphwise": _figures(row.loss.graphwise),
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
        "computed_instead_of": instead_of,
    }


def _figures(sums: Comparison) -> dict[str, float | str | int]:
    figures: dict[str, float | str | int] = {name: number(metric.of(sums)) for name, metric in METRICS.items()}
    return {**figures, "lost": sums.lost, "elements": sums.elements}
