"""One layer, how it runs, and the bounds of what it reads: what a rule is given, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np

from maskctl.analysis.bounds import interval
from maskctl.analysis.bounds.interval import Interval, unbounded
from maskctl.graph.operators import Operator
from maskctl.layers.base import Array, Params, Shape, Weights
from maskctl.numeric.formats import FORMATS, FP16, FP32, FloatArray
from maskctl.targets import Target
from maskctl.targets.storage import Step, kernel_of


def spacing(name: str) -> float:
    """How far the numbers of a format are apart, relative to themselves: no rounding in any direction moves one farther."""
    return 2.0 ** (1 - FORMATS[name].significand_bits)


@dataclass(frozen=True)
class Case:
    """A layer under one step. `inputs` are finite bounds of its bottoms, as these are stored.

    `known` keeps what took long to find out and holds under other masks too, by the format that the layer keeps.
    """

    op: Operator
    weights: Weights
    inputs: tuple[Interval, ...]
    step: Step
    target: Target
    samples: int = 1
    known: dict[str, tuple[Interval, Interval, Array]] = field(default_factory=dict)

    @property
    def params(self) -> Params:
        """The parameters of the layer."""
        return self.op.params

    @cached_property
    def kernel(self) -> str:
        """The name of the kernel that runs it, "" for its definition."""
        choice = kernel_of(self.op.layer, self.step, self.target)
        return choice.kernel if choice else ""

    @cached_property
    def ready(self) -> Weights:
        """The weights as the layer's definition wants them, in fp32."""
        return self.op.kind.prepare(self.params, self.weights)

    @property
    def unit(self) -> float:
        """How much one operation of the layer's arithmetic rounds at most, relative to its result."""
        return 2.0 ** -(FP16 if self.step.sums_in_fp16 else FP32).significand_bits

    @property
    def smallest(self) -> float:
        """The smallest number of the layer's arithmetic."""
        return (FP16 if self.step.sums_in_fp16 else FP32).smallest

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the tops."""
        return self.op.kind.shapes(self.params, tuple(bounds.shape for bounds in self.inputs))

    def run(self, *blobs: Array) -> tuple[FloatArray, ...]:
        """The tops of the layer's definition for these bottoms (n, …)."""
        tops = self.op.kind.forward(self.params, self.ready, blobs)
        return tuple(np.asarray(values, np.float32) for values in tops)


@dataclass(frozen=True)
class Bounds:
    """The bounds of a layer's tops before they are stored, and the largest magnitudes on the way, (n,) by what they are.

    `peaks` may have "sum" (partial sums in the layer's arithmetic), "winograd" (values of its transforms), "inside"
    (other values of its arithmetic, infinite where it is known to leave the finite numbers) and "offset" (what a norm that
    keeps it in fp16 adds to scaled values). `unknown` says why nothing
    is known of the tops. `moves` is true where every value of them was read, so that storing it rounds nothing.
    """

    tops: tuple[Interval, ...]
    peaks: Mapping[str, FloatArray] = field(default_factory=dict)
    unknown: str = ""
    moves: bool = False


Rule: TypeAlias = Callable[[Case], Bounds]


def nothing_known(case: Case, why: str) -> Bounds:
    """Tops without bounds, and why."""
    return Bounds(tuple(unbounded(case.samples, shape) for shape in case.shapes), unknown=why)


def rounded(case: Case, tops: Sequence[Interval], operations: float) -> tuple[Interval, ...]:
    """The bounds with room for so many roundings of the layer's arithmetic after one another."""
    growth = np.expm1(operations * np.log1p(case.unit)) + 2.0**-20
    return tuple(interval.rounded(top, growth, operations * case.smallest) for top in tops)
