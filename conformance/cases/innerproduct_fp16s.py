"""fp16 storage with fp32 sums: InnerProduct of vectors, maps and rows, asked for by option or by mask."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.case import ACTIVATIONS, FEW, Case, chain, inner_product

_LENGTHS = (1, 4, 6, 7, 12, 16, 31)


def _sums() -> Iterator[Case]:
    for inputs, outputs in product(_LENGTHS, (8, 6, 5)):
        layers = chain(inner_product(inputs, outputs))
        profiles = ("normal", "cancelling", "nan") if inputs > 1 else FEW
        yield Case(f"fp32 sums of {inputs}, {outputs} outputs", layers, (inputs,), profiles, "fp16-storage")
        for rows in (4, 3):
            name = f"fp32 sums of {rows} rows {inputs}, {outputs} outputs"
            yield Case(name, layers, (rows, inputs), profiles, "fp16-storage")
    for shape, outputs in (((8, 2, 2), 12), ((3, 3, 3), 12), ((3, 3, 3), 10), ((12, 1, 1), 5), ((2, 2, 3, 2), 6)):
        inputs = shape[0] * shape[1] * shape[2] * (shape[3] if len(shape) == 4 else 1)
        name = f"fp32 sums of a map {'x'.join(map(str, shape))}, {outputs} outputs"
        yield Case(name, chain(inner_product(inputs, outputs)), shape, precision="fp16-storage")
    yield Case("fp32 sums of rows flattened", chain(inner_product(24, 8)), (3, 8), precision="fp16-storage")
    without = chain(inner_product(20, 8, bias=0), inner_product(8, 3, bias=0))
    yield Case("fp32 sums without bias", without, (20,), precision="fp16-storage")
    yield Case("31=1 inner product of 10", chain(inner_product(50, 10, "31=1")), (50,))
    yield Case("31=1 inner product of 8", chain(inner_product(50, 8, "31=1")), (50,))
    yield Case("31=1 inner product of rows", chain(inner_product(16, 12, "31=1")), (3, 16))


def _activations() -> Iterator[Case]:
    for (shape, outputs), (name, words) in product(
        (((20,), 8), ((20,), 7), ((3, 20), 3), ((4, 20), 3)), ACTIVATIONS.items()
    ):
        layers, of = chain(inner_product(20, outputs, words)), "x".join(map(str, shape))
        yield Case(
            f"fp32 sums {name} of {of}, {outputs} outputs",
            layers,
            shape,
            precision="fp16-storage",
            data=f"{of}-{outputs}",
        )


CASES = (*_sums(), *_activations())
