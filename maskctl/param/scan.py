"""A `.param` file read as far as it can be: every line that cannot be read is kept, with the error that says why."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maskctl.errors import ParamSyntaxError, Place
from maskctl.param.lines import LayerLine, is_comment, parse_layer_line

MAGIC = "7767517"
SPACE = " \t\r\n\v\f"
"""What C calls white space."""

_COUNTS = re.compile(r"[ \t\r\v\f]*0*([1-9][0-9]{0,8})[ \t]+0*([1-9][0-9]{0,8})[ \t\r\n\v\f]*\Z")
_MOST_ERRORS = 1000
_PARAM_BIN_MAGIC = bytes.fromhex("dd857600")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Scan:
    """What is in a `.param` file, sound or not; `lines` joined are the text.

    `layer_count` and `blob_count` are what the second filled line claims, 0 where it cannot be read; `counts_line` is
    its number. `layers` are the lines that could be read, `broken` the numbers of those that could not, `trailing` of those
    behind the last counted layer where none of them is one. Comments are none of these. `errors` are in file order; a file
    that is no `.param` has nothing but its error.
    """

    path: str
    lines: tuple[str, ...]
    counts_line: int
    layer_count: int
    blob_count: int
    layers: tuple[LayerLine, ...]
    broken: tuple[int, ...]
    errors: tuple[ParamSyntaxError, ...]
    trailing: tuple[int, ...] = ()


def scan(data: bytes, path: str = "<param>") -> Scan:
    """Reads the bytes of a file that should be a `.param`; never raises."""
    foreign = _foreign(data, path)
    if foreign:
        return Scan(path, (), 0, 0, 0, (), (), (foreign,))
    lines = split_lines(data.decode("utf-8", "surrogateescape"))
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip(SPACE)]
    rows = [row for row in filled if not is_comment(row[1])] or filled
    magic = _magic_error(rows, path)
    if magic and not _has_mark(rows[0][1]):
        return Scan(path, lines, 0, 0, 0, (), (), (magic,))
    counts_line, counts = _counts(rows, path)
    layer_count, blob_count = counts if isinstance(counts, tuple) else (0, 0)
    read, rest = _read_layers(rows[2:], path)
    end = _end_of_counted(read, layer_count)
    comment_rows = [row for row in filled if is_comment(row[1])]
    comments = [_layer_or_error(line, number, path) for number, line in comment_rows[:_MOST_ERRORS]]
    errors = [row for row in (magic, counts, *comments, *read.values()) if isinstance(row, ParamSyntaxError)]
    errors = [*sorted((_told_from(end, error) for error in errors), key=_line), *rest]
    trailing = tuple(_line(error) for error in errors if _line(error) > end)
    layers = tuple(row for row in read.values() if isinstance(row, LayerLine))
    broken = tuple(number for number, row in read.items() if not isinstance(row, LayerLine) and number <= end)
    return Scan(path, lines, counts_line, layer_count, blob_count, layers, broken, tuple(errors), trailing)


def _read_layers(
    rows: Sequence[tuple[int, str]], path: str
) -> tuple[Mapping[int, LayerLine | ParamSyntaxError], tuple[ParamSyntaxError, ...]]:
    """The layers by line number, and an error that says where reading was given up because too many lines are none."""
    read: dict[int, LayerLine | ParamSyntaxError] = {}
    wrong = 0
    for number, line in rows:
        if wrong == _MOST_ERRORS:
            problem = (
                f"{_MOST_ERRORS:,} lines before this one cannot be read, and this one and the rest were not looked at. "
                "Is this a .param file?"
            )
            return read, (ParamSyntaxError(problem, Place(path, number, 1)),)
        read[number] = _layer_or_error(line, number, path)
        wrong += isinstance(read[number], ParamSyntaxError)
    return read, ()


def _layer_or_error(line: str, number: int, path: str) -> LayerLine | ParamSyntaxError:
    try:
        return parse_layer_line(line, number, path)
    except ParamSyntaxError as error:
        return error.with_traceback(None)  # which would keep the line's words alive


def _end_of_counted(read: Mapping[int, LayerLine | ParamSyntaxError], count: int) -> int:
    """Number of the line of the last counted layer; beyond all where the count is wrong, since there are layers behind it."""
    numbers, rows = list(read), list(read.values())
    if not 0 < count <= len(rows) or any(isinstance(row, LayerLine) for row in rows[count:]):
        return sys.maxsize
    return numbers[count - 1]


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


def split_lines(text: str) -> tuple[str, ...]:
    """The lines with their ends; only a line feed ends a line, as in the engine."""
    lines = text.split("\n")
    ended = [line + "\n" for line in lines[:-1]]
    return (*ended, lines[-1]) if lines[-1] else tuple(ended)


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


def _magic_error(filled: list[tuple[int, str]], path: str) -> ParamSyntaxError | None:
    number, line = filled[0]
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


def _counts(filled: list[tuple[int, str]], path: str) -> tuple[int, tuple[int, int] | ParamSyntaxError]:
    """The number of the line with the counts, and the counts or why they cannot be read."""
    number, line = filled[1] if len(filled) > 1 else (filled[0][0] + 1, "")
    found = _COUNTS.match(line)
    if found:
        return number, (int(found.group(1)), int(found.group(2)))
    return number, ParamSyntaxError(
        f"the second line is '{line.strip()[:40]}'. Expected the layer count and the blob count, e.g. '75 83'.",
        Place(path, number, 1),
    )
