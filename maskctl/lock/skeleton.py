"""A network without what a re-export may put in, fuse or take out: who feeds whom, past the layers that pass values on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from maskctl.graph.network import Graph, Layer
from maskctl.lock.shapes import COMBINING, FOLDED, FUSING, MOVES, POINTWISE, combines, is_identity, label


@dataclass(frozen=True)
class Source:
    """Where a blob comes from: a layer that counts, and which of its tops.

    `way` are the passing layers directly before the blob, `last` the last one of each label on the way, by index.
    """

    layer: int
    top: int
    way: tuple[int, ...] = ()
    last: Mapping[str, int] = field(default_factory=dict, compare=False)


@dataclass
class Node:
    """A layer in the skeleton.

    `before` are its sources as (layer, top), in the order of its bottoms unless `free`; `after` its readers as
    (layer, top, bottom). Passing layers (`passes`) have both, but are named in nobody else's. `ahead` and `behind` count the
    passing layers of the same label between a passing layer and its source, and between it and its readers; `ahead_of` is the
    nearest of those before it, `way` are the passing layers directly before it.
    """

    label: str
    passes: bool = False
    free: bool = False
    ahead: int = 0
    behind: int = 0
    ahead_of: int = -1
    way: tuple[int, ...] = ()
    before: list[tuple[int, int]] = field(default_factory=list)
    after: list[tuple[int, int, int]] = field(default_factory=list)


def skeleton(graph: Graph, *, fine: bool = False) -> tuple[Node, ...]:
    """One node per layer, in file order.

    A `fine` skeleton passes over less: layers that change values count, but for those that are fused into weights, or
    that stand behind a layer they are fused into. So it tells more layers apart, and fewer networks are the same.
    """
    nodes: list[Node] = []
    sources: dict[str, Source] = {}
    for layer in graph.layers:
        read = [sources[name] for name in layer.bottoms]
        variable = [source for source in read if not _is_constant(layer, graph.layers[source.layer])]
        node = Node(label(layer.type, layer.params), free=bool(combines(layer.type, layer.params)))
        node.passes = _passes(layer, variable) and not (fine and _counts(layer, variable, graph.layers))
        nodes.append(node)
        _connect(layer.index, nodes, variable)
        for source in set(read) - set(variable):
            nodes[source.layer].after.append((layer.index, source.top, 0))
        for place, top in enumerate(layer.tops):
            sources[top] = _behind(layer.index, node, variable, place)
    for node in reversed(nodes):
        if node.ahead_of >= 0:
            nodes[node.ahead_of].behind += 1 + node.behind
    return tuple(nodes)


def _is_constant(reader: Layer, source: Layer) -> bool:
    """True for what a layer combines its blobs with where it may become a parameter, or weights of the layer before."""
    return reader.type in COMBINING and source.type == "MemoryData"


def _passes(layer: Layer, variable: Sequence[Source]) -> bool:
    """True where what a layer reads can be taken for what it gives: one blob, value by value or as it is."""
    if not variable:
        return False
    one = len({(source.layer, source.top) for source in variable}) == 1
    if layer.type in MOVES:
        return True
    if layer.type in COMBINING:
        return one
    return (layer.type in POINTWISE or is_identity(layer.type, layer.params)) and len(layer.bottoms) == 1


def _counts(layer: Layer, variable: Sequence[Source], layers: Sequence[Layer]) -> bool:
    """True for a layer that changes values and that no exporter fuses where it stands."""
    if layer.type in MOVES or layer.type in FOLDED or layer.type == "Pooling":
        return False
    return len(variable) > 1 or layers[variable[0].layer].type not in FUSING


def _connect(index: int, nodes: list[Node], variable: Sequence[Source]) -> None:
    """Enters what a layer reads: into its own node, and into those it reads from where it counts."""
    node = nodes[index]
    if node.passes:
        source = variable[0]
        node.before.append((source.layer, source.top))
        node.ahead_of = source.last.get(node.label, -1)
        node.ahead = nodes[node.ahead_of].ahead + 1 if node.ahead_of >= 0 else 0
        return
    for place, source in enumerate(variable):
        bottom = 0 if node.free else place
        node.before.append((source.layer, source.top))
        nodes[source.layer].after.append((index, source.top, bottom))
        for number in _passed(nodes, source.way):
            nodes[number].after.append((index, 0, bottom))


def _passed(nodes: Sequence[Node], way: Sequence[int]) -> set[int]:
    """All passing layers between a source and what lies behind the last of them."""
    seen, waiting = set(way), list(way)
    while waiting:
        new = set(nodes[waiting.pop()].way) - seen
        seen |= new
        waiting += new
    return seen


def _behind(index: int, node: Node, variable: Sequence[Source], place: int) -> Source:
    """The source of a layer's top; a Noop hands on several blobs, each in its place."""
    if not node.passes:
        return Source(index, place)
    through = variable[min(place, len(variable) - 1)]
    node.way = tuple(sorted({passed for source in (variable if node.free else [through]) for passed in source.way}))
    return Source(through.layer, through.top, (index,), {**through.last, node.label: index})


def cone(nodes: Sequence[Node], index: int, *, upwards: bool) -> int:
    """How many layers that count stand before a layer, or behind it."""
    seen: set[int] = set()
    waiting = [index]
    while waiting:
        node = nodes[waiting.pop()]
        near = [entry[0] for entry in node.before] if upwards else [entry[0] for entry in node.after]
        waiting += [other for other in near if other not in seen]
        seen.update(near)
    return len(seen)
