"""RNN: a plain recurrent layer, h = tanh(b + Wx x + Wh h), over (steps, features).

With a second bottom the first state is given, with a second top the last one comes out. Of an input with more than two
axes the engine reads the first map only. In int8 every step and every state is quantised by a scale of its own.
Source: ncnn `src/layer/rnn.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.layers import recurrent
from maskctl.layers.base import Arrays, LayerType, Params, Shape, Weight, Weights
from maskctl.layers.recurrent import Cell, Gates, States

PARAMS = recurrent.PARAMS


def _size(params: Params) -> int:
    return params.integer("num_output")


def _step(gates: Gates, _: States, __: Weights) -> States:
    return (np.tanh(gates.biases[0] + gates.of_input[:, 0] + gates.of_output[:, 0]),)


CELL = Cell(1, 1, _size, lambda params: (_size(params),), _step)


def weights(params: Params) -> tuple[Weight, ...]:
    """Weights of the input, biases, weights of the state, and the scales of int8."""
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
    "RNN", range(1, 3), forward, PARAMS, weights, shapes, macs, tops=range(1, 3), prepare=recurrent.prepare
)
