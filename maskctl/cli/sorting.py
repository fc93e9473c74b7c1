"""Orders of the table of layers: by a column, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskctl.analysis.analyze import LayerReport
    from maskctl.analysis.metrics import Comparison

WORST = "loss"


def _sqnr(sums: Comparison) -> tuple[bool, float]:
    from maskctl.analysis.metrics import SQNR

    return SQNR.worst_first(sums)


def _cosine(sums: Comparison) -> tuple[bool, float]:
    from maskctl.analysis.metrics import COSINE

    return COSINE.worst_first(sums)


_KEYS: Mapping[str, Callable[[LayerReport], Any]] = {
    WORST: lambda _: 0,  # as the analysis ranks them
    "index": lambda row: row.layer.index,
    "layer": lambda row: row.layer.name,
    "type": lambda row: row.layer.type,
    "layer-db": lambda row: _sqnr(row.loss.layerwise),
    "layer-cos": lambda row: _cosine(row.loss.layerwise),
    "graph-db": lambda row: _sqnr(row.loss.graphwise),
    "graph-cos": lambda row: _cosine(row.loss.graphwise),
    "largest": lambda row: -row.loss.graphwise.largest,
    "lost": lambda row: -row.loss.graphwise.lost,
    "mask": lambda row: (row.mask == row.proposed, not row.proposed),
    "reason": lambda row: row.reason,
}
"""The key by which a column sorts the worst first; names, types and reasons by the alphabet, new masks before old ones."""

COLUMNS = tuple(_KEYS)


def by_column(rows: Sequence[LayerReport], column: str) -> tuple[LayerReport, ...]:
    """The rows in the order of a column; equal ones stay as they are ranked."""
    return tuple(sorted(rows, key=_KEYS[column]))
