"""What each bit of a mask does on its layer, on the target a file is for and on any other.

Sources: ncnn `src/net.cpp` (`get_masked_option`, and `do_forward_layer`: Input layers are never run) and the kernels that
read the options: `use_winograd_convolution` is asked for by Convolution with a 3x3 kernel, stride and dilation 1;
`use_sgemm_convolution` by Convolution beyond 1x1, Convolution1D, Deconvolution and DeformableConv2D; int8 options by layers
with int8 weights, in shaders.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from maskctl import featmask
from maskctl.featmask import BY_WORD, Bit
from maskctl.graph.network import Graph, Layer
from maskctl.targets.effects import effect
from maskctl.targets.extents import extents_of
from maskctl.targets.inner import layer_of_group
from maskctl.targets.int8 import sums_codes
from maskctl.targets.likes import likeness
from maskctl.targets.storage import STORAGE_BIT, Step, steps
from maskctl.targets.table import PRECISIONS, Target

_STORAGE = {
    featmask.NO_FP16_ARITHMETIC: "fp16",
    featmask.NO_FP16_STORAGE: "fp16",
    featmask.NO_BF16_STORAGE: "bf16",
}
"""The precision in which a bit has something to switch off."""

_GEMM = {"Convolution", "Convolution1D", "Deconvolution", "DeformableConv2D"}
_INT8 = {"Quantize", "Dequantize", "Requantize", "Gemm", "MultiHeadAttention", "SDPA", "LSTM", "GRU", "RNN", "Embed"}
"""Types that may hold int8 in ways of their own; nothing is said of them."""


class Idle(NamedTuple):
    """A bit that switches nothing off where it stands, and why. `anywhere` is True where that holds for every target."""

    bit: Bit
    why: str
    anywhere: bool


def idle_bits(graph: Graph, target: Target) -> Iterator[tuple[Layer, list[Idle]]]:
    """Every layer with bits in its mask that switch nothing off, whatever the other bits of the mask are, and these bits.

    Without them the network gives the same to the bit, but for the order in which a Softmax adds up.
    """
    masked = [layer for layer in graph.layers if layer.mask]
    running = {name: steps(graph, target, PRECISIONS[name], (0,) * len(graph.layers)) for name in _precisions(masked)}
    known: dict[Hashable, list[Idle]] = {}
    for layer in masked:
        ways = {name: run[layer.index] for name, run in running.items()}
        key = likeness(layer), tuple([_fed(graph, layer, name, step, target) for name, step in ways.items()])
        found = known.get(key)
        if found is None:
            found = known[key] = list(_idle(graph, layer, target, ways))
        if found:
            yield layer, found


def _fed(graph: Graph, layer: Layer, precision: str, step: Step, target: Target) -> Hashable:
    """What a layer does with a bit goes by, beside what its line says but for names."""
    arrives_so = set(step.arrives) == {precision}
    hands_on = arrives_so and target.hands_on(graph, layer, _left(precision))
    return step.stored, step.arrives, step.packed, step.broken, hands_on


@cache
def _left(precision: str) -> frozenset[str]:
    """The options without storage in 16 bits."""
    return PRECISIONS[precision] - featmask.cleared_options(STORAGE_BIT[precision])


def _idle(graph: Graph, layer: Layer, target: Target, ways: Mapping[str, Step]) -> Iterator[Idle]:
    """The bits of one layer that switch nothing off, which runs as `ways` in each precision without them."""
    for bit, why in _nowhere(layer):
        here = "" if why else _not_here(graph, layer.index, bit, target, ways)
        if why or here:
            yield Idle(bit, why or here, bool(why))


def _precisions(masked: list[Layer]) -> list[str]:
    """The precisions that have to be looked at for these layers."""
    return sorted({name for bit, name in _STORAGE.items() if any(layer.mask & bit for layer in masked)})


def _nowhere(layer: Layer) -> Iterator[tuple[Bit, str]]:
    """Each bit of the layer's mask, and why no engine of any target runs it otherwise for the bit, "" where one may."""
    mask, dense = layer.mask, layer_of_group(layer) or layer
    is_input = layer.type == "Input"
    for bit in featmask.BITS:
        if mask & bit.value:
            why = _NOWHERE.get(bit.value)
            yield bit, "the engine does not run Input layers" if is_input else why(layer, dense) if why else ""


def _no_winograd(_: Layer, dense: Layer) -> str:
    return "" if _may_be_winograd(dense) else "winograd is for Convolution with a 3x3 kernel, stride 1 and dilation 1"


def _no_sgemm(layer: Layer, dense: Layer) -> str:
    if dense.type not in _GEMM:
        return f"{layer.type} has no im2col + gemm"
    is_1x1 = dense.type == "Convolution" and _is_1x1(dense)
    return "a 1x1 convolution is a gemm whatever the mask" if is_1x1 else ""


def _no_int8(layer: Layer, _: Layer) -> str:
    return "" if layer.type in _INT8 or sums_codes(layer) else "the layer holds no int8"


_NOWHERE = {
    BY_WORD["no-winograd"].value: _no_winograd,
    BY_WORD["no-sgemm"].value: _no_sgemm,
    BY_WORD["no-int8"].value: _no_int8,
}
"""Why a bit is of no use on any target, of a layer and of what the engine runs for each group of its channels."""


def _may_be_winograd(layer: Layer) -> bool:
    if layer.type != "Convolution":
        return False
    extents = extents_of(layer)
    square = all(extents[f"kernel_{side}"] == 3 for side in "wh")
    return square and all(extents[f"{name}_{side}"] == 1 for name in ("stride", "dilation") for side in "wh")


def _is_1x1(layer: Layer) -> bool:
    extents = extents_of(layer)
    return extents["kernel_w"] == extents["kernel_h"] == 1


def _not_here(graph: Graph, index: int, bit: Bit, target: Target, ways: Mapping[str, Step]) -> str:
    """Why the target does not run this layer otherwise for the bit, "" where it does or nothing is known."""
    precision = _STORAGE.get(bit.value)
    if precision is None:
        return ""
    found = effect(graph, index, ways[precision], target, PRECISIONS[precision], 0, bit)
    return "" if found.changes else found.effect.removeprefix("no effect: ")
