"""PReLU in fp16, with fp16 or fp32 inside, and in bf16.

Source: ncnn `src/layer/arm/prelu_arm.cpp`, `prelu_arm_asimdhp.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels.elementwise import by_outermost, mode_of
from maskctl.kernels.packing import Options
from maskctl.layers import prelu
from maskctl.layers.base import Arrays, Params, Weights, floats_in


def forward(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """Values, the negative ones times their slope, which scalar code keeps in fp32."""
    mode, values = mode_of(options), floats_in(inputs[0])
    prelu.shapes(params, (values.shape[1:],))
    slope = weights["slope"][: values.shape[1], None]
    kept = np.asarray(mode.lanes.rounded(slope))
    return (
        by_outermost(
            values,
            options,
            mode,
            lambda x: np.where(x <= 0, mode.lanes.multiply(x, kept), x),
            lambda x: np.where(x < 0, x * slope, x),
        ),
    )
