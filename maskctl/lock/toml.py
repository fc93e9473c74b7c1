r"""The little of TOML that a lock is written in: strings, whole numbers, floats, and tables of them.

Python reads TOML and writes none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

Scalar = str | int | float
Table = Mapping[str, "Scalar | Mapping[str, Scalar]"]

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f]')


def scalar(value: Scalar) -> str:
    r"""A value as TOML writes it; raises `ValueError` for text that is no Unicode, such as half of a surrogate pair.

    >>> print(scalar('a "b"\\\x01'), scalar(3), scalar(0.5), scalar(float("nan")), scalar(float("-inf")), scalar(1e300))
    "a \"b\"\\\u0001" 3 0.5 nan -inf 1e+300
    """
    if isinstance(value, str):
        value.encode()
        return '"' + _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], f"\\u{ord(found[0]):04x}"), value) + '"'
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else f"{'-' if value < 0 else ''}inf"
    return repr(value)


def lines(table: Table) -> list[str]:
    """A table's lines; a table in it stands on one line.

    >>> lines({"name": "conv1", "alike": {"up": 1, "down": 2}})
    ['name = "conv1"', 'alike = { up = 1, down = 2 }']
    """
    return [
        f"{key} = {_inline(value) if isinstance(value, Mapping) else scalar(value)}" for key, value in table.items()
    ]


def _inline(table: Mapping[str, Scalar]) -> str:
    return "{ " + ", ".join(f"{key} = {scalar(value)}" for key, value in table.items()) + " }"
