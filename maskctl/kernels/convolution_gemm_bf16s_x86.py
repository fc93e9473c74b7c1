"""Convolution of bf16 blobs on x86-64 as a matrix product, 1x1 kernels among them.

Source: ncnn `src/layer/x86/convolution_im2col_gemm_bf16s.h`.
"""

from __future__ import annotations

from functools import partial

from maskctl.kernels import sums_bf16s_x86
from maskctl.layers.convolution import LAYER

forward = partial(sums_bf16s_x86.forward, LAYER, sums_bf16s_x86.for_gemm, sums_bf16s_x86.pixels_over)
