"""RNN, LSTM and GRU of 16-bit blobs: sums of gates in four accumulators, states and what is done with sums in fp32.

Term i of the input, and then of the state, adds to accumulator i mod 4, what is left over from fours to the first. With fp16
arithmetic these sums, and the state as they read it, are fp16. Units left over from vectors of four use the C library.
Source: ncnn `src/layer/arm/lstm_arm_asimdhp.cpp`, `gru_arm_asimdhp.cpp`, `rnn_arm_asimdhp.cpp`, and the same without
`_asimdhp` for bf16.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families import recurrent
from maskctl.layers.families.recurrent import Cell, States
from maskctl.numeric import casts, fma16, libm32, neon32
from maskctl.numeric.fma32 import fma as fma32
from maskctl.numeric.formats import FloatArray, Operand, round_to

_ONE = np.float32(1)


@dataclass(frozen=True)
class Arithmetic:
    """How gates are summed: fused steps, those left over from fours, lone steps of scalar code, additions, and casts."""

    fma: Callable[[Operand, Operand, Operand], FloatArray]
    last: Callable[[Operand, Operand, Operand], FloatArray]
    alone: Callable[[Operand, Operand, Operand], FloatArray]
    add: Callable[[Operand, Operand], FloatArray]
    operand: Callable[[FloatArray], FloatArray]
    weight: Callable[[FloatArray], FloatArray]
    store: Callable[[FloatArray], FloatArray]
    state: Callable[[FloatArray], FloatArray]


def _in_two_steps(addend: Operand, left: Operand, right: Operand) -> FloatArray:
    with np.errstate(all="ignore"):
        return np.asarray(addend + np.asarray(left * right, np.float32), np.float32)


def _by_way_of_float32(addend: Operand, left: Operand, right: Operand) -> FloatArray:
    return casts.nearest(fma32(addend, left, right))


def _add32(left: Operand, right: Operand) -> FloatArray:
    with np.errstate(all="ignore"):
        return np.asarray(left + right, np.float32)


def _same(values: FloatArray) -> FloatArray:
    return values


def _to_bf16(values: FloatArray) -> FloatArray:
    return round_to(values, "bf16")


FP16SA = Arithmetic(
    fma16.fma,
    fma16.fma,
    _by_way_of_float32,
    fma16.add,
    casts.nearest,
    casts.nearest,
    casts.nearest,
    casts.blob,
)
FP16S = Arithmetic(fma32, fma32, fma32, _add32, _same, casts.nearest, casts.nearest, casts.blob)
BF16S = Arithmetic(
    fma32, _in_two_steps, fma32, _add32, _same, casts.one_by_one_to_bf16, casts.one_by_one_to_bf16, _to_bf16
)


def arithmetic(options: Options) -> Arithmetic:
    """How gates are summed under these options."""
    if "use_fp16_storage" in options:
        return FP16SA if "use_fp16_arithmetic" in options else FP16S
    return BF16S


@dataclass(frozen=True)
class Direction:
    """One direction's weights (gates, units, k) of input and state, biases (rows, units), and what else a cell has."""

    of_input: FloatArray
    of_state: FloatArray
    biases: FloatArray
    others: Weights


Term: TypeAlias = tuple[FloatArray, FloatArray]
Step: TypeAlias = Callable[[Arithmetic, Direction, FloatArray, States], States]
"""The states behind one step of the input (n, features)."""


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options, cell: Cell, step: Step) -> Arrays:
    """The outputs of all steps (n, steps, num_output times directions), and the last states, as stored."""
    how = arithmetic(options)
    tops = recurrent.shapes(params, tuple(values.shape[1:] for values in inputs), cell)
    sequence, first = recurrent.sequence_of(inputs[0]), recurrent.first_states(params, inputs, cell)
    rows, last = [], []
    for number in range(recurrent.directions(params)):
        reverse = number == 1 or params.integer("direction") == recurrent.REVERSE
        states = tuple(np.ascontiguousarray(state[:, number]) for state in first)
        outputs, states = _walk(how, _direction(how, weights, number, cell), sequence, states, step, reverse=reverse)
        rows.append(outputs)
        last.append(states)
    found = [np.concatenate(rows, axis=2)]
    if params.tops > 1:
        found += [how.state(np.stack(states, axis=1)) for states in zip(*last, strict=True)]
    return tuple(values.reshape(-1, *shape) for values, shape in zip(found, tops, strict=True))


def _direction(how: Arithmetic, weights: Weights, number: int, cell: Cell) -> Direction:
    of_input, of_state = (how.weight(weights[name][number]) for name in ("weight_xc", "weight_hc"))
    # RNN casts its biases as a blob, the others one by one.
    biases = (how.state if cell.biases == 1 else how.weight)(weights["bias_c"][number][None])[0]
    shape = (cell.gates, biases.shape[1], -1)
    others = {name: values[number] for name, values in weights.items() if name == "weight_hr"}
    return Direction(of_input.reshape(shape), of_state.reshape(shape), biases, others)


def _walk(
    how: Arithmetic, direction: Direction, sequence: FloatArray, states: States, step: Step, *, reverse: bool
) -> tuple[FloatArray, States]:
    numbers = range(sequence.shape[1])
    outputs = np.empty((*sequence.shape[:2], states[0].shape[1]), np.float32)
    for number in reversed(numbers) if reverse else numbers:
        states = step(how, direction, sequence[:, number], states)
        outputs[:, number] = how.store(states[0])
    return outputs, states


def gate(how: Arithmetic, start: FloatArray, *terms: Term) -> FloatArray:
    """start (…, units) plus weights (units, k) times values (n, k), a pair after the other, in four accumulators.

    They are joined as the released build does it.
    """
    sums = _accumulated(how, start, *terms)
    return how.add(how.add(sums[0], sums[3]), how.add(sums[1], sums[2]))


def gate_new(how: Arithmetic, start: FloatArray, *terms: Term) -> FloatArray:
    """As `gate`, as the new gate of GRU joins its accumulators."""
    sums = _accumulated(how, start, *terms)
    return how.add(sums[0], how.add(how.add(sums[1], sums[2]), sums[3]))


def _accumulated(how: Arithmetic, start: FloatArray, *terms: Term) -> list[FloatArray]:
    units, count = terms[0][0].shape[0], len(terms[0][1])
    sums: list[FloatArray] = [np.array(np.broadcast_to(start, (count, units)))]
    sums += [np.zeros((count, units), np.float32) for _ in range(3)]
    for weight, values in terms:
        fours = values.shape[1] // 4 * 4
        for term in range(values.shape[1]):
            fma, lane = (how.fma, term % 4) if term < fours else (how.last, 0)
            sums[lane] = fma(sums[lane], weight[:, term], values[:, term, None])
    return sums


def gate_alone(how: Arithmetic, start: FloatArray, *terms: Term) -> FloatArray:
    """As `gate` in scalar code: one accumulator."""
    total: FloatArray = np.array(np.broadcast_to(start, (len(terms[0][1]), terms[0][0].shape[0])))
    for weight, values in terms:
        for term in range(values.shape[1]):
            total = how.alone(total, weight[:, term], values[:, term, None])
    return total


def both(units: int, vectors: Callable[[slice], States], rest: Callable[[slice], States]) -> States:
    """What vectors of four units give, and what is left over, side by side along the last axis."""
    fours = units // 4 * 4
    parts = [vectors(slice(fours))] if fours else []
    parts += [rest(slice(fours, units))] if fours < units else []
    return tuple(np.concatenate(states, axis=-1) for states in zip(*parts, strict=True))


def sigmoid_alone(values: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)) with the C library's exp."""
    with np.errstate(all="ignore"):
        return _ONE / (_ONE + libm32.exp(-values))


def lstm_step(how: Arithmetic, at: Direction, values: FloatArray, states: States) -> States:
    """The output and the cell behind one step."""
    terms = values, how.operand(states[0])
    gates = [
        gate(how, at.biases[row], *zip((at.of_input[row], at.of_state[row]), terms, strict=True)) for row in range(4)
    ]

    def vectors(units: slice) -> States:
        let_in, keep, show, new = (total[:, units] for total in gates)
        cell = neon32.sigmoid_times(keep, states[1][:, units], neon32.sigmoid_times(let_in, neon32.tanh(new)))
        return neon32.sigmoid_times(show, neon32.tanh(cell)), cell

    def rest(units: slice) -> States:
        let_in, keep, show = (sigmoid_alone(total[:, units]) for total in gates[:3])
        cell = fma32(let_in * libm32.tanh(gates[3][:, units]), keep, states[1][:, units])
        return show * libm32.tanh(cell), cell

    with np.errstate(all="ignore"):
        hidden, cell = both(at.biases.shape[1], vectors, rest)
    return (_projected(hidden, at.others["weight_hr"]) if "weight_hr" in at.others else hidden), cell


def _projected(hidden: FloatArray, weight: FloatArray) -> FloatArray:
    """The product with the third weight, in fp32: four lanes, then what is left over."""
    fours = hidden.shape[1] // 4 * 4
    lanes = [np.zeros((len(hidden), len(weight)), np.float32) for _ in range(4)]
    for term in range(fours):
        lanes[term % 4] = fma32(lanes[term % 4], weight[:, term], hidden[:, term, None])
    total = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
    for term in range(fours, hidden.shape[1]):
        total = fma32(total, weight[:, term], hidden[:, term, None])
    return total


def gru_step(how: Arithmetic, at: Direction, values: FloatArray, states: States) -> States:
    """The output behind one step; the reset gate acts behind the product with the state."""
    state = how.operand(states[0])

    def pieces(units: slice, sums: Callable[..., FloatArray], row: int) -> FloatArray:
        terms = (at.of_input[row, units], values), (at.of_state[row, units], state)
        return sums(how, at.biases[row, units], *terms)

    def new(units: slice, sums: Callable[..., FloatArray], reset: FloatArray) -> FloatArray:
        of_state = sums(how, at.biases[3, units], (at.of_state[2, units], state))
        fma = how.fma if sums is gate_new else how.alone
        begun = fma(at.biases[2, units], how.operand(reset), of_state)
        return sums(how, begun, (at.of_input[2, units], values))

    def vectors(units: slice) -> States:
        reset, update = (neon32.sigmoid(pieces(units, gate, row)) for row in range(2))
        found = neon32.tanh(new(units, gate_new, reset))
        return ((_ONE - update) * found + update * states[0][:, units],)

    def rest(units: slice) -> States:
        reset, update = (sigmoid_alone(pieces(units, gate_alone, row)) for row in range(2))
        found = libm32.tanh(new(units, gate_alone, reset))
        return (fma32(update * states[0][:, units], _ONE - update, found),)

    with np.errstate(all="ignore"):
        return both(at.biases.shape[1], vectors, rest)


def rnn_step(how: Arithmetic, at: Direction, values: FloatArray, states: States) -> States:
    """The output behind one step."""
    state = how.operand(states[0])

    def total(units: slice, sums: Callable[..., FloatArray]) -> FloatArray:
        return sums(how, at.biases[0, units], (at.of_input[0, units], values), (at.of_state[0, units], state))

    return both(
        at.biases.shape[1],
        lambda units: (neon32.tanh(total(units, gate)),),
        lambda units: (libm32.tanh(total(units, gate_alone)),),
    )
