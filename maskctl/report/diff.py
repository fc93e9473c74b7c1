"""The difference of two networks as JSON."""

from __future__ import annotations

from typing import Any

from maskctl.graph.network import Layer
from maskctl.lock.diff import Change, Difference

SCHEMA = 1


def to_json(before: str, after: str, found: Difference) -> dict[str, Any]:
    """All that changed, with ncnn's names of parameters where they are known."""
    return {
        "schema": SCHEMA,
        "before": before,
        "after": after,
        "equal": found.is_nothing,
        "removed": [_layer(layer) for layer in found.removed],
        "added": [_layer(layer) for layer in found.added],
        "changed": [
            {
                "before": _layer(pair.before),
                "after": _layer(pair.after),
                "changes": [_change(change) for change in pair.changes],
            }
            for pair in found.changed
        ],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {"index": layer.index, "name": layer.name, "type": layer.type}


def _change(change: Change) -> dict[str, Any]:
    said = [list(value) if isinstance(value, tuple) else value for value in (change.before, change.after)]
    return {"what": change.what, "id": change.id, "name": change.name or None, "before": said[0], "after": said[1]}
