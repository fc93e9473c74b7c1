"""Built-in activations where the engine runs them as a layer of their own behind a bf16 convolution, on its stored result.

Source: ncnn `src/layer/arm/relu_arm.cpp`, `clip_arm.cpp`, `sigmoid_arm.cpp`, `mish_arm.cpp`, `hardswish_arm.cpp`.
"""

from __future__ import annotations

import numpy as np

from maskctl.kernels import activation32
from maskctl.kernels.elementwise import BF16S
from maskctl.kernels.hardswish_fp16s_bf16s import swished
from maskctl.kernels.packing import Options, elempack
from maskctl.layers.base import Params
from maskctl.layers.families import activation
from maskctl.numeric.bf16 import away
from maskctl.numeric.formats import FloatArray


def activated_map(params: Params, values: FloatArray, options: Options) -> FloatArray:
    """The activation as a layer of its own on a map (n, c, h, w) or vectors (n, c) of bf16 values, stored again.

    Where channels are not packed, the last `h * w mod 4` pixels of each are computed one by one.
    """
    if params.integer("activation_type") == activation.NONE:
        return values
    if params.integer("activation_type") == activation.HARD_SWISH:
        return swished(values, activation.kind(params)[1], BF16S, options)
    pixels = values.reshape(*values.shape[:2], -1) if values.ndim > 2 else values[:, None]
    packed = elempack(values.shape[1], options) > 1
    fours = pixels.shape[2] if packed else pixels.shape[2] // 4 * 4
    parts = (
        activation32.activate(params, pixels[:, :, :fours], fused=True),
        activation32.activate_one_by_one(params, pixels[:, :, fours:]),
    )
    return away(np.concatenate(parts, axis=2).reshape(values.shape))
