"""RNN, LSTM and GRU of int8 weights and 16-bit blobs: the fp32 definition with fp32 biases, rounded once per output.

In fp16 arithmetic the input's codes are made as Quantize makes them. Source: ncnn `forward_int8` in
`src/layer/arm/rnn_arm.cpp`, `lstm_arm.cpp`, `gru_arm.cpp`.
"""

from __future__ import annotations

from maskctl.kernels import int8_steps
from maskctl.kernels.packing import Options
from maskctl.layers.base import Array, Arrays, Params, Weights
from maskctl.layers.families import recurrent
from maskctl.layers.families.int8 import Codes
from maskctl.layers.families.recurrent import Cell
from maskctl.numeric.formats import Operand


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options, cell: Cell) -> Arrays:
    """The outputs of all steps, and the last states, as stored."""

    def quantise(values: Array, scale: Operand) -> Codes:
        return int8_steps.codes(values, scale, options)

    tops = recurrent.forward(params, recurrent.prepare(params, weights), inputs, cell, quantise)
    return tuple(int8_steps.store(values, options) for values in tops)
