"""Fewer layers: the one that shows the fault alone, or as few before it as it takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from maskctl.graph.model import Model
from maskctl.layers.base import Array
from maskctl.reduce.case import cut_out
from maskctl.reduce.search import Search, fewest


def cut_layers(search: Search, model: Model, feeds: Sequence[Mapping[str, Array]]) -> None:
    """Finds the fewest layers of `model` that show the fault, `search.origin` among them.

    What they read is taken from `feeds`, all blobs (1, …) of a run each: from the first with which the fault shows.
    """

    def first(choices: Iterable[Collection[int]]) -> int | None:
        cases = (cut_out(model, {*kept, search.origin}, blobs) for kept in choices for blobs in feeds)
        found = search.first(cases)
        return None if found is None else found // len(feeds)

    grown = list(_growing(model, search.origin))
    enough = first(grown)
    if enough is not None:
        fewest(sorted(grown[enough] - {search.origin}), first)


def _growing(model: Model, origin: int) -> Iterator[frozenset[int]]:
    """The layer alone, with what is 1, 2, 4, … layers before it, with all it depends on, with all others, too.

    The last are for an engine that a layer elsewhere has harmed.
    """
    producer, layers = model.graph.producer, model.graph.layers
    found = near = frozenset({origin})
    steps, reach = 0, 0
    yield found
    while near:
        near = frozenset(
            place for index in near for name in layers[index].bottoms if (place := producer[name]) not in found
        )
        found, steps = found | near, steps + 1
        if steps > reach or not near:
            reach = 2 * steps - 1
            yield found
    running = [op.layer.index for op in model.operators if not op.cut]
    yield frozenset(index for index in running if index <= origin)
    yield frozenset(running)
