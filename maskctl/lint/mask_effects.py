"""What each bit of a mask does on its layer, on the target a file is for and on any other.

Sources: ncnn `src/net.cpp` (`get_masked_option`, and `do_forward_layer`: Input layers are never run) and the kernels that
read the options: `use_winograd_convolution` is asked for by Convolution with a 3x3 kernel, stride and dilation 1;
`use_sgemm_convolution` by Convolution beyond 1x1, Convolution1D, Deconvolution and DeformableConv2D; int8 options by layers
with int8 weights, in shaders.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maskctl import featmask
from maskctl.featmask import BY_WORD, Bit
from maskctl.graph.network import Graph, Layer
from maskctl.targets.effects import effects
from maskctl.targets.extents import extents_of
from maskctl.targets.inner import layer_of_group
from maskctl.targets.int8 import sums_codes
from maskctl.targets.storage import Step, steps
from maskctl.targets.table import PRECISIONS, Target

_STORAGE = {
    BY_WORD["no-fp16-arithmetic"]: "fp16",
    BY_WORD["no-fp16-storage"]: "fp16",
    BY_WORD["no-bf16-storage"]: "bf16",
}
"""The precision in which a bit has something to switch off."""

_GEMM = {"Convolution", "Convolution1D", "Deconvolution", "DeformableConv2D"}
_INT8 = {"Quantize", "Dequantize", "Requantize", "Gemm", "MultiHeadAttention", "SDPA", "LSTM", "GRU", "RNN", "Embed"}
"""Types that may hold int8 in ways of their own; nothing is said of them."""


@dataclass(frozen=True)
class Idle:
    """A bit that switches nothing off where it stands, and why. `anywhere` is True where that holds for every target."""

    layer: Layer
    bit: Bit
    why: str
    anywhere: bool


def idle_bits(graph: Graph, target: Target) -> Iterator[Idle]:
    """Every bit of every mask that switches nothing off, whatever the other bits of the mask are.

    Without them the network gives the same to the bit, but for the order in which a Softmax adds up.
    """
    masked = [layer for layer in graph.layers if layer.mask]
    running = {name: steps(graph, target, PRECISIONS[name], (0,) * len(graph.layers)) for name in _precisions(masked)}
    for layer in masked:
        for bit in featmask.BITS:
            if layer.mask & bit.value:
                why = _nowhere(layer, bit)
                here = "" if why else _not_here(graph, layer.index, bit, target, running)
                if why or here:
                    yield Idle(layer, bit, why or here, bool(why))


def _precisions(masked: list[Layer]) -> list[str]:
    """The precisions that have to be looked at for these layers."""
    return sorted({name for bit, name in _STORAGE.items() if any(layer.mask & bit.value for layer in masked)})


def _nowhere(layer: Layer, bit: Bit) -> str:
    """Why no engine of any target runs this layer otherwise for the bit, "" where one may."""
    if layer.type == "Input":
        return "the engine does not run Input layers"
    dense = layer_of_group(layer) or layer
    if bit.word == "no-winograd" and not _may_be_winograd(dense):
        return "winograd is for Convolution with a 3x3 kernel, stride 1 and dilation 1"
    if bit.word == "no-sgemm" and dense.type not in _GEMM:
        return f"{layer.type} has no im2col + gemm"
    if bit.word == "no-sgemm" and dense.type == "Convolution" and _is_1x1(dense):
        return "a 1x1 convolution is a gemm whatever the mask"
    if bit.word == "no-int8" and layer.type not in _INT8 and not sums_codes(layer):
        return "the layer holds no int8"
    return ""


def _may_be_winograd(layer: Layer) -> bool:
    if layer.type != "Convolution":
        return False
    extents = extents_of(layer)
    square = all(extents[f"kernel_{side}"] == 3 for side in "wh")
    return square and all(extents[f"{name}_{side}"] == 1 for name in ("stride", "dilation") for side in "wh")


def _is_1x1(layer: Layer) -> bool:
    extents = extents_of(layer)
    return extents["kernel_w"] == extents["kernel_h"] == 1


def _not_here(graph: Graph, index: int, bit: Bit, target: Target, running: dict[str, tuple[Step, ...]]) -> str:
    """Why the target does not run this layer otherwise for the bit, "" where it does or nothing is known."""
    precision = _STORAGE.get(bit)
    if precision is None:
        return ""
    step = running[precision][index]
    (found,) = effects(graph, index, step, target, PRECISIONS[precision], 0, (bit,))
    return "" if found.changes else found.effect.removeprefix("no effect: ")
