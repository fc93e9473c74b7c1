"""The values of `id=value` tokens: integers, floats, strings and arrays, as ncnn classifies them.

Source: ncnn `src/paramdict.cpp` (`ParamDict::load_param`), and the rules of its newest parser
where the two differ. The text itself is kept by the line; here it only gets a meaning.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from maskctl.param.text import SPACE

Value: TypeAlias = int | float | str | tuple[int | float, ...]

ARRAY_BASE = 23300
"""An id of -23300-N spells "array under id N" in the old array form."""
MAX_PARAM_COUNT = 32
"""Parameter ids run from 0 to 31 (`NCNN_MAX_PARAM_COUNT`)."""

_INT = re.compile(r"[+-]?[0-9]+\Z")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_MAX_DIGITS = 4000
_INT32 = range(-(2**31), 2**31)
_LENGTH = "array-length-mismatch"
_FLOAT32_OVERFLOW = 2.0**128 - 2.0**103  # half a unit above the largest float32: rounds to infinity


class ValueSyntaxError(ValueError):
    """A value that no ncnn parser reads as what it was meant to be; the message says why.

    `mistake` is the name the linter has for it.
    """

    def __init__(self, message: str, mistake: str = "syntax-error") -> None:
        super().__init__(message)
        self.mistake = mistake


def parse_number(text: str) -> int | float:
    """An int when `text` is a plain decimal integer, else a float.

    Raises `ValueSyntaxError` for everything else, `0x3`, `nan` and numbers out of range included.

    >>> parse_number("-233"), parse_number("1e-3"), parse_number("5.")
    (-233, 0.001, 5.0)
    """
    if len(text) > _MAX_DIGITS:  # Python refuses to read an integer of more than 4300 digits
        raise ValueSyntaxError(f"'{text[:20]}…' is longer than {_MAX_DIGITS} characters")
    if _INT.match(text):
        number = int(text)
        if number not in _INT32:
            raise ValueSyntaxError(f"'{text}' does not fit a 32-bit integer")
        return number
    if not _FLOAT.match(text):
        raise ValueSyntaxError(f"'{text}' is not a number")
    value = float(text)
    if abs(value) >= _FLOAT32_OVERFLOW:
        raise ValueSyntaxError(f"'{text}' does not fit a 32-bit float")
    return value


def parse_value(param_id: int, text: str) -> Value:
    """The meaning of the text behind `id=`; an array is a tuple, in both spellings.

    >>> parse_value(3, "1,2,3"), parse_value(-23303, "2,0.5,1.0"), parse_value(6, '"0w,0h"')
    ((1, 2, 3), (0.5, 1.0), '0w,0h')
    """
    return text[1:-1] if _is_quoted(param_id, text) else _read(param_id, text, tuple)


def check_value(param_id: int, text: str) -> None:
    """Raises `ValueSyntaxError` where `parse_value` does, and keeps nothing of a string or an array, however long it is."""
    if not _is_quoted(param_id, text):
        _read(param_id, text, _no_items)


def _no_items(items: Iterable[int | float]) -> tuple[int | float, ...]:
    return tuple(deque(items, maxlen=0))


def _is_quoted(param_id: int, text: str) -> bool:
    """True for a string in quotes; raises where the last of them is missing."""
    if param_id <= -ARRAY_BASE or not text.startswith('"'):
        return False
    if len(text) < 2 or text[-1] != '"':
        raise ValueSyntaxError(f"string {ends_of(text).rstrip(SPACE)} has no closing quote")
    return True


def _read(param_id: int, text: str, array: Callable[[Iterable[int | float]], tuple[int | float, ...]]) -> Value:
    """The meaning of a text without quotes; `array` makes one of its numbers, which come one by one."""
    if param_id <= -ARRAY_BASE:
        return array(_old_array(text))
    if text[:1].isascii() and text[:1].isalpha():
        return text
    if "," in text:
        return array(map(parse_number, _pieces(text, 0, len(text) - text.endswith(","))))
    return parse_number(text)


def _old_array(text: str) -> Iterator[int | float]:
    found = text.count(",")
    count = text[: text.find(",")] if found else text
    length = int(count) if _INT.match(count) and len(count) <= _MAX_DIGITS else -1
    if length < 0:
        raise ValueSyntaxError(f"array '{ends_of(text)}' does not begin with its length", _LENGTH)
    if length != found:
        raise ValueSyntaxError(f"array '{ends_of(text)}' says {length} elements and has {found}", _LENGTH)
    return map(parse_number, _pieces(text, len(count) + 1, len(text)) if found else ())


def _pieces(text: str, begin: int, end: int) -> Iterator[str]:
    """What stands between commas, one by one, and no more of a piece than makes it too long."""
    while (comma := text.find(",", begin, end)) >= 0:
        yield text[begin : min(comma, begin + _MAX_DIGITS + 1)]
        begin = comma + 1
    yield text[begin : min(end, begin + _MAX_DIGITS + 1)]


def ends_of(text: str) -> str:
    """A text without its middle where it is longer than what a message shows of it."""
    return text if len(text) <= 2 * _MAX_DIGITS else text[:_MAX_DIGITS] + text[-_MAX_DIGITS:]


def meant_id(written: int) -> int:
    """The id from 0 to 31 that a written id means; any other number where ncnn has no such id.

    >>> meant_id(31), meant_id(-23310), meant_id(32), meant_id(-1)
    (31, 10, 32, -1)
    """
    return -written - ARRAY_BASE if written <= -ARRAY_BASE else written
