"""Matrix products whose bits do not depend on the company a sample is in.

BLAS adds up in another order when a product has more rows, so rows of different samples never share one.
"""

from __future__ import annotations

from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np


def per_sample(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    """Rows (n, k) or (n, …, rows, k) times a matrix (k, m): one product per sample."""
    if rows.ndim == 2:
        one: FloatArray = np.matmul(rows[:, None], matrix)[:, 0]
        return one
    many: FloatArray = np.matmul(rows, matrix)
    return many
