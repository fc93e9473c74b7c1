"""A `.param` file read as far as it can be: every line that cannot be read is kept, with the error that says why."""

from __future__ import annotations

import re
from dataclasses import dataclass

from maskctl.errors import ParamSyntaxError, Place
from maskctl.param.lines import LayerLine, parse_layer_line

MAGIC = "7767517"
SPACE = " \t\r\n\v\f"
"""What C calls white space."""

_COUNTS = re.compile(r"[ \t\r\v\f]*0*([1-9][0-9]{0,8})[ \t]+0*([1-9][0-9]{0,8})[ \t\r\n\v\f]*\Z")
_PARAM_BIN_MAGIC = bytes.fromhex("dd857600")


@dataclass(frozen=True)
class Scan:
    """What is in a `.param` file, sound or not; `lines` joined are the text.

    `layer_count` and `blob_count` are what the second filled line claims, 0 where it cannot be read; `counts_line` is
    its number. `layers` are the lines that could be read, `broken` the numbers of those that could not. `errors` are in
    file order; a file that is no text has nothing but its error.
    """

    path: str
    lines: tuple[str, ...]
    counts_line: int
    layer_count: int
    blob_count: int
    layers: tuple[LayerLine, ...]
    broken: tuple[int, ...]
    errors: tuple[ParamSyntaxError, ...]


def scan(data: bytes, path: str = "<param>") -> Scan:
    """Reads the bytes of a file that should be a `.param`; never raises."""
    foreign = _foreign(data, path)
    if foreign:
        return Scan(path, (), 0, 0, 0, (), (), (foreign,))
    lines = split_lines(data.decode("utf-8", "surrogateescape"))
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip(SPACE)]
    errors = [error for error in (_magic_error(filled, path),) if error]
    counts_line, counts = _counts(filled, path)
    if isinstance(counts, ParamSyntaxError):
        errors.append(counts)
        counts = (0, 0)
    read = [_layer_or_error(line, number, path) for number, line in filled[2:]]
    wrong = [(number, row) for (number, _), row in zip(filled[2:], read, strict=True) if not isinstance(row, LayerLine)]
    layers = tuple(row for row in read if isinstance(row, LayerLine))
    broken = tuple(number for number, _ in wrong)
    return Scan(path, lines, counts_line, *counts, layers, broken, (*errors, *(error for _, error in wrong)))


def _layer_or_error(line: str, number: int, path: str) -> LayerLine | ParamSyntaxError:
    try:
        return parse_layer_line(line, number, path)
    except ParamSyntaxError as error:
        return error


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
    elif b"\0" in data:
        problem = "this is a binary file. Expected an ncnn .param file, which is text; weights go to --bin."
    elif data.startswith(b"\xef\xbb\xbf"):
        problem = "the file begins with a byte order mark, which the engine refuses. Save it as UTF-8 without BOM."
        return ParamSyntaxError(problem, Place(path, 1, 1), "magic-number")
    else:
        return None
    return ParamSyntaxError(problem, path, "magic-number")


def _magic_error(filled: list[tuple[int, str]], path: str) -> ParamSyntaxError | None:
    number, line = filled[0]
    if line.split() == [MAGIC]:
        return None
    return ParamSyntaxError(
        f"the first line is '{line.strip()[:40]}'. Expected the magic number {MAGIC} alone. "
        "Either this is no ncnn .param file, or an old one: convert it again.",
        Place(path, number, 1),
        "magic-number",
    )


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
