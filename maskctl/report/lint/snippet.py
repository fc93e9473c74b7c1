"""The line of a finding as a terminal shows it, with a mark under the characters that are meant."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from maskctl.lint.finding import Span

_TAB = "    "
_CUT = "…"
_REACH = 8
"""Characters to look at on each side for each column; a terminal shows some in no column."""


def snippet(line: str, span: Span, width: int) -> tuple[str, str]:
    r"""The line and the marks under it, both no wider than `width` columns; a long line is cut around the span.

    >>> snippet("ReLU\trelu 1 1 da relu\n", Span(4, 15, 2), 80)
    ('ReLU    relu 1 1 da relu', '                 ^^')
    """
    start, end = _marked(line, span)
    length, cut = _length(line, "\r\n"), max(0, start - _REACH * width)
    near = line[cut : min(start + _REACH * width, length)]
    start, end, cells = start - cut, end - cut, [_shown(character) for character in near]
    first, last = _window(cells, start, end, width, is_whole=len(near) == length)
    before = (_CUT if cut + first else "") + "".join(cells[first:start])
    shown = before + "".join(cells[start:last]) + (_CUT if cut + last < length else "")
    marks = max(1, _columns(cells[start : min(end, last)]))
    return shown.rstrip(), " " * _columns(before) + "^" * marks


def _marked(line: str, span: Span) -> tuple[int, int]:
    """The characters that are meant, from 0, end excluded; those of the whole line, without space around, for none."""
    if span.length:
        return min(span.column - 1, len(line)), min(span.column - 1 + span.length, _length(line, "\r\n"))
    text = line.rstrip()
    return max(span.column - 1, len(text) - len(text.lstrip())), len(text)


def _length(line: str, ends: str) -> int:
    """The length of a line without what is of `ends` behind it; nothing is copied, as a line may have many marks."""
    length = len(line)
    while length and line[length - 1] in ends:
        length -= 1
    return length


def _window(cells: Sequence[str], start: int, end: int, width: int, *, is_whole: bool) -> tuple[int, int]:
    """The characters to show so that the marked ones are among them, with as much as fits on both sides."""
    if is_whole and _columns(cells) <= width:
        return 0, len(cells)
    first = min(start, len(cells))
    room = width - 2 * len(_CUT)
    last, room = _grown(cells[first:end], room)
    before, after = cells[:first][::-1], cells[first + last :]
    left, rest = _grown(before, room // 2)
    right, rest = _grown(after, rest + room - room // 2)
    more, _ = _grown(before[left:], rest)
    return first - left - more, first + last + right


def _grown(cells: Sequence[str], room: int) -> tuple[int, int]:
    """How many of the characters fit into `room` columns, and how many columns they leave."""
    count = 0
    while count < len(cells) and _columns(cells[count]) <= room:
        room -= _columns(cells[count])
        count += 1
    return count, room


def _shown(character: str) -> str:
    """A character as it is shown: a tab as spaces, what is no text by its number."""
    if character == "\t":
        return _TAB
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def _columns(text: str | Sequence[str]) -> int:
    """How many columns of a terminal the characters take."""
    return sum(_column(character) for cell in text for character in cell)


def _column(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
