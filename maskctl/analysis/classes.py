"""Blobs that speak of classes: where the classes lie in one sample, and how far two samples of such a blob agree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Wide = npt.NDArray[np.float64]

_FLOOR = 2.0**-24
"""The smallest fp16: what is below counts as that, or one flushed probability would make a divergence infinite."""

_SUMS_TO_1 = 1e-3


def axis_of_distribution(values: Wide) -> int | None:
    """The axis of one sample along which non-negative elements sum to 1 everywhere, None where there is none.

    >>> axis_of_distribution(np.array([[0.5, 0.25], [0.5, 0.75]]))
    0
    >>> axis_of_distribution(np.array([0.5, 0.25])) is None
    True
    """
    if not values.size or values.min() < 0 or values.max() > 1 + _SUMS_TO_1:  # NaN too is none
        return None
    axes = (axis for axis, extent in enumerate(values.shape) if extent > 1)
    return next((axis for axis in axes if (np.abs(values.sum(axis) - 1) <= _SUMS_TO_1).all()), None)


def divergence(reference: Wide, actual: Wide) -> float:
    """The sum of p ln(p/q) - p + q over all elements, in nats, negative probabilities and those below 2**-24 as 2**-24.

    For two distributions that is their Kullback-Leibler divergence; with the last two terms it is never negative, also
    where rounding has left a sum other than 1 (Csiszar's I-divergence).

    >>> round(divergence(np.array([0.5, 0.5]), np.array([0.25, 0.75])), 4)
    0.1438
    """
    p, q = np.maximum(reference, _FLOOR), np.maximum(actual, _FLOOR)
    return float(np.sum(p * np.log(p / q) - p + q))


def agreeing(reference: Wide, actual: Wide, axis: int, k: int) -> tuple[int, int]:
    """How many of the k largest along `axis` are among the k largest of both, over all lines, and out of how many.

    Of equal elements the first is taken as larger. `k` is cut to the number of classes.

    >>> agreeing(np.array([3.0, 2.0, 1.0]), np.array([3.0, 1.0, 2.0]), 0, 2)
    (1, 2)
    """
    rows = [np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis]) for values in (reference, actual)]
    k = min(k, rows[0].shape[1])
    flags = []
    for values in rows:
        flag = np.zeros(values.shape, np.bool_)
        np.put_along_axis(flag, np.argsort(-values, axis=1, kind="stable")[:, :k], values=True, axis=1)
        flags.append(flag)
    return int(np.count_nonzero(flags[0] & flags[1])), k * len(rows[0])
