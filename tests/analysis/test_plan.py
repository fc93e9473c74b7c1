"""The planner by itself, on made-up networks whose outcome is a formula of the masks."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskctl.analysis.budget import steps, traded_steps
from maskctl.analysis.goal import Goal, Outcome
from maskctl.analysis.metrics import COSINE, SQNR, Comparison
from maskctl.analysis.plan import MaskPlan, Planner
from maskctl.analysis.sets import Key, Masks, key_of

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

    def repair(self, index: int, masks: Masks) -> Masks | None:
        """Bit 1, once."""
        return {index: 1} if index in self.noise and index not in masks else None

    def plan(self, target_db: float, ranked: Sequence[int] | None = None) -> MaskPlan:
        """The plan for a target; the ranking is by noise unless given."""
        order = sorted(self.noise, key=lambda index: -self.noise[index]) if ranked is None else ranked
        return Planner(Goal(((SQNR, target_db),)), self.evaluate, self.repair, [{index: 1} for index in order]).plan()


def no_repair(_index: int, _masks: Masks) -> Masks | None:
    """Nothing is cured."""
    return None


def db(noise: float) -> float:
    """The SQNR of this much noise."""
    return 10 * math.log10(SIGNAL / noise)


@pytest.mark.parametrize("budgets", [(), (2.0,)])
def test_gains(budgets: Sequence[float]) -> None:
    """Asked for, there is the outcome without each mask of the plan, by whatever way this was found; else there is none."""
    made = Made({1: 5.0, 2: 3.0, 3: 2.0, 4: 0.5}, broken=[4])
    changes = [{index: 1} for index in (1, 2, 3, 4)]
    goal = Goal(((SQNR, db(2.5)),))
    planner = Planner(goal, made.evaluate, made.repair, changes, added=len, budgets=budgets)
    assert {} == planner.plan().without
    plan = planner.plan(gains=True)
    assert plan.masks
    assert {index: made.evaluate(without(plan.masks, index)) for index in plan.masks} == plan.without


def without(masks: Masks, index: int) -> Masks:
    """All masks but one."""
    return {other: mask for other, mask in masks.items() if other != index}


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

    changes = [{index: bit} for bit in (1, 2) for index in (1, 2, 3)]
    assert {3: 2} == Planner(Goal(((SQNR, 40.0),)), evaluate, no_repair, changes).plan().masks


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

    goal = Goal(((SQNR, 40.0),))
    changes = [{index: 1} for index in data.draw(st.permutations(layers))]
    plan = Planner(goal, evaluate, no_repair, changes).plan()
    assert plan.reached
    assert goal.reached(evaluate(plan.masks))
    for index in plan.masks:
        assert not goal.reached(evaluate({key: mask for key, mask in plan.masks.items() if key != index}))


class Priced(Made):
    """As `Made`, with bits 64 and 1 on each layer: what is left of its noise, and what it costs, by bit."""

    def __init__(self, noise: Mapping[int, float], left: Mapping[int, float], prices: Mapping[int, float]) -> None:
        super().__init__(noise)
        self.left, self.prices = left, prices

    def evaluate(self, masks: Masks) -> Outcome:
        """One output; of a layer's noise its mask leaves a part."""
        self.trials.append(dict(masks))
        left = (
            noise * min(self._of(self.left, masks.get(index, 0)), default=1.0) for index, noise in self.noise.items()
        )
        return Outcome({"out": Comparison(signal=SIGNAL, noise=math.fsum(left), dot=1.0, actual_energy=1.0)})

    def added(self, masks: Masks) -> float:
        """A mask costs as much as its dearest bit, in a layer as much more as the layer's number."""
        return math.fsum(index * max(self._of(self.prices, mask), default=0.0) for index, mask in masks.items())

    def planner(self, allowed: float, budget: float = math.inf) -> Planner:
        """All changes by gain over cost, those of bit 1 by what they give more than 64."""
        scored = [
            (-noise * (1 - self.left[64]) / self.prices[64] / index, index, 64) for index, noise in self.noise.items()
        ]
        more, dearer = self.left[64] - self.left[1], self.prices[1] - self.prices[64]
        scored += [(-noise * more / dearer / index, index, 1) for index, noise in self.noise.items()]
        goal = Goal(((SQNR, db(allowed)),))
        return Planner(
            goal,
            self.evaluate,
            no_repair,
            [{index: bit} for _, index, bit in sorted(scored)],
            {},
            self.added,
            steps(budget),
            traded_steps(budget),
            lambda index, mask: self.added({index: mask}),
        )

    @staticmethod
    def _of(figures: Mapping[int, float], mask: int) -> list[float]:
        return [figures[bit] for bit in figures if mask & bit]


BITS = {64: 0.1, 1: 0.01}
PRICES = {64: 1.0, 1: 3.0}


def test_the_cheaper_bit() -> None:
    """Where 64 is enough it is taken, and 1 only on the layer that needs it."""
    made = Priced({1: 100.0, 2: 100.0}, BITS, PRICES)
    assert {1: 64, 2: 64} == made.planner(25.0).plan().masks
    assert {1: 1, 2: 64} == made.planner(11.5).plan().masks


def test_lower_bound() -> None:
    """The bound is the price of the cheapest masks of the layers that alone miss the target; here the plan meets it."""
    plan = Priced({1: 100.0, 2: 100.0, 3: 0.1}, BITS, PRICES).planner(25.0).plan()
    assert ([1, 2], 3.0) == ([*plan.needed], plan.bound)
    left = [db(200.1 - 100.0 * (1 - 0.01) - 0.1 * (1 - 0.01)) for _ in plan.needed]
    assert left == [pytest.approx(outcome.worst_sqnr_db) for outcome in plan.needed.values()]


def test_budget() -> None:
    """Within a budget the best is bought, never more; what hardly matters is left out."""
    made = Priced({1: 100.0, 2: 20.0, 3: 0.0001}, BITS, PRICES)
    planner = made.planner(1e-9, budget=4.0)
    plan = planner.plan()
    assert ({1: 64, 2: 64}, False) == (plan.masks, plan.reached)
    assert {} == made.planner(1e-9, budget=0.5).plan().masks
    assert made.planner(30.0, budget=4.0).plan().reached


def test_a_budget_beyond_exact_outputs() -> None:
    """Where a budget buys outputs without any difference few of the smaller ones are tried, and the masks are the same."""
    made, other = (Made({index: float(index) for index in range(1, 101)}) for _ in range(2))
    changes = [{index: 1} for index in made.noise]

    def plan(of: Made, budget: float, *, front: bool) -> MaskPlan:
        return Planner(Goal(()), of.evaluate, no_repair, changes, budgets=steps(budget)).plan(front=front)

    found, every = plan(made, 500.0, front=False), plan(other, 500.0, front=True)
    assert (100, math.inf, every.masks) == (len(found.masks), found.after.worst_sqnr_db, found.masks)
    assert len(made.trials) <= len(other.trials) - 30
    assert math.isfinite(plan(made, 99.0, front=False).after.worst_sqnr_db)


@settings(deadline=None)  # long searches, and machines are shared
@given(st.data())
def test_a_greater_budget_is_never_worse(data: st.DataObject) -> None:
    """Whatever the order of changes, the worst SQNR falls by no more than the 0.05 dB that masks are saved for."""
    noise = data.draw(st.dictionaries(st.integers(1, 9), st.floats(0.001, 1000), min_size=1, max_size=6))
    order, made = data.draw(st.permutations(list(noise))), Priced(noise, BITS, PRICES)
    reached = []
    for budget in sorted(data.draw(st.lists(st.floats(0, 60), min_size=2, max_size=5))):
        changes = [{index: bit} for bit in (64, 1) for index in order]
        plan = Planner(
            Goal(()),
            made.evaluate,
            no_repair,
            changes,
            added=made.added,
            budgets=steps(budget),
            traded=traded_steps(budget),
        ).plan()
        assert made.added(plan.masks) <= budget
        reached.append(plan.after.worst_sqnr_db)
    assert all(more >= less - 0.05 - 1e-9 for less, more in itertools.pairwise(reached)), reached


def test_a_dear_change_ahead_of_a_better_one() -> None:
    """A change that only the greater budget can buy, and that helps less, does not take the place of the better one."""
    made = Priced({1: 100.0, 2: 10.0}, BITS, PRICES)
    changes = [{2: 1}, {1: 1}]
    small, great = (
        Planner(
            Goal(()),
            made.evaluate,
            no_repair,
            changes,
            added=made.added,
            budgets=steps(budget),
            traded=traded_steps(budget),
        ).plan()
        for budget in (4.0, 8.0)
    )
    assert ({1: 1}, {1: 1}) == (small.masks, great.masks)


def test_a_mask_makes_room_for_a_better_one() -> None:
    """Where the change with the best score keeps a better one out of the budget, it is traded for that."""
    made = Priced({1: 10.0, 2: 100.0}, BITS, PRICES)
    changes: list[Masks] = [{1: 64}, {2: 64}]
    greedy = Planner(Goal(()), made.evaluate, no_repair, changes, added=made.added, budgets=steps(2.0))
    assert ({1: 64}, {2: 64}) == (
        greedy.plan().masks,
        dataclasses.replace(greedy, traded=traded_steps(2.0)).plan().masks,
    )


def test_front() -> None:
    """Along the front cost and accuracy grow together, from nothing on, and the plan is not beaten."""
    planner = Priced({1: 100.0, 2: 10.0, 3: 1.0}, BITS, PRICES).planner(25.0)
    plan = planner.plan(front=True)
    costs = [point.cost for point in plan.front]
    qualities = [point.outcome.worst_sqnr_db for point in plan.front]
    assert (sorted(set(costs)), sorted(set(qualities)), {}) == (costs, qualities, plan.front[0].masks)
    assert plan.masks in [point.masks for point in plan.front]


def test_interrupt() -> None:
    """An interrupt gives the best that was tried by then, and says so."""
    made = Made({1: 100.0, 2: 10.0, 3: 1.0})

    def evaluate(masks: Masks) -> Outcome:
        if len(masks) > 2:
            raise KeyboardInterrupt
        return made.evaluate(masks)

    changes = [{index: 1} for index in (1, 2, 3)]
    plan = Planner(Goal(((SQNR, db(0.5)),)), evaluate, no_repair, changes).plan()
    assert ({1: 1, 2: 1}, False, True) == (plan.masks, plan.reached, plan.interrupted)


def test_an_interrupt_between_sources() -> None:
    """The masks that are shown are those whose outcome is shown, and not those of the trial that was interrupted."""
    made = Made({1: 100.0, 2: 10.0}, broken=(1, 2))

    def evaluate(masks: Masks) -> Outcome:
        if len(masks) > 1:
            raise KeyboardInterrupt
        # Finite where the second layer is not yet cured: a Clip behind it takes the infinity away.
        found = made.evaluate(masks)
        return dataclasses.replace(found, outputs={"out": Comparison(signal=SIGNAL, noise=1.0, lost=not masks)})

    plan = Planner(Goal(((SQNR, db(0.5)),)), evaluate, made.repair, [{1: 1}, {2: 1}]).plan()
    assert ({1: 1}, True) == (plan.masks, plan.interrupted)
    assert db(1.0) == pytest.approx(plan.after.worst_sqnr_db)


class Chained:
    """A chain of layers: bit 2 costs less than bit 1 and is honoured where all layers before carry it too, else all is lost."""

    def __init__(self, noise: Mapping[int, float], prices: Mapping[int, float]) -> None:
        self.noise, self.prices = noise, prices

    def evaluate(self, masks: Masks) -> Outcome:
        """Bit 1 leaves 1 % of a layer's noise, bit 2 none."""
        wide = [bool(masks.get(index, 0) & 2) for index in sorted(self.noise)]
        left = [
            noise * (0 if masks.get(index, 0) & 2 else 0.01 if masks.get(index) else 1)
            for index, noise in self.noise.items()
        ]
        lost = int(wide != sorted(wide, reverse=True))
        return Outcome({"out": Comparison(signal=SIGNAL, noise=math.fsum(left), lost=lost)})

    def added(self, masks: Masks) -> float:
        """Bit 1 costs a layer's price, bit 2 less; both together no more than bit 1."""
        return math.fsum(
            self.prices[index] * (1.0 if mask & 1 else 0.4 if mask else 0.0) for index, mask in masks.items()
        )

    def bits(self, index: int) -> Masks:
        """Bit 2 on all layers up to this one."""
        return {place: 2 for place in self.noise if place <= index}

    def is_taken(self, index: int, place: int) -> bool:
        """A layer needs all before it."""
        return place < index

    def plan(self, allowed: float) -> MaskPlan:
        """The plan where so much noise is allowed."""
        changes = [{index: 1} for index in self.noise] + [self.bits(index) for index in self.noise]
        start = dict.fromkeys(self.noise, 0)
        goal, least = Goal(((SQNR, db(allowed)),)), lambda index, mask: self.added({index: mask})
        return Planner(goal, self.evaluate, no_repair, changes, start, self.added, least=least, chains=self).plan()


def test_bound_of_a_chain() -> None:
    """A cheaper bit that a needed layer cannot have without dear ones before it does not lower the bound."""
    made = Chained({1: 0.01, 2: 0.01, 3: 100.0}, {1: 50.0, 2: 50.0, 3: 10.0})
    plan = made.plan(2.0)
    assert ({3: 1}, [3], 10.0) == (plan.masks, [*plan.needed], plan.bound)
    cheap = Chained({1: 0.01, 2: 0.01, 3: 100.0}, {1: 1.0, 2: 1.0, 3: 10.0}).plan(2.0)
    assert cheap.bound == pytest.approx(4.8)


@given(
    st.lists(st.tuples(st.floats(0.001, 1000), st.floats(0.1, 100)), min_size=1, max_size=4),
    st.floats(0.0001, 3000),
)
def test_bound_of_any_chain(layers: list[tuple[float, float]], allowed: float) -> None:
    """No set that reaches the goal is cheaper than the bound where bits are only honoured together."""
    made = Chained(*({number: row[place] for number, row in enumerate(layers)} for place in (0, 1)))
    plan, goal = made.plan(allowed), Goal(((SQNR, db(allowed)),))
    sets = (dict(enumerate(masks)) for masks in itertools.product(range(4), repeat=len(layers)))
    reaching = [made.added(masks) for masks in sets if goal.reached(made.evaluate(masks))]
    if plan.bound is not None:
        assert plan.bound <= min(reaching) + 1e-9
    for index in plan.needed:
        assert not goal.reached(made.evaluate({other: 1 for other in made.noise if other != index}))


@given(
    st.dictionaries(st.integers(1, 6), st.floats(0.001, 1000), min_size=1, max_size=4),
    st.floats(0.0001, 3000),
)
def test_bound_and_minimality(noise: dict[int, float], allowed: float) -> None:
    """No set that reaches the goal is cheaper than the bound, and the plan without any mask or bit misses the goal."""
    made = Priced(noise, BITS, PRICES)
    plan = made.planner(allowed).plan()
    goal = Goal(((SQNR, db(allowed)),))
    sets = (dict(zip(noise, masks, strict=True)) for masks in itertools.product((0, 64, 1), repeat=len(noise)))
    reaching = [made.added(masks) for masks in sets if goal.reached(made.evaluate(masks))]
    assert plan.reached == bool(reaching)
    if plan.reached and plan.bound is not None:
        assert plan.bound <= min(reaching) + 1e-9
        assert min(reaching) <= made.added(plan.masks) + 1e-9
    for index, mask in plan.masks.items() if plan.reached else ():
        for less in {0, mask & ~64, mask & ~1} - {mask}:
            assert not goal.reached(made.evaluate({**plan.masks, index: less}))


class Cast(Priced):
    """As `Priced`, but bit 1 is paid for at borders: a cast where of two layers that follow one another one has it."""

    border = 2.0

    def added(self, masks: Masks) -> float:
        """The layers' own prices, 0.1 for bit 1, and the casts; the first layer's input needs one until it has bit 1."""
        wide = [True, *(bool(masks.get(index, 0) & 1) for index in sorted(self.noise))]
        casts = sum(one != other for one, other in itertools.pairwise(wide))
        return super().added(masks) + self.border * (casts - 1)

    def planner(self, allowed: float, budget: float = math.inf) -> Planner:
        """The least leaves out every cast; the first layer's is saved at best."""
        planner = super().planner(allowed, budget)
        planner.start = dict.fromkeys(self.noise, 0)
        first = min(self.noise)
        planner.least = lambda index, mask: (
            super(Cast, self).added({index: mask}) - self.border * (index == first and mask & 1)
        )
        return planner


@given(
    st.dictionaries(st.integers(1, 6), st.floats(0.001, 1000), min_size=1, max_size=4),
    st.floats(0.0001, 3000),
)
def test_bound_with_casts(noise: dict[int, float], allowed: float) -> None:
    """The bound stays one where masks of neighbours spare each other's casts, down to what they save."""
    made = Cast(noise, BITS, {64: 0.5, 1: 0.6})
    plan = made.planner(allowed).plan()
    goal = Goal(((SQNR, db(allowed)),))
    sets = (dict(zip(noise, masks, strict=True)) for masks in itertools.product((0, 64, 1), repeat=len(noise)))
    reaching = [made.added(masks) for masks in sets if goal.reached(made.evaluate(masks))]
    if plan.bound is not None:
        assert plan.bound <= min([*reaching, made.added(plan.masks)]) + 1e-9


def foreseen(made: Made, plan: Callable[[Planner], object], **more: Any) -> tuple[int, int]:
    """How many trials a search asks for, and in how many rounds two teams have them, each a trial a round."""
    known: set[Key] = set()
    rounds = 0
    coming: list[Masks] = []

    def ahead(masks: Iterable[Masks]) -> None:
        coming[:] = masks

    def evaluate(masks: Masks) -> Outcome:
        nonlocal rounds
        if key_of(masks) not in known:
            rounds += 1
            others = [some for some in coming if key_of(some) not in {*known, key_of(masks)}]
            known.update(map(key_of, [masks, *others[:1]]))
        return made.evaluate(masks)

    changes = [{index: 1} for index in sorted(made.noise, key=lambda index: -made.noise[index])]
    plan(Planner(more.pop("goal", Goal(())), evaluate, no_repair, changes, ahead=ahead, **more))
    return len(made.trials), rounds


@pytest.mark.parametrize(
    ("goal", "budgets", "traded"),
    [(Goal(((SQNR, db(4.0)),)), (), ()), (Goal(()), steps(9.0), traded_steps(9.0)), (Goal(((SQNR, db(0.1)),)), (), ())],
)
def test_what_comes_next_is_foreseen(goal: Goal, budgets: Sequence[float], traded: Sequence[float]) -> None:
    """Two teams need hardly more than half of the time of one, because a search says what it will most likely ask for."""
    made = Made({index: 1.0 + index % 5 / 3 for index in range(24)}, floor=0.01)
    trials, rounds = foreseen(made, lambda planner: planner.plan(front=True), goal=goal, budgets=budgets, traded=traded)
    assert 20 < trials
    assert rounds <= 0.7 * trials


def test_an_interrupt_within_a_budget() -> None:
    """The best known by then is the best that the budget buys, not the cheapest that is finite."""
    made = Made({1: 5.0, 2: 3.0, 3: 2.0}, floor=0.1)

    def evaluate(masks: Masks) -> Outcome:
        if len(made.trials) == 3:
            raise KeyboardInterrupt
        return made.evaluate(masks)

    changes = [{index: 1} for index in (1, 2, 3)]
    plan = Planner(Goal(()), evaluate, no_repair, changes, budgets=[0, 1, 2, 3]).plan(front=True)
    assert ({1: 1, 2: 1}, True, True) == (plan.masks, plan.reached, plan.interrupted)
