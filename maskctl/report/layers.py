"""The layers of a network as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from maskctl import featmask
from maskctl.graph.network import Layer
from maskctl.graph.operators import LayerFacts
from maskctl.report.unsafe import UnsafeMask, unsafe_masks

SCHEMA = 1


def to_json(
    path: str,
    rows: Sequence[tuple[Layer, LayerFacts, int | None]],
    weights_from: str,
    unsafe: Sequence[UnsafeMask] = (),
) -> dict[str, Any]:
    """Layers with shapes, multiply-adds and weight bytes, null where unknown; `unsafe` are masks of the file."""
    return {
        "schema": SCHEMA,
        "model": path,
        "weight_bytes_from": weights_from,
        "layers": [
            {
                "index": layer.index,
                "type": layer.type,
                "name": layer.name,
                "bottoms": list(layer.bottoms),
                "tops": list(layer.tops),
                "shapes": None if known.shapes is None else [list(shape) for shape in known.shapes],
                "shapes_are_bounds": known.bounds,
                "problem": known.problem,
                "macs": known.macs,
                "activation_bytes": None if known.activation_elements is None else 4 * known.activation_elements,
                "weight_bytes": weight_bytes,
                "mask": layer.mask,
                "mask_words": featmask.words(layer.mask),
            }
            for layer, known, weight_bytes in rows
        ],
        "unsafe": unsafe_masks(unsafe),
    }
