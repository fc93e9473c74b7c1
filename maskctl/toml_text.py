"""TOML of anybody: what Python's reader raises, and what it takes for ever over, is one kind of error."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from maskctl.errors import InputError, did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MOST_DOTS = 200
_BITS = 64
"""What TOML asks of a reader of whole numbers."""


def parse_toml(text: str) -> dict[str, Any]:
    """The table that the text spells; raises `ValueError` with what is wrong.

    >>> parse_toml("a.b = 1")
    {'a': {'b': 1}}
    >>> parse_toml("a" + ".b" * 1000 + " = 1")
    Traceback (most recent call last):
    ValueError: a key has more than 200 dots (at line 1)
    """
    for number, line in enumerate(text.split("\n"), 1):
        # The reader takes time with the square of the parts of a key.
        if line.count(".") > _MOST_DOTS and line.partition("=")[0].count(".") > _MOST_DOTS:
            raise ValueError(f"a key has more than {_MOST_DOTS} dots (at line {number})")
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise ValueError("its brackets are nested too deeply") from None
    if any(number.bit_length() > _BITS for number in _whole_numbers(table)):
        raise ValueError(f"a whole number has more than {_BITS} bits")  # in hexadecimal it may be too long to be shown
    return table


def _whole_numbers(table: dict[str, Any]) -> Iterator[int]:
    values: list[Any] = [table]
    while values:
        value = values.pop()
        if isinstance(value, dict | list):
            values += value.values() if isinstance(value, dict) else value
        elif isinstance(value, int):
            yield value


def refuse_unknown(table: Mapping[str, object], known: Collection[str], path: str, prefix: str = "") -> None:
    """Raises `InputError` for the first key of a table that nobody would read; `prefix` is what the table is called, with a dot."""
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known, f"Keys are: {', '.join(known)}.")
            raise InputError(f"there is no key '{prefix}{key}'. {hint}", path)
