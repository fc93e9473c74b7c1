"""Numbers as people read them."""

from __future__ import annotations


def figure(value: float) -> str:
    """A number with four digits or more, thousands separated; above a billion and below 0.0001 with an exponent.

    >>> figure(81204.4), figure(-1016.0), figure(0.01234), figure(12.5), figure(3e38)
    ('81,204', '-1,016', '0.01234', '12.5', '3e+38')
    """
    return f"{value:,.0f}" if 999.95 <= abs(value) <= 1e9 else f"{value:.4g}"
