"""The table of layer types: how bounds pass through each. A type without a row is unbounded, and said to be.

To add one, write a row; a rule that several types share lies in the module of its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from maskctl.analysis.bounds import attention, curves, gated, linear, moving, normed, quantised
from maskctl.analysis.bounds.activations import line_rises
from maskctl.analysis.bounds.case import Bounds, Case, Rule, nothing_known


def _rows(rule: Rule, names: str) -> Mapping[str, Rule]:
    return dict.fromkeys(names.split(), rule)


RULES: Mapping[str, Rule] = {
    **_rows(quantised.linear_or_codes, "Convolution ConvolutionDepthWise InnerProduct"),
    **_rows(linear.bounds, "Convolution1D ConvolutionDepthWise1D Convolution3D"),
    **_rows(linear.bounds, "ConvolutionDepthWise3D Deconvolution DeconvolutionDepthWise Deconvolution1D"),
    **_rows(linear.bounds, "DeconvolutionDepthWise1D Deconvolution3D DeconvolutionDepthWise3D"),
    **_rows(linear.product, "Gemm MatMul Einsum"),
    **_rows(moving.moved, "Concat Crop DeepCopy Diag ExpandDims Flatten Flip MemoryData Noop Packing Permute"),
    **_rows(moving.moved, "PixelShuffle Reorg Reshape ShuffleChannel Slice Split Squeeze Tile Unfold PriorBox"),
    **_rows(moving.pooled, "Pooling Pooling1D Pooling3D"),
    **_rows(moving.summed, "CumulativeSum Fold"),
    **_rows(moving.sampled, "GridSample ROIAlign ROIPooling PSROIPooling"),
    "Cast": moving.cast_to,
    "Padding": moving.padded,
    "Interp": moving.resized,
    "Reduction": moving.reduced,
    **_rows(curves.curve(curves.no_points), "Clip Erf Exp HardSigmoid Log Sigmoid Softplus TanH Threshold BNLL"),
    **_rows(curves.curve(curves.at(0.0)), "AbsVal ELU SELU CELU"),
    **_rows(curves.affine, "BatchNorm Bias Dropout PReLU Scale"),
    "BinaryOp": curves.binary_op,
    "Eltwise": curves.element_wise,
    "GELU": curves.curve(curves.GELU_POINTS),
    "HardSwish": curves.curve(curves.hard_swish),
    "Mish": curves.curve(curves.MISH_POINTS),
    "Power": curves.curve(curves.line_at_zero),
    "Shrink": curves.curve(curves.shrink),
    "Swish": curves.curve(curves.SWISH_POINTS),
    "UnaryOp": curves.unary_op,
    "Softmax": normed.between(0, 1),
    **_rows(normed.layer_norm, "LayerNorm RMSNorm"),
    "GroupNorm": normed.group_norm,
    "InstanceNorm": normed.instance_norm,
    "LRN": normed.response_norm,
    "MVN": normed.mean_variance,
    "Normalize": normed.length_one,
    "Embed": normed.looked_up,
    "SDPA": attention.scaled_dot_product,
    "MultiHeadAttention": attention.multi_head,
    "GLU": gated.gated_half,
    **_rows(gated.recurrent_states, "RNN GRU LSTM"),
    "ReLU": quantised.relu,
    "Quantize": quantised.quantised,
    "Dequantize": quantised.dequantised,
    "Requantize": quantised.requantised,
}


def bounds_of(case: Case) -> Bounds:
    """The bounds of a layer's tops by the rule of its type; unbounded, with the reason, where there is none."""
    rule = RULES.get(case.op.layer.type)
    if rule is None or case.op.kind.by_value(case.params):
        return nothing_known(case, f"no rule bounds the type {case.op.layer.type}")
    if case.step.hazard or case.step.broken:
        return nothing_known(case, "the engine reads or writes garbage here")
    if not line_rises(case):
        return nothing_known(case, "the line of its hard sigmoid or hard swish does not rise, or is too steep for fp16")
    found = rule(case)
    if (
        case.step.arrives[:1] == ("int8",) and not found.moves and rule is not quantised.linear_or_codes
    ):  # what is made of codes may be rounded to codes
        return replace(found, tops=tuple(top.widened(np.float32(1)) for top in found.tops))
    return found
