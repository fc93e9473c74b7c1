"""The least that any plan of masks costs, where more masks never lose accuracy: what layers that alone miss the goal must pay."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from maskctl.analysis.sets import Masks
from maskctl.featmask import subsets


class Chains(Protocol):
    """Layers whose bits are only honoured together."""

    def bits(self, index: int) -> Masks:
        """The bits, by layer, that a layer's bit comes with, its own among them."""

    def is_taken(self, index: int, place: int) -> bool:
        """True where the layer's bit is not honoured without that of the layer `place`, whatever else is masked."""


class Alone:
    """No bit needs another one."""

    def bits(self, _index: int) -> Masks:
        """Nothing else."""
        return {}

    def is_taken(self, _index: int, _place: int) -> bool:
        """No layer."""
        return False


@dataclass(frozen=True)
class Bound:
    """What any plan pays, by layer and mask: `changes` that it is made of, `start` the masks there are, `planned` a plan.

    `least` is what a layer adds at least under a mask, whatever masks the others have, `reached` whether masks reach the goal.
    """

    changes: Sequence[Masks]
    start: Masks
    planned: Masks
    least: Callable[[int, int], float]
    reached: Callable[[Masks], bool]
    chains: Chains

    def of(self, needed: Mapping[int, Sequence[Masks]], enough: float) -> float:
        """The least that all layers pay where those of `needed` must carry a mask; with each the masks of all others.

        What is more than `enough` counts as that.

        Either no layer of `needed` has a bit that comes only with those of others, or one of them has, and then all that
        its bit is not honoured without have theirs: the cheapest of these cases.
        """
        gentle = {index: self._cheapest_alone(index, others) for index, others in needed.items()}
        joint = {index: self._cheapest_with(index, self._bits(index) & ~self._bits_alone(index)) for index in needed}
        paid = {index: min(self._prices(index).values()) for index in self._layers()}
        without = min(math.fsum({**paid, **gentle}.values()), enough)
        paid.update({index: min(gentle[index], joint[index]) for index in needed})
        chained = [self._chained(paid, index, joint[index], without) for index in needed if math.isfinite(joint[index])]
        return min([without, *chained])

    def _chained(self, paid: Mapping[int, float], index: int, joint: float, enough: float) -> float:
        """What all layers pay where one has a bit of a chain, counted until it is `enough`."""
        cost = math.fsum({**paid, index: joint}.values())
        more = {
            place: self._cheapest_with(place, bit) - paid[place]
            for place, bit in self.chains.bits(index).items()
            if place != index and place in paid
        }
        for place in sorted(more, key=lambda place: -more[place]):
            if cost >= enough or more[place] <= 0:
                break
            if math.isfinite(more[place]) and self.chains.is_taken(index, place):
                cost += more[place]
        return cost

    def _cheapest_alone(self, index: int, others: Sequence[Masks]) -> float:
        """What the layer pays at least under a mask of its own that reaches the goal where all others are masked.

        What a mask misses, its parts miss too; what the planned one reaches, one with more bits reaches too.
        """
        alone, planned = self._bits_alone(index), self.planned.get(index, 0)
        prices = {mask: price for mask, price in self._prices(index).items() if not mask & ~alone}
        missed: list[int] = []
        for mask in sorted(prices, key=lambda mask: (prices[mask], -mask.bit_count())):
            if any(mask | more == more for more in missed):
                continue
            if (planned and mask | planned == mask) or any(self.reached({**masks, index: mask}) for masks in others):
                return prices[mask]
            missed.append(mask)
        return math.inf

    def _cheapest_with(self, index: int, bits: int) -> float:
        """What the layer pays at least under a mask with one of these bits."""
        return min((price for mask, price in self._prices(index).items() if mask & bits), default=math.inf)

    def _prices(self, index: int) -> dict[int, float]:
        """What the layer adds at least, under every mask that changes or the plan can give it, and the one it has."""
        now, planned = self.start.get(index, 0), self.planned.get(index, 0)
        bits = (self._bits(index) | planned) & ~now
        return {mask | more: self.least(index, mask | more) for mask in (now, planned or now) for more in subsets(bits)}

    def _bits(self, index: int) -> int:
        """All bits that changes give the layer."""
        return functools.reduce(int.__or__, (change.get(index, 0) for change in self.changes), 0)

    def _bits_alone(self, index: int) -> int:
        """Those that come without other layers, and what it has."""
        own = (change[index] for change in self.changes if [*change] == [index])
        return functools.reduce(int.__or__, own, self.start.get(index, 0))

    def _layers(self) -> set[int]:
        return {*self.start, *(index for change in self.changes for index in change)}
