"""Fences: layers without 16-bit storage in front of a layer, so that its input arrives in 32 bits.

The engine casts a 16-bit blob to fp32 for a layer type that has no 16-bit storage, and such a layer gives fp32. DeepCopy is
one on every CPU: it copies its blob, has no parameters, and changes no value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from maskctl.errors import EditRefusedError
from maskctl.param.document import ParamDocument, parse
from maskctl.param.grammar import WORD
from maskctl.param.lines import LayerLine

FENCE_TYPE = "DeepCopy"

_COUNTS = re.compile(r"(\s*)([0-9]+)([ \t]+)([0-9]+)(\s*)\Z")
_HEAD_WORDS = 4
"""Words of a layer line before its bottoms: type, name and two counts."""


@dataclass(frozen=True, order=True)
class Fence:
    """A layer in front of one bottom of the layer `reader`, whose index counts the layers that were there before."""

    reader: int
    bottom: int


def shifted(index: int, fences: Sequence[Fence]) -> int:
    """The index of a layer once the fences are there.

    >>> [shifted(index, [Fence(2, 0), Fence(2, 1)]) for index in (1, 2, 3)]
    [1, 4, 5]
    """
    return index + sum(fence.reader <= index for fence in fences)


def with_fences(document: ParamDocument, fences: Sequence[Fence]) -> ParamDocument:
    """The document with a line for each fence, its reader reading the new blob, and both counts raised.

    Everything else stays as it is written. `source` stays what was read, so that the difference shows the lines.
    """
    lines, taken, placed = list(document.lines), _names(document), list[str]()
    for number, fence in reversed(list(enumerate(sorted(fences)))):
        reader = document.layers[fence.reader]
        name, place = _new_name(reader, fence, taken), reader.number - 1
        taken.add(name)
        end = "\r\n" if reader.text.endswith("\r\n") else "\n"
        placed.insert(0, f"{FENCE_TYPE:<24} {name:<24} 1 1 {reader.bottoms[fence.bottom]} {name}{end}")
        lines[place] = _with_bottom(lines[place], fence.bottom, name)
        if not number or sorted(fences)[number - 1].reader < fence.reader:
            lines[place:place], placed = placed, []
    _count(lines, len(fences))
    return replace(parse(_bytes(lines), document.path), source=document.source)


def without_fences(after: bytes, fences: Sequence[Fence]) -> bytes:
    """The file with every fence taken out again: what it was before, but for masks.

    Raises `EditRefusedError` where a layer that should be a fence is anything else than a plain copy for its reader alone.
    """
    document = parse(after)
    lines = list(document.lines)
    blobs = [name for layer in document.layers for name in layer.bottoms]
    placed: set[int] = set()
    for number, fence in enumerate(sorted(fences)):
        layer = document.layers[fence.reader + number]
        reader = document.layers[shifted(fence.reader, fences)]
        plain = (
            layer.type == FENCE_TYPE and not layer.tokens and len(layer.bottoms) == 1 and layer.tops == (layer.name,)
        )
        if not plain or reader.bottoms[fence.bottom] != layer.name or blobs.count(layer.name) != 1:
            raise EditRefusedError(
                "a fence is not the plain copy it should be. Nothing was written. This is a bug in maskctl."
            )
        lines[reader.number - 1] = _with_bottom(lines[reader.number - 1], fence.bottom, layer.bottoms[0])
        placed.add(layer.number - 1)
    lines = [line for place, line in enumerate(lines) if place not in placed]
    _count(lines, -len(fences))
    return _bytes(lines)


def _with_bottom(text: str, bottom: int, name: str) -> str:
    """A layer's line with another name for one of its bottoms."""
    word = list(WORD.finditer(text))[_HEAD_WORDS + bottom]
    return text[: word.start()] + name + text[word.end() :]


def _count(lines: list[str], more: int) -> None:
    """Raises both counts in the second line that is not blank."""
    place = [number for number, line in enumerate(lines) if line.strip()][1]
    found = _COUNTS.match(lines[place])
    if found is None:
        raise AssertionError(f"the counts '{lines[place]}' were read before")
    head, layers, gap, blobs, tail = found.groups()
    lines[place] = f"{head}{int(layers) + more}{gap}{int(blobs) + more}{tail}"


def _names(document: ParamDocument) -> set[str]:
    return {name for layer in document.layers for name in (layer.name, *layer.bottoms, *layer.tops)}


def _new_name(reader: LayerLine, fence: Fence, taken: set[str]) -> str:
    """A name that no layer and no blob has."""
    stem = f"{reader.name}_in{fence.bottom}_fp32"
    if len(stem.encode("utf-8", "surrogateescape")) > 200:
        stem = f"layer{fence.reader}_in{fence.bottom}_fp32"
    while stem in taken:
        stem += "_"
    return stem


def _bytes(lines: Sequence[str]) -> bytes:
    return "".join(lines).encode("utf-8", "surrogateescape")
