"""How much work the measuring of a model is, estimated before it is done, so that progress can be told honestly.

Exact chains of fp16 multiply-adds take nearly all of the time of a run, and are counted apart from everything else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from maskctl.analysis.sensitivity import Wishes
from maskctl.executor.policy import Policy
from maskctl.executor.samples import Portion
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator, infer_shapes
from maskctl.layers.base import Shape
from maskctl.targets.storage import Step, kernel_of

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is (0 when unknown)."""

_CHAINED_PER_US = 1_500
_MULTIPLIED_PER_US = 20_000
_ROUNDED_PER_US = 100
_OF_WINOGRAD = 0.25


METHODS = ("lowered", "layers", "effects", "left_out")
"""The parts of measuring: the lowered network, each layer's losses, only their effects alone, and layers left out."""


@dataclass(frozen=True)
class _Cost:
    """Microseconds of a layer in one portion.

    `lowered` in the network; `alone` with each kind of loss; `effects` of what its variants change behind it in fp32;
    `left_out` of what is computed again in the lowered network without it.
    """

    lowered: float = 0.0
    alone: float = 0.0
    effects: float = 0.0
    left_out: float = 0.0


_NOTHING = _Cost()


class Work:
    """Estimated microseconds of all layers in all portions, and how many of them are done.

    `methods` are the parts of measuring that will be asked for, of `METHODS`.
    """

    def __init__(
        self,
        model: Model,
        portions: Sequence[Portion],
        policy: Policy,
        progress: Progress,
        wishes: Wishes,
        methods: Collection[str],
    ) -> None:
        self._costs = [_costs(model, portion, policy, wishes) for portion in portions]
        self._methods, self._with_effects = methods, wishes.scope == "alone"
        self._done, self._progress = 0.0, progress
        self._ran: set[tuple[int, int]] = set()
        indices = range(len(model.operators))
        self._total = sum(
            self.of(method, number, index) for method in methods for number in range(len(portions)) for index in indices
        )

    @property
    def total_us(self) -> float:
        """Estimated microseconds on one core."""
        return self._total

    @property
    def lowered_us(self) -> float:
        """Estimated microseconds on one core of one run of the lowered network over all portions."""
        return sum(cost.lowered for costs in self._costs for cost in costs)

    def of(self, method: str, number: int, index: int) -> float:
        """Estimated microseconds of a part of measuring, for one layer in one portion."""
        cost = self._costs[number][index]
        if method == "layers":
            return cost.alone + (cost.effects if self._with_effects else 0)
        return {"lowered": cost.lowered, "effects": cost.alone + cost.effects, "left_out": cost.left_out}[method]

    def told(self, what: str, number: int, index: int) -> None:
        """A layer of a portion has run "lowered" (again does not count) or "alone", behind it "effects", or it was "left_out"."""
        if what == "lowered":
            if (number, index) in self._ran or what not in self._methods:
                return
            self._ran.add((number, index))
        cost: float = getattr(self._costs[number][index], what)
        if "effects" in self._methods and what == "effects":
            cost += self._costs[number][index].alone
        self._add(cost)

    def known(self, method: str, number: int, indices: Iterable[int]) -> None:
        """This part of the work need not be done."""
        self._add(sum(self.of(method, number, index) for index in indices))

    def finish(self) -> None:
        """All is done."""
        self._done = math.inf
        self._progress("measuring layers", math.ceil(self._total), math.ceil(self._total))

    def _add(self, cost: float) -> None:
        if self._done < self._total:
            self._done += cost
            self._progress("measuring layers", int(min(self._done, self._total)), math.ceil(self._total))


def _costs(model: Model, portion: Portion, policy: Policy, wishes: Wishes) -> list[_Cost]:
    count = max((len(values) for values in portion.inputs.values()), default=1)
    shapes = {name: values.shape[1:] for name, values in portion.inputs.items()}
    shapes = dict(infer_shapes(model.operators, shapes, model.graph.path))
    ops = zip(model.operators, policy.steps(model), strict=True)
    found = [_own_cost(op, step, policy, shapes, count, wishes) for op, step in ops]
    fp32, lowered = 0.0, 0.0
    for place in reversed(range(len(found))):
        cost, plain, kinds = found[place]
        if cost is not _NOTHING:
            found[place] = replace(cost, effects=fp32 * kinds, left_out=lowered + plain), plain, kinds
        fp32 += plain
        lowered += cost.lowered
    return [cost for cost, *_ in found]


def _own_cost(
    op: Operator, step: Step, policy: Policy, shapes: Mapping[str, Shape], count: int, wishes: Wishes
) -> tuple[_Cost, float, int]:
    """What a layer costs by itself, its cost in fp32, and with about how many kinds of loss it is measured."""
    if op.cut or op.layer.type == "Input":
        return _NOTHING, 0.0, 0
    tops = tuple(shapes[top] for top in op.layer.tops)
    macs = count * op.kind.macs(op.params, tuple(shapes[bottom] for bottom in op.layer.bottoms), tops)
    choice = kernel_of(op.layer, step, policy.target)
    chained = macs / _CHAINED_PER_US if choice and choice.kernel and step.sums_in_fp16 else 0.0
    plain = macs / _MULTIPLIED_PER_US + count * _elements(op, tops) / _ROUNDED_PER_US
    winograd = bool(choice and choice.is_winograd)
    lowered = (_OF_WINOGRAD if winograd else 1) * chained + plain
    absent = set[str]() if winograd else {"no_winograd"}
    if not chained:
        absent.add("storage")
    if not op.kind.weights(op.params):
        absent |= {"weights", "int8"}
    kinds = sum(kind not in absent for kind in wishes.kinds)
    return _Cost(lowered, lowered + (chained if winograd else 0) + kinds * plain), plain, kinds


def _elements(op: Operator, tops: Sequence[Shape]) -> int:
    moves = op.layer.type == "Split"
    return 0 if moves else sum(math.prod(shape) for shape in tops)
