"""A lock brought up to date with its model: what was told of masks stays with them, and nothing is lost in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from maskctl.graph.network import Graph
from maskctl.lock.file import Entry, Gain, Lock, Together, lock_of
from maskctl.lock.match import Found, match


def updated(before: Lock, made: Lock, graph: Graph) -> tuple[Lock, tuple[Entry, ...]]:
    """`made`, the lock of a network as it is, with what `before` tells of its layers; and the entries that have no mask there.

    A layer keeps its reason, and its figures as long as its mask is the same.
    """
    lock, gone = _brought_up(before, made, graph)
    return lock, tuple(found.entry for found in gone)


def _brought_up(before: Lock, made: Lock, graph: Graph) -> tuple[Lock, tuple[Found, ...]]:
    entries = dict(zip((layer.index for layer in graph.layers if layer.mask), made.entries, strict=True))
    gone = []
    for found in match(before, graph):
        if found.index not in entries:
            gone.append(found)
            continue
        mine, told = entries[found.index], found.entry
        mine = replace(mine, reason=told.reason)
        if told.mask == mine.mask:
            mine = replace(mine, gain=told.gain, plan=told.plan)
        entries[found.index] = mine
    return replace(made, entries=tuple(entries.values()), path=before.path), tuple(gone)


def recorded(before: Lock, graph: Graph, reasons: Mapping[int, str], gains: Mapping[int, Gain], plan: Together) -> Lock:
    """A lock after a plan changed masks of a network: entries with the reason and the gain of their layer.

    `reasons` has every layer that the plan changed: the entry of one that has no mask now goes, because the plan took it away.
    Without gains, as where the lock came while the plan was sought, there is that of the plan alone. Entries of other layers
    without a mask stay behind the others: they are masks still to be put back.
    """
    made, gone = _brought_up(before, lock_of(graph), graph)
    indices = [layer.index for layer in graph.layers if layer.mask]
    entries = [
        replace(entry, reason=reasons[index], gain=gains.get(index), plan=plan) if index in reasons else entry
        for index, entry in zip(indices, made.entries, strict=True)
    ]
    return replace(made, entries=(*entries, *(found.entry for found in gone if found.index not in reasons)))
