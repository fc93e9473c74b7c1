"""The steps at which a budget is searched."""

from __future__ import annotations

import itertools
import math

_STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)
_LEAST_DECADE = -4
"""The first step over 0, as a power of ten: 0.01 %."""


def steps(budget: float) -> list[float]:
    """Shares of the time up to `budget`, which do not depend on it: what a smaller one finds, a greater one finds too.

    They are 0 and, from 0.01 % on, twelve in each decade; none where there is no budget.

    >>> [f"{100 * share:g}" for share in steps(0.0002)], steps(0), steps(math.inf)
    (['0', '0.01', '0.012', '0.015', '0.02'], [0.0], [])
    """
    if math.isinf(budget):
        return []
    every = (step * 10.0**decade for decade in itertools.count(_LEAST_DECADE) for step in _STEPS)
    most = budget * (1 + 1e-9)  # 0.05 is not 5 times 0.01 to the last bit
    return [0.0, *(min(share, budget) for share in itertools.takewhile(lambda share: share <= most, every))]
