"""The words in which a target says what its kernels cost: rows of figures, each with its source.

The unit is the estimated microsecond of one nominal core. It is good for saying which of two masks costs more, and about
how much of the whole; what a device really takes, only its own benchmark says (`--timings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BYTES = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1}
"""Bytes of one element in each storage format."""


@dataclass(frozen=True)
class Winograd:
    """Winograd's F(outputs, 3): tiles of `outputs` squared, and the operations that transform one tile of one channel.

    >>> round(WINOGRAD["63"].share, 4), round(WINOGRAD["43"].share, 4), round(WINOGRAD["23"].share, 4)
    (0.1975, 0.25, 0.4444)
    """

    outputs: int
    input_transform: int
    output_transform: int

    @property
    def products(self) -> int:
        """Multiply-adds of one tile for each pair of channels."""
        return (self.outputs + 2) ** 2

    @property
    def share(self) -> float:
        """Multiply-adds as a share of those of plain sums, where tiles fit: (m + 2)² / 9m²."""
        return self.products / (9 * self.outputs**2)


WINOGRAD = {
    "63": Winograd(6, input_transform=26 * 16, output_transform=21 * 14),
    "43": Winograd(4, input_transform=14 * 12, output_transform=10 * 10),
    "23": Winograd(2, input_transform=4 * 8, output_transform=4 * 6),
}
"""By the name the engine's kernels carry.

The operations of a transform are counted in the formulas of `kernels/`: those of one row, times the rows and columns of a
tile. The shares are those of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), section 4.
"""


@dataclass(frozen=True)
class KernelCost:
    """What the kernels whose names hold `words` cost: multiply-adds of one vector instruction, and where that is known from.

    `lowers` is True where a convolution copies its windows first (im2col).
    """

    words: tuple[str, ...]
    lanes: int
    source: str
    lowers: bool = False


@dataclass(frozen=True)
class CostTable:
    """A target's kernels as rows, the first whose words are all in a kernel's name counts, and its nominal core.

    `plain` is the row of layers without a kernel of their own, by storage format. `vectors_per_us` are vector
    multiply-adds and `bytes_per_us` bytes read or written in a microsecond.
    """

    rows: tuple[KernelCost, ...]
    plain: Mapping[str, KernelCost]
    vectors_per_us: float
    bytes_per_us: float
    source: str

    def row(self, kernel: str, stored: str) -> KernelCost:
        """The row of a kernel, or of a layer's fp32 definition (kernel "") over blobs in `stored`."""
        named = (row for row in self.rows if all(word in kernel for word in row.words))
        return next(named, self.plain[stored]) if kernel else self.plain[stored]

    @staticmethod
    def winograd(kernel: str) -> Winograd | None:
        """The tiles of a kernel that is winograd's, else None."""
        return next((found for name, found in WINOGRAD.items() if f"winograd{name}" in kernel), None)
