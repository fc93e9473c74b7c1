"""Where and why a layer leaves the range of its format: the value, the sum, or a partial sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from maskctl.graph.operators import Operator
from maskctl.kernels.operands import equal_blocks, operands
from maskctl.kernels.packing import elempack
from maskctl.layers import activation
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.formats import FORMATS, FloatArray, round_to
from maskctl.targets.storage import Step

Flags: TypeAlias = npt.NDArray[np.bool_]

_AXES = {1: ("w",), 2: ("h", "w"), 3: ("c", "h", "w"), 4: ("c", "d", "h", "w")}


@dataclass(frozen=True)
class Overflow:
    """A value beyond a format's largest, and the output element (without the sample) it stands at or leads to."""

    what: str
    value: float
    limit: float
    place: tuple[int, ...]
    sample: int
    after: str = ""

    def __str__(self) -> str:
        axes = ",".join(
            f"{axis}={index}" for axis, index in zip(_AXES.get(len(self.place), ()), self.place, strict=False)
        )
        bound = f"< {-self.limit:,.0f}" if self.value < 0 else f"> {self.limit:,.0f}"
        return f"{self.what} {self.value:,.0f} {bound}{self.after} at ({axes})"


def find_overflow(
    op: Operator, weights: Weights, inputs: Arrays, step: Step, reference: FloatArray, lost: Flags
) -> Overflow | None:
    """The largest overflow among the `lost` elements of a layer fed with exact `inputs`, or None when none is found.

    Looked for in this order: the value itself is beyond the storage format; the sum before the activation is;
    only a partial sum is.
    """
    limit = FORMATS[step.stored].largest
    value, sample, place = _largest(reference, lost)
    if abs(value) > limit:
        return Overflow("value reaches", value, limit, place, sample)
    if not step.sums_in_fp16 or op.layer.type not in {"Convolution", "InnerProduct"}:
        return None
    sums = _sums(op, weights, inputs, step)
    value, sample, place = _largest(sums, lost)
    if abs(value) > limit:
        return Overflow("sum reaches", value, limit, place, sample)
    partial = _partial_sums(op, weights, inputs, sample, place)
    peak = int(np.argmax(np.abs(partial)))
    if abs(partial[peak]) > limit:
        after = f" after {peak:,} of {len(partial) - 1:,} terms"
        return Overflow("partial sum reaches", float(partial[peak]), limit, place, sample, after)
    return None


def _largest(values: FloatArray, lost: Flags) -> tuple[float, int, tuple[int, ...]]:
    """The finite value of largest magnitude among the lost elements, its sample and its place."""
    magnitudes = np.where(lost & np.isfinite(values), np.abs(values), -1.0)
    sample, *place = (int(index) for index in np.unravel_index(int(np.argmax(magnitudes)), values.shape))
    return float(values[(sample, *place)]), sample, tuple(place)


def _sums(op: Operator, weights: Weights, inputs: Arrays, step: Step) -> FloatArray:
    """The layer's sums before its activation, in fp32 from operands as stored."""
    builtin = {param.id for param in activation.PARAMS}
    written = {key: value for key, value in op.layer.params.items() if key not in builtin}
    stored = {name: round_to(values, step.stored) for name, values in weights.items()}
    read = tuple(round_to(values, step.stored) for values in inputs)
    return op.kind.forward(Params(op.kind.params, written, len(op.layer.tops)), stored, read)[0]


def _partial_sums(
    op: Operator, weights: Weights, inputs: Arrays, sample: int, place: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """The sum of one output element after 0, 1, 2, … terms, begun at the bias, exact, in the order of one accumulator."""
    read = round_to(inputs[0][sample : sample + 1], "fp16")
    if op.layer.type == "Convolution":
        terms = operands(op.params, weights, read)
        order = terms.order(equal_blocks(terms.channels, elempack(terms.channels)))
        column = int(np.ravel_multi_index(place[1:], terms.out_shape[2:])) if len(place) == 3 else 0
        weight, values, bias = terms.weight[place[0]][order], terms.columns[order, column], terms.bias[place[0], 0]
    else:
        row = place[-1]
        weight = round_to(weights["weight"], "fp16")[row]
        values = read.reshape(-1, len(weight))[place[0] if len(place) == 2 else 0]
        bias = weights["bias"][row] if op.params.integer("bias_term") else np.float32(0)
    products = weight.astype(np.float64) * values
    return np.cumsum(np.concatenate([[np.float64(bias)], products]))
