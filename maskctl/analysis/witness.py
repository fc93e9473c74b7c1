"""Inputs that make layers overflow: looked for in fp32, where a pass is cheap, and shown by a run in the low precision.

An input is made of blocks in which each channel is at one end of its range or the other: single pixels, squares, stripes,
whole planes. Those that drive a layer farthest are changed in places, and kept where that drives it farther.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from maskctl.analysis.bounds.interval import Interval
from maskctl.analysis.reach import reach
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import Model
from maskctl.graph.operators import elements, infer_shapes
from maskctl.layers.base import Array, Shape
from maskctl.numeric.formats import FloatArray

_BATCH = 16
_BATCH_ELEMENTS = 1 << 25
_FEWEST = 8
_MOST_WORK = 12e9
"""Multiply-adds of the whole search, in fp32; of large networks fewer inputs are tried."""

_OF_ELEMENT = 20
"""What an element of a blob costs, in multiply-adds."""

_EXACT_RUNS = 4
"""Runs in the low precision, which take longer than all the others together."""

_CHANGED = 0.25
"""The share of blocks that a change touches."""


@dataclass(frozen=True)
class Witnesses:
    """The sample that makes a layer overflow, by layer index, and the samples (n, …) by input blob."""

    by_layer: Mapping[int, int] = field(default_factory=dict)
    inputs: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Tried:
    """Inputs (n, …) by blob, as -1 for the lower and 1 for the upper end, and how far they drive each suspect, (n, layers).

    1 is the largest number of the layer's format.
    """

    signs: Mapping[str, FloatArray]
    reached: FloatArray

    def __len__(self) -> int:
        return len(self.reached)

    @property
    def seen(self) -> FloatArray:
        """How far suspects are driven where none before them is driven too far, else 0."""
        farthest = np.maximum.accumulate(self.reached, axis=1)
        before = np.concatenate([np.zeros_like(farthest[:, :1]), farthest[:, :-1]], axis=1)
        return np.where(before < 1, self.reached, np.float32(0))

    def also(self, other: Tried) -> Tried:
        """Both, one behind the other."""
        signs = {name: np.concatenate([values, other.signs[name]]) for name, values in self.signs.items()}
        return Tried(signs, np.concatenate([self.reached, other.reached]))


def search(
    model: Model, ranges: Mapping[str, Interval], policy: Policy, suspects: Sequence[int], tries: int, seed: int
) -> Witnesses:
    """Samples within `ranges` that make layers of `suspects` overflow when they run as `policy` says.

    A sample shows it where the layer makes something that is not finite of inputs that are. The same seed finds the same.
    """
    looked = _Search(model, ranges, policy, tuple(suspects), np.random.default_rng(seed))
    return looked.shown(looked.tried(tries))


@dataclass(frozen=True)
class _Search:
    model: Model
    ranges: Mapping[str, Interval]
    policy: Policy
    suspects: tuple[int, ...]
    rng: np.random.Generator

    def tried(self, tries: int) -> Tried:
        """Half of the inputs made afresh, the others changed from those that drive farthest what is not driven too far yet."""
        batches = list(self._batches(tries))
        found = self._measured(self._fresh(batches[0], first=True))
        for number, count in enumerate(batches[1:], 1):
            parents = self._parents(found, count)
            fresh = 2 * number < len(batches) or not parents
            found = found.also(self._measured(self._fresh(count) if fresh else self._changed(found, parents)))
        return found

    def shown(self, tried: Tried) -> Witnesses:
        """The samples that really do it, by a run of each in the low precision."""
        by_layer: dict[int, int] = {}
        run_already: list[int] = []
        shown: list[int] = []
        for column, index in enumerate(self.suspects):
            sample = self._best_for(tried, column, by_layer)
            if index in by_layer or sample is None or sample in run_already or len(run_already) == _EXACT_RUNS:
                continue
            run_already.append(sample)
            inputs = self._inputs({name: values[sample : sample + 1] for name, values in tried.signs.items()})
            sources = [source for source in self._sources(inputs, index) if source not in by_layer]
            if not set(sources) <= set(self.suspects):
                raise AssertionError(f"layers {sources} overflowed, and not all of them were said to be able to")
            if sources:
                by_layer.update(dict.fromkeys(sources, len(shown)))
                shown.append(sample)
        inputs = self._inputs({name: values[shown] for name, values in tried.signs.items()})
        return Witnesses(by_layer, inputs if shown else {})

    def _batches(self, tries: int) -> Iterator[int]:
        """How many inputs each pass takes."""
        shapes = {name: bounds.shape for name, bounds in self.ranges.items()}
        inferred = infer_shapes(self.model.operators, shapes, self.model.graph.path)
        macs = sum(
            op.kind.macs(
                op.params,
                tuple(inferred[name] for name in op.layer.bottoms),
                tuple(inferred[top] for top in op.layer.tops),
            )
            for op in self.model.operators
            if not op.cut and op.layer.type != "Input"
        )
        left = max(_FEWEST, min(tries, int(_MOST_WORK / max(macs + _OF_ELEMENT * elements(inferred), 1))))
        most = max(1, min(_BATCH, _BATCH_ELEMENTS // max(1, elements(inferred))))
        while left > 0:
            yield min(most, left)
            left -= most

    def _fresh(self, count: int, *, first: bool = False) -> dict[str, FloatArray]:
        """Inputs of random blocks; the first two of all are the upper and the lower ends throughout."""
        made = {
            name: np.stack([self._blocks(bounds.shape) for _ in range(count)]) for name, bounds in self.ranges.items()
        }
        for place, sign in enumerate((1, -1) if first else ()):
            for values in made.values():
                values[place : place + 1] = sign
        return made

    def _changed(self, tried: Tried, parents: Sequence[int]) -> dict[str, FloatArray]:
        """Each parent with some of its blocks made afresh."""
        return {
            name: np.stack(
                [
                    np.where(
                        self._blocks(values.shape[1:], _CHANGED) > 0, self._blocks(values.shape[1:]), values[parent]
                    )
                    for parent in parents
                ]
            )
            for name, values in tried.signs.items()
        }

    def _blocks(self, shape: Shape, share: float = 0.5) -> FloatArray:
        """Blocks of -1 and 1, the share of 1 as given; their extents are powers of 2 up to the whole axis, by axis."""
        extents = [self.rng.choice([1 << power for power in range(extent.bit_length() + 1)]) for extent in shape]
        coarse = self.rng.random([-(-extent // block) for extent, block in zip(shape, extents, strict=True)]) < share
        signs = np.where(coarse, np.float32(1), np.float32(-1))
        for axis, (extent, block) in enumerate(zip(shape, extents, strict=True)):
            signs = signs.take(np.arange(extent) // block, axis)
        return signs

    def _parents(self, tried: Tried, count: int) -> list[int]:
        """The inputs that drive farthest the layers that none drives too far, in turn, so many of them.

        An input that drives a layer before them too far does not count: it shows nothing of those behind.
        """
        seen = tried.seen
        open_layers = np.flatnonzero(seen.max(axis=0) < 1)
        best = [int(seen[:, column].argmax()) for column in open_layers]
        return (best * math.ceil(count / len(best)))[:count] if best else []

    def _inputs(self, signs: Mapping[str, FloatArray]) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for name, values in signs.items():
            low, high = self.ranges[name].low[0], self.ranges[name].high[0]
            ends = np.where(values > 0, high, low)
            found[name] = np.rint(ends).astype(np.int32) if name in self.model.integer_inputs else ends
        return found

    def _measured(self, signs: dict[str, FloatArray]) -> Tried:
        """How far the inputs drive each suspect in fp32."""
        layers = [self.model.graph.layers[index] for index in self.suspects]
        names = {name for layer in layers for name in (*layer.bottoms, *layer.tops)}
        inputs = self._inputs(signs)
        blobs = {**inputs, **run(self.model, inputs, Policy("fp32", self.policy.target), keep=names)}
        steps = self.policy.steps(self.model)
        reached = [reach(self.model, index, steps[index], self.policy.target, blobs) for index in self.suspects]
        return Tried(signs, np.stack(reached, axis=1))

    def _best_for(self, tried: Tried, column: int, known: Mapping[int, int]) -> int | None:
        """The sample that drives a suspect farthest beyond its format; where another is driven too far before it, none.

        Behind a layer that has overflowed nothing can be seen of those that follow.
        """
        reached = tried.seen[:, column]
        if not known and not reached.max(initial=0) > 1:
            reached = tried.reached[:, column]
        best = int(reached.argmax())
        return best if reached[best] > 1 else None

    def _sources(self, inputs: Mapping[str, Array], index: int) -> list[int]:
        """The layers up to this one that make something non-finite of inputs that are finite."""
        needed = self.model.needed(self.model.graph.layers[index].tops)
        ops = [self.model.operators[place] for place in sorted(needed)]
        trace = run(self.model, inputs, self.policy, keep=[top for op in ops for top in op.layer.tops])
        whole = {name: bool(np.isfinite(values).all()) for name, values in {**inputs, **trace}.items()}
        return [
            op.layer.index
            for op in ops
            if not all(whole[top] for top in op.layer.tops) and all(whole[name] for name in op.layer.bottoms)
        ]
