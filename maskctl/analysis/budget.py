"""The steps at which a budget is searched."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

_STEPS = (*range(10, 20), *range(20, 40, 2), *range(40, 100, 5))
"""Tenths of the first digit."""
_ROUND = (10, 20, 50)
_LEAST_DECADE, _LEAST_TRADED = -4, -3
"""The first step over 0, as a power of ten: 0.01 %, and the first at which masks are traded: 0.1 %."""


def steps(budget: float) -> list[float]:
    """Shares of the time up to `budget`, which do not depend on it: what a smaller one finds, a greater one finds too.

    They are 0 and, from 0.01 % on, 32 in each decade; none where there is no budget.

    >>> [f"{100 * share:g}" for share in steps(0.00013)], steps(0), steps(math.inf)
    (['0', '0.01', '0.011', '0.012', '0.013'], [0.0], [])
    """
    return [0.0, *_up_to(budget, _STEPS, _LEAST_DECADE)] if math.isfinite(budget) else []


def traded_steps(budget: float) -> list[float]:
    """Those of `steps` at which masks are traded for others.

    >>> [f"{100 * share:g}" for share in traded_steps(0.05)]
    ['0.1', '0.2', '0.5', '1', '2', '5']
    """
    return [*_up_to(budget, _ROUND, _LEAST_TRADED)] if math.isfinite(budget) else []


def _up_to(budget: float, digits: Sequence[int], decade: int) -> Iterator[float]:
    every = (digit * 10.0 ** (power - 1) for power in itertools.count(decade) for digit in digits)
    most = budget * (1 + 1e-9)  # 0.05 is not 5 times 0.01 to the last bit
    return (min(share, budget) for share in itertools.takewhile(lambda share: share <= most, every))
