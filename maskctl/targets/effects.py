"""What each bit of the feature mask would do to one layer where it stands, and whether the engine honours it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maskctl import featmask
from maskctl.featmask import Bit
from maskctl.graph.network import Graph, Layer
from maskctl.kernels.packing import Options
from maskctl.targets.storage import STORAGE_BIT, STORAGE_OPTION, Step, kernel_of, with_mask
from maskctl.targets.table import Target


@dataclass(frozen=True)
class BitEffect:
    """One bit on one layer: `changes` where the layer's numbers would, `honoured` False where the engine breaks on it.

    `is_set` says that the layer's mask has it already; then `effect` is what it does now.
    """

    bit: Bit
    is_set: bool
    changes: bool
    honoured: bool
    effect: str


def effects(
    graph: Graph,
    index: int,
    step: Step,
    target: Target,
    options: Options,
    mask: int,
    bits: Sequence[Bit] = featmask.BITS,
) -> tuple[BitEffect, ...]:
    """Every known bit, or those of `bits`, on the layer of an index that runs as `step` under `mask`, in their order."""
    return tuple([effect(graph, index, step, target, options, mask, bit) for bit in bits])


def effect(graph: Graph, index: int, step: Step, target: Target, options: Options, mask: int, bit: Bit) -> BitEffect:
    """What one bit would do, as `effects` tells of several."""
    layer, is_set = graph.layers[index], bool(mask & bit.value)
    other = with_mask(graph, index, step, target, options, mask ^ bit.value)
    without, with_it = (other, step) if is_set else (step, other)
    if with_it.hazard and with_it.hazard.bit == bit.value:
        stored = with_it.hazard.stored
        said = f"not honoured: '{with_it.hazard.blob}' arrives in {stored} and would be read as fp32"
        return BitEffect(bit, is_set, changes=True, honoured=False, effect=said)
    said = _difference(layer, without, with_it, target)
    nothing = _why_nothing(layer, without, options, bit)
    if with_it.is_handed_on and STORAGE_BIT[with_it.stored] == bit.value:
        nothing = f"no effect: it hands on what arrives in {with_it.stored}"
    return BitEffect(bit, is_set, bool(said), honoured=True, effect=said or nothing)


def _difference(layer: Layer, before: Step, after: Step, target: Target) -> str:
    """What runs otherwise, "" where nothing does."""
    said = []
    kernels = [choice.kernel if (choice := kernel_of(layer, step, target)) else "" for step in (before, after)]
    if before.stored != after.stored:
        said.append(f"blobs in {after.stored} instead of {before.stored}")
    if before.weights not in {after.weights, before.stored}:
        said.append(f"weights in {after.weights} instead of {before.weights}")
    if before.sums_in_fp16 and not after.sums_in_fp16:
        said.append("sums in fp32")
    if kernels[0] != kernels[1]:
        now, then = (kernel or "the fp32 definition" for kernel in kernels)
        said.append(f"{then} instead of {now}")
    return "; ".join(said)


def _why_nothing(layer: Layer, step: Step, options: Options, bit: Bit) -> str:
    """Why a bit leaves the layer's numbers as they are."""
    if not options.intersection(bit.clears):
        return _NOTHING_TO_CLEAR.get(bit.word, "no effect: the engine runs without it")
    if bit.value == featmask.NO_FP16_ARITHMETIC and step.stored != "fp16":
        return f"no effect: blobs are {step.stored} here"
    if bit.value == featmask.NO_FP16_ARITHMETIC:
        return {
            "moves": f"no effect: {layer.type} only moves values",
            "fp32": f"no effect: {layer.type} computes in fp32 as it is",
            "fp16": f"ignored: {layer.type} computes in fp16 all the same",
        }.get(step.support.arithmetic, "no effect on the numbers")
    if options.intersection(STORAGE_OPTION.values()).intersection(bit.clears):
        return "no effect: blobs are fp32 here"
    return "no effect: the layer runs without it"


_NOTHING_TO_CLEAR = {
    "no-fp16-arithmetic": "no effect: the engine runs without fp16 arithmetic",
    "no-fp16-storage": "no effect: the engine runs without fp16 storage",
    "no-bf16-storage": "no effect: the engine runs without bf16 storage",
    "no-int8": "no effect on CPUs",
    "no-vulkan": "no effect on CPUs; keeps the layer on the CPU where Vulkan compute is on",
    "single-thread": "no effect on the numbers; slower",
}
