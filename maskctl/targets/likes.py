"""Layers that are alike: what the tables of a target say of one of them by its line they say of all."""

from __future__ import annotations

from collections.abc import Hashable

from maskctl.graph.network import Layer


def likeness(layer: Layer) -> Hashable:
    """What layers have in common that are alike: their type, how many bottoms and tops, and parameters written alike.

    Networks have the same few lines again and again, but for names. What depends on the shapes that arrive may differ all the same.
    """
    line = layer.line
    return line.type, len(line.bottoms), len(line.tops), line.text[line.end_of_names :]
