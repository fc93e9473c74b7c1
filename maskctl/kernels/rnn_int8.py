"""RNN of int8 weights and 16-bit blobs; see `recurrent_int8.py`."""

from __future__ import annotations

from maskctl.kernels import recurrent_int8
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.rnn import CELL


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The outputs of all steps, and the last states."""
    return recurrent_int8.forward(params, weights, inputs, options, CELL)
