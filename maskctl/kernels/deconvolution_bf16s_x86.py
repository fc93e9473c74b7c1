"""Deconvolution of bf16 blobs on x86-64, whose weights are cast one by one.

Source: ncnn `src/layer/x86/deconvolution_packed_bf16s.h`.
"""

from __future__ import annotations

from functools import partial

from maskctl.kernels import sums_bf16s_x86
from maskctl.layers.deconvolution import LAYER

forward = partial(sums_bf16s_x86.forward, LAYER, sums_bf16s_x86.one_by_one, sums_bf16s_x86.outputs_over)
