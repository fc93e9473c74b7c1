"""The values of `id=value` tokens: integers, floats, strings and arrays, as ncnn classifies them.

Source: ncnn `src/paramdict.cpp` (`ParamDict::load_param`), and the rules of its newest parser
where the two differ. The text itself is kept by the line; here it only gets a meaning.
"""

from __future__ import annotations

import re
from typing import TypeAlias

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
    if param_id <= -ARRAY_BASE:
        return _old_array(text)
    if text[:1] == '"':
        if len(text) < 2 or text[-1] != '"':
            raise ValueSyntaxError(f"string {text} has no closing quote")
        return text[1:-1]
    if text[:1].isascii() and text[:1].isalpha():
        return text
    if "," in text:
        items = text.split(",")
        return tuple(parse_number(item) for item in (items[:-1] if items[-1] == "" else items))
    return parse_number(text)


def _old_array(text: str) -> tuple[int | float, ...]:
    count, *items = text.split(",")
    length = int(count) if _INT.match(count) and len(count) <= _MAX_DIGITS else -1
    if length < 0:
        raise ValueSyntaxError(f"array '{text}' does not begin with its length", _LENGTH)
    if length != len(items):
        raise ValueSyntaxError(f"array '{text}' says {length} elements and has {len(items)}", _LENGTH)
    return tuple(parse_number(item) for item in items)


def normal_id(raw_id: int) -> int | None:
    """The id from 0 to 31 that a written id means, or None where ncnn has no such id.

    >>> normal_id(31), normal_id(-23310), normal_id(32), normal_id(-1)
    (31, 10, None, None)
    """
    param_id = -raw_id - ARRAY_BASE if raw_id <= -ARRAY_BASE else raw_id
    return param_id if 0 <= param_id < MAX_PARAM_COUNT else None
