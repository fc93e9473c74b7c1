"""What rules have to know of the tensors in a `.bin`, gathered in one pass over each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maskctl.graph.operators import Operator
from maskctl.graph.weights import LoadedWeights
from maskctl.layers import Weight
from maskctl.numeric.formats import FP16, FloatArray
from maskctl.numeric.late import np

_NO_FLOATS = {"int8", "bytes", "int8 scale"}


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of floats: its layer and declaration, its values, and where the worst of them stand (by flat index).

    `non_finite` counts NaN and infinities, `first_non_finite` is the index of the first, -1 without one. `largest` is the
    largest magnitude of the finite ones, at `largest_at`; 0 and -1 for a tensor without elements.
    """

    op: Operator
    weight: Weight
    values: FloatArray
    non_finite: int
    first_non_finite: int
    largest: float
    largest_at: int

    def place(self, index: int) -> str:
        """An element's indices, as text: `[3, 0, 1, 1]`."""
        return str([int(part) for part in np.unravel_index(index, self.values.shape)])

    @property
    def by_output(self) -> FloatArray:
        """The values as (outputs, rest): of a tensor's first extent, which is the output of every kernel."""
        return self.values.reshape(self.values.shape[0], -1) if self.values.size else self.values.reshape(0, 1)

    def largest_sum(self) -> tuple[int, float]:
        """The output whose weights have the largest magnitudes together, and their sum; 0 and 0 without outputs."""
        sums = np.abs(self.by_output.astype(np.float64)).sum(axis=1)
        output = int(sums.argmax()) if sums.size else 0
        return output, float(sums[output]) if sums.size else 0.0

    def lost_in_fp16(self) -> FloatArray:
        """The part of each output's energy, the sum of its squares, that is in values that fp16 rounds to 0."""
        rows = self.by_output.astype(np.float64)
        energy = np.square(rows).sum(axis=1)
        tiny = np.where(np.abs(rows) <= FP16.smallest / 2, rows, 0)
        lost: FloatArray = np.square(tiny).sum(axis=1) / np.where(energy > 0, energy, 1)
        return lost


def tensors(ops: Sequence[Operator], loaded: LoadedWeights) -> tuple[Tensor, ...]:
    """Every tensor of floats that the layers read, in the order of the `.bin`; codes and their scales are left out."""
    return tuple(
        _tensor(op, weight, values[weight.name])
        for op, values in zip(ops, loaded.tensors, strict=False)
        for weight in op.kind.weights(op.params)
        if weight.role not in _NO_FLOATS
    )


def _tensor(op: Operator, weight: Weight, values: FloatArray) -> Tensor:
    finite = np.isfinite(values).reshape(-1)
    flat = np.where(finite, np.abs(values.reshape(-1)), 0)
    first = -1 if finite.all() else int(np.argmin(finite))
    at = int(np.argmax(flat)) if flat.size else -1
    return Tensor(op, weight, values, int((~finite).sum()), first, float(flat[at]) if flat.size else 0.0, at)
