"""fp16 arithmetic: built-in activations behind every kernel that applies them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import ACTIVATIONS, Case, chain, convolution, inner_product

_KERNELS_WITH_ACTIVATIONS = {
    "gemm": ((8, 2, 3), convolution(8, 12, 1, "")),
    "gemm of 5": ((8, 2, 3), convolution(8, 5, 1, "")),
    "direct": ((8, 2, 5), convolution(8, 8, 3)),
    "packed": ((8, 2, 3), convolution(8, 12, 3)),
    "packed of 3": ((8, 2, 3), convolution(8, 3, 3)),
    "winograd": ((16, 2, 3), convolution(16, 5, 3)),
    "inner product of 8": ((20,), inner_product(20, 8)),
    "inner product of 12": ((20,), inner_product(20, 12)),
    "inner product of 10": ((20,), inner_product(20, 10)),
    "inner product of rows": ((3, 12), inner_product(12, 8)),
    "inner product of rows, 10": ((3, 12), inner_product(12, 10)),
    "inner product of packed rows, 10": ((4, 12), inner_product(12, 10)),
}


def _activations() -> Iterator[Case]:
    for (kernel, (shape, layer)), (name, words) in product(_KERNELS_WITH_ACTIVATIONS.items(), ACTIVATIONS.items()):
        profiles = ("normal", "big", "tiny", "infinite", "nan")
        yield Case(f"{name} of {kernel}", chain(f"{layer} {words}"), shape, profiles, data=kernel)


CASES = tuple(_activations())
