"""Convolution of bf16 blobs on x86-64, direct: few channels, or bit 32.

Source: ncnn `src/layer/x86/convolution_packed_bf16s.h`.
"""

from __future__ import annotations

from functools import partial

from maskctl.kernels import sums_bf16s_x86
from maskctl.layers.convolution import LAYER

forward = partial(sums_bf16s_x86.forward, LAYER, sums_bf16s_x86.in_blocks, sums_bf16s_x86.outputs_over)
