"""What a model may show, and how one sees that a smaller one shows it too: one class per fault.

Each is judged at one layer, of blobs with the samples in front, and says which element shows it most.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from maskctl.analysis.alone import ways_of
from maskctl.analysis.kinds import WHOLE, Setting
from maskctl.analysis.metrics import SQNR, Comparison, add_or_lose, compare
from maskctl.analysis.overflow import place_text
from maskctl.analysis.sensitivity import losses_of
from maskctl.analysis.verify import verify
from maskctl.errors import MaskctlError
from maskctl.executor.run import count_of
from maskctl.graph.network import Layer
from maskctl.layers.base import Array
from maskctl.numeric.formats import same_bits
from maskctl.peers.ncnn_engine import Observation
from maskctl.reduce.case import Case, cut_out
from maskctl.reduce.runs import Runs, Setup


@dataclass(frozen=True)
class Shown:
    """What is seen of a fault: the layer, its blob, what happens in words, and the element, its sample in front."""

    layer: Layer
    blob: str
    text: str
    index: tuple[int, ...] = ()

    @property
    def sample(self) -> int:
        """The sample that shows it."""
        return self.index[0] if self.index else 0

    @property
    def place(self) -> tuple[int, ...]:
        """The element without its sample; empty where no element is to blame."""
        return self.index[1:]


class Fault(Protocol):
    """Something that a layer of a model does."""

    @property
    def name(self) -> str:
        """What the command line calls it."""
        ...

    def located(self, runs: Runs, among: Collection[int]) -> tuple[Fault, Shown] | None:
        """Which of the layers `among` a model is to be reduced to, and the fault to preserve; None where none shows it."""
        ...

    def shown(self, runs: Runs, index: int) -> Shown | None:
        """What layer `index` shows, or None where it does not show this."""
        ...


def _first(fault: Fault, runs: Runs, among: Collection[int]) -> tuple[Fault, Shown] | None:
    """The first layer in file order: what a later one shows may come from it."""
    found = (fault.shown(runs, index) for index in sorted(among))
    return next(((fault, shown) for shown in found if shown), None)


@dataclass(frozen=True)
class NonFinite:
    """A layer makes something that is not finite of finite inputs, and not so in fp32 (unless fp32 is what is judged)."""

    name: str = "nan"

    def located(self, runs: Runs, among: Collection[int]) -> tuple[Fault, Shown] | None:
        """The first layer that does."""
        return _first(self, runs, among)

    def shown(self, runs: Runs, index: int) -> Shown | None:
        """The lost element that is largest in fp32."""
        layer, low = runs.model.graph.layers[index], runs.lowered
        for top in layer.tops:
            exact, actual = runs.exact[top], low.get(top)
            if actual is None or exact.shape != actual.shape or actual.dtype != np.float32:
                continue
            lost = _lost(runs, exact, actual)
            for bottom in layer.bottoms:
                finite = np.isfinite(low[bottom]).reshape(len(low[bottom]), -1).all(axis=1)
                lost &= finite.reshape(-1, *(1,) * (lost.ndim - 1))
            if lost.any():
                at = _largest_at(exact, lost)
                count = int(np.count_nonzero(lost[at[0]]))
                return Shown(layer, top, _lost_text(runs, layer, top, at, (count, lost[0].size)), at)
        return None


def _lost(runs: Runs, exact: Array, actual: Array) -> npt.NDArray[np.bool_]:
    lost: npt.NDArray[np.bool_] = ~np.isfinite(actual)
    is_reference = runs.setup.engine is None and runs.setup.policy.precision == "fp32"
    return lost if is_reference else lost & ~same_bits(exact, actual)


def _largest_at(values: Array, flags: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    magnitudes = np.where(flags, np.where(np.isfinite(values), np.abs(values), 0.0), -1.0)
    return tuple(int(place) for place in np.unravel_index(int(np.argmax(magnitudes)), values.shape))


def _lost_text(runs: Runs, layer: Layer, top: str, at: tuple[int, ...], counts: tuple[int, int]) -> str:
    return (
        f"{layer} makes {counts[0]:,} of {counts[1]:,} elements of '{top}' not finite of finite inputs: {_where(at)} is "
        f"{runs.lowered[top][at]:g} in {runs.setup.source} and {runs.exact[top][at]:.6g} in fp32"
    )


def _where(index: tuple[int, ...]) -> str:
    return place_text(index[1:]) if 1 <= len(index) - 1 <= 4 else str(index[1:])


@dataclass(frozen=True)
class Loss:
    """A layer's first blob has an SQNR under `below_db` against fp32, with nothing lost altogether; None: any loss.

    The layer to blame is the one that loses most fed with exact blobs or, where a `blob` is named, the one that gives it:
    then the loss is that of the whole run.
    """

    below_db: float | None = None
    blob: str | None = None
    name: str = "sqnr"

    def located(self, runs: Runs, among: Collection[int]) -> tuple[Fault, Shown] | None:
        """The layer with the lowest SQNR; a loss of any size becomes one that is at most a decibel smaller."""
        giver = runs.model.graph.producer.get(self.blob or "")
        for index in _worst_first(runs, among) if giver is None else (giver,):
            found = self._measured(runs, index)
            if found is not None:
                least = math.floor(found[0]) + 1.0 if self.below_db is None else self.below_db
                return replace(self, below_db=least), found[1]
        return None

    def shown(self, runs: Runs, index: int) -> Shown | None:
        """The element with the largest error of the sample with the lowest SQNR."""
        found = self._figure(runs, index, runs.model.graph.layers[index])
        return found[1] if found else None

    def _measured(self, runs: Runs, index: int) -> tuple[float, Shown] | None:
        """The figure of a layer of the whole model, alone where it can be fed from a file."""
        layer = runs.model.graph.layers[index]
        if self.blob is None:
            case = cut_out(runs.model, {index}, runs.exact)
            with contextlib.suppress(MaskctlError):
                return self._figure(Runs(case.model, case.inputs, runs.setup), case.index_of(index), layer)
        return self._figure(runs, index, layer)

    def _figure(self, runs: Runs, index: int, named: Layer) -> tuple[float, Shown] | None:
        """The lowest SQNR of a sample at layer `index`, called `named`, where it is low enough."""
        top = self.blob if self.blob in runs.model.graph.layers[index].tops else runs.model.graph.layers[index].tops[0]
        exact, actual = runs.exact[top], runs.lowered.get(top)
        if actual is None or exact.shape != actual.shape or not exact.dtype == actual.dtype == np.float32:
            return None
        sums = [compare(reference=one, actual=other) for one, other in zip(exact, actual, strict=True)]
        figures = [SQNR.of(of_one) if of_one.signal and not of_one.lost else math.inf for of_one in sums]
        sample = int(np.argmin(figures))
        if not figures[sample] < (math.inf if self.below_db is None else self.below_db):
            return None
        error = np.nan_to_num(np.abs(exact[sample].astype(np.float64) - actual[sample]))
        at = (sample, *(int(place) for place in np.unravel_index(int(np.argmax(error)), error.shape)))
        text = (
            f"{named} has {figures[sample]:.1f} dB at '{top}' against fp32; the largest error is at {_where(at)}: "
            f"{actual[at]:.9g} in {runs.setup.source}, {exact[at]:.9g} in fp32"
        )
        return figures[sample], Shown(named, top, text, at)


def _worst_first(runs: Runs, among: Collection[int]) -> list[int]:
    """The layers by their layerwise SQNR, lowest first; those that lose elements come last, they show something else."""
    setting = Setting(runs.model, runs.setup.policy, count_of(runs.inputs))
    measured = {loss.op.layer.index for loss in losses_of(setting)}
    figures = {}
    for index, _, way in ways_of(setting, (WHOLE,), measured.intersection(among)):
        layer = runs.model.graph.layers[index]
        actual = way(tuple(runs.exact[bottom] for bottom in layer.bottoms))[0]
        sums = Comparison()
        add_or_lose(sums, reference=runs.exact[layer.tops[0]], actual=actual)
        figures[index] = SQNR.of(sums)
    return sorted(figures, key=lambda index: (math.isnan(figures[index]), figures[index], index))


@dataclass(frozen=True)
class Mismatch:
    """A layer, fed what the engine fed it, gives other bits in the engine than are predicted, or other values in fp32."""

    name: str = "mismatch"

    def located(self, runs: Runs, among: Collection[int]) -> tuple[Fault, Shown] | None:
        """The first layer that differs."""
        return _first(self, runs, among)

    def shown(self, runs: Runs, index: int) -> Shown | None:
        """The first element that differs."""
        real = runs.observed.blobs
        found = verify(runs.model, runs.inputs, runs.setup.policy, real)
        row = next((row for row in found.rows if row.layer.index == index and row.parts), None)
        if row is None:
            return None
        predicted, actual = runs.predicted[row.blob], real[row.blob]
        text = f"{row.layer} gives another blob '{row.blob}' in the engine than is predicted"
        if predicted.shape != actual.shape:
            return Shown(row.layer, row.blob, f"{text}: of shape {actual.shape[1:]}, not {predicted.shape[1:]}")
        differ = ~same_bits(actual.astype(np.float32), predicted.astype(np.float32))
        error = np.nan_to_num(np.abs(actual.astype(np.float64) - predicted), nan=math.inf)
        at = _largest_at(error, differ)
        values = f"{actual[at]:.9g} in the engine, {predicted[at]:.9g} predicted"
        count = int(np.count_nonzero(differ[at[0]]))
        return Shown(row.layer, row.blob, f"{text}, in {count:,} elements: {_where(at)} is {values}", at)


_STARTS = 2


@dataclass(frozen=True)
class Crash:
    """The engine crashes or hangs: one of the two, where `hangs` says which."""

    hangs: bool | None = None
    name: str = "crash"

    def located(self, runs: Runs, among: Collection[int]) -> tuple[Fault, Shown] | None:
        """The earliest layer with which it does when nothing behind that is run: harmed memory may be noticed only later."""
        at = runs.model.graph.producer.get(runs.observed.failed_at)
        shown = self.shown(runs, at) if at in among and at is not None else None
        if shown is None:
            return None
        same = replace(self, hangs=runs.observed.hangs)
        inputs = {name: values[shown.sample : shown.sample + 1] for name, values in runs.inputs.items()}
        for index in sorted((index for index in among if index < shown.layer.index), reverse=True):
            case = cut_out(runs.model, runs.model.needed(runs.model.graph.layers[index].tops), inputs)
            if not same.comes_again(case, runs.setup):
                break
            layer = runs.model.graph.layers[index]
            shown = replace(shown, layer=layer, blob=layer.tops[0])
        return same, shown

    def shown(self, runs: Runs, index: int) -> Shown | None:
        """How it ends; a model that is not sound does not count, and is never given to the engine."""
        _ = runs.exact
        layer, seen = runs.model.graph.layers[index], runs.observed
        if not self._is_it(seen):
            return None
        text = f"the engine {seen.failure} at blob '{seen.failed_at}'"
        return Shown(layer, layer.tops[0], text, (seen.failed_sample,))

    def comes_again(self, case: Case, setup: Setup) -> bool:
        """True where it does in several starts: what lies beyond a blob differs from one to the next."""
        with contextlib.suppress(MaskctlError):
            return all(self._is_it(Runs(case.model, case.inputs, setup).observed) for _ in range(_STARTS))
        return False

    def _is_it(self, seen: Observation) -> bool:
        return seen.is_dead and self.hangs in {None, seen.hangs}


PREDICTED = ("nan", "sqnr")
"""Faults that a prediction can show too."""


def fault_named(name: str, below_db: float | None, blob: str | None) -> Fault:
    """The fault of that name."""
    made: dict[str, Fault] = {
        "nan": NonFinite(),
        "sqnr": Loss(below_db, blob),
        "mismatch": Mismatch(),
        "crash": Crash(),
    }
    return made[name]
