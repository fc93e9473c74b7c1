"""Made-up weights of the right sizes and a sane scale, for a network whose weights do not exist yet.

The same seed gives the same weights, layer by layer, whatever else the network holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from maskctl.graph.operators import Operator
from maskctl.layers import Weight
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

_GAIN = 1.5
"""Variance of a sum of products with inputs of variance 1: between what keeps it (1) and what ReLU halves again (2)."""
_INT8_STD = 127 / math.sqrt(3)
_ACTIVATION_SCALE = 32.0
"""Codes per unit of activation: 127 codes reach four standard deviations."""


def random_tensors(op: Operator, seed: int) -> Iterator[tuple[Weight, FloatArray]]:
    """The weights of one layer in the order of the `.bin`, float32 (codes of int8 weights too)."""
    rng = np.random.default_rng([seed, op.layer.index])
    for weight in op.kind.weights(op.params):
        yield weight, _tensor(rng, weight).reshape(weight.shape)


def _tensor(rng: np.random.Generator, weight: Weight) -> FloatArray:
    if weight.role == "int8":
        return rng.integers(-127, 128, weight.count).astype(np.float32)
    if weight.role == "bytes":
        return rng.integers(-128, 128, weight.count).astype(np.float32)
    if weight.role == "int8 scale":
        scale = _INT8_STD * math.sqrt(weight.fan_in / _GAIN) if weight.fan_in else _ACTIVATION_SCALE
        return rng.uniform(0.8 * scale, 1.2 * scale, weight.count).astype(np.float32)
    values = rng.standard_normal(weight.count, np.float32)
    fan_in = weight.fan_in or max(1, math.prod(weight.shape[1:]))
    factor, offset = {
        "weight": (math.sqrt(_GAIN / fan_in), 0.0),
        "bias": (0.1, 0.0),
        "mean": (0.1, 0.0),
        "factor": (0.1, 1.0),
        "variance": (0.1, 1.0),
        "data": (1.0, 0.0),
    }[weight.role]
    values *= np.float32(factor)
    values += np.float32(offset)
    return np.abs(values) if weight.role == "variance" else values
