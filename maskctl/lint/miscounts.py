"""Layers whose counts of bottoms and tops take in parameters, which the engine then reads as names of blobs.

Source: ncnn's `Net::load_param`, which takes as many words as the counts say, whatever they are.
"""

from __future__ import annotations

from typing import NamedTuple

from maskctl.graph.network import Layer
from maskctl.layers import LayerType
from maskctl.lint.editing import span_edit
from maskctl.lint.finding import Fix, Problem
from maskctl.lint.subject import Subject
from maskctl.param.grammar import TOKEN


class Miscount(NamedTuple):
    """The first parameter that is read as a name, and which count has to be what, None where that is not known."""

    word: str
    is_of_bottoms: bool
    meant: int | None


def is_parameter(name: str) -> bool:
    """True for the name of a blob that is written as a parameter is."""
    return TOKEN.fullmatch(name) is not None


def miscounted(layer: Layer, kind: LayerType | None) -> Miscount | None:
    """The miscount of a layer of which all names from some place on are parameters; None where none is.

    With the names before these the count of tops is mended where the type allows that, or else that of bottoms.
    """
    line = layer.line
    if "=" not in line.text[: line.end_of_names]:
        return None
    names, bottoms, tops = (*line.bottoms, *line.tops), len(line.bottoms), len(line.tops)
    there = len(names)
    while there and is_parameter(names[there - 1]):
        there -= 1
    if there == len(names):
        return None
    for meant in ((bottoms, there - bottoms), (there - tops, tops)):
        if min(meant) >= 0 and (kind is None or (meant[0] in kind.bottoms and meant[1] in kind.tops)):
            is_of_bottoms = meant[0] != bottoms
            return Miscount(names[there], is_of_bottoms, meant[not is_of_bottoms])
    return Miscount(names[there], there < bottoms, None)


def problem(subject: Subject, layer: Layer, found: Miscount) -> Problem:
    """A miscount at the count that is wrong; the fix writes the one that was meant, which sets the parameters and so is unsafe."""
    span = (subject.bottom_count_span if found.is_of_bottoms else subject.top_count_span)(layer)
    which = f"number of {'bottoms' if found.is_of_bottoms else 'tops'}"
    meant = "what it reads and gives" if found.meant is None else f"{found.meant} for the {which}"
    return Problem(
        f"{layer} has '{found.word}' among its blobs: it counts so many that the engine takes the parameter for the name of one, and "
        f"does not set it. Write {meant}.",
        span,
        layer.name,
        None if found.meant is None else Fix(f"write {meant}", (span_edit(span, str(found.meant)),), is_safe=False),
    )
