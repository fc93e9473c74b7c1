"""Numbers as people read them, at the edges where their form changes."""

from __future__ import annotations

import math

import pytest

from maskctl.numeric.figures import figure


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (999.94, "999.9"),
        (999.96, "1,000"),
        (1016.2, "1,016"),
        (-75018.0, "-75,018"),
        (65504.0, "65,504"),
        (1e9, "1,000,000,000"),
        (1.5e9, "1.5e+09"),
        (3.4028235e38, "3.403e+38"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_figures(value: float, text: str) -> None:
    """Thousands are separated from 1,000 on, on either side of 0, and beyond a billion there is an exponent."""
    assert text == figure(value)
