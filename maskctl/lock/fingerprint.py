"""What a layer looks like to someone who cannot read names: itself, and what stands before and behind it.

Weisfeiler and Lehman's refinement of colours on the skeleton: a layer's colour of radius r is made of its label and the
colours of radius r-1 of its neighbours. `up` looks at what stands before it, `down` at what stands behind, both as far as
there is anything in their last colour; `around` goes on from there to the neighbours' own cones.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from maskctl.graph.network import Graph
from maskctl.lock.skeleton import Node, skeleton

NEAR = 6
"""Radii from 1 to this are kept, so that it can be said how far a changed network agrees."""
_AROUND_ROUNDS = 6
_NEAR_BYTES, _WHOLE_BYTES = 4, 8

Colours = Sequence[str]


@dataclass(frozen=True)
class Alike:
    """How many layers of the network have the same label, and the same whole cones before, behind and around them, with it.

    `up_apart` is the radius of `down` that tells a layer apart from the others of its `up`, `down_apart` the other way round;
    0 where there are no others, more than `NEAR` where no radius does.
    """

    label: int
    up: int
    down: int
    around: int
    fine: int
    up_apart: int
    down_apart: int


@dataclass(frozen=True)
class Fingerprint:
    """A layer without names: `up` and `down` are colours by radius, the whole cone last; `around` is one colour.

    `fine` is `around` on the fine skeleton.
    """

    label: str
    up: tuple[str, ...]
    down: tuple[str, ...]
    around: str
    fine: str
    alike: Alike


def fingerprints(graph: Graph) -> tuple[Fingerprint, ...]:
    """One per layer, in file order."""
    nodes, fine_nodes = skeleton(graph), skeleton(graph, fine=True)
    labels = [node.label for node in nodes]
    start = [_hash(name, size=_NEAR_BYTES) for name in labels]
    ups = _rounds(start, NEAR, lambda now, node: _hash(*_before(node, now), size=_NEAR_BYTES), nodes)
    downs = _rounds(start, NEAR, lambda now, node: _hash(*_after(node, now), size=_NEAR_BYTES), nodes)
    up, down = _cones(nodes)
    around, fine = _around(nodes, up, down), _around(fine_nodes, *_cones(fine_nodes))
    every = (labels, up, down, around, fine)
    counts = [Counter(values) for values in every]
    many = [[count[value] for value in values] for count, values in zip(counts, every, strict=True)]
    alike = [Alike(*row) for row in zip(*many, _apart(up, downs), _apart(down, ups), strict=True)]
    return tuple(
        Fingerprint(
            labels[index],
            (*(colours[index] for colours in ups), up[index]),
            (*(colours[index] for colours in downs), down[index]),
            around[index],
            fine[index],
            alike[index],
        )
        for index in range(len(nodes))
    )


def agreement(left: Colours, right: Colours) -> int:
    """Up to which radius two cones are the same; one more than `NEAR` where they are the same as a whole.

    >>> agreement(("a", "b", "c"), ("a", "b", "d"))
    2
    """
    for radius, (one, other) in enumerate(zip(left, right, strict=True)):
        if one != other:
            return radius
    return len(left)


def _hash(*words: str, size: int = _WHOLE_BYTES) -> str:
    return hashlib.blake2b("\0".join(words).encode("utf-8", "surrogateescape"), digest_size=size).hexdigest()


def _before(node: Node, colours: Colours) -> list[str]:
    """A layer's label and what it reads, in order where that matters."""
    read = [f"{top}:{colours[layer]}" for layer, top in node.before]
    return [node.label, str(node.ahead), *(sorted(read) if node.free else read)]


def _after(node: Node, colours: Colours) -> list[str]:
    """A layer's label and who reads it."""
    return [
        node.label,
        str(node.behind),
        *sorted(f"{top}:{bottom}:{colours[layer]}" for layer, top, bottom in node.after),
    ]


def _rounds(
    start: Colours, count: int, refine: Callable[[Colours, Node], str], nodes: Sequence[Node], *, own: bool = False
) -> Sequence[Colours]:
    """The colours after each of `count` rounds; with `own`, a layer's colour of the round before goes into its next."""
    found: list[Colours] = []
    now = start
    for _ in range(count):
        refined = [refine(now, node) for node in nodes]
        now = [_hash(*pair) for pair in zip(now, refined, strict=True)] if own else refined
        found.append(now)
    return found


def _cones(nodes: Sequence[Node]) -> tuple[Colours, Colours]:
    """The colours of infinite radius before and behind each layer."""
    up, down = [""] * len(nodes), [""] * len(nodes)
    for index, node in enumerate(nodes):
        up[index] = _hash(*_before(node, up))
    for index in reversed(range(len(nodes))):
        down[index] = _hash(*_after(nodes[index], down))
    return up, down


def _apart(cones: Colours, other_side: Sequence[Colours]) -> list[int]:
    """The radius on the other side at which no other layer of the same cone has the same colour."""
    found = [len(other_side) + 1] * len(cones)
    for radius in range(len(other_side), -1, -1):
        colours = list(zip(cones, other_side[radius - 1], strict=True)) if radius else [(cone, "") for cone in cones]
        counts = Counter(colours)
        for index, colour in enumerate(colours):
            if counts[colour] == 1:
                found[index] = radius
    return found


def _around(nodes: Sequence[Node], up: Colours, down: Colours) -> Colours:
    """Colours of both cones of a layer, and of those of its neighbours."""
    cones = [_hash(*pair) for pair in zip(up, down, strict=True)]

    def refine(now: Colours, node: Node) -> str:
        return _hash(*_before(node, now), "|", *_after(node, now))

    return _rounds(cones, _AROUND_ROUNDS, refine, nodes, own=True)[-1]
