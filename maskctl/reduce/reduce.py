"""Reduces a model to the least that still shows a fault: layers first, then extents, then values; each step is run."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from maskctl.executor.samples import Portion
from maskctl.graph.model import Model
from maskctl.layers.base import Array
from maskctl.reduce.case import Case
from maskctl.reduce.extents import shrink
from maskctl.reduce.faults import PREDICTED, Fault, Shown
from maskctl.reduce.layers import cut_layers
from maskctl.reduce.runs import Runs, Setup
from maskctl.reduce.search import Progress, Search
from maskctl.reduce.values import plainer, simplify

_LEAST_S = 5.0
"""So long at least may the engine take for a part of a model, and as long as twice the whole."""


@dataclass(frozen=True)
class Located:
    """What a whole model shows, the fault to preserve, and the one sample (1, …) that shows it most, by input blob."""

    fault: Fault
    shown: Shown
    inputs: Mapping[str, Array]


@dataclass(frozen=True)
class Reduction:
    """The smallest case found and what it shows, after how many runs; `interrupted` is true when it is the best so far."""

    located: Located
    case: Case
    shown: Shown
    trials: int
    interrupted: bool = False


def locate(
    model: Model, portions: Sequence[Portion], setup: Setup, faults: Sequence[Fault], among: Collection[int]
) -> Located | None:
    """The first of the faults that any of the layers `among` shows with any sample; of the first such portion."""
    only_run = Runs(model, portions[0].inputs, setup) if len(portions) == 1 else None
    for fault in faults:
        for portion in portions:
            run = only_run or Runs(model, portion.inputs, setup)  # of many, the blobs of one fit in memory
            found = fault.located(run, among)
            if found:
                only = slice(found[1].sample, found[1].sample + 1)
                return Located(
                    *found, {name: np.ascontiguousarray(values[only]) for name, values in run.inputs.items()}
                )
    return None


def reduce(model: Model, located: Located, setup: Setup, most: int, progress: Progress) -> Reduction | None:
    """The smallest case after at most `most` runs of candidates; None where no part of the model shows the fault alone.

    Where an engine judges what a prediction can show too, the smallest by prediction is its first candidate: the engine
    takes seconds to start. Ctrl-C ends the search with the best case so far; before there is one it goes on as
    `KeyboardInterrupt`.
    """
    predicted = None
    if setup.engine is not None and located.fault.name in PREDICTED:
        predicted = reduce(model, located, replace(setup, engine=None), most, progress)
    whole = Runs(model, located.inputs, setup)
    began = time.monotonic()
    lowered = whole.lowered
    least = setup.within(max(_LEAST_S, 2 * (time.monotonic() - began)))
    search = Search(located.fault, located.shown.layer.index, least, most, progress)
    if predicted is not None and search.attempt(predicted.case):
        return Reduction(located, *search.found, predicted.trials + search.trials, predicted.interrupted)
    interrupted = False
    try:
        cut_layers(search, model, (whole.exact, {**whole.predicted, **lowered}))
        if search.best is None:
            return None
        _make_smaller(search)
    except KeyboardInterrupt:
        if search.best is None:
            raise
        interrupted = True
    return Reduction(located, *search.found, search.trials, interrupted)


def _make_smaller(search: Search) -> None:
    plainer(search)
    shrink(search)
    simplify(search)
