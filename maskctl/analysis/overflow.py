"""Where and why a layer leaves the range of its format: the value, the sum, or a partial sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from maskctl.executor.layer import stored_weights
from maskctl.graph.operators import Operator
from maskctl.kernels.operands import equal_blocks, operands
from maskctl.kernels.packing import elempack
from maskctl.layers.base import Array, Arrays, Params, Weights
from maskctl.layers.families import activation
from maskctl.numeric.figures import figure
from maskctl.numeric.formats import FORMATS, FP16, FloatArray, round_to
from maskctl.targets import Target
from maskctl.targets.storage import Step, kernel_of

Flags: TypeAlias = npt.NDArray[np.bool_]

_SUMS = {"Convolution": True, "InnerProduct": True, "ConvolutionDepthWise": False}
"""Types whose sums are looked at, and whether partial sums are too."""

_AXES = {1: ("w",), 2: ("h", "w"), 3: ("c", "h", "w"), 4: ("c", "d", "h", "w")}


def place_text(place: tuple[int, ...]) -> str:
    """A place in a blob with the names of its axes.

    >>> place_text((3, 2, 1))
    '(c=3,h=2,w=1)'
    """
    return f"({','.join(f'{axis}={index}' for axis, index in zip(_AXES[len(place)], place, strict=True))})"


@dataclass(frozen=True)
class Overflow:
    """A value beyond a format's largest, and the element it stands at or leads to (without the sample).

    `kind` is value, input, weight, winograd, sum or partial-sum.
    The element is one of the output, or of the input where that is too large; a weight has its index in `what`.
    `sample` counts the samples it was found in, from 0. `order` tells which of two overflows of one layer to show.
    """

    kind: str
    what: str
    value: float
    limit: float
    place: tuple[int, ...]
    sample: int
    after: str = ""
    order: tuple[int, float] = (0, 0.0)

    def __str__(self) -> str:
        bound = f"< {-self.limit:,.0f}" if self.value < 0 else f"> {self.limit:,.0f}"
        return f"{self.what} {self.value:,.0f} {bound}{self.after}" + (f" at {self.where}" if self.place else "")

    @property
    def where(self) -> str:
        """The place with the names of its axes, as in "(c=3,h=2,w=1)"."""
        return place_text(self.place)


@dataclass(frozen=True)
class WinogradOverflow(Overflow):
    """An overflow in winograd's transforms; `value` is what the element comes to with plain sums."""

    def __str__(self) -> str:
        return f"winograd overflows at {self.where}, where plain sums give {figure(self.value)}"


def find_winograd_overflow(plain: FloatArray, lost: Flags) -> WinogradOverflow | None:
    """The largest of the `lost` elements that are finite with plain sums, or None when plain sums lose them all."""
    kept = lost & np.isfinite(plain)
    if not kept.any():
        return None
    value, sample, place = _largest(plain, kept)
    return WinogradOverflow(
        "winograd", "winograd overflows; plain sums give", value, FP16.largest, place, sample, order=(2, abs(value))
    )


def find_overflow(
    op: Operator, weights: Weights, inputs: Arrays, step: Step, target: Target, reference: FloatArray, lost: Flags
) -> Overflow | None:
    """The largest overflow among the `lost` elements of a layer fed with exact `inputs`, or None when none is found.

    Looked for in this order: the value itself is beyond the storage format; an input or a weight is; the sum
    before the activation is; only a partial sum is. Sums are looked at where the engine's own are reproduced. In samples where
    an input is beyond the format the layer is a victim, and what else it makes too large no cause.
    """
    limit = FORMATS[step.stored].largest
    fed = _beyond_in(inputs, step)
    found = (
        _beyond("value", reference, (lost.T & ~fed).T, limit, 4)
        or _input_overflow(inputs, np.asarray(lost.reshape(len(lost), -1).any(axis=1)), step, limit)
        or _weight_overflow(op, weights, step, target)
    )
    choice = kernel_of(op.layer, step, target)
    is_sum = op.layer.type in _SUMS and choice is not None and choice.kernel
    if found or not step.sums_in_fp16 or not is_sum:
        return found
    sums = sums_before_activation(op, weights, inputs, step, target)
    whole = _beyond("sum", sums, lost, limit, 1)
    if whole or not _SUMS[op.layer.type]:
        return whole
    return _partial_overflow(op, weights, inputs, step, sums, lost, limit)


def _beyond(kind: str, values: FloatArray, flags: Flags, limit: float, order: int) -> Overflow | None:
    """The flagged finite value of largest magnitude, when it is beyond the limit."""
    value, sample, place = _largest(values, flags)
    if abs(value) <= limit:
        return None
    return Overflow(kind, f"{kind} reaches", value, limit, place, sample, order=(order, abs(value)))


def _beyond_in(inputs: Arrays, step: Step) -> Flags:
    """In which samples an input holds a finite value beyond the format that the layer casts it to."""
    found = [_flagged(values, step).reshape(len(values), -1).any(axis=1) for values in inputs]
    return np.logical_or.reduce(found) if found else np.zeros(1, np.bool_)


def _flagged(values: Array, step: Step) -> Flags:
    if values.dtype != np.float32:
        return np.zeros(values.shape, np.bool_)
    return np.isfinite(values) & ~np.isfinite(round_to(values, step.stored))


def _input_overflow(inputs: Arrays, of_samples: Flags, step: Step, limit: float) -> Overflow | None:
    for values in inputs:
        if values.dtype != np.float32 or not values.size:
            continue
        found = _beyond("input", values, (_flagged(values, step).T & of_samples).T, limit, 3)
        if found:
            return found
    return None


def _weight_overflow(op: Operator, weights: Weights, step: Step, target: Target) -> Overflow | None:
    limit = FORMATS[step.weights].largest
    for name, stored in stored_weights(op, weights, step, target).items():
        beyond = ~np.isfinite(stored)
        if beyond.any():
            value, first, rest = _largest(weights[name], beyond)
            index = ",".join(map(str, (first, *rest)))
            return Overflow("weight", f"{name} [{index}] is", value, limit, (), 0, order=(2, abs(value)))
    return None


def _partial_overflow(
    op: Operator, weights: Weights, inputs: Arrays, step: Step, sums: FloatArray, lost: Flags, limit: float
) -> Overflow | None:
    """The largest partial sum of the lost element whose whole sum is largest, when it is beyond the limit."""
    whole, sample, place = _largest(sums, lost)
    partial = _partial_sums(op, weights, inputs, step, sample, place)
    peak = int(np.argmax(np.abs(partial)))
    if abs(partial[peak]) <= limit:
        return None
    after = f" after {peak:,} of {len(partial) - 1:,} terms"
    return Overflow(
        "partial-sum", "partial sum reaches", float(partial[peak]), limit, place, sample, after, (0, abs(whole))
    )


def _largest(values: FloatArray, flags: Flags) -> tuple[float, int, tuple[int, ...]]:
    """The flagged finite value of largest magnitude, 0.0 when there is none, its sample and its place."""
    magnitudes = np.where(flags & np.isfinite(values), np.abs(values), -1.0)
    sample, *place = (int(index) for index in np.unravel_index(int(np.argmax(magnitudes)), values.shape))
    found = magnitudes[(sample, *place)] >= 0
    return float(values[(sample, *place)]) if found else 0.0, sample, tuple(place)


def sums_before_activation(op: Operator, weights: Weights, inputs: Arrays, step: Step, target: Target) -> FloatArray:
    """The layer's sums before its activation, in fp32 from operands as stored."""
    builtin = {param.id for param in activation.PARAMS}
    written = {key: value for key, value in op.layer.params.items() if key not in builtin}
    read = tuple(round_to(values, step.stored) for values in inputs)
    params = Params(op.kind.params, written, len(op.layer.tops), len(op.layer.bottoms))
    ready = op.kind.prepare(params, stored_weights(op, weights, step, target))
    sums: FloatArray = op.kind.forward(params, ready, read)[0]
    return sums


def _partial_sums(
    op: Operator, weights: Weights, inputs: Arrays, step: Step, sample: int, place: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """The sum of one output element after 0, 1, 2, … terms, begun at the bias, exact, in the order of one accumulator."""
    read = round_to(inputs[0][sample : sample + 1], "fp16")
    if op.layer.type == "Convolution":
        terms = operands(op.params, weights, read)
        order = terms.order(equal_blocks(terms.channels, elempack(terms.channels, step.options)))
        column = int(np.ravel_multi_index(place[1:], terms.out_shape[2:])) if len(place) == 3 else 0
        weight, values, bias = terms.weight[place[0]][order], terms.columns[order, column], terms.bias[place[0], 0]
    else:
        row = place[-1]
        weight = round_to(weights["weight"], "fp16")[row]
        values = read.reshape(-1, len(weight))[place[0] if len(place) == 2 else 0]
        bias = weights["bias"][row] if op.params.integer("bias_term") else np.float32(0)
    products = weight.astype(np.float64) * values
    return np.cumsum(np.concatenate([[np.float64(bias)], products]))
