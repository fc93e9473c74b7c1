"""Variants of a run: one pass computes many of them, each only as far as it can differ from the run they vary.

A variant names the layers that run differently. Everything before the first of them is taken from the base run, a layer
behind is computed again only for samples in which one of its inputs has other bits, and where a result has the bits of the
base run the variant ends. What is left of several variants runs through a layer in one call, stacked along the axis of
samples, whose results do not depend on each other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from maskctl.executor.layer import run_layer
from maskctl.graph.model import Model
from maskctl.graph.operators import Operator
from maskctl.layers.base import Array, Arrays
from maskctl.targets import Target
from maskctl.targets.storage import Step

LayerRun: TypeAlias = Callable[[Arrays], Arrays]
"""How a layer makes its tops of its inputs (n, …)."""

Variant: TypeAlias = Mapping[int, LayerRun]
"""The layers that run differently, by index."""

Flags: TypeAlias = npt.NDArray[np.bool_]

_STACKED_BYTES = 1 << 24
"""What one call reads and gives at most, unless a single variant takes more."""


def under(model: Model, index: int, step: Step, target: Target, samples: int) -> LayerRun:
    """A layer of the model as it runs under a step; one without inputs gives its blob for each of `samples`."""
    op, weights = model.operators[index], model.weights.tensors[index]
    return lambda inputs: run_layer(op, weights, inputs, step, target, samples)


@dataclass
class Effort:
    """Layers computed, one for each variant and sample a layer ran for, and what running every variant from scratch would take.

    However samples and variants are shared out, they come to the same.
    """

    executions: int = 0
    naive: int = 0

    def add_base(self, model: Model, samples: int) -> None:
        """Counts the base run, which every way of measuring takes."""
        layers = samples * _runnable(model)
        self.merge(Effort(layers, layers))

    def merge(self, other: Effort) -> None:
        """Adds the effort of another part of the work."""
        self.executions += other.executions
        self.naive += other.naive


@dataclass
class _Varied:
    """A variant on its way: the blobs that differ from the base run and are still to be read, and those asked for.

    `rows` says of each blob which samples differ.
    """

    variant: Variant
    blobs: dict[str, Array] = field(default_factory=dict)
    rows: dict[str, Flags] = field(default_factory=dict)
    found: dict[str, Array] = field(default_factory=dict)


class Suffixes:
    """Answers what variants of one base run give.

    `base` holds all blobs of the base run and `runs` how its layers run, one for each layer of the model. The layers in
    `fixed` are not computed again when their inputs differ. `effort` counts.
    """

    def __init__(
        self, model: Model, base: Mapping[str, Array], runs: Sequence[LayerRun], fixed: Collection[int] = ()
    ) -> None:
        self._model, self._base, self._runs, self._fixed = model, base, runs, frozenset(fixed)
        self._every = np.ones(max(map(len, base.values()), default=1), np.bool_)
        self.effort = Effort()

    def run(self, variants: Sequence[Variant], wanted: Collection[str]) -> Iterator[Mapping[str, Array]]:
        """For each variant in turn the `wanted` blobs whose bits differ from the base run; "*" wants all.

        Variants are taken in waves whose blobs take no more memory together than those of the base run. The order of
        variants by their first layer makes the best waves.
        """
        wanted = self._base.keys() if "*" in wanted else wanted
        needed = self._model.needed(wanted) - self._fixed
        runnable = _runnable(self._model)
        for wave in self._waves(variants):
            self.effort.naive += runnable * len(wave) * len(self._every)
            yield from self._wave(wave, frozenset(wanted), needed)

    def _wave(
        self, variants: Sequence[Variant], wanted: frozenset[str], needed: frozenset[int]
    ) -> Iterator[Mapping[str, Array]]:
        varied = [_Varied(variant) for variant in variants]
        for op in self._model.operators:
            index = op.layer.index
            if op.cut or op.layer.type == "Input":
                continue
            own = [one for one in varied if index in one.variant]
            for one in own:
                self._took(one, op, wanted, self._every, one.variant[index](self._inputs(one, op)))
            behind = [one for one in varied if index not in one.variant and one.blobs.keys() & op.layer.bottoms]
            for one, rows, tops in self._stacked(op, behind if index in needed else ()):
                self._took(one, op, wanted, rows, tops)
            for one in (*own, *behind):
                for bottom in op.layer.bottoms:  # a blob has one reader
                    one.blobs.pop(bottom, None)
        yield from (one.found for one in varied)

    def _inputs(self, one: _Varied, op: Operator) -> Arrays:
        return tuple(one.blobs.get(bottom, self._base[bottom]) for bottom in op.layer.bottoms)

    def _rows(self, one: _Varied, op: Operator) -> Flags:
        """The samples in which an input of a layer differs; all where the extents of its tops depend on the values."""
        if op.kind.by_value(op.params):
            return self._every
        found: Flags = np.logical_or.reduce([one.rows[name] for name in op.layer.bottoms if name in one.blobs])
        return found

    def _took(self, one: _Varied, op: Operator, wanted: frozenset[str], rows: Flags, tops: Arrays) -> None:
        """Keeps of a layer's tops, computed for some samples, those whose bits are not the base run's."""
        self.effort.executions += int(np.count_nonzero(rows))
        for top, values in zip(op.layer.tops, tops, strict=True):
            whole = values if rows.all() else _with_rows(self._base[top], rows, values)
            one.rows[top] = different(whole, self._base[top], rows)
            if not one.rows[top].any():
                continue
            one.blobs[top] = whole
            if top in wanted:
                one.found[top] = whole

    def _stacked(self, op: Operator, varied: Sequence[_Varied]) -> Iterator[tuple[_Varied, Flags, Arrays]]:
        """The tops of a layer for each variant, several computed in one call where their inputs are alike."""
        groups: dict[tuple[object, ...], list[tuple[_Varied, Flags, Arrays]]] = {}
        for one in varied:
            rows = self._rows(one, op)
            inputs = tuple(_only(rows, values) for values in self._inputs(one, op))
            groups.setdefault(tuple(map(_kind, inputs)), []).append((one, rows, inputs))
        for alike in groups.values():
            size = sum(values.nbytes for values in (*alike[0][2], *(self._base[top] for top in op.layer.tops)))
            count = 1 if op.kind.by_value(op.params) else max(1, _STACKED_BYTES // max(1, size))
            for start in range(0, len(alike), count):
                yield from self._at_once(op, alike[start : start + count])

    def _at_once(
        self, op: Operator, taken: Sequence[tuple[_Varied, Flags, Arrays]]
    ) -> Iterator[tuple[_Varied, Flags, Arrays]]:
        run = self._runs[op.layer.index]
        if len(taken) == 1:
            one, rows, inputs = taken[0]
            yield one, rows, run(inputs)
            return
        tops = run(tuple(map(_behind_each_other, zip(*(inputs for *_, inputs in taken), strict=True))))
        samples = len(taken[0][2][0])
        for place, (one, rows, _) in enumerate(taken):
            yield one, rows, tuple(top[place * samples : (place + 1) * samples] for top in tops)

    def _waves(self, variants: Sequence[Variant]) -> Iterator[Sequence[Variant]]:
        """The variants in runs of as many as may be on their way at once."""
        live = self._live_bytes()
        budget = sum(values.nbytes for values in self._base.values())
        start, under_way = 0, np.zeros(len(live))
        for place, variant in enumerate(variants):
            more = np.where(np.arange(len(live)) >= min(variant, default=len(live)), live, 0)
            if place > start and (under_way + more).max(initial=0) > budget:
                yield variants[start:place]
                start, under_way = place, np.zeros(len(live))
            under_way = under_way + more
        if start < len(variants):
            yield variants[start:]

    def _live_bytes(self) -> Array:
        """For each layer, the bytes of the blobs behind it that are still to be read: what a variant holds there."""
        sizes = {name: values.nbytes for name, values in self._base.items()}
        live, found = 0, []
        for op in self._model.operators:
            if not op.cut and op.layer.type != "Input":
                live += sum(sizes[top] for top in op.layer.tops)
            found.append(live)
            live -= 0 if op.cut else sum(sizes[bottom] for bottom in op.layer.bottoms)
        return np.array(found)


def _runnable(model: Model) -> int:
    return sum(not op.cut and op.layer.type != "Input" for op in model.operators)


def _kind(values: Array) -> tuple[tuple[int, ...], str, tuple[int, ...]]:
    """Shape, type, and order of axes in memory: in another order some layers add up in another order too."""
    order = sorted(range(values.ndim), key=lambda axis: -values.strides[axis])
    return values.shape, values.dtype.str, tuple(order)


def _behind_each_other(parts: Sequence[Array]) -> Array:
    """Arrays (n, …) of one shape along their first axis, the others in memory as in the first of them."""
    whole = np.empty_like(parts[0], shape=(len(parts) * len(parts[0]), *parts[0].shape[1:]))
    return np.concatenate(parts, out=whole)


def _only(rows: Flags, values: Array) -> Array:
    """Some samples of an array, in memory as all of them."""
    if rows.all():
        return values
    chosen = np.empty_like(values, shape=(np.count_nonzero(rows), *values.shape[1:]))
    return np.compress(rows, values, axis=0, out=chosen)


def _with_rows(base: Array, rows: Flags, values: Array) -> Array:
    """The array with other values in some samples."""
    whole = np.copy(base, order="K")
    whole[rows] = values
    return whole


def different(left: Array, right: Array, rows: Flags) -> Flags:
    """Which samples differ in a bit, of those in `rows`; all of them where types or shapes do."""
    if (left.dtype, left.shape) != (right.dtype, right.shape):
        return rows
    return np.array([bool(row) and not _same_bits(left[place], right[place]) for place, row in enumerate(rows)])


def identical(left: Array, right: Array) -> bool:
    """True for arrays of one type, one shape and the same bits: signs of zeros and NaNs count."""
    if (left.dtype, left.shape) != (right.dtype, right.shape):
        return False
    return all(_same_bits(one, other) for one, other in zip(np.atleast_2d(left), np.atleast_2d(right), strict=True))


def _same_bits(left: Array, right: Array) -> bool:
    """For one sample of two arrays; what differs mostly does so at the beginning, which is looked at first."""
    bits = f"u{left.dtype.itemsize}"
    one, other = np.atleast_1d(left).view(bits), np.atleast_1d(right).view(bits)
    return np.array_equal(one[:1], other[:1]) and np.array_equal(one[1:], other[1:])
