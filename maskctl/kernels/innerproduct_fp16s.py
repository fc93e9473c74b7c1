"""InnerProduct of fp16 blobs with fp32 sums: the fp32 definition over weights cast as the engine casts them.

The engine sums in an order of its own, which moves a result to the next fp16 value about once in a thousand.
Source: ncnn `src/layer/arm/innerproduct_fp16s.h`.
"""

from __future__ import annotations

from maskctl.kernels.innerproduct_fp16sa import cast_weight
from maskctl.kernels.packing import Options
from maskctl.layers import innerproduct
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.formats import round_to


def forward(params: Params, weights: Weights, inputs: Arrays, _options: Options) -> Arrays:
    """The outputs of each sample, (n, num_output) or (n, rows, num_output)."""
    kept = {**weights, "weight": cast_weight(weights["weight"], 4)}
    return (round_to(innerproduct.forward(params, kept, inputs)[0], "fp16"),)
