"""The words a target is described in: options, what a layer type supports, and which kernel runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from maskctl.graph.network import Graph, Layer
from maskctl.kernels.packing import Options
from maskctl.targets.cost import CostTable

Extents: TypeAlias = Mapping[str, int]

_ALWAYS = frozenset({"use_winograd_convolution", "use_sgemm_convolution", "use_packing_layout"})

PRECISIONS: Mapping[str, Options] = {
    "fp32": _ALWAYS,
    "fp16": _ALWAYS | {"use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"},
    "fp16-storage": _ALWAYS | {"use_fp16_packed", "use_fp16_storage"},
    "bf16": _ALWAYS | {"use_bf16_packed", "use_bf16_storage"},
}
"""What the engine is asked for, as the options it sets, by the engine's names."""


@dataclass(frozen=True)
class Support:
    """What a layer type keeps on a target, and what its fp16 kernel does with bit 1 (no-fp16-arithmetic).

    `arithmetic` is "bit 1" where the bit turns fp16 sums into fp32 ones, "fp16" where they stay fp16 all the
    same, "fp32" where they always are fp32, and "moves" where nothing is computed. `packing` is True where it keeps
    four or eight channels side by side; its fp32 blobs leave it so, in fours, when their channels are a multiple of 4.
    `fp16_weights` is True where fp16 storage reaches the weights alone and blobs stay fp32. `gives_fp32` are the formats in
    which blobs are read while the result is given in fp32; further tops, which are caches, keep the format. `by_elemsize` is
    True where the code goes by the size of the elements that arrive and not by the mask: 16-bit blobs are read, and given, as
    what they are even where the mask switches their storage off.
    """

    fp16: bool = False
    bf16: bool = False
    arithmetic: str = "fp32"
    packing: bool = False
    fp16_weights: bool = False
    gives_fp32: frozenset[str] = frozenset()
    by_elemsize: bool = False


UNSUPPORTED = Support()
"""A type without 16-bit storage: its inputs are cast to fp32, and so is every type of the application's own."""


@dataclass(frozen=True)
class Hazard:
    """A mask the engine does not honour: what it does instead, and the mask that is safe."""

    layer: Layer
    bit: int
    blob: str
    stored: str
    safe_mask: int

    def __str__(self) -> str:
        alternative = f"31={self.safe_mask}" if self.safe_mask else "no mask"
        return (
            f"{self.layer}: its input '{self.blob}' arrives in {self.stored}, and with bit {self.bit} set the engine reads these "
            f"16-bit values as fp32: NaN, garbage or a crash. The safe alternative is {alternative}."
        )


@dataclass(frozen=True)
class KernelChoice:
    """The kernel of a layer by its name in `kernels/`, "" for its fp32 definition.

    `instead_of` says what the engine runs where that is something else, which maskctl does not compute.
    """

    kernel: str
    instead_of: str = ""

    @property
    def is_winograd(self) -> bool:
        """True when the layer is computed by winograd's transforms, which bit 64 switches off."""
        return "winograd" in self.kernel


@dataclass(frozen=True)
class Casts:
    """How a target casts to one format, as rows of `numeric/casts.py`.

    `blob` is for fp32 blobs whose channels lie one by one, `vectors` for what leaves no rest over (packed blobs, weights).
    """

    blob: str
    vectors: str
    number: str


CASTS = {
    "fp16": Casts(blob="fp16 blob", vectors="fp16", number="fp16 one by one"),
    "bf16": Casts(blob="bf16", vectors="bf16", number="bf16 ties away"),
}


def nearest_even(_: Layer, stored: str, __: int, ___: Options) -> str:
    """The rounding of a layer's outputs where it is the format's own."""
    return stored


def never_hands_on(_: Graph, __: Layer, ___: Options) -> bool:
    """For targets where no more than the type decides what hands 16-bit blobs on."""
    return False


def never_broken(_: Graph, __: Layer, ___: Options) -> str:
    """For targets whose engine computes every layer."""
    return ""


@dataclass(frozen=True, eq=False)
class Target:
    """A runtime target: which types keep 16-bit blobs, which fp16 kernel runs, what replaces an unsafe bit.

    `support` is the table behind `supports`, `notes` what it does not say, for the docs, and `cost` what its kernels cost.
    `rounding` names the row of `numeric/casts.py` by which outputs are rounded that no kernel has rounded: of a layer, its storage
    format, its outermost extent and the engine's options. `features` are what the CPU has that kernels ask for beside the
    options. `winograd_rounds` is False where winograd loses less than the kernels that take its place under bit 64. `broken` says
    why the engine gives garbage for a layer of this network under these options, "" where it does not. `hands_on` is true of a
    layer that goes by the size of the elements, as types with `by_elemsize` always do, for the blobs that it reads in this network.
    `fp32_kernels` are types whose fp32 sums are chosen a kernel too.
    """

    name: str
    title: str
    supports: Callable[[Layer], Support]
    choose: Callable[[Layer, Options], KernelChoice | None]
    safer: Mapping[int, int]
    support: Mapping[str, Support]
    notes: str
    cost: CostTable
    casts: Mapping[str, Casts] = field(default_factory=lambda: CASTS)
    rounding: Callable[[Layer, str, int, Options], str] = nearest_even
    features: Options = frozenset()
    winograd_rounds: bool = True
    broken: Callable[[Graph, Layer, Options], str] = never_broken
    hands_on: Callable[[Graph, Layer, Options], bool] = never_hands_on
    fp32_kernels: frozenset[str] = frozenset()

    def __reduce__(self) -> tuple[Callable[[str], Target], tuple[str]]:
        """Targets are known everywhere by their names; another process takes its own."""
        return _named, (self.name,)


def _named(name: str) -> Target:
    from maskctl.targets import TARGETS  # which is built of this module's words

    return TARGETS[name]
