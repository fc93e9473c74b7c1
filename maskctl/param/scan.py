"""A `.param` file read as far as it can be, and why the lines that cannot be read cannot."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import merge

from maskctl.errors import ParamSyntaxError, Place
from maskctl.param.grammar import COMMENTS, check_layer_line, is_comment
from maskctl.param.lines import Layers
from maskctl.param.text import SPACE, Lines

MAGIC = "7767517"

_COUNTS = re.compile(r"[ \t\r\v\f]*0*([1-9][0-9]{0,8})[ \t]+0*([1-9][0-9]{0,8})[ \t\r\n\v\f]*\Z")
_MOST_ERRORS = 1000
_PARAM_BIN_MAGIC = bytes.fromhex("dd857600")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Scan:
    """What is in a `.param` file, sound or not; `lines` joined are the text.

    `layer_count` and `blob_count` are what the second filled line claims, 0 where it cannot be read; `counts_line` is
    its number. `layers` are the lines that could be read. `wrong` are the numbers of the others, comments included, but for those
    from line `given_up` on, where too many were wrong, 0 where it was read to the end; what is wrong with them is looked up when
    it is asked for. `head_errors` are those of the magic number and the counts; a file that is no `.param` has nothing but one.
    `end` is the line of the last counted layer, beyond all where the count is wrong.
    """

    path: str
    layers: Layers
    head_errors: tuple[ParamSyntaxError, ...]
    counts_line: int = 0
    layer_count: int = 0
    blob_count: int = 0
    wrong: Sequence[int] = ()
    given_up: int = 0
    end: int = sys.maxsize

    @property
    def lines(self) -> Lines:
        """The text, line by line."""
        return self.layers.lines

    @cached_property
    def errors(self) -> tuple[ParamSyntaxError, ...]:
        """What is wrong, in file order."""
        return tuple(self._found_errors())

    @property
    def first_error(self) -> ParamSyntaxError | None:
        """The first thing that is wrong; None in a file that can be read."""
        return next(self._found_errors(), None)

    @property
    def broken(self) -> tuple[int, ...]:
        """The numbers of the lines that cannot be read and are no comments, up to the last counted layer."""
        return tuple(number for number in self.wrong if number <= self.end and not is_comment(self.lines[number - 1]))

    @property
    def trailing(self) -> tuple[int, ...]:
        """The numbers of the lines behind the last counted layer, where none of them is a layer."""
        return tuple(number for number in map(_line, self.errors) if number > self.end)

    def _found_errors(self) -> Iterator[ParamSyntaxError]:
        errors = (_told_from(self.end, error) for error in map(self._error, self.wrong) if error)
        yield from merge(self.head_errors, errors, key=_line)
        if self.given_up:
            problem = (
                f"{_MOST_ERRORS:,} lines before this one cannot be read, and this one and the rest were not looked at. "
                "Is this a .param file?"
            )
            yield ParamSyntaxError(problem, Place(self.path, self.given_up, 1))

    def _error(self, number: int) -> ParamSyntaxError | None:
        return _error_in(self.lines[number - 1], number, self.path)


def scan(data: bytes, path: str = "<param>") -> Scan:
    """Reads the bytes of a file that should be a `.param`; never raises."""
    foreign = _foreign(data, path)
    if foreign:
        return Scan(path, Layers(Lines(b""), ()), (foreign,))
    lines = Lines(data)
    rows, comments = _filled(lines)
    first = (rows or comments)[0]
    magic = _magic_error(first, lines[first - 1], path)
    if magic and not _has_mark(lines[first - 1]):
        return Scan(path, Layers(lines, ()), (magic,))
    counts_line = rows[1] if len(rows) > 1 else first + 1
    counts = _counts(counts_line, lines[counts_line - 1] if len(rows) > 1 else "", path)
    layer_count, blob_count = counts if isinstance(counts, tuple) else (0, 0)
    layers, wrong, given_up = _layers(rows[2:], lines, path)
    return Scan(
        path,
        Layers(lines, layers),
        tuple(error for error in (magic, counts) if isinstance(error, ParamSyntaxError)),
        counts_line,
        layer_count,
        blob_count,
        sorted((*comments[:_MOST_ERRORS], *wrong)),
        given_up,
        _end_of_counted(rows[2 : 2 + len(layers) + len(wrong)], layers, layer_count),
    )


def _filled(lines: Lines) -> tuple[array[int], array[int]]:
    """The numbers of the lines that are not blank: of those that are no comments, and of comments."""
    rows, comments = array("I"), array("I")
    for number, line in enumerate(lines, 1):
        if begin := line.lstrip(SPACE):
            (comments if begin.startswith(COMMENTS) else rows).append(number)
    return rows, comments


def _layers(rows: Sequence[int], lines: Lines, path: str) -> tuple[array[int], array[int], int]:
    """The numbers of the lines that are layers, of those that are none, and of the one where too many were none, or 0."""
    layers, wrong = array("I"), array("I")
    for number in rows:
        if len(wrong) == _MOST_ERRORS:
            return layers, wrong, number
        (wrong if _error_in(lines[number - 1], number, path) else layers).append(number)
    return layers, wrong, 0


def _error_in(line: str, number: int, path: str) -> ParamSyntaxError | None:
    """Why a line is no layer, or None where it is one."""
    try:
        check_layer_line(line, number, path)
    except ParamSyntaxError as error:
        error.__traceback__ = error.__context__ = None  # which would keep the line's words alive
        return error
    return None


def _end_of_counted(rows: Sequence[int], layers: Sequence[int], count: int) -> int:
    """Number of the line of the last counted layer; beyond all where the count is wrong, since there are layers behind it."""
    if not 0 < count <= len(rows) or (layers and layers[-1] > rows[count - 1]):
        return sys.maxsize
    return rows[count - 1]


def _told_from(end: int, error: ParamSyntaxError) -> ParamSyntaxError:
    """The error, told as what it is behind the last counted layer."""
    if _line(error) <= end:
        return error
    problem = (
        "this stands behind the last layer of the count and is none. Take it out, or make it a layer and count it."
    )
    return ParamSyntaxError(problem, error.place, "trailing-content")


def _line(error: ParamSyntaxError) -> int:
    return error.place.line if error.place else 0


def _foreign(data: bytes, path: str) -> ParamSyntaxError | None:
    """Why the bytes are no text of a `.param` at all, or None."""
    if not data.strip():
        problem = "the file is empty. Expected an ncnn .param file, whose first line is 7767517."
    elif data.startswith(_PARAM_BIN_MAGIC):
        problem = "this is a binary .param.bin file. maskctl edits the text form, .param, before ncnn2mem."
    elif data.startswith(_UTF16_MARKS):
        problem = "this is UTF-16 text, which the engine refuses. Save it as UTF-8 without BOM."
    elif b"\0" in data:
        problem = "this is a binary file. Expected an ncnn .param file, which is text: give the .param, not the .bin with its weights."
    else:
        return None
    return ParamSyntaxError(problem, path, "magic-number")


def _magic_error(number: int, line: str, path: str) -> ParamSyntaxError | None:
    if line.split() == [MAGIC]:
        return None
    if _has_mark(line):
        problem = "the file begins with a byte order mark, which the engine refuses. Save it as UTF-8 without BOM."
        return ParamSyntaxError(problem, Place(path, number, 1), "magic-number")
    return ParamSyntaxError(
        f"the first line is '{line.strip()[:40]}'. Expected the magic number {MAGIC} alone. "
        "Either this is no ncnn .param file, or an old one: convert it again.",
        Place(path, number, 1),
        "magic-number",
    )


def _has_mark(line: str) -> bool:
    """True for a first line with which nothing is wrong but the byte order mark before it."""
    return line.startswith(_BYTE_ORDER_MARK) and line[1:].split() == [MAGIC]


def _counts(number: int, line: str, path: str) -> tuple[int, int] | ParamSyntaxError:
    """The counts that a line says, or why they cannot be read."""
    found = _COUNTS.match(line)
    if found:
        return int(found.group(1)), int(found.group(2))
    return ParamSyntaxError(
        f"the second line is '{line.strip()[:40]}'. Expected the layer count and the blob count, e.g. '75 83'.",
        Place(path, number, 1),
    )
