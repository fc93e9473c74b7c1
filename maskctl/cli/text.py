"""Numbers and tables as people read them on a terminal."""

from __future__ import annotations

import math
import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from maskctl.graph.network import Graph
    from maskctl.targets.table import Hazard, Target

_PIPE_WIDTH = 10_000
_MOST_DECIMALS = 12


def width() -> int:
    """Columns of the terminal; in a pipe those of $COLUMNS, or without it so many that no line is broken."""
    if sys.stdout is not None and sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    asked = os.environ.get("COLUMNS", "")
    return (int(asked[:6]) if asked.isascii() and asked.isdigit() else 0) or _PIPE_WIDTH


def table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """An empty table without a frame; the columns named in `numbers` are right-aligned."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(
            column, justify="right" if column in numbers else "left", no_wrap=column in numbers, overflow="fold"
        )
    return made


def print_table(made: Table, *, err: bool = False) -> None:
    """Prints a table as wide as the terminal, names as they are, without the spaces that fill up its last column.

    Where the terminal is too narrow even for the numbers the table is wider: a number cut off would be another number.
    """
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(width=_PIPE_WIDTH, highlight=False, markup=False, emoji=False)
    console.width = max(width(), Measurement.get(console, console.options, made).minimum)
    with console.capture() as captured:
        console.print(made)
    for line in captured.get().splitlines():
        click.echo(line.rstrip(), err=err)


def decibels(value: float) -> str:
    """dB with one decimal; "exact" without noise, "NaN" where elements are lost.

    >>> decibels(52.04), decibels(float("inf")), decibels(float("nan"))
    ('52.0', 'exact', 'NaN')
    """
    if math.isnan(value):
        return "NaN"
    return "exact" if value == math.inf else f"{value:.1f}"


def sqnr_text(value: float) -> str:
    """An SQNR in a sentence.

    >>> sqnr_text(52.04), sqnr_text(float("inf"))
    ('52.0 dB', 'exact values')
    """
    return "exact values" if value == math.inf else f"{decibels(value)} dB"


def cosine_text(value: float) -> str:
    """A cosine with six decimals, or with the first two behind its nines, at most twelve; never rounded up to 1.

    >>> cosine_text(1.0), cosine_text(0.9987654), cosine_text(0.9999993125), cosine_text(float("nan"))
    ('1', '0.998765', '0.99999931', 'NaN')
    """
    if math.isnan(value):
        return "NaN"
    if not 0.999999 < value < 1:
        return "1" if value == 1.0 else f"{math.floor(value * 1e6) / 1e6:.6f}"
    decimals = repr(value).removeprefix("0.")
    nines = len(decimals) - len(decimals.lstrip("9"))
    return f"0.{decimals[: min(nines + 2, _MOST_DECIMALS)]}"


def scaled(value: int, unit: str) -> str:
    """A count with a decimal prefix.

    >>> scaled(7145, "B"), scaled(418467520, ""), scaled(12, "B"), scaled(999999, "B")
    ('7.1 kB', '418.5 M', '12 B', '1.0 MB')
    """
    for factor, prefix in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if round(value * 1000 / factor, 1) >= 1000:  # one prefix less would round to 1000.0
            return f"{value / factor:,.1f} {prefix}{unit}"
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


def change_text(old: int, new: int) -> str:
    """What becomes of a mask.

    >>> change_text(0, 64), change_text(2, 0)
    ('0 -> 64 no-winograd', '2 -> 0')
    """
    return f"{old} -> {mask_text(new) if new else 0}"


def warn_unsafe(graph: Graph, masks: Sequence[int], target: Target | None = None) -> tuple[Hazard, ...]:
    """Says on stderr which of the masks the engine does not honour in any of its 16-bit storages, and returns them."""
    from maskctl.targets import DEFAULT
    from maskctl.targets.storage import hazards

    found = hazards(graph, target or DEFAULT, masks[: len(graph.layers)])
    for hazard in found:
        click.echo(f"maskctl: warning: {hazard}", err=True)
    return found
