"""How blobs travel between layers: which format each layer reads and writes under its mask.

Source: ncnn `src/net.cpp`, `convert_layout` and `do_forward_layer`. The engine converts a layer's inputs by
that layer's own masked options. With 16-bit storage masked off, nothing converts a 16-bit input back, and the
fp32 kernel reads its bits as they are: that is a hazard. Layers that go by the size of the elements alone hand such an input
on as what it is, so that it depends on the next reader what becomes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from maskctl import featmask
from maskctl.graph.network import Graph, Layer
from maskctl.kernels.packing import Options
from maskctl.targets.int8 import gives_codes, sums_codes
from maskctl.targets.likes import likeness
from maskctl.targets.table import PRECISIONS, Hazard, KernelChoice, Support, Target

STORAGE_OPTION = {"fp16": "use_fp16_storage", "bf16": "use_bf16_storage"}
STORAGE_BIT = {"fp16": featmask.NO_FP16_STORAGE, "bf16": featmask.NO_BF16_STORAGE}

_DYNAMIC_WEIGHT = {
    "Convolution": 19,
    "ConvolutionDepthWise": 19,
    "Convolution1D": 19,
    "Deconvolution": 28,
    "DeconvolutionDepthWise": 28,
}
"""The parameter with which weights come as blobs."""


@dataclass(frozen=True)
class Step:
    """How one layer runs, and the hazard when its mask is unsafe.

    `stored` is the format it reads and writes, `arrives` the one its inputs come in, `options` what its mask leaves.
    `broken` says why the engine gives garbage here, whatever the mask of its neighbours.
    `packed` is True for the inputs in fp32 that come with four channels side by side, where those are a multiple of 4.
    """

    stored: str
    options: Options
    support: Support
    arrives: tuple[str, ...] = ()
    hazard: Hazard | None = None
    packed: tuple[bool, ...] = ()
    broken: str = ""

    @property
    def gives_packed(self) -> bool:
        """True when its fp32 blobs leave it with four channels side by side."""
        return self.gives == "fp32" and self.support.packing and "use_packing_layout" in self.options

    @property
    def is_handed_on(self) -> bool:
        """True when 16-bit blobs pass through the layer as they are although its mask has their storage off."""
        return STORAGE_OPTION.get(self.stored, "") not in {"", *self.options}

    @property
    def weights(self) -> str:
        """The format the weights are kept in."""
        is_fp16 = self.support.fp16_weights and self.stored == "fp32" and "use_fp16_storage" in self.options
        return "fp16" if is_fp16 else self.stored

    @property
    def gives(self) -> str:
        """The format the result is kept in, which is the first top."""
        return "fp32" if self.stored in self.support.gives_fp32 else self.stored

    def kept(self, top: int) -> str:
        """The format a top is kept in: those behind the result are caches, in the format that the layer reads."""
        return self.stored if top else self.gives

    @property
    def sums_in_fp16(self) -> bool:
        """True when the layer's own arithmetic rounds to fp16 at every step."""
        if self.stored != "fp16" or self.support.arithmetic in {"fp32", "moves"}:
            return False
        return self.support.arithmetic == "fp16" or "use_fp16_arithmetic" in self.options


def steps(
    graph: Graph, target: Target, options: Options, masks: Sequence[int], raised: int | None = None
) -> tuple[Step, ...]:
    """How every layer of the graph runs on the target, under the engine's `options` and one mask per layer.

    The layer with the index `raised` runs in fp32 as if what it reads had been widened before, which no mask can ask for;
    what it gives is cast on its way into the next layer.
    """
    return _steps(graph, target, options, tuple(masks), raised)


@lru_cache(maxsize=64)  # a planner asks again and again for masks that differ in one layer, and then goes on from there
def _steps(
    graph: Graph, target: Target, options: Options, masks: tuple[int, ...], raised: int | None
) -> tuple[Step, ...]:
    stored: dict[str, str] = {}
    packed: dict[str, bool] = {}
    known: dict[Hashable, tuple[Step, Sequence[str]]] = {}
    found = []
    for layer in graph.layers:
        bottoms, mask = layer.bottoms, None if layer.index == raised else masks[layer.index]
        arrives, in_fours = tuple([stored[name] for name in bottoms]), tuple([packed[name] for name in bottoms])
        key = likeness(layer), mask, arrives, in_fours
        entry = known.get(key)
        if entry is None:
            fed = _Fed(target.supports(layer), arrives, in_fours)
            step = _raised(layer, fed, options) if mask is None else _step(graph, layer, fed, target, options, mask)
            entry = step, _gives(layer, step)
            if not step.hazard and not step.is_handed_on:  # which blobs' names and shapes decide
                known[key] = entry
        step, gives = entry
        broken = target.broken(graph, layer, step.options)  # by shapes too, in which layers written alike differ
        step = replace(step, broken=broken) if broken else step
        if layer.tops:
            stored.update(zip(layer.tops, gives, strict=True))
            packed.update(dict.fromkeys(layer.tops, step.gives_packed))
        found.append(step)
    return tuple(found)


def _gives(layer: Layer, step: Step) -> Sequence[str]:
    """The format of each top of a layer that runs so."""
    codes = _gives_codes(layer, step)
    return ["int8" if codes else step.kept(place) for place in range(len(layer.tops))]


class _Fed(NamedTuple):
    """What a layer's type keeps, the formats its inputs come in, and which of them in fours, before its mask is looked at."""

    support: Support
    arrives: tuple[str, ...]
    packed: tuple[bool, ...]


@lru_cache(maxsize=1024)
def _left(options: Options, mask: int) -> Options:
    """The options that a mask leaves."""
    return options - featmask.cleared_options(mask)


def _raised(layer: Layer, fed: _Fed, options: Options) -> Step:
    """How a layer runs in fp32 that is fed with fp32."""
    kept, arrives = options & PRECISIONS["fp32"], ("fp32",) * len(layer.bottoms)
    return Step("fp32", kept, fed.support, arrives, None, fed.packed)


def _step(graph: Graph, layer: Layer, fed: _Fed, target: Target, options: Options, mask: int) -> Step:
    """How a layer runs under a mask."""
    masked = _left(options, mask)
    stored, blob = _stored(graph, layer, fed, target, masked)
    hazard = _hazard(layer, target, mask, blob, fed.arrives[layer.bottoms.index(blob)]) if blob else None
    arrives = () if layer.type == "Input" else fed.arrives
    return Step(stored, masked, fed.support, arrives, hazard, fed.packed)


def _stored(graph: Graph, layer: Layer, fed: _Fed, target: Target, masked: Options) -> tuple[str, str]:
    """The format a layer reads and writes under these options, and the first blob that it reads as what it is not, or ""."""
    support, arrives = fed.support, fed.arrives
    if layer.type == "Input":
        return "fp32", ""
    option = STORAGE_OPTION.get(arrives[0]) if len(set(arrives)) == 1 else None
    if option and option not in masked and (support.by_elemsize or target.hands_on(graph, layer, masked)):
        return arrives[0], ""
    for bottom, kept in zip(layer.bottoms, arrives, strict=True):
        if kept in STORAGE_OPTION and STORAGE_OPTION[kept] not in masked:
            return "fp32", bottom
    if support.fp16 and "use_fp16_storage" in masked:
        return "fp16", ""
    if support.bf16 and "use_bf16_storage" in masked:
        return "bf16", ""
    return "fp32", ""


def _gives_codes(layer: Layer, step: Step) -> bool:
    """True for layers that quantise their output or move codes; nothing casts such a blob on its way."""
    moves_codes = step.support.arithmetic == "moves" and "int8" in step.arrives[:1]
    return moves_codes or layer.type == "Quantize" or gives_codes(layer)


def _hazard(layer: Layer, target: Target, mask: int, blob: str, kept: str) -> Hazard:
    bit = STORAGE_BIT[kept]
    return Hazard(layer, bit, blob, kept, mask & ~bit | target.safer[bit])


def kernel_of(layer: Layer, step: Step, target: Target) -> KernelChoice | None:
    """The kernel of a layer where it is not its fp32 definition with one rounding, or None.

    int8 sums have one in fp32 too. Weights that come as blobs have none: the executor asks for the layer that the engine
    builds with them.
    """
    if step.broken:
        return KernelChoice("", step.broken)
    if step.is_handed_on:
        return None
    plain = step.weights == "fp32" and layer.type not in target.fp32_kernels and not sums_codes(layer)
    if plain or layer.params.get(_DYNAMIC_WEIGHT.get(layer.type, -1)):
        return None
    return target.choose(layer, step.options)


def changes_with_bit_1(layer: Layer, step: Step, target: Target) -> bool:
    """True where the layer sums in fp16, bit 1 would have it sum in fp32, and that is told apart here.

    Where the engine's fp16 arithmetic is not reproduced, both come to the same, and nothing can be said for the bit.
    """
    if step.support.arithmetic != "bit 1" or not step.sums_in_fp16:
        return False
    masked = replace(step, options=step.options - featmask.cleared_options(featmask.NO_FP16_ARITHMETIC))
    now, then = (kernel_of(layer, way, target) for way in (step, masked))
    if (now.kernel if now else "") != (then.kernel if then else ""):
        return True
    return now is not None and bool(now.kernel) and not now.instead_of  # one kernel for both goes by the options


def hazards(graph: Graph, target: Target, masks: Sequence[int]) -> tuple[Hazard, ...]:
    """Every mask that the target's engine would not honour, whichever 16-bit storage it runs with.

    The safe alternative of a layer is free of all its hazards at once.
    """
    found: dict[tuple[int, int], Hazard] = {}
    if not any(mask & sum(target.safer) for mask in masks):
        return ()
    for precision in ("fp16", "bf16"):
        for step in steps(graph, target, PRECISIONS[precision], masks):
            if step.hazard:
                found.setdefault((step.hazard.layer.index, step.hazard.bit), step.hazard)
    safe: dict[int, int] = {}
    for index, bit in found:
        safe[index] = safe.get(index, masks[index]) & ~bit | target.safer[bit]
    return tuple(replace(found[key], safe_mask=safe[key[0]]) for key in sorted(found))


def hazards_of_change(
    graph: Graph, target: Target, before: Sequence[int], after: Sequence[int], changed: Collection[int] = ()
) -> tuple[Hazard, ...]:
    """The hazards that a change of masks answers for: those on the layers in `changed`, and those that were not there before."""
    found = hazards(graph, target, after)
    if all(hazard.layer.index in changed for hazard in found):
        return found
    known = {(hazard.layer.index, hazard.bit) for hazard in hazards(graph, target, before)}
    return tuple(one for one in found if one.layer.index in changed or (one.layer.index, one.bit) not in known)


def gentlest_mask(graph: Graph, target: Target, options: Options, masks: Sequence[int], index: int) -> int | None:
    """The mask that raises one layer's precision by the smallest step the engine honours, or None when there is none.

    In this order: the safe alternative of a mask the engine does not honour; no winograd; fp32 sums, where the fp16 sums
    are reproduced; 32-bit storage, where every input arrives in 32 bits.
    """
    step = steps(graph, target, options, masks)[index]
    if step.hazard:
        return step.hazard.safe_mask
    choice = kernel_of(graph.layers[index], step, target)
    if choice and choice.is_winograd and target.winograd_rounds:
        return masks[index] | featmask.NO_WINOGRAD
    if changes_with_bit_1(graph.layers[index], step, target):
        return masks[index] | featmask.NO_FP16_ARITHMETIC
    if step.broken:
        raised = masks[index] | featmask.NO_BF16_STORAGE
    elif step.weights in STORAGE_BIT and not step.is_handed_on:
        raised = masks[index] | STORAGE_BIT[step.weights]
    else:
        return None
    changed = [raised if place == index else mask for place, mask in enumerate(masks)]
    then = steps(graph, target, options, changed)[index]
    return None if then.hazard or then.broken else raised


def with_mask(graph: Graph, index: int, step: Step, target: Target, options: Options, mask: int) -> Step:
    """How a layer that runs as `step` would run under another mask, fed as it is; `options` are the engine's."""
    fed = _Fed(step.support, step.arrives, step.packed)
    return _step(graph, graph.layers[index], fed, target, options, mask)
