"""Which masks to propose: a set that costs as little as was found and reaches the target, each one honoured by the engine."""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from maskctl.analysis.bound import Alone, Bound, Chains
from maskctl.analysis.goal import Goal, Outcome, best_first
from maskctl.analysis.metrics import SQNR
from maskctl.analysis.sets import Key, Masks, doubled, key_of, with_bits, without
from maskctl.featmask import NO_WINOGRAD, single_bits

Repair = Callable[[int, Masks], Masks | None]

_NEAR_BEST_DB = 0.5
_NEAR_BUDGET_DB = 0.05
"""What a plan may be worse than the best one found, where that saves masks."""
_MOST_BOUND_TRIALS = 24
_MOST_SWAP_TRIALS = 24
_MOST_TRADED = 32
_MOST_REFILLS = 6
"""Trials that bound a plan, trials that trade masks of a plan, changes looked at for a trade, and trades at one budget."""


Evaluate = Callable[[Masks], Outcome]


def unheard(_masks: Iterable[Masks]) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class FrontPoint:
    """Masks that nothing cheaper was found to be as good as: what they add, in microseconds, and their outcome."""

    masks: Masks
    cost: float
    outcome: Outcome


@dataclass(frozen=True)
class MaskPlan:
    """New masks by layer index, the outcome without and with them, and whether the goal is reached with them.

    `bound` is what any set that reaches the goal costs at least, where more masks never lose accuracy: the cheapest masks
    of the layers that must carry one and, for bits that are only honoured together with those of others, of these, without
    casts that masks of their neighbours spare, less what masks of the others can save; None where it was not looked for.
    `needed` are the layers that must carry one, with the best outcome where all others do. `interrupted` is true where the
    search was broken off, and the plan is the best until then. `without` is the outcome without each one of the masks, by
    layer index, where it was asked for.
    """

    masks: Masks
    before: Outcome
    after: Outcome
    reached: bool
    bound: float | None = None
    needed: Mapping[int, Outcome] = field(default_factory=dict)
    front: tuple[FrontPoint, ...] = ()
    interrupted: bool = False
    without: Mapping[int, Outcome] = field(default_factory=dict)


def count_of_masks(masks: Masks) -> float:
    """Every mask costs the same."""
    return len(masks)


@dataclass
class Planner:
    """Searches for masks: first where the non-finite begins, then by score, then one by one out again.

    `evaluate` runs the lowered network under changed masks, `repair` gives the masks that are one step gentler to a
    layer's values (None when there are none), `changes` holds the bits to add by layer index, those first that give most
    for their cost, `start` the masks there are before, `added` what masks cost, `least` what a layer adds to that at least
    under a mask, whatever masks the others have (without it there is no bound), `chains` which bits need others. With `budgets`, each
    greater than the one before, the plan is the best found that costs no more than the last, whether it reaches the goal
    or not: each one is filled, so that a longer list finds nothing worse, but for the 0.05 dB that masks are saved for. At those
    of `traded`, which must be among them, masks of the best so far are traded for others too. `ahead` is told which sets will
    come next where a search goes on as it mostly does. `best` of those that were run so far is the cheapest that reaches the goal,
    else the best; within a budget the best that it buys.
    """

    goal: Goal
    evaluate: Evaluate
    repair: Repair
    changes: Sequence[Masks]
    start: Masks = field(default_factory=dict)
    added: Callable[[Masks], float] = count_of_masks
    budgets: Sequence[float] = ()
    traded: Sequence[float] = ()
    least: Callable[[int, int], float] | None = None
    chains: Chains = field(default_factory=Alone)
    ahead: Callable[[Iterable[Masks]], None] = unheard
    best: FrontPoint | None = field(default=None, init=False)
    _seen: dict[Key, Outcome] = field(default_factory=dict)
    _prices: dict[Key, float] = field(default_factory=dict)

    def plan(self, *, front: bool = False, gains: bool = False) -> MaskPlan:
        """The plan; without any mask where the goal is reached already.

        Where no set reaches the goal, the plan comes within half a dB of the best that was found. `front` asks for the
        trade of cost against accuracy as well, `gains` for what is left without each one mask, most of which a search tries
        anyway. An interrupt from the keyboard gives the best plan known by then.
        """
        before = self._run({})
        try:
            found = self._bounded(self._searched(before, every_step=front))
            found = replace(found, front=self._front()) if front else found
            return replace(found, without=self._without_each(found.masks)) if gains else found
        except KeyboardInterrupt:
            return self._best_known(before)

    def _searched(self, before: Outcome, *, every_step: bool) -> MaskPlan:
        if self.budgets:
            return self._within_budget(before, self.budgets if every_step else self._worth_filling())
        if self.goal.reached(before):
            return MaskPlan({}, before, before, reached=True)
        cured = self._cure_sources()
        masks = self._grow(cured, self.goal) or self._grow({}, self.goal)
        if masks is None:
            return self._near_best(cured, before)
        masks = self._swapped(self._shrink(masks, self.goal))
        return MaskPlan(masks, before, self._run(masks), reached=True)

    def _without_each(self, masks: Masks) -> dict[int, Outcome]:
        self._say(without(masks, index) for index in sorted(masks))
        return {index: self._run(without(masks, index)) for index in sorted(masks)}

    def _run(self, masks: Masks) -> Outcome:
        key = key_of(masks)
        if key not in self._seen:
            found = FrontPoint(dict(masks), self._cost(masks), self.evaluate(masks))
            self._seen[key] = found.outcome
            self.best = found if self.best is None else min(self.best, found, key=self._best_first)
        return self._seen[key]

    def _best_first(self, point: FrontPoint) -> tuple[object, ...]:
        """A sort key: the cheapest of those that reach the goal, then the best; within a budget the best that it buys."""
        price, quality = round(point.cost, 6), best_first(point.outcome)
        if self.budgets:
            return point.cost > self.budgets[-1], *quality, price, len(point.masks)
        is_far = not self.goal.reached(point.outcome)
        return is_far, *((*quality, price) if is_far else (price, *quality)), len(point.masks)

    def _say(self, coming: Iterable[Masks]) -> None:
        """Tells of these sets, the first to come first, those that were not run."""
        self.ahead(masks for masks in coming if key_of(masks) not in self._seen)

    def _reached(self, masks: Masks) -> bool:
        return self.goal.reached(self._run(masks))

    def _cost(self, masks: Masks) -> float:
        key = key_of(masks)
        if key not in self._prices:
            self._prices[key] = self.added(masks)
        return self._prices[key]

    def _cure_sources(self) -> Masks:
        """Masks for the layers where the non-finite begins, one after another until none is left or none can be cured."""
        masks: dict[int, int] = {}
        while True:
            fixes: dict[int, int] = {}
            for index in self._run(masks).sources:
                fixes.update(self.repair(index, masks) or {})
            if not fixes:
                return masks
            masks.update(fixes)

    def _grow(self, masks: Masks, goal: Goal) -> Masks | None:
        """The fewest changes that reach the goal on top of `masks`, found by doubling and halving."""
        longest = len(self.changes)
        if goal.reached(self._run(masks)):
            return masks
        low, high = 0, 1
        self._say(self._with(masks, self.changes[:count]) for count in doubled(longest))
        while high < longest and not goal.reached(self._run(self._with(masks, self.changes[:high]))):
            low, high = high, 2 * high
        high = min(high, longest)
        if not goal.reached(self._run(self._with(masks, self.changes[:high]))):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            self._say(
                self._with(masks, self.changes[:at]) for at in (middle, (low + middle) // 2, (middle + high) // 2)
            )
            if goal.reached(self._run(self._with(masks, self.changes[:middle]))):
                high = middle
            else:
                low = middle
        return self._with(masks, self.changes[:high])

    def _with(self, masks: Masks, changes: Sequence[Masks]) -> dict[int, int]:
        """`masks` with the bits of these changes added."""
        return with_bits(masks, changes, self.start)

    def _shrink(self, masks: Masks, goal: Goal) -> Masks:
        """`masks` without every mask, and every added bit, that is not needed: dropping any more misses the goal."""
        kept = self._dropped(dict(masks), self._by_cost(masks), goal)
        dropped = True
        while dropped:
            dropped = False
            order = self._by_cost(kept)
            for place, index in enumerate(order):
                self._say(less for later in order[place:] for less in self._less(kept, later))
                for less in self._less(kept, index):
                    if goal.reached(self._run(less)):
                        kept, dropped = less, True
                        break
        return kept

    def _dropped(
        self, masks: dict[int, int], layers: Sequence[int], goal: Goal, later: Sequence[Sequence[int]] = ()
    ) -> dict[int, int]:
        """`masks` without those of `layers`, or of halves of them, halved again, that can go together; `later` come others."""
        less, middle = without(masks, *layers), (len(layers) + 1) // 2
        halves = [layers[:middle], layers[middle:]] if len(layers) > 1 else []
        others = [*halves, *later]
        self._say(
            [less, *(without(masks, *half) for half in others[:1]), *(without(less, *some) for some in later[:1])]
        )
        if not layers or goal.reached(self._run(less)):
            return less
        for place, half in enumerate(halves):
            masks = self._dropped(masks, half, goal, others[place + 1 :])
        return masks

    def _by_cost(self, masks: Masks) -> list[int]:
        """The layers of `masks`, those first without which it is cheapest; of equals those that scored least."""
        place = {index: number for number, change in reversed(list(enumerate(self.changes))) for index in change}
        return sorted(masks, key=lambda index: (self._cost(without(masks, index)), -place.get(index, -1)))

    def _less(self, masks: Masks, index: int) -> Iterator[dict[int, int]]:
        """`masks` without the one of this layer, then with each of its added bits left out.

        Where a bit of the layer's own mask was taken away, one added in its place may be needless.
        """
        others, start = without(masks, index), self.start.get(index, 0)
        yield others
        fewer = (masks[index] & ~bit for bit in single_bits(masks[index] & ~start))
        yield from ({**others, index: mask} for mask in fewer if mask != start)

    def _swapped(self, masks: Masks) -> Masks:
        """A plan that costs less, where trading one layer's mask for cheaper changes finds one; 1-minimal like `masks`."""
        trials, best = len(self._seen) + _MOST_SWAP_TRIALS, masks
        for index in reversed(self._by_cost(masks)):
            if index in best and len(self._seen) < trials:
                best = min(best, self._traded(best, index), key=self._cost)
        return best

    def _traded(self, masks: Masks, index: int) -> Masks:
        """`masks` with other, cheaper changes in place of one layer's mask, or as they are."""
        rest, cheaper = without(masks, index), self._cheaper(masks, index)
        longer = [self._with(rest, cheaper[:count]) for count in doubled(len(cheaper))]
        self._say(longer)
        for grown in longer:
            if self._reached(grown):
                return self._shrink(grown, self.goal)
        return masks

    def _cheaper(self, masks: Masks, index: int) -> list[Masks]:
        """Changes that together cost less than one layer's mask, its own first; none with a bit harsher than those in use."""
        rest, limit = without(masks, index), self._cost(masks)
        in_use = NO_WINOGRAD | functools.reduce(int.__or__, masks.values(), 0)
        found: list[Masks] = []
        for change in sorted(self.changes, key=lambda change: index not in change)[:_MOST_TRADED]:
            before, grown = self._with(rest, found), self._with(rest, [*found, change])
            gentle = not any(bits & ~in_use for bits in change.values())
            if gentle and grown != before and self._cost(grown) < limit:
                found.append(change)
        return found

    def _bounded(self, plan: MaskPlan) -> MaskPlan:
        """The plan with the least that any plan costs: what must be paid for layers that alone miss the goal."""
        everything = self._with(plan.masks, self.changes)
        sought = plan.reached and plan.masks and not self.goal.is_finiteness
        if not (sought and self.goal.reached(self._run(everything))):
            return plan
        trials, needed = len(self._seen) + _MOST_BOUND_TRIALS, dict[int, list[dict[int, int]]]()
        order = self._by_cost(plan.masks)
        for place, index in enumerate(order):
            self._say(others for later in order[place:] for others in self._all_but(plan.masks, later))
            all_but = self._all_but(plan.masks, index)
            if len(self._seen) < trials and not any(map(self._reached, all_but)):
                needed[index] = all_but
        bound = None
        if self.least:
            priced = Bound(self.changes, self.start, plan.masks, self.least, self._reached, self.chains)
            bound = priced.of(needed, self._cost(plan.masks))
        at_best = {index: min(map(self._run, needed[index]), key=best_first) for index in sorted(needed)}
        return replace(plan, bound=bound, needed=at_best)

    def _all_but(self, masks: Masks, index: int) -> list[dict[int, int]]:
        """All changes on top of `masks`, and of none, but one layer's."""
        others = [change for change in self.changes if index not in change]
        return [self._with(base, others) for base in (without(masks, index), {})]

    def _near_best(self, cured: Masks, before: Outcome) -> MaskPlan:
        everything = self._with(cured, self.changes)
        best = min((everything, cured, {}), key=lambda masks: best_first(self._run(masks)))
        best_db = self._run(best).worst_sqnr_db
        if math.isnan(best_db) or not best:  # still NaN: no mask known to maskctl helps
            return MaskPlan({}, before, before, reached=False)
        near = Goal(((SQNR, best_db - _NEAR_BEST_DB),))
        masks = self._shrink(self._grow(cured, near) or best, near)
        return MaskPlan(masks, before, self._run(masks), self.goal.reached(self._run(masks)))

    def _worth_filling(self) -> Sequence[float]:
        """The budgets; where the last buys exact outputs, which nothing betters, the least found by halving that does."""
        if not self._is_exact(self.budgets[-1]):
            return self.budgets
        place = bisect.bisect_left(self.budgets, 1, key=self._is_exact)
        return self.budgets[place : place + 1]

    def _is_exact(self, budget: float) -> bool:
        """True where the budget, filled, leaves no output with a difference."""
        return self._run(self._filled(budget)).worst_sqnr_db == math.inf

    def _within_budget(self, before: Outcome, budgets: Sequence[float]) -> MaskPlan:
        """The best that the budgets buy, less what hardly matters."""
        best: Masks = {}
        filled = [self._filled(budget) for budget in budgets]
        for place, budget in enumerate(budgets):
            self._say(filled[place:])
            best = self._better(best, filled[place])
            if budget in self.traded:
                best = self._refilled(best, budget)
        best_db = self._run(best).worst_sqnr_db
        if math.isnan(best_db):
            return MaskPlan({}, before, before, reached=False)
        near = Goal((*self.goal.targets, (SQNR, best_db - _NEAR_BUDGET_DB)))
        masks = self._shrink(best, near if near.reached(self._run(best)) else Goal(near.targets[-1:]))
        if self._cost(masks) > self.budgets[-1]:  # casts at the border of what was dropped
            masks = best
        return MaskPlan(masks, before, self._run(masks), reached=self.goal.reached(self._run(masks)))

    def _better(self, best: Masks, other: Masks) -> Masks:
        """The one whose worst output is better, the first of equals."""
        return min((best, other), key=lambda masks: best_first(self._run(masks)))

    def _filled(self, budget: float) -> Masks:
        """The cure and then changes by score, those that still fit."""
        cured = self._cure_sources()
        return self._filled_up(cured if self._cost(cured) <= budget else {}, self.changes, budget)

    def _filled_up(self, masks: Masks, changes: Sequence[Masks], budget: float) -> Masks:
        """`masks` and of `changes` in their order those that still fit."""
        for change in changes:
            grown = self._with(masks, [change])
            if self._cost(grown) <= budget:
                masks = grown
        return masks

    def _refilled(self, best: Masks, budget: float) -> Masks:
        """The best where one mask after another, the dearest first, makes room for others."""
        order = [*reversed(self._by_cost(best))][:_MOST_REFILLS]
        for place, index in enumerate(order):
            self._say(self._refill(best, later, budget) for later in order[place:])
            if index in best:
                best = self._better(best, self._refill(best, index, budget))
        return best

    def _refill(self, masks: Masks, index: int, budget: float) -> Masks:
        """Others, as far as they fit, in place of one layer's mask."""
        others = [change for change in self.changes if index not in change]
        return self._filled_up(without(masks, index), others, budget)

    def _front(self) -> tuple[FrontPoint, ...]:
        """What a little more cost buys: the plan and longer and longer lists of changes, without those another one beats."""
        cured = self._cure_sources()
        longer = [self._with(cured, self.changes[:count]) for count in doubled(len(self.changes))]
        self._say(longer)
        for masks in longer:
            self._run(masks)
        return self._unbeaten()

    def _unbeaten(self) -> tuple[FrontPoint, ...]:
        """Of all sets that were tried those that are better than everything as cheap, cheapest first."""
        points = [FrontPoint(dict(key), self._cost(dict(key)), outcome) for key, outcome in self._seen.items()]
        points.sort(key=lambda point: (round(point.cost, 6), best_first(point.outcome), len(point.masks)))
        front: list[FrontPoint] = []
        for point in points:
            if not math.isnan(point.outcome.worst_sqnr_db) and (
                not front or point.outcome.worst_sqnr_db > front[-1].outcome.worst_sqnr_db
            ):
                front.append(point)
        return tuple(front)

    def _best_known(self, before: Outcome) -> MaskPlan:
        """The best of all sets that were tried."""
        best = self.best
        if best is None or math.isnan(best.outcome.worst_sqnr_db):
            return MaskPlan({}, before, before, reached=False, interrupted=True)
        return MaskPlan(best.masks, before, best.outcome, self.goal.reached(best.outcome), interrupted=True)
