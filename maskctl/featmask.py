"""The feature mask (`31=`): its eight bits as rows, and masks as numbers and words.

A set bit switches a feature of the engine off for one layer; a mask can never switch one on.
Source: ncnn `src/net.cpp`, `get_masked_option`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from maskctl.errors import InputError

PARAM_ID = 31
"""The parameter id under which every ncnn layer keeps its feature mask."""


@dataclass(frozen=True)
class Bit:
    """One bit of the feature mask: its value, its word, and the engine options it clears."""

    value: int
    word: str
    clears: tuple[str, ...]
    meaning: str


BITS = (
    Bit(1, "no-fp16-arithmetic", ("use_fp16_arithmetic",), "sums and activations in fp32, blobs stay fp16"),
    Bit(2, "no-fp16-storage", ("use_fp16_packed", "use_fp16_storage"), "blobs and weights of this layer in fp32"),
    Bit(4, "no-bf16-storage", ("use_bf16_packed", "use_bf16_storage"), "as 2, where the engine runs in bf16"),
    Bit(
        8,
        "no-int8",
        ("use_int8_packed", "use_int8_storage", "use_int8_arithmetic"),
        "no int8 shaders on Vulkan; without effect on CPUs",
    ),
    Bit(16, "no-vulkan", ("use_vulkan_compute", "use_tensor_storage"), "run this layer on the CPU"),
    Bit(32, "no-sgemm", ("use_sgemm_convolution",), "no im2col + gemm convolution; 1x1 kernels keep it"),
    Bit(64, "no-winograd", ("use_winograd_convolution",), "no winograd convolution"),
    Bit(128, "single-thread", ("num_threads",), "one thread for this layer"),
)

KNOWN = sum(bit.value for bit in BITS)
"""All bits the engine knows, 255."""

BY_WORD = {bit.word: bit for bit in BITS}
NO_FP16_ARITHMETIC = BY_WORD["no-fp16-arithmetic"].value
NO_FP16_STORAGE = BY_WORD["no-fp16-storage"].value
NO_BF16_STORAGE = BY_WORD["no-bf16-storage"].value
NO_WINOGRAD = BY_WORD["no-winograd"].value

_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)\Z")


def words(mask: int) -> str:
    """The mask in words, comma-separated; bits the engine does not know as one number; 0 is "none".

    >>> words(65), words(0), words(256 + 1)
    ('no-fp16-arithmetic,no-winograd', 'none', 'no-fp16-arithmetic,256')
    """
    names = [bit.word for bit in BITS if mask & bit.value]
    unknown = mask & ~KNOWN
    return ",".join(names + ([str(unknown)] if unknown else [])) or "none"


def single_bits(mask: int) -> list[int]:
    """The bits of a mask as numbers, the least first.

    >>> single_bits(67)
    [1, 2, 64]
    """
    return [1 << place for place in range(mask.bit_length()) if mask >> place & 1]


def subsets(mask: int) -> set[int]:
    """Every mask of some of these bits, of none and of all.

    >>> sorted(subsets(65))
    [0, 1, 64, 65]
    """
    found = {0}
    for bit in single_bits(mask):
        found |= {less | bit for less in found}
    return found


@cache
def cleared_options(mask: int) -> frozenset[str]:
    """The engine options, by the engine's names, that this mask clears for its layer."""
    return frozenset(name for bit in BITS if mask & bit.value for name in bit.clears)


@dataclass(frozen=True)
class MaskChange:
    """A mask as asked for: either a whole new value, or bits to add and bits to drop."""

    set_to: int | None
    add: int = 0
    drop: int = 0

    def apply(self, mask: int) -> int:
        """The mask after the change.

        >>> parse_change("+no-winograd,-1").apply(1 | 2)
        66
        """
        return self.set_to if self.set_to is not None else (mask | self.add) & ~self.drop

    @property
    def unknown_bits(self) -> int:
        """Bits asked for that the engine does not know; 0 when there are none."""
        return ((self.set_to or 0) | self.add) & ~KNOWN


def parse_change(text: str) -> MaskChange:
    """Reads a mask: number (`3`, `0x3`, `0b11`), words, `none`, or relative terms (`+no-winograd,-16`).

    Raises `InputError` for an unknown word, or when absolute and relative terms are mixed.
    """
    terms = [term.strip() for term in text.split(",")]
    relative = [term[:1] in "+-" and term != "" for term in terms]
    if not all(relative) and any(relative):
        raise InputError(
            f"mask '{text}' mixes absolute and relative terms. "
            "Give either '3' or 'word,word', or only terms that begin with + or -."
        )
    if not all(relative):
        return MaskChange(_union(terms, text))
    add = _union([term[1:] for term in terms if term[0] == "+"], text)
    drop = _union([term[1:] for term in terms if term[0] == "-"], text)
    if add & drop:
        raise InputError(f"mask '{text}' both adds and drops {words(add & drop)}. Keep one of the two.")
    return MaskChange(None, add, drop)


def _union(terms: list[str], text: str) -> int:
    mask = 0
    for term in terms:
        mask |= _value(term, text)
    if mask > 0x7FFFFFFF:
        raise InputError(f"mask '{text}' does not fit the engine's 32-bit integer. Known bits are 1 to 128.")
    return mask


def _value(term: str, text: str) -> int:
    if term in {"none", "0"}:
        return 0
    if term in BY_WORD:
        return BY_WORD[term].value
    if _NUMBER.match(term):
        if term[:2].lower() in {"0x", "0b"}:
            return int(term, 0)
        # 20 digits are too many for a mask already, and Python refuses to read more than 4300.
        return int(term.lstrip("0")[:20] or "0")
    import difflib

    near = difflib.get_close_matches(term, BY_WORD, n=1, cutoff=0.5)
    hint = f"Did you mean '{near[0]}'?" if near else f"Words are: {', '.join(BY_WORD)}, none."
    raise InputError(f"mask '{text}': unknown term '{term}'. Expected a number, 0x.., 0b.. or words. {hint}")
