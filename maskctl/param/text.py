"""The text of a file as its lines, of which none takes memory until it is asked for."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import overload

SPACE = " \t\r\n\v\f"
"""What C calls white space: the engine knows no other, so a name may hold a no-break space."""

_LINE_FEED = re.compile(b"\n")


class Lines(Sequence[str]):
    r"""The lines of a text with their ends, joined the text; only a line feed ends a line, as in the engine.

    Kept are the bytes, 4 bytes for each line, and the line that was asked for last, of which many things may be told. What is
    no UTF-8 comes as surrogates, which encode to the same bytes.

    >>> list(Lines(b"7767517\n1 1\r\nInput data 0 1 data"))
    ['7767517\n', '1 1\r\n', 'Input data 0 1 data']
    """

    __slots__ = ("_last", "_starts", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._last = -1, ""
        self._starts = array("I" if len(data) < 2**32 else "Q", (0,))
        self._starts.extend(found.end() for found in _LINE_FEED.finditer(data))
        if self._starts[-1] < len(data):
            self._starts.append(len(data))

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(len(self))))
        place = range(len(self))[index]
        if place != self._last[0]:
            self._last = place, self._decoded(self._starts[place], self._starts[place + 1])
        return self._last[1]

    def __iter__(self) -> Iterator[str]:
        return (self._decoded(begin, end) for begin, end in pairwise(self._starts))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lines) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def changed(self, texts: Mapping[int, str]) -> Lines:
        r"""The lines with others at some places, which are counted from 0.

        >>> Lines(b"a\nb\nc\n").changed({1: "B\n"}).data
        b'a\nB\nc\n'
        """
        pieces, done = [], 0
        for place, text in sorted(texts.items()):
            pieces += [self.data[done : self._starts[place]], text.encode("utf-8", "surrogateescape")]
            done = self._starts[place + 1]
        return Lines(b"".join([*pieces, self.data[done:]]))

    def _decoded(self, begin: int, end: int) -> str:
        return self.data[begin:end].decode("utf-8", "surrogateescape")
