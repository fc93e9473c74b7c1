"""LSTM: a long short-term memory over (steps, features), its gates in the order input, forget, output, cell.

c = f c + i g, h = o tanh(c); where `hidden_size` is not `num_output`, h is the product of a third weight with that. Bottoms
2 and 3 are the first h and c, tops 2 and 3 the last. int8 as in RNN; the third weight stays fp32. Source: ncnn
`src/layer/lstm.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import Arrays, LayerType, Param, Params, Shape, Weight, Weights
from maskctl.layers.families import recurrent
from maskctl.layers.families.products import per_sample
from maskctl.layers.families.recurrent import Cell, Gates, States
from maskctl.layers.sigmoid import sigmoid
from maskctl.numeric.late import np

PARAMS = (*recurrent.PARAMS, Param(3, "hidden_size", 0, "units of the cell", same_as="num_output"))


def _units(params: Params) -> int:
    return params.integer("hidden_size")


def _step(gates: Gates, states: States, weight: Weights) -> States:
    total = gates.biases + gates.of_input + gates.of_output
    let_in, keep, show = sigmoid(total[:, 0]), sigmoid(total[:, 1]), sigmoid(total[:, 2])
    cell = keep * states[1] + let_in * np.tanh(total[:, 3])
    hidden = show * np.tanh(cell)
    return (per_sample(hidden, weight["weight_hr"].T) if "weight_hr" in weight else hidden), cell


CELL = Cell(4, 4, _units, lambda params: (params.integer("num_output"), _units(params)), _step)


def weights(params: Params) -> tuple[Weight, ...]:
    """Weights of the input, biases, weights of the output, of the projection if there is one, and the scales of int8."""
    found = recurrent.weights(params, CELL)
    units, outputs = _units(params), params.integer("num_output")
    if units != outputs:
        shape = (recurrent.directions(params), outputs, units)
        found += (Weight("weight_hr", shape, tagged=True, fan_in=units),)
    return found + recurrent.scales(params, CELL)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(steps, num_output times directions), and the states."""
    return recurrent.shapes(params, inputs, CELL)


def macs(params: Params, _: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> int:
    """Multiply-adds of the matrix products."""
    units, each = _units(params), params.integer("num_output")
    projection = outputs[0][0] * recurrent.directions(params) * units * each if units != each else 0
    return recurrent.macs(params, outputs, CELL) + projection


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The outputs of all steps, and the last h and c."""
    return recurrent.forward(params, weight, inputs, CELL)


LAYER = LayerType(
    "LSTM", range(1, 4), forward, PARAMS, weights, shapes, macs, tops=range(1, 4), prepare=recurrent.prepare
)
