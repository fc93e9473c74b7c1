"""Repairs as edits: the fewest characters of a line that make it another one."""

from __future__ import annotations

from maskctl import featmask
from maskctl.graph.network import Layer
from maskctl.lint.finding import Edit


def line_edit(number: int, before: str, after: str) -> Edit:
    r"""The edit that makes line `number` from `before` to `after`, leaving what both begin and end with.

    >>> line_edit(3, "ReLU r 1 1 a b 31=3\n", "ReLU r 1 1 a b 31=1\n")
    Edit(line=3, start=18, end=19, text='1')
    """
    head = _alike(before, after)
    tail = _alike(before[head:][::-1], after[head:][::-1])
    return Edit(number, head, len(before) - tail, after[head : len(after) - tail])


def _alike(before: str, after: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((place for place, (was, now) in pairs if was != now), min(len(before), len(after)))


def mask_edit(layer: Layer, mask: int) -> Edit:
    """The edit that gives a layer another feature mask; 0 takes the parameter off its line."""
    return line_edit(layer.line.number, layer.line.text, layer.line.with_mask(mask).text)


def mask_words(mask: int) -> str:
    """What to write for a mask, with its meaning.

    >>> mask_words(1), mask_words(0)
    ('31=1 (no-fp16-arithmetic)', 'no mask')
    """
    return f"{featmask.PARAM_ID}={mask} ({featmask.words(mask)})" if mask else "no mask"
