"""What one change to an otherwise unchanged run does to the outputs, for every layer: the effect, not the layer's own error.

*Alone*: this layer lowered in an fp32 network. *Leave-one-out*: everything lowered but this layer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import TypeAlias

from maskctl.analysis.finders import finders
from maskctl.analysis.kinds import Kind, Setting
from maskctl.analysis.metrics import SQNR, Comparison, add_or_lose
from maskctl.executor.policy import Policy
from maskctl.executor.suffixes import Effort, LayerRun, Suffixes
from maskctl.layers.base import Array

Effect: TypeAlias = dict[str, Comparison]
"""Sums at each output, by its name."""


def alone(
    setting: Setting,
    exact: Mapping[str, Array],
    ways: Sequence[tuple[int, LayerRun]],
    outputs: Sequence[str],
    members: Sequence[int],
    effort: Effort,
) -> Iterator[Effect]:
    """For each layer that runs another way in the fp32 network whose blobs are `exact`, the sums at the outputs.

    What the variants took is added to `effort`.
    """
    policy = Policy("fp32", setting.policy.target)
    runs = [setting.under(index, step) for index, step in enumerate(policy.steps(setting.model))]
    fixed = [op.layer.index for op in finders(setting.model, setting.policy.target)]
    suffixes = Suffixes(setting.model, exact, runs, fixed)
    unchanged = effect(exact, {}, exact, outputs, members)
    for blobs in suffixes.run([{index: way} for index, way in ways], outputs):
        changed = [name for name in outputs if name in blobs]
        yield {
            **{name: copy(sums) for name, sums in unchanged.items()},
            **effect(exact, blobs, exact, changed, members),
        }
    effort.merge(suffixes.effort)


def effect(
    exact: Mapping[str, Array],
    blobs: Mapping[str, Array],
    others: Mapping[str, Array],
    outputs: Iterable[str],
    members: Sequence[int],
) -> Effect:
    """The sums at each output: of what a variant changed in `blobs`, or else of the base run, in `others`."""
    found = {}
    for name in outputs:
        found[name] = Comparison()
        actual = blobs.get(name, others[name])
        add_or_lose(found[name], reference=exact[name], actual=actual, members=members)
    return found


def merge(into: Effect, more: Mapping[str, Comparison]) -> None:
    """Adds the sums over other samples."""
    for name, sums in more.items():
        into.setdefault(name, Comparison()).merge(sums)


def worst(found: Mapping[str, Comparison]) -> Comparison:
    """The sums of the output with the lowest SQNR; without outputs no sums.

    >>> worst({"a": Comparison(signal=1.0, noise=1.0), "b": Comparison(signal=4.0, noise=1.0)}).signal
    1.0
    """
    return min(found.values(), key=SQNR.worst_first, default=Comparison())


def best_first(found: Mapping[str, Comparison]) -> tuple[bool, float]:
    """A sort key for layers left out: what helps most comes first, what leaves an output NaN last."""
    value = SQNR.of(worst(found))
    return (math.isnan(value), 0.0 if math.isnan(value) else -value)


def ways_of(setting: Setting, kinds: Iterable[Kind], indices: Iterable[int]) -> Iterator[tuple[int, Kind, LayerRun]]:
    """How each of these layers runs with each kind of loss, in file order."""
    ordered = tuple(kinds)
    for index in sorted(indices):
        for kind in ordered:
            way = kind.way(setting, index)
            if way is not None:
                yield index, kind, way
