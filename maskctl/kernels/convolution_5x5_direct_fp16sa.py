"""Direct 5x5 convolution of channels packed by eight, stride 1 or 2: as the 3x3 kernel, with two differences.

With stride 1, in a group of two columns, kernel rows 1 and 3 add all their terms to the output. With stride 2 there are
no groups of four.

Source: ncnn `src/layer/arm/convolution_5x5_pack8_fp16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.activation16 import activate
from maskctl.kernels.convolution_3x3_direct_fp16sa import by_columns
from maskctl.kernels.operands import operands
from maskctl.kernels.packing import Options
from maskctl.layers.base import Arrays, Params, Weights

_PACK = 8


def forward(params: Params, weights: Weights, inputs: Arrays, _options: Options) -> Arrays:
    """The output map of each sample, to the bit of the engine."""
    terms = operands(params, weights, inputs[0])
    term = np.arange(terms.taps * _PACK)
    apart = term % 2 == 0
    if params.integer("stride_w") == 1:
        apart &= term // _PACK // 5 % 2 == 0
    fours = terms.out_shape[3] // 4 * 4 if params.integer("stride_w") == 1 else 0
    return (activate(params, terms.arranged(by_columns(terms, _PACK, fours, apart))),)
