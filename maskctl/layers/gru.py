"""GRU: a gated recurrent layer over (steps, features), its gates in the order reset, update, new.

n = tanh(b2 + Wx x + r (b3 + Wh h)), h = (1 - u) n + u h: the reset gate acts behind the product with the state, as in
PyTorch. Bottoms, tops and int8 as in RNN. Source: ncnn `src/layer/gru.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.layers import recurrent
from maskctl.layers.base import Arrays, LayerType, Params, Shape, Weight, Weights
from maskctl.layers.recurrent import Cell, Gates, States, sigmoid

PARAMS = recurrent.PARAMS


def _size(params: Params) -> int:
    return params.integer("num_output")


def _step(gates: Gates, states: States, _: Weights) -> States:
    of_input, of_output, biases = gates.of_input, gates.of_output, gates.biases
    reset = sigmoid(biases[0] + of_input[:, 0] + of_output[:, 0])
    update = sigmoid(biases[1] + of_input[:, 1] + of_output[:, 1])
    new = np.tanh(biases[2] + reset * (biases[3] + of_output[:, 2]) + of_input[:, 2])
    return ((np.float32(1) - update) * new + update * states[0],)


CELL = Cell(3, 4, _size, lambda params: (_size(params),), _step)


def weights(params: Params) -> tuple[Weight, ...]:
    """Weights of the input, biases (of the new gate two), weights of the state, and the scales of int8."""
    return recurrent.weights(params, CELL) + recurrent.scales(params, CELL)


def shapes(params: Params, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """(steps, num_output times directions), and the state."""
    return recurrent.shapes(params, inputs, CELL)


def macs(params: Params, _: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> int:
    """Multiply-adds of the matrix products."""
    return recurrent.macs(params, outputs, CELL)


def forward(params: Params, weight: Weights, inputs: Arrays) -> Arrays:
    """The outputs of all steps, and the last state."""
    return recurrent.forward(params, weight, inputs, CELL)


LAYER = LayerType(
    "GRU", range(1, 3), forward, PARAMS, weights, shapes, macs, tops=range(1, 3), prepare=recurrent.prepare
)
