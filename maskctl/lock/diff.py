"""What changed in meaning between two networks: layers that came and went, and what those that stayed have become.

The layers are found again as the masks of a lock are, and where that is not certain by name. White space, defaults written
out, another spelling of a number and shape hints (id 30) change no meaning.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from maskctl import featmask
from maskctl.graph.network import Graph, Layer
from maskctl.layers import find
from maskctl.lock.file import lock_of
from maskctl.lock.match import match
from maskctl.lock.shapes import combines
from maskctl.param import Value

What = Literal["name", "type", "param", "mask", "reads", "blobs", "place"]
Said = Value | tuple[str, ...] | None

SHAPE_HINTS = 30
"""The id under which files keep the shapes of a layer's tops, which change with whoever wrote the file."""


@dataclass(frozen=True)
class Change:
    """One thing about a layer that is not what it was; `id` and `name` are those of a parameter, None and "" for all else."""

    what: What
    before: Said
    after: Said
    id: int | None = None
    name: str = ""


@dataclass(frozen=True)
class Pair:
    """A layer in both networks, and what is not the same about it."""

    before: Layer
    after: Layer
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Difference:
    """Which layers went and came, and which stayed, each tuple in the order of its file, pairs in that of the old one."""

    removed: tuple[Layer, ...]
    added: tuple[Layer, ...]
    kept: tuple[Pair, ...]

    @property
    def changed(self) -> tuple[Pair, ...]:
        """The layers that stayed and are not what they were."""
        return tuple(pair for pair in self.kept if pair.changes)

    @property
    def is_nothing(self) -> bool:
        """True for networks that mean the same."""
        return not (self.removed or self.added or self.changed)


def difference(before: Graph, after: Graph) -> Difference:
    """What changed from one network to another."""
    pairs = _pairs(before, after)
    back = {new: old for old, new in pairs.items()}
    moved = _moved(pairs)
    found = []
    for old, new in sorted(pairs.items()):
        was, now = before.layers[old], after.layers[new]
        changes = [*_own(was, now), *_wiring(_Ends(before, pairs), _Ends(after, back), was, now, pairs)]
        if old in moved:
            changes.append(Change("place", old, new))
        found.append(Pair(was, now, tuple(changes)))
    return Difference(
        tuple(layer for layer in before.layers if layer.index not in pairs),
        tuple(layer for layer in after.layers if layer.index not in back),
        tuple(found),
    )


def _pairs(before: Graph, after: Graph) -> dict[int, int]:
    """Indices of the layers that are the same, old to new."""
    found = match(lock_of(before, [1] * len(before.layers)), after, passing_by_place=True)
    pairs = {place: one.index for place, one in enumerate(found) if one.index is not None}
    taken = set(pairs.values())
    old = [layer for layer in before.layers if layer.index not in pairs]
    new = [layer for layer in after.layers if layer.index not in taken]
    counts = Counter((layer.name, layer.type) for layer in old), Counter((layer.name, layer.type) for layer in new)
    by_name = {(layer.name, layer.type): layer.index for layer in new}
    for layer in old:
        key = (layer.name, layer.type)
        if counts[0][key] == counts[1][key] == 1:
            pairs[layer.index] = by_name[key]
    return pairs


def _own(was: Layer, now: Layer) -> list[Change]:
    """What changed of a layer by itself."""
    found: list[Change] = []
    if was.name != now.name:
        found.append(Change("name", was.name, now.name))
    if was.type != now.type:
        found.append(Change("type", was.type, now.type))
    if was.mask != now.mask:
        found.append(Change("mask", was.mask, now.mask))
    if was.tops != now.tops:
        found.append(Change("blobs", was.tops, now.tops))
    return [*found, *_params(was, now)]


@dataclass(frozen=True)
class _Param:
    """A parameter's value, its id, ncnn's name for it where that is known, and whether the file says it."""

    id: int
    name: str
    value: Value
    written: bool


def _params(was: Layer, now: Layer) -> list[Change]:
    """Parameters with other values; between types those of the same name are the same, and what only one has by default is nothing."""
    old, new = _values(was), _values(now)
    found = []
    for key in sorted(old.keys() | new.keys(), key=lambda key: (new.get(key) or old[key]).id):
        pair = old.get(key), new.get(key)
        known = [param for param in pair if param]
        if len(known) == 2 and _exact(known[0].value) == _exact(known[1].value):
            continue
        if len(known) == 2 or known[0].written:
            before, after = (param.value if param else None for param in pair)
            found.append(Change("param", before, after, known[-1].id, known[-1].name))
    return found


def _values(layer: Layer) -> Mapping[str, _Param]:
    """A layer's parameters by ncnn's names, else ids, defaults filled in where the type is known."""
    written = {
        number: value for number, value in layer.params.items() if number not in {SHAPE_HINTS, featmask.PARAM_ID}
    }
    found: dict[str, _Param] = {}
    kind = find(layer.type)
    for param in kind.params if kind else ():
        value = written.get(param.id, found[param.same_as].value if param.same_as else param.default)
        if isinstance(param.default, float) and isinstance(value, int):
            value = float(value)
        found[param.name] = _Param(param.id, param.name, value, written=param.id in written)
    known = {param.id for param in found.values()}
    unknown = {number: value for number, value in written.items() if number not in known}
    return found | {str(number): _Param(number, "", value, written=True) for number, value in unknown.items()}


def _exact(value: Said) -> object:
    """What the engine keeps of a value: its type, and of a float its 32 bits."""
    if isinstance(value, float):
        return struct.pack("<f", value)
    return tuple(map(_exact, value)) if isinstance(value, tuple) else (type(value), value)


@dataclass(frozen=True)
class _Ends:
    """A network in which bottoms are traced past layers that the other one does not have."""

    graph: Graph
    kept: Mapping[int, int]

    def source(self, blob: str) -> tuple[int, int]:
        """The layer that stayed and that a blob comes from, and which of its tops; -1 past the network's beginning."""
        layer = self.graph.layers[self.graph.producer[blob]]
        while layer.index not in self.kept:
            if not layer.bottoms:
                return -1, 0
            blob = layer.bottoms[0]
            layer = self.graph.layers[self.graph.producer[blob]]
        return layer.index, 0 if layer.type == "Split" else layer.tops.index(blob)


def _wiring(old: _Ends, new: _Ends, was: Layer, now: Layer, pairs: Mapping[int, int]) -> list[Change]:
    """Says what a layer reads where that is more than layers between that came or went."""
    then = [(pairs.get(index, -1), top) for index, top in map(old.source, was.bottoms)]
    reads = [new.source(blob) for blob in now.bottoms]
    if then == reads or (combines(was.type, was.params) and sorted(then) == sorted(reads)):
        return []
    return [Change("reads", _read(old.graph, was), _read(new.graph, now))]


def _read(graph: Graph, layer: Layer) -> tuple[str, ...]:
    return tuple(graph.layers[graph.producer[blob]].name for blob in layer.bottoms)


def _moved(pairs: Mapping[int, int]) -> set[int]:
    """The fewest layers without which the others are in the same order in both files, by their old index."""
    order = sorted(pairs)
    ends: list[int] = []
    tails: list[int] = []
    before: dict[int, int] = {}
    for old in order:
        place = bisect_left(ends, pairs[old])
        before[old] = tails[place - 1] if place else -1
        ends[place : place + 1] = [pairs[old]]
        tails[place : place + 1] = [old]
    kept, last = set[int](), tails[-1] if tails else -1
    while last >= 0:
        kept.add(last)
        last = before[last]
    return set(order) - kept


def in_order(found: Difference, after: Graph) -> Sequence[Layer | Pair]:
    """Everything in the order in which it is shown: that of the old file, what was added behind what it stands behind."""
    old_of = {pair.after.index: pair.before.index for pair in found.kept}
    rows: list[tuple[tuple[float, int], Layer | Pair]] = [((layer.index, 0), layer) for layer in found.removed]
    rows += [((pair.before.index, 1), pair) for pair in found.changed]
    place = -1.0
    added = {layer.index for layer in found.added}
    for layer in after.layers:
        place = max(place, old_of.get(layer.index, place))
        if layer.index in added:
            rows.append(((place + 0.5, layer.index), layer))
    return [row for _, row in sorted(rows, key=lambda entry: entry[0])]
