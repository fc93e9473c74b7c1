"""Numbers and tables as people read them on a terminal."""

from __future__ import annotations

import math
import shutil
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

_PIPE_WIDTH = 10_000


def width() -> int:
    """Columns of the terminal; in a pipe so many that no line is broken."""
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    return shutil.get_terminal_size().columns if on_terminal else _PIPE_WIDTH


def table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """An empty table without a frame; the columns named in `numbers` are right-aligned."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(
            column, justify="right" if column in numbers else "left", no_wrap=column in numbers, overflow="fold"
        )
    return made


def print_table(made: Table) -> None:
    """Prints a table as wide as the terminal, names as they are, without the spaces that fill up its last column."""
    from rich.console import Console

    console = Console(width=width(), highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(made)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


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


def counted(count: int, noun: str) -> str:
    """A count with its noun.

    >>> counted(1, "mask"), counted(2, "layer")
    ('1 mask', '2 layers')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def mask_text(mask: int) -> str:
    """A mask as number and words, "-" for none.

    >>> mask_text(0), mask_text(65)
    ('-', '65 no-fp16-arithmetic,no-winograd')
    """
    from maskctl import featmask

    return f"{mask} {featmask.words(mask)}" if mask else "-"
