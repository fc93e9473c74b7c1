"""Numbers and tables as people read them on a terminal."""

from __future__ import annotations

import math
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_PIPE_WIDTH = 200


def console() -> Console:
    """A console on stdout, as wide as the terminal; wide and plain in a pipe."""
    from rich.console import Console

    on_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if on_terminal else _PIPE_WIDTH
    return Console(width=width, highlight=False, soft_wrap=False)


def table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """An empty table without a frame; the columns named in `numbers` are right-aligned."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(
            column, justify="right" if column in numbers else "left", no_wrap=column in numbers, overflow="fold"
        )
    return made


def decibels(value: float) -> str:
    """dB with one decimal; "exact" without noise, "NaN" where elements are lost.

    >>> decibels(52.04), decibels(float("inf")), decibels(float("nan"))
    ('52.0', 'exact', 'NaN')
    """
    if math.isnan(value):
        return "NaN"
    return "exact" if value == math.inf else f"{value:.1f}"


def cosine_text(value: float) -> str:
    """A cosine with six decimals, never rounded up to 1.

    >>> cosine_text(1.0), cosine_text(0.99999999), cosine_text(float("nan"))
    ('1', '0.999999', 'NaN')
    """
    if math.isnan(value):
        return "NaN"
    return "1" if value == 1.0 else f"{math.floor(value * 1e6) / 1e6:.6f}"


def magnitude(value: float) -> str:
    """A magnitude with four digits, thousands separated.

    >>> magnitude(81204.4), magnitude(0.01234), magnitude(12.5)
    ('81,204', '0.01234', '12.5')
    """
    return f"{value:,.0f}" if value >= 10000 else f"{value:.4g}"


def scaled(value: int, unit: str) -> str:
    """A count with a decimal prefix.

    >>> scaled(7145, "B"), scaled(418467520, ""), scaled(12, "B")
    ('7.1 kB', '418.5 M', '12 B')
    """
    for factor, prefix in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= factor:
            return f"{value / factor:.1f} {prefix}{unit}"
    return f"{value} {unit}".rstrip()


def mask_text(mask: int) -> str:
    """A mask as number and words, "-" for none.

    >>> mask_text(0), mask_text(65)
    ('-', '65 no-fp16-arithmetic,no-winograd')
    """
    from maskctl import featmask

    return f"{mask} {featmask.words(mask)}" if mask else "-"
