"""Which layers of a network the entries of a lock mean, after it was exported again, optimised, or changed.

Nothing is guessed. A layer is the one meant where

1. the network around is the same as a whole, up to what re-exports change, and there is only this one such layer; or
2. everything before it, or everything behind it, is the same as a whole, only this layer has that, its shape is as
   frequent as it was, and nothing contradicts: not the other side, not its name; or
3. it has the name and the shape, and no other layer agrees with the entry farther up or down, nor as far in both.

Where several layers are the same in every respect they all get the mask if all of them had it; otherwise names decide
among them, and where there are none, nobody does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from maskctl.graph.network import Graph
from maskctl.lock.file import Entry, Lock
from maskctl.lock.fingerprint import Fingerprint, agreement, fingerprints
from maskctl.lock.shapes import MOVES
from maskctl.lock.skeleton import Node, cone, skeleton

How = Literal["name", "structure"]

_SMALL_CONE = 4


@dataclass(frozen=True)
class Found:
    """What became of an entry: the index of its layer, or None and why; `how` it was found.

    `candidates` are the layers it may be, where there are any; `twins` is true where these are as many as there were, and
    nothing but names tells them apart.
    """

    entry: Entry
    index: int | None
    how: How = "structure"
    why: str = ""
    candidates: tuple[int, ...] = ()
    twins: bool = False


@dataclass(frozen=True)
class _Side:
    """What one whole cone says: the layers that have it, and whether as many had it in the locked network.

    `chosen` are those of them that look like the entry on the other side, as far as told it apart there.
    """

    layers: frozenset[int]
    as_many: bool
    chosen: frozenset[int] = frozenset()


def match(lock: Lock, graph: Graph, *, by_name: bool = False, passing_by_place: bool = False) -> tuple[Found, ...]:
    """What became of each entry of a lock, in its order; no layer is given to two of them.

    `by_name` takes a layer of the same name and type whatever stands around it, where there is exactly one. A layer that
    passes its values on needs its name too: exports take such layers out and put others in, and one that stands at its
    place may be another. `passing_by_place` takes it all the same, for a reader who only wants to see what changed.
    """
    search = _Search(lock, graph, by_name=by_name)
    found = [search.find(entry) for entry in lock.entries]
    found = _whole_classes(found)
    if not by_name and _names_moved(found, graph):
        found = [search.without_names(one) for one in found]
    if not (by_name or passing_by_place):
        found = [_named_too(one, graph) for one in found]
    return tuple(_refuse_shared(found, graph))


class _Search:
    """A network under the eyes of a lock."""

    def __init__(self, lock: Lock, graph: Graph, *, by_name: bool) -> None:
        self._graph, self._by_name = graph, by_name
        self._nodes: Sequence[Node] = skeleton(graph)
        self._prints: Sequence[Fingerprint] = fingerprints(graph)
        self._labels: dict[str, list[int]] = {}
        self._names: dict[str, list[int]] = {}
        for index, (layer, node) in enumerate(zip(graph.layers, self._nodes, strict=True)):
            self._labels.setdefault(node.label, []).append(index)
            self._names.setdefault(layer.name, []).append(index)
        self._locked = Counter(entry.name for entry in lock.entries)

    def find(self, entry: Entry) -> Found:
        """The layer of one entry, looked at by itself."""
        named = self._named(entry)
        if self._by_name and named is not None and self._graph.layers[named].type == entry.type:
            return Found(entry, named, "name")
        same = self._same(entry)
        if not same:
            return self._without_candidates(entry, named)
        mine = entry.fingerprint
        fine = frozenset(index for index in same if self._prints[index].fine == mine.fine)
        if len(fine) == mine.alike.fine:
            return self._among(entry, _Side(fine, as_many=True), named)
        exact = frozenset(index for index in same if self._prints[index].around == mine.around)
        if exact:
            return self._among(entry, _Side(exact, len(exact) == mine.alike.around), named)
        sides = self._sides(entry, same)
        if sides:
            return self._by_sides(entry, sides, named)
        return self._near(entry, same, named)

    def without_names(self, found: Found) -> Found:
        """The same where the structure says it; else None, because the names have moved to other layers."""
        if found.how == "structure" or found.index is None:
            return found
        why = f"only its name says it is {self._graph.layers[found.index]}, and other names have moved to other layers"
        return Found(found.entry, None, why=why, candidates=(found.index,))

    def _same(self, entry: Entry) -> list[int]:
        """Layers of the entry's label; those that pass values on and those that count are never each other."""
        return self._labels.get(entry.fingerprint.label, [])

    def _named(self, entry: Entry) -> int | None:
        """The only layer of the entry's name, if the lock has that name once."""
        found = self._names.get(entry.name, [])
        return found[0] if len(found) == 1 and self._locked[entry.name] == 1 else None

    def _without_candidates(self, entry: Entry, named: int | None) -> Found:
        if named is None:
            return Found(entry, None, why=f"no layer has its shape ({entry.fingerprint.label}), nor its name")
        layer, node = self._graph.layers[named], self._nodes[named]
        why = f"no layer has its shape ({entry.fingerprint.label}); {layer} has its name and is {node.label}"
        return Found(entry, None, why=why, candidates=(named,))

    def _among(self, entry: Entry, side: _Side, named: int | None) -> Found:
        """The layer of an entry where the layers that have everything around them as it was are these."""
        if not side.as_many:
            were = entry.fingerprint.alike.around
            return self._open(
                entry, side.layers, f"it was one of {were} layers that are alike, and now there are {len(side.layers)}"
            )
        if len(side.layers) == 1:
            return Found(entry, min(side.layers))
        return self._one_of_twins(entry, side.layers, named)

    def _one_of_twins(self, entry: Entry, layers: frozenset[int], named: int | None) -> Found:
        if named in layers:
            return replace(self._open(entry, layers, ""), index=named, how="name", twins=True)
        why = f"{len(layers)} layers are alike in all but their names, and none has its name"
        return replace(self._open(entry, layers, why), twins=True)

    def _open(self, entry: Entry, layers: frozenset[int] | Sequence[int], why: str) -> Found:
        return Found(entry, None, why=why, candidates=tuple(sorted(layers)))

    def _sides(self, entry: Entry, same: Sequence[int]) -> list[_Side]:
        """What the whole cone before the layer says, and the one behind it; without one in which there is nothing."""
        mine, sides = entry.fingerprint, []
        up = frozenset(index for index in same if self._prints[index].up[-1] == mine.up[-1])
        if up and self._nodes[min(up)].before:
            near = frozenset(index for index in up if self._reach(entry, index)[1] >= mine.alike.up_apart)
            sides.append(_Side(up, len(up) == mine.alike.up, near))
        down = frozenset(index for index in same if self._prints[index].down[-1] == mine.down[-1])
        if down and self._nodes[min(down)].after:
            near = frozenset(index for index in down if self._reach(entry, index)[0] >= mine.alike.down_apart)
            sides.append(_Side(down, len(down) == mine.alike.down, near))
        return sides

    def _by_sides(self, entry: Entry, sides: Sequence[_Side], named: int | None) -> Found:
        """The layer of an entry one or both of whose cones are as they were."""
        layers = frozenset.intersection(*(side.chosen if len(side.chosen) == 1 else side.layers for side in sides))
        every = frozenset.union(*(side.layers for side in sides))
        if not layers:
            return self._open(entry, every, "what stands before it says another layer than what stands behind it")
        if named is not None and named not in layers and self._nodes[named].label == entry.fingerprint.label:
            return self._open(
                entry, every | {named}, f"its name says {self._graph.layers[named]}, the layers around it another"
            )
        if not all(side.as_many for side in sides):
            return self._open(entry, layers, "layers that look like it came or went")
        doubt = self._doubt(entry, sides, layers)
        if not doubt and len(layers) == 1:
            return Found(entry, min(layers))
        if not doubt:
            return self._one_of_twins(entry, layers, named)
        return Found(entry, named, "name") if named in layers else self._open(entry, layers, doubt)

    def _doubt(self, entry: Entry, sides: Sequence[_Side], layers: frozenset[int]) -> str:
        """Why what stands around an entry is not enough to say that it is one of these, "" where it is."""
        if len(self._labels[entry.fingerprint.label]) != entry.fingerprint.alike.label:
            return "layers of its shape came or went"
        if not all(self._is_telling(entry, index, len(sides)) for index in layers):
            return "too little of what stood around it is left, and its name is gone"
        taken = [
            name
            for name in (self._graph.layers[index].name for index in layers)
            if name != entry.name and self._locked[name]
        ]
        return f"the layers around it say '{taken[0]}', which is the name of another layer of the lock" if taken else ""

    def _is_telling(self, entry: Entry, index: int, sides: int) -> bool:
        """True where a cone is more than the first or last layers that many networks have, or its other side agrees too.

        A constant hangs on one thread: what it is read by may have moved along the network.
        """
        mine, theirs = entry.fingerprint, self._prints[index]
        if not self._nodes[index].before:
            return False
        if sides == 2 or min(agreement(mine.up, theirs.up), agreement(mine.down, theirs.down)):
            return True
        return cone(self._nodes, index, upwards=mine.up[-1] == theirs.up[-1]) >= _SMALL_CONE

    def _near(self, entry: Entry, same: Sequence[int], named: int | None) -> Found:
        """The layer of an entry where the network has changed on both sides: only with its name, and nobody more like it."""
        if named is None:
            return self._open(entry, same, "the network has changed before and behind it, and its name is gone")
        if named not in same:
            kind = self._nodes[named].label
            why = f"{self._graph.layers[named]} has its name and is {kind}, no longer {entry.fingerprint.label}"
            return self._open(entry, (named,), why)
        reach = {index: self._reach(entry, index) for index in same}
        rivals = [
            index
            for index in same
            if index != named
            and (reach[index] == reach[named] or any(a > b for a, b in zip(reach[index], reach[named], strict=True)))
        ]
        if sum(reach[named]) < 2:
            return self._open(entry, (named,), "it has the name, but everything around it has changed")
        if rivals:
            return self._open(entry, (named, *rivals), "it has the name, but others are as much like what it was")
        if len(same) != entry.fingerprint.alike.label:
            return self._open(entry, (named,), "it has the name, but layers of its shape came or went")
        return Found(entry, named, "name")

    def _reach(self, entry: Entry, index: int) -> tuple[int, int]:
        mine, theirs = entry.fingerprint, self._prints[index]
        return agreement(mine.up, theirs.up), agreement(mine.down, theirs.down)


def _whole_classes(found: Sequence[Found]) -> list[Found]:
    """Twins of which all had one mask all get it, whichever is which."""
    groups: dict[tuple[tuple[int, ...], int], list[int]] = {}
    for place, one in enumerate(found):
        if one.twins:
            groups.setdefault((one.candidates, one.entry.mask), []).append(place)
    solved = list(found)
    for (candidates, _), places in groups.items():
        if len(places) == len(candidates):
            for place, index in zip(places, candidates, strict=True):
                solved[place] = Found(found[place].entry, index)
    return solved


def _names_moved(found: Sequence[Found], graph: Graph) -> bool:
    """True where a layer found by its structure has lost its name to another."""
    names = {layer.name for layer in graph.layers}
    return any(
        one.how == "structure" and one.index is not None and one.entry.name in names - {graph.layers[one.index].name}
        for one in found
    )


def _named_too(found: Found, graph: Graph) -> Found:
    """The same, but for a layer that passes its values on and has lost its name."""
    if found.index is None or found.entry.type not in MOVES or graph.layers[found.index].name == found.entry.name:
        return found
    why = f"{graph.layers[found.index]} stands at its place, but such layers come and go with exports, and its name is gone"
    return Found(found.entry, None, why=why, candidates=(found.index,))


def _refuse_shared(found: Sequence[Found], graph: Graph) -> list[Found]:
    """Where two entries mean one layer, neither gets it."""
    claims = Counter(one.index for one in found if one.index is not None)
    return [
        Found(
            one.entry,
            None,
            why=f"another layer of the lock is {graph.layers[one.index]} as well",
            candidates=(one.index,),
        )
        if one.index is not None and claims[one.index] > 1
        else one
        for one in found
    ]
