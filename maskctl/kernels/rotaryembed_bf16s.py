"""RotaryEmbed of bf16 values: in fp32, where their products are exact, and stored with ties away from zero.

Source: ncnn `src/layer/arm/rotaryembed_arm.cpp`.
"""

from __future__ import annotations

from maskctl.kernels.packing import Options
from maskctl.layers import rotaryembed
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.casts import one_by_one_to_bf16


def forward(params: Params, _: Weights, inputs: Arrays, _options: Options) -> Arrays:
    """The pairs turned."""
    return (one_by_one_to_bf16(rotaryembed.turned(params, inputs, rotaryembed.turn)),)
