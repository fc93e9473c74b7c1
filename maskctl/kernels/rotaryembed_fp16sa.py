"""RotaryEmbed in fp16: the first product rounded and the second fused, in vectors of eight pairs; the rest in float32.

Source: ncnn `src/layer/arm/rotaryembed_arm_asimdhp.cpp`.
"""

from __future__ import annotations

from maskctl.kernels.packing import Options
from maskctl.layers import rotaryembed
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric import fma16
from maskctl.numeric.formats import FloatArray, round_to


def forward(params: Params, _: Weights, inputs: Arrays, _options: Options) -> Arrays:
    """The pairs turned."""
    return (rotaryembed.turned(params, inputs, _turn),)


def _turn(x: FloatArray, y: FloatArray, angles: rotaryembed.Angles) -> tuple[FloatArray, FloatArray]:
    eights = x.shape[-1] // 8 * 8
    left, right = _in_vectors(x, y, angles)
    first, second = (round_to(half, "fp16") for half in rotaryembed.turn(x, y, angles))
    first[..., :eights], second[..., :eights] = left[..., :eights], right[..., :eights]
    return first, second


def _in_vectors(x: FloatArray, y: FloatArray, angles: rotaryembed.Angles) -> tuple[FloatArray, FloatArray]:
    left = fma16.fma(fma16.multiply(x, angles.cosines[0]), -y, angles.sines[0])
    return left, fma16.fma(fma16.multiply(y, angles.cosines[1]), x, angles.sines[1])
