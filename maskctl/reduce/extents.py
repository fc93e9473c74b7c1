"""Fewer columns, rows and channels, axis by axis, around the element that shows the fault."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from maskctl.reduce.narrow import fewer_outputs, gives_fewer, narrowed
from maskctl.reduce.search import Search, fewest


def shrink(search: Search) -> None:
    """Makes blobs smaller until no axis of any can lose another place: columns and rows first, then channels."""
    before = None
    while before is not search.best and not search.is_over:
        before = search.best
        for axis in range(_most_axes(search) - 1, 0, -1):
            _shrink_inputs(search, axis)
        _shrink_outputs(search)
        _shrink_inputs(search, 0)


def _most_axes(search: Search) -> int:
    case, _ = search.found
    return max((values.ndim - 1 for values in case.inputs.values()), default=0)


def _shrink_inputs(search: Search, axis: int) -> None:
    """Fewer places along an axis, counted from the outermost: of all blobs of one extent together, then of each alone."""
    case, _ = search.found
    groups: dict[int, list[str]] = {}
    for name, values in case.inputs.items():
        if values.ndim - 1 > axis:
            groups.setdefault(values.shape[1 + axis], []).append(name)
    alone = [[name] for names in groups.values() if len(names) > 1 for name in names]
    for names in [*groups.values(), *alone]:
        _shrink_together(search, names, axis)


def _shrink_together(search: Search, names: Sequence[str], axis: int) -> None:
    case, shown = search.found
    extent = case.inputs[names[0]].shape[1 + axis]
    if any(case.inputs[name].shape[1 + axis] != extent for name in names) or extent < 2:
        return
    given = case.shapes[shown.blob]
    near = None
    if len(shown.place) > axis and len(given) == case.inputs[names[0]].ndim - 1:
        near = min(extent - 1, shown.place[axis] * extent // given[axis])

    def first(choices: Iterable[Sequence[int]]) -> int | None:
        return search.first(narrowed(case, dict.fromkeys(names, kept), axis) for kept in choices)

    fewest(range(extent), first, near)


def _shrink_outputs(search: Search) -> None:
    """Fewer output channels of each layer that can give fewer, the last first."""
    for place in range(len(search.found[0].parts) - 1, -1, -1):
        _shrink_outputs_of(search, place)


def _shrink_outputs_of(search: Search, place: int) -> None:
    case, shown = search.found
    part = case.parts[place]
    if not gives_fewer(case, place):
        return
    near = None
    if part.line.tops[0] == shown.blob and shown.place:
        near = shown.place[-1 if part.line.type == "InnerProduct" else 0]

    def first(choices: Iterable[Sequence[int]]) -> int | None:
        return search.first(fewer_outputs(case, place, kept) for kept in choices)

    fewest(range(case.ops[place].params.integer("num_output")), first, near)
