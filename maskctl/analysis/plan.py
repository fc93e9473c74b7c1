"""Which masks to propose: as few as reach the target, each of them one the engine honours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from maskctl.analysis.metrics import COSINE, SQNR, Comparison, Metric

Masks = Mapping[int, int]
Repair = Callable[[int, Masks], int | None]

_NEAR_BEST_DB = 0.5
_RUNGS = 3
"""Steps a layer can take: no winograd, fp32 sums, 32-bit storage."""


@dataclass(frozen=True)
class Goal:
    """What every output must reach: pairs of a metric and its target; and what the user's own score must, if there is one."""

    targets: tuple[tuple[Metric, float], ...]
    least_score: float | None = None

    def reached(self, outcome: Outcome) -> bool:
        """True when every output reaches every target, and so does the score; NaN reaches none."""
        if self.least_score is not None and not (outcome.score is not None and outcome.score >= self.least_score):
            return False
        return all(metric.reaches(sums, target) for sums in outcome.outputs.values() for metric, target in self.targets)

    def __str__(self) -> str:
        words = [metric.words.format(f"{target!r}".removesuffix(".0")) for metric, target in self.targets]
        return " and ".join(words + ([] if self.least_score is None else [f"the check's {self.least_score:g}"]))


DEFAULT_GOAL = Goal(((COSINE, 0.999),))


@dataclass(frozen=True)
class Outcome:
    """The outputs of one lowered run against fp32, and the layers where the non-finite begins; the user's score of it."""

    outputs: Mapping[str, Comparison]
    sources: tuple[int, ...] = ()
    score: float | None = None

    @property
    def worst_sqnr_db(self) -> float:
        """The SQNR of the worst output; NaN when one has lost elements."""
        return SQNR.of(min(self.outputs.values(), key=SQNR.worst_first))


Evaluate = Callable[[Masks], Outcome]


@dataclass(frozen=True)
class MaskPlan:
    """New masks by layer index, the outcome without and with them, and whether the goal is reached with them."""

    masks: Masks
    before: Outcome
    after: Outcome
    reached: bool


@dataclass
class Planner:
    """Searches for masks: first where the non-finite begins, then by rank, then one by one out again.

    `evaluate` runs the lowered network under changed masks, `repair` gives the mask one step gentler to a layer's
    values (None when there is none), `ranked` holds layer indices from the greatest loss to the least, `start` the
    masks there are before.
    """

    goal: Goal
    evaluate: Evaluate
    repair: Repair
    ranked: Sequence[int]
    start: Masks = field(default_factory=dict)
    _seen: dict[tuple[tuple[int, int], ...], Outcome] = field(default_factory=dict)

    def plan(self) -> MaskPlan:
        """The plan; without any mask where the goal is reached already.

        Where no set reaches the goal, the plan comes within half a dB of the best that was found.
        """
        before = self._run({})
        if self.goal.reached(before):
            return MaskPlan({}, before, before, reached=True)
        cured = self._cure_sources()
        masks = self._grow(cured, self.goal)
        if masks is None:
            return self._near_best(cured, before)
        masks = self._shrink(masks, self.goal)
        return MaskPlan(masks, before, self._run(masks), reached=True)

    def _run(self, masks: Masks) -> Outcome:
        key = tuple(sorted(masks.items()))
        if key not in self._seen:
            self._seen[key] = self.evaluate(masks)
        return self._seen[key]

    def _cure_sources(self) -> Masks:
        """Masks for the layers where the non-finite begins, one after another until none is left or none can be cured."""
        masks: dict[int, int] = {}
        while True:
            fixes = {
                index: mask for index in self._run(masks).sources if (mask := self.repair(index, masks)) is not None
            }
            if not fixes:
                return masks
            masks.update(fixes)

    def _grow(self, masks: Masks, goal: Goal) -> Masks | None:
        """The fewest steps up the ladder that reach the goal on top of `masks`, found by doubling and halving."""
        longest = _RUNGS * len(self.ranked)
        if goal.reached(self._run(masks)):
            return masks
        low, high = 0, 1
        while high < longest and not goal.reached(self._run(self._with(masks, high))):
            low, high = high, 2 * high
        high = min(high, longest)
        if not goal.reached(self._run(self._with(masks, high))):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if goal.reached(self._run(self._with(masks, middle))):
                high = middle
            else:
                low = middle
        return self._with(masks, high)

    def _with(self, masks: Masks, count: int) -> Masks:
        """`masks` and `count` steps up the ladder: one repair for each ranked layer in turn, then a second, and so on.

        Within a turn layers are repaired in file order, so that 32-bit storage can build up from the inputs.
        """
        grown = dict(masks)
        for turn in range(_RUNGS):
            for index in sorted(self.ranked[: max(0, count - turn * len(self.ranked))]):
                if turn == 0 and index in masks:
                    continue
                mask = self.repair(index, grown)
                if mask is not None:
                    grown[index] = mask
        return grown

    def _shrink(self, masks: Masks, goal: Goal) -> Masks:
        """`masks` without every mask, and every added bit, that is not needed: dropping any more misses the goal."""
        rank = {index: place for place, index in enumerate(self.ranked)}
        kept = dict(masks)
        dropped = True
        while dropped:
            dropped = False
            for index in sorted(kept, key=lambda index: -rank.get(index, -1)):
                for less in self._less(kept, index):
                    if goal.reached(self._run(less)):
                        kept, dropped = less, True
                        break
        return kept

    def _less(self, masks: Masks, index: int) -> Iterator[dict[int, int]]:
        """`masks` without the one of this layer, then with each of its added bits left out."""
        without = {key: mask for key, mask in masks.items() if key != index}
        yield without
        added = [1 << bit for bit in range(31) if (masks[index] & ~self.start.get(index, 0)) >> bit & 1]
        if len(added) > 1:
            yield from ({**without, index: masks[index] & ~bit} for bit in added)

    def _near_best(self, cured: Masks, before: Outcome) -> MaskPlan:
        everything = self._with(cured, _RUNGS * len(self.ranked))
        best = min((everything, cured, {}), key=lambda masks: _worse(self._run(masks)))
        best_db = self._run(best).worst_sqnr_db
        if math.isnan(best_db) or not best:  # still NaN: no mask known to maskctl helps
            return MaskPlan({}, before, before, reached=False)
        near = Goal(((SQNR, best_db - _NEAR_BEST_DB),))
        masks = self._shrink(self._grow(cured, near) or best, near)
        return MaskPlan(masks, before, self._run(masks), reached=False)


def _worse(outcome: Outcome) -> tuple[bool, float]:
    value = outcome.worst_sqnr_db
    return (math.isnan(value), 0.0 if math.isnan(value) else -value)
