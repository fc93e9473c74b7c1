"""TOML of anybody: what Python's reader raises, and what it takes for ever over, is one kind of error."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from typing import Any

from maskctl.errors import InputError, did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MOST_DOTS = 200


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
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("its brackets are nested too deeply") from None


def refuse_unknown(table: Mapping[str, object], known: Collection[str], path: str, prefix: str = "") -> None:
    """Raises `InputError` for the first key of a table that nobody would read; `prefix` is what the table is called, with a dot."""
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known, f"Keys are: {', '.join(known)}.")
            raise InputError(f"there is no key '{prefix}{key}'. {hint}", path)
