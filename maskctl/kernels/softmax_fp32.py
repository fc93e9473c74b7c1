"""Softmax along rows of fp32, as attention over bf16 blobs has inside: exp, the sum of it, and its reciprocal multiplies.

As the engine does with one thread. Source: ncnn `src/layer/arm/softmax_arm.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import moments
from maskctl.numeric import libm32, neon32
from maskctl.numeric.formats import FloatArray

_LEAST = -np.finfo(np.float32).max


def largest(values: FloatArray) -> FloatArray:
    """The maximum along axis 1, begun at the lowest finite value."""
    found: FloatArray = np.maximum(values.max(1, keepdims=True), np.float32(_LEAST))
    return found


def grown(values: FloatArray) -> FloatArray:
    """exp of (rows, terms) less their largest: in vectors of four, and one by one what is left over."""
    fours = values.shape[1] // 4 * 4
    shifted = values - largest(values)
    return np.concatenate([neon32.exp(shifted[:, :fours]), libm32.exp(shifted[:, fours:])], axis=1)


def rows(values: FloatArray) -> FloatArray:
    """Softmax of (rows, terms), each row by itself: a vector of four sums; what is left over is summed by itself."""
    fours = values.shape[1] // 4 * 4
    with np.errstate(all="ignore"):
        powers = grown(values)
        sums = moments.chain_of_sums(powers[:, :fours].reshape(len(powers), -1, 4).swapaxes(0, 1))
        total = moments.chain_of_sums(powers[:, fours:].T) + moments.across(sums)
        likely: FloatArray = powers * np.reciprocal(total[:, None])
    return likely
