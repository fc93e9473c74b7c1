"""Changes of masks that are worth a trial, those first that give most for what they cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from maskctl import featmask
from maskctl.analysis.alone import worst
from maskctl.analysis.boundary import STORAGE_BITS, closed_set
from maskctl.analysis.cost import Costs
from maskctl.analysis.metrics import Comparison
from maskctl.analysis.sensitivity import LayerLoss
from maskctl.executor.policy import Policy
from maskctl.graph.model import Model

_LEAST_SHARE = 1e-6
"""Of the network's time: what is cheaper counts as this much, so that a gain over nothing stays a number."""

_UNSEEN = 1e-30
"""The gain of a change that helps a layer's own output and none of the network's: less than any that can be measured."""


@dataclass(frozen=True)
class Candidate:
    """Bits to add, by layer index, that are decided together.

    `gain` is the noise over signal that it takes away, infinite where elements were lost: at the network's outputs where the
    effect of each layer alone was measured, else at the outputs of its layers. `cost` is in microseconds. Both count from the
    same layer's gentler candidate on, where that has the better score.
    """

    bits: Mapping[int, int]
    gain: float
    cost: float

    @property
    def is_storage(self) -> bool:
        """True for 32-bit storage."""
        return any(bit & STORAGE_BITS for bit in self.bits.values())

    @property
    def score(self) -> float:
        """Gain per microsecond."""
        return self.gain / self.cost


def unheard(_layers: int) -> None:
    """Nobody listens."""


def candidates(
    model: Model,
    policy: Policy,
    losses: Sequence[LayerLoss],
    costs: Costs,
    *,
    storage: bool = True,
    weighed: Callable[[int], None] = unheard,
) -> tuple[Candidate, ...]:
    """All candidates, best score first; `storage` allows bits 2 and 4, for sets in which every input arrives in 32 bits.

    These come last: bits 64 and 1 hold wherever a layer is moved to, and under Vulkan compute too. They take time that grows
    with the square of the network; `weighed` is told for how many layers they are known.
    """
    least = _LEAST_SHARE * (costs.total({}) or 1.0)
    masks = policy.all_masks(model)

    def price(bits: Mapping[int, int]) -> float:
        return max(least, costs.added({index: masks[index] | bit for index, bit in bits.items()}))

    noise = {loss.op.layer.index: _gain(loss, "whole") for loss in losses}
    found = [candidate for loss in losses for candidate in _of_sums(loss, masks, policy, price, least)]
    found += [
        Candidate(together, math.fsum(noise.get(index, 0.0) for index in together), price(together))
        for together in (_closed_sets(model, policy, losses, masks, weighed) if storage else ())
    ]
    found = [candidate for candidate in found if candidate.gain > 0]
    return tuple(sorted(found, key=lambda candidate: (candidate.is_storage, -candidate.score)))


def _of_sums(
    loss: LayerLoss, masks: Sequence[int], policy: Policy, price: Callable[[Mapping[int, int]], float], least: float
) -> Iterator[Candidate]:
    """No winograd, then fp32 sums."""
    index = loss.op.layer.index
    gentler: Candidate | None = None
    plain, stored = loss.layerwise_no_winograd, loss.layerwise_storage
    if plain.elements and policy.target.winograd_rounds and not masks[index] & featmask.NO_WINOGRAD:
        bits = {index: featmask.NO_WINOGRAD}
        gentler = Candidate(bits, _gain(loss, "whole", "no_winograd"), price(bits))
        yield gentler
    if stored.elements and not masks[index] & featmask.NO_FP16_ARITHMETIC:
        bits = {index: featmask.NO_FP16_ARITHMETIC}
        whole = Candidate(bits, _gain(loss, "whole", "storage"), price(bits))
        if gentler is None or gentler.score < whole.score:
            yield whole
        else:
            yield Candidate(bits, _gain(loss, "no_winograd", "storage"), max(least, whole.cost - gentler.cost))


def _closed_sets(
    model: Model, policy: Policy, losses: Sequence[LayerLoss], masks: Sequence[int], weighed: Callable[[int], None]
) -> Iterator[Mapping[int, int]]:
    """The bits of 32-bit storage for each layer and all that it needs, every set once."""
    seen = set[frozenset[int]]()
    for number, loss in enumerate(losses, 1):
        weighed(number)
        together = closed_set(model.graph, policy.target, policy.options, masks, loss.op.layer.index)
        if together and frozenset(together) not in seen:
            seen.add(frozenset(together))
            yield {place: mask & ~masks[place] for place, mask in together.items()}


def _gain(loss: LayerLoss, before: str, after: str = "") -> float:
    """What goes away from one kind of loss to another, or to none; of the worst output where the layer was lowered alone.

    What outputs do not show to help, and the layer's own output does, comes last.
    """
    own = _less(*(relative_noise(loss.of_kind(kind)) if kind else 0.0 for kind in (before, after)))
    if not loss.alone.get(before) or (after and not loss.alone.get(after)):
        return own
    seen = _less(*(relative_noise(worst(loss.alone[kind])) if kind else 0.0 for kind in (before, after)))
    return seen if seen > 0 else min(own, _UNSEEN)


def relative_noise(sums: Comparison) -> float:
    """Noise energy over signal energy; infinite with a lost element."""
    if sums.lost:
        return math.inf
    return float(sums.noise / sums.signal if sums.signal else sums.noise)


def _less(before: float, after: float) -> float:
    """What goes away; infinite where elements are no longer lost, 0 where they are lost still."""
    if math.isinf(before):
        return 0.0 if math.isinf(after) else math.inf
    return before - after
