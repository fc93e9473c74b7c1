"""What the elements of arrays are, and how a number of one kind is written as the other.

Source: how `src/layer/*.cpp` read the arrays. The engine has one kind of array and takes its bits for what it needs.
"""

from __future__ import annotations

from maskctl.layers import Param
from maskctl.numeric.bits32 import of_bits

FLOATS = {"activation_params", "coeffs", "min_sizes", "max_sizes", "aspect_ratios", "biases", "anchors_scale"}
INTEGERS = {"starts", "ends", "axes", "slices", "indices", "repeats", "equation"}
EITHER = {"mask"}
"""Floats that converters write as the integers of the same bits, which every engine reads as such."""

_LEAST_NORMAL = 1 << 23
_INT32 = range(-(2**31), 2**31)


def takes_integers(param: Param) -> bool:
    """True for a whole number, and for an array of them."""
    return isinstance(param.default, int) or (isinstance(param.default, tuple) and param.name in INTEGERS)


def takes_floats(param: Param) -> bool:
    """True for a float, and for an array of them."""
    return isinstance(param.default, float) or (isinstance(param.default, tuple) and param.name in FLOATS | EITHER)


def is_whole(value: float) -> bool:
    """True for a float that a 32-bit integer can hold.

    >>> is_whole(3.0), is_whole(0.5), is_whole(3e9)
    (True, False, False)
    """
    return value == int(value) and int(value) in _INT32


def are_bits(value: int) -> bool:
    """True for an integer that is a float of ordinary size by its bits.

    >>> are_bits(1077936128), are_bits(3), are_bits(-233)
    (True, False, False)
    """
    return value >= _LEAST_NORMAL and 1e-6 <= of_bits(value) <= 1e6


def as_integers(text: str) -> str:
    """The value of a parameter with its whole floats written as integers, the length of an array left.

    >>> as_integers("2,1.0,3"), as_integers("3e0")
    ('2,1,3', '3')
    """
    return ",".join(str(int(float(part))) if _is_float(part) else part for part in text.split(","))


def as_floats(text: str, *, first: int = 0) -> str:
    """The value of a parameter with its integers from element `first` on written as floats; bits of a float as that float.

    >>> as_floats("2,0,6", first=1), as_floats("1"), as_floats("1077936128")
    ('2,0.0,6.0', '1.0', '3.0')
    """
    parts = text.split(",")
    return ",".join([*parts[:first], *(_as_float(part) for part in parts[first:])])


def _as_float(part: str) -> str:
    if not part or _is_float(part):
        return part
    value = int(part)
    text = f"{of_bits(value):.7g}" if are_bits(value) else part
    return text if _is_float(text) else f"{text}.0"


def _is_float(part: str) -> bool:
    return any(mark in part for mark in ".eE")
