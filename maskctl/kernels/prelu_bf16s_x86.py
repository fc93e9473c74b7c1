"""PReLU of bf16 blobs on x86-64: the sign of a zero stays.

Source: ncnn `src/layer/x86/prelu_bf16s.h`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import bf16_x86
from maskctl.kernels.packing import Options
from maskctl.layers import prelu
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.layers.families.outermost import along


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """The values of each sample."""
    values = inputs[0]
    prelu.shapes(params, (values.shape[1:],))
    slopes = along(weights["slope"], values)
    with np.errstate(all="ignore"):
        return (bf16_x86.kept_in_rows(np.where(values < 0, values * slopes, values), options),)
