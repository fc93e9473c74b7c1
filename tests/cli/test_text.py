"""Numbers and widths on the terminal, at the edges where their form changes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from maskctl.cli.text import cosine_text, scaled, width
from tests.cli.driver import spawn


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "B", "0 B"),
        (999, "", "999"),
        (1000, "B", "1.0 kB"),
        (949_999, "B", "950.0 kB"),
        (999_949, "B", "999.9 kB"),
        (999_950, "B", "1.0 MB"),
        (999_999, "B", "1.0 MB"),
        (999_999_999, "", "1.0 G"),
        (1_234_000_000_000, "", "1,234.0 G"),
    ],
)
def test_scaled(value: int, unit: str, text: str) -> None:
    """What rounds to 1000 of one prefix is 1.0 of the next."""
    assert text == scaled(value, unit)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (math.nextafter(1.0, 0.0), "0.999999999999"),
        (0.9999999999915, "0.999999999991"),
        (0.999999978612, "0.999999978"),
        (0.9999993199, "0.99999931"),
        (0.99999931, "0.99999931"),
        (0.99999900001, "0.99999900"),
        (0.999999, "0.999999"),
        (0.9987659, "0.998765"),
        (0.0, "0.000000"),
        (-1.0, "-1.000000"),
        (math.nan, "NaN"),
    ],
)
def test_cosines(value: float, text: str) -> None:
    """Two decimals stand behind the nines from the seventh on, cut off and not rounded; "1" is exactly 1."""
    assert text == cosine_text(value)


@pytest.mark.parametrize(
    ("columns", "expected"), [("80", 80), ("", 10_000), ("0", 10_000), ("-5", 10_000), ("x", 10_000)]
)
def test_width_of_a_pipe(monkeypatch: pytest.MonkeyPatch, columns: str, expected: int) -> None:
    """In a pipe $COLUMNS is the width where it is a number of columns, else lines are not broken."""
    monkeypatch.setenv("COLUMNS", columns)
    assert expected == width()


def test_columns_of_a_program(digits: Path) -> None:
    """A program told $COLUMNS breaks the lines of its tables there."""
    result = spawn("show", "digits_overflow.param", folder=digits, COLUMNS="50")
    assert (0, "") == (result.code, result.err)
    table = result.out.split("\n\n")[0].splitlines()
    assert 50 >= max(map(len, table))
