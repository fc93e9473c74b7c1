"""How much work the measuring of a model is, estimated before it is done, so that progress can be told honestly.

Exact chains of fp16 multiply-adds take nearly all of the time of a run, and are counted apart from everything else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from maskctl.executor.policy import Policy
from maskctl.executor.samples import Portion
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator, infer_shapes
from maskctl.layers.base import Shape
from maskctl.targets.storage import kernel_of

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is (0 when unknown)."""

_CHAINED_PER_US = 1_500
_MULTIPLIED_PER_US = 20_000
_ROUNDED_PER_US = 100
_OF_WINOGRAD = 0.25


@dataclass(frozen=True)
class _Cost:
    """Microseconds of a layer in one portion: run lowered in the network, and measured alone."""

    lowered: float = 0.0
    alone: float = 0.0


class Work:
    """Estimated microseconds of all layers in all portions; `lowered` and `alone` say which of them have been done."""

    def __init__(self, model: Model, portions: Sequence[Portion], policy: Policy, progress: Progress) -> None:
        self._costs = [_costs(model, portion, policy) for portion in portions]
        self._total = sum(cost.lowered + cost.alone for costs in self._costs for cost in costs)
        self._done, self._progress = 0.0, progress

    @property
    def total_us(self) -> float:
        """Estimated microseconds on one core."""
        return self._total

    def lowered(self, portion: int, index: int) -> None:
        """Layer `index` was run in the lowered network; what is run again later does not count."""
        self._add(self._costs[portion][index].lowered)

    def alone(self, portion: int, index: int) -> None:
        """Layer `index` was measured alone."""
        self._add(self._costs[portion][index].alone)

    def finish(self) -> None:
        """All is done."""
        self._done = math.inf
        self._progress("measuring layers", math.ceil(self._total), math.ceil(self._total))

    def _add(self, cost: float) -> None:
        if self._done < self._total:
            self._done += cost
            self._progress("measuring layers", int(min(self._done, self._total)), math.ceil(self._total))


def _costs(model: Model, portion: Portion, policy: Policy) -> list[_Cost]:
    count = max((len(values) for values in portion.inputs.values()), default=1)
    shapes = {name: values.shape[1:] for name, values in portion.inputs.items()}
    shapes = dict(infer_shapes(model.operators, shapes, model.graph.path))
    found = []
    for op, step in zip(model.operators, policy.steps(model), strict=True):
        if op.cut or op.layer.type == "Input":
            found.append(_Cost())
            continue
        tops = tuple(shapes[top] for top in op.layer.tops)
        macs = count * op.kind.macs(op.params, tuple(shapes[bottom] for bottom in op.layer.bottoms), tops)
        choice = kernel_of(op.layer, step, policy.target)
        chained = macs / _CHAINED_PER_US if choice and choice.kernel and step.sums_in_fp16 else 0.0
        plain = macs / _MULTIPLIED_PER_US + count * _elements(op, tops) / _ROUNDED_PER_US
        if choice and choice.is_winograd:
            found.append(_Cost(_OF_WINOGRAD * chained + plain, (1 + _OF_WINOGRAD) * chained + 2 * plain))
        else:
            found.append(_Cost(chained + plain, chained + 2 * plain))
    return found


def _elements(op: Operator, tops: Sequence[Shape]) -> int:
    moves = op.layer.type == "Split"
    return 0 if moves else sum(math.prod(shape) for shape in tops)
