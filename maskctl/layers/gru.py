"""GRU: a gated recurrent layer over (steps, features), its gates in the order reset, update, new.

n = tanh(b2 + Wx x + r (b3 + Wh h)), h = (1 - u) n + u h: the reset gate acts behind the product with the state, as in
PyTorch. Bottoms, tops and int8 as in RNN. Source: ncnn `src/layer/gru.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import Weights
from maskctl.layers.families import recurrent
from maskctl.layers.families.recurrent import Cell, Gates, States, outputs_of
from maskctl.layers.sigmoid import sigmoid
from maskctl.numeric.late import np


def _step(gates: Gates, states: States, _: Weights) -> States:
    of_input, of_output, biases = gates.of_input, gates.of_output, gates.biases
    reset = sigmoid(biases[0] + of_input[:, 0] + of_output[:, 0])
    update = sigmoid(biases[1] + of_input[:, 1] + of_output[:, 1])
    new = np.tanh(biases[2] + reset * (biases[3] + of_output[:, 2]) + of_input[:, 2])
    return ((np.float32(1) - update) * new + update * states[0],)


CELL = Cell(3, 4, outputs_of, lambda params: (outputs_of(params),), _step)

LAYER = recurrent.layer_type("GRU", CELL)
