"""How much another compiler's association of sums would change: ncnn's source order beside the released build's.

  python -m conformance.association

maskctl follows the released arm64 build, whose compiler reordered some sums. This computes three kernels in the order
that the source spells out too, on made-up values, and prints what it changes: the share of other elements, the largest
difference, and the SQNR of either order against fp32.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from unittest import mock

import numpy as np

from maskctl.analysis.metrics import SQNR, compare
from maskctl.graph.network import build
from maskctl.graph.operators import operators
from maskctl.kernels import convolution_winograd63_fp16sa as winograd63
from maskctl.kernels import innerproduct_fp16sa
from maskctl.kernels.packing import Options
from maskctl.kernels.registry import Kernel
from maskctl.kernels.winograd_tiles import Winograd
from maskctl.kernels.winograd_weights import KernelProgram
from maskctl.layers.base import Arrays, Params, Weights
from maskctl.numeric.fma16 import add, fma, subtract
from maskctl.numeric.formats import FloatArray, round_to
from maskctl.param import parse
from maskctl.targets import PRECISIONS

OPTIONS = PRECISIONS["fp16"]
_ROWS_63 = np.array(
    [[1, 0, 0], [-2 / 9] * 3, [-2 / 9, 2 / 9, -2 / 9], [1 / 90, 1 / 45, 2 / 45], [1 / 90, -1 / 45, 2 / 45],
     [1 / 45, 1 / 90, 1 / 180], [1 / 45, -1 / 90, 1 / 180], [0, 0, 1]], np.float32,
)  # fmt: skip


class SourceKernels(KernelProgram):
    """The kernel transform of F(6,3) as the source spells it: two passes in float32, terms from left to right, unfused."""

    def in_float32(self, weight: FloatArray) -> FloatArray:
        """The transformed kernels as (row frequency, column frequency, m, c)."""
        taps = weight.transpose(2, 3, 0, 1)
        by_row = self._pass(taps.swapaxes(0, 1))
        return self._pass(by_row.swapaxes(0, 1))

    @staticmethod
    def _pass(values: FloatArray) -> FloatArray:
        rows = [(row[0] * values[0] + row[1] * values[1]) + row[2] * values[2] for row in _ROWS_63]
        return np.stack(rows)


def source_output(r: Sequence[FloatArray], bias: FloatArray | None) -> list[FloatArray]:
    """The output transform of F(6,3) as the source spells it."""
    a, a_ = add(r[1], r[2]), subtract(r[1], r[2])
    b, b_ = add(r[3], r[4]), subtract(r[3], r[4])
    c, c_ = add(r[5], r[6]), subtract(r[5], r[6])
    found = [
        add(add(r[0], a), fma(b, c, 32.0)),
        fma(fma(a_, b_, 2.0), c_, 16.0),
        fma(fma(a, b, 4.0), c, 8.0),
        fma(fma(a_, b_, 8.0), c_, 4.0),
        fma(fma(a, b, 16.0), c, 2.0),
        add(add(r[7], a_), fma(c_, b_, 32.0)),
    ]
    return found if bias is None else [add(bias, value) for value in found]


def source_tree(s: list[FloatArray]) -> FloatArray:
    """How the source joins the eight accumulators of InnerProduct."""
    fours = [add(add(s[i], s[i + 1]), add(s[i + 2], s[i + 3])) for i in (0, 4)]
    return add(*fours)


def trials() -> Iterator[tuple[str, str, tuple[int, ...], Kernel, Kernel]]:
    """A name, a layer, the shape fed to it, and the kernel in the build's order and in the source's."""
    released: Winograd = vars(winograd63)["forward"].__self__
    source = replace(released, kernels=SourceKernels("", ""), output=source_output, output_scalar=source_output)
    for side in (64, 128):
        line = f"Convolution c 1 1 data out 0={side} 1=3 4=1 5=1 6={side * side * 9}"
        yield f"winograd F(6,3) {side}-{side}", line, (side, 28, 28), released.forward, source.forward
    line = "InnerProduct c 1 1 data out 0=256 1=1 2=131072"
    yield "InnerProduct 512-256", line, (512,), innerproduct_fp16sa.forward, inner_product


def inner_product(params: Params, weights: Weights, inputs: Arrays, options: Options) -> Arrays:
    """InnerProduct in the source's order."""
    with mock.patch.object(innerproduct_fp16sa, "_tree", source_tree):
        return innerproduct_fp16sa.forward(params, weights, inputs, options)


def main() -> None:
    """Prints a line per kernel."""
    rng = np.random.default_rng(0)
    for name, line, shape, build_kernel, source_kernel in trials():
        op = operators(build(parse(f"7767517\n2 2\nInput i 0 1 data\n{line}\n".encode(), "made.param")))[1]
        inputs = (
            round_to(
                np.maximum(rng.standard_normal((max(4, 100_000 // math.prod(shape)), *shape)), 0).astype(np.float32),
                "fp16",
            ),
        )
        weights: Weights = {
            weight.name: (rng.standard_normal(weight.shape) * (weight.count // weight.shape[0]) ** -0.5).astype(
                np.float32
            )
            for weight in op.kind.weights(op.params)
        }
        exact = op.kind.forward(op.params, op.kind.prepare(op.params, weights), inputs)[0]
        found = [kernel(op.params, weights, inputs, OPTIONS)[0] for kernel in (build_kernel, source_kernel)]
        sqnr = [SQNR.of(compare(reference=exact, actual=values)) for values in found]
        most = np.abs(found[0] - found[1]).max() / np.abs(exact).max()
        print(
            f"{name:24}{np.mean(found[0] != found[1]):6.1%} differ, by at most {most:.2%} of the largest output; "
            f"SQNR {sqnr[0]:.2f} dB in the build's order, {sqnr[1]:.2f} dB in the source's"
        )


if __name__ == "__main__":
    main()
