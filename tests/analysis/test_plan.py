"""The planner by itself, on made-up networks whose outcome is a formula of the masks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskctl.analysis.metrics import COSINE, SQNR, Comparison
from maskctl.analysis.plan import Goal, MaskPlan, Masks, Outcome, Planner

SIGNAL = 1e6


class Made:
    """Layers that each add their noise unless masked; those in `broken` make everything NaN unless masked."""

    def __init__(self, noise: Mapping[int, float], broken: Sequence[int] = (), floor: float = 0.0) -> None:
        self.noise, self.broken, self.floor = noise, broken, floor
        self.trials: list[dict[int, int]] = []

    def evaluate(self, masks: Masks) -> Outcome:
        """One output; the source of NaN is the first broken layer without a mask."""
        self.trials.append(dict(masks))
        total = self.floor + math.fsum(noise for index, noise in self.noise.items() if index not in masks)
        sources = tuple(index for index in self.broken if index not in masks)[:1]
        return Outcome({"out": Comparison(signal=SIGNAL, noise=total, lost=len(sources))}, sources)

    def repair(self, index: int, masks: Masks) -> int | None:
        """Bit 1, once."""
        return 1 if index in self.noise and index not in masks else None

    def plan(self, target_db: float, ranked: Sequence[int] | None = None) -> MaskPlan:
        """The plan for a target; the ranking is by noise unless given."""
        order = sorted(self.noise, key=lambda index: -self.noise[index]) if ranked is None else ranked
        return Planner(Goal(((SQNR, target_db),)), self.evaluate, self.repair, order).plan()


def db(noise: float) -> float:
    """The SQNR of this much noise."""
    return 10 * math.log10(SIGNAL / noise)


def test_nothing_to_do() -> None:
    """Where the goal is reached already there are no masks, and one trial was enough."""
    made = Made({1: 1.0, 2: 1.0})
    plan = made.plan(db(2.0))
    assert ({}, True, [{}]) == (plan.masks, plan.reached, made.trials)
    assert plan.before is plan.after


def test_worst_first() -> None:
    """The layers with the most noise are masked, no more than needed."""
    plan = Made({1: 1.0, 2: 100.0, 3: 10.0, 4: 0.1}).plan(db(2.0))
    assert ({2: 1, 3: 1}, True) == (plan.masks, plan.reached)
    assert db(1.1) == pytest.approx(plan.after.worst_sqnr_db)


def test_drops_what_a_wrong_ranking_added() -> None:
    """Where the ranking puts harmless layers first, their masks are dropped again."""
    plan = Made({1: 0.1, 2: 0.1, 3: 100.0, 4: 0.1}).plan(db(1.0), ranked=[1, 2, 4, 3])
    assert ({3: 1}, True) == (plan.masks, plan.reached)


def test_sources_first() -> None:
    """Layers where NaN begins are masked first, one after another, whatever their rank, and nothing else is."""
    made = Made({1: 1.0, 2: 5.0, 3: 2.0, 4: 9.0}, broken=[1, 3])
    plan = made.plan(0.0)
    assert ({1: 1, 3: 1}, True) == (plan.masks, plan.reached)
    assert [{}, {1: 1}, {1: 1, 3: 1}] == made.trials[:3]
    assert math.isnan(plan.before.worst_sqnr_db)


def test_sources_and_then_the_ranking() -> None:
    """When curing NaN is not enough, the ranking goes on from there."""
    plan = Made({1: 1.0, 2: 50.0, 3: 2.0, 4: 9.0}, broken=[3]).plan(db(11.0))
    assert ({2: 1, 3: 1}, True) == (plan.masks, plan.reached)


def test_out_of_reach() -> None:
    """An unreachable goal gives the fewest masks within half a dB of the best, and says so."""
    plan = Made({1: 1000.0, 2: 100.0, 3: 0.01, 4: 0.001}, floor=10.0).plan(db(1.0))
    assert ({1: 1, 2: 1}, False) == (plan.masks, plan.reached)
    assert db(10.0) - 0.5 <= plan.after.worst_sqnr_db


def test_incurable() -> None:
    """NaN that no mask cures leaves no masks: those that would not help are not proposed."""
    made = Made({1: 1.0, 2: 5.0}, broken=[1, 7])
    plan = made.plan(0.0)
    assert ({}, False) == (plan.masks, plan.reached)
    assert math.isnan(plan.after.worst_sqnr_db)


def test_out_of_reach_without_masks() -> None:
    """Where there is nothing to mask the plan is empty and not reached."""
    assert ({}, False) == ((plan := Made({}, floor=10.0).plan(db(1.0))).masks, plan.reached)


def test_every_output_counts() -> None:
    """A goal is reached when each output reaches each of its targets."""
    good, poor = Comparison(signal=1.0, noise=1e-6, dot=1.0, actual_energy=1.0), Comparison(signal=1.0, noise=1e-2)
    goal = Goal(((SQNR, 40.0), (COSINE, 0.9)))
    assert goal.reached(Outcome({"a": good, "b": good}))
    assert not goal.reached(Outcome({"a": good, "b": poor}))
    assert not goal.reached(Outcome({"a": good, "b": Comparison(lost=1)}))
    assert ("SQNR 40 dB and cosine 0.9", 20.0) == (str(goal), Outcome({"a": good, "b": poor}).worst_sqnr_db)


def test_no_trial_twice() -> None:
    """No set of masks is run twice."""
    made = Made({index: float(index) for index in range(1, 12)}, broken=[4], floor=0.5)
    made.plan(db(3.0))
    tried = [tuple(sorted(masks.items())) for masks in made.trials]
    assert len(set(tried)) == len(tried)


def test_bits_that_are_not_needed_are_dropped() -> None:
    """A layer that climbed several steps keeps only the bits it needs: here bit 2 cures, and bit 1 on the way does not."""

    def evaluate(masks: Masks) -> Outcome:
        return Outcome({"out": Comparison(signal=SIGNAL, noise=0.0 if masks.get(3, 0) & 2 else 1e9)})

    def repair(index: int, masks: Masks) -> int | None:
        return {0: 1, 1: 3}.get(masks.get(index, 0))

    assert {3: 2} == Planner(Goal(((SQNR, 40.0),)), evaluate, repair, [1, 2, 3]).plan().masks


@given(
    st.dictionaries(st.integers(0, 8), st.floats(0.001, 1000), min_size=1, max_size=6),
    st.floats(0.0001, 3000),
)
def test_fewest(noise: dict[int, float], allowed: float) -> None:
    """Where layers only add noise the plan has as few masks as any set that reaches the goal."""
    made = Made(noise)
    plan = made.plan(db(allowed))
    goal = Goal(((SQNR, db(allowed)),))
    sizes = (
        size
        for size in range(len(noise) + 1)
        for chosen in itertools.combinations(noise, size)
        if goal.reached(made.evaluate(dict.fromkeys(chosen, 1)))
    )
    assert (True, next(sizes)) == (plan.reached, len(plan.masks))


@given(st.data())
def test_one_minimal(data: st.DataObject) -> None:
    """For any goal that more masks never miss, the plan reaches it, and without any one of its masks does not."""
    count = data.draw(st.integers(1, 8))
    layers = list(range(count))
    enough = data.draw(st.lists(st.sets(st.sampled_from(layers)), min_size=1, max_size=4))

    def evaluate(masks: Masks) -> Outcome:
        reached = any(chosen <= set(masks) for chosen in enough)
        return Outcome({"out": Comparison(signal=1.0, noise=0.0 if reached else 1.0)})

    def repair(index: int, masks: Masks) -> int | None:
        return None if index in masks else 1

    goal = Goal(((SQNR, 40.0),))
    plan = Planner(goal, evaluate, repair, data.draw(st.permutations(layers))).plan()
    assert plan.reached
    assert goal.reached(evaluate(plan.masks))
    for index in plan.masks:
        assert not goal.reached(evaluate({key: mask for key, mask in plan.masks.items() if key != index}))
