"""Repairs as edits: the fewest characters of a line that make it another one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from maskctl import featmask
from maskctl.graph.network import Layer
from maskctl.lint.finding import Edit, Span


def line_edit(number: int, before: str, after: str) -> Edit:
    r"""The edit that makes line `number` from `before` to `after`, leaving what both begin and end with.

    >>> line_edit(3, "ReLU r 1 1 a b 31=3\n", "ReLU r 1 1 a b 31=1\n")
    Edit(line=3, start=18, end=19, text='1')
    """
    head = _alike(before, after)
    tail = _alike(before[head:][::-1], after[head:][::-1])
    return Edit(number, head, len(before) - tail, after[head : len(after) - tail])


def span_edit(span: Span, text: str) -> Edit:
    """The edit that puts a text in the place of a span."""
    return Edit(span.line, span.column - 1, span.column - 1 + span.length, text)


def deletion(number: int, line: str) -> Edit:
    """The edit that takes a line out, with its end."""
    return Edit(number, 0, len(line), "")


def edited(lines: Sequence[str], edits: Iterable[Edit]) -> str:
    r"""The text of the lines after edits that do not overlap.

    >>> edited(["a b\n", "c\n"], [Edit(1, 2, 3, "B"), Edit(2, 0, 2, ""), Edit(1, 0, 1, "A")])
    'A B\n'
    """
    by_line = defaultdict[int, list[Edit]](list)
    for edit in edits:
        by_line[edit.line].append(edit)
    changed = list(lines)
    for number, found in by_line.items():
        changed[number - 1] = "".join(_pieces(changed[number - 1], sorted(found)))
    return "".join(changed)


def _pieces(line: str, edits: Iterable[Edit]) -> Iterator[str]:
    """What an edited line is made of; the edits come in the order of their places."""
    done = 0
    for edit in edits:
        yield line[done : edit.start]
        yield edit.text
        done = edit.end
    yield line[done:]


class FreshNames:
    """Makes names of others that none has yet.

    >>> fresh = FreshNames({"relu", "relu_2"})
    >>> fresh("relu"), fresh("relu"), fresh("relu", 0)
    ('relu_3', 'relu_4', 'relu_0')
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._next: dict[tuple[str, int], int] = {}

    def __call__(self, name: str, first: int = 2) -> str:
        """The name with the first number behind it, from `first` on, that makes it another than all names so far."""
        number = self._next.get((name, first), first)
        while f"{name}_{number}" in self._taken:
            number += 1
        self._next[name, first] = number + 1
        self._taken.add(f"{name}_{number}")
        return f"{name}_{number}"


def _alike(before: str, after: str) -> int:
    """How many characters both begin with; halves are compared, as looking at one after the other takes long in Python."""
    alike, end = 0, min(len(before), len(after))
    while alike < end:
        middle = (alike + end + 1) // 2
        if before[alike:middle] == after[alike:middle]:
            alike = middle
        else:
            end = middle - 1
    return alike


def mask_edit(layer: Layer, mask: int) -> Edit:
    """The edit that gives a layer another feature mask; 0 takes the parameter off its line."""
    line = layer.line
    token = next((token for token in reversed(line.tokens) if token.id == featmask.PARAM_ID), None)
    if not mask or token is None or not isinstance(token.value, int) or token.value == mask:
        return line_edit(line.number, line.text, line.text_with(featmask.PARAM_ID, mask or None))
    start, end, text = _rewritten(line.text[token.start : token.end], f"{featmask.PARAM_ID}={mask}")
    return Edit(line.number, token.start + start, token.start + end, text)


@lru_cache(maxsize=1024)
def _rewritten(before: str, after: str) -> tuple[int, int, str]:
    """The characters of a token that become others, and what they become; white space ends both tokens, so nothing behind counts."""
    _, start, end, text = line_edit(0, before, after)
    return start, end, text


@lru_cache(maxsize=256)
def mask_words(mask: int) -> str:
    """What to write for a mask, with its meaning.

    >>> mask_words(1), mask_words(0)
    ('31=1 (no-fp16-arithmetic)', 'no mask')
    """
    return f"{featmask.PARAM_ID}={mask} ({featmask.words(mask)})" if mask else "no mask"
