"""LSTM in fp16: sums of gates are fp16; see `recurrent16.py`."""

from __future__ import annotations

from maskctl.kernels import recurrent16
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.lstm import CELL


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The outputs of all steps, and the last states."""
    return recurrent16.forward(params, weights, inputs, options, CELL, recurrent16.lstm_step)
