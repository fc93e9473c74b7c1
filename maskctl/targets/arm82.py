"""Armv8.2 CPUs with fp16 arithmetic (the phones people ship to), as the released arm64 build of ncnn treats them.

Sources: the `support_*` flags in the constructors of ncnn's `src/layer` and `src/layer/arm`, and
`src/layer/arm/convolution_arm_asimdhp.cpp` for the choice of the convolution kernel; checked against the arm64
wheel 1.0.20261020.
"""

from __future__ import annotations

from dataclasses import replace

from maskctl.featmask import NO_BF16_STORAGE, NO_FP16_ARITHMETIC, NO_FP16_STORAGE
from maskctl.graph.network import Layer
from maskctl.kernels.packing import elempack
from maskctl.targets.table import UNSUPPORTED, Extents, KernelChoice, Options, Support, Target

_FOLLOWS_BIT_1 = (
    "Convolution ConvolutionDepthWise Convolution1D Deconvolution DeconvolutionDepthWise InnerProduct Gemm MatMul "
    "MultiHeadAttention SDPA Pooling BatchNorm PReLU Eltwise ELU SELU Sigmoid Swish TanH Mish GELU Erf HardSigmoid "
    "HardSwish Interp RotaryEmbed Quantize LSTM GRU RNN"
)
_FP16_REGARDLESS = "Softmax BinaryOp UnaryOp Clip ReLU"
_FP32_INSIDE = "LayerNorm GroupNorm InstanceNorm RMSNorm Dequantize"
_MOVES = "Concat Slice Crop Padding Reshape Flatten PixelShuffle ShuffleChannel Packing Split Noop Cast"

SUPPORT = {
    name: Support(fp16=True, bf16=True, arithmetic=arithmetic)
    for names, arithmetic in (
        (_FOLLOWS_BIT_1, "bit 1"),
        (_FP16_REGARDLESS, "fp16"),
        (_FP32_INSIDE, "fp32"),
        (_MOVES, "moves"),
    )
    for name in names.split()
}


def supports(layer: Layer) -> Support:
    """What the layer's type keeps; a few types depend on their parameters."""
    if layer.type == "Pooling":
        return _pooling(layer)
    if layer.type in {"Gemm", "MultiHeadAttention"} and _is_block_quantised(layer):
        return UNSUPPORTED
    support = SUPPORT.get(layer.type, UNSUPPORTED)
    if layer.type in {"MultiHeadAttention", "SDPA"} and layer.params.get(18, 0):  # int8
        return replace(support, bf16=False)
    return support


def _pooling(layer: Layer) -> Support:
    if layer.params.get(7, 0):  # adaptive pooling has no 16-bit kernel
        return UNSUPPORTED
    if layer.params.get(0, 0) == 0:
        return Support(fp16=True, bf16=True, arithmetic="moves")
    # The global average is summed in fp32 whatever the mask.
    return Support(fp16=True, bf16=True, arithmetic="fp32" if layer.params.get(4, 0) else "bit 1")


def _is_block_quantised(layer: Layer) -> bool:
    term = layer.params.get(18, 0)
    return isinstance(term, int) and term >= 400


def choose(type_name: str, extents: Extents, options: Options) -> KernelChoice | None:
    """The kernel of a layer kept in 16 bits, or None where one rounding of its fp32 result is what the engine does.

    `extents` are the kernel's sizes by ncnn's names plus `channels`, `num_output` and `group`.
    """
    if "use_fp16_storage" not in options:
        return _bf16_convolution(extents, options) if type_name == "Convolution" else None
    arithmetic = "use_fp16_arithmetic" in options
    if type_name == "Convolution":
        return _convolution(extents, options) if arithmetic else None
    if type_name == "ConvolutionDepthWise" and arithmetic and _is_depthwise(extents):
        return _depthwise(extents)
    known = (_KERNELS if arithmetic else _KERNELS_WITH_FP32_SUMS).get(type_name)
    return known or (_OWN_ARITHMETIC if _rounds_inside(type_name, arithmetic=arithmetic) else None)


_OWN_ARITHMETIC = KernelChoice("", "fp16 arithmetic")
_ONE_ROUNDING = {"ReLU"}
"""Types whose fp16 kernels compute nothing that one rounding at the end does not give."""


def _rounds_inside(type_name: str, *, arithmetic: bool) -> bool:
    """True for types that the engine computes in fp16 step by step, by kernels that are not reproduced here."""
    if type_name in _ONE_ROUNDING or type_name not in SUPPORT:
        return False
    kind = SUPPORT[type_name].arithmetic
    return kind == "fp16" or (kind == "bit 1" and arithmetic)


def _bf16_convolution(extents: Extents, options: Options) -> KernelChoice | None:
    """bf16 sums in fp32; only the engine's winograd, which it takes from 8 channels on, rounds in between."""
    winograd = "use_winograd_convolution" in options and _is(extents, kernel=3, stride=1)
    return KernelChoice("", "winograd") if winograd and max(extents["channels"], extents["num_output"]) >= 8 else None


_KERNELS = {
    "InnerProduct": KernelChoice("innerproduct_fp16sa"),
    "Pooling": KernelChoice("pooling_fp16sa"),
    "Softmax": KernelChoice("softmax_fp16s"),
}
_KERNELS_WITH_FP32_SUMS = {
    "InnerProduct": KernelChoice("innerproduct_fp16s"),
    "Pooling": KernelChoice("pooling_fp16s"),
    "Softmax": KernelChoice("softmax_fp16s"),
}


def _convolution(extents: Extents, options: Options) -> KernelChoice:
    direct = _direct_convolution(extents, options)
    channels, outputs = extents["channels"], extents["num_output"]
    is_3x3 = _is(extents, kernel=3, stride=1)
    if "use_winograd_convolution" not in options or not is_3x3 or max(channels, outputs) < 16:
        return direct
    if max(channels, outputs) <= 128:
        return KernelChoice("convolution_winograd63_fp16sa")
    if min(channels, outputs) >= 16:
        return KernelChoice("convolution_winograd43_fp16sa")
    return KernelChoice(direct.kernel, "winograd F(2,3)")


def _direct_convolution(extents: Extents, options: Options) -> KernelChoice:
    channels, outputs = extents["channels"], extents["num_output"]
    packs = elempack(channels), elempack(outputs)
    handwritten = _handwritten(extents, packs)
    # The engine also prefers gemm where weights times strides and dilations pass half its L2 cache. With up to 16 channels
    # only a strided 11x11 kernel or larger could, so this is left out.
    prefers_gemm = (channels > 16 or outputs > 16) and not handwritten
    is_1x1 = (extents["kernel_w"], extents["kernel_h"]) == (1, 1)
    if is_1x1 or (prefers_gemm and "use_sgemm_convolution" in options):
        return KernelChoice("convolution_gemm_fp16sa")
    return KernelChoice(handwritten or "convolution_packed_fp16sa")


def _handwritten(extents: Extents, packs: tuple[int, int]) -> str:
    """The kernel for packings that have hand-written code, "" where there is none or the engine prefers gemm."""
    channels, outputs = extents["channels"], extents["num_output"]
    square = next((size for size in _SQUARES if _is(extents, kernel=size[0], stride=size[1])), None)
    if packs == (8, 8) and (
        square in {(3, 1), (5, 1)}
        or (square == (3, 2) and (channels < 64 or outputs < 128))
        or (square == (5, 2) and (channels < 16 or outputs < 88))
    ):
        return f"convolution_{extents['kernel_w']}x{extents['kernel_w']}_direct_fp16sa"
    if packs == (4, 4) and square == (3, 1):
        return "convolution_3x3_direct_fp16sa"
    if packs in {(1, 8), (1, 4)} and square in {(3, 1), (3, 2)}:
        return "convolution_planes_fp16sa"
    if square == (7, 2):  # the engine keeps packing 1 to 4 from gemm too, and then has no code of its own for it
        return {(1, 8): "convolution_planes_fp16sa", (1, 4): "convolution_packed_fp16sa"}.get(packs, "")
    return ""


def _is_depthwise(extents: Extents) -> bool:
    """True where each channel is a group; other groups are run as convolutions of their own, which is not reproduced."""
    return bool(extents) and extents["channels"] == extents["group"] == extents["num_output"]


def _depthwise(extents: Extents) -> KernelChoice | None:
    """Channels that are no multiple of 4 have fp16 sums in 3x3 kernels only, and sums in fp32 otherwise."""
    is_3x3 = any(_is(extents, kernel=3, stride=stride) for stride in (1, 2))
    return KernelChoice("convolutiondepthwise_fp16sa") if extents["channels"] % 4 == 0 or is_3x3 else None


_SQUARES = ((3, 1), (3, 2), (5, 1), (5, 2), (7, 2))
"""Kernel extent and stride of the convolutions that have hand-written code for some packings."""


def _is(extents: Extents, *, kernel: int, stride: int) -> bool:
    square = {"kernel": kernel, "stride": stride, "dilation": 1}
    return all(extents[f"{name}_{axis}"] == size for name, size in square.items() for axis in "wh")


ARM82 = Target(
    name="arm82",
    title="Armv8.2 CPU with fp16 arithmetic",
    supports=supports,
    choose=choose,
    safer={NO_FP16_STORAGE: NO_FP16_ARITHMETIC, NO_BF16_STORAGE: 0},
)
