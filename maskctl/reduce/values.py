"""Plainer layers and values: without activation and bias, zeros where anything will do, else few significant bits."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from maskctl.layers.base import Array
from maskctl.layers.families import activation
from maskctl.reduce.case import Case
from maskctl.reduce.search import Search

_BITS = (1, 2, 3, 4, 6, 8, 11)
"""Significant bits that are tried, fewest first; 11 are those of fp16."""
_MOST_BLOCKS = 64


def plainer(search: Search) -> None:
    """Takes the activations out, then the biases, layer by layer, as far as the fault stays."""
    for place in range(len(search.found[0].parts)):
        search.attempt(_without_activation(search.found[0], place))
        search.attempt(_without_bias(search.found[0], place))


def _without_activation(case: Case, place: int) -> Case | None:
    op, part = case.ops[place], case.parts[place]
    if not op.params.has("activation_type") or not op.params.integer("activation_type"):
        return None
    line = part.line
    for param in activation.PARAMS:
        line = line.with_param(param.id, None)
    return case.changed(place, line, part.weights)


def _without_bias(case: Case, place: int) -> Case | None:
    op, part = case.ops[place], case.parts[place]
    if "bias" not in part.weights or not op.params.has("bias_term"):
        return None
    number = next(param.id for param in op.kind.params if param.name == "bias_term")
    weights = {name: values for name, values in part.weights.items() if name != "bias"}
    return case.changed(place, part.line.with_param(number, 0), weights)


def simplify(search: Search) -> None:
    """Makes the values of every blob fed and of every weight as simple as the fault allows."""
    case, _ = search.found
    slots: list[_Slot] = [_Fed(name) for name in case.inputs]
    slots += [_Held(place, name) for place, part in enumerate(case.parts) for name in part.weights]
    for slot in slots:
        _simplify(search, slot)


class _Slot(Protocol):
    """A place in a case that holds one array."""

    def of(self, case: Case) -> Array:
        """The array that is there."""
        ...

    def filled(self, case: Case, values: Array) -> Case:
        """The case with another one there."""
        ...


@dataclass(frozen=True)
class _Fed:
    """A blob that is fed."""

    name: str

    def of(self, case: Case) -> Array:
        return case.inputs[self.name]

    def filled(self, case: Case, values: Array) -> Case:
        return Case(case.parts, {**case.inputs, self.name: values})


@dataclass(frozen=True)
class _Held:
    """A weight of a part."""

    place: int
    name: str

    def of(self, case: Case) -> Array:
        return case.parts[self.place].weights[self.name]

    def filled(self, case: Case, values: Array) -> Case:
        part = case.parts[self.place]
        return case.changed(self.place, part.line, {**part.weights, self.name: values})


def _simplify(search: Search, slot: _Slot) -> None:
    """One array: all zeros, else zeros block by block, then as few bits as will do."""

    def now() -> Array:
        return slot.of(search.found[0])

    def first(choices: Iterable[Array]) -> int | None:
        return search.first(slot.filled(search.found[0], values) for values in choices)

    if not now().any() or first([np.zeros_like(now())]) is not None:
        return
    blocks = 2
    while blocks <= min(_MOST_BLOCKS, now().size):
        _zero_blocks(first, now, blocks)
        blocks *= 2
    if now().dtype == np.float32:
        first(values for values in _rounded(now()) if not np.array_equal(values, now()))


def _zero_blocks(first: Callable[[Iterable[Array]], int | None], now: Callable[[], Array], count: int) -> None:
    """Zeros in one block after another of `count`, where anything else is and zeros will do."""
    waiting = list(_blocks(now().size, count))
    while waiting:
        waiting = [block for block in waiting if now().reshape(-1)[slice(*block)].any()]
        found = first([_zeroed(now(), block) for block in waiting])
        waiting = [] if found is None else waiting[found + 1 :]


def _zeroed(values: Array, block: tuple[int, int]) -> Array:
    changed = values.copy()
    changed.reshape(-1)[slice(*block)] = 0
    return changed


def _blocks(size: int, count: int) -> Iterator[tuple[int, int]]:
    return itertools.pairwise(size * number // count for number in range(count + 1))


def _rounded(values: Array) -> Iterator[Array]:
    """The values with ever more significant bits, finite as they are."""
    fraction, exponent = np.frexp(values.astype(np.float64))
    for bits in _BITS:
        with np.errstate(over="ignore"):
            found = np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits).astype(np.float32)
        if np.isfinite(found).all():
            yield found
