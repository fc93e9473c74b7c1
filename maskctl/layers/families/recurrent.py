"""What RNN, LSTM and GRU share: weights per direction, states in and out, and the walk over the rows of a sequence.

A sequence is (steps, features). In the weights every gate has as many rows as the cell has units, and all directions lie
behind each other. Source: ncnn `src/layer/rnn.cpp`, `lstm.cpp`, `gru.cpp`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from maskctl.errors import ExecutionError, GraphError
from maskctl.layers.base import Array, Arrays, LayerType, Param, Params, Shape, Weight, Weights, floats_in
from maskctl.layers.families import int8
from maskctl.layers.families.products import per_sample
from maskctl.numeric.formats import FloatArray
from maskctl.numeric.late import np

FORWARD, REVERSE, BOTH = range(3)

PARAMS = (
    Param(0, "num_output", 0, "numbers per step and direction"),
    Param(1, "weight_data_size", 0, "elements of the weights of the input, all directions"),
    Param(2, "direction", FORWARD, "0 forward, 1 from the last step to the first, 2 both"),
    Param(8, "int8_scale_term", 0, "not 0: int8 weights and scales"),
)

States: TypeAlias = tuple[FloatArray, ...]
"""What a cell remembers, (n, …): first its output, which it also reads."""


@dataclass(frozen=True)
class Gates:
    """The parts of the sums of all gates at one step: of the input and of the last output (n, gates, units), and biases."""

    of_input: FloatArray
    of_output: FloatArray
    biases: FloatArray


@dataclass(frozen=True)
class Cell:
    """A kind of cell: how many gates and rows of biases it has, the sizes of its states, and its step."""

    gates: int
    biases: int
    units: Callable[[Params], int]
    state_sizes: Callable[[Params], tuple[int, ...]]
    step: Callable[[Gates, States, Weights], States]


def outputs_of(params: Params) -> int:
    """Numbers per step and direction."""
    return params.integer("num_output")


def directions(params: Params) -> int:
    """How many directions the layer walks."""
    return 2 if params.integer("direction") == BOTH else 1


def features(params: Params, cell: Cell) -> int:
    """Numbers per step of the input, from the size of the weight; raises `GraphError` when it does not divide evenly."""
    size, rows = params.integer("weight_data_size"), directions(params) * cell.gates * cell.units(params)
    if params.integer("direction") not in {FORWARD, REVERSE, BOTH}:
        raise GraphError(f"direction is {params.integer('direction')}. Expected 0, 1 or 2.")
    if min(params.integer("num_output"), cell.units(params)) < 1 or size < 1 or size % rows:
        raise GraphError(
            f"weight_data_size is {size} for {rows} rows ({directions(params)} directions, {cell.gates} gates, "
            f"{cell.units(params)} units). Expected a multiple of them."
        )
    return size // rows


def weights(params: Params, cell: Cell) -> tuple[Weight, ...]:
    """Weights of the input, biases, weights of the output, and for int8 their scales; all but those are tagged."""
    count, rows, outputs = directions(params), cell.gates * cell.units(params), params.integer("num_output")
    inputs, quantised = features(params, cell), params.integer("int8_scale_term") != 0
    role = "int8" if quantised else "weight"
    return (
        Weight("weight_xc", (count, rows, inputs), tagged=True, role=role, fan_in=inputs),
        Weight("bias_c", (count, cell.biases, cell.units(params)), tagged=True, role="bias"),
        Weight("weight_hc", (count, rows, outputs), tagged=True, role=role, fan_in=outputs),
    )


def scales(params: Params, cell: Cell) -> tuple[Weight, ...]:
    """The scales of int8 weights, which come last in the `.bin`."""
    if not params.integer("int8_scale_term"):
        return ()
    shape = (directions(params), cell.gates * cell.units(params))
    return (
        Weight("weight_xc_scales", shape, role="int8 scale", fan_in=features(params, cell)),
        Weight("weight_hc_scales", shape, role="int8 scale", fan_in=params.integer("num_output")),
    )


def prepare(params: Params, weight: Weights) -> Weights:
    """The weights as they are; those of an int8 layer must be codes."""
    if params.integer("int8_scale_term"):
        for name in ("weight_xc", "weight_hc"):
            int8.require_codes(weight[name], name)
    return weight


def shapes(params: Params, inputs: tuple[Shape, ...], cell: Cell) -> tuple[Shape, ...]:
    """(steps, num_output times directions), and with more tops the last states, shaped like the first or (directions, size).

    Of an input with more than two axes the engine reads the first map only, in int8 with the wrong scales.
    """
    given, wanted = inputs[0][-1], features(params, cell)
    if given != wanted:
        raise ExecutionError(
            f"the input has shape {inputs[0]}, {given} numbers per step. Its weights are for {wanted}."
        )
    if params.integer("int8_scale_term") and len(inputs[0]) > 2:
        raise ExecutionError(
            f"the input has shape {inputs[0]}. Expected (steps, {wanted}): of more axes int8 mixes up the scales."
        )
    sizes, count = cell.state_sizes(params), directions(params)
    if params.tops not in {1, 1 + len(sizes)}:
        raise GraphError(f"there are {params.tops} tops. Expected 1, or {1 + len(sizes)} for the states as well.")
    steps = inputs[0][-2] if len(inputs[0]) > 1 else 1
    first = (steps, params.integer("num_output") * count)
    states: tuple[Shape, ...] = tuple((count, size) for size in sizes)
    if len(inputs) == 1 + len(sizes):
        for shape, size in zip(inputs[1:], sizes, strict=True):
            _require_state(shape, count, size)
        states = inputs[1:]
    return (first, *states) if params.tops > 1 else (first,)


def _require_state(shape: Shape, count: int, size: int) -> None:
    rows = shape[-2] if len(shape) > 1 else 1
    if (rows, shape[-1]) != (count, size) or math.prod(shape) != count * size:
        raise ExecutionError(f"a first state has shape {shape}. Expected ({count}, {size}).")


def macs(params: Params, outputs: tuple[Shape, ...], cell: Cell) -> int:
    """Multiply-adds: steps times directions times the elements of the weights."""
    rows = cell.gates * cell.units(params)
    return outputs[0][0] * directions(params) * rows * (features(params, cell) + params.integer("num_output"))


def forward(
    params: Params, weight: Weights, inputs: Arrays, cell: Cell, quantise: Callable[..., int8.Codes] = int8.quantise
) -> Arrays:
    """The outputs of all steps, directions side by side, and the last states. Without first states they are 0.

    First states count only when all of them are given; the engine ignores the blob otherwise. `quantise` makes the codes
    of an int8 layer's input.
    """
    tops = shapes(params, tuple(values.shape[1:] for values in inputs), cell)
    sequence = sequence_of(inputs[0])
    states = first_states(params, inputs, cell)
    with np.errstate(all="ignore"):
        walks = [
            _walk(
                _one_direction(params, weight, number, quantise),
                sequence,
                tuple(state[:, number] for state in states),
                cell,
            )
            for number in range(directions(params))
        ]
    rows = np.concatenate([outputs for outputs, _ in walks], axis=2)
    last = (np.stack(states, axis=1) for states in zip(*(states for _, states in walks), strict=True))
    found = (rows, *last) if params.tops > 1 else (rows,)
    return tuple(values.reshape(-1, *shape) for values, shape in zip(found, tops, strict=True))


def sequence_of(values: Array) -> FloatArray:
    """The input as (n, steps, features)."""
    found = floats_in(values)
    while found.ndim > 3:
        found = found[:, 0]
    return found if found.ndim == 3 else found[:, None]


def first_states(params: Params, inputs: Arrays, cell: Cell) -> States:
    """States (n, directions, size) of every kind."""
    count, sizes = directions(params), cell.state_sizes(params)
    if len(inputs) == 1 + len(sizes):
        given = (floats_in(values) for values in inputs[1:])
        return tuple(values.reshape(-1, count, size) for values, size in zip(given, sizes, strict=True))
    return tuple(np.zeros((len(inputs[0]), count, size), np.float32) for size in sizes)


@dataclass(frozen=True)
class _Direction:
    weights: Weights
    reverse: bool
    quantised: bool
    quantise: Callable[..., int8.Codes]


def _one_direction(params: Params, weight: Weights, number: int, quantise: Callable[..., int8.Codes]) -> _Direction:
    reverse = number == 1 or params.integer("direction") == REVERSE
    quantised = params.integer("int8_scale_term") != 0
    return _Direction({name: values[number] for name, values in weight.items()}, reverse, quantised, quantise)


def _walk(direction: _Direction, sequence: FloatArray, states: States, cell: Cell) -> tuple[FloatArray, States]:
    """Outputs (n, steps, num_output) in the order of the sequence, and the states behind the last step."""
    biases = direction.weights["bias_c"]
    of_input = _product(direction, "weight_xc", sequence)
    of_input = of_input.reshape(*sequence.shape[:2], cell.gates, biases.shape[1])
    steps = range(sequence.shape[1])
    outputs = np.empty((*sequence.shape[:2], states[0].shape[1]), np.float32)
    for number in reversed(steps) if direction.reverse else steps:
        of_output = _product(direction, "weight_hc", states[0]).reshape(-1, cell.gates, biases.shape[1])
        states = cell.step(Gates(of_input[:, number], of_output, biases), states, direction.weights)
        outputs[:, number] = states[0]
    return outputs, states


def _product(direction: _Direction, name: str, rows: FloatArray) -> FloatArray:
    """Rows (…, k) times the transposed weight; in int8 each row is quantised by a scale of its own."""
    matrix = direction.weights[name].T
    if not direction.quantised:
        return per_sample(rows, matrix)
    scale = int8.dynamic_scale(rows, -1)
    codes = direction.quantise(rows, scale) if name == "weight_xc" else int8.quantise(rows, scale)
    sums = int8.product(codes, matrix)
    one = np.float32(1)
    return int8.dequantise(sums, (one / scale) * (one / direction.weights[f"{name}_scales"]))


def layer_type(name: str, cell: Cell) -> LayerType:
    """A layer of cells whose only state is their output: a second bottom is the first of it, a second top the last."""
    return LayerType(
        name,
        range(1, 3),
        lambda params, weight, inputs: forward(params, weight, inputs, cell),
        PARAMS,
        lambda params: weights(params, cell) + scales(params, cell),
        lambda params, inputs: shapes(params, inputs, cell),
        lambda params, _, outputs: macs(params, outputs, cell),
        tops=range(1, 3),
        prepare=prepare,
    )
