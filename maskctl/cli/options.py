"""Option values that more than one command reads."""

from __future__ import annotations

import math
from collections.abc import Sequence

from maskctl.errors import InputError
from maskctl.graph.given import parse_ends, parse_extents


def parse_shapes(texts: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """`BLOB=3,224,224` as a shape by blob name, outermost extent first; raises `InputError`.

    >>> parse_shapes(("data=3,224,224",))
    {'data': (3, 224, 224)}
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts:
        blob, _, extents = text.rpartition("=")
        shape = parse_extents(extents)
        if not blob or shape is None:
            raise InputError(
                f"--shape '{text}' is not a shape. Expected BLOB=C,H,W with 1 to 4 extents, e.g. data=3,224,224."
            )
        shapes[blob] = shape
    return shapes


def parse_ranges(texts: tuple[str, ...], blobs: Sequence[str]) -> dict[str, tuple[tuple[float, float], ...]]:
    """`BLOB=LO:HI`, or a range per channel separated by commas, by blob name; raises `InputError`.

    The name may be left out where there is one blob.

    >>> parse_ranges(("data=0:255",), ["data", "mask"])
    {'data': ((0.0, 255.0),)}
    >>> parse_ranges(("-1:1,0:0.5",), ["data"])
    {'data': ((-1.0, 1.0), (0.0, 0.5))}
    """
    found: dict[str, tuple[tuple[float, float], ...]] = {}
    for text in texts:
        blob, equals, ends = text.rpartition("=")
        if not equals and len(blobs) == 1:
            blob = blobs[0]
        if blob in found:
            raise InputError(
                f"--range gives blob '{blob}' a range twice. Give one, or one per channel separated by commas."
            )
        ranges = parse_ends(ends)
        if ranges is None:
            raise InputError(
                f"--range '{text}' is not a range. Expected BLOB=LO:HI with LO no larger than HI, e.g. data=0:255, or one for "
                "each channel, e.g. data=-104:151,-117:138,-123:132."
            )
        found[blob] = ranges
    return found


def parse_floats(text: str, option: str) -> tuple[float, ...]:
    """Comma-separated finite numbers; raises `InputError`.

    >>> parse_floats("104,117,123", "--mean")
    (104.0, 117.0, 123.0)
    """
    try:
        numbers = tuple(float(number) for number in text.split(","))
    except ValueError:
        numbers = (math.nan,)
    if not all(map(math.isfinite, numbers)):
        raise InputError(f"{option} '{text}' is not a list of numbers. Expected e.g. 104,117,123.")
    return numbers


_LEAST_BYTES = 10**6
_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def parse_bytes(text: str, option: str) -> int:
    """A number of bytes with its unit, a megabyte at least; raises `InputError`.

    >>> parse_bytes("1.5GB", "--memory"), parse_bytes("64 MiB", "--memory")
    (1500000000, 67108864)
    """
    digits = text.strip().rstrip("BGKMbgikm ")
    unit = _UNITS.get(text.strip()[len(digits) :].strip().lower() or "b")
    try:
        number = float(digits)
    except ValueError:
        number = math.nan
    if unit is None or not 0 < number < math.inf:
        raise InputError(f"{option} '{text}' is not a size. Expected e.g. 500MB or 2GB.")
    if number * unit < _LEAST_BYTES:
        plain = " A number without a unit is of bytes." if text.strip() == digits else ""
        raise InputError(
            f"{option} '{text}' is less than any work takes.{plain} Expected 1MB or more, e.g. 500MB or 2GB."
        )
    return int(number * unit)


def parse_size(text: str) -> tuple[int, int]:
    """`WxH` as (width, height); raises `InputError`.

    >>> parse_size("227x227")
    (227, 227)
    """
    width, _, height = text.lower().partition("x")
    if not (
        width.isascii()
        and width.isdigit()
        and height.isascii()
        and height.isdigit()
        and int(width[:6]) > 0
        and int(height[:6]) > 0
    ):
        raise InputError(f"--resize '{text}' is not a size. Expected WIDTHxHEIGHT, e.g. 227x227.")
    return int(width[:6]), int(height[:6])
