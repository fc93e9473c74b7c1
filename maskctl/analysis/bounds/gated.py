"""Layers that gate: GLU, and the recurrent ones, whose gates lie between 0 and 1 and whose states between -1 and 1.

What a gate lets through is no larger than what it is given, so that a state is bounded however long the sequence is, but
for the cell of an LSTM, to which every step adds 1 at most.
"""

from __future__ import annotations

import itertools

import numpy as np

from maskctl.analysis.bounds.case import Bounds, Case, nothing_known, rounded
from maskctl.analysis.bounds.interval import everywhere, hull, peaks
from maskctl.layers.families import recurrent
from maskctl.layers.families.extents import axis_of
from maskctl.layers.families.int8 import magnitude
from maskctl.numeric.formats import FloatArray

_OPERATIONS = 16
"""Roundings of one step, and of the polynomials in it."""


def gated_half(case: Case) -> Bounds:
    """GLU: the product of both halves lies between those of their ends, for the sigmoid only rises."""
    blob = case.inputs[0]
    axis = 1 + axis_of(case.params, blob.low.ndim - 1)
    half = case.shapes[0][axis - 1]
    ends = []
    for first, second in itertools.product((blob.low, blob.high), repeat=2):
        joined = np.array(second)
        np.moveaxis(joined, axis, 0)[:half] = np.moveaxis(first, axis, 0)[:half]
        ends.append(case.run(joined)[0])
    return Bounds(rounded(case, [hull(ends)], _OPERATIONS))


def recurrent_states(case: Case) -> Bounds:
    """RNN, GRU and LSTM: outputs are states, or a projection of such."""
    steps = recurrent.sequence_of(case.inputs[0].low).shape[1]
    given = [blob.peaks.max(initial=0) for blob in case.inputs[1:]]
    state = max(1.0, float(given[0])) if given and case.op.layer.type != "RNN" else 1.0
    cell = steps + (float(given[1]) if len(given) > 1 else 0.0)
    if case.op.layer.type == "LSTM":
        state = 1.0
    outer = _projected(case, state)
    first = max(outer, *(float(one) for one in given[:1]), 0.0)
    sizes = [outer, first, cell][: len(case.shapes)]
    if not all(np.isfinite(size) for size in sizes):
        return nothing_known(case, "its first states are not bounded")
    tops = [everywhere(case.samples, shape, -size, size) for shape, size in zip(case.shapes, sizes, strict=True)]
    return Bounds(rounded(case, tops, _OPERATIONS * (steps + 2)), {"sum": _sums(case, first)})


def _projected(case: Case, state: float) -> float:
    """How large an output is, of states within ±`state`."""
    matrix = case.weights.get("weight_hr")
    return state if matrix is None else float(np.abs(matrix).sum(axis=-1).max(initial=0)) * state * (1 + 2.0**-8)


def _sums(case: Case, state: float) -> FloatArray:
    """The largest partial sum of a gate, (n,): magnitudes of weights times those of the input and the last output."""
    weights = case.weights
    sequence = recurrent.sequence_of(case.inputs[0].magnitude)
    largest = sequence.max(axis=1, initial=0)  # (n, features)
    of_input, of_output = np.abs(weights["weight_xc"]), np.abs(weights["weight_hc"])
    with np.errstate(all="ignore"):
        if case.params.integer("int8_scale_term"):
            largest = np.broadcast_to(magnitude(largest, -1), largest.shape)
            of_input, of_output = (
                values / np.abs(weights[f"{name}_scales"])[..., None]
                for name, values in (("weight_xc", of_input), ("weight_hc", of_output))
            )
        biases = np.abs(weights["bias_c"]).sum(axis=1)  # (directions, units), all that a gate may add
        count = of_input.shape[2] + of_output.shape[2] + 8
        total = np.einsum("dru,nu->ndr", of_input, largest) + np.float32(state) * of_output.sum(axis=2)
        total = total + np.tile(biases, of_input.shape[1] // biases.shape[1])
        grown = total * np.float32(1 + min(3.0, np.expm1(count * np.log1p(case.unit))) + 2.0**-8)
    return peaks(np.asarray(grown, np.float32))
