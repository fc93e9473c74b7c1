"""Masks the engine does not honour as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from maskctl.graph.network import Layer


class UnsafeMask(Protocol):
    """What is told of such a mask: a `Hazard` of targets."""

    @property
    def layer(self) -> Layer:
        """The layer whose mask it is."""

    @property
    def bit(self) -> int:
        """The bit that is not honoured."""

    @property
    def blob(self) -> str:
        """The input that arrives in 16 bits."""

    @property
    def safe_mask(self) -> int:
        """The mask to have instead."""


def unsafe_masks(found: Iterable[UnsafeMask]) -> list[dict[str, Any]]:
    """One object per mask, in the order given."""
    return [
        {
            "index": mask.layer.index,
            "name": mask.layer.name,
            "bit": mask.bit,
            "blob": mask.blob,
            "safe_mask": mask.safe_mask,
        }
        for mask in found
    ]
