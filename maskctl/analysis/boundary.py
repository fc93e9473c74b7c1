"""Where 32-bit storage is safe: closed sets of layers, so that every one of them gets its inputs in 32 bits.

The engine converts a layer's inputs by that layer's own masked options, so bits 2 and 4 are honoured only where all inputs
are 32-bit at run time: from the inputs on, behind layers without 16-bit storage, or behind layers that carry the bit too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maskctl import featmask
from maskctl.graph.network import Graph
from maskctl.kernels.packing import Options
from maskctl.targets import Target
from maskctl.targets.storage import STORAGE_BIT, Step, hazards_of_change, steps

STORAGE_BITS = featmask.NO_FP16_STORAGE | featmask.NO_BF16_STORAGE


def closed_set(
    graph: Graph, target: Target, options: Options, masks: Sequence[int], index: int
) -> Mapping[int, int] | None:
    """The smallest change of masks that keeps one layer in 32 bits safely, or None where it is already or cannot be.

    All that the layer's 16-bit inputs come from carries the bit with it, so that the branches of a layer that joins them are
    decided together. It cannot be where that would have a masked layer, which hands on what arrives, read two formats at once.
    """
    ways = steps(graph, target, options, masks)
    changed: dict[int, int] = {}
    waiting = [index]
    while waiting:
        place = waiting.pop()
        bit = _bit(ways[place])
        if place in changed or not bit:
            continue
        changed[place] = masks[place] | bit
        waiting += [
            graph.producer[bottom]
            for bottom, arrives in zip(graph.layers[place].bottoms, ways[place].arrives, strict=True)
            if arrives in STORAGE_BIT
        ]
    raised = [changed.get(place, mask) for place, mask in enumerate(masks)]
    return None if not changed or hazards_of_change(graph, target, masks, raised, changed) else changed


@dataclass(frozen=True)
class Storage:
    """Which bits of 32-bit storage need which others, in a network with these masks."""

    graph: Graph
    target: Target
    options: Options
    masks: Sequence[int]

    def bits(self, index: int) -> Mapping[int, int]:
        """What the closed set of a layer adds to the masks, empty where there is none."""
        closed = closed_set(self.graph, self.target, self.options, self.masks, index) or {}
        return {place: mask & ~self.masks[place] for place, mask in closed.items()}

    def is_taken(self, index: int, place: int) -> bool:
        """True where the engine does not honour the bit of a layer without that of `place`.

        One that may hand 16 bits on under it takes nothing.
        """
        if self.target.supports(self.graph.layers[index]).by_elemsize:
            return False
        added = {other: bits for other, bits in self.bits(index).items() if other != place}
        raised = [mask | added.get(other, 0) for other, mask in enumerate(self.masks)]
        return bool(hazards_of_change(self.graph, self.target, self.masks, raised))


def _bit(step: Step) -> int:
    """The bit that keeps the layer in 32 bits, 0 where it is; of an unsafe mask the bit that it has already."""
    if step.hazard:
        return step.hazard.bit
    if step.broken:
        return featmask.NO_BF16_STORAGE
    return STORAGE_BIT.get(step.stored) or STORAGE_BIT.get(step.weights, 0)
