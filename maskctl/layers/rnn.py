"""RNN: a plain recurrent layer, h = tanh(b + Wx x + Wh h), over (steps, features).

With a second bottom the first state is given, with a second top the last one comes out. Of an input with more than two
axes the engine reads the first map only. In int8 every step and every state is quantised by a scale of its own.
Source: ncnn `src/layer/rnn.cpp`.
"""

from __future__ import annotations

from maskctl.layers.base import Weights
from maskctl.layers.families import recurrent
from maskctl.layers.families.recurrent import Cell, Gates, States, outputs_of
from maskctl.numeric.late import np


def _step(gates: Gates, _: States, __: Weights) -> States:
    return (np.tanh(gates.biases[0] + gates.of_input[:, 0] + gates.of_output[:, 0]),)


CELL = Cell(1, 1, outputs_of, lambda params: (outputs_of(params),), _step)

LAYER = recurrent.layer_type("RNN", CELL)
